"""The way to the Bot API for files and through a proxy: aiohttp behind python-telegram-bot's `BaseRequest`.

It tells apart what a sender must know: whether a request never left (`NeverSentError`), may have been acted
on (`TimedOut`, `AnswerLostError`), or was answered (`bot.telegram.answers`).
"""

from urllib.parse import urlencode
from urllib.request import getproxies_environment

import aiohttp
import orjson
from telegram.error import TimedOut
from telegram.request import BaseRequest, RequestData

from bot.telegram.answers import examine, parse_json
from bot.telegram.direct import CONNECTIONS
from bot.telegram.errors import AnswerLostError, NeverSentError, redact

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


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

    parse_json_payload = staticmethod(parse_json)


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
