"""How an orientation stands: who is reached, what is being sent, what is late. Test people do not count."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, func, select, text

from bot.domain.people import Reach, Role
from bot.domain.staff import Scope
from bot.storage.database import Transaction
from bot.storage.staff import within
from bot.storage.tables import ChatRow, OutboxRow, PersonRow, RequestRow, WaveRow


@dataclass(frozen=True, slots=True)
class Reached:
    """Participants by how far they have come; they add up to `people`."""

    people: int
    not_started: int
    joined: int  # and can be written to
    blocked: int  # joined, and cannot be written to any more
    left: int


@dataclass(frozen=True, slots=True)
class Open:
    """What is owed or being sent of one wave (None: of none), added up; moments are aware UTC."""

    wave_id: int | None
    due: int
    later: int
    sending: int
    overdue: int
    due_since: datetime | None


@dataclass(frozen=True, slots=True)
class Wave:
    """A wave that is under way, or was stopped."""

    id: int
    entry_id: str
    zone: str
    due_at: datetime
    everybody_by: datetime
    state: str
    people: int
    last_expected_at: datetime | None


def reached(tx: Transaction, programme_id: str, scope: Scope) -> Reached:
    """Who takes part, and whom messages reach."""
    whom = (*_participants(programme_id), *within(scope))
    left = PersonRow.withdrawn_at.is_not(None)
    row = tx.connection.execute(
        select(
            func.count(),
            func.count(case((left, 1))),
            func.count(case((and_(~left, PersonRow.consented_at.is_(None)), 1))),
        ).where(*whom)
    ).one()
    people, gone, not_started = row
    # Few, and found by the index of those only.
    blocked = tx.connection.execute(
        select(func.count())
        .select_from(ChatRow)
        .join(PersonRow, PersonRow.id == ChatRow.person_id)
        .where(
            text(f"chats.reach != '{Reach.OPEN.value}'"),
            PersonRow.consented_at.is_not(None),
            PersonRow.withdrawn_at.is_(None),
            *whom,
        )
    ).scalar_one()
    return Reached(people, not_started, people - gone - not_started - blocked, blocked, gone)


def open_messages(tx: Transaction, programme_id: str, scope: Scope, now: datetime) -> list[Open]:
    """What is owed or being sent to the people of a programme and a scope, by wave."""
    owed = OutboxRow.state == "owed"
    due = and_(owed, OutboxRow.due_at <= now)
    rows = tx.connection.execute(
        select(
            OutboxRow.wave_id,
            _number(due),
            _number(and_(owed, OutboxRow.due_at > now)),
            _number(OutboxRow.state == "sending"),
            _number(OutboxRow.everybody_by < now),
            func.min(case((due, OutboxRow.due_at))),
        )
        .select_from(OutboxRow)
        .join(PersonRow, PersonRow.id == OutboxRow.person_id)
        # Literally as in the partial index, which has no settled rows.
        .where(
            text("outbox.state IN ('owed', 'sending')"),
            PersonRow.programme_id == programme_id,
            *within(scope),
        )
        .group_by(OutboxRow.wave_id)
    )
    return [Open(*row) for row in rows]


def waves(tx: Transaction, programme_id: str, ids: Sequence[int]) -> list[Wave]:
    """These waves, and those that are stopped, the earliest deadline first."""
    rows = tx.connection.execute(
        select(
            WaveRow.id,
            WaveRow.entry_id,
            WaveRow.zone,
            WaveRow.due_at,
            WaveRow.everybody_by,
            WaveRow.state,
            WaveRow.people,
            WaveRow.last_expected_at,
        )
        .where(
            WaveRow.programme_id == programme_id,
            (WaveRow.id.in_(ids)) | (WaveRow.state == "stopped"),
        )
        .order_by(WaveRow.everybody_by, WaveRow.id)
    )
    return [Wave(*row) for row in rows]


def of_scope(tx: Transaction, scope: Scope, wave_ids: Sequence[int]) -> dict[int, int]:
    """How many people of a scope each wave is for."""
    if not wave_ids:
        return {}
    rows = tx.connection.execute(
        select(OutboxRow.wave_id, func.count())
        .select_from(OutboxRow)
        .join(PersonRow, PersonRow.id == OutboxRow.person_id)
        .where(OutboxRow.wave_id.in_(wave_ids), *within(scope))
        .group_by(OutboxRow.wave_id)
    )
    return {wave_id: number for wave_id, number in rows if wave_id is not None}


def requests(tx: Transaction, programme_id: str) -> int:
    """How many people wait to be let in."""
    return tx.connection.execute(
        select(func.count())
        .select_from(RequestRow)
        .where(RequestRow.programme_id == programme_id, RequestRow.state == "open")
    ).scalar_one()


def _participants(programme_id: str) -> tuple[ColumnElement[bool], ...]:
    return (
        PersonRow.programme_id == programme_id,
        PersonRow.role == Role.PARTICIPANT.value,
        PersonRow.is_test.is_(False),
    )


def _number(which: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((which, 1)))
