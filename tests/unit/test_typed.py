"""Moments as people type them."""

from datetime import date, datetime, time

import pytest

from bot.domain.typed import Typed, WrongWeekday, read_moment
from bot.domain.zones import Zone

TODAY = date(2026, 11, 9)  # a Monday
TENTH = date(2026, 11, 10)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Sel 10 Nov 09.00 WIB", Typed(TENTH, time(9), Zone.WIB)),
        ("selasa, 10 november 2026 pukul 9.00 wita", Typed(TENTH, time(9), Zone.WITA)),
        ("10/11 14:30", Typed(TENTH, time(14, 30))),
        ("10-11-2026 14.30 WIT", Typed(TENTH, time(14, 30), Zone.WIT)),
        ("10/11/26 jam 7", Typed(TENTH, time(7))),
        ("2026-11-10 08:15", Typed(TENTH, time(8, 15))),
        ("besok 08.15", Typed(TENTH, time(8, 15))),
        ("hari ini pukul 16", Typed(TODAY, time(16))),
        ("lusa jam 16.00", Typed(date(2026, 11, 11), time(16))),
        ("Jum'at 13.30", Typed(date(2026, 11, 13), time(13, 30))),
        ("Friday at 13:30", Typed(date(2026, 11, 13), time(13, 30))),
        ("13.30 WIT", Typed(TODAY, time(13, 30), Zone.WIT)),
        ("5 Jan 08.00", Typed(date(2027, 1, 5), time(8))),
        ("8 Nov 08.00", Typed(date(2026, 11, 8), time(8))),  # over: it is said so, and not moved by a year
        ("Rab 10 Nov 09.00", WrongWeekday(TENTH)),
        ("", None),
        ("besok", None),
        ("10 Nov", None),
        ("31 Feb 09.00", None),
        ("10 Nov 25.00", None),
        ("10 Nov 09.00 kira-kira", None),
        ("besok 10 Nov 09.00", None),
        ("1 2 3 4 09.00", None),
    ],
)
def test_what_is_typed_is_understood_or_not(text: str, meant: Typed | WrongWeekday | None) -> None:
    assert read_moment(text, TODAY) == meant


def test_a_zone_that_is_not_named_is_the_programmes() -> None:
    assert Typed(TENTH, time(9)).instant(Zone.WIB) == datetime(2026, 11, 10, 9, tzinfo=Zone.WIB.tzinfo)
    assert Typed(TENTH, time(9), Zone.WIT).instant(Zone.WIB).hour == 9
