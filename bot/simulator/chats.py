"""The state of the simulated Telegram: people, bots, chats, messages, and how each looks on the wire."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.simulator.entities import NO_TEXT, Formatted
from bot.simulator.files import Media
from bot.simulator.keyboards import Markup
from bot.simulator.limits import Governor
from bot.simulator.polls import Poll
from bot.simulator.updates import UpdateQueue

ChatKind = Literal["private", "group", "supergroup", "channel"]
MemberStatus = Literal["creator", "administrator", "member", "left", "kicked"]

DEFAULT_TOKEN = "7000000001:AAF-simulated-token-no-secret-here-0"  # noqa: S105  # opens nothing but the simulator


@dataclass(frozen=True, slots=True)
class BotAccount:
    """A bot that the simulator knows; the digits before the token's colon are its id."""

    token: str = DEFAULT_TOKEN
    username: str = "rekan_simulasi_bot"
    first_name: str = "Rekan"
    reads_all_group_messages: bool = False

    @property
    def id(self) -> int:
        """The bot's user id."""
        return int(self.token.partition(":")[0])


@dataclass(slots=True, eq=False)
class User:
    """A person, or a bot as others see it."""

    id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None
    is_bot: bool = False
    deactivated: bool = False

    def wire(self) -> dict[str, Any]:
        """The User object."""
        wire: dict[str, Any] = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        if self.last_name:
            wire["last_name"] = self.last_name
        if self.username:
            wire["username"] = self.username
        if self.language_code:
            wire["language_code"] = self.language_code
        return wire


@dataclass(frozen=True, slots=True)
class Content:
    """What a message says. `text` is the caption where there is a file."""

    text: Formatted = NO_TEXT
    media: Media | None = None
    poll: Poll | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)  # locations, link previews, service messages

    def wire(self, bot_id: int) -> dict[str, Any]:
        """The message fields that one bot sees."""
        wire = dict(self.fields)
        if self.media is not None:
            wire |= self.media.wire(bot_id) | self.text.wire("caption", "caption_entities")
        elif self.poll is not None:
            wire["poll"] = self.poll.wire(reveal=self.poll.owner in (bot_id, None), content=True)
        else:
            wire |= self.text.wire()
        return wire


@dataclass(slots=True, eq=False)
class Message:
    """One message in one chat."""

    chat: "Chat"
    message_id: int
    date: int  # Unix seconds
    sender: User | None  # None: the channel itself
    content: Content
    markup: Markup | None = None  # an inline keyboard; other markups belong to the chat
    edited: int | None = None
    deleted: bool = False
    album: str | None = None
    origin: dict[str, Any] | None = None  # MessageOrigin of a forwarded message
    reply_to: "Message | None" = None
    protected: bool = False
    reactions: tuple[str, ...] = ()
    topic: int | None = None  # None: the general one, or a chat without topics

    @property
    def from_bot(self) -> bool:
        """Whether a bot sent it."""
        return self.sender is not None and self.sender.is_bot

    def wire(self, bot_id: int, *, with_reply: bool = True) -> dict[str, Any]:
        """The Message object as one bot sees it."""
        wire: dict[str, Any] = {"message_id": self.message_id}
        if self.sender is None:
            wire["sender_chat"] = self.chat.wire()
        else:
            wire["from"] = self.sender.wire()
        wire["chat"] = self.chat.wire()
        if self.topic is not None:
            wire |= {"message_thread_id": self.topic, "is_topic_message": True}
        wire["date"] = self.date
        if self.edited is not None:
            wire["edit_date"] = self.edited
        if self.origin is not None:
            wire["forward_origin"] = self.origin
            wire["forward_date"] = self.origin["date"]
        if with_reply and self.reply_to is not None and not self.reply_to.deleted:
            wire["reply_to_message"] = self.reply_to.wire(bot_id, with_reply=False)
        if self.album is not None:
            wire["media_group_id"] = self.album
        if self.protected:
            wire["has_protected_content"] = True
        wire |= self.content.wire(bot_id)
        if self.markup is not None:
            wire["reply_markup"] = self.markup
        return wire


@dataclass(slots=True)
class Topic:
    """A topic of a supergroup; its id is that of the message that tells of its making."""

    name: str
    closed: bool = False


@dataclass(slots=True, eq=False)
class Chat:
    """A private chat of one bot with one person, or a group or channel."""

    id: int
    kind: ChatKind
    title: str = ""
    person: User | None = None  # of a private chat
    username: str | None = None
    messages: dict[int, Message] = field(default_factory=dict)
    next_message_id: int = 1
    blocked: bool = False  # a private chat whose person blocked the bot
    members: dict[int, MemberStatus] = field(default_factory=dict)  # by user id, bots included
    upgraded_to: int | None = None
    pinned: list[int] = field(default_factory=list)
    topics: dict[int, Topic] = field(default_factory=dict)
    reply_markup: Markup | None = None  # the keyboard below the input field, or a forced reply
    menu_button: dict[str, Any] | None = None

    @property
    def private(self) -> bool:
        """Whether this is a chat with one person."""
        return self.kind == "private"

    def wire(self) -> dict[str, Any]:
        """The Chat object."""
        wire: dict[str, Any] = {"id": self.id, "type": self.kind}
        if self.person is not None:
            wire["first_name"] = self.person.first_name
            if self.person.last_name:
                wire["last_name"] = self.person.last_name
            if self.person.username:
                wire["username"] = self.person.username
        else:
            wire["title"] = self.title
            if self.username:
                wire["username"] = self.username
            if self.topics:
                wire["is_forum"] = True
        return wire

    def find(self, message_id: int) -> Message | None:
        """The message of that id, unless it was deleted."""
        message = self.messages.get(message_id)
        return None if message is None or message.deleted else message


@dataclass(slots=True, eq=False)
class Callback:
    """A button pressed and not yet answered, or answered once."""

    id: str
    person: User
    message: Message
    at: float  # monotonic seconds of the clock
    answered: bool = False


@dataclass(slots=True, eq=False)
class Webhook:
    """Where a bot wants its updates sent."""

    url: str
    secret: str = ""
    max_connections: int = 40
    ip_address: str = ""
    last_error_date: int | None = None
    last_error_message: str | None = None


@dataclass(slots=True, eq=False)
class Bot:
    """One bot: its account, its chats, its updates, its settings."""

    account: BotAccount
    user: User
    updates: UpdateQueue
    governor: Governor
    private_chats: dict[int, Chat] = field(default_factory=dict)
    callbacks: dict[str, Callback] = field(default_factory=dict)
    commands: dict[tuple[str, str], list[dict[str, Any]]] = field(
        default_factory=dict
    )  # by (scope, language)
    profile: dict[tuple[str, str], str] = field(default_factory=dict)  # by (name|description|…, language)
    menu_button: dict[str, Any] = field(default_factory=lambda: {"type": "commands"})
    webhook: Webhook | None = None
    allowed_updates: list[str] | None = None
    logged_out: bool = False

    @property
    def id(self) -> int:
        """The bot's user id."""
        return self.user.id
