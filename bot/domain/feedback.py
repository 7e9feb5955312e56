"""What people answer after a session: 1 to 5 and perhaps a sentence; summed up."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

RATINGS = (1, 2, 3, 4, 5)

LONGEST = 500
"""Characters of a sentence that are kept."""

FEWEST = 3
"""Answers from which on their mean is shown: of fewer, each of them knows the other's."""

ENOUGH = 5
"""Answers from which on ratings and sentences are shown one by one: of fewer, whose is whose is guessed."""

OPEN_FOR = timedelta(days=7)
"""How long after a session's end an answer is taken, or changed."""

ASKED_WITHIN = timedelta(days=2)
"""After which, since its end, people are no longer asked (after an outage): nobody remembers."""


@dataclass(frozen=True, slots=True)
class Summary:
    """How often each rating was given, and by how many of those who were asked."""

    counts: Mapping[int, int]
    asked: int

    @property
    def answers(self) -> int:
        """How many have answered."""
        return sum(self.counts.values())

    @property
    def has_mean(self) -> bool:
        """Whether there are enough answers for their mean to tell nobody's."""
        return self.answers >= FEWEST

    @property
    def is_enough(self) -> bool:
        """Whether there are enough answers for each of them to be shown."""
        return self.answers >= ENOUGH

    @property
    def tenths(self) -> int:
        """The mean in tenths, rounded half up; 0 where nobody has answered."""
        total = sum(rating * count for rating, count in self.counts.items())
        return 0 if not self.answers else (20 * total + self.answers) // (2 * self.answers)


def sentence(typed: str) -> str:
    """What somebody typed as one sentence, cut where it is too long; "" where there is nothing."""
    words = " ".join(typed.split())
    return words if len(words) <= LONGEST else words[: LONGEST - 1].rstrip() + "…"
