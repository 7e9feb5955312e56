"""Attendance: windows, what the evidence comes to, and codes that were passed on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.attendance import (
    Arrival,
    Burst,
    Evidence,
    Grade,
    Kind,
    Leg,
    Standing,
    begins_to_count,
    bursts,
    is_over,
    newest_known,
    next_window,
    open_windows,
    read_code,
    standing,
    when_sent,
    windows,
)
from bot.domain.language import Localised
from bot.domain.programme import CheckIn, Meeting, Session

_STARTS = datetime(2026, 11, 9, 2, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
_BOTH = CheckIn(out_opens=-15 * _MINUTE, out_closes=60 * _MINUTE, minutes=120)
_SESSION = Session(
    "hari-1",
    Localised("Hari 1", "Day 1"),
    _STARTS - 45 * _MINUTE,
    _STARTS,
    _STARTS + 180 * _MINUTE,
    Meeting("https://zoom.example.invalid/j/1", "1", "CONTOH"),
    check_in=_BOTH,
)


def _at(minutes: int) -> datetime:
    return _STARTS + minutes * _MINUTE


def _tap(leg: Leg, minutes: int = 0) -> Evidence:
    return Evidence(Kind.TAP, _at(minutes), leg)


def _code(leg: Leg, minutes: int = 0, *, counts: bool = True) -> Evidence:
    return Evidence(Kind.CODE, _at(minutes), leg, counts=counts)


def _zoom(minutes: int, since: int | None = None) -> Evidence:
    if since is None:
        return Evidence(Kind.ZOOM, _at(300), minutes=minutes)
    return Evidence(Kind.ZOOM, _at(300), minutes=minutes, since=_at(since), until=_at(since + minutes))


def _decided(present: bool, minutes: int = 400) -> Evidence:
    return Evidence(Kind.DECISION, _at(minutes), counts=present)


def test_the_windows_follow_the_session() -> None:
    assert [(each.leg, each.opens, each.closes) for each in windows(_SESSION)] == [
        (Leg.IN, _at(-45), _at(60)),
        (Leg.OUT, _at(165), _at(240)),
    ]
    assert windows(replace(_SESSION, check_in=None)) == ()
    assert windows(replace(_SESSION, cancelled=True)) == ()


@pytest.mark.parametrize(
    ("minutes", "legs", "following"),
    [
        (-46, [], Leg.IN),
        (-45, [Leg.IN], Leg.OUT),
        (59, [Leg.IN], Leg.OUT),
        (60, [], Leg.OUT),
        (165, [Leg.OUT], None),
        (240, [], None),
    ],
)
def test_what_is_open(minutes: int, legs: list[Leg], following: Leg | None) -> None:
    assert [each.leg for each in open_windows(_SESSION, _at(minutes))] == legs
    coming = next_window(_SESSION, _at(minutes))
    assert (coming.leg if coming else None) == following
    assert is_over(_SESSION, _at(minutes)) == (minutes >= 240)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("123456", "123456"),
        (" 123 456 ", "123456"),
        ("123-456", "123456"),
        ("12345", None),
        ("1234567", None),
    ],
)
def test_a_code_as_people_type_it(text: str, code: str | None) -> None:
    assert read_code(text) == code


@pytest.mark.parametrize(
    ("evidence", "grade"),
    [
        ([], Grade.NONE),
        ([_tap(Leg.IN), _tap(Leg.OUT, 170)], Grade.PARTIAL),  # without the code
        ([_code(Leg.IN)], Grade.PARTIAL),
        ([_code(Leg.IN), _code(Leg.OUT, 170)], Grade.PRESENT),
        ([_code(Leg.IN), _code(Leg.OUT, 170, counts=False)], Grade.PARTIAL),  # a late one
        ([replace(_code(Leg.IN, counts=False), lag=_MINUTE * 2)], Grade.PARTIAL),
        ([_code(Leg.IN, counts=False)], Grade.NONE),  # that was none
        ([_zoom(119)], Grade.PARTIAL),
        ([_zoom(120)], Grade.PRESENT),
        ([_zoom(70, -10), _zoom(60, 80)], Grade.PRESENT),  # joined again
        ([_zoom(70, -10), _zoom(70, 0)], Grade.PARTIAL),  # from two devices at once
        ([Evidence(Kind.CONTEST, _at(300))], Grade.NONE),
        ([_decided(True)], Grade.PRESENT),
        ([_code(Leg.IN), _code(Leg.OUT, 170), _decided(False)], Grade.NONE),
        ([_decided(False), _decided(True, 500)], Grade.PRESENT),
    ],
)
def test_what_the_evidence_comes_to(evidence: list[Evidence], grade: Grade) -> None:
    assert standing(_BOTH, evidence).grade is grade


def test_where_no_code_is_asked_for_a_tap_is_enough_and_minutes_alone_are_none() -> None:
    simple = CheckIn(code=False)
    assert standing(simple, [_tap(Leg.IN)]).grade is Grade.PRESENT
    assert standing(simple, [_code(Leg.IN)]).grade is Grade.PRESENT
    assert standing(simple, [_zoom(600)]).grade is Grade.PARTIAL


def test_minutes_missing_from_zoom_take_nothing_away() -> None:
    # Several people sit behind one account: whose name is not there may have been there all the same.
    assert standing(_BOTH, [_code(Leg.IN), _code(Leg.OUT, 170), _zoom(3)]).grade is Grade.PRESENT


def test_a_contest_is_open_until_it_is_decided() -> None:
    contest = Evidence(Kind.CONTEST, _at(350))
    assert standing(_BOTH, [contest]).contested
    decided = standing(_BOTH, [contest, _decided(True)])
    assert (decided.contested, decided.decided) == (False, True)


def test_arriving_and_leaving_are_the_first_and_the_last() -> None:
    found = standing(_BOTH, [_tap(Leg.IN, -3), _code(Leg.IN, 1), _code(Leg.OUT, 170), _zoom(90, 0)])
    assert (found.arrived, found.left, found.minutes) == (_at(-3), _at(170), 90)


def _sent(office: str, count: int, seconds: int, step: int = 7) -> list[Arrival]:
    return [Arrival(step, timedelta(seconds=seconds), office, _at(n)) for n in range(count)]


def test_a_code_that_was_passed_on_is_seen() -> None:
    assert bursts(_sent("Dinas A", 6, 55) + _sent("Dinas A", 3, 10)) == [
        Burst("Dinas A", _at(0), 6, timedelta(seconds=55))
    ]


@pytest.mark.parametrize(
    "arrivals",
    [
        _sent("Dinas A", 50, 20),  # all at once, in time: that is how it is meant
        _sent("Dinas A", 4, 55),  # a few who type slowly
        _sent("Dinas A", 8, 55) + _sent("Dinas A", 40, 10),  # the slow ones of a large office
        [each for n in range(8) for each in _sent(f"Dinas {n}", 1, 55)],  # from everywhere
        [each for n in range(8) for each in _sent("Dinas A", 1, 55, step=n)],  # each another code
    ],
)
def test_what_is_no_burst(arrivals: list[Arrival]) -> None:
    assert bursts(arrivals) == []


def test_what_came_before_the_session_was_put_off_counts_no_more() -> None:
    evidence = [_code(Leg.IN), _code(Leg.OUT, 170)]
    assert standing(_BOTH, evidence, since=_at(-45)).grade is Grade.PRESENT
    assert standing(_BOTH, evidence, since=_at(24 * 60)) == Standing(Grade.NONE)
    assert standing(_BOTH, [*evidence, _decided(True)], since=_at(24 * 60)).grade is Grade.PRESENT
    later = replace(_SESSION, starts=_SESSION.starts + timedelta(minutes=15))
    since = begins_to_count(later)
    assert since is not None
    assert since < _at(-45)  # moved a little, nothing is lost
    assert begins_to_count(replace(_SESSION, check_in=None)) is None


def test_a_tap_alone_is_no_presence_where_a_code_is_asked_for() -> None:
    found = standing(_BOTH, [_tap(Leg.IN)])
    assert (found.grade, found.arrived) == (Grade.PARTIAL, None)


@pytest.mark.parametrize(
    ("seconds", "as_now"),
    [
        (-60, True),
        (-1, True),
        (0, True),
        (5, True),
        (6, False),
        (3_600, False),
        (86_400, False),
        (86_401, True),
    ],
)
def test_when_something_was_sent_is_believed_where_it_can_be(seconds: int, as_now: bool) -> None:
    sent = _STARTS - timedelta(seconds=seconds)
    assert when_sent(sent, _STARTS) == (_STARTS if as_now else sent)
    assert when_sent(None, _STARTS) == _STARTS


def test_a_code_from_after_it_was_sent_is_believed_where_only_the_clocks_differ() -> None:
    assert newest_known(_STARTS - 2 * _MINUTE, _STARTS) == _STARTS
    assert newest_known(_STARTS - 3 * _MINUTE, _STARTS) == _STARTS - 3 * _MINUTE
