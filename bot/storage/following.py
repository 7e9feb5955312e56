"""Following what is corrected in other processes: the newest catalogue is there within a second."""

import asyncio
import contextlib
from collections.abc import Callable

import structlog

from bot.storage.corrections import CHANNEL
from bot.storage.database import Database, DatabaseError
from bot.storage.engines import Postgresql
from bot.storage.waking import EVERY, listen

_log = structlog.get_logger()


async def follow(database: Database, *looks: Callable[[], None]) -> None:
    """Take up what is corrected anywhere, and call each of `looks` in this loop then; until cancelled.

    A commit of this process is noticed at once; PostgreSQL tells of another's; and every (real) second the
    database is asked, which costs one small question.
    """
    loop = asyncio.get_running_loop()

    def tell() -> None:  # called from the writer's thread, too
        for look in looks:
            with contextlib.suppress(RuntimeError):  # the loop is closed: everything has ended
                loop.call_soon_threadsafe(look)

    with database.telling(tell):
        if not isinstance(database.kind, Postgresql):
            while True:
                await asyncio.sleep(EVERY)
                await _refresh(database)
        called = asyncio.Event()
        listening = asyncio.create_task(listen(database.kind, called.set, CHANNEL))
        try:
            while True:
                await called.wait()
                called.clear()
                await _refresh(database)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


async def _refresh(database: Database) -> None:
    try:
        if await database.refresh():
            _log.info(
                "the timetable was corrected elsewhere",
                action="corrections_taken_up",
                version=database.catalogue.version,
            )
    except DatabaseError as error:  # whoever works with it says so, and goes on when it is back
        _log.debug("corrections cannot be looked for", action="corrections_unknown", why=str(error))
