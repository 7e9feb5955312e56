"""Two Bot API servers on real sockets: one answers what a test tells it to, the other is the simulator."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.clock import SystemClock
from bot.simulator import Limits, Simulator
from bot.telegram.client import Client
from tests.telegram.scripted_api import ME, TOKEN, Scripted


@pytest.fixture
async def server() -> AsyncIterator[Scripted]:
    scripted = Scripted(usual={"getMe": ME})
    app = web.Application()
    app.router.add_post("/bot{token}/{method}", scripted.handle)
    running = TestServer(app, shutdown_timeout=0.1)
    await running.start_server(access_log=None)
    scripted.url = str(running.make_url("")).rstrip("/")
    yield scripted
    await running.close()


@pytest.fixture
async def client(server: Scripted) -> AsyncIterator[Client]:
    async with Client(TOKEN, server.url) as ready:
        server.asked.clear()
        yield ready


@pytest.fixture
async def telegram() -> AsyncIterator[Simulator]:
    async with Simulator(SystemClock(), limits=Limits.off()) as simulator:
        yield simulator


@pytest.fixture
async def bot(telegram: Simulator) -> AsyncIterator[Client]:
    async with Client(telegram.token, telegram.base_url) as ready:
        yield ready
