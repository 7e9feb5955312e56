"""Boards: messages that are edited as what they show goes on, one copy a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from bot.domain.messages import Lane, Message, Revise
from bot.storage import outbox
from bot.storage.copies import Times
from bot.storage.database import Transaction
from bot.storage.tables import OutboxRow


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the outbox: how it stands, and since when."""

    id: int
    state: str
    settled_at: datetime | None


def rows(tx: Transaction, person_id: int, reasons: Sequence[str]) -> dict[str, Row]:
    """A person's rows with these reasons, by reason."""
    found = tx.connection.execute(
        select(OutboxRow.reason, OutboxRow.id, OutboxRow.state, OutboxRow.settled_at).where(
            OutboxRow.person_id == person_id, OutboxRow.reason.in_(reasons)
        )
    )
    return {row.reason: Row(row.id, row.state, row.settled_at) for row in found}


def owe(
    tx: Transaction,
    person_id: int,
    message: Message,
    reason: str,
    times: Times,
    now: datetime,
    *,
    copy_of: int | None = None,
) -> None:
    """Owe a board, or (`copy_of` its row) an edit of it."""
    outbox.owe(
        tx,
        outbox.Recipient(person_id=person_id),
        message,
        reason=reason,
        lane=Lane.SESSION,
        now=now,
        due_at=times.due_at,
        everybody_by=times.everybody_by,
        not_after=times.not_after,
    )
    if copy_of is not None and isinstance(message, Revise):
        tx.connection.execute(
            update(OutboxRow)
            .where(OutboxRow.person_id == person_id, OutboxRow.reason == reason)
            .values(copy_of=copy_of)
        )


def again(tx: Transaction, row_id: int, times: Times) -> None:
    """Owe a settled edit once more."""
    tx.connection.execute(
        update(OutboxRow)
        .where(OutboxRow.id == row_id, OutboxRow.state.not_in(("owed", "sending", "held")))
        .values(outbox.owed_again(*times))
    )
