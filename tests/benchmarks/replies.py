"""Replies to people who write while something else goes on: how long each takes.

A reply's time runs from the moment its update (/bantuan) is to be posted until the message arrives at
Telegram's side. The moments are random, the same in every phase and round.
"""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.benchmarks import rekan
from tests.benchmarks.ground import until
from tests.benchmarks.harness import percentile
from tests.benchmarks.rekan import FIRST_CHAT
from tests.benchmarks.telegram import Call, FakeTelegram
from tests.benchmarks.webhook import Webhook

_SEED = 20_261_109


@dataclass
class Talk:
    """People who write; nobody of them is owed anything else from then on."""

    webhook: Webhook
    telegram: FakeTelegram
    _updates: int = 0
    _asked: dict[int, float] = field(default_factory=dict)
    _told: defaultdict[int, list[float]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        self.telegram.hear = self._hear

    async def go_on(
        self, people: Callable[[int], int], per_second: float, over: Callable[[], bool]
    ) -> list[float]:
        """Have the n-th to write be person `people(n)`, at about so many a second, until it is over.

        One writes in any case. Returns the seconds that each reply took.
        """
        self._asked.clear()
        self._told.clear()
        began = time.monotonic()
        for n, moment in enumerate(_moments(per_second)):
            await asyncio.sleep(max(0.0, began + moment - time.monotonic()))
            if n and over():
                break
            who = people(n)
            self._updates += 1
            self._asked[FIRST_CHAT + who] = began + moment
            update = rekan.command(who, self._updates, "/bantuan")
            self.webhook.hand_over([self.webhook.request(update)])
        asked = dict(self._asked)
        await until(lambda: all(self._told.get(chat) for chat in asked), "a reply to everybody")
        return [self._told[chat][0] - at for chat, at in asked.items()]

    def _hear(self, call: Call) -> None:
        if call.chat_id in self._asked:
            self._told[call.chat_id].append(call.at)


def figures(taken: list[float], prefix: str) -> dict[str, float]:
    """What explains a phase, in ms."""
    return {
        f"{prefix}_replies": len(taken),
        f"{prefix}_p50_ms": percentile(taken, 0.5) * 1_000,
        f"{prefix}_p99_ms": percentile(taken, 0.99) * 1_000,
    }


def _moments(per_second: float) -> Iterator[float]:
    chance = random.Random(_SEED)
    moment = 0.0
    while True:
        moment += chance.expovariate(per_second)
        yield moment
