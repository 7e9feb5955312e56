"""One Rekan a database, however the other ended."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from bot.storage.database import Database, DatabaseError
from bot.storage.instance import AlreadyRunning, hold

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
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
        assert told.wait(5)
        with hold(opened(url)):  # somebody else's turn
            pass


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_what_goes_wrong_inside_is_not_ours(database: Database) -> None:
    error = psycopg.OperationalError("the body's own")
    with pytest.raises(psycopg.OperationalError) as caught, hold(database):
        raise error
    assert caught.value is error
