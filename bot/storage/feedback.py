"""Feedback after sessions: who is asked, who answered what. Whoever reads it sees no names."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, or_, select, update

from bot.domain.feedback import RATINGS, Summary
from bot.domain.people import Role
from bot.domain.programme import Audience, Programme, Session
from bot.domain.zones import Zone
from bot.storage import attendance, audience, stuck
from bot.storage.database import Transaction
from bot.storage.tables import FeedbackRow, OutboxRow, PersonRow
from bot.storage.upsert import insert_new


@dataclass(frozen=True, slots=True)
class Given:
    """One answer."""

    rating: int
    sentence: str
    given_at: datetime


def reason(programme_id: str, session_id: str) -> str:
    """Why somebody is asked: once a person."""
    return f"{programme_id}/feedback:{session_id}"


def whom(programme: Programme, session: Session, zone: Zone) -> Select[int]:
    """Select the participants in `zone` who were there, as far as that is known.

    Where attendance is taken: who has come, or counts as present. Else: who did not say that they cannot
    get in.
    """
    people = audience.people(programme, Audience(roles=(Role.PARTICIPANT.value,)), zone=zone)
    if session.check_in is None:
        return people.where(PersonRow.id.not_in(stuck.outside(programme.id, session.id)))
    came = attendance.checked_in(programme.id, session.id)
    present = attendance.present(programme.id, session.id)
    return people.where(or_(PersonRow.id.in_(came), PersonRow.id.in_(present)))


def was_asked(tx: Transaction, programme_id: str, session_id: str, person_id: int) -> bool:
    """Whether somebody was asked."""
    found = select(OutboxRow.id).where(
        OutboxRow.person_id == person_id, OutboxRow.reason == reason(programme_id, session_id)
    )
    return tx.connection.scalar(found) is not None


def given(tx: Transaction, programme_id: str, session_id: str, person_id: int) -> Given | None:
    """What somebody has answered."""
    row = tx.connection.execute(
        select(FeedbackRow.rating, FeedbackRow.sentence, FeedbackRow.given_at).where(
            *_of(programme_id, session_id), FeedbackRow.person_id == person_id
        )
    ).first()
    return None if row is None else Given(*row)


def rate(
    tx: Transaction, programme_id: str, session_id: str, person_id: int, rating: int, now: datetime
) -> None:
    """Note a rating, in the place of the one before; its sentence stays."""
    values = {
        "programme_id": programme_id,
        "session_id": session_id,
        "person_id": person_id,
        "rating": rating,
        "sentence": "",
        "given_at": now,
    }
    if not tx.connection.execute(insert_new(tx.connection, FeedbackRow), values).rowcount:
        _change(tx, programme_id, session_id, person_id, rating=rating, given_at=now)


def say(tx: Transaction, programme_id: str, session_id: str, person_id: int, sentence: str) -> None:
    """Note the sentence of somebody who has rated; "" takes it away."""
    _change(tx, programme_id, session_id, person_id, sentence=sentence)


def summary(tx: Transaction, programme_id: str, session_id: str) -> Summary:
    """How it was found, and by how many of those who were asked and could be."""
    rows = tx.connection.execute(
        select(FeedbackRow.rating, func.count().label("number"))
        .where(*_of(programme_id, session_id))
        .group_by(FeedbackRow.rating)
    )
    counts = dict.fromkeys(RATINGS, 0) | {row.rating: row.number for row in rows}
    # Through the people: the outbox has no index by reason alone.
    asked = tx.connection.execute(
        select(func.count())
        .select_from(PersonRow)
        .join(OutboxRow, OutboxRow.person_id == PersonRow.id)
        .where(
            PersonRow.programme_id == programme_id,
            OutboxRow.reason == reason(programme_id, session_id),
            OutboxRow.state == "sent",
        )
    ).scalar_one()
    return Summary(counts, max(asked, sum(counts.values())))


def sentences(
    tx: Transaction, programme_id: str, session_id: str, *, limit: int, offset: int = 0
) -> list[Given]:
    """What was said in words, the newest first."""
    rows = tx.connection.execute(
        select(FeedbackRow.rating, FeedbackRow.sentence, FeedbackRow.given_at)
        .where(*_of(programme_id, session_id), FeedbackRow.sentence != "")
        .order_by(FeedbackRow.given_at.desc(), FeedbackRow.person_id)
        .limit(limit)
        .offset(offset)
    )
    return [Given(*row) for row in rows]


def _change(tx: Transaction, programme_id: str, session_id: str, person_id: int, **values: object) -> None:
    tx.connection.execute(
        update(FeedbackRow)
        .where(*_of(programme_id, session_id), FeedbackRow.person_id == person_id)
        .values(**values)
    )


def _of(programme_id: str, session_id: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (FeedbackRow.programme_id == programme_id, FeedbackRow.session_id == session_id)
