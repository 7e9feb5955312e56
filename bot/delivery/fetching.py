"""Fetches a file that a coordinator was asked for, reads it, and hands what is in it to a use case.

That takes seconds, so no update waits for it; who sent the file has been told that it is being read. Ends the
process meanwhile, the file is sent again: nothing of it is kept. One at a time: a workbook may be large.
Only so many wait; of more it is said that they are to be sent again.
"""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import structlog

from bot.clock import Clock
from bot.domain.faults import trail
from bot.domain.messages import Crowded, Fetch
from bot.storage.database import Database, DatabaseError, Transaction
from bot.usecases.shift import take_away

MOST_BYTES = 20 * 1024 * 1024
"""What the Bot API lets a bot download."""

MOST_FILES = 20
"""How many wait, the one that is being read included: a minute or two's reading."""

MOST_OF_A_CHAT = 5
"""How many of those one chat may have sent: whoever sends a whole folder leaves others their turn."""


Compare: TypeAlias = Callable[[Transaction, int, object, datetime], object]
Found: TypeAlias = Callable[[Transaction, int, object, datetime], None]


class NotFetchedError(Exception):
    """The file could not be had; the text is Telegram's, or the network's."""


class Files(Protocol):
    """What is needed of Telegram."""

    async def fetch(self, file_id: str) -> bytes:
        """The file's bytes, `MOST_BYTES` at most; raises NotFetchedError."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How the files of one area are read: what is in one, and the use case (of a chat) that it is for.

    `read` is called in a thread. `compare`, if any, puts what was read beside what the database has, where
    that takes too long to be done while others wait to write. `found` is given None where the file could not
    be had, and Crowded where it was not tried.
    """

    read: Callable[[Path, datetime], object]
    found: Found
    compare: Compare | None = None


class Fetching:
    """Works off what use cases want to have fetched."""

    def __init__(
        self,
        database: Database,
        files: Files,
        readings: Mapping[str, Reading],
        nudge: Callable[[], None],
        clock: Clock,
    ) -> None:
        """`readings` has each area's by its name (`Fetch.area`)."""
        self._database = database
        self._files = files
        self._readings = readings
        self._nudge = nudge
        self._clock = clock
        self._log = structlog.get_logger()
        self._one = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: Counter[int] = Counter()  # how many of a chat's wait, or are being read
        self._turned_away: dict[int, list[Fetch]] = {}  # by chat: what found no room, of which it is said
        self._telling: asyncio.Task[None] | None = None  # ... by one task for all of them

    def begin(self, wanted: Fetch) -> None:
        """Fetch it, beside everything else; where too many wait, have it said that it is not read."""
        if self._waiting.total() < MOST_FILES and self._waiting[wanted.chat_id] < MOST_OF_A_CHAT:
            self._waiting[wanted.chat_id] += 1
            self._start(self._work(wanted))
            return
        self._turned_away.setdefault(wanted.chat_id, []).append(wanted)
        if self._telling is None or self._telling.done():
            self._telling = self._start(self._turn_away())

    def _start(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work, name="fetching")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """Return once what was begun is done."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _work(self, wanted: Fetch) -> None:
        try:
            with self._clock.busy():
                async with self._one:
                    reading = self._readings[wanted.area]
                    there = await self._had(wanted, reading)
                    await self._tell([wanted], there, reading.compare if there is not None else None)
        finally:
            self._waiting[wanted.chat_id] -= 1
            if not self._waiting[wanted.chat_id]:
                del self._waiting[wanted.chat_id]

    async def _turn_away(self) -> None:
        with self._clock.busy():
            while self._turned_away:
                _, files = self._turned_away.popitem()
                log = self._log.bind(area=files[-1].area, files=len(files))
                log.warning("too many files wait", action="file_turned_away")
                await self._tell(files, Crowded())

    async def _tell(self, files: Sequence[Fetch], there: object, compare: Compare | None = None) -> None:
        """Let whose chat it is know what came of the last of these, and take all of them out of it."""
        last = files[-1]
        try:
            if compare is not None:
                there = await self._database.read(compare, last.chat_id, there, self._clock.now())
            found = self._readings[last.area].found
            await self._database.transact(_found, found, files, there, self._clock.now())
        except DatabaseError as error:  # they were told to send it again if nothing comes
            self._log.warning("the database is away", action="database_away", why=str(error))
        self._nudge()

    async def _had(self, wanted: Fetch, reading: Reading) -> object:
        """What is in the file; None where it could not be had."""
        try:
            data = await self._files.fetch(wanted.file_id)
        except NotFetchedError as error:
            self._log.warning("a file could not be fetched", action="file_not_fetched", why=str(error))
            return None
        try:
            return await asyncio.to_thread(_read, reading, wanted.name, data, self._clock.now())
        except Exception as error:  # noqa: BLE001 - whatever somebody sends, the bot goes on without it
            self._log.error("a file could not be read", action="file_broken", fault=trail(error))
            return None


def _found(tx: Transaction, found: Found, files: Sequence[Fetch], there: object, now: datetime) -> None:
    for each in files:
        take_away(tx, each.chat_id, each.message_id, now)
    found(tx, files[-1].chat_id, there, now)


def _read(reading: Reading, name: str, data: bytes, now: datetime) -> object:
    # The reader goes by a file's ending, and reads it in a process of its own.
    with tempfile.TemporaryDirectory(prefix="rekan-") as folder:
        path = Path(folder) / f"peserta{Path(name).suffix.lower()[:6]}"
        path.write_bytes(data)
        return reading.read(path, now)
