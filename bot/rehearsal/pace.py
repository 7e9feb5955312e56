"""How fast a rehearsal goes for those who watch: the whole of it in so many seconds, its nights faster."""

from datetime import datetime

from bot.clock import SimulatedClock, SystemClock
from bot.domain.zones import Zone
from bot.rehearsal.habits import EARLIEST, LATEST

_NIGHTS = 10  # times as fast as days: nobody reads, nothing is sent
_NIGHTS_SHARE = 0.3  # of all time, in which it is night in all three zones
_LEAST_LEFT = 2.0  # real seconds: the end comes in sight, not at once


class Pace:
    """Sets a simulated clock's speed, again and again, until somebody else has set it (on the page).

    `speed` is simulated seconds a real second by day; without one it follows from `seconds`, the real time
    that is to pass from now until `ends`, not counting pauses.
    """

    def __init__(
        self, clock: SimulatedClock, ends: datetime, *, speed: float | None = None, seconds: float = 100.0
    ) -> None:
        self._clock = clock
        self._ends = ends
        self._fixed = speed
        self._left = seconds
        self._looked_at: float | None = None
        self._set: float | None = clock.speed

    def keep(self) -> None:
        """Look at the clocks and set the speed; to be called a few times a second."""
        now = SystemClock().monotonic()
        if self._looked_at is not None and not self._clock.paused:
            self._left -= now - self._looked_at
        self._looked_at = now
        if self._clock.speed != self._set:
            return
        self._set = self._clock.speed = round(self._by_day() * (_NIGHTS if self._is_night() else 1))

    def _by_day(self) -> float:
        if self._fixed is not None:
            return self._fixed
        ahead = (self._ends - self._clock.now()).total_seconds()
        weighed = max(ahead, 0.0) * (1 - _NIGHTS_SHARE + _NIGHTS_SHARE / _NIGHTS)
        return max(1.0, weighed / max(self._left, _LEAST_LEFT))

    def _is_night(self) -> bool:
        times = (self._clock.now().astimezone(zone.tzinfo).time() for zone in Zone)
        return all(not EARLIEST <= time < LATEST for time in times)
