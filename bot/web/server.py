"""A small web server inside the bot's own event loop, loaded when somebody first asks it something."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from starlette.types import ASGIApp, Receive, Scope, Send

if TYPE_CHECKING:
    import uvicorn

_GRACE = 10  # seconds in which requests under way may end


class CannotListenError(Exception):
    """The address cannot be listened on; its text says why."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: whether all is well, and in a few words what is so."""

    well: bool
    words: str


class Checks:
    """`/healthz` (the process lives), `/readyz` (it can do its work), `/metrics`; other paths are `rest`'s.

    `ready` tells what each check finds, by name; a load balancer asks every few seconds, so it should not
    take long. `metrics` takes an Accept header and returns a page and its content type; without it there is
    no such page, as where strangers may come.
    """

    def __init__(
        self,
        *,
        alive: Callable[[], Finding],
        ready: Callable[[], Awaitable[Mapping[str, Finding]]],
        metrics: Callable[[str], Awaitable[tuple[bytes, str]]] | None = None,
        rest: ASGIApp | None = None,
    ) -> None:
        self._alive = alive
        self._ready = ready
        self._metrics = metrics
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = scope["path"]
        known = path in {"/healthz", "/readyz"} or (path == "/metrics" and self._metrics is not None)
        if not known:
            if self._rest is not None:
                return await self._rest(scope, receive, send)
            return await _answer(send, 404, b"Not Found")
        if scope["method"] not in {"GET", "HEAD"}:
            return await _answer(send, 405, b"Method Not Allowed", (b"allow", b"GET, HEAD"))
        if path == "/healthz":
            found = self._alive()
            return await _found(send, f"{found.words}\n", well=found.well)
        if path == "/readyz" or self._metrics is None:
            checks = await self._ready()
            well = all(found.well for found in checks.values())
            lines = [f"{name}: {found.words}" for name, found in checks.items()]
            return await _found(send, "\n".join(["ok" if well else "not ready", *lines, ""]), well=well)
        accept = next((value for name, value in scope["headers"] if name == b"accept"), b"")
        page, kind = await self._metrics(accept.decode("latin-1"))
        return await _answer(send, 200, page, kind=kind)


_PLAIN: Final = "text/plain; charset=utf-8"


async def _found(send: Send, text: str, *, well: bool) -> None:
    await _answer(send, 200 if well else 503, text.encode(), (b"cache-control", b"no-store"))


async def _answer(
    send: Send, status: int, body: bytes, *headers: tuple[bytes, bytes], kind: str = _PLAIN
) -> None:
    usual = [(b"content-type", kind.encode()), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": [*usual, *headers]})
    await send({"type": "http.response.body", "body": body})


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, listen: str) -> AsyncIterator[str]:
    """Serve `app` at `listen` (host:port; port 0 takes a free one) inside the `with`; yields its address.

    Raises CannotListenError. On leaving, requests under way are answered first.
    """
    listener = _listener(listen)
    host, port = listener.getsockname()[:2]
    # The socket listens already: whoever connects before the server has started is served then.
    starting = asyncio.create_task(_started(app, listener))
    try:
        yield f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    finally:
        if starting.cancel():  # nobody has asked for anything
            await asyncio.gather(starting, return_exceptions=True)
        else:
            server, task = starting.result()
            server.should_exit = True
            await task
        listener.close()


async def _started(app: ASGIApp, listener: socket.socket) -> "tuple[uvicorn.Server, asyncio.Task[None]]":
    """Start the server as soon as somebody connects: to load it takes a thirtieth of the bot's start."""
    await _knock(listener)
    server = await asyncio.to_thread(_server, app)
    return server, asyncio.create_task(server.serve(sockets=[listener]))


async def _knock(listener: socket.socket) -> None:
    """Return when somebody connects; at once where the event loop cannot tell (on Windows)."""
    loop = asyncio.get_running_loop()
    knocked = asyncio.Event()
    try:
        loop.add_reader(listener, knocked.set)
    except NotImplementedError:
        return
    try:
        await knocked.wait()
    finally:
        loop.remove_reader(listener)


def _server(app: ASGIApp) -> "uvicorn.Server":
    import uvicorn  # noqa: PLC0415 - see `_started`

    class Server(uvicorn.Server):
        """A server that leaves signals to the program it is part of."""

        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    config = uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        lifespan="off",
        proxy_headers=False,  # nobody asks who the client is
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=_GRACE,
    )
    return Server(config)


def _listener(listen: str) -> socket.socket:
    host, _, port = listen.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, int(port)), family=family, backlog=2048)
    except (OSError, ValueError, OverflowError) as error:
        # Without the number in front and the "(while attempting to bind on address ...)" behind.
        why = (getattr(error, "strerror", None) or str(error)).partition(" (while ")[0]
        raise CannotListenError(f"cannot listen on {listen}: {why}") from error
