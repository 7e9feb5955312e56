"""Who may do what: the rights of each role, and the part of an orientation to which somebody is limited."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from types import MappingProxyType

from bot.domain.people import Person, Role


class Right(StrEnum):
    """What a coordinator's screens let somebody do. What is not given is denied."""

    SEE_PEOPLE = "see_people"
    CHANGE_PEOPLE = "change_people"  # move, excuse, mark as test, issue a link anew
    ADMIT = "admit"  # decide on requests to be let in
    IMPORT = "import"  # rosters
    ANNOUNCE = "announce"
    APPROVE = "approve"  # another's announcement
    REACH_GROUPS = "reach_groups"  # announce into group chats and channels
    SEE_PROGRESS = "see_progress"  # recaps, quizzes, attendance
    READ_JOURNALS = "read_journals"  # and comment
    SEE_TIMETABLE = "see_timetable"
    CHANGE_TIMETABLE = "change_timetable"
    SEE_DELIVERIES = "see_deliveries"
    RESEND = "resend"
    EXPORT = "export"
    SEE_AUDIT = "see_audit"
    INVITE_SPEAKERS = "invite_speakers"
    APPOINT = "appoint"  # coordinators
    SPEAK = "speak"  # materials, questions, quiz and presenter page of one's sessions
    RUN_SESSIONS = "run_sessions"  # start, extend, end, cancel them


_WHOLE = frozenset(
    {
        Right.IMPORT,
        Right.REACH_GROUPS,
        Right.CHANGE_TIMETABLE,
        Right.SEE_AUDIT,
        Right.INVITE_SPEAKERS,
        Right.APPOINT,
        Right.SPEAK,
        Right.RUN_SESSIONS,
    }
)
"""What concerns everybody, and so is not for somebody who is limited to a part."""

RIGHTS: Mapping[Role, frozenset[Right]] = MappingProxyType(
    {
        Role.OWNER: frozenset(Right),
        Role.COORDINATOR: frozenset(Right) - {Right.APPOINT},
        Role.SPEAKER: frozenset({Right.SEE_TIMETABLE, Right.SPEAK}),
        Role.PARTICIPANT: frozenset(),
    }
)


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of an orientation that somebody sees, counts and reaches: all of it where nothing is named.

    Of one kind, any of the values; of several kinds, each must hold.
    """

    offices: tuple[str, ...] = ()
    provinces: tuple[str, ...] = ()
    waves: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether it leaves nothing out."""
        return not any(self.values(kind) for kind in KINDS)

    def values(self, kind: str) -> tuple[str, ...]:
        """What is named of one kind of `KINDS`."""
        values: tuple[str, ...] = getattr(self, kind)
        return values

    def holds(self, person: Person) -> bool:
        """Whether the person is within it; the same rule as `bot.storage.audience.within`, for one person."""
        whose = (person.office, person.province, person.wave, person.class_, person.group)
        return all(
            not named or _plain(value or "") in {_plain(each) for each in named}
            for value, named in zip(whose, (self.values(kind) for kind in KINDS), strict=True)
        )

    @classmethod
    def of(cls, named: Iterable[tuple[str, str]]) -> "Scope":
        """The scope of these (kind, value) pairs, as they are kept; raises ValueError for an unknown kind."""
        gathered: dict[str, list[str]] = {}
        for kind, value in named:
            if kind not in KINDS:
                raise ValueError(f"no kind of scope: {kind}")
            gathered.setdefault(kind, []).append(value)
        return cls(**{kind: tuple(sorted(values)) for kind, values in gathered.items()})

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """(kind, value) pairs, from which `of` makes an equal one."""
        return tuple((kind, value) for kind in KINDS for value in self.values(kind))


KINDS = tuple(field.name for field in fields(Scope))
"""What a scope can name, by the names that `Audience` has for them too."""

EVERYTHING = Scope()


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody at work: who they are, as what, for which part, and at which `sessions` (ids) they speak."""

    person: Person
    scope: Scope = EVERYTHING
    sessions: frozenset[str] = frozenset()

    def may(self, right: Right) -> bool:
        """Whether they may; what they may do they may do to those in their scope, in their sessions."""
        if right is Right.SPEAK and self.sessions:
            return True
        return right in RIGHTS[self.person.role] and (self.scope.whole or right not in _WHOLE)

    def speaks_at(self, session_id: str) -> bool:
        """Whether that session's materials, questions, quiz and presenter page are theirs."""
        return session_id in self.sessions or self.may(Right.RUN_SESSIONS)

    def reaches(self, person: Person) -> bool:
        """Whether the person is one of those whom they see, count and reach."""
        return person.programme == self.person.programme and self.scope.holds(person)


def _plain(value: str) -> str:
    return value.strip().lower()
