"""Shorter and other forms of times and days than a placeholder shows by itself.

Each is a `Say` under a reserved key (`form.…`), so that it nests in texts and travels through the outbox like
any other; `bot.content.wording` puts it into words, and no text of that key exists in `content/texts`.
Instants are aware; days and times are the reader's own.
"""

from datetime import date, datetime

from bot.domain.messages import Say


def clock_time(at: datetime) -> Say:
    """`09.00 WITA`."""
    return Say("form.time", {"at": at})


def clock_times(at: datetime) -> Say:
    """`09.00 WITA (08.00 WIB / 10.00 WIT)`."""
    return Say("form.times", {"at": at})


def day(at: datetime) -> Say:
    """`Senin, 9 November 2026`: the day on which that instant falls for the reader."""
    return Say("form.day", {"at": at})


def short_day(when: datetime | date) -> Say:
    """`Sen, 9 Nov`: of a calendar day, or of the day on which an instant falls for the reader."""
    return Say("form.short_day", {"at": when})


def short_moment(at: datetime) -> Say:
    """`Sen, 9 Nov 09.00 WITA`."""
    return Say("form.short_moment", {"at": at})


def span(begin: datetime, end: datetime) -> Say:
    """`09.00–15.00 WITA`, with the days where they differ."""
    return Say("form.span", {"begin": begin, "end": end})
