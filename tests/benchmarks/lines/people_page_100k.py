"""`people_page_100k`: milliseconds until the list of 100,000 people is there, searched, sorted and far down.

`rekan run` on SQLite, asked over its socket by a coordinator who sees everybody; the slowest kind counts.
"""

from tests.benchmarks.ground import Ground
from tests.benchmarks.harness import Benchmark, Reach, Sample
from tests.benchmarks.pages import pages

_WAYS = (
    "/people",
    "/people?page=1990",
    "/people?q=ta+99",
    "/people?sort=office",
    "/people?state=joined",
    "/people?office=satker+17",
    "/people/50000",
)


async def ours(ground: Ground) -> Sample:
    """Rekan."""
    return await pages(ground, *(way for way in _WAYS if not (ground.quick and "50000" in way)))


LINE = Benchmark(
    name="people_page_100k",
    unit="ms",
    reach=Reach(at_most=1),
    ours=ours,
    reference=300.0,
    described="300 ms",
)
