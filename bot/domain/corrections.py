"""What coordinators correct while an orientation runs: entries skipped, moved or added, sessions changed.

The files stay the base. A correction says what is different from them, and remembers what they said when it
was made: where they say something else by then, it still holds, and is named as a problem.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from enum import StrEnum
from typing import TypeAlias

from bot.domain.programme import (
    AroundSession,
    Entry,
    Instant,
    Item,
    Local,
    PersonalDay,
    Programme,
    Recurring,
    Session,
    When,
)


class Kind(StrEnum):
    """What can be corrected."""

    ENTRY = "entry"
    SESSION = "session"


@dataclass(frozen=True, slots=True)
class EntryChange:
    """An entry of the files that is skipped, wholly or on `days` (a recurring one), or at another time."""

    skipped: bool = False
    days: tuple[date, ...] = ()
    when: Instant | Local | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """An entry that the files do not have."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class SessionChange:
    """What of a session is different; None: as in the files. A `stream` of "" takes it away.

    What is `cancelled` can be reinstated; its timetable entries are silent until then.
    """

    room_opens: datetime | None = None
    starts: datetime | None = None
    ends: datetime | None = None
    url: str | None = None
    meeting_id: str | None = None
    passcode: str | None = None
    stream: str | None = None
    cancelled: bool | None = None


Change: TypeAlias = EntryChange | Added | SessionChange


@dataclass(frozen=True, slots=True)
class Correction:
    """What is different of one entry or session; `stated` is what the files said of it when it was made."""

    item: str
    change: Change
    stated: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """Of what."""
        return Kind.SESSION if isinstance(self.change, SessionChange) else Kind.ENTRY


class Trouble(StrEnum):
    """What can be wrong with a correction."""

    GONE = "gone"  # the files no longer have what it corrects
    FILE_CHANGED = "file_changed"  # they say something else than when it was made; it holds all the same
    BACKWARDS = "backwards"  # the room would open after the start, or the end come before it
    TAKEN = "taken"  # the files have an entry of the added one's id
    UNFIT = "unfit"  # a personal or recurring entry has no one moment to move; only a recurring one has days
    LOOSE = "loose"  # an added entry is about something that the files do not have


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a correction; `without_effect`: the files hold instead."""

    correction: Correction
    trouble: Trouble

    @property
    def without_effect(self) -> bool:
        """Whether the correction does nothing."""
        return self.trouble is not Trouble.FILE_CHANGED


def corrected(
    programme: Programme, corrections: Iterable[Correction]
) -> tuple[Programme, tuple[Problem, ...]]:
    """The programme with the corrections, and what is wrong with each; one's trouble is no other's."""
    entries = {entry.id: entry for entry in programme.timetable}
    sessions = {session.id: session for session in programme.sessions}
    problems = []
    for each in corrections:
        before = stated(programme, each.item, each.change)
        if before is None:
            problems.append(Problem(each, Trouble.GONE))
            continue
        match each.change:
            case EntryChange() as change:
                wrong = _unfit(entries[each.item], change)
                if wrong is None:
                    entries[each.item] = _changed(entries[each.item], change)
            case Added(entry):
                wrong = _misplaced(programme, entry)
                if wrong is None:
                    entries[entry.id] = entry
            case SessionChange() as change:
                session = _held(sessions[each.item], change)
                wrong = None if _is_forward(session) else Trouble.BACKWARDS
                if wrong is None:
                    sessions[each.item] = session
        if wrong is not None:
            problems.append(Problem(each, wrong))
        elif dict(each.stated) != dict(before):
            problems.append(Problem(each, Trouble.FILE_CHANGED))
    silent = {session.id for session in sessions.values() if session.cancelled}
    timetable = tuple(
        entry if silent.isdisjoint(_sessions_of(entry)) else replace(entry, skipped=True)
        for entry in entries.values()
    )
    found = replace(programme, timetable=timetable, sessions=tuple(sessions.values()))
    return found, tuple(problems)


def stated(programme: Programme, item: str, change: Change) -> Mapping[str, str] | None:
    """What the files say of what is changed, in words to compare; None where they do not have it."""
    match change:
        case EntryChange():
            entry = programme.entry(item)
            return None if entry is None else {"when": in_words(entry.when)}
        case Added():
            return {}
        case SessionChange():
            session = programme.session(item)
            if session is None:
                return None
            told = told_of(session)
            return {name: told[name] for name in named(change)}


def named(change: SessionChange) -> tuple[str, ...]:
    """The names of what is different."""
    return tuple(each.name for each in fields(change) if getattr(change, each.name) is not None)


def told_of(session: Session) -> dict[str, str]:
    """What people are told of a session, in words to compare, by the names that `SessionChange` has."""
    return {
        "room_opens": session.room_opens.isoformat(),
        "starts": session.starts.isoformat(),
        "ends": session.ends.isoformat(),
        "url": session.meeting.url,
        "meeting_id": session.meeting.meeting_id,
        "passcode": session.meeting.passcode,
        "stream": session.stream or "",
        "cancelled": "yes" if session.cancelled else "no",
    }


def differences(before: Session, after: Session) -> tuple[str, ...]:
    """The names of what people would be told differently."""
    was, now = told_of(before), told_of(after)
    return tuple(name for name in was if was[name] != now[name])


TIMES = ("room_opens", "starts", "ends")
"""Which of the differences are of its time; the others are of how to get in."""


def shifted(session: Session, starts: datetime) -> SessionChange:
    """The change that lets a session start at another time, with its room and its end moved alike."""
    by = starts - session.starts
    return SessionChange(room_opens=session.room_opens + by, starts=starts, ends=session.ends + by)


def merged(before: SessionChange | None, change: SessionChange) -> SessionChange:
    """What is different of a session that was changed before."""
    if before is None:
        return change
    return replace(before, **{name: getattr(change, name) for name in named(change)})


def without_idle(session: Session, change: SessionChange) -> SessionChange:
    """The change without what the files say anyway."""
    told, other = told_of(session), told_of(_held(session, change))
    return replace(change, **{name: None for name in named(change) if told[name] == other[name]})


def in_words(when: When) -> str:
    """A moment in words to compare, which no version of ours is to write differently."""
    match when:
        case Instant(at):
            return f"instant {at.isoformat()}"
        case Local(day, at):
            return f"local {day} {at:%H:%M}"
        case AroundSession(session, offset, end):
            return f"{'end' if end else 'start'} of {session} {offset.total_seconds():+.0f}s"
        case PersonalDay(day, at):
            return f"day {day} {at:%H:%M}"
        case Recurring(weekdays, at, first, last):
            return f"every {','.join(map(str, weekdays))} {at:%H:%M} {first} {last}"


def history(
    session: Session, changes: Sequence[tuple[datetime, datetime | None, SessionChange]]
) -> list[tuple[datetime, datetime | None, Session]]:
    """What a session (of the files) was said to be from when until when, as far as it was corrected.

    Of changes in the order in which they were made, each with when it was undone. None: it still holds.
    """
    return [(made_at, undone_at, _held(session, change)) for made_at, undone_at, change in changes]


# --- inside -------------------------------------------------------------------------------------------


def _sessions_of(entry: Entry) -> list[str]:
    """The sessions without which an entry makes no sense."""
    around = [entry.when.session] if isinstance(entry.when, AroundSession) else []
    about = [entry.about.id] if entry.about is not None and entry.about.kind is Item.SESSION else []
    return around + about


def _changed(entry: Entry, change: EntryChange) -> Entry:
    when: When = change.when or entry.when
    if change.days and isinstance(when, Recurring):
        when = replace(when, but=tuple(sorted({*when.but, *change.days})))
    return replace(entry, when=when, skipped=change.skipped or entry.skipped)


def _unfit(entry: Entry, change: EntryChange) -> Trouble | None:
    if change.when is not None and isinstance(entry.when, Recurring | PersonalDay):
        return Trouble.UNFIT
    if change.days and not isinstance(entry.when, Recurring):
        return Trouble.UNFIT
    return None


def _misplaced(programme: Programme, entry: Entry) -> Trouble | None:
    if programme.entry(entry.id) is not None:
        return Trouble.TAKEN
    if entry.about is not None and entry.about.id != "*" and programme.thing(entry.about) is None:
        return Trouble.LOOSE
    return None


def _held(session: Session, change: SessionChange) -> Session:
    meeting = session.meeting
    return replace(
        session,
        room_opens=change.room_opens or session.room_opens,
        starts=change.starts or session.starts,
        ends=change.ends or session.ends,
        meeting=replace(
            meeting,
            url=meeting.url if change.url is None else change.url,
            meeting_id=meeting.meeting_id if change.meeting_id is None else change.meeting_id,
            passcode=meeting.passcode if change.passcode is None else change.passcode,
        ),
        stream=session.stream if change.stream is None else change.stream or None,
        cancelled=session.cancelled if change.cancelled is None else change.cancelled,
    )


def _is_forward(session: Session) -> bool:
    return session.room_opens <= session.starts < session.ends
