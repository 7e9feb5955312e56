"""Messages to the people of a scope, and what became of them, without what they say."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, select, update

from bot.domain.messages import Lane, Message
from bot.domain.people import Reach
from bot.domain.programme import Item, Programme, Target
from bot.domain.staff import Scope
from bot.domain.zones import Zone
from bot.storage import audience
from bot.storage.database import Transaction
from bot.storage.messages import load
from bot.storage.outbox import owed_again
from bot.storage.staff import within
from bot.storage.tables import IS_ASTRAY, IS_OPEN, ChatRow, OutboxRow, PersonRow, WaveRow

STATES = ("owed", "sending", "held", "sent", "gone", "expired", "failed", "withdrawn", "folded")

NOT_DELIVERED = ("failed", "expired")
"""What can be owed again."""

COUNTED = 10_000
"""So many rows are counted at most: a page of the newest needs no more."""

_AT_ONCE = 500  # ids of one statement


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which messages; empty is all."""

    state: str = ""
    wave: str = ""
    """The name of an entry of the timetable, or whatever else went out as a wave."""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message to somebody."""

    id: int
    person_id: int
    name: str
    office: str
    wave: str | None
    reason: str
    state: str
    due_at: datetime
    settled_at: datetime | None
    attempts: int
    error: str | None


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A message that did not arrive, to somebody who can be written to."""

    id: int
    zone: Zone
    lane: Lane
    message: Message


def listed(
    tx: Transaction, programme_id: str, scope: Scope, wanted: Wanted, *, limit: int | None, offset: int = 0
) -> Iterator[Delivery]:
    """The newest first."""
    columns: list[Any] = [
        OutboxRow.id,
        PersonRow.id,
        PersonRow.name,
        PersonRow.office,
        WaveRow.entry_id,
        OutboxRow.reason,
        OutboxRow.state,
        OutboxRow.due_at,
        OutboxRow.settled_at,
        OutboxRow.attempts,
        OutboxRow.error,
    ]
    newest = OutboxRow.id.desc()
    # What is on its way may be nothing among millions: sorted, not looked for from the newest on.
    first = (OutboxRow.id + 0).desc() if wanted.state in _ON_THEIR_WAY else newest
    page = _ids(programme_id, scope, wanted).order_by(first).limit(limit).offset(offset)
    statement = (
        select(*columns)
        .join(PersonRow, PersonRow.id == OutboxRow.person_id)
        .outerjoin(WaveRow, WaveRow.id == OutboxRow.wave_id)
        .where(OutboxRow.id.in_(page.subquery().select()))
        .order_by(newest)
    )
    with tx.connection.execution_options(yield_per=1_000).execute(statement) as rows:
        for row in rows:
            yield Delivery(*row)


def number(tx: Transaction, programme_id: str, scope: Scope, wanted: Wanted) -> int:
    """How many `listed` would tell of, `COUNTED` at most."""
    some = _ids(programme_id, scope, wanted).limit(COUNTED).subquery()
    return tx.connection.execute(select(func.count()).select_from(some)).scalar_one()


def undelivered(tx: Transaction, programme: Programme, scope: Scope, wanted: Wanted) -> list[Undelivered]:
    """What did not arrive, is not done meanwhile, and goes to somebody who can be written to."""
    ids = _ids(programme.id, scope, wanted).where(IS_ASTRAY, OutboxRow.state.in_(NOT_DELIVERED))
    statement = (
        select(OutboxRow.id, PersonRow.id, PersonRow.zone, OutboxRow.lane, OutboxRow.message, OutboxRow.about)
        .join(PersonRow, PersonRow.id == OutboxRow.person_id)
        .join(ChatRow, ChatRow.person_id == PersonRow.id)
        .where(
            OutboxRow.id.in_(ids.subquery().select()),
            OutboxRow.lane != int(Lane.REPLY),  # an answer that comes late answers nothing
            ChatRow.reach == Reach.OPEN.value,
            PersonRow.consented_at.is_not(None),
            PersonRow.withdrawn_at.is_(None),
        )
        .order_by(OutboxRow.id)
    )
    rows = tx.connection.execute(statement).all()
    reminded = {row.about for row in rows if row.about is not None}
    lacking = {about: _lacking(tx, programme, about) for about in reminded}
    return [
        Undelivered(number, Zone(zone), Lane(lane), load(message))
        for number, person_id, zone, lane, message, about in rows
        if about is None or person_id in lacking[about]
    ]


def owe_again(
    tx: Transaction,
    ids: Sequence[int],
    *,
    due_at: datetime,
    everybody_by: datetime,
    not_after: datetime,
) -> int:
    """Owe again what of these has not arrived; how many."""
    again = 0
    for first in range(0, len(ids), _AT_ONCE):
        some = ids[first : first + _AT_ONCE]
        statement = (
            update(OutboxRow)
            .where(OutboxRow.id.in_(some), OutboxRow.state.in_(NOT_DELIVERED))
            .values(owed_again(due_at, everybody_by, not_after))
        )
        again += tx.connection.execute(statement).rowcount
    return again


def _lacking(tx: Transaction, programme: Programme, about: str) -> frozenset[int]:
    """Who has not done what messages remind of."""
    kind, _, item = about.partition(":")
    which = (PersonRow.programme_id == programme.id, audience.lacks(programme, Target(Item(kind), item)))
    return frozenset(tx.connection.scalars(select(PersonRow.id).where(*which)))


_ON_THEIR_WAY = ("owed", "sending")


def _ids(programme_id: str, scope: Scope, wanted: Wanted) -> Select[int]:
    """Select the rows, by whichever way is short: from the few people, from the wave, or from the newest."""
    whose = [PersonRow.programme_id == programme_id, *within(scope)]
    if wanted.name:
        whose.append(PersonRow.name.icontains(wanted.name, autoescape=True))
    if scope.whole and not wanted.name:
        theirs: ColumnElement[bool] = exists().where(PersonRow.id == OutboxRow.person_id, *whose)
    else:
        theirs = OutboxRow.person_id.in_(select(PersonRow.id).where(*whose))
    found = select(OutboxRow.id).where(theirs)
    if wanted.state:
        found = found.where(OutboxRow.state == wanted.state)
        if wanted.state in _ON_THEIR_WAY:
            found = found.where(IS_OPEN)
        elif wanted.state != "sent":
            found = found.where(IS_ASTRAY)
    if wanted.wave:
        waves = select(WaveRow.id).where(
            WaveRow.programme_id == programme_id, WaveRow.entry_id == wanted.wave
        )
        found = found.where(OutboxRow.wave_id.in_(waves))
    return found
