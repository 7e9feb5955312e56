"""When everybody has it: against a model that sends one message after the other."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.delivery import pacer
from bot.domain.forecast import FREE as FREE_PER_SECOND
from bot.domain.forecast import Budget, Forecast, Pace, Wave, forecast, placed
from bot.domain.messages import Lane

NOON = datetime(2026, 11, 9, 23, 59, 55, tzinfo=UTC)
"""Five seconds before another day's Stars: waves here go on for longer."""

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
FREE = Pace(30, for_replies=0)


def brute_force(waves: list[Wave], pace: Pace, not_before: datetime | None = None) -> list[list[datetime]]:
    """When each single person of each wave has it: the most urgent of all who wait, one at a time."""
    reached: list[list[datetime]] = [[] for _ in waves]
    budget = pace.budget or Budget(0)
    spent = Counter({budget.day: budget.spent})
    now = not_before or datetime.min.replace(tzinfo=UTC)
    while unfinished := [n for n, wave in enumerate(waves) if len(reached[n]) < wave.people]:
        now = max(now, min(waves[n].starts for n in unfinished))
        ready = [n for n in unfinished if waves[n].starts <= now]
        first = min(ready, key=lambda n: (waves[n].lane, waves[n].everybody_by, n))
        reached[first].append(now)
        if pace.budget is None or spent[now.date()] < budget.messages:
            spent[now.date()] += 1
            now += pace.interval
        else:
            now += pace.free_interval
    return reached


seconds = st.integers(0, 12).map(lambda n: n * SECOND / 2)
wave = st.builds(
    lambda people, starts, patience, lane: Wave(
        "x", people, NOON + starts, NOON + starts + patience, lane, NOON - 5 * SECOND
    ),
    st.integers(0, 9),
    seconds,
    seconds,
    st.sampled_from([Lane.SESSION, Lane.REMINDER]),
)
waves = st.lists(wave, max_size=6)
budgets = st.builds(
    Budget,
    st.integers(0, 40),
    st.sampled_from([None, NOON.date(), NOON.date() - timedelta(1)]),
    st.integers(0, 20),
)
paces = st.builds(
    Pace, st.sampled_from([0.7, 1, 2, 3, 30, 40, 100]), st.sampled_from([0, 0.2]), st.none() | budgets
)
holds = st.none() | seconds.map(lambda n: NOON + n)


@given(waves, paces, holds)
def test_it_says_what_sending_one_after_the_other_comes_to(
    waves: list[Wave], pace: Pace, hold: datetime | None
) -> None:
    expected = [
        Forecast(
            each,
            min(times, default=None),
            max(times, default=None),
            sum(t > each.everybody_by for t in times),
        )
        for each, times in zip(waves, brute_force(waves, pace, hold), strict=True)
    ]
    assert forecast(waves, pace, not_before=hold) == expected


@given(waves, paces)
def test_a_wave_starts_early_only_where_it_may_and_only_as_much_as_it_must(
    waves: list[Wave], pace: Pace
) -> None:
    found = placed(waves, pace)
    assert [replace(each, starts=was.starts) for each, was in zip(found, waves, strict=True)] == waves
    for each, was in zip(found, waves, strict=True):
        assert min(was.starts, NOON - 5 * SECOND) <= each.starts <= was.starts
    before = {id(f.wave): f for f in forecast(waves, pace)}
    assert all(
        each.starts == was.starts
        for each, was in zip(found, waves, strict=True)
        if len(waves) == 1 and not before[id(was)].late
    )


@given(st.integers(1, 400), st.integers(0, 30), paces)
def test_alone_it_starts_no_second_earlier_than_it_must(people: int, room: int, pace: Pace) -> None:
    alone = Wave("x", people, NOON, NOON + 5 * SECOND, earliest=NOON - room * SECOND)
    (found,) = placed([alone], pace)
    late = forecast([found], pace)[0].late
    assert not late or found.starts == alone.earliest
    if not late and found.starts < NOON:
        assert forecast([replace(found, starts=found.starts + SECOND)], pace)[0].late


def test_the_last_of_3400_has_it_two_minutes_later() -> None:
    (told,) = forecast([Wave("tautan", 3_400, NOON, NOON + MINUTE)], FREE)
    assert (told.first, told.last) == (NOON, NOON + 3_399 * FREE.interval)
    assert told.late_by == 3_399 * FREE.interval - MINUTE
    assert told.late == 3_400 - 60 * 30 - 1


def test_where_the_stars_are_spent_the_pace_is_the_free_one() -> None:
    """3,400 people at 1,000 a second, but Stars for 1,000 of them, of which 400 are spent."""
    at = NOON - MINUTE * 60
    wave = Wave("tautan", 3_400, at, at + MINUTE)
    paid = Pace.for_stars(1_000, 100, for_replies=0)
    (told,) = forecast([wave], paid)
    assert told.last == at + 1_000 * paid.interval + 2_399 * FREE.interval
    assert paid.budget is not None
    (told,) = forecast([wave], replace(paid, budget=replace(paid.budget, day=at.date(), spent=400)))
    assert told.last == at + 600 * paid.interval + 2_799 * FREE.interval
    assert FREE_PER_SECOND == pacer.FREE


def test_waves_due_together_share_the_time_before_their_deadline() -> None:
    """Three zones' waves of one session: none may count on the others' time."""
    zones = [Wave(zone, 900, NOON, NOON, earliest=NOON - 5 * MINUTE) for zone in ("WIB", "WITA", "WIT")]
    found = placed(zones, FREE)
    assert [each.late for each in forecast(found, FREE)] == [0, 0, 0]
    assert min(each.starts for each in found) >= NOON - 2_699 * FREE.interval - 3 * SECOND


def test_what_is_more_urgent_interrupts() -> None:
    slow = Wave("pengingat", 300, NOON, NOON + 60 * MINUTE)
    urgent = Wave("tautan", 30, NOON + SECOND, NOON + MINUTE, Lane.SESSION)
    first, second = forecast([slow, urgent], FREE)
    assert second.last is not None
    assert second.last < NOON + 3 * SECOND
    assert first.last == NOON + 329 * FREE.interval


def test_a_wave_for_nobody_delays_nobody() -> None:
    (told,) = forecast([Wave("x", 0, NOON, NOON)], FREE)
    assert told == Forecast(told.wave, None, None, 0)
    assert told.late_by == timedelta()
