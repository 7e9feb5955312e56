"""What the answers say of the questions, checked against the long way round."""

import statistics
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.programme import Question, Quiz
from bot.domain.quiz_statistics import Item, Tally, Verdict, analysed
from tests.examples import text

IDS = ("q1", "q2", "q3")


def question(name: str) -> Question:
    return Question(name, text("?"), (text("a"), text("b"), text("c")), (0,), text(""))


QUIZ = Quiz("kuis", text("Kuis"), text(""), tuple(map(question, IDS)))

Answers = list[tuple[int, int, int]]
"""For each person what they chose: 0 is right."""


def tallied(people: Answers) -> list[Tally]:
    counted = Counter(
        (name, chosen, chosen == 0, answers.count(0))
        for answers in people
        for name, chosen in zip(IDS, answers, strict=True)
    )
    return [Tally(name, (chosen,), ok, right, n) for (name, chosen, ok, right), n in counted.items()]


def first(people: Answers) -> Item:
    return analysed(QUIZ, tallied(people))[0]


@given(st.lists(st.tuples(*[st.integers(0, 2)] * 3), min_size=2, max_size=40))
def test_figures_are_those_of_the_people_one_by_one(people: Answers) -> None:
    items = analysed(QUIZ, tallied(people))
    assert [item.question.id for item in items] == list(IDS)
    for n, item in enumerate(items):
        ok = [int(answers[n] == 0) for answers in people]
        rest = [answers.count(0) - own for answers, own in zip(people, ok, strict=True)]
        assert item.people == len(people)
        assert item.share_correct == pytest.approx(statistics.mean(ok))
        try:
            expected = statistics.correlation(ok, rest)
        except statistics.StatisticsError:  # all alike
            assert item.discrimination is None
        else:
            assert item.discrimination == pytest.approx(expected)
        assert sum(choice.people for choice in item.choices) == len(people)
        for third in range(3):
            shares = [choice.thirds[third] for choice in item.choices]
            assert all(share is None for share in shares) or sum(s or 0 for s in shares) == pytest.approx(1)


def test_what_a_wrong_option_draws_is_told_by_thirds() -> None:
    able, middling, weak = (0, 0, 0), (0, 1, 1), (2, 1, 1)
    item = first([able] * 10 + [middling] * 10 + [weak] * 10)
    assert [(c.index, c.correct, c.people, c.thirds) for c in item.choices] == [
        (0, True, 20, (0.0, 1.0, 1.0)),
        (1, False, 0, (0.0, 0.0, 0.0)),
        (2, False, 10, (1.0, 0.0, 0.0)),
    ]
    assert item.verdict is Verdict.GOOD


@pytest.mark.parametrize(
    ("people", "verdict"),
    [
        ([(0, 0, 0)] * 19, Verdict.TOO_FEW),
        ([(0, 0, 0)] * 20, Verdict.EASY),
        ([(1, 1, 1)] * 20 + [(0, 0, 0)] * 5, Verdict.HARD),
        ([(1, 0, 0)] * 10 + [(0, 1, 1)] * 10, Verdict.MISLEADING),
        ([(1, 0, 0)] * 10 + [(0, 0, 0)] * 10 + [(1, 1, 1)] * 10 + [(0, 1, 1)] * 10, Verdict.TELLS_LITTLE),
        ([(0, 0, 0)] * 10 + [(1, 1, 1)] * 10, Verdict.GOOD),
    ],
)
def test_verdicts(people: Answers, verdict: Verdict) -> None:
    assert first(people).verdict is verdict


def test_a_question_nobody_answered_has_no_figures() -> None:
    assert analysed(QUIZ, []) == ()
