"""A real database for every test, on either engine."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from bot.domain.programme import Catalogue
from bot.storage.database import Database
from tests.conftest import named

CATALOGUE = Catalogue({}, {})


@pytest.fixture(scope="session")
def migrated(server: str) -> str:
    """The name of a PostgreSQL database with all tables, to make others from."""
    name = f"template_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
    database = Database.open(named(server, name), CATALOGUE)
    database.upgrade()
    database.close_now()
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> str:
    """Which engine the test runs on: both, one after the other."""
    return str(request.param)


@pytest.fixture
def empty_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without tables."""
    if engine == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    return str(request.getfixturevalue("postgresql")())


@pytest.fixture
def url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database with all tables and nothing in them."""
    if engine == "sqlite":
        path = tmp_path / "rekan.db"
        path.write_bytes(request.getfixturevalue("migrated_file").read_bytes())
        return f"sqlite:///{path}"
    return str(request.getfixturevalue("postgresql")(request.getfixturevalue("migrated")))


@pytest.fixture
def opened() -> Iterator[Callable[[str], Database]]:
    """Opens databases that are closed with the test."""
    databases: list[Database] = []

    def open_database(url: str) -> Database:
        databases.append(Database.open(url, CATALOGUE))
        return databases[-1]

    yield open_database
    for database in databases:
        database.close_now()


@pytest.fixture
def database(url: str, opened: Callable[[str], Database]) -> Database:
    """An open database with all tables."""
    return opened(url)
