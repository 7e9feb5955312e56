"""`broadcast_unpaced`: messages a second with no pace to hold them, over TLS, 50 ms away, each recorded."""

from tests.benchmarks.broadcasts import FAR, Wave, our_wave, plain_wave
from tests.benchmarks.ground import Ground
from tests.benchmarks.harness import Benchmark, Reach, Sample
from tests.benchmarks.rekan import UNPACED
from tests.benchmarks.telegram import FakeTelegram


async def ours(ground: Ground) -> Sample:
    """Rekan, as many connections as it opens."""
    async with FakeTelegram(FAR, ground.certificate) as telegram:
        return _sample(await our_wave(ground, telegram, ground.size(10_000, 200), UNPACED))


async def reference(ground: Ground) -> Sample:
    """The plain bot, 64 workers."""
    async with FakeTelegram(FAR, ground.certificate) as telegram:
        return _sample(await plain_wave(ground, telegram, ground.size(800, 64)))


def _sample(wave: Wave) -> Sample:
    return Sample(wave.recorded_per_second, wave.about())


LINE = Benchmark(
    name="broadcast_unpaced",
    unit="messages/s",
    reach=Reach(at_least=18),
    ours=ours,
    reference=reference,
    described="a plain python-telegram-bot bot with 64 workers (references/broadcast_bot.py)",
)
