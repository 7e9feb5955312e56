"""What the sender needs of a messenger."""

from typing import Protocol

from bot.domain.messages import Message, Reader, Say
from bot.domain.outcomes import Outcome


class Wire(Protocol):
    """A way to chats. Neither method raises for what a messenger or a network may do."""

    async def send(self, chat_id: int, message: Message, reader: Reader) -> Outcome:
        """Put `message` into words for `reader` and into the chat; tells how that ended."""

    async def toast(self, callback_id: str, say: Say | None, reader: Reader) -> None:
        """Answer a tapped button, with a few words over the chat or with none."""
