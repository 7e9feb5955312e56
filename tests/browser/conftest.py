"""A real browser on the pages of a real simulator, with the real bot behind it."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, ViewportSize, async_playwright

from bot import app
from bot.clock import SystemClock
from bot.config import load_config
from bot.content.loading import load
from bot.documents.rosters import read_roster
from bot.domain.programme import Catalogue
from bot.simulator import Simulator
from bot.storage.database import Database
from bot.usecases.links import Selection, claim_links
from bot.usecases.rosters import import_roster

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PHONE = ViewportSize(width=390, height=844)

a_fixture = partial(pytest_asyncio.fixture, loop_scope="session")
"""A browser belongs to the event loop it was started on: so does whatever is tested with it."""

BEGIN = datetime(2026, 11, 5, 2, tzinfo=UTC)  # the day before the programme: nothing is due by itself


class ClockOfThatDay(SystemClock):
    """Time passes as it does, from `BEGIN` on: the example programme is never over."""

    def __init__(self) -> None:
        self._ahead = BEGIN - super().now()

    def now(self) -> datetime:
        return super().now() + self._ahead


class Running(NamedTuple):
    """What a test of the pages needs: where they are, and a participant's unused claim code."""

    simulator: Simulator
    database: Database
    code: str


@a_fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    async with orientation(tmp_path, load(ROOT / "content", ROOT / "schedules")) as running:
        yield running


@asynccontextmanager
async def orientation(tmp_path: Path, catalogue: Catalogue) -> AsyncIterator[Running]:
    """The example programme of a catalogue, with the simulator."""
    database = Database.open(f"sqlite:///{tmp_path / 'rekan.db'}", catalogue)
    database.upgrade()
    programme = catalogue.programmes["pppk-2026"]
    clock = ClockOfThatDay()
    roster = read_roster(ROOT / "content" / "examples" / "peserta.csv", today=BEGIN.date())
    database.write_now(import_roster, programme, roster.rows, BEGIN)
    code = database.write_now(claim_links, programme, Selection())[0].code
    simulator = Simulator(clock)
    await simulator.start()
    settings = {
        "REKAN_TELEGRAM__TOKEN": simulator.token,
        "REKAN_TELEGRAM__BASE_URL": simulator.base_url,
        "REKAN_WEB__LISTEN": "127.0.0.1:0",
        "REKAN_WEB__URL": "http://127.0.0.1:0",
    }
    async with app.running(load_config(ROOT / "config.example.yaml", settings), database, clock):
        yield Running(simulator, database, code)
    await simulator.stop()
    await database.close()


@a_fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """One browser for all tests: to start it takes longer than most of them."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: install Debian's `chromium` to test the pages")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--no-first-run",
            ],
        )
        yield browser
        await browser.close()


@a_fixture
async def page(chromium: Browser) -> AsyncIterator[Page]:
    """A phone-sized page that remembers nothing; whatever it complains of in its console fails the test."""
    complaints: list[str] = []
    context = await chromium.new_context(viewport=PHONE, locale="id-ID")
    page = await context.new_page()
    page.set_default_timeout(15_000)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda said: complaints.append(f"{said.text} {said.location}") if said.type == "error" else None,
    )
    yield page
    await context.close()
    # What a test asked for first ends last: a page may ask once more of a server that is gone.
    gone = ("net::ERR_CONNECTION_REFUSED", "Failed to fetch")
    assert [
        each for each in complaints if not each.startswith(("log ", "info ")) and not is_any(gone, each)
    ] == []


def is_any(of: tuple[str, ...], complaint: str) -> bool:
    return any(each in complaint for each in of)
