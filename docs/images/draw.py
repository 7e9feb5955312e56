"""Draws the pictures of README anew: `.venv/bin/python docs/images/draw.py` (the chat needs Chromium).

The demo is played, always with the same seed, up to a moment that shows something; there time is stopped.
"""

import asyncio
import re
import shutil
import tempfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import structlog
from rich.console import Console

from bot.config import SHIPPED
from bot.content.loading import load
from bot.documents.rosters import read_roster
from bot.domain.zones import Zone
from bot.rehearsal.progress import snapshot
from bot.rehearsal.stage import Stage, first_morning, staged
from bot.rehearsal.view import picture
from bot.simulator import Delivery

HERE = Path(__file__).parent
PEOPLE, SEED = 60, 1
VIEW_AT = datetime(2026, 11, 9, 8, 0, 1, tzinfo=Zone.WIB.tzinfo)  # the first day's Zoom link is on its way
SPEED = 30_000.0  # as it would say in a terminal
ADDRESS = "http://127.0.0.1:8081"
PAGES = "http://127.0.0.1:8080"
POLLS = 3


async def draw() -> None:
    """Play, and draw on the way."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    root = SHIPPED.parent
    catalogue = load(root / "content", root / "schedules")
    programme = next(iter(catalogue.programmes.values()))
    begins = first_morning(programme)
    rows = read_roster(root / "content" / "examples" / "peserta.csv", today=begins.date()).rows[:PEOPLE]
    with tempfile.TemporaryDirectory() as folder:
        async with staged(catalogue, programme, rows, begins=begins, seed=SEED, folder=Path(folder)) as stage:
            playing = asyncio.create_task(stage.play())
            await stage.clock.sleep((VIEW_AT - stage.clock.now()).total_seconds())
            stage.clock.pause()
            await draw_view(stage)
            await until_the_guest_is_asked(stage)
            await draw_chat(stage)
            playing.cancel()
            await playing


async def draw_view(stage: Stage) -> None:
    """The terminal's view, as SVG."""
    shown = await snapshot(stage)
    shown = replace(
        shown,
        page=shown.page.replace(stage.simulator.address, ADDRESS),
        pages=f"{PAGES}/sign-in/{'contoh-tautan-' * 4}aaaaaaaa",
        speed=SPEED,
        paused=False,
    )
    console = Console(width=100, height=28, record=True, file=Path("/dev/null").open("w"))  # noqa: SIM115, ASYNC230
    console.print(picture(shown, 28))
    drawn = console.export_svg(title="make demo", unique_id="demo-view")
    # Rich would have the reader's browser fetch a font from elsewhere.
    drawn = re.sub(r"\s*@font-face \{.*?\}", "", drawn, flags=re.DOTALL)
    (HERE / "demo-view.svg").write_text(drawn, encoding="utf-8")


async def until_the_guest_is_asked(stage: Stage) -> None:
    """Let time go on until the guest is in the middle of a quiz."""
    asked = asyncio.Event()
    polls = 0

    def heard(delivery: Delivery) -> None:
        nonlocal polls
        message = delivery.message
        if (
            delivery.kind == "message"
            and delivery.chat_id == stage.crowd.guest.id
            and message
            and message.poll
        ):
            polls += 1
            if polls == POLLS:
                stage.clock.pause()
                asked.set()

    unsubscribe = stage.simulator.subscribe(heard)
    stage.clock.resume()
    await asked.wait()
    unsubscribe()


async def draw_chat(stage: Stage) -> None:
    """The page where one joins in, as PNG."""
    from playwright.async_api import async_playwright  # noqa: PLC0415 - the view is drawn without it

    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        print("No Chromium here: the chat is not drawn.")  # noqa: T201
        return
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = await browser.new_page(viewport={"width": 460, "height": 760})
        await page.goto(f"{stage.simulator.address}/people/{stage.crowd.guest.id}")
        await (
            page.get_by_role("radio")
            .or_(page.get_by_role("checkbox"))
            .or_(page.locator(".poll"))
            .first.wait_for()
        )
        await page.screenshot(path=HERE / "demo-chat.png")
        await browser.close()


asyncio.run(draw())
