"""Each way in which Rekan can be unwell is told, by the check whose business it is."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from bot.clock import SimulatedClock, SystemClock
from bot.delivery.pacer import Limits, Pacer
from bot.delivery.sender import Sender
from bot.domain.messages import Say
from bot.domain.outcomes import Outcome, Sent
from bot.health import (
    Check,
    Fresh,
    Health,
    Pulse,
    database_takes_writes,
    instance_holds,
    instance_stands_by,
    sender_moves,
    telegram_reached,
)
from bot.simulator import Limits as TelegramsLimits
from bot.simulator import Simulator
from bot.storage import outbox
from bot.storage.database import Database, Transaction
from bot.storage.outbox import Recipient
from bot.telegram.client import Client
from bot.watch import Watch
from bot.web.server import Checks, Finding, serving
from tests.examples import NOON, add_person
from tests.scripted import Wire
from tests.web.conftest import get


async def answers(*checks: Check, **named: Check) -> tuple[int, str]:
    """What `/readyz` answers with these checks."""
    health = Health({**{f"check {n}": check for n, check in enumerate(checks)}, **named}, patience=0.3)
    pulse = Pulse()
    async with serving(Checks(alive=pulse.alive, ready=health.report), "127.0.0.1:0") as address:
        try:
            return await get(address, "/readyz")
        finally:
            await health.close()


async def well() -> Finding:
    return Finding(True, "well")


# --- /readyz ------------------------------------------------------------------------------------------


async def test_ready_is_what_every_check_finds_well() -> None:
    assert await answers(a=well, b=well) == (200, "ok\na: well\nb: well\n")


async def test_one_check_that_fails_is_enough() -> None:
    async def unwell() -> Finding:
        return Finding(False, "unwell")

    assert await answers(a=unwell, b=well) == (503, "not ready\na: unwell\nb: well\n")


async def test_a_check_that_does_not_answer_or_breaks_fails_and_hides_no_other() -> None:
    async def broken() -> Finding:
        raise KeyError("x")

    status, text = await answers(a=asyncio.Event().wait, b=broken, c=well)  # type: ignore[arg-type]  # never answers
    told = "not ready\na: does not answer within 0.3 s\nb: cannot be asked: KeyError\nc: well\n"
    assert (status, text) == (503, told)


async def test_a_database_that_takes_no_writes(database: Database, file: Path) -> None:
    check = database_takes_writes(database, SystemClock())
    assert await check() == Finding(True, "takes writes")
    with sqlite3.connect(file) as other:
        other.execute("CREATE TRIGGER full BEFORE UPDATE ON state BEGIN SELECT RAISE(ABORT, 'full'); END")
    other.close()
    assert not (await Health({"database": check}).report())["database"].well


async def test_a_database_that_hangs(database: Database) -> None:
    check = database_takes_writes(database, SystemClock())
    hold = threading.Event()
    held = asyncio.create_task(database.transact(lambda _tx: hold.wait(5)))
    await asyncio.sleep(0)
    told = await answers(database=check)
    hold.set()
    await held
    assert told == (503, "not ready\ndatabase: does not answer within 0.3 s\n")


async def test_a_closed_database(database: Database) -> None:
    database.close_now()
    status, text = await answers(database=database_takes_writes(database, SystemClock()))
    assert (status, text.splitlines()[1]) == (503, "database: the database is closed: Rekan is stopping")


async def test_telegram_is_away_and_then_back() -> None:
    away = False

    async def ask() -> None:
        if away:
            raise ConnectionError("no route")

    check = telegram_reached(ask, every=0, lately=0.2)
    assert await check() == Finding(True, "answers")
    away = True
    assert await check() == Finding(
        True, "answered 0 s ago, not now (no route)"
    )  # one lost call is no outage
    await asyncio.sleep(0.25)
    assert await check() == Finding(False, "answered 0 s ago, not now (no route)")
    away = False
    assert (await check()).well


async def test_telegram_that_never_answered() -> None:
    async def ask() -> None:
        raise ConnectionError("no route")

    assert await telegram_reached(ask)() == Finding(False, "has not answered yet (no route)")


async def test_telegram_is_asked_over_the_wire(database: Database) -> None:
    async with Simulator(SystemClock(), limits=TelegramsLimits.off()) as telegram:
        client = Client(telegram.token, telegram.base_url)
        await client.initialize()
        watch = Watch(database, SystemClock(), client=client)
        async with serving(watch.application(), "127.0.0.1:0") as address:
            assert await get(address, "/readyz") == (200, "ok\ndatabase: takes writes\ntelegram: answers\n")
    gone = Watch(database, SystemClock(), client=client)
    async with serving(gone.application(), "127.0.0.1:0") as address:
        status, text = await get(address, "/readyz")
    assert status == 503
    assert "\ntelegram: has not answered yet (" in text
    assert telegram.token not in text
    await client.shutdown()


class Held(Wire):
    """A wire whose calls end when a test lets them."""

    def __init__(self, clock: SimulatedClock) -> None:
        super().__init__(clock)
        self.open = asyncio.Event()

    async def send(self, *_: object, paid: bool = False) -> Outcome:
        await self.open.wait()
        return Sent(1)


async def test_a_sender_that_is_stuck(database: Database) -> None:
    clock = SimulatedClock(NOON)
    wire, pacer = Held(clock), Pacer(clock, Limits())
    sender = Sender(database, wire, pacer, clock)

    def owe(tx: Transaction) -> None:
        for name in ("Anna", "Budi"):
            whom = Recipient(person_id=add_person(tx, name))
            outbox.owe(tx, whom, Say("hello"), reason="x", lane=outbox.Lane.REMINDER, now=NOON)

    database.write_now(owe)
    check = sender_moves(database, clock, sender, pacer)
    assert (await check()).well
    await clock.advance_to(NOON + timedelta(seconds=61))
    assert await check() == Finding(False, "has ended no call for 61 s, and messages are due")
    pacer.pause(30)
    assert await check() == Finding(True, "pauses for 30 s, as Telegram asks or because it is away")
    await clock.advance_to(NOON + timedelta(seconds=100))
    assert not (await check()).well
    sending = asyncio.create_task(sender.run())
    wire.open.set()
    async with asyncio.timeout(5):
        while not sender.counts["Sent"]:  # noqa: ASYNC110 - what is looked at knows no events
            await asyncio.sleep(0.005)
    assert (await check()).well
    sender.stop()
    await sending


async def test_an_instance_that_holds_stands_by_or_has_lost_its_hold() -> None:
    lost = asyncio.Event()
    assert await answers(instance=instance_stands_by("delivery")) == (
        200,
        "ok\ninstance: stands by for delivery\n",
    )
    assert await answers(instance=instance_holds(lost)) == (200, "ok\ninstance: holds the database\n")
    lost.set()
    status, text = await answers(instance=instance_holds(lost))
    assert (status, text.splitlines()[1][:39]) == (503, "instance: lost its hold on the database")


class WithABrokenMessage(Sender):
    """A sender that has met a message which a fault of ours keeps from being handled."""

    @property
    def broken(self) -> Collection[int]:
        return {1}


async def test_a_message_that_cannot_be_handled_is_no_stuck_sender(database: Database) -> None:
    clock = SimulatedClock(NOON)
    pacer = Pacer(clock, Limits())
    check = sender_moves(database, clock, WithABrokenMessage(database, Wire(clock), pacer, clock), pacer)

    def owe(tx: Transaction, name: str) -> None:
        whom = Recipient(person_id=add_person(tx, name))
        outbox.owe(tx, whom, Say("hello"), reason="x", lane=outbox.Lane.REMINDER, now=NOON)

    database.write_now(owe, "Anna")
    await clock.advance_to(NOON + timedelta(seconds=100))
    assert (await check()).well
    database.write_now(owe, "Budi")
    assert not (await check()).well


# --- /healthz -----------------------------------------------------------------------------------------


async def test_a_loop_that_turns_is_alive() -> None:
    pulse = Pulse()
    beating = asyncio.create_task(pulse.run())
    async with serving(Checks(alive=pulse.alive, ready=_nothing), "127.0.0.1:0") as address:
        assert await get(address, "/healthz") == (200, "ok\n")
    beating.cancel()


async def test_a_pulse_that_stopped_is_no_life() -> None:
    pulse = Pulse(still=0.05)
    beating = asyncio.create_task(pulse.run())
    await asyncio.sleep(0)
    beating.cancel()
    async with serving(Checks(alive=pulse.alive, ready=_nothing), "127.0.0.1:0") as address:
        await asyncio.sleep(0.06)
        assert await get(address, "/healthz") == (503, "the event loop stood still for 0 s\n")


def test_a_loop_that_stands_still_answers_nobody() -> None:
    """Asked from outside, as by a supervisor, while something blocks the loop."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    pulse = Pulse()
    stop = asyncio.Event()
    ready: asyncio.Future[str] = asyncio.Future(loop=loop)

    async def serve() -> None:
        beating = asyncio.create_task(pulse.run())
        async with serving(Checks(alive=pulse.alive, ready=_nothing), "127.0.0.1:0") as address:
            ready.set_result(address)
            await stop.wait()
        beating.cancel()

    serving_it = asyncio.run_coroutine_threadsafe(serve(), loop)
    address = asyncio.run_coroutine_threadsafe(_value(ready), loop).result(5)

    async def ask(seconds: float) -> int:
        timeout = aiohttp.ClientTimeout(total=seconds)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"{address}/healthz") as found,
        ):
            return found.status

    assert asyncio.run(ask(5)) == 200
    loop.call_soon_threadsafe(time.sleep, 0.5)
    with pytest.raises(TimeoutError):
        asyncio.run(ask(0.1))
    assert asyncio.run(ask(5)) == 200
    loop.call_soon_threadsafe(stop.set)
    serving_it.result(5)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
    assert pulse.stalls.sum > 0.2


async def _value(future: "asyncio.Future[str]") -> str:
    return await future


async def _nothing() -> Mapping[str, Finding]:
    return {}


# --- asking -------------------------------------------------------------------------------------------


def counted(seconds: float = 0.0) -> tuple[Callable[[], Awaitable[int]], list[int]]:
    asked: list[int] = []

    async def ask() -> int:
        asked.append(len(asked))
        await asyncio.sleep(seconds)
        return len(asked)

    return ask, asked


async def test_however_many_want_to_know_it_is_asked_once() -> None:
    ask, asked = counted()
    fresh = Fresh(ask, keep=60)
    assert await asyncio.gather(*(fresh.get() for _ in range(5))) == [1] * 5
    assert await fresh.get() == 1
    assert len(asked) == 1


async def test_what_is_too_old_is_asked_again_and_what_took_long_is_believed_for_longer() -> None:
    quick, slow = Fresh(counted()[0], keep=0), Fresh(counted(0.02)[0], keep=0)
    assert [await quick.get(), await slow.get()] == [1, 1]
    await asyncio.sleep(0.1)
    assert [await quick.get(), await slow.get()] == [2, 1]


async def test_who_gives_up_ends_it_for_nobody_else() -> None:
    ask, asked = counted(0.05)
    fresh = Fresh(ask)
    patient = asyncio.create_task(fresh.get())
    await asyncio.sleep(0)
    with pytest.raises(TimeoutError):
        await fresh.get(0.005)
    assert (await patient, len(asked)) == (1, 1)
    await fresh.close()
