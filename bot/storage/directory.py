"""People as a list that is searched, filtered, sorted and paged, and what was sent to one of them.

The ids of a page's rows are found first, from an index where there is one; all else is looked up for these
alone. 100,000 people take well under 300 ms on SQLite.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from bot.domain.people import Reach
from bot.domain.programme import Programme
from bot.domain.staff import Scope
from bot.storage.database import Transaction
from bot.storage.staff import within
from bot.storage.tables import (
    IS_CLOSED,
    ChatRow,
    JournalEntryRow,
    ModuleDoneRow,
    OutboxRow,
    PersonRow,
    QuizAttemptRow,
)


class State(StrEnum):
    """How far somebody has come with the bot."""

    NOT_STARTED = "not_started"
    JOINED = "joined"
    BLOCKED = "blocked"  # cannot be written to, whatever the cause
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom to list; empty is everybody. `order` is one of `ORDERS`."""

    name: str = ""
    nip: str = ""
    office: str = ""
    province: str = ""
    group: str = ""
    """A gelombang, angkatan or kelompok."""
    state: State | None = None
    order: str = "name"
    down: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """One of them; `nip` is whole, for who shows it to mask."""

    id: int
    name: str
    nip: str | None
    role: str
    office: str
    province: str | None
    wave: str | None
    class_: str | None
    group: str | None
    zone: str
    is_test: bool
    first_login: date | None
    joined_at: datetime | None
    state: State
    modules: int
    quizzes: int
    journals: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message that is or was owed to somebody, without what it says."""

    id: int
    reason: str
    about: str | None
    state: str
    due_at: datetime
    everybody_by: datetime
    settled_at: datetime | None
    attempts: int
    error: str | None


def count(tx: Transaction, programme_id: str, scope: Scope, wanted: Wanted) -> int:
    """How many people are listed."""
    whom = _ids(tx, programme_id, scope, wanted)
    return tx.connection.execute(select(func.count()).select_from(whom.subquery())).scalar_one()


def people(
    tx: Transaction,
    programme: Programme,
    scope: Scope,
    wanted: Wanted,
    *,
    limit: int | None = None,
    offset: int = 0,
) -> Iterator[Listed]:
    """Those who are listed, in their order."""
    order = _order(wanted)
    page = _ids(tx, programme.id, scope, wanted).order_by(*order)
    if limit is not None:
        page = page.limit(limit).offset(offset)
    statement = (
        _listing(programme).where(PersonRow.id.in_(page.subquery().select())).order_by(*order)
        if limit is not None
        else _listing(programme).where(*_conditions(tx, programme.id, scope, wanted)).order_by(*order)
    )
    with tx.connection.execution_options(yield_per=1_000).execute(statement) as rows:
        for row in rows:
            yield _listed(row)


def person(tx: Transaction, programme: Programme, scope: Scope, person_id: int) -> Listed | None:
    """One of them; None where nobody of that id is in the programme and the scope."""
    statement = _listing(programme).where(
        PersonRow.id == person_id, PersonRow.programme_id == programme.id, *within(scope)
    )
    row = tx.connection.execute(statement).first()
    return None if row is None else _listed(row)


def deliveries(tx: Transaction, person_id: int, *, limit: int | None, offset: int = 0) -> list[Delivery]:
    """What was owed to somebody, the newest first."""
    statement = (
        select(
            OutboxRow.id,
            OutboxRow.reason,
            OutboxRow.about,
            OutboxRow.state,
            OutboxRow.due_at,
            OutboxRow.everybody_by,
            OutboxRow.settled_at,
            OutboxRow.attempts,
            OutboxRow.error,
        )
        .where(OutboxRow.person_id == person_id)
        .order_by(OutboxRow.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return [Delivery(*row) for row in tx.connection.execute(statement)]


def count_deliveries(tx: Transaction, person_id: int) -> int:
    """How many messages were ever owed to somebody, and are still known."""
    return tx.connection.execute(
        select(func.count()).select_from(OutboxRow).where(OutboxRow.person_id == person_id)
    ).scalar_one()


# --- the statements ---------------------------------------------------------------------------------------


def _ids(tx: Transaction, programme_id: str, scope: Scope, wanted: Wanted) -> Select[int]:
    return select(PersonRow.id).where(*_conditions(tx, programme_id, scope, wanted))


def _conditions(
    tx: Transaction, programme_id: str, scope: Scope, wanted: Wanted
) -> list[ColumnElement[bool]]:
    conditions = [PersonRow.programme_id == programme_id, *within(scope)]
    if wanted.name:
        conditions.append(_has(tx, PersonRow.name, wanted.name))
    if wanted.nip:
        conditions.append(PersonRow.nip == wanted.nip)
    if wanted.office:
        conditions.append(_has(tx, PersonRow.office, wanted.office))
    if wanted.province:
        conditions.append(PersonRow.province == wanted.province)
    if wanted.group:
        conditions.append(
            or_(*(column == wanted.group for column in (PersonRow.wave, PersonRow.class_, PersonRow.group)))
        )
    # Few, and found by the index that has none but those.
    closed = select(ChatRow.person_id).where(IS_CLOSED, ChatRow.person_id.is_not(None))
    active = (PersonRow.withdrawn_at.is_(None), PersonRow.consented_at.is_not(None))
    match wanted.state:
        case State.NOT_STARTED:
            conditions += [PersonRow.withdrawn_at.is_(None), PersonRow.consented_at.is_(None)]
        case State.JOINED:
            conditions += [*active, PersonRow.id.not_in(closed)]
        case State.BLOCKED:
            conditions += [*active, PersonRow.id.in_(closed)]
        case State.LEFT:
            conditions.append(PersonRow.withdrawn_at.is_not(None))
        case None:
            pass
    return conditions


def _has(tx: Transaction, column: InstrumentedAttribute[str], words: str) -> ColumnElement[bool]:
    """Whether the words are in it, in whichever case."""
    if tx.connection.dialect.name == "sqlite":  # where LIKE knows no case, and lowering first takes longer
        return column.contains(words, autoescape=True)
    return column.icontains(words, autoescape=True)


def _order(wanted: Wanted) -> Sequence[ColumnElement[Any]]:
    columns: dict[str, tuple[InstrumentedAttribute[Any], ...]] = {
        "name": (PersonRow.name, PersonRow.id),
        "office": (PersonRow.office, PersonRow.name, PersonRow.id),
        "province": (PersonRow.province, PersonRow.name, PersonRow.id),
        "joined": (PersonRow.joined_at, PersonRow.name, PersonRow.id),
    }
    return [column.desc() if wanted.down else column.asc() for column in columns[wanted.order]]


def _listing(programme: Programme) -> Select[Any]:
    state = case(
        (PersonRow.withdrawn_at.is_not(None), State.LEFT.value),
        (PersonRow.consented_at.is_(None), State.NOT_STARTED.value),
        (func.coalesce(ChatRow.reach, Reach.OPEN.value) != Reach.OPEN.value, State.BLOCKED.value),
        else_=State.JOINED.value,
    )
    modules = (
        select(func.count())
        .select_from(ModuleDoneRow)
        .where(
            ModuleDoneRow.person_id == PersonRow.id,
            ModuleDoneRow.module_id.in_([module.id for module in programme.modules]),
        )
    )
    quizzes = select(func.count(QuizAttemptRow.quiz_id.distinct())).where(
        QuizAttemptRow.person_id == PersonRow.id,
        QuizAttemptRow.finished_at.is_not(None),
        QuizAttemptRow.quiz_id.in_([quiz.id for quiz in programme.quizzes]),
    )
    journals = (
        select(func.count())
        .select_from(JournalEntryRow)
        .where(
            JournalEntryRow.person_id == PersonRow.id,
            JournalEntryRow.state == "submitted",
            JournalEntryRow.prompt_id.in_([task.prompt.id for task in programme.journal]),
        )
    )
    columns: tuple[Any, ...] = (
        PersonRow.id,
        PersonRow.name,
        PersonRow.nip,
        PersonRow.role,
        PersonRow.office,
        PersonRow.province,
        PersonRow.wave,
        PersonRow.class_.label("class_"),
        PersonRow.group.label("group"),
        PersonRow.zone,
        PersonRow.is_test,
        PersonRow.first_login,
        PersonRow.joined_at,
        state.label("state"),
        modules.correlate(PersonRow).scalar_subquery().label("modules"),
        quizzes.correlate(PersonRow).scalar_subquery().label("quizzes"),
        journals.correlate(PersonRow).scalar_subquery().label("journals"),
    )
    return select(*columns).outerjoin(ChatRow, ChatRow.person_id == PersonRow.id)


def _listed(row: Any) -> Listed:
    return Listed(**{**row._mapping, "state": State(row.state)})
