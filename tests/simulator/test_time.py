"""Simulated time waits for what is on the wire, and for nobody who is not there."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from bot.clock import SimulatedClock, SystemClock
from bot.simulator import Limits, Person, Simulator
from tests.simulator.conftest import START, Caller


class EchoBot:
    """Polls and answers; confirms an update only after its answer was sent."""

    def __init__(self, call: Caller, clock: SimulatedClock, pace: float = 0.0) -> None:
        self.call, self.clock, self.pace = call, clock, pace
        self.handled_at: list[float] = []

    async def run(self) -> None:
        offset = 0
        while True:
            updates = await self.call.updates(offset=offset, timeout=30)
            await asyncio.gather(*map(self.handle, updates))
            if updates:
                offset = updates[-1]["update_id"] + 1

    async def handle(self, update: dict[str, Any]) -> None:
        with self.clock.busy():
            message = update["message"]
            self.handled_at.append((self.clock.now() - START).total_seconds())
            if self.pace:
                await self.clock.sleep(self.pace)
            await self.call.result("sendMessage", chat_id=message["chat"]["id"], text=message["text"])


@pytest.fixture
async def echo(call: Caller, clock: SimulatedClock) -> AsyncIterator[EchoBot]:
    bot = EchoBot(call, clock)
    task = asyncio.create_task(bot.run())
    yield bot
    task.cancel()


async def test_no_time_passes_between_a_message_and_its_answer(
    clock: SimulatedClock, sim: Simulator, ani: Person, echo: EchoBot
) -> None:
    async def crowd() -> None:
        for number in range(20):
            await clock.sleep(60)
            await ani.send(str(number))

    crowd_task = asyncio.create_task(crowd())
    await clock.advance_to(START + timedelta(hours=1))
    await crowd_task
    assert echo.handled_at == [60.0 * number for number in range(1, 21)]
    assert [(message.date - START).total_seconds() for message in ani.inbox] == echo.handled_at


async def test_a_bot_that_paces_itself_does_not_stop_the_clock(
    clock: SimulatedClock, sim: Simulator, call: Caller, ani: Person, echo: EchoBot
) -> None:
    echo.pace = 10.0
    begun = asyncio.get_running_loop().time()
    for number in range(20):
        await ani.send(str(number))
        await clock.advance_to(clock.now() + timedelta(seconds=1))
    await clock.advance_to(clock.now() + timedelta(minutes=10))
    assert len(ani.inbox) == 20
    assert asyncio.get_running_loop().time() - begun < 3.0, "no second of real time is lost on waiting"


async def test_nobody_there_means_a_second_of_patience_once(
    clock: SimulatedClock, sim: Simulator, ani: Person
) -> None:
    loop = asyncio.get_running_loop()
    await asyncio.sleep(0)
    begun = loop.time()
    await ani.send("ada orang?")
    await clock.advance_to(clock.now() + timedelta(hours=1))
    first = loop.time() - begun
    begun = loop.time()
    for _ in range(50):
        await ani.send("halo?")
        await clock.advance_to(clock.now() + timedelta(minutes=1))
    assert first < 1.5
    assert loop.time() - begun < 1.0
    assert sim.pending_updates() == 51


async def test_a_bot_that_comes_back_finds_what_waited(
    clock: SimulatedClock, sim: Simulator, call: Caller, ani: Person
) -> None:
    first = EchoBot(call, clock)
    task = asyncio.create_task(first.run())
    await ani.send("satu")
    await sim.idle()
    task.cancel()
    await asyncio.sleep(0.02)
    await ani.send("dua")
    await clock.advance_to(clock.now() + timedelta(hours=1))
    second = EchoBot(call, clock)
    task = asyncio.create_task(second.run())
    await sim.idle()
    await clock.settle()
    assert [message.text for message in ani.inbox] == ["satu", "dua"]
    task.cancel()


async def test_polls_close_on_the_clock(
    clock: SimulatedClock, sim: Simulator, call: Caller, ani: Person
) -> None:
    await call.result("sendPoll", chat_id=101, question="?", options=["a", "b"], open_period=60)
    await clock.advance_to(clock.now() + timedelta(seconds=59))
    assert not ani.inbox[-1].poll.closed  # type: ignore[union-attr]
    await clock.advance_to(clock.now() + timedelta(seconds=1))
    assert ani.inbox[-1].poll.closed  # type: ignore[union-attr]
    (update,) = await call.updates()
    assert update["poll"]["is_closed"] is True


async def test_real_time_needs_no_holding() -> None:
    async with Simulator(SystemClock(), limits=Limits.off()) as sim:
        await sim.person(1).send("halo")
        assert sim.pending_updates() == 1
