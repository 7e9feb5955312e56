"""The people of an orientation."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from bot.domain.language import Language
from bot.domain.zones import Zone


class Role(StrEnum):
    """What somebody is to the orientation."""

    PARTICIPANT = "participant"
    SPEAKER = "speaker"
    COORDINATOR = "coordinator"
    OWNER = "owner"


class Reach(StrEnum):
    """Whether a chat can be written to."""

    OPEN = "open"
    BLOCKED = "blocked"
    DEACTIVATED = "deactivated"
    UNREACHABLE = "unreachable"  # Telegram knows no such chat, or the bot may not begin one


def groups_in_line(wave: str | None, class_: str | None, group: str | None) -> str:
    """What somebody belongs to, from the largest to the smallest, in one line."""
    return " / ".join(part for part in (wave, class_, group) if part)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of a programme, as the roster or their enrolment has them.

    `chat_id` is None until they have claimed their link; `consented_at` until they have agreed;
    `first_login` until they have told when their course began.
    """

    id: int
    programme: str
    name: str
    role: Role
    office: str
    province: str | None
    wave: str | None
    class_: str | None
    group: str | None
    language: Language
    zone: Zone
    chat_id: int | None
    consented_at: datetime | None
    withdrawn_at: datetime | None
    first_login: date | None
    joined_at: datetime | None
