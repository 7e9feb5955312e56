"""The machine: which cores are whose, and what a process has used of them (Linux's /proc)."""

import os
import platform
import sqlite3
from importlib.metadata import version
from pathlib import Path
from typing import Any

_TICK = os.sysconf("SC_CLK_TCK")


def split_cores() -> tuple[set[int], set[int]]:
    """The bot's core, and everybody else's cores; the same set twice where there is one core only."""
    cores = sorted(os.sched_getaffinity(0))
    return ({cores[-1]}, set(cores[:-1])) if len(cores) > 1 else (set(cores), set(cores))


def cpu_seconds(pid: int) -> float:
    """What all threads of a process have used so far, in user and kernel; to a hundredth of a second."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def resident_mib(pid: int) -> float:
    """What a process holds in memory at this moment."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise LookupError(f"no VmRSS of process {pid}")


def about(*, pinned: bool) -> dict[str, Any]:
    """What figures depend on."""
    packages = ("python-telegram-bot", "SQLAlchemy", "aiohttp", "uvloop", "httpx", "psycopg")
    return {
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "cores": os.cpu_count(),
        "bot_has_a_core": pinned and (os.cpu_count() or 1) > 1,
        **{package: version(package) for package in packages},
    }
