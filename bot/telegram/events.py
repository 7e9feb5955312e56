"""Updates as events: what people did, free of Telegram's objects.

Of an update only the fields that are read here are looked at. That keeps intake going whatever Telegram
adds, and it is fast: most of the time of reading an update goes into objects that nobody asks for, such as
the whole message under which a button was tapped. Votes and taps, of which a crowd sends thousands at once,
are read without the library's objects altogether; a test holds that to the library's reading.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import structlog
from telegram import CallbackQuery, ChatMemberUpdated, Message, MessageEntity, Poll, PollAnswer, Update, User
from telegram.constants import ChatMemberStatus, ChatType

from bot.domain.events import (
    AddressedInGroup,
    Commanded,
    Edited,
    Event,
    Membership,
    Migrated,
    ReachChanged,
    Sender,
    Shared,
    Started,
    Tapped,
    TopicChanged,
    Voted,
    Wrote,
)
from bot.domain.faults import trail
from bot.domain.identity import looks_like_nik
from bot.domain.messages import Tap
from bot.domain.people import Reach
from bot.domain.posts import Question

_log = structlog.stdlib.get_logger(__name__)

KINDS: Final = (
    # A message with one of the first may also have one of the last: an animation is a document too.
    "animation",
    "live_photo",
    "venue",
    "audio",
    "contact",
    "dice",
    "document",
    "location",
    "photo",
    "poll",
    "sticker",
    "story",
    "video",
    "video_note",
    "voice",
)
"""What a `Shared` may carry, by Telegram's names."""

_MESSAGE: Final = frozenset(
    {
        "message_id",
        "date",
        "chat",
        "from",
        "text",
        "entities",
        "caption",
        "caption_entities",
        "forward_origin",
        "forum_topic_closed",
        "forum_topic_created",
        "forum_topic_edited",
        "forum_topic_reopened",
        "has_media_spoiler",
        "is_topic_message",
        "link_preview_options",
        "media_group_id",
        "message_thread_id",
        "migrate_to_chat_id",
        "show_caption_above_media",
        *KINDS,
    }
)
_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]+))?(?:\s+(.*))?", re.DOTALL)
_GROUPS: Final = (ChatType.GROUP, ChatType.SUPERGROUP)


def read_json(data: Mapping[str, Any], username: str) -> Event | None:
    """The event of an update as it arrives; None where there is nothing to do, or nothing to be understood.

    `username` is the bot's own, by which groups address it. Never raises: an update that cannot be read
    would otherwise be handed over again and again, and hold up everybody's.
    """
    quickly = _quickly(data)
    if quickly is not None:
        return quickly
    try:
        return read(Update.de_json(_pruned(data), None), username)
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError, OSError) as error:
        # The last two are what dates beyond all calendars raise. Not the error's words: they quote data.
        _log.error(
            "update cannot be read",
            action="update_unreadable",
            update=data.get("update_id"),
            fields=sorted(data),
            fault=trail(error),
        )
        return None


def _quickly(data: Mapping[str, Any]) -> Event | None:
    """A vote or a tap that looks as they always do; what `read` would make of it."""
    match data:
        case {
            "poll_answer": {
                "user": {"id": int(voter)} as user,
                "poll_id": str(poll),
                "option_ids": list(chosen),
            }
        }:
            if all(type(option) is int for option in chosen):
                return Voted(Sender(voter, user.get("language_code")), poll, tuple(chosen))
        case {
            "callback_query": {
                "id": str(query),
                "from": {"id": int(tapper)} as user,
                "message": {"message_id": int(message), "chat": {"type": ChatType.PRIVATE}},
                "data": str(carried),
            }
        }:
            return Tapped(
                Sender(tapper, user.get("language_code")), message, query, Tap.decode(_clean(carried))
            )
    return None


def read(update: Update, username: str) -> Event | None:
    """The event of an update; None where there is nothing to do."""
    if update.message is not None:
        return _message(update.message, username)
    if update.edited_message is not None:
        return _edited(update.edited_message)
    if update.callback_query is not None:
        return _tapped(update.callback_query)
    if update.poll_answer is not None:
        return _voted(update.poll_answer)
    if update.my_chat_member is not None:
        return _reach(update.my_chat_member)
    return None


_THERE: Final = (ChatMemberStatus.MEMBER, ChatMemberStatus.ADMINISTRATOR, ChatMemberStatus.OWNER)


def _message(message: Message, username: str) -> Event | None:
    chat, user = message.chat, message.from_user
    if message.migrate_to_chat_id is not None:
        return Migrated(Sender(chat.id), message.migrate_to_chat_id)
    if user is None or user.is_bot:
        return None
    if chat.type in _GROUPS:
        here = Sender(chat.id, user.language_code)
        # Answers outside of topics have a thread too, which is none to write to.
        topic = message.message_thread_id if message.is_topic_message else None
        if topic is not None and (changed := _topic(here, message, topic)) is not None:
            return changed
        return AddressedInGroup(here, message.message_id, topic) if _addressed(message, username) else None
    if chat.type != ChatType.PRIVATE:
        return None
    sender = _sender(user)
    if message.text is None:
        return _shared(sender, message)
    text = _clean(message.text)
    command = _COMMAND.fullmatch(text.strip())
    if command is None or looks_like_nik(text):  # a NIK is to be deleted behind a slash too
        preview = message.link_preview_options
        return Wrote(
            sender,
            message.message_id,
            text,
            html=_formatted(message.text_html) if message.entities else None,
            preview=preview is None or not preview.is_disabled,
            forwarded=message.forward_origin is not None,
            sent=message.date,
        )
    name, argument = command.group(1).lower(), (command.group(3) or "").strip()
    return Started(sender, argument, message.date) if name == "start" else Commanded(sender, name, argument)


def _topic(here: Sender, message: Message, topic: int) -> TopicChanged | None:
    """What became of a topic, of which a service message tells."""
    if message.forum_topic_created is not None:
        return TopicChanged(here, topic, _clean(message.forum_topic_created.name))
    if message.forum_topic_edited is not None:
        return TopicChanged(here, topic, _clean(message.forum_topic_edited.name or ""))
    if message.forum_topic_closed is not None:
        return TopicChanged(here, topic, "", open=False)
    return TopicChanged(here, topic, "") if message.forum_topic_reopened is not None else None


def _shared(sender: Sender, message: Message) -> Shared | None:
    for kind in KINDS:
        thing = getattr(message, kind)
        if thing:
            if kind == "photo":
                thing = max(thing, key=lambda size: size.width * size.height)
            return Shared(
                sender,
                message.message_id,
                kind,
                getattr(thing, "file_id", None),
                _clean(message.caption or ""),
                name=_clean(getattr(thing, "file_name", None) or ""),
                html=_formatted(message.caption_html) if message.caption_entities else None,
                album=message.media_group_id,
                above=bool(message.show_caption_above_media),
                spoiler=bool(message.has_media_spoiler),
                poll=_question(message.poll) if kind == "poll" else None,
                place=_place(kind, thing),
                venue=(_clean(thing.title), _clean(thing.address)) if kind == "venue" else None,
                forwarded=message.forward_origin is not None,
            )
    return None  # a service message: somebody pinned something, a call ended


def _place(kind: str, thing: Any) -> tuple[float, float] | None:
    """Latitude and longitude, of what is a place."""
    if kind not in ("location", "venue"):
        return None
    where = thing.location if kind == "venue" else thing
    return where.latitude, where.longitude


def _formatted(html: str) -> str:
    return _clean(html)


def _question(poll: Poll | None) -> Question | None:
    """A poll's question, in plain words; a quiz's right answer where its author sent it to the bot."""
    if poll is None:
        return None
    return Question(
        _clean(poll.question),
        tuple(_clean(option.text) for option in poll.options),
        multiple=poll.allows_multiple_answers,
        correct=tuple(poll.correct_option_ids or ()),
        explanation=_clean(poll.explanation or ""),
    )


def _edited(message: Message) -> Edited | None:
    text = message.text if message.text is not None else message.caption
    if message.chat.type != ChatType.PRIVATE or message.from_user is None or text is None:
        return None  # a caption that was taken away altogether, a live location that moved on
    marked, html = (
        (message.entities, message.text_html)
        if message.text is not None
        else (message.caption_entities, message.caption_html)
    )
    return Edited(
        _sender(message.from_user),
        message.message_id,
        _clean(text),
        html=_formatted(html) if marked else None,
    )


def _tapped(query: CallbackQuery) -> Tapped | None:
    message = query.message
    if query.data is None or message is None or message.chat.type != ChatType.PRIVATE:
        return None
    return Tapped(_sender(query.from_user), message.message_id, query.id, Tap.decode(_clean(query.data)))


def _voted(answer: PollAnswer) -> Voted | None:
    if answer.user is None:
        return None  # a chat voted, in a channel
    return Voted(_sender(answer.user), answer.poll_id, tuple(answer.option_ids))


def _reach(change: ChatMemberUpdated) -> ReachChanged | Membership | None:
    chat = change.chat
    if chat.type != ChatType.PRIVATE:
        there = change.new_chat_member.status in _THERE
        if chat.type == ChatType.CHANNEL:
            there = change.new_chat_member.status == ChatMemberStatus.ADMINISTRATOR
        title = _clean(chat.title or "")
        return Membership(Sender(chat.id), change.from_user.id, title, str(chat.type), there)
    blocked = change.new_chat_member.status in (ChatMemberStatus.BANNED, ChatMemberStatus.LEFT)
    return ReachChanged(_sender(change.from_user), Reach.BLOCKED if blocked else Reach.OPEN)


def _addressed(message: Message, username: str) -> bool:
    """Whether a group's message is a command for this bot, or mentions it."""
    if message.text is None:
        return False
    command = _COMMAND.fullmatch(message.text.strip())
    if command is not None:
        return command.group(2) is None or command.group(2).lower() == username.lower()
    mentions = message.parse_entities([MessageEntity.MENTION]).values()
    return f"@{username}".lower() in (mention.lower() for mention in mentions)


def _sender(user: User) -> Sender:
    return Sender(user.id, user.language_code)


def _clean(text: str) -> str:
    """`text` as every database can hold it: without NUL, and without halves of surrogate pairs."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _pruned(data: Mapping[str, Any]) -> dict[str, Any]:
    """The update with what is read here, and nothing else."""
    pruned = {"update_id": data["update_id"]}
    for name in ("message", "edited_message"):
        if name in data:
            pruned[name] = {key: value for key, value in data[name].items() if key in _MESSAGE}
    if "callback_query" in data:
        query = dict(data["callback_query"])
        if "message" in query:
            # A date of zero is Telegram's sign of a message of which only the place is known.
            message = query["message"]
            query["message"] = {"message_id": message["message_id"], "chat": message["chat"], "date": 0}
        pruned["callback_query"] = query
    for name in ("poll_answer", "my_chat_member"):
        if name in data:
            pruned[name] = data[name]
    return pruned
