"""`rekan run` with a watch on its event loop: a task that wants to run every millisecond notes when it did.

    ticking.py config.yaml

At the end it writes ticks.bin beside the configuration, two doubles a tick: time.monotonic(), and the CPU
seconds that the loop's thread has used, which tell a stall of its own from one of the machine's making.
"""

import asyncio
import sys
import time
from array import array
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from bot.app import run as run_rekan
from bot.cli.logs import begin_logging
from bot.cli.process import run_until_stopped
from bot.cli.setup import read_catalogue, read_config, secrets_of

EVERY = 0.001


def main(file: Path) -> None:
    """As `bot.cli.run.run` does it."""
    config = read_config(file)
    catalogue = read_catalogue(config)
    begin_logging(config.log.level, config.log.format, secrets=secrets_of(config))
    run_until_stopped(_watched(run_rekan(config, catalogue), file.parent / "ticks.bin"))


async def _watched(running: Coroutine[Any, Any, None], file: Path) -> None:
    ticks = array("d")
    ticker = asyncio.create_task(_tick(ticks))
    try:
        await running
    finally:
        ticker.cancel()
        with file.open("wb") as opened:
            ticks.tofile(opened)


async def _tick(ticks: "array[float]") -> None:
    while True:
        ticks.extend((time.monotonic(), time.thread_time()))
        await asyncio.sleep(EVERY)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
