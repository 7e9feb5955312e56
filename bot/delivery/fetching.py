"""Fetches a file that a coordinator was asked for, reads it, and hands what is in it to a use case.

That takes seconds, so no update waits for it; who sent the file has been told that it is being read. Ends the
process meanwhile, the file is sent again: nothing of it is kept. One at a time: a workbook may be large.
"""

import asyncio
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

import structlog

from bot.clock import Clock
from bot.domain.faults import trail
from bot.domain.messages import Fetch
from bot.storage.database import Database, DatabaseError, Transaction

MOST_BYTES = 20 * 1024 * 1024
"""What the Bot API lets a bot download."""


class NotFetchedError(Exception):
    """The file could not be had; the text is Telegram's, or the network's."""


class Files(Protocol):
    """What is needed of Telegram."""

    async def fetch(self, file_id: str) -> bytes:
        """The file's bytes, `MOST_BYTES` at most; raises NotFetchedError."""


class Fetching:
    """Works off what use cases want to have fetched."""

    def __init__(
        self,
        database: Database,
        files: Files,
        read: Callable[[Path, datetime], object],
        found: Callable[[Transaction, int, object, datetime], None],
        nudge: Callable[[], None],
        clock: Clock,
    ) -> None:
        """`read` says what is in a file, in a thread; `found` is the use case (of a chat) that it is for.

        None is found where the file could not be had.
        """
        self._database = database
        self._files = files
        self._read = read
        self._found = found
        self._nudge = nudge
        self._clock = clock
        self._log = structlog.get_logger()
        self._one = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, wanted: Fetch) -> None:
        """Fetch it, beside everything else."""
        task = asyncio.create_task(self._work(wanted), name="fetching")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Return once what was begun is done."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _work(self, wanted: Fetch) -> None:
        with self._clock.busy():
            async with self._one:
                there = await self._had(wanted)
                try:
                    await self._database.transact(self._found, wanted.chat_id, there, self._clock.now())
                except DatabaseError as error:  # they were told to send it again if nothing comes
                    self._log.warning("the database is away", action="database_away", why=str(error))
            self._nudge()

    async def _had(self, wanted: Fetch) -> object:
        """What is in the file; None where it could not be had."""
        try:
            data = await self._files.fetch(wanted.file_id)
        except NotFetchedError as error:
            self._log.warning("a file could not be fetched", action="file_not_fetched", why=str(error))
            return None
        try:
            return await asyncio.to_thread(self._read_in_a_folder, wanted.name, data, self._clock.now())
        except Exception as error:  # noqa: BLE001 - whatever somebody sends, the bot goes on without it
            self._log.error("a file could not be read", action="file_broken", fault=trail(error))
            return None

    def _read_in_a_folder(self, name: str, data: bytes, now: datetime) -> object:
        # The reader goes by a file's ending, and reads it in a process of its own.
        with tempfile.TemporaryDirectory(prefix="rekan-") as folder:
            path = Path(folder) / f"peserta{Path(name).suffix.lower()[:6]}"
            path.write_bytes(data)
            return self._read(path, now)
