"""Telegram's side of a webhook: updates over keep-alive connections, each busy until it is confirmed.

An update is confirmed by a 200; anything else has it handed over again a moment later. A method call in the
answer's body is carried out like any other call, as Telegram does it.
"""

import asyncio
import time
from collections import deque
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import httptools
import orjson

from tests.benchmarks.telegram import MESSAGES, FakeTelegram

CONNECTIONS = 100
"""Telegram's own upper bound (`max_connections`)."""

_AGAIN = 0.1  # seconds before an update that was not confirmed is handed over again


class Webhook:
    """Hands updates to the bot at `url` inside the `with`."""

    def __init__(self, url: str, secret: str, telegram: FakeTelegram, connections: int = CONNECTIONS) -> None:
        parts = urlsplit(url)
        self.confirmed: dict[int, float] = {}
        """When each update, by its id, was confirmed (time.monotonic())."""
        self.refused = 0
        self._telegram = telegram
        self._address = parts.hostname or "127.0.0.1", parts.port or 80
        self._connections = connections
        self._head = (
            f"POST {parts.path} HTTP/1.1\r\nHost: {parts.hostname}\r\nContent-Type: application/json\r\n"
            f"X-Telegram-Bot-Api-Secret-Token: {secret}\r\nContent-Length: "
        ).encode()
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._idle: list[_Connection] = []
        self._all: list[_Connection] = []
        self._wanted = 0
        self._done = asyncio.Event()
        self._reconnecting: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Webhook":
        loop = asyncio.get_running_loop()
        for _ in range(self._connections):
            _, connection = await loop.create_connection(lambda: _Connection(self), *self._address)
            self._all.append(connection)
        self._idle = list(self._all)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        connections, self._all = self._all, []
        for connection in connections:
            connection.close()
        for task in self._reconnecting:
            task.cancel()
        await asyncio.sleep(0)

    def request(self, update: Mapping[str, Any]) -> tuple[int, bytes]:
        """An update's id and the request that hands it over: made before the clock starts."""
        body = orjson.dumps(update)
        return update["update_id"], b"%b%d\r\n\r\n%b" % (self._head, len(body), body)

    def hand_over(self, requests: Sequence[tuple[int, bytes]]) -> None:
        """Hand these over now, as connections are free."""
        self._waiting.extend(requests)
        self._send()

    async def all_confirmed(self, number: int) -> None:
        """Return once so many updates have been confirmed in all."""
        self._wanted = number
        while len(self.confirmed) < number:
            self._done.clear()
            await self._done.wait()

    def answered(self, request: tuple[int, bytes], status: int, body: bytes) -> None:
        """An update has been answered; by status 0, the connection broke instead."""
        if status == 200:
            at = self.confirmed[request[0]] = time.monotonic()
            if body.startswith(b"{"):
                self._carry_out(orjson.loads(body), at)
            if len(self.confirmed) >= self._wanted:
                self._done.set()
        else:
            self.refused += 1
            asyncio.get_running_loop().call_later(_AGAIN, self.hand_over, [request])

    def is_free(self, connection: "_Connection") -> None:
        """The connection may carry the next update."""
        self._idle.append(connection)
        self._send()

    def _carry_out(self, call: Mapping[str, Any], at: float) -> None:
        method = str(call.get("method", "")).lower()
        if method in MESSAGES:
            self._telegram.took(method, int(call["chat_id"]), at)

    def _send(self) -> None:
        while self._waiting and self._idle:
            self._idle.pop().send(self._waiting.popleft())

    def lost(self, connection: "_Connection") -> None:
        """The bot has hung up (its servers do, on idle connections): it is called again."""
        if connection in self._all:
            self._all.remove(connection)
            if connection in self._idle:
                self._idle.remove(connection)
            task = asyncio.get_running_loop().create_task(self._reconnect())
            self._reconnecting.add(task)
            task.add_done_callback(self._reconnecting.discard)

    async def _reconnect(self) -> None:
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: _Connection(self), *self._address
        )
        self._all.append(connection)
        self._idle.append(connection)
        self._send()


class _Connection(asyncio.Protocol):
    def __init__(self, webhook: Webhook) -> None:
        self._webhook = webhook
        self._parser: Any = None
        self._body = bytearray()
        self._request: tuple[int, bytes] | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def send(self, request: tuple[int, bytes]) -> None:
        """Hand an update over."""
        self._request = request
        self._parser = httptools.HttpResponseParser(self)
        self._body.clear()
        self._transport.write(request[1])

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        request, self._request = self._request, None
        assert request is not None
        self._webhook.answered(request, self._parser.get_status_code(), bytes(self._body))
        self._webhook.is_free(self)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._request is not None:
            self._webhook.answered(self._request, 0, b"")
        self._webhook.lost(self)

    def close(self) -> None:
        """Hang up."""
        self._transport.abort()
