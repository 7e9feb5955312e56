"""What was answered, counted for `bot.domain.quiz_statistics`: one statement, however many people."""

import json

from sqlalchemy import Text, cast, false, func, select

from bot.domain.quiz_statistics import Tally
from bot.domain.staff import Scope
from bot.storage.database import Transaction
from bot.storage.staff import within
from bot.storage.tables import PersonRow, QuizAnswerRow, QuizAttemptRow

_FIRST = 1


def tallies(tx: Transaction, programme_id: str, quiz_id: str, scope: Scope) -> list[Tally]:
    """How the participants in `scope` answered in their first attempt, once finished; no test people."""
    options = cast(QuizAnswerRow.options, Text)  # PostgreSQL does not compare JSON
    statement = (
        select(
            QuizAnswerRow.question_id,
            options.label("options"),
            QuizAnswerRow.correct,
            QuizAttemptRow.right.label("right"),
            func.count().label("people"),
        )
        .join_from(
            QuizAttemptRow,
            QuizAnswerRow,
            (QuizAnswerRow.person_id == QuizAttemptRow.person_id)
            & (QuizAnswerRow.quiz_id == QuizAttemptRow.quiz_id)
            & (QuizAnswerRow.attempt == QuizAttemptRow.attempt),
        )
        .join(PersonRow, PersonRow.id == QuizAttemptRow.person_id)
        .where(
            QuizAttemptRow.quiz_id == quiz_id,
            QuizAttemptRow.attempt == _FIRST,
            QuizAttemptRow.finished_at.is_not(None),
            PersonRow.programme_id == programme_id,
            PersonRow.is_test == false(),
            PersonRow.role == "participant",
            *within(scope),
        )
        .group_by(QuizAnswerRow.question_id, options, QuizAnswerRow.correct, QuizAttemptRow.right)
    )
    return [
        Tally(row.question_id, tuple(json.loads(row.options)), row.correct, row.right, row.people)
        for row in tx.connection.execute(statement)
    ]
