"""What can happen in a chat, free of any library: the edge reads updates into these."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from bot.domain.messages import Tap
from bot.domain.people import Reach
from bot.domain.posts import Question


@dataclass(frozen=True, slots=True)
class Sender:
    """Who did it: in a private chat the chat's id is the person's. `language_code` is their app's."""

    chat_id: int
    language_code: str | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """`/start`, with the deep link's payload (empty without one). `sent` as in `Wrote`."""

    sender: Sender
    payload: str
    sent: datetime | None = None


@dataclass(frozen=True, slots=True)
class Commanded:
    """Any other command: its name without the slash, lower case, and the rest of the line."""

    sender: Sender
    command: str
    argument: str


@dataclass(frozen=True, slots=True)
class Wrote:
    """A text message. `sent`: when Telegram took it (aware UTC, whole seconds), however late it came here."""

    sender: Sender
    message_id: int
    text: str
    html: str | None = None  # with its formatting, in Telegram's HTML; None where it has none
    preview: bool = True  # whether its links are shown with a preview
    forwarded: bool = False
    sent: datetime | None = None


@dataclass(frozen=True, slots=True)
class Shared:
    """A message that carries something else than text; `kind` is Telegram's name for it.

    `file_id` is the one that can be sent again (a photo's largest size), None where there is none; `name` is
    what a document's sender calls it. `html` is the caption with its formatting, None where it has none. An
    album's messages have its id in common.
    """

    sender: Sender
    message_id: int
    kind: str
    file_id: str | None
    caption: str
    html: str | None = None
    album: str | None = None
    above: bool = False  # the caption stands above the picture
    spoiler: bool = False
    poll: Question | None = None
    place: tuple[float, float] | None = None  # latitude, longitude
    venue: tuple[str, str] | None = None  # what is at the place: its name and its address
    forwarded: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class Edited:
    """A person changed the text or the caption of a message of theirs; `html` as in `Wrote`."""

    sender: Sender
    message_id: int
    text: str
    html: str | None = None


@dataclass(frozen=True, slots=True)
class Tapped:
    """A button under message `message_id` was tapped; `callback_id` is to be answered."""

    sender: Sender
    message_id: int
    callback_id: str
    tap: Tap


@dataclass(frozen=True, slots=True)
class Voted:
    """A vote in a poll; no options is a vote taken back.

    `waited`: for the note of what the poll asks, which the vote seems to have overtaken, and in vain.
    """

    sender: Sender
    poll_id: str
    options: tuple[int, ...]
    waited: bool = False


@dataclass(frozen=True, slots=True)
class ReachChanged:
    """The person blocked the bot, or let it in again."""

    sender: Sender
    reach: Reach


@dataclass(frozen=True, slots=True)
class Migrated:
    """A chat has got another id (a group became a supergroup)."""

    sender: Sender
    new_chat_id: int


@dataclass(frozen=True, slots=True)
class Membership:
    """The bot was added to a group or channel, or removed from it, by the person `by` (their user id).

    `kind` is Telegram's: group, supergroup, channel. `there`: it can write there now.
    """

    sender: Sender
    by: int
    title: str
    kind: str
    there: bool


@dataclass(frozen=True, slots=True)
class AddressedInGroup:
    """Somebody spoke to the bot in a group (a command, a mention), where personal matters do not belong.

    In one of its topics, where it has any.
    """

    sender: Sender
    message_id: int
    topic: int | None = None


@dataclass(frozen=True, slots=True)
class TopicChanged:
    """A topic of a group was made, renamed (`title` empty: it was not), closed or opened again."""

    sender: Sender
    topic: int
    title: str
    open: bool = True


Event: TypeAlias = (
    Started
    | Commanded
    | Wrote
    | Shared
    | Edited
    | Tapped
    | Voted
    | ReachChanged
    | Migrated
    | Membership
    | AddressedInGroup
    | TopicChanged
)
