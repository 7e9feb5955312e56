"""Several processes on one PostgreSQL: each may end, anyhow, and nobody notices."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict

from bot.simulator import Simulator
from tests.acceptance.books import Books
from tests.acceptance.crowd import Crowd
from tests.acceptance.installation import FAST, Installation, by_webhook, tell
from tests.acceptance.network import Forwarder, at, at_socket
from tests.acceptance.orientation import enrol, write_schedule
from tests.acceptance.test_kills import progress

STANDS_BY = b'"action": "standing_by"'
RUNS = b'"action": "started"'

Install = Callable[..., Installation]


@pytest.fixture
def part(install: Install, quick_telegram: Simulator) -> Callable[..., Installation]:
    """Makes one part of an installation, on a machine of its own."""

    def make(name: str, url: str, *settings: dict[str, Any], wave: datetime | None = None) -> Installation:
        # Not as fast as can be: processes that start beside the crowd need the machine as well.
        pace = {"telegram": {"pace": {"per_second": 60}}}
        made = install(quick_telegram, FAST, pace, {"database": {"url": url}}, *settings)
        made.arguments = ("--only", name)
        write_schedule(made.folder, {"kabar": wave} if wave else None)
        return made

    return make


async def test_a_rolling_restart_under_load_loses_nothing(
    quick_telegram: Simulator, part: Callable[..., Installation], seed: int, postgresql: Callable[..., str]
) -> None:
    url = postgresql()
    hooks = [by_webhook(), by_webhook()]
    ports = [int(hook["telegram"]["webhook"]["listen"].rpartition(":")[2]) for hook in hooks]
    people = enrol(url, quick_telegram, 10)
    books = Books(url, quick_telegram)
    async with Forwarder(*map(at, ports)) as balancer:
        for hook in hooks:
            hook["telegram"]["webhook"]["url"] = f"http://127.0.0.1:{balancer.port}/telegram"
        intakes = [part("intake", url, hook) for hook in hooks]
        active, standby = (part("delivery", url, hooks[0]) for _ in range(2))
        await asyncio.gather(active.start(), *(intake.start() for intake in intakes))
        await standby.start(until_it_runs=False)
        await standby.says(STANDS_BY)
        async with Crowd(quick_telegram, people, seed) as crowd:
            await progress(quick_telegram, 60, active)
            # One of each is asked to end: the other ones go on without it.
            assert await asyncio.gather(intakes[0].stop(), active.stop()) == [0, 0]
            await standby.says(RUNS)
            await progress(quick_telegram, 40, standby)
            await asyncio.gather(intakes[0].start(), active.start(until_it_runs=False))
            await active.says(STANDS_BY)
            # The other ones are not asked.
            await asyncio.gather(intakes[1].kill(), standby.kill())
            killed_at = time.monotonic()
            books.after_a_kill()
            await active.says(RUNS)
            away = time.monotonic() - killed_at
            await progress(quick_telegram, 40, active)
            await intakes[1].start()
            await crowd.finish()
        await books.settled(active)
        books.every_answer_once(crowd.participants)
        twice = books.every_message_once()
        in_flight = sum(event["messages"] for event in active.events("recovered"))
        assert twice <= in_flight
        assert not standby.events("recovered"), "what was asked to end has finished"
        assert away < 5
        # Whoever delivers sets the webhook, and nobody takes it away.
        assert quick_telegram.world.counters["calls_setwebhook"] == 3
        assert quick_telegram.world.counters["calls_deletewebhook"] == 0
        taken = [len(intake.events("started")) for intake in intakes]
        assert taken == [2, 2]
        assert await asyncio.gather(*(rekan.stop() for rekan in (active, *intakes))) == [0, 0, 0]
    tell(
        f"{crowd.rounds} rounds, {len(books.confirmed_updates())} updates,"
        f" {quick_telegram.state()['messages_sent']} messages; taken over after {away:.2f} s,"
        f" {in_flight} in flight, {twice} twice"
    )


async def test_a_standby_takes_over_when_the_network_of_the_active_one_ends(
    quick_telegram: Simulator, part: Callable[..., Installation], seed: int, postgresql: Callable[..., str]
) -> None:
    url = postgresql()
    wave = 300
    due = datetime.now(UTC) - timedelta(seconds=5)
    people = enrol(url, quick_telegram, wave)
    books = Books(url, quick_telegram)
    server = conninfo_to_dict(url)
    async with Forwarder(at_socket(f"{server['host']}/.s.PGSQL.5432")) as cable:
        far = f"postgresql://{server['user']}@127.0.0.1:{cable.port}/{server['dbname']}"
        active, standby = part("delivery", far, wave=due), part("delivery", url, wave=due)
        first, second = part("intake", url), part("intake", url)
        await asyncio.gather(active.start(), first.start())
        await asyncio.gather(standby.start(until_it_runs=False), second.start(until_it_runs=False))
        await asyncio.gather(standby.says(STANDS_BY), second.says(STANDS_BY))
        async with Crowd(quick_telegram, people[:4], seed) as crowd:
            await progress(quick_telegram, 50, active)
            cable.cut()
            cut_at, cut = time.monotonic(), datetime.now(UTC)
            await first.kill()  # meanwhile another one fetches the updates
            books.after_a_kill()
            await standby.says(RUNS)
            away = time.monotonic() - cut_at
            assert await active.end() == 1
            assert "another process may have begun" in active.output.decode().splitlines()[-1]
            await second.says(RUNS)
            await crowd.finish()
        await books.settled(standby)
        books.every_answer_once(crowd.participants)
        twice = books.every_message_once()
        in_flight = sum(event["messages"] for event in standby.events("recovered"))
        assert twice <= in_flight
        # The old one was silent before the new one began. How long its first message takes is up to the
        # machine, which may have other things to do.
        taken_over = _moment(standby.events("taken_over")[0])
        last = max(_moment(event) for event in active.events("message_sent"))
        assert last < taken_over < cut + timedelta(seconds=5)
        assert await asyncio.gather(standby.stop(), second.stop()) == [0, 0]
    tell(
        f"taken over after {away:.2f} s, the last message {(last - cut).total_seconds():.2f} s after the cut;"
        f" {in_flight} in flight, {twice} twice"
    )


def _moment(event: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(event["timestamp"])
