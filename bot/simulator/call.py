"""One call of one method: what its handler may ask for, each with Telegram's refusal built in."""

from dataclasses import dataclass
from typing import Any, Literal

from bot.simulator.chats import Bot, Chat, Content, Message
from bot.simulator.errors import BadRequestError, ForbiddenError
from bot.simulator.keyboards import Markup, read_markup
from bot.simulator.params import Params, integer
from bot.simulator.world import World

Access = Literal["read", "edit", "write"]
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)


@dataclass(frozen=True, slots=True)
class Call:
    """A method called by a bot with parameters."""

    world: World
    bot: Bot
    method: str  # lower case
    params: Params

    def chat(self, access: Access, name: str = "chat_id") -> Chat:
        """The chat that a parameter names, if the bot may use it so."""
        return self.chat_named(self.params.text(name).strip(), access)

    def chat_named(self, given: str, access: Access) -> Chat:
        """The chat of an id or a public @name, if the bot may use it so."""
        if not given:
            raise BadRequestError("chat_id is empty")
        if given.startswith("@"):
            group = next((chat for chat in self.world.groups.values() if chat.username == given[1:]), None)
        else:
            chat_id = integer(given)
            if (private := self.bot.private_chats.get(chat_id)) is not None:
                return self._private(private, access)
            if chat_id in self.world.people and access == "write":
                if self.world.people[chat_id].deactivated:
                    raise ForbiddenError("user is deactivated")
                raise ForbiddenError("bot can't initiate conversation with a user")
            group = self.world.groups.get(chat_id)
        if group is None or self.bot.id not in group.members:
            raise BadRequestError("chat not found")
        return self._group(group, access)

    def message(self, chat: Chat, purpose: str, message_id: int | None = None) -> Message:
        """The message that `message_id` names; `purpose` as in "message to edit not found"."""
        found = chat.find(self.params.message_id() if message_id is None else message_id)
        if found is None:
            raise BadRequestError(f"{purpose} not found")
        return found

    def own_message(self, purpose: str = "message to edit") -> Message:
        """The message to change, which must be the bot's own."""
        if self.params.text("inline_message_id"):
            raise BadRequestError("MESSAGE_ID_INVALID")
        if not self.params.has("chat_id") and not self.params.has("message_id"):
            raise BadRequestError("Message identifier is not specified")
        message = self.message(self.chat("edit"), purpose)
        if message.sender is not self.bot.user and not (
            message.sender is None and self._is_admin(message.chat)
        ):
            raise BadRequestError("Message can't be edited")
        return message

    def markup(self, chat: Chat, *, inline_only: bool = False) -> Markup | None:
        """The reply markup given, checked."""
        given = self.params.json("reply_markup", "reply keyboard markup")
        return read_markup(given, private=chat.private, inline_only=inline_only or chat.kind == "channel")

    def reply_to(self, chat: Chat) -> Message | None:
        """The message to be replied to, if there is one to be."""
        given: Any = self.params.json("reply_parameters", "reply parameters")
        if given is None:
            if not self.params.has("reply_to_message_id"):
                return None
            given = {
                "message_id": self.params.integer("reply_to_message_id"),
                "allow_sending_without_reply": self.params.flag("allow_sending_without_reply"),
            }
        if not isinstance(given, dict):
            raise BadRequestError("Object expected as reply parameters")
        if given.get("chat_id") is not None:
            chat = self.chat_named(str(given["chat_id"]), "read")
        message_id = integer(given.get("message_id") or 0)
        if message_id <= 0:
            return None
        found = chat.find(message_id)
        if found is None and not given.get("allow_sending_without_reply"):
            raise BadRequestError("message to be replied not found")
        return found

    def topic(self, chat: Chat) -> int | None:
        """The topic that `message_thread_id` names; one that is closed is open to administrators only."""
        given = self.params.integer("message_thread_id", low=0)
        if not given:
            return None
        topic = chat.topics.get(given)
        if topic is None:
            raise BadRequestError("message thread not found")
        if topic.closed and not self._is_admin(chat):
            raise BadRequestError("TOPIC_CLOSED")
        return given

    def spend(self, chat: Chat, count: int = 1) -> None:
        """Count messages against the limits, then refuse a chat that is closed to the bot."""
        self.bot.governor.spend(
            chat.id, group=not chat.private, now=self.world.clock.monotonic(), count=count
        )
        self.check_open(chat)

    def check_open(self, chat: Chat) -> None:
        """Refuse a chat whose person has blocked the bot."""
        if chat.blocked:
            raise ForbiddenError("bot was blocked by the user")

    def send(self, content: Content) -> Message:
        """Send a message as the common parameters say."""
        chat = self.chat("write")
        topic = self.topic(chat)
        reply_to = self.reply_to(chat)
        markup = self.markup(chat)
        self.spend(chat)
        return self.world.post(
            self.bot,
            chat,
            self.sender_in(chat),
            content,
            markup=markup,
            reply_to=reply_to,
            protected=self.params.flag("protect_content"),
            topic=topic,
        )

    def sender_in(self, chat: Chat) -> Any:
        """Who a message of the bot comes from: in a channel, the channel."""
        return None if chat.kind == "channel" else self.bot.user

    def wire(self, message: Message) -> dict[str, Any]:
        """The Message object for this bot."""
        return message.wire(self.bot.id)

    def is_admin(self, chat: Chat) -> bool:
        """Whether the bot may do what administrators may; in a private chat it may."""
        return self._is_admin(chat)

    def _is_admin(self, chat: Chat) -> bool:
        return chat.private or chat.members.get(self.bot.id) in ("administrator", "creator")

    def _private(self, chat: Chat, access: Access) -> Chat:
        if access != "read" and chat.person is not None and chat.person.deactivated:
            raise ForbiddenError("user is deactivated")
        return chat

    def _group(self, chat: Chat, access: Access) -> Chat:
        name = f"{chat.kind} chat"
        if chat.upgraded_to is not None:
            if access == "write":
                raise BadRequestError(
                    "group chat was upgraded to a supergroup chat", {"migrate_to_chat_id": chat.upgraded_to}
                )
            return chat
        status = chat.members[self.bot.id]
        strict = access != "read" or (chat.kind != "group" and chat.username is None)
        if status == "kicked" and (strict or chat.kind != "group"):
            raise ForbiddenError(f"bot was kicked from the {name}")
        if status == "left" and strict:
            raise ForbiddenError(f"bot is not a member of the {name}")
        if chat.kind == "channel" and access == "write" and not self._is_admin(chat):
            raise BadRequestError("need administrator rights in the channel chat")
        return chat
