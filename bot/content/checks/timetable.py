"""Whether a schedule's days and moments make sense: sessions, windows, and what the windows would hold."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from bot.content import build
from bot.content.files import items
from bot.content.models import (
    Edge,
    EntryFile,
    EveryWhen,
    InstantWhen,
    LocalWhen,
    PersonalWhen,
    RecapFile,
    ScheduleFile,
    SessionFile,
    SessionWhen,
    WindowsFile,
)
from bot.content.problems import Place
from bot.content.shape import Reading, Shape, known, whole
from bot.domain.windows import SendingWindows
from bot.domain.zones import Zone

_DAY = timedelta(days=1)
_EARLIEST = timedelta(hours=6)


def check(schedule: ScheduleFile, reading: Reading) -> None:
    """Name every problem with the days and moments of `schedule`."""
    days = _days(schedule, reading)
    for session in items(schedule.sessions):
        _session(session, days, reading)
    for task in items(schedule.journal):
        if known(task.deadline) and isinstance(task.deadline, LocalWhen | PersonalWhen):
            _within(task.deadline, schedule, days, reading)
    windows = _windows(schedule, days, reading)
    if windows is not None and days is not None and known(schedule.recap) and schedule.recap is not None:
        _recap(schedule.recap, days, windows, reading)
    for entry in items(schedule.timetable):
        if known(entry.when):
            _within(entry.when, schedule, days, reading)
        _patience(entry, reading)
        if (
            windows is not None
            and days is not None
            and whole(entry.when, entry.not_after, entry.essential)
            and not entry.essential
        ):
            _held(entry, schedule, days, windows, reading)
    if whole(schedule.timetable) and not schedule.timetable:
        what = "the timetable is empty: nothing is ever sent"
        reading.problem(schedule.where("timetable"), what, "write its entries", warning=True)


class _Days:
    """The days of a programme, first and last included."""

    def __init__(self, first: date, last: date) -> None:
        self.first, self.last = first, last

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def __iter__(self) -> Iterator[date]:
        return (self.first + n * _DAY for n in range((self.last - self.first).days + 1))

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"


def _days(schedule: ScheduleFile, reading: Reading) -> _Days | None:
    """The programme's days, None where they make no sense (or could not be read)."""
    if not whole(schedule.first_day, schedule.last_day):
        return None
    days = _Days(schedule.first_day, schedule.last_day)
    if days.last < days.first:
        what = f"'last_day' ({days.last}) is before 'first_day' ({days.first})"
        reading.problem(schedule.where("last_day"), what, "check both days")
        return None
    if (days.last - days.first).days > 366:
        what = "the programme lasts longer than a year"
        reading.problem(schedule.where("last_day"), what, "check the years of first_day and last_day")
        return None
    return days


def _session(session: SessionFile, days: _Days | None, reading: Reading) -> None:
    if whole(session.starts, session.ends):
        if session.ends <= session.starts:
            what = f"the session ends ({session.ends:%Y-%m-%d %H:%M}) before it starts"
            if session.ends == session.starts:
                what = "the session ends when it starts"
            reading.problem(session.where("ends"), what, "let it end later")
        elif session.ends - session.starts > _DAY:
            reading.problem(
                session.where("ends"), "the session lasts longer than a day", "check the day it ends"
            )
    if whole(session.room_opens, session.starts):
        if session.room_opens > session.starts:
            what = "the room opens after the session starts"
            reading.problem(session.where("room_opens"), what, "let it open earlier")
        elif session.starts - session.room_opens > _DAY:
            what = "the room opens more than a day before the session starts"
            reading.problem(session.where("room_opens"), what, "check the day it opens")
    for key in ("starts", "ends"):
        moment = getattr(session, key)
        if days is not None and known(moment) and moment.date() not in days:
            _outside(session.where(key), moment.date(), days, reading)


def _outside(place: Place, day: date, days: _Days, reading: Reading) -> None:
    what = f"{day} is outside of the programme's days ({days})"
    reading.problem(place, what, "choose a day within, or move first_day or last_day")


def _within(when: Shape, schedule: ScheduleFile, days: _Days | None, reading: Reading) -> None:
    """A moment lies within the programme (or the course), and exists at all."""
    match when:
        case SessionWhen() if known(when.before) and known(when.after):
            if when.before is not None and when.after is not None:
                what = "says both before and after the session"
                reading.problem(when.where("after"), what, "keep one of the two")
            elif days is not None and (moment := _around(when, schedule)) and moment.date() not in days:
                _outside(when.place, moment.date(), days, reading)
        case PersonalWhen() if (
            whole(when.personal, schedule.course) and when.personal > 2 * schedule.course.days
        ):
            days_long = schedule.course.days
            what = f"day {when.personal} is beyond the course of {days_long} days and as many of remedial"
            reading.problem(
                when.where("personal"), what, f"write {2 * days_long} or less, or lengthen 'course'"
            )
        case InstantWhen() if days is not None and known(when.instant) and when.instant.date() not in days:
            _outside(when.where("instant"), when.instant.date(), days, reading)
        case LocalWhen() if days is not None and known(when.local) and when.local.date() not in days:
            _outside(when.where("local"), when.local.date(), days, reading)
        case EveryWhen():
            _recurring(when, days, reading)


def _around(when: SessionWhen, schedule: ScheduleFile) -> datetime | None:
    """The wall clock's reading, in the programme's zone, of a moment around a session; None if unknown."""
    session = next((s for s in items(schedule.sessions) if known(s.id) and s.id == when.session), None)
    if session is None or not whole(when, session.starts, session.ends):
        return None
    edge = session.ends if when.edge is Edge.END else session.starts
    return edge + (when.after or timedelta()) - (when.before or timedelta())


def _recurring(when: EveryWhen, days: _Days | None, reading: Reading) -> None:
    for key, day in (("from", when.first), ("until", when.last)):
        if days is not None and known(day) and day not in days:
            _outside(when.where(key), day, days, reading)
    if not whole(when):
        return
    if when.last < when.first:
        reading.problem(when.where("until"), "'until' is before 'from'", "check both days")
    elif not any(_falls(when, _Days(when.first, min(when.last, when.first + 7 * _DAY)))):
        what = f"none of these weekdays falls between {when.first} and {when.last}"
        reading.problem(when.where("every"), what, "name another weekday, or a longer time")


def _falls(when: EveryWhen, days: Iterable[date]) -> Iterator[date]:
    return (day for day in days if day.weekday() in when.every)


def _patience(entry: EntryFile, reading: Reading) -> None:
    if known(entry.early) and entry.early > _EARLIEST:
        what = f"'early' ({short(entry.early)}) is more than {short(_EARLIEST)} before the entry's moment"
        reading.problem(entry.where("early"), what, "let 'when' be earlier, and 'early' shorter")
    if whole(entry.everybody_by, entry.not_after) and entry.not_after < entry.everybody_by:
        key = "not_after" if entry.wrote("not_after") else "everybody_by"
        by, until = short(entry.everybody_by), short(entry.not_after)
        what = f"'not_after' ({until}) is shorter than 'everybody_by' ({by})"
        reading.problem(entry.where(key), what, "give people at least until everybody must have it")


def short(span: timedelta) -> str:
    """A duration as it is written in a schedule."""
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{n}{unit}" for n, unit in ((hours, "h"), (minutes, "m"), (seconds, "s")) if n]
    return "".join(parts) or "0m"


# --- sending windows ----------------------------------------------------------------------------------


def _windows(schedule: ScheduleFile, days: _Days | None, reading: Reading) -> SendingWindows | None:
    """The sending windows as they will be, None where they could not be read or never open."""
    file = schedule.windows
    if not known(file):
        return None
    _hours(file, reading)
    for other in items(file.breaks):
        if whole(other.first, other.last) and other.last < other.first:
            reading.problem(other.where("last"), "the break ends before it begins", "check both days")
    if days is None or not file.sound:
        return None
    windows = build.windows(file, days.first, days.last)
    if not any(windows.hours(day) for day in days):
        place = schedule.where("windows")
        what = "the sending windows never open in the programme's days"
        reading.problem(place, what, "give at least one weekday open hours")
        return None
    return windows


def _recap(file: RecapFile, days: _Days, windows: SendingWindows, reading: Reading) -> None:
    """The recap comes when the windows are open on some day: else no coordinator would ever be told."""
    if whole(file.at) and not any(
        opens <= file.at < closes for day in days for opens, closes in windows.hours(day)
    ):
        what = f"the recap would come at {file.at:%H.%M}, when the sending windows are closed every day"
        reading.problem(file.where("at"), what, "give a time within the open hours of 'windows'")


def _hours(file: WindowsFile, reading: Reading) -> None:
    """No hours of a day overlap."""
    for owner in (file.week, *items(file.breaks)):
        if not isinstance(owner, Shape):
            continue
        for name in type(owner).model_fields:
            ranges = getattr(owner, name)
            if not isinstance(ranges, list) or not whole(ranges):
                continue
            ordered = sorted(ranges)
            if any(later[0] < earlier[1] for earlier, later in pairwise(ordered)):
                reading.problem(
                    owner.where(name), f"the hours of '{name}' overlap", "write them one after another"
                )


def _held(
    entry: EntryFile, schedule: ScheduleFile, days: _Days, windows: SendingWindows, reading: Reading
) -> None:
    """Warn where the windows would hold a message until it is too late, for all of a zone's people."""
    zones = items(entry.audience.zones) if known(entry.audience) else []
    held = []
    for zone in zones or list(Zone):
        theirs = [m for m in moments(entry.when, schedule, zone) if m.astimezone(zone.tzinfo).date() in days]
        if theirs and all(_too_late(moment, zone, entry.not_after, windows) for moment in theirs):
            held.append(zone.value)
    if held:
        who = f" in {', '.join(held)}"
        what = f"the sending windows hold this message past its 'not_after' for people{who}"
        mend = "move it into open hours, let 'not_after' be later, or make it 'essential'"
        reading.problem(entry.where("when"), what, mend, warning=True)


def _too_late(moment: datetime, zone: Zone, not_after: timedelta, windows: SendingWindows) -> bool:
    opens = windows.next_open(moment, zone)
    return opens is None or opens > moment + not_after


def moments(when: Shape, schedule: ScheduleFile, zone: Zone) -> Iterator[datetime]:
    """When an entry falls for people in `zone` (aware UTC); a personal day may fall on any day.

    Whatever it needs of the schedule must be whole.
    """
    match when:
        case InstantWhen() if known(schedule.zone):
            yield build.instant(when.instant, schedule.zone)
        case SessionWhen() if known(schedule.zone):
            if (moment := _around(when, schedule)) is not None:
                yield build.instant(moment, schedule.zone)
        case LocalWhen():
            yield build.instant(when.local, zone)
        case PersonalWhen():
            for day in _Days(schedule.first_day, schedule.last_day):
                yield _at(day, when.at, zone)
        case EveryWhen() if when.first <= when.last:
            for day in _falls(when, _Days(when.first, min(when.last, when.first + 366 * _DAY))):
                yield _at(day, when.at, zone)


def _at(day: date, at: time, zone: Zone) -> datetime:
    return datetime.combine(day, at, zone.tzinfo).astimezone(UTC)
