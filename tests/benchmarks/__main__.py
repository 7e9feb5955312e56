"""`python -m tests.benchmarks`: one JSON line a benchmark on standard output, progress on standard error."""

import argparse
import asyncio
import compileall
import sys
import tempfile
from pathlib import Path

import orjson
import uvloop

from tests.benchmarks import machine
from tests.benchmarks.ground import ROOT, Ground, VoidError
from tests.benchmarks.harness import Benchmark, measure
from tests.benchmarks.lines import LINES


def main() -> int:
    """Run what is asked for; 0 where every line was measured, met or not."""
    arguments = _arguments()
    compileall.compile_dir(ROOT / "bot", quiet=1)  # starts are measured as they are after installing
    compileall.compile_dir(ROOT / "tests" / "benchmarks", quiet=1)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(arguments))


async def _run(arguments: argparse.Namespace) -> int:
    void = 0
    with tempfile.TemporaryDirectory(prefix="rekan-bench-") as folder:
        ground = Ground(Path(folder), quick=arguments.quick, pin=not arguments.no_pin)
        with ground:
            for benchmark in _chosen(arguments.only):
                try:
                    line = await measure(benchmark, ground, arguments.rounds, _tell)
                except VoidError as error:
                    void += 1
                    _tell(f"{benchmark.name} is void: {error}")
                    line = {"name": benchmark.name, "void": str(error), "met": False}
                _print({**line, "machine": machine.about(pinned=ground.pin)})
    return 1 if void else 0


def _chosen(names: list[str] | None) -> list[Benchmark]:
    return [line for line in LINES if names is None or line.name in names]


def _print(line: dict[str, object]) -> None:
    sys.stdout.buffer.write(orjson.dumps(line) + b"\n")
    sys.stdout.buffer.flush()


def _tell(words: str) -> None:
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    names = [line.name for line in LINES]
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=names, help=", ".join(names))
    parser.add_argument("--rounds", type=int, default=5, help="of both sides; the medians count (5)")
    parser.add_argument("--quick", action="store_true", help="small sizes: shows that it works, not how well")
    parser.add_argument("--no-pin", action="store_true", help="leave the cores to the operating system")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
