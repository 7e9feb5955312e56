"""When a timetable entry rings: its moments, how sending windows move them, and a person's own days.

An entry has a *moment* in each zone (`due_at`, what the organisers wrote) and rings *at* that moment or,
where sending windows are closed then, at the next open one. Everything here is pure; the timetable that
really rings (`bot.delivery.timetable`), `rekan plan`, `/jadwal` and the demo all stand on it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeAlias

from bot.domain.messages import Lane
from bot.domain.people import Person
from bot.domain.programme import (
    AroundSession,
    Audience,
    Course,
    Entry,
    Instant,
    Item,
    JournalTask,
    Late,
    Local,
    PersonalDay,
    Programme,
    Recurring,
)
from bot.domain.windows import SendingWindows
from bot.domain.zones import Zone

_DAY = timedelta(days=1)
_END_OF_DAY = time(23, 59)


@dataclass(frozen=True, slots=True)
class Timing:
    """What one moment of an entry means in a zone (all aware UTC).

    `at` is when it rings: `due_at`, or the next open moment after it. `hopeless` says that no open moment
    comes before the message is over, so that it can only be recorded as missed. It may go out `early` before
    it rings, where it must.
    """

    due_at: datetime
    at: datetime
    everybody_by: datetime
    not_after: datetime
    hopeless: bool = False
    early: timedelta = timedelta()

    @property
    def earliest(self) -> datetime:
        """When the first of its messages may go (aware UTC)."""
        return self.at - self.early


@dataclass(frozen=True, slots=True)
class Ring:
    """One ringing: entry `entry` for the people of `zone`."""

    entry: Entry
    zone: Zone
    timing: Timing

    @property
    def at(self) -> datetime:
        """When it rings (aware UTC)."""
        return self.timing.at


def zones(entry: Entry) -> tuple[Zone, ...]:
    """The zones in which an entry rings: all three, or those its audience names."""
    return entry.audience.zones or tuple(Zone)


def moments(
    programme: Programme, entry: Entry, zone: Zone, since: datetime, until: datetime
) -> Iterator[datetime]:
    """The entry's moments in `zone` from `since` to `until` (both included), ascending, aware UTC.

    A personal day has one on each day of the programme: it concerns those whose day it is. What is skipped
    has none.
    """
    if entry.skipped:
        return iter(())
    match entry.when:
        case Instant(at):
            found: Iterator[datetime] = iter((at.astimezone(UTC),))
        case Local(day, at):
            found = iter((_wall(day, at, zone),))
        case AroundSession(session_id, offset, end):
            session = programme.session(session_id)
            edges = () if session is None else (session.ends if end else session.starts,)
            found = (edge.astimezone(UTC) + offset for edge in edges)
        case PersonalDay(_, at):
            first, last = personal_span(programme)
            found = (_wall(day, at, zone) for day in _days(first, last, since, until))
        case Recurring(weekdays, at, first, last, but):
            days = (
                day
                for day in _days(first, last, since, until)
                if day.weekday() in weekdays and day not in but
            )
            found = (_wall(day, at, zone) for day in days)
    return (moment for moment in found if since <= moment <= until)


def is_moment(programme: Programme, entry: Entry, zone: Zone, due_at: datetime) -> bool:
    """Whether the entry (still) has that moment in `zone`."""
    return due_at in moments(programme, entry, zone, due_at, due_at)


def timing(programme: Programme, entry: Entry, zone: Zone, due_at: datetime) -> Timing | None:
    """When the moment `due_at` of an entry really rings in `zone`, and until when it matters.

    Essential entries ring at their moment. Others wait for the next open one; *everybody by* moves along.
    *Not after* moves along too, except where a late message is worth nothing (`Late.SKIP`): there the
    organisers' own moment counts. None where a recurring entry would be moved into the day on which it
    rings again anyway (a Saturday's reminder on Monday): that ringing takes its place.
    """
    if entry.essential:
        at: datetime | None = due_at
    else:
        at = programme.windows.next_open(due_at, zone)
    over = due_at + entry.not_after
    if at is not None and isinstance(entry.when, Recurring) and at > due_at:
        following = next(moments(programme, entry, zone, due_at + timedelta(seconds=1), at + _DAY), None)
        if following is not None and _local_day(at, zone) >= _local_day(following, zone):
            return None
    if at is None or (entry.late is Late.SKIP and at > over):
        return Timing(due_at, due_at, min(due_at + entry.everybody_by, over), over, hopeless=True)
    if entry.late is not Late.SKIP:
        over = at + entry.not_after
    early = entry.early
    if early and not entry.essential:  # not into closed hours
        early = min(early, at - programme.windows.open_since(at, zone))
    return Timing(due_at, at, min(at + entry.everybody_by, over), over, early=early)


@dataclass(frozen=True, slots=True)
class Send:
    """Send the message from `due_at` on."""

    due_at: datetime
    everybody_by: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True)
class Fold:
    """Tell it in a digest, due at `due_at`."""

    due_at: datetime


@dataclass(frozen=True, slots=True)
class Miss:
    """It is too late for it."""


Decision: TypeAlias = Send | Fold | Miss


def decide(entry: Entry, when: Timing, now: datetime, opens: datetime | None) -> Decision:
    """What becomes of an entry that rings at `now`, for those who do not have it yet.

    On time it is sent. After its *everybody by*, its late policy says whether it is skipped, sent all the
    same, or folded into a digest (where it is about something that a line can name). After its *not after*
    it is missed. What is late goes out at `opens`: the next open moment, or `now` for somebody who is just
    there; None: there is none.
    """
    if when.hopeless or now > when.not_after:
        return Miss()
    if now <= when.everybody_by:
        return Send(when.at, when.everybody_by, when.not_after)
    if entry.late is Late.SKIP or opens is None or opens > when.not_after:
        return Miss()
    if entry.late is Late.DIGEST and entry.about is not None:
        return Fold(opens)
    return Send(opens, min(opens + entry.everybody_by, when.not_after), when.not_after)


def rings(programme: Programme, entry: Entry, zone: Zone, since: datetime, until: datetime) -> Iterator[Ring]:
    """The entry's ringings in `zone` whose *at* lies from `since` to `until`, ascending."""
    # Closed windows put a ringing off by 60 days at most (`next_open`); an essential one never.
    begin = since if entry.essential else since - 60 * _DAY
    for moment in moments(programme, entry, zone, begin, until):
        found = timing(programme, entry, zone, moment)
        if found is not None and since <= found.at <= until:
            yield Ring(entry, zone, found)


def upcoming(
    programme: Programme, since: datetime, until: datetime, *, person: Person | None = None
) -> tuple[Ring, ...]:
    """What rings from `since` to `until` (both included), by time, then as written.

    With a person: only what is meant for them, as far as that can be said beforehand (what they will have
    done by then cannot), and only their own personal days. Without one, an entry of personal days is
    listed for every day on which it may be somebody's.
    """
    found: list[tuple[datetime, int, Ring]] = []
    for place, entry in enumerate(programme.timetable):
        if person is not None and not concerns(entry.audience, person):
            continue
        for zone in zones(entry):
            if person is not None and zone is not person.zone:
                continue
            for ring in rings(programme, entry, zone, since, until):
                if person is None or _is_their_day(programme, ring, person):
                    found.append((ring.at, place, ring))  # noqa: PERF401 - one comprehension of this is unreadable
    found.sort(key=lambda each: each[:2])
    return tuple(ring for _, _, ring in found)


def lane(entry: Entry) -> Lane:
    """Which lane an entry's messages take: a session waits for nobody."""
    about_session = entry.about is not None and entry.about.kind is Item.SESSION
    return Lane.SESSION if entry.essential or about_session else Lane.REMINDER


def concerns(audience: Audience, person: Person) -> bool:
    """Whether `person` is meant, leaving aside what they have done.

    The same rule in SQL, with what they have done, is `bot.storage.audience`.
    """

    def among(value: str | None, wanted: tuple[str, ...]) -> bool:
        return not wanted or (value or "").strip().lower() in {each.strip().lower() for each in wanted}

    return (
        among(person.office, audience.offices)
        and among(person.province, audience.provinces)
        and among(person.wave, audience.waves)
        and among(person.class_, audience.classes)
        and among(person.group, audience.groups)
        and among(person.role, audience.roles)
        and (not audience.zones or person.zone in audience.zones)
    )


# --- personal days ------------------------------------------------------------------------------------


def personal_date(course: Course, windows: SendingWindows, first_login: date, day: int) -> date:
    """The date of day `day` of somebody's own course; day 1 is their first login.

    Where working days are counted, day 2 is the first working day after the login, and so on.
    """
    if not course.working_days:
        return first_login + (day - 1) * _DAY
    found = first_login
    for _ in range(day - 1):
        found += _DAY
        while not _is_working_day(windows, found):
            found += _DAY
    return found


def first_logins(course: Course, windows: SendingWindows, day: int, on: date) -> tuple[date, ...]:
    """The first logins of those whose day `day` falls on `on`: the inverse of `personal_date`."""
    if not course.working_days:
        return (on - (day - 1) * _DAY,)
    # Five working days lie in seven; the longest holidays put some twenty more between.
    candidates = (on - back * _DAY for back in range(2 * day + 30))
    return tuple(first for first in candidates if personal_date(course, windows, first, day) == on)


def personal_moment(programme: Programme, when: PersonalDay, zone: Zone, first_login: date) -> datetime:
    """The moment of a personal day for somebody in `zone` (aware UTC)."""
    day = personal_date(programme.course, programme.windows, first_login, when.day)
    return _wall(day, when.at, zone)


def personal_span(programme: Programme) -> tuple[date, date]:
    """The first and the last date on which a personal day may fall: somebody may begin on the last day."""
    days = [entry.when.day for entry in programme.timetable if isinstance(entry.when, PersonalDay)]
    days += [task.deadline.day for task in programme.journal if isinstance(task.deadline, PersonalDay)]
    longest = max(days, default=1)
    last = personal_date(programme.course, programme.windows, programme.last_day, longest)
    return programme.first_day, last


def deadline(programme: Programme, task: JournalTask, person: Person) -> datetime:
    """Until when a journal entry may be reopened (aware UTC).

    Without a deadline of its own, or where it counts from a first login that is not known yet, that is
    the end of the programme's last day where the person is.
    """
    match task.deadline:
        case Local(day, at):
            return _wall(day, at, person.zone)
        case PersonalDay() as when if person.first_login is not None:
            return personal_moment(programme, when, person.zone, person.first_login)
    return _wall(programme.last_day, _END_OF_DAY, person.zone)


def _is_their_day(programme: Programme, ring: Ring, person: Person) -> bool:
    if not isinstance(ring.entry.when, PersonalDay):
        return True
    if person.first_login is None:
        return False
    mine = personal_moment(programme, ring.entry.when, person.zone, person.first_login)
    return mine == ring.timing.due_at


def _is_working_day(windows: SendingWindows, day: date) -> bool:
    return day.weekday() < 5 and day not in windows.holidays


def _wall(day: date, at: time, zone: Zone) -> datetime:
    return datetime.combine(day, at, zone.tzinfo).astimezone(UTC)


def _local_day(moment: datetime, zone: Zone) -> date:
    return moment.astimezone(zone.tzinfo).date()


def _days(first: date, last: date, since: datetime, until: datetime) -> Iterator[date]:
    """The dates from `first` to `last` that may hold a moment from `since` to `until` in some zone."""
    day = max(first, since.astimezone(UTC).date() - _DAY)
    last = min(last, until.astimezone(UTC).date() + _DAY)
    while day <= last:
        yield day
        day += _DAY
