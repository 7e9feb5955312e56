"""Whose turn it is: one process a database delivers, another one there waits, or says that it cannot.

On SQLite a locked file says so, and it stands for everything that a process does. On PostgreSQL it is an
advisory lock, and three things make sure that two never deliver at once, whatever becomes of the network:

- **A lease.** The server ends the lock's session after `_LEASE` seconds of silence. So the lock of a process
  that is gone, frozen or cut off is free by then, even where something in between keeps the connection open.
- **A proof.** The holder asks twice a second whether it still holds; after `_PROOF` seconds without an answer
  it stops, a second before the lease can end.
- **A fence.** Each holder has a number. Every transaction in which it writes asks for the number first; once
  there is a higher one, it commits nothing any more. A message is marked as being sent in such a transaction
  before each call, so nothing goes out that the next holder does not know of.
"""

import os
import selectors
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from enum import IntEnum
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from bot.storage import state
from bot.storage.database import Database, DatabaseError, Transaction
from bot.storage.engines import Postgresql, Sqlite

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


class Turn(IntEnum):
    """What one process at a time may do, with its PostgreSQL advisory lock.

    Below 2**32, so that pg_locks shows them whole.
    """

    DELIVERY = 7_235_242
    POLLING = 7_235_243


_FENCE = 7_235_244  # the advisory lock of transactions that write as the holder
_TERM = "delivery_term"  # the row of `state` with the number of the holder
_LEASE = 3.0  # seconds
_PROOF = 2.0
_HEARTBEAT = 0.5
_LOOK_AGAIN = 0.25  # seconds between a waiting process's attempts

# One journey to the server. The first statement waits for a takeover that is under way, and the second one
# therefore sees its number.
_GUARD = "SELECT pg_advisory_xact_lock_shared(%d); SELECT value FROM state WHERE name = '%s'"


class AlreadyRunning(Exception):  # noqa: N818 - an answer rather than an error
    """Another process runs on this database: which, and what to do about it, in a sentence."""


class NoLongerHeldError(DatabaseError):
    """Another process has taken over: this one's transaction was not committed."""


class Hold:
    """The right to be the one, from `hold`."""

    def __init__(self, database: Database, on_loss: Callable[[], None] | None) -> None:
        self._database = database
        self._on_loss = on_loss

    def fence(self) -> None:
        """From here on no earlier holder commits anything, and this one no more than until the next.

        What an earlier one was committing has ended when this returns. To be called once the tables are
        there and before anything that only the holder may do. Raises DatabaseError.
        """
        kind = self._database.kind
        if isinstance(kind, Postgresql):
            kind.guard = None
            term = self._database.write_now(_next_term)
            kind.guard = lambda driver: self._check(driver, term)

    def _check(self, driver: Any, term: str) -> None:
        cursor = driver.execute(_GUARD % (_FENCE, _TERM))
        while cursor.nextset():
            pass
        if cursor.fetchone() != (term,):
            if self._on_loss is not None:
                self._on_loss()
            raise NoLongerHeldError("another Rekan has taken over on this database: this one stops")


@contextmanager
def hold(
    database: Database,
    turn: Turn = Turn.DELIVERY,
    *,
    on_loss: Callable[[], None] | None = None,
    wait: Callable[[str, float], bool] | None = None,
) -> Iterator[Hold]:
    """Be the only one on `database` whose turn it is inside the `with` block; raises AlreadyRunning.

    With `wait` (on PostgreSQL) it is waited for: `wait` gets where the holder is (" (on 10.0.0.7)", or
    nothing) and for how many seconds to block, and tells whether to go on. Whatever ends the process
    (`kill -9` too) ends the hold. On PostgreSQL it hangs on a connection: `on_loss` is called, from another
    thread, when it can no longer be proved, which is before another process can hold it.
    """
    if isinstance(database.kind, Postgresql):
        with _hold_lock(database, database.kind, turn, on_loss, wait):
            yield Hold(database, on_loss)
    elif isinstance(database.kind, Sqlite) and turn is Turn.DELIVERY:
        with _hold_file(database.kind.path):
            yield Hold(database, on_loss)
    else:  # on SQLite the one file stands for all
        yield Hold(database, on_loss)


def _next_term(tx: Transaction) -> str:
    """Let nobody write as an earlier holder any more, and put a new number in the place of its own."""
    # Transactions of a holder that was frozen or cut off in the middle would stay open; whoever has begun
    # one lately is not the holder any more, and does no worse without it.
    while not tx.connection.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _FENCE}):
        tx.connection.execute(_END_OTHERS, {"key": _FENCE})
        time.sleep(0.02)
    term = str(int(state.recall(tx, _TERM) or 0) + 1)
    state.remember(tx, _TERM, term)
    return term


_END_OTHERS = text(
    "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_stat_activity USING (pid) "
    "WHERE locktype = 'advisory' AND classid = 0 AND objid = :key AND granted "
    "AND datname = current_database()"
)


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
def _hold_lock(
    database: Database,
    kind: Postgresql,
    turn: Turn,
    on_loss: Callable[[], None] | None,
    wait: Callable[[str, float], bool] | None,
) -> Iterator[None]:
    """Hold an advisory lock on a connection of its own, and see all the time whether it still stands."""
    engine = kind.holding(_LEASE)
    stop = threading.Event()
    try:
        connection, since = _locked(database, kind, turn, engine, wait)
        with connection:
            watch = threading.Thread(
                target=_watch, args=(connection, since, stop, on_loss), name=f"hold-{turn.name}", daemon=True
            )
            watch.start()
            try:
                yield
            finally:
                stop.set()
                watch.join()
    finally:
        engine.dispose()


def _locked(
    database: Database,
    kind: Postgresql,
    turn: Turn,
    engine: Engine,
    wait: Callable[[str, float], bool] | None,
) -> tuple[Connection, float]:
    """A connection that holds the lock, and since when (monotonic)."""
    with ExitStack() as undo:
        try:
            connection = undo.enter_context(engine.connect())
            while True:
                asked = time.monotonic()
                if connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": turn}):
                    undo.pop_all()
                    return connection, asked
                holder = _holder(connection, turn)
                if wait is None or not wait(holder, _LOOK_AGAIN):
                    break
        except DBAPIError as error:
            raise database.explained(error) from error
    what = "running" if turn is Turn.DELIVERY else "fetching updates"
    raise AlreadyRunning(
        f"another Rekan{holder} is {what} on the database {kind.url.database}: "
        "stop it first, or name another database"
    )


def _watch(
    connection: Connection, proved: float, stop: threading.Event, on_loss: Callable[[], None] | None
) -> None:
    pgconn = connection.connection.driver_connection.pgconn  # type: ignore[union-attr] # psycopg's
    while not stop.wait(_HEARTBEAT):
        asked = time.monotonic()
        # Who was kept from running for longer than that may still ask: an answer is a proof at any time.
        if not _answers(pgconn, max(proved + _PROOF, asked + 0.5)):
            if on_loss is not None:
                on_loss()
            connection.invalidate()
            return
        proved = asked


def _answers(pgconn: Any, until: float) -> bool:
    """Whether the server answers by then (monotonic). A query of the driver's would wait for ever."""
    from psycopg import Error  # noqa: PLC0415 - with SQLite it is not even loaded

    try:
        pgconn.send_query(b"SELECT 1")
        with selectors.DefaultSelector() as selector:
            selector.register(pgconn.socket, selectors.EVENT_READ)
            while True:
                if not selector.select(max(0.0, until - time.monotonic())):
                    return False
                pgconn.consume_input()
                while not pgconn.is_busy():
                    result = pgconn.get_result()
                    if result is None:
                        return True
                    if result.error_message:
                        return False
    except (Error, OSError, ValueError):
        return False


def _holder(connection: Connection, turn: Turn) -> str:
    """Where the holder connects from, as far as the server tells."""
    query = text(
        "SELECT client_addr FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' "
        "AND classid = 0 AND objid = :key AND granted AND datname = current_database()"
    )
    address = connection.scalar(query, {"key": turn})
    return f" (on {address})" if address else ""
