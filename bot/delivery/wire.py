"""What the sender and the intake need of Telegram; `bot.telegram.wire` is it, and tests have their own."""

from typing import Protocol

from bot.domain.messages import Reader, Say, Sendable
from bot.domain.outcomes import Outcome


class WireUselessError(Exception):
    """Nothing can be sent any more, and waiting would not help (a token that is refused)."""


class Wire(Protocol):
    """One bot at the Bot API."""

    async def send(self, chat_id: int, message: Sendable, reader: Reader, *, paid: bool = False) -> Outcome:
        """Word `message` for `reader` and send it; whatever the network and Telegram do is an outcome.

        `paid`: it may cost Stars, and go beyond the free pace (Unpaid where there are too few of them).
        Raises WireUselessError; anything else it raises is taken for a message that cannot be worded.
        """

    async def toast(self, callback_id: str, say: Say | None, reader: Reader) -> None:
        """Answer a tapped button, with a few words or none; raises nothing for a tap that is too old."""
