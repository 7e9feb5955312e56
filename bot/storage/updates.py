"""Which of Telegram's updates have been handled."""

from datetime import datetime

from sqlalchemy import delete

from bot.storage.database import Transaction
from bot.storage.tables import UpdateRow
from bot.storage.upsert import insert_new


def note(tx: Transaction, update_id: int, now: datetime) -> bool:
    """Note that the update is handled in this transaction; False where it was before."""
    values = {"update_id": update_id, "handled_at": now}
    return tx.connection.execute(insert_new(tx.connection, UpdateRow), values).rowcount == 1


def prune(tx: Transaction, before: datetime) -> int:
    """Forget old ones: Telegram keeps no update for longer than a day. Returns how many."""
    return tx.connection.execute(delete(UpdateRow).where(UpdateRow.handled_at < before)).rowcount
