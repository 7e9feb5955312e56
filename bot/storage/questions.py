"""Questions to speakers, and who supports them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, delete, exists, func, insert, select, update

from bot.domain.questions import SHOWN, Question, State
from bot.storage import locks
from bot.storage.copies import Which
from bot.storage.database import Transaction
from bot.storage.tables import PersonRow, QuestionRow, QuestionSupportRow, WaveRow
from bot.storage.upsert import insert_new


def ask(
    tx: Transaction,
    *,
    programme_id: str,
    session_id: str,
    person_id: int,
    anonymous: bool,
    text: str,
    now: datetime,
) -> int:
    """Note a question; its number."""
    statement = insert(QuestionRow).values(
        programme_id=programme_id,
        session_id=session_id,
        person_id=person_id,
        anonymous=anonymous,
        text=text,
        state=State.OPEN.value,
        asked_at=now,
        answers=0,
    )
    return tx.connection.execute(statement.returning(QuestionRow.id)).scalar_one()


def question(
    tx: Transaction, programme_id: str | None, number: int, *, viewer: int = 0, to_change: bool = False
) -> Question | None:
    """The question of that number and programme (None: any), or None; `viewer`: who looks at it.

    `to_change`: until the transaction ends, nobody else does.
    """
    if to_change:
        locks.hold(tx, select(QuestionRow.id).where(QuestionRow.id == number))
    which: ColumnElement[bool] = QuestionRow.id == number
    if programme_id is not None:
        which = and_(which, QuestionRow.programme_id == programme_id)
    return next(iter(_found(tx, which, viewer)), None)


def questions(
    tx: Transaction,
    programme_id: str,
    session_id: str,
    *,
    states: Sequence[State] = SHOWN,
    viewer: int = 0,
) -> list[Question]:
    """A session's questions in those states, in no order."""
    which = and_(
        QuestionRow.programme_id == programme_id,
        QuestionRow.session_id == session_id,
        QuestionRow.state.in_([state.value for state in states]),
    )
    return _found(tx, which, viewer)


def tally(tx: Transaction, programme_id: str, session_id: str) -> dict[State, int]:
    """How many of a session's questions stand how."""
    rows = tx.connection.execute(
        select(QuestionRow.state, func.count().label("number"))
        .where(QuestionRow.programme_id == programme_id, QuestionRow.session_id == session_id)
        .group_by(QuestionRow.state)
    )
    return {State(row.state): row.number for row in rows}


def asked(tx: Transaction, person_id: int, session_id: str) -> list[tuple[datetime, str | None]]:
    """When somebody asked what of a session; what they withdrew since is there without its words."""
    words = case((QuestionRow.state != State.WITHDRAWN.value, QuestionRow.text)).label("text")
    rows = tx.connection.execute(
        select(QuestionRow.asked_at, words)
        .where(QuestionRow.person_id == person_id, QuestionRow.session_id == session_id)
        .order_by(QuestionRow.id)
    )
    return [(row.asked_at, row.text) for row in rows]


def support(tx: Transaction, number: int, person_id: int, now: datetime) -> bool:
    """Somebody supports a question; whether they did not before."""
    values = {"question_id": number, "person_id": person_id, "supported_at": now}
    return tx.connection.execute(insert_new(tx.connection, QuestionSupportRow, values)).rowcount == 1


def withdraw_support(tx: Transaction, number: int, person_id: int) -> bool:
    """They no longer do; whether they did."""
    statement = delete(QuestionSupportRow).where(
        QuestionSupportRow.question_id == number, QuestionSupportRow.person_id == person_id
    )
    return tx.connection.execute(statement).rowcount == 1


def settle(tx: Transaction, number: int, state: State, by: int, now: datetime) -> None:
    """A question stands so from now on."""
    tx.connection.execute(
        update(QuestionRow)
        .where(QuestionRow.id == number)
        .values(state=state.value, settled_at=now, settled_by=by)
    )


def answer(tx: Transaction, number: int, text: str, by: int, now: datetime) -> int:
    """Keep a written answer, in the place of an earlier one; which wording of it this is, from 1."""
    statement = (
        update(QuestionRow)
        .where(QuestionRow.id == number)
        .values(
            answer=text,
            answers=QuestionRow.answers + 1,
            answered_at=now,
            state=State.ANSWERED.value,
            settled_at=now,
            settled_by=by,
        )
        .returning(QuestionRow.answers)
    )
    return tx.connection.execute(statement).scalar_one()


def interested(number: int) -> Select[int]:
    """Select the ids of those who asked a question or support it, of those who take part."""
    supports = exists().where(
        QuestionSupportRow.question_id == number, QuestionSupportRow.person_id == PersonRow.id
    )
    asks = exists().where(QuestionRow.id == number, QuestionRow.person_id == PersonRow.id)
    return select(PersonRow.id).where(
        PersonRow.withdrawn_at.is_(None), PersonRow.consented_at.is_not(None), supports | asks
    )


def told(tx: Transaction, programme_id: str, reason: str) -> Which:
    """What brought, for that reason, a question's answer."""
    waves = select(WaveRow.id).where(WaveRow.programme_id == programme_id, WaveRow.entry_id == reason)
    return Which(tuple(tx.connection.scalars(waves)))


def _found(tx: Transaction, which: ColumnElement[bool], viewer: int) -> list[Question]:
    of_it = QuestionSupportRow.question_id == QuestionRow.id
    supports = select(func.count()).select_from(QuestionSupportRow).where(of_it).scalar_subquery()
    rows = tx.connection.execute(
        select(
            QuestionRow.id,
            QuestionRow.programme_id,
            QuestionRow.session_id,
            QuestionRow.person_id,
            case((QuestionRow.anonymous, ""), else_=PersonRow.name).label("name"),
            QuestionRow.text,
            QuestionRow.state,
            supports.label("supports"),
            QuestionRow.asked_at,
            QuestionRow.answer,
            exists().where(of_it, QuestionSupportRow.person_id == viewer).label("supported"),
        )
        .join(PersonRow, PersonRow.id == QuestionRow.person_id)
        .where(which)
    )
    return [_question(row) for row in rows]


def _question(row: Row[Any]) -> Question:
    return Question(
        row.id,
        row.programme_id,
        row.session_id,
        row.person_id,
        row.name,
        row.text,
        State(row.state),
        row.supports,
        row.asked_at,
        row.answer or "",
        bool(row.supported),
    )
