"""`memory_100k`: MiB that Rekan holds more with 100,000 people and a full outbox.

Two installations, alike but for their size, plan a wave to everybody and send it at the paid pace over TLS:
one to 2,000 people, the other to 100,000, watched from the start until 6,000 of them have the message, so
that nearly all of the outbox is still owed. The most that was resident in each counts; the difference is
ours.
"""

import asyncio
import contextlib

from tests.benchmarks.broadcasts import FAR, ready
from tests.benchmarks.ground import Ground, until
from tests.benchmarks.harness import Benchmark, Reach, Sample
from tests.benchmarks.rekan import PAID, Installation
from tests.benchmarks.telegram import FakeTelegram


async def ours(ground: Ground) -> Sample:
    """Rekan, large and small."""
    few, many = ground.size(2_000, 50), ground.size(100_000, 2_000)
    small = await _most(ground, few, few)
    large = await _most(ground, many, ground.size(6_000, 200))
    return Sample(large - small, {"people": many, "mib": large, "mib_with_few_people": small})


async def _most(ground: Ground, people: int, messages: int) -> float:
    """The most MiB until so many messages have gone out."""
    return await ground.in_time(lambda ahead: _most_by(ground, people, messages, ahead))


async def _most_by(ground: Ground, people: int, messages: int, ahead: float) -> float:
    async with FakeTelegram(FAR, ground.certificate) as telegram:
        here = await ready(ground, telegram, people, ahead, PAID)
        async with here.running(ground):
            here.is_in_time()
            samples = [here.memory]
            watching = asyncio.create_task(_watch(here, samples))
            await until(lambda: len(telegram.calls) >= messages, f"{messages} messages")
            samples.append(here.memory)
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
    return max(samples)


async def _watch(here: Installation, samples: list[float]) -> None:
    while True:
        await asyncio.sleep(0.05)
        samples.append(here.memory)


LINE = Benchmark(
    name="memory_100k",
    unit="MiB",
    reach=Reach(at_most=1),
    ours=ours,
    reference=60.0,
    described="60 MiB",
)
