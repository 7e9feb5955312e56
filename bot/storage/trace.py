"""What is recorded of single messages, for `rekan trace`; looked for by hand, so it may scan a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, func, select

from bot.domain.messages import Lane, Message
from bot.domain.people import Reach
from bot.domain.zones import Zone
from bot.storage.database import Transaction
from bot.storage.messages import load
from bot.storage.tables import (
    ChatRow,
    OutboxRow,
    PersonRow,
    QuizAnswerRow,
    QuizPollRow,
    UpdateRow,
    WaveRow,
)


@dataclass(frozen=True, slots=True)
class Traced:
    """A row of the outbox, without whose chat it is; moments are aware UTC."""

    id: int
    person_id: int | None  # None: somebody who is nobody's roster entry, or a group
    zone: Zone | None  # the person's
    left: bool  # the person has withdrawn
    reach: Reach | None  # of the person's chat as it is now; None where none is linked
    wave_id: int | None
    reason: str
    message: Message | None  # None: it cannot be read
    lane: Lane
    about: str | None
    owed_at: datetime
    due_at: datetime
    everybody_by: datetime
    not_after: datetime
    state: str
    attempts: int
    message_id: int | None  # Telegram's
    error: str | None
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class TracedWave:
    """One ringing, and how many of its messages are in which state."""

    id: int
    programme_id: str
    entry_id: str
    zone: Zone
    due_at: datetime
    everybody_by: datetime
    not_after: datetime
    planned_at: datetime
    state: str
    people: int
    messages: dict[str, int]
    late: int  # sent after "everybody by"
    last_sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class TracedPoll:
    """The poll that a question became, and when it was answered."""

    poll_id: str
    sent_at: datetime
    answered_at: datetime | None


def message(tx: Transaction, outbox_id: int) -> Traced | None:
    """The row of that id."""
    found = _rows(tx, OutboxRow.id == outbox_id, 1)
    return found[0] if found else None


def with_telegrams_id(tx: Transaction, message_id: int, most: int) -> list[Traced]:
    """The rows that became a message of that id; each chat counts for itself, so there may be several."""
    return _rows(tx, OutboxRow.message_id == message_id, most)


def of_update(tx: Transaction, update_id: int, most: int) -> list[Traced]:
    """What an update led to at once."""
    return _rows(tx, OutboxRow.reason.startswith(f"update:{update_id}:", autoescape=True), most)


def of_person(tx: Transaction, person_id: int, most: int) -> list[Traced]:
    """The newest of a person's."""
    return _rows(tx, OutboxRow.person_id == person_id, most)


def of_wave(tx: Transaction, wave_id: int, most: int) -> list[Traced]:
    """The newest of a ringing's that were not sent."""
    return _rows(tx, (OutboxRow.wave_id == wave_id) & (OutboxRow.state != "sent"), most)


def beside(tx: Transaction, traced: Traced, most: int) -> list[Traced]:
    """What else is owed to the same recipient, and goes out one after the other with it."""
    if traced.person_id is not None:
        same = OutboxRow.person_id == traced.person_id
    else:
        chat = select(OutboxRow.chat_id).where(OutboxRow.id == traced.id).scalar_subquery()
        same = OutboxRow.person_id.is_(None) & (OutboxRow.chat_id == chat)
    is_open = OutboxRow.state.in_(("owed", "sending"))
    return _rows(tx, same & is_open & (OutboxRow.id != traced.id), most)


def person_exists(tx: Transaction, person_id: int) -> bool:
    """Whether there is (still) such a person."""
    return tx.connection.scalar(select(PersonRow.id).where(PersonRow.id == person_id)) is not None


def handled_at(tx: Transaction, update_id: int) -> datetime | None:
    """When an update was handled; None where it was not, or long ago (`usecases.delivery.UPDATES_KEPT`)."""
    return tx.connection.scalar(select(UpdateRow.handled_at).where(UpdateRow.update_id == update_id))


def wave(tx: Transaction, wave_id: int) -> TracedWave | None:
    """The ringing of that id."""
    row = tx.connection.execute(select(WaveRow.__table__).where(WaveRow.id == wave_id)).first()
    if row is None:
        return None
    states = tx.connection.execute(
        select(OutboxRow.state, func.count().label("number"))
        .where(OutboxRow.wave_id == wave_id)
        .group_by(OutboxRow.state)
    )
    sent = (OutboxRow.wave_id == wave_id, OutboxRow.state == "sent")
    late = select(func.count()).where(*sent, OutboxRow.settled_at > OutboxRow.everybody_by)
    return TracedWave(
        id=row.id,
        programme_id=row.programme_id,
        entry_id=row.entry_id,
        zone=Zone(row.zone),
        due_at=row.due_at,
        everybody_by=row.everybody_by,
        not_after=row.not_after,
        planned_at=row.planned_at,
        state=row.state,
        people=row.people,
        messages={row.state: row.number for row in states},
        late=tx.connection.scalar(late) or 0,
        last_sent_at=tx.connection.scalar(select(func.max(OutboxRow.settled_at)).where(*sent)),
    )


def poll(tx: Transaction, poll_id: str) -> tuple[int, int] | None:
    """Whom a poll asked, and Telegram's id of its message."""
    row = tx.connection.execute(
        select(QuizPollRow.person_id, QuizPollRow.message_id).where(QuizPollRow.poll_id == poll_id)
    ).first()
    return None if row is None else (row.person_id, row.message_id)


def of_poll(tx: Transaction, poll_id: str, most: int) -> list[Traced]:
    """The rows that became that poll: one, where it has not been forgotten."""
    asked = poll(tx, poll_id)
    if asked is None:
        return []
    person_id, message_id = asked
    return _rows(tx, (OutboxRow.person_id == person_id) & (OutboxRow.message_id == message_id), most)


def question(tx: Transaction, person_id: int, message_id: int) -> TracedPoll | None:
    """The poll that a message to a person was."""
    row = tx.connection.execute(
        select(QuizPollRow.poll_id, QuizPollRow.sent_at, QuizAnswerRow.answered_at)
        .outerjoin(
            QuizAnswerRow,
            (QuizAnswerRow.person_id == QuizPollRow.person_id)
            & (QuizAnswerRow.quiz_id == QuizPollRow.quiz_id)
            & (QuizAnswerRow.attempt == QuizPollRow.attempt)
            & (QuizAnswerRow.question_id == QuizPollRow.question_id),
        )
        .where(QuizPollRow.person_id == person_id, QuizPollRow.message_id == message_id)
    ).first()
    return None if row is None else TracedPoll(row.poll_id, row.sent_at, row.answered_at)


def _rows(tx: Transaction, which: ColumnElement[bool], most: int) -> list[Traced]:
    statement = (
        select(
            OutboxRow.__table__,
            PersonRow.zone,
            PersonRow.withdrawn_at,
            ChatRow.reach,
        )
        .select_from(OutboxRow)
        .outerjoin(PersonRow, PersonRow.id == OutboxRow.person_id)
        .outerjoin(ChatRow, ChatRow.person_id == OutboxRow.person_id)
        .where(which)
        .order_by(OutboxRow.id.desc())
        .limit(most)
    )
    return [_traced(row) for row in reversed(_all(tx, statement))]


def _all(tx: Transaction, statement: Any) -> Sequence[Row[Any]]:
    rows: Sequence[Row[Any]] = tx.connection.execute(statement).all()
    return rows


def _traced(row: Row[Any]) -> Traced:
    try:
        said: Message | None = load(row.message)
    except (ValueError, KeyError, TypeError, AttributeError):
        said = None  # whatever an older or a broken version wrote
    return Traced(
        id=row.id,
        person_id=row.person_id,
        zone=None if row.zone is None else Zone(row.zone),
        left=row.withdrawn_at is not None,
        reach=None if row.reach is None else Reach(row.reach),
        wave_id=row.wave_id,
        reason=row.reason,
        message=said,
        lane=Lane(row.lane),
        about=row.about,
        owed_at=row.created_at,
        due_at=row.due_at,
        everybody_by=row.everybody_by,
        not_after=row.not_after,
        state=row.state,
        attempts=row.attempts,
        message_id=row.message_id,
        error=row.error,
        settled_at=row.settled_at,
    )
