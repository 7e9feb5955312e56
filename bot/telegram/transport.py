"""The way to the Bot API: aiohttp and orjson behind python-telegram-bot's `BaseRequest`.

It tells apart what a sender must know: whether a request never left (`NeverSentError`), may have been acted
on (`TimedOut`, `AnswerLostError`), or was answered. Only a Bot API envelope counts as Telegram's answer: a
403 from a proxy in between must not make the people behind it look as if they had blocked the bot.
"""

import contextlib
import json
from typing import Any, Final
from urllib.parse import urlencode
from urllib.request import getproxies_environment

import aiohttp
import orjson
from telegram.error import TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

from bot.telegram.errors import AnswerLostError, HoldBackError, NeverSentError, TokenRefusedError, redact

CONNECTIONS: Final = 64
"""How many calls may be under way at once: at 50 ms a call, forty times the free tier's 30 a second."""

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_PAUSE_UNTOLD = 5.0  # seconds to hold back where a 429 does not say


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
        """The answer; raises what `AiohttpRequest` would."""
        examine(self._status, self._payload)
        return self._status, self._payload

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Read an answer as `AiohttpRequest` does."""
        return AiohttpRequest.parse_json_payload(payload)


class AiohttpRequest(BaseRequest):
    """A `BaseRequest` with connections of its own; timeouts are real seconds.

    `connect_timeout` and `pool_timeout` together bound the wait for a connection, `write_timeout` an upload,
    `read_timeout` each wait for the server. `trust_env` takes a proxy from HTTPS_PROXY and its like.
    """

    def __init__(
        self,
        *,
        connections: int = CONNECTIONS,
        connect_timeout: float = 10.0,
        pool_timeout: float = 10.0,
        write_timeout: float = 60.0,
        read_timeout: float = 20.0,
        trust_env: bool = False,
    ) -> None:
        self._connections = connections
        self._connect_timeout = connect_timeout
        self._pool_timeout = pool_timeout
        self._write_timeout = write_timeout
        self._read_timeout = read_timeout
        self._trust_env = trust_env
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        """Seconds to wait for the server where a call does not say otherwise."""
        return self._read_timeout

    async def initialize(self) -> None:
        """Open the pool of connections; nothing is connected yet."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": self.USER_AGENT},
                # Where there is no proxy, aiohttp would look for one, and read ~/.netrc, at every request.
                trust_env=self._trust_env and bool(getproxies_environment()),
            )

    async def shutdown(self) -> None:
        """Close every connection."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = BaseRequest.DEFAULT_NONE,
        write_timeout: object = BaseRequest.DEFAULT_NONE,
        connect_timeout: object = BaseRequest.DEFAULT_NONE,
        pool_timeout: object = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Make one request; raises the errors of `bot.telegram.errors`, or `TimedOut`."""
        if self._session is None:
            raise NeverSentError("the transport is closed")
        read = _seconds(read_timeout, self._read_timeout)
        write = _seconds(write_timeout, self._write_timeout)
        connect = _seconds(connect_timeout, self._connect_timeout)
        pool = _seconds(pool_timeout, self._pool_timeout)
        timeout = aiohttp.ClientTimeout(
            total=_sum(connect, pool, write, read),
            connect=_sum(connect, pool),
            sock_connect=connect,
            sock_read=read,
        )
        body, headers = _body(request_data)
        try:
            async with self._session.request(
                method, url, data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                status, payload = response.status, await response.read()
        except (
            aiohttp.ClientConnectorError,
            aiohttp.ClientHttpProxyError,
            aiohttp.ConnectionTimeoutError,
            aiohttp.InvalidURL,
        ) as error:
            # `from None`, here and below: what aiohttp says and keeps may name the address, token included.
            raise NeverSentError(_named(error)) from None
        except TimeoutError as error:
            raise TimedOut(f"no answer in time: {_named(error)}") from None
        except (aiohttp.ClientError, OSError) as error:
            raise AnswerLostError(_named(error)) from None
        if method == "POST":
            examine(status, payload)
        return status, payload

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
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


def _body(request_data: RequestData | None) -> tuple[aiohttp.FormData | bytes | None, dict[str, str]]:
    """The parameters as a form, or in several parts where there are files to upload."""
    if request_data is None:
        return None, {}
    fields = {
        name: value if isinstance(value, str) else orjson.dumps(value).decode()
        for name, value in request_data.parameters.items()
    }
    if not request_data.contains_files:
        return urlencode(fields).encode(), _FORM
    form = aiohttp.FormData()
    for name, value in fields.items():
        form.add_field(name, value)
    for name, (filename, content, mimetype) in request_data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=mimetype)
    return form, {}


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


def _seconds(value: object, usual: float) -> float | None:
    """A timeout as python-telegram-bot hands it over: not given, None for unbounded, or seconds."""
    if value is BaseRequest.DEFAULT_NONE:
        return usual
    return float(value) if isinstance(value, int | float) else None


def _sum(*timeouts: float | None) -> float | None:
    given = [timeout for timeout in timeouts if timeout is not None]
    return sum(given) if len(given) == len(timeouts) else None


def _named(error: BaseException) -> str:
    return redact(f"{type(error).__name__}: {error}".rstrip(": "))
