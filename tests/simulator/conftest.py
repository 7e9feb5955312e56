"""A simulator on a real socket, and a caller that shows the bare envelope."""

import io
import struct
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from bot.clock import SimulatedClock
from bot.simulator import Limits, Person, Simulator

START = datetime(2026, 11, 9, 1, 0, tzinfo=UTC)


class Caller:
    """Calls methods with JSON bodies and returns the whole envelope."""

    def __init__(self, sim: Simulator, session: aiohttp.ClientSession) -> None:
        self.sim, self.session = sim, session

    async def __call__(self, method: str, token: str | None = None, **params: Any) -> dict[str, Any]:
        url = f"{self.sim.base_url}{token or self.sim.token}/{method}"
        async with self.session.post(url, json=params) as response:
            envelope = await response.json()
        if not envelope["ok"]:
            assert response.status == envelope["error_code"]
        return envelope

    async def result(self, method: str, **params: Any) -> Any:
        envelope = await self(method, **params)
        assert envelope["ok"], envelope
        return envelope["result"]

    async def refusal(self, method: str, **params: Any) -> str:
        envelope = await self(method, **params)
        assert not envelope["ok"], envelope
        return f"{envelope['error_code']} {envelope['description']}"

    async def upload(self, method: str, name: str, data: bytes, filename: str, **params: Any) -> Any:
        form = aiohttp.FormData()
        for key, value in params.items():
            form.add_field(key, str(value))
        form.add_field(name, io.BytesIO(data), filename=filename)  # large bytes as such make aiohttp warn
        async with self.session.post(f"{self.sim.base_url}{self.sim.token}/{method}", data=form) as response:
            return await response.json()

    async def updates(self, **params: Any) -> list[dict[str, Any]]:
        return await self.result("getUpdates", **params)


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock(START)


@pytest.fixture
def limits() -> Limits:
    return Limits.off()


@pytest.fixture
async def sim(clock: SimulatedClock, limits: Limits) -> AsyncIterator[Simulator]:
    async with Simulator(clock, limits=limits) as simulator:
        yield simulator


@pytest.fixture
async def call(sim: Simulator) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession() as session:
        yield Caller(sim, session)


@pytest.fixture
async def ani(sim: Simulator) -> Person:
    """Somebody who has begun a chat with the bot; nothing waits for the bot."""
    person = sim.person(101, first_name="Ani", last_name="Lestari", language_code="id")
    await person.send("/start")
    sim.world.bots[sim.token].updates.drop_all()
    return person


def png(width: int = 8, height: int = 8) -> bytes:
    """A grey picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\x7f" * width for _ in range(height)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
