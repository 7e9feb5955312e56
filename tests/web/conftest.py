"""Real servers, asked over real sockets."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from bot.domain.programme import Catalogue
from bot.storage.database import Database


@pytest.fixture
def file(tmp_path: Path, migrated_file: Path) -> Path:
    return shutil.copy(migrated_file, tmp_path / "rekan.db")


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
