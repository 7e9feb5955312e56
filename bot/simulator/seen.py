"""What people see: chats from the other side, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot.simulator.chats import Chat, Message, User
from bot.simulator.polls import Poll
from bot.simulator.world import Event, EventKind


@dataclass(frozen=True, slots=True)
class SeenButton:
    """A button below a message; `data` for one that calls the bot back."""

    text: str
    data: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A file in a message, whole."""

    kind: str
    name: str
    mime: str
    size: int
    file_key: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SeenOption:
    """An answer of a poll; `correct` is None as long as the app would not tell."""

    text: str
    voters: int
    chosen: bool
    correct: bool | None


@dataclass(frozen=True, slots=True)
class SeenPoll:
    """A poll or quiz as one person sees it."""

    id: str
    question: str
    options: tuple[SeenOption, ...]
    voters: int  # in all; 0 as long as the app would not tell
    quiz: bool
    multiple: bool
    anonymous: bool
    closed: bool
    answered: bool
    revoting: bool
    explanation: str | None
    close_date: datetime | None


@dataclass(frozen=True, slots=True)
class SeenMessage:
    """A message as it stands in somebody's chat now."""

    message_id: int
    chat_id: int
    date: datetime
    from_bot: bool
    sender: str
    text: str  # the caption where there is a file; a poll's question
    entities: tuple[Mapping[str, Any], ...] = ()
    keyboard: tuple[tuple[SeenButton, ...], ...] = ()
    poll: SeenPoll | None = None
    file: SeenFile | None = None
    location: tuple[float, float] | None = None
    album: str | None = None
    reply_to: int | None = None
    forwarded: bool = False
    edited: bool = False
    deleted: bool = False
    pinned: bool = False
    protected: bool = False
    reactions: tuple[str, ...] = ()
    topic: int | None = None
    service: str | None = None  # what a service message reports, as its field is called

    @property
    def document(self) -> SeenFile | None:
        """The file, if it came as a document."""
        return self.file if self.file is not None and self.file.kind == "document" else None

    @property
    def photo(self) -> SeenFile | None:
        """The file, if it came as a photo."""
        return self.file if self.file is not None and self.file.kind == "photo" else None

    @property
    def buttons(self) -> tuple[str, ...]:
        """The texts of all buttons, row by row."""
        return tuple(button.text for row in self.keyboard for button in row)


@dataclass(frozen=True, slots=True)
class Delivery:
    """Something that reached a chat: a message new, edited or deleted, a notice after a tap, "typing …"."""

    kind: EventKind
    at: datetime
    bot_id: int
    chat_id: int
    by_bot: bool
    message: SeenMessage | None = None
    person_id: int | None = None  # whose tap was answered; the person of a private chat
    callback_id: str | None = None
    text: str = ""  # of the notice
    show_alert: bool = False
    url: str = ""
    action: str = ""


def seen_message(message: Message, viewer: User | None) -> SeenMessage:
    """A message as one person (None: nobody in particular) sees it."""
    content = message.content
    fields = content.fields
    location = fields.get("location")
    poll = content.poll
    file = content.media.file if content.media is not None else None
    keyboard = message.markup["inline_keyboard"] if message.markup is not None else ()
    service = next((name for name in fields if name not in _NOT_SERVICE), None)
    return SeenMessage(
        message_id=message.message_id,
        chat_id=message.chat.id,
        date=datetime.fromtimestamp(message.date, UTC),
        topic=message.topic,
        from_bot=message.from_bot or (message.sender is None),
        sender=message.sender.first_name if message.sender is not None else message.chat.title,
        text=poll.question.text if poll is not None else content.text.text,
        entities=poll.question.entities if poll is not None else content.text.entities,
        keyboard=tuple(
            tuple(
                SeenButton(button["text"], button.get("callback_data"), button.get("url")) for button in row
            )
            for row in keyboard
        ),
        poll=_seen_poll(poll, viewer) if poll is not None else None,
        file=SeenFile(file.kind, file.name, file.mime, len(file.data), file.unique_id, file.data)
        if file
        else None,
        location=(location["latitude"], location["longitude"]) if location is not None else None,
        album=message.album,
        reply_to=message.reply_to.message_id if message.reply_to is not None else None,
        forwarded=message.origin is not None,
        edited=message.edited is not None,
        deleted=message.deleted,
        pinned=message.message_id in message.chat.pinned,
        protected=message.protected,
        reactions=message.reactions,
        service=service,
    )


_NOT_SERVICE = frozenset(
    {"location", "venue", "contact", "link_preview_options", "has_media_spoiler", "show_caption_above_media"}
)


def _seen_poll(poll: Poll, viewer: User | None) -> SeenPoll:
    chosen = poll.votes.get(viewer.id, ()) if viewer is not None else ()
    answered = bool(chosen)
    told = poll.closed or (answered and not poll.results_hidden)
    return SeenPoll(
        id=poll.id,
        question=poll.question.text,
        options=tuple(
            SeenOption(
                text=option.text,
                voters=poll.counts[index] if told else 0,
                chosen=index in chosen,
                correct=index in poll.correct if poll.quiz and told else None,
            )
            for index, option in enumerate(poll.options)
        ),
        voters=len(poll.votes) if told else 0,
        quiz=poll.quiz,
        multiple=poll.multiple,
        anonymous=poll.anonymous,
        closed=poll.closed,
        answered=answered,
        revoting=poll.revoting,
        explanation=poll.explanation.text or None if told else None,
        close_date=datetime.fromtimestamp(poll.close_date, UTC) if poll.close_date else None,
    )


def seen_chat(chat: Chat, viewer: User | None) -> list[SeenMessage]:
    """All messages of a chat in order, deleted ones marked as such."""
    return [seen_message(message, viewer) for message in chat.messages.values()]


def delivery(event: Event, at: datetime) -> Delivery:
    """An event as listeners hear of it."""
    details = event.details or {}
    person = event.callback.person if event.callback is not None else event.chat.person
    return Delivery(
        kind=event.kind,
        at=at,
        bot_id=event.bot.id,
        chat_id=event.chat.id,
        by_bot=event.by_bot,
        message=seen_message(event.message, event.chat.person) if event.message is not None else None,
        person_id=person.id if person is not None else None,
        callback_id=event.callback.id if event.callback is not None else None,
        text=details.get("text", ""),
        show_alert=details.get("show_alert", False),
        url=details.get("url", ""),
        action=details.get("action", ""),
    )
