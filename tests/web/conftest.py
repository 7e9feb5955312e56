"""Real servers, asked over real sockets."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from bot.domain.programme import Catalogue
from bot.storage.database import Database
from tests.web.pages import World, catalogue, world


@pytest.fixture
def file(tmp_path: Path, migrated_file: Path) -> Path:
    return shutil.copy(migrated_file, tmp_path / "rekan.db")


@pytest.fixture
def database(file: Path) -> Iterator[Database]:
    """A database with all tables and nothing in them."""
    database = Database.open(f"sqlite:///{file}", Catalogue({}, {}))
    yield database
    database.close_now()


@pytest.fixture
def of_programmes(file: Path) -> Iterator[Database]:
    """A database of two programmes."""
    database = Database.open(f"sqlite:///{file}", catalogue())
    yield database
    database.close_now()


@pytest.fixture
async def here(of_programmes: Database) -> AsyncIterator[World]:
    """The pages, and people of every kind."""
    async with world(of_programmes) as here:
        yield here


@pytest.fixture
async def here_by_https(of_programmes: Database) -> AsyncIterator[World]:
    """The same behind a proxy that speaks TLS, below a path of its own."""
    async with world(of_programmes, "https://orientasi.example.invalid/rekan") as here:
        yield here


async def get(address: str, path: str, **headers: str) -> tuple[int, str]:
    """The status and the text of an answer."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(address + path, headers=headers) as response,
    ):
        return response.status, await response.text()
