"""Announcements: what may stand in one, whom it is for, and how far it has got."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from bot.domain.identity import looks_like_nik
from bot.domain.language import Localised
from bot.domain.messages import Written
from bot.domain.posts import Post
from bot.domain.programme import Audience, Item, Target
from bot.domain.zones import Zone

FIRST = 10
"""How many people at most get an announcement before the others do, to see that all is well."""

FEW = 10
"""Up to so many people nobody gets it before the others: they are a handful themselves."""


def first_handful(people: int) -> int:
    """How many of so many get it first: a tenth, one to `FIRST` of them; none where they are few."""
    return 0 if people <= FEW else min(FIRST, max(1, people // 10))


TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024

READERS = ("nama", "satker")
"""Variables that are a person's, and so stand in no message to a group."""

VARIABLES = ("nama", "name", "satker", "program", "portal")
"""What may stand in braces; besides {waktu:2026-11-09 09.00 WIB}."""

TIME = "waktu"


class State(StrEnum):
    """How far an announcement has got."""

    DRAFT = "draft"
    WAITING = "waiting"  # for a second coordinator
    SCHEDULED = "scheduled"
    TRIAL = "trial"  # a first handful gets it
    RUNNING = "running"
    PAUSED = "paused"  # by somebody
    STOPPED = "stopped"  # by itself: too many errors
    DONE = "done"
    CANCELLED = "cancelled"


BEFORE = frozenset({State.DRAFT, State.WAITING, State.SCHEDULED})
"""Nobody has it yet."""

UNDER_WAY = frozenset({State.TRIAL, State.RUNNING, State.PAUSED, State.STOPPED})
"""Something of it is still to be sent."""


@dataclass(frozen=True, slots=True)
class Place:
    """A group or channel; or one topic of a group that has topics."""

    chat: int
    topic: int | None = None

    @property
    def name(self) -> str:
        """What tells it from all others."""
        return str(self.chat) if self.topic is None else f"{self.chat}/{self.topic}"


@dataclass(frozen=True, slots=True)
class Whom:
    """For whom an announcement is: an audience, without another; and groups."""

    of: Audience = field(default_factory=Audience)
    but: Audience | None = None
    chats: tuple[Place, ...] = ()
    people: bool = True  # False: only the groups


class Wrong(StrEnum):
    """What keeps a post from being sent, by the ending of its text's key."""

    UNKNOWN_VARIABLE = "unknown_variable"
    BAD_TIME = "bad_time"
    PERSONAL_NUMBER = "personal_number"
    TOO_LONG = "too_long"
    NOT_IN_GROUPS = "not_in_groups"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that keeps a post from being sent; `what` names it in its author's words."""

    wrong: Wrong
    what: str = ""


# --- variables --------------------------------------------------------------------------------------------

_BRACES = re.compile(r"\{([^{}]*)\}")
_MOMENT = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})[ T,]+(\d{1,2})[.:](\d{2})(?:\s+(WIB|WITA|WIT))?", re.IGNORECASE
)
_NUMBER = re.compile(r"(?<!\d)\d(?:[ .\-]?\d){15,17}(?!\d)")
_LINK = re.compile(r"\S+://\S+")


def moment(text: str, zone: Zone) -> datetime | None:
    """`2026-11-09 09.00 WIB` as aware UTC (without a zone, in `zone`); None where it is no such moment."""
    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        return None
    year, month, day, hour, minute, named = found.groups()
    where = zone if named is None else Zone(named.upper())
    try:
        at = datetime(int(year), int(month), int(day), int(hour), int(minute), tzinfo=where.tzinfo)
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def variables(words: str) -> set[str]:
    """What stands in braces, by name."""
    return {found.partition(":")[0].strip() for found in _BRACES.findall(words)}


def template(words: str) -> Written:
    """The words of a post as a text to be filled in: its variables, and no other brace, are placeholders."""
    params: dict[str, datetime] = {}

    def placed(found: re.Match[str]) -> str:
        name, _, rest = found.group(1).partition(":")
        name = name.strip()
        if name in VARIABLES and not rest:
            return f"{{{name}}}"
        if name == TIME and (at := moment(rest, Zone.WIB)) is not None:
            key = f"waktu_{len(params)}"
            params[key] = at
            return f"{{{key}}}"
        return f"{{{{{found.group(1)}}}}}"

    pieces, end = [], 0
    for found in _BRACES.finditer(words):
        pieces += [_doubled(words[end : found.start()]), placed(found)]
        end = found.end()
    text = "".join([*pieces, _doubled(words[end:])])
    return Written(Localised(text, text), params)


def _doubled(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def problems(post: Post, shown: str, whom: Whom, *, longest: int) -> list[Problem]:
    """What keeps the post from being sent.

    `shown` is what a reader sees of its words, `longest` how long that is in UTF-16 units for the person
    whose name and office are longest.
    """
    words = post.words
    found: list[Problem] = []
    for inside in _BRACES.findall(words):
        name, colon, rest = inside.partition(":")
        name = name.strip()
        if name == TIME and colon:
            if moment(rest, Zone.WIB) is None or not re.search(r"wi(b|ta|t)\s*$", rest, re.IGNORECASE):
                found.append(Problem(Wrong.BAD_TIME, f"{{{inside}}}"))
        elif name not in VARIABLES or colon:
            found.append(Problem(Wrong.UNKNOWN_VARIABLE, f"{{{inside}}}"))
        elif name in (*READERS, "name") and whom.chats:
            found.append(Problem(Wrong.NOT_IN_GROUPS, f"{{{inside}}}"))
    said = " ".join([shown, *_asked(post)])
    if looks_like_nik(said) or _NUMBER.search(_LINK.sub(" ", said)):
        found.append(Problem(Wrong.PERSONAL_NUMBER))
    limit = CAPTION_LIMIT if post.captioned else TEXT_LIMIT
    if longest > limit:
        found.append(Problem(Wrong.TOO_LONG, str(limit)))
    if post.pieces[0].kind == "text" and not shown.strip():
        found.append(Problem(Wrong.EMPTY))
    return found


def _asked(post: Post) -> list[str]:
    """What is said beside the words: a poll's question and answers, a place's name."""
    found = []
    for piece in post.pieces:
        if piece.poll is not None:
            found += [piece.poll.text, *piece.poll.options, piece.poll.explanation]
        found += piece.venue or ()
    return found


# --- audiences, as they are kept --------------------------------------------------------------------------

_NAMED = ("offices", "provinces", "waves", "classes", "groups", "roles")


def dump(whom: Whom) -> dict[str, Any]:
    """`whom` as what JSON can hold; `load` gives an equal one back."""
    data: dict[str, Any] = {"of": _dump(whom.of)}
    if whom.but is not None:
        data["but"] = _dump(whom.but)
    if whom.chats:
        data["chats"] = [
            place.chat if place.topic is None else [place.chat, place.topic] for place in whom.chats
        ]
    if not whom.people:
        data["people"] = False
    return data


def load(data: Mapping[str, Any]) -> Whom:
    """What `dump` wrote."""
    return Whom(
        _load(data.get("of", {})),
        _load(data["but"]) if "but" in data else None,
        tuple(Place(each) if isinstance(each, int) else Place(*each) for each in data.get("chats", ())),
        data.get("people", True),
    )


def _dump(audience: Audience) -> dict[str, Any]:
    data: dict[str, Any] = {name: list(values) for name in _NAMED if (values := getattr(audience, name))}
    if audience.zones:
        data["zones"] = [zone.value for zone in audience.zones]
    if audience.not_done:
        data["not_done"] = [[target.kind.value, target.id] for target in audience.not_done]
    return data


def _load(data: Mapping[str, Any]) -> Audience:
    named = {name: tuple(data[name]) for name in _NAMED if name in data}
    return replace(
        Audience(**named),
        zones=tuple(Zone(each) for each in data.get("zones", ())),
        not_done=tuple(Target(Item(kind), each) for kind, each in data.get("not_done", ())),
    )


@dataclass(frozen=True, slots=True)
class Part:
    """The people of one zone: from when they are written to (None: no hour is open), and until when."""

    zone: Zone
    people: int
    starts: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What sending it would mean: for how many, how long, until when, and what keeps it from being sent."""

    parts: tuple[Part, ...]
    never: int
    blocked: int
    chats: int
    problems: tuple[Problem, ...]
    approval: bool  # a second coordinator has to agree first

    @property
    def people(self) -> int:
        """How many get it."""
        return sum(part.people for part in self.parts)

    @property
    def starts(self) -> datetime | None:
        """When the first one has it."""
        return min((part.starts for part in self.parts if part.starts), default=None)

    @property
    def last(self) -> datetime | None:
        """When the last one has it."""
        return max((part.last for part in self.parts if part.last), default=None)

    @property
    def first_handful(self) -> int:
        """How many get it before the others; none where they are few anyway."""
        return first_handful(self.people)


KINDS = ("offices", "provinces", "zones", "waves", "classes", "groups", "roles", "not_done")
"""What an audience can be narrowed by."""


def toggled(audience: Audience, kind: str, value: Zone | Target | str) -> Audience:
    """The audience with that value of a kind taken in, or out where it is in."""
    if kind not in KINDS:
        raise ValueError(f"no kind of condition: {kind}")
    values: tuple[Zone | Target | str, ...] = getattr(audience, kind)
    kept = tuple(each for each in values if each != value)
    changes: dict[str, Any] = {kind: kept if len(kept) < len(values) else (*values, value)}
    return replace(audience, **changes)
