"""Putting a question to a session: composed in Telegram or picked, looked at, launched, shown.

The deeds are `live_quiz`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from bot.domain.events import Shared, Wrote
from bot.domain.language import Localised
from bot.domain.live_quiz import Question, State
from bot.domain.messages import Button, Edit, Reply, Say, Tap, Value
from bot.domain.posts import Question as Poll
from bot.domain.programme import Quiz, Session
from bot.domain.quiz import escaped
from bot.domain.staff import Right
from bot.storage import audience
from bot.storage import live_quiz as stored
from bot.storage.database import Transaction
from bot.storage.live_quiz import LiveQuiz
from bot.usecases import live_quiz
from bot.usecases.menu import OLD_BUTTON
from bot.usecases.shift import Shift, ask, ask_no_more, menu_button

ACTION = live_quiz.DESK
RIGHT = Right.SPEAK

T = TypeVar("T")

_SESSIONS = 10
_SHORT = 40  # characters of a question on a button


def open(tx: Transaction, shift: Shift) -> Reply:  # noqa: A001 - every area of a coordinator's desk is opened so
    """The session that is on, or the sessions to choose from."""
    mine = [
        each for each in shift.programme.sessions if live_quiz.may(shift.actor, each) and not each.cancelled
    ]
    on = [each for each in mine if each.room_opens <= shift.now < each.ends]
    if len(on) == 1:
        return Reply((_session(tx, shift, on[0]),))
    if not mine:
        return Reply((Say("live.none_yours", {}, ((menu_button(),),)),))
    rows = [(Button(each.title, Tap(ACTION, each.id, "show")),) for each in _nearest(mine, shift)]
    return Reply((Say("live.which", {}, (*rows, (menu_button(),))),))


def tap(tx: Transaction, shift: Shift, message_id: int, tapped: Tap) -> Reply:
    """A button: of a session (its id, and what else it names), or of a question (its number)."""
    if tapped.choice in {"ready", "launch_all", "launch_present", "drop", "progress", "reveal", "revealed"}:
        return _of_question(tx, shift, message_id, tapped)
    head, *rest = tapped.item.split("/")
    session = shift.programme.session(head)
    if session is None or not live_quiz.may(shift.actor, session):
        return Reply((OLD_BUTTON,))
    match tapped.choice, rest:
        case "show", []:
            ask_no_more(tx, shift)
            return Reply((Edit(message_id, _session(tx, shift, session)),))
        case "new", []:
            return _ask(tx, shift, session)
        case "pick", []:
            return Reply((Edit(message_id, _quizzes(shift, session)),))
        case "pick", [number]:
            quiz = _nth(shift.programme.quizzes, number)
            return Reply((Edit(message_id, _questions(session, quiz, number)) if quiz else OLD_BUTTON,))
        case "pick", [number, which]:
            quiz = _nth(shift.programme.quizzes, number)
            picked = None if quiz is None else _nth(quiz.questions, which)
            if picked is None:
                return Reply((OLD_BUTTON,))
            question = Question(
                picked.text, picked.options, picked.correct, picked.explanation, len(picked.correct) > 1
            )
            return _drafted(tx, shift, session, question)
        case "board", []:
            return Reply((live_quiz.leaderboard_in_words(tx, shift.programme, session),))
    return Reply((OLD_BUTTON,))


def write(tx: Transaction, shift: Shift, asked: Mapping[str, Any], event: Wrote | Shared) -> Reply:
    """A poll that was made for the session."""
    session = shift.programme.session(asked.get("session", ""))
    if session is None or not live_quiz.may(shift.actor, session):
        ask_no_more(tx, shift)
        return Reply((OLD_BUTTON,))
    if not isinstance(event, Shared) or event.poll is None:
        return Reply((Say("live.poll_please", {}, (_to(session),)),))
    return _drafted(tx, shift, session, composed(event.poll))


def offer(tx: Transaction, shift: Shift, event: Wrote | Shared) -> Reply | None:
    """A poll came while nothing was open: a question to the session that is on, or comes next."""
    if not isinstance(event, Shared) or event.poll is None or not shift.actor.may(RIGHT):
        return None
    mine = (
        each for each in shift.programme.sessions if live_quiz.may(shift.actor, each) and not each.cancelled
    )
    session = next((each for each in mine if each.ends > shift.now), None)
    return None if session is None else _drafted(tx, shift, session, composed(event.poll))


def composed(poll: Poll) -> Question:
    """A question as it was made with Telegram's own composer: the same in both languages."""
    return Question(
        Localised(poll.text, poll.text),
        tuple(Localised(option, option) for option in poll.options),
        tuple(sorted(poll.correct)),
        Localised(poll.explanation, poll.explanation) if poll.explanation else None,
        poll.multiple,
    )


def _of_question(tx: Transaction, shift: Shift, message_id: int, tapped: Tap) -> Reply:
    number = int(tapped.item) if tapped.item.isdecimal() and len(tapped.item) < 12 else 0
    found = live_quiz.of(tx, shift.actor, shift.programme, number)
    session = None if found is None else shift.programme.session(found.session_id)
    if found is None or session is None:
        return Reply((), Say("live.gone_toast"))
    match tapped.choice:
        case "launch_all" | "launch_present" if found.state is State.DRAFT:
            if not live_quiz.is_on(session, shift.now):
                return Reply((), Say("live.not_on_toast"))
            whom = tapped.choice.removeprefix("launch_")
            if not audience.count(tx, live_quiz.meant(shift.programme, session.id, whom)):
                return Reply((), Say("live.nobody_toast"))
            done = live_quiz.launch(tx, shift.actor, shift.programme, number, whom, shift.now)
            said: dict[str, Value] = {
                "text": escaped(found.question.text),
                "count": done.people if done else 0,
            }
            return Reply((Edit(message_id, Say("live.launched", said)),))
        case "drop" if found.state is State.DRAFT:
            stored.remove(tx, number)
            return Reply((Edit(message_id, Say("live.dropped", {}, (_to(session),))),))
        case "reveal" | "revealed" if found.state is State.RUNNING:
            results = stored.results(tx, found)
            if tapped.choice == "reveal" and not live_quiz.time_is_up(found, results, shift.now):
                left: dict[str, Value] = {
                    "count": live_quiz.seconds_left(found, results, shift.now),
                    "waiting": results.waiting,
                }
                rows = ((Button(Say("live.button_reveal_now"), Tap(ACTION, tapped.item, "revealed")),),)
                return Reply((Say("live.time_runs", left, rows),))
            live_quiz.reveal(tx, shift.actor, shift.programme, number, shift.now)
            if tapped.choice == "reveal":
                return Reply((), Say("live.revealed_toast"))
            return Reply((Edit(message_id, Say("live.revealed")),))
    return Reply((), Say("live.done_toast"))


def _drafted(tx: Transaction, shift: Shift, session: Session, question: Question) -> Reply:
    ask_no_more(tx, shift)
    made = live_quiz.draft(tx, shift.actor, shift.programme, session, question, shift.now)
    return Reply((OLD_BUTTON if made is None else _preview(tx, shift, session, made),))


def _preview(tx: Transaction, shift: Shift, session: Session, made: LiveQuiz) -> Say:
    """What launching it would mean: the question, for how many, how it is counted."""
    item, question = str(made.id), made.question
    rows: list[tuple[Button, ...]] = []
    for whom in ("present", "all"):
        if whom == "present" and session.check_in is None:
            continue
        count = audience.count(tx, live_quiz.meant(shift.programme, session.id, whom))
        label = Say(f"live.button_launch_{whom}", {"count": count})
        rows.append((Button(label, Tap(ACTION, item, f"launch_{whom}")),))
    rows.append((Button(Say("live.button_drop"), Tap(ACTION, item, "drop")),))
    options = tuple(
        Say("live.option", {"mark": "✅" if n in question.correct else "▫️", "option": escaped(option)})
        for n, option in enumerate(question.options)
    )
    said: dict[str, Value] = {
        "title": session.title,
        "text": escaped(question.text),
        "lines": options,
        "seconds": shift.programme.live.seconds,
        "rule": Say(f"live.rule_{shift.programme.live.votes}"),
        "kind": Say("live.kind_quiz" if question.correct else "live.kind_poll"),
    }
    return Say("live.preview", said, tuple(rows))


def _ask(tx: Transaction, shift: Shift, session: Session) -> Reply:
    ask(tx, shift, ACTION, {"asked": "poll", "session": session.id})
    rows: list[tuple[Button, ...]] = []
    if shift.programme.quizzes:
        rows.append((Button(Say("live.button_pick"), Tap(ACTION, session.id, "pick")),))
    rows.append(_to(session))
    return Reply((Say("live.ask", {"title": session.title}, tuple(rows)),))


def _session(tx: Transaction, shift: Shift, session: Session) -> Say:
    """A session's live quiz: what has been asked, and what can be done."""
    asked = stored.live_quizzes(tx, shift.programme.id, session.id)
    lines = []
    for place, each in enumerate(asked, start=1):
        results = stored.results(tx, each)
        said: dict[str, Value] = {
            "number": place,
            "text": escaped(each.question.text),
            "answered": results.answered,
            "right": results.right,
            "people": each.people,
        }
        key = "running" if each.state is State.RUNNING else "revealed" if each.question.correct else "poll"
        lines.append(Say(f"live.asked_{key}", said))
    rows = [(Button(Say("live.button_new"), Tap(ACTION, session.id, "new")),)]
    if any(each.state is State.REVEALED and each.question.correct for each in asked):
        rows.append((Button(Say("live.button_leaderboard"), Tap(ACTION, session.id, "board")),))
    rows.append((menu_button(),))
    shown: dict[str, Value] = {"title": session.title, "lines": tuple(lines) or (Say("live.nothing_asked"),)}
    return Say("live.session", shown, tuple(rows))


def _quizzes(shift: Shift, session: Session) -> Say:
    rows = [
        (Button(quiz.title, Tap(ACTION, f"{session.id}/{n}", "pick")),)
        for n, quiz in enumerate(shift.programme.quizzes)
    ]
    return Say("live.pick_quiz", {}, (*rows, _to(session)))


def _questions(session: Session, quiz: Quiz, number: str) -> Say:
    rows = [
        (Button(_short(each.text), Tap(ACTION, f"{session.id}/{number}/{n}", "pick")),)
        for n, each in enumerate(quiz.questions)
    ]
    return Say("live.pick_question", {"title": quiz.title}, (*rows, _to(session)))


def _short(text: Localised) -> Localised:
    """A question on a button."""
    return escaped(
        Localised(
            *(
                each if len(each) <= _SHORT else each[: _SHORT - 1].rstrip() + "…"
                for each in (text.id, text.en)
            )
        )
    )


def _nth(things: Sequence[T], number: str) -> T | None:
    return (
        things[int(number)] if number.isdecimal() and len(number) < 4 and int(number) < len(things) else None
    )


def _to(session: Session) -> tuple[Button, ...]:
    return (Button(Say("live.button_back"), Tap(ACTION, session.id, "show")),)


def _nearest(mine: Sequence[Session], shift: Shift) -> list[Session]:
    """Those that are on or to come first, then what is over, the latest first."""
    ahead = [each for each in mine if each.ends > shift.now]
    over = [each for each in reversed(mine) if each.ends <= shift.now]
    return [*ahead, *over][:_SESSIONS]
