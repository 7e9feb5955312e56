"""Waking the sender in another process, by PostgreSQL's notifications.

They are sent after the commit rather than in it: a transaction that notifies would make all others commit one
after the other. One that is lost with its process loses little time, because the listener looks every second
all the same.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from bot.storage.engines import Postgresql

_log = structlog.get_logger()

EVERY: Final = 1.0
"""Seconds after which the listener looks without having been called, and tries again to connect."""

OWED: Final = "rekan_owed"
"""The channel on which it is told that something is owed."""

_SPACING = 0.01  # seconds between two calls: what is owed meanwhile is told by the next one


async def listen(kind: Postgresql, wake: Callable[[], None], channel: str = OWED) -> None:
    """Call `wake` whenever another process calls on the channel, and every second; until cancelled."""
    from psycopg import Error  # noqa: PLC0415 - with SQLite it is not even loaded

    while True:
        try:
            async with await kind.calling() as connection:
                await connection.execute(f"LISTEN {channel}")
                while True:
                    wake()
                    async for _ in connection.notifies(timeout=EVERY, stop_after=1):
                        pass
        except Error as error:
            _log.info("other processes' calls are not heard", action="not_listening", why=_first_line(error))
        wake()
        await asyncio.sleep(EVERY)


class Caller:
    """Calls whoever listens on the database. `call` it from the loop that it runs in."""

    def __init__(self, kind: Postgresql) -> None:
        self._kind = kind
        self._wanted = asyncio.Event()

    def call(self) -> None:
        """Something has been owed and is committed: tell the process that sends, soon."""
        self._wanted.set()

    async def run(self) -> None:
        """Tell, until cancelled."""
        from psycopg import Error  # noqa: PLC0415 - with SQLite it is not even loaded

        while True:
            try:
                async with await self._kind.calling() as connection:
                    while True:
                        await self._wanted.wait()
                        self._wanted.clear()
                        await connection.execute(f"NOTIFY {OWED}")
                        await asyncio.sleep(_SPACING)
            except Error as error:
                _log.info("the sender cannot be called", action="not_calling", why=_first_line(error))
                self._wanted.set()
            await asyncio.sleep(EVERY)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
