"""Materials on the page: what waits is handed out or taken back, and nobody deals with what is not theirs."""

from bot.domain.materials import Release
from bot.domain.posts import Piece, Post
from bot.storage import materials as stored
from bot.storage import staff
from bot.storage.database import Transaction
from bot.usecases import materials
from tests.examples import SESSION
from tests.web.pages import World
from tests.web.test_timetable import post


async def waiting(here: World) -> int:
    """A material of the owner's that waits for its session's end; its number."""

    def made(tx: Transaction) -> int:
        owner = next(each for each in staff.staff(tx, "p") if each.person.role == "owner")
        words = Post((Piece("text", "Bahan <b>tayang</b>", message_id=1),))
        now = here.clock.now()
        found = materials.draft(tx, owner, words, "", now, chat_id=1)
        materials.place(tx, owner, found.id, SESSION.id)
        return materials.release(tx, owner, found.id, Release.END, now)[0].id

    return await here.database.transact(made)


async def test_what_waits_is_handed_out_and_taken_back(here: World) -> None:
    number = await waiting(here)
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
    found = await here.database.read(stored.material, number)
    assert found is not None
    assert (found.state, found.released_at) == ("withdrawn", here.clock.now())


async def test_another_sessions_speaker_sees_and_moves_nothing(here: World) -> None:
    number = await waiting(here)
    here.write(staff.bind, here.people["speaker"], ["another"])
    async with here.browser("speaker") as browser:
        assert "Bahan tayang" not in (await browser.get("/materials")).text
        assert (await browser.get(f"/materials/{number}")).status_code == 404
        for deed in ("release", "withdraw"):
            answer = await post(browser, f"/materials/{number}/{deed}", release="now")
            assert answer.status_code == 404
