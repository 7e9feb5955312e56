"""Updates by webhook: answered with 200 once they are in the database, never before.

An ASGI application of its own, before the web server's routes: a router and request objects cost several
times what taking an answer does (docs/decisions/0008-votes-by-the-crowd.md).
"""

import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import orjson
import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.domain.events import Event

_log = structlog.stdlib.get_logger(__name__)

LARGEST: Final = 1024 * 1024
"""Bytes of an update that are read at most; Telegram's own stay far below."""

HELD: Final = 1_000
"""Updates that wait here at once; Telegram itself has 100 connections at most. Beyond, it keeps them."""

_HEADER: Final = b"x-telegram-bot-api-secret-token"

Headers = list[tuple[bytes, bytes]]
_NOTHING: Final[Headers] = [(b"content-length", b"0")]
_LATER: Final[Headers] = [*_NOTHING, (b"retry-after", b"1")]
_ONLY_POST: Final[Headers] = [*_NOTHING, (b"allow", b"POST")]


class Webhook:
    """The endpoint at `path` for updates that carry `secret`; other paths are `rest`'s.

    `read` and `take` are as in polling, but what `take` returns, if anything, is a call that Telegram is to
    carry out: it is given as the answer. `path` need not be secret: it ends up in the logs of every proxy, a
    header does not.
    """

    def __init__(
        self,
        path: str,
        secret: str,
        read: Callable[[Mapping[str, Any]], Event | None],
        take: Callable[[int, Event], Awaitable[Mapping[str, Any] | None]],
        rest: ASGIApp,
        *,
        held: int = HELD,
    ) -> None:
        if not secret:
            raise ValueError("a webhook without a secret would take updates from anybody")
        self._path = path
        self._secret = secret.encode()
        self._read = read
        self._take = take
        self._rest = rest
        self._most = held
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"] != self._path:
            return await self._rest(scope, receive, send)
        if scope["method"] != "POST":
            return await _answer(send, 405, _ONLY_POST)
        given = next((value for name, value in scope["headers"] if name == _HEADER), b"")
        if not hmac.compare_digest(given, self._secret):
            return await _answer(send, 401)
        if self._held >= self._most:
            return await _answer(send, 503, _LATER)
        self._held += 1
        try:
            status, call = await self._received(receive)
        finally:
            self._held -= 1
        if call is None:
            return await _answer(send, status)
        body = orjson.dumps(call)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        return await _answer(send, status, headers, body)

    async def _received(self, receive: Receive) -> tuple[int, Mapping[str, Any] | None]:
        """Read the update and have it taken: the answer's status, and the call that it carries."""
        message = await receive()
        body: bytes = message.get("body", b"")
        if message.get("more_body", False):
            pieces = bytearray(body)
            while message.get("more_body", False) and len(pieces) <= LARGEST:
                message = await receive()
                pieces += message.get("body", b"")
            body = bytes(pieces)
        if message["type"] == "http.disconnect":
            return 400, None
        if len(body) > LARGEST:
            return 413, None
        update = _json(body)
        if not isinstance(update, dict) or type(update_id := update.get("update_id")) is not int:
            return 400, None
        event = self._read(update)
        if event is None:
            return 200, None
        try:
            return 200, await self._take(update_id, event)
        except Exception as error:  # noqa: BLE001 - whatever it was, Telegram has to keep the update
            # Not its words, which may quote a person's: who takes the events tells of faults itself.
            why = type(error).__name__
            _log.warning(
                "update not taken, it stays with Telegram",
                action="update_not_taken",
                update=update_id,
                why=why,
            )
            return 503, None


def _json(body: bytes) -> Any:
    """What `body` says, or None where it is no JSON."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        try:
            return json.loads(body)  # half a surrogate pair, which orjson refuses, may come from a client
        except (ValueError, RecursionError):  # bad UTF-8 too, and brackets without end
            return None


async def _answer(send: Send, status: int, headers: Headers = _NOTHING, body: bytes = b"") -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
