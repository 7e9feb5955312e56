"""A session's life: its steps are made as their moments come, and whoever depends on them is told.

The timetable rings at each moment; what it finds is worked out from the session as it stands and from the
steps that were made, so ringing twice, late, or after a day's outage does no harm.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Protocol, cast

from bot.domain.corrections import SessionChange
from bot.domain.forms import clock_times
from bot.domain.messages import Say, Value
from bot.domain.programme import Programme, Session
from bot.domain.sessions import STEPS, Deed, State, change, moment, moves, possible, state
from bot.storage import corrections
from bot.storage import sessions as stored
from bot.storage.database import Transaction
from bot.usecases import attendance, feedback, live_quiz, materials, questions, stuck
from bot.usecases.corrections import ChangeSession, EndSession, Proposal
from bot.usecases.refusal import RefusedError

_DIGITS = 12  # of seconds since 1970 that a date can hold, one less


class Follower(Protocol):
    """A module of use cases that something of a session depends on."""

    def session_reached(
        self, tx: Transaction, programme: Programme, session: Session, step: State, now: datetime
    ) -> None:
        """The session comes to a step, in this transaction; perhaps late, and (put off) perhaps again.

        `State.CANCELLED` is a step too. To be idempotent; what is worth nothing any more is left out.
        """


class Counted(Protocol):
    """A module of use cases that has something to count of a session."""

    def session_counts(self, tx: Transaction, programme: Programme, session: Session) -> Sequence[Say]:
        """What coordinators see of it, a line each."""


HOOKS: tuple[Follower, ...] = (
    cast("Follower", attendance),
    cast("Follower", materials),
    cast("Follower", questions),
    cast("Follower", live_quiz),
    cast("Follower", feedback),
)
"""Who is told of each step, in this order."""

COUNTS: tuple[Counted, ...] = (
    cast("Counted", attendance),
    cast("Counted", stuck),
    cast("Counted", materials),
    cast("Counted", questions),
    cast("Counted", live_quiz),
    cast("Counted", feedback),
)
"""Whose counts stand on a session's screen, in this order."""


def advance(tx: Transaction, programme_id: str, now: datetime) -> tuple[tuple[str, State], ...]:
    """Make every step of the programme's sessions that is due by `now`; which (session's id, step)."""
    corrections.be_current(tx)
    programme = tx.catalogue.programme(programme_id)
    if programme is None:
        return ()
    lives = stored.all_made(tx, programme_id)
    steps = []
    for session in programme.sessions:
        found = moves(session, lives.get(session.id, {}), now)
        for step in found.undo:
            stored.undo(tx, programme_id, session.id, step)
        for step in found.make:
            if stored.make(tx, programme_id, session.id, step, now):
                steps.append((session.id, step))
                for follower in HOOKS:
                    follower.session_reached(tx, programme, session, step, now)
    return tuple(steps)


def is_due(tx: Transaction, programme_id: str, now: datetime) -> bool:
    """Whether `advance` would do anything: to ask first, where nobody has to write."""
    programme = tx.catalogue.programme(programme_id)
    if programme is None:
        return False
    lives = stored.all_made(tx, programme_id)
    return any(
        found.undo or found.make
        for found in (moves(session, lives.get(session.id, {}), now) for session in programme.sessions)
    )


def moments(programme: Programme, since: datetime) -> list[datetime]:
    """When to look again, after `since`: at each step of each session; in order."""
    found = {moment(session, step) for session in programme.sessions for step in STEPS}
    return sorted(at for at in found if at > since)


def states(tx: Transaction, programme: Programme, now: datetime) -> dict[str, State]:
    """How far each session has got, by its id."""
    lives = stored.all_made(tx, programme.id)
    return {session.id: state(session, lives.get(session.id, {}), now) for session in programme.sessions}


def counts(tx: Transaction, programme: Programme, session: Session) -> tuple[Say, ...]:
    """What there is to count of a session, of every area."""
    return tuple(line for each in COUNTS for line in each.session_counts(tx, programme, session))


# --- what coordinators do -----------------------------------------------------------------------------


def wanted(session: Session, deed: Deed, now: datetime, *, until: str = "") -> Proposal:
    """A deed as a correction of the timetable; raises RefusedError where it cannot be done (any more).

    `until` (seconds since 1970, as a button or a form has it) is what an extension was asked for: sent twice,
    it extends once, and what is later by now is not shortened.
    """
    if deed not in possible(session, now):
        raise RefusedError("sessions.not_any_more")
    if deed is Deed.EXTEND and until.isdecimal() and len(until) < _DIGITS:
        ends = datetime.fromtimestamp(int(until), tz=UTC)
        if ends < session.ends:
            raise RefusedError("sessions.not_any_more")
        return ChangeSession(session.id, SessionChange(ends=ends))
    changed = change(session, deed, now)
    if deed is Deed.END and changed.ends is not None:
        return EndSession(session.id, changed.ends)
    return ChangeSession(session.id, changed)


def in_words(session: Session, deed: Deed) -> Say:
    """What a deed makes of the session (as it is then)."""
    said: dict[str, Value] = {
        "title": session.title,
        "starts": clock_times(session.starts),
        "ends": clock_times(session.ends),
    }
    return Say(f"sessions.becomes_{deed}", said)
