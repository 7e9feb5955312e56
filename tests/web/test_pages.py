"""The pages: who gets what of them, and what nobody can make them do."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import httpx
import openpyxl
import pytest
from sqlalchemy import event, select
from structlog.testing import capture_logs

from bot.domain.messages import Say
from bot.storage import outbox, staff
from bot.storage.database import Transaction
from bot.storage.tables import AuditRow, PersonRow
from bot.web.site import WAYS
from tests.examples import add_person
from tests.web.pages import BEGIN, MAROS, URL, World, fill, form_token

# --- who may go where -----------------------------------------------------------------------------------

MATRIX = """
way                        owner  coordinator  part  speaker  nobody
GET /                      200    200          200   200      401
GET /overview/live         200    200          200   403      401
GET /people                200    200          200   403      401
GET /people?as=csv         200    200          200   403      401
GET /people/{anna}         200    200          200   403      401
GET /people/{anna}?as=xlsx 200    200          200   403      401
GET /people/{wati}         200    200          404   403      401
GET /people/{wati}?as=csv  200    200          404   403      401
GET /people/{other}        404    404          404   403      401
GET /people/999999         404    404          404   403      401
GET /announcements         200    200          200   403      401
GET /announcements?as=csv  200    200          200   403      401
GET /announcements/new     200    200          200   403      401
POST /announcements/new    303    303          303   403      401
GET /announcements/{notice} 200 200 404   403      401
GET /announcements/{notice}?as=csv 200 200 404   403      401
GET /announcements/{notice}/live 200 200 404   403      401
GET /announcements/{notice}/edit 200 200 404   403      401
GET /announcements/{notice}/cancel 200 200 404   403      401
GET /announcements/{notice}/recall 200 200 404   403      401
GET /announcements/{foreign} 404  404          404   403      401
GET /announcements/{foreign}/live 404 404      404   403      401
POST /announcements/{foreign}/pause 404 404    404   403      401
POST /announcements/{foreign}/edit 404 404     404   403      401
POST /announcements/{foreign}/recall 404 404   404   403      401
POST /announcements/{notice}/edit 303 303 404   403      401
POST /announcements/{notice}/send 409 409 404   403      401
POST /announcements/{notice}/later 409 409 404   403      401
POST /announcements/{notice}/draft 409 409 404   403      401
POST /announcements/{notice}/discard 409 409 404   403      401
POST /announcements/{notice}/approve 409 409 404   403      401
POST /announcements/{notice}/refuse 409 409 404   403      401
POST /announcements/{notice}/pause 303 303 404   403      401
POST /announcements/{notice}/resume 303 303 404   403      401
POST /announcements/{notice}/correct 409 409 404   403      401
POST /announcements/{notice}/cancel 303 303 404   403      401
POST /announcements/{notice}/recall 303 303 404   403      401
GET /modules               200    200          200   403      401
GET /modules?as=csv        200    200          200   403      401
GET /modules/wawasan       200    200          200   403      401
GET /modules/wawasan?as=xlsx 200  200          200   403      401
GET /modules/none          404    404          404   403      401
GET /quizzes               200    200          200   403      401
GET /quizzes?as=csv        200    200          200   403      401
GET /quizzes/kuis          200    200          200   403      401
GET /quizzes/kuis?as=xlsx  200    200          200   403      401
GET /quizzes/none          404    404          404   403      401
GET /journals              200    200          200   403      401
GET /journals?as=xlsx      200    200          200   403      401
GET /journals/{anna_wrote} 200    200          200   403      401
GET /journals/{wati_wrote} 200    200          404   403      401
GET /journals/{other_wrote} 404   404          404   403      401
GET /journals/{anna_wrote}/files/{anna_photo} 503 503 503 403   401
GET /journals/{wati_wrote}/files/{wati_photo} 503 503 404 403   401
GET /journals/{anna_wrote}/files/{wati_photo} 404 404 404 403   401
GET /journals/{other_wrote}/files/{other_photo} 404 404 404 403 401
GET /journals/999999       404    404          404   403      401
POST /journals/{wati_wrote} 303   303          404   403      401
POST /journals/{other_wrote} 404  404          404   403      401
GET /deliveries            200    200          200   403      401
GET /deliveries?as=csv     200    200          200   403      401
GET /deliveries/resend     200    200          200   403      401
POST /deliveries/resend    303    303          303   403      401
GET /timetable             200    200          200   200      401
GET /timetable?as=csv      200    200          200   403      401
GET /timetable/new         200    200          403   403      401
POST /timetable/new        200    200          403   403      401
GET /timetable/entries/kabar 200  200          200   200      401
GET /timetable/entries/none 404   404          404   404      401
POST /timetable/entries/kabar/change 200 200   403   403      401
POST /timetable/entries/none/change 404 404    403   403      401
GET /timetable/sessions/hari-1 200 200         200   200      401
GET /timetable/sessions/none 404  404          404   404      401
POST /timetable/sessions/hari-1/change 200 200 403   403      401
GET /materials             200    200          403   200      401
GET /materials/{handout}   200    200          403   200      401
GET /materials/{foreign_handout} 404 404       403   404      401
POST /materials/{handout}/release 400 400      403   400      401
POST /materials/{foreign_handout}/release 404 404 403 404     401
POST /materials/{handout}/withdraw 303 303     403   303      401
POST /materials/{foreign_handout}/withdraw 404 404 403 404    401
GET /sessions              200    200          403   403      401
GET /sessions/hari-1       200    200          403   403      401
GET /sessions/none         404    404          403   403      401
POST /sessions/hari-1/move 400    400          403   403      401
POST /sessions/none/move   404    404          403   403      401
GET /feedback              200    200          403   200      401
GET /feedback/hari-1       200    200          403   200      401
GET /feedback/none         404    404          403   404      401
GET /attendance            200    200          200   403      401
GET /attendance/hari-1     200    200          200   403      401
GET /attendance/hari-1?as=xlsx 200 200         200   403      401
GET /attendance/none       404    404          404   403      401
GET /attendance/hari-1/sheets 200 200          200   403      401
GET /attendance/hari-1/names 200 200           403   403      401
GET /attendance/none/names 404    404          403   403      401
POST /attendance/hari-1/names/{zoom_name}/settle 303 303 403 403 401
POST /attendance/hari-1/names/{foreign_zoom_name}/settle 404 404 403 403 401
GET /attendance/hari-1/people/{anna} 200 200   200   403      401
GET /attendance/hari-1/people/{wati} 200 200   404   403      401
GET /attendance/hari-1/people/{other} 404 404  404   403      401
POST /attendance/hari-1/people/{wati}/decide 303 303 404 403  401
POST /attendance/hari-1/people/{other}/decide 404 404 404 403 401
GET /layar/hari-1          200    200          403   200      401
GET /layar/hari-1/live     200    200          403   200      401
GET /layar/none            404    404          403   404      401
GET /audit                 200    200          403   403      401
GET /audit?as=xlsx         200    200          403   403      401
POST /language             303    303          303   303      401
POST /sign-out             303    303          303   303      401
"""

FORM = {
    "language": "id",
    "words": "Halo {nama}",
    "version": "1",
    "looked_at": "x",
    "at": "2026-11-20T09:00",
    "comment": "Terima kasih",
    "deed": "skip",
    "release": "x",
    "present": "yes",
    "why": "",
    "who": "nobody",
    "words_id": "Kabar",
    "words_en": "",
    **dict.fromkeys(("url", "stream"), "https://zoom.example.invalid/j/2"),
    **dict.fromkeys(("meeting_id", "passcode"), "1"),
}
"""What a form may ask for: what comes first of all is whether somebody may."""


def row(line: str) -> list[str]:
    """What is asked for, and who gets which status."""
    *asked, owner, coordinator, part, speaker, nobody = line.split()
    return [" ".join(asked), owner, coordinator, part, speaker, nobody]


@pytest.mark.parametrize("name", ["owner", "coordinator", "part", "speaker", "nobody"])
async def test_the_whole_matrix(here: World, name: str) -> None:
    head, *lines = (row(line) for line in MATRIX.strip().splitlines())
    column = head.index(name)
    ids = here.people | here.write(fill, here.people)
    found = []
    async with here.browser("" if name == "nobody" else name) as browser:
        form = {"form_token": await form_token(browser), **FORM}
        for line in lines:
            method, path = line[0].format(**ids).split(" ")
            answer = await (browser.get(path) if method == "GET" else browser.post(path, data=form))
            if str(answer.status_code) != line[column]:
                found.append(f"{line[0]}: {answer.status_code}, not {line[column]}")
    assert found == []


def test_the_matrix_leaves_no_way_out() -> None:
    in_matrix = {
        re.sub(r"\{\w+\}", "{id}", row(line)[0].partition("?")[0]) for line in MATRIX.strip().splitlines()[1:]
    }
    # Of what has names for ids, one stands for all.
    in_matrix = {re.sub(r"/(wawasan|kuis|kabar|hari-1|none|1)\b", "/{id}", way) for way in in_matrix}
    ways = {f"GET {way.path}" for way in WAYS if way.show} | {f"POST {way.path}" for way in WAYS if way.do}
    ways = {re.sub(r"\{\w+\}", "{id}", way) for way in ways}
    assert ways == {way for way in in_matrix if not re.search(r"\d", way)}


async def test_who_is_limited_to_an_office_gets_nothing_of_others_anywhere(here: World) -> None:
    here.write(fill, here.people)
    async with here.browser("part") as browser:
        ways = (
            "/",
            "/overview/live",
            "/announcements",
            "/announcements/new",
            "/journals",
            "/timetable",
            "/deliveries",
            "/modules",
            "/modules/wawasan",
            "/quizzes/kuis",
            "/people",
            "/people?q=wati",
            "/attendance",
            "/attendance/hari-1",
            "/people?q=199407172025212009",
        )
        seen = [(await browser.get(way)).text for way in (*ways, "/people?as=csv")]
        workbook = openpyxl.load_workbook(BytesIO((await browser.get("/people?as=xlsx")).content))
        seen.append(str(list(workbook.active.values)))
        people = await browser.get("/people")
    assert "Anna Maros" in people.text
    for leak in ("Wati", "Wamena", "Oskar"):
        assert not any(leak in each for each in seen)
    assert "dd>2<" in seen[0]  # participants of the office, of whom there are four in the whole programme


async def test_another_programme_is_another_world(here: World) -> None:
    async with here.browser("stranger") as browser:
        people = (await browser.get("/people")).text
        assert ("Oskar Lain" in people, "Anna" in people) == (True, False)
        assert (await browser.get(f"/people/{here.people['anna']}")).status_code == 404
        assert (await browser.get(f"/people/{here.people['other']}")).status_code == 200
        assert "Olga" not in (await browser.get("/audit")).text
        assert "Wamena" not in (await browser.get("/announcements")).text


async def test_a_scope_that_changes_changes_the_next_page(here: World) -> None:
    path = f"/people/{here.people['wati']}"
    async with here.browser("coordinator") as browser:
        assert (await browser.get(path)).status_code == 200
        scope = staff.Scope(offices=(MAROS,))
        here.write(staff.limit, here.people["coordinator"], scope)
        assert (await browser.get(path)).status_code == 404
        assert (await browser.get("/audit")).status_code == 403


# --- what is noted --------------------------------------------------------------------------------------


def actions(here: World) -> list[tuple[str, str, str, int | None, Mapping[str, Any]]]:
    def query(tx: Transaction) -> list[Any]:
        columns = (AuditRow.action, AuditRow.kind, AuditRow.subject, AuditRow.people, AuditRow.details)
        return [tuple(row) for row in tx.connection.execute(select(*columns).order_by(AuditRow.id))]

    found: list[Any] = here.read(query)
    return found[1:]  # but for the sign-in


async def test_looking_and_exporting_are_noted(here: World) -> None:
    anna = here.people["anna"]
    async with here.browser("owner") as browser:
        await browser.get(f"/people/{anna}")
        await browser.get("/people?q=anna&as=csv")
        await browser.get("/people?q=199305162025212008&as=xlsx")
        await browser.get("/audit")
        await browser.get("/people")
        await browser.get(f"/people/{here.people['other']}")
    csv = {"format": "csv", "filters": {"q": "anna"}}
    assert actions(here) == [
        ("person_seen", "person", str(anna), None, {}),
        ("exported", "people", "/people", 1, csv),
        ("exported", "people", "/people", 1, {"format": "xlsx", "filters": {"q": "…"}}),
        ("audit_seen", "", "", None, {}),
    ]


# --- tables ---------------------------------------------------------------------------------------------


def names(page: str) -> list[str]:
    return re.findall(r'<th scope="row"><a href="/people/\d+">([^<]+)</a>', page)


async def test_a_list_is_searched_sorted_and_paged(here: World) -> None:
    def more(tx: Transaction) -> None:
        for n in range(60):
            add_person(tx, f"Zaki {n:02}", office=f"Kantor {n % 3}", wave="I", province="Bali", linked=False)

    here.write(more)
    async with here.browser("owner") as browser:
        first = (await browser.get("/people")).text
        assert names(first)[:2] == ["Anna Maros", "Budi Peserta"]
        assert len(names(first)) == 50
        (following,) = re.findall(r'rel="next" href="([^"]+)"', first)
        second = (await browser.get(following.replace("&amp;", "&"))).text
        assert names(second)[-1] == "Zaki 59"
        assert not set(names(first)) & set(names(second))
        last_first = (await browser.get("/people?sort=name&down=1")).text
        assert names(last_first)[0] == "Zaki 59"
        assert names((await browser.get("/people?q=ZAKI+1")).text) == [f"Zaki {n}" for n in range(10, 20)]
        office = (await browser.get("/people?office=kantor+2&sort=office")).text
        assert len(names(office)) == 20
        assert names((await browser.get("/people?province=Papua")).text) == ["Wati Wamena"]
        assert len(names((await browser.get("/people?group=I")).text)) == 50
        assert names((await browser.get("/people?q=199407172025212009")).text) == ["Wati Wamena"]
        assert names((await browser.get("/people?q=%25")).text) == []  # a percent sign is one
        beyond = (await browser.get("/people?page=9999")).text
        assert names(beyond)[-1] == "Zaki 59"


async def test_how_far_people_have_come(here: World) -> None:
    def change(tx: Transaction) -> None:
        add_person(tx, "Nina Belum", consented=False, linked=False)
        add_person(tx, "Bram Blokir", reach="blocked")  # type: ignore[arg-type]  # as the column has it
        add_person(tx, "Lena Pergi", withdrawn_at=BEGIN)
        add_person(tx, "Tes Uji", is_test=True)

    here.write(change)
    async with here.browser("owner") as browser:
        for state, name in (
            ("not_started", "Nina Belum"),
            ("blocked", "Bram Blokir"),
            ("left", "Lena Pergi"),
        ):
            assert names((await browser.get(f"/people?state={state}")).text) == [name]
        assert "Nina Belum" not in names((await browser.get("/people?state=joined")).text)
        live = (await browser.get("/overview/live")).text
    assert re.findall(r"<dd>([\d.]+)</dd>", live)[:6] == ["6", "3", "1", "1", "1", "0"]


async def test_a_file_has_what_is_shown_and_nothing_in_it_is_a_formula(here: World) -> None:
    def dangerous(tx: Transaction) -> None:
        for name in ("=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\t=1"):
            add_person(tx, name, office="Berbahaya", linked=False)

    here.write(dangerous)
    async with here.browser("owner") as browser:
        csv = await browser.get("/people?office=Berbahaya&as=csv&sort=name&down=1")
        xlsx = await browser.get("/people?office=Berbahaya&as=xlsx")
        page = await browser.get("/people?office=Berbahaya")
    assert csv.headers["content-disposition"] == "attachment; filename*=UTF-8''rekan-people-2026-11-08.csv"
    lines = csv.content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("Nama,NIP,Satuan kerja,")
    assert "Bergabung (WIB)" in lines[0]
    assert [line.split(",")[0] for line in lines[1:]] == [
        "'@SUM(A1)",
        "'=HYPERLINK(1)",
        "'-1",
        "'+1",
        "'\t=1",
    ]
    sheet = openpyxl.load_workbook(BytesIO(xlsx.content)).active
    cells = [cell for row in sheet.iter_rows(min_row=2, max_col=1) for cell in row]
    assert {cell.data_type for cell in cells} == {"s"}
    assert sorted(cell.value for cell in cells) == ["\t=1", "+1", "-1", "=HYPERLINK(1)", "@SUM(A1)"]
    assert len(names(page.text)) == 5


async def test_numbers_of_people_are_masked_everywhere(here: World) -> None:
    async with here.browser("owner") as browser:
        for path in ("/people", f"/people/{here.people['anna']}", "/people?as=csv"):
            page = (await browser.get(path)).text
            assert ("1993••••••••••2008" in page, "199305162025212008" in page) == (True, False)


async def test_a_person_has_their_receipt_and_their_messages(here: World) -> None:
    def owe(tx: Transaction, person_id: int) -> None:
        outbox.owe(
            tx,
            outbox.Recipient(person_id=person_id),
            Say("help.nik"),
            reason="p/pengingat/20261109",
            lane=outbox.Lane.REMINDER,
            now=BEGIN,
        )

    here.write(owe, here.people["anna"])
    async with here.browser("owner") as browser:
        page = (await browser.get(f"/people/{here.people['anna']}")).text
    assert "Tanda terima untuk Bapak/Ibu Anna Maros" in page
    assert "p/pengingat/20261109" in page
    assert "Menunggu" in page


async def test_the_audit_is_filtered(here: World) -> None:
    async with here.browser("owner") as browser, here.browser("coordinator") as other:
        await other.get(f"/people/{here.people['anna']}")
        page = (await browser.get("/audit?action=person_seen")).text
        seen = [words in page for words in ("Karin Panitia", "Melihat seseorang", "Orang", "Anna")]
        assert seen == [True, True, True, True]
        assert "Tidak ada yang cocok" in (await browser.get("/audit?action=announced")).text
        assert "Tidak ada yang cocok" in (await browser.get("/audit?actor=nobody")).text


# --- languages ------------------------------------------------------------------------------------------


async def test_the_language_is_the_persons_and_can_be_switched(here: World) -> None:
    async with here.browser("owner") as browser:
        form = {"form_token": await form_token(browser), "language": "en", "from": "/people?q=a"}
        answer = await browser.post("/language", data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, "/people?q=a")
        page = await browser.get("/people")
        assert ('<html lang="en">' in page.text, "Name or NIP" in page.text) == (True, True)
        assert "There is no such page" in (await browser.get("/nothing")).text
        for away in ("//evil.example.invalid", "https://evil.example.invalid", "/\\evil", "x", "/é"):
            form = {"form_token": await form_token(browser), "language": "id", "from": away}
            assert (await browser.post("/language", data=form)).headers["location"] == "/"

    async with here.browser(**{"Accept-Language": "en-GB,en"}) as stranger:
        assert "You need to sign in" in (await stranger.get("/people")).text


# --- what others' pages, and wrong requests, come to ------------------------------------------------------


def headers_of(answer: httpx.Response) -> None:
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"


async def test_every_answer_is_safe_and_kept_by_nobody(here: World) -> None:
    link = here.link("part")
    async with here.browser("owner") as browser:
        ways = ("/", "/people", "/people?as=csv", "/audit", "/nothing", "/people/x", link, "/signed-out")
        answers = [await browser.get(way) for way in ways]
        answers += [await browser.post("/people"), await browser.post(link)]
        for answer in answers:
            headers_of(answer)
            assert answer.headers["cache-control"] == "no-store"
            assert "<script>" not in answer.text
            assert " style=" not in answer.text
            assert not re.search(r"\son\w+=", answer.text)


async def test_the_first_view_is_small_and_fetches_nothing_from_elsewhere(here: World) -> None:
    async with here.browser("owner") as browser:
        page = await browser.get("/people")
        assets = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)
        answers = [await browser.get(asset) for asset in assets]
    assert len(assets) == 3
    for answer in answers:
        headers_of(answer)
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert sum(len(answer.content) for answer in (page, *answers)) < 100_000
    assert re.findall(r'(?:href|src|action)="(?:https?:)?//', page.text) == []


async def test_a_form_of_another_page_does_nothing(here: World) -> None:
    async with here.browser("owner") as browser, here.browser("coordinator") as other:
        right = await form_token(browser)
        theirs = await form_token(other)
        evil = "https://evil.example.invalid"
        for form, headers in (
            ({}, {}),
            ({"form_token": "0" * 128}, {}),
            ({"form_token": theirs}, {}),
            ({"form_token": right}, {"Origin": evil}),
            ({"form_token": right}, {"Origin": "null"}),
            ({"form_token": right}, {"Sec-Fetch-Site": "cross-site"}),
        ):
            answer = await browser.post("/sign-out", data={"everywhere": "1", **form}, headers=headers)
            assert (answer.status_code, "Formulir ini" in answer.text) == (403, True), (form, headers)
        link = here.link("part")
        for origin in (evil, "null"):
            assert (await browser.post(link, headers={"Origin": origin})).status_code == 403
        assert "Olga Pemilik" in (await browser.get("/")).text
        for mine in (URL, here.address):
            form = {"form_token": await form_token(browser), "language": "id"}
            assert (await browser.post("/language", data=form, headers={"Origin": mine})).status_code == 303


async def test_the_token_of_a_form_is_another_on_each_page(here: World) -> None:
    async with here.browser("owner") as browser:
        assert await form_token(browser) != await form_token(browser)


WRONG = {
    "/nothing": 404,
    "/people/": 404,
    "/people/abc": 404,
    "/people/-1": 404,
    "/people/1e3": 404,
    "/people/²": 404,
    "/people/99999999999999999999999": 404,
    "/static/../site.py": 404,
    "/static/site.py": 404,
    "/people?page=0": 400,
    "/people?page=x": 400,
    "/people?page=99999999999999999999": 400,
    "/people?sort=nip": 400,
    "/people?sort=name&down=2": 400,
    "/people?state=x": 400,
    "/people?province=Atlantis": 400,
    "/people?as=exe": 400,
    "/people?q=" + "x" * 200: 400,
    "/people?q=%00": 400,
    "/people?q=%ff%fe": 200,
    "/people?q='%3B--": 200,
    "/audit?action=x": 400,
    "/announcements/x": 404,
    "/announcements/0/live": 404,
    "/announcements?as=exe": 400,
    "/modules/%00": 404,
    "/quizzes/../x": 404,
    "/deliveries?state=x": 400,
    "/deliveries?wave=" + "x" * 200: 400,
    "/deliveries/resend?q=%00": 400,
    "/timetable/entries/%3Cscript%3E": 404,
    "/?said=nothing": 200,
    "/?said=<script>": 200,
}


async def test_wrong_input_is_answered_by_a_sentence(here: World) -> None:
    async with here.browser("owner") as browser:
        for path, status in WRONG.items():
            answer = await browser.get(path)
            assert (answer.status_code, '<main id="main"' in answer.text) == (status, True), path
            assert ("Mohon maaf" in answer.text) == (status != 200), path


async def test_wrong_methods_and_bodies_are_answered_by_a_sentence(here: World) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    async with here.browser("owner") as browser:
        token = await form_token(browser)
        answers = {
            405: await browser.delete("/people"),
            413: await browser.post("/language", content=b"x" * 70_000, headers=form),
            415: await browser.post("/language", json={"form_token": token}),
            400: await browser.post("/language", content=b"\xff\xfe=1", headers=form),
        }
        answers[400] = await browser.post("/language", data={"form_token": token})
        many = "&".join(f"f{n}=1" for n in range(2_000))
        too_many = await browser.post("/language", content=many, headers=form)

        async def endless() -> Any:
            for _ in range(200):
                yield b"x" * 1_000

        chunked = await browser.post("/language", content=endless(), headers=form)
        assert (await browser.get("/")).status_code == 200
    assert {status: answer.status_code for status, answer in answers.items()} == {n: n for n in answers}
    assert (too_many.status_code, chunked.status_code) == (400, 413)
    assert answers[405].headers["allow"] in {"GET, HEAD", "HEAD, GET"}
    assert all("Mohon maaf" in each.text for each in (*answers.values(), too_many, chunked))


async def test_a_fault_of_ours_is_a_kind_page_and_an_event(here: World) -> None:
    def break_it(tx: Transaction) -> None:
        tx.connection.execute(PersonRow.__table__.update().values(zone="MARS"))

    async with here.browser("owner") as browser:
        here.write(break_it)
        with capture_logs() as logs:
            answer = await browser.get("/people?q=rahasia")
    assert (answer.status_code, "sudah dicatat" in answer.text) == (500, True)
    headers_of(answer)
    (told,) = (log for log in logs if log.get("action") == "page_failed")
    assert (told["page"], told["method"], told["log_level"]) == ("/people", "GET", "error")
    assert "rahasia" not in str({key: value for key, value in told.items() if key != "exc_info"})


async def test_without_the_database_a_page_says_so(here: World) -> None:
    async with here.browser("owner") as browser:
        here.database.close_now()
        answer = await browser.get("/people")
    assert (answer.status_code, "Basis data" in answer.text) == (503, True)


async def test_names_are_text_and_never_markup(here: World) -> None:
    evil = '<script>alert(1)</script>"><img src=x onerror=alert(1)>'
    person_id = here.write(add_person, evil, office=evil, wave=evil)
    async with here.browser("owner") as browser:
        for path in ("/people", f"/people/{person_id}", f"/people?q={evil}", "/people?office=<script>"):
            page = (await browser.get(path)).text
            assert ("<script>alert" in page, "<img" in page) == (False, False)


# --- 100,000 people -------------------------------------------------------------------------------------

PLANS = {
    "/": (
        "INDEX ix_chats_closed",
        "COVERING INDEX ix_people_standing",
        "COVERING INDEX ix_outbox_waiting",
    ),
    "/overview/live": ("COVERING INDEX ix_outbox_waiting", "COVERING INDEX ix_people_standing"),
    "/people": ("COVERING INDEX ix_people_name",),
    "/people?q=anna": ("COVERING INDEX ix_people_name",),
    "/people?sort=name&down=1&page=3": ("COVERING INDEX ix_people_name",),
    "/people/{anna}": ("uq_outbox_person",),
    "/announcements": ("ix_announcements_of",),
    "/announcements/{notice}": ("COVERING INDEX ix_outbox_wave (wave_id=?)",),
    "/announcements/{notice}/live": ("ix_outbox_wave (wave_id=? AND state=?)",),
    "/deliveries": ("uq_outbox_person",),
    "/deliveries?state=failed": ("ix_outbox_astray (state=?)",),
    "/deliveries?state=held": ("ix_outbox_astray (state=?)",),
    "/deliveries?state=owed": ("ix_outbox_waiting",),
    "/deliveries?wave=kabar": ("ix_outbox_wave (wave_id=?)",),
    "/deliveries?wave=kabar&state=sent": ("ix_outbox_wave (wave_id=? AND state=?)",),
    "/deliveries?q=anna": ("COVERING INDEX uq_outbox_person (person_id=?)",),
    "/deliveries/resend?state=failed": ("ix_outbox_astray",),
    "/journals": ("ix_people_name (programme_id=?)", "journal_entries_1 (person_id=?)"),
    "/journals?office=x&mark=unread": ("ix_people_name (programme_id=?)", "journal_entries_1 (person_id=?)"),
    "/journals/{anna_wrote}": ("ix_journal_parts_entry_id", "ix_journal_comments_entry_id"),
    "/modules": ("ix_people_standing",),
    "/modules/wawasan": ("ix_people_standing", "modules_done_1 (person_id=? AND module_id=?)"),
    "/quizzes": ("quiz_answers_1 (person_id=? AND quiz_id=? AND attempt=?)",),
    "/quizzes/kuis": ("quiz_answers_1 (person_id=? AND quiz_id=? AND attempt=?)",),
    "/timetable": ("COVERING INDEX ix_outbox_waiting", "ix_people_"),
    "/audit": ("ix_audit_of",),
    "/audit?action=exported&actor=olga": ("ix_audit_of",),
}

LARGE = (
    "people|outbox|chats|audit|waves|journal_entries|journal_parts|quiz_attempts|quiz_answers|modules_done"
)

NEWEST = {"/deliveries": "outbox"}
"""What is looked through from its newest row on, as far as a page needs it."""


async def test_pages_of_many_people_use_indexes(here: World) -> None:
    """No statement looks through a table, but for the list of what is few."""
    ids = here.people | here.write(fill, here.people)
    wrong = []
    async with here.browser("owner") as browser:
        for path, indexes in PLANS.items():
            statements: list[tuple[str, Any]] = []
            with listening(here, statements):
                assert (await browser.get(path.format(**ids))).status_code == 200
            plans = [step for each in statements for step in here.read(plan, *each)]
            wrong += [(path, index, plans) for index in indexes if not any(index in step for step in plans)]
            tables = [step for step in plans if re.match(rf"SCAN ({LARGE})\b", step)]
            wrong += [
                (path, step)
                for step in tables
                if "USING" not in step and step != f"SCAN {NEWEST.get(path.partition('?')[0])}"
            ]
    assert wrong == []


@contextmanager
def listening(here: World, statements: list[tuple[str, Any]]) -> Iterator[None]:
    """What is asked of the database meanwhile."""

    def heard(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT"):
            statements.append((statement, parameters))

    engines = (here.database._reading, here.database._writing)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", heard)
    try:
        yield
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", heard)


def plan(tx: Transaction, statement: str, parameters: Any) -> list[str]:
    return [row[3] for row in tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
