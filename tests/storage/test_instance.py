"""One Rekan a database, however the other ended."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import psycopg
import pytest

from bot.storage import instance, state
from bot.storage.database import Database, DatabaseError, Transaction
from bot.storage.instance import AlreadyRunning, NoLongerHeldError, Turn, hold

Opened = Callable[[str], Database]

HOLDER = """
import sys, time
from bot.domain.programme import Catalogue
from bot.storage.database import Database
from bot.storage.instance import hold

with hold(Database.open(sys.argv[1], Catalogue({}, {}))):
    print("held", flush=True)
    time.sleep(60)
"""

#: Who holds this database: the workers of one run share a server, and pg_locks shows everybody's.
HOLDERS = (
    "FROM pg_locks JOIN pg_stat_activity USING (pid) "
    "WHERE locktype = 'advisory' AND datname = current_database()"
)


def name_of(url: str) -> str:
    return (
        url.removeprefix("sqlite:///")
        if url.startswith("sqlite")
        else url.partition("?")[0].rpartition("/")[2]
    )


def test_one_after_the_other(database: Database) -> None:
    for _ in range(2):
        with hold(database):
            pass


def test_the_second_says_so(database: Database, url: str, opened: Opened) -> None:
    with hold(database), pytest.raises(AlreadyRunning) as caught, hold(opened(url)):
        pytest.fail("two at once")
    where = {
        "sqlite": f" (process {os.getpid()}) is running on {name_of(url)}",
        "postgresql": f" is running on the database {name_of(url)}",
    }[database.kind.name]
    assert str(caught.value) == f"another Rekan{where}: stop it first, or name another database"


def test_kill_9_lets_the_next_one_in(database: Database, url: str) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDER, url], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(AlreadyRunning), hold(database):
            pytest.fail("two at once")
        holder.kill()
    until = time.monotonic() + 5
    while True:
        try:
            with hold(database):
                return
        except AlreadyRunning:  # PostgreSQL takes a moment to notice
            assert time.monotonic() < until
            time.sleep(0.01)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_another_name_of_the_same_file_is_the_same(
    database: Database, tmp_path: Path, opened: Opened
) -> None:
    (tmp_path / "other.db").symlink_to(tmp_path / "rekan.db")
    with hold(database), pytest.raises(AlreadyRunning), hold(opened(f"sqlite:///{tmp_path / 'other.db'}")):
        pytest.fail("two at once")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_lock_that_cannot_be_written(database: Database, tmp_path: Path) -> None:
    (tmp_path / "rekan.db.lock.pid").mkdir()
    with pytest.raises(DatabaseError) as caught, hold(database):
        pytest.fail("held nothing")
    assert str(caught.value) == (
        f"{tmp_path / 'rekan.db.lock.pid'} cannot be written (Is a directory): "
        "give Rekan's user the right to write there"
    )


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_lost_connection_is_told(
    database: Database, url: str, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.storage.instance._HEARTBEAT", 0.01)
    told = threading.Event()
    with hold(database, on_loss=told.set):
        assert not told.wait(0.05)
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute(f"SELECT pg_terminate_backend(pid) {HOLDERS}")
        assert told.wait(5)
        with hold(opened(url)):  # somebody else's turn
            pass


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_what_goes_wrong_inside_is_not_ours(database: Database) -> None:
    error = psycopg.OperationalError("the body's own")
    with pytest.raises(psycopg.OperationalError) as caught, hold(database):
        raise error
    assert caught.value is error


FROZEN = """
import sys
from bot.domain.programme import Catalogue
from bot.storage import instance
from bot.storage.database import Database

instance._LEASE, instance._HEARTBEAT = 0.4, 0.05

def stand(tx):
    print("held", flush=True)
    sys.stdin.read()

database = Database.open(sys.argv[1], Catalogue({}, {}))
with instance.hold(database) as held:
    held.fence()
    database.write_now(stand)
"""


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_who_waits_is_next(database: Database, url: str, opened: Opened) -> None:
    asked: list[str] = []

    def wait(holder: str, _seconds: float) -> bool:
        asked.append(holder)
        if len(asked) == 2:
            first.close()
        return len(asked) < 100 and not time.sleep(0.02)

    with ExitStack() as first:
        first.enter_context(hold(database))
        with hold(opened(url), wait=wait):
            assert len(asked) >= 2  # the server notices in its own time that the first one has gone
            assert set(asked) == {""}
            with pytest.raises(AlreadyRunning), hold(database, wait=lambda *_: False):
                pytest.fail("two at once")


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_who_is_frozen_holds_it_no_longer_nor_what_they_were_writing(database: Database, url: str) -> None:
    arguments = [sys.executable, "-c", FROZEN, url]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stdin=subprocess.PIPE) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
            holder.send_signal(signal.SIGSTOP)
            began = time.monotonic()
            with hold(database, wait=lambda _, seconds: not time.sleep(seconds)) as held:
                held.fence()
                assert time.monotonic() - began < 20  # a lease of 0.4 s, on whatever machine
                database.write_now(state.remember, "name", "value")
        finally:
            holder.kill()


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_who_has_lost_it_commits_nothing_more(database: Database, url: str, opened: Opened) -> None:
    told = threading.Event()
    with ExitStack() as first:
        old = first.enter_context(hold(database, on_loss=told.set))
        old.fence()
        database.write_now(state.remember, "who", "old")
    other = opened(url)
    with hold(other) as held:
        held.fence()
        other.write_now(state.remember, "who", "new")
        with pytest.raises(NoLongerHeldError):
            database.write_now(state.remember, "who", "old")
        assert told.is_set()
        assert database.read_now(state.recall, "who") == "new"
    with hold(database) as again:  # its turn once more
        again.fence()
        database.write_now(state.remember, "who", "old")
        with pytest.raises(NoLongerHeldError):
            other.write_now(state.remember, "who", "new")


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_what_was_being_committed_is_there_when_the_next_one_begins(
    database: Database, url: str, opened: Opened
) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def slowly(tx: Transaction) -> None:
        state.remember(tx, "who", "old")
        begun.set()
        may_end.wait(5)

    with hold(database) as old:
        old.fence()
        writing = threading.Thread(target=lambda: suppressed(database, slowly))
        writing.start()
        assert begun.wait(5)
    other = opened(url)
    with hold(other) as held:
        held.fence()  # it has ended, one way or the other
        assert other.read_now(state.recall, "who") is None
        may_end.set()
        writing.join()
        assert other.read_now(state.recall, "who") is None


def suppressed(database: Database, use_case: Callable[[Transaction], None]) -> None:
    with suppress(DatabaseError):
        database.write_now(use_case)


def test_two_turns_are_two(database: Database) -> None:
    with hold(database), hold(database, Turn.POLLING):
        pass


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_server_that_does_not_answer_is_a_loss(
    database: Database, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instance, "_HEARTBEAT", 0.01)
    monkeypatch.setattr(instance, "_PROOF", 0.1)
    told = threading.Event()
    with hold(database, on_loss=told.set), psycopg.connect(url, autocommit=True) as admin:
        row = admin.execute(f"SELECT pid {HOLDERS}").fetchone()
        assert row is not None
        os.kill(row[0], signal.SIGSTOP)
        try:
            assert told.wait(20)
        finally:
            os.kill(row[0], signal.SIGCONT)
