"""How the library's own calls leave: as JSON the direct way, with files or through a proxy by aiohttp.

aiohttp takes a twentieth of the bot's start to import, and more where it reads the system's certificates.
Most installations send their first file hours later.
"""

import asyncio
import math
from typing import TYPE_CHECKING

import orjson
from telegram.request import BaseRequest, RequestData

from bot.telegram.answers import examine, parse_json
from bot.telegram.direct import ANSWER, CONNECTIONS, Direct

if TYPE_CHECKING:
    from bot.telegram.transport import AiohttpRequest


class LibraryRequest(BaseRequest):
    """The `BaseRequest` of a `Bot`.

    What `direct` (None: there is a proxy) does not carry goes over at most so many `connections` by aiohttp.
    """

    def __init__(
        self, direct: Direct | None, *, connections: int = CONNECTIONS, trust_env: bool = False
    ) -> None:
        self._direct = direct
        self._connections = connections
        self._trust_env = trust_env
        self._making = asyncio.Lock()
        self._aiohttp: AiohttpRequest | None = None

    @property
    def read_timeout(self) -> float:
        """Seconds to wait for the server where a call does not say otherwise."""
        return ANSWER

    async def initialize(self) -> None:
        """Nothing is connected yet."""
        if self._direct is not None:
            self._direct.reopen()

    async def shutdown(self) -> None:
        """Close every connection."""
        if self._direct is not None:
            self._direct.close()
        async with self._making:
            if self._aiohttp is not None:
                await self._aiohttp.shutdown()
                self._aiohttp = None

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
        if self._direct is None or method != "POST" or (request_data and request_data.contains_files):
            usual = await self._by_aiohttp()
            return await usual.do_request(
                url, method, request_data, read_timeout, write_timeout, connect_timeout, pool_timeout
            )
        body = b"{}" if request_data is None else orjson.dumps(request_data.parameters)
        status, payload = await self._direct.post(url.rpartition("/")[2], body, _patience(read_timeout))
        examine(status, payload)
        return status, payload

    parse_json_payload = staticmethod(parse_json)

    async def _by_aiohttp(self) -> "AiohttpRequest":
        async with self._making:
            if self._aiohttp is None:
                kind = await asyncio.to_thread(_aiohttp)  # the event loop has others to serve meanwhile
                self._aiohttp = kind(connections=self._connections, trust_env=self._trust_env)
                await self._aiohttp.initialize()
            return self._aiohttp


def _aiohttp() -> "type[AiohttpRequest]":
    from bot.telegram.transport import AiohttpRequest  # noqa: PLC0415 - see the module's docstring

    return AiohttpRequest


def _patience(timeout: object) -> float:
    """A timeout as python-telegram-bot hands it over: not given, None for unbounded, or seconds."""
    if timeout is BaseRequest.DEFAULT_NONE:
        return ANSWER
    return float(timeout) if isinstance(timeout, int | float) else math.inf
