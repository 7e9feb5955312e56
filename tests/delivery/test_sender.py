import asyncio
import gc
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
import structlog
from sqlalchemy import select, update

from bot.clock import SimulatedClock
from bot.delivery.pacer import Limits, Pacer
from bot.delivery.sender import Sender
from bot.delivery.wire import WireUselessError
from bot.domain.forecast import Pace
from bot.domain.messages import Announcement, Ask, Lane, Message, Reader, Say
from bot.domain.outcomes import Done, Failed, Gone, HoldBack, InDoubt, Moved, Outcome, Sent, Unpaid, Unsent
from bot.domain.people import Reach
from bot.domain.posts import Piece, Post
from bot.storage import outbox, quiz, staff, state
from bot.storage.database import Database, DatabaseError, Transaction
from bot.storage.outbox import Letter, Recipient
from bot.storage.tables import OutboxRow
from bot.usecases import announcements, delivery, forecasts
from tests.examples import MODULE, NOON, add_person, catalogue, outbox_rows
from tests.scripted import Wire

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
Running = Callable[..., AbstractAsyncContextManager[list["asyncio.Task[None]"]]]


def is_anything_open(tx: Transaction) -> bool:
    open_rows = select(OutboxRow.id).where(OutboxRow.state.in_(("owed", "sending")))
    return tx.connection.execute(open_rows.limit(1)).first() is not None


class Bench:
    """Everything around a sender: a database with people (chats 1001, 1002 …), a wire, a clock."""

    def __init__(self, database: Database, wire: Wire, clock: SimulatedClock, running: Running) -> None:
        self.database = database
        self.wire = wire
        self.clock = clock
        self.running = running
        self.sender = self.new_sender()

    def new_sender(self, **options: Any) -> Sender:
        return Sender(self.database, self.wire, Pacer(self.clock, Limits()), self.clock, **options)

    def people(self, number: int) -> None:
        def fill(tx: Transaction) -> None:
            for n in range(number):
                add_person(tx, f"Person {n}")

        self.database.write_now(fill)

    def owe(
        self,
        person_id: int = 1,
        key: str = "hello",
        *,
        lane: Lane = Lane.REMINDER,
        message: Message | None = None,
        **options: Any,
    ) -> None:
        self.database.write_now(
            outbox.owe,
            Recipient(person_id=person_id),
            message or Say(key),
            reason=key,
            lane=lane,
            now=self.clock.now(),
            **options,
        )

    def owe_all(self, *owed: tuple[int, str], lane: Lane = Lane.REMINDER, **options: Any) -> None:
        """Owe many at once: (person, key)."""

        def fill(tx: Transaction) -> None:
            for person_id, key in owed:
                whom = Recipient(person_id=person_id)
                outbox.owe(tx, whom, Say(key), reason=key, lane=lane, now=self.clock.now(), **options)

        self.database.write_now(fill)

    def reply(self, key: str, person_id: int = 1, *, begin: bool = False) -> Letter:
        """Owe a reply; as it is handed over."""
        now, chat_id = self.clock.now(), 1000 + person_id
        answer = outbox.Answer(Recipient(person_id, chat_id), Say(key), key, begin)
        row_id, begun = self.database.write_now(outbox.owe_replies, [answer], now)[key]
        row = outbox.reply(row_id, chat_id, now)
        return Letter(row, Say(key), Reader("id", "WIB"), person_id, None, begun=begun)

    def rows(self) -> list[Any]:
        return self.database.read_now(outbox_rows)

    def states(self) -> list[str]:
        return [row.state for row in self.rows()]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():  # noqa: ASYNC110 - what is looked at knows no events
                await asyncio.sleep(0.01)

    async def send_all(self) -> None:
        """Run the sender until nothing is owed."""
        async with self.running(self.sender.run()):
            await self.until(lambda: not self.database.read_now(is_anything_open))

    def times(self) -> list[float]:
        """When each call was made, in seconds."""
        return [round((at - NOON).total_seconds(), 2) for at, _, _ in self.wire.sent]


@pytest.fixture
def bench(
    open_database: Callable[..., Database], wire: Wire, clock: SimulatedClock, running: Running
) -> Bench:
    made = Bench(open_database(catalogue()), wire, clock, running)
    made.people(2)
    return made


# --- in order -----------------------------------------------------------------------------------------


async def test_what_is_owed_is_sent_and_recorded(bench: Bench) -> None:
    bench.owe()
    await bench.send_all()
    assert bench.wire.keys() == ["hello"]
    assert bench.wire.readers == [Reader("id", "WIB", "Person 0", "", "p")]
    (row,) = bench.rows()
    assert (row.state, row.message_id, row.attempts, row.settled_at) == ("sent", 1, 1, NOON)
    assert bench.sender.counts == {"Sent": 1}


async def test_a_chats_messages_come_one_after_the_other_in_order(bench: Bench) -> None:
    for n in range(8):
        bench.owe(key=f"{n}", lane=Lane.REPLY)
    await bench.send_all()
    assert bench.wire.keys() == [f"{n}" for n in range(8)]
    assert bench.times() == [0, 0, 0, 1, 2, 3, 4, 5]


async def test_replies_go_first_then_sessions_then_by_deadline(bench: Bench) -> None:
    bench.people(3)
    bench.owe(1, "reminder")
    bench.owe(2, "urgent", everybody_by=NOON + MINUTE)
    bench.owe(3, "session", lane=Lane.SESSION)
    bench.owe(4, "reply", lane=Lane.REPLY)
    await bench.send_all()
    assert bench.wire.keys() == ["reply", "session", "urgent", "reminder"]


async def test_a_reply_overtakes_a_reminder_that_waits_for_its_chat(bench: Bench) -> None:
    bench.owe(1, "first")
    bench.owe(1, "second")
    async with bench.running(bench.sender.run()):
        with bench.clock.busy():  # the second message waits for a second to pass
            await bench.until(lambda: bench.wire.keys() == ["first"])
            bench.owe(1, "reply", lane=Lane.REPLY)
            bench.sender.nudge()
            await bench.until(lambda: bench.wire.keys() == ["first", "reply"])
        await bench.until(lambda: len(bench.wire.sent) == 3)
    assert bench.wire.keys() == ["first", "reply", "second"]


async def test_a_wave_goes_at_the_pace_and_nobody_is_left_out(bench: Bench) -> None:
    bench.people(148)
    bench.sender = bench.new_sender(view=20)
    bench.owe_all(*((person_id, "hello") for person_id in range(1, 151)))
    await bench.send_all()
    assert sorted(chat for _, chat, _ in bench.wire.sent) == list(range(1001, 1151))
    times = [at for at, _, _ in bench.wire.sent]
    assert 149 / 30 <= (times[-1] - NOON) / SECOND <= 150 / 30 / 0.99
    assert all(later - earlier >= SECOND for earlier, later in zip(times, times[30:], strict=False))


async def test_what_is_not_due_yet_waits_for_its_time(bench: Bench) -> None:
    bench.owe(1, "later", due_at=NOON + 90 * MINUTE)
    bench.owe(2, "now")
    await bench.send_all()
    assert bench.times() == [0, 5400]


async def test_a_nudge_wakes_it(bench: Bench) -> None:
    async with bench.running(bench.sender.run()):
        await asyncio.sleep(0.01)
        bench.owe(lane=Lane.REPLY)
        bench.sender.nudge()
        await bench.until(lambda: bench.states() == ["sent"])


async def test_what_is_withdrawn_at_the_last_moment_is_not_sent(bench: Bench) -> None:
    held = Held(Sent(9))
    bench.wire.script[1001] = [held]
    bench.owe(1, "first")
    bench.owe(1, "second", about=MODULE)
    async with bench.running(bench.sender.run()):
        with bench.clock.busy():  # the second message waits for a second to pass
            await bench.until(lambda: bench.wire.keys() == ["first"])
            await bench.database.transact(outbox.withdraw, 1, about=MODULE, now=NOON)
        held.come.set()
        await bench.until(lambda: not bench.sender.in_view)
    assert bench.states() == ["sent", "withdrawn"]
    assert bench.wire.keys() == ["first"]


async def test_what_can_no_longer_be_sent_is_closed_without_a_call(bench: Bench) -> None:
    bench.owe_all(*((1, f"{n}") for n in range(300)), not_after=NOON - SECOND)
    bench.owe(2, "hello")
    await bench.send_all()
    assert bench.wire.keys() == ["hello"]
    assert set(bench.states()[:300]) == {"expired"}


# --- every outcome ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "state", "calls", "at"),
    [
        (Sent(9), "sent", 1, [0]),
        (Done(), "sent", 1, [0]),
        (HoldBack(5), "sent", 2, [0, 5]),
        (Unsent("no route"), "sent", 2, [0, 1]),
        (InDoubt("timed out"), "sent", 2, [0, 1]),
        (Gone(Reach.BLOCKED, "Forbidden"), "gone", 1, [0]),
        (Moved(2002), "sent", 2, [0, 0.03]),
        (Failed("Bad Request"), "failed", 1, [0]),
    ],
)
async def test_every_outcome(bench: Bench, outcome: Outcome, state: str, calls: int, at: list[float]) -> None:
    bench.wire.script[1001] = [outcome]
    bench.owe()
    await bench.send_all()
    assert (bench.states(), len(bench.wire.sent), bench.times()) == ([state], calls, at)
    assert bench.sender.counts[type(outcome).__name__] == 1


async def test_a_moved_chat_is_found_again(bench: Bench) -> None:
    bench.wire.script[1001] = [Moved(2002)]
    bench.owe()
    await bench.send_all()
    assert [chat for _, chat, _ in bench.wire.sent] == [1001, 2002]


async def test_a_question_is_known_by_its_poll(bench: Bench) -> None:
    bench.wire.script[1001] = [Sent(5, "poll-5")]
    bench.owe(message=Ask("kuis", 1, "q1"))
    await bench.send_all()
    assert bench.database.read_now(quiz.poll, "poll-5") == quiz.Poll(1, "kuis", 1, "q1")


async def test_what_follows_does_not_overtake_what_is_tried_again(bench: Bench) -> None:
    bench.wire.script[1001] = [Unsent("no route"), Unsent("no route")]
    for n in range(3):
        bench.owe(key=f"{n}", lane=Lane.REPLY)
    bench.owe(2, "other", lane=Lane.REPLY)
    await bench.send_all()
    assert bench.wire.keys(1001) == ["0", "0", "0", "1", "2"]
    assert bench.times()[:2] == [0, 0]


async def test_a_poisoned_message_does_not_stop_the_others(bench: Bench) -> None:
    bench.wire.script[1001] = [KeyError("no text hello")]
    bench.owe(1)
    bench.owe(1, "unreadable")
    bench.owe(2)
    bench.database.write_now(
        lambda tx: tx.connection.execute(update(OutboxRow).where(OutboxRow.id == 2).values(message={"x": 1}))
    )
    await bench.send_all()
    first, second, third = bench.rows()
    assert (first.state, first.error) == ("failed", "cannot be worded: 'no text hello'")
    assert (second.state, second.error) == ("failed", "its message cannot be read")
    assert third.state == "sent"


async def test_an_error_that_may_quote_an_address_is_not_kept(bench: Bench) -> None:
    bench.wire.script[1001] = [RuntimeError("https://api.example.invalid/bot1:SECRET/sendMessage")]
    bench.owe(1)
    await bench.send_all()
    assert bench.rows()[0].error == "cannot be worded: RuntimeError"


async def test_late_messages_are_counted(bench: Bench) -> None:
    bench.wire.script[1001] = [HoldBack(60)]
    bench.owe(everybody_by=NOON + SECOND)
    await bench.send_all()
    assert bench.sender.counts == {"HoldBack": 1, "Sent": 1, "late": 1}


# --- when things are away -----------------------------------------------------------------------------


async def test_while_telegram_is_away_little_is_tried(bench: Bench) -> None:
    bench.people(38)
    for person_id in range(1, 41):
        bench.wire.script[1000 + person_id] = [Unsent("no route")] * 2
    bench.owe_all(*((person_id, "hello") for person_id in range(1, 41)))
    with structlog.testing.capture_logs() as logs:
        bench.sender = bench.new_sender()
        await bench.send_all()
    assert set(bench.states()) == {"sent"}
    away = [log["pause"] for log in logs if log.get("action") == "telegram_away"]
    assert away[:6] == [1, 2, 4, 8, 16, 30]
    assert len([at for at in bench.times() if at < 60]) < 15


async def test_a_refused_token_ends_it_and_loses_nothing(bench: Bench) -> None:
    bench.wire.script[1001] = [WireUselessError("Telegram refuses the bot's token")]
    bench.owe()
    with pytest.raises(WireUselessError):
        async with bench.running(bench.sender.run()) as (sending, _):
            await sending
    assert bench.states() == ["owed"]


async def test_while_the_database_is_away_it_waits_and_goes_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.owe()
    really = bench.database.transact
    failing = iter(range(6))

    async def transact(*args: Any, **kwargs: Any) -> Any:
        if next(failing, None) is not None:
            raise DatabaseError("the disk is full")
        return await really(*args, **kwargs)

    monkeypatch.setattr(bench.database, "transact", transact)
    await bench.send_all()
    assert bench.states() == ["sent"]
    assert len(bench.wire.sent) == 1


# --- ends ---------------------------------------------------------------------------------------------


class Held:
    """An answer that comes when it is let."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.come = asyncio.Event()

    async def __call__(self) -> Outcome:
        await self.come.wait()
        return self.outcome


async def test_stopping_finishes_what_is_in_flight_and_nothing_else(bench: Bench) -> None:
    held = Held(Sent(9))
    bench.wire.script[1001] = [held]
    bench.owe(1)
    bench.owe(1, "waits")
    async with bench.running(bench.sender.run()) as (sending, _):
        await bench.until(lambda: len(bench.wire.sent) == 1)
        bench.sender.stop()
        await asyncio.sleep(0.01)
        assert not sending.done()
        held.come.set()
        await asyncio.wait_for(sending, 5)
    assert bench.states() == ["sent", "owed"]


async def test_a_crash_repeats_at_most_what_was_in_flight_and_loses_nothing(bench: Bench) -> None:
    bench.people(58)
    bench.owe_all(*((person_id, "hello") for person_id in range(1, 61)), lane=Lane.REPLY)
    # Five answers never come: the calls may or may not have been carried out when the process dies.
    for person_id in range(11, 16):
        bench.wire.script[1000 + person_id] = [Held(Sent(1))]
    async with bench.running(bench.sender.run()):
        await bench.until(lambda: bench.states().count("sending") == 5)
        before = len(bench.wire.sent)
    in_flight = [row.chat_id for row in bench.rows() if row.state == "sending"]
    assert len(in_flight) == 5

    bench.sender = bench.new_sender()
    await bench.send_all()
    assert set(bench.states()) == {"sent"}
    chats = [chat for _, chat, _ in bench.wire.sent]
    assert set(chats) == set(range(1001, 1061))
    assert {chat for chat in chats if chats.count(chat) > 1} == set(in_flight)
    assert len(chats) == 65 > before
    errors = [row.error for row in bench.rows() if row.chat_id in in_flight]
    assert errors == [None] * 5  # what was in doubt is settled


async def test_a_message_that_our_own_fault_breaks_is_left_and_the_others_go_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = delivery.record

    def record(tx: Transaction, outbox_id: int, *rest: Any) -> None:
        if outbox_id == 1:
            raise ZeroDivisionError
        really(tx, outbox_id, *rest)

    monkeypatch.setattr(delivery, "record", record)
    bench.wire.script[1001] = [Done()]
    bench.owe(1)
    bench.owe(2)
    with structlog.testing.capture_logs() as logs:
        bench.sender = bench.new_sender()
        async with bench.running(bench.sender.run()):
            await bench.until(lambda: bench.states() == ["sending", "sent"])
    assert [log["action"] for log in logs if log["log_level"] == "error"] == ["message_broken"]


# --- ahead, and given back ----------------------------------------------------------------------------


async def test_a_broadcast_is_begun_in_batches_and_recorded(bench: Bench) -> None:
    bench.people(58)
    bench.owe_all(*((person_id, "hello") for person_id in range(1, 61)))
    before = bench.database.statistics.transactions
    await bench.send_all()
    assert {(row.state, row.attempts) for row in bench.rows()} == {("sent", 1)}
    begun = bench.database.statistics.transactions - before - 60  # a record each, at this pace
    assert begun <= 60 / 3 + 2


async def test_what_is_only_begun_is_owed_as_before_when_it_stops(bench: Bench) -> None:
    bench.people(18)
    held = Held(Sent(9))
    bench.wire.script[1001] = [held]
    bench.owe_all(*((person_id, "hello") for person_id in range(1, 21)))
    async with bench.running(bench.sender.run()) as (sending, _):
        await bench.until(lambda: "sending" in bench.states()[1:])
        bench.sender.stop()
        held.come.set()
        await asyncio.wait_for(sending, 5)
    first, *rest = bench.rows()
    assert first.state == "sent"
    called = {chat for _, chat, _ in bench.wire.sent}
    assert {(row.state, row.attempts) for row in rest if row.person_id + 1000 not in called} == {("owed", 0)}


async def test_what_is_begun_is_given_back_in_a_pause_and_looked_at_again(bench: Bench) -> None:
    bench.people(18)
    bench.owe_all(*((person_id, "hello") for person_id in range(1, 21)), about=MODULE)
    pacer = Pacer(bench.clock, Limits())
    bench.sender = Sender(bench.database, bench.wire, pacer, bench.clock)
    async with bench.running(bench.sender.run()):
        with bench.clock.busy():
            await bench.until(lambda: bench.states()[:2] == ["sent", "sending"])
            pacer.pause(60)
            await bench.until(lambda: set(bench.states()) == {"sent", "owed"})
            assert {row.attempts for row in bench.rows()[1:]} == {0}
            for person_id in range(2, 21):
                await bench.database.transact(outbox.withdraw, person_id, about=MODULE, now=bench.clock.now())
        await bench.until(lambda: not bench.sender.in_view)
    assert len(bench.wire.sent) == 1
    assert set(bench.states()[1:]) == {"withdrawn"}


async def test_a_reply_is_sent_although_hundreds_are_in_view(bench: Bench) -> None:
    bench.people(300)
    bench.owe_all(*((person_id, "hello") for person_id in range(3, 303)))
    async with bench.running(bench.sender.run()):
        await bench.until(lambda: len(bench.wire.sent) >= 30)
        bench.owe(2, "reply", lane=Lane.REPLY)
        asked = bench.clock.now()
        bench.sender.nudge()
        await bench.until(lambda: "reply" in bench.wire.keys(1002))
    at = next(at for at, chat, _ in bench.wire.sent if chat == 1002)
    assert at - asked <= SECOND / 10


@pytest.mark.parametrize("lane", [Lane.REPLY, Lane.SESSION])
async def test_more_urgent_ones_than_are_seen_at_once_go_first_all_of_them(bench: Bench, lane: Lane) -> None:
    """Although what was in view before them fills it."""
    bench.people(448)
    bench.sender = bench.new_sender(view=160)
    bench.owe_all(*((person_id, "wave") for person_id in range(1, 251)))
    async with bench.running(bench.sender.run()):
        await bench.until(lambda: len(bench.wire.sent) >= 10)
        bench.owe_all(*((person_id, "urgent") for person_id in range(251, 451)), lane=lane)
        bench.sender.nudge()
        await bench.until(lambda: bench.wire.keys().count("urgent") == 200)
    keys = bench.wire.keys()
    first, last = keys.index("urgent"), len(keys) - 1 - keys[::-1].index("urgent")
    assert keys[first:last].count("wave") <= 7  # a quarter of a second's worth was begun


async def test_a_reply_that_is_taken_while_it_is_looked_up_is_sent_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    really, looked, go_on = bench.database.read, asyncio.Event(), asyncio.Event()
    faults: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, fault: faults.append(fault))

    async def read(*args: Any, **kwargs: Any) -> Any:
        found = await really(*args, **kwargs)
        if found[0]:
            looked.set()
            await go_on.wait()
        return found

    monkeypatch.setattr(bench.database, "read", read)
    bench.owe(1, "reply", lane=Lane.REPLY)
    (row,) = bench.rows()
    owed = outbox.reply(row.id, 1001, bench.clock.now())
    async with bench.running(bench.sender.run()):
        await asyncio.wait_for(looked.wait(), 5)
        bench.sender.take([outbox.Letter(owed, Say("reply"), Reader("id", "WIB"), 1, None)])
        go_on.set()
        await bench.until(lambda: bench.states() == ["sent"] and not bench.sender.in_view)
    assert bench.wire.keys() == ["reply"]
    gc.collect()  # a task that failed unseen tells so at its end
    assert faults == []


# --- Stars --------------------------------------------------------------------------------------------


async def test_a_days_stars_are_not_overrun_and_then_the_pace_is_free(bench: Bench) -> None:
    bench.people(58)
    bench.owe_all(*((person_id, "hello") for person_id in range(1, 61)))
    bench.owe(1, "reply", lane=Lane.REPLY)
    with structlog.testing.capture_logs() as logs:
        pacer = Pacer(bench.clock, Limits(per_second=100))
        bench.sender = Sender(bench.database, bench.wire, pacer, bench.clock, stars=3)
        await bench.send_all()
    assert bench.wire.paid == 30
    assert [log["stars"] for log in logs if log.get("action") == "stars_spent"] == [3]
    assert pacer.limits.per_second == 30


class Poor(Wire):
    """Telegram, where the bot has no Stars until some are bought."""

    def __init__(self, clock: SimulatedClock) -> None:
        super().__init__(clock)
        self.lacking = True
        self.refused = 0

    async def send(self, chat_id: int, message: Message, reader: Reader, *, paid: bool = False) -> Outcome:
        if paid and self.lacking:
            await self._clock.sleep(0.05)
            self.refused += 1
            return Unpaid()
        return await super().send(chat_id, message, reader, paid=paid)


async def test_without_stars_on_the_account_the_pace_is_free_at_once_and_until_the_next_day(
    bench: Bench,
) -> None:
    bench.people(58)
    wire = bench.wire = Poor(bench.clock)
    pacer = Pacer(bench.clock, Limits(per_second=100))
    paid = Pace.for_stars(100, 30)

    def spent() -> int:
        left = bench.database.read_now(forecasts.left_of, paid, bench.clock.now()).budget
        assert left is not None
        return left.spent

    bench.sender = Sender(bench.database, wire, pacer, bench.clock, stars=30)
    with structlog.testing.capture_logs() as logs:
        async with bench.running(bench.sender.run()):
            for day, key in enumerate(("mon", "mon-too", "tue", "tue-too")):
                if key == "tue":
                    assert pacer.limits.per_second == 30
                    wire.lacking = False
                    await bench.clock.sleep(86_400)
                bench.owe_all(*((person_id, key) for person_id in range(1, 61)))
                bench.sender.nudge()
                await bench.until(lambda number=60 * (day + 1): bench.states().count("sent") == number)
                if key.startswith("mon"):
                    assert (spent(), wire.refused <= 6) == (300, True)
    assert [log["action"] for log in logs if str(log.get("action")).startswith("stars")] == ["stars_lacking"]
    assert Counter(wire.keys()) == dict.fromkeys(("mon", "mon-too", "tue", "tue-too"), 60)
    monday = [at for at in bench.times() if at < 86_400]
    assert all(after - at >= 1 for at, after in zip(monday, monday[31:], strict=False))
    assert (wire.paid, pacer.limits.per_second, spent()) == (120, 100, 120)


def test_stars_are_counted_on_again_after_a_start(bench: Bench) -> None:
    bench.owe()
    (letter,) = bench.database.write_now(delivery.begin, [1], NOON, stars=1)
    bench.database.write_now(delivery.record, letter.owed.id, Unpaid(), NOON)
    (row,) = bench.rows()
    assert (row.state, row.attempts, row.due_at) == ("owed", 0, NOON)
    assert bench.database.read_now(state.lacking_on, NOON.date())
    bench.database.write_now(delivery.recover, NOON)
    assert not bench.database.read_now(state.lacking_on, NOON.date())


def test_what_was_paid_is_counted_by_the_day_and_given_back_unsent(bench: Bench) -> None:
    bench.people(10)
    bench.owe_all(*((person_id, "hello") for person_id in range(1, 13)))

    def begun(*ids: int, day: int = 0) -> list[bool]:
        now = NOON + timedelta(hours=20 * day)
        letters = bench.database.write_now(delivery.begin, ids, now, stars=1)
        bench.database.write_now(delivery.give_back, letters[:back], now)
        return [letter.paid for letter in letters]

    back = 2
    assert begun(1, 2, 3, 4, 5, 6, 7, 8) == [True] * 8
    back = 0
    assert begun(1, 2, 9, 10, 11) == [True] * 4 + [False]
    assert begun(12, day=1) == [True]


def test_what_yesterday_paid_for_and_today_gives_back_is_not_todays(bench: Bench) -> None:
    bench.people(18)
    bench.owe_all(*((person_id, "hello") for person_id in range(1, 21)))
    midnight = NOON.replace(hour=0) + timedelta(days=1)

    def begun(*ids: int, seconds: int) -> tuple[Letter, ...]:
        found: tuple[Letter, ...] = bench.database.write_now(
            delivery.begin, ids, midnight + seconds * SECOND, stars=1
        )
        return found

    yesterdays = begun(1, 2, 3, 4, 5, seconds=-1)
    assert len(begun(*range(6, 16), seconds=1)) == 10
    bench.database.write_now(delivery.give_back, yesterdays, midnight + SECOND)
    assert [letter.paid for letter in begun(16, 17, seconds=2)] == [False, False]


def test_each_file_of_an_album_costs(bench: Bench) -> None:
    """A Star is ten messages: three albums of three, and one message more."""
    bench.people(5)
    album = Post(tuple(Piece("photo", "", file_id=f"f{n}", message_id=n) for n in range(3)))

    def fill(tx: Transaction) -> None:
        author = add_person(tx, "Sari", role="coordinator")
        sari = staff.actor_by_id(tx, author)
        assert sari is not None
        number = announcements.draft(tx, sari, album, NOON, chat_id=1001)
        for person_id in range(1, 6):
            whom = Recipient(person_id=person_id)
            outbox.owe(tx, whom, Announcement(number), reason="album", lane=Lane.REMINDER, now=NOON)
        whom = Recipient(person_id=6)
        outbox.owe(tx, whom, Say("hello"), reason="hello", lane=Lane.REMINDER, now=NOON)

    bench.database.write_now(fill)
    letters = bench.database.write_now(delivery.begin, range(1, 7), NOON, stars=1)
    assert [letter.paid for letter in letters] == [True, True, True, False, False, True]
    bench.database.write_now(delivery.give_back, letters[:1], NOON)
    again = bench.database.write_now(delivery.begin, [letters[0].owed.id], NOON, stars=1)
    assert [letter.paid for letter in again] == [True]


# --- a pause outlives a process ------------------------------------------------------------------------


async def test_who_starts_knows_how_long_telegram_holds_all_back(bench: Bench) -> None:
    bench.people(18)
    bench.owe_all(*((person_id, "hello") for person_id in range(1, 21)))

    async def hold() -> Outcome:
        if len(bench.wire.sent) == 2:
            bench.sender.stop()
        return HoldBack(60)

    for chat_id in range(1001, 1021):
        bench.wire.script[chat_id] = [hold]
    async with bench.running(bench.sender.run()) as (sending, *_):
        await sending
    assert bench.times() == [0, 0.03]
    bench.wire.script.clear()

    bench.sender = bench.new_sender()
    bench.owe(1, "reply", lane=Lane.REPLY)
    with structlog.testing.capture_logs() as logs:
        await bench.send_all()
    assert len(bench.wire.sent) == 2 + 21
    assert 60 <= bench.times()[2] <= 60.1
    assert [log["seconds"] for log in logs if log.get("action") == "still_held"] == [60]


async def test_what_holds_one_chat_back_is_not_taken_for_all(bench: Bench) -> None:
    bench.owe_all((1, "hello"), (2, "hello"))
    bench.wire.script[1001] = [HoldBack(60)]
    await bench.send_all()
    assert bench.times() == [0, 0.03, 60]
    assert bench.database.read_now(state.recall, state.HELD) is None


def test_no_clock_makes_a_pause_longer_than_it_was(bench: Bench) -> None:
    def held_for(seconds: float) -> float:
        return float(bench.database.write_now(state.held_for, NOON + seconds * SECOND))

    assert held_for(0) == 0
    bench.database.write_now(state.note_hold, 60, NOON)
    assert (held_for(20), held_for(60), held_for(5_000)) == (40, 0, 0)
    assert (held_for(-3_600), held_for(-3_550), held_for(-3_540)) == (60, 10, 0)
    bench.database.write_now(state.remember, state.BOT_NAME, "another_bot")
    assert held_for(-3_550) == 0


# --- clocks that jump ---------------------------------------------------------------------------------


def beside(clock: SimulatedClock) -> Running:
    """As the fixture `running`, with another clock."""

    @asynccontextmanager
    async def run(*parts: Coroutine[Any, Any, None]) -> AsyncIterator[list["asyncio.Task[None]"]]:
        tasks = [asyncio.create_task(part) for part in (*parts, clock.run())]
        try:
            yield tasks
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    return run


class Jumping(SimulatedClock):
    """A clock whose day can be put forward and back, as somebody does to a machine's."""

    off = timedelta()

    def now(self) -> datetime:
        return super().now() + self.off


@pytest.mark.parametrize("jump", [timedelta(hours=-3), timedelta(minutes=30)])
async def test_a_clock_that_jumps_delays_nothing_and_repeats_nothing(
    open_database: Callable[..., Database], jump: timedelta
) -> None:
    clock = Jumping(NOON)
    wire = Wire(clock)
    bench = Bench(open_database(catalogue()), wire, clock, beside(clock))
    bench.people(2)
    tried: list[float] = []
    jumping: list[asyncio.Task[None]] = []

    async def jump_soon() -> None:
        await clock.sleep(0.5)
        clock.off = jump

    async def fail() -> Outcome:
        tried.append(clock.monotonic())
        jumping.append(asyncio.create_task(jump_soon()))  # once it is noted when to try again
        return Unsent("no route")

    async def succeed() -> Outcome:
        tried.append(clock.monotonic())
        return Sent(9)

    wire.script[1001] = [fail, succeed]
    bench.owe(1)
    bench.owe(2, "later", due_at=NOON + timedelta(hours=1))
    async with bench.running(bench.sender.run()):
        await bench.until(lambda: bench.states() == ["sent", "sent"])
    assert tried[1] - tried[0] <= 1.1
    assert wire.keys(1002) == ["later"]
    assert wire.sent[-1][0] >= NOON + timedelta(hours=1)  # not before its time, by the clock as it is then


# --- handed over --------------------------------------------------------------------------------------


async def test_a_reply_that_is_handed_over_is_sent_as_it_is(bench: Bench) -> None:
    async with bench.running(bench.sender.run()):
        await bench.clock.settle()
        bench.sender.take([bench.reply("first"), bench.reply("second")])
        await bench.until(lambda: bench.states() == ["sent", "sent"])
    assert bench.wire.keys() == ["first", "second"]
    assert [(row.chat_id, row.message_id, row.attempts) for row in bench.rows()] == [
        (1001, 1, 1),
        (1001, 2, 1),
    ]


async def test_what_is_handed_over_and_found_as_well_is_sent_once(bench: Bench) -> None:
    letters = [bench.reply(f"{n}", person_id=1 + n % 2) for n in range(4)]
    async with bench.running(bench.sender.run()):
        await asyncio.sleep(0)  # it is looking
        for letter in letters:
            bench.sender.take([letter])
            bench.sender.nudge()
        await bench.until(lambda: bench.states() == ["sent"] * 4)
        for letter in letters:
            bench.sender.take([letter])  # too late: all is done
        await bench.until(lambda: not bench.sender.in_view)
    assert sorted(bench.wire.keys()) == ["0", "1", "2", "3"]


async def test_what_is_handed_over_waits_for_what_is_to_be_tried_again(bench: Bench) -> None:
    bench.wire.script[1001] = [HoldBack(5)]
    async with bench.running(bench.sender.run()):
        await bench.clock.settle()
        bench.sender.take([bench.reply("first")])
        await bench.until(lambda: len(bench.wire.sent) == 1)
        bench.sender.take([bench.reply("second")])
        await bench.until(lambda: bench.states() == ["sent", "sent"])
    assert bench.wire.keys() == ["first", "first", "second"]
    assert bench.times()[1] >= 5


async def test_what_is_settled_before_its_turn_is_not_sent(bench: Bench) -> None:
    letter = bench.reply("first")
    bench.database.write_now(outbox.settle, [letter.owed.id], "withdrawn", NOON)
    async with bench.running(bench.sender.run()):
        await bench.clock.settle()
        bench.sender.take([letter])
        await bench.until(lambda: not bench.sender.in_view)
    assert (bench.wire.sent, bench.states()) == ([], ["withdrawn"])


async def test_more_than_is_seen_at_once_may_be_handed_over(bench: Bench) -> None:
    bench.people(38)
    bench.sender = bench.new_sender(view=8)
    letters = [bench.reply("hello", person_id=n + 1) for n in range(40)]
    async with bench.running(bench.sender.run()):
        for letter in letters:
            bench.sender.take([letter])
        await bench.until(lambda: bench.states() == ["sent"] * 40)
    assert sorted(chat for _, chat, _ in bench.wire.sent) == [1001 + n for n in range(40)]


async def test_nothing_is_taken_on_at_the_end(bench: Bench) -> None:
    async with bench.running() as _:
        run = asyncio.ensure_future(bench.sender.run())
        await bench.clock.settle()
        bench.sender.stop()
        bench.sender.take([bench.reply("too late")])
        await asyncio.wait_for(run, 10)
    assert (bench.wire.sent, bench.states()) == ([], ["owed"])


async def test_a_reply_may_be_begun_when_it_is_owed(bench: Bench) -> None:
    async with bench.running(bench.sender.run()):
        await bench.until(bench.sender.has_room)
        first, second = bench.reply("first", begin=True), bench.reply("second", begin=True)
        assert (first.begun, second.begun) == (True, False), "one reply of a chat is begun at a time"
        assert [(row.state, row.attempts, row.chat_id) for row in bench.rows()] == [
            ("sending", 1, 1001),
            ("owed", 0, None),
        ]
        bench.sender.take([first])
        bench.sender.take([second])
        await bench.until(lambda: bench.states() == ["sent", "sent"])
    assert bench.wire.keys() == ["first", "second"]
    assert [row.attempts for row in bench.rows()] == [1, 1]


async def test_what_was_begun_and_is_held_back_is_owed_again(bench: Bench) -> None:
    bench.wire.script[1001] = [HoldBack(5)]
    async with bench.running(bench.sender.run()):
        await bench.until(bench.sender.has_room)
        bench.sender.take([bench.reply("first", begin=True)])
        await bench.until(lambda: bench.states() == ["sent"])
    assert (bench.wire.keys(), bench.rows()[0].attempts) == (["first", "first"], 1)


async def test_what_was_begun_and_never_handed_over_is_found(bench: Bench) -> None:
    async with bench.running(bench.sender.run()):
        await bench.until(bench.sender.has_room)
        letter = bench.reply("first", begin=True)
        for _ in range(20):
            await bench.clock.sleep(10)
            bench.sender.nudge()
            if bench.states() == ["sent"]:
                break
        bench.sender.take([letter])  # by far too late
        await bench.clock.sleep(1)
    assert bench.wire.keys() == ["first"]
    assert 60 <= bench.times()[0] < 120


async def test_what_was_begun_is_given_back_at_the_end(bench: Bench) -> None:
    async with bench.running():
        run = asyncio.ensure_future(bench.sender.run())
        await bench.until(bench.sender.has_room)
        bench.sender.take([bench.reply("first", begin=True)])
        bench.sender.stop()
        await asyncio.wait_for(run, 10)
    assert bench.states() in (["owed"], ["sent"])
    assert [row.attempts for row in bench.rows()] == [len(bench.wire.sent)]


async def test_there_is_no_room_before_the_last_end_is_recovered_from_nor_in_a_pause(bench: Bench) -> None:
    assert not bench.sender.has_room()
    bench.wire.script[1001] = [HoldBack(30)]
    bench.wire.script[1002] = [HoldBack(30)]
    async with bench.running(bench.sender.run()):
        await bench.until(bench.sender.has_room)
        bench.owe(1, lane=Lane.REPLY)
        bench.owe(2, lane=Lane.REPLY)
        with bench.clock.busy():  # so that the pause is not over before it is looked at
            bench.sender.nudge()
            await bench.until(lambda: len(bench.wire.sent) == 2 and not bench.sender.has_room())
        await bench.until(lambda: bench.states() == ["sent", "sent"])
