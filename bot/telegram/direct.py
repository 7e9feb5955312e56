"""The straight way to the Bot API, for the crowd: a body out, an answer in, over connections of its own.

A call through python-telegram-bot and aiohttp costs half a millisecond, most of it in building things that a
sender does not look at (docs/decisions/0007-under-the-library-for-the-crowd.md). This is the one place that
goes beneath both: HTTP/1.1 with keep-alive over asyncio's transports, its answers read by httptools. It
knows nothing of redirects, cookies, proxies or files; what needs one of these takes the usual way.

As the transport does, it tells apart what never left (`NeverSentError`), what may have been acted on
(`TimedOut`, `AnswerLostError`), and what was answered.
"""

import asyncio
import math
import socket
import ssl
from collections import deque
from typing import Final, cast
from urllib.parse import urlsplit

import httptools
from telegram.error import TimedOut

from bot.telegram.errors import AnswerLostError, NeverSentError, redact

CONNECTIONS: Final = 64
"""How many calls may be under way at once: at 50 ms a call, forty times the free tier's 30 a second."""

ANSWER: Final = 20.0
"""Seconds for an answer, where nothing else is said."""

_CONNECT: Final = 10.0  # seconds for a connection, TLS included, and again for waiting until one is free
_NEXT: Final = 0.25  # seconds after which the next of its addresses is tried beside the one before
_AT_ONCE: Final = 8  # connections being opened: each costs the event loop a millisecond of TLS
_IDLE: Final = 15.0  # seconds after which a connection may have been closed by the other side unnoticed
_USUALLY: Final = 0.1  # seconds that a call takes, for as long as none has shown it
_SPARE: Final = 1.25  # times as many connections as calls that take their usual time need


class Direct:
    """Connections to one Bot API server, `most` at a time; opened when there is something to post."""

    def __init__(self, server: str, *, most: int = CONNECTIONS) -> None:
        """`server` is the address before the method's name: `https://api.telegram.org/bot<token>`."""
        parts = urlsplit(server)
        self._host = parts.hostname or ""
        self._secure = parts.scheme == "https"
        self._port = parts.port or (443 if self._secure else 80)
        self._head = (
            f"Host: {parts.netloc.rpartition('@')[2]}\r\nContent-Type: application/json\r\nContent-Length: "
        ).encode()
        self._path = parts.path.rstrip("/").encode()
        self._tls: ssl.SSLContext | None = None
        self._most = most
        self._room = most  # for so many more calls
        self._usually = _USUALLY  # seconds that a call takes: the last ones count most
        self._queue: deque[asyncio.Future[None]] = deque()  # who waits for room
        self._opening = asyncio.Semaphore(_AT_ONCE)
        self._open: set[_Connection] = set()
        self._idle: list[_Connection] = []  # the one used last is taken first
        self._closed = False
        self._looking: asyncio.TimerHandle | None = None

    async def post(self, method: str, body: bytes, patience: float = ANSWER) -> tuple[int, bytes]:
        """Call a method with a JSON object; returns the status and the answer's body.

        `patience` is for how many seconds an answer is waited for.
        """
        request = b"POST %b/%b HTTP/1.1\r\n%b%d\r\n\r\n%b" % (
            self._path,
            method.encode(),
            self._head,
            len(body),
            body,
        )
        if self._room:
            self._room -= 1
        else:
            await self._a_place()
        try:
            connection = self._rested() or await self._opened()
            if self._looking is None:
                self._look_at_the_clock()
            try:
                answer = await connection.exchange(request, patience)
                self._usually += (connection.took - self._usually) / 8
                return answer
            finally:
                if connection.usable and not self._closed:
                    self._idle.append(connection)
                else:
                    connection.close()
        finally:
            self._leave()

    async def expect(self, per_second: float) -> None:
        """Have connections open for so many calls a second, which are about to come.

        What cannot be opened now is opened when it is needed, and fails then.
        """
        wanted = min(self._most, math.ceil(per_second * self._usually * _SPARE)) - len(self._open)
        await asyncio.gather(*(self._open_ahead() for _ in range(wanted)))

    async def _open_ahead(self) -> None:
        try:
            async with asyncio.timeout(_CONNECT), self._opening:
                connection = await self._connect()
        except (TimeoutError, NeverSentError):
            return
        if self._closed:
            connection.close()
        else:
            self._idle.append(connection)

    def close(self) -> None:
        """Close every connection; a call that is under way has lost its answer."""
        self._closed = True
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        self._idle.clear()
        for connection in list(self._open):
            connection.close()

    def reopen(self) -> None:
        """Let it be used again after `close`."""
        self._closed = False

    async def _a_place(self) -> None:
        """Wait for room for a call: who ends theirs gives it to who has waited longest."""
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(place)
        try:
            async with asyncio.timeout(_CONNECT):
                await place
        except BaseException as error:
            if place.done() and not place.cancelled():
                self._leave()
            if isinstance(error, TimeoutError):
                raise NeverSentError("every connection is busy") from None
            raise

    def _leave(self) -> None:
        while self._queue:
            place = self._queue.popleft()
            if not place.done():
                place.set_result(None)
                return
        self._room += 1

    def _look_at_the_clock(self) -> None:
        """Give up the calls that have waited too long; one look at all is cheaper than a timer for each."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        waiting = [connection for connection in self._open if connection.waits]
        for connection in waiting:
            if connection.used_at <= now - connection.patience:
                connection.give_up()
        again = bool(waiting) or self._looking is None
        self._looking = loop.call_later(ANSWER / 40, self._look_at_the_clock) if again else None

    def _rested(self) -> "_Connection | None":
        """An open connection that nobody uses."""
        now = asyncio.get_running_loop().time()
        while self._idle:
            connection = self._idle.pop()
            if connection.usable and connection.used_at > now - _IDLE:
                return connection
            connection.close()
        return None

    async def _opened(self) -> "_Connection":
        """A new connection, or one that is free by the time it is our turn to open one."""
        try:
            async with asyncio.timeout(_CONNECT), self._opening:
                return self._rested() or await self._connect()
        except TimeoutError:
            raise NeverSentError("no connection in time") from None

    async def _connect(self) -> "_Connection":
        if self._closed or not self._host:
            raise NeverSentError("the transport is closed" if self._closed else "there is no such address")
        loop = asyncio.get_running_loop()
        try:
            if self._secure and self._tls is None:
                # Reading the certificates of the system takes a while, and the loop has others to serve.
                self._tls = await loop.run_in_executor(None, _tls)
            sock = await self._nearest(loop)
            if sock is None:
                _, connection = await loop.create_connection(
                    lambda: _Connection(self._open), self._host, self._port, ssl=self._tls
                )
            else:
                name = self._host if self._tls else None
                _, connection = await loop.create_connection(
                    lambda: _Connection(self._open), sock=sock, ssl=self._tls, server_hostname=name
                )
        except (OSError, UnicodeError) as error:  # ssl.SSLError is an OSError
            # `from None`: what it says and keeps may name the address.
            raise NeverSentError(redact(f"{type(error).__name__}: {error}".rstrip(": "))) from None
        return connection

    async def _nearest(self, loop: asyncio.AbstractEventLoop) -> socket.socket | None:
        """A socket to the address that answers first (RFC 8305); None where there is only one address.

        uvloop tries them one after the other: behind a dead IPv6 route it would never come to IPv4.
        """
        addresses = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        if len(addresses) == 1:
            return None
        import aiohappyeyeballs  # noqa: PLC0415 - only where there is a choice

        return await aiohappyeyeballs.start_connection(addresses, happy_eyeballs_delay=_NEXT, loop=loop)


class _Connection(asyncio.Protocol):
    """One connection: an exchange at a time."""

    def __init__(self, open_ones: "set[_Connection]") -> None:
        self._all = open_ones
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._body = bytearray()
        self._bounded = False  # the answer says where it ends
        self._begun = False  # its head is complete
        self.used_at = 0.0  # in the event loop's time
        self.took = 0.0  # seconds from the last request to its answer
        self.patience = ANSWER
        self.usable = False

    @property
    def waits(self) -> bool:
        """Whether a request waits for its answer: since `used_at`."""
        return self._answer is not None and not self._answer.done()

    async def exchange(self, request: bytes, patience: float) -> tuple[int, bytes]:
        """Send a request and wait for its answer; afterwards `usable` says whether another may follow."""
        if self._transport is None or self._transport.is_closing():
            raise NeverSentError("the connection was closed")
        self.usable = False
        loop = asyncio.get_running_loop()
        self.used_at = loop.time()
        self.patience = patience
        self._answer = loop.create_future()
        try:
            self._transport.write(request)
            return await self._answer
        finally:
            self._answer = None
            now = loop.time()
            self.took = now - self.used_at
            self.used_at = now

    def give_up(self) -> None:
        """Wait no longer for the answer."""
        self._fail(TimedOut("no answer in time"))

    def close(self) -> None:
        """Close it at once."""
        self.usable = False
        self._all.discard(self)
        if self._transport is not None:
            self._transport.abort()

    # --- called by asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are so in all but name
        self._all.add(self)
        self.used_at = asyncio.get_running_loop().time()
        self.usable = True

    def data_received(self, data: bytes) -> None:
        """Some of an answer; nothing else is expected."""
        if self._answer is None:
            self.close()
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._fail(AnswerLostError(f"not an answer by HTTP: {type(error).__name__}"))

    def connection_lost(self, error: Exception | None) -> None:
        """It is closed: where an answer is bounded by nothing else, that is its end."""
        self.usable = False
        self._all.discard(self)
        if self._begun and not self._bounded and error is None:
            self.on_message_complete()
            self.usable = False
        self._fail(AnswerLostError("the connection was closed before the answer"))

    # --- called by httptools

    def on_message_begin(self) -> None:
        """An answer begins."""
        self._body.clear()
        self._bounded = self._begun = False

    def on_header(self, name: bytes, _value: bytes) -> None:
        """A header."""
        if name.lower() in (b"content-length", b"transfer-encoding"):
            self._bounded = True

    def on_headers_complete(self) -> None:
        """The head is complete."""
        self._begun = True

    def on_body(self, data: bytes) -> None:
        """Some of the body."""
        self._body += data

    def on_message_complete(self) -> None:
        """The answer is complete."""
        if self._answer is None or self._answer.done():
            return
        status = self._parser.get_status_code()
        if status < 200:  # "continue": the answer is still to come
            return
        self.usable = self._parser.should_keep_alive()
        self._answer.set_result((status, bytes(self._body)))

    # --- inside

    def _fail(self, error: Exception) -> None:
        self.usable = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)


def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
