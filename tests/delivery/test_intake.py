import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any

import pytest
import structlog

from bot.clock import SimulatedClock, SystemClock
from bot.domain.events import Event, Sender, Tapped, Voted, Wrote
from bot.domain.messages import Reader, Say, Tap
from bot.domain.zones import Zone
from bot.intake import BehindError, Intake, _Gate
from bot.storage import updates
from bot.storage.database import Database, DatabaseError, Transaction, TryAgain
from bot.storage.messages import load
from bot.usecases.desk import Handled
from tests.examples import NOON, catalogue, outbox_rows
from tests.scripted import Wire

Running = Callable[..., AbstractAsyncContextManager[list["asyncio.Task[None]"]]]
READER = Reader("id", Zone.WIB, "Anna")


def wrote(chat_id: int, text: str = "halo") -> Wrote:
    return Wrote(Sender(chat_id), 1, text)


class Desk:
    """An intake whose use case does as the test says."""

    def __init__(self, database: Database, wire: Wire, clock: SimulatedClock) -> None:
        self.handled: list[tuple[int, Event, datetime]] = []
        self.raises: dict[int, list[Exception]] = {}
        """By update, what handling it raises, one after the other; then it is handled."""
        self.nudges = 0
        self.database = database
        self.clock = clock
        self.intake = Intake(database, self.handle, wire, self.nudge, clock)

    def handle(self, tx: Transaction, update_id: int, event: Event, now: datetime, _begin: bool) -> Handled:
        assert updates.note(tx, update_id, now)
        if self.raises.get(update_id):
            raise self.raises[update_id].pop(0)
        self.handled.append((update_id, event, now))
        return Handled(Say("toast"), READER)

    def nudge(self) -> None:
        self.nudges += 1

    def ids(self) -> list[int]:
        return [update_id for update_id, _, _ in self.handled]


@pytest.fixture
def desk(open_database: Callable[..., Database], wire: Wire, clock: SimulatedClock) -> Desk:
    return Desk(open_database(catalogue()), wire, clock)


async def test_an_event_is_handled_committed_and_the_sender_nudged(desk: Desk) -> None:
    await desk.intake.take(7, wrote(1))
    assert desk.handled == [(7, wrote(1), NOON)]
    assert desk.nudges == 1
    assert not desk.database.write_now(updates.note, 7, NOON)  # it is there


async def test_a_chats_events_keep_their_order_and_chats_go_side_by_side(
    desk: Desk, running: Running
) -> None:
    desk.raises[1] = [TryAgain(), TryAgain()]  # the first of chat 1 has to wait
    async with running():
        takes = [desk.intake.take(n, wrote(1 if n < 4 else n)) for n in (1, 2, 3, 4, 5)]
        await asyncio.wait_for(asyncio.gather(*takes), 10)
    assert sorted(desk.ids()[:2]) == [4, 5]
    assert desk.ids()[2:] == [1, 2, 3]
    assert desk.intake._turns == {}


async def test_what_has_overtaken_its_cause_is_tried_again_shortly(desk: Desk, running: Running) -> None:
    desk.raises[1] = [TryAgain()] * 3
    async with running():
        await asyncio.wait_for(desk.intake.take(1, wrote(1)), 10)
    assert 0.05 <= (desk.clock.now() - NOON).total_seconds() < 0.5


async def test_a_cause_that_never_comes_is_not_waited_for_for_ever(desk: Desk, running: Running) -> None:
    desk.raises[1] = [TryAgain()] * 10_000
    async with running():
        with pytest.raises(TryAgain):
            await asyncio.wait_for(desk.intake.take(1, wrote(1)), 10)
        assert 3 <= (desk.clock.now() - NOON).total_seconds() < 5


async def test_time_in_which_the_database_stands_still_is_no_waiting(
    open_database: Callable[..., Database], wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.intake._OVERTAKEN_FOR", 0.2)
    waited: list[bool] = []

    def handle(tx: Transaction, update_id: int, event: Event, now: datetime, _begin: bool) -> Handled:
        assert isinstance(event, Voted)
        waited.append(event.waited)
        if len(waited) == 2:
            time.sleep(0.4)  # the poll's note waits behind this as well
        if len(waited) < 4:
            raise TryAgain
        return Handled(None, READER)

    intake = Intake(open_database(catalogue()), handle, wire, lambda: None, SystemClock())
    await intake.take(1, Voted(Sender(1), "poll", (0,)))
    assert waited == [False] * 4


async def test_a_fault_is_not_confirmed_and_given_up_the_third_time(desk: Desk) -> None:
    desk.raises[1] = [ZeroDivisionError("what Anna wrote")] * 3
    with structlog.testing.capture_logs() as logs:
        desk.intake = Intake(desk.database, desk.handle, Wire(desk.clock), desk.nudge, desk.clock)
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                await desk.intake.take(1, wrote(5))
            assert desk.database.read_now(outbox_rows) == []
        await desk.intake.take(1, wrote(5))
    (row,) = desk.database.read_now(outbox_rows)
    assert (load(row.message), row.chat_id, row.lane) == (Say("error.apology"), 5, 0)
    assert [log["action"] for log in logs] == ["update_failed", "update_failed", "update_given_up"]
    assert {log["fault"].partition(" at ")[0] for log in logs} == {"ZeroDivisionError"}
    assert "test_intake.py" in logs[-1]["fault"]
    assert "Anna" not in str(logs)
    assert desk.intake.counts == {"failed": 3, "given up": 1, "taken": 1}
    # It counts as handled: a redelivery only finds that out.
    assert not desk.database.write_now(updates.note, 1, NOON)


async def test_one_update_at_fault_does_not_keep_the_chat(desk: Desk) -> None:
    desk.raises[1] = [ZeroDivisionError()] * 3
    with pytest.raises(ZeroDivisionError):
        await desk.intake.take(1, wrote(5))
    await desk.intake.take(2, wrote(5))
    assert desk.ids() == [2]


async def test_nobody_overtakes_in_a_chat_what_was_not_handled(desk: Desk) -> None:
    desk.raises[1] = [DatabaseError("the disk is full")]
    arrivals = [(1, 5), (2, 6), (3, 5), (4, 5)]
    takes = [desk.intake.take(n, wrote(chat)) for n, chat in arrivals]
    results = await asyncio.gather(*takes, return_exceptions=True)
    assert [type(each) for each in results] == [DatabaseError, type(None), BehindError, BehindError]
    await asyncio.gather(*(desk.intake.take(n, wrote(chat)) for n, chat in arrivals if chat == 5))
    assert desk.ids() == [2, 1, 3, 4]
    assert desk.intake.counts == {"taken": 4}


async def test_a_group_is_told_nothing(desk: Desk) -> None:
    desk.raises[1] = [ZeroDivisionError()] * 3
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            await desk.intake.take(1, wrote(-5))
    await desk.intake.take(1, wrote(-5))
    assert desk.database.read_now(outbox_rows) == []


async def test_a_database_that_is_away_is_nobodys_fault(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    really = desk.database.transact

    async def away(*_: Any, **__: Any) -> Any:
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(desk.database, "transact", away)
    for _ in range(5):
        with pytest.raises(DatabaseError):
            await desk.intake.take(1, wrote(5))
    monkeypatch.setattr(desk.database, "transact", really)
    await desk.intake.take(1, wrote(5))
    assert desk.ids() == [1]
    assert desk.intake.counts == {"taken": 1}


async def test_a_tap_is_answered_after_the_commit(desk: Desk, wire: Wire) -> None:
    await desk.intake.take(1, Tapped(Sender(1), 2, "callback", Tap("menu")))
    await desk.intake.close()
    assert wire.toasts == [("callback", Say("toast"), READER)]


async def test_a_webhook_is_given_the_call_that_answers_a_tap(desk: Desk, wire: Wire) -> None:
    call = await desk.intake.take_and_answer(1, Tapped(Sender(1), 2, "callback", Tap("menu")))
    assert call == {"method": "answerCallbackQuery", "callback_query_id": "callback", "say": Say("toast")}
    assert await desk.intake.take_and_answer(2, wrote(1)) is None
    wire.toast_error = RuntimeError("no words")
    with structlog.testing.capture_logs() as logs:
        desk.intake = Intake(desk.database, desk.handle, wire, desk.nudge, desk.clock)
        assert await desk.intake.take_and_answer(3, Tapped(Sender(1), 2, "callback", Tap("menu"))) is None
    assert [log["action"] for log in logs] == ["toast_failed"]
    await desk.intake.close()
    assert wire.toasts == []
    assert desk.ids() == [1, 2, 3]


async def test_a_tap_that_cannot_be_answered_is_confirmed_all_the_same(desk: Desk, wire: Wire) -> None:
    wire.toast_error = RuntimeError("no route")
    with structlog.testing.capture_logs() as logs:
        desk.intake = Intake(desk.database, desk.handle, wire, desk.nudge, desk.clock)
        await desk.intake.take(1, Tapped(Sender(1), 2, "callback", Tap("menu")))
        await desk.intake.close()
    assert desk.ids() == [1]
    assert [log["action"] for log in logs] == ["toast_failed"]


async def test_a_tap_that_is_given_up_stops_spinning(desk: Desk, wire: Wire) -> None:
    desk.raises[1] = [ZeroDivisionError()] * 3
    tapped = Tapped(Sender(1), 2, "callback", Tap("menu"))
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            await desk.intake.take(1, tapped)
    await desk.intake.take(1, tapped)
    await desk.intake.close()
    assert wire.toasts == [("callback", None, Reader("id", "WIB"))]


async def test_words_over_buttons_do_not_heap_up_where_telegram_is_slow(desk: Desk, wire: Wire) -> None:
    desk.intake._toasting = _Gate(2)
    go_on, under_way = asyncio.Event(), 0

    async def slow(_callback_id: str, _say: Say | None, _reader: Reader) -> None:
        nonlocal under_way
        under_way += 1
        await go_on.wait()

    wire.toast = slow  # type: ignore[method-assign]  # it takes its time
    taking = [
        asyncio.create_task(desk.intake.take(n, Tapped(Sender(n), 2, "callback", Tap("menu"))))
        for n in range(1, 7)
    ]
    _, waiting = await asyncio.wait(taking, timeout=0.5)
    assert (under_way, len(waiting)) == (2, 4)
    assert sorted(desk.ids()) == [1, 2, 3, 4, 5, 6]
    go_on.set()
    await asyncio.gather(*taking)
    await desk.intake.close()
    assert under_way == 6


async def test_it_takes_no_more_at_once_than_it_has_room_for(
    desk: Desk, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.intake._room = _Gate(2)
    most = 0
    running_now = 0
    really = desk.database.transact

    async def transact(*args: Any, **kwargs: Any) -> Any:
        nonlocal most, running_now
        running_now += 1
        most = max(most, running_now)
        try:
            return await really(*args, **kwargs)
        finally:
            running_now -= 1

    monkeypatch.setattr(desk.database, "transact", transact)
    async with running():
        await asyncio.wait_for(asyncio.gather(*(desk.intake.take(n, wrote(n)) for n in range(1, 30))), 10)
    assert (len(desk.ids()), most) == (29, 2)
