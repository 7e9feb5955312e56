"""What a timetable entry looks like in the chat: the organisers' words, and the card of what it is about."""

from bot.domain.forms import clock_times, day
from bot.domain.messages import Button, Link, Say, Tap, Value, Written
from bot.domain.programme import (
    Entry,
    Item,
    JournalTask,
    Local,
    Module,
    Programme,
    Quiz,
    Session,
    Target,
    Thing,
)

EVERYTHING = "*"


class NoSuchItemError(LookupError):
    """The entry is about something that the programme no longer has."""


def card(programme: Programme, entry: Entry) -> Say:
    """The message of `entry` as the programme stands now; raises `NoSuchItemError`."""
    lead: Value = ""
    about = entry.about
    params = variables(programme, about)
    if entry.text is not None:
        lead = Written(entry.text, params)
    if about is None:
        return Say("card.plain", {"lead": lead})
    if about.id == EVERYTHING:
        return Say(f"card.{about.kind}_list", {"lead": lead}, ((_open_list(about.kind),),))
    match _found(programme, about):
        case Module() as module:
            return module_card(programme, module, lead)
        case Session() as session:
            return session_card(session, lead)
        case Quiz() as quiz:
            params = {"lead": lead, "title": quiz.title, "questions": len(quiz.questions)}
            start = Button(Say("quiz.button_start"), Tap("quiz", quiz.id, "start"))
            return Say("card.quiz", params, ((start,),))
        case JournalTask() as task:
            params = {"lead": lead, "title": task.prompt.title, "text": task.prompt.text}
            write = Button(Say("journal.button_write"), Tap("jurnal", task.prompt.id, "open"))
            return Say("card.journal", params, ((write,),))


def _found(programme: Programme, target: Target) -> Thing:
    thing = programme.thing(target)
    if thing is None:
        raise NoSuchItemError(f"{target.kind}:{target.id}")
    return thing


def module_card(programme: Programme, module: Module, lead: Value) -> Say:
    """A module, with what one can say of it: done, later, or open it."""
    link = Link(module.url or programme.portal.url)
    return Say(
        "card.module",
        {"lead": lead, "title": module.title, "summary": module.summary, "minutes": module.minutes},
        (
            (
                Button(Say("module.button_done"), Tap("modul", module.id, "done")),
                Button(Say("module.button_later"), Tap("modul", module.id, "later")),
            ),
            (Button(programme.portal.name, link),),
        ),
    )


def session_card(session: Session, lead: Value, *, stuck: bool = False, materials: bool = False) -> Say:
    """A live session: when in all zones, how to get in, and what to do when one cannot (or could not)."""
    outdated = "sessions.notice_reinstated" if session.cancelled else "sessions.notice_cancelled"
    if isinstance(lead, Say) and lead.key == outdated:
        lead = ""  # a notice that has been overtaken, in a chat already
    if session.cancelled:
        return cancelled_card(session, lead)
    buttons = [
        (Button(Say("session.button_zoom"), Link(session.meeting.url)),),
        *(
            [(Button(Say("attendance.button_card"), Tap("hadir", session.id, "in")),)]
            if session.check_in is not None
            else []
        ),
        (_stuck_button(session, stuck=stuck),),
        (Button(Say("session.button_calendar"), Tap("sesi", session.id, "ics")),),
    ]
    stream: Value = ""
    if session.stream is not None:
        buttons.insert(1, (Button(Say("session.button_stream"), Link(session.stream)),))
        stream = Say("session.stream", {"url": session.stream})
    if materials:
        buttons.append((materials_button(session),))
    if session.questions:
        buttons.append((Button(Say("session.button_questions"), Tap("tanya", session.id, "open")),))
    return Say(
        "card.session",
        {
            "lead": lead,
            "title": session.title,
            **session_times(session),
            "meeting_id": session.meeting.meeting_id,
            "passcode": session.meeting.passcode,
            "stream": stream,
        },
        tuple(buttons),
    )


def materials_button(session: Session) -> Button:
    """The way to what has been handed out at a session."""
    return Button(Say("materials.button_card"), Tap("materi", session.id, "show"))


def _stuck_button(session: Session, *, stuck: bool) -> Button:
    if stuck:
        return Button(Say("stuck.button_in"), Tap("sesi", session.id, "in"))
    return Button(Say("stuck.button"), Tap("sesi", session.id, "stuck"))


def cancelled_card(session: Session, lead: Value) -> Say:
    """A session that does not take place: when it was to be, and no way in."""
    said: dict[str, Value] = {"lead": lead, "title": session.title, **session_times(session)}
    return Say("sessions.card_cancelled", said)


def session_times(session: Session) -> dict[str, Value]:
    """When a session is, in all zones: the day once, then the room, the start and the end by the clock."""
    return {
        "day": day(session.starts),
        "opens": clock_times(session.room_opens),
        "starts": clock_times(session.starts),
        "ends": clock_times(session.ends),
    }


def variables(programme: Programme, about: Target | None) -> dict[str, Value]:
    """What an entry's text may name besides {nama} and {satker}; `rekan check` refuses any other."""
    values: dict[str, Value] = {"program": programme.title, "portal": programme.portal.name}
    if about is None or about.id == EVERYTHING:
        return values
    match _found(programme, about):
        case Module() as module:
            values["modul"] = module.title
        case Quiz() as quiz:
            values["kuis"] = quiz.title
        case Session() as session:
            values |= {"sesi": session.title, "mulai": session.starts, "selesai": session.ends}
        case JournalTask() as task:
            values |= {"jurnal": task.prompt.title, "tenggat": deadline_in_words(programme, task)}
    return values


def deadline_in_words(programme: Programme, task: JournalTask) -> Value:
    """A journal task's deadline where it is not known whose: a local time, or a day of the own course."""
    match task.deadline:
        case None:
            return programme.last_day
        case Local() as local:
            return local
        case personal:
            return Say("journal.personal_deadline", {"day": personal.day})


def _open_list(kind: Item) -> Button:
    return Button(Say(f"{kind}.button_list"), Tap(_ACTION[kind], "", "list"))


_ACTION = {Item.MODULE: "modul", Item.QUIZ: "quiz", Item.JOURNAL: "jurnal", Item.SESSION: "sesi"}
