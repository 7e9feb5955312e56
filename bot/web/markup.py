"""Telegram's HTML on a page: shown as Telegram shows it, and as coordinators type it."""

import html
import re

from markupsafe import Markup, escape

from bot.domain.markup import MarkupError, checked_link, parse_html

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)([^<>]*)>")
_HREF = re.compile(r"href\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_SHOWN = {
    **dict.fromkeys(("b", "strong"), "strong"),
    **dict.fromkeys(("i", "em"), "em"),
    **dict.fromkeys(("u", "ins"), "u"),
    **dict.fromkeys(("s", "strike", "del"), "s"),
    **dict.fromkeys(("code", "pre", "blockquote"), ""),  # as they are called
}
_TYPED = re.compile(
    r"&lt;(/?(?:b|strong|i|em|u|ins|s|strike|del|code|pre|blockquote|tg-spoiler)"
    r"|/?(?:a|span|tg-emoji|tg-time|code|blockquote)(?:\s[^<>]*?)?)&gt;",
    re.IGNORECASE,
)


def shown(source: str) -> Markup:
    """The text as it looks in Telegram: only what Telegram knows is markup, and only web links are links."""
    try:
        parse_html(source)
    except MarkupError:
        return escape(source)  # nobody is sent it: it is looked at to be mended
    pieces: list[Markup] = []
    closing: list[str] = []  # what ends each tag that is open, nothing for what is not shown
    at = 0
    for tag in _TAG.finditer(source):
        pieces.append(escape(html.unescape(source[at : tag.start()])))
        at = tag.end()
        end, name, attributes = tag.group(1), tag.group(2).lower(), tag.group(3)
        if end:
            pieces.append(Markup(closing.pop()))  # noqa: S704 - one of ours
            continue
        begin, finish = _tags(name, attributes)
        pieces.append(begin)
        closing.append(finish)
    pieces.append(escape(html.unescape(source[at:])))
    return Markup().join(pieces)


def _tags(name: str, attributes: str) -> tuple[Markup, str]:
    if name in _SHOWN:
        tag = _SHOWN[name] or name
        return Markup("<{}>").format(tag), f"</{tag}>"
    if name == "a" and (found := _HREF.search(attributes)) is not None:
        link = checked_link(html.unescape(found[1] or found[2] or "")) or ""
        if link.startswith(("https://", "http://")):
            return Markup('<a href="{}" rel="noopener noreferrer">').format(link), "</a>"
    return Markup(""), ""


def typed(source: str) -> str:
    """Telegram's HTML as somebody types it: its tags, and all other characters as they are."""
    pieces, at = [], 0
    for tag in _TAG.finditer(source):
        pieces += [html.unescape(source[at : tag.start()]), tag.group().replace("&amp;", "&")]
        at = tag.end()
    return "".join([*pieces, html.unescape(source[at:])])


def read(text: str) -> str:
    """What was typed as Telegram's HTML: its tags are tags, everything else is text.

    Raises MarkupError where a tag is not closed, or in the wrong place.
    """
    words = text.replace("\r\n", "\n").strip()
    source = _TYPED.sub(lambda found: f"<{found[1]}>", html.escape(words, quote=False))
    parse_html(source)
    return source
