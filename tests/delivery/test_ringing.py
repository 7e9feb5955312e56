"""The timetable's loop, on a clock of the test's own."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
import structlog
from sqlalchemy import select

from bot.clock import SimulatedClock
from bot.delivery.timetable import Timetable
from bot.domain.programme import Catalogue, Entry, Instant, Late, Local, PersonalDay, Recurring
from bot.domain.windows import SendingWindows
from bot.domain.zones import Zone
from bot.storage import people, waves
from bot.storage.database import Database, DatabaseError, Transaction
from bot.storage.tables import UpdateRow, WaveRow
from bot.storage.updates import note
from bot.usecases import corrections, planning
from tests.examples import NOON, add_person, catalogue, entry, outbox_rows

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
Running = Callable[..., AbstractAsyncContextManager[list["asyncio.Task[None]"]]]


class Play:
    """Rings the example's timetable, from start to start."""

    def __init__(self, open_database: Callable[[Catalogue], Database], clock: SimulatedClock) -> None:
        self._open_database = open_database
        self.clock = clock
        self.nudges = 0
        self.database = open_database(catalogue())
        self.database.write_now(lambda tx: add_person(tx, "Anna"))

    def nudge(self) -> None:
        self.nudges += 1

    async def until(self, when: datetime, *timetable: Entry, **options: Any) -> None:
        """Start, and let time pass until `when`."""
        self.database = self._open_database(catalogue(*timetable, **options))
        running = asyncio.create_task(Timetable(self.database, self.clock, self.nudge).run())
        await asyncio.wait_for(self.clock.advance_to(when), 20)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    def owed(self) -> list[tuple[datetime, str]]:
        return [(row.due_at, row.reason) for row in self.database.read_now(outbox_rows)]

    def waves(self) -> list[tuple[Any, ...]]:
        def query(tx: Transaction) -> list[tuple[Any, ...]]:
            columns = (WaveRow.entry_id, WaveRow.due_at, WaveRow.zone, WaveRow.state)
            return [tuple(row) for row in tx.connection.execute(select(*columns).order_by(WaveRow.id))]

        return self.database.read_now(query)


@pytest.fixture
def play(open_database: Callable[[Catalogue], Database], clock: SimulatedClock) -> Play:
    return Play(open_database, clock)


async def test_it_rings_at_the_moment_in_every_zone(play: Play) -> None:
    await play.until(NOON + DAY, entry("pagi", Local(date(2026, 11, 10), time(8))))
    tomorrow = datetime(2026, 11, 9, 23, tzinfo=UTC)
    assert play.waves() == [
        ("pagi", tomorrow, "WIT", "planned"),
        ("pagi", tomorrow + HOUR, "WITA", "planned"),
        ("pagi", tomorrow + 2 * HOUR, "WIB", "planned"),
    ]
    assert play.owed() == [(tomorrow + 2 * HOUR, "p/pagi@20261110T0800")]
    assert play.nudges == 1 + 4  # and at the moments of the session's steps


async def test_it_says_so_before_a_wave_begins(play: Play) -> None:
    told: list[datetime] = []
    play.database = play._open_database(catalogue(entry("siang", Instant(NOON + HOUR), essential=True)))
    timetable = Timetable(play.database, play.clock, play.nudge, soon=lambda: told.append(play.clock.now()))
    running = asyncio.create_task(timetable.run())
    await asyncio.wait_for(play.clock.advance_to(NOON + HOUR - timedelta(seconds=1)), 20)
    assert told == [NOON + HOUR - timedelta(seconds=2)]
    assert play.owed() == []
    await asyncio.wait_for(play.clock.advance_to(NOON + HOUR), 20)
    assert [due for due, _ in play.owed()] == [NOON + HOUR]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_recurring_entry_rings_again_and_again(play: Play) -> None:
    daily = entry("harian", Recurring((0, 1, 2, 3), time(13), date(2026, 11, 9), date(2026, 11, 11)))
    await play.until(NOON + 5 * DAY, daily)
    assert [due for due, _ in play.owed()] == [NOON + HOUR + n * DAY for n in range(3)]


async def test_a_personal_day_rings_on_its_day(play: Play) -> None:
    play.database.write_now(people.change, 1, NOON, first_login=date(2026, 11, 8))
    await play.until(NOON + 6 * DAY, entry("hari-4", PersonalDay(4, time(12))))
    assert play.owed() == [(NOON + 2 * DAY, "p/hari-4@20261111T1200")]


async def test_closed_windows_put_the_ringing_itself_off(play: Play) -> None:
    evening = entry("malam", Local(date(2026, 11, 9), time(19)), late=Late.SEND)
    morning = datetime(2026, 11, 10, 0, 45, tzinfo=UTC)
    await play.until(NOON + 10 * HOUR, evening, windows=SendingWindows())
    assert play.owed() == []
    await play.until(NOON + DAY, evening, windows=SendingWindows())
    assert play.owed() == [(morning, "p/malam@20261109T1900")]


async def test_a_fresh_database_begins_with_what_is_not_over(play: Play) -> None:
    over = entry("lewat", Instant(NOON - 7 * HOUR))
    running = entry("masih", Instant(NOON - HOUR), late=Late.SEND)
    await play.until(NOON + MINUTE, over, running)
    assert play.owed() == [(NOON, "p/masih@20261109T0400Z")]
    assert {wave[0] for wave in play.waves()} == {"masih"}


async def test_after_a_day_away_what_was_missed_is_said_and_the_rest_is_sent(play: Play) -> None:
    first = entry("a", Instant(NOON + MINUTE))
    missed = entry("b", Instant(NOON + HOUR))
    late = entry("c", Instant(NOON + DAY - HOUR), late=Late.SEND)
    timetable = (first, missed, late)
    await play.until(NOON + 2 * MINUTE, *timetable)
    play.clock = SimulatedClock(NOON + DAY)
    with structlog.testing.capture_logs() as logs:
        await play.until(NOON + DAY + MINUTE, *timetable)
    states = [(name, state) for name, _, zone, state in play.waves() if zone == "WIB"]
    assert states == [("a", "planned"), ("b", "missed"), ("c", "planned")]
    assert [log["entry"] for log in logs if log.get("action") == "ring_missed"] == ["b"] * 3
    assert [due for due, _ in play.owed()] == [NOON + MINUTE, NOON + DAY]


async def test_ringing_after_every_restart_rings_once(play: Play) -> None:
    timetable = (entry("a", Instant(NOON + MINUTE)), entry("b", Instant(NOON + 2 * MINUTE)))
    for minutes in (1, 1.5, 2, 2, 3):
        await play.until(NOON + minutes * MINUTE, *timetable)
    assert [reason for _, reason in play.owed()] == ["p/a@20261109T0501Z", "p/b@20261109T0502Z"]
    assert play.database.read_now(waves.looked_until) == NOON + 2 * MINUTE


async def test_what_was_written_into_the_schedule_meanwhile_rings_too(play: Play) -> None:
    await play.until(NOON + HOUR, entry("a", Instant(NOON + 30 * MINUTE)))
    new = entry("new", Instant(NOON + 10 * MINUTE), late=Late.SEND)
    await play.until(NOON + 2 * HOUR, new)
    assert [reason for _, reason in play.owed()] == ["p/a@20261109T0530Z", "p/new@20261109T0510Z"]


async def test_while_the_database_is_away_it_rings_until_it_is_heard(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = Database.transact
    failing = iter(range(5))

    async def transact(self: Database, *args: Any, **kwargs: Any) -> Any:
        if next(failing, None) is not None:
            raise DatabaseError("the disk is full")
        return await really(self, *args, **kwargs)

    monkeypatch.setattr(Database, "transact", transact)
    await play.until(NOON + HOUR, entry("a", Instant(NOON + MINUTE)))
    assert [reason for _, reason in play.owed()] == ["p/a@20261109T0501Z"]


async def test_an_entry_that_our_own_fault_breaks_does_not_silence_the_others(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = planning.ring

    def ring(tx: Transaction, programme: str, entry_id: str, *rest: Any) -> planning.Rung:
        if entry_id == "broken":
            raise ZeroDivisionError
        return really(tx, programme, entry_id, *rest)

    monkeypatch.setattr(planning, "ring", ring)
    broken, sound = entry("broken", Instant(NOON + MINUTE)), entry("sound", Instant(NOON + MINUTE))
    with structlog.testing.capture_logs() as logs:
        await play.until(NOON + HOUR, broken, sound)
    assert [reason for _, reason in play.owed()] == ["p/sound@20261109T0501Z"]
    assert [log["action"] for log in logs if log["log_level"] == "error"] == ["ring_broken"] * 3


async def test_an_audience_of_one_zone_is_rung_there_only(play: Play) -> None:
    whom = replace(entry("x", Instant(NOON)).audience, zones=(Zone.WIT,))
    await play.until(NOON + HOUR, entry("timur", Instant(NOON + MINUTE), audience=whom))
    assert [wave[2] for wave in play.waves()] == ["WIT"]


async def test_every_night_old_updates_are_forgotten(play: Play) -> None:
    play.database.write_now(note, 1, NOON - 4 * DAY)
    play.database.write_now(note, 2, NOON)
    await play.until(NOON + DAY)
    kept = play.database.read_now(
        lambda tx: tx.connection.execute(select(UpdateRow.update_id)).scalars().all()
    )
    assert kept == [2]


async def test_what_is_corrected_while_it_waits_rings_at_its_new_moment(play: Play) -> None:
    database = play._open_database(
        catalogue(entry("a", Instant(NOON + HOUR)), entry("b", Instant(NOON + HOUR)))
    )
    timetable = Timetable(database, play.clock, play.nudge)
    running = asyncio.create_task(timetable.run())
    await asyncio.wait_for(play.clock.advance_to(NOON + MINUTE), 20)
    earlier = corrections.MoveEntry("a", Instant(NOON + 30 * MINUTE))
    for wanted in (earlier, corrections.SkipEntry("b")):
        await database.transact(corrections.correct, None, "p", wanted, NOON + MINUTE)
    timetable.look_again()
    await asyncio.wait_for(play.clock.advance_to(NOON + 2 * HOUR), 20)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert play.owed() == [(NOON + 30 * MINUTE, "p/a@20261109T0530Z")]
