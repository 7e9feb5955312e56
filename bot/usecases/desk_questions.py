"""The questions of their sessions, for speakers and who moderates. The deeds are `questions`."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.domain.events import Shared, Wrote
from bot.domain.messages import Button, Edit, Message, Reply, Say, Tap, Value
from bot.domain.programme import Session
from bot.domain.questions import LONGEST, Question, State, ranked
from bot.domain.staff import Right
from bot.storage import questions as stored
from bot.storage.database import Transaction
from bot.usecases import questions
from bot.usecases.menu import OLD_BUTTON
from bot.usecases.shift import Shift, ask, ask_no_more, asked_by, menu_button

ACTION = questions.DESK
RIGHT = Right.SPEAK

_SESSIONS = 10
_MARKS = {
    "answered": State.ANSWERED,
    "later": State.LATER,
    "reopen": State.OPEN,
    "hide": State.HIDDEN,
}


def open(tx: Transaction, shift: Shift) -> Reply:  # noqa: A001 - every area of a coordinator's desk is opened so
    """The questions of the session that is on, or the sessions to choose from."""
    mine = [each for each in shift.programme.sessions if each.questions and questions.may(shift.actor, each)]
    on = [each for each in mine if questions.is_open(each, shift.now)]
    if len(on) == 1:
        return _board(tx, shift, on[0])
    if not mine:
        return Reply((Say("questions.none_yours", {}, ((menu_button(),),)),))
    rows = [(Button(session.title, Tap(ACTION, session.id, "board")),) for session in _nearest(mine, shift)]
    return Reply((Say("questions.which_yours", {}, (*rows, (menu_button(),))),))


def tap(tx: Transaction, shift: Shift, message_id: int, tapped: Tap) -> Reply:
    """A button: of a session (its id), or of a question (its number)."""
    if tapped.choice in {"board", "hidden"}:
        session = shift.programme.session(tapped.item)
        if session is None or not questions.may(shift.actor, session):
            return Reply((OLD_BUTTON,))
        return _board(tx, shift, session) if tapped.choice == "board" else _hidden(tx, shift, session)
    number = int(tapped.item) if tapped.item.isdecimal() and len(tapped.item) < 12 else 0
    found = questions.of(tx, shift.actor, shift.programme, number)
    if found is None:
        return Reply((), Say("questions.gone_toast"))
    match tapped.choice:
        case "show":
            return Reply((_one(shift, found),))
        case "back":
            ask_no_more(tx, shift)
            return Reply((Edit(message_id, _one(shift, found)),))
        case "answer":
            ask(tx, shift, ACTION, {"asked": "answer", "id": number})
            said: dict[str, Value] = {"text": found.text, "most": LONGEST}
            return Reply((Say("questions.ask_answer", said, (_back(found),)),))
        case "send":
            return _send(tx, shift, message_id, found)
        case choice if (becomes := _MARKS.get(choice)) is not None:
            done = questions.mark(tx, shift.actor, shift.programme, number, becomes, shift.now)
            again = questions.of(tx, shift.actor, shift.programme, number)
            if again is None:
                return Reply((), Say("questions.gone_toast"))
            toast = Say("questions.marked_toast") if done else None
            return Reply((Edit(message_id, _one(shift, again)),), toast)
    return Reply((OLD_BUTTON,))


def write(tx: Transaction, shift: Shift, asked: Mapping[str, Any], event: Wrote | Shared) -> Reply:
    """An answer, which is shown once more before it is sent."""
    found = questions.of(tx, shift.actor, shift.programme, int(asked.get("id", 0)))
    if found is None:
        ask_no_more(tx, shift)
        return Reply((Say("questions.gone"),))
    if not isinstance(event, Wrote):
        return Reply((Say("questions.text_please", {}, (_back(found),)),))
    words = event.text.strip()
    if len(words) > LONGEST:
        said: dict[str, Value] = {"count": len(words), "most": LONGEST}
        return Reply((Say("questions.answer_too_long", said, (_back(found),)),))
    ask(tx, shift, ACTION, {**asked, "text": words})
    rows = ((Button(Say("questions.button_send"), Tap(ACTION, str(found.id), "send")),), _back(found))
    preview: dict[str, Value] = {"text": found.text, "answer": words, "count": found.supports + 1}
    return Reply((Say("questions.answer_preview", preview, rows),))


def _send(tx: Transaction, shift: Shift, message_id: int, found: Question) -> Reply:
    before = asked_by(tx, shift, ACTION)
    if before.get("id") != found.id or "text" not in before:
        return Reply((OLD_BUTTON,))
    ask_no_more(tx, shift)
    people = questions.answer(tx, shift.actor, shift.programme, found.id, before["text"], shift.now)
    said: dict[str, Value] = {"count": people or 0, "text": found.text, "answer": before["text"]}
    return Reply((Edit(message_id, Say("questions.answer_sent", said, (_back(found),))),))


def _board(tx: Transaction, shift: Shift, session: Session) -> Reply:
    questions.put_up(tx, shift.actor, shift.programme, session, shift.now)
    return Reply()


def _hidden(tx: Transaction, shift: Shift, session: Session) -> Reply:
    if not questions.moderates(shift.actor):
        return Reply((), Say("questions.moderators_toast"))
    found = ranked(stored.questions(tx, shift.programme.id, session.id, states=(State.HIDDEN,)))
    buttons = [
        Button(str(number), Tap(ACTION, str(each.id), "show"))
        for number, each in enumerate(found[: questions.LIST], start=1)
    ]
    lines = questions.lines(found, names=True) or (Say("questions.nothing"),)
    said: dict[str, Value] = {"title": session.title, "lines": lines}
    sent: Message = Say("questions.hidden", said, (tuple(buttons),) if buttons else ())
    return Reply((sent,))


def _one(shift: Shift, found: Question) -> Say:
    """A question, and what can be made of it."""
    item = str(found.id)
    rows: list[tuple[Button, ...]] = []
    if found.state is not State.HIDDEN:
        marks = [
            choice
            for choice in ("answered", "later", "reopen")
            if _MARKS[choice] is not found.state and (choice != "reopen" or not found.waits)
        ]
        rows.append(tuple(_button(choice, item) for choice in marks))
        rows.append((_button("reanswer" if found.answer else "answer", item, "answer"),))
    if questions.moderates(shift.actor):
        rows.append(
            (_button(*(("show_again", item, "reopen") if found.state is State.HIDDEN else ("hide", item))),)
        )
    said: dict[str, Value] = {
        "text": found.text,
        "who": Say("questions.by", {"who": found.name}) if found.name else Say("questions.by_nobody"),
        "count": found.supports,
        "state": Say(f"questions.state_{found.state}"),
        "answer": Say("questions.answered_so", {"answer": found.answer}) if found.answer else "",
    }
    return Say("questions.one", said, tuple(rows))


def _button(key: str, item: str, choice: str | None = None) -> Button:
    return Button(Say(f"questions.button_{key}"), Tap(ACTION, item, choice or key))


def _back(found: Question) -> tuple[Button, ...]:
    return (Button(Say("questions.button_back"), Tap(ACTION, str(found.id), "back")),)


def _nearest(mine: Sequence[Session], shift: Shift) -> list[Session]:
    """Those that are on or to come first, then what is over, the latest first."""
    ahead = [each for each in mine if each.ends > shift.now]
    over = [each for each in reversed(mine) if each.ends <= shift.now]
    return [*ahead, *over][:_SESSIONS]
