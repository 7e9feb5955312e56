"""Puts a message's values into words: the reader's language and zone, and Telegram's HTML.

What a placeholder shows depends on the kind of its value (`bot.domain.messages.Value`):

    str         what a person wrote or is called: escaped, whatever it holds
    Localised   what organisers wrote: as it is, tags included
    int         3.400 (English 3,400)
    date        Senin, 9 November 2026
    datetime    Senin, 9 November 2026 pukul 09.00 WITA (08.00 WIB / 10.00 WIT), the reader's zone first
    Local       Senin, 23 November 2026 pukul 23.59 WITA, whichever zone the reader's is
    Say         that text, with its own placeholders (`bot.domain.forms`: other forms of times)
    Written     the organisers' text, with its own placeholders
    tuple       a line for each

Besides the placeholders that a message fills, every text may use {nama} (or {name}), {satker}, {program} and
{portal}: they are the reader's. A value is put in once and never read for placeholders: braces in a name are
braces.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache

from babel.dates import get_day_names, get_month_names
from babel.numbers import format_decimal

from bot.content.markup import escape, plain, shorten
from bot.domain.language import Language, Localised
from bot.domain.messages import Reader, Say, Value, Written
from bot.domain.programme import Catalogue, Local
from bot.domain.zones import Zone

FORM = "form."
"""What the keys of `bot.domain.forms` begin with: they have no text in `content/texts`."""

_LANGUAGES: Mapping[str, Language] = {language.value: language for language in Language}
_ZONES: Mapping[str, Zone] = {zone.value: zone for zone in Zone}
_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}")
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n){2,}")


class Wording:
    """The texts of one catalogue in words.

    Raises KeyError, with a sentence, for a text or a placeholder that does not exist.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._tongues = {language: _Tongue(language) for language in Language}

    def html(self, value: Value, reader: Reader) -> str:
        """`value` as Telegram's HTML; the blank lines that an empty placeholder leaves are tidied away."""
        if isinstance(value, Say) and not value.params and (text := self._catalogue.texts.get(value.key)):
            still = _still(text[language_of(reader)])
            if still is not None:
                return still
        return _BLANK_LINES.sub("\n\n", self._html(value, reader)).strip()

    def filled(self, written: Written, reader: Reader) -> str:
        """Somebody's own words as Telegram's HTML: only the placeholders are touched, no line is tidied."""
        return self._html(written, reader)

    def plain(self, value: Value, reader: Reader, limit: int | None = None) -> str:
        """`value` without markup, for polls, buttons, toasts and files; cut to `limit` where there is one."""
        text = plain(self.html(value, reader))
        return text if limit is None else shorten(text, limit)

    def _html(self, value: Value, reader: Reader) -> str:
        match value:  # what a crowd's messages have most of comes first
            case Localised():
                return value[language_of(reader)]
            case str():
                return escape(value)
            case int():
                return self._tongues[language_of(reader)].number(value)
            case tuple():
                return "\n".join([self._html(line, reader) for line in value])
        tongue, zone = self._tongues[language_of(reader)], zone_of(reader)
        match value:
            case Say(key=key) if key.startswith(FORM):
                return self._form(value, tongue, zone)
            case Say(key=key, params=params):
                if key not in self._catalogue.texts:
                    raise KeyError(f"no text {key}")
                return self._fill(key, self._catalogue.texts[key][tongue.language], params, reader)
            case Written(text, params):
                return self._fill("a schedule's text", text[tongue.language], params, reader)
            case Local(day, at):
                return tongue.moment(datetime.combine(day, at, zone.tzinfo), zone)
            case datetime():
                return tongue.moment_everywhere(value, zone)
            case date():
                return tongue.day(value)

    def _fill(self, name: str, text: str, params: Mapping[str, Value], reader: Reader) -> str:
        said: list[str] = []
        for before, placeholder, stop in _parts(text):
            said.append(before)
            if placeholder is None:
                continue
            value = params[placeholder] if placeholder in params else self._own(placeholder, reader)
            if value is None:
                raise KeyError(f"{name} asks for {{{placeholder}}}, which its message does not have")
            words = self._html(value, reader)
            # A sentence that ends with a name that ends with a degree ("S.Kom.") has one full stop.
            said.append(words[:-1] if stop and words.endswith(".") else words)
        return "".join(said)

    def _own(self, placeholder: str, reader: Reader) -> "Value | None":
        """What every text may say of its reader."""
        programme = self._catalogue.programme(reader.programme)
        match placeholder:
            case "name" | "nama":
                return reader.name
            case "satker":
                return reader.office
            case "program":
                return None if programme is None else programme.title
            case "portal":
                return None if programme is None else programme.portal.name
        return None

    def _form(self, say: Say, tongue: "_Tongue", zone: Zone) -> str:
        """One of `bot.domain.forms`."""
        match say.key.removeprefix(FORM), dict(say.params):
            case "time", {"at": datetime() as at}:
                return tongue.time(at, zone)
            case "times", {"at": datetime() as at}:
                return tongue.time(at, zone) + tongue.elsewhere(at, zone)
            case "day", {"at": datetime() as at}:
                return tongue.day(_local_day(at, zone))
            case "short_day", {"at": date() as at}:
                return tongue.short_day(_local_day(at, zone))
            case "short_moment", {"at": datetime() as at}:
                return f"{tongue.short_day(_local_day(at, zone))} {tongue.time(at, zone)}"
            case "span", {"begin": datetime() as begin, "end": datetime() as end}:
                return tongue.span(begin, end, zone)
        raise KeyError(f"no form {say.key} of {', '.join(say.params) or 'nothing'}")


@lru_cache(maxsize=1024)  # a catalogue has a few hundred
def _parts(text: str) -> tuple[tuple[str, str | None, bool], ...]:
    """The pieces of a text, each with the placeholder behind it, and whether a full stop follows that."""
    parts: list[tuple[str, str | None, bool]] = []
    at = 0
    for match in _PLACEHOLDER.finditer(text):
        before, placeholder = text[at : match.start()], match.group(1)
        at = match.end()
        if placeholder is None:
            parts.append((before + match.group()[0], None, False))
        else:
            parts.append((before, placeholder, text.startswith(".", at)))
    return (*parts, (text[at:], None, False))


@lru_cache(maxsize=1024)
def _still(text: str) -> str | None:
    """A text in which nothing is put in, tidied; None for one with placeholders."""
    parts = _parts(text)
    if any(placeholder is not None for _, placeholder, _ in parts):
        return None
    return _BLANK_LINES.sub("\n\n", "".join(before for before, _, _ in parts)).strip()


def language_of(reader: Reader) -> Language:
    """The reader's language; Indonesian where it is none of ours."""
    return _LANGUAGES.get(reader.language, Language.ID)


def zone_of(reader: Reader) -> Zone:
    """The reader's zone; WIB where it is none of the three."""
    return _ZONES.get(reader.zone, Zone.WIB)


_SMALL = 1_000


class _Tongue:
    """Days, times and numbers in one language (names and separators from CLDR, by Babel)."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._locale = "id" if language is Language.ID else "en"
        self._days = get_day_names("wide", locale=self._locale)
        self._months = get_month_names("wide", locale=self._locale)
        self._short_days = get_day_names("abbreviated", locale=self._locale)
        self._short_months = get_month_names("abbreviated", locale=self._locale)
        self._numbers: dict[int, str] = {}  # the small ones, which most are

    def number(self, number: int) -> str:
        """`3.400`."""
        words = self._numbers.get(number)
        if words is None:
            words = format_decimal(number, "#,##0", locale=self._locale)
            if 0 <= number < _SMALL:
                self._numbers[number] = words
        return words

    def day(self, day: date) -> str:
        """`Senin, 9 November 2026`."""
        return f"{self._days[day.weekday()]}, {day.day} {self._months[day.month]} {day.year}"

    def short_day(self, day: date) -> str:
        """`Sen, 9 Nov`."""
        return f"{self._short_days[day.weekday()]}, {day.day} {self._short_months[day.month]}"

    def time(self, at: datetime, zone: Zone) -> str:
        """`09.00 WITA`."""
        return f"{_clock(at, zone)} {zone}"

    def moment(self, at: datetime, zone: Zone) -> str:
        """`Senin, 9 November 2026 pukul 09.00 WITA`."""
        between = " pukul " if self.language is Language.ID else ", "
        return f"{self.day(_local_day(at, zone))}{between}{self.time(at, zone)}"

    def moment_everywhere(self, at: datetime, zone: Zone) -> str:
        """`Senin, 9 November 2026 pukul 09.00 WITA (08.00 WIB / 10.00 WIT)`."""
        return self.moment(at, zone) + self.elsewhere(at, zone)

    def elsewhere(self, at: datetime, zone: Zone) -> str:
        """` (08.00 WIB / 10.00 WIT)`, with the weekday where it is another one than in `zone`."""
        here = _local_day(at, zone)
        times = []
        for other in Zone:
            if other is not zone:
                there = _local_day(at, other)
                weekday = "" if there == here else f"{self._days[there.weekday()]} "
                times.append(weekday + self.time(at, other))
        return f" ({' / '.join(times)})"

    def span(self, begin: datetime, end: datetime, zone: Zone) -> str:
        """`09.00–15.00 WITA`."""
        first, last = _local_day(begin, zone), _local_day(end, zone)
        if first == last:
            return f"{_clock(begin, zone)}–{self.time(end, zone)}"
        return (
            f"{self.short_day(first)} {_clock(begin, zone)} – {self.short_day(last)} {self.time(end, zone)}"
        )


def _local_day(at: date | datetime, zone: Zone) -> date:
    """The day on which an instant falls in `zone`; a calendar day is itself."""
    return at.astimezone(zone.tzinfo).date() if isinstance(at, datetime) else at


def _clock(at: datetime, zone: Zone) -> str:
    """`09.00`: Indonesian times have a full stop, in English too, so that both show the same figure."""
    local = at.astimezone(zone.tzinfo)
    return f"{local.hour:02}.{local.minute:02}"
