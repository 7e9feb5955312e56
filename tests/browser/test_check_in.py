"""Checking in by the QR code of the presenter page: read from a screenshot of it, sent to the real bot."""

import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import zxingcpp
from axe_playwright_python.async_playwright import Axe
from PIL import Image
from playwright.async_api import Page, expect

from bot.content.loading import load
from bot.domain.people import Role
from bot.domain.programme import CheckIn
from bot.storage import attendance, people, staff
from bot.storage.database import Transaction
from bot.usecases import sign_ins
from tests.browser.conftest import BEGIN, ROOT, Running, a_fixture, orientation

pytestmark = pytest.mark.asyncio(loop_scope="session")

SPEAKER, PARTICIPANT = 2001, 2002


@a_fixture
async def here(tmp_path: Path) -> AsyncIterator[Running]:
    """The example orientation, at whose first session one can check in already, days before."""
    catalogue = load(ROOT / "content", ROOT / "schedules")
    programme = catalogue.programmes["pppk-2026"]
    first, *others = programme.sessions
    open_already = replace(first, check_in=CheckIn(opens=timedelta(days=-30), minutes=60))
    changed = replace(programme, sessions=(open_already, *others))
    async with orientation(tmp_path, replace(catalogue, programmes={programme.id: changed})) as running:
        yield running


async def test_the_qr_code_on_the_screen_checks_somebody_in(page: Page, here: Running) -> None:
    programme = here.database.catalogue.programmes["pppk-2026"]
    session = programme.sessions[0]
    person = here.simulator.person(PARTICIPANT, first_name="Anna")

    def meet(tx: Transaction) -> str:
        speaker = staff.appoint(
            tx,
            programme=programme.id,
            role=Role.SPEAKER,
            name="Said",
            chat_id=_chat(tx, SPEAKER),
            zone=programme.zone,
            now=BEGIN,
        )
        staff.bind(tx, speaker, [session.id])
        anna = people.enrol(
            tx,
            programme=programme.id,
            name="Anna",
            office="Satker A",
            language="id",
            origin="open",
            now=BEGIN,
        )
        people.link_chat(tx, _chat(tx, PARTICIPANT), anna, BEGIN)
        people.change(tx, anna, BEGIN, consented_at=BEGIN, joined_at=BEGIN)
        link = sign_ins.hand_out(tx, speaker, BEGIN + timedelta(minutes=5), f"/layar/{session.id}")
        return str(link)

    link = await here.database.transact(meet)
    await page.set_viewport_size({"width": 1280, "height": 720})
    await page.goto(link)
    await page.get_by_role("button", name="Masuk").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(session.title.id)
    await expect(page.get_by_text("0 peserta sudah presensi")).to_be_visible()

    seen = zxingcpp.read_barcodes(Image.open(io.BytesIO(await page.screenshot())))
    (found,) = [each.text for each in seen]
    code = (await page.locator(".digits").inner_text()).replace(" ", "")
    assert found.endswith(f"?start=h-{code}")
    await person.send(f"/start {found.partition('?start=')[2]}")
    await expect(page.get_by_text("1 peserta sudah presensi")).to_be_visible()

    found_there = await here.database.read(attendance.counts, programme.id, session.id)
    assert (found_there.present, found_there.partial) == (1, 0)
    assert (await Axe().run(page)).response["violations"] == []
    await page.set_viewport_size({"width": 390, "height": 844})
    assert not await page.evaluate("document.documentElement.scrollWidth > innerWidth")


def _chat(tx: Transaction, chat_id: int) -> int:
    people.visitor(tx, chat_id, None, BEGIN)
    return chat_id
