"""Feedback: who is asked after a session, once, and what is read of it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.domain.attendance import Evidence, Kind, Leg
from bot.domain.feedback import LONGEST, Summary, sentence
from bot.domain.messages import Board, Picture, Say, Tap
from bot.domain.programme import Catalogue, CheckIn, Session
from bot.domain.sessions import ASKED_AFTER, STEPS, State
from bot.storage import attendance, staff, stuck
from bot.storage import feedback as stored
from bot.storage.attendance import Entry
from bot.storage.database import Database, Transaction
from bot.usecases import desk_feedback, feedback, sessions
from bot.usecases.shift import Shift
from tests.examples import SESSION, add_person, outbox_rows, programme

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ASKED = SESSION.ends + ASKED_AFTER
PLAIN = replace(SESSION, feedback=True)
TAKEN = replace(PLAIN, check_in=CheckIn(code=False))


@pytest.fixture
def of(url: str) -> Iterator[Callable[[Session], Database]]:
    """Opens a database of that session, with Anna, Budi and Citra, and Rina who coordinates."""
    opened: list[Database] = []

    def people(tx: Transaction) -> None:
        for name in ("Anna", "Budi", "Citra"):
            add_person(tx, name)
        add_person(tx, "Rina", role="coordinator")

    def open_database(session: Session) -> Database:
        files = Catalogue({"p": replace(programme(), sessions=(session,))}, {})
        opened.append(Database.open(url, files))
        opened[-1].write_now(people)
        return opened[-1]

    yield open_database
    for database in opened:
        database.close_now()


def owed(database: Database) -> list[tuple[int, str]]:
    return [(row.person_id, row.reason) for row in database.read_now(outbox_rows)]


def advance(database: Database, now: datetime) -> list[State]:
    return [step for _, step in database.write_now(sessions.advance, "p", now)]


def asked(*people: int) -> list[tuple[int, str]]:
    return [*((person, "p/feedback:hari-1") for person in people), (4, "p/feedback-summary:hari-1")]


def test_who_did_not_say_that_they_cannot_get_in_is_asked_once(of: Callable[[Session], Database]) -> None:
    database = of(PLAIN)
    database.write_now(stuck.note, "p", "hari-1", 1, SESSION.starts)
    database.write_now(stuck.note, "p", "hari-1", 2, SESSION.starts)
    database.write_now(stuck.end, "p", "hari-1", 2, SESSION.starts + MINUTE)

    assert advance(database, SESSION.ends) == [
        State.ROOM_OPEN,
        State.STARTED,
        State.ENDED,
        State.MATERIALS_OUT,
    ]
    assert owed(database) == []
    for now in (ASKED, ASKED, ASKED + DAY):
        advance(database, now)
        assert owed(database) == asked(2, 3)


def test_where_attendance_is_taken_who_came_is_asked(of: Callable[[Session], Database]) -> None:
    database = of(TAKEN)

    def come(tx: Transaction) -> None:
        tapped = Evidence(Kind.TAP, SESSION.starts, Leg.IN)
        attendance.add(tx, "p", [Entry(2, "hari-1", tapped)])
        attendance.weigh(tx, "p", "hari-1", CheckIn(code=False), [2], SESSION.starts)

    database.write_now(come)
    advance(database, ASKED)

    assert owed(database) == asked(2)


def test_after_a_day_they_are_asked_and_after_three_no_more(of: Callable[[Session], Database]) -> None:
    database = of(PLAIN)

    assert advance(database, ASKED + 3 * DAY) == list(STEPS)
    assert owed(database) == []


def test_a_day_late_is_not_too_late(of: Callable[[Session], Database]) -> None:
    database = of(PLAIN)

    assert advance(database, ASKED + DAY) == list(STEPS)
    assert owed(database) == asked(1, 2, 3)
    assert advance(database, ASKED + DAY) == []


def test_what_was_answered_is_read_without_names(of: Callable[[Session], Database]) -> None:
    database = of(PLAIN)
    for person, rating in ((1, 5), (2, 2), (2, 4)):
        database.write_now(stored.rate, "p", "hari-1", person, rating, ASKED)
    database.write_now(stored.say, "p", "hari-1", 2, "Jelas.")
    database.write_now(stored.rate, "p", "hari-1", 2, 3, ASKED)  # the sentence stays

    found = database.read_now(stored.summary, "p", "hari-1")

    assert (found.counts, found.asked, found.tenths) == ({1: 0, 2: 0, 3: 1, 4: 0, 5: 1}, 2, 40)
    (only,) = database.read_now(stored.sentences, "p", "hari-1", limit=10)
    assert (only.rating, only.sentence) == (3, "Jelas.")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_of_few_answers_nobodys_is_shown(of: Callable[[Session], Database]) -> None:
    database = of(PLAIN)
    board = Board(feedback.BOARD, "p/hari-1")
    database.write_now(lambda tx: [add_person(tx, f"Orang {n}") for n in range(5)])
    seen = []
    for person in range(1, 6):
        database.write_now(stored.rate, "p", "hari-1", person, 5, ASKED)
        database.write_now(stored.say, "p", "hari-1", person, "Rahasia")
        told = database.read_now(feedback.summed_up, board, ASKED)
        desk = database.read_now(desk_screen)
        lines = desk.params["lines"]
        alone = "Rahasia" not in repr((told, desk)) and lines == Say("feedback.too_few", {"enough": 5})
        summary = desk.params["summary"]
        assert isinstance(summary, Say)
        seen.append((type(told), summary.key, alone))
    assert seen == [
        (Say, "feedback.few", True),
        (Say, "feedback.few", True),
        (Say, "feedback.summary", True),
        (Say, "feedback.summary", True),
        (Picture, "feedback.summary", False),
    ]


def desk_screen(tx: Transaction) -> Say:
    """What Rina sees of the session."""
    actor = staff.actor_by_id(tx, 4)
    assert actor is not None
    shift = Shift(actor, tx.catalogue.programmes["p"], 1004, ASKED)
    (shown,) = desk_feedback.tap(tx, shift, 7, Tap(desk_feedback.ACTION, "hari-1", "open")).messages
    assert isinstance(shown, Say)
    return shown


def test_a_mean_is_rounded_to_tenths_and_a_sentence_is_one_line() -> None:
    assert Summary({5: 1, 4: 2}, 3).tenths == 43
    assert Summary({1: 1, 2: 3}, 4).tenths == 18  # 1.75
    assert Summary({}, 4).tenths == 0
    assert sentence(" baik \n sekali ") == "baik sekali"
    assert len(sentence("x " * LONGEST)) == LONGEST
