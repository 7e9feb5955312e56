"""The two engines: how their connections are set up, and their errors as sentences a person can act on."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import orjson
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError

if TYPE_CHECKING:
    from psycopg import AsyncConnection

PATIENCE = 15.0
"""Seconds for which a lock that another process holds, or a server that went away, is waited for."""


class DatabaseError(Exception):
    """The database cannot do it: what is wrong and how to mend it, in a sentence, without the password."""


class EngineKind(Protocol):
    """What differs between SQLite and PostgreSQL."""

    name: str
    writers: int  # connections that write
    batch: int  # use cases committed together at most
    releases: bool  # whether a savepoint that is done with is given back before the commit

    def writing(self) -> Engine:
        """Connections that write."""

    def reading(self) -> Engine:
        """Connections that only read, each transaction seeing one state of the database."""

    def migrating(self) -> Engine:
        """Connections for migrations: they rebuild tables, which must not delete what refers to them."""

    def begin(self, connection: Connection, *, to_write: bool) -> AbstractContextManager[Any]:
        """A transaction, committed at the end of the `with` block or rolled back by what is raised in it."""

    def undone(self, driver_connection: Any) -> bool:
        """Whether an error took the whole transaction with it, and not only the statement."""

    def lost(self, driver_connection: Any) -> bool:
        """Whether the driver has found the connection to be broken."""

    def away(self, error: DBAPIError) -> bool:
        """Whether `error` says that the server cannot be reached at present."""

    def conflicts(self, error: BaseException) -> bool:
        """Whether `error` comes of somebody else writing at the same time, so that trying again helps."""

    def explain(self, error: BaseException) -> DatabaseError | None:
        """The sentence for an error that a person can mend, or None where it is none of these."""


def engine_kind(url: str) -> EngineKind:
    """The engine for `database.url`; raises DatabaseError where it names none."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        parsed = None
    if parsed is not None and parsed.drivername in {"sqlite", "sqlite+pysqlite"}:
        if not parsed.database or parsed.database == ":memory:" or parsed.database.startswith("file:"):
            raise DatabaseError(
                "database.url names no file, and what is kept in memory is lost: write sqlite:///rekan.db"
            )
        return Sqlite(Path(parsed.database))
    if parsed is not None and parsed.drivername in {"postgresql", "postgres", "postgresql+psycopg"}:
        return Postgresql(parsed.set(drivername="postgresql+psycopg"))
    scheme = url.partition(":")[0] if "://" in url else ""
    if scheme in {"postgresql", "postgres", "postgresql+psycopg"}:
        raise DatabaseError(f"database.url is not right after {scheme}://: {_POSTGRESQL_URL}")
    raise DatabaseError(
        (
            f"database.url begins with {scheme}://"
            if scheme
            else "database.url is not an address of a database"
        )
        + ": write sqlite:///rekan.db, or postgresql://user:password@host/database"
    )


_POSTGRESQL_URL = (
    "write postgresql://user:password@host/database (in the password, @ : / % are written as %40 %3A %2F %25)"
)
_NO_ROLE = re.compile(r'role ".*" does not exist')


def _to_json(value: Any) -> str:
    return orjson.dumps(value).decode()


class Sqlite:
    """A file on this machine. One connection writes; readers see the last commit and never wait for it."""

    name = "sqlite"
    writers = 1
    batch = 512
    releases = True

    def __init__(self, path: Path, *, durable: bool = True) -> None:
        self.path = path.absolute()
        self._synchronous = "FULL" if durable else "OFF"

    def writing(self) -> Engine:
        """Connections that write."""
        # 8 MiB rather than 2, so that the pages of a wave's rows stay at hand.
        return self._engine("PRAGMA cache_size = -8192", pool_size=1)

    def reading(self) -> Engine:
        """Connections that only read."""
        return self._engine("PRAGMA query_only = ON", pool_size=4)

    def migrating(self) -> Engine:
        """Connections for migrations: dropping a rebuilt table would delete what refers to it."""
        return self._engine("PRAGMA foreign_keys = OFF", pool_size=1)

    def _engine(self, *pragmas: str, pool_size: int) -> Engine:
        engine = create_engine(
            URL.create("sqlite+pysqlite", database=str(self.path)),
            pool_size=pool_size,
            max_overflow=0,
            connect_args={"timeout": PATIENCE},  # PRAGMA busy_timeout
            hide_parameters=True,  # an error's text goes to the log, what people wrote does not
            json_serializer=_to_json,
            json_deserializer=orjson.loads,
        )

        @event.listens_for(engine, "connect")
        def prepare(connection: Any, _record: Any) -> None:
            # The driver would begin transactions by itself, but late, and not before SELECT or DDL.
            # `begin` does it; an engine-wide "begin" event would make every statement a tenth dearer.
            connection.isolation_level = None
            for pragma in (
                "PRAGMA journal_mode = WAL",  # readers and the writer do not wait for one another
                # FULL: a commit that was answered survives a power cut. OFF: the end of the process only.
                f"PRAGMA synchronous = {self._synchronous}",
                "PRAGMA foreign_keys = ON",
                "PRAGMA temp_store = MEMORY",  # reports sort without writing files
                "PRAGMA wal_autocheckpoint = 4000",  # 16 MiB: fewer and larger checkpoints between commits
                "PRAGMA journal_size_limit = 67108864",  # after a large import the log shrinks again
                *pragmas,
            ):
                connection.execute(pragma)

        return engine

    def begin(self, connection: Connection, *, to_write: bool) -> AbstractContextManager[Any]:
        """A transaction, committed at the end of the `with` block or rolled back by what is raised in it."""
        transaction = connection.begin()
        # To write, the lock is taken at once: a transaction that has read could not take it any more.
        begin = "BEGIN IMMEDIATE" if to_write else "BEGIN"
        try:
            connection.exec_driver_sql(begin)
        except DBAPIError:
            transaction.close()
            raise
        return transaction

    def undone(self, driver_connection: Any) -> bool:
        """Whether SQLite has rolled back by itself, as it does when the disk is full."""
        return not driver_connection.in_transaction

    def lost(self, driver_connection: Any) -> bool:
        """Never: there is no server to lose."""
        return False

    def away(self, error: DBAPIError) -> bool:
        """Never: there is no server to wait for."""
        return False

    def conflicts(self, error: BaseException) -> bool:
        """Never: there is one writer, and other processes' writes are waited for."""
        return False

    def explain(self, error: BaseException) -> DatabaseError | None:
        """The sentence for an error that a person can mend."""
        code = getattr(_driver_error(error), "sqlite_errorname", "")
        text = str(_driver_error(error))
        path, folder = self.path, self.path.parent
        if code.startswith("SQLITE_CANTOPEN") or "unable to open database file" in text:
            if not folder.exists():
                return DatabaseError(
                    f"{path} cannot be opened: the folder {folder} does not exist; create it, "
                    "or change database.url"
                )
            return DatabaseError(
                f"{path} cannot be opened: give Rekan's user the right to write it and the folder {folder}, "
                "or change database.url"
            )
        if code.startswith("SQLITE_NOTADB") or "file is not a database" in text:
            return DatabaseError(
                f"{path} is not an SQLite database: name another file in database.url, or move this one away"
            )
        if code.startswith("SQLITE_CORRUPT"):
            return DatabaseError(
                f"{path} is damaged ({text}): stop Rekan, keep a copy of the file, restore the last backup"
            )
        if code.startswith("SQLITE_READONLY"):
            return DatabaseError(
                f"{path} cannot be written: give Rekan's user the right to write it and the folder {folder}, "
                "or change database.url"
            )
        if code.startswith("SQLITE_FULL"):
            return DatabaseError(
                f"no room to write {path}: the disk is full; make room, Rekan goes on by itself"
            )
        if code.startswith("SQLITE_IOERR"):
            return DatabaseError(
                f"{path} cannot be read or written ({text}): look after the disk {folder} is on"
            )
        if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return DatabaseError(
                f"{path} is being written by another program for over {PATIENCE:.0f} seconds: "
                "close whatever has it open for editing"
            )
        return None


class Postgresql:
    """A server, shared by several processes.

    From version `NEEDED` on, the server itself ends the session of a process that fell silent
    (idle_session_timeout); before, a standby may have to wait for longer than five seconds.
    """

    NEEDED = 14

    name = "postgresql"
    writers = 4
    batch = 64  # beyond this many savepoints PostgreSQL itself slows down, and rows stay locked for longer
    releases = False  # it would be one more journey to the server; the commit does it

    def __init__(self, url: URL) -> None:
        self.url = url
        self.guard: Callable[[Any], None] | None = None
        """Asked, with the driver's connection, at the beginning of every transaction that writes; what it
        raises is the transaction's end (`bot.storage.instance`)."""

    def writing(self) -> Engine:
        """Connections that write."""
        engine = self._engine(pool_size=self.writers, max_overflow=0)

        @event.listens_for(engine, "connect")
        def prepare(connection: Any, _record: Any) -> None:
            _watched_by_server(connection, PATIENCE)  # a machine that vanishes is not to keep rows locked
            connection.commit()

        return engine

    def reading(self) -> Engine:
        """Connections that only read."""
        engine = self._engine(pool_size=4, max_overflow=0)

        @event.listens_for(engine, "connect")
        def prepare(connection: Any, _record: Any) -> None:
            from psycopg import IsolationLevel  # noqa: PLC0415 - with SQLite it is not even loaded

            connection.read_only = True
            connection.isolation_level = IsolationLevel.REPEATABLE_READ

        return engine

    def migrating(self) -> Engine:
        """Connections for migrations."""
        return self._engine(pool_size=1)

    def holding(self, lease: float) -> Engine:
        """A connection that stands for a process: silent for `lease` seconds, the server ends it."""
        engine = self._engine(patience=lease, pool_size=1).execution_options(isolation_level="AUTOCOMMIT")

        @event.listens_for(engine, "connect")
        def prepare(connection: Any, _record: Any) -> None:
            _watched_by_server(connection, lease)  # all there is before PostgreSQL 14
            if connection.info.server_version >= self.NEEDED * 10_000:
                connection.execute(f"SET idle_session_timeout = {lease * 1000:.0f}")
            connection.commit()

        return engine

    async def calling(self) -> "AsyncConnection":
        """A connection for notifications. Raises psycopg's errors."""
        from psycopg import AsyncConnection  # noqa: PLC0415 - with SQLite it is not even loaded

        address = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        return await AsyncConnection.connect(address, autocommit=True, **_connecting(PATIENCE))

    def _engine(self, *, patience: float = PATIENCE, **pool: int) -> Engine:
        return create_engine(
            self.url,
            pool_recycle=3600,
            connect_args=_connecting(patience),
            hide_parameters=True,
            json_serializer=_to_json,
            json_deserializer=orjson.loads,
            **pool,
        )

    def begin(self, connection: Connection, *, to_write: bool) -> AbstractContextManager[Any]:
        """A transaction; the driver sends BEGIN with the first statement."""
        if to_write and self.guard is not None:
            return _guarded(connection, self.guard)
        return connection.begin()

    def undone(self, driver_connection: Any) -> bool:
        """Whether the connection is gone, and the transaction with it."""
        return self.lost(driver_connection)

    def lost(self, driver_connection: Any) -> bool:
        """Whether the driver has found the connection to be broken."""
        return bool(driver_connection.closed)

    def away(self, error: DBAPIError) -> bool:
        """Whether a connection could not be made, or broke."""
        return error.connection_invalidated or (
            isinstance(error, OperationalError) and error.statement is None
        )

    def conflicts(self, error: BaseException) -> bool:
        """A deadlock, a serialisation failure, or a row that another writer inserted a moment earlier."""
        return getattr(_driver_error(error), "sqlstate", None) in {"40P01", "40001", "23505"}

    def explain(self, error: BaseException) -> DatabaseError | None:
        """The sentence for an error that a person can mend."""
        driver_error = _driver_error(error)
        text, state = str(driver_error), getattr(driver_error, "sqlstate", None) or ""
        server = f"PostgreSQL at {self.url.host or 'this machine'}:{self.url.port or 5432}"
        user, name = self.url.username or "the current user", self.url.database or self.url.username
        if state == "28P01" or "password authentication failed" in text or "no password supplied" in text:
            return DatabaseError(
                f"{server} refuses the password of {user}: put the right one in database.url "
                "(in it, @ : / % are written as %40 %3A %2F %25)"
            )
        if state == "3D000" or ("database" in text and "does not exist" in text):
            return DatabaseError(
                f"{server} has no database {name}: create it (createdb {name}), or change database.url"
            )
        if state.startswith("28") or "no pg_hba.conf entry" in text or _NO_ROLE.search(text):
            return DatabaseError(
                f"{server} does not let {user} in ({_first_line(text)}): mend database.url or pg_hba.conf"
            )
        if state == "42501":
            return DatabaseError(
                f"{server} does not allow {user} to do this ({_first_line(text)}): "
                f"make {user} the owner of the database {name}"
            )
        if state == "53100":
            return DatabaseError(f"{server} has no room left: make room on its disk, Rekan goes on by itself")
        if state == "53300":
            return DatabaseError(f"{server} has no connection left: raise max_connections, or close others")
        if state == "25006":
            return DatabaseError(f"{server} only reads (a standby?): name the primary in database.url")
        if "Connection refused" in text or "No such file or directory" in text:
            return DatabaseError(f"{server} does not answer: start it, or mend host and port in database.url")
        if "resolve" in text or "Name or service not known" in text or "getaddrinfo" in text:
            return DatabaseError(f"there is no machine named {self.url.host}: mend the host in database.url")
        if isinstance(error, DBAPIError) and (self.away(error) or state.startswith(("08", "57P"))):
            return DatabaseError(
                f"{server} is out of reach ({_first_line(text)}): look after the server and the network to it"
            )
        return None


@contextmanager
def _guarded(connection: Connection, guard: Callable[[Any], None]) -> Iterator[None]:
    with connection.begin():
        guard(connection.connection.driver_connection)
        yield


def _watched_by_server(connection: Any, patience: float) -> None:
    """Let the server notice within `patience` seconds that this end has vanished without a word.

    Without effect on a socket of the same machine.
    """
    third = int(patience) // 3
    connection.execute(
        f"SET tcp_keepalives_idle = {third}; SET tcp_keepalives_interval = {third}; "
        f"SET tcp_keepalives_count = 2; SET tcp_user_timeout = {patience * 1000:.0f}"
    )


def _connecting(patience: float) -> dict[str, Any]:
    """How to connect: a server that vanished without a word is noticed in `patience` seconds."""
    return {
        "connect_timeout": 10,
        "application_name": "rekan",
        "keepalives_idle": int(patience) // 3,
        "keepalives_interval": int(patience) // 3,
        "keepalives_count": 2,
        "tcp_user_timeout": int(patience * 1000),
    }


def _driver_error(error: BaseException) -> BaseException:
    return error.orig if isinstance(error, DBAPIError) and error.orig is not None else error


def _first_line(text: str) -> str:
    """What a server said, without where and how it was reached."""
    return re.sub(r"^connection .*?failed: (connection .*?failed: )?(FATAL: +)?", "", text.strip()).partition(
        "\n"
    )[0]
