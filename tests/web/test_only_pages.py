"""A process of pages only has what people sent from Telegram, where it knows the token; else a sentence."""

import ssl
from urllib.parse import urlsplit

import httpx
import pytest

from bot import app
from bot.clock import SimulatedClock
from bot.config import Part, load_config
from bot.simulator import Simulator
from bot.simulator.files import file_id
from bot.simulator.params import Upload
from bot.storage.database import Database, Transaction
from bot.storage.tables import JournalPartRow
from bot.usecases import sign_ins
from tests.web.pages import BEGIN, fill, populate

PHOTO = bytes.fromhex("89504e470d0a1a0a0000000d494844520000006400000064080000000000000000")


@pytest.mark.parametrize("token", ["right", "refused", "none"])
async def test_a_photo_in_a_process_of_pages_only(of_programmes: Database, token: str) -> None:
    clock = SimulatedClock(BEGIN)
    async with Simulator(clock) as simulator:
        bot = simulator.world.bots[simulator.token]
        photo = simulator.world.files.add("photo", Upload("a.jpg", PHOTO))

        def begin(tx: Transaction) -> tuple[int, dict[str, int]]:
            people = populate(tx)
            ids = fill(tx, people)
            part = JournalPartRow.__table__
            known = {"file_id": file_id(bot.id, photo)}
            tx.connection.execute(part.update().where(part.c.id == ids["anna_photo"]).values(known))
            return people["owner"], ids

        owner, ids = await of_programmes.transact(begin)
        settings = {
            "REKAN_TELEGRAM__BASE_URL": simulator.base_url,
            "REKAN_WEB__LISTEN": "127.0.0.1:0",
            "REKAN_WEB__URL": "http://127.0.0.1:0",
        }
        if token != "none":
            settings["REKAN_TELEGRAM__TOKEN"] = simulator.token if token == "right" else "1:" + "x" * 35
        async with app.running(load_config(None, settings), of_programmes, clock, only=Part.WEB):
            link = urlsplit(str(await of_programmes.transact(sign_ins.hand_out, owner, clock.now())))
            base = f"{link.scheme}://{link.netloc}"
            no_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # loading certificates takes a while
            async with httpx.AsyncClient(
                base_url=base, trust_env=False, verify=no_tls, timeout=60
            ) as browser:
                assert (await browser.post(link.path)).status_code == 303
                page = await browser.get(f"/journals/{ids['anna_wrote']}/files/{ids['anna_photo']}")
    match token:
        case "right":
            assert (page.status_code, page.content) == (200, PHOTO)
        case "refused":
            assert (page.status_code, "Telegram tidak dapat dihubungi" in page.text) == (503, True)
        case _:
            assert (page.status_code, "telegram.token" in page.text) == (503, True)
