"""`check_ins`: how long 3,400 people's check-ins take, all recorded and answered, while a wave goes out.

Within a minute everybody sends the code that stands at that moment, half of them typed, half by the QR
code's link, at random, while the bot sends a message to all 3,400 at the free pace, 50 ms away over TLS.
Measured from the first check-in until the last answer is sent; each must then be recorded as present, once.
"""

import asyncio
import random
import shutil
import time
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from bot.content.loading import load
from bot.storage.database import Transaction
from bot.usecases import attendance
from tests.benchmarks import rekan
from tests.benchmarks.broadcasts import FAR, people_in_a_file
from tests.benchmarks.ground import ROOT, Ground, VoidError, until
from tests.benchmarks.harness import Benchmark, Reach, Sample
from tests.benchmarks.rekan import SECRET, Installation, install
from tests.benchmarks.telegram import FakeTelegram
from tests.benchmarks.webhook import Webhook

ALLOWED = 120.0
"""Seconds."""

_SEED = 20_261_109
_UNDER_WAY = 100  # messages of the wave that are out when the first checks in


async def ours(ground: Ground) -> Sample:
    """Rekan."""
    return await ground.in_time(lambda ahead: _ours(ground, ahead))


async def _ours(ground: Ground, ahead: float) -> Sample:
    people, within = ground.size(3_400, 150), ground.size(60, 2)
    first = ground.size(_UNDER_WAY, 20)
    async with FakeTelegram(FAR, ground.certificate) as telegram:
        here = install(ground, telegram)
        shutil.copy(await people_in_a_file(ground, people), here.folder / "rekan.db")
        here.write_schedule(datetime.now(UTC) + timedelta(seconds=ahead))
        _take_attendance(here)
        catalogue = load(ROOT / "content", here.folder / "schedules")
        (programme,) = catalogue.programmes.values()
        (session,) = programme.sessions
        chance = random.Random(_SEED)
        moments = sorted(chance.uniform(0, within) for _ in range(people))
        with here.opened() as database:
            database.write_now(attendance.make_key)

            def code() -> str:
                shown = database.read_now(attendance.shown, programme, session, datetime.now(UTC))
                assert shown is not None
                return shown.code

            async with here.running(ground), Webhook(here.webhook_url, SECRET, telegram, 40) as webhook:
                here.is_in_time()
                await until(lambda: len(telegram.calls) >= first, "the wave's beginning")
                began, standing, looked = time.monotonic(), code(), time.monotonic()
                for n, moment in enumerate(moments):
                    await asyncio.sleep(max(0.0, began + moment - time.monotonic()))
                    if time.monotonic() - looked > 1:
                        standing, looked = code(), time.monotonic()
                    words = standing if n % 2 else f"/start h-{standing}"
                    update = rekan.command(n, n + 1, words)
                    if n % 2:
                        del update["message"]["entities"]
                    webhook.hand_over([webhook.request(update)])
                in_wave = len(telegram.calls)
                while (answered := database.read_now(_answered)) < people:
                    if time.monotonic() > began + 4 * ALLOWED:
                        raise VoidError(f"{answered} of {people} check-ins are answered")
                    await asyncio.sleep(0.1)
                seconds = time.monotonic() - began
                recorded, pieces = database.read_now(_recorded)
                left = database.read_now(rekan.still_owed)
    if (recorded, pieces) != (people, people):
        raise VoidError(f"{recorded} of {people} people are recorded, by {pieces} pieces of evidence")
    about = {
        "people": people,
        "per_second": people / seconds,
        "calls_while_they_came": in_wave,
        "of_the_wave_left": left,
    }
    return Sample(seconds, about)


def _take_attendance(here: Installation) -> None:
    """Have the schedule's session take attendance."""
    file = here.folder / "schedules" / "orientasi.yaml"
    words = "passcode: CONTOH}\n"
    file.write_text(file.read_text().replace(words, f"{words}    check_in: {{from: 1h, until: 5h}}\n"))


def _answered(tx: Transaction) -> int:
    statement = text("SELECT count(*) FROM outbox WHERE state = 'sent' AND reason LIKE 'update:%'")
    return int(tx.connection.execute(statement).scalar_one())


def _recorded(tx: Transaction) -> tuple[int, int]:
    present = text("SELECT count(*) FROM attendance WHERE grade = 'present'")
    pieces = text("SELECT count(*) FROM attendance_evidence WHERE counts")
    return tuple(int(tx.connection.execute(each).scalar_one()) for each in (present, pieces))  # type: ignore[return-value] # two


LINE = Benchmark(
    name="check_ins",
    unit="s",
    reach=Reach(at_most=1),
    ours=ours,
    reference=ALLOWED,
    described="two minutes",
)
