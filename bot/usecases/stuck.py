"""Somebody cannot get into a session: they are helped at once, and coordinators see how many there are."""

from datetime import datetime, timedelta

from bot.domain.cards import cancelled_card
from bot.domain.forms import clock_time
from bot.domain.messages import Board, Button, Reply, Say, SessionCard, Tap, Value
from bot.domain.people import Person
from bot.domain.programme import Programme, Session
from bot.domain.staff import Right
from bot.storage import boards, staff
from bot.storage import stuck as stored
from bot.storage.database import Transaction

BOARD = "stuck"
"""The kind of the board on which coordinators see how many cannot get in."""

_AGAIN = timedelta(seconds=30)  # who taps several times has the help already


def tap(
    tx: Transaction, person: Person, programme: Programme, session: Session, choice: str, now: datetime
) -> Reply:
    """They cannot get in (`choice` "stuck"), or can by now ("in"): while the room is open."""
    if session.ends <= now:
        return Reply((Say("schedule.over", {"title": session.title}),))
    if session.cancelled:
        return Reply((cancelled_card(session, ""),))
    if now < session.room_opens:
        return Reply((), Say("stuck.not_yet", {"at": clock_time(session.room_opens)}))
    if choice == "in":
        if stored.end(tx, programme.id, session.id, person.id, now):
            _tell(tx, programme, session, now)
        return Reply((), Say("stuck.in"))
    before = stored.said_at(tx, programme.id, session.id, person.id)
    if before is not None and now - before < _AGAIN:
        return Reply((), Say("stuck.helped"))
    stored.note(tx, programme.id, session.id, person.id, now)
    _tell(tx, programme, session, now)
    lead = Say("stuck.help_stream" if session.stream else "stuck.help")
    return Reply((SessionCard(programme.id, session.id, lead, stuck=True),))


def _tell(tx: Transaction, programme: Programme, session: Session, now: datetime) -> None:
    """Have the coordinators who run sessions see how many there are."""
    whom = [each.person.id for each in staff.staff(tx, programme.id) if each.may(Right.RUN_SESSIONS)]
    boards.show(tx, whom, Board(BOARD, f"{programme.id}/{session.id}"), now)


def in_words(tx: Transaction, board: Board) -> Say | None:
    """How many cannot get in, and what can be done about it; None where the session is no more."""
    programme_id, _, session_id = board.item.partition("/")
    programme = tx.catalogue.programme(programme_id)
    session = None if programme is None else programme.session(session_id)
    if programme is None or session is None:
        return None
    rows = (
        (
            Button(Say("stuck.button_link"), Tap("k-jadwal", session.id, "url")),
            Button(Say("stuck.button_session"), Tap("k-sesi", session.id, "open")),
        ),
    )
    said: dict[str, Value] = {
        "title": session.title,
        "lines": session_counts(tx, programme, session) or (Say("stuck.nobody"),),
    }
    return Say("stuck.board", said, rows)


def session_counts(tx: Transaction, programme: Programme, session: Session) -> tuple[Say, ...]:
    """How many cannot get in; nothing where nobody said so."""
    found = stored.count(tx, programme.id, session.id)
    if not found.said:
        return ()
    counted: dict[str, Value] = {"open": found.open, "said": found.said}
    lines = [Say("stuck.count", counted)]
    if found.changed_at is not None and found.open:
        since: dict[str, Value] = {"count": found.since, "at": clock_time(found.changed_at)}
        lines.append(Say("stuck.count_since", since))
    return tuple(lines)
