"""The bot's account at a Bot API server: python-telegram-bot's `Bot`, kept from telling its token.

`Bot` shows the token in its repr and in its debug log. And it turns every answer into objects, which is
what costs most of the time of sending; a sender needs two numbers of it. So two of its calls return plain
JSON here; one of them, `call`, goes under the library and its transport as well, wherever it can.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias
from urllib.request import getproxies_environment

import orjson
import structlog
from telegram import Bot, InputFile, InputMedia
from telegram.error import BadRequest, NetworkError, TelegramError

from bot.telegram.answers import Answered, parse_json
from bot.telegram.direct import CONNECTIONS, Direct
from bot.telegram.errors import HoldBackError, TokenRefusedError, WebhookRefusedError
from bot.telegram.library import LibraryRequest
from bot.telegram.pauses import Pauses

_log = structlog.stdlib.get_logger(__name__)

JSON: TypeAlias = dict[str, Any]

OFFICIAL: Final = "https://api.telegram.org"
ALLOWED_UPDATES: Final = ("message", "edited_message", "callback_query", "poll_answer", "my_chat_member")
"""What Telegram is asked to hand over: what `bot.telegram.events` reads."""

_ANSWER_MARGIN = 10.0  # seconds a held `getUpdates` may be answered late


def _quiet_logger() -> logging.Logger:
    """A logger without the debug lines that hold the token and what people write."""
    logger = logging.getLogger("bot.telegram.client")
    logger.setLevel(logging.INFO)
    return logger


_UPLOADS = frozenset({InputFile, *InputMedia.__subclasses__()})  # what the library has to put into a form


class Client(Bot):
    """A `Bot` over `LibraryRequest`. Begin with `introduce` (or `async with`), end with `shutdown`.

    `base_url` is a Bot API server, with or without the `/bot` that its paths begin with; where the token has
    another place in its paths, {token} stands for it (Telegram's test servers: `…/bot{token}/test`).
    """

    __slots__ = ("_direct",)
    _LOGGER = _quiet_logger()

    def __init__(
        self,
        token: str,
        base_url: str = OFFICIAL,
        *,
        connections: int = CONNECTIONS,
        trust_env: bool = False,
    ) -> None:
        server = base_url.rstrip("/").removesuffix("/bot")
        at = server if "{token}" in server else f"{server}/bot{{token}}"
        # A proxy is aiohttp's to deal with.
        proxied = trust_env and bool(getproxies_environment())
        here = at.replace("{token}", token)
        direct = None if proxied else Direct(here, most=connections)
        # A held request of its own, so that a full pool of sends never keeps updates from coming in.
        held = None if proxied else Direct(here, most=2)
        super().__init__(
            token,
            base_url=at,
            base_file_url=f"{server.partition('/bot{token}')[0]}/file/bot",
            request=LibraryRequest(direct, connections=connections, trust_env=trust_env),
            get_updates_request=LibraryRequest(held, connections=2, trust_env=trust_env),
        )
        self._direct = direct

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"

    async def shutdown(self) -> None:
        """Close every connection."""
        if self._direct is not None:
            self._direct.close()
        await super().shutdown()
        # The library leaves that of a bot which was never introduced; twice does no harm.
        await self.request.shutdown()

    async def call(self, method: str, params: Mapping[str, Any]) -> Any:
        """Call a method of the Bot API by its name; returns its result as JSON holds it.

        This is the seam under the library: what uploads no file, and need not pass a proxy, goes the direct
        way. Its refusals are the library's errors all the same.
        """
        if self._direct is None or not _UPLOADS.isdisjoint(map(type, params.values())):
            return await self._post(method, dict(params))
        status, payload = await self._direct.post(method, orjson.dumps(params))
        if status == 200 and payload.startswith(b'{"ok":true,'):
            return parse_json(payload)["result"]
        return await Answered(status, payload).post(method)

    async def expect(self, per_second: float) -> None:
        """Be ready for so many calls a second, which are about to come; raises nothing."""
        if self._direct is not None:
            await self._direct.expect(per_second)

    async def updates(self, offset: int | None, *, hold: float, limit: int = 100) -> list[JSON]:
        """`getUpdates`: what waits from `offset` on, else what comes within `hold` seconds."""
        params = {
            "offset": offset,
            "timeout": int(hold),
            "limit": limit,
            "allowed_updates": list(ALLOWED_UPDATES),
        }
        result = await self._post("getUpdates", params, read_timeout=hold + _ANSWER_MARGIN)
        if not isinstance(result, list):  # some gateway's answer rather than Telegram's
            raise NetworkError("getUpdates was not answered with a list of updates")
        return [
            update
            for update in result
            if isinstance(update, dict) and isinstance(update.get("update_id"), int)
        ]


async def introduce(client: Client, pauses: Pauses | None = None) -> None:
    """Ask Telegram who the bot is, until it answers; raises TokenRefusedError.

    A machine that has just been switched on may have no network yet.
    """
    await _until_answered(client.initialize, pauses or Pauses())


async def set_webhook(
    client: Client, url: str, secret: str, *, max_connections: int = 40, pauses: Pauses | None = None
) -> None:
    """Have Telegram post updates to `url` with `secret` in their header; what waits is kept.

    `secret` is 1-256 of `A-Za-z0-9_-`; `max_connections` (1-100) bounds how many come at once. Tries until
    Telegram answers; raises TokenRefusedError, and WebhookRefusedError where the address does not suit it.
    """

    async def attempt() -> None:
        await client.set_webhook(
            url,
            secret_token=secret,
            max_connections=max_connections,
            allowed_updates=ALLOWED_UPDATES,
            drop_pending_updates=False,
        )

    try:
        await _until_answered(attempt, pauses or Pauses())
    except BadRequest as error:
        raise WebhookRefusedError(url, error.message) from None


async def _until_answered(attempt: Callable[[], Awaitable[None]], pauses: Pauses) -> None:
    """Try again, in growing pauses of real time, while Telegram does not answer."""
    while True:
        try:
            return await attempt()
        except (TokenRefusedError, BadRequest):
            raise
        except TelegramError as error:
            wish = error.seconds if isinstance(error, HoldBackError) else 0.0
            pause = pauses.next(at_least=wish)
            _log.warning(
                "Telegram does not answer",
                action="telegram_silent",
                why=error.message,
                again_in=round(pause, 1),
            )
        await asyncio.sleep(pause)
