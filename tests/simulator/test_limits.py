"""How fast a bot may send, on the clock, and what happens to one that is faster."""

from datetime import timedelta
from typing import Any

import pytest

from bot.clock import SimulatedClock
from bot.simulator import Limits, Person, Retry429, Simulator
from bot.simulator.errors import TooManyRequestsError
from bot.simulator.limits import Governor
from tests.simulator.conftest import Caller


def accepted(governor: Governor, chat: int, now: float, *, group: bool = False, count: int = 1) -> int | None:
    """None where accepted, else the seconds to wait."""
    try:
        governor.spend(chat, group=group, now=now, count=count)
    except TooManyRequestsError as refusal:
        return refusal.parameters["retry_after"]
    return None


def test_thirty_in_any_second_over_all_chats() -> None:
    governor = Governor(Limits())
    assert [accepted(governor, chat, chat / 100) for chat in range(30)] == [None] * 30
    assert accepted(governor, 99, 0.5) == 1
    assert accepted(governor, 99, 1.45) == 1, "the refusal itself lasts its whole second"
    assert accepted(governor, 99, 1.5) is None
    governor = Governor(Limits())
    for chat in range(30):
        governor.spend(chat, group=False, now=0.0)
    assert accepted(governor, 99, 1.0) is None, "exactly a second later there is room again"


def test_one_a_second_in_a_chat_after_a_burst_of_three() -> None:
    governor = Governor(Limits())
    assert [accepted(governor, 1, 0.0) for _ in range(4)] == [None, None, None, 1]
    assert accepted(governor, 2, 0.0) is None, "other chats are not concerned"
    assert accepted(governor, 1, 0.9) == 1
    assert accepted(governor, 1, 1.0) is None
    assert accepted(governor, 1, 1.5) == 1
    assert [accepted(governor, 1, 10.0) for _ in range(4)] == [None, None, None, 1]


def test_twenty_a_minute_in_a_group() -> None:
    governor = Governor(Limits())
    assert [accepted(governor, -1, float(at), group=True) for at in range(20)] == [None] * 20
    assert accepted(governor, -1, 20.0, group=True) == 40
    assert accepted(governor, -1, 59.0, group=True) == 1
    assert accepted(governor, -1, 60.0, group=True) is None


def test_an_album_counts_for_each_of_its_messages() -> None:
    governor = Governor(Limits())
    assert accepted(governor, 1, 0.0, count=10) is None, "one call may exceed a burst, at its price"
    assert accepted(governor, 1, 1.0) == 7
    assert accepted(governor, 1, 8.0) is None


def test_each_limit_may_be_changed_or_switched_off() -> None:
    off = Governor(Limits.off())
    assert all(accepted(off, 1, 0.0) is None for _ in range(100))
    slow = Governor(Limits(per_second=None, per_chat=0.1, chat_burst=1))
    assert [accepted(slow, 1, 0.0), accepted(slow, 1, 0.0)] == [None, 10]


@pytest.fixture
def limits() -> Limits:
    return Limits()


async def test_a_refusal_says_when_to_come_back(call: Caller, sim: Simulator, ani: Person) -> None:
    for _ in range(3):
        await call.result("sendMessage", chat_id=101, text="a")
    url = f"{sim.base_url}{sim.token}/sendMessage"
    async with call.session.post(url, json={"chat_id": 101, "text": "a"}) as response:
        assert response.status == 429
        assert response.headers["Retry-After"] == "1"
        assert await response.json() == {
            "ok": False,
            "error_code": 429,
            "description": "Too Many Requests: retry after 1",
            "parameters": {"retry_after": 1},
        }
    assert sim.state()["refused_429"] == 1
    assert len(ani.inbox) == 3


async def test_what_counts_and_what_does_not(
    call: Caller, clock: SimulatedClock, sim: Simulator, ani: Person
) -> None:
    markup = {"inline_keyboard": [[{"text": "x", "callback_data": "x"}]]}
    first = await call.result("sendMessage", chat_id=101, text="a", reply_markup=markup)
    message: dict[str, Any] = {"chat_id": 101, "message_id": first["message_id"]}
    await call.result("copyMessage", **message, from_chat_id=101)
    await call.result("editMessageText", **message, text="b", reply_markup=markup)
    for method in (
        "sendMessage",
        "editMessageText",
        "forwardMessage",
        "copyMessage",
        "sendPoll",
        "sendLocation",
    ):
        params = message | {"text": "c", "from_chat_id": 101, "latitude": 1, "longitude": 1}
        params |= {"question": "?", "options": ["a"]}
        assert (await call.refusal(method, **params)).startswith("429"), method
    for _ in range(40):
        tap = await ani.tap(first["message_id"], "x")
        await call.result("answerCallbackQuery", callback_query_id=tap)
        await call.result("sendChatAction", chat_id=101, action="typing")
    await call.result("deleteMessage", **message)
    await call.updates()


async def test_a_refused_call_is_refused_before_it_is_forgiven(
    call: Caller, clock: SimulatedClock, sim: Simulator, ani: Person
) -> None:
    sim.faults.add(kind=Retry429(30))
    assert await call.refusal("sendMessage", chat_id=101, text="a") == "429 Too Many Requests: retry after 30"
    await clock.advance_to(clock.now() + timedelta(seconds=29))
    assert await call.refusal("sendMessage", chat_id=101, text="a") == "429 Too Many Requests: retry after 1"
    await clock.advance_to(clock.now() + timedelta(seconds=1))
    await call.result("sendMessage", chat_id=101, text="a")


async def test_bad_requests_cost_nothing(call: Caller, ani: Person) -> None:
    for _ in range(40):
        await call.refusal("sendMessage", chat_id=101, text="<b>", parse_mode="HTML")
    await call.result("sendMessage", chat_id=101, text="a")
