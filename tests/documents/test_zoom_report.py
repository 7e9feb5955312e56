"""Zoom's participant reports, in the shapes that Zoom (and a spreadsheet after it) has written."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.documents.zoom_report import Attendee, ZoomReport, ZoomReportError, read_zoom_report

_FOLDER = Path(__file__).parent / "zoom"
_NOW = datetime(2026, 11, 9, 9, tzinfo=UTC)


def _read(folder: Path, text: str | bytes, name: str = "report.csv") -> ZoomReport:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_zoom_report(path, now=_NOW)


def _short(report: ZoomReport) -> list[tuple[str, int, int]]:
    return [(each.name, each.minutes, each.visits) for each in report.attendees]


_MEETING = (_FOLDER / "meeting.csv").read_text(encoding="utf-8")


def test_a_meeting_with_the_block_on_top(tmp_path: Path) -> None:
    report = _read(tmp_path, _MEETING)
    assert (report.topic, report.meeting_id) == ("Orientasi PPPK", "81234567890")
    assert report.attendees == (
        Attendee("Panitia", "", 206, 1, datetime(2026, 11, 9, 8, 10, 2), datetime(2026, 11, 9, 11, 35, 40)),
        # Ten minutes were spent on two devices at once.
        Attendee(
            "Anna Putri", "iPhone Anna", 80, 2, datetime(2026, 11, 9, 8, 40), datetime(2026, 11, 9, 10, 0)
        ),
        Attendee("Budi", "", 161, 1, datetime(2026, 11, 9, 8, 49, 10), datetime(2026, 11, 9, 11, 30)),
    )
    assert [each.key for each in report.warnings] == ["zoom.waiting"]


def test_newer_titles_and_the_marks_of_utf_8(tmp_path: Path) -> None:
    text = (
        "\ufeffTopic,ID,Host name,Host email,Duration (minutes),Start time,End time,Participants\r\n"
        '"Orientasi, hari 1",812 3456 7890,TU,tu@agency.example.invalid,206,11/09/2026 08:10:02 AM,x,2\r\n'
        "\r\n"
        "Name (original name),Email,Join time,Leave time,Duration (minutes),Guest,"
        "Recording disclaimer response,In waiting room\r\n"
        "Siti Nurhaliza,,11/09/2026 08:55:00 AM,11/09/2026 11:00:01 AM,126,Yes,OK,No\r\n"
    )
    report = _read(tmp_path, text)
    assert (report.topic, report.meeting_id) == ("Orientasi, hari 1", "81234567890")
    assert _short(report) == [("Siti Nurhaliza", 126, 1)]


@pytest.mark.parametrize(
    "header",
    [
        "Name (Original Name),User Email,Total Duration (Minutes),Guest",
        "Name (original name),Email,Total duration (minutes),Guest",
        "Nama (Nama Asli),Email Pengguna,Durasi Total (Menit),Tamu",
        "Nama (Nama Asli),Surel,Total Durasi (Menit),Tamu",
    ],
)
def test_unique_people_without_times_nor_the_block(tmp_path: Path, header: str) -> None:
    report = _read(tmp_path, f"{header}\nAnna,a@x.invalid,95,Yes\nBudi,,7,Yes\n")
    assert (report.topic, report.meeting_id) == ("", "")
    assert _short(report) == [("Anna", 95, 1), ("Budi", 7, 1)]


_WEBINAR = (_FOLDER / "webinar.csv").read_text(encoding="utf-8")


def test_a_webinar_has_its_people_in_parts(tmp_path: Path) -> None:
    report = _read(tmp_path, _WEBINAR)
    assert (report.topic, report.meeting_id) == ("Orientasi", "91234567890")
    assert _short(report) == [("Dr. Rina", 60, 1), ("Anna Putri", 150, 2)]
    assert [each.key for each in report.warnings] == ["zoom.phones"]


def test_a_webinar_without_its_head(tmp_path: Path) -> None:
    report = _read(tmp_path, _WEBINAR[_WEBINAR.index("Attendee Details") :])
    assert _short(report) == [("Anna Putri", 150, 2)]


def test_the_list_of_all_meetings_with_their_people_in_each_row(tmp_path: Path) -> None:
    text = (
        "Topic,Meeting ID,User Name,User Email,Start Time,End Time,Duration (Minutes),Participants,"
        "Name (Original Name),User Email,Join Time,Leave Time,Duration (Minutes),Guest\n"
        "Orientasi,812 3456 7890,TU,tu@x.invalid,9/11/2026 08:10,9/11/2026 11:36,206,1,"
        "Anna,a@x.invalid,9/11/2026 09:00,9/11/2026 09:41,41,Yes\n"
    )
    assert _short(_read(tmp_path, text)) == [("Anna", 41, 1)]


@pytest.mark.parametrize(
    ("joined", "left"),
    [
        ("11/09/2026 08:40:00 AM", "11/09/2026 09:40:00 AM"),
        ("09/11/2026 08:40:00", "09/11/2026 09:40:00"),  # October and September lie further back, or ahead
        ("09/11/2026 08.40.00", "09/11/2026 09.40.00"),
        ("9-11-2026 8:40", "9-11-2026 9:40"),
        ("2026-11-09 08:40:00", "2026-11-09 09:40:00"),
        ("2026-11-09T08:40:00Z", "2026-11-09T09:40:00Z"),
        ("Nov 9, 2026 08:40:00 AM", "Nov 9, 2026 09:40:00 AM"),
        ("9 Nov 2026 08.40", "9 Nov 2026 09.40"),
        ("9 Nopember 2026 08.40", "9 Nopember 2026 09.40"),
        ("11/9/26 8:40 AM", "11/9/26 9:40 AM"),
    ],
)
def test_dates_as_countries_write_them(tmp_path: Path, joined: str, left: str) -> None:
    text = f'Name (Original Name);Join Time;Leave Time;Duration (Minutes)\nAnna;"{joined}";"{left}";60\n'
    (anna,) = _read(tmp_path, text).attendees
    assert (anna.joined, anna.left) == (datetime(2026, 11, 9, 8, 40), datetime(2026, 11, 9, 9, 40))
    assert anna.minutes == 60


def test_one_day_above_twelve_tells_how_all_dates_are_written(tmp_path: Path) -> None:
    text = (
        "Name (Original Name),Join Time,Leave Time,Duration (Minutes)\n"
        "Anna,05/10/2026 08:40:00,05/10/2026 09:40:00,60\n"
        "Budi,13/10/2026 08:40:00,13/10/2026 09:40:00,60\n"
    )
    anna, _ = _read(tmp_path, text).attendees
    assert anna.joined == datetime(2026, 10, 5, 8, 40)


def test_times_that_cannot_be_read_leave_the_minutes(tmp_path: Path) -> None:
    text = "Name (Original Name),Join Time,Leave Time,Duration (Minutes)\nAnna,kemarin,tadi,60\n"
    report = _read(tmp_path, text)
    assert _short(report) == [("Anna", 60, 1)]
    assert [each.key for each in report.warnings] == ["zoom.unread_dates"]


def test_as_a_spreadsheet_saves_it_anew(tmp_path: Path) -> None:
    assert _short(_read(tmp_path, _MEETING.replace(",", "\t").encode("utf-16"))) == _short(
        _read(tmp_path, _MEETING)
    )


def test_two_people_of_one_name_are_told_apart_by_their_addresses(tmp_path: Path) -> None:
    text = (
        "Name (Original Name),User Email,Duration (Minutes)\n"
        "Siti,a@x.invalid,50\nSITI,b@x.invalid,60\nSiti,a@x.invalid,5\n"
    )
    assert _short(_read(tmp_path, text)) == [("Siti", 55, 2), ("SITI", 60, 1)]


@pytest.mark.parametrize("minutes", ["61", "61.0", "60.2", "60,2", "1:00:30", "61 min"])
def test_minutes(tmp_path: Path, minutes: str) -> None:
    text = f"Name (Original Name);Email;Duration (Minutes)\nAnna;;{minutes}\n"
    assert _short(_read(tmp_path, text)) == [("Anna", 61, 1)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Nama;NIP;Satker\nAnna;199203152025211007;Puskesmas\n", "zoom.no_table"),
        ("satu,dua\n1,2\n", "zoom.no_table"),
        (
            "Topic,Meeting ID,User Name,Start Time,End Time,Duration (Minutes),Participants\nA,1,B,,,7,3\n",
            "zoom.meetings",
        ),
        (
            "User Name,Email,Registration Time,Approval Status\nAnna,a@x.invalid,x,approved\n",
            "zoom.no_minutes",
        ),
        ("Name (Original Name),User Email,Duration (Minutes)\n", "zoom.nobody"),
        (b"%PDF-1.7 ...", "file.not_table"),
        (b"   ", "file.empty"),
        (b"PK\x03\x04broken", "file.damaged"),
    ],
)
def test_another_file_is_refused_with_a_sentence(tmp_path: Path, text: str | bytes, why: str) -> None:
    with pytest.raises(ZoomReportError) as refused:
        _read(tmp_path, text)
    assert refused.value.why.key == why
    assert refused.value.why.text.id
    assert refused.value.why.text.en
