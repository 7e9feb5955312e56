"""`answers_postgresql`: as answers_webhook, on a PostgreSQL that is as durable as it is by default."""

from tests.benchmarks.answers import our_bot, plain_bot, poured
from tests.benchmarks.ground import Ground
from tests.benchmarks.harness import Benchmark, Reach, Sample
from tests.benchmarks.telegram import FakeTelegram


async def ours(ground: Ground) -> Sample:
    """Rekan on PostgreSQL."""
    warm, number = ground.size(200, 10), ground.size(6_000, 50)
    async with FakeTelegram() as telegram, our_bot(ground, telegram, warm + number, postgresql=True) as bot:
        return await poured(telegram, bot, warm, number)


async def reference(ground: Ground) -> Sample:
    """The plain bot on PostgreSQL."""
    warm, number = ground.size(200, 10), ground.size(1_500, 20)
    async with FakeTelegram() as telegram, plain_bot(ground, telegram, warm + number, postgresql=True) as bot:
        return await poured(telegram, bot, warm, number)


LINE = Benchmark(
    name="answers_postgresql",
    unit="answers/s",
    reach=Reach(at_least=12),
    ours=ours,
    reference=reference,
    described="a plain python-telegram-bot bot, one commit an answer (references/quiz_bot.py)",
)
