"""How long a page takes with 100,000 people, asked for over a socket of the running bot."""

import re
import shutil
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from statistics import median

import aiohttp
from sqlalchemy import insert, text

from bot.domain.people import Role
from bot.storage import people, sign_ins
from bot.storage.database import Transaction
from bot.storage.tables import WaveRow
from bot.usecases import sign_ins as usecase
from tests.benchmarks.broadcasts import people_in_a_file
from tests.benchmarks.ground import Ground
from tests.benchmarks.harness import Sample
from tests.benchmarks.rekan import PROGRAMME, Installation, install
from tests.benchmarks.telegram import FakeTelegram

_URL = {"web": {"url": "http://pages.example.invalid"}}


async def pages(ground: Ground, *paths: str) -> Sample:
    """The slowest of these pages, each the median of ten, with a wave to everybody waiting in the outbox."""
    number = ground.size(100_000, 500)
    async with FakeTelegram() as telegram:
        here = install(ground, telegram, _URL)
        here.write_schedule()
        shutil.copy(await people_in_a_file(ground, number), here.folder / "rekan.db")
        with here.opened() as database:
            database.write_now(_owe_everybody)
        async with here.running(ground):
            with here.opened() as database:
                link = database.write_now(_link)
            address = _served_at(here)
            cpu, times = here.cpu, ground.size(10, 2)
            figures = await _asked(address, link.removeprefix(_URL["web"]["url"]), paths, times)
            cpu = (here.cpu - cpu) / (times + 1) / len(paths)
    about = {f"{path}_ms": value for path, value in figures.items()}
    return Sample(max(figures.values()), {**about, "cpu_ms_a_page": cpu * 1_000})


def _owe_everybody(tx: Transaction) -> None:
    """A wave to everybody, all of it to be sent in two hours; and offices, provinces and groups."""
    now = datetime.now(UTC)
    due = now + timedelta(hours=2)
    wave_id = tx.connection.execute(
        insert(WaveRow)
        .values(
            programme_id=PROGRAMME,
            entry_id="kabar",
            zone="WIB",
            due_at=due,
            everybody_by=due,
            not_after=due + timedelta(hours=2),
            planned_at=now,
            people=0,
            state="planned",
        )
        .returning(WaveRow.id)
    ).scalar_one()
    tx.connection.execute(
        text(
            "INSERT INTO outbox (person_id, wave_id, reason, message, lane, due_at, everybody_by, not_after,"
            " state, attempts, created_at) SELECT p.id, w.id, 'bench', :message, 2, w.due_at, w.everybody_by,"
            " w.not_after, 'owed', 0, w.planned_at FROM people p, waves w WHERE w.id = :wave"
        ),
        {"message": '{"say": {"key": "help.unknown_command"}}', "wave": wave_id},
    )
    tx.connection.execute(
        text("UPDATE people SET office = 'Satker ' || (id % 2000), class = 'A' || (id % 100)")
    )


def _link(tx: Transaction) -> str:
    """A link for the first of them, who coordinates from now on."""
    now = datetime.now(UTC)
    people.change(tx, 1, now, role=Role.COORDINATOR)
    link = usecase.hand_out(tx, 1, now)
    assert link is not None
    assert sign_ins.browsers(tx, 1) == 0
    return link


def _served_at(here: Installation) -> str:
    found = re.search(r'"address": "(http://[^"]+)"', here.log.read_text())
    assert found is not None
    return found[1]


async def _asked(address: str, link: str, paths: Sequence[str], times: int) -> dict[str, float]:
    """Milliseconds by path, the first request apart: it loads the templates."""
    found: dict[str, list[float]] = {path: [] for path in paths}
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
        async with browser.post(address + link, allow_redirects=False) as answer:
            assert answer.status == 303
        for n in range(times + 1):
            for path in paths:
                began = time.monotonic()
                async with browser.get(address + path) as answer:
                    assert answer.status == 200, await answer.text()
                    await answer.read()
                if n:
                    found[path].append((time.monotonic() - began) * 1_000)
    return {path: median(each) for path, each in found.items()}
