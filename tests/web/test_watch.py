"""The whole bot, asked from outside how it is."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from bot import app
from bot.clock import SystemClock
from bot.config import Address, Config, Mode, Telegram, Web, Webhook
from bot.content.loading import load
from bot.domain.programme import Catalogue
from bot.simulator import Limits, Simulator
from bot.storage.database import Database
from tests.ports import reserved
from tests.web.conftest import get

ROOT = Path(__file__).parent.parent.parent
READY = """\
ok
database: takes writes
telegram: answers
sender: keeps up with what is due
instance: holds the database
"""


@asynccontextmanager
async def running(database: Database, telegram: Simulator, **settings: object) -> AsyncIterator[str]:
    """A bot that runs; yields where it can be asked."""
    account = Telegram(token=SecretStr(telegram.token), base_url=telegram.base_url, **settings)  # type: ignore[arg-type]  # whichever
    config = Config(telegram=account, web=Web(listen=Address("127.0.0.1", 0)))
    with capture_logs() as logs:
        async with app.running(config, database, SystemClock()):
            yield next(log["address"] for log in logs if log.get("action") == "listening")


@pytest.fixture
async def telegram() -> AsyncIterator[Simulator]:
    async with Simulator(SystemClock(), limits=Limits.off()) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(ROOT / "content", ROOT / "schedules")


@pytest.fixture
def database(file: Path, catalogue: Catalogue) -> Iterator[Database]:
    """A database for what is shipped."""
    database = Database.open(f"sqlite:///{file}", catalogue)
    yield database
    database.close_now()


async def test_a_bot_that_polls_is_well_and_has_figures(database: Database, telegram: Simulator) -> None:
    async with running(database, telegram) as address:
        assert await get(address, "/healthz") == (200, "ok\n")
        assert await get(address, "/readyz") == (200, READY)
        status, page = await get(address, "/people")
        assert (status, "Anda perlu masuk" in page) == (401, True)
        status, page = await get(address, "/metrics")
    assert status == 200
    assert 'rekan_check_ok{check="telegram"} 1.0' in page
    assert 'mode="polling"' in page
    assert "rekan_loop_stall_seconds_count" in page


async def test_a_webhooks_address_shows_strangers_no_figures(database: Database, telegram: Simulator) -> None:
    port = reserved()
    hook = Webhook(
        url=f"http://127.0.0.1:{port}/telegram",
        listen=Address("127.0.0.1", port),
        secret=SecretStr("rahasia"),
    )
    async with running(database, telegram, mode=Mode.WEBHOOK, webhook=hook) as address:
        public = f"http://127.0.0.1:{port}"
        assert (await get(public, "/metrics"))[0] == 404
        assert await get(public, "/people") == (404, "Not Found")  # nor the coordinators' pages
        assert await get(public, "/readyz") == (200, READY)
        assert (await get(address, "/metrics"))[0] == 200
