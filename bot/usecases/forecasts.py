"""Looking ahead with the database: what is under way, what is coming, and when everybody will have it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

from bot.domain.announcements import State
from bot.domain.forecast import Forecast, Pace, Wave, forecast, placed
from bot.domain.messages import Lane
from bot.domain.programme import Audience, PersonalDay, Programme
from bot.domain.staff import EVERYTHING, Scope
from bot.domain.timetable import Ring, first_logins, lane, upcoming
from bot.domain.zones import Zone
from bot.storage import announcements as announced
from bot.storage import audience, people, staff, state, waves
from bot.storage.database import Transaction
from bot.storage.waves import Load, Ringing

MARGIN = timedelta(minutes=15)
"""After the last one is expected to have an announcement, it is late."""

_EARLY_AT_MOST = timedelta(days=1)  # an entry is planned no earlier than that before it rings


@dataclass(frozen=True, slots=True)
class Coming:
    """A ringing that is to come, and for how many people."""

    programme: Programme
    ring: Ring
    people: int


@dataclass(frozen=True, slots=True)
class Scheduled:
    """An announcement that is to begin at its time, and goes beside what rings: in one zone."""

    programme_id: str
    zone: Zone
    wave: Wave


@dataclass(frozen=True, slots=True)
class Outlook:
    """One moment of an entry, in all zones that share it: for whom, from when, until when."""

    programme_id: str
    entry_id: str
    zones: tuple[Zone, ...]
    due_at: datetime
    starts_at: datetime
    everybody_by: datetime
    lane: Lane
    people: int
    first_at: datetime | None
    last_at: datetime | None
    late: int  # how many people have it after `everybody_by`
    at: datetime  # when it rings: its moment, or when the sending windows open next
    planned: int  # for how many people it is, or was when it began; `people` are still without it
    hopeless: bool = False  # no window opens in time: it will be missed
    waves: tuple[int, ...] = ()  # under way: the numbers of its waves

    @property
    def late_by(self) -> timedelta:
        """By how much the last person misses `everybody_by`; nothing where all are in time."""
        if self.last_at is None:
            return timedelta()
        return max(timedelta(), self.last_at - self.everybody_by)


def pace(tx: Transaction, now: datetime) -> Pace:
    """The pace of whoever sends, as configured, with what is left of the day's Stars."""
    return left_of(tx, Pace.for_stars(state.pace(tx), state.stars(tx)), now)


def left_of(tx: Transaction, pace: Pace, now: datetime) -> Pace:
    """The pace with what of its day's budget has been spent by now: all, where the bot lacks the Stars."""
    if pace.budget is None:
        return pace
    day = now.astimezone(UTC).date()
    spent = pace.budget.messages if state.lacking_on(tx, day) else state.paid_on(tx, day)
    return replace(pace, budget=replace(pace.budget, day=day, spent=spent))


def rings(programmes: Iterable[Programme], since: datetime, until: datetime) -> list[tuple[Programme, Ring]]:
    """What rings after `since`, and by `until`, in any of the programmes."""
    return [
        (programme, ring)
        for programme in programmes
        for ring in upcoming(programme, since, until)
        if ring.at > since
    ]


def coming(
    tx: Transaction,
    wanted: Sequence[tuple[Programme, Ring]],
    now: datetime,
    *,
    joined: bool = True,
) -> list[Coming]:
    """Each ringing that has not been planned yet with the number of those whom it means as things stand.

    What concerns nobody is left out. Not only `joined`: also who has not opened their link yet.
    """
    planned = {name: waves.known(tx, name, now - _EARLY_AT_MOST) for name in _named(wanted)}
    sizes: dict[tuple[str, str, Zone], int] = {}  # a recurring entry has the same audience each time
    found = []
    for programme, ring in wanted:
        if (ring.entry.id, ring.zone, ring.timing.due_at) in planned[programme.id]:
            continue
        if isinstance(ring.entry.when, PersonalDay):
            number = size(tx, programme, ring, joined=joined)
        else:
            key = (programme.id, ring.entry.id, ring.zone)
            if key not in sizes:
                sizes[key] = size(tx, programme, ring, joined=joined)
            number = sizes[key]
        if number:
            found.append(Coming(programme, ring, number))
    return found


def scheduled(tx: Transaction, until: datetime) -> list[Scheduled]:
    """The announcements that are to begin by `until`, for whom they are meant as things stand."""
    found = []
    for each in announced.active(tx):
        programme = tx.catalogue.programme(each.programme_id)
        if each.state is not State.SCHEDULED or each.send_at is None or programme is None:
            continue
        if each.send_at > until or each.author_id is None:
            continue
        meant = announced.meant(tx, programme, each.whom, staff.scope(tx, each.author_id))
        for zone, number in meant.reached.items():
            at = each.send_at if each.urgent else programme.windows.next_open(each.send_at, zone)
            if at is not None:
                messages = number * len(each.post.pieces)
                wave = Wave(each.name, messages, at, at + MARGIN, each.lane)
                found.append(Scheduled(programme.id, zone, wave))
    return found


def size(
    tx: Transaction,
    programme: Programme,
    ring: Ring,
    *,
    joined: bool = True,
    scope: Scope = EVERYTHING,
) -> int:
    """How many people (of a coordinator's `scope`) a ringing means as things stand."""
    logins = None
    if isinstance(ring.entry.when, PersonalDay):
        day = ring.timing.due_at.astimezone(ring.zone.tzinfo).date()
        logins = first_logins(programme.course, programme.windows, ring.entry.when.day, day)
        if not people.anybody_began(tx, programme.id, ring.zone, logins):
            return 0
    whom = audience.people(
        programme, ring.entry.audience, zone=ring.zone, first_logins=logins, joined=joined, scope=scope
    )
    return audience.count(tx, whom)


EXACTLY = 10_000
"""Up to so many people it is counted who has not done what; of more that would take seconds."""


class Sizes:
    """How many people each ringing of a programme means as things stand, counted at one look or two.

    Of more than `EXACTLY` people who has done it already counts too, where `at_most` says so.
    """

    def __init__(self, tx: Transaction, programme: Programme, *, scope: Scope = EVERYTHING) -> None:
        self._programme = programme
        self._logins: dict[tuple[int, date], frozenset[date]] = {}
        meant = {entry.audience: replace(entry.audience, not_done=()) for entry in programme.timetable}
        audiences = tuple(dict.fromkeys((Audience(), *meant.values())))
        self._found = audience.sizes(tx, programme, audiences, scope=scope)
        self.exact = sum(found[0] for found in self._found.values()) <= EXACTLY
        if self.exact and any(each.not_done for each in meant):
            meant = {each: each for each in meant}
            audiences = tuple(meant)
            self._found = audience.sizes(tx, programme, audiences, scope=scope)
        places = {each: place for place, each in enumerate(audiences)}
        self._places = {each: places[counted] for each, counted in meant.items()}

    def at_most(self, ring: Ring) -> bool:
        """Whether it may be fewer."""
        return not self.exact and bool(ring.entry.audience.not_done)

    def of(self, ring: Ring, *, all_of_them: bool = True) -> int:
        """How many people a ringing of one of the programme's entries means; else those within the scope."""
        place, when, began = self._places[ring.entry.audience], ring.entry.when, None
        if isinstance(when, PersonalDay):
            day = ring.timing.due_at.astimezone(ring.zone.tzinfo).date()
            if (when.day, day) not in self._logins:
                course, windows = self._programme.course, self._programme.windows
                self._logins[when.day, day] = frozenset(first_logins(course, windows, when.day, day))
            began = self._logins[when.day, day]
        return sum(
            found[place]
            for (zone, first_login, mine), found in self._found.items()
            if zone is ring.zone and (all_of_them or mine) and (began is None or first_login in began)
        )


def at_most(tx: Transaction, wanted: Sequence[tuple[Programme, Ring]]) -> list[Coming]:
    """Each ringing with a number that its audience cannot exceed: one question instead of many."""
    sizes = {name: audience.by_zone(tx, programme) for name, programme in _named(wanted).items()}
    return [Coming(programme, ring, sizes[programme.id].get(ring.zone, 0)) for programme, ring in wanted]


def _named(wanted: Sequence[tuple[Programme, Ring]]) -> dict[str, Programme]:
    """The programmes of these ringings, each once."""
    return {programme.id: programme for programme, _ in wanted}


def begins(
    tx: Transaction, programme: Programme, ring: Ring, rivals: Sequence[Programme], pace: Pace, now: datetime
) -> datetime:
    """When the wave of `ring` has to begin for its last person to have it in time, beside all else due.

    Not before its earliest moment, nor after its own.
    """
    until = max(ring.timing.everybody_by, ring.at)
    wanted = rings(rivals, now, until)
    mine = [(programme, ring)] if all(each != ring for _, each in wanted) else []
    world = coming(tx, [*wanted, *mine], now)
    beside = [*under_way(waves.loads(tx), now), *(each.wave for each in scheduled(tx, until))]
    found = placed([*beside, *map(_wave, world)], left_of(tx, pace, now))[len(beside) :]
    for each, wave in zip(world, found, strict=True):
        if each.ring == ring:
            return wave.starts
    return ring.at  # it means nobody


def look(
    loads: Sequence[Load],
    ahead: Sequence[Coming],
    pace: Pace,
    now: datetime,
    *,
    beside: Sequence[Scheduled] = (),
    not_before: datetime | None = None,
) -> tuple[list[Outlook], list[Outlook]]:
    """What becomes of what is under way and of what is to come, at one pace: each by entry and moment.

    `beside`: announcements to come; they are on time whenever their last person has them.
    """
    running = under_way(loads, now)
    world = [*running, *map(_wave, ahead), *(each.wave for each in beside)]
    found = forecast(placed(world, pace, not_before=not_before), pace, not_before=max(now, not_before or now))
    noted = [
        (wave, load, each)
        for load, each in zip(loads, found[: len(running)], strict=True)
        if (wave := load.wave) is not None
    ]
    rung = len(running) + len(ahead)
    to_come = [*_by_moment(ahead, found[len(running) : rung]), *_by_zones(beside, found[rung:])]
    return _by_moment_under_way(noted), sorted(to_come, key=lambda each: each.at)


def watched(outlooks: Iterable[Outlook], loads: Iterable[Load], now: datetime) -> list[Outlook]:
    """What is under way, as whoever sends expects it where that is later: held back, or slower."""
    expected = {
        load.wave.id: load.wave.last_expected_at
        for load in loads
        if load.wave is not None and load.wave.last_expected_at is not None
    }
    return [
        _put_off(each, max((expected[i] for i in each.waves if i in expected), default=now), now)
        for each in outlooks
    ]


def _put_off(each: Outlook, last: datetime, now: datetime) -> Outlook:
    """The outlook with its last person at `last`, the others evenly before; unless it is later anyhow."""
    if each.last_at is None or last <= max(each.last_at, now):
        return each
    late = -(-max(timedelta(), last - max(each.everybody_by, now)) * each.people // (last - now))
    return replace(each, last_at=last, late=max(each.late, late))


def lasts(loads: Sequence[Load], pace: Pace, now: datetime, not_before: datetime) -> Mapping[int, datetime]:
    """By its number, when the last person of each wave under way has it."""
    found = forecast(under_way(loads, now), pace, not_before=max(now, not_before))
    told: dict[int, datetime] = {}
    for load, each in zip(loads, found, strict=True):
        if load.wave is not None and each.last is not None:
            told[load.wave.id] = max(told.get(load.wave.id, each.last), each.last)
    return told


def under_way(loads: Iterable[Load], now: datetime) -> list[Wave]:
    """What is under way, as a forecast takes it."""
    return [
        Wave(str(n), load.messages, max(load.due_at, now), load.everybody_by, load.lane)
        for n, load in enumerate(loads)
    ]


def _wave(each: Coming) -> Wave:
    when = each.ring.timing
    number = 0 if when.hopeless else each.people
    return Wave(each.ring.entry.id, number, when.at, when.everybody_by, lane(each.ring.entry), when.earliest)


def _by_moment(ahead: Sequence[Coming], found: Sequence[Forecast]) -> list[Outlook]:
    def moment(pair: tuple[Coming, Forecast]) -> tuple[datetime, str, str, datetime, datetime]:
        each, _ = pair
        when = each.ring.timing
        return when.at, each.programme.id, each.ring.entry.id, when.due_at, when.everybody_by

    told = []
    for key, group in groupby(sorted(zip(ahead, found, strict=True), key=moment), key=moment):
        pairs = list(group)
        _, programme_id, entry_id, due_at, everybody_by = key
        told.append(
            Outlook(
                programme_id,
                entry_id,
                tuple(each.ring.zone for each, _ in pairs),
                due_at,
                min(each.wave.starts for _, each in pairs),
                everybody_by,
                pairs[0][1].wave.lane,
                sum(each.people for each, _ in pairs),
                min((each.first for _, each in pairs if each.first), default=None),
                max((each.last for _, each in pairs if each.last), default=None),
                sum(each.late for _, each in pairs),
                at=key[0],
                planned=sum(each.people for each, _ in pairs),
                hopeless=pairs[0][0].ring.timing.hopeless,
            )
        )
    return told


def _by_zones(beside: Sequence[Scheduled], found: Sequence[Forecast]) -> list[Outlook]:
    """What becomes of announcements to come: of each, in the zones in which it begins at the same moment."""

    def moment(pair: tuple[Scheduled, Forecast]) -> tuple[datetime, str, str]:
        each, _ = pair
        return each.wave.starts, each.programme_id, each.wave.key

    told = []
    for key, group in groupby(sorted(zip(beside, found, strict=True), key=moment), key=moment):
        pairs = list(group)
        starts, programme_id, name = key
        last = max((each.last for _, each in pairs if each.last), default=None)
        number = sum(each.wave.people for each, _ in pairs)
        told.append(
            Outlook(
                programme_id,
                name,
                tuple(each.zone for each, _ in pairs),
                starts,
                starts,
                (last or starts) + MARGIN,
                pairs[0][0].wave.lane,
                number,
                min((each.first for _, each in pairs if each.first), default=None),
                last,
                late=0,
                at=starts,
                planned=number,
            )
        )
    return told


def _by_moment_under_way(found: Iterable[tuple[Ringing, Load, Forecast]]) -> list[Outlook]:
    def moment(each: tuple[Ringing, Load, Forecast]) -> tuple[datetime, str, str, datetime]:
        wave, load, _ = each
        return wave.due_at, wave.programme_id, wave.entry_id, load.everybody_by

    told = []
    for key, group in groupby(sorted(found, key=moment), key=moment):
        due_at, programme_id, entry_id, everybody_by = key
        same = list(group)
        told.append(
            Outlook(
                programme_id,
                entry_id,
                tuple(zone for zone in Zone if zone in {wave.zone for wave, _, _ in same}),
                due_at,
                min(load.due_at for _, load, _ in same),
                everybody_by,
                same[0][1].lane,
                sum(load.messages for _, load, _ in same),
                min((each.first for _, _, each in same if each.first), default=None),
                max((each.last for _, _, each in same if each.last), default=None),
                sum(each.late for _, _, each in same),
                at=min(load.due_at for _, load, _ in same),
                planned=sum(wave.people for wave, _, _ in same),
                waves=tuple(wave.id for wave, _, _ in same),
            )
        )
    return told
