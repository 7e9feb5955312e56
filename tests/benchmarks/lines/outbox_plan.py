"""`outbox_plan`: people a second for whom a wave is planned, and replies not slowed meanwhile.

100,000 people are in the database when an entry falls due. The clock runs from its moment (or from the first
row that is seen, if that is earlier) until every one of them has a row in the outbox, committed, as another
process sees it (it looks every 20 ms). Sending begins meanwhile, at 100 a second, and people write, 20 a
second, before and during: the slowest replies may take twice as long at most.
"""

import asyncio
import shutil
import sqlite3
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.benchmarks.broadcasts import people_in_a_file
from tests.benchmarks.ground import PATIENCE, Ground, VoidError
from tests.benchmarks.harness import Benchmark, Reach, Sample, percentile
from tests.benchmarks.rekan import SECRET, install
from tests.benchmarks.replies import Talk, figures
from tests.benchmarks.telegram import FakeTelegram
from tests.benchmarks.webhook import Webhook

PER_SECOND = 20.0
_PACE = {"telegram": {"pace": {"per_second": 100, "paid": True, "stars": 1_000_000}}}
_PLANNED = "SELECT count(*) FROM outbox WHERE wave_id IS NOT NULL"


async def ours(ground: Ground) -> Sample:
    """Rekan's own timetable rings."""
    return await ground.in_time(lambda ahead: _ours(ground, ahead))


async def _ours(ground: Ground, ahead: float) -> Sample:
    people = ground.size(100_000, 2_000)
    seconds = ground.size(5, 1)
    async with FakeTelegram() as telegram:
        here = install(ground, telegram, _PACE)
        shutil.copy(await people_in_a_file(ground, people), here.folder / "rekan.db")
        here.write_schedule(datetime.now(UTC) + timedelta(seconds=seconds + ahead))
        async with here.running(ground), Webhook(here.webhook_url, SECRET, telegram, 40) as webhook:
            talk = Talk(webhook, telegram)
            here.is_in_time(seconds)
            moment = here.moment
            planning = asyncio.create_task(asyncio.to_thread(_planned_in, here.folder, people, moment))
            # The last of the people write: the wave, which goes from the first on, is far from them.
            before = await talk.go_on(
                lambda n: people - 1 - n, PER_SECOND, lambda: time.monotonic() > moment - 0.5
            )
            await asyncio.sleep(max(0.0, moment - time.monotonic()))
            during = await talk.go_on(
                lambda n: people - 501 - n,
                PER_SECOND,
                lambda: planning.done() and time.monotonic() > moment + seconds / 2,
            )
            took = await planning
    about = {"planned_in_seconds": took, **figures(before, "before"), **figures(during, "during")}
    not_slowed = percentile(during, 0.99) <= 2 * percentile(before, 0.99)
    return Sample(people / took, about, {"replies_not_slowed": not_slowed})


def _planned_in(folder: Path, people: int, moment: float) -> float:
    """Seconds from `moment`, or from the first row, to the last row."""
    began = moment
    database = sqlite3.connect(folder / "rekan.db")
    try:
        while (found := database.execute(_PLANNED).fetchone()[0]) < people:
            if found:
                began = min(began, time.monotonic())
            if time.monotonic() > moment + PATIENCE:
                raise VoidError(f"only {found} of {people} people were planned")
            time.sleep(0.02)
        return time.monotonic() - began
    finally:
        database.close()


async def reference(ground: Ground) -> Sample:
    """The ORM, with nothing else to do; and beside it the floor, SQLite's own INSERT of these rows."""
    people = ground.size(100_000, 2_000)
    took = await _alone(ground, people, "orm_add_all")
    floor = await _alone(ground, people, "bare_insert")
    return Sample(people / took, {"planned_in_seconds": took, "bare_insert_per_second": people / floor})


async def _alone(ground: Ground, people: int, name: str) -> float:
    folder = ground.new_folder()
    shutil.copy(await people_in_a_file(ground, people), folder / "rekan.db")
    output = folder / "output.log"
    module = f"tests.benchmarks.references.{name}"
    async with ground.process("-m", module, str(folder / "rekan.db"), output=output) as process:
        if await process.wait() != 0:
            raise VoidError(output.read_text()[-2000:])
    return float(output.read_text())


LINE = Benchmark(
    name="outbox_plan",
    unit="people/s",
    reach=Reach(at_least=25),
    ours=ours,
    reference=reference,
    described="one ORM add_all and commit of the same rows (references/orm_add_all.py)",
)
