"""Faults: scripted and by dice, before and after the effect."""

import aiohttp
import pytest

from bot.simulator import (
    DropAfter,
    DropBefore,
    Person,
    Retry429,
    ServerError,
    Simulator,
    TimeoutAfter,
    TimeoutBefore,
)
from bot.simulator.faults import Faults, Kind
from tests.simulator.conftest import Caller


@pytest.mark.parametrize(
    ("kind", "delivered"),
    [(DropBefore(), 0), (DropAfter(), 1), (TimeoutBefore(0.01), 0), (TimeoutAfter(0.01), 1)],
)
async def test_a_call_without_an_answer(
    kind: Kind, delivered: int, call: Caller, sim: Simulator, ani: Person
) -> None:
    sim.faults.add("sendMessage", kind=kind)
    with pytest.raises(aiohttp.ClientError):
        await call("sendMessage", chat_id=101, text="hilang?")
    assert len(ani.inbox) == delivered
    record = sim.calls[-1]
    assert (record.method, record.ok, record.fault) == ("sendMessage", False, type(kind).__name__)
    await call.result("sendMessage", chat_id=101, text="lagi")
    assert len(ani.inbox) == delivered + 1


async def test_a_timeout_ends_when_the_caller_loses_patience(
    call: Caller, sim: Simulator, ani: Person
) -> None:
    sim.faults.add("sendMessage", kind=TimeoutAfter())
    url = f"{sim.base_url}{sim.token}/sendMessage"
    with pytest.raises(TimeoutError):
        await call.session.post(
            url, json={"chat_id": 101, "text": "a"}, timeout=aiohttp.ClientTimeout(total=0.05)
        )
    assert len(ani.inbox) == 1


async def test_server_errors(call: Caller, sim: Simulator, ani: Person) -> None:
    sim.faults.add("sendMessage", kind=ServerError(500))
    assert await call.refusal("sendMessage", chat_id=101, text="a") == "500 Internal Server Error"
    sim.faults.add(kind=ServerError())
    async with call.session.get(f"{sim.base_url}{sim.token}/getMe") as response:
        assert (response.status, response.content_type) == (502, "text/html")
    assert await call.result("getMe")
    assert sim.state()["errors"] == {"500": 1, "502": 1}
    assert not ani.inbox


async def test_a_rule_strikes_where_and_as_often_as_it_says(
    call: Caller, sim: Simulator, ani: Person
) -> None:
    await sim.person(102, first_name="Budi").send("/start")
    rule = sim.faults.add("sendMessage", chat_id=101, times=2, kind=Retry429(1))
    await call.result("sendMessage", chat_id=102, text="a")
    await call.result("sendChatAction", chat_id=101, action="typing")
    assert (await call.refusal("sendMessage", chat_id=101, text="a")).startswith("429")
    assert rule.struck == 1
    assert not rule.spent
    await call.result("sendMessage", chat_id=102, text="a")


async def test_a_rule_for_any_method_spares_polling(call: Caller, sim: Simulator) -> None:
    sim.faults.add(times=None, kind=ServerError(500))
    assert await call.updates() == []
    for _ in range(3):
        assert await call.refusal("getMe") == "500 Internal Server Error"
    sim.faults.clear()
    assert await call.result("getMe")
    sim.faults.add("getUpdates", kind=ServerError(500))
    assert await call.refusal("getUpdates") == "500 Internal Server Error"


def test_dice_fall_the_same_with_the_same_seed() -> None:
    def strikes(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.add(times=None, probability=0.3)
        return [faults.strike("sendmessage", 1) is not None for _ in range(200)]

    assert strikes(1) == strikes(1) != strikes(2)
    assert 30 < sum(strikes(1)) < 90
