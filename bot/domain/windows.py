"""Sending windows: when it suits people to be written to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from bot.domain.zones import Zone

_WORKDAY = ((time(7, 45), time(17, 0)),)


def _usual_week() -> Mapping[int, tuple[tuple[time, time], ...]]:
    friday = ((time(7, 45), time(11, 0)), (time(13, 30), time(17, 0)))
    return {0: _WORKDAY, 1: _WORKDAY, 2: _WORKDAY, 3: _WORKDAY, 4: friday}


@dataclass(frozen=True, slots=True)
class Break:
    """A range of days (both included) with other hours, or with none (Ramadan, a long holiday)."""

    first: date
    last: date
    hours: tuple[tuple[time, time], ...] = ()


@dataclass(frozen=True, slots=True)
class SendingWindows:
    """Local hours by weekday (0 is Monday; a missing day has none), holidays, and days with other hours.

    The defaults are DOMAIN.md's: 07.45-17.00 on weekdays, without 11.00-13.30 on Fridays.
    """

    week: Mapping[int, tuple[tuple[time, time], ...]] = field(default_factory=_usual_week)
    holidays: frozenset[date] = frozenset()
    breaks: tuple[Break, ...] = ()

    def hours(self, day: date) -> tuple[tuple[time, time], ...]:
        """The open hours of that day, ascending."""
        for other in self.breaks:
            if other.first <= day <= other.last:
                return other.hours
        return () if day in self.holidays else self.week.get(day.weekday(), ())

    def open_since(self, instant: datetime, zone: Zone) -> datetime:
        """When the open hours began in which `instant` (aware) lies, as aware UTC; where it is closed, it."""
        local = instant.astimezone(zone.tzinfo)
        for opens, closes in self.hours(local.date()):
            start = datetime.combine(local.date(), opens, zone.tzinfo)
            if start <= local < datetime.combine(local.date(), closes, zone.tzinfo):
                return start.astimezone(instant.tzinfo)
        return instant

    def next_open(self, instant: datetime, zone: Zone, *, within_days: int = 60) -> datetime | None:
        """The first open moment at or after `instant` (aware) for people in `zone`, as aware UTC.

        None where there is none within `within_days`: such windows would hold a message for ever.
        """
        local = instant.astimezone(zone.tzinfo)
        for offset in range(within_days):
            day = local.date() + timedelta(days=offset)
            for opens, closes in self.hours(day):
                start = datetime.combine(day, opens, zone.tzinfo)
                if local < start:
                    return start.astimezone(instant.tzinfo)
                if local < datetime.combine(day, closes, zone.tzinfo):
                    return instant
        return None
