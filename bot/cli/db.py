"""`rekan db` and `rekan backup`: the database itself."""

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.errors import CannotDoError
from bot.cli.options import ConfigFile, Json
from bot.cli.setup import database_exists, open_database, read_config
from bot.cli.terminal import note, print_json


def upgrade(config_file: ConfigFile = None) -> None:
    """Make the tables, or bring them up to date."""
    from bot.domain.programme import Catalogue

    with open_database(read_config(config_file), Catalogue({}, {}), upgrade=False) as database:
        before = database.revision()
        database.upgrade()
        after = database.revision()
    typer.echo(f"{after} already" if before == after else f"{before or 'no tables'} -> {after}")


def revision(config_file: ConfigFile = None, as_json: Json = False) -> None:
    """Which schema the database has; nothing is changed."""
    from bot.domain.programme import Catalogue

    config = read_config(config_file)
    found = None
    if database_exists(config):
        with open_database(config, Catalogue({}, {}), upgrade=False) as database:
            found = database.revision()
    if as_json:
        print_json({"revision": found})
    else:
        typer.echo(found or "no tables yet: rekan db upgrade makes them")


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The copy; it must not exist yet.")],
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Copy the SQLite database while the bot runs.

    The copy is of one moment, and only its owner may read it.
    """
    from bot.domain.programme import Catalogue
    from bot.storage import backup as backups

    config = read_config(config_file)
    if not database_exists(config):
        raise CannotDoError(f"There is no database at {config.database.shown} yet, so nothing to copy.")
    with open_database(config, Catalogue({}, {}), upgrade=False) as database:
        size = backups.backup(database, file)
    if as_json:
        print_json({"file": str(file), "bytes": size})
    else:
        typer.echo(f"{file}: {size:,} bytes")
    note("It holds personal data: keep it encrypted, apart from this machine, and no longer than needed.")
