"""SIGTERM: what is in flight ends and is recorded, so that nothing at all is there twice afterwards."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from bot.simulator import Simulator
from tests.acceptance.books import Books
from tests.acceptance.crowd import Crowd
from tests.acceptance.installation import FAST, Installation, by_webhook
from tests.acceptance.orientation import enrol, write_schedule
from tests.acceptance.test_kills import progress

WAVE = 150


@pytest.mark.parametrize("how", ["polling", "webhook"])
async def test_stopped_during_a_wave(
    how: str, quick_telegram: Simulator, install: Callable[..., Installation], seed: int
) -> None:
    settings = [FAST, {"telegram": {"pace": {"per_second": 100}}}]
    rekan = install(quick_telegram, *settings, *([by_webhook()] if how == "webhook" else []))
    write_schedule(rekan.folder, {"kabar": datetime.now(UTC) - timedelta(seconds=5)})
    people = enrol(rekan.database_url, quick_telegram, WAVE)
    books = Books(rekan.database_url, quick_telegram)
    async with Crowd(quick_telegram, people[:5], seed) as crowd:
        await rekan.start()
        await progress(quick_telegram, WAVE // 2, rekan)
        assert await rekan.stop() == 0
        books.after_a_kill()
        assert not books.doubtful, "something was still on its way"
        assert books.handled_updates() == books.confirmed_updates(), "the last ones are not confirmed"
        assert b'"action": "stopped"' in rekan.output
        await rekan.start()
        await crowd.finish()
    await books.settled(rekan)
    books.every_answer_once(crowd.participants)
    assert books.every_message_once() == 0
    assert not rekan.events("recovered")


async def test_stopped_before_telegram_was_ever_reached(
    telegram: Simulator, install: Callable[..., Installation]
) -> None:
    rekan = install(telegram, {"telegram": {"base_url": "http://127.0.0.1:1"}})
    write_schedule(rekan.folder)
    await rekan.start(until_it_runs=False)
    await rekan.says(b"Telegram does not answer")
    assert await rekan.stop() == 0
