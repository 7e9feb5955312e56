"""Counting how values are spread, for the price of one bisection: what `/metrics` shows as a histogram."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Bounds for how long something takes, from an answer in one network round to an outage."""

SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
"""Bounds for how many there are of something."""


class Tally:
    """How many values were up to each bound, and their sum. Added to by one thread at a time."""

    __slots__ = ("_counts", "bounds", "sum")

    def __init__(self, bounds: Sequence[float] = SECONDS) -> None:
        self.bounds = tuple(bounds)
        self.sum = 0.0
        """Of all values."""
        self._counts = [0] * (len(self.bounds) + 1)

    def add(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    @property
    def count(self) -> int:
        """How many values there were."""
        return sum(self._counts)

    def cumulative(self) -> list[int]:
        """How many values were at most each bound; last, how many there were in all."""
        return list(accumulate(self._counts))
