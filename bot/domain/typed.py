"""Moments as people type them on a telephone: "Sel 10 Nov 09.00 WIB", "besok 9.00", "10/11 pukul 14"."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from types import MappingProxyType

from bot.domain.zones import Zone


@dataclass(frozen=True, slots=True)
class Typed:
    """A day, a time, and the zone where one was named."""

    day: date
    at: time
    zone: Zone | None = None

    def instant(self, zone: Zone) -> datetime:
        """The moment (aware), in `zone` where none was named."""
        return datetime.combine(self.day, self.at, (self.zone or zone).tzinfo)


@dataclass(frozen=True, slots=True)
class WrongWeekday:
    """The day that was typed is another day of the week."""

    day: date


def read_moment(text: str, today: date) -> Typed | WrongWeekday | None:
    """The moment that somebody means who types on the day `today`; None where that cannot be said.

    Without a year it is the next such day; without a day, today.
    """
    words = text.casefold().replace(",", " ").replace("'", "")
    words = _ISO.sub(lambda found: f" {int(found[3])}/{int(found[2])}/{found[1]} ", words)
    clock = _take_clock(words)
    if clock is None:
        return None
    at, words = clock
    zone: Zone | None = None
    weekday: int | None = None
    day: date | None = None
    numbers: list[int] = []
    month: int | None = None
    for word in re.findall(r"\d+(?:[/-]\d+)+|\d+|[a-z]+", words):
        if word in _IGNORED:
            continue
        if word.upper() in Zone.__members__ and zone is None:
            zone = Zone(word.upper())
        elif word in _RELATIVE and day is None:
            day = today + timedelta(days=_RELATIVE[word])
        elif word in _WEEKDAYS and weekday is None:
            weekday = _WEEKDAYS[word]
        elif word in _MONTHS and month is None:
            month = _MONTHS[word]
        elif word[0].isdigit():
            numbers += [int(each) for each in re.split("[/-]", word)]
        else:
            return None
    if numbers or month is not None:
        if day is not None:
            return None
        day = _calendar_day(numbers, month, today)
        if day is None:
            return None
    elif day is None:
        ahead = 0 if weekday is None else (weekday - today.weekday()) % 7
        day = today + timedelta(days=ahead)
    if weekday is not None and day.weekday() != weekday:
        return WrongWeekday(day)
    return Typed(day, at, zone)


def _take_clock(words: str) -> tuple[time, str] | None:
    """The time in the text, and the text without it."""
    found = _CLOCK.search(words) or _HOUR.search(words)
    if found is None:
        return None
    hour, minute = int(found[1]), int(found[2] or 0) if found.re is _CLOCK else 0
    if hour > 23 or minute > 59:
        return None
    return time(hour, minute), words[: found.start()] + " " + words[found.end() :]


def _calendar_day(numbers: list[int], month: int | None, today: date) -> date | None:
    """The day of a day's number, a month and perhaps a year, in this order."""
    if month is not None:
        numbers = [*numbers[:1], month, *numbers[1:]]
    match numbers:
        case [number, month_number]:
            years = [today.year, today.year + 1]
        case [number, month_number, year]:
            years = [year if year > 99 else 2000 + year]
        case _:
            return None
    found = None
    for year in years:
        try:
            found = date(year, month_number, number)
        except ValueError:
            continue
        if found >= today - timedelta(days=60):  # what is just over is said to be over, not moved by a year
            return found
    return found


_CLOCK = re.compile(r"(?:pukul|pkl|jam|at)?\s*\b(\d{1,2})[.:](\d{2})\b(?![./-]\d)")
_HOUR = re.compile(r"(?:pukul|pkl|jam|at)\.?\s*(\d{1,2})\b")
_ISO = re.compile(r"\b(\d{4})-(\d{1,2})-(\d{1,2})\b")
_IGNORED = frozenset({"pukul", "pkl", "jam", "at", "tanggal", "tgl", "hari", "on", "the", "of"})
_RELATIVE: Mapping[str, int] = MappingProxyType({"ini": 0, "today": 0, "besok": 1, "tomorrow": 1, "lusa": 2})


def _named(*names: str) -> Mapping[str, int]:
    """Each of the names, "senin sen monday mon" say, with its place."""
    return MappingProxyType({name: place for place, each in enumerate(names) for name in each.split()})


_WEEKDAYS = _named(
    "senin sen monday mon",
    "selasa sel tuesday tue",
    "rabu rab wednesday wed",
    "kamis kam thursday thu",
    "jumat jum friday fri",
    "sabtu sab saturday sat",
    "minggu min ahad sunday sun",
)
_MONTHS = MappingProxyType(
    {
        name: place + 1
        for name, place in _named(
            "januari jan january",
            "februari feb february",
            "maret mar march",
            "april apr",
            "mei may",
            "juni jun june",
            "juli jul july",
            "agustus agu ags agt aug august",
            "september sep sept",
            "oktober okt oct october",
            "november nov nop nopember",
            "desember des dec december",
        ).items()
    }
)
