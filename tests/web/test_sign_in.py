"""Signing in to the pages: a link that works once, a browser that stays signed in for a while."""

import re
from datetime import timedelta

from sqlalchemy import select

from bot.domain.people import Role
from bot.domain.sign_ins import Lasting, digest
from bot.storage import staff, state
from bot.storage.database import Transaction
from bot.storage.tables import AuditRow, BrowserRow, OutboxRow, SignInRow
from bot.usecases import sign_ins
from bot.web.sign_ins import MOST_WRONG
from tests.web.pages import World, form_token

OLD, USED = "Masa berlaku tautan ini sudah habis", "Tautan ini sudah dipakai"
UNKNOWN, NEEDED = "Tautan ini tidak dikenal", "Anda perlu masuk"


async def test_a_link_asks_first_and_then_signs_in(here: World) -> None:
    link = here.link("coordinator")
    async with here.browser() as browser:
        for _ in range(3):  # as previews of the link do
            assert "Masuk ke halaman panitia" in (await browser.get(link)).text
        answer = await browser.post(link)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        cookie = answer.headers["set-cookie"]
        assert re.fullmatch(r"rekan=[\w-]{64}; HttpOnly; Max-Age=604800; Path=/; SameSite=lax", cookie)
        page = await browser.get("/")
    assert page.status_code == 200
    assert "Masuk sebagai Karin Panitia" in page.text


async def test_a_link_works_once(here: World) -> None:
    link = here.link("coordinator")
    async with here.browser() as browser, here.browser() as another:
        await browser.post(link)
        for answer in (await another.get(link), await another.post(link), await browser.post(link)):
            assert (answer.status_code, USED in answer.text) == (410, True)
        assert (await another.get("/")).status_code == 401


async def test_a_link_is_over_soon_or_with_a_newer_one(here: World) -> None:
    old = here.link("coordinator")
    newer = here.link("coordinator")
    async with here.browser() as browser:
        answer = await browser.post(old)
        assert (answer.status_code, UNKNOWN in answer.text) == (404, True)
        await here.clock.advance_to(here.clock.now() + timedelta(minutes=10, seconds=1))
        for answer in (await browser.get(newer), await browser.post(newer)):
            assert (answer.status_code, OLD in answer.text) == (410, True)


async def test_a_link_goes_with_the_role(here: World) -> None:
    link = here.link("coordinator")
    here.write(staff.dismiss, here.people["coordinator"], here.clock.now())
    async with here.browser() as browser:
        assert (await browser.post(link)).status_code == 404


async def test_made_up_links_are_turned_away_and_then_told_to_wait(here: World) -> None:
    real = here.link("coordinator")
    async with here.browser() as browser:
        for n in range(MOST_WRONG):
            answer = await browser.get(f"/sign-in/{n:064}")
            assert (answer.status_code, UNKNOWN in answer.text) == (404, True)
        answer = await browser.post(f"/sign-in/{'x' * 64}")
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
        assert (await browser.post(real)).status_code == 303  # nobody is locked out by others' guesses


async def test_only_a_hash_is_kept_of_what_lets_in(here: World) -> None:
    link = here.link("coordinator")
    async with here.browser() as browser:
        await browser.post(link)
        (cookie,) = browser.cookies.values()

    def kept(tx: Transaction) -> set[str]:
        hashes = (SignInRow.token_hash, BrowserRow.token_hash)
        return {value for column in hashes for value in tx.connection.scalars(select(column))}

    assert here.read(kept) == {digest(link.rpartition("/")[2]), digest(cookie)}


async def test_signing_in_makes_another_session_whatever_was_there(here: World) -> None:
    async with here.browser("coordinator") as browser:
        (before,) = browser.cookies.values()
        await browser.post(here.link("owner"))
        (after,) = browser.cookies.values()
        assert after != before
        assert "Olga Pemilik" in (await browser.get("/")).text
        old = await browser.get("/", headers={"Cookie": f"rekan={before}"}, follow_redirects=False)
    async with here.browser() as other:
        old = await other.get("/", headers={"Cookie": f"rekan={before}"})
        assert (old.status_code, NEEDED in old.text) == (401, True)
        planted = await other.get("/", headers={"Cookie": "rekan=" + "a" * 64})
        assert planted.status_code == 401


async def test_a_browser_is_signed_out_when_it_is_unused_and_at_the_latest_after_a_week(here: World) -> None:
    lasting = Lasting()
    async with here.browser("coordinator") as browser, here.browser("owner") as unused:
        for _ in range(15):
            await here.clock.advance_to(here.clock.now() + lasting.unused - timedelta(minutes=1))
            last = (await browser.get("/")).status_code
            assert last in {200, 401}
        assert last == 401
        assert (await unused.get("/")).status_code == 401


async def test_it_ends_with_the_role_at_once_and_does_not_come_back_with_it(here: World) -> None:
    person_id = here.people["coordinator"]
    async with here.browser("coordinator") as browser:
        assert (await browser.get("/people")).status_code == 200
        here.write(staff.dismiss, person_id, here.clock.now())
        answer = await browser.get("/people")
        assert (answer.status_code, NEEDED in answer.text) == (401, True)
        here.write(_appoint_again, person_id)
        assert (await browser.get("/people")).status_code == 401


def _appoint_again(tx: Transaction, person_id: int) -> None:
    staff.appoint(
        tx,
        programme="p",
        role=Role.COORDINATOR,
        name="Karin",
        chat_id=1000 + person_id,
        zone=tx.catalogue.programmes["p"].zone,
        now=tx.catalogue.programmes["p"].sessions[0].starts,
    )


async def test_signing_out_here_and_everywhere(here: World) -> None:
    async with here.browser("coordinator") as one, here.browser("coordinator") as two:
        token = await form_token(one)
        answer = await one.post("/sign-out", data={"form_token": token})
        assert (answer.status_code, answer.headers["location"]) == (303, "/signed-out")
        assert (await one.get("/signed-out")).status_code == 200
        assert (await one.get("/")).status_code == 401
        assert (await two.get("/")).status_code == 200
        async with here.browser("coordinator") as three:
            token = await form_token(three)
            await three.post("/sign-out", data={"form_token": token, "everywhere": "1"})
            assert (await three.get("/")).status_code == 401
        assert (await two.get("/")).status_code == 401


async def test_who_signs_in_is_noted_and_told_in_the_chat(here: World) -> None:
    async with here.browser("coordinator"):
        pass

    def noted(tx: Transaction) -> tuple[list[str], list[dict[str, object]]]:
        actions = tx.connection.scalars(select(AuditRow.action))
        said = tx.connection.scalars(select(OutboxRow.message))
        return list(actions), list(said)

    actions, said = here.read(noted)
    assert actions == ["signed_in"]
    (message,) = said
    assert "pages.signed_in" in str(message)
    assert "k-halaman::out" in str(message)


async def test_https_has_a_cookie_that_no_other_page_can_set(here_by_https: World) -> None:
    here = here_by_https
    async with here.browser() as browser:
        answer = await browser.post(here.link("coordinator"))
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-rekan=")
        assert cookie.endswith("; HttpOnly; Max-Age=604800; Path=/; SameSite=lax; Secure")
        assert answer.headers["location"] == "/rekan/"
        value = cookie.partition(";")[0]
        # The proxy passes the path on as it is, or without the prefix.
        for path in ("/rekan/people", "/people"):
            page = await browser.get(path, headers={"Cookie": value})
            assert 'href="/rekan/people"' in page.text


async def test_a_clock_that_runs_faster_does_not_close_the_pages_faster(here: World) -> None:
    here.write(state.remember, state.TIME_LAPSE, "1000")
    link = here.link("coordinator")
    await here.clock.advance_to(here.clock.now() + timedelta(days=5))
    async with here.browser() as browser:
        assert (await browser.post(link)).status_code == 303
        await here.clock.advance_to(here.clock.now() + timedelta(days=30))
        assert (await browser.get("/")).status_code == 200


def test_pages_without_an_address_hand_out_no_link(here: World) -> None:
    here.write(sign_ins.remember_address, None)
    assert here.write(sign_ins.hand_out, here.people["owner"], here.clock.now()) is None


async def test_a_speaker_signs_in_and_sees_what_is_next_only(here: World) -> None:
    async with here.browser("speaker") as browser:
        page = await browser.get("/")
        assert (page.status_code, "Hari 1" in page.text, "Terjangkau" in page.text) == (200, True, False)
        assert "/people" not in page.text


async def test_nothing_lets_in_who_has_no_work_here(here: World) -> None:
    async with here.browser() as browser:
        answer = await browser.post(here.link("participant"))
        assert (answer.status_code, "tidak bertugas" in answer.text) == (403, True)
