"""Announcements under way: those that are scheduled begin, the first handful is waited for, progress is told.

It decides nothing itself: `bot.usecases.announcements.advance` looks at the world, and says when to look
again.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from bot.clock import Clock
from bot.delivery.patience import persistently, rest
from bot.domain.faults import trail
from bot.storage import state
from bot.storage.database import Database
from bot.usecases import announcements

_LONGEST_REST = 600.0  # seconds: a machine that was asleep is not to miss more
_AFTER_A_FAULT = timedelta(minutes=1)


class Announcements:
    """Looks after the announcements of one database; beside its one sender."""

    def __init__(
        self, database: Database, clock: Clock, nudge: Callable[[], None], per_second: float
    ) -> None:
        self._database = database
        self._clock = clock
        self._wake_sender = nudge
        self._per_second = per_second
        self._log = structlog.get_logger()
        self._nudged = asyncio.Event()

    def nudge(self) -> None:
        """Somebody did something: look now."""
        self._nudged.set()

    async def run(self) -> None:
        """Look after them until cancelled."""
        with self._clock.busy():
            await persistently(
                lambda: self._database.transact(state.remember, state.PACE, f"{self._per_second:g}"),
                self._clock,
                self._log,
            )
        while True:
            self._nudged.clear()
            with self._clock.busy():
                look_at = await self._look()
            await self._rest(look_at)

    async def _look(self) -> datetime | None:
        now = self._clock.now()
        try:
            if not await persistently(
                lambda: self._database.read(announcements.any_active), self._clock, self._log
            ):
                return None
            look_at, owed = await persistently(
                lambda: self._database.transact(announcements.advance, self._clock.now()),
                self._clock,
                self._log,
            )
        except Exception as error:  # noqa: BLE001 - a fault in one look must not end all that come after it
            self._log.error(
                "announcements cannot be looked after", action="announcements_broken", fault=trail(error)
            )
            return now + _AFTER_A_FAULT
        if owed:
            self._wake_sender()
        return look_at

    async def _rest(self, until: datetime | None) -> None:
        """Wait for a nudge, or for `until`."""
        while not self._nudged.is_set():
            seconds = _LONGEST_REST if until is None else (until - self._clock.now()).total_seconds()
            if seconds <= 0:
                return
            await rest(self._clock, min(seconds, _LONGEST_REST), self._nudged)
