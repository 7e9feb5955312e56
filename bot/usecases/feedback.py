"""Feedback after a session: who was there is asked once, answers with a tap, and may add a sentence.

One message, edited as they answer. Some time later the speaker and the coordinators get a summary; they see
no names.
"""

from datetime import datetime, timedelta

from bot.domain import feedback as domain
from bot.domain.events import Wrote
from bot.domain.feedback import RATINGS, Summary
from bot.domain.messages import (
    Bar,
    Board,
    Button,
    Chart,
    Edit,
    Lane,
    Message,
    Picture,
    Reply,
    Say,
    Tap,
    Value,
)
from bot.domain.people import Person
from bot.domain.programme import Programme, Session
from bot.domain.sessions import SUMMED_UP_AFTER, State
from bot.domain.staff import Right
from bot.domain.zones import Zone
from bot.storage import dialogues, outbox, people, staff, waves
from bot.storage import feedback as stored
from bot.storage.copies import Times
from bot.storage.database import Transaction
from bot.storage.feedback import Given
from bot.storage.spans import Span
from bot.storage.waves import Ringing
from bot.usecases import slices
from bot.usecases.menu import OLD_BUTTON
from bot.usecases.slices import Step, Taken

TAP = "nilai"
"""The action of its buttons; their item is a session."""

AREA = "k-nilai"
"""The action of the desk's buttons."""

DIALOGUE = "feedback"

ASK = "feedback"
"""The step in which people are asked (`usecases.slices`)."""

BOARD = "feedback"
"""The kind of the message that sums up."""

_IDLE = timedelta(hours=1)
_BY = timedelta(minutes=30)
_NOT_AFTER = timedelta(days=1)
_CAPTION = 3  # sentences under the chart: a caption holds 1,024 characters


# --- asking -------------------------------------------------------------------------------------------


def session_reached(
    tx: Transaction, programme: Programme, session: Session, step: State, now: datetime
) -> None:
    """Ask who was there, and have what they answer summed up later."""
    if step is not State.FEEDBACK or not session.feedback or now > session.ends + domain.ASKED_WITHIN:
        return
    waves.wait_for_joiners(tx, programme.id)
    number = 0
    last = None
    for zone in Zone:
        due_at = programme.windows.next_open(now, zone)
        if due_at is None or due_at > session.ends + domain.ASKED_WITHIN:
            continue
        times = Times(due_at, due_at + _BY, due_at + _NOT_AFTER)
        wave_id = waves.note(tx, programme, f"feedback:{session.id}", times, now, zone=zone)
        what = Step(ASK, {"session": session.id})
        owed, done = slices.begin(tx, wave_id, what, ask, now, most=slices.SLICE - number)
        number += owed
        if owed or not done:
            last = due_at if last is None else max(last, due_at)
    if last is not None:
        _have_summed_up(tx, programme, session, last + SUMMED_UP_AFTER, now)


def ask(tx: Transaction, wave: Ringing, step: Step, now: datetime) -> Taken:
    """Ask the next of those who were there."""
    programme = tx.catalogue.programme(wave.programme_id)
    session = None if programme is None else programme.session(step.details["session"])
    if programme is None or session is None or now > wave.not_after:
        return Taken(0)
    waves.wait_for_joiners(tx, programme.id)
    span = Span(step.after, people.further(tx, programme.id, step.after, slices.SLICE))
    mailing = outbox.mailing(
        tx,
        span.of(stored.whom(programme, session, wave.zone)),
        Say("feedback.ask", {"title": session.title}, (_ratings(session),)),
        reason=stored.reason(programme.id, session.id),
        lane=Lane.REMINDER,
        now=now,
        due_at=wave.due_at,
        everybody_by=wave.everybody_by,
        not_after=wave.not_after,
        wave_id=wave.id,
    )
    return Taken(mailing.owe(tx), span.upto)


def _have_summed_up(
    tx: Transaction, programme: Programme, session: Session, at: datetime, now: datetime
) -> None:
    """Owe the speaker and who runs sessions a summary; what stands in it is looked up when it is sent."""
    due_at = programme.windows.next_open(at, programme.zone) or at
    runs = (each.person.id for each in staff.staff(tx, programme.id) if each.may(Right.RUN_SESSIONS))
    for person_id in dict.fromkeys((*staff.speakers_of(tx, programme.id, session.id), *runs)):
        outbox.owe(
            tx,
            outbox.Recipient(person_id=person_id),
            Board(BOARD, f"{programme.id}/{session.id}"),
            reason=f"{programme.id}/feedback-summary:{session.id}",
            lane=Lane.REMINDER,
            now=now,
            due_at=due_at,
        )


# --- answering ----------------------------------------------------------------------------------------


def tap(
    tx: Transaction,
    person: Person,
    chat_id: int,
    programme: Programme,
    message_id: int,
    tapped: Tap,
    now: datetime,
) -> Reply:
    """A rating, or the wish to change it or to add a sentence."""
    session = programme.session(tapped.item)
    if session is None or not stored.was_asked(tx, programme.id, session.id, person.id):
        return Reply((OLD_BUTTON,))
    if now > session.ends + domain.OPEN_FOR:
        return Reply((Edit(message_id, Say("feedback.over", {"title": session.title})),))
    dialogues.leave(tx, chat_id, DIALOGUE)
    match tapped.choice:
        case rating if rating in {str(each) for each in RATINGS}:
            stored.rate(tx, programme.id, session.id, person.id, int(rating), now)
            return _thanked(tx, programme, session, person, message_id, Say("feedback.toast"))
        case "again":
            again = Say("feedback.ask", {"title": session.title}, (_ratings(session),))
            return Reply((Edit(message_id, again),))
        case "write" if stored.given(tx, programme.id, session.id, person.id) is not None:
            state = {"session": session.id, "message": message_id}
            dialogues.enter(tx, chat_id, DIALOGUE, state, now)
            back = (Button(Say("feedback.button_back"), Tap(TAP, session.id, "back")),)
            return Reply((Edit(message_id, Say("feedback.write", {"title": session.title}, (back,))),))
        case "back" if stored.given(tx, programme.id, session.id, person.id) is not None:
            return _thanked(tx, programme, session, person, message_id)
    return Reply((OLD_BUTTON,))


def write(
    tx: Transaction, person: Person, chat_id: int, programme: Programme, event: Wrote, now: datetime
) -> Reply | None:
    """The sentence, where one was asked for; None where not, or long ago."""
    dialogue = dialogues.fresh(tx, chat_id, DIALOGUE, now, _IDLE)
    if dialogue is None:
        return None
    dialogues.leave(tx, chat_id, DIALOGUE)
    session = programme.session(dialogue.state["session"])
    if session is None:
        return None
    stored.say(tx, programme.id, session.id, person.id, domain.sentence(event.text))
    return _thanked(tx, programme, session, person, dialogue.state["message"])


def _thanked(
    tx: Transaction,
    programme: Programme,
    session: Session,
    person: Person,
    message_id: int,
    toast: Say | None = None,
) -> Reply:
    found = stored.given(tx, programme.id, session.id, person.id)
    if found is None:
        return Reply((OLD_BUTTON,))
    said: dict[str, Value] = {
        "title": session.title,
        "stars": stars(found.rating),
        "sentence": Say("feedback.own", {"sentence": found.sentence}) if found.sentence else "",
    }
    write_label = Say("feedback.button_rewrite" if found.sentence else "feedback.button_write")
    rows = (
        (Button(write_label, Tap(TAP, session.id, "write")),),
        (Button(Say("feedback.button_again"), Tap(TAP, session.id, "again")),),
    )
    return Reply((Edit(message_id, Say("feedback.thanks", said, rows)),), toast)


def _ratings(session: Session) -> tuple[Button, ...]:
    return tuple(Button(f"{rating} ⭐", Tap(TAP, session.id, str(rating))) for rating in RATINGS)


# --- reading ------------------------------------------------------------------------------------------


def stars(rating: int) -> str:
    """A rating as a picture that is read without colours."""
    return "★" * rating + "☆" * (len(RATINGS) - rating)


def mean(found: Summary) -> Say:
    """The mean, as the reader writes decimals."""
    return Say("feedback.mean", {"whole": found.tenths // 10, "tenth": found.tenths % 10})


def in_words(found: Summary) -> Say:
    """The mean, and how many it is of; of too few, only how many."""
    if not found.answers:
        return Say("feedback.none", {"asked": found.asked})
    said: dict[str, Value] = {"answers": found.answers, "asked": found.asked}
    if not found.has_mean:
        return Say("feedback.few", said)
    return Say("feedback.summary", {**said, "mean": mean(found)})


def too_few(found: Summary) -> Say | None:
    """Why no answers are shown one by one; None where they are, or where there are none."""
    if found.is_enough or not found.answers:
        return None
    return Say("feedback.too_few", {"enough": domain.ENOUGH})


def session_counts(tx: Transaction, programme: Programme, session: Session) -> tuple[Say, ...]:
    """The mean, where somebody has answered."""
    found = stored.summary(tx, programme.id, session.id) if session.feedback else None
    return () if found is None or not found.answers else (in_words(found),)


def quoted(given: Given) -> Say:
    """What somebody said, without their name."""
    return Say("feedback.quoted", {"stars": stars(given.rating), "sentence": given.sentence})


def summed_up(tx: Transaction, board: Board, now: datetime) -> Message | None:
    """The summary as it is at this moment."""
    programme_id, _, session_id = board.item.partition("/")
    programme = tx.catalogue.programme(programme_id)
    session = None if programme is None else programme.session(session_id)
    if programme is None or session is None:
        return None
    found = stored.summary(tx, programme.id, session.id)
    if not found.is_enough:
        said: dict[str, Value] = {
            "title": session.title,
            "summary": in_words(found),
            "bars": "",
            "lines": too_few(found) or "",
        }
        rows = ((Button(Say("feedback.button_read"), Tap(AREA, session.id, "open")),),)
        return Say("feedback.one", said, rows if found.answers else ())
    return chart(tx, programme, session, found, now)


def chart(tx: Transaction, programme: Programme, session: Session, found: Summary, now: datetime) -> Picture:
    """How often each rating was given, drawn, with the newest sentences."""
    said: dict[str, Value] = {"title": session.title, "at": now}
    bars = tuple(
        Bar(f"{rating} {stars(rating)}", found.counts[rating], found.answers) for rating in reversed(RATINGS)
    )
    drawn = Chart(
        Say("feedback.chart_title", said),
        bars,
        (Say("feedback.chart_done"), Say("feedback.chart_others")),
        Say("feedback.chart_source", {"answers": found.answers, "asked": found.asked, "at": now}),
    )
    newest = stored.sentences(tx, programme.id, session.id, limit=_CAPTION)
    caption: dict[str, Value] = {
        "title": session.title,
        "summary": in_words(found),
        "lines": tuple(quoted(each) for each in newest),
    }
    rows = ((Button(Say("feedback.button_read"), Tap(AREA, session.id, "open")),),)
    return Picture(drawn, Say("feedback.chart_caption", caption, rows))
