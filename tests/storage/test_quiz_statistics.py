"""What is counted of a quiz: first finished attempts of real participants in the scope."""

from typing import Any

from sqlalchemy import insert

from bot.domain.quiz_statistics import Tally
from bot.domain.staff import EVERYTHING, Scope
from bot.storage.database import Database, Transaction
from bot.storage.quiz_statistics import tallies
from bot.storage.tables import QuizAnswerRow, QuizAttemptRow
from tests.examples import NOON, add_person


def answer(
    tx: Transaction, person: int, options: list[int], *, attempt: int = 1, finished: bool = True
) -> None:
    of: dict[str, Any] = {"person_id": person, "quiz_id": "kuis", "attempt": attempt}
    right = int(options == [0])
    done = {"finished_at": NOON if finished else None, "right": right if finished else None}
    tx.connection.execute(
        insert(QuizAttemptRow).values(asked=["q1"], questions=1, started_at=NOON, **done, **of)
    )
    tx.connection.execute(
        insert(QuizAnswerRow).values(
            question_id="q1", options=options, correct=bool(right), answered_at=NOON, **of
        )
    )


def test_whom_it_counts(database: Database) -> None:
    def fill(tx: Transaction) -> None:
        for n in range(3):
            answer(tx, add_person(tx, f"Anna {n}", office="A"), [0])
        budi = add_person(tx, "Budi", office="B")
        answer(tx, budi, [1])
        answer(tx, budi, [0], attempt=2)
        answer(tx, add_person(tx, "Citra", office="A"), [1], finished=False)
        answer(tx, add_person(tx, "Uji", office="A", is_test=True), [1])
        answer(tx, add_person(tx, "Sari", office="A", role="coordinator"), [1])
        answer(tx, add_person(tx, "Lain", office="A", programme_id="q"), [1])

    database.write_now(fill)

    def found(tx: Transaction, scope: Scope) -> list[Tally]:
        return sorted(tallies(tx, "p", "kuis", scope), key=lambda tally: tally.options)

    three, one = Tally("q1", (0,), True, 1, 3), Tally("q1", (1,), False, 0, 1)
    assert database.read_now(found, EVERYTHING) == [three, one]
    assert database.read_now(found, Scope(offices=("A",))) == [three]
    assert database.read_now(found, Scope(offices=("C",))) == []
