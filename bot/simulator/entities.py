"""Formatted text: HTML, explicit entities and plain text into (text, entities) as Telegram keeps them.

Offsets and lengths of entities count UTF-16 code units; offsets in refusals count UTF-8 bytes of the
text as it was sent. The rules and refusals are those of the official server's `MessageEntity.cpp`.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from bot.domain.markup import TIME_FORMAT, Entity, MarkupError, add_link, parse_html, utf16_length
from bot.simulator.errors import BadRequestError
from bot.simulator.params import Params

MOST_ENTITIES = 100
MOST_BYTES = 1 << 15

_STYLES = ("bold", "italic", "underline", "strikethrough", "spoiler")
_QUOTES = ("blockquote", "expandable_blockquote")
_CODE = ("code", "pre")
_FOUND_BY_TELEGRAM = frozenset(
    {"mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number", "bank_card_number"}
)
_ORDER = {
    **dict.fromkeys(_QUOTES, 0),
    "pre": 10,
    "code": 20,
    "text_link": 49,
    "text_mention": 49,
    **{style: 90 + index for index, style in enumerate(_STYLES)},
    "custom_emoji": 99,
}
# Telegram turns other control characters into spaces and drops \r and a few invisible marks.
_BLANKED = {code: " " for code in range(32) if code not in (10, 13)}
_DROPPED = re.compile("[\r\u2028-\u202e\u0333\u033f\u030a]")
_AUTOMATIC = re.compile(
    r"(?P<url>https?://[^\s<>\"]*[^\s<>\".,;:!?)\]}'»]|(?<![\w@/.])(?:www\.|t\.me/)[^\s<>\"]*[\w/])"
    r"|(?P<email>(?<![\w.+-])[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,})"
    r"|(?P<bot_command>(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/]))"
    r"|(?P<mention>(?<![\w@])@[A-Za-z0-9_]{4,32}\b)"
    r"|(?P<hashtag>(?<![\w#])#\w*[^\W\d]\w*)"
)
_MAY_HOLD_AUTOMATIC = re.compile(r"[/@#]|www\.")


@dataclass(frozen=True, slots=True)
class Formatted:
    """A text as Telegram keeps it."""

    text: str = ""
    entities: tuple[Entity, ...] = ()

    def wire(self, text_key: str = "text", entities_key: str = "entities") -> dict[str, Any]:
        """The fields of a message: none for an empty text, no entities where there are none."""
        if not self.text:
            return {}
        fields: dict[str, Any] = {text_key: self.text}
        if self.entities:
            fields[entities_key] = list(self.entities)
        return fields


NO_TEXT = Formatted()


def read_formatted(
    params: Params,
    name: str = "text",
    mode: str = "parse_mode",
    entities: str = "entities",
    *,
    may_be_empty: bool = False,
) -> Formatted:
    """The formatted text that parameters `name`, `mode` and `entities` describe."""
    return formatted(
        params.text(name), params.text(mode), params.json(entities, "entities"), may_be_empty=may_be_empty
    )


def formatted(text: str, mode: str = "", explicit: Any = None, *, may_be_empty: bool = False) -> Formatted:
    """Parse and clean a text; `explicit` is a list of entities in wire form, used where no mode is given."""
    if len(text) > MOST_BYTES // 4 and len(text.encode()) > MOST_BYTES:
        raise BadRequestError("Text is too long")
    mode = mode.lower()
    found: list[Entity]
    if text and mode and mode != "none":
        if mode in ("markdown", "markdownv2"):
            raise BadRequestError(
                "Unsupported parse_mode: a limitation of the simulator, which reads HTML only"
            )
        if mode != "html":
            raise BadRequestError("Unsupported parse_mode")
        try:
            text, found = parse_html(text)
        except MarkupError as error:
            raise BadRequestError(str(error)) from error
    else:
        found = _explicit(explicit)
    return clean(text, found, may_be_empty=may_be_empty)


def clean(text: str, found: list[Entity], *, may_be_empty: bool = False) -> Formatted:
    """Trim and normalise: what Telegram keeps of a text and of the entities somebody put on it."""
    if not text.isprintable():
        text = text.translate(_BLANKED)
    if not text.isascii() or "\r" in text:
        text, found = _without_dropped(text, found)
    if found:
        _check_bounds(text, found)
    end = len(text.rstrip(" \n"))
    if not end:
        if not may_be_empty:
            raise BadRequestError("Text must be non-empty")
        return Formatted()
    text = text[:end]
    first = min((entity["offset"] for entity in found), default=len(text))
    start = min(len(text) - len(text.lstrip(" \n")), first)
    text = text[start:]
    length = utf16_length(text)
    kept = []
    for entity in found:
        begin = entity["offset"] - start
        size = min(entity["length"], length - begin)
        if size > 0:
            kept.append({**entity, "offset": begin, "length": size})
    automatic = _automatic(text) if _MAY_HOLD_AUTOMATIC.search(text) else []
    return Formatted(text, tuple(_normalised(kept, automatic)[:MOST_ENTITIES]))


def _explicit(given: Any) -> list[Entity]:
    """Entities in wire form, as a caller may put them beside a text."""
    if not isinstance(given, list):
        return []
    entities = []
    for item in given:
        try:
            entity = _one_explicit(item)
        except ValueError as problem:
            raise BadRequestError(f"Can't parse MessageEntity: {problem}") from None
        if entity is not None:
            entities.append(entity)
    return entities


def _one_explicit(item: Any) -> Entity | None:
    if not isinstance(item, dict):
        raise ValueError("expected an Object")  # told to the caller as text, like the rest
    entity: Entity = {
        "type": "",
        "offset": _integer_field(item, "offset"),
        "length": _integer_field(item, "length"),
    }
    kind = _text_field(item, "type")
    if not kind:
        raise ValueError("Type is not specified")
    if kind in _FOUND_BY_TELEGRAM:
        return None
    entity["type"] = kind
    if kind in _STYLES or kind in _QUOTES or kind == "code":
        return entity
    if kind == "pre":
        if language := item.get("language"):
            entity["language"] = str(language)
        return entity
    if kind == "text_link":
        return entity if add_link(entity, _text_field(item, "url")) else None
    if kind == "text_mention":
        user = item.get("user")
        if not isinstance(user, dict):
            raise ValueError('Can\'t find field "user"')
        identifier = _integer_field(user, "id")
        entity["user"] = {
            "id": identifier,
            "is_bot": False,
            "first_name": str(user.get("first_name", identifier)),
        }
        return entity
    if kind == "custom_emoji":
        entity["custom_emoji_id"] = str(_integer_field(item, "custom_emoji_id"))
        return entity
    if kind == "date_time":
        form = str(item.get("date_time_format") or "")
        if not TIME_FORMAT.fullmatch(form):
            raise ValueError("Invalid date-time format specified")
        entity["unix_time"] = _integer_field(item, "unix_time")
        if entity["unix_time"] <= 0:
            raise ValueError("Invalid date specified")
        if form:
            entity["date_time_format"] = form
        return entity
    raise ValueError("Unsupported type specified")


def _integer_field(item: dict[str, Any], name: str) -> int:
    value = item.get(name)
    if value is None:
        raise ValueError(f'Can\'t find field "{name}"')
    try:
        return int(value)
    except (TypeError, ValueError):
        raise ValueError(f'Field "{name}" must be of type Number') from None


def _text_field(item: dict[str, Any], name: str) -> str:
    value = item.get(name)
    if value is None:
        raise ValueError(f'Can\'t find field "{name}"')
    if not isinstance(value, str):
        raise ValueError(f'Field "{name}" must be of type String')  # as above
    return value


def _check_bounds(text: str, found: Iterable[Entity]) -> None:
    """Refuse entities outside the text or cutting a character in two."""
    length = utf16_length(text)
    middles: set[int] = set()
    if length != len(text):
        position = 0
        for character in text:
            if character > "\uffff":
                middles.add(position + 1)
                position += 1
            position += 1
    for entity in found:
        offset, size = entity["offset"], entity["length"]
        if not 0 <= offset <= 1_000_000:
            raise BadRequestError(f"Receive an entity with incorrect offset {offset}")
        if not 0 <= size <= 1_000_000:
            raise BadRequestError(f"Receive an entity with incorrect length {size}")
        if size == 0:
            continue
        if offset > length:
            raise BadRequestError(f"Entity begins after the end of the text at UTF-16 offset {offset}")
        if offset + size > length:
            raise BadRequestError(
                f"Entity beginning at UTF-16 offset {offset} ends after the end of the text at UTF-16 offset "
                f"{offset + size}"
            )
        if offset in middles:
            raise BadRequestError(
                f"Entity begins in a middle of a UTF-16 symbol at byte offset {_at16(text, offset)}"
            )
        if offset + size in middles:
            raise BadRequestError(
                f"Entity beginning at UTF-16 offset {offset} ends in a middle of a UTF-16 symbol "
                f"at byte offset {_at16(text, offset + size)}"
            )


def _at16(text: str, offset: int) -> int:
    """The byte offset of the first character that begins at or after a UTF-16 offset."""
    position = size = 0
    for character in text:
        if position >= offset:
            break
        position += 2 if character > "\uffff" else 1
        size += len(character.encode())
    return size


def _without_dropped(text: str, found: list[Entity]) -> tuple[str, list[Entity]]:
    """Take out the characters Telegram drops, and move the entities along."""
    gone = [utf16_length(text[: match.start()]) for match in _DROPPED.finditer(text)]
    if not gone:
        return text, found

    def moved(position: int) -> int:
        return position - sum(offset < position for offset in gone)

    shifted = [
        {
            **entity,
            "offset": moved(entity["offset"]),
            "length": moved(entity["offset"] + entity["length"]) - moved(entity["offset"]),
        }
        for entity in found
    ]
    return _DROPPED.sub("", text), shifted


def _automatic(text: str) -> list[Entity]:
    """Links, commands, mentions … that Telegram finds by itself."""
    astral = not text.isascii()
    return [
        {
            "type": match.lastgroup,
            "offset": utf16_length(text[: match.start()]) if astral else match.start(),
            "length": utf16_length(match.group()),
        }
        for match in _AUTOMATIC.finditer(text)
    ]


def _normalised(given: Sequence[Entity], automatic: Sequence[Entity]) -> list[Entity]:
    """No two links or code spans overlap, quotes are not nested, styles are merged and cut at their edges."""
    if len(given) == 1 and not automatic:
        return list(given)
    quotes = _apart([entity for entity in given if entity["type"] in _QUOTES], [])
    whole = [entity for entity in given if entity["type"] not in _STYLES and entity["type"] not in _QUOTES]
    whole = _apart(whole, [])
    whole = [entity for entity in [*whole, *_apart(automatic, whole)] if not _crosses(entity, quotes)]
    edges = sorted({edge for entity in (*whole, *quotes) for edge in (entity["offset"], _end(entity))})
    code = [entity for entity in whole if entity["type"] in _CODE]
    result = [*quotes, *whole]
    for style in {entity["type"] for entity in given if entity["type"] in _STYLES}:
        for begin, end in _merged([entity for entity in given if entity["type"] == style]):
            cuts = [begin, *(edge for edge in edges if begin < edge < end), end]
            result.extend(
                {"type": style, "offset": low, "length": high - low}
                for low, high in pairwise(cuts)
                if not any(span["offset"] <= low and high <= _end(span) for span in code)
            )
    result.sort(key=lambda entity: (entity["offset"], -entity["length"], _ORDER.get(entity["type"], 50)))
    return result


def _end(entity: Entity) -> int:
    end: int = entity["offset"] + entity["length"]
    return end


def _apart(candidates: Sequence[Entity], taken: Sequence[Entity]) -> list[Entity]:
    """The candidates, first come first kept, that overlap neither each other nor what is taken."""
    kept: list[Entity] = []
    by_place: Callable[[Entity], tuple[int, int]] = lambda entity: (entity["offset"], -entity["length"])  # noqa: E731
    for entity in sorted(candidates, key=by_place):
        free = all(_end(entity) <= other["offset"] or _end(other) <= entity["offset"] for other in taken)
        if free and (not kept or _end(kept[-1]) <= entity["offset"]):
            kept.append(entity)
    return kept


def _crosses(entity: Entity, quotes: Iterable[Entity]) -> bool:
    """Whether the entity overlaps a quote without lying inside it."""
    return any(
        entity["offset"] < _end(quote)
        and quote["offset"] < _end(entity)
        and not (quote["offset"] <= entity["offset"] and _end(entity) <= _end(quote))
        for quote in quotes
    )


def _merged(entities: Sequence[Entity]) -> list[tuple[int, int]]:
    """The spans covered by entities of one style, touching ones made one."""
    spans: list[tuple[int, int]] = []
    for entity in sorted(entities, key=lambda entity: int(entity["offset"])):
        begin, end = entity["offset"], _end(entity)
        if spans and begin <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((begin, end))
    return spans
