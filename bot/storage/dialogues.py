"""What each chat is in the middle of."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select

from bot.storage.database import Transaction
from bot.storage.tables import DialogueRow
from bot.storage.upsert import upsert


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A dialogue's kind and where it stands."""

    kind: str
    state: dict[str, Any]
    updated_at: datetime


def current(tx: Transaction, chat_id: int) -> Dialogue | None:
    """The dialogue that the chat is in, or None."""
    row = tx.connection.execute(
        select(DialogueRow.kind, DialogueRow.state, DialogueRow.updated_at).where(
            DialogueRow.chat_id == chat_id
        )
    ).first()
    return None if row is None else Dialogue(row.kind, row.state, row.updated_at)


def fresh(tx: Transaction, chat_id: int, kind: str, now: datetime, idle: timedelta) -> Dialogue | None:
    """The chat's dialogue, if it is of that kind and not idle for longer."""
    found = current(tx, chat_id)
    return found if found is not None and found.kind == kind and now - found.updated_at <= idle else None


def enter(tx: Transaction, chat_id: int, kind: str, state: dict[str, Any], now: datetime) -> None:
    """Put the chat into a dialogue, or on in the one it is in; a chat is in one at a time."""
    values = {"chat_id": chat_id, "kind": kind, "state": state, "updated_at": now}
    tx.connection.execute(upsert(tx.connection, DialogueRow, values, key=("chat_id",)))


def leave(tx: Transaction, chat_id: int, kind: str) -> None:
    """End the chat's dialogue, if it is of that kind."""
    tx.connection.execute(delete(DialogueRow).where(DialogueRow.chat_id == chat_id, DialogueRow.kind == kind))


def forget(tx: Transaction, chat_id: int) -> None:
    """End whatever dialogue the chat is in: it is somebody else's now, or nobody's."""
    tx.connection.execute(delete(DialogueRow).where(DialogueRow.chat_id == chat_id))
