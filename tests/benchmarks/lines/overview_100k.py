"""`overview_100k`: milliseconds until the overview is there, with 100,000 people and as many messages owed.

`rekan run` on SQLite, asked over its socket by a coordinator who sees everybody; beside the whole page the
part of it that is asked for every few seconds.
"""

from tests.benchmarks.ground import Ground
from tests.benchmarks.harness import Benchmark, Reach, Sample
from tests.benchmarks.pages import pages


async def ours(ground: Ground) -> Sample:
    """Rekan."""
    return await pages(ground, "/", "/overview/live")


LINE = Benchmark(
    name="overview_100k",
    unit="ms",
    reach=Reach(at_most=1),
    ours=ours,
    reference=300.0,
    described="300 ms",
)
