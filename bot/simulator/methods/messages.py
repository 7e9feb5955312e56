"""Texts and places: sending, editing, copying, forwarding, deleting, reacting, pinning."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

from bot.simulator.call import NOT_MODIFIED, Call
from bot.simulator.chats import Chat, Content, Message
from bot.simulator.entities import Formatted, read_formatted
from bot.simulator.errors import BadRequestError
from bot.simulator.keyboards import Markup
from bot.simulator.params import Params
from bot.simulator.world import Event

MOST_TEXT = 4096
MOST_CAPTION = 1024
DELETABLE_SECONDS = 48 * 3600

_ACTIONS = frozenset(
    {
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    }
)
# The emoji that anybody may react with.
_REACTIONS = frozenset(
    (  # noqa: SIM905  # as a list they would take 70 lines
        "❤ 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 "
        "❤‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 "
        "😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ "
        "😡 "
    ).split()
)


def read_text(params: Params) -> Content:
    """The text message that the parameters describe."""
    if not params.text("text"):
        raise BadRequestError("Message text is empty")
    text = read_formatted(params)
    if len(text.text) > MOST_TEXT:
        raise BadRequestError("Message is too long")
    preview = params.json("link_preview_options", "link preview options")
    if preview is None:
        disabled = params.flag("disable_web_page_preview")
        return Content(text, fields={"link_preview_options": {"is_disabled": True}} if disabled else {})
    if not isinstance(preview, dict):
        raise BadRequestError("Object expected as link preview options")
    return Content(text, fields={"link_preview_options": preview} if preview else {})


def read_caption(params: Params) -> Formatted:
    """The caption that the parameters describe, which may be none."""
    caption = read_formatted(params, "caption", entities="caption_entities", may_be_empty=True)
    if len(caption.text) > MOST_CAPTION:
        raise BadRequestError("Message caption is too long")
    return caption


def send_message(call: Call) -> Any:
    """Send a text."""
    return call.wire(call.send(read_text(call.params)))


def send_location(call: Call) -> Any:
    """Send a point on the map."""
    return call.wire(call.send(Content(fields={"location": _read_point(call)})))


def send_venue(call: Call) -> Any:
    """Send a point on the map with what is there."""
    point = _read_point(call)
    named = {name: call.params.text(name).strip() for name in ("title", "address")}
    for name, value in named.items():
        if not value:
            raise BadRequestError(f"venue {name} must be non-empty")
    return call.wire(call.send(Content(fields={"venue": {"location": point, **named}, "location": point})))


def _read_point(call: Call) -> dict[str, float]:
    latitude, longitude = call.params.number("latitude"), call.params.number("longitude")
    if latitude is None:
        raise BadRequestError("latitude is empty")
    if longitude is None:
        raise BadRequestError("longitude is empty")
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise BadRequestError("Wrong location specified")
    return {"latitude": latitude, "longitude": longitude}


def change(call: Call, message: Message, content: Content, markup: Markup | None) -> Message:
    """Give a message new content and keyboard, if that changes anything."""
    if content == message.content and markup == message.markup:
        raise BadRequestError(NOT_MODIFIED)
    call.spend(message.chat)
    message.content, message.markup, message.edited = content, markup, call.world.now()
    call.world.emit(Event("edit", call.bot, message.chat, by_bot=True, message=message))
    return message


def edit_message_text(call: Call) -> Any:
    """Replace a text and its keyboard."""
    content = read_text(call.params)
    message = call.own_message()
    old = message.content
    if old.media is not None or old.poll is not None or not old.text.text:
        raise BadRequestError("There is no text in the message to edit")
    return call.wire(change(call, message, content, call.markup(message.chat, inline_only=True)))


def edit_message_caption(call: Call) -> Any:
    """Replace the caption of a file and its keyboard."""
    caption = read_caption(call.params)
    message = call.own_message()
    if message.content.media is None:
        raise BadRequestError("There is no caption in the message to edit")
    content = replace(message.content, text=caption)
    return call.wire(change(call, message, content, call.markup(message.chat, inline_only=True)))


def edit_message_reply_markup(call: Call) -> Any:
    """Replace a keyboard."""
    message = call.own_message()
    return call.wire(change(call, message, message.content, call.markup(message.chat, inline_only=True)))


def delete_message(call: Call) -> Any:
    """Delete one message, or say why not."""
    if not call.params.text("chat_id"):
        raise BadRequestError("Chat identifier is not specified")
    if not call.params.message_id():
        raise BadRequestError("Message identifier is not specified")
    chat = call.chat("write")
    message = call.message(chat, "message to delete")
    if not _deletable(call, message):
        raise BadRequestError("message can't be deleted")
    _delete(call, message)
    return True


def delete_messages(call: Call) -> Any:
    """Delete several messages; those that are gone or can't be deleted are skipped."""
    identifiers = call.params.message_ids()
    chat = call.chat("write")
    for identifier in identifiers:
        message = chat.find(identifier)
        if message is not None and _deletable(call, message):
            _delete(call, message)
    return True


def _deletable(call: Call, message: Message) -> bool:
    own = message.sender is call.bot.user
    if call.is_admin(message.chat) and not message.chat.private:
        return True
    young = call.world.now() - message.date <= DELETABLE_SECONDS
    return young and (own or message.chat.private)


def _delete(call: Call, message: Message) -> None:
    message.deleted = True
    call.world.emit(Event("delete", call.bot, message.chat, by_bot=True, message=message))


def forward_message(call: Call) -> Any:
    """Forward one message."""
    call.params.required("from_chat_id")
    message = call.message(call.chat("read", "from_chat_id"), "message to forward")
    chat = call.chat("write")
    _check_forwardable(message)
    call.spend(chat)
    return call.wire(_forward(call, chat, message))


def forward_messages(call: Call) -> Any:
    """Forward several messages; those that are gone or can't be forwarded are skipped."""
    return _each(call, _forward)


def copy_message(call: Call) -> Any:
    """Send the content of a message as one's own, perhaps with another caption."""
    call.params.required("from_chat_id")
    source = call.chat("read", "from_chat_id")
    message = call.message(source, "message to copy")
    if not _copyable(message):
        raise BadRequestError("Message can't be copied")
    content = message.content
    if call.params.has("caption") and content.media is not None:
        content = replace(content, text=read_caption(call.params))
    return {"message_id": call.send(_fresh(call, content)).message_id}


def copy_messages(call: Call) -> Any:
    """Send the contents of several messages; those that are gone or can't be copied are skipped."""
    return _each(call, _copy)


def _each(call: Call, act: Callable[[Call, Chat, Message], Message]) -> Any:
    call.params.required("from_chat_id")
    identifiers = call.params.message_ids()
    if any(left >= right for left, right in pairwise(identifiers)):
        raise BadRequestError("message identifiers must be in a strictly increasing order")
    chat, source = call.chat("write"), call.chat("read", "from_chat_id")
    found = [message for identifier in identifiers if (message := source.find(identifier)) is not None]
    found = [message for message in found if _copyable(message) and not message.protected]
    if not found:
        raise BadRequestError("There are no messages to forward")
    call.spend(chat, len(found))
    return [{"message_id": act(call, chat, message).message_id} for message in found]


def _forward(call: Call, chat: Chat, message: Message) -> Message:
    origin = message.origin or _origin(message)
    return call.world.post(
        call.bot,
        chat,
        call.sender_in(chat),
        message.content,
        origin=origin,
        protected=call.params.flag("protect_content"),
    )


def _copy(call: Call, chat: Chat, message: Message) -> Message:
    content = message.content
    if call.params.flag("remove_caption") and content.media is not None:
        content = replace(content, text=Formatted())
    return call.world.post(
        call.bot,
        chat,
        call.sender_in(chat),
        _fresh(call, content),
        protected=call.params.flag("protect_content"),
    )


def _fresh(call: Call, content: Content) -> Content:
    """A poll is asked anew by its copy; everything else is simply said again."""
    if content.poll is None:
        return content
    return replace(content, poll=content.poll.copied(call.world.identifier(), call.bot.id))


def _origin(message: Message) -> dict[str, Any]:
    if message.sender is None:
        return {
            "type": "channel",
            "date": message.date,
            "chat": message.chat.wire(),
            "message_id": message.message_id,
        }
    return {"type": "user", "date": message.date, "sender_user": message.sender.wire()}


def _check_forwardable(message: Message) -> None:
    if message.protected:
        raise BadRequestError("Message has protected content and can't be forwarded")
    if not _copyable(message):
        raise BadRequestError("Message can't be forwarded")


def _copyable(message: Message) -> bool:
    """Service messages can't be copied, nor quizzes whose answer is hidden."""
    content = message.content
    if content.poll is not None and content.poll.quiz and not content.poll.correct:
        return False
    said = content.text.text or content.media or content.poll
    return bool(said or content.fields.keys() & {"location", "contact"})  # a venue has a location too


def send_chat_action(call: Call) -> Any:
    """Show "typing…" or the like."""
    action = call.params.text("action").lower()
    if action not in _ACTIONS:
        raise BadRequestError("Wrong parameter action in request")
    chat = call.chat("write")
    call.check_open(chat)
    call.world.emit(Event("action", call.bot, chat, by_bot=True, details={"action": action}))
    return True


def set_message_reaction(call: Call) -> Any:
    """React to a message with one emoji, or with none."""
    given = call.params.json("reaction", "reaction types") or []
    if not isinstance(given, list):
        raise BadRequestError("Expected an Array of ReactionType")
    emoji = []
    for item in given:
        if not isinstance(item, dict) or item.get("type") != "emoji":
            raise BadRequestError("REACTION_INVALID")
        emoji.append(str(item.get("emoji", "")).replace("\ufe0f", ""))
    chat = call.chat("read")
    message = call.message(chat, "message to react")
    if len(emoji) > 1:
        raise BadRequestError("REACTIONS_TOO_MANY")
    if any(each not in _REACTIONS for each in emoji):
        raise BadRequestError("REACTION_INVALID")
    message.reactions = tuple(emoji)
    call.world.emit(Event("reaction", call.bot, chat, by_bot=True, message=message))
    return True


def pin_chat_message(call: Call) -> Any:
    """Pin a message above the chat."""
    chat = call.chat("write")
    message = call.message(chat, "message to pin")
    _check_may_pin(call, chat)
    if message.message_id in chat.pinned:
        chat.pinned.remove(message.message_id)
    chat.pinned.append(message.message_id)
    call.world.emit(Event("pin", call.bot, chat, by_bot=True, message=message))
    return True


def unpin_chat_message(call: Call) -> Any:
    """Unpin one message, or the one pinned last."""
    chat = call.chat("write")
    _check_may_pin(call, chat)
    if call.params.has("message_id"):
        message = call.message(chat, "message to unpin")
        if message.message_id not in chat.pinned:
            raise BadRequestError("Message to unpin not found")
        chat.pinned.remove(message.message_id)
    elif chat.pinned:
        chat.pinned.pop()
    else:
        raise BadRequestError("Message to unpin not found")
    call.world.emit(Event("pin", call.bot, chat, by_bot=True))
    return True


def _check_may_pin(call: Call, chat: Chat) -> None:
    if not call.is_admin(chat):
        raise BadRequestError("not enough rights to manage pinned messages in the chat")
