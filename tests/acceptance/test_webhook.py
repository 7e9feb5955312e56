"""Updates by webhook, posted to a real process."""

import asyncio
import io
import sqlite3
from collections.abc import Callable

import aiohttp
import orjson

from bot.simulator import Simulator
from bot.web.webhook import LARGEST
from tests.acceptance.books import Books
from tests.acceptance.installation import SECRET, Installation, by_webhook
from tests.acceptance.orientation import enrol, write_schedule

HEADER = "X-Telegram-Bot-Api-Secret-Token"


async def test_what_is_posted_is_answered_once_it_is_kept(
    quick_telegram: Simulator, install: Callable[..., Installation]
) -> None:
    rekan = install(quick_telegram, by_webhook())
    write_schedule(rekan.folder)
    (person,) = enrol(rekan.database_url, quick_telegram, 1)
    books = Books(rekan.database_url, quick_telegram)
    await rekan.start()
    url = rekan.config["telegram"]["webhook"]["url"]
    update = {
        "update_id": 1,
        "message": {
            "message_id": 1,
            "date": 1_800_000_000,
            "chat": {"id": person.id, "type": "private", "first_name": "Orang"},
            "from": {"id": person.id, "is_bot": False, "first_name": "Orang"},
            "text": "/bantuan",
        },
    }
    async with aiohttp.ClientSession() as session:

        async def post(body: bytes, secret: str = SECRET) -> int:
            async with session.post(url, data=io.BytesIO(body), headers={HEADER: secret}) as answer:
                return answer.status

        good = orjson.dumps(update)
        assert await post(good, "not-it") == 401
        assert await post(good, "") == 401
        assert await post(b"x" * (LARGEST + 1)) == 413
        for garbage in (b"", b"{", b"[]", b"null", b'{"update_id": "1"}', b"\xff\xfe", b"[" * 100_000):
            assert await post(garbage) == 400, garbage[:20]
        assert books.handled_updates() == set()

        locked = sqlite3.connect(rekan.folder / "rekan.db", isolation_level=None)
        locked.execute("BEGIN IMMEDIATE")
        answering = asyncio.create_task(post(good))
        await asyncio.sleep(0.5)
        assert not answering.done(), "it was answered before it could be kept"
        locked.execute("ROLLBACK")
        locked.close()
        assert await answering == 200
        assert books.handled_updates() == {1}
        assert await post(good) == 200
        assert books.handled_updates() == {1}
    assert await rekan.stop() == 0
    assert len(person.inbox) == 1
