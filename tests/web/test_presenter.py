"""The presenter page: whose it is, and what is on it at which time."""

import re
from datetime import timedelta

from sqlalchemy import insert

from bot.domain.messages import Reply, Say
from bot.domain.people import Role
from bot.storage import staff, state
from bot.storage.database import Transaction
from bot.storage.tables import SecretRow
from bot.usecases import attendance, desk_speaking, sign_ins
from bot.usecases.menu import OLD_BUTTON
from bot.usecases.shift import Shift
from tests.examples import SESSION
from tests.web.pages import URL, World, add_staff

_PAGE = "/layar/hari-1"


async def _at(here: World, minutes: int, seconds: int = 0) -> None:
    """So much from the session's start on."""
    await here.clock.advance_to(SESSION.starts + timedelta(minutes=minutes, seconds=seconds))


def _named(tx: Transaction) -> None:
    state.remember(tx, state.BOT_NAME, "RekanUjiBot")
    tx.connection.execute(insert(SecretRow).values(name="attendance", value="00" * 32))


def _shown(here: World) -> str:
    programme = here.database.catalogue.programmes["p"]
    shown = here.read(attendance.shown, programme, programme.sessions[0], here.clock.now())
    assert shown is not None
    return str(shown.code)


async def test_the_code_is_on_it_while_one_can_check_in(here: World) -> None:
    here.write(_named)
    await _at(here, -60)
    async with here.browser("speaker") as browser:
        for minutes, words in ((-60, "dibuka pukul"), (-45, "Presensi masuk"), (61, "sudah ditutup")):
            await _at(here, minutes)
            page = await browser.get(_PAGE)
            live = await browser.get(f"{_PAGE}/live")
            assert (page.status_code, live.status_code) == (200, 200)
            code = _shown(here)
            is_open = f"{code[:3]} {code[3:]}" in live.text
            assert (words in live.text, is_open, "<svg" in live.text) == (
                True,
                minutes == -45,
                minutes == -45,
            )
            assert live.text in page.text.replace("\r", "")
            assert "@RekanUjiBot" in live.text or not is_open


async def test_the_code_changes_while_the_page_stays(here: World) -> None:
    here.write(_named)
    await _at(here, 0)
    async with here.browser("owner") as browser:
        seen = []
        for seconds in (0, 29, 30, 59):
            await _at(here, 0, seconds)
            seen.append(re.findall(r"\d{3} \d{3}<", (await browser.get(f"{_PAGE}/live")).text))
    assert seen[0] == seen[1] != seen[2] == seen[3]


async def test_the_first_look_makes_the_key(here: World) -> None:
    await _at(here, 0)
    async with here.browser("speaker") as browser:
        assert re.search(r"\d{3} \d{3}<", (await browser.get(_PAGE)).text)


async def test_it_is_theirs_only_who_speak_there(here: World) -> None:
    def another(tx: Transaction) -> int:
        person_id = add_staff(tx, "Tuti Narasumber", Role.SPEAKER, office="")
        staff.bind(tx, person_id, ["hari-2"])
        return person_id

    here.people["another"] = here.write(another)
    async with here.browser("another") as browser:
        assert (await browser.get(_PAGE)).status_code == 404
        assert (await browser.get(f"{_PAGE}/live")).status_code == 404


async def test_a_sign_in_link_leads_straight_there(here: World) -> None:
    link = here.write(sign_ins.hand_out, here.people["speaker"], here.clock.now(), _PAGE)
    path = str(link).removeprefix(URL)
    assert path.endswith("?to=/layar/hari-1")
    async with here.browser() as browser:
        form = (await browser.get(path)).text
        action = re.search(r'action="([^"]+)"', form)
        assert action is not None
        answer = await browser.post(action.group(1).replace("&amp;", "&"))
    assert (answer.status_code, answer.headers["location"]) == (303, _PAGE)


async def test_the_link_that_a_speaker_is_handed_opens_their_page_once(here: World) -> None:
    await _at(here, 0)

    def handed(tx: Transaction, session: str) -> Reply:
        actor = staff.actor_by_id(tx, here.people["speaker"])
        assert actor is not None
        shift = Shift(actor, tx.catalogue.programmes["p"], 1_000 + actor.person.id, here.clock.now())
        return desk_speaking.open_screen(tx, shift, session)

    (say,) = here.write(handed, "hari-1").messages
    assert isinstance(say, Say)
    assert say.key == "speaker.link"
    path = str(say.params["link"]).removeprefix(URL)
    async with here.browser() as browser:
        action = re.search(r'action="([^"]+)"', (await browser.get(path)).text)
        assert action is not None
        signed_in = await browser.post(action.group(1).replace("&amp;", "&"))
        assert (signed_in.status_code, signed_in.headers["location"]) == (303, _PAGE)
        assert re.search(r"\d{3} \d{3}<", (await browser.get(_PAGE)).text)
    async with here.browser() as another:
        again = await another.post(action.group(1).replace("&amp;", "&"))
        assert again.status_code != 303
        assert (await another.get(_PAGE)).status_code == 401
    here.write(staff.bind, here.people["speaker"], [])
    assert here.write(handed, "hari-1") == Reply((OLD_BUTTON,))
    assert here.write(handed, "none") == Reply((OLD_BUTTON,))


async def test_a_sign_in_link_leads_nowhere_else(here: World) -> None:
    for to in ("//evil.example.invalid", "https://evil.example.invalid/", "/\\evil.example.invalid"):
        async with here.browser() as browser:
            answer = await browser.post(here.link("owner"), params={"to": to})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
