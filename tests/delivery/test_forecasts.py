"""Waves kept in sight while they run, with the real sender and timetable beside."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
import structlog
from sqlalchemy import select

from bot.clock import SimulatedClock
from bot.delivery.forecasts import Forecasts
from bot.delivery.pacer import Limits, Pacer, Permit
from bot.delivery.sender import Sender
from bot.delivery.timetable import Timetable
from bot.domain.forecast import Kind, Pace
from bot.domain.messages import Lane
from bot.domain.outcomes import Failed, HoldBack, Outcome, Sent, Unsent
from bot.domain.programme import Audience, Catalogue, Entry, Instant, Late, Recurring
from bot.domain.windows import SendingWindows
from bot.domain.zones import Zone
from bot.storage import warnings
from bot.storage.database import Database, Transaction
from bot.storage.tables import WaveRow
from bot.usecases import planning, waves
from tests.examples import NOON, add_person, catalogue, entry, outbox_rows
from tests.scripted import Wire

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
Running = Callable[..., AbstractAsyncContextManager[list["asyncio.Task[None]"]]]
PARTICIPANTS = Audience(roles=("participant",))


class Play:
    """A coordinator (chat 1001) and participants, and all that delivers to them."""

    per_second, stars = 30, 0

    def __init__(self, database: Database, wire: Wire, clock: SimulatedClock, people: int) -> None:
        self.database, self.wire, self.clock = database, wire, clock

        def fill(tx: Transaction) -> None:
            add_person(tx, "Koordinator", role="coordinator")
            for n in range(people):
                add_person(tx, f"Person {n}")

        database.write_now(fill)

    async def until(self, when: Any) -> None:
        """Start everything, and let time pass until `when`."""
        pacer = Pacer(self.clock, Limits(self.per_second))
        sender = Sender(self.database, self.wire, pacer, self.clock, stars=self.stars)
        forecasts = Forecasts(self.database, self.clock, pacer, sender, stars=self.stars)
        pace = Pace.for_stars(self.per_second, self.stars)
        timetable = Timetable(self.database, self.clock, forecasts.nudge, pace)
        running = [asyncio.create_task(part.run()) for part in (sender, forecasts, timetable)]
        await asyncio.wait_for(self.clock.advance_to(when), 20)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def warned(self) -> list[tuple[Kind, timedelta]]:
        found = self.database.read_now(lambda tx: warnings.since(tx, "p", NOON - DAY))
        return [(each.kind, each.noted_at - NOON) for each in found]

    def told(self) -> list[str]:
        return self.wire.keys(1001)

    def states(self) -> dict[str, int]:
        found = [row.state for row in self.database.read_now(outbox_rows) if row.wave_id is not None]
        return {state: found.count(state) for state in sorted(set(found))}


@pytest.fixture
def play(open_database: Callable[[Catalogue], Database], wire: Wire, clock: SimulatedClock) -> Any:
    def make(*timetable: Entry, people: int = 60, windows: SendingWindows | None = None) -> Play:
        found = catalogue(*timetable)
        if windows is not None:
            found = replace(found, programmes={"p": replace(found.programmes["p"], windows=windows)})
        return Play(open_database(found), wire, clock, people)

    return make


Made = Callable[..., Play]


async def test_what_cannot_be_in_time_is_said_a_day_and_an_hour_ahead(play: Made) -> None:
    """60 people take two seconds at least, and more beside replies."""
    at = NOON + 2 * DAY + 30 * MINUTE
    hasty = entry("cepat", Instant(at), everybody_by=SECOND, audience=PARTICIPANTS, essential=True)
    fine = entry("santai", Instant(at - HOUR), audience=PARTICIPANTS)
    one = play(hasty, fine)
    with structlog.testing.capture_logs() as logs:
        await one.until(at - 3 * HOUR)
        assert len(one.told()) == 1
        await one.until(at - 70 * MINUTE)
    assert one.warned() == [
        (Kind.DAY_AHEAD, at - 24.5 * HOUR - NOON),
        (Kind.HOUR_AHEAD, at - 1.5 * HOUR - NOON),
    ]
    assert one.told() == ["warning.ahead", "warning.ahead"]
    late = [log for log in logs if log.get("action") == "wave_late"]
    assert [(log["kind"], log["entry"], log["people"]) for log in late] == [
        ("day_ahead", "cepat", 60),
        ("hour_ahead", "cepat", 60),
    ]


async def test_what_will_be_missed_is_said_a_day_and_an_hour_ahead(play: Made) -> None:
    """A Sunday's, worth nothing on Monday. Of one that recurs, a closed day is left out on purpose."""
    sunday = datetime(2026, 11, 15, 3, 30, tzinfo=UTC)
    once = entry("ahad", Instant(sunday), audience=PARTICIPANTS, late=Late.SKIP, not_after=HOUR)
    daily = entry(
        "harian",
        Recurring((0, 1, 2, 3, 4, 5, 6), time(10, 30), sunday.date(), sunday.date()),
        audience=PARTICIPANTS,
        late=Late.SKIP,
        not_after=HOUR,
    )
    one = play(once, daily, windows=SendingWindows(week=dict.fromkeys(range(6), ((time(7, 45), time(17)),))))
    await one.until(sunday - 70 * MINUTE)
    said = one.database.read_now(lambda tx: warnings.since(tx, "p", NOON))
    assert [(each.kind, each.entry_id, each.affected) for each in said] == [
        (Kind.DAY_AHEAD, "ahad", 60),
        (Kind.HOUR_AHEAD, "ahad", 60),
    ]
    assert one.told() == ["warning.missed", "warning.missed"]


async def test_stars_that_do_not_last_are_foreseen(play: Made) -> None:
    """At 100 a second 60 people take less than a second; but a Star pays for ten of them."""
    at = NOON + HOUR
    hasty = entry("cepat", Instant(at), everybody_by=SECOND, audience=PARTICIPANTS, essential=True)
    early = entry(
        "awal",
        Instant(at + HOUR),
        everybody_by=timedelta(),
        early=MINUTE,
        audience=PARTICIPANTS,
        essential=True,
    )
    one = play(hasty, early)
    one.per_second, one.stars = 100, 1
    await one.until(at + 2 * HOUR)
    assert [kind for kind, _ in one.warned()] == [Kind.HOUR_AHEAD]
    sent = sorted(sent for sent, chat_id, _ in one.wire.sent if sent > at + MINUTE)
    assert len(sent) == 60
    assert at + HOUR - 4 * SECOND < sent[0]
    assert sent[-1] <= at + HOUR


async def test_a_retry_after_that_eats_the_margin_is_said_at_once(play: Made) -> None:
    one = play(entry("tautan", Instant(NOON + SECOND), everybody_by=MINUTE, audience=PARTICIPANTS))
    for chat_id in (1010, 1011, 1012):  # two chats held back: everything is
        one.wire.script[chat_id] = [HoldBack(300)]
    await one.until(NOON + 15 * SECOND)
    ((kind, noted),) = one.warned()
    assert (kind, noted <= 11 * SECOND) == (Kind.SLIPPING, True)
    expected = one.database.read_now(
        lambda tx: tx.connection.execute(
            select(WaveRow.last_expected_at).where(WaveRow.people > 0)
        ).scalar_one()
    )
    assert NOON + 300 * SECOND < expected < NOON + 330 * SECOND
    await one.until(NOON + HOUR)
    assert one.states() == {"sent": 60}
    assert one.told() == ["warning.slipping"]


async def test_a_pace_that_telegram_has_lowered_is_what_is_counted_on(play: Made) -> None:
    """Held back four times, some answered in between: four fifths of the pace are left, thrice over."""
    one = play(entry("tautan", Instant(NOON), audience=PARTICIPANTS), people=600)
    pacer = Pacer(one.clock, Limits())

    async def lower() -> None:
        for n in range(0, 12, 3):
            for chat_id, outcome in ((n + 1, Sent(1)), (n + 2, HoldBack(1)), (n + 3, HoldBack(1))):
                waits: asyncio.Future[Permit] = asyncio.get_running_loop().create_future()
                pacer.request(chat_id, lane=Lane.SESSION, by=NOON, granted=waits.set_result)
                with one.clock.waiting():
                    permit = await waits
                with permit:
                    permit.start()
                    permit.done(outcome)

    lowering = asyncio.create_task(lower())
    await one.clock.advance_to(NOON + MINUTE)
    await lowering
    assert 30 * 0.8**3 <= pacer.pace < 30 * 0.8**2
    one.database.write_now(planning.ring, "p", "tautan", Zone.WIB, NOON, NOON, None)
    sender = Sender(one.database, one.wire, pacer, one.clock)  # which does not send
    looking = asyncio.create_task(Forecasts(one.database, one.clock, pacer, sender).run())
    await one.clock.advance_to(NOON + MINUTE + SECOND)
    looking.cancel()
    expected = one.database.read_now(
        lambda tx: tx.connection.execute(select(WaveRow.last_expected_at)).scalar_one()
    )
    assert (expected - NOON - MINUTE).total_seconds() == pytest.approx(599 / (0.8 * pacer.pace), rel=0.02)


async def test_an_outage_that_eats_the_margin_is_said_at_once(play: Made) -> None:
    """Telegram is away for ten minutes, from a second after the wave has begun."""
    one = play(entry("tautan", Instant(NOON + SECOND), everybody_by=3 * MINUTE, audience=PARTICIPANTS))
    back = NOON + 10 * MINUTE

    async def away() -> Outcome:
        for answers in one.wire.script.values():
            answers[:] = [away] if one.clock.now() < back else []
        return Unsent("no route")

    for chat_id in range(1020, 1062):
        one.wire.script[chat_id] = [away]
    with structlog.testing.capture_logs() as logs:
        await one.until(NOON + 5 * MINUTE)
    ((kind, noted),) = one.warned()
    assert (kind, noted <= 3 * MINUTE + 11 * SECOND) == (Kind.SLIPPING, True)
    assert [log["kind"] for log in logs if log.get("action") == "wave_late"] == ["slipping"]
    one.wire.script.clear()
    await one.until(NOON + HOUR)
    assert one.states() == {"sent": 60}
    assert "warning.slipping" in one.told()


async def test_a_wave_that_is_refused_stops_and_goes_on_when_somebody_says_so(play: Made) -> None:
    one = play(entry("tautan", Instant(NOON + SECOND), audience=PARTICIPANTS, late=Late.SEND), people=150)
    for chat_id in range(1002, 1152):
        one.wire.script[chat_id] = [Failed("Bad Request: can't parse entities")]
    with structlog.testing.capture_logs() as logs:
        await one.until(NOON + 20 * SECOND)
    (log,) = [log for log in logs if log.get("action") == "wave_stopped"]
    assert (log["entry"], log["sent"]) == ("tautan", 0)
    states = one.states()
    assert 50 <= states["failed"] <= 100
    assert states == {"failed": states["failed"], "held": 150 - states["failed"]}
    assert one.told() == ["warning.stopped"]

    one.wire.script.clear()
    going_on = asyncio.create_task(one.until(NOON + 10 * MINUTE))
    await asyncio.sleep(0)
    one.database.write_now(waves.resume, log["wave"], NOON + 20 * SECOND)  # as another process does
    await going_on
    assert one.states() == {"failed": states["failed"], "sent": 150 - states["failed"]}
    last = max(at for at, chat_id, _ in one.wire.sent if chat_id != 1001)
    assert last < NOON + MINUTE


async def test_what_a_stopped_wave_holds_is_given_up_though_nothing_else_is_to_come(play: Made) -> None:
    link = entry("tautan", Instant(NOON + SECOND), audience=PARTICIPANTS, not_after=HOUR)
    one = play(link, people=150)
    for chat_id in range(1002, 1152):
        one.wire.script[chat_id] = [Failed("Bad Request: can't parse entities")]
    with structlog.testing.capture_logs() as logs:
        await one.until(NOON + HOUR)
        held = one.states()["held"]
        await one.until(NOON + HOUR + MINUTE)
    assert one.states() == {"expired": held, "failed": 150 - held}
    assert [log["action"] for log in logs if "wave_given" in log.get("action", "")] == ["wave_given_up"]


async def test_one_poisoned_message_and_many_blocked_chats_stop_no_wave(play: Made) -> None:
    one = play(entry("tautan", Instant(NOON + SECOND), audience=PARTICIPANTS))
    one.wire.script[1007] = [ValueError("poison")]
    await one.until(NOON + HOUR)
    assert one.states() == {"failed": 1, "sent": 59}
    assert one.warned() == []


async def test_what_may_begin_early_is_there_when_its_moment_comes(play: Made) -> None:
    at = NOON + HOUR
    link = entry(
        "tautan",
        Instant(at),
        everybody_by=timedelta(),
        early=5 * MINUTE,
        audience=PARTICIPANTS,
        essential=True,
    )
    one = play(link)
    await one.until(at + HOUR)
    times = sorted(sent for sent, _, _ in one.wire.sent)
    assert len(times) == 60
    assert at - 4 * SECOND < times[0] < at - SECOND
    assert times[-1] <= at
    assert one.warned() == []


async def test_with_nothing_to_do_it_asks_nothing(play: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    really = Database.read
    asked = 0

    async def read(self: Database, *args: Any, **kwargs: Any) -> Any:
        nonlocal asked
        asked += 1
        return await really(self, *args, **kwargs)

    monkeypatch.setattr(Database, "read", read)
    one = play(entry("nanti", Instant(NOON + 9 * DAY)), people=1)
    await one.until(NOON + 7 * DAY)
    assert asked < 30 + 7 * 24 * 6  # the sender's own looks, every ten minutes


async def test_a_fault_of_its_own_ends_nothing(play: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("bot.usecases.forecasts.lasts", broken)
    one = play(entry("tautan", Instant(NOON + SECOND), audience=PARTICIPANTS))
    with structlog.testing.capture_logs() as logs:
        await one.until(NOON + HOUR)
    assert one.states() == {"sent": 60}
    assert "forecast_broken" in {log.get("action") for log in logs}
