"""Questions to a session's speaker: asked, supported, ranked, answered.

The speaker's screens are `desk_questions`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.domain import questions as domain
from bot.domain.audit import Action
from bot.domain.forms import short_moment
from bot.domain.messages import Board, Button, Edit, Lane, Reply, Say, Tap, Value
from bot.domain.people import Person
from bot.domain.programme import Programme, Session
from bot.domain.questions import SHOWN, Question, State
from bot.domain.sessions import State as Step
from bot.domain.staff import Actor, Right
from bot.storage import audit, boards, dialogues, outbox, staff, waves
from bot.storage import questions as stored
from bot.storage.copies import Times
from bot.storage.database import Transaction
from bot.storage.outbox import Recipient
from bot.usecases import copies
from bot.usecases.menu import MENU, OLD_BUTTON

ACTION = "tanya"
"""The action of participants' buttons."""

DESK = "k-tanya"
"""The action of the speaker's buttons."""

DIALOGUE = "tanya"

BOARD = "questions"
"""The kind of the speaker's screen; its item is "programme/session"."""

ANSWER = "answer"
"""The kind of the message that brings a written answer; its item is the question's number."""

LIST = 8
"""How many questions a screen has, with a button each."""

_IDLE = timedelta(minutes=30)  # after which what somebody types is no question any more
_DAY = timedelta(days=1)  # for which what was asked of a session is offered to be read
_SHORT = 160  # characters of a question in a list


def is_open(session: Session, now: datetime) -> bool:
    """Whether questions can be asked: from the session's start to its end."""
    return session.questions and not session.cancelled and session.starts <= now < session.ends


# --- participants ---------------------------------------------------------------------------------------


def overview(tx: Transaction, person: Person, programme: Programme, now: datetime) -> Reply:
    """`/tanya`: the questions of the session that is on, or which sessions take questions."""
    on = [session for session in programme.sessions if is_open(session, now)]
    if len(on) == 1:
        return Reply((_list(tx, person, programme, on[0], now),))
    if on:
        rows = tuple((Button(each.title, Tap(ACTION, each.id, "list")),) for each in on)
        return Reply((Say("questions.which", {}, rows),))
    over = [each for each in programme.sessions if each.questions and now - _DAY < each.ends <= now]
    rows = tuple((Button(each.title, Tap(ACTION, each.id, "open")),) for each in over)
    coming = next((each for each in programme.sessions if each.questions and each.starts > now), None)
    if coming is None:
        return Reply((Say("questions.none", {}, rows or MENU),))
    said: dict[str, Value] = {"title": coming.title, "at": short_moment(coming.starts)}
    return Reply((Say("questions.coming", said, rows or MENU),))


def tap(
    tx: Transaction,
    person: Person,
    chat_id: int,
    programme: Programme,
    message_id: int,
    tapped: Tap,
    now: datetime,
) -> Reply:
    """A button of the questions: of a session (its id), or of a question (its number)."""
    if tapped.choice in {"support", "withdraw"}:
        number = int(tapped.item) if tapped.item.isdecimal() and len(tapped.item) < 12 else 0
        return _of_question(tx, person, programme, message_id, number, tapped.choice, now)
    session = programme.session(tapped.item)
    if session is None or not session.questions:
        return Reply((OLD_BUTTON,))
    match tapped.choice:
        case "open":
            return Reply((_list(tx, person, programme, session, now),))
        case "list":
            return Reply((Edit(message_id, _list(tx, person, programme, session, now)),))
        case "ask" | "named" | "unnamed":
            if (closed := _closed(session, now)) is not None:
                return Reply((closed,))
            anonymous = tapped.choice == "unnamed"
            asked = {"session": session.id, "anonymous": anonymous}
            dialogues.enter(tx, chat_id, DIALOGUE, asked, now)
            screen = _ask(session, anonymous=anonymous)
            return Reply((screen if tapped.choice == "ask" else Edit(message_id, screen),))
        case "cancel":
            dialogues.leave(tx, chat_id, DIALOGUE)
            return Reply((Edit(message_id, _list(tx, person, programme, session, now)),))
    return Reply((OLD_BUTTON,))


def write(
    tx: Transaction, person: Person, chat_id: int, programme: Programme, text: str, now: datetime
) -> Reply | None:
    """What was typed, when a question had been asked for; None where none was, or long ago."""
    dialogue = dialogues.fresh(tx, chat_id, DIALOGUE, now, _IDLE)
    if dialogue is None:
        return None
    session = programme.session(dialogue.state["session"])
    if session is None:
        dialogues.leave(tx, chat_id, DIALOGUE)
        return None
    said = _asked(tx, person, programme, session, text, dialogue.state, now)
    if said.key != "questions.too_long":
        dialogues.leave(tx, chat_id, DIALOGUE)
    return Reply((said,))


def _asked(
    tx: Transaction,
    person: Person,
    programme: Programme,
    session: Session,
    text: str,
    asked: Mapping[str, Any],
    now: datetime,
) -> Say:
    if (closed := _closed(session, now)) is not None:
        return closed
    words = " ".join(text.split())
    back = ((_list_button(session),),)
    if len(words) > domain.LONGEST:
        return Say("questions.too_long", {"count": len(words), "most": domain.LONGEST})
    before = stored.asked(tx, person.id, session.id)
    if any(each is not None and words.casefold() == each.casefold() for _, each in before):
        return Say("questions.asked_before", {}, back)
    again = domain.wait_until([at for at, _ in before], now)
    if again is not None:
        return Say("questions.wait", {"count": domain.MOST, "at": short_moment(again)}, back)
    number = stored.ask(
        tx,
        programme_id=programme.id,
        session_id=session.id,
        person_id=person.id,
        anonymous=bool(asked.get("anonymous")),
        text=words,
        now=now,
    )
    changed(tx, programme, session.id, now)
    key = "questions.sent_unnamed" if asked.get("anonymous") else "questions.sent"
    withdraw = Button(Say("questions.button_withdraw"), Tap(ACTION, str(number), "withdraw"))
    return Say(key, {"number": number}, ((withdraw,), *back))


def _of_question(
    tx: Transaction,
    person: Person,
    programme: Programme,
    message_id: int,
    number: int,
    choice: str,
    now: datetime,
) -> Reply:
    found = stored.question(tx, programme.id, number, viewer=person.id)
    session = None if found is None else programme.session(found.session)
    if found is None or session is None or found.state not in SHOWN:
        return Reply((), Say("questions.gone_toast"))
    if choice == "withdraw":
        if found.person_id != person.id or not found.waits:
            return Reply((), Say("questions.gone_toast"))
        stored.settle(tx, number, State.WITHDRAWN, person.id, now)
        changed(tx, programme, session.id, now)
        return Reply((Edit(message_id, Say("questions.withdrawn", {}, ((_list_button(session),),))),))
    toast = _support(tx, person, found, session, now)
    if toast.key in {"questions.supported_toast", "questions.unsupported_toast"}:
        changed(tx, programme, session.id, now)
    return Reply((Edit(message_id, _list(tx, person, programme, session, now)),), toast)


def _support(tx: Transaction, person: Person, found: Question, session: Session, now: datetime) -> Say:
    """Support it, or no longer: what is said over the button."""
    if found.person_id == person.id:
        return Say("questions.own_toast")
    if not found.waits or not is_open(session, now):
        return Say("questions.closed_toast")
    if found.supported:
        stored.withdraw_support(tx, found.id, person.id)
        return Say("questions.unsupported_toast")
    stored.support(tx, found.id, person.id, now)
    return Say("questions.supported_toast")


def _closed(session: Session, now: datetime) -> Say | None:
    """Why nothing can be asked now."""
    if is_open(session, now):
        return None
    said: dict[str, Value] = {"title": session.title, "at": short_moment(session.starts)}
    before = now < session.starts and not session.cancelled
    return Say("questions.not_yet" if before else "questions.over", said)


def _ask(session: Session, *, anonymous: bool) -> Say:
    other = "named" if anonymous else "unnamed"
    rows = (
        (Button(Say(f"questions.button_{other}"), Tap(ACTION, session.id, other)),),
        (Button(Say("questions.button_cancel"), Tap(ACTION, session.id, "cancel")),),
    )
    key = "questions.ask_unnamed" if anonymous else "questions.ask"
    return Say(key, {"title": session.title, "most": domain.LONGEST}, rows)


def _list(tx: Transaction, person: Person, programme: Programme, session: Session, now: datetime) -> Say:
    """A session's questions for a participant: who asked is told to nobody but the speaker."""
    found = domain.ranked(stored.questions(tx, programme.id, session.id, viewer=person.id))
    on = is_open(session, now)
    rows: list[tuple[Button, ...]] = []
    for number, each in enumerate(found[:LIST], start=1):
        if on and each.waits and each.person_id != person.id:
            key = "questions.button_unsupport" if each.supported else "questions.button_support"
            label = Say(key, {"number": number, "text": shortened(each.text, 24)})
            rows.append((Button(label, Tap(ACTION, str(each.id), "support")),))
    if on:
        rows.append((Button(Say("questions.button_ask"), Tap(ACTION, session.id, "ask")),))
    rows.append((Button(Say("questions.button_refresh"), Tap(ACTION, session.id, "list")),))
    said: dict[str, Value] = {
        "title": session.title,
        "lines": lines(found, mine=person.id) or (Say("questions.nothing"),),
        "more": _more(found),
    }
    return Say("questions.list" if on else "questions.list_over", said, tuple(rows))


def _list_button(session: Session) -> Button:
    return Button(Say("questions.button_list"), Tap(ACTION, session.id, "open"))


# --- what is common -------------------------------------------------------------------------------------


def lines(found: list[Question], *, mine: int = 0, names: bool = False) -> tuple[Say, ...]:
    """The first of these questions, and their answers; `names`: with who asked, where that may be known."""
    said = []
    for number, each in enumerate(found[:LIST], start=1):
        counted: dict[str, Value] = {"number": number}
        if each.waits:
            counted["count"] = each.supports
        text = shortened(each.text, _SHORT)
        who = _who(each, mine, names=names)
        said.append(Say(f"questions.line_{each.state}", {**counted, "text": text, "who": who}))
        if each.answer:
            said.append(Say("questions.answered_so", {"answer": shortened(each.answer, _SHORT)}))
    return tuple(said)


def _who(each: Question, mine: int, *, names: bool) -> Say | str:
    if each.person_id == mine:
        return Say("questions.yours")
    if not names:
        return ""
    return Say("questions.by", {"who": each.name}) if each.name else Say("questions.by_nobody")


def _more(found: list[Question]) -> Say | str:
    return Say("questions.more", {"count": len(found) - LIST}) if len(found) > LIST else ""


def shortened(text: str, length: int) -> str:
    """A question in a list."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def changed(tx: Transaction, programme: Programme, session_id: str, now: datetime) -> None:
    """The speaker's screen says something else by now."""
    boards.changed(tx, Board(BOARD, f"{programme.id}/{session_id}"), now)


# --- the speaker ----------------------------------------------------------------------------------------


def may(actor: Actor, session: Session) -> bool:
    """Whether somebody sees and answers a session's questions as its speaker, or who looks after it."""
    return actor.may(Right.SPEAK) and actor.speaks_at(session.id)


def moderates(actor: Actor) -> bool:
    """Whether they hide what should not be seen."""
    return actor.may(Right.RUN_SESSIONS)


def of(tx: Transaction, actor: Actor, programme: Programme, number: int) -> Question | None:
    """A question that somebody may deal with; None where there is none, or it is none of theirs."""
    found = stored.question(tx, programme.id, number, to_change=True)
    session = None if found is None else programme.session(found.session)
    if found is None or session is None or not may(actor, session) or found.state is State.WITHDRAWN:
        return None
    return found if found.state is not State.HIDDEN or moderates(actor) else None


def mark(
    tx: Transaction, actor: Actor, programme: Programme, number: int, becomes: State, now: datetime
) -> bool:
    """Let a question stand otherwise; whether that is news, and theirs to say."""
    found = of(tx, actor, programme, number)
    if found is None or not domain.may_become(found.state, becomes, moderator=moderates(actor)):
        return False
    stored.settle(tx, number, becomes, actor.person.id, now)
    audit.note(
        tx,
        actor,
        Action.QUESTION_MARKED,
        now,
        kind="question",
        subject=number,
        session=found.session,
        was=found.state.value,
        becomes=becomes.value,
    )
    changed(tx, programme, found.session, now)
    return True


def answer(
    tx: Transaction, actor: Actor, programme: Programme, number: int, text: str, now: datetime
) -> int | None:
    """Answer a question in writing: who asked it and who supports it are told, or theirs is corrected.

    How many; None where it is none of theirs.
    """
    found = of(tx, actor, programme, number)
    session = None if found is None else programme.session(found.session)
    if found is None or session is None or found.state is State.HIDDEN:
        return None
    version = stored.answer(tx, number, text, actor.person.id, now)
    reason = f"question:{number}/answer"
    # During the session people are there, whatever the hour; afterwards it can wait for an hour that suits.
    on = now < session.ends
    due_at = now if on else programme.windows.next_open(now, programme.zone) or now
    times = Times(due_at, due_at + outbox.EVERYBODY_BY, due_at + outbox.NOT_AFTER)
    earlier = stored.told(tx, programme.id, reason)
    wave_id = waves.note(tx, programme, reason, times, now)
    people = outbox.mailing(
        tx,
        stored.interested(number),
        Board(ANSWER, str(number)),
        reason=reason,
        lane=Lane.SESSION if on else Lane.REMINDER,
        now=now,
        wave_id=wave_id,
        **times._asdict(),
    ).owe(tx)
    waves.add(tx, wave_id, people)
    if version > 1:
        people += copies.revise(
            tx,
            programme,
            earlier,
            reason=f"question:{number}/v{version}",
            lane=Lane.SESSION,
            now=now,
        )
    audit.note(
        tx,
        actor,
        Action.QUESTION_ANSWERED,
        now,
        kind="question",
        subject=number,
        people=people,
        session=found.session,
        version=version,
    )
    changed(tx, programme, found.session, now)
    return people


def answer_in_words(tx: Transaction, number: int) -> Say | None:
    """What those are told who wanted to know; None where there is no answer, or it is hidden by now."""
    found = stored.question(tx, None, number)
    programme = None if found is None else tx.catalogue.programme(found.programme)
    session = None if found is None or programme is None else programme.session(found.session)
    if found is None or session is None or not found.answer or found.state is State.HIDDEN:
        return None
    said: dict[str, Value] = {"title": session.title, "text": found.text, "answer": found.answer}
    return Say("questions.answer", said)


def board_in_words(tx: Transaction, programme: Programme, session_id: str) -> Say | None:
    """The speaker's screen: what is asked, by support, with a button each."""
    session = programme.session(session_id)
    if session is None:
        return None
    found = domain.ranked(stored.questions(tx, programme.id, session.id))
    buttons = [
        Button(str(number), Tap(DESK, str(each.id), "show"))
        for number, each in enumerate(found[:LIST], start=1)
    ]
    rows = [tuple(buttons[n : n + 4]) for n in range(0, len(buttons), 4)]
    if hidden := stored.tally(tx, programme.id, session.id).get(State.HIDDEN, 0):
        label = Say("questions.button_hidden", {"count": hidden})
        rows.append((Button(label, Tap(DESK, session.id, "hidden")),))
    said: dict[str, Value] = {
        "title": session.title,
        "waiting": sum(each.waits for each in found),
        "answered": sum(each.state is State.ANSWERED for each in found),
        "lines": lines(found, names=True) or (Say("questions.nothing"),),
        "more": _more(found),
    }
    return Say("questions.board", said, tuple(rows))


def shown(tx: Transaction, programme: Programme, session: Session, *, limit: int = 5) -> list[Question]:
    """What the presenter page shows: the questions that wait, without who asked them."""
    found = stored.questions(tx, programme.id, session.id, states=domain.SUPPORTED)
    return domain.ranked(found)[:limit]


def session_reached(
    tx: Transaction, programme: Programme, session: Session, step: Step, now: datetime
) -> None:
    """The session has come that far: at its end, its speakers are told what is left unanswered."""
    if step is not Step.ENDED or not session.questions:
        return
    waiting = sum(each.waits for each in stored.questions(tx, programme.id, session.id))
    if not waiting:
        return
    rows = ((Button(Say("questions.button_board"), Tap(DESK, session.id, "board")),),)
    said = Say("questions.left", {"title": session.title, "count": waiting}, rows)
    for person_id in staff.speakers_of(tx, programme.id, session.id):
        outbox.owe(
            tx,
            Recipient(person_id=person_id),
            said,
            reason=f"questions:{programme.id}/{session.id}/left",
            lane=Lane.SESSION,
            now=now,
        )


def session_counts(tx: Transaction, programme: Programme, session: Session) -> tuple[Say, ...]:
    """What coordinators see of it on the session's screen: how many questions there are, and wait."""
    tally = stored.tally(tx, programme.id, session.id)
    asked = sum(tally.get(each, 0) for each in SHOWN)
    waiting = sum(tally.get(each, 0) for each in domain.SUPPORTED)
    return (Say("questions.counted", {"count": asked, "waiting": waiting}),) if asked else ()


def in_words(tx: Transaction, board: Board) -> Say | None:
    """What a message of this feature says, as things stand."""
    if board.kind == BOARD:
        programme_id, _, session_id = board.item.partition("/")
        programme = tx.catalogue.programme(programme_id)
        return None if programme is None else board_in_words(tx, programme, session_id)
    return answer_in_words(tx, int(board.item))


def put_up(tx: Transaction, actor: Actor, programme: Programme, session: Session, now: datetime) -> None:
    """Put the screen into a speaker's chat, where it is kept up to date; an earlier one no longer is."""
    boards.put_up(tx, actor.person.id, Board(BOARD, f"{programme.id}/{session.id}"), now)
