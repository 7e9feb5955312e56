"""Quizzes: how each question works, in figures, in a plot, and in plain words.

`bot.domain.quiz_statistics` says how the figures are made.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from bot.domain.messages import Say, Value
from bot.domain.programme import Quiz
from bot.domain.quiz_statistics import Item, analysed
from bot.domain.staff import Right
from bot.storage import quiz_statistics as stored
from bot.storage.database import Transaction
from bot.web.page import Answer, Visit, Way, not_found
from bot.web.tables import Asked, Column, Table

_WIDTH = 200  # of a bar that stands for all, in the plot's own units


@dataclass(frozen=True, slots=True)
class Figured:
    """A quiz, and its questions that anybody has answered."""

    quiz: Quiz
    items: tuple[Item, ...]

    @property
    def people(self) -> int:
        """How many finished it once."""
        return max((item.people for item in self.items), default=0)

    @property
    def share(self) -> int | None:
        """Per cent of all answers that were right."""
        answers = sum(item.people for item in self.items)
        right = sum(item.people * item.share_correct for item in self.items)
        return round(100 * right / answers) if answers else None


@dataclass(frozen=True, slots=True)
class Bar:
    """What share (per cent; None: nobody is there) of a third chose an option, and how long its bar is."""

    third: str
    share: int | None
    length: int
    y: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """An option: its words, who chose it, and its bars."""

    words: Value
    correct: bool
    people: int
    share: int
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """A question with its figures as the page shows them."""

    number: int
    item: Item
    share: int
    discrimination: str
    options: tuple[Drawn, ...]


def _items(tx: Transaction, visit: Visit, quiz: Quiz) -> tuple[Item, ...]:
    return analysed(quiz, stored.tallies(tx, visit.programme.id, quiz.id, visit.scope))


def _percent(share: float) -> int:
    return round(100 * share)


def _number(visit: Visit, value: float | None) -> str:
    """`0,42` (English `0.42`)."""
    if value is None:
        return "–"
    return f"{value:.2f}".replace(".", "," if visit.reader.language == "id" else ".")


def _quizzes(tx: Transaction, visit: Visit, _: Asked, limit: int | None, offset: int) -> Iterable[Figured]:
    for quiz in visit.programme.quizzes[offset : None if limit is None else offset + limit]:
        yield Figured(quiz, _items(tx, visit, quiz))


_QUIZZES: Final[Table[Figured]] = Table(
    name="quizzes",
    columns=(
        Column(
            "title",
            "page.column_quiz",
            lambda row: row.quiz.title,
            head=True,
            link=lambda row: f"/quizzes/{row.quiz.id}",
        ),
        Column("questions", "page.column_questions", lambda row: len(row.quiz.questions), number=True),
        Column("people", "page.column_finished", lambda row: row.people, number=True),
        Column("share", "page.column_right", lambda row: row.share, number=True),
    ),
    count=lambda _tx, visit, _asked: len(visit.programme.quizzes),
    rows=_quizzes,
)


def _list(tx: Transaction, visit: Visit) -> Answer:
    return _QUIZZES.answer(tx, visit, "quizzes.html")


def _quiz(tx: Transaction, visit: Visit) -> Answer:
    quiz = visit.programme.quiz(visit.ids["id"])
    if quiz is None:
        raise not_found()
    items = _items(tx, visit, quiz)
    number = {question.id: n for n, question in enumerate(quiz.questions, start=1)}
    table = _table(visit, items, number)
    answered = [_answered(visit, item, number[item.question.id]) for item in items]
    return table.answer(tx, visit, "quiz.html", {"quiz": quiz, "answered": answered, "width": _WIDTH})


def _table(visit: Visit, items: Sequence[Item], number: dict[str, int]) -> Table[Item]:
    def rows(_tx: Transaction, _visit: Visit, _: Asked, limit: int | None, offset: int) -> Iterable[Item]:
        return items[offset : None if limit is None else offset + limit]

    return Table(
        name="quiz",
        columns=(
            Column("number", "page.column_message", lambda row: number[row.question.id], number=True),
            Column("question", "page.column_question", lambda row: row.question.text, head=True),
            Column("people", "page.column_answered", lambda row: row.people, number=True),
            Column("share", "page.column_right", lambda row: _percent(row.share_correct), number=True),
            Column(
                "discrimination",
                "page.column_discrimination",
                lambda row: _number(visit, row.discrimination),
                number=True,
            ),
            Column("verdict", "page.column_verdict", lambda row: Say(f"page.verdict_{row.verdict}")),
        ),
        count=lambda _tx, _visit, _asked: len(items),
        rows=rows,
    )


def _answered(visit: Visit, item: Item, number: int) -> Answered:
    options = []
    for choice in item.choices:
        shares = [None if each is None else _percent(each) for each in choice.thirds]
        bars = tuple(
            Bar(third, share, round(_WIDTH * (share or 0) / 100), 18 * n)
            for n, (third, share) in enumerate(zip(("lower", "middle", "upper"), shares, strict=True))
        )
        words = item.question.options[choice.index]
        options.append(Drawn(words, choice.correct, choice.people, _percent(choice.share), bars))
    return Answered(
        number, item, _percent(item.share_correct), _number(visit, item.discrimination), tuple(options)
    )


WAYS: Final = (
    Way("/quizzes", Right.SEE_PROGRESS, _list, menu="page.menu_quizzes"),
    Way("/quizzes/{id}", Right.SEE_PROGRESS, _quiz),
)
