"""`answers_latency`: how long 99 of 100 answers take at most, when 1,000 a second come at set moments."""

from tests.benchmarks.answers import our_bot, steadily
from tests.benchmarks.ground import Ground
from tests.benchmarks.harness import Benchmark, Reach, Sample
from tests.benchmarks.telegram import FakeTelegram

PER_SECOND = 1_000


async def ours(ground: Ground) -> Sample:
    """Rekan on SQLite."""
    warm, number = ground.size(200, 20), ground.size(5_000, 60)
    async with FakeTelegram() as telegram, our_bot(ground, telegram, warm + number) as bot:
        return await steadily(telegram, bot, warm, number, PER_SECOND)


LINE = Benchmark(
    name="answers_latency",
    unit="ms",
    reach=Reach(at_most=0.5),
    ours=ours,
    reference=50.0,
    described="50 ms",
)
