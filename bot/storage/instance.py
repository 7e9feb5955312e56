"""One Rekan a database: two would fight for Telegram's updates and send everything twice."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from bot.storage.database import Database, DatabaseError
from bot.storage.engines import Postgresql, Sqlite

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_KEY = 7_235_242  # the PostgreSQL advisory lock of whoever runs; below 2**32, so that pg_locks shows it whole
_HEARTBEAT = 1.0  # seconds


class AlreadyRunning(Exception):  # noqa: N818 - an answer rather than an error
    """Another process runs on this database: which, and what to do about it, in a sentence."""


@contextmanager
def hold(database: Database, *, on_loss: Callable[[], None] | None = None) -> Iterator[None]:
    """Be the only one to run on `database` inside the `with` block; raises AlreadyRunning.

    Whatever ends the process (`kill -9` too) ends the hold. On PostgreSQL it hangs on a connection:
    `on_loss` is called once, from another thread, some three seconds at most after it broke, and from
    then on another process may hold the database.
    """
    if isinstance(database.kind, Sqlite):
        with _hold_file(database.kind.path):
            yield
    elif isinstance(database.kind, Postgresql):
        with _hold_lock(database, database.kind, on_loss):
            yield


@contextmanager
def _hold_file(path: Path) -> Iterator[None]:
    """Lock a file beside the database: `rekan.db.lock.pid`, which names the process.

    The file stays: to delete it would let a third process lock a new one while a second still waits
    with the old one open.
    """
    path = path.resolve()  # two names of one database are one
    lock = path.with_name(path.name + ".lock.pid")
    try:
        file = lock.open("a+b")
    except OSError as error:
        raise DatabaseError(
            f"{lock} cannot be written ({error.strerror}): give Rekan's user the right to write there"
        ) from error
    with file:
        if not _lock(file):
            file.seek(0)
            pid = file.read().decode(errors="replace").strip()
            raise AlreadyRunning(
                f"another Rekan{f' (process {pid})' if pid else ''} is running on {path}: "
                "stop it first, or name another database"
            )
        file.truncate(0)
        file.write(str(os.getpid()).encode())
        file.flush()
        yield
        file.truncate(0)


def _lock(file: BinaryIO) -> bool:
    """Lock the file until it is closed; False where another process has done so."""
    try:
        if sys.platform == "win32":
            file.seek(1_000_000)  # beyond the number, which others are to read
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextmanager
def _hold_lock(database: Database, kind: Postgresql, on_loss: Callable[[], None] | None) -> Iterator[None]:
    """Hold an advisory lock on a connection of its own, and look every second whether it still stands."""
    engine = kind.holding()
    stop = threading.Event()
    try:
        with _locked(database, kind, engine) as connection:
            watch = threading.Thread(
                target=_watch, args=(connection, stop, on_loss), name="instance-watch", daemon=True
            )
            watch.start()
            try:
                yield
            finally:
                stop.set()
                watch.join()
    finally:
        engine.dispose()


def _locked(database: Database, kind: Postgresql, engine: Engine) -> Connection:
    """A connection that holds the lock."""
    with ExitStack() as undo:
        try:
            connection = undo.enter_context(engine.connect())
            taken = connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _KEY})
            holder = "" if taken else _holder(connection)
        except DBAPIError as error:
            raise database.explained(error) from error
        if not taken:
            raise AlreadyRunning(
                f"another Rekan{holder} is running on the database {kind.url.database}: "
                "stop it first, or name another database"
            )
        undo.pop_all()
        return connection


def _watch(connection: Connection, stop: threading.Event, on_loss: Callable[[], None] | None) -> None:
    while not stop.wait(_HEARTBEAT):
        try:
            connection.execute(text("SELECT 1"))
        except DBAPIError:
            if on_loss is not None:
                on_loss()
            return


def _holder(connection: Connection) -> str:
    """Where the holder connects from, as far as the server tells."""
    query = text(
        "SELECT client_addr FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' "
        "AND classid = 0 AND objid = :key AND granted AND datname = current_database()"
    )
    address = connection.scalar(query, {"key": _KEY})
    return f" (on {address})" if address else ""
