"""The audit: who did what, when, on whom. Rows are only ever added."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, case, cast, func, insert, select

from bot.domain.audit import Action
from bot.domain.staff import Actor
from bot.storage.database import Transaction
from bot.storage.tables import AuditRow, PersonRow

COMMAND_LINE = "rekan (command line)"


@dataclass(frozen=True, slots=True)
class Noted:
    """One row; `actor_id` is None for the command line."""

    id: int
    at: datetime
    actor_id: int | None
    actor: str
    action: str
    kind: str
    subject: str
    people: int | None
    details: dict[str, Any]
    person: str | None = None
    """The name of the person who is the subject, while they are known."""


def note(
    tx: Transaction,
    actor: Actor | None,
    action: Action,
    now: datetime,
    *,
    programme_id: str | None = None,
    kind: str = "",
    subject: object = "",
    people: int | None = None,
    **details: Any,
) -> None:
    """Note that `actor` (None: whoever has the command line) did it, on `subject`, a `kind`'s id.

    `details` are what JSON can hold, and no personal numbers.
    """
    tx.connection.execute(
        insert(AuditRow),
        {
            "at": now,
            "programme_id": programme_id if actor is None else actor.person.programme,
            "actor_id": None if actor is None else actor.person.id,
            "actor": COMMAND_LINE if actor is None else actor.person.name,
            "action": action.value,
            "kind": kind,
            "subject": str(subject),
            "people": people,
            "details": details,
        },
    )


def listed(
    tx: Transaction,
    programme_id: str,
    *,
    actor: str = "",
    action: str = "",
    down: bool = True,
    limit: int | None = None,
    offset: int = 0,
) -> Iterator[Noted]:
    """What was noted of a programme, by time: of actors whose name has `actor` in it, of one action."""
    order = AuditRow.id.desc() if down else AuditRow.id.asc()
    statement = (
        select(*_COLUMNS, PersonRow.name)
        .outerjoin(PersonRow, PersonRow.id == _PERSON)
        .where(*_conditions(programme_id, actor, action))
        .order_by(order)
        .limit(limit)
    )
    rows = tx.connection.execution_options(yield_per=1_000).execute(statement.offset(offset or None))
    return (Noted(*row) for row in rows)


def count(tx: Transaction, programme_id: str, *, actor: str = "", action: str = "") -> int:
    """How much `listed` lists."""
    conditions = _conditions(programme_id, actor, action)
    return tx.connection.execute(select(func.count()).select_from(AuditRow).where(*conditions)).scalar_one()


def _conditions(programme_id: str, actor: str, action: str) -> list[ColumnElement[bool]]:
    conditions = [AuditRow.programme_id == programme_id]
    if actor:
        conditions.append(AuditRow.actor.icontains(actor, autoescape=True))
    if action:
        conditions.append(AuditRow.action == action)
    return conditions


_PERSON = case((AuditRow.kind == "person", cast(AuditRow.subject, BigInteger)))
_COLUMNS = (
    AuditRow.id,
    AuditRow.at,
    AuditRow.actor_id,
    AuditRow.actor,
    AuditRow.action,
    AuditRow.kind,
    AuditRow.subject,
    AuditRow.people,
    AuditRow.details,
)
