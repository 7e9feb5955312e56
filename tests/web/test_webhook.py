import asyncio
import io
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

import aiohttp
import pytest
from structlog.testing import capture_logs

from bot.clock import SystemClock
from bot.domain.events import Event, Sender, Wrote
from bot.simulator import Limits, ServerError, Simulator
from bot.telegram.client import Client, set_webhook
from bot.telegram.errors import WebhookRefusedError
from bot.telegram.events import read_json
from bot.telegram.pauses import Pauses
from bot.web.server import CannotListenError, Checks, Finding, serving
from bot.web.webhook import HELD, LARGEST, Webhook
from tests.web.conftest import get

SECRET = "Rahasia-_1"
SENT = datetime(2027, 1, 15, 8, tzinfo=UTC)
UPDATE = {
    "update_id": 7,
    "message": {
        "message_id": 5,
        "date": int(SENT.timestamp()),
        "chat": {"id": 11, "type": "private"},
        "from": {"id": 11, "is_bot": False, "first_name": "Anna"},
        "text": "satu",
    },
}


@dataclass
class Endpoint:
    url: str
    taken: list[tuple[int, Event]] = field(default_factory=list)
    failures: int = 0
    open: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    answer: dict[str, str] | None = None

    async def take(self, update_id: int, event: Event) -> dict[str, str] | None:
        self.arrived.set()
        await self.open.wait()
        if self.failures:
            self.failures -= 1
            raise OSError("disk full")
        self.taken.append((update_id, event))
        return self.answer

    async def ready(self) -> Mapping[str, Finding]:
        return {}


def app(endpoint: Endpoint, *, held: int = HELD) -> Webhook:
    rest = Checks(alive=lambda: Finding(True, "ok"), ready=endpoint.ready)
    return Webhook(
        "/telegram", SECRET, partial(read_json, username="rekan_bot"), endpoint.take, rest, held=held
    )


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    endpoint = Endpoint("")
    endpoint.open.set()
    async with serving(app(endpoint), "127.0.0.1:0") as address:
        endpoint.url = address
        yield endpoint


async def post(endpoint: Endpoint, body: bytes, secret: str | None = SECRET) -> tuple[int, str]:
    headers = {} if secret is None else {"X-Telegram-Bot-Api-Secret-Token": secret}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{endpoint.url}/telegram", data=io.BytesIO(body), headers=headers) as response,
    ):
        return response.status, await response.text()


async def test_an_update_is_answered_once_it_is_taken(endpoint: Endpoint) -> None:
    endpoint.open.clear()
    answer = asyncio.create_task(post(endpoint, json.dumps(UPDATE).encode()))
    await endpoint.arrived.wait()
    assert not answer.done()
    endpoint.open.set()
    assert await answer == (200, "")
    assert [update_id for update_id, _ in endpoint.taken] == [7]


async def test_the_answer_may_carry_a_call(endpoint: Endpoint) -> None:
    endpoint.answer = {"method": "answerCallbackQuery", "callback_query_id": "1"}
    status, said = await post(endpoint, json.dumps(UPDATE).encode())
    assert (status, json.loads(said)) == (200, endpoint.answer)


async def test_a_flood_is_turned_away_rather_than_heaped_up() -> None:
    endpoint = Endpoint("")
    async with serving(app(endpoint, held=3), "127.0.0.1:0") as endpoint.url:
        body = json.dumps(UPDATE).encode()
        posts = [asyncio.create_task(post(endpoint, body)) for _ in range(50)]
        done, waiting = await asyncio.wait(posts, timeout=10, return_when=asyncio.FIRST_COMPLETED)
        while len(done) < 47:
            more, waiting = await asyncio.wait(waiting, timeout=10, return_when=asyncio.FIRST_COMPLETED)
            assert more
            done |= more
        assert {await each for each in done} == {(503, "")}
        endpoint.open.set()
        assert [await each for each in waiting] == [(200, "")] * 3
        assert await post(endpoint, body) == (200, "")  # there is room again


async def test_half_a_surrogate_pair_is_read(endpoint: Endpoint) -> None:
    message = {**UPDATE["message"], "text": "a\ud83d"}  # type: ignore[dict-item] - a message is a mapping
    assert await post(endpoint, json.dumps({**UPDATE, "message": message}).encode()) == (200, "")
    assert [event for _, event in endpoint.taken] == [Wrote(Sender(11), 5, "a?", sent=SENT)]


async def test_what_is_not_taken_is_to_come_again(endpoint: Endpoint) -> None:
    endpoint.failures = 1
    with capture_logs() as logs:
        assert await post(endpoint, json.dumps(UPDATE).encode()) == (503, "")
    assert logs[0]["event"] == "update not taken, it stays with Telegram"
    assert await post(endpoint, json.dumps(UPDATE).encode()) == (200, "")


@pytest.mark.parametrize("secret", [None, "", "rahasia-_1", "Rahasia-_1 x", "é"])
async def test_without_the_secret_there_is_nothing_to_learn(endpoint: Endpoint, secret: str | None) -> None:
    assert await post(endpoint, json.dumps(UPDATE).encode(), secret) == (401, "")
    assert await post(endpoint, b"x" * (LARGEST + 1), secret) == (401, "")
    assert endpoint.taken == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"[]", 400),
        (b"{}", 400),
        (b'{"update_id": "7"}', 400),
        (b"[" * 100_000, 400),
        (b'{"update_id": 7, "x": "' + b"x" * LARGEST + b'"}', 413),
        (b'{"update_id": 7}', 200),
        (b'{"update_id": 7, "message": {"strange": 1}}', 200),
    ],
)
async def test_whatever_is_posted_gets_its_answer(endpoint: Endpoint, body: bytes, status: int) -> None:
    with capture_logs():
        assert (await post(endpoint, body))[0] == status
    assert endpoint.taken == []


async def test_other_ways_and_methods_do_not_exist(endpoint: Endpoint) -> None:
    assert (await get(endpoint.url, "/telegram"))[0] == 405
    assert (await get(endpoint.url, "/"))[0] == 404


async def test_a_request_under_way_is_answered_before_the_server_stops() -> None:
    endpoint = Endpoint("")
    async with serving(app(endpoint), "127.0.0.1:0") as endpoint.url:
        answer = asyncio.create_task(post(endpoint, json.dumps(UPDATE).encode()))
        await endpoint.arrived.wait()
        asyncio.get_running_loop().call_later(0.05, endpoint.open.set)
    assert await answer == (200, "")


async def test_an_address_in_use_is_a_sentence(endpoint: Endpoint) -> None:
    listen = endpoint.url.removeprefix("http://")
    with pytest.raises(CannotListenError, match=f"cannot listen on {listen}: .*in use"):
        async with serving(Checks(alive=lambda: Finding(True, "ok"), ready=endpoint.ready), listen):
            pass
    with pytest.raises(CannotListenError):
        async with serving(Checks(alive=lambda: Finding(True, "ok"), ready=endpoint.ready), "127.0.0.1:http"):
            pass


def test_no_webhook_without_a_secret() -> None:
    with pytest.raises(ValueError, match="without a secret"):
        Webhook("/telegram", "", lambda _: None, Endpoint("").take, rest=app(Endpoint("")))


async def test_telegram_delivers_in_order_and_again_after_a_failure(endpoint: Endpoint) -> None:
    endpoint.failures = 1
    async with (
        Simulator(SystemClock(), limits=Limits.off()) as telegram,
        Client(telegram.token, telegram.base_url) as bot,
    ):
        await set_webhook(bot, f"{endpoint.url}/telegram", SECRET, max_connections=10)
        anna = telegram.person(11)
        with capture_logs():
            await anna.send("satu")
            await anna.send("dua")
            await telegram.idle()
    assert [event.text for _, event in endpoint.taken if isinstance(event, Wrote)] == ["satu", "dua"]


async def test_an_address_that_telegram_refuses_is_a_sentence() -> None:
    async with (
        Simulator(SystemClock(), limits=Limits.off()) as telegram,
        Client(telegram.token, telegram.base_url) as bot,
    ):
        telegram.faults.add("setWebhook", kind=ServerError(502))
        with (
            capture_logs() as logs,
            pytest.raises(WebhookRefusedError, match=r"ftp://x \(telegram.webhook.url"),
        ):
            await set_webhook(bot, "ftp://x", SECRET, pauses=Pauses(first=0.001))
    assert [log["event"] for log in logs] == ["Telegram does not answer"]
