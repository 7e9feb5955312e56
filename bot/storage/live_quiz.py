"""Live questions, their copies in people's chats, and the votes on them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Row,
    Select,
    and_,
    case,
    delete,
    distinct,
    func,
    insert,
    select,
    update,
)

from bot.domain.language import Localised
from bot.domain.live_quiz import Question, Rules, Score, Standing, State
from bot.storage import attendance
from bot.storage.database import Transaction
from bot.storage.tables import LivePollRow, LiveQuizRow, LiveVoteRow, OutboxRow, PersonRow
from bot.storage.upsert import insert_new, upsert

_TABLE = LiveQuizRow.__table__


@dataclass(frozen=True, slots=True)
class LiveQuiz:
    """A question that is, or is to be, put to a session; moments are aware UTC."""

    id: int
    programme_id: str
    session_id: str
    author_id: int | None
    author: str
    question: Question
    whom: str
    state: State
    rules: Rules
    wave_id: int | None
    people: int
    created_at: datetime
    launched_at: datetime | None
    revealed_at: datetime | None

    @property
    def name(self) -> str:
        """The name of its wave, and the reason for which its copies are owed."""
        return f"live:{self.id}"


@dataclass(frozen=True, slots=True)
class Copy:
    """Whose copy of which question a poll is, and since when they have it."""

    live_quiz: int
    person: int
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Results:
    """How a question has been answered: counts by option, and of people."""

    options: tuple[int, ...]
    answered: int  # those with a vote that counts
    right: int
    late: int  # those who voted, but too late only
    delivered: int
    waiting: int  # for their copy
    last_at: datetime | None  # when the last copy so far was delivered


def add(
    tx: Transaction,
    *,
    programme_id: str,
    session_id: str,
    author_id: int,
    author: str,
    question: Question,
    rules: Rules,
    now: datetime,
) -> int:
    """Note a draft; its number."""
    statement = insert(LiveQuizRow).values(
        programme_id=programme_id,
        session_id=session_id,
        author_id=author_id,
        author=author,
        question=_dump(question),
        scored=bool(question.correct),
        whom="all",
        state=State.DRAFT.value,
        seconds=rules.seconds,
        votes=rules.votes,
        people=0,
        created_at=now,
    )
    return tx.connection.execute(statement.returning(LiveQuizRow.id)).scalar_one()


def live_quiz(tx: Transaction, number: int, *, to_change: bool = False) -> LiveQuiz | None:
    """The question of that number, or None; `to_change`: nobody else does until the transaction ends."""
    statement = select(_TABLE).where(LiveQuizRow.id == number)
    row = tx.connection.execute(statement.with_for_update() if to_change else statement).first()
    return None if row is None else _live_quiz(row)


def live_quizzes(tx: Transaction, programme_id: str, session_id: str) -> list[LiveQuiz]:
    """A session's questions that were launched, in that order."""
    rows = tx.connection.execute(
        select(_TABLE)
        .where(
            LiveQuizRow.programme_id == programme_id,
            LiveQuizRow.session_id == session_id,
            LiveQuizRow.state != State.DRAFT.value,
        )
        .order_by(LiveQuizRow.launched_at, LiveQuizRow.id)
    )
    return [_live_quiz(row) for row in rows]


def change(tx: Transaction, number: int, **values: Any) -> None:
    """Change columns of a question."""
    tx.connection.execute(update(LiveQuizRow).where(LiveQuizRow.id == number).values(**values))


def remove(tx: Transaction, number: int) -> None:
    """Forget a draft."""
    tx.connection.execute(
        delete(LiveQuizRow).where(LiveQuizRow.id == number, LiveQuizRow.state == State.DRAFT.value)
    )


# --- copies ---------------------------------------------------------------------------------------------


def note_copies(tx: Transaction, sent: Iterable[tuple[str, int, int, int]], now: datetime) -> None:
    """Copies were delivered, by the poll's id, the question's number, the person's id, the message's id.

    Not to people who were erased meanwhile.
    """
    rows = list(sent)
    there = set(
        tx.connection.scalars(
            select(PersonRow.id).where(PersonRow.id.in_([person for _, _, person, _ in rows]))
        )
    )
    values = [
        {
            "poll_id": poll_id,
            "live_quiz_id": number,
            "person_id": person_id,
            "message_id": message_id,
            "sent_at": now,
        }
        for poll_id, number, person_id, message_id in rows
        if person_id in there
    ]
    if values:
        tx.connection.execute(insert_new(tx.connection, LivePollRow), values)


def copy(tx: Transaction, poll_id: str) -> Copy | None:
    """Whose copy of what that poll is; None where it is none."""
    row = tx.connection.execute(
        select(LivePollRow.live_quiz_id, LivePollRow.person_id, LivePollRow.sent_at).where(
            LivePollRow.poll_id == poll_id
        )
    ).first()
    return None if row is None else Copy(*row)


def withdraw(tx: Transaction, live_quiz: LiveQuiz, now: datetime) -> int:
    """Who has not had their copy yet is not sent it any more; how many."""
    statement = (
        update(OutboxRow)
        .where(OutboxRow.wave_id == live_quiz.wave_id, OutboxRow.state.in_(("owed", "held")))
        .where(OutboxRow.reason == live_quiz.name)
        .values(state="withdrawn", settled_at=now, error="the answer has been shown")
    )
    return 0 if live_quiz.wave_id is None else tx.connection.execute(statement).rowcount


def have_it(number: int) -> Select[int]:
    """Select the ids of those who have a copy."""
    mine = select(LivePollRow.person_id).where(LivePollRow.live_quiz_id == number)
    return select(PersonRow.id).where(PersonRow.id.in_(mine), PersonRow.withdrawn_at.is_(None))


def who_is_there(people: Select[int], programme_id: str, session_id: str) -> Select[int]:
    """Of those whom `people` selects, who has checked in."""
    return people.where(PersonRow.id.in_(attendance.checked_in(programme_id, session_id)))


# --- votes ----------------------------------------------------------------------------------------------


def standing(tx: Transaction, number: int, person_id: int) -> Standing | None:
    """What counts of somebody's votes so far; None where they have not voted."""
    row = tx.connection.execute(
        select(LiveVoteRow.choice, LiveVoteRow.millis, LiveVoteRow.votes, LiveVoteRow.late).where(
            LiveVoteRow.live_quiz_id == number, LiveVoteRow.person_id == person_id
        )
    ).first()
    if row is None:
        return None
    return Standing(_options(row.choice), timedelta(milliseconds=row.millis), row.votes, row.late)


def record(tx: Transaction, live_quiz: LiveQuiz, person_id: int, standing: Standing, now: datetime) -> None:
    """Note what counts of somebody's votes by now."""
    right = live_quiz.question.correct
    values = {
        "live_quiz_id": live_quiz.id,
        "person_id": person_id,
        "choice": ",".join(map(str, standing.options)),
        "correct": standing.options == right if standing.options and right else None,
        "millis": standing.after // timedelta(milliseconds=1),
        "votes": standing.votes,
        "late": standing.late,
        "voted_at": now,
    }
    tx.connection.execute(upsert(tx.connection, LiveVoteRow, values, key=("live_quiz_id", "person_id")))


def results(tx: Transaction, live_quiz: LiveQuiz) -> Results:
    """How a question has been answered so far."""
    of_it = LiveVoteRow.live_quiz_id == live_quiz.id
    counted: Counter[int] = Counter()
    answered = right = late = 0
    for choice, correct, number, too_late in tx.connection.execute(
        select(
            LiveVoteRow.choice,
            LiveVoteRow.correct,
            func.count().label("number"),
            func.count(case((LiveVoteRow.late > 0, 1))).label("late"),
        )
        .where(of_it)
        .group_by(LiveVoteRow.choice, LiveVoteRow.correct)
    ):
        if choice:
            answered += number
            right += number if correct else 0
            for option in _options(choice):
                counted[option] += number
        else:
            late += too_late
    delivered, last_at = tx.connection.execute(
        select(func.count(distinct(LivePollRow.person_id)), func.max(LivePollRow.sent_at)).where(
            LivePollRow.live_quiz_id == live_quiz.id
        )
    ).one()
    waiting = 0
    if live_quiz.state is State.RUNNING and live_quiz.wave_id is not None:
        waiting = tx.connection.execute(
            select(func.count()).where(
                OutboxRow.wave_id == live_quiz.wave_id, OutboxRow.state.in_(("owed", "sending", "held"))
            )
        ).scalar_one()
    bars = tuple(counted[n] for n in range(len(live_quiz.question.options)))
    return Results(bars, answered, right, late, delivered, waiting, last_at)


def scores(tx: Transaction, programme_id: str, session_id: str, *, by: str) -> list[Score]:
    """How people, or (`by` "office") offices, have answered a session's questions whose answers were shown.

    Of those that have a right answer; whoever had a copy was asked. Test people are on no leaderboard.
    """
    asked = (
        select(LivePollRow.live_quiz_id, LivePollRow.person_id)
        .distinct()
        .join(LiveQuizRow, LiveQuizRow.id == LivePollRow.live_quiz_id)
        .where(
            LiveQuizRow.programme_id == programme_id,
            LiveQuizRow.session_id == session_id,
            LiveQuizRow.state == State.REVEALED.value,
            LiveQuizRow.scored,
            LivePollRow.sent_at < LiveQuizRow.revealed_at,  # not what was on its way when it was shown
        )
        .subquery()
    )
    right = LiveVoteRow.correct.is_(True)
    votes = and_(LiveVoteRow.live_quiz_id == asked.c.live_quiz_id, LiveVoteRow.person_id == asked.c.person_id)
    key: tuple[Any, ...] = (PersonRow.office,) if by == "office" else (PersonRow.id, PersonRow.name)
    rows = tx.connection.execute(
        select(
            (PersonRow.office if by == "office" else PersonRow.name).label("name"),
            func.count(case((right, 1))).label("right"),
            func.count().label("asked"),
            func.coalesce(func.sum(case((right, LiveVoteRow.millis))), 0).label("millis"),
            func.count(distinct(PersonRow.id)).label("people"),
        )
        .select_from(asked)
        .join(PersonRow, PersonRow.id == asked.c.person_id)
        .outerjoin(LiveVoteRow, votes)
        .where(
            PersonRow.is_test.is_(False), PersonRow.role == "participant", PersonRow.withdrawn_at.is_(None)
        )
        .group_by(*key)
    )
    return [Score(row.name, row.right, row.asked, int(row.millis), row.people) for row in rows if row.name]


def own(tx: Transaction, programme_id: str, session_id: str, person_id: int) -> tuple[int, int]:
    """Somebody's right answers in a session, and how many questions with one they had; of those shown."""
    right, asked = tx.connection.execute(
        select(
            func.count(distinct(case((LiveVoteRow.correct.is_(True), LivePollRow.live_quiz_id)))),
            func.count(distinct(LivePollRow.live_quiz_id)),
        )
        .select_from(LivePollRow)
        .join(LiveQuizRow, LiveQuizRow.id == LivePollRow.live_quiz_id)
        .outerjoin(
            LiveVoteRow,
            and_(
                LiveVoteRow.live_quiz_id == LivePollRow.live_quiz_id,
                LiveVoteRow.person_id == LivePollRow.person_id,
            ),
        )
        .where(
            LivePollRow.person_id == person_id,
            LiveQuizRow.programme_id == programme_id,
            LiveQuizRow.session_id == session_id,
            LiveQuizRow.state == State.REVEALED.value,
            LiveQuizRow.scored,
            LivePollRow.sent_at < LiveQuizRow.revealed_at,
        )
    ).one()
    return right, asked


def _options(choice: str) -> tuple[int, ...]:
    return tuple(int(option) for option in choice.split(",") if option)


def _live_quiz(row: Row[Any]) -> LiveQuiz:
    return LiveQuiz(
        row.id,
        row.programme_id,
        row.session_id,
        row.author_id,
        row.author,
        _load(row.question),
        row.whom,
        State(row.state),
        Rules(row.seconds, row.votes),
        row.wave_id,
        row.people,
        row.created_at,
        row.launched_at,
        row.revealed_at,
    )


def _dump(question: Question) -> dict[str, Any]:
    return {
        "text": _both(question.text),
        "options": [_both(option) for option in question.options],
        "correct": list(question.correct),
        "explanation": None if question.explanation is None else _both(question.explanation),
        "multiple": question.multiple,
    }


def _both(text: Localised) -> dict[str, str]:
    return {"id": text.id, "en": text.en}


def _load(data: Mapping[str, Any]) -> Question:
    return Question(
        Localised(**data["text"]),
        tuple(Localised(**option) for option in data["options"]),
        tuple(data["correct"]),
        None if data["explanation"] is None else Localised(**data["explanation"]),
        data["multiple"],
    )
