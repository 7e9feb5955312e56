"""The coordinators' pages in a real browser, as wide as a small phone."""

import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from bot.domain.messages import Lane, Say
from bot.storage import outbox, staff
from bot.storage.database import Database, Transaction
from bot.storage.tables import WaveRow
from tests.browser.conftest import ROOT, Running, a_fixture
from tests.examples import add_person
from tests.web.pages import BEGIN, World, catalogue, fill, world

pytestmark = pytest.mark.asyncio(loop_scope="session")

SMALL = {"width": 360, "height": 740}


@a_fixture
async def here(tmp_path: Path) -> AsyncIterator[World]:
    """The pages with something on each of them."""
    database = Database.open(f"sqlite:///{tmp_path / 'rekan.db'}", catalogue())
    database.upgrade()
    async with world(database) as here:
        database.write_now(_more)
        yield here
    await database.close()


def _more(tx: Transaction) -> None:
    wave_id = tx.connection.execute(
        WaveRow.__table__.insert()
        .values(
            programme_id="p",
            entry_id="pengingat",
            zone="WIB",
            due_at=BEGIN,
            everybody_by=BEGIN + timedelta(minutes=15),
            not_after=BEGIN + timedelta(hours=3),
            planned_at=BEGIN,
            people=80,
            state="planned",
            last_expected_at=BEGIN + timedelta(minutes=20),
        )
        .returning(WaveRow.id)
    ).scalar_one()
    for n in range(60):
        _owe(tx, add_person(tx, f"Peserta {n:02}", office=f"Puskesmas {n % 5}", province="Bali"), wave_id)


def _owe(tx: Transaction, person_id: int, wave_id: int) -> None:
    whom = outbox.Recipient(person_id=person_id)
    said = Say("help.unknown_command")
    outbox.owe(tx, whom, said, reason="x", lane=Lane.REMINDER, now=BEGIN, wave_id=wave_id)


async def sign_in(page: Page, here: World, name: str) -> None:
    await page.set_viewport_size(SMALL)  # type: ignore[arg-type]  # a typed dictionary
    await page.goto(here.address + here.link(name))
    await page.get_by_role("button", name="Masuk").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Ringkasan")


async def test_from_the_chat_to_the_page(page: Page, running: Running) -> None:
    running.simulator.person(2001, first_name="Rina")
    programme = running.database.catalogue.programmes["pppk-2026"]
    await running.database.transact(staff.add_owner, programme.id, "Rina", 2001, programme.zone, BEGIN)
    await page.goto(f"{running.simulator.address}/people/2001")
    await page.locator("#text").fill("/panitia")
    await page.locator("#text").press("Enter")
    await page.get_by_role("button", name="Halaman").click()
    said = page.locator("#log").get_by_text("/sign-in/")
    await expect(said).to_be_visible()
    link = next(word for word in (await said.inner_text()).split() if "/sign-in/" in word)
    await page.goto(link)
    await page.get_by_role("button", name="Masuk").click()
    await expect(page.get_by_role("contentinfo")).to_contain_text("Masuk sebagai Rina")
    await page.goto(f"{running.simulator.address}/people/2001")
    await expect(page.locator("#log")).to_contain_text("Anda baru saja masuk ke halaman panitia")


async def test_people_are_searched_on_a_phone_by_keyboard(page: Page, here: World) -> None:
    await sign_in(page, here, "owner")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Langsung ke isi")).to_be_focused()
    await page.get_by_role("navigation", name="Menu").get_by_role("link", name="Peserta").press("Enter")
    await page.wait_for_url("**/people")  # and until it has loaded: a key pressed before is the old page's
    await page.keyboard.press("n")  # the next page of the list
    await expect(page.get_by_text("Halaman 2 dari 2")).to_be_visible()
    await page.wait_for_load_state()
    await page.keyboard.press("p")
    await expect(page.get_by_text("Halaman 1 dari 2")).to_be_visible()
    await page.get_by_label("Nama atau NIP").fill("peserta 07")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("1 baris", exact=True)).to_be_visible()
    wide = await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert not wide
    await page.get_by_role("link", name="Peserta 07").press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Peserta 07")
    async with page.expect_download() as download:
        await page.get_by_role("link", name="XLSX").click()
    assert (await download.value).suggested_filename == "rekan-deliveries-2026-11-08.xlsx"


async def test_numbers_change_by_themselves(page: Page, here: World) -> None:
    await page.clock.install()
    await sign_in(page, here, "owner")
    figure = page.locator(".figures div", has_text="Menunggu giliran").locator("dd")
    await expect(figure).to_have_text("61")  # and the notice of signing in

    def settle(tx: Transaction) -> None:
        tx.connection.exec_driver_sql(
            "UPDATE outbox SET state = 'sent' WHERE reason = 'x' AND person_id > 40"
        )

    await here.database.transact(settle)
    await page.clock.run_for(4_100)
    await expect(figure).not_to_have_text("61")
    await expect(page.get_by_role("progressbar")).to_be_visible()


async def test_announcing_with_approval_pausing_and_recall(
    page: Page, chromium: Browser, here: World
) -> None:
    written = here.database.catalogue
    strict = replace(written.programmes["p"], approval=10)
    here.database.catalogue = replace(written, programmes={**written.programmes, "p": strict})
    await page.clock.install()
    await sign_in(page, here, "coordinator")
    await page.get_by_role("link", name="Pengumuman").click()
    await page.get_by_role("link", name="Buat pengumuman").click()
    await page.get_by_label("Isi pengumuman").fill("Bapak/Ibu {nama}, <b>besok</b> kita mulai.")
    assert await narrow(page)
    await page.get_by_role("button", name="Lihat pratinjau").click()
    shown = page.get_by_role("group", name="Pratinjau")
    await expect(shown).to_have_text("Bapak/Ibu Karin Panitia, besok kita mulai.")
    await page.get_by_role("button", name="Minta persetujuan").click()
    await expect(page.get_by_text("Menunggu persetujuan panitia lain")).to_be_visible()
    assert await narrow(page)
    context = await chromium.new_context(locale="id-ID")
    try:
        other = await context.new_page()
        await sign_in(other, here, "owner")
        await other.goto(page.url.partition("?")[0])
        await expect(other.get_by_text("Karin Panitia meminta persetujuan Anda")).to_be_visible()
        await other.get_by_role("button", name="Setujui").click()
        await expect(other.get_by_role("status")).to_have_text("Anda sudah menyetujui pengumuman ini.")
    finally:
        await context.close()
    await page.reload()
    await page.get_by_role("button", name="Jeda").click()
    await expect(page.get_by_role("button", name="Lanjutkan")).to_be_visible()
    await here.database.transact(_arrived)
    await expect(page.get_by_role("link", name="Tarik kembali")).to_have_count(0)
    await page.clock.run_for(4_100)  # what can be done now is there by itself
    await page.get_by_role("link", name="Tarik kembali").click()
    await page.get_by_role("button", name="Ya, tarik dari semua").click()
    await expect(page.get_by_role("status")).to_have_text("Pengumuman sedang ditarik kembali.")
    assert await narrow(page)


def _arrived(tx: Transaction) -> None:
    tx.connection.exec_driver_sql(
        "UPDATE outbox SET state = 'sent', message_id = id, settled_at = created_at"
        " WHERE reason LIKE 'announcement:%' AND state = 'held' AND id % 2 = 0 AND person_id IS NOT NULL"
    )


async def narrow(page: Page) -> bool:
    """Whether nothing is wider than the page."""
    return bool(
        await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    )


async def test_a_journal_is_read_turned_over_by_keyboard_and_exported(page: Page, here: World) -> None:
    here.write(fill, here.people)
    await sign_in(page, here, "owner")
    await page.get_by_role("link", name="Jurnal").click()
    await page.get_by_role("link", name="Anna Maros").click()
    await expect(page.get_by_text("Saya belajar banyak.")).to_be_visible()
    await page.keyboard.press("j")
    heading = page.get_by_role("heading", level=1)
    await expect(heading).to_have_text("Wati Wamena: Catatan")
    await page.get_by_label("Komentar Anda").fill("jelas, k")  # the keys are letters there
    await expect(heading).to_have_text("Wati Wamena: Catatan")
    await page.get_by_role("button", name="Kirim komentar").click()
    await expect(page.get_by_text("jelas, k")).to_be_visible()
    await page.keyboard.press("k")
    await expect(heading).to_have_text("Anna Maros: Catatan")
    assert await narrow(page)
    await page.get_by_role("link", name="← Jurnal").click()
    async with page.expect_download() as download:
        await page.get_by_role("link", name="XLSX").click()
    assert (await download.value).suggested_filename == "rekan-journals-2026-11-08.xlsx"


async def test_axe_finds_nothing_serious(page: Page, here: World) -> None:
    link = here.link("owner")
    await page.set_viewport_size(SMALL)  # type: ignore[arg-type]  # a typed dictionary
    await page.goto(here.address + link)
    found = await serious(page)
    await page.get_by_role("button", name="Masuk").click()
    person = f"/people/{here.people['anna']}"
    ids = here.write(fill, here.people)
    more = (
        "/announcements",
        "/announcements/new",
        f"/announcements/{ids['notice']}",
        f"/announcements/{ids['notice']}/recall",
        "/timetable",
        "/timetable/entries/kabar",
        "/timetable/sessions/hari-1",
        "/timetable/new",
        "/modules/wawasan",
        "/quizzes/kuis",
        "/journals",
        f"/journals/{ids['anna_wrote']}",
        "/deliveries",
        "/attendance/hari-1/names",
    )
    for path in ("/", "/people?q=peserta+0&state=joined&sort=office", person, "/audit", *more):
        await page.goto(here.address + path)
        found += await serious(page)
    # What the dark differs in is colours.
    await page.emulate_media(color_scheme="dark")
    colours = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}
    for path in ("/", "/people?q=peserta+0&sort=office", more[2], "/quizzes/kuis"):
        await page.goto(here.address + path)
        found += await serious(page, colours)
    assert found == []
    if "REKAN_PICTURES" in os.environ:  # anew, for README
        await _pictures(page, here, ids)


async def serious(page: Page, options: dict[str, object] | None = None) -> list[str]:
    """What axe-core calls serious or worse on the page."""
    response = (await Axe().run(page, options=options or {"resultTypes": ["violations"]})).response
    return [
        f"{page.url}: {each['id']}: {node['html'][:120]}"
        for each in response["violations"]
        if each["impact"] in {"serious", "critical"}
        for node in each["nodes"]
    ]


async def _pictures(page: Page, here: World, ids: dict[str, int]) -> None:
    """What README shows, each as a small phone shows its first part."""
    await page.set_viewport_size({"width": 360, "height": 560})
    for path, name, scheme in (
        ("/", "overview", "light"),
        (f"/announcements/{ids['notice']}", "announcement", "light"),
        (f"/journals/{ids['anna_wrote']}", "journal", "light"),
        ("/people", "people", "dark"),
    ):
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # a literal
        await page.goto(here.address + path)
        await page.screenshot(path=ROOT / "docs" / "images" / f"page-{name}.png")
