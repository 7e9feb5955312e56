"""A process that stays: its beginning, and running until somebody says stop (Ctrl-C, SIGTERM)."""

import asyncio
import contextlib
import gc
import os
import signal
import sys
from collections.abc import Coroutine, Iterator
from typing import Any

STOPPED_BY_FORCE = 130

_TURN = 0.001  # seconds for which a thread may keep the others from running Python


@contextlib.contextmanager
def nothing_thrown_away() -> Iterator[None]:
    """What is made inside the `with` stays: to look for garbage in it would be a twentieth of a start."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def run_until_stopped(main: Coroutine[Any, Any, None]) -> None:
    """Run `main` on a fresh event loop; the first SIGINT or SIGTERM cancels it, and it may take its time.

    Returns when it has ended, either way. A second signal ends the process at once: what was promised
    is in the database, so that is no more than a crash.
    """
    # Every TLS record that the event loop writes gives the interpreter's lock away for a moment, and the
    # database's threads then keep it for a turn: five milliseconds by default, several times in one round.
    sys.setswitchinterval(_TURN)
    with asyncio.Runner(loop_factory=_fast_loop()) as runner:
        runner.run(_until_stopped(main))


async def _until_stopped(main: Coroutine[Any, Any, None]) -> None:
    task = asyncio.ensure_future(main)
    stopping = False

    def stop() -> None:
        nonlocal stopping
        if stopping:
            os._exit(STOPPED_BY_FORCE)
        stopping = True
        task.cancel()

    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows; there Ctrl-C cancels this task
            loop.add_signal_handler(signal_number, stop)
    try:
        await task
    except asyncio.CancelledError:
        if not stopping:
            raise


def _fast_loop() -> Any:
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop
