"""What is coming, for those who coordinate: what rings when, for how many, and who has it last.

Free of chat, for screens and pages alike; `bot.usecases.corrections` has the deeds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.domain.programme import Entry, PersonalDay, Programme
from bot.domain.staff import Scope
from bot.domain.timetable import Ring, upcoming
from bot.storage import waves
from bot.storage.database import Transaction
from bot.usecases import forecasts
from bot.usecases.forecasts import Outlook

AHEAD = timedelta(days=30)
"""How far ahead one looks at most."""

_KNOWN_SINCE = timedelta(days=1)  # what is to ring now was not planned longer ago


@dataclass(frozen=True, slots=True)
class Coming:
    """An entry on one day, in all its zones: from when on it rings, for how many, who has it last.

    `last_at` None: it is for nobody as things stand, or is missed (`hopeless`).
    """

    entry: Entry
    day: date
    at: datetime
    people: int
    last_at: datetime | None
    late: int
    hopeless: bool = False
    at_most: bool = False  # `people` may be fewer: who has done it already was not looked at


def coming(
    tx: Transaction, programme: Programme, scope: Scope, now: datetime, *, since: datetime, most: int
) -> tuple[list[Coming], datetime | None]:
    """What rings after `since`, `most` entries at most, and from when on there is more (None: that is all).

    People are counted within the scope; when the last has it, among all.
    """
    loads = waves.loads(tx)
    allowed = forecasts.pace(tx, now)
    found: list[Coming] = []
    sizes = forecasts.Sizes(tx, programme, scope=scope)
    known = waves.known(tx, programme.id, now - _KNOWN_SINCE)
    later = [ring for ring in upcoming(programme, since, since + AHEAD) if ring.at > since]
    for day, rings in _by_day(later):
        if len(found) == most:
            return found, min(ring.at for ring in rings)
        fresh = [ring for ring in rings if (ring.entry.id, ring.zone, ring.timing.due_at) not in known]
        ahead = [forecasts.Coming(programme, ring, number) for ring in fresh if (number := sizes.of(ring))]
        if not ahead and isinstance(rings[0].entry.when, PersonalDay):
            continue  # on most days a personal day is nobody's
        if not fresh:
            continue  # it has begun: see `running`
        _, outlooks = forecasts.look(loads, ahead, allowed, now)
        found.append(
            Coming(
                rings[0].entry,
                day,
                min(ring.at for ring in rings),
                sum(sizes.of(each.ring, all_of_them=False) for each in ahead),
                max((each.last_at for each in outlooks if each.last_at is not None), default=None),
                sum(each.late for each in outlooks),
                any(ring.timing.hopeless for ring in rings),
                sizes.at_most(rings[0]),
            )
        )
    return found, None


def running(tx: Transaction, programme: Programme, now: datetime) -> list[Outlook]:
    """What is on its way, of timetable entries and whatever else goes out as a wave."""
    loads = waves.loads(tx)
    under_way, _ = forecasts.look(loads, (), forecasts.pace(tx, now), now)
    mine = [each for each in under_way if each.programme_id == programme.id]
    return forecasts.watched(mine, loads, now)


def _by_day(rings: Sequence[Ring]) -> Iterator[tuple[date, list[Ring]]]:
    """The ringings of each entry on each (local) day, in the order of the first of them."""
    found: dict[tuple[str, date], list[Ring]] = {}
    for ring in rings:
        day = ring.timing.due_at.astimezone(ring.zone.tzinfo).date()
        found.setdefault((ring.entry.id, day), []).append(ring)
    for (_, day), same in found.items():
        yield day, same
