"""The chat page by keyboard, with nobody behind it but the test."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from playwright.async_api import Page, expect

from bot.clock import SimulatedClock
from bot.simulator import Limits, Person, Simulator
from tests.browser.conftest import BEGIN, a_fixture
from tests.simulator.conftest import Caller

pytestmark = pytest.mark.asyncio(loop_scope="session")


@a_fixture
async def sim() -> AsyncIterator[Simulator]:
    async with Simulator(SimulatedClock(BEGIN), limits=Limits.off()) as simulator:
        yield simulator


@a_fixture
async def call(sim: Simulator) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession() as session:
        yield Caller(sim, session)


@a_fixture
async def ani(sim: Simulator, page: Page) -> Person:
    """Somebody who has begun a chat with the bot, and has the page before them."""
    person = sim.person(101, first_name="Ani", last_name="Lestari", language_code="id")
    await person.send("/start")
    sim.world.bots[sim.token].updates.drop_all()
    await page.goto(f"{sim.address}/people/101")
    await expect(page.locator("#person")).to_have_text("Ani Lestari")
    return person


async def test_a_reader_joins_in_by_keyboard(call: Caller, page: Page, ani: Person) -> None:
    text = '<b>Halo</b> <i>&lt;script&gt;alert(1)&lt;/script&gt;</i> <a href="https://x.id">sini</a> /jadwal'
    keyboard = {"inline_keyboard": [[{"text": "Selesai", "callback_data": "done"}]]}
    await call.result("sendMessage", chat_id=101, text=text, parse_mode="HTML", reply_markup=keyboard)
    bubble = page.locator("#m2 .bubble")
    await expect(bubble.locator("strong")).to_have_text("Halo")
    await expect(bubble.locator("em")).to_have_text("<script>alert(1)</script>")
    await expect(bubble.locator("a")).to_have_attribute("href", "https://x.id/")

    await page.get_by_role("button", name="Selesai").focus()
    await page.keyboard.press("Enter")
    await page.locator("#text").focus()
    await page.keyboard.type("Terima kasih")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("Pak")
    await page.keyboard.press("Enter")
    await expect(page.locator("#m3")).to_contain_text("Terima kasih\nPak")
    tap, message = await call.updates()
    assert tap["callback_query"]["data"] == "done"
    assert message["message"]["text"] == "Terima kasih\nPak"
    await call.result("answerCallbackQuery", callback_query_id=tap["callback_query"]["id"], text="Tercatat")
    await expect(page.get_by_role("status")).to_have_text("Tercatat")

    await bubble.get_by_role("button", name="/jadwal").press("Enter")
    await expect(page.locator("#m4")).to_contain_text("/jadwal")


async def test_a_quiz_a_file_and_the_other_language(call: Caller, page: Page, ani: Person) -> None:
    quiz = {"type": "quiz", "correct_option_ids": [1], "explanation": "Kompeten!", "is_anonymous": False}
    await call.result(
        "sendPoll", chat_id=101, question="Saling membantu belajar?", options=["Loyal", "Kompeten"], **quiz
    )
    await page.get_by_role("button", name="Loyal").press("Enter")
    await expect(page.locator(".option.wrong")).to_contain_text("jawaban Anda · salah · 100%")
    await expect(page.locator(".explanation")).to_have_text("Kompeten!")
    await page.get_by_role("button", name="English").press("Enter")
    await expect(page.locator(".option.wrong")).to_contain_text("your answer · wrong · 100%")
    pdf = {"name": "jurnal.pdf", "mimeType": "application/pdf", "buffer": b"%PDF"}
    await page.set_input_files("#file", files=[pdf])  # type: ignore[list-item]
    await expect(page.locator("a.file")).to_contain_text("jurnal.pdf")
    assert ani.chat[-1].document is not None
    assert ani.chat[-1].document.data == b"%PDF"


async def test_time_is_steered_from_the_page(page: Page, sim: Simulator, ani: Person) -> None:
    clock = sim.clock
    await page.get_by_role("button", name="Jeda").press("Enter")
    await expect(page.locator("#clock time")).to_contain_text("dijeda")
    assert clock.paused  # type: ignore[attr-defined]
    await page.get_by_label("Kecepatan").select_option("600")
    await expect(page.get_by_role("button", name="Lanjut")).to_be_visible()
    assert clock.speed == 600  # type: ignore[attr-defined]
