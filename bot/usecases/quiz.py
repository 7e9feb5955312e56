"""Quizzes: the list, beginning one, and votes."""

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
from bot.usecases.menu import OLD_BUTTON


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
    step = dialogue.begin(quiz, stored.attempts(tx, person.id).get(quiz.id, ()))
    return _carry_out(tx, person, programme, quiz, step, now)


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
    if poll is None:
        if not voted.waited and stored.being_asked(tx, person.id):
            raise TryAgain
        # On PostgreSQL the note may have been committed between the two looks; then it is there now.
        poll = stored.poll(tx, poll_id)
    if poll is None:
        return Reply((Say("quiz.old_poll", {}, (_list_button(),)),)) if options else Reply()
    if poll.person != person.id:
        return Reply()
    quiz = programme.quiz(poll.quiz)
    if quiz is None:
        return Reply((Say("quiz.gone", {}, (_list_button(),)),))
    attempts = stored.attempts(tx, person.id).get(quiz.id, ())
    step = dialogue.vote(quiz, attempts, poll.attempt, poll.question, options)
    return _carry_out(tx, person, programme, quiz, step, now)


def _carry_out(
    tx: Transaction, person: Person, programme: Programme, quiz: Quiz, step: dialogue.Step, now: datetime
) -> Reply:
    for fact in step.facts:
        stored.record(tx, person.id, quiz.id, len(quiz.questions), fact, now)
        if isinstance(fact, dialogue.Finished):
            outbox.withdraw(tx, person.id, about=Target(Item.QUIZ, quiz.id), now=now)
            taken = stored.attempts(tx, person.id)
            if all(dialogue.best(taken.get(each.id, ())) is not None for each in programme.quizzes):
                outbox.withdraw(tx, person.id, about=Target(Item.QUIZ, "*"), now=now)
    return Reply(step.replies)


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
