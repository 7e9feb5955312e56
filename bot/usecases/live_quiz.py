"""Live quizzes: a speaker's question to a session, everybody's own copy, whose vote counts, what came of it.

The speaker's screens are `desk_live_quiz`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select

from bot.domain import live_quiz as domain
from bot.domain.audit import Action
from bot.domain.bars import BAR, bar
from bot.domain.live_quiz import GRACE, Heard, Question, Rules, Score, State
from bot.domain.messages import AskLive, Board, Button, Lane, Reply, Say, Tap, Value
from bot.domain.people import Person
from bot.domain.programme import Audience, Leaderboard, Programme, Session, Votes
from bot.domain.quiz import escaped as _plain
from bot.domain.sessions import State as Step
from bot.domain.staff import Actor, Right
from bot.storage import audience, audit, boards, outbox, waves
from bot.storage import live_quiz as stored
from bot.storage.copies import Times
from bot.storage.database import Transaction
from bot.storage.live_quiz import LiveQuiz, Results
from bot.usecases.menu import OLD_BUTTON

ACTION = "kuislive"
"""The action of participants' buttons."""

DESK = "k-kuis"
"""The action of the speaker's buttons."""

BOARD = "live"
"""The kind of the speaker's screen of one question; its item is the question's number."""

RESULT = "live_result"
"""The kind of what everybody is told once the answer is shown: what it is, and what they had answered."""

OUTCOME = "live_outcome"
"""The kind of what everybody is told of a poll without a right answer: how all have answered."""

_SOON = timedelta(minutes=1)  # by when everybody is to have a question, as far as the pace allows
_RESULTS_BY = timedelta(minutes=10)  # later than the next question: that goes first


# --- who may, and whom it is for ------------------------------------------------------------------------


def may(actor: Actor, session: Session) -> bool:
    """Whether somebody puts questions to a session."""
    return actor.may(Right.SPEAK) and actor.speaks_at(session.id)


def of(tx: Transaction, actor: Actor, programme: Programme, number: int) -> LiveQuiz | None:
    """A question that somebody may deal with; None where there is none, or it is none of theirs."""
    found = stored.live_quiz(tx, number, to_change=True)
    session = None if found is None else programme.session(found.session_id)
    if found is None or session is None or found.programme_id != programme.id or not may(actor, session):
        return None
    return found


def meant(programme: Programme, session_id: str, whom: str) -> Select[int]:
    """Select the ids of those whom it is for: all participants, or those who are checked in."""
    found = audience.people(programme, Audience(roles=("participant",)))
    return found if whom == "all" else stored.who_is_there(found, programme.id, session_id)


# --- the question ---------------------------------------------------------------------------------------


def draft(
    tx: Transaction, actor: Actor, programme: Programme, session: Session, question: Question, now: datetime
) -> LiveQuiz | None:
    """Note a question that is to be put; None where it is not theirs to put."""
    if not may(actor, session):
        return None
    rules = Rules(programme.live.seconds, programme.live.votes.value)
    number = stored.add(
        tx,
        programme_id=programme.id,
        session_id=session.id,
        author_id=actor.person.id,
        author=actor.person.name,
        question=question,
        rules=rules,
        now=now,
    )
    return stored.live_quiz(tx, number)


def launch(
    tx: Transaction, actor: Actor, programme: Programme, number: int, whom: str, now: datetime
) -> LiveQuiz | None:
    """Put a question to all, or to those who are checked in; twice does nothing the second time.

    None where it is none of theirs. Everybody's copy is their own, and their time begins with it.
    """
    found = of(tx, actor, programme, number)
    if found is None or found.state is not State.DRAFT:
        return found
    session = programme.session(found.session_id)
    if session is None or not is_on(session, now):
        return None
    waves.wait_for_joiners(tx, programme.id)
    until = max(now + _SOON, session.ends)
    times = Times(now, now + _SOON, until)
    wave_id = waves.note(tx, programme, found.name, times, now)
    people = outbox.mailing(
        tx,
        meant(programme, session.id, whom),
        AskLive(number),
        reason=found.name,
        lane=Lane.SESSION,
        now=now,
        due_at=now,
        everybody_by=now + _SOON,
        not_after=until,
        wave_id=wave_id,
    ).owe(tx)
    waves.add(tx, wave_id, people)
    stored.change(
        tx,
        number,
        state=State.RUNNING.value,
        whom=whom,
        launched_at=now,
        people=people,
        wave_id=wave_id if people else None,
        seconds=programme.live.seconds,
        votes=programme.live.votes.value,
    )
    audit.note(
        tx,
        actor,
        Action.LIVE_QUIZ_LAUNCHED,
        now,
        kind="live_quiz",
        subject=number,
        people=people,
        session=session.id,
        whom=whom,
    )
    boards.put_up(tx, actor.person.id, Board(BOARD, str(number)), now)
    return stored.live_quiz(tx, number)


def is_on(session: Session, now: datetime) -> bool:
    """Whether questions can be put to a session: nobody is asked at night, and its end shows every answer."""
    return not session.cancelled and session.room_opens <= now < session.ends


def reveal(
    tx: Transaction, actor: Actor | None, programme: Programme, number: int, now: datetime
) -> LiveQuiz | None:
    """Show the answer: no vote counts any more, nobody gets a copy any more, and all who had one are told.

    None where it is none of theirs (`actor` None: the session is over). Twice does nothing.
    """
    found = (
        stored.live_quiz(tx, number, to_change=True) if actor is None else of(tx, actor, programme, number)
    )
    if found is None or found.state is not State.RUNNING:
        return found
    withdrawn = stored.withdraw(tx, found, now)
    stored.change(tx, number, state=State.REVEALED.value, revealed_at=now)
    told = _tell_result(tx, found, now)
    audit.note(
        tx,
        actor,
        Action.LIVE_QUIZ_REVEALED,
        now,
        programme_id=programme.id,
        kind="live_quiz",
        subject=number,
        people=told,
        session=found.session_id,
        withdrawn=withdrawn,
    )
    _changed(tx, found, now)
    return stored.live_quiz(tx, number)


def session_reached(
    tx: Transaction, programme: Programme, session: Session, step: Step, now: datetime
) -> None:
    """The session has come that far: at its end, what is still open is closed."""
    if step in (Step.ENDED, Step.CANCELLED):
        for each in stored.live_quizzes(tx, programme.id, session.id):
            if each.state is State.RUNNING:
                reveal(tx, None, programme, each.id, now)


def session_counts(tx: Transaction, programme: Programme, session: Session) -> tuple[Say, ...]:
    """What coordinators see of it on the session's screen: how many questions were put."""
    asked = stored.live_quizzes(tx, programme.id, session.id)
    return (Say("live.counted", {"count": len(asked)}),) if asked else ()


# --- votes ----------------------------------------------------------------------------------------------


def vote(
    tx: Transaction, person: Person, poll_id: str, options: tuple[int, ...], now: datetime
) -> Reply | None:
    """A vote in somebody's copy of a live question; None where the poll is no such copy.

    What counts is not answered: the app shows it, and the outcome follows.
    """
    copy = stored.copy(tx, poll_id)
    if copy is None:
        return None
    found = stored.live_quiz(tx, copy.live_quiz)
    if found is None or copy.person != person.id:
        return Reply()
    before = stored.standing(tx, found.id, person.id)
    over = found.state is not State.RUNNING
    standing, heard = domain.vote(found.rules, before, options, now - copy.sent_at, over=over)
    stored.record(tx, found, person.id, standing, now)
    match heard:
        case Heard.COUNTED | Heard.TAKEN_BACK:
            _changed(tx, found, now)
        case Heard.LATE if standing.late == 1:  # said once, however often they try
            return Reply((Say("live.late", {"count": found.rules.seconds}),))
        case Heard.FIRST:
            return Reply((Say("live.first_counts"),))
    return Reply()


def delivered(tx: Transaction, numbers: Iterable[int], now: datetime) -> None:
    """Copies of these questions have been delivered: their authors see how many."""
    for number in set(numbers):
        if (found := stored.live_quiz(tx, number)) is not None:
            if found.state is State.REVEALED:  # it was on its way when the answer was shown
                _tell_result(tx, found, now)
            _changed(tx, found, now)


def _tell_result(tx: Transaction, found: LiveQuiz, now: datetime) -> int:
    """Tell all who have a copy what came of it, each once; how many are new."""
    return outbox.mailing(
        tx,
        stored.have_it(found.id),
        Board(RESULT if found.question.correct else OUTCOME, str(found.id)),
        reason=f"{found.name}/result",
        lane=Lane.SESSION,
        now=now,
        due_at=now,
        everybody_by=now + _RESULTS_BY,
        not_after=now + outbox.NOT_AFTER,
    ).owe(tx)


def _changed(tx: Transaction, found: LiveQuiz, now: datetime) -> None:
    """Its author's screen says something else by now."""
    boards.changed(tx, Board(BOARD, str(found.id)), now)


def tap(tx: Transaction, person: Person, programme: Programme, tapped: Tap) -> Reply:
    """A participant's button: the leaderboard, with where they stand themselves."""
    session = programme.session(tapped.item)
    if session is None or tapped.choice != "board":
        return Reply((OLD_BUTTON,))
    return Reply((leaderboard_in_words(tx, programme, session, person),))


# --- what came of it ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the leaderboard: a place, a name, right answers (or, of an office, percent), seconds."""

    place: int
    name: str
    right: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Shown:
    """What the presenter page shows of the newest question; `right` are none before the answer is shown."""

    live_quiz: LiveQuiz
    results: Results
    right: tuple[int, ...]
    seconds_left: int  # for whoever got it last; 0: nobody has time any more
    number: int  # which question of the session it is


def shown(tx: Transaction, programme: Programme, session: Session, now: datetime) -> Shown | None:
    """The newest question of a session, as it stands; None before the first."""
    found = stored.live_quizzes(tx, programme.id, session.id)
    if not found:
        return None
    newest = found[-1]
    results = stored.results(tx, newest)
    right = newest.question.correct if newest.state is State.REVEALED else ()
    return Shown(newest, results, right, seconds_left(newest, results, now), len(found))


def seconds_left(live_quiz: LiveQuiz, results: Results, now: datetime) -> int:
    """How long whoever got their copy last may still answer; all of it while copies are on their way."""
    if live_quiz.state is not State.RUNNING:
        return 0
    if results.waiting or results.last_at is None:
        return live_quiz.rules.seconds
    until = results.last_at + timedelta(seconds=live_quiz.rules.seconds)
    return max(0, -(-(until - now) // timedelta(seconds=1)))


def time_is_up(live_quiz: LiveQuiz, results: Results, now: datetime) -> bool:
    """Whether nobody's answer could count any more, however late it is heard of."""
    return seconds_left(live_quiz, results, now - GRACE) == 0


def leaderboard(tx: Transaction, programme: Programme, session_id: str) -> list[Line]:
    """Who leads a session's quiz, as the programme allows it to be shown."""
    return [
        Line(place, each.name, right, each.seconds)
        for place, each, right in _ranked(tx, programme, session_id)
    ][: domain.LINES]


def _ranked(tx: Transaction, programme: Programme, session_id: str) -> list[tuple[int, Score, int]]:
    match programme.live.leaderboard:
        case Leaderboard.NONE:
            return []
        case Leaderboard.OFFICE:
            offices = domain.of_offices(stored.scores(tx, programme.id, session_id, by="office"))
            return [(place, each, each.share) for place, each in domain.places(offices, "share")]
        case Leaderboard.PERSON:
            people = domain.of_people(stored.scores(tx, programme.id, session_id, by="person"))
            return [(place, each, each.right) for place, each in domain.places(people, "right")]


def leaderboard_in_words(
    tx: Transaction, programme: Programme, session: Session, person: Person | None = None
) -> Say:
    """The leaderboard; for a participant with their own right answers below."""
    kind = programme.live.leaderboard
    lines = tuple(
        Say(
            f"live.line_{kind}",
            {"place": each.place, "who": each.name, "right": each.right, "count": each.seconds},
        )
        for each in leaderboard(tx, programme, session.id)
    )
    own: Say | str = ""
    if person is not None:
        right, asked = stored.own(tx, programme.id, session.id, person.id)
        own = Say("live.own", {"right": right, "asked": asked})
    said: dict[str, Value] = {
        "title": session.title,
        "lines": lines or (Say("live.no_leaderboard"),),
        "own": own,
    }
    return Say("live.leaderboard", said)


def board_in_words(tx: Transaction, number: int) -> Say | None:
    """The speaker's screen of a question: how many have answered, and once it is shown, what."""
    found = stored.live_quiz(tx, number)
    if found is None:
        return None
    results = stored.results(tx, found)
    item = str(number)
    revealed = found.state is State.REVEALED
    rows: tuple[tuple[Button, ...], ...] = ((Button(Say("live.button_reveal"), Tap(DESK, item, "reveal")),),)
    if revealed:
        rows = (
            (Button(Say("live.button_leaderboard"), Tap(DESK, found.session_id, "board")),),
            (Button(Say("live.button_next"), Tap(DESK, found.session_id, "new")),),
        )
    said: dict[str, Value] = {
        "text": _plain(found.question.text),
        "lines": bars(found, results),
        "answered": results.answered,
        "delivered": results.delivered,
        "people": found.people,
        "late": results.late,
        "seconds": found.rules.seconds,
        "right": results.right,
    }
    key = "live.board_running"
    if revealed:
        key = "live.board_revealed" if found.question.correct else "live.board_poll"
    return Say(key, said, rows)


def bars(found: LiveQuiz, results: Results) -> tuple[Say, ...]:
    """A line for each option: how many chose it; the right ones marked once the answer is shown."""
    revealed = found.state is State.REVEALED
    lines = []
    for number, option in enumerate(found.question.options):
        count = results.options[number]
        filled = round(BAR * count / results.answered) if results.answered else 0
        mark = "✅" if revealed and number in found.question.correct else "▫️"
        said: dict[str, Value] = {
            "mark": mark,
            "option": _plain(option),
            "bar": bar(filled),
            "count": count,
            "share": round(100 * count / results.answered) if results.answered else 0,
        }
        lines.append(Say("live.bar", said))
    return tuple(lines)


def result_in_words(tx: Transaction, number: int, person_id: int | None) -> Say | None:
    """What somebody who had the question is told: the right answer, and what they answered."""
    found = stored.live_quiz(tx, number)
    programme = None if found is None else tx.catalogue.programme(found.programme_id)
    if found is None or programme is None or person_id is None:
        return None
    question = found.question
    standing = stored.standing(tx, number, person_id)
    chosen = () if standing is None else standing.options
    rows: tuple[tuple[Button, ...], ...] = ()
    if programme.live.leaderboard is not Leaderboard.NONE:
        rows = ((Button(Say("live.button_leaderboard"), Tap(ACTION, found.session_id, "board")),),)
    own = Say("live.own_none")
    if chosen and standing is not None:
        seconds = max(1, -(-standing.after // timedelta(seconds=1)))
        own = Say("live.own_right" if chosen == question.correct else "live.own_wrong", {"count": seconds})
    elif standing is not None and standing.late:
        own = Say("live.own_late")
    said: dict[str, Value] = {
        "text": _plain(question.text),
        "answer": tuple(
            Say("live.answer", {"answer": _plain(question.options[n])}) for n in question.correct
        ),
        "own": own,
        "explanation": Say("live.explanation", {"text": _plain(question.explanation)})
        if question.explanation is not None
        else "",
    }
    return Say("live.result", said, rows)


def outcome_in_words(tx: Transaction, number: int) -> Say | None:
    """How all have answered a poll."""
    found = stored.live_quiz(tx, number)
    if found is None:
        return None
    results = stored.results(tx, found)
    said: dict[str, Value] = {"text": _plain(found.question.text), "lines": bars(found, results)}
    return Say("live.result_poll", {**said, "answered": results.answered})


def asked(tx: Transaction, number: int) -> AskLive | None:
    """A copy that is to be sent; None once the answer is shown."""
    found = stored.live_quiz(tx, number)
    if found is None or found.state is not State.RUNNING:
        return None
    return AskLive(number, found.question, changeable=found.rules.votes == Votes.LAST)


def in_words(tx: Transaction, board: Board, person_id: int | None) -> Say | None:
    """What a message of this feature says, as things stand; `person_id`: to whom."""
    number = int(board.item)
    match board.kind:
        case kind if kind == BOARD:
            return board_in_words(tx, number)
        case kind if kind == OUTCOME:
            return outcome_in_words(tx, number)
    return result_in_words(tx, number, person_id)
