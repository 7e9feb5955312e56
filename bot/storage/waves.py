"""Waves: which ringing of which timetable entry was planned or missed, and how far the timetable has got."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    case,
    delete,
    func,
    literal,
    select,
    update,
)

from bot.domain.messages import Lane
from bot.domain.people import Reach
from bot.domain.programme import Programme
from bot.domain.timetable import Timing
from bot.domain.zones import Zone
from bot.storage.copies import Times
from bot.storage.database import Transaction
from bot.storage.spans import EVERYTHING, Span
from bot.storage.state import recall, remember
from bot.storage.tables import IS_OPEN, ChatRow, OutboxRow, WaveRow
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


@dataclass(frozen=True, slots=True)
class Ringing:
    """A ringing as it is noted, whatever became of it."""

    id: int
    programme_id: str
    entry_id: str
    zone: Zone
    due_at: datetime
    everybody_by: datetime
    not_after: datetime
    planned_at: datetime
    planned_to: int | None  # while it is in the making: as far as this person, by id
    people: int
    state: str
    last_expected_at: datetime | None
    stopped_at: datetime | None
    resumed_at: datetime | None
    rest: list[dict[str, Any]] | None  # of one that is not the timetable's: what is left to be planned


@dataclass(frozen=True, slots=True)
class Load:
    """Messages that are owed or being sent: of a wave, or (None) of none."""

    wave: Ringing | None
    lane: Lane
    everybody_by: datetime
    due_at: datetime  # of the first of them
    messages: int


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


def noted(tx: Transaction, programme_id: str, entry_id: str, zone: Zone, due_at: datetime) -> Ringing | None:
    """What is noted of a ringing; None where it has not rung."""
    which = and_(
        WaveRow.programme_id == programme_id,
        WaveRow.entry_id == entry_id,
        WaveRow.zone == zone.value,
        WaveRow.due_at == due_at,
    )
    return next(iter(_ringings(tx, which)), None)


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
    """Note a ringing: missed, or in the making; None where it was noted before."""
    values = {
        "programme_id": programme_id,
        "entry_id": entry_id,
        "zone": zone.value,
        "due_at": timing.due_at,
        "everybody_by": timing.everybody_by,
        "not_after": timing.not_after,
        "planned_at": now,
        "people": 0,
        "state": "missed" if missed else "planning",
    }
    statement = insert_new(tx.connection, WaveRow, values).returning(WaveRow.id)
    made = tx.connection.execute(statement).scalar()
    return made if made is not None else _taken_up_again(tx, values)


def _taken_up_again(tx: Transaction, values: Mapping[str, Any]) -> int | None:
    """A ringing that a correction took back, and another one wants again; None where it is no such."""
    key = ("programme_id", "entry_id", "zone", "due_at")
    statement = (
        update(WaveRow)
        .where(*(getattr(WaveRow, each) == values[each] for each in key), WaveRow.state == "moved")
        .values(stopped_at=None, last_expected_at=None, planned_to=None, **values)
        .returning(WaveRow.id)
    )
    return tx.connection.execute(statement).scalar()


def taken_back(tx: Transaction, wave_id: int) -> bool:
    """Whether a correction has taken the wave back, so that nobody is owed its messages any more."""
    return tx.connection.scalar(select(WaveRow.state).where(WaveRow.id == wave_id)) == "moved"


def note(
    tx: Transaction,
    programme: Programme,
    name: str,
    times: Times,
    now: datetime,
    *,
    zone: Zone | None = None,
) -> int:
    """Note a wave that no timetable entry rings: an announcement's, a correction's; its number.

    Its `name` stands where an entry's id would, and has a colon, which those have not. Without a `zone` it is
    noted in the programme's: an edit makes no sound, so nobody's hours matter.
    """
    values = {
        "programme_id": programme.id,
        "entry_id": name,
        "zone": (zone or programme.zone).value,
        "due_at": times.due_at,
        "everybody_by": times.everybody_by,
        "not_after": times.not_after,
        "planned_at": now,
        "people": 0,
        "state": "planned",
    }
    statement = insert_new(tx.connection, WaveRow, values).returning(WaveRow.id)
    made = tx.connection.execute(statement).scalar()
    if made is None:  # twice at one moment
        key = ("programme_id", "entry_id", "zone", "due_at")
        same = (getattr(WaveRow, each) == values[each] for each in key)
        made = tx.connection.execute(select(WaveRow.id).where(*same)).scalar_one()
    return made


def got_to(tx: Transaction, wave_id: int, person_id: int | None, people: int) -> int:
    """So many more are owed a wave's message, as far as this person by id, or (None) all of them.

    How many it is for by now.
    """
    state = case((WaveRow.state == "planning", "planned"), else_=WaveRow.state)
    statement = (
        update(WaveRow)
        .where(WaveRow.id == wave_id)
        .values(
            people=WaveRow.people + people,
            planned_to=person_id,
            state=state if person_id is None else WaveRow.state,
        )
        .returning(WaveRow.people)
    )
    return tx.connection.execute(statement).scalar_one()


def more(tx: Transaction, wave_id: int, people: int) -> None:
    """The wave is for so many more people."""
    tx.connection.execute(update(WaveRow).where(WaveRow.id == wave_id).values(people=WaveRow.people + people))


def add(tx: Transaction, wave_id: int, people: int, rest: Sequence[Mapping[str, Any]] | None = None) -> None:
    """The wave is for so many more people, and that `rest` is left of it; one for nobody leaves no trace."""
    state = case(
        (and_(WaveRow.state == "planned", literal(bool(rest))), "planning"),
        (and_(WaveRow.state == "planning", literal(not rest)), "planned"),
        else_=WaveRow.state,
    )
    values = {"people": WaveRow.people + people, "rest": list(rest) if rest else None, "state": state}
    tx.connection.execute(update(WaveRow).where(WaveRow.id == wave_id).values(values))
    if not rest:
        tx.connection.execute(delete(WaveRow).where(WaveRow.id == wave_id, WaveRow.people == 0))


def in_the_making(tx: Transaction) -> list[int]:
    """The numbers of the waves that nothing rings and that are not planned to their end, the eldest first."""
    return list(tx.connection.scalars(_in_the_making()))


@cache  # asked at every look, mostly in vain: to put it together takes longer than to answer it
def _in_the_making() -> Select[Any]:
    unfinished = (WaveRow.state == "planning", WaveRow.rest.is_not(None))
    return select(WaveRow.id).where(*unfinished).order_by(WaveRow.id)


def forget(tx: Transaction, wave_id: int) -> None:
    """Take back the note of a ringing that concerned nobody."""
    tx.connection.execute(delete(WaveRow).where(WaveRow.id == wave_id))


def current(tx: Transaction, programme_id: str, zone: Zone, now: datetime) -> list[Wave]:
    """The waves that were planned for a zone, or begun to be, and are not over; the latest first.

    Who joins while one is in the making may stand where it has been already.
    """
    statement = (
        select(WaveRow.id, WaveRow.entry_id, WaveRow.due_at, WaveRow.everybody_by, WaveRow.not_after)
        .where(
            WaveRow.programme_id == programme_id,
            WaveRow.zone == zone.value,
            WaveRow.state.in_(("planning", "planned")),
            WaveRow.not_after >= now,
        )
        .order_by(WaveRow.due_at.desc())
    )
    return [Wave(*row) for row in tx.connection.execute(statement)]


def known(tx: Transaction, programme_id: str, since: datetime) -> set[tuple[str, Zone, datetime]]:
    """Entry, zone and moment of what has rung since then."""
    statement = select(WaveRow.entry_id, WaveRow.zone, WaveRow.due_at).where(
        WaveRow.programme_id == programme_id, WaveRow.planned_at >= since, WaveRow.state != "moved"
    )
    return {(row.entry_id, Zone(row.zone), row.due_at) for row in tx.connection.execute(statement)}


# --- under way ----------------------------------------------------------------------------------------


def loads(tx: Transaction) -> list[Load]:
    """All that is owed or being sent but replies, added up by wave and deadline."""
    rows = list(tx.connection.execute(_loads()))
    ids = {row.wave_id for row in rows if row.wave_id is not None}
    found = {each.id: each for each in _ringings(tx, WaveRow.id.in_(ids))} if ids else {}
    return [
        Load(found.get(row.wave_id), Lane(row.lane), row.everybody_by, row.due_at, row.messages)
        for row in rows
    ]


@cache  # as `_in_the_making`
def _loads() -> Select[Any]:
    which: tuple[Any, ...] = (OutboxRow.wave_id, OutboxRow.lane, OutboxRow.everybody_by)
    figures = (func.min(OutboxRow.due_at).label("due_at"), func.count().label("messages"))
    under_way = (IS_OPEN, OutboxRow.lane != int(Lane.REPLY))
    return select(*which, *figures).where(*under_way).group_by(*which)


def tally(tx: Transaction, wave_id: int, since: datetime | None) -> tuple[int, int]:
    """How many messages of a wave were sent, and how many failed; `since`: only from then on."""
    statement = (
        select(OutboxRow.state, func.count().label("number"))
        .where(OutboxRow.wave_id == wave_id, OutboxRow.state.in_(("sent", "failed")))
        .group_by(OutboxRow.state)
    )
    if since is not None:
        statement = statement.where(OutboxRow.settled_at > since)
    found = {row.state: row.number for row in tx.connection.execute(statement)}
    return found.get("sent", 0), found.get("failed", 0)


def ringing(tx: Transaction, wave_id: int, *, to_change: bool = False) -> Ringing | None:
    """The ringing of that number, or None; `to_change`: as others left it, and nobody else changes it now."""
    return next(iter(_ringings(tx, WaveRow.id == wave_id, to_change=to_change)), None)


def stopped(tx: Transaction) -> list[tuple[Ringing, int]]:
    """The waves that are stopped, each with how many of its messages are held."""
    found = [_ringing(row) for row in tx.connection.execute(_stopped())]
    if not found:
        return []
    held = (
        select(OutboxRow.wave_id, func.count().label("number"))
        .where(OutboxRow.wave_id.in_([each.id for each in found]), OutboxRow.state == "held")
        .group_by(OutboxRow.wave_id)
    )
    numbers = {row.wave_id: row.number for row in tx.connection.execute(held)}
    return [(each, numbers.get(each.id, 0)) for each in found]


@cache  # as `_in_the_making`
def _stopped() -> Select[Any]:
    return _select_ringings(WaveRow.state == "stopped")


def expect(tx: Transaction, lasts: Mapping[int, datetime]) -> None:
    """Note when each wave's last person is expected to have it."""
    for wave_id, last in lasts.items():
        tx.connection.execute(update(WaveRow).where(WaveRow.id == wave_id).values(last_expected_at=last))


def stop(tx: Transaction, wave_id: int, now: datetime) -> bool:
    """The wave is stopped, where it is in the making too; whether it was not yet."""
    statement = (
        update(WaveRow)
        .where(WaveRow.id == wave_id, WaveRow.state.in_(("planning", "planned")))
        .values(state="stopped", stopped_at=now, last_expected_at=None)
    )
    return tx.connection.execute(statement).rowcount == 1


def resume(tx: Transaction, wave_id: int, now: datetime) -> bool:
    """The wave goes on, where it was in the making with that; whether it was stopped."""
    made = and_(WaveRow.rest.is_(None), WaveRow.planned_to.is_(None))
    statement = (
        update(WaveRow)
        .where(WaveRow.id == wave_id, WaveRow.state == "stopped")
        .values(state=case((made, "planned"), else_="planning"), resumed_at=now)
    )
    return tx.connection.execute(statement).rowcount == 1


def cancel(tx: Transaction, wave_id: int) -> bool:
    """The wave ends here; whether it was stopped."""
    statement = (
        update(WaveRow).where(WaveRow.id == wave_id, WaveRow.state == "stopped").values(state="cancelled")
    )
    return tx.connection.execute(statement).rowcount == 1


def hold(tx: Transaction, wave_id: int) -> int:
    """What the wave still owes is held: neither sent nor lost. How many messages."""
    statement = (
        update(OutboxRow).where(OutboxRow.wave_id == wave_id, OutboxRow.state == "owed").values(state="held")
    )
    return tx.connection.execute(statement).rowcount


def let_go(
    tx: Transaction,
    wave_id: int,
    *,
    due_at: datetime,
    everybody_by: datetime,
    not_after: datetime,
    people: Span = EVERYTHING,
) -> int:
    """What the wave holds for these people is owed again, at these times; how many messages."""
    times = {"due_at": due_at, "everybody_by": everybody_by, "not_after": not_after}
    statement = update(OutboxRow).where(*_held_for(wave_id, people)).values(state="owed", **times)
    return tx.connection.execute(statement).rowcount


def release(
    tx: Transaction, wave_id: int, most: int, after: int = 0, times: Times | None = None
) -> tuple[int, int | None]:
    """Owe the first messages that the wave holds, in the order of their ids, from above `after` on.

    At other `times`, where given. How many they are, and up to which id; None where there are no more.
    """
    held = (OutboxRow.wave_id == wave_id, OutboxRow.state == "held", OutboxRow.id > after)
    upto = tx.connection.scalar(
        select(OutboxRow.id).where(*held).order_by(OutboxRow.id).offset(most - 1).limit(1)
    )
    statement = update(OutboxRow).where(*held, *Span(0, upto).holds(OutboxRow.id))
    values = {"state": "owed", **({} if times is None else times._asdict())}
    return tx.connection.execute(statement.values(**values)).rowcount, upto


def _held_for(wave_id: int, people: Span) -> tuple[ColumnElement[bool], ...]:
    """What the wave holds for a span of people, by their index: the wave's would look through all of it."""
    if people == EVERYTHING:
        return (OutboxRow.wave_id == wave_id, OutboxRow.state == "held")
    of_the_wave = func.coalesce(OutboxRow.wave_id, 0) == wave_id
    return (*people.holds(OutboxRow.person_id), of_the_wave, OutboxRow.state == "held")


def settle_held(
    tx: Transaction,
    wave_id: int,
    state: str,
    now: datetime,
    *,
    error: str,
    but: Select[int] | None = None,
    people: Span = EVERYTHING,
) -> int:
    """What the wave holds for these people ends in `state` (but not for those of `but`); how many."""
    statement = update(OutboxRow).where(*_held_for(wave_id, people))
    if but is not None:
        statement = statement.where(OutboxRow.person_id.not_in(people.of(but)))
    return tx.connection.execute(statement.values(state=state, settled_at=now, error=error)).rowcount


def settle_unreachable(tx: Transaction, wave_id: int, now: datetime, people: Span = EVERYTHING) -> int:
    """What the wave holds for those of these people whose chat is closed is gone, as if it had been tried."""
    closed = select(ChatRow.person_id).where(ChatRow.reach != Reach.OPEN, ChatRow.person_id.is_not(None))
    closed = closed.where(*people.holds(ChatRow.person_id))
    statement = (
        update(OutboxRow)
        .where(*_held_for(wave_id, people), OutboxRow.person_id.in_(closed))
        .values(state="gone", settled_at=now, error="the chat is closed")
    )
    return tx.connection.execute(statement).rowcount


def _ringings(tx: Transaction, which: ColumnElement[bool], *, to_change: bool = False) -> list[Ringing]:
    statement = _select_ringings(which)
    if to_change:
        statement = statement.with_for_update(key_share=True)  # (SQLite ignores it: there is one writer)
    return [_ringing(row) for row in tx.connection.execute(statement)]


def _select_ringings(which: ColumnElement[bool]) -> Select[Any]:
    columns = (
        WaveRow.id,
        WaveRow.programme_id,
        WaveRow.entry_id,
        WaveRow.zone,
        WaveRow.due_at,
        WaveRow.everybody_by,
        WaveRow.not_after,
        WaveRow.planned_at,
        WaveRow.planned_to,
        WaveRow.people,
        WaveRow.state,
        WaveRow.last_expected_at,
        WaveRow.stopped_at,
        WaveRow.resumed_at,
        WaveRow.rest,
    )
    return select(*columns).where(which).order_by(WaveRow.due_at, WaveRow.id)


def _ringing(row: Row[Any]) -> Ringing:
    return Ringing(**{**row._mapping, "zone": Zone(row.zone)})


# --- how far the timetable has got --------------------------------------------------------------------


def looked_until(tx: Transaction) -> datetime | None:
    """Until when the timetable has been looked at (aware UTC); None where it never was."""
    noted = recall(tx, _LOOKED_UNTIL)
    return None if noted is None else datetime.fromisoformat(noted)


def note_looked_until(tx: Transaction, until: datetime) -> None:
    """All that rings up to `until` has rung."""
    remember(tx, _LOOKED_UNTIL, until.isoformat())
