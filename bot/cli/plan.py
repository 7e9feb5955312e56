"""`rekan plan`: the coming timetable, when the last person has each message, and what cannot be in time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.corrections import Found, document, in_words
from bot.cli.errors import FAILED, CannotDoError
from bot.cli.options import ConfigFile, Json, ProgrammeId
from bot.cli.setup import choose_programme, database_exists, open_database, read_catalogue, read_config
from bot.cli.terminal import console, note, print_json

if TYPE_CHECKING:
    from bot.config import Config
    from bot.domain.forecast import Pace
    from bot.domain.programme import Catalogue, Programme
    from bot.domain.timetable import Ring
    from bot.domain.zones import Zone
    from bot.storage.database import Transaction
    from bot.storage.warnings import Warned
    from bot.storage.waves import Ringing
    from bot.usecases.forecasts import Coming, Outlook


@dataclass(frozen=True, slots=True)
class _World:
    """What there is to show."""

    running: "Sequence[Outlook]"
    coming: "Sequence[Outlook]"
    stopped: "Sequence[tuple[Ringing, int]]"
    warnings: "Sequence[Warned]"
    corrected: Found = ()


def plan(
    config_file: ConfigFile = None,
    programme_id: ProgrammeId = None,
    days: Annotated[int, typer.Option(min=1, max=400, help="How many days to look ahead.")] = 7,
    since: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="Look ahead from that day instead of from now."),
    ] = None,
    people: Annotated[
        int | None,
        typer.Option(min=1, max=1_000_000, metavar="N", help="As if so many people took part."),
    ] = None,
    roster: Annotated[
        Path | None, typer.Option(metavar="FILE", help="As if everybody on this roster took part.")
    ] = None,
    everybody: Annotated[
        bool, typer.Option("--everybody", help="Count who has not opened their link yet, too.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show each coming wave: for whom, from when, when the last person has it, what cannot be in time.

    Audiences are counted in the database as things stand; where there is none, `--people`, `--roster` or
    the schedule's `expected_people` say how many there will be. A fifth of the pace is kept for replies.

    Ends with 1 where something cannot be in time, will be missed, or is stopped; else with 0.
    """
    from bot.clock import SystemClock
    from bot.domain.forecast import Pace

    config = read_config(config_file)
    catalogue = read_catalogue(config)
    shown = choose_programme(catalogue, programme_id)
    now = SystemClock().now()
    if since is not None:
        now = datetime.combine(since.date(), time.min, shown.zone.tzinfo).astimezone(UTC)
    until = now + timedelta(days=days)
    pace = Pace.for_stars(config.telegram.pace.per_second, config.telegram.pace.budget)
    world, source = _world(config, catalogue, shown, now, until, pace, people, roster, everybody)
    fits = not world.stopped and not any(
        each.late or each.hopeless for each in (*world.running, *world.coming)
    )
    if as_json:
        print_json(_document(world, shown, source, now, until, pace, fits))
    else:
        _show(world, shown, source, now, until, pace)
    if not fits:
        raise typer.Exit(FAILED)


# --- how many people ----------------------------------------------------------------------------------


def _world(
    config: "Config",
    catalogue: "Catalogue",
    shown: "Programme",
    now: datetime,
    until: datetime,
    pace: "Pace",
    people: int | None,
    roster: Path | None,
    everybody: bool,
) -> tuple[_World, str]:
    """What there is to show, and whence the number of people."""
    from bot.usecases import forecasts

    if people is None and roster is None and database_exists(config):
        with open_database(config, catalogue) as database:
            programmes = list(database.catalogue.programmes.values())  # as coordinators have corrected them
            shown = next(each for each in programmes if each.id == shown.id)
            world = database.read_now(_look, shown, programmes, now, until, pace, everybody)
        return world, "--everybody" if everybody else "database"
    wanted = forecasts.rings([shown], now, until)
    if roster is not None:
        ahead, source = _of_roster(wanted, shown, roster, now.date()), str(roster)
    else:
        people, source = (
            (shown.expected_people, "expected_people") if people is None else (people, "--people")
        )
        if people is None:
            raise CannotDoError(
                f"There is no database at {config.database.shown} yet to count people in: give --people N or "
                "--roster FILE, or write expected_people into the schedule."
            )
        ahead = _supposed(wanted, people)
    _, coming = forecasts.look((), ahead, pace, now)
    return _World((), coming, (), ()), source


def _look(
    tx: "Transaction",
    shown: "Programme",
    programmes: "Sequence[Programme]",
    now: datetime,
    until: datetime,
    pace: "Pace",
    everybody: bool,
) -> _World:
    """What the database has; all programmes share the pace, one is shown."""
    from bot.storage import warnings, waves
    from bot.usecases import corrections, forecasts

    wanted = forecasts.rings(programmes, now, until)
    pace = forecasts.left_of(tx, pace, now)
    ahead = forecasts.coming(tx, wanted, now, joined=not everybody)
    beside = forecasts.scheduled(tx, until)
    loads = waves.loads(tx)
    running, coming = forecasts.look(loads, ahead, pace, now, beside=beside)
    return _World(
        [each for each in forecasts.watched(running, loads, now) if each.programme_id == shown.id],
        [each for each in coming if each.programme_id == shown.id],
        [each for each in waves.stopped(tx) if each[0].programme_id == shown.id],
        [each for each in warnings.since(tx, shown.id, now - timedelta(days=1)) if each.due_at <= until],
        corrections.standing(tx, shown.id),
    )


def _supposed(wanted: "Iterable[tuple[Programme, Ring]]", people: int) -> "list[Coming]":
    """Ringings for `people` participants, of whom nothing else is known: no audience is larger.

    Personal days are left out: nobody's first login is known.
    """
    from bot.domain.people import Role
    from bot.domain.programme import AroundSession, Instant, PersonalDay
    from bot.usecases.forecasts import Coming

    found = []
    together: set[tuple[str, datetime]] = set()
    for programme, ring in wanted:
        roles = ring.entry.audience.roles
        if isinstance(ring.entry.when, PersonalDay) or (roles and Role.PARTICIPANT not in roles):
            continue
        # Where zones share a moment, they are all the people together.
        shared = isinstance(ring.entry.when, Instant | AroundSession)
        counted = shared and (ring.entry.id, ring.at) in together
        together.add((ring.entry.id, ring.at))
        found.append(Coming(programme, ring, 0 if counted else people))
    return found


def _of_roster(
    wanted: "Iterable[tuple[Programme, Ring]]", programme: "Programme", file: Path, today: date
) -> "list[Coming]":
    """Ringings for everybody on a roster who is meant; personal days are left out."""
    from bot.documents.rosters import read_roster
    from bot.domain.language import Language
    from bot.domain.people import Person, Role
    from bot.domain.programme import PersonalDay
    from bot.domain.timetable import concerns
    from bot.usecases.forecasts import Coming

    people = [
        Person(
            id=row.row,
            programme=programme.id,
            name=row.name,
            role=Role.PARTICIPANT,
            office=row.office,
            province=None if row.province is None else row.province.name,
            wave=row.wave,
            class_=row.class_,
            group=row.group,
            language=Language.ID,
            zone=programme.zone if row.province is None else row.province.zone,
            chat_id=None,
            consented_at=None,
            withdrawn_at=None,
            first_login=None,
            joined_at=None,
        )
        for row in read_roster(file, today=today).rows
    ]
    found = []
    for each, ring in wanted:
        if isinstance(ring.entry.when, PersonalDay):
            continue
        meant = sum(person.zone is ring.zone and concerns(ring.entry.audience, person) for person in people)
        if meant:
            found.append(Coming(each, ring, meant))
    return found


# --- showing it ---------------------------------------------------------------------------------------


def _show(
    world: _World, programme: "Programme", source: str, now: datetime, until: datetime, pace: "Pace"
) -> None:
    from bot.usecases.waves import zones_in_words

    zone = programme.zone
    rate = f"{_rate(pace.interval)} a second"
    if pace.budget is not None:
        rate += f" for {pace.budget.messages} messages a day, then {_rate(pace.free_interval)}"
    typer.echo(
        f"{programme.id}, {_date(now, zone)} to {_date(until, zone)} ({zone}), {rate}, people: {source}"
    )
    if not world.running and not world.coming:
        typer.echo("Nothing is due.")
    else:
        _print_table(world, zone)
    for line in in_words(world.corrected):
        typer.echo(line)
    for wave, held in world.stopped:
        typer.echo(
            f"STOPPED: {wave.entry_id} ({wave.zone}): too many messages were refused, {held} are held. "
            f"`rekan waves resume {wave.id}` sends them, `rekan waves cancel {wave.id}` gives them up."
        )
    for warned in world.warnings:
        note(
            f"Warned on {_day(warned.noted_at, zone)} {_clock(warned.noted_at, zone)}: {warned.entry_id} "
            f"({warned.zones}), {warned.kind.replace('_', ' ')}, {warned.affected} of {warned.people} people."
        )
    late = [each for each in (*world.running, *world.coming) if each.late or each.hopeless]
    for each in late:
        where = zones_in_words(each.zones)
        if each.hopeless:
            typer.echo(f"{each.entry_id} ({where}): no sending window opens in time, it will be missed.")
        else:
            typer.echo(
                f"{each.entry_id} ({where}): {each.late} of {each.planned} people have it late, the last one "
                f"by {_span(each.late_by)}."
            )
    if not late and not world.stopped:
        typer.echo("Everything reaches everybody in time.")


def _rate(interval: timedelta) -> str:
    return f"{1 / interval.total_seconds():.3g}"


def _print_table(world: _World, zone: "Zone") -> None:
    from rich import box
    from rich.table import Table

    from bot.usecases.waves import zones_in_words

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=True, padding=(0, 1, 0, 0))
    table.add_column("Begins", no_wrap=True, width=12)
    table.add_column("Entry", no_wrap=True, width=24)
    table.add_column("Zone", overflow="fold", width=5)
    table.add_column("People", justify="right", no_wrap=True, width=6)
    table.add_column("Last", no_wrap=True, width=8)
    table.add_column("By", no_wrap=True, width=5)
    table.add_column("", overflow="fold", ratio=1)
    for each in (*world.running, *world.coming):
        begins = (
            "now" if each in world.running else f"{_day(each.starts_at, zone)} {_clock(each.starts_at, zone)}"
        )
        table.add_row(
            begins,
            each.entry_id,
            zones_in_words(each.zones),
            str(each.people),
            "never" if each.hopeless else _last(each, zone),
            _clock(each.everybody_by, zone),
            _remark(each, zone),
        )
    console().print(table)


def _last(each: "Outlook", zone: "Zone") -> str:
    if each.last_at is None:
        return "-"
    if each.last_at - each.starts_at >= timedelta(hours=12):
        return _day(each.last_at, zone)
    return f"{each.last_at.astimezone(zone.tzinfo):%H:%M:%S}"


def _remark(each: "Outlook", zone: "Zone") -> str:
    remarks = []
    if each.hopeless:
        remarks.append("MISSED")
    elif each.late:
        remarks.append(f"LATE {_span(each.late_by)}")
    if each.starts_at < each.at:
        remarks.append(f"{_span(each.at - each.starts_at)} early")
    if each.at > each.due_at and not each.waves:
        remarks.append(f"from {each.due_at.astimezone(zone.tzinfo):%a %H:%M}")
    return ", ".join(remarks)


def _day(moment: datetime, zone: "Zone") -> str:
    return f"{moment.astimezone(zone.tzinfo):%a %d}"


def _date(moment: datetime, zone: "Zone") -> str:
    return f"{moment.astimezone(zone.tzinfo):%d %b %Y}"


def _clock(moment: datetime, zone: "Zone") -> str:
    return f"{moment.astimezone(zone.tzinfo):%H:%M}"


def _span(span: timedelta) -> str:
    """A duration in its two largest units, seconds rounded up."""
    seconds = -(-span // timedelta(seconds=1))
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{n}{unit}" for n, unit in ((hours, "h"), (minutes, "m"), (seconds, "s")) if n]
    return "".join(parts[:2]) or "0s"


def _document(
    world: _World,
    programme: "Programme",
    source: str,
    now: datetime,
    until: datetime,
    pace: "Pace",
    fits: bool,
) -> dict[str, Any]:
    return {
        "ok": fits,
        "programme": programme.id,
        "from": now.isoformat(),
        "until": until.isoformat(),
        "per_second": pace.per_second,
        "for_replies": pace.for_replies,
        "paid_a_day": None if pace.budget is None else pace.budget.messages,
        "people_from": source,
        "corrections": document(world.corrected),
        "running": [_wave(each) for each in world.running],
        "coming": [_wave(each) for each in world.coming],
        "stopped": [
            {
                "wave": wave.id,
                "entry": wave.entry_id,
                "zone": wave.zone.value,
                "due_at": wave.due_at.isoformat(),
                "held": held,
            }
            for wave, held in world.stopped
        ],
        "warnings": [
            {
                "kind": each.kind.value,
                "entry": each.entry_id,
                "zones": each.zones.split(),
                "due_at": each.due_at.isoformat(),
                "noted_at": each.noted_at.isoformat(),
                "people": each.people,
                "affected": each.affected,
            }
            for each in world.warnings
        ],
    }


def _wave(each: "Outlook") -> dict[str, Any]:
    return {
        "entry": each.entry_id,
        "zones": [zone.value for zone in each.zones],
        "due_at": each.due_at.isoformat(),
        "rings_at": each.at.isoformat(),
        "starts_at": each.starts_at.isoformat(),
        "everybody_by": each.everybody_by.isoformat(),
        "people": each.people,
        "first_at": None if each.first_at is None else each.first_at.isoformat(),
        "last_at": None if each.last_at is None else each.last_at.isoformat(),
        "late_people": each.late,
        "late_seconds": each.late_by.total_seconds(),
        "missed": each.hopeless,
        "waves": list(each.waves),
    }
