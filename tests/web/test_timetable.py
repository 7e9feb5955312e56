"""The timetable on the page: what is coming, and each correction shown before it is made."""

import httpx
from sqlalchemy import select

from bot.storage.database import Transaction
from bot.storage.tables import AuditRow, CorrectionRow
from bot.usecases.whom import mark
from tests.web.pages import MAROS, World, form_token


async def post(browser: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    return await browser.post(path, data={"form_token": await form_token(browser), **fields})


SESSION = {
    "at": "2026-11-09T09:00",
    "url": "https://zoom.example.invalid/j/1",
    "meeting_id": "810",
    "passcode": "CONTOH",
    "stream": "",
}


def standing(here: World) -> list[str]:
    def query(tx: Transaction) -> list[str]:
        return list(
            tx.connection.scalars(select(CorrectionRow.item).where(CorrectionRow.undone_at.is_(None)))
        )

    found: list[str] = here.read(query)
    return found


async def test_what_is_coming(here: World) -> None:
    async with here.browser("owner") as browser:
        page = (await browser.get("/timetable")).text
        assert page.index("/timetable/entries/ruang") > page.index("/timetable/sessions/hari-1")
        csv = await browser.get("/timetable?as=csv")
        rows = csv.content.decode("utf-8-sig").splitlines()
    assert rows[0].split(",")[:3] == ["Waktu (WIB)", "Pesan", "Orang"]
    assert [row.split(",")[1:3] for row in rows[1:4]] == [["pengingat", "7"], ["ruang", "7"], ["kabar", "7"]]
    async with here.browser("part") as browser:
        page = (await browser.get("/timetable")).text
        assert (">3<" in page, ">7<" in page, "Tambah pesan" in page) == (True, False, False)


async def test_an_entry_is_skipped_moved_and_restored_each_after_a_look(here: World) -> None:
    path = "/timetable/entries/kabar/change"
    async with here.browser("owner") as browser:
        asked = await post(browser, path, deed="skip")
        assert (asked.status_code, "dilewati" in asked.text, standing(here)) == (200, True, [])
        done = await post(browser, path, deed="skip", sure="1")
        assert (done.headers["location"], standing(here)) == ("/timetable?said=corrected", ["kabar"])
        assert "/timetable/entries/kabar" in (await browser.get("/timetable")).text
        assert (await post(browser, path, deed="skip", sure="1")).status_code == 409
        moved = await post(browser, path, deed="move", at="2026-11-10T10:00", sure="1")
        assert moved.status_code == 303
        assert "10.00 WIB" in (await browser.get("/timetable/entries/kabar")).text
        await post(browser, path, deed="restore", sure="1")
        assert standing(here) == []
        day = {"deed": "day", "day": "2026-11-12"}
        assert (
            "Kamis, 12 November 2026"
            in (await post(browser, "/timetable/entries/pengingat/change", **day)).text
        )

    def noted(tx: Transaction) -> list[str]:
        return list(tx.connection.scalars(select(AuditRow.action).order_by(AuditRow.id)))

    assert here.read(noted) == ["signed_in", "entry_skipped", "entry_moved", "entry_restored"]


async def test_a_session_changes_at_once_in_time_and_link(here: World) -> None:
    path = "/timetable/sessions/hari-1/change"
    changed = {**SESSION, "at": "2026-11-09T10:00", "url": "https://zoom.example.invalid/j/2"}
    async with here.browser("owner") as browser:
        assert (await post(browser, path, **SESSION)).status_code == 409  # nothing is different
        asked = (await post(browser, path, **changed)).text
        assert ("10.00 WIB" in asked, "zoom.example.invalid/j/2" in asked) == (True, True)
        assert 'name="passcode" hidden' in asked
        await post(browser, path, **changed, sure="1")
        page = (await browser.get("/timetable/sessions/hari-1")).text
        assert ("2026-11-09T10:00" in page, "zoom.example.invalid/j/2" in page) == (True, True)
        await post(browser, path, deed="restore", sure="1")
        assert "2026-11-09T09:00" in (await browser.get("/timetable/sessions/hari-1")).text


async def test_a_message_is_added_for_some(here: World) -> None:
    new = {"words_id": "Halo", "words_en": "", "at": "2026-11-10T08:00", f"o-offices-{mark(MAROS)}": "1"}
    async with here.browser("owner") as browser:
        assert f'name="o-offices-{mark(MAROS)}"' in (await browser.get("/timetable/new")).text
        assert MAROS in (await post(browser, "/timetable/new", **new)).text  # before it is added
        await post(browser, "/timetable/new", **new, sure="1")
        rows = (await browser.get("/timetable?as=csv")).content.decode("utf-8-sig").splitlines()
        unknown = await post(browser, "/timetable/new", **new, **{"o-offices-00000000": "1"})
    assert [line.split(",")[2] for line in rows if "tambahan-1" in line] == ["3"]
    assert unknown.status_code == 400
    (entry,) = (each for each in here.database.catalogue.programmes["p"].timetable if each.id == "tambahan-1")
    assert entry.audience.offices == (MAROS,)


async def test_a_message_is_added_and_wrong_input_is_a_sentence(here: World) -> None:
    new = {"words_id": "Halo <b>{nama}</b>", "words_en": "", "at": "2026-11-10T08:00"}
    async with here.browser("owner") as browser:
        assert "tambahan-1" in (await post(browser, "/timetable/new", **new)).text
        await post(browser, "/timetable/new", **new, sure="1")
        assert standing(here) == ["tambahan-1"]
        assert "Halo {nama}" in (await browser.get("/timetable/entries/tambahan-1")).text
        for fields, status in (
            ({**new, "at": "kapan"}, 400),
            ({**new, "at": "2020-01-01T08:00"}, 409),
            ({**new, "words_id": "<b>x"}, 400),
            ({**new, "words_id": ""}, 409),
            ({**new, "words_id": "{siapa}"}, 409),
            ({}, 400),
        ):
            answer = await post(browser, "/timetable/new", **fields)
            assert (answer.status_code, "Mohon maaf" in answer.text) == (status, True), fields
        for deed in ({}, {"deed": "x"}, {"deed": "day", "day": "x"}, {"deed": "move", "at": ""}):
            assert (await post(browser, "/timetable/entries/kabar/change", **deed)).status_code == 400
        bad = await post(browser, "/timetable/sessions/hari-1/change", **{**SESSION, "url": "javascript:x"})
        assert bad.status_code == 409


async def test_a_cancelled_session_says_so(here: World) -> None:
    async with here.browser("owner") as browser:
        paths = ("/timetable", "/timetable/sessions/hari-1")
        marks = ("<s>Hari 1</s>", "❌ dibatalkan")
        before = [(await browser.get(path)).text for path in paths]
        assert [mark for mark in marks for page in before if mark in page] == []
        assert (await post(browser, "/sessions/hari-1/move", deed="cancel", sure="1")).status_code == 303
        after = [(await browser.get(path)).text for path in paths]
        assert all(mark in page for mark in marks for page in after)
