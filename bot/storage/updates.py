"""Which of Telegram's updates have been handled."""

from collections.abc import Iterable
from datetime import datetime
from functools import cache

from sqlalchemy import BigInteger, bindparam, delete, select, true
from sqlalchemy.sql.dml import ReturningInsert

from bot.storage.database import Transaction
from bot.storage.given import given, these
from bot.storage.tables import UpdateRow, UtcDateTime
from bot.storage.upsert import insert_new, insert_new_rows


def note(tx: Transaction, update_id: int, now: datetime) -> bool:
    """Note that the update is handled in this transaction; False where it was before."""
    values = {"update_id": update_id, "handled_at": now}
    return tx.connection.execute(insert_new(tx.connection, UpdateRow), values).rowcount == 1


def note_all(tx: Transaction, update_ids: Iterable[int], now: datetime) -> set[int]:
    """Note that these are handled in this transaction; those of them that were not before."""
    statement = _note_all_statement(tx.connection.dialect.name)
    rows = these((each,) for each in update_ids)
    return set(tx.connection.scalars(statement, {"now": now, **rows}))


def prune(tx: Transaction, before: datetime) -> int:
    """Forget old ones: Telegram keeps no update for longer than a day. Returns how many."""
    return tx.connection.execute(delete(UpdateRow).where(UpdateRow.handled_at < before)).rowcount


@cache
def _note_all_statement(engine: str) -> ReturningInsert[int]:
    new = given(engine, update_id=BigInteger())
    now = bindparam("now", type_=UtcDateTime())
    rows = select(new, now).where(true())
    return insert_new_rows(engine, UpdateRow, ("update_id", "handled_at"), rows).returning(
        UpdateRow.update_id
    )
