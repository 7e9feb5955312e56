"""A Telegram that is only quick: it takes every call, answers it after a set latency, and notes when it came.

It enforces nothing and knows nobody, so that it is never the bottleneck; where limits matter, the strict
simulator (`bot.simulator`) takes its place. It lives in the benchmark's own process, away from the bot's.
"""

import asyncio
import ssl
import time
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import httptools
import orjson

from tests.benchmarks.certificate import Certificate

TOKEN = "7000000001:" + "B" * 35
BOT = {"id": 7_000_000_001, "is_bot": True, "first_name": "Rekan", "username": "rekan_bot"}

MESSAGES = frozenset({"sendmessage", "sendpoll"})
"""The calls that put a message into a chat, by their names in lower case."""


class Call(NamedTuple):
    """One message that the bot has put into a chat."""

    at: float  # seconds of time.monotonic(), when the whole request was there
    chat_id: int
    method: str


@dataclass
class FakeTelegram:
    """Serves inside the `with`; `latency` seconds pass from a call's arrival to its answer's departure."""

    latency: float = 0.0
    certificate: Certificate | None = None
    calls: list[Call] = field(default_factory=list)
    """The messages, in the order of their coming."""
    base_url: str = ""
    hear: Callable[[Call], None] = lambda call: None
    """Called with every message as it comes."""
    _server: asyncio.Server | None = None
    _connections: set["_Connection"] = field(default_factory=set)
    _updates: deque[Mapping[str, Any]] = field(default_factory=deque)
    _last_message: int = 0

    async def __aenter__(self) -> "FakeTelegram":
        context: ssl.SSLContext | None = (
            None if self.certificate is None else self.certificate.server_context()
        )
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self), "127.0.0.1", 0, ssl=context, backlog=1024
        )
        port = self._server.sockets[0].getsockname()[1]
        self.base_url = f"{'http' if context is None else 'https'}://127.0.0.1:{port}/bot"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for connection in list(self._connections):
            connection.close()
        await asyncio.sleep(0)

    def hand_out(self, *updates: Mapping[str, Any]) -> None:
        """Updates for whoever polls."""
        self._updates.extend(updates)
        for connection in self._connections:
            connection.look_for_updates()

    def took(self, method: str, chat_id: int, at: float) -> int:
        """A message has come; its id."""
        call = Call(at, chat_id, method)
        self.calls.append(call)
        self.hear(call)
        self._last_message += 1
        return self._last_message

    def answer(self, method: str, params: Mapping[str, Any], at: float) -> Any:
        """The result of a call."""
        if method in MESSAGES:
            return self._message(method, params, at)
        match method:
            case "getme":
                return BOT
            case "getmycommands":
                return []
            case "getmyshortdescription":
                return {"short_description": ""}
            case "getmydescription":
                return {"description": ""}
            case "getupdates":
                offset = int(params.get("offset", 0))
                while self._updates and self._updates[0]["update_id"] < offset:
                    self._updates.popleft()
                return list(self._updates)
        return True

    def _message(self, method: str, params: Mapping[str, Any], at: float) -> dict[str, Any]:
        chat_id = int(params["chat_id"])
        message_id = self.took(method, chat_id, at)
        message = {
            "message_id": message_id,
            "from": BOT,
            "chat": {"id": chat_id, "first_name": "Peserta", "type": "private"},
            "date": int(time.time()),
        }
        if "reply_markup" in params:
            message["reply_markup"] = _fragment(params["reply_markup"])
        if method == "sendmessage":
            message["text"] = params["text"]
            return message
        options = params["options"]
        message["poll"] = {
            "id": str(5_000_000_000_000_000_000 + message_id),
            "question": params["question"],
            "options": [
                {
                    "persistent_id": str(n),
                    "text": option["text"] if isinstance(option, dict) else option,
                    "voter_count": 0,
                }
                for n, option in enumerate(orjson.loads(options) if isinstance(options, str) else options)
            ],
            "total_voter_count": 0,
            "is_closed": False,
            "is_anonymous": False,
            "type": params.get("type", "regular"),
            "allows_multiple_answers": params.get("allows_multiple_answers") in (True, "true"),
            "allows_revoting": False,
        }
        return message


def most_in_a_second(moments: Sequence[float]) -> int:
    """How many lie in the fullest second; `moments` ascend."""
    return max((bisect_left(moments, moment + 1.0) - n for n, moment in enumerate(moments)), default=0)


class _Connection(asyncio.Protocol):
    """One keep-alive connection; its requests come one after another."""

    def __init__(self, telegram: FakeTelegram) -> None:
        self._telegram = telegram
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._url = self._kind = b""
        self._body: list[bytes] = []
        self._held: tuple[Mapping[str, Any], asyncio.TimerHandle] | None = None  # a getUpdates that waits

    # --- asyncio's

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._telegram._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._telegram._connections.discard(self)
        if self._held is not None:
            self._held[1].cancel()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    # --- httptools'

    def on_message_begin(self) -> None:
        self._url = self._kind = b""
        self._body.clear()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(name) == 12 and name.lower() == b"content-type":
            self._kind = value

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        at = time.monotonic()
        method = self._url.partition(b"?")[0].rpartition(b"/")[2].decode().lower()
        params = _params(self._kind, b"".join(self._body))
        result = self._telegram.answer(method, params, at)
        if method == "getupdates" and not result:
            hold = self._loop.call_later(float(params.get("timeout", 0)), self._give_up)
            self._held = params, hold
            return
        payload = orjson.dumps({"ok": True, "result": result})
        if self._telegram.latency:
            self._loop.call_later(self._telegram.latency, self._write, payload)
        else:
            self._write(payload)

    # --- ours

    def look_for_updates(self) -> None:
        """Answer a call for updates that waits, if there are any now."""
        if self._held is None:
            return
        result = self._telegram.answer("getupdates", self._held[0], 0.0)
        if result:
            self._held[1].cancel()
            self._held = None
            self._write(orjson.dumps({"ok": True, "result": result}))

    def close(self) -> None:
        """Hang up."""
        self._transport.abort()

    def _give_up(self) -> None:
        self._held = None
        self._write(b'{"ok":true,"result":[]}')

    def _write(self, payload: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
                % (len(payload), payload)
            )


def _params(kind: bytes, body: bytes) -> Mapping[str, Any]:
    if kind.startswith(b"application/json"):
        params = orjson.loads(body)
        return params if isinstance(params, dict) else {}
    return dict(parse_qsl(body.decode()))


def _fragment(value: Any) -> Any:
    """A parameter that is JSON in a form's field, as it is."""
    return orjson.Fragment(value) if isinstance(value, str) else value
