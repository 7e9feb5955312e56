import asyncio
import itertools
import random
from bisect import bisect_left
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.clock import SimulatedClock
from bot.delivery.pacer import LOWERED, MEMORY, RAMP, RISE, Limits, Pace, Pacer, Permit, Turn
from bot.domain.messages import Lane
from bot.domain.outcomes import HoldBack, InDoubt, Outcome, Sent, Unsent
from bot.simulator import limits as server
from bot.simulator.errors import TooManyRequestsError

START = datetime(2026, 11, 9, tzinfo=UTC)
BY = START
FREE = Limits()
GROUP = -100


class Talk:
    """Calls through a pacer, on a simulated clock; remembers when each started."""

    def __init__(self, limits: Limits = FREE) -> None:
        self.clock = SimulatedClock(START)
        self.pacer = Pacer(self.clock, limits)
        self.starts: list[tuple[float, int]] = []
        self.tasks: set[asyncio.Task[None]] = set()

    def call(
        self,
        chat_id: int,
        *,
        lane: Lane = Lane.REMINDER,
        answer: Outcome | Callable[[], Outcome] = Sent(1),  # noqa: B008 - a value
        to: float = 0.0,
        back: float = 0.0,
        after: float = 0.0,
        arrive: Callable[[float], None] = lambda at: None,
    ) -> asyncio.Task[None]:
        """A call after so many seconds; it takes `to` seconds there, and its answer `back` seconds."""

        async def it() -> None:
            await self.clock.sleep(after)
            with self.clock.busy(), await self.permit(chat_id, lane) as permit:
                permit.start()
                self.starts.append((self.clock.monotonic(), chat_id))
                await self.clock.sleep(to)
                arrive(self.clock.monotonic())
                await self.clock.sleep(back)
                permit.done(answer() if callable(answer) else answer)

        task = asyncio.create_task(it())
        self.tasks.add(task)
        return task

    async def permit(self, chat_id: int, lane: Lane) -> Permit:
        """Wait until a call to the chat may be made."""
        waits: asyncio.Future[Permit] = asyncio.get_running_loop().create_future()
        turn = self.pacer.request(chat_id, lane=lane, by=BY, granted=waits.set_result)
        try:
            with self.clock.waiting():
                return await waits
        except asyncio.CancelledError:
            self.pacer.drop([turn])
            raise

    async def all(self) -> list[float]:
        """Let time run until every call has ended; when each started, in seconds."""
        running = asyncio.create_task(self.clock.run())
        await asyncio.wait_for(asyncio.gather(*self.tasks), 20)
        running.cancel()
        self.pacer.close()
        return [at for at, _ in self.starts]


def most_in_a_second(moments: list[float]) -> int:
    ascending = sorted(moments)
    return max(bisect_left(ascending, moment + 1) - n for n, moment in enumerate(ascending))


def about(times: list[float]) -> list[float]:
    return [round(at, 2) for at in times]


REQUESTS = st.lists(
    st.tuples(
        st.sampled_from([1, 2, 3, 4, 5, 6, 7, 8, GROUP]),
        st.sampled_from(Lane),
        st.floats(0, 3),  # when it is wished for
        st.floats(0, 2),  # seconds until it reaches the server
        st.floats(0, 2),  # seconds until its answer is back
    ),
    max_size=40,
)


@settings(max_examples=30, deadline=None)
@given(REQUESTS, st.integers(1, 12))
def test_the_server_never_sees_more_than_its_limits(
    requests: list[tuple[int, Lane, float, float, float]], per_second: int
) -> None:
    async def play() -> None:
        talk = Talk(Limits(per_second=per_second))
        strict = server.Governor(server.Limits(per_second=per_second))
        for chat_id, lane, after, to, back in requests:

            def arrive(at: float, chat_id: int = chat_id) -> None:
                strict.spend(chat_id, group=chat_id < 0, now=at)  # raises where a limit is broken

            talk.call(chat_id, lane=lane, after=after, to=to, back=back, arrive=arrive)
        await talk.all()

    asyncio.run(play())


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.booleans()), min_size=20, max_size=60),
    st.integers(1, 10),
)
def test_no_second_holds_more_whatever_the_latencies(
    calls: list[tuple[float, float, bool]], per_second: int
) -> None:
    async def play() -> list[float]:
        talk = Talk(Limits(per_second=per_second))
        arrived: list[float] = []
        for chat_id, (to, back, reply) in enumerate(calls, start=1):
            lane = Lane.REPLY if reply else Lane.REMINDER
            talk.call(chat_id, lane=lane, to=to, back=back, arrive=arrived.append)
        await talk.all()
        return sorted(arrived)

    arrived = asyncio.run(play())
    for first, last in zip(arrived, arrived[per_second:], strict=False):
        assert last - first >= 1


async def test_a_broadcast_goes_at_the_full_pace_evenly() -> None:
    talk = Talk()
    for chat_id in range(1, 302):
        talk.call(chat_id)
    starts = await talk.all()
    assert 299 / 30 <= starts[-1] <= 299 / 30 / 0.99
    gaps = [b - a for a, b in itertools.pairwise(starts)]
    assert min(gaps) > 0.03


async def test_what_was_not_asked_for_comes_once_a_second_to_a_chat() -> None:
    talk = Talk()
    for _ in range(4):
        talk.call(7)
    assert about(await talk.all()) == [0, 1, 2, 3]


async def test_replies_may_come_three_at_once_and_then_once_a_second() -> None:
    talk = Talk()
    for _ in range(5):
        talk.call(7, lane=Lane.REPLY)
    assert about(await talk.all()) == [0, 0, 0, 1, 2]


async def test_one_call_at_a_time_to_a_chat() -> None:
    talk = Talk()
    for _ in range(3):
        talk.call(7, lane=Lane.REPLY, to=0.2, back=0.2)
    assert about(await talk.all()) == [0, 0.4, 0.8]


async def test_a_group_takes_twenty_a_minute() -> None:
    talk = Talk()
    for _ in range(22):
        talk.call(GROUP, lane=Lane.REPLY)
    starts = await talk.all()
    assert about(starts)[:4] == [0, 0, 0, 1]
    assert starts[20] == pytest.approx(60, abs=0.1)


async def test_a_reply_goes_before_the_broadcast() -> None:
    talk = Talk(Limits(per_second=10))
    for chat_id in range(1, 101):
        talk.call(chat_id)
    for n in range(8):
        talk.call(1000 + n, lane=Lane.REPLY, after=2 + n / 4)
    await talk.all()
    replies = {chat_id: at for at, chat_id in talk.starts if chat_id >= 1000}
    waits = [at - (2 + n / 4) for n, at in enumerate(replies.values())]
    assert max(waits[:1]) <= 0.11  # the first takes the broadcast's next slot
    assert sum(waits[1:]) / 7 <= 0.06  # the others find room


async def test_a_broadcast_takes_back_the_room_when_no_replies_come() -> None:
    talk = Talk(Limits(per_second=10))
    talk.call(1, lane=Lane.REPLY)
    for chat_id in range(2, 300):
        talk.call(chat_id)
    starts = await talk.all()
    assert sum(20 <= at < 21 for at in starts) == 10


async def test_a_chat_that_is_held_back_lets_the_others_go() -> None:
    talk = Talk()
    answers = iter([HoldBack(5), Sent(2)])
    talk.call(1, answer=lambda: next(answers))
    for chat_id in range(2, 40):
        talk.call(chat_id, after=0.01)
    talk.call(1, answer=lambda: next(answers), after=0.1)
    await talk.all()
    assert about([at for at, chat_id in talk.starts if chat_id == 1]) == [0, 5]
    assert max(at for at, chat_id in talk.starts if chat_id != 1) < 1.5


async def test_two_chats_held_back_mean_everything_and_the_pace_comes_back_gently() -> None:
    talk = Talk()
    refused = iter([HoldBack(3), HoldBack(4)])

    def answer() -> Outcome:
        return next(refused, Sent(1))

    for chat_id in range(1, 400):
        talk.call(chat_id, answer=answer)
    starts = await talk.all()
    assert about(starts[:2]) == [0, 0.03]
    assert starts[2] >= 4
    resumed = starts[2]
    first_second = sum(resumed <= at < resumed + 1 for at in starts)
    full_second = sum(resumed + RAMP <= at < resumed + RAMP + 1 for at in starts)
    assert 5 <= first_second <= 12
    assert full_second >= 29


async def test_while_it_is_not_known_who_is_meant_one_call_at_a_time_is_tried() -> None:
    talk = Talk()
    talk.call(1, answer=HoldBack(60))
    for chat_id in range(2, 5):
        talk.call(chat_id, after=0.1, to=1.0)
    starts = await talk.all()
    assert about(starts) == [0, 0.1, 1.1, 1.13]


async def test_a_pause_holds_everything_and_then_one_call_is_tried() -> None:
    talk = Talk()
    talk.pacer.pause(10)
    answers = iter([Unsent("no route"), Sent(1), Sent(1), Sent(1)])
    for chat_id in range(1, 5):
        talk.call(chat_id, lane=Lane.REPLY, to=2, answer=lambda: next(answers))
    starts = await talk.all()
    assert about(starts[:3]) == [10, 12, 14]


async def test_who_no_longer_waits_takes_no_turn() -> None:
    talk = Talk()
    first = talk.call(1, to=1.0)
    second = talk.call(1)
    await asyncio.sleep(0.001)
    second.cancel()
    talk.tasks.remove(second)
    talk.call(1, after=0.5)
    assert about(await talk.all()) == [0, 2]
    assert first.done()


async def test_a_permit_that_is_not_used_costs_nothing() -> None:
    talk = Talk(Limits(per_second=1))
    with await talk.permit(1, Lane.REPLY):
        pass
    talk.call(1, lane=Lane.REPLY)
    assert about(await talk.all()) == [0]


async def test_less_than_one_a_second_can_be_asked_for() -> None:
    talk = Talk(Limits(per_second=0.5))
    for chat_id in range(1, 4):
        talk.call(chat_id)
    assert about(await talk.all()) == [0, 2, 4]


async def test_chats_are_forgotten() -> None:
    talk = Talk(Limits(per_second=2))
    for chat_id in range(1, 900):
        talk.call(chat_id)
    await talk.all()
    assert len(talk.pacer._pace._chats) <= 200


# --- the floor of the latencies -----------------------------------------------------------------------


@pytest.mark.parametrize("latency", [0.0, 0.05, 0.3])
async def test_far_from_the_server_the_pace_is_kept_and_no_limit_broken(latency: float) -> None:
    talk, rng = Talk(), random.Random(1)
    strict = server.Governor(server.Limits())
    arrived: list[float] = []
    for chat_id in range(1, 402):

        def arrive(at: float, chat_id: int = chat_id) -> None:
            strict.spend(chat_id, group=False, now=at)  # raises where a limit is broken
            arrived.append(at)

        there, back = latency / 2 + rng.random() * 0.003, latency / 2 + rng.random() * 0.003
        talk.call(chat_id, to=there, back=back, arrive=arrive)
    await talk.all()
    # The first hundred answers tell how far it is.
    assert 280 / (arrived[-1] - arrived[120]) >= 0.99 * 30


async def test_the_first_answers_tell_how_far_it_is_for_the_slots_that_rest_already() -> None:
    talk = Talk(Limits(per_second=200))
    arrived: list[float] = []
    for chat_id in range(1, 601):
        talk.call(chat_id, to=0.05, back=0.05, arrive=arrived.append)
    await talk.all()
    assert 599 / (arrived[-1] - arrived[0]) >= 0.99 * 200
    assert most_in_a_second(arrived) <= 200


async def test_a_way_that_gets_longer_says_nothing_of_the_calls_before() -> None:
    talk = Talk(Limits(per_second=300))
    arrived: list[float] = []
    for chat_id in range(1, 1101):
        way = 0.01 if chat_id <= 400 else 0.15
        talk.call(chat_id, lane=Lane.REPLY, to=way, back=way, arrive=arrived.append)  # nothing spaces replies
    await talk.all()
    assert most_in_a_second(arrived) <= 300


async def test_first_calls_that_are_slow_leave_no_room_for_quicker_ones() -> None:
    talk, rng = Talk(Limits(per_second=200)), random.Random(2)
    arrived: list[float] = []
    for chat_id in range(1, 701):
        late = 0.08 * rng.random() if chat_id <= 60 else 0.0  # connections are being opened
        talk.call(chat_id, lane=Lane.REPLY, to=0.01 + late, back=0.04, arrive=arrived.append)
    await talk.all()
    assert most_in_a_second(arrived) <= 200


async def test_a_call_without_an_answer_keeps_its_slot_for_the_whole_second() -> None:
    talk = Talk(Limits(per_second=200))
    arrived: list[float] = []
    for chat_id in range(1, 601):
        lost = chat_id % 50 == 0
        answer = InDoubt("no answer") if lost else Sent(1)
        talk.call(chat_id, to=0.05, back=0.0 if lost else 0.05, answer=answer, arrive=arrived.append)
    await talk.all()
    assert most_in_a_second(arrived) <= 200


async def test_no_more_calls_are_under_way_than_there_are_connections_and_replies_find_one() -> None:
    talk = Talk(Limits(per_second=10_000, at_once=8))
    for chat_id in range(1, 22):
        talk.call(chat_id, to=1.0)
    talk.call(99, lane=Lane.REPLY, after=0.5, to=1.0)
    starts = await talk.all()
    assert [round(at, 1) for at in starts] == [0] * 7 + [0.5] + [1] * 6 + [1.5] + [2] * 6 + [2.5]


# --- a limit that is lower than ours ------------------------------------------------------------------


def held_back(pace: Pace, now: float) -> None:
    """Everything is held back for a second, after a call was answered."""
    for chat_id in (1, 2):
        pace.start(chat_id, reply=True, now=now)
        pace.finish(chat_id, now=now)
        pace.hold_back(chat_id, 1.0, now=now)
        pace.release(chat_id)


def answered(pace: Pace, now: float) -> None:
    pace.start(3, reply=True, now=now)
    pace.finish(3, now=now)
    pace.answered(started=now)
    pace.release(3)


def test_held_back_twice_the_pace_falls_and_rises_slowly() -> None:
    pace = Pace(FREE)
    held_back(pace, 0)
    assert pace.lowered(2) == 1  # once is chance
    answered(pace, 20)
    held_back(pace, 30)
    assert pace.lowered(30) == LOWERED
    assert pace.slots(30) == 24
    assert pace.lowered(30 + 60) == pytest.approx(LOWERED + RISE)
    answered(pace, 100)
    held_back(pace, 110)
    assert pace.lowered(110) == pytest.approx((LOWERED + RISE * 80 / 60) * LOWERED)
    assert pace.lowered(110 + 60 * 40) == 1


def test_answers_to_what_was_under_way_and_probes_count_as_the_same_time() -> None:
    pace = Pace(FREE)
    held_back(pace, 0)
    held_back(pace, 0.1)  # still paused
    held_back(pace, 5)  # nothing was answered in between
    assert pace.lowered(5) == 1


def test_long_ago_is_forgotten() -> None:
    pace = Pace(FREE)
    held_back(pace, 0)
    answered(pace, 20)
    held_back(pace, MEMORY + 1)
    assert pace.lowered(MEMORY + 1) == 1


async def test_a_lower_limit_is_found_and_kept_below() -> None:
    talk = Talk()
    strict = server.Governor(server.Limits(per_second=24))
    refused: list[float] = []
    for chat_id in range(1, 1000):

        def answer(chat_id: int = chat_id) -> Outcome:
            now = talk.clock.monotonic()
            try:
                strict.spend(chat_id, group=False, now=now)
            except TooManyRequestsError as refusal:
                refused.append(now)
                return HoldBack(refusal.parameters["retry_after"])
            return Sent(1)

        talk.call(chat_id, answer=answer)
    starts = await talk.all()
    assert refused
    assert max(refused) < starts[-1] - 10  # found early, and then kept
    assert most_in_a_second(starts[-100:]) < 26


async def test_where_telegram_wants_no_payment_the_free_limit_is_found() -> None:
    talk = Talk(Limits(per_second=1_000))
    strict = server.Governor(server.Limits(per_second=30))
    left = list(range(1, 2_001))
    while left:
        todo, left = left, []
        for chat_id in todo:

            def answer(chat_id: int = chat_id, left: list[int] = left) -> Outcome:
                try:
                    strict.spend(chat_id, group=False, now=talk.clock.monotonic())
                except TooManyRequestsError as refusal:
                    left.append(chat_id)
                    return HoldBack(refusal.parameters["retry_after"])
                return Sent(1)

            talk.call(chat_id, answer=answer, to=0.025, back=0.025)
        await talk.all()
        talk.tasks.clear()
    assert 15 < talk.pacer.pace < 40


# --- ahead of the permits -----------------------------------------------------------------------------


class Office:
    """Prepares what it is told to, at once unless it is slow."""

    def __init__(self, talk: Talk) -> None:
        self.pacer = talk.pacer
        self.pacer.prepare = self.prepare
        self.pacer.recall = lambda turns: self.recalled.extend(turn.chat_id for turn in turns)
        self.batches: list[int] = []
        self.recalled: list[int] = []
        self.permits: list[tuple[int, Permit]] = []

    def prepare(self, turns: Sequence[Turn]) -> None:
        self.batches.append(len(turns))
        asyncio.get_running_loop().call_soon(self.pacer.prepared, turns)

    def ask(self, chat_id: int, *, lane: Lane = Lane.REMINDER) -> Turn:
        return self.pacer.request(
            chat_id,
            lane=lane,
            by=BY,
            granted=lambda permit: self.permits.append((chat_id, permit)),
            ahead=lane is not Lane.REPLY,
        )

    def chats(self) -> list[int]:
        return [chat_id for chat_id, _ in self.permits]


async def turns(number: int = 20) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def test_a_quarter_of_a_second_is_prepared_ahead_in_batches() -> None:
    talk = Talk()
    office = Office(talk)
    for chat_id in range(1, 61):
        office.ask(chat_id)
    await turns()
    assert (office.batches, office.chats()) == ([7], [1])
    await talk.clock.advance_to(START + timedelta(seconds=0.99))
    assert len(office.permits) == 30
    assert max(office.batches) <= 7
    assert len(office.batches) <= 10
    office.pacer.close()


async def test_of_one_chat_one_is_prepared_at_a_time() -> None:
    office = Office(Talk())
    office.ask(5)
    office.ask(5)
    office.ask(6)
    await turns()
    assert office.batches == [2]
    office.pacer.close()


async def test_a_reply_needs_no_preparation_and_passes_what_is_prepared() -> None:
    talk = Talk(Limits(per_second=1))
    office = Office(talk)
    for chat_id in range(1, 5):
        office.ask(chat_id)
    await turns()
    office.ask(4, lane=Lane.REPLY)
    _, permit = office.permits[0]
    permit.end()  # not used, so that the slot is free
    await turns()
    assert office.chats() == [1, 4]
    office.pacer.close()


async def test_what_is_prepared_is_recalled_when_all_is_held_and_comes_again_later() -> None:
    talk = Talk()
    office = Office(talk)
    for chat_id in range(1, 21):
        office.ask(chat_id)
    await turns()
    office.pacer.pause(30)
    assert office.recalled == [2, 3, 4, 5, 6, 7]
    await talk.clock.advance_to(START + timedelta(seconds=29))
    assert office.batches == [7]
    (_, first), *_ = office.permits
    first.start()
    first.done(Sent(1))
    first.end()
    await talk.clock.advance_to(START + timedelta(seconds=31))
    assert len(office.permits) > 1
    office.pacer.close()


# --- clocks that jump ---------------------------------------------------------------------------------


async def test_the_pace_knows_no_clock_that_jumps() -> None:
    talk = Talk()
    talk.clock.now = lambda: START - timedelta(days=1)  # type: ignore[method-assign]  # put back, and standing
    for chat_id in range(1, 61):
        talk.call(chat_id)
    assert max(await talk.all()) < 2.1
