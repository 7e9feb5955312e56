"""Starting on what cannot run, as a process: a sentence, an exit code, no traceback (more in tests/cli)."""

from collections.abc import Callable

from bot.simulator import Simulator
from tests.acceptance.installation import Installation
from tests.acceptance.orientation import write_schedule


async def test_a_refused_token_ends_it(telegram: Simulator, install: Callable[..., Installation]) -> None:
    rekan = install(telegram)
    write_schedule(rekan.folder)
    rekan.token = rekan.config["telegram"]["token"] = "7000000009:" + "x" * 35
    await rekan.start(until_it_runs=False)
    assert await rekan.end() == 1
    assert rekan.output.decode().splitlines()[-1].startswith("Telegram refuses the bot's token")


async def test_a_broken_schedule_ends_it(telegram: Simulator, install: Callable[..., Installation]) -> None:
    rekan = install(telegram)
    write_schedule(rekan.folder)
    with (rekan.folder / "schedules" / "orientasi.yaml").open("a") as schedule:
        schedule.write("pesan: halo\n")
    await rekan.start(until_it_runs=False)
    assert await rekan.end() == 2
    assert "orientasi.yaml:" in rekan.output.decode()
    assert telegram.calls_recorded == 0
