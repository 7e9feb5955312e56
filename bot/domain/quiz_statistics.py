"""How the questions of a quiz work: how many get them right, whether they tell who knows, what draws whom.

Of each person's first finished attempt only: later ones are practice. The measures are the field's usual
ones (classical item analysis): the share correct ("difficulty"), the correlation between a question and the
rest of the quiz ("corrected item-total correlation", a point-biserial), and for each option who chose it, by
the lower, middle and upper third of people by their score in the whole attempt.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

from bot.domain.programme import Question, Quiz

ENOUGH = 20
"""So many people have to have answered before a question is called anything."""

_EASY, _HARD = 0.95, 0.3
_TELLS_LITTLE = 0.15


@dataclass(frozen=True, slots=True)
class Tally:
    """How many people chose `options` of a question, of those with `right` of their whole attempt right."""

    question: str
    options: tuple[int, ...]
    correct: bool
    right: int
    people: int


class Verdict(StrEnum):
    """What a question's figures suggest to whoever wrote it."""

    TOO_FEW = "too_few"
    GOOD = "good"
    EASY = "easy"
    HARD = "hard"
    TELLS_LITTLE = "tells_little"  # those who know the rest get it right hardly more often
    MISLEADING = "misleading"  # those who know the rest get it wrong more often


@dataclass(frozen=True, slots=True)
class Choice:
    """An option: the share of people who chose it, of all and of each third by score (lower to upper).

    A third without people has None.
    """

    index: int
    correct: bool
    people: int
    share: float
    thirds: tuple[float | None, float | None, float | None]


@dataclass(frozen=True, slots=True)
class Item:
    """A question's figures; `discrimination` is None where all did equally well, on it or on the rest."""

    question: Question
    people: int
    share_correct: float
    discrimination: float | None
    choices: tuple[Choice, ...]
    verdict: Verdict


def analysed(quiz: Quiz, tallies: Iterable[Tally]) -> tuple[Item, ...]:
    """The figures of each of the quiz's questions that anybody has answered, in its order."""
    counted: dict[str, list[Tally]] = defaultdict(list)
    for tally in tallies:
        counted[tally.question].append(tally)
    return tuple(
        _item(question, counted[question.id]) for question in quiz.questions if counted.get(question.id)
    )


def _item(question: Question, tallies: Sequence[Tally]) -> Item:
    people = sum(tally.people for tally in tallies)
    correct = sum(tally.people for tally in tallies if tally.correct)
    discrimination = _correlation(tallies)
    share = correct / people
    return Item(
        question,
        people,
        share,
        discrimination,
        _choices(question, tallies, people),
        _verdict(people, share, discrimination),
    )


def _correlation(tallies: Sequence[Tally]) -> float | None:
    """Pearson's, between getting it right (0 or 1) and how many of the others one got right."""
    n = sum(tally.people for tally in tallies)
    x = sum(tally.people for tally in tallies if tally.correct)
    rests = [(tally, tally.right - tally.correct) for tally in tallies]
    y = sum(tally.people * rest for tally, rest in rests)
    yy = sum(tally.people * rest * rest for tally, rest in rests)
    xy = sum(tally.people * rest for tally, rest in rests if tally.correct)
    spread = (n * x - x * x) * (n * yy - y * y)
    return (n * xy - x * y) / sqrt(spread) if spread > 0 else None


def _choices(question: Question, tallies: Sequence[Tally], people: int) -> tuple[Choice, ...]:
    third_of = _thirds(tallies)
    sizes: Counter[int] = Counter()
    chosen: Counter[tuple[int, int]] = Counter()
    for tally in tallies:
        third = third_of[tally.right]
        sizes[third] += tally.people
        for option in tally.options:
            chosen[option, third] += tally.people
    found = []
    for index in range(len(question.options)):
        number = sum(chosen[index, third] for third in range(3))
        lower, middle, upper = (
            chosen[index, third] / sizes[third] if sizes[third] else None for third in range(3)
        )
        found.append(
            Choice(index, index in question.correct, number, number / people, (lower, middle, upper))
        )
    return tuple(found)


def _thirds(tallies: Sequence[Tally]) -> Mapping[int, int]:
    """The third (0 lower, 1, 2 upper) of each score; one that many share is wholly where its middle is."""
    scores: Counter[int] = Counter()
    for tally in tallies:
        scores[tally.right] += tally.people
    everybody, below = scores.total(), 0
    thirds = {}
    for score in sorted(scores):
        thirds[score] = min(2, int(3 * (below + scores[score] / 2) / everybody))
        below += scores[score]
    return thirds


def _verdict(people: int, share: float, discrimination: float | None) -> Verdict:
    if people < ENOUGH:
        return Verdict.TOO_FEW
    if discrimination is not None and discrimination < 0:
        return Verdict.MISLEADING
    if share < _HARD:
        return Verdict.HARD
    if share > _EASY:
        return Verdict.EASY
    if discrimination is not None and discrimination < _TELLS_LITTLE:
        return Verdict.TELLS_LITTLE
    return Verdict.GOOD
