"""Which modules people have finished."""

from datetime import datetime

from sqlalchemy import delete, select

from bot.storage.database import Transaction
from bot.storage.tables import ModuleDoneRow
from bot.storage.upsert import insert_new


def done(tx: Transaction, person_id: int) -> frozenset[str]:
    """The ids of the modules that the person has finished."""
    rows = tx.connection.execute(select(ModuleDoneRow.module_id).where(ModuleDoneRow.person_id == person_id))
    return frozenset(rows.scalars())


def tick(tx: Transaction, person_id: int, module_id: str, now: datetime) -> bool:
    """Record a module as finished; False where it was already."""
    values = {"person_id": person_id, "module_id": module_id, "done_at": now}
    return tx.connection.execute(insert_new(tx.connection, ModuleDoneRow, values)).rowcount == 1


def untick(tx: Transaction, person_id: int, module_id: str) -> None:
    """Take that back."""
    tx.connection.execute(
        delete(ModuleDoneRow).where(
            ModuleDoneRow.person_id == person_id, ModuleDoneRow.module_id == module_id
        )
    )
