"""Updates by webhook: answered with 200 once they are in the database, never before."""

import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from bot.domain.events import Event

_log = structlog.stdlib.get_logger(__name__)

LARGEST: Final = 1024 * 1024
"""Bytes of an update that are read at most; Telegram's own stay far below."""

_HEADER = "X-Telegram-Bot-Api-Secret-Token"


def webhook(
    path: str,
    secret: str,
    read: Callable[[Mapping[str, Any]], Event | None],
    take: Callable[[int, Event], Awaitable[None]],
) -> Route:
    """The endpoint at `path` for updates that carry `secret`; `read` and `take` as in polling.

    `path` need not be secret: it ends up in the logs of every proxy, a header does not.
    """
    if not secret:
        raise ValueError("a webhook without a secret would take updates from anybody")

    async def receive(request: Request) -> Response:
        if not hmac.compare_digest(request.headers.get(_HEADER, "").encode(), secret.encode()):
            return Response(status_code=401)
        try:
            body = await _body(request)
        except ClientDisconnect:
            return Response(status_code=400)
        if body is None:
            return Response(status_code=413)
        try:
            update = json.loads(body)
        except (ValueError, RecursionError):  # bad UTF-8 too, and brackets without end
            return Response(status_code=400)
        if not isinstance(update, dict) or not isinstance(update.get("update_id"), int):
            return Response(status_code=400)
        event = read(update)
        if event is not None:
            try:
                await take(update["update_id"], event)
            except Exception as error:  # noqa: BLE001 - whatever it was, Telegram has to keep the update
                # Not its words, which may quote a person's: who takes the events tells of faults itself.
                why = type(error).__name__
                _log.warning(
                    "update not taken, it stays with Telegram",
                    action="update_not_taken",
                    update=update["update_id"],
                    why=why,
                )
                return Response(status_code=503)
        return Response(status_code=200)

    return Route(path, receive, methods=["POST"])


async def _body(request: Request) -> bytes | None:
    """The request's body; None where it is larger than any update."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST:
            return None
    return bytes(body)
