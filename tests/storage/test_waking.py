"""One process calls another, and is heard at once; where it is not, the other looks all the same."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import psycopg
import pytest

from bot.storage.engines import Postgresql, engine_kind
from bot.storage.waking import Caller, listen


def kind_of(url: str) -> Postgresql:
    kind = engine_kind(url)
    assert isinstance(kind, Postgresql)
    return kind


@asynccontextmanager
async def heard(url: str) -> AsyncIterator[asyncio.Queue[float]]:
    """Inside the `with`: when the listener was woken."""
    moments: asyncio.Queue[float] = asyncio.Queue()
    listening = asyncio.create_task(listen(kind_of(url), lambda: moments.put_nowait(time.monotonic())))
    await moments.get()  # it has looked once, and listens
    yield moments
    listening.cancel()
    with suppress(asyncio.CancelledError):
        await listening


@pytest.fixture
def no_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.storage.waking.EVERY", 30.0)


@pytest.mark.usefixtures("no_looking")
async def test_a_call_is_heard_at_once_and_many_are_few(postgresql: Callable[..., str]) -> None:
    url = postgresql()
    async with heard(url) as moments:
        caller = Caller(kind_of(url))
        calling = asyncio.create_task(caller.run())
        for _ in range(100):
            caller.call()
            await asyncio.sleep(0)
        async with asyncio.timeout(5):
            await moments.get()
        caller.call()
        async with asyncio.timeout(5):
            await moments.get()
        assert moments.qsize() < 10
        calling.cancel()


async def test_a_connection_that_breaks_is_made_anew_and_meanwhile_it_looks(
    postgresql: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.storage.waking.EVERY", 0.05)
    url = postgresql()
    async with heard(url) as moments:
        caller = Caller(kind_of(url))
        calling = asyncio.create_task(caller.run())
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        async with asyncio.timeout(5):
            for _ in range(5):
                caller.call()
                await moments.get()
        assert not calling.done()
        calling.cancel()
