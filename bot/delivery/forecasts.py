"""Waves kept in sight: what will be late is said a day and an hour ahead, and at once where it slips.

Every hour it looks at what rings in the next day. While a wave is under way it looks every ten seconds,
with one grouped question over what is still owed; otherwise it sleeps. What it finds out is in the log, on
the wave's row, in `wave_warnings` (`rekan plan` shows both), and told to coordinators once.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from bot.clock import Clock
from bot.delivery.pacer import Pacer
from bot.delivery.patience import LONGEST_REST, PatientDatabase, rest
from bot.delivery.sender import Sender
from bot.domain.faults import trail
from bot.domain.forecast import ENOUGH, MOST_FAILED, Kind, Pace
from bot.domain.programme import Programme, Recurring
from bot.domain.timetable import Ring
from bot.storage import waves as stored
from bot.storage.database import Database, Transaction
from bot.storage.waves import Load
from bot.usecases import forecasts, waves
from bot.usecases.forecasts import Outlook

EVERY = timedelta(seconds=10)
"""How often it looks while a wave is under way."""

_FIRST = timedelta(seconds=10)
_HOUR = timedelta(hours=1)
_AHEAD = timedelta(hours=25)  # at a look every hour, what comes in a day is seen a day ahead at least
_SOON = timedelta(hours=2)  # ... and what comes in an hour, an hour ahead
_TALLY_EVERY = 6  # looks: to notice failures of which the sender's count says nothing
_GLANCE = 2.0  # seconds between two glances at how many messages have failed, while a wave is under way
_MANY = int(ENOUGH * MOST_FAILED)  # so many more: worth a look
_MOVED = timedelta(seconds=15)  # a forecast that has moved by less is not written down anew
_RATES = 3  # looks over which the pace that is really reached is watched


class Forecasts:
    """Looks at the waves of one database; beside its one sender, whose pace they share."""

    def __init__(
        self, database: Database, clock: Clock, pacer: Pacer, sender: Sender, *, stars: int = 0
    ) -> None:
        """`stars` a day pay for the pacer's pace, as the sender knows; then it is the free one."""
        self._database = database
        self._clock = clock
        self._pacer = pacer
        self._sender = sender
        self._full_pace = Pace.for_stars(pacer.limits.per_second, stars)
        self._log = structlog.get_logger()
        self._patiently = PatientDatabase(database, clock, self._log)
        self._nudged = asyncio.Event()
        self._look_ahead_at: datetime | None = None
        self._rings: Sequence[tuple[Programme, Ring]] = ()
        self._rings_until: datetime | None = None
        self._expected: dict[int, datetime] = {}  # by a wave's id: as its row says
        self._stopped: set[int] = set()
        self._glancing = False  # a wave is under way
        self._failures = 0
        self._looks = 0
        self._before: tuple[datetime, Mapping[int, int]] | None = None  # the last look: what each wave owed
        self._rates: deque[float] = deque(maxlen=_RATES)

    def nudge(self) -> None:
        """A wave was planned: the sender is to send it, and this to watch it."""
        self._sender.nudge()
        self._nudged.set()

    def look_again(self) -> None:
        """The catalogue is another one by now: what is to come is worked out anew."""
        self._rings_until = None
        self._look_ahead_at = None
        self._nudged.set()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self._nudged.clear()
            with self._clock.busy():
                try:
                    wake_at = await self._look()
                except Exception as error:  # noqa: BLE001 - a fault in foresight must not end what it looks at
                    self._log.error("waves cannot be foreseen", action="forecast_broken", fault=trail(error))
                    wake_at = self._clock.now() + _HOUR
            await self._rest(wake_at)

    async def _rest(self, until: datetime) -> None:
        """Wait for a nudge, for `until`, or until much fails (a glance at a number, no question)."""
        longest = _GLANCE if self._glancing else LONGEST_REST
        while not self._nudged.is_set() and (seconds := (until - self._clock.now()).total_seconds()) > 0:
            if self._glancing and self._sender.counts["Failed"] - self._failures >= _MANY:
                return
            await rest(self._clock, min(seconds, longest), self._nudged)

    async def _look(self) -> datetime:
        """Look at what is under way, and every hour at what is to come; when to look again."""
        now = self._clock.now()
        if self._look_ahead_at is None:
            self._look_ahead_at = now + _FIRST  # whoever starts has more urgent things to do
        if now >= self._look_ahead_at:
            self._look_ahead_at = await self._look_ahead(now)
        loads, stopped, over, pace = await self._patiently.read(_under_way, self._full_pace, now)
        given_up = await self._patiently.write(waves.expire, now) if over else 0
        if given_up:
            self._log.warning("what a stopped wave held is given up", action="wave_given_up")
        if self._stopped - stopped:
            self._sender.nudge()  # somebody let one go on, from another process
        self._stopped = stopped
        due = [load for load in loads if load.due_at <= now]
        under_way = [load for load in due if load.wave is not None]
        if under_way:
            await self._watch(loads, due, pace, now)
        else:
            self._before = None
            self._rates.clear()
            self._expected.clear()
        if under_way or stopped:
            self._glancing = True
            return min(self._look_ahead_at, now + EVERY)
        self._glancing = False
        return min([self._look_ahead_at, *(load.due_at for load in loads if load.wave is not None)])

    # --- what is to come -------------------------------------------------------------------------------

    async def _look_ahead(self, now: datetime) -> datetime:
        """Warn of what rings in the next day and cannot be in time; when to look again."""
        if self._rings_until is None or now + _AHEAD > self._rings_until:
            # To work out a timetable takes some time, so twice as much at once.
            self._rings_until = now + 2 * _AHEAD
            programmes = list(self._database.catalogue.programmes.values())
            self._rings = await asyncio.to_thread(forecasts.rings, programmes, now, self._rings_until)
        wanted = [each for each in self._rings if now < each[1].at <= now + _AHEAD]
        if wanted:
            late = await self._patiently.read(_late_ahead, wanted, self._full_pace, now)
            for outlook in late:
                kind = Kind.HOUR_AHEAD if outlook.starts_at <= now + _SOON else Kind.DAY_AHEAD
                await self._warn(kind, outlook, now)
        following = min((ring.at for _, ring in self._rings if ring.at > now), default=self._rings_until)
        on_the_hour = now.replace(minute=0, second=0, microsecond=0) + _HOUR
        return max(on_the_hour, following - _AHEAD)

    # --- what is under way -----------------------------------------------------------------------------

    async def _watch(self, loads: list[Load], due: list[Load], pace: Pace, now: datetime) -> None:
        held = self._pacer.paused_for
        pace = self._reached(due, pace, held > 0, now)
        not_before = now + timedelta(seconds=held)
        outlooks, _ = forecasts.look(loads, (), pace, now, not_before=not_before)
        for outlook in outlooks:
            # Not for one or two whose own chat makes them wait.
            if outlook.late > max(1, outlook.planned // 100) and outlook.starts_at <= now:
                await self._warn(Kind.SLIPPING, outlook, now)
        lasts = forecasts.lasts(loads, pace, now, not_before)
        moved = {
            wave_id: last
            for wave_id, last in lasts.items()
            if (before := self._expected.get(wave_id)) is None or abs(last - before) >= _MOVED
        }
        if moved:
            await self._patiently.write(stored.expect, moved)
        self._expected = {**{i: at for i, at in self._expected.items() if i in lasts}, **moved}
        await self._stop_failing(due, now)

    def _reached(self, due: list[Load], pace: Pace, held: bool, now: datetime) -> Pace:
        """The pace to count on: what was reached in the last looks, where that is less than is allowed."""
        owed: dict[int, int] = {}  # by the wave's number; what is of none by 0
        for load in due:
            which = 0 if load.wave is None else load.wave.id
            owed[which] = owed.get(which, 0) + load.messages
        if held:  # what waits for Telegram says nothing of the pace afterwards
            self._before = None
            self._rates.clear()
        elif self._before is not None and (elapsed := (now - self._before[0]).total_seconds()) >= 5:
            sent = sum(max(0, many - owed.get(wave_id, 0)) for wave_id, many in self._before[1].items())
            self._rates.append(sent / elapsed)
        if not held and (self._before is None or (now - self._before[0]).total_seconds() >= 5):
            self._before = now, owed
        # Less than configured, where Telegram turned out to enforce a lower limit.
        pace = replace(pace, per_second=pace.per_second * self._pacer.pace / self._pacer.limits.per_second)
        allowed = self._pacer.pace * (1 - pace.for_replies)
        if len(self._rates) < _RATES or max(self._rates) >= allowed:
            return pace
        return replace(pace, per_second=max(*self._rates, allowed / 100), for_replies=0)

    async def _stop_failing(self, due: list[Load], now: datetime) -> None:
        self._looks += 1
        ids = sorted({load.wave.id for load in due if load.wave is not None})
        if again := [wave_id for wave_id in ids if wave_id in self._stopped]:
            await self._patiently.write(waves.hold_rest, again)
        failures = self._sender.counts["Failed"]
        if failures == self._failures and self._looks % _TALLY_EVERY:
            return
        self._failures = failures
        for stopped in await self._patiently.write(waves.stop_failing, ids, now):
            self._stopped.add(stopped.wave.id)
            self._log.error(
                "a wave stops by itself: too many of its messages are refused",
                action="wave_stopped",
                programme=stopped.wave.programme_id,
                entry=stopped.wave.entry_id,
                zone=stopped.wave.zone.value,
                wave=stopped.wave.id,
                sent=stopped.sent,
                failed=stopped.failed,
                held=stopped.held,
            )
            self._sender.nudge()

    # --- inside ----------------------------------------------------------------------------------------

    async def _warn(self, kind: Kind, outlook: Outlook, now: datetime) -> None:
        if not await self._patiently.write(waves.warn, kind, outlook, now):
            return
        self._log.warning(
            "a wave cannot be in time",
            action="wave_late",
            kind=kind.value,
            programme=outlook.programme_id,
            entry=outlook.entry_id,
            zones=" ".join(outlook.zones),
            people=outlook.people,
            late=outlook.late,
            everybody_by=outlook.everybody_by.isoformat(),
            last_at=None if outlook.last_at is None else outlook.last_at.isoformat(),
        )
        self._sender.nudge()


def _under_way(tx: Transaction, pace: Pace, now: datetime) -> tuple[list[Load], set[int], bool, Pace]:
    """What is owed, which waves are stopped, whether one of these is over, and what is left of the pace."""
    stopped = [wave for wave, _ in stored.stopped(tx)]
    over = any(wave.not_after < now for wave in stopped)
    return stored.loads(tx), {wave.id for wave in stopped}, over, forecasts.left_of(tx, pace, now)


def _late_ahead(
    tx: Transaction, wanted: Sequence[tuple[Programme, Ring]], pace: Pace, now: datetime
) -> list[Outlook]:
    """What of these ringings cannot be in time, or will be missed.

    Of an entry that recurs, what falls on a closed day is left out on purpose.
    """
    loads = stored.loads(tx)
    pace = forecasts.left_of(tx, pace, now)
    beside = forecasts.scheduled(tx, now + _AHEAD)
    _, found = forecasts.look(loads, forecasts.at_most(tx, wanted), pace, now, beside=beside)
    recur = {(programme.id, r.entry.id) for programme, r in wanted if isinstance(r.entry.when, Recurring)}

    def fails(outlook: Outlook) -> bool:
        missed = outlook.hopeless and (outlook.programme_id, outlook.entry_id) not in recur
        return outlook.late > 0 or missed

    if not any(map(fails, found)):
        return []
    _, found = forecasts.look(loads, forecasts.coming(tx, wanted, now), pace, now, beside=beside)
    return [outlook for outlook in found if fails(outlook)]
