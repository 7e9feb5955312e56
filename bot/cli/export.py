"""`rekan export`: reports as files."""

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.errors import BadInputError, CannotDoError
from bot.cli.files import private
from bot.cli.options import ConfigFile, Json, ProgrammeId
from bot.cli.setup import choose_programme, database_exists, open_database, read_catalogue, read_config
from bot.cli.terminal import note, print_json


def export(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A workbook (.xlsx), or one report (.csv). Written over.")
    ],
    config_file: ConfigFile = None,
    programme_id: ProgrammeId = None,
    report: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this report (docs/reports.md); may be repeated."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write progress, quiz results and journal status to a file.

    The same reports as the views that docs/reports.md describes, with times in the orientation's own zone.
    """
    from bot.usecases import reports

    names = tuple(dict.fromkeys(name.removeprefix("report_") for name in report or reports.USUAL))
    if unknown := [name for name in names if name not in reports.NAMES]:
        raise BadInputError(
            [
                f"--report: there is no report '{name}'; there is: {', '.join(reports.NAMES)}"
                for name in unknown
            ]
        )
    suffix = file.suffix.lower()
    if suffix not in {".xlsx", ".csv"}:
        raise BadInputError([f"{file}: name a file that ends in .xlsx, or in .csv"])
    if suffix == ".csv" and len(names) != 1:
        raise BadInputError([f"{file}: a .csv holds one report; say which with --report, or write .xlsx"])
    config = read_config(config_file)
    catalogue = read_catalogue(config)
    programme = choose_programme(catalogue, programme_id)
    if not database_exists(config):
        raise CannotDoError(f"There is no database at {config.database.shown} yet, so nothing to export.")
    with open_database(config, catalogue) as database:
        written = database.read_now(reports.export, private(file), programme, names)
    if as_json:
        print_json({"file": str(file), "rows": written})
    else:
        typer.echo(f"{file}: " + ", ".join(f"{name} {rows}" for name, rows in written.items()))
    note("It names people: give it to those who need it, and delete it when it is no longer needed.")
