"""Telegram's HTML as text: how long it is for a reader, without its tags, or cut to a limit.

Lengths are counted in UTF-16 code units, as Telegram counts entities: never less than it counts characters.
"""

import html
import re
from collections.abc import Iterator

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)[^<>]*>")
_UNIT = re.compile(r"<[^<>]*>|&(?:#[0-9]+|#[xX][0-9a-fA-F]+|[a-zA-Z]+);|.", re.DOTALL)
_ELLIPSIS = "…"


def escape(text: str) -> str:
    """`text` as it must be written to be shown as it is, in a text or in an attribute's quotes."""
    return html.escape(text, quote=False).replace('"', "&quot;")


def plain(markup: str) -> str:
    """What a reader sees of `markup`."""
    return html.unescape(_TAG.sub("", markup))


def width(text: str) -> int:
    """The length of plain text in UTF-16 code units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def shorten(text: str, limit: int) -> str:
    """Plain text within `limit`, where necessary cut, if possible between words, and ended with "…"."""
    if width(text) <= limit:
        return text
    kept = ""
    room = limit - width(_ELLIPSIS)
    for character in text:
        room -= width(character)
        if room < 0:
            break
        kept += character
    space = kept.rfind(" ")
    return (kept[:space] if space > len(kept) * 3 // 4 else kept).rstrip() + _ELLIPSIS


def cut(markup: str, limit: int) -> str:
    """`markup` within `limit` once it is parsed: cut at a line's end, its open tags closed, then "…".

    Where the last line that fits ends before half of what fits, the cut is at a space instead, and where
    there is none either, in the middle of a word.
    """
    if len(markup) * 2 <= limit or width(plain(markup)) <= limit:
        return markup
    room = limit - width(f"\n{_ELLIPSIS}")
    kept: list[str] = []
    shown = 0
    open_tags: tuple[str, ...] = ()
    line_end = word_end = (0, 0, open_tags)
    for unit, tag in _units(markup):
        if tag is not None:
            open_tags = _after(open_tags, tag)
        else:
            if unit == "\n":
                line_end = (len(kept), shown, open_tags)
            elif unit == " ":
                word_end = (len(kept), shown, open_tags)
            shown += width(html.unescape(unit))
            if shown > room:
                break
        kept.append(unit)
    half = room // 2
    if line_end[1] > half:
        end, _, open_tags = line_end
        ellipsis = f"\n{_ELLIPSIS}"
    elif word_end[1] > half:
        end, _, open_tags = word_end
        ellipsis = f" {_ELLIPSIS}"
    else:
        end, ellipsis = len(kept), _ELLIPSIS
    return "".join(kept[:end]) + "".join(f"</{name}>" for name in reversed(open_tags)) + ellipsis


def _units(markup: str) -> Iterator[tuple[str, re.Match[str] | None]]:
    """The tags and the single characters of `markup`; an entity is one character."""
    for match in _UNIT.finditer(markup):
        unit = match.group()
        yield unit, _TAG.fullmatch(unit)


def _after(open_tags: tuple[str, ...], tag: re.Match[str]) -> tuple[str, ...]:
    """The tags that are open after `tag`."""
    closing, name = tag.groups()
    if not closing:
        return (*open_tags, name)
    return open_tags[:-1] if open_tags and open_tags[-1] == name else open_tags
