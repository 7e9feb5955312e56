"""On the real clock against a Telegram that enforces its limits, answers wrongly, late or not at all."""

import os
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from bot.simulator import (
    CallRecord,
    DropAfter,
    DropBefore,
    Retry429,
    ServerError,
    Simulator,
    TimeoutAfter,
    TimeoutBefore,
)
from bot.simulator.faults import Kind
from bot.storage import state
from bot.storage.database import Transaction
from bot.storage.tables import OutboxRow
from tests.acceptance.books import Books
from tests.acceptance.crowd import Crowd
from tests.acceptance.installation import Installation, eventually, tell
from tests.acceptance.orientation import enrol, write_schedule

WAVE = int(os.environ.get("ACCEPTANCE_WAVE", "240"))
TALKERS = 5

_COUNTED = ("sendmessage", "sendpoll", "senddocument", "editmessagetext")


async def test_full_pace_never_draws_a_429(
    telegram: Simulator, install: Callable[..., Installation], seed: int
) -> None:
    rekan = install(telegram)
    write_schedule(rekan.folder, {"kabar": datetime.now(UTC) + timedelta(seconds=4)})
    people = enrol(rekan.database_url, telegram, WAVE)
    books = Books(rekan.database_url, telegram)
    await rekan.start()
    async with Crowd(telegram, people[:TALKERS], seed) as crowd:
        await eventually(lambda: len(_counted(telegram)) > WAVE // 2, "half of the wave", rekan)
        await crowd.finish()
    await books.settled(rekan)
    assert telegram.state()["refused_429"] == 0
    books.every_answer_once(crowd.participants)
    assert books.every_message_once() == 0
    moments = [call.at for call in _counted(telegram)]
    most = max(_within_a_second(moments))
    assert most <= 30
    assert most >= 15, "that is not full pace"
    tell(f"{len(moments)} messages to {WAVE} people, {crowd.rounds} rounds; at most {most} in a second")
    assert await rekan.stop() == 0


async def test_a_retry_after_is_kept(telegram: Simulator, install: Callable[..., Installation]) -> None:
    rekan = install(telegram)
    write_schedule(rekan.folder)
    one, *others = enrol(rekan.database_url, telegram, 20)
    books = Books(rekan.database_url, telegram)
    await rekan.start()
    # One chat is named: it waits, and nobody else.
    telegram.faults.add("sendMessage", chat_id=one.id, kind=Retry429(2))
    for person in (one, *others[:5]):
        await person.send("/bantuan")
    await eventually(lambda: len(one.inbox) == 1, "the one who was to wait has an answer", rekan)
    refused, answered = [call for call in _counted(telegram) if call.chat_id == one.id]
    assert (refused.error_code, answered.error_code) == (429, None)
    assert answered.at - refused.at >= timedelta(seconds=2)
    meanwhile = {call.chat_id for call in _counted(telegram) if refused.at < call.at < answered.at}
    assert meanwhile == {person.id for person in others[:5]}
    # All are meant: what was on its way is refused too, one call tries whether it was all, then all wait.
    before = len(telegram.calls)
    telegram.faults.add("sendMessage", kind=Retry429(2))
    for person in others:
        await person.send("/bantuan")
    await eventually(lambda: all(person.inbox for person in others), "all answers", rekan)
    await books.settled(rekan)
    calls = [call for call in list(telegram.calls)[before:] if call.method.lower() in _COUNTED]
    first = next(call for call in calls if call.error_code == 429)
    held = [call for call in calls if timedelta(seconds=0.3) < call.at - first.at < timedelta(seconds=2)]
    assert len(held) <= 1, [(call.chat_id, call.error_code) for call in held]
    assert all(call.error_code == 429 for call in held)
    assert [len(person.inbox) for person in others] == [2] * 5 + [1] * 14
    books.every_message_once()
    assert await rekan.stop() == 0


async def test_a_retry_after_is_kept_by_who_comes_after_a_kill(
    telegram: Simulator, install: Callable[..., Installation]
) -> None:
    rekan = install(telegram)
    write_schedule(rekan.folder)
    people = enrol(rekan.database_url, telegram, 12)
    books = Books(rekan.database_url, telegram)
    await rekan.start()
    telegram.faults.add("sendMessage", kind=Retry429(8))
    for person in people:
        await person.send("/bantuan")

    def noted(tx: Transaction) -> bool:
        return state.recall(tx, state.HELD) is not None

    await eventually(lambda: books.read(noted), "it is noted that all is held", rekan)
    await rekan.kill()
    refused = [call.at for call in _counted(telegram)]
    await rekan.start()
    await eventually(lambda: all(person.inbox for person in people), "all answers", rekan)
    await books.settled(rekan)
    (still_held,) = rekan.events("still_held")
    assert 0 < still_held["seconds"] <= 8
    answered = [call for call in _counted(telegram) if call.at > refused[-1]]
    assert {call.error_code for call in answered} == {None}
    assert answered[0].at - refused[0] >= timedelta(seconds=8)
    assert await rekan.stop() == 0


async def test_each_trouble_ends_as_written(
    telegram: Simulator, install: Callable[..., Installation]
) -> None:
    troubles: list[tuple[Kind, int, str]] = [
        (ServerError(500), 1, "InDoubt"),
        (ServerError(502), 1, "InDoubt"),
        (ServerError(503), 1, "Unsent"),
        (DropBefore(), 1, "InDoubt"),
        (TimeoutBefore(0.5), 1, "InDoubt"),
        (DropAfter(), 2, "InDoubt"),
        (TimeoutAfter(0.5), 2, "InDoubt"),
        (Retry429(1), 1, "HoldBack"),
    ]
    rekan = install(telegram)
    write_schedule(rekan.folder)
    people = enrol(rekan.database_url, telegram, len(troubles) + 2)
    books = Books(rekan.database_url, telegram)
    await rekan.start()
    for person, (kind, _, _) in zip(people, troubles, strict=False):
        telegram.faults.add("sendMessage", chat_id=person.id, kind=kind)
    # Gone for good; what is owed to those who are gone stays recorded as that.
    await people[-1].send("/bantuan")
    await people[-1].block()
    # Updates, too, come over a bad line.
    for kind in (ServerError(502), DropAfter(), TimeoutBefore(0.2), Retry429(1)):
        telegram.faults.add("getUpdates", kind=kind)
    for person in people[:-1]:
        await person.send("/bantuan")
        await person.send("/kuis")  # whatever becomes of the first answer, the second comes after it
    await eventually(lambda: all(len(p.inbox) >= 2 for p in people[:-1]), "all answers", rekan)
    await books.settled(rekan)
    ends = books.read(_ends)
    outcomes = {event["message"]: event["outcome"] for event in rekan.events("message_not_sent")}
    for person, (kind, copies, outcome) in zip(people, troubles, strict=False):
        first, second = ends[person.id]
        assert (first.state, second.state) == ("sent", "sent"), kind
        assert first.attempts == (1 if isinstance(kind, Retry429) else 2), kind
        assert second.attempts == 1, kind
        assert first.message_id < second.message_id, kind
        assert len(person.inbox) == copies + 1, kind
        assert outcomes[first.id].startswith(outcome), kind
    assert all(row.attempts == 1 for row in ends[people[-2].id])
    assert {row.state for row in ends[people[-1].id]} <= {"gone", "sent"}
    assert await rekan.stop() == 0


def _counted(telegram: Simulator) -> list[CallRecord]:
    return [call for call in telegram.calls if call.method.lower() in _COUNTED]


def _within_a_second(moments: list[datetime]) -> list[int]:
    """How many lie in the second that begins with each; `moments` ascend."""
    second = timedelta(seconds=1)
    return [bisect_left(moments, moment + second) - n for n, moment in enumerate(moments)]


def _ends(tx: Transaction) -> dict[int, list[Any]]:
    """The rows of each chat, oldest first."""
    found = defaultdict(list)
    for row in tx.connection.execute(select(OutboxRow.__table__).order_by(OutboxRow.id)):
        found[row.chat_id].append(row)
    return found
