"""The path to the database: durable before answered, one commit for all who wait, each for itself."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg
import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from bot.storage.database import Database, DatabaseError, Statistics, Together, Transaction, TryAgain
from bot.storage.tables import ChatRow, StateRow, UpdateRow

Opened = Callable[[str], Database]
NOW = datetime(2026, 11, 9, 2, 0, tzinfo=UTC)


def record(tx: Transaction, number: int) -> int:
    tx.connection.execute(insert(UpdateRow), {"update_id": number, "handled_at": NOW})
    return number


def recorded(tx: Transaction) -> set[int]:
    return set(tx.connection.scalars(select(UpdateRow.update_id)))


@contextmanager
def occupied(database: Database) -> Iterator[None]:
    """Inside, every writer is busy, so that what is handed over gathers."""
    begun, go_on = threading.Semaphore(0), threading.Event()

    def occupy(tx: Transaction) -> None:
        begun.release()
        go_on.wait(10)

    threads = [threading.Thread(target=database.write_now, args=[occupy]) for _ in range(writers(database))]
    for thread in threads:
        thread.start()
        assert begun.acquire(timeout=10)
    yield
    go_on.set()
    for thread in threads:
        thread.join()


def writers(database: Database) -> int:
    return database.kind.writers


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - nothing in the database tells of it
            await asyncio.sleep(0.001)


async def test_what_waits_is_committed_together(database: Database) -> None:
    with occupied(database):
        tasks = [asyncio.create_task(database.transact(record, n)) for n in range(200)]
        await until(lambda: database.waiting == 200)
    assert await asyncio.gather(*tasks) == list(range(200))
    occupying, together = writers(database), -(-200 // database.kind.batch)
    assert database.statistics == Statistics(
        commits=occupying + together,
        transactions=occupying + 200,
        largest_batch=min(200, database.kind.batch),
    )
    assert await database.read(recorded) == set(range(200))


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)  # one writer takes them all
async def test_many_callers_are_served_by_one_call(database: Database) -> None:
    crowds: list[int] = []

    def many(tx: Transaction, calls: Sequence[tuple[int]]) -> list[str | None]:
        """Serves even numbers, and none where 13 is among them."""
        crowds.append(len(calls))
        served = [number for (number,) in calls if number % 2 == 0]
        for number in served:
            record(tx, number)
        if (13,) in calls:
            raise LookupError(13)
        return [f"together {number}" if number in served else None for (number,) in calls]

    def one(tx: Transaction, number: int) -> str:
        return f"alone {record(tx, number)}"

    use_case = Together(one, many)
    for numbers, together in ((range(10), True), (range(10, 20), False)):
        with occupied(database):
            calls = [asyncio.create_task(database.transact(use_case, n)) for n in numbers]
            await until(lambda: database.waiting == 10)
        assert await asyncio.gather(*calls) == [
            f"together {n}" if together and n % 2 == 0 else f"alone {n}" for n in numbers
        ]
    assert crowds == [10, 10]
    assert database.statistics.parted == 1
    assert await database.read(recorded) == set(range(20))


async def test_a_failing_use_case_is_undone_alone(database: Database) -> None:
    def fail(tx: Transaction, number: int) -> int:
        record(tx, number)
        raise LookupError(number)

    with occupied(database):
        calls = [database.transact(fail if n % 3 == 0 else record, n) for n in range(30)]
        results = asyncio.gather(*calls, return_exceptions=True)
        await until(lambda: database.waiting == 30)
    assert [str(r) if isinstance(r, LookupError) else r for r in await results] == [
        str(n) if n % 3 == 0 else n for n in range(30)
    ]
    assert await database.read(recorded) == {n for n in range(30) if n % 3}


async def test_what_the_database_refuses_is_undone_alone(database: Database) -> None:
    await database.transact(record, 7)
    with occupied(database):
        results = asyncio.gather(*(database.transact(record, n) for n in (6, 7, 8)), return_exceptions=True)
        await until(lambda: database.waiting == 3)
    six, seven, eight = await results
    assert (six, type(seven), eight) == (6, IntegrityError, 8)
    assert await database.read(recorded) == {6, 7, 8}


@pytest.mark.parametrize("raised", [TryAgain("later"), SystemExit(3)])
async def test_a_use_case_raises_to_its_caller(database: Database, raised: BaseException) -> None:
    def fail(tx: Transaction) -> None:
        record(tx, 1)
        raise raised

    with pytest.raises(type(raised)) as caught:
        database.write_now(fail)
    assert caught.value is raised
    assert await database.read(recorded) == set()


async def test_a_use_case_that_stops_an_iteration_leaves_nobody_waiting(database: Database) -> None:
    def stop(tx: Transaction) -> None:
        next(iter(()))

    with pytest.raises(RuntimeError, match="a use case raised StopIteration"):
        await database.transact(stop)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_use_cases_run_in_the_order_of_the_calls(database: Database) -> None:
    order: list[int] = []

    def note(tx: Transaction, number: int) -> None:
        order.append(number)

    await asyncio.gather(*(database.transact(note, n) for n in range(1200)))
    assert order == list(range(1200))


async def test_a_call_that_was_cancelled_while_it_waited_is_left_out(database: Database) -> None:
    with occupied(database):
        tasks = [asyncio.create_task(database.transact(record, n)) for n in range(10)]
        await until(lambda: database.waiting == 10)
        for task in tasks[::2]:
            task.cancel()
        await asyncio.sleep(0)
    done = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(result, asyncio.CancelledError) for result in done] == [True, False] * 5
    assert await database.read(recorded) == {1, 3, 5, 7, 9}


async def test_a_call_that_was_cancelled_while_it_ran_is_carried_out_whole(database: Database) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(tx: Transaction) -> None:
        record(tx, 1)
        begun.set()
        go_on.wait(10)
        record(tx, 2)

    task = asyncio.create_task(database.transact(slow))
    await until(begun.is_set)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go_on.set()
    await database.transact(record, 3)
    await until(lambda: database.read_now(recorded) == {1, 2, 3})


async def test_nobody_is_answered_before_the_commit(database: Database) -> None:
    with occupied(database):
        tasks = [asyncio.create_task(database.transact(record, n)) for n in range(5)]
        await until(lambda: database.waiting == 5)
        assert await database.read(recorded) == set()
        assert not any(task.done() for task in tasks)
    await asyncio.gather(*tasks)
    assert await database.read(recorded) == set(range(5))


async def test_readers_neither_wait_for_the_writer_nor_see_half_of_what_it_does(database: Database) -> None:
    written, go_on = threading.Event(), threading.Event()

    def slow(tx: Transaction) -> None:
        record(tx, 1)
        written.set()
        go_on.wait(10)

    task = asyncio.create_task(database.transact(slow))
    await until(written.is_set)
    assert await asyncio.gather(*(database.read(recorded) for _ in range(12))) == [set()] * 12
    go_on.set()
    await task
    assert await database.read(recorded) == {1}


async def test_a_reader_sees_one_state_to_its_end(database: Database) -> None:
    def twice(tx: Transaction) -> tuple[set[int], set[int]]:
        before = recorded(tx)
        database.write_now(record, 1)
        return before, recorded(tx)

    assert await database.read(twice) == (set(), set())
    assert await database.read(recorded) == {1}


async def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises((OperationalError, DBAPIError, DatabaseError)):
        await database.read(record, 1)
    assert await database.read(recorded) == set()


async def test_a_second_process_writes_too(url: str, opened: Opened) -> None:
    ours, theirs = opened(url), opened(url)
    numbers = range(100)
    await asyncio.gather(*((ours if n % 2 else theirs).transact(record, n) for n in numbers))
    theirs.write_now(record, 100)
    assert ours.read_now(recorded) == {*numbers, 100}


def test_a_use_case_does_not_wait_for_its_own_writer(database: Database) -> None:
    def nested(tx: Transaction) -> None:
        database.write_now(record, 1)

    with pytest.raises(RuntimeError, match="a use case waits for the writer that runs it"):
        database.write_now(nested)


async def test_closing_finishes_what_waits(database: Database, url: str, opened: Opened) -> None:
    with occupied(database):
        tasks = [asyncio.create_task(database.transact(record, n)) for n in range(50)]
        await until(lambda: database.waiting == 50)
        closing = asyncio.create_task(database.close())
        await asyncio.sleep(0.01)
    await closing
    assert await asyncio.gather(*tasks) == list(range(50))
    await database.close()
    for call in (database.transact(record, 1), database.read(recorded)):
        with pytest.raises(DatabaseError, match="the database is closed: Rekan is stopping"):
            await call
    assert opened(url).read_now(recorded) == set(range(50))


def test_it_serves_one_event_loop_after_another(database: Database) -> None:
    for n in range(3):
        assert asyncio.run(database.transact(record, n)) == n


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_commit_that_fails_is_told_to_everybody_in_it(database: Database) -> None:
    def refer_to_nobody(tx: Transaction) -> None:
        tx.connection.execute(text("PRAGMA defer_foreign_keys = ON"))  # found out by COMMIT
        row = {"id": 1, "person_id": 99, "language": "id", "reach": "open", "created_at": NOW}
        tx.connection.execute(insert(ChatRow), row)

    with occupied(database):
        calls = [
            database.transact(record, 1),
            database.transact(refer_to_nobody),
            database.transact(record, 2),
        ]
        results = asyncio.gather(*calls, return_exceptions=True)
        await until(lambda: database.waiting == 3)
    assert [type(result) for result in await results] == [IntegrityError] * 3
    await database.transact(record, 3)
    assert await database.read(recorded) == {3}


CHILD = """
import asyncio, os, sys
from datetime import UTC, datetime
from sqlalchemy import insert
from bot.domain.programme import Catalogue
from bot.storage.database import Database
from bot.storage.tables import UpdateRow

def record(tx, number):
    tx.connection.execute(insert(UpdateRow), {"update_id": number, "handled_at": datetime.now(UTC)})

async def main():
    database = Database.open(sys.argv[1], Catalogue({}, {}))
    async def person(first):
        for number in range(first, 10**9, 40):
            await database.transact(record, number)
            os.write(1, b"%d\\n" % number)
    await asyncio.gather(*(person(n) for n in range(40)))

asyncio.run(main())
"""


@pytest.mark.parametrize("after", [1, 150, 1000])
def test_kill_9_loses_nothing_that_was_answered(url: str, opened: Opened, after: int) -> None:
    with subprocess.Popen([sys.executable, "-c", CHILD, url], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(after)]
        child.kill()
        lines += child.stdout.readlines()
    answered = {int(line) for line in lines if line.endswith(b"\n")}
    assert child.returncode == -signal.SIGKILL
    assert len(answered) >= after
    database = opened(url)
    # On PostgreSQL the server may be about to carry out what the dead process had sent last.
    kept = database.read_now(recorded)
    assert answered - kept == set()
    assert len(kept - answered) <= 40  # those who had not been told yet


# --- several writers: PostgreSQL ---------------------------------------------------------------------

on_postgresql = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)


@on_postgresql
async def test_a_deadlock_is_resolved_for_both(database: Database) -> None:
    meet = threading.Barrier(2, timeout=10)

    def create(tx: Transaction) -> None:
        tx.connection.execute(insert(StateRow), [{"name": n, "value": ""} for n in "ab"])

    def write_both(tx: Transaction, first: str, second: str, tries: list[int]) -> str:
        tries.append(1)
        for name in (first, second):
            added = StateRow.value + first
            tx.connection.execute(update(StateRow).where(StateRow.name == name).values(value=added))
            if name == first and len(tries) == 1:
                meet.wait()
        return first

    def values(tx: Transaction) -> dict[str, list[str]]:
        wanted = StateRow.name.in_(("a", "b"))
        rows = tx.connection.execute(select(StateRow.name, StateRow.value).where(wanted))
        return {name: sorted(value) for name, value in rows}

    await database.transact(create)
    tries: tuple[list[int], list[int]] = ([], [])
    # In two calls, so that two writers take them.
    one = asyncio.create_task(database.transact(write_both, "a", "b", tries[0]))
    await until(lambda: len(tries[0]) == 1)
    other = asyncio.create_task(database.transact(write_both, "b", "a", tries[1]))
    assert await asyncio.gather(one, other) == ["a", "b"]
    assert await database.read(values) == {"a": ["a", "b"], "b": ["a", "b"]}
    assert sorted(map(len, tries)) == [1, 2]


@on_postgresql
async def test_who_was_a_moment_late_looks_again(database: Database) -> None:
    meet = threading.Barrier(2, timeout=10)

    def once(tx: Transaction, tries: list[int]) -> str:
        tries.append(1)
        if tx.connection.scalar(select(func.count()).select_from(UpdateRow)):
            return "was there"
        if len(tries) == 1:
            meet.wait()
        record(tx, 1)
        return "recorded"

    tries: tuple[list[int], list[int]] = ([], [])
    one = asyncio.create_task(database.transact(once, tries[0]))
    await until(lambda: len(tries[0]) == 1)
    other = asyncio.create_task(database.transact(once, tries[1]))
    assert sorted(await asyncio.gather(one, other)) == ["recorded", "was there"]


@on_postgresql
async def test_a_lost_connection_is_made_again(database: Database, url: str) -> None:
    def lose(tx: Transaction, tries: list[int]) -> int:
        record(tx, 10 + len(tries))
        tries.append(1)
        if len(tries) == 1:
            tx.connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        return len(tries)

    assert await database.transact(lose, []) == 2
    assert await database.read(recorded) == {11}

    # Lost while nobody looked, writers' and readers' alike.
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert await database.transact(record, 12) == 12
    assert await database.read(recorded) == {11, 12}


@on_postgresql
async def test_a_server_that_stays_away_is_reported(
    database: Database, server: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.storage.database.PATIENCE", 0.1)
    name = url.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    sentence = (
        f"PostgreSQL at this machine:5432 has no database {name}: create it (createdb {name}), "
        "or change database.url"
    )
    for call in (database.transact(record, 1), database.read(recorded)):
        with pytest.raises(DatabaseError) as caught:
            await call
        assert str(caught.value) == sentence


# --- speed: only that nothing waits without need ------------------------------------------------------


async def test_a_lone_caller_does_not_wait_for_company(database: Database) -> None:
    await database.transact(record, 0)
    begin = time.perf_counter()
    for n in range(1, 51):
        await database.transact(record, n)
    assert time.perf_counter() - begin < 50 * 0.05  # an fsync each; far below any deliberate pause


def test_the_process_may_end_without_closing(url: str) -> None:
    code = CHILD.partition("async def main")[0] + (
        "d = Database.open(sys.argv[1], Catalogue({}, {})); d.write_now(record, 1)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, url], timeout=60, check=False, env={**os.environ})
    assert done.returncode == 0
