"""`answers_webhook`: quiz answers a second, each recorded durably, answered, and confirmed (SQLite)."""

from tests.benchmarks.answers import our_bot, plain_bot, poured
from tests.benchmarks.ground import Ground
from tests.benchmarks.harness import Benchmark, Reach, Sample
from tests.benchmarks.telegram import FakeTelegram


async def ours(ground: Ground) -> Sample:
    """Rekan on SQLite."""
    warm, number = ground.size(200, 20), ground.size(6_000, 100)
    async with FakeTelegram() as telegram, our_bot(ground, telegram, warm + number) as bot:
        return await poured(telegram, bot, warm, number)


async def reference(ground: Ground) -> Sample:
    """The plain bot on SQLite."""
    warm, number = ground.size(200, 20), ground.size(1_500, 40)
    async with FakeTelegram() as telegram, plain_bot(ground, telegram, warm + number) as bot:
        return await poured(telegram, bot, warm, number)


LINE = Benchmark(
    name="answers_webhook",
    unit="answers/s",
    reach=Reach(at_least=20),
    ours=ours,
    reference=reference,
    described="a plain python-telegram-bot bot, one commit an answer (references/quiz_bot.py)",
)
