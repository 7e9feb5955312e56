"""Live quizzes: what of somebody's votes counts, and who stands where.

Everybody has a copy of the question of their own, and their time runs from when that was delivered: at 30
messages a second the last of 3,400 people has it two minutes after the first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from bot.domain.language import Localised

GRACE = timedelta(seconds=2)
"""Beyond somebody's time: the way of the question to their telephone, and of the answer back."""

FEWEST = 3
"""An office with fewer people is on no leaderboard: it would show what one of them answered."""

LINES = 10
"""How many lines a leaderboard has."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked; `correct` are the right options (0-based, ascending), none where it is but a poll."""

    text: Localised
    options: tuple[Localised, ...]
    correct: tuple[int, ...] = ()
    explanation: Localised | None = None
    multiple: bool = False


class State(StrEnum):
    """How a question stands."""

    DRAFT = "draft"
    RUNNING = "running"
    REVEALED = "revealed"


class Heard(StrEnum):
    """What became of a vote."""

    COUNTED = "counted"
    LATE = "late"
    FIRST = "first"  # an earlier vote counts
    TAKEN_BACK = "taken_back"


@dataclass(frozen=True, slots=True)
class Rules:
    """How long everybody has, from when their copy was delivered; and which of several votes counts."""

    seconds: int
    votes: str = "first"  # first | last


@dataclass(frozen=True, slots=True)
class Standing:
    """What of somebody's votes counts: its options (none: nothing does), and how long it took."""

    options: tuple[int, ...] = ()
    after: timedelta = timedelta()
    votes: int = 0  # how often they voted, or took a vote back
    late: int = 0  # how many of those were too late


def vote(
    rules: Rules, before: Standing | None, options: Sequence[int], after: timedelta, *, over: bool
) -> tuple[Standing, Heard]:
    """A vote (no options: taken back) `after` its copy was delivered; `over`: the answer has been shown.

    Where the first vote counts, no later one does; to take it back leaves none. What comes too late changes
    nothing.
    """
    standing = before or Standing()
    again = replace(standing, votes=standing.votes + 1)
    if over or after > timedelta(seconds=rules.seconds) + GRACE:
        return replace(again, late=standing.late + 1), Heard.LATE
    if not options:
        return replace(again, options=(), after=timedelta()), Heard.TAKEN_BACK
    if rules.votes == "first" and standing.votes > standing.late:
        return again, Heard.FIRST
    return replace(again, options=tuple(sorted(set(options))), after=after), Heard.COUNTED


@dataclass(frozen=True, slots=True)
class Score:
    """Somebody's (or an office's) standing over several questions."""

    name: str
    right: int
    asked: int
    millis: int  # for the right answers together
    people: int = 1

    @property
    def share(self) -> int:
        """Right answers of those that were asked for, in percent."""
        return round(100 * self.right / self.asked) if self.asked else 0

    @property
    def seconds(self) -> int:
        """For a right answer, on average, rounded up."""
        return -(-self.millis // (1000 * self.right)) if self.right else 0


def of_people(scores: Iterable[Score]) -> list[Score]:
    """Who has most right answers, and of those who was quicker. Nobody stands there with none."""
    return sorted((each for each in scores if each.right), key=lambda each: (-each.right, each.millis))


def of_offices(scores: Iterable[Score]) -> list[Score]:
    """The offices by their share of right answers, then by the time it took; none with hardly anybody."""
    large = (each for each in scores if each.people >= FEWEST and each.right)
    return sorted(large, key=lambda each: (-each.right / each.asked, each.millis / each.right))


def places(scores: Sequence[Score], key: str) -> list[tuple[int, Score]]:
    """Each with its place; who is equal in `key` ("right", "share") and in time shares one."""
    placed: list[tuple[int, Score]] = []
    for number, score in enumerate(scores, start=1):
        before = placed[-1] if placed else None
        same = before is not None and all(
            getattr(before[1], each) == getattr(score, each) for each in (key, "millis")
        )
        placed.append((before[0] if before is not None and same else number, score))
    return placed
