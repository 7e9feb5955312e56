"""`rekan waves`: what becomes of a wave that stopped by itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.errors import CannotDoError
from bot.cli.options import ConfigFile, Json
from bot.cli.setup import database_exists, open_database, read_catalogue, read_config
from bot.cli.terminal import print_json

if TYPE_CHECKING:
    from bot.storage.database import Database

_Number = Annotated[int, typer.Argument(metavar="ID", help="The wave's number, as `rekan plan` shows it.")]


def resume(wave: _Number, config_file: ConfigFile = None, as_json: Json = False) -> None:
    """Send what a stopped wave holds, to whoever is still meant, as its entry says of what is late.

    Whoever joined meanwhile is in it. A bot that runs goes on within seconds.
    """
    from bot.clock import SystemClock
    from bot.usecases import waves

    with _database(config_file) as database:
        found, rung = database.write_now(waves.resume, wave, SystemClock().now())
        while rung.rest is not None:
            rung = database.write_now(rung.rest, SystemClock().now())
    if as_json:
        print_json({"wave": wave, "people": rung.people, "missed": rung.missed})
    elif rung.missed:
        typer.echo(f"{found.entry_id} ({found.zone}): it is too late for it, nothing is sent.")
    else:
        typer.echo(f"{found.entry_id} ({found.zone}): goes on, to {rung.people} people.")


def cancel(wave: _Number, config_file: ConfigFile = None, as_json: Json = False) -> None:
    """Give up what a stopped wave holds: it is never sent."""
    from bot.clock import SystemClock
    from bot.usecases import waves

    with _database(config_file) as database:
        found, number = database.write_now(waves.cancel, wave, SystemClock().now())
    if as_json:
        print_json({"wave": wave, "people": number})
    else:
        typer.echo(f"{found.entry_id} ({found.zone}): {number} messages are given up.")


@contextmanager
def _database(config_file: ConfigFile) -> "Iterator[Database]":
    from bot.usecases.waves import NoSuchWaveError

    config = read_config(config_file)
    if not database_exists(config):
        raise CannotDoError(f"There is no database at {config.database.shown} yet, so no wave either.")
    try:
        with open_database(config, read_catalogue(config)) as database:
            yield database
    except NoSuchWaveError as error:
        raise CannotDoError(str(error)[:1].upper() + str(error)[1:] + ".") from error
