"""The timetable and what is corrected of it, in words: for the chat and for the page alike."""

from datetime import date, datetime

from bot.domain.corrections import Kind
from bot.domain.forms import clock_time, short_moment
from bot.domain.messages import Say, Value
from bot.domain.programme import (
    AroundSession,
    Entry,
    Instant,
    Local,
    PersonalDay,
    Programme,
    Recurring,
    Session,
)
from bot.domain.timetable import moments, zones
from bot.usecases import timetable
from bot.usecases.corrections import Effect, Proposal, Restore, SkipEntry

_LINES = 8  # of each kind, in a preview
NO_STREAM = "-"
"""What stands, and is typed, where a session has no stream."""


def in_words(effect: Effect, wanted: Proposal) -> Say:
    """What is corrected, and how."""
    item = effect.item
    if effect.kind is Kind.SESSION:
        session = effect.after.session(item)
        if session is None:
            return Say("corrections.gone")
        said: dict[str, Value] = {"title": session.title, **session_values(session)}
        restored = isinstance(wanted, Restore)
        return Say("desk_timetable.session_restored" if restored else "desk_timetable.session_becomes", said)
    entry = effect.after.entry(item)
    if entry is None:
        return Say("corrections.gone")
    match wanted:
        case SkipEntry(_, None):
            return Say("desk_timetable.entry_skipped", {"entry": item})
        case SkipEntry(_, date() as day):
            return Say("desk_timetable.day_skipped", {"entry": item, "day": day})
        case Restore():
            return Say(
                "desk_timetable.entry_restored",
                {"entry": item, "when": when_in_words(effect.after, entry, None)},
            )
    return Say(
        "desk_timetable.entry_becomes", {"entry": item, "when": when_in_words(effect.after, entry, None)}
    )


def effects(effect: Effect) -> tuple[Say, ...]:
    """What it means for what was planned and said, a line each."""
    lines = []
    if effect.told:
        lines.append(Say("desk_timetable.effect_told", {"count": effect.told}))
    if effect.revised:
        lines.append(Say("desk_timetable.effect_revised", {"count": effect.revised}))
    if effect.unsent:
        lines.append(Say("desk_timetable.effect_unsent", {"count": effect.unsent}))
    if not lines:
        lines.append(Say("desk_timetable.effect_nobody"))
    for entry, was, becomes in effect.moves[:_LINES]:
        said: dict[str, Value] = {
            "entry": entry,
            "was": Say("desk_timetable.never") if was is None else short_moment(was),
            "becomes": Say("desk_timetable.never") if becomes is None else short_moment(becomes),
        }
        lines.append(Say("desk_timetable.effect_move", said))
    if len(effect.moves) > _LINES:
        lines.append(Say("desk_timetable.effect_more", {"count": len(effect.moves) - _LINES}))
    lines += [Say("desk_timetable.effect_left", {"entry": entry}) for entry in effect.left[:_LINES]]
    return tuple(lines)


def session_values(session: Session) -> dict[str, Value]:
    """What a text says of a session."""
    return {
        "opens": clock_time(session.room_opens),
        "starts": session.starts,
        "ends": clock_time(session.ends),
        "url": session.meeting.url,
        "meeting_id": session.meeting.meeting_id,
        "passcode": session.meeting.passcode,
        "stream": session.stream or NO_STREAM,
    }


def when_in_words(programme: Programme, entry: Entry, now: datetime | None) -> Say:
    """When an entry rings, in words."""
    match entry.when:
        case Instant(at):
            return Say("desk_timetable.when_instant", {"at": at})
        case Local() as local:
            return Say("desk_timetable.when_local", {"at": local})
        case AroundSession(session_id, offset, end):
            session = programme.session(session_id)
            if session is not None:
                at = (session.ends if end else session.starts) + offset
                return Say("desk_timetable.when_session", {"title": session.title, "at": at})
        case PersonalDay(day):
            return Say("desk_timetable.when_personal", {"day": day})
        case Recurring():
            coming = None if now is None else next_moment(programme, entry, now)
            if coming is not None:
                return Say("desk_timetable.when_recurring", {"at": short_moment(coming)})
    return Say("desk_timetable.never")


def people_in_words(coming: timetable.Coming) -> Say | int:
    """For how many an entry rings; at most for so many, where who has done it already was not looked at."""
    return Say("desk_timetable.at_most", {"count": coming.people}) if coming.at_most else coming.people


def next_moment(programme: Programme, entry: Entry, now: datetime) -> datetime | None:
    """When an entry rings next, in the first of its zones; None where it does not."""
    found = (next(moments(programme, entry, zone, now, now + timetable.AHEAD), None) for zone in zones(entry))
    return min((moment for moment in found if moment is not None), default=None)
