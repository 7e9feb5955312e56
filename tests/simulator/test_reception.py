"""How updates reach a bot: polling, conflicts, expiry, webhooks."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from bot.clock import SimulatedClock
from bot.simulator import Person, Simulator
from tests.simulator.conftest import Caller

KEYBOARD = {"inline_keyboard": [[{"text": "Ya", "callback_data": "y"}]]}


async def texts(call: Caller, **params: Any) -> list[str]:
    return [update["message"]["text"] for update in await call.updates(**params)]


async def test_updates_stay_until_a_higher_offset_confirms_them(
    call: Caller, sim: Simulator, ani: Person
) -> None:
    for number in range(5):
        await ani.send(f"pesan {number}")
    first = await call.updates(limit=2)
    assert [update["message"]["text"] for update in first] == ["pesan 0", "pesan 1"]
    assert await call.updates(limit=2) == first
    assert await texts(call, offset=first[-1]["update_id"] + 1) == ["pesan 2", "pesan 3", "pesan 4"]
    assert sim.pending_updates() == 3
    assert await texts(call, offset=-1) == ["pesan 4"]
    assert sim.pending_updates() == 1
    assert await texts(call, offset=2**31 - 1) == []


async def test_a_long_poll_ends_with_the_first_update(call: Caller, sim: Simulator, ani: Person) -> None:
    poll = asyncio.create_task(texts(call, timeout=30))
    await asyncio.sleep(0.05)
    assert not poll.done()
    await ani.send("halo")
    await ani.send("lagi")
    assert await asyncio.wait_for(poll, 5) == ["halo", "lagi"]


async def test_a_long_poll_ends_empty_in_real_time(call: Caller, clock: SimulatedClock) -> None:
    before = clock.now()
    assert await call.updates(timeout=1) == []
    assert clock.now() == before


async def test_a_second_poller_ends_the_first(call: Caller, ani: Person) -> None:
    older = asyncio.create_task(call("getUpdates", timeout=30))
    await asyncio.sleep(0.05)
    younger = asyncio.create_task(call("getUpdates", timeout=30))
    assert await asyncio.wait_for(older, 5) == {
        "ok": False,
        "error_code": 409,
        "description": "Conflict: terminated by other getUpdates request; "
        "make sure that only one bot instance is running",
    }
    await ani.send("halo")
    assert len((await asyncio.wait_for(younger, 5))["result"]) == 1


async def test_a_poller_that_hangs_up_is_gone(call: Caller, ani: Person) -> None:
    poll = asyncio.create_task(call("getUpdates", timeout=30))
    await asyncio.sleep(0.05)
    poll.cancel()
    await asyncio.sleep(0.05)
    await ani.send("halo")
    assert await texts(call, timeout=30) == ["halo"]


async def test_a_bot_gets_what_it_asked_for_last(call: Caller, sim: Simulator, ani: Person) -> None:
    await call.updates(allowed_updates=["message"])
    first = await ani.send("halo")
    await ani.edit(first, "hai")
    await call.updates()
    await ani.edit(first, "hei")
    assert [list(update)[1] for update in await call.updates(allowed_updates=[])] == ["message"]
    await ani.edit(first, "hoi")
    assert [list(update)[1] for update in await call.updates()] == ["message", "edited_message"]
    assert "edited_message" not in ((await call.result("getWebhookInfo")).get("allowed_updates") or [])


async def test_a_tap_lives_150_seconds_and_a_message_a_day(
    call: Caller, clock: SimulatedClock, sim: Simulator, ani: Person
) -> None:
    asked = await call.result("sendMessage", chat_id=101, text="?", reply_markup=KEYBOARD)
    quiz: dict[str, Any] = {"type": "quiz", "correct_option_ids": [0], "is_anonymous": False}
    poll = await call.result("sendPoll", chat_id=101, question="?", options=["a", "b"], **quiz)
    await ani.send("halo")
    await ani.tap(asked["message_id"], "Ya")
    await ani.vote(poll["message_id"], [0])
    sim.world.bots[sim.token].updates.let_go()  # as if the bot had been away
    await clock.advance_to(clock.now() + timedelta(seconds=149))
    kinds = [list(update)[1] for update in await call.updates()]
    assert kinds == ["message", "callback_query", "poll", "poll_answer"]
    sim.world.bots[sim.token].updates.let_go()
    await clock.advance_to(clock.now() + timedelta(seconds=1))
    assert [list(update)[1] for update in await call.updates()] == ["message", "poll", "poll_answer"]
    sim.world.bots[sim.token].updates.let_go()
    await clock.advance_to(clock.now() + timedelta(hours=24))
    assert await call.updates() == []
    assert sim.state()["expired_updates"] == {"7000000001": 4}


async def test_a_tap_is_answered_once_and_in_time(
    call: Caller, clock: SimulatedClock, sim: Simulator, ani: Person
) -> None:
    heard: list[tuple[str, str, bool]] = []
    sim.subscribe(lambda delivery: heard.append((delivery.kind, delivery.text, delivery.show_alert)))
    asked = await call.result("sendMessage", chat_id=101, text="?", reply_markup=KEYBOARD)
    tap = await ani.tap(asked["message_id"], data="y")
    (update,) = await call.updates()
    query = update["callback_query"]
    assert (query["id"], query["data"], query["message"]["text"]) == (tap, "y", "?")
    assert (
        await call.result("answerCallbackQuery", callback_query_id=tap, text="Baik", show_alert=True) is True
    )
    assert heard == [("message", "", False), ("callback_answer", "Baik", True)]
    old = "400 Bad Request: query is too old and response timeout expired or query ID is invalid"
    assert await call.refusal("answerCallbackQuery", callback_query_id=tap) == old
    late = await ani.tap(asked["message_id"], "Ya")
    sim.world.bots[sim.token].updates.let_go()
    await clock.advance_to(clock.now() + timedelta(seconds=151))
    assert await call.refusal("answerCallbackQuery", callback_query_id=late) == old


class Endpoint:
    """A bot's webhook: records what comes, answers what it is told to."""

    def __init__(self) -> None:
        self.url = ""
        self.got: list[dict[str, Any]] = []
        self.headers: list[str | None] = []
        self.statuses: list[int] = []
        self.answer: dict[str, Any] | None = None
        self.gate: asyncio.Event | None = None
        self.under_way = self.most_under_way = 0
        self.arrived = asyncio.Event()

    async def handle(self, request: web.Request) -> web.Response:
        self.under_way += 1
        self.most_under_way = max(self.under_way, self.most_under_way)
        self.got.append(await request.json())
        self.headers.append(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        self.arrived.set()
        if self.gate is not None:
            await self.gate.wait()
        self.under_way -= 1
        status = self.statuses.pop(0) if self.statuses else 200
        return web.json_response(self.answer, status=status) if self.answer else web.Response(status=status)

    def texts(self) -> list[str]:
        return [update["message"]["text"] for update in self.got]


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    made = Endpoint()
    app = web.Application()
    app.router.add_post("/hook", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield made
    await runner.cleanup()


async def test_a_webhook_gets_updates_in_order_with_the_secret(
    call: Caller, sim: Simulator, ani: Person, endpoint: Endpoint
) -> None:
    await ani.send("satu")
    answer = await call("setWebhook", url=endpoint.url, secret_token="rahasia", max_connections=2)
    assert answer == {"ok": True, "result": True, "description": "Webhook was set"}
    await ani.send("dua")
    await ani.send("tiga")
    await sim.idle()
    assert endpoint.texts() == ["satu", "dua", "tiga"]
    assert endpoint.headers == ["rahasia"] * 3
    info = await call.result("getWebhookInfo")
    assert (info["url"], info["pending_update_count"], info["max_connections"]) == (endpoint.url, 0, 2)
    assert "last_error_message" not in info
    assert (await call("setWebhook", url=endpoint.url, secret_token="rahasia", max_connections=2))[
        "description"
    ] == "Webhook is already set"
    assert await call.refusal("getUpdates") == (
        "409 Conflict: can't use getUpdates method while webhook is active; "
        "use deleteWebhook to delete the webhook first"
    )
    assert (await call("deleteWebhook"))["description"] == "Webhook was deleted"
    await ani.send("empat")
    assert await texts(call) == ["empat"]
    assert (await call("deleteWebhook", drop_pending_updates=True))[
        "description"
    ] == "Webhook is already deleted"
    assert await texts(call) == []


async def test_setting_a_webhook_ends_an_open_poll(call: Caller, endpoint: Endpoint) -> None:
    poll = asyncio.create_task(call("getUpdates", timeout=30))
    await asyncio.sleep(0.05)
    await call("setWebhook", url=endpoint.url)
    answer = await asyncio.wait_for(poll, 5)
    assert answer["description"] == "Conflict: terminated by setWebhook request"


async def test_one_chat_at_a_time_many_chats_at_once(
    call: Caller, sim: Simulator, ani: Person, endpoint: Endpoint
) -> None:
    endpoint.gate = asyncio.Event()
    await call("setWebhook", url=endpoint.url, max_connections=3)
    people = [sim.person(200 + number) for number in range(5)]
    for person in people:
        await person.send("a")
        await person.send("b")
    while len(endpoint.got) < 3:  # noqa: ASYNC110  # the endpoint's event rings for each
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    assert endpoint.texts() == ["a"] * 3, "no second message of a chat before its first is accepted"
    endpoint.gate.set()
    await sim.idle()
    assert endpoint.most_under_way == 3
    for person in people:
        mine = [
            update["message"]["text"]
            for update in endpoint.got
            if update["message"]["chat"]["id"] == person.id
        ]
        assert mine == ["a", "b"]


async def test_a_refused_update_is_sent_again_with_doubling_delays(
    call: Caller, clock: SimulatedClock, sim: Simulator, ani: Person, endpoint: Endpoint
) -> None:
    endpoint.statuses = [500] * 5
    await call("setWebhook", url=endpoint.url)
    begun = clock.now()
    await ani.send("a")
    attempts: list[float] = []
    for _ in range(6):
        await asyncio.wait_for(endpoint.arrived.wait(), 5)
        endpoint.arrived.clear()
        attempts.append((clock.now() - begun).total_seconds())
        await asyncio.sleep(0.02)
        if len(attempts) >= 2:
            await clock.advance_to(clock.now() + timedelta(seconds=2 ** (len(attempts) - 1)))
        else:
            await clock.advance_to(clock.now())
    assert attempts == [0, 0, 2, 6, 14, 30]
    await sim.idle()
    info = await call.result("getWebhookInfo")
    assert info["last_error_message"] == "Wrong response from the webhook: 500 Internal Server Error"
    assert {update["update_id"] for update in endpoint.got} == {endpoint.got[0]["update_id"]}


async def test_a_webhook_may_answer_with_a_method(
    call: Caller, sim: Simulator, ani: Person, endpoint: Endpoint
) -> None:
    endpoint.answer = {"method": "sendMessage", "chat_id": 101, "text": "<b>jawab</b>", "parse_mode": "HTML"}
    await call("setWebhook", url=endpoint.url)
    await ani.send("tanya")
    await sim.idle()
    assert [message.text for message in ani.inbox] == ["jawab"]


async def test_a_webhook_that_is_down_gets_everything_later(
    call: Caller, clock: SimulatedClock, sim: Simulator, ani: Person
) -> None:
    late = Endpoint()
    app = web.Application()
    app.router.add_post("/hook", late.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    holder = web.TCPSite(runner, "127.0.0.1", 0)
    await holder.start()
    port = runner.addresses[0][1]
    await holder.stop()
    await call("setWebhook", url=f"http://127.0.0.1:{port}/hook")
    await ani.send("halo")
    await asyncio.sleep(0.05)
    assert sim.pending_updates() == 1
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await clock.advance_to(clock.now() + timedelta(minutes=2))
    await sim.idle()
    assert late.texts() == ["halo"]
    await call("deleteWebhook")
    await runner.cleanup()
