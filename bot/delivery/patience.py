"""Waiting: for a nudge or a time, and while the database is away."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Concatenate, ParamSpec, TypeVar

from structlog.typing import FilteringBoundLogger

from bot.clock import Clock
from bot.storage.database import Database, DatabaseError, Transaction

P = ParamSpec("P")
R = TypeVar("R")

LONGEST_PAUSE = 30.0
"""Seconds between two attempts at most."""

LONGEST_REST = 600.0
"""Seconds: a machine that was asleep is not to miss a moment by more."""

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


async def rest_until(clock: Clock, until: datetime, nudged: asyncio.Event) -> None:
    """Wait until nudged, or for that moment."""
    while not nudged.is_set() and (seconds := (until - clock.now()).total_seconds()) > 0:
        await rest(clock, min(seconds, LONGEST_REST), nudged)


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


class PatientDatabase:
    """The database of who has time: whatever is asked of it is asked `persistently`."""

    def __init__(self, database: Database, clock: Clock, log: FilteringBoundLogger) -> None:
        self._database = database
        self._clock = clock
        self._log = log

    async def read(
        self, query: Callable[Concatenate[Transaction, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """`Database.read`."""
        return await persistently(lambda: self._database.read(query, *args, **kwargs), self._clock, self._log)

    async def write(
        self, use_case: Callable[Concatenate[Transaction, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """`Database.transact`."""
        return await persistently(
            lambda: self._database.transact(use_case, *args, **kwargs), self._clock, self._log
        )

    async def write_dated(self, use_case: Callable[[Transaction, datetime], R]) -> R:
        """`write`, by the time of the attempt: the database may have been away for hours."""
        return await persistently(
            lambda: self._database.transact(use_case, self._clock.now()), self._clock, self._log
        )
