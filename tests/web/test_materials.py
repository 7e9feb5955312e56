"""Materials on the page: what waits is handed out or taken back, and nobody deals with what is not theirs."""

from bot.storage import materials as stored
from bot.storage import staff
from tests.web.pages import World, hand_out
from tests.web.test_timetable import post


async def test_what_waits_is_handed_out_and_taken_back(here: World) -> None:
    number = here.write(hand_out, here.people["owner"])
    async with here.browser("owner") as browser:
        page = (await browser.get("/materials")).text
        assert ("Bahan tayang" in page, "menunggu sesi selesai" in page) == (True, True)
        assert "Bagikan sekarang" in (await browser.get(f"/materials/{number}")).text
        assert (await post(browser, f"/materials/{number}/release", release="x")).status_code == 400
        assert (await post(browser, f"/materials/{number}/release", release="now")).status_code == 303
        assert (await post(browser, f"/materials/{number}/release", release="now")).status_code == 409
        for _ in range(2):  # twice does no harm
            assert (await post(browser, f"/materials/{number}/withdraw")).status_code == 303
        assert "ditarik" in (await browser.get("/materials")).text
    found = here.read(stored.material, number)
    assert (found.state, found.released_at) == ("withdrawn", here.clock.now())


async def test_another_sessions_speaker_sees_and_moves_nothing(here: World) -> None:
    number = here.write(hand_out, here.people["owner"])
    here.write(staff.bind, here.people["speaker"], ["another"])
    async with here.browser("speaker") as browser:
        assert "Bahan tayang" not in (await browser.get("/materials")).text
        assert (await browser.get(f"/materials/{number}")).status_code == 404
        for deed in ("release", "withdraw"):
            answer = await post(browser, f"/materials/{number}/{deed}", release="now")
            assert answer.status_code == 404
