"""How a rehearsal stands at a moment: what the view shows, gathered from both sides."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import select

from bot.domain.programme import Entry, Programme
from bot.domain.timetable import Ring
from bot.domain.zones import Zone
from bot.rehearsal.accounts import Progress, look
from bot.rehearsal.stage import Stage
from bot.simulator import Delivery
from bot.storage import audience
from bot.storage.database import Transaction
from bot.storage.tables import WaveRow

_SHOWN = 5  # entries ahead


@dataclass(frozen=True, slots=True)
class Ringing:
    """An entry of the timetable at a moment, in the zones where it rings then, for so many people."""

    at: datetime
    entry: str
    zones: tuple[Zone, ...]
    people: int
    missed: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """Something said in a chat; `name` is the participant's, whoever spoke."""

    at: datetime
    name: str
    by_bot: bool
    text: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything the view shows."""

    title: str
    now: datetime
    begins: datetime
    ends: datetime
    speed: float | None
    paused: bool
    people: int
    progress: Progress
    rung: tuple[Ringing, ...]
    ahead: tuple[Ringing, ...]
    lines: tuple[Line, ...]
    page: str
    pages: str | None  # where coordinators sign in; None: nobody can yet
    guest: str
    guest_joined: bool
    refused_429: int


async def snapshot(stage: Stage) -> Snapshot:
    """How the stage stands now."""
    now = stage.clock.now()
    ahead = _ahead(stage.rings, now)
    progress, rung, counts = await stage.database.read(_read, stage.programme, ahead)
    guest = stage.crowd.guest
    return Snapshot(
        title=stage.programme.title.en,
        now=now,
        begins=stage.begins,
        ends=stage.ends,
        speed=stage.clock.speed,
        paused=stage.clock.paused,
        people=len(stage.crowd),
        progress=progress,
        rung=rung,
        ahead=tuple(
            Ringing(at, entry.id, zones, number)
            for (at, entry, zones), number in zip(ahead, counts, strict=True)
        ),
        lines=tuple(_line(stage, said) for said in stage.lines),
        page=f"{stage.simulator.address}/people/{guest.id}",
        pages=await stage.pages(),
        guest=guest.user.first_name,
        guest_joined=guest.id in stage.simulator.by_hand,
        refused_429=stage.simulator.state()["refused_429"],
    )


_Ahead: TypeAlias = tuple[datetime, Entry, tuple[Zone, ...]]


def _ahead(rings: Sequence[Ring], now: datetime) -> list[_Ahead]:
    """The next ringings, those of one entry at one moment together."""
    found: dict[tuple[str, datetime], _Ahead] = {}
    for ring in rings[bisect_right(rings, now, key=lambda ring: ring.at) :]:
        key = ring.entry.id, ring.at
        if key not in found and len(found) == _SHOWN:
            break
        zones = found[key][2] if key in found else ()
        found[key] = ring.at, ring.entry, (*zones, ring.zone)
    return list(found.values())


def _read(
    tx: Transaction, programme: Programme, ahead: Sequence[_Ahead]
) -> tuple[Progress, tuple[Ringing, ...], list[int]]:
    counts = [
        sum(audience.size(tx, programme, entry.audience, zone=zone) for zone in zones)
        for _, entry, zones in ahead
    ]
    return look(tx, programme.id), _rung(tx, programme.id), counts


def _rung(tx: Transaction, programme_id: str) -> tuple[Ringing, ...]:
    """What rang last for anybody: the zones of one entry together."""
    statement = (
        select(WaveRow.entry_id, WaveRow.zone, WaveRow.planned_at, WaveRow.people, WaveRow.state)
        .where(WaveRow.programme_id == programme_id, (WaveRow.people > 0) | (WaveRow.state == "missed"))
        .order_by(WaveRow.id.desc())
        .limit(12)
    )
    found: dict[tuple[str, datetime], Ringing] = {}
    for entry_id, zone, at, people, state in tx.connection.execute(statement):
        key = entry_id, at.replace(second=0, microsecond=0)
        before = found.get(key)
        zones = (Zone(zone), *(before.zones if before else ()))
        number = people + (before.people if before else 0)
        found[key] = Ringing(at, entry_id, zones, number, missed=state == "missed")
    return tuple(found.values())


def _line(stage: Stage, said: Delivery) -> Line:
    message = said.message
    text = "" if message is None else message.text
    if message is not None and message.poll is not None:
        text = f"? {text}"
    elif message is not None and message.file is not None:
        text = f"[{message.file.kind}] {text}"
    person = stage.simulator.person(said.person_id) if said.person_id else None
    return Line(said.at, person.user.first_name if person else "", said.by_bot, " ".join(text.split()))
