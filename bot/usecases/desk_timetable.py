"""The coordinators' timetable in the chat: what is coming, and correcting it, each time shown beforehand."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from bot.domain.corrections import Added, Kind, Problem, SessionChange
from bot.domain.events import Shared, Wrote
from bot.domain.forms import clock_time, short_day, short_moment
from bot.domain.messages import Button, Edit, Reply, Say, Tap, Value
from bot.domain.programme import (
    Entry,
    Instant,
    Local,
    PersonalDay,
    Recurring,
    Session,
)
from bot.domain.staff import Right
from bot.domain.typed import Typed, WrongWeekday, read_moment
from bot.storage import corrections as stored
from bot.storage.corrections import Standing
from bot.storage.database import Transaction
from bot.usecases import corrections, timetable
from bot.usecases import timetable_words as words
from bot.usecases.corrections import (
    ChangeSession,
    MoveEntry,
    MoveSession,
    Proposal,
    Restore,
    SkipEntry,
)
from bot.usecases.menu import OLD_BUTTON
from bot.usecases.purposes import purpose
from bot.usecases.refusal import RefusedError
from bot.usecases.shift import Shift, ask, ask_no_more, asked_by, menu_button

ACTION = "k-jadwal"
RIGHT = Right.SEE_TIMETABLE

_ROWS = 6  # entries of one screen
_LINES = 8  # of each kind, in a preview
_FIELDS = ("url", "meeting_id", "passcode", "stream")
_YEARS = 2  # further away nothing is meant


def open(tx: Transaction, shift: Shift) -> Reply:  # noqa: A001 - every area of a coordinator's desk is opened so
    """What is coming."""
    return Reply((_overview(tx, shift, shift.now),))


def tap(tx: Transaction, shift: Shift, message_id: int, tapped: Tap) -> Reply:
    """A button of this area."""
    item = tapped.item
    before = asked_by(tx, shift, ACTION)
    ask_no_more(tx, shift)
    match tapped.choice:
        case "list" if item == "" or (item.isdecimal() and len(item) < 12):
            since = datetime.fromtimestamp(int(item), tz=shift.now.tzinfo) if item else shift.now
            return Reply((Edit(message_id, _overview(tx, shift, max(since, shift.now))),))
        case "entry" if (entry := shift.programme.entry(item)) is not None:
            return Reply((Edit(message_id, _entry(tx, shift, entry)),))
        case "session" if (session := shift.programme.session(item)) is not None:
            return Reply((Edit(message_id, _session(tx, shift, session)),))
    if not shift.actor.may(Right.CHANGE_TIMETABLE):
        return Reply((Say("desk.not_allowed"),))
    match tapped.choice:
        case "move" if shift.programme.entry(item) is not None:
            return _ask(tx, shift, {"asked": "entry", "item": item}, "desk_timetable.ask_entry_time")
        case "time" if shift.programme.session(item) is not None:
            return _ask(tx, shift, {"asked": "session", "item": item}, "desk_timetable.ask_session_time")
        case field if field in _FIELDS and shift.programme.session(item) is not None:
            return _ask(tx, shift, {"asked": field, "item": item}, f"desk_timetable.ask_{field}")
    really = tapped.choice.endswith("!")
    wanted = _wanted(shift, item, tapped.choice.removesuffix("!"), before)
    if wanted is None:
        return Reply((OLD_BUTTON,))
    if not really:
        return _previewed(tx, shift, wanted, tapped, lambda say: Edit(message_id, say))
    return _carried_out(tx, shift, message_id, wanted)


def write(tx: Transaction, shift: Shift, asked: Mapping[str, Any], event: Wrote | Shared) -> Reply:
    """What was typed when a time or an address was asked for."""
    item = str(asked.get("item", ""))
    if not isinstance(event, Wrote):
        return Reply((Say("desk_timetable.text_please", {}, (_back(),)),))
    if not shift.actor.may(Right.CHANGE_TIMETABLE):
        return Reply((Say("desk.not_allowed"),))
    typed = event.text.strip()
    match asked.get("asked"):
        case "entry" | "session" as kind:
            return _typed_moment(tx, shift, kind, item, typed)
        case str(field) if field in _FIELDS:
            value = "" if field == "stream" and typed == words.NO_STREAM else typed
            if (not value and field != "stream") or len(value) > 500 or "\n" in value:
                return Reply((Say("desk_timetable.one_line", {}, (_back(),)),))
            # A button has no room for an address: it waits here until it is confirmed.
            state = {"asked": "confirm", "item": item, "field": field, "value": value}
            wanted = ChangeSession(item, _change(field, value))
            said = _previewed(tx, shift, wanted, Tap(ACTION, item, "change"), lambda say: say)
            ask(tx, shift, ACTION, state)
            return said
    return Reply((Say("desk_timetable.tap_please", {}, (_back(),)),))


def _typed_moment(tx: Transaction, shift: Shift, kind: str, item: str, typed: str) -> Reply:
    zone = shift.programme.zone
    found = read_moment(typed, shift.now.astimezone(zone.tzinfo).date())
    if found is None or (isinstance(found, Typed) and not _is_near(shift, found.day)):
        return Reply((Say("desk_timetable.time_again", {}, (_back(),)),))
    if isinstance(found, WrongWeekday):
        said: dict[str, Value] = {"day": found.day}
        return Reply((Say("desk_timetable.wrong_weekday", said, (_back(),)),))
    if kind == "session":
        choice = f"start{int(found.instant(zone).timestamp())}"
    else:
        entry = shift.programme.entry(item)
        if entry is None:
            return Reply((OLD_BUTTON,))
        # What rings at each person's own time goes on so, unless somebody names a zone.
        if isinstance(entry.when, Local) and found.zone is None:
            choice = f"local{found.day:%Y%m%d}{found.at:%H%M}"
        else:
            choice = f"at{int(found.instant(zone).timestamp())}"
    tapped = Tap(ACTION, item, choice)
    wanted = _wanted(shift, item, choice, {})
    if wanted is None:
        return Reply((OLD_BUTTON,))
    return _previewed(tx, shift, wanted, tapped, lambda say: say)


# --- what a button means ------------------------------------------------------------------------------


def _wanted(shift: Shift, item: str, choice: str, before: Mapping[str, Any]) -> Proposal | None:
    """What is to be done, by what a button carries; None where it is none of these (or an old one)."""
    match choice:
        case "skip":
            return SkipEntry(item)
        case "restore-entry":
            return Restore(Kind.ENTRY, item)
        case "restore-session":
            return Restore(Kind.SESSION, item)
        case "change" if before.get("asked") == "confirm":
            if before.get("item") == item and before.get("field") in _FIELDS:
                return ChangeSession(item, _change(before["field"], before["value"]))
            return None
    for prefix, read in _WITH_A_MOMENT.items():
        number = choice.removeprefix(prefix)
        if choice.startswith(prefix) and number.isdecimal() and len(number) < 13:
            try:
                return read(shift, item, number)
            except (ValueError, OverflowError, OSError):
                return None
    return None


_WITH_A_MOMENT: Mapping[str, Callable[[Shift, str, str], Proposal]] = {
    "day": lambda _, item, number: SkipEntry(item, _day(number)),
    "start": lambda shift, item, number: MoveSession(item, _instant(shift, number)),
    "local": lambda shift, item, number: MoveEntry(item, _local(shift, number)),
    "at": lambda shift, item, number: MoveEntry(item, Instant(_instant(shift, number))),
}


def _is_near(shift: Shift, day: date) -> bool:
    """Whether a day is one that somebody can mean."""
    return abs(day.year - shift.now.year) <= _YEARS


def _day(number: str) -> date:
    return date(int(number[:4]), int(number[4:6]), int(number[6:]))


def _instant(shift: Shift, number: str) -> datetime:
    moment = datetime.fromtimestamp(int(number), tz=shift.now.tzinfo)
    if not _is_near(shift, moment.date()):
        raise ValueError(f"no moment that anybody means: {moment}")
    return moment


def _local(shift: Shift, number: str) -> Local:
    moment = datetime.strptime(number, "%Y%m%d%H%M")  # noqa: DTZ007 - wall time, wherever somebody is
    if not _is_near(shift, moment.date()):
        raise ValueError(f"no moment that anybody means: {moment}")
    return Local(moment.date(), moment.time())


def _change(field: str, value: str) -> SessionChange:
    changes = {
        "url": SessionChange(url=value),
        "meeting_id": SessionChange(meeting_id=value),
        "passcode": SessionChange(passcode=value),
        "stream": SessionChange(stream=value),
    }
    return changes[field]


# --- preview, deed ------------------------------------------------------------------------------------


def _previewed(
    tx: Transaction, shift: Shift, wanted: Proposal, tapped: Tap, shown: Callable[[Say], Say | Edit]
) -> Reply:
    """What it would do, and the question whether it is to be done."""
    try:
        effect = corrections.preview(tx, shift.programme.id, wanted, shift.now)
    except RefusedError as refused:
        return Reply((Say("desk_timetable.refused", {"why": refused.say}, (_back(),)),))
    really = Button(Say("desk_timetable.button_really"), Tap(ACTION, tapped.item, f"{tapped.choice}!"))
    said: dict[str, Value] = {"what": words.in_words(effect, wanted), "effects": words.effects(effect)}
    return Reply((shown(Say("desk_timetable.preview", said, ((really,), _back()))),))


def _carried_out(tx: Transaction, shift: Shift, message_id: int, wanted: Proposal) -> Reply:
    try:
        effect = corrections.correct(tx, shift.actor, shift.programme.id, wanted, shift.now)
    except RefusedError as refused:
        said: dict[str, Value] = {"why": refused.say}
        return Reply((Edit(message_id, Say("desk_timetable.refused", said, (_back(),))),))
    said = {"what": words.in_words(effect, wanted), "effects": words.effects(effect)}
    return Reply(
        (Edit(message_id, Say("desk_timetable.done", said, (_back(),))),), Say("desk_timetable.done_toast")
    )


# --- screens ------------------------------------------------------------------------------------------


def _overview(tx: Transaction, shift: Shift, since: datetime) -> Say:
    programme = shift.programme
    found, more_from = timetable.coming(tx, programme, shift.actor.scope, shift.now, since=since, most=_ROWS)
    first = since <= shift.now
    lines: list[Say] = []
    if first:
        for outlook in timetable.running(tx, programme, shift.now):
            said: dict[str, Value] = {
                "entry": purpose(programme, outlook.entry_id),
                "last": Say("desk_timetable.never")
                if outlook.last_at is None
                else clock_time(outlook.last_at),
            }
            lines.append(Say("desk_timetable.line_running", said))
    for each in found:
        said = {"at": short_moment(each.at), "entry": each.entry.id, "people": words.people_in_words(each)}
        if each.hopeless:
            lines.append(Say("desk_timetable.line_missed", said))
        elif each.last_at is None:
            lines.append(Say("desk_timetable.line", said))
        elif each.late:
            late: dict[str, Value] = {**said, "late": each.late, "last": clock_time(each.last_at)}
            lines.append(Say("desk_timetable.line_late", late))
        else:
            lines.append(Say("desk_timetable.line_last", {**said, "last": clock_time(each.last_at)}))
    rows = [(Button(each.entry.id, Tap(ACTION, each.entry.id, "entry")),) for each in _once(found)]
    corrected = corrections.standing(tx, programme.id) if first else []
    sessions = [session for session in programme.sessions if session.ends > shift.now] if first else []
    for session in reversed(sessions):
        key = "button_session_cancelled" if session.cancelled else "button_session"
        label = Say(f"desk_timetable.{key}", {"title": session.title})
        rows.insert(0, (Button(label, Tap(ACTION, session.id, "session")),))
    if first:  # what is skipped rings no more, so it stands in no other row
        for entry in programme.timetable:
            if entry.skipped:
                label = Say("desk_timetable.button_skipped", {"entry": entry.id})
                rows.append((Button(label, Tap(ACTION, entry.id, "entry")),))
    ends: list[Button] = []
    if not first:
        ends.append(Button(Say("desk_timetable.button_first"), Tap(ACTION, "", "list")))
    if more_from is not None:
        begin = int(more_from.timestamp()) - 1
        ends.append(Button(Say("desk_timetable.button_more"), Tap(ACTION, str(begin), "list")))
    said = {
        "programme": programme.title,
        "lines": tuple(lines) or (Say("desk_timetable.nothing"),),
        "corrected": ""
        if not corrected
        else Say("desk_timetable.corrected", {"lines": _standing(corrected)}),
    }
    return Say("desk_timetable.overview", said, (*rows, *([tuple(ends)] if ends else []), (menu_button(),)))


def _once(found: list[timetable.Coming]) -> list[timetable.Coming]:
    """The first of each entry."""
    return list({each.entry.id: each for each in reversed(found)}.values())[::-1]


def _standing(corrected: Sequence[tuple[Standing, tuple[Problem, ...]]]) -> tuple[Say, ...]:
    lines = []
    for each, problems in corrected[:_LINES]:
        said: dict[str, Value] = {
            "item": each.correction.item,
            "by": each.made_by,
            "at": short_moment(each.made_at),
        }
        if problems:
            problem = Say(f"desk_timetable.problem_{problems[0].trouble}")
            lines.append(Say("desk_timetable.standing_problem", {**said, "problem": problem}))
        else:
            lines.append(Say("desk_timetable.standing", said))
    return tuple(lines)


def _entry(tx: Transaction, shift: Shift, entry: Entry) -> Say:
    change = stored.change_of(tx, shift.programme.id, Kind.ENTRY, entry.id)
    said: dict[str, Value] = {
        "entry": entry.id,
        "text": "" if entry.text is None else entry.text,
        "when": Say("desk_timetable.is_skipped")
        if entry.skipped
        else words.when_in_words(shift.programme, entry, shift.now),
    }
    rows: list[tuple[Button, ...]] = []
    if shift.actor.may(Right.CHANGE_TIMETABLE):
        coming = words.next_moment(shift.programme, entry, shift.now)
        if not entry.skipped and isinstance(entry.when, Recurring) and coming is not None:
            day = coming.astimezone(shift.programme.zone.tzinfo).date()
            label = Say("desk_timetable.button_skip_day", {"day": short_day(day)})
            rows.append((Button(label, Tap(ACTION, entry.id, f"day{day:%Y%m%d}")),))
        if not entry.skipped and coming is not None:
            rows.append((Button(Say("desk_timetable.button_skip"), Tap(ACTION, entry.id, "skip")),))
        if not isinstance(entry.when, Recurring | PersonalDay):
            rows.append((Button(Say("desk_timetable.button_move"), Tap(ACTION, entry.id, "move")),))
        if change is not None and (not isinstance(change, Added) or entry.skipped):
            rows.append(
                (Button(Say("desk_timetable.button_restore"), Tap(ACTION, entry.id, "restore-entry")),)
            )
    return Say("desk_timetable.entry", said, (*rows, _back()))


def _session(tx: Transaction, shift: Shift, session: Session) -> Say:
    rows: list[tuple[Button, ...]] = []
    if shift.actor.may(Right.CHANGE_TIMETABLE):
        change = stored.change_of(tx, shift.programme.id, Kind.SESSION, session.id)
        rows.append((Button(Say("desk_timetable.button_time"), Tap(ACTION, session.id, "time")),))
        rows += [
            tuple(
                Button(Say(f"desk_timetable.button_{field}"), Tap(ACTION, session.id, field))
                for field in pair
            )
            for pair in (_FIELDS[:2], _FIELDS[2:])
        ]
        if change is not None:
            restore = Button(Say("desk_timetable.button_restore"), Tap(ACTION, session.id, "restore-session"))
            rows.append((restore,))
    said: dict[str, Value] = {
        "title": session.title,
        "cancelled": Say("desk_timetable.session_cancelled") if session.cancelled else "",
        **words.session_values(session),
    }
    return Say("desk_timetable.session", said, (*rows, _back()))


def _ask(tx: Transaction, shift: Shift, state: Mapping[str, Any], key: str) -> Reply:
    ask(tx, shift, ACTION, state)
    return Reply((Say(key, {}, (_back(),)),))


def _back() -> tuple[Button, ...]:
    return (Button(Say("desk_timetable.button_back"), Tap(ACTION, "", "list")),)
