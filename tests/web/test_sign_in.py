"""Signing in to the pages: a link that works once, a browser that stays signed in for a while."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.storage.database import Database
from tests.web.pages import World, catalogue, world


@pytest.fixture
def database(file: Path) -> Iterator[Database]:
    database = Database.open(f"sqlite:///{file}", catalogue())
    yield database
    database.close_now()


@pytest.fixture
async def here(database: Database) -> AsyncIterator[World]:
    async with world(database) as here:
        yield here


async def test_a_link_signs_in(here: World) -> None:
    async with here.browser() as browser:
        link = here.link("coordinator")
        asked = await browser.get(link)
        assert asked.status_code == 200
        answer = await browser.post(link)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        page = await browser.get("/")
        assert page.status_code == 200
        assert "Karin Panitia" in page.text
