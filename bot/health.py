"""Whether Rekan is well: whether the event loop turns, and whether it can do its work.

The checks ask when somebody wants to know, keep the answer for some seconds, and give up after PATIENCE: a
load balancer that asks every second costs no more than one that asks every five. All of it is real time: it
is about this process and its network, also where the bot's own clock is simulated.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from bot.clock import Clock
from bot.delivery.pacer import Pacer
from bot.delivery.sender import Sender
from bot.storage import state
from bot.storage.database import Database, DatabaseError, Transaction
from bot.tally import Tally
from bot.usecases import delivery
from bot.web.server import Finding

T = TypeVar("T")
Check = Callable[[], Awaitable[Finding]]

PATIENCE: Final = 3.0
"""Seconds after which a check that does not answer has failed."""

KEPT: Final = 5.0
"""Seconds for which a check's answer is believed."""

STILL: Final = 5.0
"""Seconds without a beat after which the event loop counts as standing still."""

REACHED_LATELY: Final = 60.0
"""Seconds since Telegram's last answer for which it counts as reached: one call that is lost is no outage."""

ASKED_EVERY: Final = 20.0
"""Seconds between two questions to Telegram whether it is there."""

STUCK: Final = 60.0
"""Seconds for which something may be due, with nothing being sent, before the sender counts as stuck."""

_SHARE = 20  # times as long as asking took is the answer believed
_WRITTEN = "health.written"


class Fresh(Generic[T]):
    """What `ask` says, asked again once that is `keep` seconds old; asked once at a time, whoever waits.

    What takes long to find out is believed for longer: asking takes a twentieth of the time at most.
    """

    def __init__(self, ask: Callable[[], Awaitable[T]], *, keep: float = KEPT) -> None:
        self._ask = ask
        self._keep = keep
        self._asking: asyncio.Task[None] | None = None
        self._known: tuple[T] | None = None
        self._until = 0.0

    async def get(self, patience: float = PATIENCE) -> T:
        """What is known, or is told within `patience` seconds; raises TimeoutError, or what `ask` raises."""
        now = asyncio.get_running_loop().time
        if self._known is None or now() >= self._until:
            if self._asking is None or self._asking.done():
                self._known = None
                self._asking = asyncio.create_task(self._learn(), name="asking")
                self._asking.add_done_callback(_looked_at)
            # Who gives up does not end it for the others, nor is another thread sent into the same wall.
            await asyncio.wait_for(asyncio.shield(self._asking), patience)
        if self._known is None:  # asked and told, and forgotten by who asked next
            raise TimeoutError
        return self._known[0]

    async def close(self) -> None:
        """Give up what is being asked."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    async def _learn(self) -> None:
        now = asyncio.get_running_loop().time
        asked = now()
        self._known = (await self._ask(),)
        self._until = now() + max(self._keep, _SHARE * (now() - asked))


def _looked_at(task: "asyncio.Task[None]") -> None:
    """Whoever asked may have given up; its error then concerns nobody."""
    if not task.cancelled():
        task.exception()


class Health:
    """The checks that have to hold for the process to be ready, by name."""

    def __init__(
        self, checks: Mapping[str, Check], *, keep: float = KEPT, patience: float = PATIENCE
    ) -> None:
        self._checks = {name: Fresh(check, keep=keep) for name, check in checks.items()}
        self._patience = patience
        self.last: dict[str, Finding] = {}
        """What was found last, for those that were ever asked."""

    async def report(self) -> Mapping[str, Finding]:
        """What each check finds now; never raises, and takes little longer than the patience."""
        found = await asyncio.gather(*(self._find(each) for each in self._checks.values()))
        self.last = dict(zip(self._checks, found, strict=True))
        return self.last

    async def close(self) -> None:
        """Give up what is being asked."""
        await asyncio.gather(*(check.close() for check in self._checks.values()))

    async def _find(self, check: Fresh[Finding]) -> Finding:
        try:
            return await check.get(self._patience)
        except TimeoutError:
            return Finding(False, f"does not answer within {self._patience:g} s")
        except Exception as error:  # noqa: BLE001 - a check that breaks must say so, not hide the others
            return Finding(False, f"cannot be asked: {type(error).__name__}")


def database_takes_writes(database: Database, clock: Clock) -> Check:
    """Whether a write is committed; a small one, each time it is asked."""

    async def check() -> Finding:
        try:
            await database.transact(_write, clock.now())
        except DatabaseError as error:
            return Finding(False, str(error))
        return Finding(True, "takes writes")

    return check


def _write(tx: Transaction, now: datetime) -> None:
    state.remember(tx, _WRITTEN, now.isoformat())


def telegram_reached(
    ask: Callable[[], Awaitable[None]], *, every: float = ASKED_EVERY, lately: float = REACHED_LATELY
) -> Check:
    """Whether Telegram has answered in the last `lately` seconds; asked once in `every` at most.

    `ask` makes a call that costs nothing and returns where it was answered, however; else it raises
    ConnectionError in words.
    """
    reached_at: float | None = None

    async def check() -> Finding:
        nonlocal reached_at
        now = asyncio.get_running_loop().time
        if reached_at is not None and now() - reached_at < every:
            return Finding(True, "answers")
        try:
            await asyncio.wait_for(ask(), PATIENCE * 0.9)
        except (TimeoutError, ConnectionError) as error:
            why = str(error) or "no answer in time"
            if reached_at is None:
                return Finding(False, f"has not answered yet ({why})")
            ago = now() - reached_at
            return Finding(ago < lately, f"answered {ago:.0f} s ago, not now ({why})")
        reached_at = now()
        return Finding(True, "answers")

    return check


def sender_moves(database: Database, clock: Clock, sender: Sender, pacer: Pacer) -> Check:
    """Whether what is due is being sent: not so where nothing has ended for long, and no pause says why."""

    async def check() -> Finding:
        if (pause := pacer.paused_for) > 0:
            return Finding(True, f"pauses for {pause:.0f} s, as Telegram asks or because it is away")
        still = clock.monotonic() - sender.ended_at
        if still >= STUCK:
            try:
                waiting = await database.read(_due_for_long, clock.now(), frozenset(sender.broken))
            except DatabaseError as error:
                return Finding(False, str(error))
            if waiting:
                return Finding(False, f"has ended no call for {still:.0f} s, and messages are due")
        return Finding(True, "keeps up with what is due")

    return check


def _due_for_long(tx: Transaction, now: datetime, broken: Collection[int]) -> bool:
    """Whether something could have been sent `STUCK` seconds ago, and was not."""
    due, _, _ = delivery.due(tx, now - timedelta(seconds=STUCK), len(broken) + 1)
    return any(row.id not in broken for row in due)


def instance_holds(lost: asyncio.Event) -> Check:
    """Whether this process is (still) the one that may run on the database."""

    async def check() -> Finding:
        if lost.is_set():
            return Finding(False, "lost its hold on the database: another process may have it, this one ends")
        return Finding(True, "holds the database")

    return check


def instance_stands_by(what: str) -> Check:
    """Well, and of no use yet: another process does `what`."""

    async def check() -> Finding:
        return Finding(True, f"stands by for {what}")

    return check


class Pulse:
    """A beat in the event loop, by which others see whether it turns, and how long it is held up."""

    BEAT: Final = 0.2
    """Seconds from beat to beat."""

    def __init__(self, *, still: float = STILL) -> None:
        self._longest = still
        self.stalls = Tally()
        """By how many seconds each beat came late."""
        self._beaten_at: float | None = None

    async def run(self) -> None:
        """Beat until cancelled."""
        now = asyncio.get_running_loop().time
        while True:
            self._beaten_at = now()
            await asyncio.sleep(self.BEAT)
            self.stalls.add(max(0.0, now() - self._beaten_at - self.BEAT))

    def alive(self) -> Finding:
        """Whether the event loop turns; who can ask has at least found it turning now."""
        if self._beaten_at is None:
            return Finding(True, "starting")
        still = asyncio.get_running_loop().time() - self._beaten_at
        if still > self._longest:
            return Finding(False, f"the event loop stood still for {still:.0f} s")
        return Finding(True, "ok")
