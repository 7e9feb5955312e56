"""The page on which a person joins the demo: one participant's chat, typed and tapped in a real browser."""

import pytest
from playwright.async_api import Page, expect
from sqlalchemy import select

from bot.storage.database import Transaction
from bot.storage.tables import PersonRow, QuizAnswerRow
from tests.browser.conftest import Running

pytestmark = pytest.mark.asyncio(loop_scope="session")


def joined(tx: Transaction) -> list[int]:
    return list(tx.connection.scalars(select(PersonRow.id).where(PersonRow.joined_at.is_not(None))))


def answers(tx: Transaction) -> list[tuple[str, bool]]:
    rows = tx.connection.execute(select(QuizAnswerRow.question_id, QuizAnswerRow.correct))
    return [(row.question_id, row.correct) for row in rows]


async def write(page: Page, text: str) -> None:
    await page.locator("#text").fill(text)
    await page.locator("#text").press("Enter")


async def test_somebody_joins_takes_a_quiz_and_switches_the_language(page: Page, running: Running) -> None:
    running.simulator.person(1001, first_name="Anna")
    await page.goto(f"{running.simulator.address}/people/1001")

    await write(page, f"/start {running.code}")
    await page.get_by_role("button", name="Ya, saya setuju").click()
    await page.get_by_role("button", name="Ya, sudah benar").click()
    await expect(page.locator("#log")).to_contain_text("Selanjutnya untuk Anda")
    assert len(await running.database.read(joined)) == 1

    await write(page, "/kuis")
    await page.get_by_role("button", name="Mulai: Bela Negara").click()
    question = page.locator("#log").get_by_text("1/5")
    await expect(question).to_be_visible()
    options = page.locator("#log .poll").last.get_by_role("button")
    await options.first.click()
    await expect(page.locator("#log")).to_contain_text("2/5")
    assert len(await running.database.read(answers)) == 1

    await write(page, "/bahasa")
    await page.locator("#log").get_by_role("button", name="English").click()
    await expect(page.locator("#log")).to_contain_text("Language: English")


async def test_what_people_type_is_text_and_never_markup(page: Page, running: Running) -> None:
    running.simulator.person(1002, first_name="<img src=x onerror=alert(1)>")
    await page.goto(f"{running.simulator.address}/people/1002")
    await write(page, "<b>tebal</b><script>alert(1)</script>")
    await expect(page.locator("#log")).to_contain_text("<b>tebal</b><script>alert(1)</script>")
    await expect(page.locator("#person")).to_have_text("<img src=x onerror=alert(1)>")


async def test_the_page_fits_a_phone_and_needs_no_mouse(page: Page, running: Running) -> None:
    running.simulator.person(1003, first_name="Budi")
    await page.goto(f"{running.simulator.address}/people/1003")
    await write(page, "halo")
    await expect(page.locator("#log")).to_contain_text("Selamat datang")
    wide = await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert not wide
    button = page.get_by_role("button", name="Minta didaftarkan panitia")
    await button.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#log")).to_contain_text("nama lengkap")
