"""A large wave is made in slices: nobody is missed, nobody doubled, whatever happens between two of them."""

import asyncio
import signal
import sys
from collections.abc import Callable
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.clock import SimulatedClock
from bot.delivery.timetable import Timetable
from bot.domain.forecast import Pace
from bot.domain.programme import Catalogue, Instant, PersonalDay
from bot.domain.zones import Zone
from bot.storage import people, waves
from bot.storage.database import Database, Transaction
from bot.storage.tables import PersonRow, WaveRow
from bot.usecases import planning, slices
from bot.usecases.planning import Rung
from bot.usecases.waves import resume
from tests.examples import NOON, add_person, catalogue, entry, outbox_rows

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
NEWS = entry("kabar", Instant(NOON))
PEOPLE = 12
Open = Callable[[Catalogue], Database]


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "SLICE", 5)


@pytest.fixture
def database(open_database: Open) -> Database:
    """A dozen people, of whom two are in another zone and one has not agreed."""
    database = open_database(catalogue(NEWS))
    database.write_now(fill)
    return database


def fill(tx: Transaction) -> None:
    for n in range(1, PEOPLE + 1):
        add_person(tx, f"Person {n}", zone=Zone.WIT if n in {3, 8} else Zone.WIB, consented=n != 4)


def ring(database: Database, now: Any = NOON, zone: Zone = Zone.WIB) -> Rung:
    return database.write_now(planning.ring, "p", "kabar", zone, NOON, now)


def go_on(database: Database, rung: Rung, now: Any = NOON) -> Rung:
    assert rung.rest is not None
    return database.write_now(rung.rest, now)


def owed(database: Database) -> list[int]:
    return [row.person_id for row in database.read_now(outbox_rows)]


def wave(database: Database) -> tuple[str, int, int | None]:
    columns = select(WaveRow.state, WaveRow.people, WaveRow.planned_to).where(WaveRow.zone == "WIB")
    return tuple(database.read_now(lambda tx: tx.connection.execute(columns).one()))


WIB = [1, 2, 5, 6, 7, 9, 10, 11, 12]


def test_slice_by_slice_everybody_is_owed_it(database: Database) -> None:
    rung = ring(database)
    assert (owed(database), wave(database)) == ([1, 2, 5, 6, 7, 9, 10], ("planning", 7, 10))
    assert go_on(database, rung) == Rung(9)
    assert (owed(database), wave(database)) == (WIB, ("planned", 9, None))
    assert ring(database) == Rung(before=True)


def test_what_was_begun_is_finished_at_the_next_ringing(database: Database, open_database: Open) -> None:
    ring(database)
    again = open_database(catalogue(NEWS))
    assert ring(again, NOON + MINUTE) == Rung(9)
    assert (owed(again), wave(again)) == (WIB, ("planned", 9, None))


def test_what_was_begun_ends_as_it_began(database: Database) -> None:
    # It is late by now, and would be skipped: but those before them are sent it, too.
    ring(database)
    assert ring(database, NOON + HOUR) == Rung(9)
    assert {(row.due_at, row.everybody_by) for row in database.read_now(outbox_rows)} == {
        (NOON, NOON + 15 * MINUTE)
    }


def test_after_its_time_the_others_are_missed(database: Database) -> None:
    ring(database)
    assert ring(database, NOON + 7 * HOUR) == Rung(7, missed=True)
    assert wave(database) == ("planned", 7, None)
    assert ring(database, NOON + 8 * HOUR) == Rung(before=True)


def test_a_slice_that_is_taken_twice_is_counted_once(database: Database) -> None:
    # As when the connection broke during its commit, and nobody knows whether it is there.
    rung = ring(database)
    go_on(database, rung)
    assert go_on(database, rung) == Rung(9)
    assert owed(database) == WIB


def test_who_joins_while_it_is_made_is_owed_it_once(database: Database) -> None:
    # One stands where the wave has been already, one is still to come; both catch up at once.
    rung = ring(database)
    for person_id in (4, database.write_now(add_person, "Citra")):
        database.write_now(people.change, person_id, NOON, consented_at=NOON)
        assert database.write_now(planning.catch_up, person_id, NOON) == 1
    go_on(database, rung)
    assert sorted(owed(database)) == sorted([*WIB, 4, 13])


def test_who_leaves_the_zone_while_it_is_made_is_owed_it_once(database: Database) -> None:
    ring(database, zone=Zone.WIT)
    rung = ring(database)
    for person_id, zone in ((12, Zone.WIT), (3, Zone.WIB)):
        database.write_now(people.change, person_id, NOON, zone=zone)
        database.write_now(planning.catch_up, person_id, NOON)
    go_on(database, rung)
    assert sorted(owed(database)) == [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12]


def test_an_early_wave_in_the_making_waits_for_nothing(open_database: Open) -> None:
    early = entry("kabar", Instant(NOON), everybody_by=timedelta(), early=10 * MINUTE, essential=True)
    database = open_database(catalogue(early))
    database.write_now(fill)
    slow, at = Pace(0.1, for_replies=0), NOON - 80 * SECOND
    assert database.write_now(planning.ring, "p", "kabar", Zone.WIB, NOON, at, slow).rest is not None
    assert database.write_now(planning.ring, "p", "kabar", Zone.WIB, NOON, at + 10 * SECOND, slow) == Rung(9)
    assert {row.due_at for row in database.read_now(outbox_rows)} == {at}


def test_a_personal_day_of_nobody_leaves_no_trace_however_many_they_are(open_database: Open) -> None:
    database = open_database(catalogue(entry("kabar", PersonalDay(2, time(12)))))
    database.write_now(fill)
    # Of the day, but not of those who are written to.
    began = update(PersonRow).where(PersonRow.id == 4).values(first_login=(NOON - timedelta(days=1)).date())
    database.write_now(lambda tx: tx.connection.execute(began).close())
    rung = ring(database)
    while rung.rest is not None:
        rung = go_on(database, rung)
    assert rung == Rung()
    assert database.read_now(waves.noted, "p", "kabar", Zone.WIB, NOON) is None


def test_a_resuming_that_was_cut_off_is_taken_up_again(database: Database) -> None:
    # As `rekan waves resume` is by Ctrl-C, or a lost connection.
    go_on(database, ring(database))
    (found,) = database.read_now(lambda tx: tx.connection.scalars(select(WaveRow.id)).all())
    assert database.write_now(waves.stop, found, NOON)
    assert database.write_now(waves.hold, found) == len(WIB)
    _, rung = database.write_now(resume, found, NOON)
    assert rung.rest is not None
    _, rung = database.write_now(resume, found, NOON)
    while rung.rest is not None:
        rung = go_on(database, rung)
    assert {row.state for row in database.read_now(outbox_rows)} == {"owed"}
    assert wave(database) == ("planned", 9, None)


# --- killed ---------------------------------------------------------------------------------------------

_KILLED = """
import asyncio, os, signal, sys
from bot.clock import SimulatedClock
from bot.delivery.timetable import Timetable
from bot.storage.database import Database
from bot.usecases import slices
from tests.delivery.test_slices import NEWS, NOON, catalogue

slices.SLICE = 5
database = Database.open(sys.argv[1], catalogue(NEWS))
def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(Timetable(database, SimulatedClock(NOON), lambda: None, begun=kill).run())
"""


async def test_killed_between_two_slices_it_goes_on_at_the_next_start(
    database: Database, tmp_path: Path, clock: SimulatedClock
) -> None:
    url = f"sqlite:///{tmp_path / 'rekan.db'}"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _KILLED, url)
    assert await process.wait() == -signal.SIGKILL
    assert (owed(database), wave(database)) == ([1, 2, 5, 6, 7, 9, 10], ("planning", 7, 10))
    nudges: list[int] = []
    timetable = Timetable(database, clock, lambda: nudges.append(len(owed(database))))
    running = asyncio.create_task(timetable.run())
    await asyncio.wait_for(clock.advance_to(NOON + MINUTE), 20)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert sorted(owed(database)) == [n for n in range(1, PEOPLE + 1) if n != 4]
    assert nudges == [9, 11]  # WIB, and then WIT
    assert database.read_now(waves.looked_until) == NOON


async def test_the_sender_hears_of_a_large_wave_while_it_is_made(
    database: Database, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "SLICE", 1)
    begun: list[int] = []
    timetable = Timetable(database, clock, lambda: None, begun=lambda: begun.append(len(owed(database))))
    running = asyncio.create_task(timetable.run())
    await asyncio.wait_for(clock.advance_to(NOON + MINUTE), 20)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert begun == [1, 2, 4, 8, 10, 11]  # ever more of WIB's nine, then WIT's two
