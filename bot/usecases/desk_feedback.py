"""The desk's area of feedback, for speakers too: how their sessions were found, in figures and sentences."""

from collections.abc import Mapping
from typing import Any

from bot.domain.events import Shared, Wrote
from bot.domain.feedback import RATINGS, Summary
from bot.domain.messages import Button, Edit, Reply, Say, Tap, Value
from bot.domain.programme import Session
from bot.domain.staff import Right
from bot.storage import feedback as stored
from bot.storage.database import Transaction
from bot.usecases import feedback
from bot.usecases.menu import OLD_BUTTON
from bot.usecases.shift import Shift, menu_button

ACTION = feedback.AREA
RIGHT = Right.SPEAK

_SHOWN = 10
_BAR = 10

__all__ = ["ACTION", "RIGHT", "open", "tap", "write"]


def open(tx: Transaction, shift: Shift) -> Reply:  # noqa: A001 - every area of a coordinator's desk is opened so
    """The means of one's sessions."""
    return Reply((_overview(tx, shift),))


def write(tx: Transaction, shift: Shift, asked: Mapping[str, Any], event: Wrote | Shared) -> Reply:
    """Nothing is typed here."""
    return open(tx, shift)


def tap(tx: Transaction, shift: Shift, message_id: int, tapped: Tap) -> Reply:
    """A button of this area; its item is a session."""
    if tapped.choice == "list":
        return Reply((Edit(message_id, _overview(tx, shift)),))
    session = shift.programme.session(tapped.item)
    if session is None or not shift.actor.speaks_at(session.id):
        return Reply((OLD_BUTTON,))
    match tapped.choice:
        case "show":
            return Reply((Edit(message_id, _one(tx, shift, session)),))
        case "open":
            return Reply((_one(tx, shift, session),))
        case "chart":
            found = stored.summary(tx, shift.programme.id, session.id)
            if not found.is_enough:
                return Reply((), feedback.too_few(found) or Say("feedback.toast_none"))
            return Reply((feedback.chart(tx, shift.programme, session, found, shift.now),))
    return Reply((OLD_BUTTON,))


def _overview(tx: Transaction, shift: Shift) -> Say:
    asked = [each for each in shift.programme.sessions if each.feedback and shift.actor.speaks_at(each.id)]
    lines = []
    for session in asked:
        said: dict[str, Value] = {
            "title": session.title,
            "summary": feedback.in_words(stored.summary(tx, shift.programme.id, session.id))
            if session.ends <= shift.now
            else Say("feedback.later"),
        }
        lines.append(Say("feedback.line", said))
    rows = tuple(
        (Button(each.title, Tap(ACTION, each.id, "show")),) for each in asked if each.ends <= shift.now
    )
    return Say(
        "feedback.overview", {"lines": tuple(lines) or Say("feedback.nowhere")}, (*rows, (menu_button(),))
    )


def _one(tx: Transaction, shift: Shift, session: Session) -> Say:
    found = stored.summary(tx, shift.programme.id, session.id)
    enough = found.is_enough
    newest = stored.sentences(tx, shift.programme.id, session.id, limit=_SHOWN) if enough else []
    said: dict[str, Value] = {
        "title": session.title,
        "summary": feedback.in_words(found),
        "bars": _bars(found) if enough else "",
        "lines": feedback.too_few(found) or tuple(feedback.quoted(each) for each in newest),
    }
    chart = Button(Say("feedback.button_chart"), Tap(ACTION, session.id, "chart"))
    back = Button(Say("feedback.button_list"), Tap(ACTION, "", "list"))
    return Say("feedback.one", said, ((chart, back),) if enough else ((back,),))


def _bars(found: Summary) -> tuple[Say, ...]:
    most = max(found.counts.values())
    return tuple(
        Say(
            "feedback.bar",
            {
                "stars": feedback.stars(rating),
                "bar": "▰" * round(_BAR * found.counts[rating] / most),
                "count": found.counts[rating],
            },
        )
        for rating in reversed(RATINGS)
    )
