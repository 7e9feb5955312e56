"""Which of Telegram's updates have been handled."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete

from bot.storage.database import Transaction
from bot.storage.tables import UpdateRow
from bot.storage.upsert import insert_new


def note(tx: Transaction, update_id: int, now: datetime) -> bool:
    """Note that the update is handled in this transaction; False where it was before."""
    values = {"update_id": update_id, "handled_at": now}
    return tx.connection.execute(insert_new(tx.connection, UpdateRow), values).rowcount == 1


def note_all(tx: Transaction, update_ids: Sequence[int], now: datetime) -> set[int]:
    """Note that these are handled in this transaction; those of them that were not before."""
    rows = [{"update_id": update_id, "handled_at": now} for update_id in update_ids]
    return set(
        tx.connection.scalars(insert_new(tx.connection, UpdateRow).returning(UpdateRow.update_id), rows)
    )


def prune(tx: Transaction, before: datetime) -> int:
    """Forget old ones: Telegram keeps no update for longer than a day. Returns how many."""
    return tx.connection.execute(delete(UpdateRow).where(UpdateRow.handled_at < before)).rowcount
