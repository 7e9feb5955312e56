"""Quiz attempts, what was asked and answered, and which poll asked it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, TypeAlias

import orjson
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    ColumnElement,
    Executable,
    Insert,
    Integer,
    Row,
    Select,
    Subquery,
    Text,
    and_,
    bindparam,
    cast,
    delete,
    func,
    insert,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.types import TypeEngine

from bot.domain.messages import Announcement, Ask, AskLive, Reader
from bot.domain.people import Reach
from bot.domain.quiz import Answered, Asked, Attempt, AttemptStarted, Fact, Finished, Retracted
from bot.storage.database import Transaction
from bot.storage.given import given, these
from bot.storage.messages import load
from bot.storage.tables import (
    ChatRow,
    OutboxRow,
    PersonRow,
    QuizAnswerRow,
    QuizAttemptRow,
    QuizPollRow,
    UtcDateTime,
)
from bot.storage.upsert import insert_new, insert_new_rows


@dataclass(frozen=True, slots=True)
class Poll:
    """Whom a poll asked what."""

    person: int
    quiz: str
    attempt: int
    question: str


@dataclass(frozen=True, slots=True)
class PollInChat:
    """A poll in its chat, and all that a vote in it is decided and answered by, but the attempts."""

    poll: Poll
    chat_id: int
    open: bool  # the chat can be written to, as far as is known
    active: bool  # the person has agreed, and not withdrawn
    reader: Reader


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
    found = _attempts(tx.connection.execute(_attempts_statement(), {"person_id": person_id}).all())
    return {quiz_id: tuple(each.values()) for (_, quiz_id), each in found.items()}


def finished(tx: Transaction, person_ids: Iterable[int]) -> set[tuple[int, str]]:
    """Which quizzes (with whom) those people have finished at least once."""
    whose = these((each,) for each in person_ids)
    statement = _finished_statement(tx.connection.dialect.name)
    return {(person_id, quiz_id) for person_id, quiz_id in tx.connection.execute(statement, whose).all()}


def attempts_at(
    tx: Transaction, which: Iterable[tuple[int, str]]
) -> dict[tuple[int, str], tuple[Attempt, ...]]:
    """By person and quiz, all attempts of each of those people at that quiz, oldest first."""
    statement = _attempts_at_statement(tx.connection.dialect.name)
    found = _attempts(tx.connection.execute(statement, these(which)).all())
    return {key: tuple(each.values()) for key, each in found.items()}


def poll(tx: Transaction, poll_id: str) -> Poll | None:
    """What that poll asked, or None where it is none of the bot's (or its sending is not recorded yet)."""
    row = tx.connection.execute(_poll_statement(), {"poll_id": poll_id}).first()
    return None if row is None else Poll(*row)


def polls(tx: Transaction, poll_ids: Iterable[str]) -> dict[str, PollInChat]:
    """Those of the polls that are the bot's, in a chat that still is somebody's."""
    asked = these((each,) for each in poll_ids)
    return {
        poll_id: PollInChat(
            Poll(person, quiz, attempt, question), chat, reach == Reach.OPEN, active, Reader(*reader)
        )
        for poll_id, person, quiz, attempt, question, chat, reach, active, *reader in tx.connection.execute(
            _polls_statement(tx.connection.dialect.name), asked
        ).all()
    }


def being_asked(tx: Transaction, person_id: int) -> bool:
    """Whether a question is on its way to the person: a vote can overtake the note of which poll it was."""
    statement = select(OutboxRow.message).where(
        OutboxRow.person_id == person_id, OutboxRow.state == "sending"
    )
    return any(
        isinstance(load(message), Ask | AskLive | Announcement)
        for message in tx.connection.scalars(statement)
    )


def record(tx: Transaction, steps: Sequence[Taken], now: datetime) -> None:
    """Write down what has been decided, of one person or many: a statement for each kind of fact."""
    rows: defaultdict[type[Fact], list[tuple[Any, ...]]] = defaultdict(list)
    asked: dict[tuple[int, str, int], tuple[str, ...]] = {}
    for step in steps:
        person, quiz = step.person, step.quiz
        before = {attempt.number: attempt.asked for attempt in step.attempts}
        for fact in step.facts:
            match fact:
                case Answered(number, question, options, correct):
                    rows[Answered].append((person, quiz, number, question, options, correct))
                case Asked(number, question):
                    which = person, quiz, number
                    asked[which] = (*asked.get(which, before.get(number, ())), question)
                case Finished(number, right):
                    rows[Finished].append((person, quiz, number, right))
                case AttemptStarted(number):
                    rows[AttemptStarted].append((person, quiz, number, (), step.questions))
                case Retracted(number, question):
                    rows[Retracted].append((person, quiz, number, question))
    rows[Asked] = [(*which, questions) for which, questions in asked.items()]
    for kind, statement in _statements(tx.connection.dialect.name).items():
        if rows[kind]:
            tx.connection.execute(statement, {"now": now, **these(rows[kind])})


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


_AttemptsSelect: TypeAlias = Select[int, str, int, str, bool, str, bool]


def _attempts(
    rows: Iterable[Row[int, str, int, str, bool, str, bool]],
) -> dict[tuple[int, str], dict[int, Attempt]]:
    """By person and quiz, and then by number, in order; of a row each for what was answered, or one."""
    found: defaultdict[tuple[int, str], dict[int, Attempt]] = defaultdict(dict)
    answers: dict[str, bool] = {}
    for person, quiz, number, asked, finished, question, correct in rows:
        mine = found[person, quiz]
        if number not in mine:
            answers = {}
            mine[number] = Attempt(number, tuple(orjson.loads(asked)), answers, finished)
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
    open_ones = func.coalesce(outbox.c.state, "").in_(
        ("owed", "sending")
    )  # so that they are found by their ids
    rows = select(*values.values()).where(
        outbox.c.id == sent.c.row_id, open_ones, outbox.c.person_id.is_not(None)
    )
    return insert_new_rows(engine, QuizPollRow, [*values], rows)


@cache
def _polls_statement(engine: str) -> Executable:
    asked = given(engine, poll_id=Text())
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
            PersonRow.language,
            PersonRow.zone,
            PersonRow.name,
            PersonRow.office,
            PersonRow.programme_id,
        )
        .join(asked, asked.c.poll_id == QuizPollRow.poll_id)
        .join(PersonRow, PersonRow.id == QuizPollRow.person_id)
        .join(ChatRow, ChatRow.person_id == QuizPollRow.person_id)
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
            cast(QuizAttemptRow.asked, Text),  # read once, of the rows that an attempt has
            QuizAttemptRow.finished_at.is_not(None),
            QuizAnswerRow.question_id,
            QuizAnswerRow.correct,
        )
        .outerjoin(QuizAnswerRow, answered)
        .order_by(QuizAttemptRow.person_id, QuizAttemptRow.quiz_id, QuizAttemptRow.attempt)
    )


@cache
def _attempts_statement() -> _AttemptsSelect:
    return _attempts_select().where(QuizAttemptRow.person_id == bindparam("person_id"))


@cache
def _attempts_at_statement(engine: str) -> _AttemptsSelect:
    which = given(engine, person_id=BigInteger(), quiz_id=Text())
    return _attempts_select().join(
        which, and_(which.c.person_id == QuizAttemptRow.person_id, which.c.quiz_id == QuizAttemptRow.quiz_id)
    )


@cache
def _finished_statement(engine: str) -> Select[int, str]:
    whose = given(engine, person_id=BigInteger())
    return (
        select(QuizAttemptRow.person_id, QuizAttemptRow.quiz_id)
        .join(whose, whose.c.person_id == QuizAttemptRow.person_id)
        .where(QuizAttemptRow.finished_at.is_not(None))
    )


@cache
def _statements(engine: str) -> Mapping[type[Fact], Executable]:
    """How each kind of fact is written; an attempt begins before anything else is said of it."""
    now = bindparam("now", type_=UtcDateTime())
    key: dict[str, TypeEngine[Any]] = {"person_id": BigInteger(), "quiz_id": Text(), "attempt": Integer()}
    started = given(engine, **key, asked=JSON(), questions=Integer())
    asked = given(engine, **key, asked=JSON())
    retracted = given(engine, **key, question_id=Text())
    answered = given(engine, **key, question_id=Text(), options=JSON(), correct=Boolean())
    finished = given(engine, **key, right=Integer())
    question = (
        QuizAnswerRow.person_id,
        QuizAnswerRow.quiz_id,
        QuizAnswerRow.attempt,
        QuizAnswerRow.question_id,
    )
    return {
        AttemptStarted: insert(QuizAttemptRow).from_select(
            [*started.c.keys(), "started_at"], select(started, now)
        ),
        Asked: update(QuizAttemptRow).where(_of_attempt(asked)).values(asked=asked.c.asked),
        Retracted: delete(QuizAnswerRow).where(tuple_(*question).in_(select(retracted))),
        Finished: update(QuizAttemptRow)
        .where(_of_attempt(finished))
        .values(finished_at=now, right=finished.c.right),
        Answered: insert_new_rows(
            engine, QuizAnswerRow, [*answered.c.keys(), "answered_at"], select(answered, now).where(true())
        ),
    }


def _of_attempt(rows: Subquery) -> ColumnElement[bool]:
    return and_(
        QuizAttemptRow.person_id == rows.c.person_id,
        QuizAttemptRow.quiz_id == rows.c.quiz_id,
        QuizAttemptRow.attempt == rows.c.attempt,
    )
