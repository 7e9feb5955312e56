"""Waiting: for a nudge or a time, and while the database is away."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from structlog.typing import FilteringBoundLogger

from bot.clock import Clock
from bot.storage.database import DatabaseError

R = TypeVar("R")

LONGEST_PAUSE = 30.0
"""Seconds between two attempts at most."""

_FIRST_PAUSE = 0.5


async def rest(clock: Clock, seconds: float | None, nudged: asyncio.Event) -> None:
    """Wait until nudged, or for so many seconds where any are given."""
    waits: list[asyncio.Task[object]] = [asyncio.create_task(nudged.wait())]
    if seconds is not None:
        waits.append(asyncio.create_task(clock.sleep(seconds)))
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


async def persistently(
    attempt: Callable[[], Awaitable[R]],
    clock: Clock,
    log: FilteringBoundLogger,
    *,
    over: Callable[[], bool] = lambda: False,
) -> R:
    """Try again, ever slower, while the database is away; raises DatabaseError once it is `over`.

    Each attempt has the patience of `Database` itself, so what is called must do no harm twice.
    """
    pause = _FIRST_PAUSE
    while True:
        try:
            return await attempt()
        except DatabaseError as error:
            if over():
                raise
            log.warning("the database is away", action="database_away", why=str(error), pause=pause)
        await clock.sleep(pause)
        pause = min(LONGEST_PAUSE, pause * 2)
