"""Real processes against each other: the simulator in the test's own, `rekan run` in another."""

import os
import random
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.clock import SystemClock
from bot.simulator import Limits, Simulator
from tests.acceptance.installation import Installation, tell


@pytest.fixture
def seed() -> int:
    """Decides what is left to chance; shown where a test fails, and settled by REKAN_TEST_SEED."""
    value = int(os.environ.get("REKAN_TEST_SEED") or random.SystemRandom().randrange(1_000_000))
    tell(f"REKAN_TEST_SEED={value}")
    return value


@pytest.fixture
async def telegram() -> AsyncIterator[Simulator]:
    """A Telegram that enforces its limits."""
    async with Simulator(SystemClock(), keep_calls=1_000_000) as simulator:
        yield simulator


@pytest.fixture
async def quick_telegram() -> AsyncIterator[Simulator]:
    """A Telegram without limits, so that much happens in a short time."""
    async with Simulator(SystemClock(), limits=Limits.off(), keep_calls=1_000_000) as simulator:
        yield simulator


@pytest.fixture
async def install(tmp_path: Path) -> AsyncIterator[Callable[..., Installation]]:
    """Makes installations, which end with the test."""
    made: list[Installation] = []

    def make(simulator: Simulator, *settings: Mapping[str, Any]) -> Installation:
        folder = tmp_path / f"installation-{len(made) + 1}"
        folder.mkdir()
        made.append(Installation(folder, simulator, *settings))
        return made[-1]

    yield make
    for installation in made:
        await installation.close()
