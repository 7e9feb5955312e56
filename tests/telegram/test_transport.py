import asyncio
import logging

import pytest
import uvloop
from aiohttp import web
from aiohttp.test_utils import TestServer
from telegram import InputFile
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, TelegramError, TimedOut

from bot.telegram.client import Client, introduce
from bot.telegram.errors import AnswerLostError, HoldBackError, NeverSentError, TokenRefusedError, redact
from bot.telegram.pauses import Pauses
from bot.telegram.transport import AiohttpRequest
from tests.ports import reserved
from tests.telegram.scripted_api import TOKEN, Scripted


async def refused(client: Client) -> TelegramError:
    with pytest.raises(TelegramError) as caught:
        await client.call("sendMessage", {"chat_id": 1, "text": "x"})
    assert TOKEN not in f"{caught.value!r}{caught.value}{caught.value.__cause__!r}"
    return caught.value


async def test_parameters_arrive_as_json(server: Scripted, client: Client) -> None:
    server.give({"message_id": 5})
    markup = {"inline_keyboard": [[{"text": "Ya", "callback_data": "a:b:c"}]]}
    params = {"chat_id": 1, "text": "Ya & é 😀", "reply_markup": markup, "is_anonymous": False}
    assert await client.call("sendMessage", params) == {"message_id": 5}
    assert server.asked == [("sendMessage", params)]


async def test_behind_a_proxy_they_arrive_as_a_form(
    server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.invalid:3128")  # not for this http:// address
    server.give({"message_id": 5})
    async with Client(TOKEN, server.url, trust_env=True) as client:
        assert await client.call("sendMessage", {"chat_id": 1, "reply_markup": {"x": [1]}}) == {
            "message_id": 5
        }
    assert server.asked[-1] == ("sendMessage", {"chat_id": "1", "reply_markup": '{"x":[1]}'})


async def test_a_file_arrives_with_its_name_and_kind(server: Scripted, client: Client) -> None:
    server.give({"message_id": 5})
    document = InputFile(b"BEGIN:VCALENDAR\r\n", filename="hari-1.ics")
    await client.call("sendDocument", {"chat_id": 1, "document": document, "caption": "é"})
    _, fields = server.asked[0]
    assert fields["document"] == ("hari-1.ics", "text/calendar", b"BEGIN:VCALENDAR\r\n")
    assert (fields["chat_id"], fields["caption"]) == ("1", "é")


@pytest.mark.parametrize(
    ("status", "description", "parameters", "error"),
    [
        (400, "Bad Request: chat not found", {}, BadRequest),
        (400, "Bad Request: group chat was upgraded", {"migrate_to_chat_id": -100}, ChatMigrated),
        (401, "Unauthorized", {}, TokenRefusedError),
        (403, "Forbidden: bot was blocked by the user", {}, Forbidden),
        (404, "Not Found", {}, TokenRefusedError),
        (409, "Conflict: terminated by other getUpdates request", {}, Conflict),
        (429, "Too Many Requests: retry after 7", {"retry_after": 7}, HoldBackError),
        (429, "Too Many Requests", {}, HoldBackError),
        (500, "Internal Server Error", {}, AnswerLostError),
        (502, "Bad Gateway", {}, AnswerLostError),
        (503, "Service Unavailable", {}, NeverSentError),
    ],
)
async def test_the_servers_answers(
    server: Scripted,
    client: Client,
    status: int,
    description: str,
    parameters: dict[str, int],
    error: type[TelegramError],
) -> None:
    server.refuse(status, description, **parameters)
    caught = await refused(client)
    assert type(caught) is error
    if isinstance(caught, HoldBackError):
        assert caught.seconds == parameters.get("retry_after", 5)


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 407])
async def test_a_proxy_in_between_does_not_speak_for_telegram(
    server: Scripted, client: Client, status: int
) -> None:
    server.answer(status, None, text="<html>Halaman ini diblokir</html>")
    assert type(await refused(client)) is NeverSentError


@pytest.mark.parametrize(
    ("status", "text"), [(200, "<html>Selamat datang di hotel</html>"), (502, "<html>502</html>")]
)
async def test_what_may_have_been_done_is_in_doubt(
    server: Scripted, client: Client, status: int, text: str
) -> None:
    server.answer(status, None, text=text)
    assert type(await refused(client)) is AnswerLostError


async def test_a_dropped_connection_is_in_doubt(server: Scripted, client: Client) -> None:
    server.drop()
    assert type(await refused(client)) is AnswerLostError


async def test_no_answer_in_time_is_in_doubt(server: Scripted) -> None:
    request = AiohttpRequest(read_timeout=0.05)
    async with request:
        server.hang()
        with pytest.raises(TimedOut) as caught:
            await request.post(f"{server.url}/bot{TOKEN}/sendMessage")
    assert TOKEN not in repr(caught.value)


async def test_no_connection_means_never_sent() -> None:
    port = reserved()
    async with AiohttpRequest() as request:
        with pytest.raises(NeverSentError) as caught:
            await request.post(f"http://127.0.0.1:{port}/bot{TOKEN}/sendMessage")
        with pytest.raises(NeverSentError):
            await request.post(f"not-an-address/bot{TOKEN}/sendMessage")
    assert TOKEN not in f"{caught.value!r}"


async def test_a_full_pool_means_never_sent(server: Scripted) -> None:
    async with AiohttpRequest(connections=1, connect_timeout=0.03, pool_timeout=0.03) as request:
        server.hang()
        address = f"{server.url}/bot{TOKEN}/sendMessage"
        holding = asyncio.create_task(request.post(address))
        await server.reached.wait()
        with pytest.raises(NeverSentError):
            await request.post(address)
        holding.cancel()
        await asyncio.gather(holding, return_exceptions=True)


async def test_after_shutdown_nothing_is_sent(client: Client) -> None:
    await client.shutdown()
    assert type(await refused(client)) is NeverSentError


def test_it_runs_under_uvloop_too() -> None:
    async def talk() -> object:
        async def answer(_request: web.Request) -> web.Response:
            return web.json_response({"ok": True, "result": 1})

        app = web.Application()
        app.router.add_post("/{path:.*}", answer)
        async with TestServer(app) as running, AiohttpRequest() as request:
            return await request.post(str(running.make_url(f"/bot{TOKEN}/getMe")))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(talk()) == 1


async def test_half_a_surrogate_pair_is_read_all_the_same(server: Scripted, client: Client) -> None:
    server.answer(200, None, text='{"ok": true, "result": "\\ud83d"}')
    assert await client.call("getX", {}) == "\ud83d"


async def test_the_token_is_told_nowhere(server: Scripted, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client = Client(TOKEN, server.url)
    server.usual.clear()
    server.refuse(401, "Unauthorized")
    with pytest.raises(TokenRefusedError, match="refuses the bot's token") as caught:
        await introduce(client)
    await client.shutdown()
    assert TOKEN not in f"{client!r}{client}{caught.value!r}{caplog.text}"


async def test_a_beginning_without_network_waits_for_it(server: Scripted) -> None:
    server.usual.clear()
    server.answer(502, None, text="Bad Gateway")
    server.give({"id": 1, "is_bot": True, "first_name": "Rekan", "username": "rekan_bot"})
    client = Client(TOKEN, server.url + "/bot")
    await introduce(client, Pauses(first=0.001))
    assert client.username == "rekan_bot"
    await client.shutdown()


def test_addresses_are_shown_without_their_token() -> None:
    assert redact(f"POST https://api.example.invalid/bot{TOKEN}/getMe, 5:x") == (
        "POST https://api.example.invalid/bot<token>/getMe, 5:x"
    )
