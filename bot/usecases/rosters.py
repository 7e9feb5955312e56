"""Rosters into people: who is new, who has changed, and nobody is lost.

A roster corrects what the office knows (name, office, province, wave, class, group). What people have
done or chosen themselves (consent, zone, language, progress) is theirs, and whoever is missing from a
newer file stays: files are often parts, and a part must not erase the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from bot.documents.rosters import RosterRow
from bot.domain.programme import Programme
from bot.domain.zones import Zone, zone_of
from bot.storage.database import Transaction
from bot.storage.rosters import Known, Listed, add_people, change_people, known_people


@dataclass(frozen=True, slots=True)
class ImportResult:
    """How many people were entered, changed, left alone (or would be, in a dry run).

    `missing` are known from earlier rosters, but not in this one.
    """

    imported: int
    updated: int
    unchanged: int
    missing: int


def import_roster(
    tx: Transaction, programme: Programme, rows: Sequence[RosterRow], now: datetime, *, dry_run: bool = False
) -> ImportResult:
    """Enter a roster's people into `programme`; the same roster again changes nothing."""
    known = known_people(tx, programme.id)
    new: list[tuple[Listed, Zone]] = []
    changed: list[tuple[int, Listed, Zone]] = []
    unchanged = 0
    for row in rows:
        listed = _listed(row)
        before = known.pop(listed.nip, None)
        if before is None:
            new.append((listed, _usual_zone(programme, listed)))
            continue
        after = _merged(programme, before, listed)
        if after == before:
            unchanged += 1
        else:
            changed.append((after.id, after.listed, after.zone))
    if not dry_run:
        add_people(tx, programme.id, new, claim_expires_at=links_expire(programme), now=now)
        change_people(tx, changed, now=now)
    return ImportResult(len(new), len(changed), unchanged, len(known))


def links_expire(programme: Programme) -> datetime:
    """Until when the programme's claim links are good: the end of its last day (aware)."""
    return datetime.combine(programme.last_day + timedelta(days=1), time(), programme.zone.tzinfo)


def _listed(row: RosterRow) -> Listed:
    return Listed(
        nip=row.nip.digits,
        name=row.name,
        office=row.office,
        province=row.province.name if row.province else None,
        wave=row.wave or None,
        class_=row.class_ or None,
        group=row.group or None,
    )


def _merged(programme: Programme, before: Known, listed: Listed) -> Known:
    """What is known after the newer roster: an empty cell says nothing, a filled one corrects."""
    old = before.listed
    merged = Listed(
        nip=listed.nip,
        name=listed.name,
        office=listed.office or old.office,
        province=listed.province or old.province,
        wave=listed.wave or old.wave,
        class_=listed.class_ or old.class_,
        group=listed.group or old.group,
    )
    # A zone that does not follow from the province was chosen by the person.
    follows = before.zone is _usual_zone(programme, old)
    return replace(before, listed=merged, zone=_usual_zone(programme, merged) if follows else before.zone)


def _usual_zone(programme: Programme, listed: Listed) -> Zone:
    return (zone_of(listed.province) if listed.province else None) or programme.zone
