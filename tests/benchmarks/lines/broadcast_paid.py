"""`broadcast_paid`: 3,400 people at the paid pace, over TLS, 50 ms away."""

from tests.benchmarks.broadcasts import FAR, our_wave
from tests.benchmarks.ground import Ground
from tests.benchmarks.harness import Benchmark, Reach, Sample
from tests.benchmarks.rekan import PAID
from tests.benchmarks.telegram import FakeTelegram

PER_SECOND = 1_000


async def ours(ground: Ground) -> Sample:
    """Rekan with `paid: true` and `per_second: 1000`."""
    async with FakeTelegram(FAR, ground.certificate) as telegram:
        wave = await our_wave(ground, telegram, ground.size(3_400, 300), PAID)
    about = wave.about()
    holds = {
        "under_40_percent_of_a_core": about["cores"] < 0.4,
        "never_more_than_1000_in_a_second": wave.fullest_second <= PER_SECOND,
    }
    return Sample(wave.sent_per_second, about, holds)


LINE = Benchmark(
    name="broadcast_paid",
    unit="messages/s",
    reach=Reach(at_least=0.985),
    ours=ours,
    reference=PER_SECOND,
    described="Telegram's limit for paid broadcasts",
)
