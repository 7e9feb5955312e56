"""Acting as people: what somebody can do in Telegram's apps, and the updates that a bot gets from it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bot.simulator.chats import Bot, Callback, Chat, Content, MemberStatus, Message, Topic, User
from bot.simulator.entities import Formatted, formatted
from bot.simulator.errors import ActionRefusedError
from bot.simulator.files import Media
from bot.simulator.members import change_member
from bot.simulator.params import Upload
from bot.simulator.polls import Poll
from bot.simulator.seen import SeenMessage, seen_chat, seen_message
from bot.simulator.updates import CALLBACK_SECONDS
from bot.simulator.world import Event, World

MOST_TEXT = 4096
_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")
EDITABLE_SECONDS = 48 * 3600


class Person:
    """One person, in the private chat with one bot and in groups.

    Every action is what an app would let this person do; what it would not, raises ActionRefusedError.
    """

    def __init__(self, world: World, bot: Bot, user: User) -> None:
        self._world, self._bot, self.user = world, bot, user

    @property
    def id(self) -> int:
        """The user id, which is also the id of the private chat."""
        return self.user.id

    @property
    def chat(self) -> list[SeenMessage]:
        """The private chat with the bot, oldest first; deleted messages are marked so."""
        chat = self._bot.private_chats.get(self.id)
        return seen_chat(chat, self.user) if chat is not None else []

    @property
    def inbox(self) -> list[SeenMessage]:
        """What the bot has said to this person and not deleted, oldest first."""
        return [message for message in self.chat if message.from_bot and not message.deleted]

    @property
    def message_count(self) -> int:
        """How many messages the private chat has seen."""
        chat = self._bot.private_chats.get(self.id)
        return len(chat.messages) if chat is not None else 0

    @property
    def reply_keyboard(self) -> tuple[tuple[str, ...], ...]:
        """The buttons below the input field; tapping one is sending its text."""
        chat = self._bot.private_chats.get(self.id)
        markup = chat.reply_markup if chat is not None else None
        rows = markup.get("keyboard", ()) if markup is not None else ()
        return tuple(tuple(button["text"] for button in row) for row in rows)

    @property
    def has_blocked(self) -> bool:
        """Whether this person has blocked the bot."""
        chat = self._bot.private_chats.get(self.id)
        return chat is not None and chat.blocked

    def sees(self, group: "Group") -> list[SeenMessage]:
        """A group's messages as this person sees them."""
        return seen_chat(group.state, self.user)

    async def send(
        self,
        text: str,
        *,
        chat: "Group | None" = None,
        reply_to: SeenMessage | int | None = None,
        parse_mode: str = "",
        topic: int | None = None,
    ) -> SeenMessage:
        """Type a text; one that is too long goes in several messages, of which the last is returned."""
        if not text.strip():
            raise ActionRefusedError("an empty message can't be sent")
        parts = [text[start : start + MOST_TEXT] for start in range(0, len(text), MOST_TEXT)]
        said = [Content(formatted(part, parse_mode)) for part in parts]
        return [self._say(content, chat, reply_to, topic=topic) for content in said][-1]

    async def open(self, link: str) -> SeenMessage:
        """Follow a link to the bot (`https://t.me/NAME?start=…`) and press Start."""
        parts = urlsplit(link)
        payload = parse_qs(parts.query).get("start", [""])[0]
        if parts.netloc != "t.me" or parts.path.strip("/").lower() != self._bot.account.username.lower():
            raise ActionRefusedError(f"{link} does not lead to @{self._bot.account.username}")
        if payload and not _PAYLOAD.fullmatch(payload):
            raise ActionRefusedError("a start parameter is 1 to 64 of A-Z a-z 0-9 _ -")
        return await self.send(f"/start {payload}".strip())

    async def send_photo(
        self,
        data: bytes,
        *,
        caption: str = "",
        media_group_id: str | None = None,
        name: str = "photo.jpg",
        chat: "Group | None" = None,
    ) -> SeenMessage:
        """Send a picture; several with one `media_group_id` are an album."""
        return self._say(self._file("photo", Upload(name, data), caption), chat, None, media_group_id)

    async def send_document(
        self,
        data: bytes,
        name: str = "document.pdf",
        *,
        caption: str = "",
        media_group_id: str | None = None,
        chat: "Group | None" = None,
    ) -> SeenMessage:
        """Send a file."""
        return self._say(self._file("document", Upload(name, data), caption), chat, None, media_group_id)

    async def send_voice(self, data: bytes, *, seconds: int = 1, chat: "Group | None" = None) -> SeenMessage:
        """Send a voice message."""
        stored = self._world.files.add("voice", Upload("voice.ogg", data))
        return self._say(Content(media=Media(stored, duration=seconds)), chat)

    async def send_video(self, data: bytes, *, caption: str = "", chat: "Group | None" = None) -> SeenMessage:
        """Send a video."""
        return self._say(self._file("video", Upload("video.mp4", data), caption), chat)

    async def send_location(
        self, latitude: float, longitude: float, *, chat: "Group | None" = None
    ) -> SeenMessage:
        """Send a place."""
        return self._say(Content(fields={"location": {"latitude": latitude, "longitude": longitude}}), chat)

    async def send_venue(self, latitude: float, longitude: float, title: str, address: str) -> SeenMessage:
        """Send a place with what is there."""
        point = {"latitude": latitude, "longitude": longitude}
        venue = {"location": point, "title": title, "address": address}
        return self._say(Content(fields={"venue": venue, "location": point}), None)

    async def send_sticker(self, data: bytes) -> SeenMessage:
        """Send a sticker."""
        return self._say(Content(media=Media(self._world.files.add("sticker", Upload("s.webp", data)))), None)

    async def send_video_note(self, data: bytes, *, seconds: int = 1) -> SeenMessage:
        """Send a round video message."""
        stored = self._world.files.add("video_note", Upload("v.mp4", data))
        return self._say(Content(media=Media(stored, duration=seconds)), None)

    async def send_contact(self, phone_number: str, *, chat: "Group | None" = None) -> SeenMessage:
        """Share one's own phone number."""
        contact = {"phone_number": phone_number, "first_name": self.user.first_name, "user_id": self.id}
        return self._say(Content(fields={"contact": contact}), chat)

    async def send_poll(
        self,
        question: str,
        options: Sequence[str],
        *,
        correct: Sequence[int] = (),
        explanation: str = "",
        multiple: bool = False,
        anonymous: bool = True,
        chat: "Group | None" = None,
    ) -> SeenMessage:
        """Compose a poll, or with `correct` a quiz; in private, its answer reaches the bot."""
        poll = Poll(
            self._world.identifier(),
            formatted(question),
            tuple(formatted(option) for option in options),
            quiz=bool(correct),
            anonymous=anonymous,
            multiple=multiple,
            revoting=not correct,
            correct=tuple(correct),
            explanation=formatted(explanation, may_be_empty=True),
        )
        return self._say(Content(poll=poll), chat)

    async def edit(
        self, message: SeenMessage | int, text: str, *, chat: "Group | None" = None
    ) -> SeenMessage:
        """Edit an own text or caption, within 48 hours."""
        where, found = self._own(message, chat)
        content = found.content
        if content.poll is not None or not (content.text.text or content.media):
            raise ActionRefusedError("this message has no text to edit")
        text_now = formatted(text, may_be_empty=content.media is not None)
        if text_now == content.text:
            raise ActionRefusedError("nothing was changed")
        found.content = Content(text_now, content.media, None, content.fields)
        found.edited = self._world.now()
        kind = "edited_channel_post" if where.kind == "channel" else "edited_message"
        for bot in self._hearing(where, found):
            bot.updates.put(kind, found.wire(bot.id), f"chat:{where.id}")
        self._world.emit(Event("edit", self._bot, where, by_bot=False, message=found))
        return seen_message(found, self.user)

    async def delete(self, message: SeenMessage | int, *, chat: "Group | None" = None) -> None:
        """Delete an own message; bots are not told."""
        where, found = self._own(message, chat)
        found.deleted = True
        self._world.emit(Event("delete", self._bot, where, by_bot=False, message=found))

    async def tap(
        self,
        message: SeenMessage | int,
        button: str | None = None,
        *,
        data: str | None = None,
        chat: "Group | None" = None,
    ) -> str:
        """Press an inline button, by its text (or the start of it) or its data; returns the query's id."""
        where = self._where(chat)
        found = self._found(where, message)
        pressed = self._button(found, button, data)
        callback = Callback(self._world.identifier(), self.user, found, self._world.clock.monotonic())
        callbacks = self._bot.callbacks
        while callbacks and (oldest := next(iter(callbacks.values()))).at < callback.at - CALLBACK_SECONDS:
            del callbacks[oldest.id]
        callbacks[callback.id] = callback
        update = {
            "id": callback.id,
            "from": self.user.wire(),
            "message": found.wire(self._bot.id),
            "chat_instance": str(where.id * 31 + self._bot.id),
            "data": pressed,
        }
        self._bot.updates.put("callback_query", update, f"taps:{self.id}")
        return callback.id

    async def vote(
        self,
        message: SeenMessage | int,
        options: Sequence[int],
        *,
        force: bool = False,
        chat: "Group | None" = None,
    ) -> None:
        """Answer a poll by the numbers of the options, from 0; `force` does what no app would offer."""
        where = self._where(chat)
        found = self._found(where, message)
        poll = found.content.poll
        if poll is None:
            raise ActionRefusedError("this message is no poll")
        poll.cast(self.id, options, force=force)
        self._world.poll_changed(self._bot, found)
        owner = self._world.bot_by_id(poll.owner) if poll.owner is not None else None
        if owner is not None and not poll.anonymous:
            owner.updates.put("poll_answer", poll.answer_wire(self.user.wire(), self.id), f"poll:{poll.id}")

    async def retract(
        self, message: SeenMessage | int, *, force: bool = False, chat: "Group | None" = None
    ) -> None:
        """Take a vote back, where the poll allows it."""
        await self.vote(message, (), force=force, chat=chat)

    async def block(self) -> None:
        """Block the bot."""
        change_member(
            self._world, self._bot, self._world.private_chat(self._bot, self.user), self.user, "kicked"
        )

    async def unblock(self) -> None:
        """Unblock the bot."""
        change_member(
            self._world, self._bot, self._world.private_chat(self._bot, self.user), self.user, "member"
        )

    async def deactivate(self) -> None:
        """Delete the account: nothing reaches it any more."""
        self.user.deactivated = True

    def _say(
        self,
        content: Content,
        group: "Group | None" = None,
        reply_to: SeenMessage | int | None = None,
        album: str | None = None,
        topic: int | None = None,
    ) -> SeenMessage:
        chat = self._where(group, begin=True)
        if chat.blocked:
            raise ActionRefusedError("the bot is blocked: unblock it first")
        answered = self._found(chat, reply_to) if reply_to is not None else None
        sender = None if chat.kind == "channel" else self.user
        message = self._world.post(
            self._bot, chat, sender, content, album=album, reply_to=answered, topic=topic
        )
        kind = "channel_post" if chat.kind == "channel" else "message"
        for bot in self._hearing(chat, message):
            bot.updates.put(kind, message.wire(bot.id), f"chat:{chat.id}")
        return seen_message(message, self.user)

    def _file(self, kind: str, upload: Upload, caption: str) -> Content:
        stored = self._world.files.add(kind, upload)
        text = formatted(caption, may_be_empty=True) if caption else Formatted()
        return Content(text, Media(stored, width=stored.width, height=stored.height))

    def _where(self, group: "Group | None", *, begin: bool = False) -> Chat:
        if self.user.deactivated:
            raise ActionRefusedError("this account was deleted")
        if group is not None:
            if group.state.members.get(self.id) in (None, "left", "kicked"):
                raise ActionRefusedError("this person is not in that chat")
            if group.state.upgraded_to is not None:
                raise ActionRefusedError("that group was upgraded to a supergroup")
            return group.state
        if begin:
            return self._world.private_chat(self._bot, self.user)
        chat = self._bot.private_chats.get(self.id)
        if chat is None:
            raise ActionRefusedError("this person has no chat with the bot yet")
        return chat

    def _found(self, chat: Chat, message: SeenMessage | int) -> Message:
        message_id = message if isinstance(message, int) else message.message_id
        found = chat.find(message_id)
        if found is None:
            raise ActionRefusedError(f"there is no message {message_id} in this chat")
        return found

    def _own(self, message: SeenMessage | int, group: "Group | None") -> tuple[Chat, Message]:
        chat = self._where(group)
        found = self._found(chat, message)
        if found.sender is not self.user and found.sender is not None:
            raise ActionRefusedError("this is somebody else's message")
        if self._world.now() - found.date > EDITABLE_SECONDS:
            raise ActionRefusedError("this message is older than 48 hours")
        return chat, found

    def _button(self, message: Message, text: str | None, data: str | None) -> str:
        rows: list[list[Mapping[str, Any]]] = message.markup["inline_keyboard"] if message.markup else []
        buttons = [button for row in rows for button in row]
        if data is not None:
            chosen = [button for button in buttons if button.get("callback_data") == data]
        elif text is not None:
            chosen = [button for button in buttons if button["text"] == text]
            chosen = chosen or [button for button in buttons if button["text"].startswith(text)]
        else:
            chosen = []
        if not chosen:
            offered = ", ".join(f"[{button['text']}]" for button in buttons) or "none"
            raise ActionRefusedError(f"no such button ({text or data}); there are: {offered}")
        if "callback_data" not in chosen[0]:
            raise ActionRefusedError(f"[{chosen[0]['text']}] does not call the bot")
        return str(chosen[0]["callback_data"])

    def _hearing(self, chat: Chat, message: Message) -> list[Bot]:
        """The bots that get this message: in groups, by default, only what concerns them."""
        if chat.private:
            return [self._bot]
        return [bot for bot in self._world.bots.values() if _hears(bot, chat, message)]


class Group:
    """A group, supergroup or channel."""

    def __init__(self, world: World, bot: Bot, state: Chat) -> None:
        self._world, self._bot, self.state = world, bot, state

    @property
    def id(self) -> int:
        """The chat id."""
        return self.state.id

    @property
    def chat(self) -> list[SeenMessage]:
        """All its messages, oldest first."""
        return seen_chat(self.state, None)

    async def add(self, person: Person) -> None:
        """Let somebody join."""
        self.state.members[person.id] = "member"

    async def remove(self, person: Person) -> None:
        """Let somebody leave."""
        self.state.members[person.id] = "left"

    async def add_bot(self, by: Person, *, admin: bool = False) -> None:
        """Add the bot, or make it an administrator; a channel knows bots as administrators only."""
        status: MemberStatus = "administrator" if admin or self.state.kind == "channel" else "member"
        joined = self.state.members.get(self._bot.id) not in ("member", "administrator")
        change_member(self._world, self._bot, self.state, by.user, status)
        if joined and self.state.kind != "channel":
            self._serve({"new_chat_members": [self._bot.user.wire()]}, by.user)

    async def remove_bot(self, by: Person) -> None:
        """Throw the bot out."""
        change_member(self._world, self._bot, self.state, by.user, "kicked")

    async def upgrade(self) -> "Group":
        """Turn a group into a supergroup, which has another id; returns the new one."""
        old = self.state
        if old.kind != "group" or old.upgraded_to is not None:
            raise ActionRefusedError("only a group can be upgraded, once")
        new = Group(self._world, self._bot, self._world.new_group("supergroup", old.title))
        new.state.members = dict(old.members)
        owner = self._world.people[next(user for user, status in old.members.items() if status == "creator")]
        self._serve({"migrate_to_chat_id": new.id}, owner)
        old.upgraded_to = new.id
        new._serve({"migrate_from_chat_id": old.id}, owner)  # another instance of this class
        return new

    async def open_topic(self, by: Person, name: str) -> int:
        """Let somebody make a topic, of a group that is a supergroup; its id."""
        if self.state.kind != "supergroup":
            raise ActionRefusedError("only a supergroup has topics")
        topic = self.state.next_message_id
        self.state.topics[topic] = Topic(name)
        self._serve({"forum_topic_created": {"name": name, "icon_color": 7322096}}, by.user, topic)
        return topic

    async def close_topic(self, by: Person, topic: int, *, closed: bool = True) -> None:
        """Close a topic, or open it again."""
        self.state.topics[topic].closed = closed
        self._serve({"forum_topic_closed" if closed else "forum_topic_reopened": {}}, by.user, topic)

    async def rename_topic(self, by: Person, topic: int, name: str) -> None:
        """Give a topic another name."""
        self.state.topics[topic].name = name
        self._serve({"forum_topic_edited": {"name": name}}, by.user, topic)

    def _serve(self, fields: dict[str, Any], by: User, topic: int | None = None) -> None:
        """Post a service message, which every bot in the group gets."""
        message = self._world.post(self._bot, self.state, by, Content(fields=fields), topic=topic)
        for bot in self._world.bots.values():
            if self.state.members.get(bot.id) in ("member", "administrator"):
                bot.updates.put("message", message.wire(bot.id), f"chat:{self.id}")


def _hears(bot: Bot, chat: Chat, message: Message) -> bool:
    status = chat.members.get(bot.id)
    if status not in ("member", "administrator"):
        return False
    if status == "administrator" or bot.account.reads_all_group_messages:
        return True
    text = message.content.text.text
    replied = message.reply_to is not None and message.reply_to.sender is bot.user
    return text.startswith("/") or f"@{bot.account.username}" in text or replied
