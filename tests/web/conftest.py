"""Real servers, asked over real sockets."""

from collections.abc import Iterator
from pathlib import Path

import aiohttp
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
def file(tmp_path: Path, template: bytes) -> Path:
    path = tmp_path / "rekan.db"
    path.write_bytes(template)
    return path


@pytest.fixture
def database(file: Path) -> Iterator[Database]:
    """A database with all tables and nothing in them."""
    database = Database.open(f"sqlite:///{file}", Catalogue({}, {}))
    yield database
    database.close_now()


async def get(address: str, path: str, **headers: str) -> tuple[int, str]:
    """The status and the text of an answer."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(address + path, headers=headers) as response,
    ):
        return response.status, await response.text()
