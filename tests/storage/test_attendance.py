"""Checking in, Zoom's reports and decisions: what is kept, what it comes to, and who may; on both engines."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import DBAPIError

from bot.documents.zoom_report import read_zoom_report
from bot.domain.attendance import MOST_WRONG, Grade, Standing
from bot.domain.audit import Action
from bot.domain.events import Sender, Wrote
from bot.domain.forms import short_moment
from bot.domain.messages import Reply, Say, Tap
from bot.domain.people import Person, Role
from bot.domain.programme import Audience, Catalogue, CheckIn, Item, Programme, Target
from bot.domain.staff import EVERYTHING, Actor, Scope
from bot.storage import attendance, audience, dialogues, people, staff, state
from bot.storage.attendance import Count, Wanted
from bot.storage.database import Database, DatabaseError, Transaction
from bot.storage.messages import load
from bot.storage.questions import questions as asked_of
from bot.storage.tables import EvidenceRow, PersonRow
from bot.usecases import attendance as deeds
from bot.usecases import delivery, desk, desk_attendance, feedback, journal, questions, sessions, zoom_reports
from bot.usecases.shift import Shift
from bot.usecases.zoom_reports import Compared
from tests.examples import SESSION, add_person, audited, outbox_rows, programme

STARTS = SESSION.starts
MINUTE = timedelta(minutes=1)
PROGRAMME: Programme = replace(programme(), sessions=(replace(SESSION, check_in=CheckIn(minutes=60)),))
(HARI,) = PROGRAMME.sessions
OVER = HARI.ends + 2 * timedelta(hours=1)
ANNA, BUDI, CITRA, SARI, PAULA, OTHER, RINA = range(1, 8)


@pytest.fixture
def crowd(database: Database) -> Database:
    """Three participants of two offices; Sari coordinates all, Paula one office; somebody of elsewhere."""

    def fill(tx: Transaction) -> None:
        add_person(tx, "Anna Putri", office="Satker A")
        add_person(tx, "Budi Santoso", office="Satker A")
        add_person(tx, "Citra Lestari", office="Satker B")
        add_person(tx, "Sari", role=Role.COORDINATOR.value)
        add_person(tx, "Paula", role=Role.COORDINATOR.value)
        add_person(tx, "Anna Putri", office="Satker A", programme_id="other")
        staff.limit(tx, PAULA, Scope(offices=("Satker A",)))
        deeds.make_key(tx)

    database.write_now(fill)
    return database


def person(database: Database, person_id: int) -> Person:
    found = database.read_now(people.person, person_id)
    assert found is not None
    return found


def actor(database: Database, person_id: int) -> Actor:
    found = database.read_now(staff.actor_by_id, person_id)
    assert found is not None
    return found


def said(reply: Reply | None) -> str:
    assert reply is not None
    (message,) = reply.messages
    assert isinstance(message, Say)
    return message.key


def code(database: Database, at: datetime) -> str:
    shown = database.read_now(deeds.shown, PROGRAMME, HARI, at)
    assert shown is not None
    return shown.code


def written(tx: Transaction, who: int, words: str, at: datetime, received: datetime) -> Reply | None:
    mine = people.person(tx, who)
    assert mine is not None
    return deeds.write(tx, mine, PROGRAMME, words, received, sent=at)


def types(database: Database, who: int, words: str, at: datetime, *, received: datetime | None = None) -> str:
    return said(database.write_now(written, who, words, at, received or at))


def taps(database: Database, who: int, choice: str, at: datetime) -> str:
    tapped = Tap("hadir", HARI.id, choice)
    return said(database.write_now(deeds.tap, person(database, who), PROGRAMME, tapped, at))


def stands(database: Database, who: int) -> Standing:
    return database.read_now(attendance.of_person, who).get(HARI.id, Standing(Grade.NONE))


def pieces(database: Database) -> int:
    return len(database.read_now(lambda tx: tx.connection.execute(select(EvidenceRow.id)).all()))


def test_the_code_counts_while_it_stands_and_one_step_more(crowd: Database) -> None:
    at = STARTS
    assert types(crowd, ANNA, code(crowd, at - MINUTE / 3), at) == "attendance.checked_in"
    assert types(crowd, BUDI, code(crowd, at - 2 * MINUTE), at) == "attendance.late_code"
    assert types(crowd, BUDI, f" {code(crowd, at)[:3]} {code(crowd, at)[3:]} ", at) == "attendance.checked_in"
    assert (stands(crowd, ANNA).grade, stands(crowd, BUDI).grade) == (Grade.PRESENT, Grade.PRESENT)
    assert crowd.read_now(attendance.late_codes, "p", HARI.id, EVERYTHING) == 1
    lags = {each.lag for each in crowd.read_now(attendance.arrivals, "p", HARI.id, EVERYTHING)}
    assert max(lags) == timedelta(minutes=2)


def test_an_outage_of_ours_makes_nobody_late(crowd: Database) -> None:
    back = STARTS + 40 * MINUTE
    assert types(crowd, ANNA, code(crowd, STARTS), STARTS, received=back) == "attendance.checked_in"
    assert types(crowd, BUDI, code(crowd, STARTS - MINUTE), STARTS, received=back) == "attendance.late_code"
    # After the window has closed as well; but by nobody who sent it then.
    closed = STARTS + 61 * MINUTE
    assert types(crowd, CITRA, code(crowd, STARTS), STARTS, received=closed) == "attendance.checked_in"
    assert types(crowd, BUDI, code(crowd, closed), closed) == "attendance.over"
    told = crowd.write_now(written, BUDI, code(crowd, closed), closed, closed)
    assert told is not None
    assert told.messages[0].params["standing"] == Say("attendance.line_partial", {"title": HARI.title})
    assert [stands(crowd, who).grade for who in (ANNA, BUDI)] == [Grade.PRESENT, Grade.PARTIAL]
    assert stands(crowd, ANNA).arrived == STARTS
    (kept,) = crowd.read_now(attendance.ledger, HARI.id, ANNA)
    assert (kept.evidence.at, kept.evidence.received) == (STARTS, back)
    line = desk_attendance.evidence_line(kept)
    assert line.params["held"] == Say("presence.evidence_held", {"at": short_moment(back)})


def test_a_code_from_after_it_was_sent_is_a_guess(crowd: Database) -> None:
    back = STARTS + 40 * MINUTE
    later = code(crowd, STARTS + 30 * MINUTE)
    assert types(crowd, ANNA, later, STARTS, received=back) == "attendance.wrong_code"
    # Telegram's clock goes 50 seconds after ours, which makes the codes.
    assert types(
        crowd, BUDI, code(crowd, STARTS + MINUTE), STARTS + MINUTE / 6, received=STARTS + MINUTE
    ) == ("attendance.checked_in")


def test_what_was_sent_before_the_window_opened_is_judged_as_of_now(crowd: Database) -> None:
    early, back = STARTS - 50 * MINUTE, STARTS - 40 * MINUTE
    assert types(crowd, ANNA, code(crowd, early), early, received=back) == "attendance.late_code"
    assert types(crowd, ANNA, code(crowd, back), back) == "attendance.checked_in"


def test_the_same_again_is_kept_once(crowd: Database) -> None:
    for _ in range(3):
        taps(crowd, ANNA, "in", STARTS)
        types(crowd, ANNA, code(crowd, STARTS), STARTS)
    assert pieces(crowd) == 2


def test_a_code_cannot_be_guessed(crowd: Database) -> None:
    right = code(crowd, STARTS)
    wrong = f"{(int(right) + 500_001) % 1_000_000:06}"
    answers = {types(crowd, ANNA, wrong, STARTS + n * timedelta(seconds=1)) for n in range(MOST_WRONG)}
    assert answers == {"attendance.wrong_code"}
    assert types(crowd, ANNA, right, STARTS + timedelta(seconds=9)) == "attendance.too_many"
    assert stands(crowd, ANNA).grade is Grade.NONE


def test_a_code_is_worth_nothing_at_another_session(crowd: Database) -> None:
    other = replace(HARI, id="hari-2")
    shown = crowd.read_now(deeds.shown, PROGRAMME, other, STARTS)
    assert shown is not None
    assert types(crowd, ANNA, shown.code, STARTS) == "attendance.wrong_code"


@pytest.mark.parametrize(
    ("minutes", "key"),
    [(-46, "attendance.not_yet_in"), (-45, "attendance.type_code"), (60, "attendance.over")],
)
def test_the_button_opens_and_closes(crowd: Database, minutes: int, key: str) -> None:
    assert taps(crowd, ANNA, "in", STARTS + minutes * MINUTE) == key


def test_on_a_faster_clock_a_code_stands_as_long_for_who_types_it(crowd: Database) -> None:
    crowd.write_now(state.remember, state.TIME_LAPSE, "60")
    at = STARTS + timedelta(minutes=29)
    assert code(crowd, STARTS) == code(crowd, at) != code(crowd, at + MINUTE)
    assert types(crowd, ANNA, code(crowd, STARTS), at) == "attendance.checked_in"
    (sent,) = crowd.read_now(attendance.arrivals, "p", HARI.id, EVERYTHING)
    assert sent.lag == timedelta(seconds=29)


def test_a_number_far_from_any_session_is_no_code(crowd: Database) -> None:
    anna = person(crowd, ANNA)
    assert crowd.write_now(deeds.write, anna, PROGRAMME, "123456", STARTS - timedelta(days=1)) is None
    assert crowd.write_now(deeds.write, anna, PROGRAMME, "halo", STARTS) is None


def test_the_link_of_the_qr_code_is_for_who_takes_part(crowd: Database) -> None:
    def scan(chat_id: int, payload: str) -> Reply | None:
        def scanned(tx: Transaction) -> Reply | None:
            who = people.visitor(tx, chat_id, None, STARTS)
            return deeds.code_by_link(tx, who, payload, STARTS)

        return crowd.write_now(scanned)

    assert said(scan(999, f"h-{code(crowd, STARTS)}")) == "attendance.join_first"
    assert scan(1000 + ANNA, "p1-1-AAAA") is None


def test_who_was_not_there_has_not_done_it(crowd: Database) -> None:
    types(crowd, ANNA, code(crowd, STARTS), STARTS)
    whom = Audience(not_done=(Target(Item.SESSION, HARI.id),), roles=(Role.PARTICIPANT.value,))

    def names(tx: Transaction) -> list[str]:
        return sorted(audience.names(tx, audience.people(PROGRAMME, whom)).values())

    assert crowd.read_now(names) == ["Budi Santoso", "Citra Lestari"]


def test_what_speaks_for_somebody_stays_as_it_was(crowd: Database) -> None:
    taps(crowd, ANNA, "in", STARTS)

    def by_hand(tx: Transaction, statement: str) -> None:
        tx.connection.execute(text(statement))

    with pytest.raises((DBAPIError, DatabaseError), match="append-only"):
        crowd.write_now(by_hand, "UPDATE attendance_evidence SET counts = (1 = 0)")
    crowd.write_now(
        lambda tx: tx.connection.execute(PersonRow.__table__.delete().where(PersonRow.id == ANNA))
    )
    assert pieces(crowd) == 0  # whoever is forgotten is forgotten here too


# --- "I was there" ----------------------------------------------------------------------------------------


def test_i_was_there_is_said_once_and_decided(crowd: Database) -> None:
    assert taps(crowd, CITRA, "contest", STARTS) == "attendance.contest_closed"  # it is not over
    assert taps(crowd, CITRA, "contest", OVER) == "attendance.contested"
    assert taps(crowd, CITRA, "contest", OVER) == "attendance.contested_already"
    told = [row.person_id for row in crowd.read_now(outbox_rows)]
    assert told == [SARI]  # Paula is of another office
    decide = (PROGRAMME, HARI, CITRA, OVER + MINUTE)
    assert not crowd.write_now(deeds.decide, actor(crowd, PAULA), *decide, present=True)
    assert crowd.write_now(deeds.decide, actor(crowd, SARI), *decide, present=True)
    assert crowd.write_now(deeds.decide, actor(crowd, SARI), *decide, present=True)
    assert stands(crowd, CITRA) == Standing(Grade.PRESENT, decided=True)
    noted = [each.action for each in crowd.read_now(audited)]
    assert noted == [Action.ATTENDANCE_DECIDED]
    assert [row.person_id for row in crowd.read_now(outbox_rows)] == [SARI, CITRA]


def test_a_decision_that_changes_something_is_told_and_can_be_contested(crowd: Database) -> None:
    types(crowd, ANNA, code(crowd, STARTS), STARTS)

    def decides(who: int, at: datetime, *, present: bool) -> list[Say]:
        before = len(crowd.read_now(outbox_rows))
        decided = crowd.write_now(deeds.decide, actor(crowd, SARI), PROGRAMME, HARI, who, at, present=present)
        assert decided
        told = [load(row.message) for row in crowd.read_now(outbox_rows)[before:] if row.person_id == who]
        return [each for each in told if isinstance(each, Say)]

    assert decides(ANNA, OVER, present=True) == []  # as it was
    assert decides(CITRA, OVER, present=False) == []
    (lowered,) = decides(ANNA, OVER + MINUTE, present=False)
    assert (lowered.key, lowered.params["how"]) == ("attendance.changed_absent", Say("attendance.say_so"))
    ((button,),) = lowered.buttons
    assert button.does == Tap("hadir", HARI.id, "contest")
    assert decides(ANNA, OVER + 2 * MINUTE, present=False) == []  # said again
    assert taps(crowd, ANNA, "contest", OVER + 3 * MINUTE) == "attendance.contested"
    assert [each.key for each in decides(ANNA, OVER + 4 * MINUTE, present=True)] == [
        "attendance.decided_present"
    ]
    (again,) = decides(ANNA, OVER + 5 * MINUTE, present=False)
    assert (again.params["how"], again.buttons) == (Say("attendance.ask_them"), ())  # they have had their say
    assert taps(crowd, ANNA, "contest", OVER + 6 * MINUTE) == "attendance.contest_closed"
    assert [each.key for each in decides(CITRA, OVER + 6 * MINUTE, present=True)] == [
        "attendance.changed_present"
    ]


def test_who_has_left_is_told_of_no_decision(crowd: Database) -> None:
    crowd.write_now(lambda tx: people.change(tx, CITRA, OVER, withdrawn_at=OVER))
    assert crowd.write_now(deeds.decide, actor(crowd, SARI), PROGRAMME, HARI, CITRA, OVER, present=True)
    assert crowd.read_now(outbox_rows) == []


def test_it_is_not_said_for_ever(crowd: Database) -> None:
    assert taps(crowd, CITRA, "contest", HARI.ends + timedelta(days=15)) == "attendance.contest_closed"


# --- Zoom -------------------------------------------------------------------------------------------------

_REPORT = """Meeting ID,Topic
{meeting},Hari 1
Name (Original Name),Join Time,Leave Time,Duration (Minutes)
Anna Putri,{day} 09:00:00,{day} 10:30:00,90
Budi Santosa,{day} 09:00:00,{day} 09:20:00,20
Citra,{day} 09:00:00,{day} 10:30:00,90
iPhone,{day} 09:00:00,{day} 10:30:00,90
"""


def report(database: Database, folder: Path, *, meeting: str = "810", day: str = "2026-11-09") -> Compared:
    path = folder / "report.csv"
    path.write_text(_REPORT.format(meeting=meeting, day=day))
    return database.read_now(zoom_reports.compare, PROGRAMME, HARI, read_zoom_report(path, now=OVER))


def test_a_report_is_imported_once_whatever_is_done(crowd: Database, tmp_path: Path) -> None:
    found = zoom_reports.load(zoom_reports.dump(report(crowd, tmp_path)))
    assert (found.sure, found.doubtful, found.unknown, found.people) == (2, 1, 1, 2)
    for _ in range(2):
        assert crowd.write_now(zoom_reports.take, actor(crowd, SARI), PROGRAMME, found, OVER) == 2
    assert pieces(crowd) == 2
    assert [each.name for each in crowd.read_now(attendance.open_names, "p", HARI.id)] == ["Citra", "iPhone"]
    grades = [stands(crowd, who).grade for who in (ANNA, BUDI, CITRA)]
    assert grades == [Grade.PRESENT, Grade.PARTIAL, Grade.NONE]
    assert crowd.read_now(attendance.of_person, OTHER) == {}  # of the same name, elsewhere


def test_a_settled_name_is_known_the_next_day(crowd: Database, tmp_path: Path) -> None:
    sari = actor(crowd, SARI)
    crowd.write_now(zoom_reports.take, sari, PROGRAMME, report(crowd, tmp_path), OVER)
    citra, phone = crowd.read_now(attendance.open_names, "p", HARI.id)
    settle = (sari, PROGRAMME, phone)
    assert not crowd.write_now(zoom_reports.settle, *settle, [OTHER], OVER)  # of another programme
    assert crowd.write_now(zoom_reports.settle, *settle, [BUDI, CITRA], OVER)  # two behind one account
    assert crowd.write_now(zoom_reports.settle, sari, PROGRAMME, citra, [CITRA], OVER)
    assert not crowd.write_now(
        zoom_reports.settle, sari, PROGRAMME, replace(citra, state="settled"), [ANNA], OVER
    )
    assert (stands(crowd, BUDI).minutes, stands(crowd, CITRA).minutes) == (90, 90)
    again = report(crowd, tmp_path, day="2026-11-10")
    # Anybody may have such a telephone, or be called that: who it was is proposed, and no more.
    assert (again.sure, again.doubtful, again.unknown) == (2, 2, 0)
    proposed = {each.attendee.name: each.perhaps for each in again.matches if not each.sure}
    assert proposed["iPhone"] == (BUDI, CITRA)
    assert proposed["Citra"][0] == CITRA


def test_a_whole_name_that_was_settled_is_sure_the_next_day(crowd: Database, tmp_path: Path) -> None:
    sari = actor(crowd, SARI)
    room = _REPORT.replace("iPhone", "Ruang Melati Timur")
    path = tmp_path / "room.csv"

    def compared(day: str) -> Compared:
        path.write_text(room.format(meeting="810", day=day))
        return crowd.read_now(zoom_reports.compare, PROGRAMME, HARI, read_zoom_report(path, now=OVER))

    crowd.write_now(zoom_reports.take, sari, PROGRAMME, compared("2026-11-09"), OVER)
    melati = next(
        each for each in crowd.read_now(attendance.open_names, "p", HARI.id) if "Melati" in each.name
    )
    assert crowd.write_now(zoom_reports.settle, sari, PROGRAMME, melati, [BUDI, CITRA], OVER)
    sure = {each.attendee.name: each.sure for each in compared("2026-11-10").matches}
    assert sure["Ruang Melati Timur"] == (BUDI, CITRA)


def test_names_of_a_report_are_forgotten_after_90_days(crowd: Database, tmp_path: Path) -> None:
    sari = actor(crowd, SARI)
    crowd.write_now(zoom_reports.take, sari, PROGRAMME, report(crowd, tmp_path), OVER)
    citra, _ = crowd.read_now(attendance.open_names, "p", HARI.id)
    assert crowd.write_now(zoom_reports.settle, sari, PROGRAMME, citra, [CITRA], OVER)
    assert crowd.read_now(attendance.number_open, "p", HARI.id) == 1
    assert crowd.write_now(delivery.prune, OVER + timedelta(days=90)) == 0
    assert crowd.write_now(delivery.prune, OVER + timedelta(days=91)) == 2
    assert stands(crowd, CITRA).minutes == 90  # what speaks for somebody stays


def test_another_sessions_report_is_noticed(crowd: Database, tmp_path: Path) -> None:
    found = report(crowd, tmp_path, meeting="999 111", day="2026-11-05")
    assert (found.other_meeting, found.other_day) == ("999111", True)
    found = report(crowd, tmp_path)
    assert (found.other_meeting, found.other_day) == ("", False)


def test_who_is_limited_to_a_part_imports_nothing(crowd: Database, tmp_path: Path) -> None:
    paula = actor(crowd, PAULA)
    assert crowd.write_now(zoom_reports.take, paula, PROGRAMME, report(crowd, tmp_path), OVER) is None
    assert pieces(crowd) == 0
    crowd.write_now(zoom_reports.take, actor(crowd, SARI), PROGRAMME, report(crowd, tmp_path), OVER)
    name, *_ = crowd.read_now(attendance.open_names, "p", HARI.id)
    assert not crowd.write_now(zoom_reports.settle, paula, PROGRAMME, name, [ANNA], OVER)


# --- the desk ---------------------------------------------------------------------------------------------


def test_the_desk_shows_and_does_nothing_outside_a_scope(crowd: Database, tmp_path: Path) -> None:
    crowd.write_now(zoom_reports.take, actor(crowd, SARI), PROGRAMME, report(crowd, tmp_path), OVER)
    taps(crowd, CITRA, "contest", OVER)
    shift = Shift(actor(crowd, PAULA), PROGRAMME, 1000 + PAULA, OVER)
    (name, *_) = crowd.read_now(attendance.open_names, "p", HARI.id)
    seen = [
        crowd.write_now(desk_attendance.tap, shift, 1, Tap("k-hadir", item, choice))
        for item, choice in (
            (HARI.id, "show"),
            (HARI.id, "contests"),
            (HARI.id, "names"),
            (HARI.id, "zoom"),
            (HARI.id, "screen"),
            (f"{CITRA}~{HARI.id}", "yes"),
            (f"{name.id}~{HARI.id}", f"is{CITRA}"),
            (f"{name.id}~{HARI.id}", "nobody"),
            ("none", "show"),
        )
    ]
    shown = repr(seen)
    assert not any(each in shown for each in ("Citra", "Satker B", "iPhone"))
    assert stands(crowd, CITRA).grade is Grade.NONE
    assert crowd.read_now(attendance.counts, "p", HARI.id, shift.actor.scope).people == 2
    assert len(crowd.read_now(attendance.open_names, "p", HARI.id)) == 2


def test_who_stopped_the_messages_stays_on_the_sheets(crowd: Database) -> None:
    types(crowd, CITRA, code(crowd, STARTS), STARTS)

    def change(tx: Transaction) -> None:
        people.change(tx, CITRA, OVER, withdrawn_at=OVER)
        people.change(tx, BUDI, OVER, is_test=True)
        staff.dismiss(tx, staff_only := add_person(tx, "Tamu", role="speaker", origin="invitation"), OVER)
        assert people.person(tx, staff_only) is not None

    crowd.write_now(change)
    listed = crowd.read_now(
        lambda tx: [
            (each.name, each.grade) for each in attendance.people(tx, "p", HARI.id, EVERYTHING, Wanted())
        ]
    )
    assert listed == [("Anna Putri", "none"), ("Citra Lestari", "present")]
    assert crowd.read_now(attendance.counts, "p", HARI.id) == Count(2, 1, 0, 0)
    assert [name for _, name, _ in crowd.read_now(attendance.known, "p")] == ["Anna Putri", "Citra Lestari"]
    anybody = Audience(roles=(Role.PARTICIPANT.value,))
    reminded = crowd.read_now(lambda tx: audience.names(tx, audience.people(PROGRAMME, anybody)))
    assert CITRA not in reminded


def test_a_sessions_screen_counts_who_is_there_in_one_query(crowd: Database) -> None:
    def counted() -> tuple[Say, ...]:
        return crowd.read_now(deeds.session_counts, PROGRAMME, HARI)

    assert counted() == ()
    types(crowd, ANNA, code(crowd, STARTS), STARTS)
    taps(crowd, BUDI, "in", STARTS)
    taps(crowd, CITRA, "contest", OVER)
    (line,) = counted()
    assert line.params == {
        "present": 1,
        "people": 3,
        "partial": 1,
        "contested": Say("attendance.counted_contested", {"count": 1}),
    }

    def statements(tx: Transaction) -> int:
        seen: list[str] = []
        noted = tx.connection.engine

        def note(*args: Any) -> None:
            seen.append(str(args[2]))

        event.listen(noted, "before_cursor_execute", note)
        try:
            sessions.counts(tx, PROGRAMME, HARI)
        finally:
            event.remove(noted, "before_cursor_execute", note)
        return len(seen)

    few = crowd.read_now(statements)
    crowd.write_now(lambda tx: [add_person(tx, f"Orang {n}", linked=False) for n in range(30)])
    assert crowd.read_now(statements) == few <= 8


def test_how_people_stand_is_counted(crowd: Database) -> None:
    types(crowd, ANNA, code(crowd, STARTS), STARTS)
    taps(crowd, CITRA, "in", STARTS)
    found = crowd.read_now(attendance.counts, "p", HARI.id)
    assert (found, found.none) == (Count(3, 1, 1, 0), 1)


def test_who_comes_second_is_told_that_it_was_decided(crowd: Database) -> None:
    taps(crowd, CITRA, "contest", OVER)

    def decides(who: int, choice: str) -> Reply:
        shift = Shift(actor(crowd, who), PROGRAMME, 1000 + who, OVER + MINUTE)
        return crowd.write_now(desk_attendance.tap, shift, 1, Tap("k-hadir", f"{CITRA}~{HARI.id}", choice))

    crowd.write_now(add_person, "Rina", role=Role.OWNER.value)
    assert decides(SARI, "yes").toast == Say("presence.toast_decided")
    assert decides(RINA, "no").toast == Say("presence.toast_decided_already")
    assert stands(crowd, CITRA) == Standing(Grade.PRESENT, decided=True)
    assert [row.person_id for row in crowd.read_now(outbox_rows)] == [SARI, CITRA]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("dialogue", [questions.DIALOGUE, journal.DIALOGUE, feedback.DIALOGUE])
def test_a_code_is_a_code_whatever_was_asked_for(crowd: Database, dialogue: str) -> None:
    crowd.catalogue = Catalogue({"p": replace(PROGRAMME, sessions=(replace(HARI, questions=True),))}, {})

    def play(tx: Transaction, digits: str) -> None:
        dialogues.enter(tx, 1000 + ANNA, dialogue, {"session": HARI.id, "prompt": "catatan"}, STARTS)
        desk.handle.one(tx, 1, Wrote(Sender(1000 + ANNA), 5, digits), STARTS)

    crowd.write_now(play, code(crowd, STARTS))
    assert stands(crowd, ANNA).grade is Grade.PRESENT
    assert crowd.read_now(asked_of, "p", HARI.id) == []
