"""How an orientation stands: who is reached, what is being sent, what is late. Test people do not count."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, func, select

from bot.domain.people import Role
from bot.domain.staff import Scope
from bot.storage.database import Transaction
from bot.storage.staff import within
from bot.storage.tables import IS_CLOSED, IS_OPEN, ChatRow, OutboxRow, PersonRow, RequestRow, WaveRow


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
    """What is owed or being sent of one wave (None: of none), added up."""

    wave_id: int | None
    due: int
    later: int
    sending: int
    overdue: int


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
    # Each a range of the index: for everybody it is counted without a look at anybody.
    people = _count(tx, *whom)
    gone = _count(tx, PersonRow.withdrawn_at.is_not(None), *whom)
    not_started = _count(tx, PersonRow.withdrawn_at.is_(None), PersonRow.consented_at.is_(None), *whom)
    # Few, and found by the index that has none but those: literally as there, and each looked up after that.
    closed = exists().where(
        PersonRow.id == ChatRow.person_id,
        PersonRow.consented_at.is_not(None),
        PersonRow.withdrawn_at.is_(None),
        *whom,
    )
    blocked = tx.connection.execute(
        select(func.count()).select_from(ChatRow).where(IS_CLOSED, ChatRow.person_id.is_not(None), closed)
    ).scalar_one()
    return Reached(people, not_started, people - gone - not_started - blocked, blocked, gone)


def _count(tx: Transaction, *whom: ColumnElement[bool]) -> int:
    return tx.connection.execute(select(func.count()).select_from(PersonRow).where(*whom)).scalar_one()


def open_messages(tx: Transaction, programme_id: str, scope: Scope, now: datetime) -> list[Open]:
    """What is owed or being sent to the people of a programme and a scope, by wave."""
    if not scope.whole:
        people = select(PersonRow.id).where(PersonRow.programme_id == programme_id, *within(scope))
        return _open(tx, now, OutboxRow.person_id.in_(people))
    # A wave is of one programme: for everybody, only what is of none needs a look at its person.
    mine = set(tx.connection.scalars(select(WaveRow.id).where(WaveRow.programme_id == programme_id)))
    found = _open(tx, now)
    of_none = any(each.wave_id is None for each in found)
    person = exists().where(PersonRow.id == OutboxRow.person_id, PersonRow.programme_id == programme_id)
    return [
        *(each for each in found if each.wave_id in mine),
        *(_open(tx, now, OutboxRow.wave_id.is_(None), person) if of_none else ()),
    ]


def _open(tx: Transaction, now: datetime, *which: ColumnElement[bool]) -> list[Open]:
    # By the columns of the index, in its order: nothing is sorted, and what a wave has is added up here. Its
    # messages share few moments.
    columns = (OutboxRow.wave_id, OutboxRow.lane, OutboxRow.everybody_by, OutboxRow.due_at, OutboxRow.state)
    rows = tx.connection.execute(
        select(*columns, func.count().label("number"))
        # The words of the partial index, which has no settled rows.
        .where(IS_OPEN, *which)
        .group_by(*columns)
    )
    found: dict[int | None, Open] = {}
    for wave_id, _, everybody_by, due_at, state, number in rows:
        before = found.get(wave_id, Open(wave_id, 0, 0, 0, 0))
        sending = state == "sending"
        due = not sending and due_at <= now
        found[wave_id] = Open(
            wave_id,
            before.due + (number if due else 0),
            before.later + (0 if sending or due else number),
            before.sending + (number if sending else 0),
            before.overdue + (number if everybody_by < now else 0),
        )
    return list(found.values())


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
