"""A stage with a few people: left in the middle, paused, and played by hand."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from bot.config import SHIPPED
from bot.content.loading import load
from bot.domain.programme import Catalogue
from bot.rehearsal.pace import Pace
from bot.rehearsal.people import invent_people
from bot.rehearsal.progress import snapshot
from bot.rehearsal.stage import Stage, first_morning, staged


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(SHIPPED.parent / "content", SHIPPED.parent / "schedules")


@pytest.fixture
async def stage(catalogue: Catalogue, tmp_path: Path) -> AsyncIterator[Stage]:
    programme = catalogue.programmes["pppk-2026"]
    people = invent_people(3, 1)
    async with staged(
        catalogue, programme, people, begins=first_morning(programme), seed=1, folder=tmp_path
    ) as stage:
        yield stage


async def test_it_can_be_left_in_the_middle_and_tells_what_came_of_it(stage: Stage) -> None:
    playing = asyncio.create_task(stage.play())
    await stage.clock.sleep(timedelta(days=1, hours=5).total_seconds())
    stage.clock.pause()
    shown = await snapshot(stage)
    playing.cancel()
    await playing
    outcome = await stage.outcome()
    assert not outcome.complete
    assert outcome.accounts.sound
    assert outcome.accounts.claimed >= 1
    assert outcome.accounts.sent > 0
    assert (outcome.refused_429, outcome.updates_unconfirmed) == (0, 0)
    assert shown.progress.joined >= 1
    assert shown.ahead[0].entry == "gladi-tautan"
    assert {ringing.entry for ringing in shown.rung[:2]} == {"gladi-pagi", "panitia-cek-tautan"}
    assert any(line.by_bot for line in shown.lines)


async def test_what_reaches_the_crowd_while_it_leaves_moves_nobody(stage: Stage) -> None:
    crowd = stage.crowd
    (person, *_) = crowd._people.values()
    leaving = asyncio.create_task(crowd.run())
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.sleep(0)  # it has begun to, and waits for those who act
    assert not leaving.done()
    crowd._after(person, 1, person.phone.block)
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_a_pause_stops_time_and_does_not_keep_it_from_ending(stage: Stage) -> None:
    playing = asyncio.create_task(stage.play())
    await stage.clock.sleep(3600)
    stage.clock.pause()
    await asyncio.sleep(0.05)
    paused_at = stage.clock.now()
    await asyncio.sleep(0.05)
    assert stage.clock.now() == paused_at
    async with asyncio.timeout(5):
        playing.cancel()
        await playing
    assert (await stage.outcome()).accounts.sound


async def test_a_reader_signs_in_to_the_pages_and_the_next_one_gets_another_link(stage: Stage) -> None:
    assert await stage.pages() is None
    playing = asyncio.create_task(stage.play())
    await stage.clock.sleep(3600)
    link = await stage.pages()
    assert link is not None
    assert await stage.pages() == link
    address = link.partition("/sign-in/")[0]
    cookies = aiohttp.CookieJar(unsafe=True)  # of an address in numbers, too
    async with (
        aiohttp.ClientSession(cookie_jar=cookies) as browser,
        browser.post(link, headers={"Origin": address}) as answer,
    ):
        assert (answer.status, answer.url.path) == (200, "/")
        assert "Rina Wulandari" in await answer.text()
    another = await stage.pages()
    assert another != link
    assert (await snapshot(stage)).pages == another
    await stage.coordinator.phone.send("/panitia")
    await stage.clock.sleep(5)
    await stage.coordinator.phone.tap(stage.coordinator.phone.inbox[-1], "🖥")
    await stage.clock.sleep(5)
    assert await stage.pages() == address  # hers is the newest, and stays it
    playing.cancel()
    await playing
    assert (await stage.outcome()).accounts.sound


async def test_whoever_is_played_by_hand_is_left_alone(stage: Stage) -> None:
    guest = stage.crowd.guest
    async with aiohttp.ClientSession() as browser:
        address = f"{stage.simulator.address}/control/people/{guest.id}/send"
        async with browser.post(address, json={"text": "halo"}) as answer:
            assert answer.status == 200
    playing = asyncio.create_task(stage.play())
    await stage.clock.sleep(timedelta(days=1).total_seconds())
    playing.cancel()
    await playing
    assert [message.text for message in guest.chat if not message.from_bot] == ["halo"]
    assert (await snapshot(stage)).guest_joined


async def test_the_pace_is_kept_until_somebody_sets_another(stage: Stage) -> None:
    pace = Pace(stage.clock, stage.ends, seconds=100.0)
    pace.keep()
    assert stage.clock.speed == pytest.approx(22_700, rel=0.01)
    stage.clock.speed = 60.0
    pace.keep()
    assert stage.clock.speed == 60.0
