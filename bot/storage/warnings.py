"""What coordinators were warned of, once for each cause."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select

from bot.domain.forecast import Kind
from bot.storage.database import Transaction
from bot.storage.tables import WarningRow
from bot.storage.upsert import insert_new


@dataclass(frozen=True, slots=True)
class Warned:
    """A wave that cannot be in time, or stopped by itself; `affected` people are late, or were refused."""

    programme_id: str
    key: str
    kind: Kind
    entry_id: str
    zones: str
    due_at: datetime
    everybody_by: datetime
    last_at: datetime | None
    people: int
    affected: int
    noted_at: datetime


def note(tx: Transaction, warning: Warned) -> bool:
    """Note a warning; whether it is new."""
    return tx.connection.execute(insert_new(tx.connection, WarningRow), asdict(warning)).rowcount == 1


def since(tx: Transaction, programme_id: str, due_at: datetime) -> list[Warned]:
    """The warnings about what was or is due from `due_at` on, in the order in which they were given."""
    columns = [column for column in WarningRow.__table__.columns if column.name != "id"]
    statement = (
        select(*columns)
        .where(WarningRow.programme_id == programme_id, WarningRow.due_at >= due_at)
        .order_by(WarningRow.id)
    )
    rows = tx.connection.execute(statement)
    return [Warned(**{**row._mapping, "kind": Kind(row.kind)}) for row in rows]


def last_said(tx: Transaction, programme_id: str, key: str) -> datetime | None:
    """When a warning that was given expected the last person to have it; None where there was none."""
    statement = select(WarningRow.last_at).where(
        WarningRow.programme_id == programme_id, WarningRow.key == key
    )
    return tx.connection.execute(statement).scalar()
