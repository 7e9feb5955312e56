"""Quizzes: the list, beginning one, and votes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain import quiz as dialogue
from bot.domain.events import Voted
from bot.domain.messages import Button, Reply, Say, Tap, Value
from bot.domain.people import Person
from bot.domain.programme import Item, Programme, Quiz, Target
from bot.storage import outbox
from bot.storage import quiz as stored
from bot.storage.database import Transaction, TryAgain
from bot.storage.people import Visitor
from bot.usecases import live_quiz, polls
from bot.usecases.menu import OLD_BUTTON


@dataclass(frozen=True, slots=True)
class Decided:
    """A step in a person's quiz; `attempts` are those at the quiz before it."""

    person: int
    programme: Programme
    quiz: Quiz
    attempts: tuple[dialogue.Attempt, ...]
    step: dialogue.Step


def overview(tx: Transaction, person: Person, programme: Programme) -> Reply:
    """`/kuis`: each quiz with how one stands, and a button to begin or go on."""
    attempts = stored.attempts(tx, person.id)
    lines: list[Say] = []
    rows: list[tuple[Button, ...]] = []
    for quiz in programme.quizzes:
        mine = attempts.get(quiz.id, ())
        lines.append(_line(quiz, mine))
        running = any(not attempt.finished for attempt in mine)
        if running or dialogue.left(quiz, mine) != 0:
            key = "quiz.button_resume" if running else "quiz.button_start_one"
            rows.append((Button(Say(key, {"title": quiz.title}), Tap("quiz", quiz.id, "start")),))
    if not lines:
        return Reply((Say("quiz.none"),))
    return Reply((Say("quiz.overview", {"lines": tuple(lines)}, tuple(rows)),))


def tap(tx: Transaction, person: Person, programme: Programme, tapped: Tap, now: datetime) -> Reply:
    """A button of a quiz, or of the list of them."""
    if tapped.choice == "list":
        return overview(tx, person, programme)
    quiz = programme.quiz(tapped.item)
    if quiz is None or tapped.choice != "start":
        return Reply((OLD_BUTTON,))
    attempts = stored.attempts(tx, person.id).get(quiz.id, ())
    step = dialogue.begin(quiz, attempts)
    carry_out(tx, [Decided(person.id, programme, quiz, attempts, step)], now)
    return Reply(step.replies)


def vote(tx: Transaction, who: Visitor, programme: Programme, voted: Voted, now: datetime) -> Reply:
    """A vote in one of the person's quiz polls; raises `TryAgain` where it has overtaken its poll's note.

    One whose poll's note does not come is answered like a vote in an old copy: where the answer to sending
    the poll was lost, the question is asked once more.
    """
    poll_id, options = voted.poll_id, voted.options
    person = who.person
    if person is None:
        return Reply()
    poll = stored.poll(tx, poll_id)
    if poll is None and (heard := _elsewhere(tx, person, poll_id, options, now)) is not None:
        return heard
    if poll is None:
        if not voted.waited and stored.being_asked(tx, person.id):
            raise TryAgain
        # On PostgreSQL the note may have been committed between the two looks; then it is there now.
        poll = stored.poll(tx, poll_id)
    if poll is None and (heard := _elsewhere(tx, person, poll_id, options, now)) is not None:
        return heard
    if poll is None:
        return Reply((Say("quiz.old_poll", {}, (_list_button(),)),)) if options else Reply()
    if poll.person != person.id:
        return Reply()
    quiz = programme.quiz(poll.quiz)
    if quiz is None:
        return Reply((Say("quiz.gone", {}, (_list_button(),)),))
    attempts = stored.attempts(tx, person.id).get(quiz.id, ())
    step = dialogue.vote(quiz, attempts, poll.attempt, poll.question, options)
    carry_out(tx, [Decided(person.id, programme, quiz, attempts, step)], now)
    return Reply(step.replies)


def _elsewhere(
    tx: Transaction, person: Person, poll_id: str, options: tuple[int, ...], now: datetime
) -> Reply | None:
    """A vote in a poll that is no practice quiz's: of a live quiz, or announced; None where it is neither."""
    heard = live_quiz.vote(tx, person, poll_id, options, now)
    return polls.vote(tx, person, poll_id, options, now) if heard is None else heard


def carry_out(tx: Transaction, steps: Sequence[Decided], now: datetime) -> None:
    """Record what has been decided, of one person or many, and what follows from it."""
    taken = [
        stored.Taken(each.person, each.quiz.id, len(each.quiz.questions), each.attempts, each.step.facts)
        for each in steps
    ]
    stored.record(tx, taken, now)
    finished = [
        each for each in steps if any(isinstance(fact, dialogue.Finished) for fact in each.step.facts)
    ]
    if not finished:
        return
    ended = stored.finished(tx, [each.person for each in finished])
    done: list[tuple[int, Target]] = []
    for each in finished:
        done.append((each.person, Target(Item.QUIZ, each.quiz.id)))
        if all((each.person, quiz.id) in ended for quiz in each.programme.quizzes):
            done.append((each.person, Target(Item.QUIZ, "*")))
    outbox.withdraw_done(tx, done, now)


def _line(quiz: Quiz, attempts: tuple[dialogue.Attempt, ...]) -> Say:
    params: dict[str, Value] = {"title": quiz.title, "total": len(quiz.questions)}
    if running := next((attempt for attempt in attempts if not attempt.finished), None):
        return Say("quiz.line_running", {**params, "answered": len(running.answers)})
    if (best := dialogue.best(attempts)) is not None:
        left = dialogue.left(quiz, attempts)
        if left is None:
            return Say("quiz.line_done", {**params, "right": best})
        return Say("quiz.line_done_left", {**params, "right": best, "left": left})
    return Say("quiz.line_open", params)


def _list_button() -> tuple[Button, ...]:
    return (Button(Say("quiz.button_list"), Tap("quiz", "", "list")),)
