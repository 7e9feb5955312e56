"""`growth`: CPU that a person costs in a wave to 100,000, beside a wave to 1,000.

Both waves are planned and sent whole, without a pace, over plain HTTP at no distance, each outcome recorded.
The process's CPU from the end of its start until the last record, by the number of people.
"""

from tests.benchmarks.broadcasts import our_wave
from tests.benchmarks.ground import Ground
from tests.benchmarks.harness import Benchmark, Reach, Sample
from tests.benchmarks.rekan import UNPACED
from tests.benchmarks.telegram import FakeTelegram


async def ours(ground: Ground) -> Sample:
    """A hundred thousand."""
    return await _cost(ground, ground.size(100_000, 400))


async def reference(ground: Ground) -> Sample:
    """A thousand."""
    return await _cost(ground, ground.size(1_000, 100))


async def _cost(ground: Ground, people: int) -> Sample:
    async with FakeTelegram() as telegram:
        wave = await our_wave(ground, telegram, people, UNPACED)
    return Sample(wave.cpu / people * 1e6, wave.about())


LINE = Benchmark(
    name="growth",
    unit="us of CPU/person",
    reach=Reach(at_most=1.2),
    ours=ours,
    reference=reference,
    described="the same at 1,000 people",
)
