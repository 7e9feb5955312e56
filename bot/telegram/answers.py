"""What a Bot API server answered: read, and told from what a proxy in between says.

Only a Bot API envelope counts as Telegram's answer: a 403 from a proxy must not make the people behind it
look as if they had blocked the bot.
"""

import contextlib
import json
from typing import Any

import orjson
from telegram.error import TelegramError
from telegram.request import BaseRequest

from bot.telegram.errors import AnswerLostError, HoldBackError, NeverSentError, TokenRefusedError, redact

_PAUSE_UNTOLD = 5.0  # seconds to hold back where a 429 does not say


def parse_json(payload: bytes) -> dict[str, Any]:
    """Read an answer; raises TelegramError where it is not a JSON object."""
    try:
        data = orjson.loads(payload)
    except orjson.JSONDecodeError:
        # The standard library also reads what orjson refuses (half a surrogate pair in somebody's text).
        with contextlib.suppress(ValueError):
            data = json.loads(payload.decode("utf-8", "replace"))
            if isinstance(data, dict):
                return data
        raise TelegramError("the answer is not JSON") from None
    if not isinstance(data, dict):
        raise TelegramError("the answer is not a JSON object")
    return data


def examine(status: int, payload: bytes) -> None:
    """Raise for the answers that python-telegram-bot would read as something else than they are."""
    if 200 <= status < 300:
        if b'"result"' not in payload:
            raise AnswerLostError(f"{status} without a result: not a Bot API server's answer")
        return
    envelope = _envelope(payload)
    said = redact(str(envelope.get("description") or status))
    parameters = envelope.get("parameters")
    if status == 429:
        seconds = parameters.get("retry_after") if isinstance(parameters, dict) else None
        raise HoldBackError(seconds if isinstance(seconds, int | float) and seconds > 0 else _PAUSE_UNTOLD)
    if status == 503:
        raise NeverSentError(f"{said} (503)")
    if status >= 500:
        raise AnswerLostError(f"{said} ({status})")
    if not envelope:
        raise NeverSentError(f"{status} from something that is not a Bot API server")
    if status == 401 or (status == 404 and "method not found" not in said.lower()):
        raise TokenRefusedError(said)


def _envelope(payload: bytes) -> dict[str, Any]:
    """The Bot API's error envelope; empty where it is none."""
    try:
        data = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return {}
    return data if isinstance(data, dict) and data.get("ok") is False else {}


class Answered(BaseRequest):
    """A `BaseRequest` whose answer is there already: python-telegram-bot says which of its errors it is."""

    def __init__(self, status: int, payload: bytes) -> None:
        self._status = status
        self._payload = payload

    @property
    def read_timeout(self) -> None:
        """There is nothing to wait for."""

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""

    async def do_request(self, *_request: object, **_options: object) -> tuple[int, bytes]:
        """The answer; raises what `examine` does."""
        examine(self._status, self._payload)
        return self._status, self._payload

    parse_json_payload = staticmethod(parse_json)
