"""A chat's order among several processes, and the crowd's votes: many at once as each by itself."""

import asyncio
import random
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import insert, select

from bot.domain.events import Commanded, Event, ReachChanged, Sender, Tapped, Voted
from bot.domain.messages import Tap
from bot.domain.people import Reach
from bot.domain.quiz import Asked, AttemptStarted
from bot.storage import quiz as stored
from bot.storage.database import Database, Transaction
from bot.storage.tables import ChatRow, OutboxRow, QuizAnswerRow, QuizAttemptRow, UpdateRow
from bot.usecases import desk
from tests.examples import NOON, add_person, catalogue

Opened = Callable[[str], Database]
QUIZ = "kuis"


def taking_part(tx: Transaction, name: str, *, number: int, **options: Any) -> int:
    """Somebody with the example's only question before them, in poll "poll-<number>"."""
    person = add_person(tx, name, **options)
    facts = (AttemptStarted(1), Asked(1, "q1"))
    stored.record(tx, [stored.Taken(person, QUIZ, 1, (), facts)], NOON)
    stored.note_poll(tx, f"poll-{number}", stored.Poll(person, QUIZ, 1, "q1"), number, NOON)
    return person


def voted(number: int, *options: int, chat: int | None = None) -> Voted:
    return Voted(Sender(1000 + number if chat is None else chat), f"poll-{number}", options)


def fill(tx: Transaction) -> None:
    tx.connection.execute(insert(UpdateRow).values(update_id=13, handled_at=NOON))
    for number, options in enumerate(
        (
            {},
            {},
            {},
            {"consented": False},
            {"reach": Reach.BLOCKED},
            {"withdrawn_at": NOON},
            {"programme_id": "gone"},
            {},
        ),
        1,
    ):
        assert taking_part(tx, f"P{number}", number=number, **options) == number


ARRIVALS: list[tuple[int, Event]] = [
    (10, voted(1, 0)),
    (11, voted(2, 1)),
    (13, voted(8, 0)),  # handled before
    (12, Tapped(Sender(1003), 5, "c", Tap("menu", "", "kuis"))),  # before a vote in the same chat
    (14, voted(3, 0)),
    (15, voted(1, 1)),  # again: the first answer counts
    (16, voted(4, 0)),
    (17, voted(5, 0)),
    (18, voted(6, 0)),
    (19, voted(7, 0)),
    (20, voted(1, 0, chat=1002)),  # in somebody else's poll
    (21, voted(99, 0, chat=1001)),  # in a poll that nobody knows
    (22, Commanded(Sender(1002), "status", "")),
    (23, voted(3)),  # taken back, too late
    (24, voted(1, 0, chat=7777)),  # a stranger
]


@pytest.fixture
def taking_part_in(database: Database) -> Database:
    """A database in which they are."""
    database.catalogue = catalogue()
    database.write_now(fill)
    return database


def everything(tx: Transaction) -> list[Any]:
    """All that votes change, without the rows' numbers: many at once are written in another order."""
    tables = (
        select(OutboxRow.person_id, OutboxRow.chat_id, OutboxRow.reason, OutboxRow.message, OutboxRow.state),
        select(QuizAnswerRow.__table__),
        select(QuizAttemptRow.__table__),
        select(UpdateRow.__table__),
        select(ChatRow.__table__),
    )
    return [sorted(map(repr, tx.connection.execute(table))) for table in tables]


class UndoneError(Exception):
    """Ends a trial."""


def tried(database: Database, do: Callable[[Transaction], list[Any]]) -> list[Any]:
    """What comes of `do`, which is then undone."""
    found: list[Any] = []

    def trial(tx: Transaction) -> None:
        found.extend(do(tx))
        raise UndoneError

    with pytest.raises(UndoneError):
        database.write_now(trial)
    return found


def test_many_at_once_come_to_the_same_as_each_by_itself(taking_part_in: Database) -> None:
    def apart(tx: Transaction) -> list[Any]:
        for arrival in ARRIVALS:
            desk.handle.one(tx, *arrival, NOON)
        return everything(tx)

    def together(tx: Transaction) -> list[Any]:
        handled = desk.handle.many(tx, [(*arrival, NOON) for arrival in ARRIVALS])
        left = [arrival for arrival, each in zip(ARRIVALS, handled, strict=True) if each is None]
        assert [arrival for arrival in ARRIVALS if arrival not in left] == ARRIVALS[:3]
        for arrival in left:
            desk.handle.one(tx, *arrival, NOON)
        return everything(tx)

    expected = tried(taking_part_in, apart)
    assert tried(taking_part_in, together) == expected
    assert any("quiz.finished" in row for row in expected[0])


# --- several processes --------------------------------------------------------------------------------

on_postgresql = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)


@on_postgresql
@pytest.mark.parametrize(
    ("first", "second"),
    [
        (voted(1, 0), voted(1, 1)),  # the crowd's way, both
        (Commanded(Sender(1001), "status", ""), voted(1, 1)),
        (voted(1, 0), Commanded(Sender(1001), "status", "")),
        (Commanded(Sender(5555), "start", ""), Commanded(Sender(5555), "start", "")),  # a stranger
    ],
    ids=lambda event: type(event).__name__,
)
async def test_a_chat_has_one_process_at_a_time(
    first: Event, second: Event, taking_part_in: Database, url: str, opened: Opened
) -> None:
    theirs = opened(url)
    theirs.catalogue = catalogue()
    begun, go_on = threading.Event(), threading.Event()

    def slowly(tx: Transaction, *call: Any) -> Any:
        handled = desk.handle.many(tx, [call])[0] or desk.handle.one(tx, *call)
        begun.set()
        go_on.wait(10)
        return handled

    ours = asyncio.create_task(taking_part_in.transact(slowly, 1, first, NOON))
    await asyncio.to_thread(begun.wait, 10)
    waiting = asyncio.create_task(theirs.transact(desk.handle, 2, second, NOON))
    await asyncio.sleep(0)  # it is submitted
    async with asyncio.timeout(10):
        while theirs.waiting:  # noqa: ASYNC110 - until a writer has it: in one batch, the two would wait together
            await asyncio.sleep(0.002)
    await asyncio.sleep(0.02)
    await theirs.transact(desk.handle, 3, voted(2, 0), NOON)  # another chat waits for nobody
    assert not waiting.done()
    go_on.set()
    await asyncio.gather(ours, waiting)
    reasons = [each for (each,) in theirs.read_now(replies) if each.startswith(("update:1:", "update:2:"))]
    assert reasons == sorted(reasons) != []
    answers = [options for person, options in theirs.read_now(answered) if person == 1]
    assert answers == [list(event.options) for event in (first, second) if isinstance(event, Voted)][:1]


@on_postgresql
async def test_an_update_that_two_processes_get_is_answered_once(
    taking_part_in: Database, url: str, opened: Opened
) -> None:
    theirs = opened(url)
    theirs.catalogue = catalogue()
    numbers = range(1, 4)
    await asyncio.gather(
        *(
            database.transact(desk.handle, number, voted(number, 0), NOON)
            for number in numbers
            for database in (taking_part_in, theirs)
        )
    )
    assert len(theirs.read_now(replies)) == len(theirs.read_now(answered)) == 3


@on_postgresql
async def test_two_processes_that_get_the_same_crowd_never_wait_for_each_other_in_a_circle(
    database: Database, url: str, opened: Opened
) -> None:
    """Every update reaches both, in another order, alone and among others; each locks several rows."""
    theirs = opened(url)
    theirs.catalogue = database.catalogue = catalogue()
    people = range(1, 16)
    database.write_now(lambda tx: [taking_part(tx, f"P{number}", number=number) for number in people])
    arrivals: list[tuple[int, Event]] = [
        (10 * number + kind, event)
        for number in people
        for kind, event in enumerate(
            (
                voted(number, 0),
                Commanded(Sender(1000 + number), "status", ""),
                ReachChanged(Sender(1000 + number), Reach.BLOCKED),
                voted(number, 1),
                Commanded(Sender(1000 + number), "kuis", ""),
            )
        )
    ]
    dice = random.Random(3)
    for _ in range(2):
        shuffled = [(process, arrival) for process in (database, theirs) for arrival in arrivals]
        dice.shuffle(shuffled)
        await asyncio.gather(
            *(process.transact(desk.handle, number, event, NOON) for process, (number, event) in shuffled)
        )
        arrivals = [(number + 1000, event) for number, event in arrivals]
    assert len(theirs.read_now(answered)) == len(people)
    assert (database.statistics.collided, theirs.statistics.collided) == (0, 0)


def replies(tx: Transaction) -> list[Any]:
    return list(tx.connection.execute(select(OutboxRow.reason).order_by(OutboxRow.id)))


def answered(tx: Transaction) -> list[Any]:
    return list(tx.connection.execute(select(QuizAnswerRow.person_id, QuizAnswerRow.options)))
