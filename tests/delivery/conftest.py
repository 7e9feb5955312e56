"""A real SQLite database for every test of the engine."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.domain.programme import Catalogue
from bot.storage.database import Database


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A database file with all tables, to copy."""
    path = tmp_path_factory.mktemp("template") / "rekan.db"
    database = Database.open(f"sqlite:///{path}", Catalogue({}, {}))
    database.upgrade()
    database.close_now()
    return path.read_bytes()


@pytest.fixture
def open_database(tmp_path: Path, template: bytes) -> Iterator[Callable[[Catalogue], Database]]:
    """Opens the test's one database with a catalogue; again, for another process or another schedule."""
    path = tmp_path / "rekan.db"
    path.write_bytes(template)
    opened: list[Database] = []

    def open_it(catalogue: Catalogue) -> Database:
        opened.append(Database.open(f"sqlite:///{path}", catalogue))
        return opened[-1]

    yield open_it
    for database in opened:
        database.close_now()
