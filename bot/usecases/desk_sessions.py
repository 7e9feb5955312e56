"""The desk's area of live sessions: how far each has got, what counts of it, and moving it by a tap."""

from collections.abc import Mapping
from typing import Any

from bot.domain.events import Shared, Wrote
from bot.domain.forms import clock_times, day, short_day, span
from bot.domain.messages import Button, Edit, Reply, Say, Tap, Value
from bot.domain.programme import Programme, Session
from bot.domain.sessions import Deed, possible
from bot.domain.staff import Right
from bot.storage.database import Transaction
from bot.usecases import corrections, sessions
from bot.usecases import timetable_words as words
from bot.usecases.corrections import Proposal
from bot.usecases.menu import OLD_BUTTON
from bot.usecases.refusal import RefusedError
from bot.usecases.shift import Shift, menu_button

ACTION = "k-sesi"
RIGHT = Right.RUN_SESSIONS

_SHOWN = 20

__all__ = ["ACTION", "RIGHT", "open", "tap", "write"]


def open(tx: Transaction, shift: Shift) -> Reply:  # noqa: A001 - every area of a coordinator's desk is opened so
    """How far each session has got."""
    return Reply((_overview(tx, shift),))


def write(tx: Transaction, shift: Shift, asked: Mapping[str, Any], event: Wrote | Shared) -> Reply:
    """Nothing is typed here."""
    return open(tx, shift)


def tap(tx: Transaction, shift: Shift, message_id: int, tapped: Tap) -> Reply:
    """A button of this area; its item is a session."""
    if tapped.choice == "list":
        return Reply((Edit(message_id, _overview(tx, shift)),))
    session = shift.programme.session(tapped.item)
    if session is None:
        return Reply((OLD_BUTTON,))
    match tapped.choice:
        case "show":
            return Reply((Edit(message_id, _one(tx, shift, shift.programme, session)),))
        case "open":
            return Reply((_one(tx, shift, shift.programme, session),))
    really = tapped.choice.endswith("!")
    named, _, until = tapped.choice.removesuffix("!").partition("-")
    if named not in {each.value for each in Deed}:
        return Reply((OLD_BUTTON,))
    try:
        wanted = sessions.wanted(session, Deed(named), shift.now, until=until)
        if really:
            return _done(tx, shift, message_id, Deed(named), wanted)
        return Reply((Edit(message_id, _preview(tx, shift, session, Deed(named), wanted)),))
    except RefusedError as refused:
        said: dict[str, Value] = {"why": refused.say}
        return Reply((Edit(message_id, Say("desk_timetable.refused", said, (_back(session),))),))


def _preview(tx: Transaction, shift: Shift, session: Session, deed: Deed, wanted: Proposal) -> Say:
    effect = corrections.preview(tx, shift.programme.id, wanted, shift.now)
    after = effect.after.session(session.id) or session
    choice = f"{deed}-{int(after.ends.timestamp())}!" if deed is Deed.EXTEND else f"{deed}!"
    really = Button(Say(f"sessions.really_{deed}"), Tap(ACTION, session.id, choice))
    said: dict[str, Value] = {"what": sessions.in_words(after, deed), "effects": words.effects(effect)}
    return Say("desk_timetable.preview", said, ((really,), _back(session)))


def _done(tx: Transaction, shift: Shift, message_id: int, deed: Deed, wanted: Proposal) -> Reply:
    effect = corrections.correct(tx, shift.actor, shift.programme.id, wanted, shift.now)
    session = effect.after.session(effect.item)
    if session is None:
        return Reply((OLD_BUTTON,))
    screen = _one(tx, shift, effect.after, session)
    return Reply((Edit(message_id, screen),), Say(f"sessions.toast_{deed}"))


# --- screens ------------------------------------------------------------------------------------------


def _overview(tx: Transaction, shift: Shift) -> Say:
    states = sessions.states(tx, shift.programme, shift.now)
    listed = shift.programme.sessions[:_SHOWN]
    lines = tuple(
        Say(
            "sessions.line",
            {
                "title": session.title,
                "day": short_day(session.starts),
                "time": span(session.starts, session.ends),
                "state": Say(f"sessions.state_{states[session.id]}"),
            },
        )
        for session in listed
    )
    rows = tuple((Button(session.title, Tap(ACTION, session.id, "show")),) for session in listed)
    said: dict[str, Value] = {
        "programme": shift.programme.title,
        "lines": lines or (Say("schedule.no_sessions"),),
    }
    return Say("sessions.overview", said, (*rows, (menu_button(),)))


def _one(tx: Transaction, shift: Shift, programme: Programme, session: Session) -> Say:
    state = sessions.states(tx, programme, shift.now)[session.id]
    deeds = [
        Button(Say(f"sessions.button_{deed}"), Tap(ACTION, session.id, deed.value))
        for deed in possible(session, shift.now)
    ]
    rows = [tuple(deeds[n : n + 2]) for n in range(0, len(deeds), 2)]
    rows.append((Button(Say("sessions.button_timetable"), Tap("k-jadwal", session.id, "session")),))
    said: dict[str, Value] = {
        "title": session.title,
        "state": Say(f"sessions.state_{state}"),
        "day": day(session.starts),
        "opens": clock_times(session.room_opens),
        "starts": clock_times(session.starts),
        "ends": clock_times(session.ends),
        "counts": sessions.counts(tx, programme, session),
    }
    back = Button(Say("sessions.button_back"), Tap(ACTION, "", "list"))
    again = Button(Say("sessions.button_again"), Tap(ACTION, session.id, "show"))
    return Say("sessions.one", said, (*rows, (again, back)))


def _back(session: Session) -> tuple[Button, ...]:
    return (Button(Say("sessions.button_one"), Tap(ACTION, session.id, "show")),)
