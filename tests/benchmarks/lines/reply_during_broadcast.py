"""`reply_during_broadcast`: how long 99 of 100 replies take at most, while a broadcast runs at full speed.

The same bot, first idle and then sending to 3,400 people at the free pace, 50 ms away over TLS, is written to
by people who have had the broadcast's message already: four a second, at random.
"""

import shutil
import time
from datetime import UTC, datetime, timedelta

from tests.benchmarks import rekan
from tests.benchmarks.broadcasts import FAR, people_in_a_file
from tests.benchmarks.ground import Ground, until
from tests.benchmarks.harness import Benchmark, Reach, Sample
from tests.benchmarks.rekan import SECRET, install
from tests.benchmarks.replies import Talk, figures
from tests.benchmarks.telegram import FakeTelegram
from tests.benchmarks.webhook import Webhook

PER_SECOND = 4.0
_UNDER_WAY = 100
"""The broadcast has reached so many when the writing begins again: who writes has had its message."""


async def ours(ground: Ground) -> Sample:
    """Rekan, idle and busy; the reference is its own figure when idle."""
    return await ground.in_time(lambda ahead: _ours(ground, ahead))


async def _ours(ground: Ground, ahead: float) -> Sample:
    seconds, people = ground.size(30, 1), ground.size(3_400, 150)
    first = ground.size(_UNDER_WAY, 30)
    async with FakeTelegram(FAR, ground.certificate) as telegram:
        here = install(ground, telegram)
        shutil.copy(await people_in_a_file(ground, people), here.folder / "rekan.db")
        here.write_schedule(datetime.now(UTC) + timedelta(seconds=seconds + ahead))
        async with here.running(ground), Webhook(here.webhook_url, SECRET, telegram, 40) as webhook:
            here.is_in_time(seconds + 0.5)
            talk = Talk(webhook, telegram)
            ends = time.monotonic() + seconds
            # The last in the list write now, the first later: nobody twice.
            idle = await talk.go_on(lambda n: people - 1 - n, PER_SECOND, lambda: time.monotonic() > ends)
            before = len(telegram.calls)
            await until(lambda: len(telegram.calls) >= before + first, "the broadcast's beginning")
            ends = time.monotonic() + seconds
            sent = len(telegram.calls)
            busy = await talk.go_on(
                lambda n: telegram.calls[before + n].chat_id - rekan.FIRST_CHAT,
                PER_SECOND,
                lambda: time.monotonic() > ends,
            )
            pace = (len(telegram.calls) - sent) / seconds
    idle_about, busy_about = figures(idle, "idle"), figures(busy, "busy")
    median_ratio = busy_about["busy_p50_ms"] / idle_about["idle_p50_ms"]
    return Sample(
        busy_about["busy_p99_ms"],
        {**idle_about, **busy_about, "median_ratio": median_ratio, "messages_per_second": pace},
        {"median_at_most_1.5_times": median_ratio <= 1.5},
        reference=idle_about["idle_p99_ms"],
    )


LINE = Benchmark(
    name="reply_during_broadcast",
    unit="ms",
    reach=Reach(at_most=2),
    ours=ours,
    reference=None,
    described="the same bot's p99 when idle, in the same process",
)
