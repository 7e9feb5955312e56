"""What lies between machines: a load balancer, and a cable that can be cut without anybody being told."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Forwarder:
    """Takes connections at `port` and passes each on to the next of `targets` that can be reached."""

    def __init__(self, *targets: Callable[[], Awaitable[Streams]]) -> None:
        self._targets: Sequence[Callable[[], Awaitable[Streams]]] = targets
        self._next = 0
        self._whole = asyncio.Event()
        self._whole.set()
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def cut(self) -> None:
        """From now on nothing gets through, and both sides' connections stand as if all were well."""
        self._whole.clear()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._pass_on(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._whole.wait()
            for _ in self._targets:
                target = self._targets[self._next % len(self._targets)]
                self._next += 1
                with suppress(OSError):
                    there = await target()
                    break
            else:
                return
            ways = [
                asyncio.create_task(self._copy(reader, there[1])),
                asyncio.create_task(self._copy(there[0], writer)),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
                there[1].close()
        finally:
            writer.close()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(65536):
                await self._whole.wait()
                writer.write(piece)
                await writer.drain()
        await self._whole.wait()  # a connection's end does not get through either


def at(port: int) -> Callable[[], Awaitable[Streams]]:
    """A server on this machine."""
    return lambda: asyncio.open_connection("127.0.0.1", port)


def at_socket(path: str) -> Callable[[], Awaitable[Streams]]:
    """A server at a Unix socket."""
    return lambda: asyncio.open_unix_connection(path)
