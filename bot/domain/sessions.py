"""A session's life: scheduled, room open, started, ended, materials out, feedback, closed; or cancelled.

Pure: which steps are due, which are undone because a coordinator has moved the session, and what each of the
coordinators' taps changes. Times are aware UTC.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.corrections import SessionChange
from bot.domain.programme import Session


class State(StrEnum):
    """How far a session has got; coming to it is a step, of which others are told (`session_reached`)."""

    SCHEDULED = "scheduled"
    ROOM_OPEN = "room_open"
    STARTED = "started"
    ENDED = "ended"
    MATERIALS_OUT = "materials_out"  # what is released at the end
    FEEDBACK = "feedback"  # who was there is asked
    CLOSED = "closed"  # what they answered is summed up; nothing more comes
    CANCELLED = "cancelled"


STEPS = (
    State.ROOM_OPEN,
    State.STARTED,
    State.ENDED,
    State.MATERIALS_OUT,
    State.FEEDBACK,
    State.CLOSED,
)
"""The steps that come by themselves, in order."""

ASKED_AFTER = timedelta(minutes=10)
"""How long after a session's end people are asked what it was like: its materials come first."""

SUMMED_UP_AFTER = timedelta(minutes=75)
"""How long after they are asked their answers are summed up: most answer at once."""

EXTENSION = timedelta(minutes=15)
"""By how much one tap extends a session."""

EARLY = timedelta(hours=2)
"""So long before its room opens a session can be started, and no sooner: a slip must not."""


def moment(session: Session, step: State) -> datetime:
    """When the session comes to one of `STEPS` (aware UTC); raises KeyError for another state."""
    return {
        State.ROOM_OPEN: session.room_opens,
        State.STARTED: session.starts,
        State.ENDED: session.ends,
        State.MATERIALS_OUT: session.ends,
        State.FEEDBACK: session.ends + ASKED_AFTER,
        State.CLOSED: session.ends + ASKED_AFTER + SUMMED_UP_AFTER,
    }[step]


@dataclass(frozen=True, slots=True)
class Moves:
    """What is to be done about a session: steps back first (it was put off), then those that are due."""

    undo: tuple[State, ...] = ()
    make: tuple[State, ...] = ()


def moves(session: Session, made: Collection[State], now: datetime) -> Moves:
    """What is to be done by `now`, when these steps have been `made`.

    However late: steps that were missed are made in their order, and once made are not due again.
    """
    if session.cancelled:
        return Moves(make=() if State.CANCELLED in made else (State.CANCELLED,))
    undo = [State.CANCELLED] if State.CANCELLED in made else []
    undo += [step for step in reversed(STEPS) if step in made and moment(session, step) > now]
    make = [step for step in STEPS if step not in made and moment(session, step) <= now]
    return Moves(tuple(undo), tuple(make))


def state(session: Session, made: Collection[State], now: datetime) -> State:
    """How far the session has got: by the steps that were made, and those that are about to be."""
    if session.cancelled:
        return State.CANCELLED
    due = moves(session, made, now)
    reached = ({*made} - {*due.undo}) | {*due.make}
    return next((step for step in reversed(STEPS) if step in reached), State.SCHEDULED)


class Deed(StrEnum):
    """What a coordinator can do with a session, by one tap."""

    START = "start"
    EXTEND = "extend"
    END = "end"
    CANCEL = "cancel"
    REINSTATE = "reinstate"


def possible(session: Session, now: datetime) -> tuple[Deed, ...]:
    """What can be done with it now; nothing with one that is over."""
    if now >= session.ends:
        return ()
    if session.cancelled:
        return (Deed.REINSTATE,)
    found = []
    if session.room_opens - EARLY <= now < session.starts:
        found.append(Deed.START)
    if now >= session.room_opens:
        found.append(Deed.EXTEND)
    if now >= session.starts + timedelta(minutes=1):
        found.append(Deed.END)
    return (*found, Deed.CANCEL)


def change(session: Session, deed: Deed, now: datetime) -> SessionChange:
    """What a deed changes of a session, to the minute: started, it has started by now; ended, it is over."""
    minute = now.replace(second=0, microsecond=0)
    match deed:
        case Deed.START:
            return SessionChange(room_opens=min(session.room_opens, minute), starts=minute)
        case Deed.EXTEND:
            return SessionChange(ends=session.ends + EXTENSION)
        case Deed.END:
            return SessionChange(ends=minute)
        case Deed.CANCEL:
            return SessionChange(cancelled=True)
        case Deed.REINSTATE:
            return SessionChange(cancelled=False)
