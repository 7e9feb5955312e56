"""Announcements on the page: written, looked at, approved by another, paused, corrected, recalled."""

import re
from dataclasses import replace

import httpx
from sqlalchemy import select

from bot.domain.people import Role
from bot.domain.posts import Piece, Post, Question
from bot.domain.programme import Audience
from bot.storage import polls, staff
from bot.storage.database import Transaction
from bot.storage.tables import AnnouncementRow, AuditRow
from bot.usecases import announcements
from bot.usecases.whom import mark
from bot.web import markup
from tests.examples import add_person
from tests.web.pages import BEGIN, MAROS, WAMENA, World, add_staff, announce, form_token


async def post(browser: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    return await browser.post(path, data={"form_token": await form_token(browser), **fields})


async def seen(browser: httpx.AsyncClient, path: str) -> dict[str, str]:
    """What the forms of a page say of what was looked at."""
    page = (await browser.get(path)).text
    return {name: re.findall(rf'name="{name}" value="(\w+)"', page)[0] for name in ("version", "looked_at")}


async def written(browser: httpx.AsyncClient, words: str, **fields: str) -> str:
    """The page of a new draft."""
    answer = await post(browser, "/announcements/new", words=words, **fields)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def states(here: World) -> list[str]:
    def query(tx: Transaction) -> list[str]:
        return list(tx.connection.scalars(select(AnnouncementRow.state).order_by(AnnouncementRow.id)))

    found: list[str] = here.read(query)
    return found


def of_office(office: str, mode: str = "o") -> dict[str, str]:
    return {f"{mode}-offices-{mark(office)}": "1"}


def demand_approval(here: World, most: int) -> None:
    written = here.database.catalogue
    mine = replace(written.programmes["p"], approval=most)
    here.database.catalogue = replace(written, programmes={**written.programmes, "p": mine})


async def test_what_is_written_is_previewed_and_only_then_sent(here: World) -> None:
    async with here.browser("owner") as browser:
        words = "Bapak/Ibu {nama}, <b>rapat</b> 3 < 4 pukul {waktu:2026-11-09 09.00 WITA} <script>x</script>"
        path = await written(browser, words, **of_office(MAROS))
        page = (await browser.get(path)).text
        assert "Bapak/Ibu Olga Pemilik, <strong>rapat</strong> 3 &lt; 4 pukul Senin, 9 November" in page
        assert "<script>x" not in page
        assert "Satuan kerja: Puskesmas Maros" in page
        assert "Kirim sekarang kepada 3 orang" in page
        assert states(here) == ["draft"]
        edit = (await browser.get(f"{path}/edit")).text
        assert "&lt;b&gt;rapat&lt;/b&gt; 3 &lt; 4 pukul {waktu:" in edit
        assert f'name="o-offices-{mark(MAROS)}" value="1" checked' in edit
        answer = await post(browser, f"{path}/send", **await seen(browser, path))
        assert (answer.status_code, answer.headers["location"]) == (303, f"{path}?said=announced")
        live = (await browser.get(f"{path}/live")).text
        assert ("0 dari 3 selesai" in live, "form_token" in live) == (True, False)
        again = await post(browser, f"{path}/send", version="1", looked_at="x")
        assert again.status_code == 409
        assert (await browser.get(f"{path}?as=csv")).text.count("Puskesmas Maros") == 3


async def test_what_has_changed_since_it_was_looked_at_is_not_sent(here: World) -> None:
    async with here.browser("owner") as browser, here.browser("owner") as other:
        path = await written(browser, "Halo", **of_office(MAROS))
        looked_at = await seen(browser, path)
        await post(other, f"{path}/edit", words="Halo")  # for everybody by now
        answer = await post(browser, f"{path}/send", **looked_at)
        assert (answer.status_code, "berubah" in answer.text) == (409, True)
        looked_at = await seen(browser, path)
        await post(other, f"{path}/edit", words="Halo semua")
        assert (await post(browser, f"{path}/send", **looked_at)).status_code == 409
        assert states(here) == ["draft"]


async def test_wrong_input_is_a_sentence_and_nothing_is_sent(here: World) -> None:
    async with here.browser("owner") as browser:
        for words, sentence in (
            ("", "Mohon tulis isi"),
            ("<b>tebal", "tidak ditutup"),
            ("x" * 4_097, "Terlalu panjang"),
        ):
            answer = await post(browser, "/announcements/new", words=words, **of_office(MAROS))
            assert (answer.status_code, sentence in answer.text) == (400, True), words[:9]
            assert f'name="o-offices-{mark(MAROS)}" value="1" checked' in answer.text
        for fields in ({}, {"words": "x" * 9_000}, {"words": "a\0"}, {"words": "a", "o-offices-0": "1"}):
            assert (await post(browser, "/announcements/new", **fields)).status_code == 400
        for words, sentence in (
            ("Halo {siapa}", "{siapa} tidak dikenal"),
            ("NIP 199305162025212008", "nomor pribadi"),
        ):
            path = await written(browser, words)
            page = (await browser.get(path)).text
            assert (sentence in page, f'action="{path}/send"' in page) == (True, False)
            assert (await post(browser, f"{path}/send", version="1", looked_at="x")).status_code == 409
        path = await written(browser, "Halo")
        for at in ("besok", "", "2026-13-01T09:00"):
            answer = await post(browser, f"{path}/later", at=at, **await seen(browser, path))
            assert (answer.status_code, "tidak dapat dibaca" in answer.text) == (400, True)
        past = await post(browser, f"{path}/later", at="2020-01-01T09:00", **await seen(browser, path))
        assert past.status_code == 409
        assert (await post(browser, f"{path}/send", version="x", looked_at="x")).status_code == 409
        assert set(states(here)) == {"draft"}


async def test_scheduled_taken_back_and_dropped(here: World) -> None:
    async with here.browser("owner") as browser:
        path = await written(browser, "Halo")
        looked_at = await seen(browser, path)
        assert (await post(browser, f"{path}/later", at="2026-11-09T08:00", **looked_at)).status_code == 303
        assert states(here) == ["scheduled"]
        assert "Senin, 9 November 2026 pukul 08.00 WIB" in (await browser.get(path)).text
        await post(browser, f"{path}/draft")
        assert states(here) == ["draft"]
        assert (await post(browser, f"{path}/discard")).headers["location"] == "/announcements?said=discarded"
        assert states(here) == []


async def test_four_eyes(here: World) -> None:
    demand_approval(here, 1)
    here.write(add_staff, "Kolega Panitia", Role.COORDINATOR, office="")
    async with (
        here.browser("coordinator") as author,
        here.browser("owner") as other,
        here.browser("part") as part,
    ):
        path = await written(author, "Halo semua")
        page = (await author.get(path)).text
        assert ("Minta persetujuan (" in page, "Kirim sekarang" in page) == (True, False)
        await post(author, f"{path}/send", **await seen(author, path))
        assert states(here) == ["waiting"]
        waiting = (await author.get(path)).text
        assert (f'action="{path}/approve"' in waiting, "Menunggu persetujuan" in waiting) == (False, True)
        assert (await post(author, f"{path}/approve", version="1")).status_code == 409
        assert (await post(part, f"{path}/approve", version="1")).status_code == 404
        looked_at = await seen(other, path)
        assert (await post(other, f"{path}/refuse", **looked_at)).status_code == 303
        assert states(here) == ["draft"]
        await post(author, f"{path}/send", **await seen(author, path))
        assert (await post(other, f"{path}/approve", **await seen(other, path))).status_code == 303
        assert states(here) == ["running"]
        assert (await post(other, f"{path}/approve", version="1")).status_code == 409


async def test_paused_resumed_corrected_recalled(here: World) -> None:
    number = here.write(announce_to_all, here.people["owner"])
    path = f"/announcements/{number}"
    async with here.browser("owner") as browser:
        await post(browser, f"{path}/pause")
        assert states(here) == ["paused"]
        assert "Lanjutkan" in (await browser.get(path)).text
        assert (await post(browser, f"{path}/pause")).status_code == 409
        await post(browser, f"{path}/resume")
        here.write(all_sent)
        await post(browser, f"{path}/edit", words="Rapat pukul 10")
        page = (await browser.get(path)).text
        assert ("Perbaikan yang diusulkan" in page, "Ubah semua salinan" in page) == (True, True)
        await post(browser, f"{path}/correct", **await seen(browser, path))
        assert "Rapat pukul 10" in (await browser.get("/announcements")).text
        ask = (await browser.get(f"{path}/recall")).text
        assert "salinan yang sudah terkirim ditarik" in ask
        assert (await post(browser, f"{path}/recall")).status_code == 303
        assert "ditarik" in (await browser.get("/announcements")).text.lower()
        assert (await browser.get(f"{path}/edit")).status_code == 409

    def actions(tx: Transaction) -> list[str]:
        return list(tx.connection.scalars(select(AuditRow.action).order_by(AuditRow.id)))

    assert here.read(actions) == [
        "announced",
        "signed_in",
        "announcement_paused",
        "announcement_resumed",
        "announcement_corrected",
        "announcement_recalled",
    ]


def announce_to_all(tx: Transaction, author: int) -> int:
    return announce(tx, author, "Rapat pukul 9", Audience())


def all_sent(tx: Transaction) -> None:
    tx.connection.exec_driver_sql(
        "UPDATE outbox SET state = 'sent', message_id = id, chat_id = 1000 + person_id,"
        " settled_at = created_at WHERE reason LIKE 'announcement:%' AND state = 'owed'"
    )


async def test_a_part_is_offered_nothing_of_others_and_reaches_nobody_else(here: World) -> None:
    async with here.browser("part") as browser:
        assert WAMENA not in (await browser.get("/announcements/new")).text
        answer = await post(browser, "/announcements/new", words="Halo", **of_office(WAMENA))
        assert answer.status_code == 400
        path = await written(browser, "Halo")
        assert "Kirim sekarang kepada 3 orang" in (await browser.get(path)).text
        here.write(staff.limit, here.people["part"], staff.Scope(offices=(WAMENA,)))
        assert "Kirim sekarang kepada 1 orang" in (await browser.get(path)).text
    async with here.browser("coordinator") as other:
        assert "dalam lingkup Paula Sebagian: SMPN 1 Wamena" in (await other.get(path)).text


async def test_who_was_chosen_and_is_on_no_roster_any_more_stays_chosen(here: World) -> None:
    def leave(tx: Transaction) -> None:
        tx.connection.exec_driver_sql("UPDATE people SET office = 'Lain' WHERE office = 'Kantor Lama'")

    here.write(add_person, "Lama", office="Kantor Lama")
    async with here.browser("owner") as browser:
        path = await written(browser, "Halo", **of_office("Kantor Lama"))
        here.write(leave)
        assert (
            f'name="o-offices-{mark("Kantor Lama")}" value="1" checked'
            in (await browser.get(f"{path}/edit")).text
        )
        assert (
            await post(browser, f"{path}/edit", words="Hai", **of_office("Kantor Lama"))
        ).status_code == 303
        answer = await post(browser, f"{path}/send", **await seen(browser, path))
        assert (answer.status_code, states(here)) == (409, ["draft"])


def test_telegrams_markup_on_a_page() -> None:
    link = '<a href="https://x.example.invalid/?a=1&b=2">t</a>'
    for typed in (f"a < b & c <b>x</b> {link}", "<3 <script>alert(1)</script>", "a\n\nb", '"q" &amp;'):
        assert markup.typed(markup.read(typed)) == typed
    assert "<script" not in markup.shown(markup.read("<script>alert(1)</script>"))
    evil = '<a href="javascript:alert(1)">x</a> <a href="https://e.example.invalid/&quot;onx=1">z</a>'
    assert markup.shown(evil) == (
        'x <a href="https://e.example.invalid/&#34;onx=1" rel="noopener noreferrer">z</a>'
    )
    assert markup.shown("<b>not closed") == "&lt;b&gt;not closed"


async def test_an_audience_is_saved_and_chosen_again_by_whom_it_concerns(here: World) -> None:
    async with here.browser("owner") as browser:
        await written(browser, "Halo", save_as="Semua di Wamena", **of_office(WAMENA))
        page = (await browser.get("/announcements/new")).text
        (number,) = re.findall(r'<option value="(\d+)">Semua di Wamena<', page)
        path = await written(browser, "Halo lagi", saved=number)
        assert f"Satuan kerja: {WAMENA}" in (await browser.get(path)).text
        unknown = await post(browser, "/announcements/new", words="Halo", saved="99999")
    async with here.browser("coordinator") as other:  # sees everybody: may choose it, and takes no name away
        assert "Semua di Wamena" in (await other.get("/announcements/new")).text
        taken = await post(other, "/announcements/new", words="Halo", save_as="Semua di Wamena")
    async with here.browser("part") as part:
        assert "Semua di Wamena" not in (await part.get("/announcements/new")).text
        guessed = await post(part, "/announcements/new", words="Halo", saved=number)
    async with here.browser("stranger") as stranger:
        assert (await post(stranger, "/announcements/new", words="Halo", saved=number)).status_code == 400
    assert (unknown.status_code, taken.status_code, guessed.status_code) == (400, 409, 400)


async def test_what_a_poll_was_answered_is_on_the_page(here: World) -> None:
    def poll(tx: Transaction) -> int:
        author = staff.actor_by_id(tx, here.people["owner"])
        assert author is not None
        asked = Question("Kapan?", ("Senin", "Selasa & Rabu"))
        number = announcements.draft(tx, author, Post((Piece("poll", poll=asked),)), BEGIN, chat_id=None)
        announcements.send(tx, author, number, 1, BEGIN)
        polls.note_copies(tx, [("1", number, here.people["anna"]), ("2", number, here.people["wati"])])
        polls.choose(tx, "1", [1], BEGIN)
        return number

    number = here.write(poll)
    async with here.browser("owner") as browser:
        for path in (f"/announcements/{number}", f"/announcements/{number}/live"):
            page = (await browser.get(path)).text
            assert "Jawaban: 1 dari 2 orang" in page
            assert re.search(r"▫️ Selasa &amp; Rabu\n?.*1 \(100%\)", page), page
