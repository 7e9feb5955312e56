"""Materials of a live session: what a speaker hands out, when participants get it, and who is reminded."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.announcements import CAPTION_LIMIT, TEXT_LIMIT
from bot.domain.posts import FILES, Post
from bot.domain.programme import Session

COPIED = frozenset({"video_note", "sticker", "contact", "venue", "location"})
"""What has no words of its own: it is handed out as a copy of the speaker's message."""

KINDS = FILES | COPIED | {"text"}
"""What can be handed out, by Telegram's names. Not a poll: a live quiz is made of it."""

AHEAD = (timedelta(days=1), timedelta(hours=2))
"""So long before a session its speaker is reminded, where it has no material."""

LEAD = 200
"""Characters at most that stand above a material's own words: its session, and which version it is."""

_NAME = 60
_AFTERWARDS = timedelta(hours=1)


class Release(StrEnum):
    """When participants get a material."""

    NOW = "now"
    START = "start"  # of its session
    END = "end"


class State(StrEnum):
    """How far a material has got."""

    DRAFT = "draft"
    WAITING = "waiting"  # for its session's start, or end
    OUT = "out"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Nearing:
    """A session that nears without material: how long before its start that is told, and when (aware UTC)."""

    ahead: timedelta
    at: datetime


def moment(session: Session, release: Release) -> datetime | None:
    """When that release comes by itself (aware UTC); None for one that somebody makes."""
    match release:
        case Release.START:
            return session.starts
        case Release.END:
            return session.ends
    return None


def choices(session: Session, now: datetime) -> tuple[Release, ...]:
    """The releases that can still be chosen."""
    coming = (each for each in (Release.START, Release.END) if not _is_over(session, each, now))
    return (Release.NOW, *coming)


def is_due(session: Session, release: Release, now: datetime) -> bool:
    """Whether what waits for that release is to be handed out by now; nothing is of a session that is off."""
    return not session.cancelled and _is_over(session, release, now)


def _is_over(session: Session, release: Release, now: datetime) -> bool:
    at = moment(session, release)
    return at is None or at <= now


def goes_through(session: Session, now: datetime) -> bool:
    """Whether it goes out at once, whatever the sending windows: who is in a session is there to be told."""
    return session.room_opens <= now <= session.ends + _AFTERWARDS


def nearings(session: Session) -> Iterator[Nearing]:
    """When its speaker is reminded."""
    return (Nearing(ahead, session.starts - ahead) for ahead in AHEAD)


def reminded(session: Session, now: datetime) -> Nearing | None:
    """The reminder that holds now: the latest that has come, until the session starts."""
    if session.cancelled or now >= session.starts:
        return None
    return next((each for each in reversed(tuple(nearings(session))) if each.at <= now), None)


def label(post: Post, name: str, shown: str) -> str:
    """What it is called in lists: its file's `name`, else its first words (`shown`), else its kind."""
    found = " ".join((name or shown).split()) or post.pieces[0].kind
    return found if len(found) <= _NAME else found[: _NAME - 1].rstrip() + "…"


def longest(post: Post) -> int:
    """How long its words may be, in UTF-16 units."""
    return (CAPTION_LIMIT if post.captioned else TEXT_LIMIT) - LEAD
