"""The control surface and the pages, over HTTP."""

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from typing import Any

import aiohttp
import pytest

from bot.clock import SimulatedClock, SystemClock
from bot.simulator import DEFAULT_TOKEN, Limits, Person, Simulator
from tests.simulator.conftest import Caller, png

GROUPS = "group, supergroup, channel"
FAULTS = "Retry429, ServerError, Refusal, TimeoutBefore, TimeoutAfter, DropBefore, DropAfter"


class Control:
    """Another process, as it were."""

    def __init__(self, sim: Simulator, session: aiohttp.ClientSession) -> None:
        self.sim, self.session = sim, session

    async def __call__(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        url = f"{self.sim.address}/control/{path}"
        async with self.session.request(method, url, json=body) as response:
            answer = await response.json()
            assert response.status == status, answer
            return answer


@pytest.fixture
async def control(sim: Simulator) -> AsyncIterator[Control]:
    async with aiohttp.ClientSession() as session:
        yield Control(sim, session)


async def test_somebody_acts_from_outside(call: Caller, control: Control) -> None:
    person = await control("POST", "people", {"user_id": 7, "first_name": "Budi"})
    assert person["first_name"] == "Budi"
    sent = await control("POST", "people/7/send", {"text": "/start kode"})
    assert (sent["text"], sent["from_bot"]) == ("/start kode", False)
    await control("POST", "people/7/edit", {"message_id": sent["message_id"], "text": "/start kode2"})
    keyboard = {"inline_keyboard": [[{"text": "Ya", "callback_data": "y"}]]}
    asked = await call.result(
        "sendMessage", chat_id=7, text="<b>?</b>", parse_mode="HTML", reply_markup=keyboard
    )
    tapped = await control("POST", "people/7/tap", {"message_id": asked["message_id"], "button": "Ya"})
    poll = await call.result("sendPoll", chat_id=7, question="?", options=["a", "b"], is_anonymous=False)
    await control("POST", "people/7/vote", {"message_id": poll["message_id"], "options": [1]})
    await control("POST", "people/7/retract", {"message_id": poll["message_id"]})
    data = base64.b64encode(png()).decode()
    await control("POST", "people/7/photo", {"data": data, "caption": "foto"})
    await control("POST", "people/7/document", {"data": data, "name": "a.png"})
    await control("POST", "people/7/location", {"latitude": 1, "longitude": 2})
    await control("POST", "people/7/contact", {"phone_number": "+62"})
    await control("POST", "people/7/poll", {"question": "?", "options": ["a", "b"], "correct": [0]})
    await control("POST", "people/7/voice", {"data": data})
    await control("POST", "people/7/block", {})
    await control("POST", "people/7/send", {"text": "x"}, status=409)
    await control("POST", "people/7/unblock", {})
    updates = await call.updates()
    assert [list(update)[1] for update in updates] == [
        "message",
        "edited_message",
        "callback_query",
        "poll",
        "poll_answer",
        "poll",
        "poll_answer",
        *["message"] * 6,
        "my_chat_member",
        "my_chat_member",
    ]
    assert updates[2]["callback_query"]["id"] == tapped["callback_query_id"]
    chat = await control("GET", "people/7/chat?after=1")
    question = chat["messages"][0]
    assert question["keyboard"] == [[{"text": "Ya", "data": "y", "url": None}]]
    assert question["entities"] == [{"type": "bold", "offset": 0, "length": 1}]
    photo = chat["messages"][2]["file"]
    async with control.session.get(f"{control.sim.address}/control/files/{photo['file_key']}") as response:
        assert await response.read() == png()


async def test_groups_from_outside(call: Caller, control: Control, ani: Person) -> None:
    group = await control("POST", "chats", {"title": "Kelompok", "owner": 101})
    path = f"chats/{group['chat_id']}"
    await control("POST", f"{path}/add_bot", {"by": 101})
    await control("POST", "people", {"user_id": 102})
    await control("POST", f"{path}/add", {"user_id": 102})
    await control("POST", "people/102/send", {"text": "/halo", "chat_id": group["chat_id"]})
    new = await control("POST", f"{path}/upgrade", {})
    assert new["kind"] == "supergroup"
    assert (await control("GET", path))["upgraded_to"] == new["chat_id"]
    assert [chat["title"] for chat in await control("GET", "chats")] == ["Kelompok", "Kelompok"]


async def test_faults_counters_and_calls_from_outside(call: Caller, control: Control, ani: Person) -> None:
    rule = await control(
        "POST", "faults", {"kind": "Retry429", "seconds": 9, "method": "sendMessage", "times": 1}
    )
    assert (rule["kind"], rule["seconds"], rule["times"]) == ("Retry429", 9, 1)
    assert len(await control("GET", "faults")) == 1
    assert (await call.refusal("sendMessage", chat_id=101, text="a")).startswith("429")
    assert await control("GET", "faults") == []
    await control("POST", "faults", {"kind": "ServerError", "code": 500, "times": None, "probability": 0.5})
    await control("DELETE", "faults")
    state = await control("GET", "state")
    assert (state["refused_429"], state["faults"], state["people"]) == (1, {"Retry429": 1}, 1)
    calls = await control("GET", "calls?method=sendMessage")
    assert [(made["method"], made["ok"], made["error_code"]) for made in calls["calls"]] == [
        ("sendMessage", False, 429)
    ]
    assert (await control("GET", f"calls?after={calls['next']}"))["calls"] == []
    await control("POST", "faults", {"kind": "Refusal", "code": 403, "description": "Forbidden: no"})
    assert await call.refusal("sendMessage", chat_id=101, text="a") == "403 Forbidden: no"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "error"),
    [
        ("GET", "people/5/chat", None, 404, "there is no person 5"),
        ("POST", "people/101/dance", {}, 404, "there is no action 'dance'"),
        ("POST", "people/101/send", [], 400, "the body must be a JSON object"),
        ("POST", "people/101/send", {}, 400, "text is a text"),
        ("POST", "people/101/send", {"text": "a", "chat_id": 5}, 404, "there is no chat 5"),
        ("POST", "people/101/send", {"text": " "}, 409, "an empty message can't be sent"),
        (
            "POST",
            "people/101/send",
            {"text": "<b>", "parse_mode": "HTML"},
            400,
            "Bad Request: can't parse entities: Can't find end tag corresponding to start tag \"b\"",
        ),
        ("POST", "people/101/photo", {"data": "?"}, 400, "data is base64"),
        ("POST", "people/101/photo", {"data": "eA=="}, 400, "Bad Request: IMAGE_PROCESS_FAILED"),
        (
            "POST",
            "people/101/vote",
            {"message_id": 1, "options": "a"},
            400,
            "options is a list of whole numbers",
        ),
        ("POST", "people/101/vote", {"message_id": 1, "options": [0]}, 409, "this message is no poll"),
        (
            "POST",
            "people/101/tap",
            {"message_id": 1, "data": "x"},
            409,
            "no such button (x); there are: none",
        ),
        ("POST", "people", {"user_id": "x"}, 400, "user_id is a whole number"),
        ("POST", "people", {"user_id": 5, "first_name": 6}, 400, "first_name is a text"),
        ("POST", "chats", {"title": "a", "owner": 101, "kind": "x"}, 400, f"kind is one of {GROUPS}"),
        ("POST", "faults", {"kind": "Flood"}, 400, f"kind is one of {FAULTS}"),
        ("POST", "faults", {"kind": "ServerError", "code": "x"}, 400, "code is a whole number"),
        ("GET", "calls?after=x", None, 400, "after is a whole number"),
    ],
)
async def test_nonsense_is_told(
    method: str, path: str, body: Any, status: int, error: str, control: Control, ani: Person
) -> None:
    assert await control(method, path, body, status) == {"error": error}


async def test_a_form_of_another_site_can_do_nothing(sim: Simulator, control: Control, ani: Person) -> None:
    url = f"{sim.address}/control/people/101/send"
    async with control.session.post(
        url, data='{"text":"a"}', headers={"Content-Type": "text/plain"}
    ) as response:
        assert response.status == 400
    assert len(ani.chat) == 1


async def test_time_from_outside(clock: SimulatedClock, control: Control) -> None:
    assert (await control("GET", "clock")) == {
        "simulated": True,
        "now": "2026-11-09T01:00:00+00:00",
        "paused": False,
        "speed": None,
    }
    await control("POST", "clock", {"paused": True, "speed": 60})
    assert (clock.paused, clock.speed) == (True, 60.0)
    await control("POST", "clock", {"paused": False, "speed": 0})
    assert (clock.paused, clock.speed) == (False, None)
    await control("POST", "clock", {"speed": -1}, status=400)
    async with Simulator(SystemClock()) as real, aiohttp.ClientSession() as session:
        outside = Control(real, session)
        assert (await outside("GET", "clock"))["simulated"] is False
        await outside("POST", "clock", {"paused": True}, status=409)


async def test_changes_stream_as_they_happen(
    call: Caller, sim: Simulator, control: Control, ani: Person
) -> None:
    async with control.session.get(f"{sim.address}/control/people/101/events") as response:
        assert response.headers["Content-Type"] == "text/event-stream"
        assert await response.content.readline() == b": hello\n"
        await response.content.readline()
        await ani.send("halo")
        await sim.person(102).send("bukan untuk Ani")
        await call.result("sendMessage", chat_id=101, text="hai")
        seen = []
        for _ in range(2):
            line = await asyncio.wait_for(response.content.readline(), 5)
            seen.append(json.loads(line.removeprefix(b"data: ")))
            await response.content.readline()
    assert [(change["kind"], change["message"]["text"], change["by_bot"]) for change in seen] == [
        ("message", "halo", False),
        ("message", "hai", True),
    ]


class Outline(HTMLParser):
    """Which files a page asks for, and which words its script must know."""

    def __init__(self) -> None:
        super().__init__()
        self.files: list[str] = []
        self.words: set[str] = set()
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in ("script", "link", "img"):
            self.files.append(given.get("src") or given.get("href", ""))
        self.words |= {value for name, value in given.items() if name.startswith("data-t")}
        self.inline += [name for name in given if name.startswith("on") or name == "style"]


@pytest.mark.parametrize("path", ["/people", "/people/101"])
async def test_pages_need_nothing_from_elsewhere(
    path: str, sim: Simulator, control: Control, ani: Person
) -> None:
    async with control.session.get(f"{sim.address}{path}") as response:
        assert response.status == 200
        policy = response.headers["Content-Security-Policy"]
        outline = Outline()
        outline.feed(await response.text())
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert outline.inline == []
    texts = ""
    for file in outline.files:
        assert file.startswith("/pages/")
        async with control.session.get(f"{sim.address}{file}") as response:
            assert response.status == 200
            texts += await response.text()
    assert "innerHTML" not in texts
    for word in outline.words:
        assert len(re.findall(rf"\b{word}: \"", texts)) == 2, f"{word} in both languages"


async def test_the_root_leads_to_the_list(sim: Simulator, control: Control) -> None:
    async with control.session.get(sim.address) as response:
        assert response.url.path == "/people"


async def test_the_default_token_opens_the_default_bot() -> None:
    async with Simulator(SystemClock(), limits=Limits.off()) as sim:
        assert sim.token == DEFAULT_TOKEN
        assert sim.base_url == f"{sim.address}/bot"
