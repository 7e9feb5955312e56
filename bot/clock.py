"""Time as a dependency: the one module that reads the wall clock, and its simulated twin.

Product time (when something is due, how fast may be sent, how long a tap stays valid) comes from a
`Clock` that is handed in. Transport time (how long to wait for a socket) is real everywhere.
"""

import asyncio
import contextlib
import heapq
import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol


class Clock(Protocol):
    """What the application may know of time."""

    def now(self) -> datetime:
        """This instant, aware UTC."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back, whatever is done to the machine's clock."""

    async def sleep(self, seconds: float) -> None:
        """Return once `seconds` have passed on this clock."""

    def busy(self) -> AbstractContextManager[None]:
        """Work in progress: simulated time stands still inside (except in this task's own `sleep`)."""

    def waiting(self) -> AbstractContextManager[None]:
        """Inside `busy`: this task now waits for something only the passing of time may bring."""


class SystemClock:
    """The machine's clock."""

    _NO_MATTER = contextlib.nullcontext()

    def now(self) -> datetime:
        """This instant, aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds of the machine's monotonic clock."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Sleep in real time."""
        await asyncio.sleep(max(0.0, seconds))

    def busy(self) -> AbstractContextManager[None]:
        """Real time does not wait for anybody."""
        return self._NO_MATTER

    def waiting(self) -> AbstractContextManager[None]:
        """Real time does not wait for anybody."""
        return self._NO_MATTER


class SimulatedClock:
    """A clock that jumps from one thing due to the next, as soon as nobody is busy.

    It measures nothing while work is in progress, so a slow machine is never "late", and a month of
    orientation takes as long as its work takes. `advance_to` moves it by hand (tests); `run` moves it
    on until cancelled (demo, rehearsal), at most at `speed` simulated seconds a real second.
    """

    # How many turns of the event loop nobody must be busy before time may move: a callback that hands
    # over to another (a woken waiter, a completed future, a started task) takes a turn each.
    _QUIET_TURNS = 12

    def __init__(self, start: datetime, *, speed: float | None = None) -> None:
        if start.tzinfo is None:
            raise ValueError("start must be aware")
        self._now = start.astimezone(UTC)
        self._start = self._now
        self._sequence = itertools.count()
        self._waiters: list[tuple[datetime, int, asyncio.Future[None], int]] = []
        self._held: Counter[Any] = Counter()
        self._busy = 0
        self._freed: list[asyncio.Future[None]] = []
        self.speed = speed
        self._running = asyncio.Event()
        self._running.set()

    def now(self) -> datetime:
        """This instant, aware UTC."""
        return self._now

    def monotonic(self) -> float:
        """Simulated seconds since the start."""
        return (self._now - self._start).total_seconds()

    @property
    def paused(self) -> bool:
        """Whether `run` stands still until `resume`."""
        return not self._running.is_set()

    def pause(self) -> None:
        """Let `run` stand still, so that a person has time to type."""
        self._running.clear()

    def resume(self) -> None:
        """Let `run` go on."""
        self._running.set()

    def acquire(self) -> Callable[[], None]:
        """Hold time until the returned function is called: for work that no single task owns.

        Calling it twice is harmless.
        """
        self._busy += 1
        held = True

        def release() -> None:
            nonlocal held
            if held:
                held = False
                self._let_go(1)

        return release

    @contextlib.contextmanager
    def busy(self) -> Iterator[None]:
        """Time stands still inside, except while this task sleeps on this clock."""
        task = asyncio.current_task()
        self._busy += 1
        self._held[task] += 1
        try:
            yield
        finally:
            self._let_go(1)
            self._held[task] -= 1
            if not self._held[task]:
                del self._held[task]

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Inside `busy`, wait for what only the passing of time may bring (a lock, a queue)."""
        held = self._held[asyncio.current_task()]
        self._let_go(held)
        try:
            yield
        finally:
            self._busy += held

    async def sleep(self, seconds: float) -> None:
        """Return once simulated time has moved on by `seconds`."""
        held = self._held[asyncio.current_task()]
        due = self._now + timedelta(seconds=max(0.0, seconds))
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiters, (due, next(self._sequence), future, held))
        self._let_go(held)
        try:
            await future
        except asyncio.CancelledError:
            # `_wake` gives the tokens back with the result; cancelled before it, they are taken here.
            if future.cancelled():
                self._busy += held
            raise

    async def settle(self) -> None:
        """Return once nobody has been busy for a few turns of the event loop."""
        quiet = 0
        while quiet < self._QUIET_TURNS:
            # Waited for, not looked after: a loop that spins keeps the database's threads from their work.
            if self._busy:
                quiet = 0
                freed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._freed.append(freed)
                await freed
            else:
                quiet += 1
                await asyncio.sleep(0)

    async def advance_to(self, when: datetime) -> None:
        """Move to `when`, waking whoever is due on the way, in order, each after the last has settled."""
        await self.settle()
        while (due := self._next_due()) is not None and due <= when:
            self._wake(due)
            await self.settle()
        self._move(max(self._now, when.astimezone(UTC)))

    async def run(self) -> None:
        """Move from one due moment to the next until cancelled; wait when nothing is due at all."""
        while True:
            await self.settle()
            await self._running.wait()
            due = self._next_due()
            if due is None:
                await asyncio.sleep(0.005)
                continue
            if self.speed is not None and (gap := (due - self._now).total_seconds() / self.speed) > 0.0005:
                await self._glide(due, gap)
                if self._busy or self.paused or self._next_due() != due:
                    continue
            self._wake(due)

    async def _glide(self, due: datetime, real_seconds: float) -> None:
        """Approach `due` in small steps over `real_seconds`, stopping when somebody becomes busy."""
        begin, origin = time.monotonic(), self._now
        while (passed := time.monotonic() - begin) < real_seconds:
            await asyncio.sleep(min(0.03, real_seconds - passed))
            if self._busy or self.paused or self._next_due() != due:
                return
            share = min(1.0, (time.monotonic() - begin) / real_seconds)
            self._move(origin + (due - origin) * share)

    def _let_go(self, held: int) -> None:
        self._busy -= held
        if self._busy == 0 and self._freed:
            for freed in self._freed:
                if not freed.done():
                    freed.set_result(None)
            self._freed.clear()

    def _next_due(self) -> datetime | None:
        while self._waiters and self._waiters[0][2].done():
            heapq.heappop(self._waiters)
        return self._waiters[0][0] if self._waiters else None

    def _wake(self, due: datetime) -> None:
        self._move(max(self._now, due))
        _, _, future, held = heapq.heappop(self._waiters)
        self._busy += held
        future.set_result(None)

    def _move(self, when: datetime) -> None:
        self._now = when
