"""What is ahead: live sessions, deadlines, and the first thing to do."""

from datetime import datetime, timedelta

from bot.domain.cards import cancelled_card, materials_button, session_times
from bot.domain.forms import clock_time, short_day, short_moment, span
from bot.domain.messages import Button, Invite, Reply, Say, SessionCard, Tap, Value
from bot.domain.people import Person
from bot.domain.programme import Programme, Session
from bot.storage import journal, materials, modules
from bot.storage.database import Transaction
from bot.usecases import stuck
from bot.usecases.deadlines import deadlines
from bot.usecases.menu import MENU, OLD_BUTTON

SOON = timedelta(hours=24)
"""How long before a session its link is shown to whoever asks for the timetable."""


def overview(tx: Transaction, person: Person, programme: Programme, now: datetime) -> Reply:
    """`/jadwal`: the sessions that are not over, and the journal deadlines that are open."""
    coming = [session for session in programme.sessions if session.ends > now]
    open_ones = [session for session in coming if not session.cancelled]
    written = journal.entries(tx, person.id)
    untils = deadlines(tx, programme, person)
    due = [
        (untils[task.prompt.id], task)
        for task in programme.journal
        if task.prompt.id not in written or written[task.prompt.id].submitted_at is None
    ]
    ahead = sorted(((at, task) for at, task in due if at > now), key=lambda pair: pair[0])
    lines = tuple(_line(session, now) for session in coming)
    rows = tuple(
        (Button(Say("schedule.button_session", {"title": session.title}), Tap("sesi", session.id, "show")),)
        for session in open_ones
    )
    params: dict[str, Value] = {
        "title": programme.title,
        "sessions": lines or (Say("schedule.no_sessions"),),
        "deadlines": tuple(
            Say("schedule.deadline", {"title": task.prompt.title, "at": short_moment(at)})
            for at, task in ahead[:3]
        )
        or (Say("schedule.no_deadlines"),),
    }
    return Reply((Say("schedule.overview", params, rows),))


def tap(tx: Transaction, person: Person, programme: Programme, tapped: Tap, now: datetime) -> Reply:
    """A button of a session: its card, its calendar file, or that one cannot get in (or can by now)."""
    session = programme.session(tapped.item)
    if session is None:
        return Reply((OLD_BUTTON,))
    if tapped.choice == "ics":
        return Reply((Invite(programme.id, session.id),))
    if tapped.choice in ("stuck", "in"):
        return stuck.tap(tx, person, programme, session, tapped.choice, now)
    handed_out = materials.number_out(tx, programme.id, session.id) > 0
    more = ((materials_button(session),),) if handed_out else ()
    if session.ends <= now:
        return Reply((Say("schedule.over", {"title": session.title}, more),))
    if session.cancelled:
        return Reply((cancelled_card(session, ""),))
    if session.room_opens - now > SOON:
        params: dict[str, Value] = {"title": session.title, **session_times(session)}
        calendar = Button(Say("session.button_calendar"), Tap("sesi", session.id, "ics"))
        return Reply((Say("schedule.not_yet", params, ((calendar,), *more)),))
    return Reply((SessionCard(programme.id, session.id, materials=handed_out),))


def whats_next(tx: Transaction, person: Person, now: datetime) -> Say:
    """The first thing ahead, for who has just joined or asks anew."""
    programme = tx.catalogue.programme(person.programme)
    if programme is None:
        return Say("enrolment.programme_gone")
    coming = next(
        (session for session in programme.sessions if session.ends > now and not session.cancelled), None
    )
    done = modules.done(tx, person.id)
    following = next((module for module in programme.modules if module.id not in done), None)
    lines: list[Say] = []
    if coming is not None and coming.room_opens <= now:
        lines.append(Say("schedule.next_now", {"title": coming.title, "ends": clock_time(coming.ends)}))
    elif coming is not None:
        starts = short_moment(coming.starts)
        lines.append(Say("schedule.next_session", {"title": coming.title, "starts": starts}))
    if following is not None:
        lines.append(Say("schedule.next_module", {"title": following.title}))
    if not lines:
        lines.append(Say("schedule.nothing_left"))
    return Say("schedule.next", {"lines": tuple(lines)}, MENU)


def _line(session: Session, now: datetime) -> Say:
    running = session.room_opens <= now < session.ends
    return Say(
        "sessions.line_cancelled"
        if session.cancelled
        else "schedule.session_now"
        if running
        else "schedule.session",
        {
            "title": session.title,
            "day": short_day(session.starts),
            "time": span(session.starts, session.ends),
        },
    )
