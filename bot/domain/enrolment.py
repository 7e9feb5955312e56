"""How somebody becomes a participant: by a claim link, a coordinator's approval, or open enrolment."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from bot.domain.forms import short_moment
from bot.domain.messages import Button, Say, Tap
from bot.domain.programme import Enrolment, Programme
from bot.domain.zones import Zone

NAME_LIMIT = 120
"""Characters of a name or an office; the longest names in public lists stay well below."""


# --- a claim link -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Link:
    """What is known of a valid code: whose it is, and whether it can still be used."""

    person: int
    serial: int
    current_serial: int
    expires_at: datetime | None
    claimed_by_chat: int | None


@dataclass(frozen=True, slots=True)
class Welcome:
    """The chat becomes this person's."""

    person: int


@dataclass(frozen=True, slots=True)
class WelcomeBack:
    """The person opened their own link again."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The code opens nothing here; `key` says why, `appeal` whether a coordinator may be asked."""

    key: str
    appeal: bool


Claim: TypeAlias = Welcome | WelcomeBack | Refused


def claim(link: Link | None, chat_id: int, chats_person: int | None, now: datetime) -> Claim:
    """What follows from a claim link that chat `chat_id`, now person `chats_person`'s, has opened.

    No refusal names the person whose link it is: whoever holds a link is not thereby that person.
    """
    if link is None:
        return Refused("claim.invented", appeal=chats_person is None)
    if chats_person is not None:
        if chats_person == link.person:
            return WelcomeBack()
        return Refused("claim.somebody_elses", appeal=False)
    if link.claimed_by_chat is not None and link.claimed_by_chat != chat_id:
        return Refused("claim.used", appeal=True)
    if link.serial != link.current_serial:
        return Refused("claim.replaced", appeal=True)
    if link.expires_at is not None and now > link.expires_at:
        return Refused("claim.expired", appeal=True)
    return Welcome(link.person)


# --- without a link -----------------------------------------------------------------------------------


def tidy(text: str) -> str | None:
    """A name or an office as typed, on one line; None where it cannot be one."""
    line = re.sub(r"\s+", " ", text).strip()
    if not line or len(line) > NAME_LIMIT or not any(c.isalpha() for c in line) or "http" in line.lower():
        return None
    return line


def open_programmes(programmes: Iterable[Programme], now: datetime) -> tuple[Programme, ...]:
    """The programmes that somebody without a link may ask to join: to the end of its last day."""
    return tuple(
        p
        for p in programmes
        if p.enrolment is not Enrolment.CLOSED and now.astimezone(p.zone.tzinfo).date() <= p.last_day
    )


# --- screens ------------------------------------------------------------------------------------------


def agreed(programme: Programme, at: datetime) -> Say:
    """The notice stays where it was agreed to, so that it can be read again."""
    return Say("enrolment.agreed", {"notice": _notice(programme), "at": short_moment(at)})


def privacy_notice(programme: Programme) -> Say:
    """Who is greeted is told what is kept and why, and asked."""
    return Say(
        "enrolment.privacy",
        {"notice": _notice(programme)},
        (
            (Button(Say("enrolment.button_agree"), Tap("daftar", "", "agree")),),
            (Button(Say("enrolment.button_not_now"), Tap("daftar", "", "decline")),),
        ),
    )


def _notice(programme: Programme) -> Say:
    return Say("enrolment.notice", {"programme": programme.title})


def confirm_settings(zone: Zone, province: str | None) -> Say:
    """Language and zone, guessed, to be confirmed or changed."""
    key = "enrolment.confirm_province" if province else "enrolment.confirm"
    others = [z for z in Zone if z is not zone]
    return Say(
        key,
        {"zone": zone.value, "province": province or ""},
        (
            (Button(Say("enrolment.button_right"), Tap("daftar", "", "ready")),),
            tuple(Button(f"{z.value}", Tap("daftar", z.value, "zone")) for z in others),
            (Button(Say("enrolment.button_other_language"), Tap("daftar", "", "language")),),
        ),
    )
