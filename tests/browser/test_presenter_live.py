"""The presenter page in a real browser: bars and questions that move while it stays open."""

from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from bot.storage import staff
from bot.storage.database import Database
from bot.usecases import live_quiz
from tests.examples import SESSION
from tests.web.pages import World, catalogue, world
from tests.web.test_presenter_live import ask, launch, vote

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_bars_and_questions_move_by_themselves(page: Page, tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'rekan.db'}", catalogue())
    database.upgrade()
    async with world(database) as here:
        await _play(page, here)
    await database.close()


async def _play(page: Page, here: World) -> None:
    now = SESSION.starts
    await here.clock.advance_to(now)
    await page.set_viewport_size({"width": 1280, "height": 720})
    await page.goto(here.address + here.link("speaker"))
    await page.get_by_role("button", name="Masuk").click()
    await page.goto(f"{here.address}/layar/hari-1")
    quiz, asked = page.locator(".quiz"), page.locator(".questions")
    await expect(quiz).to_have_count(0)
    number = await here.database.transact(launch, here, now)
    await expect(quiz.get_by_role("heading", level=2)).to_have_text("Mana <yang> benar?")
    bars = quiz.locator("meter")
    await expect(bars.nth(1)).to_have_attribute("value", "100")
    await here.database.transact(vote, here, "participant", 0, now + timedelta(seconds=9))
    await expect(bars.nth(0)).to_have_attribute("value", "50")
    await expect(quiz.locator(".count")).to_have_text(["1", "1"])
    await expect(quiz.locator(".right")).to_have_count(0)
    await here.database.transact(ask, here, now)
    await expect(asked.get_by_role("listitem")).to_have_text(["👍 1 Kapan <b>SK</b>?"])
    actor = here.read(staff.actor_by_id, here.people["speaker"])
    programme = here.database.catalogue.programmes["p"]
    await here.database.transact(live_quiz.reveal, actor, programme, number, now + timedelta(seconds=60))
    await expect(quiz.locator(".right")).to_contain_text("Beta & Gama")
    found = await Axe().run(page)
    assert found.response["violations"] == []
    assert not await page.evaluate("document.documentElement.scrollWidth > innerWidth")
