"""Every benchmark runs and prints its line; how quick anything is, `make bench` tells."""

import json
from collections.abc import Iterator

import pytest

from tests.benchmarks.ground import Ground
from tests.benchmarks.harness import Benchmark, measure
from tests.benchmarks.lines import LINES

NAMES = [
    "broadcast_free",
    "broadcast_paid",
    "broadcast_unpaced",
    "answers_webhook",
    "answers_latency",
    "answers_postgresql",
    "outbox_plan",
    "due_at_once",
    "reply_during_broadcast",
    "check_ins",
    "memory_100k",
    "start",
    "growth",
    "overview_100k",
    "people_page_100k",
]


def test_the_fifteen() -> None:
    assert [line.name for line in LINES] == NAMES


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with Ground(tmp_path_factory.mktemp("bench"), quick=True, pin=False) as ground:
        yield ground


@pytest.mark.parametrize("benchmark_line", LINES, ids=NAMES)
async def test_a_line(benchmark_line: Benchmark, ground: Ground) -> None:
    line = json.loads(json.dumps(await measure(benchmark_line, ground, 1, print)))
    assert line["name"] == benchmark_line.name
    assert line["ratio"] == pytest.approx(line["ours"] / line["reference"], rel=1e-3)
    assert line["ours"] > 0
    assert line["rounds"] == 1
    assert isinstance(line["met"], bool)
    assert line["unit"]
