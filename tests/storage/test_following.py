"""What one process corrects, another works with within a second, and at once on PostgreSQL."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from bot.domain.programme import Instant
from bot.storage.database import Database
from bot.storage.following import follow
from bot.usecases import corrections
from bot.usecases.corrections import MoveEntry, SkipEntry
from tests.examples import NOON, catalogue, entry

HOUR = timedelta(hours=1)
ENTRY = entry("a", Instant(NOON + HOUR))
Opened = Callable[[], Database]


@pytest.fixture
def another(url: str) -> Iterator[Opened]:
    opened: list[Database] = []

    def open_it() -> Database:
        opened.append(Database.open(url, catalogue(ENTRY)))
        return opened[-1]

    yield open_it
    for database in opened:
        database.close_now()


async def test_another_process_hears_of_it(
    another: Opened, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On PostgreSQL it is called; on SQLite it looks, which here it does more often than once a second.
    monkeypatch.setattr("bot.storage.waking.EVERY", 30.0)
    monkeypatch.setattr("bot.storage.following.EVERY", 0.02)
    ours, theirs = another(), another()
    looked = asyncio.Event()
    following = asyncio.create_task(follow(theirs, looked.set))
    await asyncio.sleep(0.2 if engine == "postgresql" else 0)  # until it listens
    await ours.transact(corrections.correct, None, "p", SkipEntry("a"), NOON)
    async with asyncio.timeout(10):
        await looked.wait()
    skipped = theirs.catalogue.programmes["p"].entry("a")
    assert skipped is not None
    assert skipped.skipped
    assert theirs.catalogue == ours.catalogue
    # What is corrected in the process itself is told as well, as it is committed.
    looked.clear()
    await theirs.transact(corrections.correct, None, "p", MoveEntry("a", Instant(NOON + 2 * HOUR)), NOON)
    async with asyncio.timeout(10):
        await looked.wait()
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
