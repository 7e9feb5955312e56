"""Pauses between attempts."""

import random


class Pauses:
    """Growing pauses between attempts, in real seconds, scattered so that nobody retries in step."""

    def __init__(self, first: float = 0.5, most: float = 60.0) -> None:
        self._first = first
        self._most = most
        self._failures = 0

    def next(self, at_least: float = 0.0) -> float:
        """How long to wait now; doubles with every call until `reset`."""
        length = min(self._most, self._first * 2.0 ** min(self._failures, 30))
        self._failures += 1
        scatter = random.uniform(0.8, 1.2)  # noqa: S311 - a pause is no secret
        return max(at_least, length * scatter)

    def reset(self) -> None:
        """It worked: begin with the shortest again."""
        self._failures = 0
