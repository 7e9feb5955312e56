"""The outbox as a whole: how much is owed, since when, and how much of it is late."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, case, distinct, func, select

from bot.domain.messages import Lane
from bot.storage.database import Transaction
from bot.storage.tables import IS_OPEN, OutboxRow, WaveRow


@dataclass(frozen=True, slots=True)
class Queue:
    """What is open in one lane; moments are aware UTC, None where there is nothing of the kind."""

    due: int = 0
    later: int = 0  # its time has not come
    again: int = 0  # it was tried, and waits to be tried again
    sending: int = 0
    due_since: datetime | None = None  # the longest of what is due
    overdue: int = 0  # past their "everybody by"
    overdue_since: datetime | None = None
    late_waves: int = 0  # of how many ringings those are


@dataclass(frozen=True, slots=True)
class Owed:
    """All that is owed, by lane, and how many ringings ended how."""

    queues: Mapping[Lane, Queue]
    waves: Mapping[str, int]  # by their state
    forecast_late: timedelta  # by how much the latest wave under way is expected to miss its "everybody by"


def survey(tx: Transaction, now: datetime) -> Owed:
    """What is owed at `now`: one pass over what is open (half a second for 100,000 on a busy machine)."""
    rows = {row.lane: row for row in tx.connection.execute(_open_statement(), {"now": now})}
    waves = dict.fromkeys(("planned", "missed", "stopped", "cancelled"), 0)
    waves.update((row.state, row.number) for row in tx.connection.execute(_waves_statement()))
    late = [row.last - row.by for row in tx.connection.execute(_forecast_statement(), {"now": now})]
    queues = {lane: _queue(rows.get(lane)) for lane in Lane}
    return Owed(queues, waves, max(late, default=timedelta()))


def _queue(row: Any) -> Queue:
    if row is None:
        return Queue()
    return Queue(
        due=row.due,
        later=row.later,
        again=row.again,
        sending=row.sending,
        due_since=row.due_since,
        overdue=row.overdue,
        overdue_since=row.overdue_since,
        late_waves=row.late_waves,
    )


@cache
def _open_statement() -> Select[*tuple[Any, ...]]:
    now = bindparam("now", type_=OutboxRow.__table__.c.due_at.type)
    owed = OutboxRow.state == "owed"
    due = and_(owed, OutboxRow.due_at <= now)
    waits = and_(owed, OutboxRow.due_at > now)
    late = OutboxRow.everybody_by < now
    return (
        select(
            OutboxRow.lane,
            _number(due).label("due"),
            _number(and_(waits, OutboxRow.error.is_(None))).label("later"),
            _number(and_(waits, OutboxRow.error.is_not(None))).label("again"),
            _number(OutboxRow.state == "sending").label("sending"),
            func.min(case((due, OutboxRow.due_at))).label("due_since"),
            _number(late).label("overdue"),
            func.min(case((late, OutboxRow.everybody_by))).label("overdue_since"),
            func.count(distinct(case((late, OutboxRow.wave_id)))).label("late_waves"),
        )
        # The words of the partial index, which is what keeps this cheap.
        .where(IS_OPEN)
        .group_by(OutboxRow.lane)
    )


def _number(which: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((which, 1)))


@cache
def _waves_statement() -> Select[str, int]:
    return select(WaveRow.state, func.count().label("number")).group_by(WaveRow.state)


@cache
def _forecast_statement() -> Select[*tuple[Any, ...]]:
    """Waves whose last person is still to have their message, and will have it late."""
    now = bindparam("now", type_=WaveRow.__table__.c.due_at.type)
    return select(WaveRow.everybody_by.label("by"), WaveRow.last_expected_at.label("last")).where(
        WaveRow.state == "planned",
        WaveRow.last_expected_at >= now,
        WaveRow.last_expected_at > WaveRow.everybody_by,
    )
