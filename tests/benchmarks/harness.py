"""Rounds, medians and one JSON line a benchmark."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from tests.benchmarks.ground import Ground, undisturbed

Figures = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Sample:
    """What one side of one round has come to: its figure, others that explain it, and what has to hold."""

    value: float
    about: Figures = field(default_factory=dict)
    holds: Mapping[str, bool] = field(default_factory=dict)
    reference: float | None = None
    """What it is compared with, where that was measured along with it."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What `ours / reference` has to be."""

    at_least: float | None = None
    at_most: float | None = None

    def met(self, ratio: float) -> bool:
        """Whether `ratio` is that."""
        return (self.at_least is None or ratio >= self.at_least) and (
            self.at_most is None or ratio <= self.at_most
        )

    def __str__(self) -> str:
        return f">= {self.at_least:g}" if self.at_least is not None else f"<= {self.at_most:g}"


Side = Callable[[Ground], Awaitable[Sample]]


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One line: two sides in the same unit.

    A reference may be a plain figure; None says that each of our samples brings its own.
    """

    name: str
    unit: str
    reach: Reach
    ours: Side
    reference: Side | float | None
    described: str = ""
    """What the reference is."""


async def measure(
    benchmark: Benchmark, ground: Ground, rounds: int, tell: Callable[[str], None]
) -> dict[str, Any]:
    """Run both sides in turn, `rounds` times each; the line that comes of it."""
    ours: list[Sample] = []
    reference: list[Sample] = []
    began = time.monotonic()
    for n in range(rounds):
        sides: list[tuple[str, Side, list[Sample]]] = [("ours", benchmark.ours, ours)]
        if callable(benchmark.reference):
            sides.append(("reference", benchmark.reference, reference))
        # Whoever is first in one round is second in the next: nothing that drifts favours a side.
        for name, side, samples in sides if n % 2 == 0 else reversed(sides):
            with undisturbed():
                sample = await side(ground)
            samples.append(sample)
            figures = "".join(f", {key} {figure:.4g}" for key, figure in sample.about.items())
            tell(f"{benchmark.name} {n + 1}/{rounds} {name}: {sample.value:.5g} {benchmark.unit}{figures}")
    value = median(sample.value for sample in ours)
    if isinstance(benchmark.reference, int | float):
        others = [float(benchmark.reference)]
    else:
        others = [sample.value for sample in reference]
        others += [sample.reference for sample in ours if sample.reference is not None]
    other = median(others)
    ratio = value / other
    holds = {name: all(sample.holds[name] for sample in ours) for name in ours[0].holds}
    return {
        "name": benchmark.name,
        "ours": _short(value),
        "reference": _short(other),
        "ratio": _short(ratio),
        "unit": benchmark.unit,
        "rounds": rounds,
        "reach": str(benchmark.reach),
        "met": benchmark.reach.met(ratio) and all(holds.values()),
        "holds": holds,
        "reference_is": benchmark.described,
        "ours_each": [_short(sample.value) for sample in ours],
        "reference_each": [_short(figure) for figure in others],
        "ours_about": _medians(ours),
        "reference_about": _medians(reference),
        "seconds": _short(time.monotonic() - began),
    }


def percentile(values: Sequence[float], share: float) -> float:
    """The value below or at which that share of all lies (nearest rank)."""
    ascending = sorted(values)
    return ascending[min(len(ascending) - 1, max(0, round(share * len(ascending) + 0.5) - 1))]


def _medians(samples: Sequence[Sample]) -> dict[str, float]:
    names = samples[0].about if samples else ()
    return {name: _short(median(sample.about[name] for sample in samples)) for name in names}


def _short(value: float) -> float:
    return float(f"{value:.5g}")
