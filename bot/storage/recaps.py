"""Who has not finished what, and who cannot be reached: counted by office or group, and listed.

Participants count who have not left and are no test accounts, whether or not they have a chat yet.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, case, delete, exists, func, insert, select

from bot.domain.people import Reach, Role
from bot.domain.programme import Audience, Programme, Target
from bot.domain.staff import Scope
from bot.domain.zones import Zone
from bot.storage import audience
from bot.storage.audience import lacks
from bot.storage.database import Transaction
from bot.storage.staff import COLUMNS, within
from bot.storage.tables import ChatRow, NoRecapRow, OutboxRow, PersonRow

UNREACHED = ("never", "not_agreed", "blocked", "deactivated", "unreachable", "failed")
"""Why somebody is not reached: no chat is theirs, they have not agreed, their chat is closed (`Reach`), or a
message failed lately."""

_FAILED_LATELY = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Count:
    """How many people of an office (or group), and how many of them lack something."""

    value: str
    people: int
    lacking: int


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody in a list that is handed out: no number of theirs."""

    office: str
    wave: str | None
    class_: str | None
    group: str | None
    name: str
    state: str  # one of `UNREACHED`, or "open"


def by(tx: Transaction, programme: Programme, target: Target, scope: Scope, kind: str) -> list[Count]:
    """Each office's (or other `kind` of a scope) counts; whoever has most that lack it first."""
    column = func.coalesce(func.trim(COLUMNS[kind]), "")
    lacking = func.sum(case((lacks(programme, target), 1), else_=0))
    rows = tx.connection.execute(
        select(func.min(column), func.count(), lacking)
        .select_from(PersonRow)
        .where(*_counted(programme, scope))
        .group_by(func.lower(column))
        .order_by(lacking.desc(), func.min(column))
    )
    return [Count(value, people, int(number)) for value, people, number in rows]


def overall(tx: Transaction, programme: Programme, target: Target, scope: Scope) -> Count:
    """All of the scope together."""
    row = tx.connection.execute(
        select(func.count(), func.coalesce(func.sum(case((lacks(programme, target), 1), else_=0)), 0))
        .select_from(PersonRow)
        .where(*_counted(programme, scope))
    ).one()
    return Count("", row[0], int(row[1]))


def lacking(
    tx: Transaction, programme: Programme, target: Target, scope: Scope, now: datetime
) -> list[Named]:
    """Those of the scope who lack it, by office, group and name."""
    return _named(tx, programme, scope, now, lacks(programme, target))


def remindable(programme: Programme, target: Target, scope: Scope, zone: Zone | None = None) -> Select[int]:
    """Select the ids of those of the scope (and zone) who lack it and can be written to."""
    meant = Audience(roles=(Role.PARTICIPANT.value,), not_done=(target,))
    return audience.people(programme, meant, zone=zone, scope=scope).where(PersonRow.is_test.is_(False))


def unreached(
    tx: Transaction, programme: Programme, scope: Scope, now: datetime
) -> dict[str, dict[str, int]]:
    """How many of each office are not reached, by why; by office."""
    office, why = func.coalesce(func.trim(PersonRow.office), ""), _why(now)
    rows = tx.connection.execute(
        select(func.min(office), why, func.count())
        .select_from(PersonRow)
        .outerjoin(ChatRow, ChatRow.person_id == PersonRow.id)
        .where(*_counted(programme, scope), why != "open")
        .group_by(func.lower(office), why)
        .order_by(func.min(office))
    )
    found: dict[str, dict[str, int]] = {}
    for where, state, number in rows:
        found.setdefault(where, {})[state] = number
    return found


def unreached_people(tx: Transaction, programme: Programme, scope: Scope, now: datetime) -> list[Named]:
    """Those of the scope who are not reached, by office, group and name."""
    return _named(tx, programme, scope, now, _why(now) != "open")


# --- the daily recap --------------------------------------------------------------------------------------


def wants(tx: Transaction, person_id: int) -> bool:
    """Whether a coordinator gets the daily recap."""
    row = tx.connection.execute(select(NoRecapRow.since).where(NoRecapRow.person_id == person_id)).first()
    return row is None


def switch(tx: Transaction, person_id: int, now: datetime, *, on: bool) -> None:
    """Let a coordinator get the daily recap, or not."""
    tx.connection.execute(delete(NoRecapRow).where(NoRecapRow.person_id == person_id))
    if not on:
        tx.connection.execute(insert(NoRecapRow).values(person_id=person_id, since=now))


# --- inside -----------------------------------------------------------------------------------------------


def _counted(programme: Programme, scope: Scope) -> tuple[ColumnElement[bool], ...]:
    return (
        PersonRow.programme_id == programme.id,
        PersonRow.role == Role.PARTICIPANT.value,
        PersonRow.is_test.is_(False),
        # Who has left is no participant; who has a chat only to be parted from it again is one.
        PersonRow.withdrawn_at.is_(None),
        *within(scope),
    )


def _why(now: datetime) -> ColumnElement[str]:
    failed = exists().where(
        OutboxRow.person_id == PersonRow.id,
        OutboxRow.state == "failed",
        OutboxRow.settled_at > now - _FAILED_LATELY,
    )
    return case(
        (ChatRow.id.is_(None), "never"),
        (ChatRow.reach != Reach.OPEN.value, ChatRow.reach),
        (PersonRow.consented_at.is_(None), "not_agreed"),
        (failed, "failed"),
        else_="open",
    )


def _named(
    tx: Transaction, programme: Programme, scope: Scope, now: datetime, which: ColumnElement[bool]
) -> list[Named]:
    rows = tx.connection.execute(
        select(PersonRow.office, PersonRow.wave, PersonRow.class_, PersonRow.group, PersonRow.name, _why(now))
        .outerjoin(ChatRow, ChatRow.person_id == PersonRow.id)
        .where(*_counted(programme, scope), which)
        .order_by(PersonRow.office, PersonRow.class_, PersonRow.group, PersonRow.name, PersonRow.id)
    )
    return [Named(*row) for row in rows]
