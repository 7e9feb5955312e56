"""Quiz attempts, what was asked and answered, and which poll asked it."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update

from bot.domain.messages import Ask
from bot.domain.quiz import Answered, Asked, Attempt, AttemptStarted, Fact, Finished, Retracted
from bot.storage.database import Transaction
from bot.storage.messages import load
from bot.storage.tables import OutboxRow, QuizAnswerRow, QuizAttemptRow, QuizPollRow
from bot.storage.upsert import insert_new


@dataclass(frozen=True, slots=True)
class Poll:
    """Whom a poll asked what."""

    person: int
    quiz: str
    attempt: int
    question: str


def attempts(tx: Transaction, person_id: int) -> dict[str, tuple[Attempt, ...]]:
    """All the person's attempts by quiz, oldest first."""
    answers: dict[tuple[str, int], dict[str, bool]] = defaultdict(dict)
    for row in tx.connection.execute(
        select(
            QuizAnswerRow.quiz_id, QuizAnswerRow.attempt, QuizAnswerRow.question_id, QuizAnswerRow.correct
        ).where(QuizAnswerRow.person_id == person_id)
    ):
        answers[row.quiz_id, row.attempt][row.question_id] = row.correct
    found: dict[str, tuple[Attempt, ...]] = {}
    for begun in tx.connection.execute(
        select(
            QuizAttemptRow.quiz_id,
            QuizAttemptRow.attempt,
            QuizAttemptRow.asked,
            QuizAttemptRow.finished_at,
        )
        .where(QuizAttemptRow.person_id == person_id)
        .order_by(QuizAttemptRow.quiz_id, QuizAttemptRow.attempt)
    ):
        attempt = Attempt(
            begun.attempt,
            tuple(begun.asked),
            answers[begun.quiz_id, begun.attempt],
            begun.finished_at is not None,
        )
        found[begun.quiz_id] = (*found.get(begun.quiz_id, ()), attempt)
    return found


def poll(tx: Transaction, poll_id: str) -> Poll | None:
    """What that poll asked, or None where it is none of the bot's (or its sending is not recorded yet)."""
    row = tx.connection.execute(
        select(
            QuizPollRow.person_id, QuizPollRow.quiz_id, QuizPollRow.attempt, QuizPollRow.question_id
        ).where(QuizPollRow.poll_id == poll_id)
    ).first()
    return None if row is None else Poll(row.person_id, row.quiz_id, row.attempt, row.question_id)


def being_asked(tx: Transaction, person_id: int) -> bool:
    """Whether a question is on its way to the person: a vote can overtake the note of which poll it was."""
    statement = select(OutboxRow.message).where(
        OutboxRow.person_id == person_id, OutboxRow.state == "sending"
    )
    return any(isinstance(load(message), Ask) for message in tx.connection.scalars(statement))


def record(tx: Transaction, person_id: int, quiz_id: str, questions: int, fact: Fact, now: datetime) -> None:
    """Write down what a quiz step has decided."""
    attempt = (
        QuizAttemptRow.person_id == person_id,
        QuizAttemptRow.quiz_id == quiz_id,
        QuizAttemptRow.attempt == fact.attempt,
    )
    answer = (
        QuizAnswerRow.person_id == person_id,
        QuizAnswerRow.quiz_id == quiz_id,
        QuizAnswerRow.attempt == fact.attempt,
    )
    match fact:
        case AttemptStarted(number):
            tx.connection.execute(
                insert(QuizAttemptRow).values(
                    person_id=person_id,
                    quiz_id=quiz_id,
                    attempt=number,
                    asked=[],
                    questions=questions,
                    started_at=now,
                )
            )
        case Asked(_, question):
            asked = tx.connection.execute(select(QuizAttemptRow.asked).where(*attempt)).scalar_one()
            tx.connection.execute(update(QuizAttemptRow).where(*attempt).values(asked=[*asked, question]))
        case Answered(number, question, options, correct):
            values = {
                "person_id": person_id,
                "quiz_id": quiz_id,
                "attempt": number,
                "question_id": question,
                "options": list(options),
                "correct": correct,
                "answered_at": now,
            }
            tx.connection.execute(insert_new(tx.connection, QuizAnswerRow, values))
        case Retracted(_, question):
            tx.connection.execute(delete(QuizAnswerRow).where(*answer, QuizAnswerRow.question_id == question))
        case Finished(_, right):
            tx.connection.execute(update(QuizAttemptRow).where(*attempt).values(finished_at=now, right=right))


def note_poll(tx: Transaction, poll_id: str, poll: Poll, message_id: int, now: datetime) -> None:
    """Note what a poll asks, once it has been sent."""
    values = {
        "poll_id": poll_id,
        "person_id": poll.person,
        "quiz_id": poll.quiz,
        "attempt": poll.attempt,
        "question_id": poll.question,
        "message_id": message_id,
        "sent_at": now,
    }
    tx.connection.execute(insert_new(tx.connection, QuizPollRow, values))
