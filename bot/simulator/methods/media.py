"""Files: photos, documents, videos, sound, albums, and what is in them."""

from typing import Any

from bot.simulator.call import Call
from bot.simulator.chats import Content
from bot.simulator.entities import formatted
from bot.simulator.errors import BadRequestError
from bot.simulator.files import MOST_DOWNLOADED, Media, file_id
from bot.simulator.methods.messages import MOST_CAPTION, change, read_caption
from bot.simulator.params import Params

MOST_IN_ALBUM = 10


def read_media(call: Call, kind: str, given: str, details: Params, name: str) -> Media:
    """A file of some kind: from an upload, an `attach://…` name or a file id."""
    stored = call.world.files.received(call.bot.id, kind, given, call.params, name)
    titles = tuple((key, details.text(key)) for key in ("performer", "title") if details.text(key))
    return Media(
        stored,
        details.integer("duration", low=0),
        details.integer("width", low=0) or stored.width,
        details.integer("height", low=0) or stored.height,
        titles,
    )


def _fields(details: Params) -> dict[str, Any]:
    flags = {"has_spoiler": "has_media_spoiler", "show_caption_above_media": "show_caption_above_media"}
    return {shown: True for given, shown in flags.items() if details.flag(given)}


def _send(call: Call, kind: str) -> Any:
    call.chat("write")
    media = read_media(call, kind, call.params.text(kind), call.params, kind)
    return call.wire(call.send(Content(read_caption(call.params), media, fields=_fields(call.params))))


def send_photo(call: Call) -> Any:
    """Send a picture."""
    return _send(call, "photo")


def send_document(call: Call) -> Any:
    """Send a file as it is."""
    return _send(call, "document")


def send_video(call: Call) -> Any:
    """Send a video."""
    return _send(call, "video")


def send_audio(call: Call) -> Any:
    """Send music."""
    return _send(call, "audio")


def send_voice(call: Call) -> Any:
    """Send a voice message."""
    return _send(call, "voice")


def send_animation(call: Call) -> Any:
    """Send a silent clip."""
    return _send(call, "animation")


def send_sticker(call: Call) -> Any:
    """Send a sticker, which has no caption."""
    return _send_bare(call, "sticker")


def send_video_note(call: Call) -> Any:
    """Send a round video message, which has no caption."""
    return _send_bare(call, "video_note")


def _send_bare(call: Call, kind: str) -> Any:
    call.chat("write")
    return call.wire(
        call.send(Content(media=read_media(call, kind, call.params.text(kind), call.params, kind)))
    )


def _input_media(call: Call, item: Any, *, album: bool) -> Content:
    if not isinstance(item, dict):
        raise BadRequestError("Can't parse InputMedia: expected an Object")
    kind = item.get("type")
    kinds = {"photo", "video", "audio", "document"} | (set() if album else {"animation"})
    if kind not in kinds:
        raise BadRequestError(
            f'Can\'t parse InputMedia: type "{kind}" is unsupported'
            if kind
            else "Can't parse InputMedia: Can't find field \"type\""
        )
    details = Params(item)
    if not details.text("media"):
        raise BadRequestError("Can't parse InputMedia: media not found")
    media = read_media(call, kind, details.text("media"), details, "media")
    caption = formatted(
        details.text("caption"), details.text("parse_mode"), item.get("caption_entities"), may_be_empty=True
    )
    if len(caption.text) > MOST_CAPTION:
        raise BadRequestError("Message caption is too long")
    return Content(caption, media, fields=_fields(details))


def send_media_group(call: Call) -> Any:
    """Send up to ten files as one album."""
    call.params.required("media")
    given = call.params.json("media", "media")
    if not isinstance(given, list):
        raise BadRequestError("Expected an Array of InputMedia")
    if len(given) > MOST_IN_ALBUM:
        raise BadRequestError("Too many messages to send as an album")
    if not given:
        raise BadRequestError("There are no messages to send")
    chat = call.chat("write")
    topic = call.topic(chat)
    reply_to = call.reply_to(chat)
    contents = [_input_media(call, item, album=True) for item in given]
    kinds = {content.media.file.kind for content in contents if content.media is not None}
    for alone in ("document", "audio"):
        if alone in kinds and len(kinds) > 1:
            raise BadRequestError(f"{alone.title()} can't be mixed with other media types")
    call.spend(chat, len(contents))
    album = call.world.identifier() if len(contents) > 1 else None
    return [
        call.wire(
            call.world.post(
                call.bot,
                chat,
                call.sender_in(chat),
                content,
                album=album,
                reply_to=reply_to,
                protected=call.params.flag("protect_content"),
                topic=topic,
            )
        )
        for content in contents
    ]


def edit_message_media(call: Call) -> Any:
    """Replace the file of a message, its caption and keyboard."""
    given = call.params.json("media", "input media")
    if given is None:
        raise BadRequestError("Input media is not specified")
    message = call.own_message()
    content = _input_media(call, given, album=False)
    if message.content.media is None and not message.content.text.text:
        raise BadRequestError("There is no media in the message to edit")
    return call.wire(change(call, message, content, call.markup(message.chat, inline_only=True)))


def get_file(call: Call) -> Any:
    """Where to download a file; nothing above 20 MB."""
    given = call.params.text("file_id")
    if not given:
        raise BadRequestError("file_id not specified")
    stored = call.world.files.find(call.bot.id, given)
    if stored is None:
        raise BadRequestError("wrong file_id or the file is temporarily unavailable")
    if len(stored.data) > MOST_DOWNLOADED:
        raise BadRequestError("file is too big")
    return {
        "file_id": file_id(call.bot.id, stored),
        "file_unique_id": stored.unique_id,
        "file_size": len(stored.data),
        "file_path": stored.path,
    }
