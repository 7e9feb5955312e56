"""The timetable at the coordinators' desk: who may change it, and buttons that are old or invented."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from bot.domain.corrections import SessionChange
from bot.domain.events import Sender, Tapped, Wrote
from bot.domain.messages import Edit, Reply, Say, Tap
from bot.domain.people import Role
from bot.domain.programme import AroundSession, Item, Local, Target
from bot.domain.staff import Scope
from bot.storage import catalogues, staff
from bot.storage.database import Database, Transaction
from bot.storage.tables import PersonRow
from bot.usecases import coordination, corrections, desk_timetable
from bot.usecases.corrections import ChangeSession
from bot.usecases.shift import Shift
from tests.examples import SESSION, add_person, catalogue, entry

ABOUT = Target(Item.SESSION, "hari-1")
FILES = catalogue(
    entry("tautan", AroundSession("hari-1", -timedelta(hours=1)), about=ABOUT),
    entry("modul", Local(date(2026, 11, 10), time(8))),
)
EARLY = datetime(2026, 11, 9, 0, 0, tzinfo=UTC)
pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def database(url: str) -> Any:
    opened = Database.open(url, FILES)

    def fill(tx: Transaction) -> None:
        add_person(tx, "Rina", role=Role.OWNER.value)
        add_person(tx, "Tono", role=Role.COORDINATOR.value)
        add_person(tx, "Wati", role=Role.SPEAKER.value)
        add_person(tx, "Anna", office="Puskesmas Maros")
        add_person(tx, "Budi", office="SMPN 1 Wamena")
        staff.limit(tx, 2, Scope(offices=("Puskesmas Maros",)))

    opened.write_now(fill)
    yield opened
    opened.close_now()


def does(database: Database, who: int, event: Tapped | Wrote) -> Reply | None:
    def answer(tx: Transaction) -> Reply | None:
        actor = staff.actor_by_id(tx, who)
        assert actor is not None
        shift = Shift(actor, tx.catalogue.programmes["p"], 1000 + who, EARLY)
        return coordination.answer(tx, shift, event)

    return database.write_now(answer)


def taps(database: Database, who: int, item: str, choice: str) -> Say:
    """Tap a button of the area; the first thing that is said."""
    reply = does(database, who, Tapped(Sender(1000 + who), 7, "q", Tap(desk_timetable.ACTION, item, choice)))
    assert reply is not None
    message = reply.messages[0]
    said = message.say if isinstance(message, Edit) else message
    assert isinstance(said, Say)
    return said


def types(database: Database, who: int, text: str) -> Say:
    reply = does(database, who, Wrote(Sender(1000 + who), 8, text))
    assert reply is not None
    (message,) = reply.messages
    assert isinstance(message, Say)
    return message


CHANGES = [
    ("modul", "skip"),
    ("modul", "skip!"),
    ("modul", "move"),
    ("modul", "local202611110900!"),
    ("hari-1", "time"),
    ("hari-1", "url"),
    ("hari-1", "start1794362400!"),
    ("hari-1", "change!"),
    ("hari-1", "restore-session!"),
]


@pytest.mark.parametrize(("item", "choice"), CHANGES)
@pytest.mark.parametrize("who", [2, 3])
def test_a_part_and_a_speaker_look_and_change_nothing(
    database: Database, who: int, item: str, choice: str
) -> None:
    assert taps(database, who, "", "list").key == "desk_timetable.overview"
    assert [button.does for row in taps(database, who, "hari-1", "session").buttons for button in row] == [
        Tap(desk_timetable.ACTION, "", "list")
    ]
    assert taps(database, who, item, choice).key == "desk.not_allowed"
    assert database.read_now(lambda tx: catalogues.version(tx.connection)) == 0


def test_a_part_counts_its_own(database: Database) -> None:
    def people(who: int) -> list[Any]:
        lines = taps(database, who, "", "list").params["lines"]
        assert isinstance(lines, tuple)
        return [line.params["people"] for line in lines]

    assert people(1) == [5, 5]
    assert people(2) == [1, 1]


@pytest.mark.parametrize(
    ("item", "choice"),
    [
        ("lain", "skip!"),
        ("modul", "change!"),
        ("modul", "local20261301!"),
        ("modul", "at99999999999999!"),
        ("modul", "at999999999999!"),
        ("modul", "day2026!"),
        ("hari-1", "startx!"),
        ("hari-1", "start253402300000!"),
        ("modul", "local999912310000!"),
        ("99999999999999999999", "list"),
        ("hari-1", "restore-session!"),
        ("hari-9", "session"),
        ("modul", "!"),
        ("modul", "x"),
        ("x", "list"),
    ],
)
def test_an_invented_button_is_answered_kindly(database: Database, item: str, choice: str) -> None:
    assert taps(database, 1, item, choice).key in {"help.old_button", "desk_timetable.refused"}
    assert database.catalogue == FILES


def test_an_address_waits_for_its_confirmation_and_is_taken_once(database: Database) -> None:
    taps(database, 1, "hari-1", "url")
    assert types(database, 1, "https://zoom.example.invalid/j/9").key == "desk_timetable.preview"
    assert types(database, 1, "https://zoom.example.invalid/j/8").key == "desk_timetable.tap_please"
    assert taps(database, 1, "hari-1", "change!").key == "desk_timetable.done"
    session = database.catalogue.programmes["p"].session("hari-1")
    assert session is not None
    assert session.meeting.url == "https://zoom.example.invalid/j/9"
    assert taps(database, 1, "hari-1", "change!").key == "help.old_button"
    taps(database, 1, "hari-1", "stream")
    assert types(database, 1, "-").key == "desk_timetable.refused"  # there is none


def test_whose_role_has_gone_meanwhile_confirms_nothing(database: Database) -> None:
    taps(database, 1, "hari-1", "time")
    assert types(database, 1, "Sel 10 Nov 09.00").key == "desk_timetable.preview"
    database.write_now(
        lambda tx: tx.connection.execute(
            update(PersonRow).where(PersonRow.id == 1).values(role=Role.SPEAKER.value)
        )
    )
    moment = int(datetime(2026, 11, 10, 2, tzinfo=UTC).timestamp())
    assert taps(database, 1, "hari-1", f"start{moment}!").key == "desk.not_allowed"
    assert database.catalogue == FILES


@pytest.mark.parametrize("typed", ["10 Nov 9999 09.00", "1/1/0001 09.00", "kapan-kapan"])
def test_a_moment_that_nobody_means_is_asked_again(database: Database, typed: str) -> None:
    for item, choice in (("hari-1", "time"), ("modul", "move")):
        taps(database, 1, item, choice)
        assert types(database, 1, typed).key == "desk_timetable.time_again"


def test_a_cancelled_session_says_so(database: Database) -> None:
    def labels() -> list[object]:
        found = taps(database, 1, "", "list")
        return [button.label for row in found.buttons for button in row]

    assert Say("desk_timetable.button_session", {"title": SESSION.title}) in labels()
    assert taps(database, 1, "hari-1", "session").params["cancelled"] == ""

    def cancel(tx: Transaction) -> None:
        actor = staff.actor_by_id(tx, 1)
        assert actor is not None
        corrections.correct(tx, actor, "p", ChangeSession("hari-1", SessionChange(cancelled=True)), EARLY)

    database.write_now(cancel)
    assert Say("desk_timetable.button_session_cancelled", {"title": SESSION.title}) in labels()
    shown = taps(database, 1, "hari-1", "session")
    assert shown.params["cancelled"] == Say("desk_timetable.session_cancelled")
