"""A session's life, purely: which steps are due, which are undone, and what a tap changes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.corrections import Correction, SessionChange, corrected
from bot.domain.language import Localised
from bot.domain.programme import AroundSession, Item, Meeting, Session, Target
from bot.domain.sessions import (
    EXTENSION,
    STEPS,
    Deed,
    Moves,
    State,
    change,
    moment,
    moves,
    possible,
    state,
)
from bot.usecases.corrections import ChangeSession, RefusedError
from bot.usecases.sessions import wanted
from tests.examples import entry, programme

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
STARTS = datetime(2026, 11, 9, 2, 0, tzinfo=UTC)
OPENS, ENDS = STARTS - 15 * MINUTE, STARTS + 2 * HOUR
ROOM = Meeting("https://zoom.example.invalid", "1", "x")
SESSION = Session("hari-1", Localised("Hari 1", "Day 1"), OPENS, STARTS, ENDS, ROOM)


@pytest.mark.parametrize(
    ("now", "reached"),
    [
        (OPENS - MINUTE, ()),
        (OPENS, STEPS[:1]),
        (STARTS, STEPS[:2]),
        (ENDS - MINUTE, STEPS[:2]),
        (ENDS, STEPS[:4]),
        (ENDS + 10 * MINUTE, STEPS[:5]),
        (ENDS + DAY, STEPS),  # after a day's outage: all of them, in order
    ],
)
def test_steps_are_due_at_their_moments_and_late_ones_too(now: datetime, reached: tuple[State, ...]) -> None:
    assert moves(SESSION, (), now) == Moves(make=reached)
    assert moves(SESSION, reached, now) == Moves()
    for made in ((), reached):
        assert state(SESSION, made, now) == (reached[-1] if reached else State.SCHEDULED)


def test_steps_come_in_the_order_of_their_moments() -> None:
    assert sorted(STEPS, key=lambda step: (moment(SESSION, step), STEPS.index(step))) == list(STEPS)


def test_a_session_that_is_put_off_goes_back_and_comes_again() -> None:
    later = replace(SESSION, room_opens=OPENS + DAY, starts=STARTS + DAY, ends=ENDS + DAY)
    made = STEPS[:2]

    assert moves(later, made, STARTS + HOUR) == Moves(undo=(State.STARTED, State.ROOM_OPEN))
    assert state(later, made, STARTS + HOUR) is State.SCHEDULED
    assert moves(later, (), OPENS + DAY) == Moves(make=(State.ROOM_OPEN,))


def test_a_session_that_is_extended_has_not_ended() -> None:
    longer = replace(SESSION, ends=ENDS + EXTENSION)

    assert moves(longer, STEPS[:4], ENDS + MINUTE) == Moves(undo=(State.MATERIALS_OUT, State.ENDED))


def test_a_cancelled_session_makes_no_step_but_that_and_goes_on_when_it_is_reinstated() -> None:
    cancelled = replace(SESSION, cancelled=True)

    assert moves(cancelled, (State.ROOM_OPEN,), ENDS) == Moves(make=(State.CANCELLED,))
    assert moves(cancelled, (State.ROOM_OPEN, State.CANCELLED), ENDS) == Moves()
    assert state(cancelled, (), ENDS) is State.CANCELLED
    made = (State.ROOM_OPEN, State.CANCELLED)
    assert moves(SESSION, made, STARTS) == Moves(undo=(State.CANCELLED,), make=(State.STARTED,))


@pytest.mark.parametrize(
    ("now", "deeds"),
    [
        (OPENS - DAY, (Deed.CANCEL,)),
        (OPENS - HOUR, (Deed.START, Deed.CANCEL)),
        (OPENS, (Deed.START, Deed.EXTEND, Deed.CANCEL)),
        (STARTS + HOUR, (Deed.EXTEND, Deed.END, Deed.CANCEL)),
        (ENDS, ()),
    ],
)
def test_what_can_be_done_depends_on_the_hour(now: datetime, deeds: tuple[Deed, ...]) -> None:
    assert possible(SESSION, now) == deeds
    cancelled = replace(SESSION, cancelled=True)
    assert possible(cancelled, now) == ((Deed.REINSTATE,) if now < ENDS else ())


def test_a_deed_changes_what_it_says() -> None:
    now = OPENS - 10 * MINUTE + timedelta(seconds=20)

    assert change(SESSION, Deed.START, now) == SessionChange(
        room_opens=OPENS - 10 * MINUTE, starts=OPENS - 10 * MINUTE
    )
    assert change(SESSION, Deed.START, OPENS + MINUTE).room_opens == OPENS
    assert change(SESSION, Deed.EXTEND, now) == SessionChange(ends=ENDS + 15 * MINUTE)
    assert change(SESSION, Deed.END, now) == SessionChange(ends=OPENS - 10 * MINUTE)
    assert change(SESSION, Deed.CANCEL, now) == SessionChange(cancelled=True)
    assert change(SESSION, Deed.REINSTATE, now) == SessionChange(cancelled=False)


def test_what_depends_on_a_cancelled_session_is_silent() -> None:
    around = entry("segera", AroundSession("hari-1", -HOUR))
    about = entry("usai", AroundSession("lain", HOUR), about=Target(Item.SESSION, "hari-1"))
    other = entry("lain", AroundSession("lain", HOUR))
    files = programme(around, about, other)

    cancelled = Correction("hari-1", SessionChange(cancelled=True), {"cancelled": "no"})
    found, problems = corrected(files, [cancelled])

    assert problems == ()
    assert [each.id for each in found.timetable if each.skipped] == ["segera", "usai"]
    session = found.session("hari-1")
    assert session is not None
    assert session.cancelled


def test_an_extension_never_shortens() -> None:
    """It was asked for until then; meanwhile somebody else has extended it further."""
    asked = str(int((ENDS + EXTENSION).timestamp()))
    assert wanted(SESSION, Deed.EXTEND, STARTS, until=asked) == ChangeSession(
        SESSION.id, SessionChange(ends=ENDS + EXTENSION)
    )
    longer = replace(SESSION, ends=ENDS + 2 * EXTENSION)
    with pytest.raises(RefusedError):
        wanted(longer, Deed.EXTEND, STARTS, until=asked)
