"""What people are excused from, and deadlines that were extended for them.

An extended deadline is an excuse that ends: until then the thing is not lacking. Whoever is about to ask who
lacks something ends those that are over first (`end`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, delete, exists, func, or_, select

from bot.domain.programme import Item, Target
from bot.storage.database import Transaction
from bot.storage.tables import ExcuseRow, PersonRow
from bot.storage.upsert import upsert

ALL = "*"


@dataclass(frozen=True, slots=True)
class Excuse:
    """From what (`kind` "*": everything), and until when, None for good."""

    kind: str
    item: str
    until: datetime | None

    def covers(self, target: Target) -> bool:
        """Whether `target` need not be done."""
        return self.kind in (ALL, target.kind.value) and self.item in (ALL, target.id)


def of(tx: Transaction, person_id: int) -> tuple[Excuse, ...]:
    """All of somebody's."""
    rows = tx.connection.execute(
        select(ExcuseRow.kind, ExcuseRow.item, ExcuseRow.until)
        .where(ExcuseRow.person_id == person_id)
        .order_by(ExcuseRow.kind, ExcuseRow.item)
    )
    return tuple(Excuse(*row) for row in rows)


def grant(tx: Transaction, person_id: int, excuse: Excuse, *, made_by: int | None, now: datetime) -> None:
    """Excuse somebody; an earlier excuse from the same thing is replaced."""
    values = {
        "person_id": person_id,
        "kind": excuse.kind,
        "item": excuse.item,
        "until": excuse.until,
        "made_by": made_by,
        "made_at": now,
    }
    tx.connection.execute(upsert(tx.connection, ExcuseRow, values, key=("person_id", "kind", "item")))


def take_back(tx: Transaction, person_id: int, kind: str, item: str) -> bool:
    """Excuse somebody no longer; whether they were."""
    statement = delete(ExcuseRow).where(
        ExcuseRow.person_id == person_id, ExcuseRow.kind == kind, ExcuseRow.item == item
    )
    return tx.connection.execute(statement).rowcount == 1


def end(tx: Transaction, now: datetime) -> int:
    """Forget the extended deadlines that are over, so that what is lacking lacks again; how many."""
    return tx.connection.execute(delete(ExcuseRow).where(ExcuseRow.until < now)).rowcount


def excused(target: Target) -> ColumnElement[bool]:
    """Whether a `PersonRow` is excused from `target` (an id of "*": from all of its kind)."""
    return exists().where(
        ExcuseRow.person_id == PersonRow.id,
        or_(
            ExcuseRow.kind == ALL,
            and_(ExcuseRow.kind == target.kind.value, ExcuseRow.item.in_({ALL, target.id})),
        ),
    )


def number(kind: Item, ids: Sequence[str], done: Select[str]) -> ScalarSelect[int]:
    """From how many of `ids` a `PersonRow` is excused that are not among `done`."""
    return (
        select(func.count())
        .select_from(ExcuseRow)
        .where(
            ExcuseRow.person_id == PersonRow.id,
            ExcuseRow.kind == kind.value,
            ExcuseRow.item.in_(ids),
            ExcuseRow.item.not_in(done),
        )
        .correlate(PersonRow)
        .scalar_subquery()
    )
