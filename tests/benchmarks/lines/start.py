"""`start`: seconds from the process's start to its first reply, beside those that an import takes alone.

`rekan run` in polling mode on the shipped programme, with a database that has been used before and one
message waiting at Telegram; the reply's arrival there stops the clock. All starts but a machine's first find
what was read of the programme (`bot.content.kept`). The reference is a process that does
nothing but `import telegram.ext`. Both on the same core, with compiled bytecode; the median of three starts a
round.
"""

import shutil
import time
from statistics import median

from tests.benchmarks import rekan
from tests.benchmarks.broadcasts import people_in_a_file
from tests.benchmarks.ground import ROOT, Ground, VoidError, until
from tests.benchmarks.harness import Benchmark, Reach, Sample
from tests.benchmarks.rekan import install
from tests.benchmarks.telegram import FakeTelegram

_POLLING = {"telegram": {"mode": "polling", "webhook": {"url": None, "secret": None}}}


async def ours(ground: Ground) -> Sample:
    """Rekan."""
    return Sample(median([await _start(ground) for _ in range(ground.size(3, 1))]))


async def _start(ground: Ground) -> float:
    async with FakeTelegram() as telegram:
        here = install(ground, telegram, _POLLING, {"schedules": str(ROOT / "schedules")})
        shutil.copy(await people_in_a_file(ground, 100), here.folder / "rekan.db")
        telegram.hand_out(rekan.command(0, 1, "/bahasa"))
        began = time.monotonic()
        async with here.running(ground):
            await until(lambda: bool(telegram.calls), "the first reply")
            return telegram.calls[0].at - began


async def reference(ground: Ground) -> Sample:
    """The library."""
    return Sample(median([await _import(ground) for _ in range(ground.size(3, 1))]))


async def _import(ground: Ground) -> float:
    output = ground.new_folder() / "output.log"
    began = time.monotonic()
    async with ground.process("-c", "import telegram.ext", output=output) as process:
        if await process.wait() != 0:
            raise VoidError(output.read_text()[-2000:])
        return time.monotonic() - began


LINE = Benchmark(
    name="start",
    unit="s",
    reach=Reach(at_most=3),
    ours=ours,
    reference=reference,
    described="a process that does `import telegram.ext` and ends",
)
