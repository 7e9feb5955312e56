"""Files: contents kept once, file ids given out per bot, as in Telegram reusable for ever."""

import hashlib
import mimetypes
import struct
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from bot.simulator.errors import BadRequestError
from bot.simulator.params import Params, Upload

MOST_UPLOADED = 50 * 1024 * 1024
MOST_IN_PHOTO = 10 * 1024 * 1024
MOST_DOWNLOADED = 20 * 1024 * 1024

_FOLDERS = {
    "photo": "photos",
    "video": "videos",
    "audio": "music",
    "voice": "voice",
    "animation": "animations",
    "document": "documents",
    "sticker": "stickers",
    "video_note": "video_notes",
}


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file as one kind of thing (the same bytes sent as a document and as a photo are two)."""

    kind: str
    name: str
    mime: str
    data: bytes
    unique_id: str
    number: int
    width: int = 0
    height: int = 0

    @property
    def path(self) -> str:
        """Where the bot may download it, below `/file/bot<token>/`."""
        suffix = PurePosixPath(self.name).suffix or (".jpg" if self.kind == "photo" else "")
        return f"{_FOLDERS[self.kind]}/file_{self.number}{suffix}"


@dataclass(slots=True)
class FileStore:
    """Every file the simulator knows."""

    by_unique_id: dict[str, StoredFile] = field(default_factory=dict)
    _by_path: dict[str, StoredFile] = field(default_factory=dict)

    def add(self, kind: str, upload: Upload) -> StoredFile:
        """Keep an upload, refusing what Telegram would."""
        if not upload.data:
            raise BadRequestError("file must be non-empty")
        if len(upload.data) > (MOST_IN_PHOTO if kind == "photo" else MOST_UPLOADED):
            raise BadRequestError("file is too big")
        width = height = 0
        if kind == "photo":
            width, height = picture_size(upload.data)
            if not width or not height:
                raise BadRequestError("IMAGE_PROCESS_FAILED")
            if width + height > 10_000 or max(width, height) > 20 * min(width, height):
                raise BadRequestError("PHOTO_INVALID_DIMENSIONS")
        digest = hashlib.sha256(upload.data + kind.encode() + upload.name.encode()).hexdigest()
        unique_id = f"AQAD{digest[:16]}"
        known = self.by_unique_id.get(unique_id)
        if known is not None:
            return known
        mime = mimetypes.guess_type(upload.name)[0] or "application/octet-stream"
        stored = StoredFile(
            kind, upload.name, mime, upload.data, unique_id, len(self.by_unique_id), width, height
        )
        self.by_unique_id[unique_id] = stored
        self._by_path[stored.path] = stored
        return stored

    def at(self, path: str) -> StoredFile | None:
        """The file at a path that getFile gave out."""
        return self._by_path.get(path)

    def find(self, bot_id: int, file_id: str) -> StoredFile | None:
        """The file that a bot's file id names; another bot's id names nothing."""
        owner, _, unique_id = file_id.partition("-")
        if owner != _owner(bot_id):
            return None
        return self.by_unique_id.get(unique_id.partition("-")[0])

    def received(self, bot_id: int, kind: str, given: str, params: Params, name: str) -> StoredFile:
        """The file that a parameter or a field of a media object means: upload, `attach://…`, or file id."""
        attached = given.removeprefix("attach://") if given.startswith("attach://") else None
        upload = params.uploads.get(attached if attached is not None else name)
        if upload is not None and (attached is not None or not given):
            return self.add(kind, upload)
        if not given or attached is not None:
            raise BadRequestError(f"There is no {kind} in the request")
        if given.startswith(("http://", "https://")):
            raise BadRequestError("failed to get HTTP URL content")
        known = self.find(bot_id, given)
        if known is None:
            raise BadRequestError("wrong file identifier/HTTP URL specified")
        if known.kind != kind and {known.kind, kind} != {"animation", "document"}:
            raise BadRequestError(f"can't use file of type {known.kind.title()} as {kind.title()}")
        return known


def file_id(bot_id: int, stored: StoredFile, size: str = "") -> str:
    """The id under which one bot knows a file; `size` tells the sizes of a photo apart."""
    return f"{_owner(bot_id)}-{stored.unique_id}{'-' + size if size else ''}"


def file_wire(bot_id: int, stored: StoredFile) -> dict[str, Any]:
    """The fields that every kind of file has."""
    return {
        "file_id": file_id(bot_id, stored),
        "file_unique_id": stored.unique_id,
        "file_size": len(stored.data),
    }


@dataclass(frozen=True, slots=True)
class Media:
    """A file as the content of a message."""

    file: StoredFile
    duration: int = 0
    width: int = 0
    height: int = 0
    titles: tuple[tuple[str, str], ...] = ()  # performer and title of an audio file

    def wire(self, bot_id: int) -> dict[str, Any]:
        """The message fields that hold it, `{"document": {…}}` or the like, with one bot's file ids."""
        file = self.file
        wire = file_wire(bot_id, file)
        named = {"file_name": file.name, "mime_type": file.mime}
        moving = {"width": self.width, "height": self.height, "duration": self.duration}
        match file.kind:
            case "photo":
                return {"photo": _photo_sizes(bot_id, file)}
            case "video":
                return {"video": {**wire, **named, **moving}}
            case "animation":
                return {"animation": {**wire, **named, **moving}, "document": {**wire, **named}}
            case "audio":
                return {"audio": {**wire, **named, "duration": self.duration, **dict(self.titles)}}
            case "voice":
                return {"voice": {**wire, "mime_type": file.mime, "duration": self.duration}}
            case "sticker":
                looks = {"type": "regular", "is_animated": False, "is_video": False}
                return {"sticker": {**wire, **looks, "width": 512, "height": 512}}
            case "video_note":
                return {"video_note": {**wire, "length": 240, "duration": self.duration}}
            case _:
                return {"document": {**wire, **named}}


def picture_size(data: bytes) -> tuple[int, int]:
    """Width and height of a PNG, GIF, JPEG or WebP; zeros where it is none of them or broken."""
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            width, height = struct.unpack(">II", data[16:24])
            return width, height
        if data.startswith((b"GIF87a", b"GIF89a")):
            width, height = struct.unpack("<HH", data[6:10])
            return width, height
        if data.startswith(b"RIFF") and data[8:16] == b"WEBPVP8X":
            return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
        if data.startswith(b"\xff\xd8"):
            return _jpeg_size(data)
    except struct.error:
        pass
    return 0, 0


def _jpeg_size(data: bytes) -> tuple[int, int]:
    position = 2
    while position + 9 < len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[position + 5 : position + 9])
            return width, height
        position += 2 + int(struct.unpack(">H", data[position + 2 : position + 4])[0])
    return 0, 0


def _photo_sizes(bot_id: int, stored: StoredFile) -> list[dict[str, Any]]:
    """A thumbnail and the whole picture; both ids lead to the whole one here."""
    sizes = []
    for size, longest in (("s", 90), ("", 0)):
        scale = min(1.0, longest / max(stored.width, stored.height)) if longest else 1.0
        if size and scale == 1.0:
            continue
        sizes.append(
            {
                "file_id": file_id(bot_id, stored, size),
                "file_unique_id": stored.unique_id + size,
                "file_size": len(stored.data),
                "width": max(1, round(stored.width * scale)),
                "height": max(1, round(stored.height * scale)),
            }
        )
    return sizes


def _owner(bot_id: int) -> str:
    return f"BQAC{bot_id:x}"
