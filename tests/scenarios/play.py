"""Reading a play: its heading, and the lines of people and stage directions in it.

    Anna joins with her claim link, and is shown what comes next.

    Any prose.

    Begins: Sen 2 Nov 08.00 WIB
    On the roster: Anna, Puskesmas Maros, Sulawesi Selatan
    ----

    Anna opens her link
    Bot -> Anna: Selamat datang, Bapak/Ibu Anna!
        Satuan kerja: Puskesmas Maros
        [Ya, saya setuju] [Tidak sekarang]

What the bot says ("Bot -> …", and notes in brackets) is not read but compared: it is written anew each time.
README.md beside this file lists everything that people can do and stage directions can say.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain.zones import Zone

YEAR = 2026
DAYS = ("Sen", "Sel", "Rab", "Kam", "Jum", "Sab", "Min")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des")
LENGTHS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}

RULE = "----"
_MOMENT = re.compile(r"(\w{3}) (\d{1,2}) (\w{3}) (\d\d)\.(\d\d) (WIB|WITA|WIT)")
_LATER = re.compile(r"(\d+) (second|minute|hour|day)s? later")
_DIRECTION = re.compile(r"-- (.+) --")
_SAYS = re.compile(r"([A-Z][\w']*(?: \(\w+\))?)(?: in ([A-Z][^:]*))?: (.+)", re.DOTALL)
_DOES = re.compile(
    r"([A-Z][\w']*(?: \(\w+\))?)"
    r" (opens|votes|retracts|edits|sends|blocks|unblocks|deletes|adds|types|scans)(?: ([^:]+?))?(?:: (.+))?",
    re.DOTALL,
)


class PlayError(Exception):
    """A line that is no play's."""


@dataclass(frozen=True)
class Enlisted:
    """Somebody on the roster."""

    name: str
    office: str
    province: str


@dataclass(frozen=True)
class Coordinates:
    """Somebody who coordinates: all, or those of the named offices (provinces, groups …)."""

    name: str
    kind: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Speaks:
    """Somebody who speaks at the sessions of these ids."""

    name: str
    sessions: tuple[str, ...]


@dataclass
class Play:
    """A play as written: what stands before it, who is in it, and its lines."""

    heading: str
    begins: datetime
    zone: Zone
    roster: list[Enlisted] = field(default_factory=list)
    joined: list[str] = field(default_factory=list)
    english: list[str] = field(default_factory=list)
    owners: list[str] = field(default_factory=list)
    coordinators: list[Coordinates] = field(default_factory=list)
    speakers: list[Speaks] = field(default_factory=list)
    enrolment: str | None = None
    approval: bool = False
    recap: str | None = None
    lines: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Says:
    """Somebody types, or taps a button where `text` is in square brackets."""

    who: str
    where: str | None
    text: str


@dataclass(frozen=True)
class Does:
    """Somebody does something else: a verb, what to, and the words after a colon."""

    who: str
    verb: str
    what: str
    words: str


@dataclass(frozen=True)
class Direction:
    """A stage direction, without its dashes."""

    text: str


@dataclass(frozen=True)
class Remark:
    """A comment of the author's."""


def read(text: str) -> Play:
    """The play that `text` is; what the bot said in it is left out."""
    heading, rule, body = text.partition(f"\n{RULE}\n")
    if not rule:
        raise PlayError(f"a play has a heading, then a line {RULE}")
    begins = "Sen 2 Nov 08.00 WIB"
    play = Play(heading, *moment(begins))
    for line in heading.splitlines():
        key, colon, value = line.partition(": ")
        match key:
            case "Begins" if colon:
                play.begins, play.zone = moment(value)
            case "On the roster" if colon:
                play.roster.append(Enlisted(*(part.strip() for part in value.split(",", 2))))
            case "Has joined" | "Have joined" if colon:
                play.joined += _names(value)
            case "Speaks English" | "Speak English" if colon:
                play.english += _names(value)
            case "Owns" if colon:
                play.owners += _names(value)
            case "Coordinates" if colon:
                name, _, part = value.partition(", only ")
                kind, _, values = part.partition(": ")
                play.coordinators.append(Coordinates(name, kind, tuple(_names(values)) if values else ()))
            case "Speaks" if colon:
                name, _, sessions = value.partition(", at: ")
                play.speakers.append(Speaks(name, tuple(_names(sessions))))
            case "Approval" if colon:
                play.approval = value == "true"
            case "Enrolment" if colon:
                play.enrolment = value
            case "Recap" if colon:
                play.recap = value
    play.lines = list(_inputs(body))
    return play


def understood(line: str) -> Says | Does | Direction | Remark:
    """What a line says."""
    if line.startswith("#"):
        return Remark()
    if found := _DIRECTION.fullmatch(line):
        return Direction(found[1])
    plain = "\n".join(part.removeprefix("    ") for part in line.split("\n"))
    if found := _DOES.fullmatch(plain):
        return Does(found[1], found[2], found[3] or "", found[4] or "")
    if found := _SAYS.fullmatch(plain):
        return Says(found[1], found[2], found[3])
    raise PlayError(f"nobody understands: {line}")


def moment(text: str) -> tuple[datetime, Zone]:
    """`Sen 9 Nov 09.00 WITA` as an instant, and the zone it was written in."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise PlayError(f"no moment: {text}")
    zone = Zone(found[6])
    month = MONTHS.index(found[3]) + 1
    at = datetime(YEAR, month, int(found[2]), int(found[4]), int(found[5]), tzinfo=zone.tzinfo)
    if DAYS[at.weekday()] != found[1]:
        raise PlayError(f"{text}: that day is a {DAYS[at.weekday()]}")
    return at, zone


def shown(at: datetime, zone: Zone) -> str:
    """An instant as plays write it."""
    local = at.astimezone(zone.tzinfo)
    day = f"{DAYS[local.weekday()]} {local.day} {MONTHS[local.month - 1]}"
    return f"{day} {local.hour:02}.{local.minute:02} {zone}"


def later(text: str) -> timedelta | None:
    """`2 hours later` as a length of time."""
    found = _LATER.fullmatch(text)
    return timedelta(seconds=int(found[1]) * LENGTHS[found[2]]) if found else None


def is_moment(text: str) -> bool:
    """Whether a direction names a moment."""
    return _MOMENT.fullmatch(text) is not None


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",")]


def _inputs(body: str) -> Iterator[str]:
    """The lines of people, directions and remarks, each with the indented lines that belong to it."""
    current: list[str] = []
    for line in [*body.splitlines(), "Bot -> nobody"]:
        if line.startswith("    ") and current:
            current.append(line)
        elif line.strip() and not line.startswith("    "):
            if current:
                yield "\n".join(current)
            current = [] if line.startswith(("Bot -> ", "(")) else [line.rstrip()]
