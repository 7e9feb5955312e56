"""The strict simulator in the place of Telegram: it enforces the limits and says 429."""

import time
from dataclasses import dataclass, field
from types import TracebackType

from bot.clock import SystemClock
from bot.simulator import BotAccount, Delivery, Simulator
from tests.benchmarks.rekan import FIRST_CHAT
from tests.benchmarks.telegram import TOKEN, Call


@dataclass
class StrictTelegram:
    """Serves inside the `with`; `people` of the usual ids have a chat with the bot."""

    people: int
    calls: list[Call] = field(default_factory=list)
    """The messages that it let pass, in the order of their coming."""
    base_url: str = ""

    async def __aenter__(self) -> "StrictTelegram":
        self._simulator = Simulator(SystemClock(), bots={TOKEN: BotAccount(TOKEN)}, keep_calls=0)
        await self._simulator.start()
        self.base_url = self._simulator.base_url
        bot = self._simulator.world.bots[TOKEN]
        for n in range(self.people):
            self._simulator.world.private_chat(bot, self._simulator.person(FIRST_CHAT + n).user)
        self._simulator.subscribe(self._hear)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._simulator.stop()

    @property
    def refused(self) -> int:
        """How many calls came too fast."""
        return int(self._simulator.state()["refused_429"])

    def _hear(self, delivery: Delivery) -> None:
        if delivery.kind == "message":
            self.calls.append(Call(time.monotonic(), delivery.chat_id, "sendmessage"))
