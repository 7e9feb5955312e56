"""Journals on the page: read, turned over, commented, given back."""

import re
from typing import Any

from sqlalchemy import select

from bot.storage.database import Transaction
from bot.storage.tables import AuditRow, OutboxRow
from tests.examples import add_person
from tests.web.pages import MAROS, World, fill, form_token, write_journal


def several(tx: Transaction) -> list[int]:
    people = [add_person(tx, f"Zaki {n}", office=MAROS, class_=f"Angkatan {n}") for n in range(3)]
    return [write_journal(tx, each, f"Catatan <b>{each}</b>") for each in people]


def turns(page: str) -> dict[str, str]:
    found = re.findall(r'<a rel="(prev|next)" href="([^"]+)"', page)
    return {rel: href.replace("&amp;", "&") for rel, href in found}


async def test_entries_are_listed_read_and_turned_over(here: World) -> None:
    first, second, third = here.write(several)
    async with here.browser("part") as browser:
        listing = (await browser.get("/journals?mark=unread")).text
        assert listing.count('<th scope="row">') == 3
        page = (await browser.get(f"/journals/{second}?mark=unread")).text
        assert ("Catatan &lt;b&gt;" in page, "Zaki 1: Catatan" in page) == (True, True)
        assert turns(page) == {
            "prev": f"/journals/{first}?mark=unread",
            "next": f"/journals/{third}?mark=unread",
        }
        listing = (await browser.get("/journals?mark=unread")).text
        assert ("Zaki 1" in listing, "Zaki 2" in listing) == (False, True)
        assert (await browser.get("/journals?class=angkatan+2")).text.count('<th scope="row">') == 1
        csv = (await browser.get("/journals?as=csv")).text.splitlines()
        assert len(csv) == 4
        assert "Catatan" in csv[1]

    def noted(tx: Transaction) -> list[str]:
        return list(tx.connection.scalars(select(AuditRow.action).order_by(AuditRow.id)))

    assert here.read(noted) == ["signed_in", "journal_read", "exported"]


async def test_a_comment_reaches_its_author_once_and_may_ask_for_a_revision(here: World) -> None:
    entry, *_ = here.write(several)
    path = f"/journals/{entry}"
    async with here.browser("owner") as browser:
        form = {"form_token": await form_token(browser), "comment": "Bagus <i>sekali</i>"}
        answer = await browser.post(path, data={**form, "ask": "comment"})
        assert (answer.status_code, answer.headers["location"]) == (303, f"{path}?said=commented")
        await browser.post(path, data={**form, "ask": "comment"})
        answer = await browser.post(path, data={**form, "comment": "Mohon contoh", "ask": "revision"})
        assert answer.headers["location"] == f"{path}?said=revision_asked"
        page = (await browser.get(path)).text
        assert page.count("Bagus &lt;i&gt;sekali") == 1
        assert "Diminta diperbaiki" in (await browser.get("/journals?mark=revision")).text

    def owed(tx: Transaction) -> list[str]:
        which = OutboxRow.reason.like("%journal-comment%")
        return list(tx.connection.scalars(select(OutboxRow.state).where(which)))

    assert here.read(owed) == ["owed", "owed"]


async def test_a_comment_that_cannot_be_taken_is_a_sentence_and_stays_typed(here: World) -> None:
    entry, *_ = here.write(several)
    async with here.browser("owner") as browser:
        form = {"form_token": await form_token(browser)}
        for comment, kept in (("", ""), ("NIK 3174012345678901", "NIK 3174"), ("x" * 2_001, "xxx")):
            answer = await browser.post(f"/journals/{entry}", data={**form, "comment": comment})
            assert answer.status_code == 400
            assert (kept in answer.text, 'role="alert"' in answer.text) == (True, True)
        for wrong in ({}, {"comment": "x" * 9_000}, {"comment": "a", "ask": "x"}):
            assert (await browser.post(f"/journals/{entry}", data={**form, **wrong})).status_code == 400
        for query in ("?mark=x", "?prompt=x", f"/{entry}?mark=x", "?sort=name"):
            assert (await browser.get(f"/journals{query}")).status_code == 400


async def test_a_photo_is_shown_to_who_may_see_it_and_each_look_is_noted(here: World) -> None:
    ids = here.write(fill, here.people)
    anna = here.people["anna"]
    here.files[f"photo of {anna}"] = b"\xff\xd8 <script>"
    path = f"/journals/{ids['anna_wrote']}/files/{ids['anna_photo']}"
    async with here.browser("part") as browser:
        page = (await browser.get(f"/journals/{ids['anna_wrote']}")).text
        photo = await browser.get(path)
        gone = await browser.get(f"/journals/{ids['anna_wrote']}/files/{ids['wati_photo']}")
    assert f'href="{path}">Buka foto' in page
    assert (photo.status_code, photo.content) == (200, b"\xff\xd8 <script>")
    assert (photo.headers["content-type"], photo.headers["x-content-type-options"]) == (
        "image/jpeg",
        "nosniff",
    )
    assert photo.headers["cache-control"] == "no-store"
    assert gone.status_code == 404

    def looks(tx: Transaction) -> list[tuple[str, Any]]:
        rows = select(AuditRow.subject, AuditRow.details).where(AuditRow.action == "journal_read")
        return [(row.subject, row.details.get("file")) for row in tx.connection.execute(rows)]

    assert here.read(looks) == [(str(anna), None), (str(anna), ids["anna_photo"])]


async def test_a_file_that_cannot_be_had_is_a_sentence(here: World) -> None:
    ids = here.write(fill, here.people)
    async with here.browser("owner") as browser:
        answer = await browser.get(f"/journals/{ids['anna_wrote']}/files/{ids['anna_photo']}")
    assert (answer.status_code, "lebih dari 20 MB" in answer.text) == (503, True)
