"""`broadcast_free`: 3,400 people at the free pace, against the simulator that enforces Telegram's limits."""

from tests.benchmarks.broadcasts import our_wave
from tests.benchmarks.ground import Ground
from tests.benchmarks.harness import Benchmark, Reach, Sample
from tests.benchmarks.strict import StrictTelegram

PER_SECOND = 30


async def ours(ground: Ground) -> Sample:
    """Rekan as it comes: nothing about its pace is set."""
    people = ground.size(3_400, 40)
    async with StrictTelegram(people) as telegram:
        wave = await our_wave(ground, telegram, people)
        holds = {
            "no_429": telegram.refused == 0,
            "never_more_than_30_in_a_second": wave.fullest_second <= PER_SECOND,
        }
        return Sample(wave.sent_per_second, wave.about(), holds)


LINE = Benchmark(
    name="broadcast_free",
    unit="messages/s",
    reach=Reach(at_least=0.99),
    ours=ours,
    reference=PER_SECOND,
    described="Telegram's free limit",
)
