"""A wire that does as a test tells it."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import datetime

from bot.clock import SimulatedClock
from bot.domain.messages import Message, Reader, Say
from bot.domain.outcomes import Outcome, Sent

Answer = Outcome | Exception | Callable[[], Awaitable[Outcome]]


class Wire:
    """Telegram in memory: sends whatever it gets, unless the script of a chat says otherwise."""

    def __init__(self, clock: SimulatedClock) -> None:
        self.sent: list[tuple[datetime, int, Message]] = []
        """Every call: when, to which chat, what."""
        self.readers: list[Reader] = []
        self.paid = 0
        self.toasts: list[tuple[str, Say | None, Reader]] = []
        self.script: defaultdict[int, list[Answer]] = defaultdict(list)
        """By chat, how the next calls end; then they succeed."""
        self.toast_error: Exception | None = None
        self._clock = clock

    async def send(self, chat_id: int, message: Message, reader: Reader, *, paid: bool = False) -> Outcome:
        self.paid += paid
        self.sent.append((self._clock.now(), chat_id, message))
        self.readers.append(reader)
        if not self.script[chat_id]:
            return Sent(len(self.sent), None)
        answer = self.script[chat_id].pop(0)
        if isinstance(answer, Exception):
            raise answer
        return await answer() if callable(answer) else answer

    async def toast(self, callback_id: str, say: Say | None, reader: Reader) -> None:
        self.toasts.append((callback_id, say, reader))
        if self.toast_error is not None:
            raise self.toast_error

    def toast_call(self, callback_id: str, say: Say | None, reader: Reader) -> dict[str, object]:
        if self.toast_error is not None:
            raise self.toast_error
        return {"method": "answerCallbackQuery", "callback_query_id": callback_id, "say": say}

    def keys(self, chat_id: int | None = None) -> list[str]:
        """What was said (to a chat), by key."""
        return [
            message.key if isinstance(message, Say) else repr(message)
            for _, chat, message in self.sent
            if chat_id in (None, chat)
        ]
