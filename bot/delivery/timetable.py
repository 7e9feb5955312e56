"""The timetable rings: APScheduler's triggers say when, on our clock; the database says what was done.

There is one job for each timetable entry and zone, one for each step of a session's life, and one for
housekeeping. A single loop asks the triggers and sleeps on the clock until the next ringing, so that real and
simulated time take the same path; jobs are never handed to a scheduler of APScheduler's own, which would
follow the machine's clock and forget what it missed. `bot.domain.timetable` works the same moments out
without APScheduler, for whoever looks ahead.
"""

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from typing import TypeAlias

import structlog
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger

from bot.clock import Clock
from bot.delivery.patience import PatientDatabase, rest_until
from bot.domain.faults import trail
from bot.domain.forecast import Pace
from bot.domain.materials import nearings
from bot.domain.programme import AroundSession, Entry, Instant, Local, PersonalDay, Programme, Recurring
from bot.domain.timetable import Ring, personal_span, timing, zones
from bot.domain.zones import Zone
from bot.storage import waves
from bot.storage.database import Database, DatabaseError, Transaction
from bot.usecases import delivery, materials, planning, recaps, sessions
from bot.usecases.planning import Rung

_PUT_OFF = timedelta(days=60)  # how far closed windows put off a ringing at most (`SendingWindows.next_open`)
_MICROSECOND = timedelta(microseconds=1)
_SOON = timedelta(seconds=2)  # how long before it begins a wave is told of


@dataclass(frozen=True, slots=True)
class _Job:
    """Something to do at a moment."""

    at: datetime
    act: Callable[[], Awaitable[None]]
    wave: bool = False


class Timetable:
    """Rings for every entry of every programme in the database's catalogue."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        nudge: Callable[[], None],
        pace: Pace | None = None,
        *,
        begun: Callable[[], None] = lambda: None,
        soon: Callable[[], None] = lambda: None,
    ) -> None:
        """`nudge` is called when a wave is planned, `begun` when some of a large one can be sent already.

        `soon` is called two seconds before a wave begins.
        """
        self._database = database
        self._clock = clock
        self._nudge = nudge
        self._begun = begun
        self._soon = soon
        self._pace = pace  # what may begin early begins at its moment, where this is not known
        self._again: list[tuple[datetime, int, _Job]] = []  # a heap: entries that need not begin yet
        self._corrected = asyncio.Event()
        self._sequence = itertools.count()
        self._log = structlog.get_logger()
        self._patiently = PatientDatabase(database, clock, self._log)

    async def run(self) -> None:
        """Ring until cancelled, beginning with what should have rung while nobody looked.

        With a fresh database, what was over before the start is not even recorded as missed.
        """
        while True:
            self._corrected.clear()
            await self._ring_on(await self._begin())

    def look_again(self) -> None:
        """The catalogue is another one by now: what rings when is worked out anew."""
        self._corrected.set()

    async def _begin(self) -> Iterator[_Job]:
        with self._clock.busy():
            since = await self._patiently.read(waves.looked_until)
            now = self._clock.now()
            jobs = self._jobs(now, since)
            if since is None:
                # Else the next start would take for missed what was over before there was a first one.
                await self._patiently.write(waves.note_looked_until, now)
        return jobs

    async def _ring_on(self, jobs: Iterator[_Job]) -> None:
        """Do what there is to do, each at its moment, until the catalogue is another one."""
        self._again.clear()
        with self._clock.busy():
            job = next(jobs, None)
        while job is not None or self._again:
            if self._again and (job is None or self._again[0][0] <= job.at):
                due = heapq.heappop(self._again)[2]
            elif job is not None:
                due, job = job, next(jobs, None)
            if due.wave and due.at > self._clock.now():
                await rest_until(self._clock, due.at - _SOON, self._corrected)
                self._soon()
            await rest_until(self._clock, due.at, self._corrected)
            if self._corrected.is_set():
                return
            with self._clock.busy():
                await due.act()

    # --- the jobs --------------------------------------------------------------------------------------

    def _jobs(self, now: datetime, since: datetime | None) -> Iterator[_Job]:
        """All there is to do, by time: what should have been done by `now` first."""
        sources = [_housekeeping(now, self._tidy)]
        for programme in self._database.catalogue.programmes.values():
            sources.append(self._recaps(programme, now))
            sources.append(self._lives(programme, now))
            sources.append(self._materials(programme, now))
            for entry in programme.timetable:
                sources += [self._ringings(programme, entry, zone, now, since) for zone in zones(entry)]
        return heapq.merge(*sources, key=lambda job: job.at)

    def _ringings(
        self, programme: Programme, entry: Entry, zone: Zone, now: datetime, since: datetime | None
    ) -> Iterator[_Job]:
        for ring in ringings(programme, entry, zone, min(since or now, now) - entry.not_after):
            # What is not over rings again at each start: an entry that was written meanwhile, or a moment
            # that was noted just before a crash. What has rung does nothing the second time.
            if ring.timing.not_after >= now or (since is not None and ring.at >= since):
                yield _Job(ring.timing.earliest, partial(self._ring, programme, ring), wave=True)

    async def _ring(self, programme: Programme, ring: Ring) -> None:
        entry, zone, due_at = ring.entry.id, ring.zone, ring.timing.due_at
        log = self._log.bind(programme=programme.id, entry=entry, zone=zone.value, due_at=due_at.isoformat())
        first = partial(_ring_first, programme_id=programme.id, ring=ring, pace=self._pace)
        try:
            rung = await self._plan(first, ring)
        except Exception as error:  # noqa: BLE001 - a fault in one entry must not silence the others
            log.error("an entry cannot be planned", action="ring_broken", fault=trail(error))
            return
        if rung.look_at is not None:
            later = _Job(rung.look_at, partial(self._ring, programme, ring), wave=True)
            heapq.heappush(self._again, (later.at, next(self._sequence), later))
        elif rung.missed:
            log.warning("it is too late for an entry", action="ring_missed")
            if rung.people:  # it was in the making when Rekan ended
                self._nudge()
        elif rung.people:
            log.info("an entry is planned", action="ring_planned", people=rung.people)
            self._nudge()

    async def _plan(self, first: "_Step", ring: Ring) -> Rung:
        """Ring, slice by slice where there are many: between two of them, others have their turn."""
        rung = await self._take(first, ring)
        slices = 1
        while rung.rest is not None:
            if rung.people and slices & (slices - 1) == 0:  # ever more rarely: time is dear
                self._begun()
            rung = await self._take(rung.rest, ring)
            slices += 1
        return rung

    async def _take(self, step: "_Step", ring: Ring) -> Rung:
        return await self._patiently.write_dated(lambda tx, now: _take_and_note(tx, step, ring, now))

    def _recaps(self, programme: Programme, now: datetime) -> Iterator[_Job]:
        """Every day of the programme at its time; today's in any case: to tell it twice does nothing."""
        at = programme.recap_at
        if at is None:
            return
        zone = programme.zone.tzinfo
        trigger = CronTrigger(
            hour=at.hour,
            minute=at.minute,
            second=at.second,
            start_date=datetime.combine(programme.first_day, time.min, zone),
            end_date=datetime.combine(programme.last_day, time.max, zone),
            timezone=zone,
        )
        today = datetime.combine(now.astimezone(zone).date(), time.min, zone)
        moment = trigger.get_next_fire_time(None, today)
        while moment is not None:
            yield _Job(moment, partial(self._recap, programme.id, moment))
            moment = trigger.get_next_fire_time(moment, moment + _MICROSECOND)

    async def _recap(self, programme_id: str, at: datetime) -> None:
        log = self._log.bind(programme=programme_id, at=at.isoformat())
        try:
            told = await self._patiently.write_dated(lambda tx, now: recaps.daily(tx, programme_id, at, now))
        except Exception as error:  # noqa: BLE001 - a fault in a recap must not silence the timetable
            log.error("the daily recap cannot be told", action="recap_broken", fault=trail(error))
            return
        if told:
            log.info("coordinators are told the daily recap", action="recap_planned", people=told)
            self._nudge()

    def _lives(self, programme: Programme, now: datetime) -> Iterator[_Job]:
        """The steps of each session's life: those that are overdue first, at once."""
        for moment in (now, *sessions.moments(programme, now)):
            yield _Job(moment, partial(self._advance, programme.id))

    async def _advance(self, programme_id: str) -> None:
        log = self._log.bind(programme=programme_id)
        try:
            if not await self._patiently.read(sessions.is_due, programme_id, self._clock.now()):
                return
            steps = await self._patiently.write_dated(lambda tx, now: sessions.advance(tx, programme_id, now))
        except Exception as error:  # noqa: BLE001 - a fault in one session must not silence the timetable
            log.error("a session's step cannot be made", action="session_step_broken", fault=trail(error))
            return
        for session_id, step in steps:
            log.info("a session comes to a step", action="session_step", session=session_id, step=step.value)
        if steps:
            self._nudge()

    def _materials(self, programme: Programme, now: datetime) -> Iterator[_Job]:
        """When a session nears, its speaker is reminded of what there is to send; overdue ones at once."""
        nearing = sorted(
            (each.at, number)
            for number, session in enumerate(programme.sessions)
            for each in nearings(session)
            if session.starts > now
        )
        for at, number in nearing:
            yield _Job(at, partial(self._remind, programme.id, programme.sessions[number].id))

    async def _remind(self, programme_id: str, session_id: str) -> None:
        log = self._log.bind(programme=programme_id, session=session_id)
        try:
            told = await self._patiently.write_dated(
                lambda tx, now: materials.remind(tx, programme_id, session_id, now)
            )
        except Exception as error:  # noqa: BLE001 - a fault in one session must not silence the timetable
            log.error("nobody can be reminded of materials", action="reminder_broken", fault=trail(error))
            return
        if told:
            log.info("a session nears without material", action="reminder_planned", people=told)
            self._nudge()

    async def _tidy(self) -> None:
        try:
            while pruned := await self._database.transact(delivery.prune, self._clock.now()):
                self._log.info("old logs are forgotten", action="pruned", rows=pruned)
        except DatabaseError as error:
            self._log.warning("old logs could not be forgotten", action="prune_failed", why=str(error))


_Step: TypeAlias = Callable[[Transaction, datetime], Rung]


def _ring_first(tx: Transaction, now: datetime, *, programme_id: str, ring: Ring, pace: Pace | None) -> Rung:
    return planning.ring(tx, programme_id, ring.entry.id, ring.zone, ring.timing.due_at, now, pace)


def _take_and_note(tx: Transaction, step: _Step, ring: Ring, now: datetime) -> Rung:
    rung = step(tx, now)
    if rung.rest is None:
        noted = waves.looked_until(tx)
        if noted is None or ring.timing.earliest > noted:
            waves.note_looked_until(tx, ring.timing.earliest)
    return rung


def ringings(programme: Programme, entry: Entry, zone: Zone, since: datetime) -> Iterator[Ring]:
    """The entry's ringings in `zone` from about `since` on, by time, as APScheduler's trigger says."""
    trigger = _trigger(programme, entry, zone)
    if trigger is None:
        return
    look = since if entry.essential else _not_put_off_beyond(programme, zone, since)
    moment = trigger.get_next_fire_time(None, look.astimezone(zone.tzinfo))
    while moment is not None:
        found = timing(programme, entry, zone, moment.astimezone(look.tzinfo))
        if found is not None and not (isinstance(entry.when, Recurring) and moment.date() in entry.when.but):
            yield Ring(entry, zone, found)
        moment = trigger.get_next_fire_time(moment, moment + _MICROSECOND)


def _not_put_off_beyond(programme: Programme, zone: Zone, since: datetime) -> datetime:
    """A moment before `since`; what came before it, closed windows have not put off beyond `since`."""
    for days in (1, 4, 10):
        opens = programme.windows.next_open(since - timedelta(days=days), zone)
        if opens is not None and opens < since:
            return since - timedelta(days=days)
    return since - _PUT_OFF


def _trigger(programme: Programme, entry: Entry, zone: Zone) -> BaseTrigger | None:
    """The trigger of an entry's moments in `zone`; None where it is skipped, or its session is no more."""
    if entry.skipped:
        return None
    match entry.when:
        case Instant(at):
            return DateTrigger(at, zone.tzinfo)
        case Local(day, at):
            return DateTrigger(datetime.combine(day, at, zone.tzinfo), zone.tzinfo)
        case AroundSession(session_id, offset, end):
            session = programme.session(session_id)
            if session is None:
                return None
            return DateTrigger((session.ends if end else session.starts) + offset, zone.tzinfo)
        case PersonalDay(_, at):
            first, last = personal_span(programme)
            weekdays = None
        case Recurring(days, at, first, last):
            weekdays = ",".join(str(day) for day in days)
    return CronTrigger(
        day_of_week=weekdays,
        hour=at.hour,
        minute=at.minute,
        second=at.second,
        start_date=datetime.combine(first, time.min, zone.tzinfo),
        end_date=datetime.combine(last, time.max, zone.tzinfo),
        timezone=zone.tzinfo,
    )


def _housekeeping(now: datetime, act: Callable[[], Awaitable[None]]) -> Iterator[_Job]:
    """Every night at 03.30 WIB, when hardly anybody taps."""
    trigger = CronTrigger(hour=3, minute=30, timezone=Zone.WIB.tzinfo)
    moment = trigger.get_next_fire_time(None, now)
    while moment is not None:
        yield _Job(moment, act)
        moment = trigger.get_next_fire_time(moment, moment + _MICROSECOND)
