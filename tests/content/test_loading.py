"""Loading as a whole: what comes of the example, files that are no text, many problems at once."""

import contextlib
import os
import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import holidays
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.content import build
from bot.content.checks.schedule import ABOUT
from bot.content.loading import check, load
from bot.content.problems import ContentError, format_problem
from bot.content.templates import READER
from bot.domain import cards
from bot.domain import programme as domain
from bot.domain.language import Localised
from bot.domain.windows import Break
from bot.domain.zones import Zone
from tests.content import example

ROOT = Path(__file__).parents[2]
MODULE = "content/modules/satu.yaml"


def aliases(times: int, lines: int) -> bytes:
    """Lists of which each stands `times` times in the next."""
    first = f"k0: &a0 [{', '.join(['x'] * times)}]\n"
    rest = (f"k{n}: &a{n} [{', '.join([f'*a{n - 1}'] * times)}]\n" for n in range(1, lines))
    return (first + "".join(rest)).encode()


EXPLOSION = aliases(times=10, lines=9)
DEEP = aliases(times=1, lines=40)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example, in the current folder."""
    monkeypatch.chdir(tmp_path)
    example.write(tmp_path)
    return tmp_path


def problems() -> list[str]:
    return [format_problem(p) for p in check(Path("content"), Path("schedules"), example.SAID)]


def loaded() -> domain.Programme:
    return load(Path("content"), Path("schedules"), example.SAID).programmes["contoh"]


def test_the_shipped_orientation_has_no_problem() -> None:
    assert check(ROOT / "content", ROOT / "schedules") == []
    assert list(load(ROOT / "content", ROOT / "schedules").programmes) == ["pppk-2026"]


def test_what_authors_write_is_what_they_mean(folder: Path) -> None:
    programme = loaded()
    session = programme.sessions[0]
    assert session.meeting == domain.Meeting("https://zoom.example.invalid/j/1", "81000000001", "007123")
    assert session.starts == datetime(2026, 11, 9, 2, 0, tzinfo=UTC)
    assert programme.quizzes[0].questions[0].options[2] == Localised("Ya", "Yes")
    assert programme.quizzes[0].questions[0].correct == (0, 1)
    assert programme.journal[0].deadline == domain.Local(date(2026, 11, 23), time(23, 59))
    assert programme.zone is Zone.WIB
    assert [agenda.id for agenda in programme.agendas] == ["satu"]


def test_every_kind_of_moment(folder: Path) -> None:
    assert {entry.id: entry.when for entry in loaded().timetable} == {
        "tautan": domain.AroundSession("hari-1", -timedelta(minutes=90)),
        "modul": domain.Local(date(2026, 11, 16), time(8)),
        "hari-ke-lima": domain.PersonalDay(5, time(8)),
        "berulang": domain.Recurring((0, 4), time(9), date(2026, 11, 11), date(2026, 11, 24)),
        "selamat-datang": domain.Instant(datetime(2026, 11, 6, 1, 0, tzinfo=UTC)),
    }


def test_an_entry_with_its_defaults(folder: Path) -> None:
    everything = domain.Target(domain.Item.MODULE, "*")
    assert loaded().entry("modul") == domain.Entry(
        id="modul",
        when=domain.Local(date(2026, 11, 16), time(8)),
        text=None,
        about=domain.Target(domain.Item.MODULE, "wawasan"),
        audience=domain.Audience(provinces=("Bali",), roles=("participant",), not_done=(everything,)),
        everybody_by=timedelta(minutes=15),
        not_after=timedelta(hours=6),
        late=domain.Late.SKIP,
        essential=False,
    )


def test_sending_windows(folder: Path) -> None:
    windows = loaded().windows
    assert windows.week == {
        0: ((time(7, 45), time(17)),),
        4: ((time(7, 45), time(11)), (time(13, 30), time(17))),
    }
    assert windows.breaks == (Break(date(2026, 12, 24), date(2026, 12, 26)),)
    assert date(2026, 12, 25) in windows.holidays  # a public holiday
    assert date(2026, 12, 24) in windows.holidays  # joint leave, by the government
    assert date(2026, 11, 9) not in windows.holidays


def test_values_of_the_domain_are_plain(folder: Path) -> None:
    """They go into the database and over process borders: no text that knows its line is among them."""
    programme = loaded()
    texts = [programme.id, programme.title.id, programme.portal.url, programme.sessions[0].meeting.passcode]
    texts += [programme.timetable[0].id, programme.modules[0].id, programme.quizzes[0].questions[0].id]
    assert {type(text) for text in texts} == {str}


def test_words_for_provinces_and_weekdays(folder: Path) -> None:
    schedule = Path("schedules/contoh.yaml")
    text = schedule.read_text(encoding="utf-8")
    schedule.write_text(
        text.replace("[Bali]", "[sumut, DIY]").replace("[mon, fri]", "weekday"), encoding="utf-8"
    )
    programme = loaded()
    entries = {entry.id: entry for entry in programme.timetable}
    assert entries["modul"].audience.provinces == ("Sumatera Utara", "DI Yogyakarta")
    assert isinstance(when := entries["berulang"].when, domain.Recurring)
    assert when.weekdays == (0, 1, 2, 3, 4)


def test_the_variables_of_a_text_are_those_that_its_card_gives(folder: Path) -> None:
    programme = loaded()
    for kind, item in {"session": "hari-1", "module": "wawasan", "quiz": "kuis", "journal": "nilai"}.items():
        given_by_card = cards.variables(programme, domain.Target(domain.Item(kind), item))
        assert given_by_card.keys() - set(READER) == set(ABOUT[kind])


def test_many_problems_at_once(folder: Path) -> None:
    for file, old, new in (
        (MODULE, "minutes: 90", "minute: 90"),
        ("content/modules/dua.yaml", "en: Other", "en: <b>Other"),
        ("content/quizzes/kuis.yaml", "[2, 1]", "[5]"),
        ("schedules/contoh.yaml", "last_day: 2026-12-10", "last_day: 2026-11-31"),
        ("schedules/contoh.yaml", "hari-1, before", "hari-9, before"),
        ("schedules/contoh.yaml", "{nama}, {sesi}", "{nama}, {sessi}"),
    ):
        text = Path(file).read_text(encoding="utf-8")
        Path(file).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContentError) as raised:
        load(Path("content"), Path("schedules"), example.SAID)
    assert [re.sub(r"; .*", "", format_problem(problem)) for problem in raised.value.problems] == [
        (
            "content/modules/dua.yaml:5: Telegram would refuse this text: "
            "can't parse entities: Can't find end tag corresponding to start tag \"b\""
        ),
        "content/modules/satu.yaml:4: 'minutes' is missing",
        "content/modules/satu.yaml:7: unknown key 'minute'",
        "content/quizzes/kuis.yaml:12: 'correct' names option 5, but there are options 1 to 3",
        "schedules/contoh.yaml:5: 'last_day' is a day that no calendar has: '2026-11-31'",
        "schedules/contoh.yaml:29: there is no session 'hari-9'",
        "schedules/contoh.yaml:31: there is no variable {sessi} here",
    ]


def test_warnings_stop_nothing(folder: Path) -> None:
    schedule = Path("schedules/contoh.yaml")
    text = schedule.read_text(encoding="utf-8")
    schedule.write_text(text.replace("2026-11-16 08:00", "2026-11-15 08:00"), encoding="utf-8")
    assert [problem.warning for problem in check(Path("content"), Path("schedules"), example.SAID)] == [True]
    assert loaded().id == "contoh"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "1: is empty; write its content, or delete the file"),
        (b"# nothing yet\n", "1: is empty; write its content, or delete the file"),
        (b"- a\n- b\n", "1: is a list; begin with 'key: value' lines"),
        (b"halo\n", "1: is a text; begin with 'key: value' lines"),
        (
            b"id: satu\ntitle: {id: Caf\xe9, en: x}\n",
            "2: is not UTF-8: byte 0xe9 at position 24; save it as UTF-8 (it may be Windows-1252)",
        ),
        ("id: satu\n".encode("utf-16"), "1: is saved as UTF-16; save it as UTF-8"),
        (
            "id: satu\n".encode("utf-16-le"),
            "1: is not a text file in UTF-8 (it holds zero bytes); save it as UTF-8",
        ),
        (
            b"x: " + b"y" * 1_000_000,
            "1: is 1,000,003 bytes large; split it: a file may have 1,000,000 bytes",
        ),
        (
            EXPLOSION,
            (
                "5: holds more than 50,000 values, its aliases written out; "
                "write fewer values, or fewer aliases (*name)"
            ),
        ),
        (DEEP, "30: is nested over 30 levels deep by aliases; write it flatter"),
    ],
)
def test_files_that_are_no_yaml_of_ours(folder: Path, data: bytes, said: str) -> None:
    Path(MODULE).write_bytes(data)
    found = [line for line in problems() if line.startswith(MODULE)]
    assert found == [f"{MODULE}:{said}"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_editors_of_all_kinds(folder: Path, encoding: str, newline: str) -> None:
    for file, text in example.FILES.items():
        Path(file).write_text(text, encoding=encoding, newline=newline)
    assert problems() == []


def test_anchors_work_within_reason(folder: Path) -> None:
    text = Path(MODULE).read_text(encoding="utf-8")
    shared = text.replace("{id: Wawasan, en: Insight}", "&same {id: Wawasan, en: Insight}")
    Path(MODULE).write_text(re.sub(r"summary: .*", "summary: *same", shared), encoding="utf-8")
    assert problems() == []
    assert loaded().modules[0].summary == Localised("Wawasan", "Insight")


def test_files_and_folders_that_nothing_reads(folder: Path) -> None:
    Path("content/modules/tiga.yml").write_text("", encoding="utf-8")
    Path("content/modules/lama").mkdir()
    Path("content/texts/jv.yaml").write_text("a: b\n", encoding="utf-8")
    Path("content/kuis.yaml").write_text("", encoding="utf-8")
    Path("content/gambar").mkdir()
    Path("content/README.md").write_text("", encoding="utf-8")
    Path("content/.DS_Store").write_text("", encoding="utf-8")
    Path("schedules/catatan.txt").write_text("", encoding="utf-8")
    Path("schedules/lama.yaml").mkdir()
    move = "delete it, or move it into one of: modules, quizzes, journal, texts"
    assert problems() == [
        f"content/gambar: is a folder that nothing reads; {move}",
        f"content/kuis.yaml: is a file that nothing reads; {move}",
        "content/modules/lama: is a folder that nothing reads; delete it, or move it elsewhere",
        "content/modules/tiga.yml: is not read under this name; rename it to end in .yaml",
        "content/texts/jv.yaml: is a file that nothing reads; the languages are id.yaml and en.yaml",
        "schedules/catatan.txt: is a file that nothing reads; delete it, or move it elsewhere",
        "schedules/lama.yaml:1: is not a regular file; put a YAML file in its place",
    ]


def test_files_and_folders_that_are_missing(folder: Path) -> None:
    Path("content/texts/en.yaml").unlink()
    Path("content/quizzes/kuis.yaml").unlink()
    Path("content/journal/jurnal.yaml").unlink()
    Path("content/journal").rmdir()
    assert problems() == [
        "content/journal: does not exist; there must be a folder for journal here",
        "content/quizzes: holds no .yaml file; write one, or copy the example's",
        "content/texts/en.yaml: is missing; write the texts of this language",
        "schedules/contoh.yaml:10: there is no quiz 'kuis'; there is none yet",
        "schedules/contoh.yaml:12: there is no prompt 'nilai'; there is none yet",
    ]


def test_a_named_pipe_is_not_waited_for(folder: Path) -> None:
    os.mkfifo("content/quizzes/pipa.yaml")
    assert problems() == ["content/quizzes/pipa.yaml:1: is not a regular file; put a YAML file in its place"]


def test_folders_that_are_none(folder: Path) -> None:
    assert [format_problem(p) for p in check(Path("nowhere"), Path("schedules/contoh.yaml"), {})] == [
        "nowhere: does not exist; there must be a folder for content here",
        "schedules/contoh.yaml: is not a folder; there must be a folder for contoh.yaml here",
    ]


def test_a_file_that_cannot_be_read_hides_nothing_and_invents_nothing(folder: Path) -> None:
    """What stands in a broken file may well exist; what does not stand there does not."""
    schedule = Path("schedules/contoh.yaml")
    text = schedule.read_text(encoding="utf-8")
    schedule.write_text(text.replace("quizzes: [kuis]", "quizzes: [kuis, lain]"), encoding="utf-8")
    Path(MODULE).write_text(example.FILES[MODULE].replace("minutes", "\tminutes"), encoding="utf-8")
    assert problems() == [
        f"{MODULE}:7: a tab indents this line; indent with spaces: YAML knows no tabs",
        "schedules/contoh.yaml:10: there is no quiz 'lain'; use one of: kuis",
    ]


def test_an_id_that_cannot_be_read(folder: Path) -> None:
    schedule = Path("schedules/contoh.yaml")
    text = schedule.read_text(encoding="utf-8")
    schedule.write_text(text.replace("{module: wawasan}", "{module: nusantara}"), encoding="utf-8")
    Path(MODULE).write_text(example.FILES[MODULE].replace("id: wawasan", "id:"), encoding="utf-8")
    assert problems() == [
        f"{MODULE}:4: 'id' is empty; write its value, or delete the key",
        "schedules/contoh.yaml:35: there is no module 'nusantara'; there is none yet",
    ]


def test_an_id_across_files(folder: Path) -> None:
    Path("schedules/kedua.yaml").write_text(example.FILES["schedules/contoh.yaml"], encoding="utf-8")
    assert problems() == [
        (
            "schedules/kedua.yaml:1: the programme 'contoh' is defined twice "
            "(first in schedules/contoh.yaml:1); give one of the two another id"
        )
    ]


LINES = st.lists(
    st.sampled_from([line for text in example.FILES.values() for line in text.splitlines()]), max_size=30
)
SCRAPS = st.lists(
    st.sampled_from(
        [
            "id: ",
            "  ",
            "- ",
            "[",
            "{",
            "}",
            "\n",
            "*a ",
            "&a ",
            "'",
            '"',
            "|\n",
            "x",
            "\t",
            ": ",
            "?",
            "!!",
            "%",
            "1",
        ]
    ),
    max_size=60,
)
ANYTHING = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
    SCRAPS.map(lambda scraps: "".join(scraps).encode()),
    LINES.map(lambda lines: "\n".join(lines).encode()),
)


def assert_a_catalogue_or_problems() -> None:
    with contextlib.suppress(ContentError):
        assert load(Path("content"), Path("schedules"), example.SAID).programmes


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=2_000,
    max_examples=100,
)
@given(file=st.sampled_from(sorted(example.FILES)), data=ANYTHING)
def test_whatever_a_file_holds_there_is_a_catalogue_or_problems(folder: Path, file: str, data: bytes) -> None:
    Path(file).write_bytes(data)
    assert_a_catalogue_or_problems()
    Path(file).write_text(example.FILES[file], encoding="utf-8")


VALUES = st.sampled_from(
    [
        *("", "~", "x", "[]", "{}", "[x]", "{x: y}", "[[x]]", "[{}]", "{id: x, en: y}", "{id: '{', en: '<'}"),
        *("0", "-1", "99999999999999999999", "1e9", "true", "'*'", "🙂", '"\\0"', "&a {b: *a}"),
        *("2026-02-30", "9999-12-31", "2026-11-09 08:00", "24:00", "{module: '*'}", "{session: hari-1}"),
    ]
)
SLOTS = [
    (file, found.start(1), found.end(1))
    for file, text in example.FILES.items()
    for found in re.finditer(
        r"(?:\w+: |- |\[|, )([^\s,:{}\[\]][^,{}\[\]\n]*|\{[^{}\n]*\}|\[[^\[\]\n]*\])", text
    )
]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=2_000,
    max_examples=150,
)
@given(edits=st.lists(st.tuples(st.sampled_from(SLOTS), VALUES), min_size=1, max_size=3))
def test_whatever_a_value_is_there_is_a_catalogue_or_problems(
    folder: Path, edits: list[tuple[tuple[str, int, int], str]]
) -> None:
    contents = dict(example.FILES)
    for (file, start, end), value in edits:
        if contents[file] == example.FILES[file]:
            contents[file] = contents[file][:start] + value + contents[file][end:]
    for file, text in contents.items():
        Path(file).write_text(text, encoding="utf-8")
    assert_a_catalogue_or_problems()


def test_the_holidays_are_those_that_the_package_has_for_indonesia() -> None:
    usual = holidays.country_holidays("ID", categories=("public", "government"), years=(2026, 2027))
    assert build.public_holidays(2026, 2027) == frozenset(usual)
    assert date(2026, 8, 17) in usual
