"""`due_at_once`: the event loop's longest stall when 10,000 messages fall due in one second.

A task inside Rekan's own event loop wants to run every millisecond (tests/benchmarks/ticking.py). Its longest
wait beyond that counts, from the first message's moment until the last of them is sent and recorded, at the
paid pace over TLS, 50 ms away: finding what is due and sending it both belong to it.
"""

import shutil
import time
from array import array
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from bot.domain.messages import Lane, Say
from bot.storage import outbox
from bot.storage.database import Transaction
from tests.benchmarks import rekan
from tests.benchmarks.broadcasts import FAR, people_in_a_file
from tests.benchmarks.ground import Ground, TooLateError, until
from tests.benchmarks.harness import Benchmark, Reach, Sample, percentile
from tests.benchmarks.rekan import PAID, install
from tests.benchmarks.telegram import FakeTelegram
from tests.benchmarks.ticking import EVERY


async def ours(ground: Ground) -> Sample:
    """Rekan on SQLite."""
    return await ground.in_time(lambda ahead: _ours(ground, ahead))


async def _ours(ground: Ground, ahead: float) -> Sample:
    messages = ground.size(10_000, 200)
    async with FakeTelegram(FAR, ground.certificate) as telegram:
        here = install(ground, telegram, PAID)
        here.write_schedule()
        shutil.copy(await people_in_a_file(ground, messages), here.folder / "rekan.db")
        due = datetime.now(UTC) + timedelta(seconds=ahead + messages / 2_000)
        moment = time.monotonic() + (due - datetime.now(UTC)).total_seconds()

        def owe(tx: Transaction) -> None:
            for n in range(messages):
                outbox.owe(
                    tx,
                    outbox.Recipient(person_id=n + 1),
                    Say("help.unknown_command"),
                    reason="bench",
                    lane=Lane.REMINDER,
                    now=datetime.now(UTC),
                    due_at=due + timedelta(seconds=n / messages),
                    everybody_by=due + timedelta(hours=1),
                )

        with here.opened() as database:
            database.write_now(owe)
        async with here.running(ground, "-m", "tests.benchmarks.ticking"):
            if time.monotonic() > moment and not ground.quick:
                raise TooLateError("Rekan was not running when its messages fell due")
            await until(lambda: len(telegram.calls) >= messages, f"{messages} messages", every=0.05)
            with here.opened() as database:
                ended = await until(lambda: database.read_now(rekan.still_owed) == 0, "the last record")
    ticks = array("d")
    ticks.frombytes((here.folder / "ticks.bin").read_bytes())
    gaps = [
        (at, later - at - EVERY, cpu_later - cpu)
        for (at, cpu), (later, cpu_later) in pairwise(zip(ticks[::2], ticks[1::2], strict=True))
        if later >= moment and at <= ended
    ]
    stalls = [stall for _, stall, _ in gaps]
    return Sample(
        max(stalls) * 1_000,
        {
            "messages": messages,
            "longest_in_the_first_second_ms": 1_000
            * max((stall for at, stall, _ in gaps if at <= moment + 1), default=0.0),
            "longest_by_the_loops_own_cpu_ms": max(cpu for _, _, cpu in gaps) * 1_000,
            "p99_ms": percentile(stalls, 0.99) * 1_000,
            "over_15_ms": sum(stall > 0.015 for stall in stalls),
            "ticks": len(gaps),
            "sent_in_seconds": ended - moment,
        },
    )


LINE = Benchmark(
    name="due_at_once",
    unit="ms",
    reach=Reach(at_most=1),
    ours=ours,
    reference=15.0,
    described="15 ms",
)
