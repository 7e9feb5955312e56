"""A real SQLite database for every test of the engine."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.clock import SimulatedClock
from bot.domain.programme import Catalogue
from bot.storage.database import Database
from tests.examples import NOON
from tests.scripted import Wire


@pytest.fixture
def clock() -> SimulatedClock:
    """Noon on the first day of the example."""
    return SimulatedClock(NOON)


@pytest.fixture
def wire(clock: SimulatedClock) -> Wire:
    return Wire(clock)


@pytest.fixture
def open_database(tmp_path: Path, migrated_file: Path) -> Iterator[Callable[[Catalogue], Database]]:
    """Opens the test's one database with a catalogue; again, for another process or another schedule."""
    path = tmp_path / "rekan.db"
    shutil.copy(migrated_file, path)
    opened: list[Database] = []

    def open_it(catalogue: Catalogue) -> Database:
        opened.append(Database.open(f"sqlite:///{path}", catalogue))
        return opened[-1]

    yield open_it
    for database in opened:
        database.close_now()


@pytest.fixture
def running(clock: SimulatedClock) -> Callable[..., object]:
    """Runs things beside a test, while time passes by itself."""

    @asynccontextmanager
    async def run(*parts: Awaitable[None]) -> AsyncIterator[list["asyncio.Task[None]"]]:
        tasks = [asyncio.ensure_future(part) for part in (*parts, clock.run())]
        try:
            yield tasks
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    return run
