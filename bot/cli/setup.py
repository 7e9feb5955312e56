"""What most commands begin with: the configuration, what is said and when, and the database."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bot.cli.errors import BadInputError

if TYPE_CHECKING:
    from bot.config import Config
    from bot.domain.programme import Catalogue, Programme
    from bot.storage.database import Database


def config_path(file: Path | None) -> Path:
    """The file that `read_config` reads."""
    from bot import config

    usual = Path.cwd() / config.USUAL
    return file or (usual if usual.exists() else config.SHIPPED)


def read_config(file: Path | None) -> "Config":
    """The configuration from `file`, else from config.yaml here, else the shipped example's."""
    from bot.config import load_config

    return load_config(file, os.environ)


def secrets_of(config: "Config") -> tuple[str, ...]:
    """What must never be shown or logged."""
    from sqlalchemy import make_url

    password = make_url(config.database.url.get_secret_value()).password
    secrets = (config.telegram.token, config.telegram.webhook.secret)
    return (*(secret.get_secret_value() for secret in secrets if secret), *((password,) if password else ()))


def read_catalogue(config: "Config") -> "Catalogue":
    """What `content/` and `schedules/` say."""
    from bot.content.kept import load

    return load(config.content, config.schedules)


def choose_programme(catalogue: "Catalogue", programme_id: str | None) -> "Programme":
    """The orientation of that id; without one the only one there is."""
    known = ", ".join(catalogue.programmes) or "none"
    if programme_id is None:
        if len(catalogue.programmes) == 1:
            return next(iter(catalogue.programmes.values()))
        raise BadInputError([f"--programme: say which orientation is meant ({known})"])
    chosen = catalogue.programme(programme_id)
    if chosen is None:
        raise BadInputError([f"--programme: there is no orientation '{programme_id}'; there is: {known}"])
    return chosen


def database_exists(config: "Config") -> bool:
    """Whether there is a database to look at; asking makes none, as opening an SQLite file would."""
    from bot.storage.engines import Sqlite, engine_kind

    kind = engine_kind(config.database.url.get_secret_value())
    return not isinstance(kind, Sqlite) or kind.path.exists()


@contextmanager
def open_database(config: "Config", catalogue: "Catalogue", *, upgrade: bool = True) -> "Iterator[Database]":
    """The configured database for the length of a command, its tables made or brought up to date first."""
    from bot.storage.database import Database

    database = Database.open(config.database.url.get_secret_value(), catalogue)
    try:
        if upgrade:
            database.upgrade()
        yield database
    finally:
        database.close_now()
