"""Announcements under way: those that are scheduled begin, the first handful is waited for, progress is told.

It decides nothing itself: `bot.usecases.announcements.advance` looks at the world, and says when to look
again. What was begun for thousands, by whomever, is made to its end here (`bot.usecases.making`).
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from bot.clock import Clock
from bot.delivery.patience import LONGEST_REST, PatientDatabase, rest_until
from bot.domain.faults import trail
from bot.storage import state
from bot.storage.database import Database, Transaction
from bot.usecases import announcements, making

_AFTER_A_FAULT = timedelta(minutes=1)


class Announcements:
    """Looks after the announcements of one database; beside its one sender."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        nudge: Callable[[], None],
        per_second: float,
        stars: int = 0,
    ) -> None:
        self._clock = clock
        self._wake_sender = nudge
        self._per_second = per_second
        self._stars = stars
        self._log = structlog.get_logger()
        self._patiently = PatientDatabase(database, clock, self._log)
        self._nudged = asyncio.Event()

    def nudge(self) -> None:
        """Somebody did something: look now."""
        self._nudged.set()

    async def run(self) -> None:
        """Look after them until cancelled."""
        with self._clock.busy():
            await self._patiently.write(state.remember_pace, self._per_second, self._stars)
        while True:
            self._nudged.clear()
            with self._clock.busy():
                look_at = await self._look()
            await self._rest(look_at)

    async def _look(self) -> datetime | None:
        now = self._clock.now()
        try:
            if not await self._patiently.read(_anything_to_do):
                return None
            look_at, owed = await self._patiently.write_dated(announcements.advance)
            if owed:
                self._wake_sender()
            for wave_id in await self._patiently.read(making.unfinished):
                await self._make(wave_id)
        except Exception as error:  # noqa: BLE001 - a fault in one look must not end all that come after it
            self._log.error(
                "announcements cannot be looked after", action="announcements_broken", fault=trail(error)
            )
            return now + _AFTER_A_FAULT
        return look_at

    async def _make(self, wave_id: int) -> None:
        """Make a wave to its end, slice by slice: between two of them, others have their turn."""

        def go_on(tx: Transaction, now: datetime) -> int | None:
            return making.go_on(tx, wave_id, now)

        owed = slices = 0
        try:
            while (number := await self._patiently.write_dated(go_on)) is not None:
                owed, slices = owed + number, slices + 1
                if owed and slices & (slices - 1) == 0:  # ever more rarely: time is dear
                    self._wake_sender()
        except Exception as error:  # noqa: BLE001 - a fault in one wave must not keep others waiting
            self._log.error("a wave cannot be made", action="wave_broken", wave=wave_id, fault=trail(error))
        if slices:
            self._log.info("a wave is made", action="wave_made", wave=wave_id, messages=owed)
            self._wake_sender()

    async def _rest(self, until: datetime | None) -> None:
        """Wait for a nudge, or for `until`; without one, not for ever: others may have begun something."""
        until = until or self._clock.now() + timedelta(seconds=LONGEST_REST)
        await rest_until(self._clock, until, self._nudged)


def _anything_to_do(tx: Transaction) -> bool:
    return announcements.any_active(tx) or bool(making.unfinished(tx))
