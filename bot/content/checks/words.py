"""Whether a text is one that Telegram accepts: markup, lengths, braces, links."""

import re
from collections.abc import Iterator

from bot.content import yaml
from bot.content.markup import plain
from bot.content.models import Words
from bot.content.problems import Place, shown
from bot.content.shape import Reading
from bot.content.yaml import Scalar
from bot.domain.markup import MarkupError, parse_html, utf16_length

MOST_TEXT = 4096
MOST_TITLE = 120
MOST_PAYLOAD = 64
MOST_ENTITIES = 100

LANGUAGES = {"id": "Indonesian", "en": "English"}

_TAG = re.compile(
    r"</?(b|strong|i|em|u|ins|s|strike|del|code|pre|a|blockquote|span|tg-[a-z]+|br|p)(\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_ESCAPE = re.compile(r"&(lt|gt|amp|quot|nbsp|#\d+);")
_BRACES = re.compile(r"\{\w*\}")
_ANCHOR = re.compile(r"<a[\s>]", re.IGNORECASE)
_TO_A_BOT = re.compile(r"(?:(?:t|telegram)\.me/\w+|tg:(?://)?resolve)\?([^\s\"'<>]*)")
_START = re.compile(r"(?:^|&(?:amp;)?)start(?:group|app)?=([^&]*)")


def each_language(words: Words | None) -> Iterator[tuple[str, Scalar]]:
    """The texts of `words` that could be read, with their language's key."""
    if isinstance(words, Words):
        for language in LANGUAGES:
            text = getattr(words, language)
            if isinstance(text, Scalar):
                yield language, text


def poll_text(kind: str, words: Words, most: int, reading: Reading) -> None:
    """Texts of at most `most` characters (an emoji is two or more) that a poll shows as they are."""
    for language, text in each_language(words):
        if (length := utf16_length(text)) > most:
            what = f"the {kind} is {length} characters long in {LANGUAGES[language]}"
            reading.problem(text.place, what, f"shorten it to {most}: Telegram's polls take no more")
        if found := _TAG.search(text) or _ESCAPE.search(text):
            what = f"the {kind} holds {shown(found[0])}, but polls show no HTML"
            reading.problem(text.place, what, "write it as plain text")
        no_braces(text, reading)


def no_braces(text: Scalar, reading: Reading) -> None:
    """A text in which nothing is filled in asks for nothing."""
    if found := _BRACES.search(text):
        what = f"holds {shown(found[0])}, but nothing is filled in here"
        reading.problem(text.place, what, "write it without braces (the texts of a timetable have variables)")
    elif "{" in text or "}" in text:
        what = f"shows a {'{' if '{' in text else '}'} as it is: nothing is filled in here"
        reading.problem(text.place, what, "delete it, unless it is meant", warning=True)


def title(words: Words | None, reading: Reading) -> None:
    """The name of something: it stands on buttons and, with a dozen others, in lists of one message."""
    html(words, reading)
    for language, text in each_language(words):
        if MOST_TITLE < (length := utf16_length(plain(text))) <= MOST_TEXT:
            what = f"the title is {length:,} characters long in {LANGUAGES[language]}"
            reading.problem(
                text.place, what, f"shorten it to {MOST_TITLE}: it stands on buttons and in lists"
            )


def html(words: Words | None, reading: Reading, *, most: int = MOST_TEXT, beside: str = "") -> None:
    """Texts that Telegram must accept as they are."""
    for language, text in each_language(words):
        no_braces(text, reading)
        markup(text, text, language, reading, most=most, beside=beside)


def markup(
    text: Scalar, composed: str, language: str, reading: Reading, *, most: int = MOST_TEXT, beside: str = ""
) -> None:
    """`text`, which is sent as `composed`, must be something that Telegram accepts."""
    if len(composed) > 8 * MOST_TEXT:
        reading.problem(text.place, f"is {len(composed):,} characters long", f"shorten it to {most:,}")
        return
    try:
        seen, entities = parse_html(composed)
    except MarkupError as error:
        reading.problem(text.place, f"Telegram would refuse this text: {error}", _mend_markup(str(error)))
        return
    if not seen.strip():
        reading.problem(text.place, "shows nothing once its tags are read", "write a text between the tags")
    if (length := utf16_length(seen)) > most:
        what = f"is {length:,} characters long in {LANGUAGES[language]}"
        room = f" (beside {beside})" if beside else ""
        reading.problem(text.place, what, f"shorten it to {most:,}{room}: Telegram takes no more")
    links = sum(entity["type"] in ("text_link", "text_mention") for entity in entities)
    if links < len(_ANCHOR.findall(composed)):
        reading.problem(text.place, "has a link that leads nowhere", 'write <a href="https://...">words</a>')
    if len(entities) > MOST_ENTITIES:
        what = f"has {len(entities)} formatted parts"
        reading.problem(text.place, what, f"format {MOST_ENTITIES} at most: Telegram ignores more")


def _mend_markup(refusal: str) -> str:
    if "start tag" in refusal and "find end tag" not in refusal:
        tags = "<b> <i> <u> <s> <code> <pre> <a> <blockquote> <tg-spoiler>"
        return f"use {tags}, and write &lt; for a '<' that is meant"
    return "close every tag, the one opened last first"


def deep_links(value: yaml.Value, reading: Reading) -> None:
    """No link to a bot, anywhere in a file, carries more than Telegram takes."""
    match value:
        case yaml.Scalar():
            for link in _TO_A_BOT.finditer(value):
                for start in _START.finditer(link[1]):
                    _payload(start[1], value.place, reading)
        case yaml.Mapping():
            for below in value.values():
                deep_links(below, reading)
        case yaml.Sequence():
            for below in value:
                deep_links(below, reading)


def _payload(payload: str, place: Place, reading: Reading) -> None:
    if "{" in payload:
        return  # a placeholder: the program fills it in
    if len(payload) > MOST_PAYLOAD:
        what = f"has a deep link whose start parameter is {len(payload)} characters long"
        reading.problem(place, what, f"shorten it to {MOST_PAYLOAD}: Telegram takes no more")
    elif not re.fullmatch(r"[A-Za-z0-9_-]*", payload):
        what = f"has a deep link whose start parameter is {shown(payload)}"
        reading.problem(place, what, "use A-Z a-z 0-9 _ and - only")
