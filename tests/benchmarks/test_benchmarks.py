"""Every benchmark runs and prints its line; how quick anything is, `make bench` tells."""

import json
from pathlib import Path

import pytest

from tests.benchmarks.ground import Ground
from tests.benchmarks.harness import Benchmark, measure
from tests.benchmarks.lines import LINES

TWELVE = [
    "broadcast_free",
    "broadcast_paid",
    "broadcast_unpaced",
    "answers_webhook",
    "answers_latency",
    "answers_postgresql",
    "outbox_plan",
    "due_at_once",
    "reply_during_broadcast",
    "memory_100k",
    "start",
    "growth",
]


def test_the_twelve() -> None:
    assert [line.name for line in LINES] == TWELVE


@pytest.mark.parametrize("benchmark_line", LINES, ids=TWELVE)
async def test_a_line(benchmark_line: Benchmark, tmp_path: Path) -> None:
    with Ground(tmp_path, quick=True, pin=False) as ground:
        line = json.loads(json.dumps(await measure(benchmark_line, ground, 1, print)))
    assert line["name"] == benchmark_line.name
    assert line["ratio"] == pytest.approx(line["ours"] / line["reference"], rel=1e-3)
    assert line["ours"] > 0
    assert line["rounds"] == 1
    assert isinstance(line["met"], bool)
    assert line["unit"]
