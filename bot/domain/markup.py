"""Telegram's HTML dialect and links, as its server reads them: one parser for the checker and the simulator.

Offsets and lengths of entities count UTF-16 code units; offsets in refusals count UTF-8 bytes of the
source. The rules and refusals are those of the official server's `MessageEntity.cpp`.
"""

import re
from typing import Any
from urllib.parse import urlsplit

Entity = dict[str, Any]
"""An entity as the Bot API writes it: type, offset, length and what its type needs."""


TIME_FORMAT = re.compile(r"[rR]|[tTdDwW]*")
"""How a `date_time` entity may ask to be shown."""


class MarkupError(ValueError):
    """Telegram refuses the text; the message is its description, without the "Bad Request: " before it."""


_TAGS = {
    **dict.fromkeys(("b", "strong"), "bold"),
    **dict.fromkeys(("i", "em"), "italic"),
    **dict.fromkeys(("u", "ins"), "underline"),
    **dict.fromkeys(("s", "strike", "del"), "strikethrough"),
    **dict.fromkeys(("span", "tg-spoiler"), "spoiler"),
    "a": "text_link",
    "blockquote": "blockquote",
    "code": "code",
    "pre": "pre",
    "tg-emoji": "custom_emoji",
    "tg-time": "date_time",
}
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_MARK = re.compile(r"[<&]")
_REFERENCE = re.compile(r"&(?:#x([0-9a-fA-F]*)|#([0-9]*)|([a-zA-Z]+));?")
_SPACE = " \t\r\n\0\x0b"
_ATTRIBUTE_END = _SPACE + "=>/\"'"
_USER_LINK = re.compile(r"tg:(?://)?user/?\?id=(\d{1,18})$", re.IGNORECASE)
_SURROGATE = re.compile("[\ud800-\udfff]")
_TG_LINK = re.compile(r"(tg|ton|tonsite):(?://)?([A-Za-z0-9_.-]+)(.*)$", re.IGNORECASE | re.DOTALL)


def utf16_length(text: str) -> int:
    """How many UTF-16 code units the text takes."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def parse_html(source: str) -> tuple[str, list[Entity]]:
    """Telegram's HTML as text and entities, in the order their tags close; raises `MarkupError`."""
    pieces: list[str] = []
    found: list[Entity] = []
    open_tags: list[tuple[str, dict[str, str], int, int]] = []  # name, attributes, UTF-16 offset, piece
    offset = position = 0

    def add(piece: str) -> None:
        nonlocal offset
        if piece:
            pieces.append(piece)
            offset += utf16_length(piece)

    while mark := _MARK.search(source, position):
        at = mark.start()
        add(source[position:at])
        if source[at] == "&":
            character, position = _reference(source, at)
            add(character)
        elif source.startswith("/", at + 1):
            if not open_tags:
                raise _unparsable(f"Unexpected end tag at byte offset {_byte(source, at)}")
            name, attributes, begin, piece = open_tags.pop()
            position = _end_tag(source, at, name)
            if offset > begin:
                if name == "a" and not attributes.get("href"):
                    attributes["href"] = "".join(pieces[piece:])  # a link may be its own address
                _close(found, name, attributes, begin, offset - begin)
        else:
            name, attributes, position = _start_tag(source, at)
            open_tags.append((name, attributes, offset, len(pieces)))
    add(source[position:])
    if open_tags:
        raise _unparsable(f'Can\'t find end tag corresponding to start tag "{open_tags[-1][0]}"')
    text = "".join(pieces)
    if not text.isascii() and _SURROGATE.search(text):
        raise _unparsable(
            "Text contains invalid Unicode characters after decoding HTML entities, "
            "check for unmatched surrogate code units"
        )
    for entity in found:
        if entity["type"] == "code":
            entity.pop("language", None)
    return text, found


def _unparsable(reason: str) -> MarkupError:
    return MarkupError(f"can't parse entities: {reason}")


def _byte(source: str, index: int) -> int:
    return len(source[:index].encode("utf-8", "surrogatepass"))


def _reference(source: str, at: int) -> tuple[str, int]:
    """The character that `&…;` stands for and where it ends; a lone ampersand stands for itself."""
    reference = _REFERENCE.match(source, at)
    if reference is None:
        return "&", at + 1
    hexadecimal, decimal, name = reference.groups()
    if name is not None:
        return (_NAMED[name], reference.end()) if name in _NAMED else ("&", at + 1)
    digits_end = reference.end() - source[at : reference.end()].endswith(";")
    if digits_end - at >= 10:
        return "&", at + 1
    code = int(hexadecimal or "0", 16) if hexadecimal is not None else int(decimal or "0")
    if not 0 < code < 0x10FFFF:
        return "&", at + 1
    return chr(code), reference.end()


def _start_tag(source: str, at: int) -> tuple[str, dict[str, str], int]:
    """Name, attributes and end of the start tag at `at`."""
    end = at + 1
    while end < len(source) and source[end] not in _SPACE and source[end] != ">":
        end += 1
    if end >= len(source):
        raise _unparsable(f"Unclosed start tag at byte offset {_byte(source, at)}")
    name = source[at + 1 : end].lower()
    if name not in _TAGS:
        raise _unparsable(f'Unsupported start tag "{name}" at byte offset {_byte(source, at)}')
    attributes: dict[str, str] = {}
    end = _skip(source, end, _SPACE)
    while end < len(source) and source[end] != ">":
        begin = end
        while end < len(source) and source[end] not in _ATTRIBUTE_END:
            end += 1
        key = source[begin:end]
        if not key:
            raise _unparsable(f'Empty attribute name in the tag "{name}" at byte offset {_byte(source, at)}')
        end = _skip(source, end, _SPACE)
        if end >= len(source):
            raise _unclosed(name, source, at)
        if source[end] != "=":
            attributes[key] = ""
            continue
        end = _skip(source, end + 1, _SPACE)
        if end >= len(source):
            raise _unclosed(name, source, at)
        attributes[key], end = _attribute_value(source, end)
        if end >= len(source):
            raise _unparsable(f"Unclosed start tag at byte offset {_byte(source, at)}")
        end = _skip(source, end, _SPACE)
    if end >= len(source):
        raise _unclosed(name, source, at)
    if name == "span" and attributes.get("class") != "tg-spoiler":
        raise _unparsable(f'Tag "span" must have class "tg-spoiler" at byte offset {_byte(source, at)}')
    return name, attributes, end + 1


def _unclosed(name: str, source: str, at: int) -> MarkupError:
    return _unparsable(f'Unclosed start tag "{name}" at byte offset {_byte(source, at)}')


def _attribute_value(source: str, at: int) -> tuple[str, int]:
    quote = source[at]
    if quote not in "\"'":
        end = at
        while end < len(source) and (
            source[end] in ".-" or (source[end].isascii() and source[end].isalnum())
        ):
            end += 1
        if end < len(source) and source[end] not in _SPACE and source[end] != ">":
            raise _unparsable(f"Unexpected end of name token at byte offset {_byte(source, at)}")
        return source[at:end].lower(), end
    end = source.find(quote, at + 1)
    if end < 0:
        return "", len(source)
    raw, value, position = source[at + 1 : end], [], 0
    while (ampersand := raw.find("&", position)) >= 0:
        value.append(raw[position:ampersand])
        character, position = _reference(raw, ampersand)
        value.append(character)
    value.append(raw[position:])
    return "".join(value), end + 1


def _end_tag(source: str, at: int, expected: str) -> int:
    """The end of the end tag at `at`, which must close `expected`."""
    end = at + 2
    while end < len(source) and source[end] not in _SPACE and source[end] != ">":
        end += 1
    name = source[at + 2 : end].lower()
    end = _skip(source, end, _SPACE)
    if end >= len(source) or source[end] != ">":
        raise _unparsable(f"Unclosed end tag at byte offset {_byte(source, at)}")
    if name and name != expected:
        raise _unparsable(
            f"Unmatched end tag at byte offset {_byte(source, at)}, "
            f'expected "</{expected}>", found "</{name}>"'
        )
    return end + 1


def _skip(source: str, at: int, characters: str) -> int:
    while at < len(source) and source[at] in characters:
        at += 1
    return at


def _close(found: list[Entity], name: str, attributes: dict[str, str], offset: int, length: int) -> None:
    """Add what a pair of tags means to `found`, if it means anything."""
    kind = _TAGS[name]
    entity: Entity = {"type": kind, "offset": offset, "length": length}
    last = found[-1] if found else None
    same = last is not None and (last["offset"], last["length"]) == (offset, length)
    if kind == "custom_emoji":
        identifier = attributes.get("emoji-id", "")
        if not re.fullmatch(r"0*[1-9][0-9]{0,18}", identifier):
            raise _unparsable("Invalid custom emoji identifier specified")
        entity["custom_emoji_id"] = identifier
    elif kind == "date_time":
        if not _add_time(entity, attributes):
            return
    elif kind == "text_link":
        if not add_link(entity, attributes["href"]):
            return
    elif kind == "blockquote" and "expandable" in attributes:
        entity["type"] = "expandable_blockquote"
    elif kind == "pre" and same and last is not None and last["type"] == "code" and last.get("language"):
        last["type"] = "pre"
        return
    elif kind == "code":
        language = attributes.get("class", "")
        language = language.removeprefix("language-") if language.startswith("language-") else ""
        if same and last is not None and last["type"] == "pre" and language:
            last["language"] = language
            return
        if language:
            entity["language"] = language
    found.append(entity)


def _add_time(entity: Entity, attributes: dict[str, str]) -> bool:
    value = attributes.get("unix", "")
    unix, form = int(value) if re.fullmatch(r"[0-9]{1,10}", value) else 0, attributes.get("format", "")
    if not TIME_FORMAT.fullmatch(form):
        raise _unparsable("Invalid date-time format specified")
    if not 0 < unix < 2**31:
        return False
    entity["unix_time"] = unix
    if form:
        entity["date_time_format"] = form
    return True


def add_link(entity: Entity, url: str) -> bool:
    """Make the entity a link or a mention; False where Telegram would silently drop it."""
    if (user := mentioned_user(url)) is not None:
        entity["type"] = "text_mention"
        entity["user"] = {"id": user, "is_bot": False, "first_name": str(user)}
        return True
    if (link := checked_link(url)) is None:
        return False
    entity["url"] = link
    return True


def mentioned_user(link: str) -> int | None:
    """The user that a `tg://user?id=…` link names."""
    found = _USER_LINK.match(link)
    return int(found.group(1)) if found else None


def checked_link(link: str) -> str | None:
    """The link in the form Telegram keeps, None where it is no link to Telegram."""
    return None if link_problem(link) else _kept(link)


def link_problem(link: str) -> str | None:
    """Why Telegram refuses a link, in its words; None where it accepts it."""
    if not link or any(character.isspace() for character in link):
        return "Wrong HTTP URL"
    if _TG_LINK.match(link):
        return None
    try:
        parts = urlsplit(link if "://" in link else f"http://{link}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "Wrong HTTP URL"
    if parts.scheme.lower() not in {"http", "https"}:
        return "Unsupported URL protocol"
    if port == 0 or not host:
        return "URL host is empty" if not host else "Wrong HTTP URL"
    if "." not in host and ":" not in host:
        return "Wrong HTTP URL"
    return None


def _kept(link: str) -> str:
    if _TG_LINK.match(link):
        return link
    parts = urlsplit(link if "://" in link else f"http://{link}")
    path = parts._replace(scheme="", netloc="").geturl()
    host = parts.netloc.rpartition("@")
    netloc = "".join((host[0], host[1], host[2].lower()))
    return f"{parts.scheme.lower()}://{netloc}{path if path.startswith('/') else '/' + path}"
