"""The path to the database: writers that commit for everybody who waits, and readers beside them.

A use case is a plain function of a transaction and what it acts on. `transact` hands it to a writer: a
thread that takes whatever waits, runs each in a savepoint of its own, commits once, durably, and only then
answers each caller. There is no wait to gather a batch: while one is committed, the next one gathers.

A caller is answered after its commit, so what waits is bounded by the callers there are; an edge that
limits its callers (intake, sender) thereby limits the queue, and needs no second bound here.
"""

import asyncio
import concurrent.futures
import queue
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, Concatenate, Generic, ParamSpec, TypeAlias, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from bot.domain.programme import Catalogue
from bot.storage import catalogues, schema
from bot.storage.catalogues import StaleError
from bot.storage.engines import PATIENCE, DatabaseError, EngineKind, engine_kind
from bot.tally import SIZES, Tally

__all__ = ["Database", "DatabaseError", "Together", "Transaction", "TryAgain"]

P = ParamSpec("P")
R = TypeVar("R")

_ALONE_TRIES = 5  # how often a transaction that collides with others' is run again
_STALE_TRIES = 20  # ... or that finds, each time, that the timetable has been corrected meanwhile


@dataclass(frozen=True, slots=True)
class Transaction:
    """What a use case works with: the open connection, and what was read from `content/` and `schedules/`.

    The writer begins and commits; a use case does neither. On PostgreSQL it may be run again when it
    collided with another, so it acts on nothing but the connection. The catalogue is as it was corrected when
    the transaction began; who must not work with an older one asks `bot.storage.corrections.be_current`.
    """

    connection: Connection
    catalogue: Catalogue
    renewals: list[Catalogue] = field(default_factory=list, compare=False)

    def renew(self, catalogue: Catalogue) -> "Transaction":
        """The transaction from here on, with the catalogue that holds for everybody once it is committed."""
        self.renewals.append(catalogue)
        return replace(self, catalogue=catalogue)


class TryAgain(Exception):  # noqa: N818 - it asks for something, nothing is wrong
    """Raised by a use case: what it did is undone, and intake runs it again shortly."""


@dataclass(frozen=True, slots=True)
class Together(Generic[P, R]):
    """A use case that knows a quicker way for many callers at once: a few statements for all of them.

    `many` takes the arguments of each call and returns the result of each, or None for a call that it has
    not touched: `one` is then run for that. When it raises, all that it did is undone, and `one` is run for
    each. The writer hands over what waits for it in one batch, in the order of the calls; each caller is
    answered as if it had been alone.
    """

    one: Callable[Concatenate[Transaction, P], R]
    many: Callable[[Transaction, Sequence[tuple[Any, ...]]], Sequence[R | None]]

    def __call__(self, tx: Transaction, *args: P.args, **kwargs: P.kwargs) -> R:
        """The use case for one caller."""
        return self.one(tx, *args, **kwargs)


@dataclass(slots=True)
class Statistics:
    """What the writers have done since the start, for metrics and tests."""

    commits: int = 0
    transactions: int = 0
    largest_batch: int = 0
    parted: int = 0
    """How often what was to be done for many at once failed, and was done for each."""
    collided: int = 0
    """How often a commit collided with another writer's, and was run again."""
    batches: Tally = field(default_factory=lambda: Tally(SIZES), compare=False)  # transactions in each commit


_Answer: TypeAlias = "asyncio.Future[Any] | concurrent.futures.Future[Any]"


class _Job:
    """A use case that waits for a writer, and then what became of it."""

    __slots__ = ("answer", "arguments", "error", "keywords", "loop", "result", "use_case")

    def __init__(
        self,
        use_case: Callable[..., Any],
        arguments: tuple[Any, ...],
        keywords: dict[str, Any],
        answer: _Answer,
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        self.use_case = use_case
        self.arguments = arguments
        self.keywords = keywords
        self.answer = answer
        self.loop = loop  # the caller's; None for a caller who waits in a thread
        self.result: Any = None
        self.error: BaseException | None = None

    @property
    def failed(self) -> bool:
        """Whether it has raised something."""
        return self.error is not None

    def settle(self) -> None:
        """Tell the caller, if there still is one."""
        if self.answer.done():
            return
        if self.error is not None:
            self.answer.set_exception(self.error)
        else:
            self.answer.set_result(self.result)


class _ConflictError(Exception):
    """The batch collided with another writer's, and was rolled back."""


class _LostError(Exception):
    """The connection went away before the commit was sent, so nothing of the batch is there."""


class Database:
    """The database of one installation. Safe to use from any event loop and thread.

    `catalogue` is what the files say as coordinators have corrected it: another value takes its place, whole,
    when one of them does, in this process (at the commit) or in another (`refresh`).
    """

    def __init__(self, kind: EngineKind, catalogue: Catalogue) -> None:
        self.kind = kind
        self.catalogue = catalogue
        self._files = catalogue
        self._renewed: list[Callable[[], None]] = []
        self.statistics = Statistics()
        self._writing = kind.writing()
        self._reading = kind.reading()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._writers: list[threading.Thread] = []
        self._readers = concurrent.futures.ThreadPoolExecutor(4, thread_name_prefix="database-reader")
        self._guard = threading.Lock()
        self._closed = False

    @classmethod
    def open(cls, url: str, catalogue: Catalogue) -> "Database":
        """The database at `url` (`sqlite:///path` or `postgresql://…`), known to answer.

        An SQLite file is created where there is none. Raises DatabaseError.
        """
        database = cls(engine_kind(url), catalogue)
        try:
            with database._writing.connect():
                pass
        except DBAPIError as error:
            database.close_now()
            raise database.explained(error) from error
        return database

    def upgrade(self) -> None:
        """Bring the schema to the newest revision; quick where it is. Raises DatabaseError."""
        try:
            if not self.read_now(_schema_is_current):
                schema.upgrade(self.kind)
        except DBAPIError as error:
            raise self.explained(error) from error
        self.refresh_now()

    def revision(self) -> str | None:
        """The schema's revision; None where there are no tables yet."""
        return self.read_now(_schema_revision)

    # --- for use cases ---------------------------------------------------------------------------------

    async def transact(
        self, use_case: Callable[Concatenate[Transaction, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run `use_case` on the writer; returns once its commit is durable.

        What it raises is raised here, and nothing of it is kept. DatabaseError: the database could not;
        where the connection broke during the commit it may be there all the same, so calling again must
        do no harm. A cancelled caller's use case is left out or carried out whole. On SQLite use cases run
        in the order of the calls.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[R] = loop.create_future()
        self._submit(_Job(use_case, args, kwargs, answer, loop))
        return await answer

    async def read(
        self, query: Callable[Concatenate[Transaction, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Run `query` in a reader's thread, in a transaction that sees one state and cannot write."""
        self._refuse_when_closed()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, lambda: self.read_now(query, *args, **kwargs))

    def write_now(
        self, use_case: Callable[Concatenate[Transaction, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """`transact` for callers without an event loop (the command line)."""
        if threading.current_thread() in self._writers:
            raise RuntimeError("a use case waits for the writer that runs it")
        answer: concurrent.futures.Future[R] = concurrent.futures.Future()
        self._submit(_Job(use_case, args, kwargs, answer, None))
        return answer.result()

    def read_now(
        self, query: Callable[Concatenate[Transaction, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """`read` in the caller's own thread."""
        self._refuse_when_closed()
        patience = _Patience()
        while True:
            try:
                with (
                    self._reading.connect() as connection,
                    self.kind.begin(connection, to_write=False),
                ):
                    return query(Transaction(connection, self.catalogue), *args, **kwargs)
            except DBAPIError as error:
                if not (self.kind.away(error) and patience.wait()):
                    raise self.explained(error) from error

    # --- what is corrected -----------------------------------------------------------------------------

    async def refresh(self) -> bool:
        """Take up what another process has corrected; whether there was something. Raises DatabaseError."""
        self._refuse_when_closed()
        return await asyncio.get_running_loop().run_in_executor(self._readers, self.refresh_now)

    def refresh_now(self) -> bool:
        """`refresh` in the caller's own thread."""
        catalogue = self.read_now(_newer, self._files)
        return catalogue is not None and self._take_up(catalogue)

    @contextmanager
    def telling(self, tell: Callable[[], None]) -> Iterator[None]:
        """Inside the `with`, call `tell`, from any thread, whenever the catalogue is another one."""
        self._renewed.append(tell)
        try:
            yield
        finally:
            self._renewed.remove(tell)

    def _take_up(self, catalogue: Catalogue) -> bool:
        with self._guard:
            if catalogue.version == self.catalogue.version:
                return False
            self.catalogue = catalogue
        for tell in list(self._renewed):
            tell()
        return True

    @property
    def waiting(self) -> int:
        """How many use cases wait for a writer."""
        return self._jobs.qsize()

    async def close(self) -> None:
        """Finish what waits, then close every connection. Later calls raise DatabaseError."""
        await asyncio.get_running_loop().run_in_executor(None, self.close_now)

    def close_now(self) -> None:
        """`close` for callers without an event loop."""
        with self._guard:
            if self._closed:
                return
            self._closed = True
            for _ in self._writers:
                self._jobs.put(None)
        for writer in self._writers:
            writer.join()
        self._readers.shutdown()
        self._reading.dispose()
        self._writing.dispose()

    # --- the writers -----------------------------------------------------------------------------------

    def _submit(self, job: _Job) -> None:
        # Under the guard nothing is put behind the writers' last job.
        with self._guard:
            self._refuse_when_closed()
            if not self._writers:
                self._writers = [
                    threading.Thread(target=self._write, name=f"database-writer-{n}", daemon=True)
                    for n in range(self.kind.writers)
                ]
                for writer in self._writers:
                    writer.start()
            self._jobs.put(job)

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise DatabaseError("the database is closed: Rekan is stopping")

    def _write(self) -> None:
        """Serve batches until told to stop."""
        stop = False
        while not stop:
            batch: list[_Job] = []
            job = self._jobs.get()
            while True:
                if job is None:
                    stop = True
                    break
                if not job.answer.done():  # a cancelled caller's
                    batch.append(job)
                if len(batch) == self.kind.batch:
                    break
                try:
                    job = self._jobs.get_nowait()
                except queue.Empty:
                    break
            if batch:
                self._serve(batch)

    def _serve(self, batch: list[_Job]) -> None:
        """Carry out the jobs of `batch` and answer their callers, whatever happens."""
        try:
            self._commit(batch)
        except _ConflictError:
            self._note_collision()
            # Each by itself holds no other's rows while it waits for its own: they cannot block again.
            for job in batch:
                self._serve_alone(job)
        except BaseException as error:  # noqa: BLE001 - handed to the callers, who would wait for ever
            for job in batch:
                job.error = self.explained(error)
        _settle(batch)

    def _note_collision(self) -> None:
        with self._guard:
            self.statistics.collided += 1

    def _serve_alone(self, job: _Job) -> None:
        for tries_left in reversed(range(_ALONE_TRIES)):
            try:
                return self._commit([job], conflicts_end=tries_left == 0)
            except _ConflictError:
                self._note_collision()
            except BaseException as error:  # noqa: BLE001 - handed to the caller, who would wait for ever
                job.error = self.explained(error)
                return None
        return None

    def _commit(self, batch: Sequence[_Job], *, conflicts_end: bool = False) -> None:
        """Run and commit `batch`, once the database can be reached, and with the newest catalogue."""
        patience = _Patience()
        stale = 0
        while True:
            try:
                return self._commit_once(batch, conflicts_end=conflicts_end)
            except _LostError as error:
                if not patience.wait():
                    raise (error.__cause__ or error) from None
            except StaleError:
                stale += 1
                if stale > _STALE_TRIES:
                    raise
                self.refresh_now()

    def _commit_once(self, batch: Sequence[_Job], *, conflicts_end: bool) -> None:
        """Run every job of `batch`, each in a savepoint, and commit once; the jobs' own errors are theirs.

        Raises _LostError, _ConflictError and StaleError where running all of them again is sound, and what
        else keeps them from being committed.
        """
        with self._connected() as connection:
            driver: Any = connection.connection.driver_connection
            renewals: list[Catalogue] = []
            committing = False
            try:
                with self.kind.begin(connection, to_write=True):
                    tx = Transaction(connection, self.catalogue, renewals)
                    left = batch if conflicts_end else self._together(tx, driver, batch)
                    for job in left:
                        job.result = job.error = None
                        before = len(renewals)
                        with self._savepoint(driver, job, conflicts_end=conflicts_end):
                            job.result = job.use_case(tx, *job.arguments, **job.keywords)
                        if len(renewals) > before:
                            if job.failed:
                                del renewals[before:]
                            else:
                                tx = replace(tx, catalogue=renewals[-1])
                    committing = True
            except BaseException as error:
                if self.kind.lost(driver):
                    connection.invalidate()
                    if not committing:
                        raise _LostError from error
                elif self.kind.conflicts(error) and not conflicts_end:
                    raise _ConflictError from error
                raise
        if renewals:
            self._take_up(renewals[-1])
        with self._guard:
            self.statistics.commits += 1
            self.statistics.transactions += len(batch)
            self.statistics.largest_batch = max(self.statistics.largest_batch, len(batch))
            self.statistics.batches.add(len(batch))

    def _together(self, tx: Transaction, driver: Any, batch: Sequence[_Job]) -> Sequence[_Job]:
        """Run what can be done for many at once; returns the jobs that are left, in their order."""
        crowds: defaultdict[Any, list[_Job]] = defaultdict(list)
        for job in batch:
            if isinstance(job.use_case, Together) and not job.keywords:
                crowds[job.use_case].append(job)
        done: set[_Job] = set()
        for use_case, jobs in crowds.items():
            results: Sequence[Any] = [None] * len(jobs)
            with self._savepoint(driver, None):
                results = use_case.many(tx, [job.arguments for job in jobs])
            for job, result in zip(jobs, results, strict=True):
                if result is not None:
                    job.result, job.error = result, None
                    done.add(job)
        return [job for job in batch if job not in done] if done else batch

    @contextmanager
    def _savepoint(self, driver: Any, job: _Job | None, *, conflicts_end: bool = False) -> Iterator[None]:
        """Undo what raises inside, for all that is left of the batch; the error is `job`'s, if one is named.

        Straight to the driver: a savepoint by SQLAlchemy costs more than a small use case.
        """
        driver.execute("SAVEPOINT use_case")
        try:
            yield
        except BaseException as error:
            if isinstance(error, StaleError) or self.kind.undone(driver):
                raise
            if self.kind.conflicts(error) and not conflicts_end:
                raise
            if job is None:
                self.statistics.parted += 1
            else:
                job.error = self.explained(error)
            driver.execute("ROLLBACK TO SAVEPOINT use_case")
        if self.kind.releases:
            driver.execute("RELEASE SAVEPOINT use_case")

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            connection = self._writing.connect()
        except DBAPIError as error:
            if self.kind.away(error):
                raise _LostError from error
            raise
        with connection:
            yield connection

    def explained(self, error: BaseException) -> BaseException:
        """`error` as callers get it: a DatabaseError where it is one that a person can mend."""
        if isinstance(error, StopIteration):  # a future does not carry it
            explained: BaseException | None = RuntimeError("a use case raised StopIteration")
        else:
            explained = self.kind.explain(error)
        if explained is None:
            return error
        explained.__cause__ = error
        return explained


def _newer(tx: Transaction, files: Catalogue) -> Catalogue | None:
    """The catalogue as it is corrected, where that is not the one that is known."""
    if catalogues.version(tx.connection) == tx.catalogue.version:
        return None
    return catalogues.current(tx.connection, files)


def _schema_is_current(tx: Transaction) -> bool:
    return schema.current(tx.connection)


def _schema_revision(tx: Transaction) -> str | None:
    return schema.revision(tx.connection)


class _Patience:
    """Waits between attempts to reach a server that went away, for PATIENCE seconds in all."""

    def __init__(self) -> None:
        self._until = time.monotonic() + PATIENCE
        self._pause = 0.02

    def wait(self) -> bool:
        """Wait a little longer than last time; False once patience is over."""
        if time.monotonic() + self._pause > self._until:
            return False
        time.sleep(self._pause)
        self._pause = min(1.0, self._pause * 2)
        return True


def _settle(batch: Sequence[_Job]) -> None:
    """Answer every caller, waking each event loop once."""
    by_loop: defaultdict[asyncio.AbstractEventLoop, list[_Job]] = defaultdict(list)
    for job in batch:
        if job.loop is None:
            job.settle()
        else:
            by_loop[job.loop].append(job)
    for loop, jobs in by_loop.items():
        with suppress(RuntimeError):  # the loop is closed, so nobody waits any more
            loop.call_soon_threadsafe(_settle_all, jobs)


def _settle_all(jobs: Sequence[_Job]) -> None:
    for job in jobs:
        job.settle()
