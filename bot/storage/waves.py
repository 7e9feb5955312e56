"""Waves: which ringing of which timetable entry was planned or missed, and how far the timetable has got."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update

from bot.domain.timetable import Timing
from bot.domain.zones import Zone
from bot.storage.database import Transaction
from bot.storage.state import recall, remember
from bot.storage.tables import WaveRow
from bot.storage.upsert import insert_new

_LOOKED_UNTIL = "timetable.until"
_PLANNING = 7_235_243  # the first half of the PostgreSQL advisory lock of a programme's waves


@dataclass(frozen=True, slots=True)
class Wave:
    """A ringing that was planned."""

    id: int
    entry_id: str
    due_at: datetime
    everybody_by: datetime
    not_after: datetime


def wait_for_joiners(tx: Transaction, programme_id: str) -> None:
    """Plan a wave alone: who is just being added to its audience is committed first, or waits until it is.

    With several writers (PostgreSQL) a wave and a joiner could otherwise each miss the other, both being
    uncommitted. Lasts until the end of the transaction; SQLite's only writer needs none.
    """
    if tx.connection.dialect.name == "postgresql":
        tx.connection.execute(select(func.pg_advisory_xact_lock(_PLANNING, func.hashtext(programme_id))))


def wait_for_wave(tx: Transaction, programme_id: str) -> None:
    """Join while no wave is being planned: the other side of `wait_for_joiners`."""
    if tx.connection.dialect.name == "postgresql":
        tx.connection.execute(
            select(func.pg_advisory_xact_lock_shared(_PLANNING, func.hashtext(programme_id)))
        )


def begin(
    tx: Transaction,
    programme_id: str,
    entry_id: str,
    zone: Zone,
    timing: Timing,
    now: datetime,
    *,
    missed: bool,
) -> int | None:
    """Note a ringing; None where it was noted before, and all there was to do is done."""
    values = {
        "programme_id": programme_id,
        "entry_id": entry_id,
        "zone": zone.value,
        "due_at": timing.due_at,
        "everybody_by": timing.everybody_by,
        "not_after": timing.not_after,
        "planned_at": now,
        "people": 0,
        "state": "missed" if missed else "planned",
    }
    statement = insert_new(tx.connection, WaveRow, values).returning(WaveRow.id)
    return tx.connection.execute(statement).scalar()


def count(tx: Transaction, wave_id: int, people: int) -> None:
    """How many people the wave is for."""
    tx.connection.execute(update(WaveRow).where(WaveRow.id == wave_id).values(people=people))


def forget(tx: Transaction, wave_id: int) -> None:
    """Take back the note of a ringing that concerned nobody."""
    tx.connection.execute(delete(WaveRow).where(WaveRow.id == wave_id))


def current(tx: Transaction, programme_id: str, zone: Zone, now: datetime) -> list[Wave]:
    """The waves that were planned for a zone and are not over, the latest first."""
    statement = (
        select(WaveRow.id, WaveRow.entry_id, WaveRow.due_at, WaveRow.everybody_by, WaveRow.not_after)
        .where(
            WaveRow.programme_id == programme_id,
            WaveRow.zone == zone.value,
            WaveRow.state == "planned",
            WaveRow.not_after >= now,
        )
        .order_by(WaveRow.due_at.desc())
    )
    return [Wave(*row) for row in tx.connection.execute(statement)]


def looked_until(tx: Transaction) -> datetime | None:
    """Until when the timetable has been looked at (aware UTC); None where it never was."""
    noted = recall(tx, _LOOKED_UNTIL)
    return None if noted is None else datetime.fromisoformat(noted)


def note_looked_until(tx: Transaction, until: datetime) -> None:
    """All that rings up to `until` has rung."""
    remember(tx, _LOOKED_UNTIL, until.isoformat())
