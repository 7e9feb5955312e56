"""`kill -9` at any moment: nothing is lost, and nothing is there twice but what was on its way."""

import asyncio
import os
import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from bot.simulator import Simulator
from bot.storage.database import Transaction
from bot.storage.tables import OutboxRow, WaveRow
from tests.acceptance.books import Books
from tests.acceptance.crowd import Crowd
from tests.acceptance.installation import FAST, Installation, by_webhook, eventually, tell
from tests.acceptance.orientation import enrol, write_schedule

KILLS = int(os.environ.get("ACCEPTANCE_KILLS", "3"))
"""How often a test kills the bot."""

PEOPLE = int(os.environ.get("ACCEPTANCE_PEOPLE", "12"))
"""How many answer meanwhile."""

WAVE = int(os.environ.get("ACCEPTANCE_WAVE", "240"))
"""How many a wave is for."""


@pytest.mark.parametrize("how", ["polling", "webhook", "postgresql"])
async def test_killed_while_answers_pour_in(
    how: str,
    quick_telegram: Simulator,
    install: Callable[..., Installation],
    seed: int,
    request: pytest.FixtureRequest,
) -> None:
    settings = [FAST]
    if how == "webhook":
        settings.append(by_webhook())
    if how == "postgresql":
        settings.append({"database": {"url": request.getfixturevalue("postgresql")()}})
    rekan = install(quick_telegram, *settings)
    write_schedule(rekan.folder)
    people = enrol(rekan.database_url, quick_telegram, PEOPLE)
    books = Books(rekan.database_url, quick_telegram)
    chance = random.Random(seed)
    async with Crowd(quick_telegram, people, seed) as crowd:
        for n in range(KILLS):
            if n % 3 == 2:  # some do not even get to run
                await rekan.start(until_it_runs=False)
                await asyncio.sleep(chance.uniform(0.5, 3))
            else:
                await rekan.start()
                await progress(quick_telegram, chance.randint(1, 10 * PEOPLE), rekan)
            await rekan.kill()
            books.after_a_kill()
        await rekan.start()
        await crowd.finish()
    await books.settled(rekan)
    books.every_answer_once(crowd.participants)
    twice = books.every_message_once()
    assert await rekan.stop() == 0
    tell(
        f"{how}: {KILLS} kills, {crowd.rounds} rounds of {PEOPLE} people,"
        f" {len(books.confirmed_updates())} updates, {quick_telegram.state()['messages_sent']} messages,"
        f" {sum(books.doubtful.values())} in doubt, {twice} twice"
    )


async def test_killed_during_a_wave(
    quick_telegram: Simulator, install: Callable[..., Installation], seed: int
) -> None:
    chance = random.Random(seed)
    rekan = install(quick_telegram, FAST, {"telegram": {"pace": {"per_second": 150}}})
    write_schedule(rekan.folder, {"kabar": datetime.now(UTC) + timedelta(seconds=5)})
    enrol(rekan.database_url, quick_telegram, WAVE)
    books = Books(rekan.database_url, quick_telegram)
    await rekan.start()
    # As soon as any of it is there: a wave and its messages come together, or not at all.
    await eventually(lambda: bool(books.read(_waves)), "the wave", rekan, every=0.05)
    await rekan.kill()
    books.after_a_kill()
    assert all(planned == owed for planned, owed in books.read(_waves).values())
    for _ in range(KILLS - 1):
        await rekan.start()
        await progress(quick_telegram, chance.randint(1, WAVE // KILLS), rekan)
        await rekan.kill()
        books.after_a_kill()
        assert sum(books.doubtful.values()) < KILLS * 64, "more in doubt than can be in flight"
    await rekan.start()
    await eventually(lambda: len(books.read(_waves)) == 3, "all zones", rekan, every=0.25)
    await books.settled(rekan)
    sizes = {zone: len(range(n, WAVE, 3)) for n, zone in enumerate(("WIB", "WITA", "WIT"))}
    assert books.read(_waves) == {zone: (size, size) for zone, size in sizes.items()}
    twice = books.every_message_once()
    said = Counter(text for person in quick_telegram.people() for text in {m.text for m in person.inbox})
    assert sum(said.values()) == WAVE, "each has the message, and the same one"
    tell(
        f"{KILLS} kills in a wave of {WAVE}: {WAVE} people have it, {WAVE + twice} messages arrived,"
        f" {sum(books.doubtful.values())} in doubt, {twice} twice"
    )


async def progress(telegram: Simulator, messages: int, rekan: Installation) -> None:
    """Wait until so many more messages have been sent, or the bot has nothing to send."""
    counters = telegram.world.counters
    goal = counters["messages_sent"] + messages
    last, since = -1, 0
    while counters["messages_sent"] < goal and since < 100:
        await asyncio.sleep(0.01)
        since = since + 1 if counters["messages_sent"] == last else 0
        last = counters["messages_sent"]


def _waves(tx: Transaction) -> dict[str, tuple[int, int]]:
    """By zone, for how many people the wave is, and how many messages it has."""
    rows = tx.connection.execute(
        select(WaveRow.zone, WaveRow.people, func.count(OutboxRow.id))
        .outerjoin(OutboxRow, OutboxRow.wave_id == WaveRow.id)
        .group_by(WaveRow.id)
    )
    return {row[0]: (row[1], row[2]) for row in rows}
