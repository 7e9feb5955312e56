"""Live sessions on the page: moved by a button, shown beforehand, and twice does no harm."""

from datetime import timedelta

from bot.domain.programme import Session
from bot.storage import feedback as stored
from bot.storage import staff
from tests.examples import SESSION
from tests.web.pages import World
from tests.web.test_timetable import post


def session(here: World) -> Session:
    found = here.database.catalogue.programmes["p"].session(SESSION.id)
    assert found is not None
    return found


async def test_a_session_is_cancelled_and_takes_place_after_all(here: World) -> None:
    path = f"/sessions/{SESSION.id}/move"
    async with here.browser("owner") as browser:
        assert SESSION.title.id in (await browser.get("/sessions")).text
        asked = await post(browser, path, deed="cancel")
        assert ("dibatalkan" in asked.text, session(here).cancelled) == (True, False)
        done = await post(browser, path, deed="cancel", sure="1")
        assert (done.headers["location"], session(here).cancelled) == (
            f"/sessions/{SESSION.id}?said=corrected",
            True,
        )
        assert (await post(browser, path, deed="cancel", sure="1")).status_code == 409
        page = (await browser.get(f"/sessions/{SESSION.id}")).text
        assert ("❌ dibatalkan" in page, "Jadi diadakan" in page, "Batalkan" in page) == (True, True, False)
        await post(browser, path, deed="reinstate", sure="1")
        assert not session(here).cancelled


async def test_what_is_sent_twice_extends_once(here: World) -> None:
    await here.clock.advance_to(SESSION.starts)
    path = f"/sessions/{SESSION.id}/move"
    async with here.browser("owner") as browser:
        until = str(int((SESSION.ends + timedelta(minutes=15)).timestamp()))
        assert until in (await post(browser, path, deed="extend")).text
        for status in (303, 409):
            answer = await post(browser, path, deed="extend", until=until, sure="1")
            assert answer.status_code == status
        assert session(here).ends == SESSION.ends + timedelta(minutes=15)
        for fields in ({}, {"deed": "x"}, {"deed": "extend", "until": "x"}):
            assert (await post(browser, path, **fields)).status_code == 400


async def test_feedback_is_read_without_names_and_by_its_speaker_only(here: World) -> None:
    for name in ("anna", "wati", "participant", "owner"):
        here.write(stored.rate, "p", SESSION.id, here.people[name], 4, SESSION.ends)
    here.write(stored.say, "p", SESSION.id, here.people["anna"], "Jelas <sekali>")
    here.write(staff.bind, here.people["speaker"], [SESSION.id])
    path = f"/feedback/{SESSION.id}"
    async with here.browser("speaker") as browser:
        assert path in (await browser.get("/feedback")).text
        few = (await browser.get(path)).text
        assert ("4,0" in few, "Jelas" in few, "mulai 5 jawaban" in few) == (True, False, True)
        here.write(stored.rate, "p", SESSION.id, here.people["coordinator"], 4, SESSION.ends)
        page = (await browser.get(path)).text
        assert ("4,0" in page, "“Jelas &lt;sekali&gt;”" in page, "Anna" in page) == (True, True, False)
        here.write(staff.bind, here.people["speaker"], [])
        assert (await browser.get(path)).status_code == 404
        assert path not in (await browser.get("/feedback")).text
