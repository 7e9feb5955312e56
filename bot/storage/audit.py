"""The audit: who did what, when, on whom. Rows are only ever added."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from bot.domain.audit import Action
from bot.domain.staff import Actor
from bot.storage.database import Transaction
from bot.storage.tables import AuditRow

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


def noted(
    tx: Transaction,
    programme_id: str,
    *,
    before: int | None = None,
    limit: int = 50,
    actor_id: int | None = None,
    action: str | None = None,
    kind: str | None = None,
    subject: str | None = None,
) -> list[Noted]:
    """What was noted of a programme, the newest first, from below the row `before`."""
    statement = select(
        AuditRow.id,
        AuditRow.at,
        AuditRow.actor_id,
        AuditRow.actor,
        AuditRow.action,
        AuditRow.kind,
        AuditRow.subject,
        AuditRow.people,
        AuditRow.details,
    ).where(AuditRow.programme_id == programme_id)
    for column, value in (
        (AuditRow.actor_id, actor_id),
        (AuditRow.action, action),
        (AuditRow.kind, kind),
        (AuditRow.subject, subject),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if before is not None:
        statement = statement.where(AuditRow.id < before)
    rows = tx.connection.execute(statement.order_by(AuditRow.id.desc()).limit(limit))
    return [Noted(*row) for row in rows]
