"""`rekan people`: rosters in, personal claim links out."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.errors import BAD_INPUT, BadInputError, CannotDoError
from bot.cli.files import private
from bot.cli.options import ConfigFile, Json, ProgrammeId
from bot.cli.setup import choose_programme, database_exists, open_database, read_catalogue, read_config
from bot.cli.terminal import console, is_interactive, note, print_json

if TYPE_CHECKING:
    from rich.table import Table

    from bot.config import Config
    from bot.documents.rosters import Roster
    from bot.domain.programme import Programme
    from bot.storage.database import Database
    from bot.usecases.rosters import ImportResult

_SHOWN_PEOPLE, _SHOWN_PROBLEMS = 8, 20


def import_people(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The roster: XLSX, XLS, ODS or CSV.")],
    config_file: ConfigFile = None,
    programme_id: ProgrammeId = None,
    sheet: Annotated[
        str | None, typer.Option(metavar="NAME", help="The sheet to read, where the file has several.")
    ] = None,
    rejected_file: Annotated[
        Path | None,
        typer.Option(
            "--rejected",
            metavar="FILE",
            help="Where to write the rows that are to be mended (.xlsx or .csv); otherwise beside FILE.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would happen.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before importing.")] = False,
    as_json: Json = False,
) -> None:
    """Read a roster into the database.

    New people are entered, known ones corrected, and rows that need mending written out. The same file
    again changes nothing. Nobody is ever removed, and what people did or chose stays.
    """
    from bot.clock import SystemClock
    from bot.documents.rosters import read_roster

    config = read_config(config_file)
    catalogue = read_catalogue(config)
    programme = choose_programme(catalogue, programme_id)
    now = SystemClock().now()
    roster = read_roster(file, today=now.astimezone(programme.zone.tzinfo).date(), sheet=sheet)
    _preview(roster, programme)
    if dry_run and not database_exists(config):
        result = _all_new(roster)  # nothing is touched: a database is not made either
    else:
        with open_database(config, catalogue, upgrade=not dry_run) as database:
            result = _import(database, programme, roster, dry_run=True)
            _announce(result, roster)
            if not dry_run:
                if not yes and is_interactive():
                    typer.confirm("Import?", default=True, abort=True, err=True)
                result = _import(database, programme, roster, dry_run=False)
    mend = _write_rejected(roster, rejected_file, dry_run=dry_run)
    if as_json:
        print_json(_document(result, roster))
    else:
        typer.echo(_summary(result, roster, dry_run=dry_run))
    if mend is not None:
        note(f"The rows to be mended are in {mend}: mend them there and import that file.")
    if not roster.rows:
        raise typer.Exit(BAD_INPUT)


def links(
    config_file: ConfigFile = None,
    programme_id: ProgrammeId = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FOLDER", help="Where to write the CSV and the PDF.")
    ] = Path("links"),
    office: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only of this office; may be repeated.")
    ] = None,
    nip: Annotated[
        list[str] | None, typer.Option(metavar="NIP", help="Only of this person; may be repeated.")
    ] = None,
    unclaimed: Annotated[
        bool, typer.Option("--unclaimed", help="Only of people who have not used theirs yet.")
    ] = False,
    renew: Annotated[
        bool,
        typer.Option(
            "--renew", help="With --nip: void the present link (a lost phone, a link in wrong hands) first."
        ),
    ] = False,
    bot_name: Annotated[
        str | None, typer.Option("--bot", metavar="USERNAME", help="The bot's name; otherwise Telegram's.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write each person's one-time link.

    A CSV for mail merge, and a PDF with QR codes to print and cut. A link makes whoever opens it that
    person: hand it to nobody else.
    """
    from bot.clock import SystemClock
    from bot.documents.links import write_links_csv, write_links_sheet
    from bot.usecases.links import Selection, claim_links, reissue

    config = read_config(config_file)
    catalogue = read_catalogue(config)
    programme = choose_programme(catalogue, programme_id)
    now = SystemClock().now()
    nips = _digits(nip or (), now.astimezone(programme.zone.tzinfo).date())
    if renew and not nips:
        raise BadInputError(["--renew: say whose link is to be voided, with --nip"])
    selection = Selection(tuple(office or ()), nips, unclaimed)
    with open_database(config, catalogue) as database:
        name = bot_name.removeprefix("@") if bot_name else _bot_name(config, database)
        found = database.write_now(claim_links, programme, selection)
        if not found:
            raise CannotDoError(
                "Nobody on the roster is meant by this: check --office and --nip, or import a roster first."
            )
        if renew:
            database.write_now(reissue, [link.person.id for link in found], now)
            found = database.write_now(claim_links, programme, selection)
    personal = [_printable(link.person, f"https://t.me/{name}?start={link.code}") for link in found]
    out.mkdir(parents=True, exist_ok=True)
    csv_file, pdf_file = out / f"{programme.id}-links.csv", out / f"{programme.id}-links.pdf"
    note(f"Writing {len(personal)} links, and a card with a QR code each ...")
    write_links_csv(private(csv_file), personal)
    write_links_sheet(private(pdf_file), personal, title=programme.title.id, subtitle=f"@{name}", now=now)
    if as_json:
        print_json({"links": len(personal), "csv": str(csv_file), "pdf": str(pdf_file)})
    else:
        typer.echo(f"{len(personal)} links: {csv_file}, {pdf_file}")
    note(
        "These links are personal: whoever opens one is taken for that person. Hand each to its owner only, "
        "and delete the files when they have been handed out."
    )


# --- import -------------------------------------------------------------------------------------------


def _import(
    database: "Database", programme: "Programme", roster: "Roster", *, dry_run: bool
) -> "ImportResult":
    from bot.clock import SystemClock
    from bot.usecases.rosters import import_roster

    run = database.read_now if dry_run else database.write_now
    return run(import_roster, programme, roster.rows, SystemClock().now(), dry_run=dry_run)


def _all_new(roster: "Roster") -> "ImportResult":
    from bot.usecases.rosters import ImportResult

    return ImportResult(len(roster.rows), 0, 0, 0)


def _preview(roster: "Roster", programme: "Programme") -> None:
    """Show what was read, NIP masked, and what could not be."""
    err = console(err=True)
    note(f"{roster.path.name}, sheet {roster.sheet}, into {programme.id}:")
    for warning in roster.warnings:
        note(f"  {warning.text.en}")
    if roster.rows:
        people = _table("Baris", "Nama", "NIP", "Satker", "Provinsi", "Kelompok")
        for row in roster.rows[:_SHOWN_PEOPLE]:
            province = f"{row.province.name}, {row.province.zone}" if row.province else ""
            groups = "/".join(label or "-" for label in (row.wave, row.class_, row.group))
            people.add_row(str(row.row), row.name, row.nip.masked, row.office, province, groups)
        err.print(people)
        if len(roster.rows) > _SHOWN_PEOPLE:
            note(f"  ... and {len(roster.rows) - _SHOWN_PEOPLE} more.")
    if roster.rejected:
        problems = _table("Baris", "Sel", "Kolom", "Mengapa", wrapped="Mengapa")
        for rejection in roster.rejected[:_SHOWN_PROBLEMS]:
            problems.add_row(str(rejection.row), rejection.cell, rejection.column, rejection.why.text.id)
        err.print(problems)
        if len(roster.rejected) > _SHOWN_PROBLEMS:
            note(f"  ... and {len(roster.rejected) - _SHOWN_PROBLEMS} more.")


def _table(*titles: str, wrapped: str = "") -> "Table":
    """One line a row, cut where it is too long; the column `wrapped` takes as many as it needs."""
    from rich import box
    from rich.table import Table

    whole = {"Baris": 5, "Sel": 4, "NIP": 18}
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=True)
    for title in titles:
        if title in whole:
            table.add_column(title, no_wrap=True, width=whole[title])
        else:
            table.add_column(title, no_wrap=title != wrapped, ratio=4 if title == wrapped else 1)
    return table


def _announce(result: "ImportResult", roster: "Roster") -> None:
    note(f"{_counts(result)}; rows to be mended: {_rejected_rows(roster)}.")
    if result.missing:
        note(f"{result.missing} people of earlier rosters are not in this file; they stay as they are.")


def _summary(result: "ImportResult", roster: "Roster", *, dry_run: bool) -> str:
    ending = " (nothing was written)" if dry_run else ""
    return f"{_counts(result)}, rejected {_rejected_rows(roster)}{ending}"


def _counts(result: "ImportResult") -> str:
    return f"imported {result.imported}, updated {result.updated}, unchanged {result.unchanged}"


def _rejected_rows(roster: "Roster") -> int:
    return len({rejection.row for rejection in roster.rejected})


def _document(result: "ImportResult", roster: "Roster") -> dict[str, Any]:
    return {
        "imported": result.imported,
        "updated": result.updated,
        "unchanged": result.unchanged,
        "rejected": [
            {"row": rejection.row, "column": rejection.column, "why": rejection.why.text.id}
            for rejection in roster.rejected
        ],
    }


def _write_rejected(roster: "Roster", file: Path | None, *, dry_run: bool) -> Path | None:
    """Write the rows to be mended; returns the file, None where none was written."""
    from bot.documents.rosters import write_rejected

    if not roster.rejected or (dry_run and file is None):
        return None
    file = file or _free_name(roster.path)
    write_rejected(private(file), roster)
    return file


def _free_name(roster: Path) -> Path:
    """A name beside the roster that nobody has begun to mend yet."""
    suffix = ".csv" if roster.suffix.lower() in {".csv", ".txt", ".tsv"} else ".xlsx"
    name, number = f"{roster.stem}-perbaiki", 1
    while (file := roster.with_name(f"{name}{f'-{number}' if number > 1 else ''}{suffix}")).exists():
        number += 1
    return file


# --- links --------------------------------------------------------------------------------------------


def _digits(nips: Sequence[str], today: date) -> tuple[str, ...]:
    from bot.domain.identity import IdentityError, parse_nip

    try:
        return tuple(parse_nip(nip, today).digits for nip in nips)
    except IdentityError as error:
        raise BadInputError(["--nip: this is no NIP of 18 digits; check it against the roster"]) from error


def _printable(person: Any, url: str) -> Any:
    from bot.documents.links import ClaimLink
    from bot.domain.identity import Nip

    return ClaimLink(
        name=person.name,
        office=person.office,
        url=url,
        nip=Nip(person.nip).masked if person.nip else "",
        wave=person.wave,
        class_=person.class_,
        group=person.group,
    )


def _bot_name(config: "Config", database: "Database") -> str:
    """The bot's user name: as Telegram tells, else as it told the last time."""
    from bot.cli.botapi import OutOfReachError, ask
    from bot.storage.state import BOT_NAME, recall, remember

    token = config.telegram.token
    why = "telegram.token is not set"
    if token is not None:
        try:
            me = ask(config.telegram.base_url, token.get_secret_value(), "getMe")
        except OutOfReachError as error:
            why = f"Telegram is out of reach ({error})"
        else:
            name = me.result.get("username")
            if me.ok and isinstance(name, str):
                database.write_now(remember, BOT_NAME, name)
                return name
            why = f"Telegram refuses the token ({me.status} {me.description})"
    known = database.read_now(recall, BOT_NAME)
    if known is None:
        raise CannotDoError(f"The links need the bot's name, and {why}: give it with --bot USERNAME.")
    note(f"The bot's name is taken from last time, since {why}.")
    return known
