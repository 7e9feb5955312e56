"""A small web server inside the bot's own event loop."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

_GRACE = 10  # seconds in which requests under way may end


class CannotListenError(Exception):
    """The address cannot be listened on; its text says why."""


def build(routes: Sequence[BaseRoute], ready: Callable[[], Awaitable[str | None]]) -> Starlette:
    """`routes`, with `/healthz` (the process answers) and `/readyz` (it can do its work).

    `ready` tells why not, or None; a load balancer asks every few seconds, so it should not take long.
    """

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_request: Request) -> Response:
        why_not = await ready()
        return PlainTextResponse(
            "ok\n" if why_not is None else f"{why_not}\n", 200 if why_not is None else 503
        )

    return Starlette(routes=[*routes, Route("/healthz", healthz), Route("/readyz", readyz)])


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
