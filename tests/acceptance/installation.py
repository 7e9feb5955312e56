"""One installation of Rekan, run as a process, killed, stopped and started again; and what it has written."""

import asyncio
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from bot.simulator import Simulator
from tests.ports import reserved

ROOT = Path(__file__).parent.parent.parent
SECRET = "Rahasia-webhook_1"
LONG_ENOUGH = 120.0
"""Real seconds in which anything must have happened, on however busy a machine."""

_PERSONAL = re.compile(rb"(?<!\d)(?:\d{16}|\d{18})(?!\d)")

FAST = {"telegram": {"pace": {"per_second": 500, "per_chat": 30, "paid": True, "stars": 100_000}}}
"""A pace for a simulator without limits: as many calls as the machine can make."""


def by_webhook() -> dict[str, Any]:
    """Settings that have updates come by webhook, on a port of its own."""
    port = reserved()
    hook = {"url": f"http://127.0.0.1:{port}/telegram", "listen": f"127.0.0.1:{port}", "secret": SECRET}
    return {"telegram": {"mode": "webhook", "webhook": hook}}


class Installation:
    """A folder with a configuration, and the processes of `rekan run` on it, one after the other.

    `settings` are laid over a configuration that talks to `simulator`, tells all in its log and keeps
    what it keeps in rekan.db.
    """

    def __init__(self, folder: Path, simulator: Simulator, *settings: Mapping[str, Any]) -> None:
        self.folder = folder
        self.token = simulator.token
        self.config = _laid_over(
            {
                "telegram": {"token": simulator.token, "base_url": simulator.base_url},
                "database": {"url": "sqlite:///rekan.db"},
                "web": {"listen": "127.0.0.1:0"},
                "content": str(ROOT / "content"),
                "schedules": "schedules",
                "log": {"level": "debug", "format": "json"},
            },
            *settings,
        )
        self.arguments: tuple[str, ...] = ()
        self.process: asyncio.subprocess.Process | None = None
        self.starts = 0
        (folder / "schedules").mkdir(exist_ok=True)

    @property
    def database_url(self) -> str:
        """What a test opens to look inside."""
        return str(self.config["database"]["url"]).replace("sqlite:///", f"sqlite:///{self.folder}/")

    @property
    def pid(self) -> int:
        """Of the process that runs."""
        assert self.process is not None
        return self.process.pid

    @property
    def output(self) -> bytes:
        """All that all the processes have written, to either stream."""
        return b"".join(self.output_of(n) for n in range(1, self.starts + 1))

    def output_of(self, start: int) -> bytes:
        """What the process of that start (from 1 on) has written."""
        return (self.folder / f"output-{start}.log").read_bytes()

    def events(self, action: str) -> list[dict[str, Any]]:
        """The log's events of that name, of all processes."""
        lines = (orjson.loads(line) for line in self.output.splitlines() if line.startswith(b"{"))
        return [line for line in lines if line.get("action") == action]

    async def start(self, *, until_it_runs: bool = True) -> None:
        """Start the bot, and wait until it says that it runs."""
        (self.folder / "config.yaml").write_bytes(orjson.dumps(self.config, option=orjson.OPT_INDENT_2))
        self.starts += 1
        with (self.folder / f"output-{self.starts}.log").open("wb") as output:
            self.process = await asyncio.create_subprocess_exec(
                *(
                    sys.executable,
                    "-m",
                    "bot",
                    "run",
                    "-c",
                    str(self.folder / "config.yaml"),
                    *self.arguments,
                ),
                env={name: value for name, value in os.environ.items() if not name.startswith("REKAN_")}
                | {"PYTHONPATH": str(ROOT)},
                stdout=output,
                stderr=output,
            )
        if until_it_runs:
            await self.says(b'"action": "started"')

    async def says(self, words: bytes) -> None:
        """Wait until the process of the last start has written `words`."""
        await eventually(
            lambda: words in self.output_of(self.starts) or self._has_ended(), f"{words!r} in the log", self
        )
        assert words in self.output_of(self.starts), self.output_of(self.starts).decode()

    async def kill(self) -> None:
        """`kill -9`."""
        assert self.process is not None
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()

    async def stop(self) -> int:
        """SIGTERM, and the exit code that comes of it."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return await self.end()

    async def end(self) -> int:
        """Wait for the process to end by itself; its exit code."""
        assert self.process is not None
        async with asyncio.timeout(LONG_ENOUGH):
            return await self.process.wait()

    async def close(self) -> None:
        """End what still runs, and see that no secret was told and no fault of ours was met."""
        if self.process is not None and self.process.returncode is None:
            await self.kill()
        told = self.output
        assert self.token.encode() not in told
        assert self.token.partition(":")[2].encode() not in told
        assert SECRET.encode() not in told
        assert not _PERSONAL.search(told), _PERSONAL.findall(told)
        assert b"Traceback" not in told, told.decode()
        assert b"mistake in Rekan" not in told, told.decode()

    def _has_ended(self) -> bool:
        return self.process is not None and self.process.returncode is not None


def tell(line: str) -> None:
    """Figures for whoever runs a test with -s, or sees it fail."""
    sys.stdout.write(f"{line}\n")


async def eventually(
    condition: Callable[[], bool],
    what: str,
    installation: Installation | None = None,
    *,
    every: float = 0.02,
) -> None:
    """Wait until `condition` holds, by looking again and again; fails with `what` and the end of the log."""
    until = time.monotonic() + LONG_ENOUGH
    while not condition():
        if time.monotonic() > until:
            log = installation.output[-3000:].decode(errors="replace") if installation else ""
            raise AssertionError(f"not within {LONG_ENOUGH:.0f} s: {what}\n{log}")
        await asyncio.sleep(every)


def _laid_over(settings: dict[str, Any], *others: Mapping[str, Any]) -> dict[str, Any]:
    for other in others:
        for key, value in other.items():
            below = settings.get(key)
            settings[key] = _laid_over(below, value) if isinstance(below, dict) else value
    return settings
