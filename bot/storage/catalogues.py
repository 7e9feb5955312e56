"""The catalogue that everybody works with: what the files say, as coordinators have corrected it."""

from collections import defaultdict
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, func, select

from bot.domain.corrections import Added, Change, Correction, EntryChange, SessionChange, corrected
from bot.domain.language import Localised
from bot.domain.programme import (
    Audience,
    Catalogue,
    Entry,
    Instant,
    Item,
    Late,
    Local,
    Target,
)
from bot.domain.zones import Zone
from bot.storage.tables import CorrectionRow


class StaleError(Exception):
    """The transaction works with a catalogue that has been corrected meanwhile: it is to run again."""


def version(connection: Connection) -> int:
    """How much has been corrected, and taken back, in all programmes: each deed counts on."""
    return connection.execute(_version_statement()).scalar_one()


def current(connection: Connection, files: Catalogue) -> Catalogue:
    """The catalogue of the `files` with every correction that stands; those that make no sense do nothing."""
    # First, so that what comes between the two is noticed as news the next time.
    known = version(connection)
    found: defaultdict[str, list[Correction]] = defaultdict(list)
    for row in connection.execute(_standing_statement()):
        found[row.programme_id].append(correction(row))
    if not known:
        return files
    programmes = {
        name: corrected(programme, found[name])[0] if name in found else programme
        for name, programme in files.programmes.items()
    }
    return Catalogue(programmes, files.texts, known, files.programmes)


def correction(row: Any) -> Correction:
    """A row of the table as a value."""
    return Correction(row.item, load(row.change), row.stated)


@cache
def _version_statement() -> Select[int]:
    return select(func.count() + func.count(CorrectionRow.undone_at)).select_from(CorrectionRow)


@cache
def _standing_statement() -> Select[Any]:
    return (
        select(CorrectionRow.programme_id, CorrectionRow.item, CorrectionRow.change, CorrectionRow.stated)
        .where(CorrectionRow.undone_at.is_(None))
        .order_by(CorrectionRow.id)
    )


# --- as JSON ------------------------------------------------------------------------------------------


def dump(change: Change) -> dict[str, Any]:
    """`change` as what JSON can hold; `load` gives an equal one back."""
    match change:
        case EntryChange(skipped, days, when):
            data: dict[str, Any] = {"skipped": skipped, "days": [day.isoformat() for day in days]}
            return {"entry": data if when is None else {**data, **_dump_when(when)}}
        case Added(entry):
            return {"added": _dump_entry(entry)}
        case SessionChange():
            times = {
                name: None if (at := getattr(change, name)) is None else at.isoformat() for name in _TIMES
            }
            others = {name: getattr(change, name) for name in (*_WORDS, *_FLAGS)}
            return {"session": {name: value for name, value in (times | others).items() if value is not None}}


def load(data: dict[str, Any]) -> Change:
    """The change that `dump` wrote; raises ValueError for anything else."""
    match data:
        case {"entry": {"skipped": bool(skipped), "days": list(days)} as more}:
            return EntryChange(skipped, tuple(date.fromisoformat(day) for day in days), _load_when(more))
        case {"added": dict(entry)}:
            return Added(_load_entry(entry))
        case {"session": dict(values)}:
            room_opens, starts, ends = (
                None if (at := values.get(name)) is None else datetime.fromisoformat(at) for name in _TIMES
            )
            others = {name: values.get(name) for name in (*_WORDS, *_FLAGS)}
            return SessionChange(room_opens, starts, ends, **others)
    raise ValueError(f"not a correction: {data!r}")


_TIMES = ("room_opens", "starts", "ends")
_WORDS = ("url", "meeting_id", "passcode", "stream")
_FLAGS = ("cancelled",)


def _dump_when(when: Instant | Local) -> dict[str, Any]:
    match when:
        case Instant(at):
            return {"instant": at.isoformat()}
        case Local(day, at):
            return {"local": [day.isoformat(), at.isoformat()]}


def _load_when(data: dict[str, Any]) -> Instant | Local | None:
    match data:
        case {"instant": str(at)}:
            return Instant(datetime.fromisoformat(at))
        case {"local": [str(day), str(at)]}:
            return Local(date.fromisoformat(day), time.fromisoformat(at))
    return None


def _dump_entry(entry: Entry) -> dict[str, Any]:
    if not isinstance(entry.when, Instant | Local):
        raise TypeError(f"an added entry is at a moment, not {entry.when!r}")
    audience = entry.audience
    return {
        "id": entry.id,
        **_dump_when(entry.when),
        "text": None if entry.text is None else [entry.text.id, entry.text.en],
        "about": None if entry.about is None else _dump_target(entry.about),
        "audience": {
            **{name: list(getattr(audience, name)) for name in _AUDIENCE},
            "zones": [zone.value for zone in audience.zones],
            "not_done": [_dump_target(target) for target in audience.not_done],
        },
        "everybody_by": entry.everybody_by.total_seconds(),
        "not_after": entry.not_after.total_seconds(),
        "late": entry.late.value,
        "essential": entry.essential,
        "skipped": entry.skipped,
    }


def _load_entry(data: dict[str, Any]) -> Entry:
    when = _load_when(data)
    if when is None:
        raise ValueError(f"an added entry without its moment: {data!r}")
    audience = data["audience"]
    return Entry(
        id=data["id"],
        when=when,
        text=None if data["text"] is None else Localised(*data["text"]),
        about=None if data["about"] is None else _load_target(data["about"]),
        audience=Audience(
            zones=tuple(Zone(zone) for zone in audience["zones"]),
            not_done=tuple(_load_target(target) for target in audience["not_done"]),
            **{name: tuple(audience[name]) for name in _AUDIENCE},
        ),
        everybody_by=timedelta(seconds=data["everybody_by"]),
        not_after=timedelta(seconds=data["not_after"]),
        late=Late(data["late"]),
        essential=data["essential"],
        skipped=data["skipped"],
    )


_AUDIENCE = ("offices", "provinces", "waves", "classes", "groups", "roles")


def _dump_target(target: Target) -> list[str]:
    return [target.kind.value, target.id]


def _load_target(data: list[str]) -> Target:
    kind, name = data
    return Target(Item(kind), name)
