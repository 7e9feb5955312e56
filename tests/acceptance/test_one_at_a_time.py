"""Two processes on one database, started by mistake: the second says so and keeps its hands off."""

from collections.abc import Callable

import pytest

from bot.simulator import Simulator
from tests.acceptance.installation import Installation, eventually
from tests.acceptance.orientation import enrol, write_schedule


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
async def test_the_second_says_so_and_keeps_quiet(
    engine: str,
    telegram: Simulator,
    install: Callable[..., Installation],
    request: pytest.FixtureRequest,
) -> None:
    first = install(telegram)
    if engine == "postgresql":
        first.config["database"] = {"url": request.getfixturevalue("postgresql")()}
    write_schedule(first.folder)
    (person,) = enrol(first.database_url, telegram, 1)
    second = install(telegram, {"database": {"url": first.database_url}})
    write_schedule(second.folder)
    await first.start()
    # Once its menus are in place and it waits for updates, the first makes no call by itself.
    await eventually(lambda: telegram.world.counters["calls_setmydescription"] == 2, "the menus", first)
    calls = telegram.world.bots[telegram.token].updates.calls_seen
    await second.start(until_it_runs=False)
    assert await second.end() == 1
    said = second.output.decode().splitlines()
    assert said[-1].startswith("Another Rekan ")
    assert "stop it first" in said[-1]
    if engine == "sqlite":
        assert f"process {first.pid}" in said[-1]
    assert telegram.world.bots[telegram.token].updates.calls_seen == calls
    # The first has noticed nothing.
    await person.send("/bantuan")
    await eventually(lambda: len(person.inbox) == 1, "an answer", first)
    await first.kill()
    await second.start()
    await person.send("/bantuan")
    await eventually(lambda: len(person.inbox) == 2, "an answer", second)
    assert await second.stop() == 0
    assert not telegram.state()["errors"].get("409")
