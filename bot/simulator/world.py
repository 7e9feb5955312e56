"""The whole simulated Telegram: who exists, what happens, and who is told."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bot.clock import Clock
from bot.simulator.chats import Bot, BotAccount, Callback, Chat, ChatKind, Content, Message, User
from bot.simulator.files import FileStore
from bot.simulator.keyboards import Markup
from bot.simulator.limits import Governor, Limits
from bot.simulator.polls import Poll
from bot.simulator.updates import UpdateQueue

EventKind = Literal["message", "edit", "delete", "callback_answer", "poll", "pin", "reaction", "action"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that changed what is seen in a chat."""

    kind: EventKind
    bot: Bot
    chat: Chat
    by_bot: bool
    message: Message | None = None
    callback: Callback | None = None
    details: Mapping[str, Any] | None = None


class World:
    """State shared by the API, the people and the control surface."""

    def __init__(
        self,
        clock: Clock,
        limits: Limits,
        bots: Mapping[str, BotAccount],
        *,
        seed: int = 0,
        keep_messages: int | None = None,
    ) -> None:
        self.clock = clock
        self.keep_messages = keep_messages
        self.limits = limits
        self.files = FileStore()
        self.people: dict[int, User] = {}
        self.groups: dict[int, Chat] = {}
        self.polls: dict[str, Poll] = {}
        self.bots: dict[str, Bot] = {}
        self.counters: Counter[str] = Counter()
        self.sends: Counter[int] = Counter()  # accepted messages by chat id
        self.webhook_changed: Callable[[Bot], None] = lambda _: None
        self.listeners: list[Callable[[Event], None]] = []
        self._ids = itertools.count(5_000_000_000_000 + seed * 1_000_000)
        self._timers: set[asyncio.Task[None]] = set()
        for token, account in bots.items():
            user = User(account.id, account.first_name, username=account.username, is_bot=True)
            queue = UpdateQueue(clock, 300_000_000 + seed * 1000 + 1)
            self.bots[token] = Bot(account, user, queue, Governor(limits))

    def now(self) -> int:
        """Unix seconds on the simulator's clock."""
        return int(self.clock.now().timestamp())

    def identifier(self) -> str:
        """A number nobody has had before: for polls, callback queries, albums."""
        return str(next(self._ids))

    def bot_by_id(self, bot_id: int) -> Bot | None:
        """The bot with that user id."""
        return next((bot for bot in self.bots.values() if bot.id == bot_id), None)

    def post(
        self,
        bot: Bot,
        chat: Chat,
        sender: User | None,
        content: Content,
        *,
        markup: Markup | None = None,
        album: str | None = None,
        origin: dict[str, Any] | None = None,
        reply_to: Message | None = None,
        protected: bool = False,
        topic: int | None = None,
    ) -> Message:
        """Put a message into a chat and tell the listeners; queues no update."""
        message = Message(chat, chat.next_message_id, self.now(), sender, content, topic=topic)
        chat.next_message_id += 1
        chat.messages[message.message_id] = message
        if self.keep_messages is not None and len(chat.messages) > self.keep_messages:
            del chat.messages[next(iter(chat.messages))]
        message.album, message.origin, message.reply_to, message.protected = (
            album,
            origin,
            reply_to,
            protected,
        )
        if markup is not None:
            if "inline_keyboard" in markup:
                message.markup = markup
            else:
                chat.reply_markup = None if "remove_keyboard" in markup else markup
        if content.poll is not None:
            self.polls.setdefault(content.poll.id, content.poll)
        by_bot = sender is bot.user or (sender is None and chat.kind == "channel")
        if by_bot:
            self.counters["messages_sent"] += 1
        if sender is bot.user:
            self.sends[chat.id] += 1
        self.emit(Event("message", bot, chat, by_bot, message))
        return message

    def emit(self, event: Event) -> None:
        """Tell every listener."""
        for listener in tuple(self.listeners):
            listener(event)

    def private_chat(self, bot: Bot, person: User) -> Chat:
        """The chat of a person with a bot, begun if need be."""
        chat = bot.private_chats.get(person.id)
        if chat is None:
            chat = bot.private_chats[person.id] = Chat(person.id, "private", person=person)
        return chat

    def new_group(
        self, kind: ChatKind, title: str, chat_id: int | None = None, username: str | None = None
    ) -> Chat:
        """A group, supergroup or channel without members."""
        if chat_id is None:
            number = int(self.identifier()) % 1_000_000_000
            chat_id = -number if kind == "group" else -1_000_000_000_000 - number
        chat = self.groups[chat_id] = Chat(chat_id, kind, title=title, username=username)
        return chat

    def poll_changed(self, bot: Bot, message: Message, *, by_bot: bool = False) -> None:
        """Tell the bot that asked a poll, and whoever watches the chat where it changed."""
        poll = message.content.poll
        owner = self.bot_by_id(poll.owner) if poll is not None and poll.owner is not None else None
        if poll is not None and owner is not None:
            owner.updates.put("poll", poll.wire(reveal=True), f"poll:{poll.id}")
        self.emit(Event("poll", bot, message.chat, by_bot, message))

    def close_poll_in_time(self, bot: Bot, message: Message) -> None:
        """See to it that a poll closes when its time is up on the clock."""
        poll = message.content.poll
        if poll is not None and poll.close_date and not poll.closed:
            task = asyncio.get_running_loop().create_task(self._close_poll(bot, message, poll))
            self._timers.add(task)
            task.add_done_callback(self._timers.discard)

    async def _close_poll(self, bot: Bot, message: Message, poll: Poll) -> None:
        await self.clock.sleep(poll.close_date - self.clock.now().timestamp())
        if not poll.closed:
            poll.closed = True
            self.poll_changed(bot, message)

    def close(self) -> None:
        """Stop timers and let go of time."""
        for task in self._timers:
            task.cancel()
        for bot in self.bots.values():
            bot.updates.close()
