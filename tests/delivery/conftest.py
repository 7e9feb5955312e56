"""A real SQLite database for every test of the engine, and a wire that does as it is told."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import pytest
from examples import NOON

from bot.clock import SimulatedClock
from bot.domain.messages import Message, Reader, Say
from bot.domain.outcomes import Outcome, Sent
from bot.domain.programme import Catalogue
from bot.storage.database import Database

Answer = Outcome | Exception | Callable[[], Awaitable[Outcome]]


class Wire:
    """Telegram in memory: sends whatever it gets, unless the script of a chat says otherwise."""

    def __init__(self, clock: SimulatedClock) -> None:
        self.sent: list[tuple[datetime, int, Message]] = []
        """Every call: when, to which chat, what."""
        self.readers: list[Reader] = []
        self.toasts: list[tuple[str, Say | None, Reader]] = []
        self.script: defaultdict[int, list[Answer]] = defaultdict(list)
        """By chat, how the next calls end; then they succeed."""
        self.toast_error: Exception | None = None
        self._clock = clock

    async def send(self, chat_id: int, message: Message, reader: Reader) -> Outcome:
        self.sent.append((self._clock.now(), chat_id, message))
        self.readers.append(reader)
        if not self.script[chat_id]:
            return Sent(len(self.sent), None)
        answer = self.script[chat_id].pop(0)
        if isinstance(answer, Exception):
            raise answer
        return await answer() if callable(answer) else answer

    async def toast(self, callback_id: str, say: Say | None, reader: Reader) -> None:
        self.toasts.append((callback_id, say, reader))
        if self.toast_error is not None:
            raise self.toast_error

    def keys(self, chat_id: int | None = None) -> list[str]:
        """What was said (to a chat), by key."""
        return [
            message.key if isinstance(message, Say) else repr(message)
            for _, chat, message in self.sent
            if chat_id in (None, chat)
        ]


@pytest.fixture
def clock() -> SimulatedClock:
    """Noon on the first day of the example."""
    return SimulatedClock(NOON)


@pytest.fixture
def wire(clock: SimulatedClock) -> Wire:
    return Wire(clock)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A database file with all tables, to copy."""
    path = tmp_path_factory.mktemp("template") / "rekan.db"
    database = Database.open(f"sqlite:///{path}", Catalogue({}, {}))
    database.upgrade()
    database.close_now()
    return path.read_bytes()


@pytest.fixture
def open_database(tmp_path: Path, template: bytes) -> Iterator[Callable[[Catalogue], Database]]:
    """Opens the test's one database with a catalogue; again, for another process or another schedule."""
    path = tmp_path / "rekan.db"
    path.write_bytes(template)
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
