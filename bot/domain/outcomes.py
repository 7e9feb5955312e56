"""How an attempt to send ended, whatever the transport: what the outbox acts on."""

from dataclasses import dataclass
from typing import TypeAlias

from bot.domain.people import Reach


@dataclass(frozen=True, slots=True)
class Sent:
    """It is in the chat; `poll_id` where it was a poll, `more_ids` where it became several messages."""

    message_id: int | None
    poll_id: str | None = None
    more_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class HoldBack:
    """Telegram asks to wait so many seconds; nothing was sent."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Unsent:
    """It never reached Telegram (no connection, or a server error before it acted): try again."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unpaid:
    """It was to be paid for, and the bot has too few Stars; nothing was sent."""


@dataclass(frozen=True, slots=True)
class InDoubt:
    """It may have been delivered (no answer in time): send again, since losing is worse than repeating."""

    reason: str


@dataclass(frozen=True, slots=True)
class Gone:
    """Nobody can be reached in this chat at present."""

    reach: Reach
    reason: str


@dataclass(frozen=True, slots=True)
class Moved:
    """The chat has another id now; send there."""

    chat_id: int


@dataclass(frozen=True, slots=True)
class Failed:
    """Telegram refuses this message for good, in its words."""

    reason: str


@dataclass(frozen=True, slots=True)
class Done:
    """It needed no doing (the text is already so, the message is already deleted)."""


Outcome: TypeAlias = Sent | HoldBack | Unsent | Unpaid | InDoubt | Gone | Moved | Failed | Done
