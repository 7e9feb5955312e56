"""Quiz attempts, what was asked and answered, and which poll asked it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, TypeAlias

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Executable,
    Insert,
    Integer,
    Row,
    Select,
    Text,
    and_,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from bot.domain.messages import Ask
from bot.domain.people import Reach
from bot.domain.quiz import Answered, Asked, Attempt, AttemptStarted, Fact, Finished, Retracted
from bot.storage.database import Transaction
from bot.storage.given import given, these
from bot.storage.messages import load
from bot.storage.tables import ChatRow, OutboxRow, PersonRow, QuizAnswerRow, QuizAttemptRow, QuizPollRow
from bot.storage.upsert import add_new, insert_new, insert_new_rows


@dataclass(frozen=True, slots=True)
class Poll:
    """Whom a poll asked what."""

    person: int
    quiz: str
    attempt: int
    question: str


@dataclass(frozen=True, slots=True)
class PollInChat:
    """A poll in its chat, and all that a vote in it is decided by, but the attempts."""

    poll: Poll
    chat_id: int
    open: bool  # the chat can be written to, as far as is known
    active: bool  # the person has agreed, and not withdrawn
    programme: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What a step of a person's quiz has decided; `attempts` are those at the quiz before it."""

    person: int
    quiz: str
    questions: int  # how many the quiz has now
    attempts: tuple[Attempt, ...]
    facts: tuple[Fact, ...]


def attempts(tx: Transaction, person_id: int) -> dict[str, tuple[Attempt, ...]]:
    """All the person's attempts by quiz, oldest first."""
    return attempts_of(tx, [person_id])[person_id]


def attempts_of(tx: Transaction, person_ids: Sequence[int]) -> dict[int, dict[str, tuple[Attempt, ...]]]:
    """All attempts of each of the people (by id), by quiz, oldest first."""
    found: dict[int, dict[str, tuple[Attempt, ...]]] = {person_id: {} for person_id in person_ids}
    rows = tx.connection.execute(_attempts_statement(), {"people": person_ids})
    for (person_id, quiz_id), mine in _attempts(rows).items():
        found[person_id][quiz_id] = tuple(mine.values())
    return found


def attempts_asked(tx: Transaction, poll_ids: Sequence[str]) -> dict[tuple[int, str], tuple[Attempt, ...]]:
    """By person and quiz, all attempts at the quizzes that those polls belong to, oldest first."""
    found = _attempts(tx.connection.execute(_attempts_asked_statement(), {"poll_ids": poll_ids}))
    return {key: tuple(each.values()) for key, each in found.items()}


def poll(tx: Transaction, poll_id: str) -> Poll | None:
    """What that poll asked, or None where it is none of the bot's (or its sending is not recorded yet)."""
    row = tx.connection.execute(_poll_statement(), {"poll_id": poll_id}).first()
    return None if row is None else Poll(*row)


def polls(tx: Transaction, poll_ids: Sequence[str]) -> dict[str, PollInChat]:
    """Those of the polls that are the bot's, in a chat that still is somebody's."""
    rows = tx.connection.execute(_polls_statement(), {"poll_ids": poll_ids})
    return {
        poll_id: PollInChat(
            Poll(person, quiz, attempt, question), chat_id, reach == Reach.OPEN, active, programme
        )
        for poll_id, person, quiz, attempt, question, chat_id, reach, active, programme in rows
    }


def being_asked(tx: Transaction, person_id: int) -> bool:
    """Whether a question is on its way to the person: a vote can overtake the note of which poll it was."""
    statement = select(OutboxRow.message).where(
        OutboxRow.person_id == person_id, OutboxRow.state == "sending"
    )
    return any(isinstance(load(message), Ask) for message in tx.connection.scalars(statement))


def record(tx: Transaction, steps: Sequence[Taken], now: datetime) -> None:
    """Write down what has been decided, of one person or many: a statement for each kind of fact."""
    rows: defaultdict[type[Fact], list[dict[str, Any]]] = defaultdict(list)
    for step in steps:
        asked = {attempt.number: attempt.asked for attempt in step.attempts}
        for fact in step.facts:
            where = {"of_person": step.person, "of_quiz": step.quiz, "of_attempt": fact.attempt}
            what: dict[str, Any]
            match fact:
                case AttemptStarted(number):
                    what = {"attempt": number, "asked": [], "questions": step.questions}
                    where = {"person_id": step.person, "quiz_id": step.quiz, "started_at": now}
                case Asked(number, question):
                    asked[number] = (*asked.get(number, ()), question)
                    what = {"all_asked": asked[number]}
                case Answered(number, question, options, correct):
                    where = {"person_id": step.person, "quiz_id": step.quiz, "answered_at": now}
                    what = {
                        "attempt": number,
                        "question_id": question,
                        "options": list(options),
                        "correct": correct,
                    }
                case Retracted(_, question):
                    what = {"of_question": question}
                case Finished(_, right):
                    what = {"at": now, "score": right}
            rows[type(fact)].append({**where, **what})
    for kind, statement in _statements().items():
        if kind in rows:
            tx.connection.execute(statement, rows[kind])
    if Answered in rows:
        add_new(tx.connection, QuizAnswerRow, rows[Answered])


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


def note_polls(tx: Transaction, sent: Iterable[tuple[int, str, int, Ask]], now: datetime) -> None:
    """Note what polls ask, each by its row in the outbox, its id, its message's id, and what was asked.

    Before their outcomes are: not what was settled meanwhile (whoever it was for may be erased).
    """
    rows = ((row, poll, message, ask.quiz, ask.attempt, ask.question) for row, poll, message, ask in sent)
    tx.connection.execute(_note_polls_statement(tx.connection.dialect.name), {"now": now, **these(rows)})


# --- inside -------------------------------------------------------------------------------------------


_AttemptsSelect: TypeAlias = Select[int, str, int, list[str], bool, str, bool]


def _attempts(
    rows: Iterable[Row[int, str, int, list[str], bool, str, bool]],
) -> dict[tuple[int, str], dict[int, Attempt]]:
    """By person and quiz, and then by number, in order; of a row each for what was answered, or one."""
    found: defaultdict[tuple[int, str], dict[int, Attempt]] = defaultdict(dict)
    answers: dict[str, bool] = {}
    for person, quiz, number, asked, finished, question, correct in rows:
        mine = found[person, quiz]
        if number not in mine:
            answers = {}
            mine[number] = Attempt(number, tuple(asked), answers, finished)
        if question is not None:
            answers[question] = correct
    return found


# Built once: to build a statement takes longer than to run it.


@cache
def _poll_statement() -> Select[int, str, int, str]:
    return select(
        QuizPollRow.person_id, QuizPollRow.quiz_id, QuizPollRow.attempt, QuizPollRow.question_id
    ).where(QuizPollRow.poll_id == bindparam("poll_id"))


@cache
def _note_polls_statement(engine: str) -> Insert:
    sent = given(
        engine,
        row_id=BigInteger(),
        poll_id=Text(),
        message_id=BigInteger(),
        quiz_id=Text(),
        attempt=Integer(),
        question_id=Text(),
    )
    outbox = OutboxRow.__table__
    values = {
        "poll_id": sent.c.poll_id,
        "person_id": outbox.c.person_id,
        "quiz_id": sent.c.quiz_id,
        "attempt": sent.c.attempt,
        "question_id": sent.c.question_id,
        "message_id": sent.c.message_id,
        "sent_at": bindparam("now", type_=QuizPollRow.__table__.c.sent_at.type),
    }
    rows = select(*values.values()).where(
        outbox.c.id == sent.c.row_id, outbox.c.state.in_(("owed", "sending")), outbox.c.person_id.is_not(None)
    )
    return insert_new_rows(engine, QuizPollRow, [*values], rows)


@cache
def _polls_statement() -> Select[str, int, str, int, str, int, str, bool, str]:
    return (
        select(
            QuizPollRow.poll_id,
            QuizPollRow.person_id,
            QuizPollRow.quiz_id,
            QuizPollRow.attempt,
            QuizPollRow.question_id,
            ChatRow.id,
            ChatRow.reach,
            and_(PersonRow.consented_at.is_not(None), PersonRow.withdrawn_at.is_(None)),
            PersonRow.programme_id,
        )
        .join(PersonRow, PersonRow.id == QuizPollRow.person_id)
        .join(ChatRow, ChatRow.person_id == QuizPollRow.person_id)
        .where(QuizPollRow.poll_id.in_(bindparam("poll_ids", expanding=True)))
    )


def _attempts_select() -> _AttemptsSelect:
    answered = and_(
        QuizAnswerRow.person_id == QuizAttemptRow.person_id,
        QuizAnswerRow.quiz_id == QuizAttemptRow.quiz_id,
        QuizAnswerRow.attempt == QuizAttemptRow.attempt,
    )
    return (
        select(
            QuizAttemptRow.person_id,
            QuizAttemptRow.quiz_id,
            QuizAttemptRow.attempt,
            QuizAttemptRow.asked,
            QuizAttemptRow.finished_at.is_not(None),
            QuizAnswerRow.question_id,
            QuizAnswerRow.correct,
        )
        .outerjoin(QuizAnswerRow, answered)
        .order_by(QuizAttemptRow.person_id, QuizAttemptRow.quiz_id, QuizAttemptRow.attempt)
    )


@cache
def _attempts_statement() -> _AttemptsSelect:
    return _attempts_select().where(QuizAttemptRow.person_id.in_(bindparam("people", expanding=True)))


@cache
def _attempts_asked_statement() -> _AttemptsSelect:
    asked = select(QuizPollRow.person_id, QuizPollRow.quiz_id).where(
        QuizPollRow.poll_id.in_(bindparam("poll_ids", expanding=True))
    )
    which = asked.distinct().subquery()
    return _attempts_select().join(
        which, and_(which.c.person_id == QuizAttemptRow.person_id, which.c.quiz_id == QuizAttemptRow.quiz_id)
    )


@cache
def _statements() -> Mapping[type[Fact], Executable]:
    """How each kind of fact but one is written; an attempt begins before anything else is said of it."""
    attempt = _of_attempt(QuizAttemptRow)
    return {
        AttemptStarted: insert(QuizAttemptRow),
        Asked: update(QuizAttemptRow).where(attempt).values(asked=bindparam("all_asked")),
        Retracted: delete(QuizAnswerRow).where(
            _of_attempt(QuizAnswerRow), QuizAnswerRow.question_id == bindparam("of_question")
        ),
        Finished: update(QuizAttemptRow)
        .where(attempt)
        .values(finished_at=bindparam("at"), right=bindparam("score")),
    }


def _of_attempt(table: type[QuizAttemptRow | QuizAnswerRow]) -> ColumnElement[bool]:
    return and_(
        table.person_id == bindparam("of_person"),
        table.quiz_id == bindparam("of_quiz"),
        table.attempt == bindparam("of_attempt"),
    )
