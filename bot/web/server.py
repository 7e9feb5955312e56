"""A small web server inside the bot's own event loop."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

_GRACE = 10  # seconds in which requests under way may end


class CannotListenError(Exception):
    """The address cannot be listened on; its text says why."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: whether all is well, and in a few words what is so."""

    well: bool
    words: str


def build(
    routes: Sequence[BaseRoute],
    *,
    alive: Callable[[], Finding],
    ready: Callable[[], Awaitable[Mapping[str, Finding]]],
    metrics: Callable[[str], Awaitable[tuple[bytes, str]]] | None = None,
    rest: ASGIApp | None = None,
) -> Starlette:
    """`routes`, with `/healthz` (the process lives), `/readyz` (it can do its work) and `/metrics`.

    Other paths are `rest`'s.

    `ready` tells what each check finds, by name; a load balancer asks every few seconds, so it should not
    take long. `metrics` takes an Accept header and returns a page and its content type; without it there is
    no such page, as where strangers may come.
    """

    async def healthz(_request: Request) -> Response:
        found = alive()
        return _plain(f"{found.words}\n", well=found.well)

    async def readyz(_request: Request) -> Response:
        checks = await ready()
        well = all(found.well for found in checks.values())
        lines = [f"{name}: {found.words}" for name, found in checks.items()]
        return _plain("\n".join(["ok" if well else "not ready", *lines, ""]), well=well)

    ways = [*routes, Route("/healthz", healthz), Route("/readyz", readyz)]
    if metrics is not None:

        async def figures(request: Request) -> Response:
            page, kind = await metrics(request.headers.get("accept", ""))
            return Response(page, media_type=kind)

        ways.append(Route("/metrics", figures))
    if rest is not None:
        ways.append(Mount("/", rest))
    return Starlette(routes=ways)


def _plain(text: str, *, well: bool) -> Response:
    return PlainTextResponse(text, 200 if well else 503, {"Cache-Control": "no-store"})


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, listen: str) -> AsyncIterator[str]:
    """Serve `app` at `listen` (host:port; port 0 takes a free one) inside the `with`; yields its address.

    Raises CannotListenError. On leaving, requests under way are answered first.
    """
    listener = _listener(listen)
    host, port = listener.getsockname()[:2]
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
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        # The socket listens already: whoever connects before the server has started is served then.
        yield f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    finally:
        server.should_exit = True
        await task
        listener.close()


class _Server(uvicorn.Server):
    """A server that leaves signals to the program it is part of."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


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
