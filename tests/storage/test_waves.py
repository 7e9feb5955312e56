"""Waves under way: an early start, what is held when one stops, and how it goes on."""

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.domain.announcements import Whom
from bot.domain.events import ReachChanged, Sender, Wrote
from bot.domain.forecast import Kind, Pace
from bot.domain.messages import Lane
from bot.domain.people import Reach
from bot.domain.posts import Piece, Post
from bot.domain.programme import Audience, Catalogue, Instant, Late
from bot.domain.zones import Zone
from bot.storage import outbox, people, staff, warnings
from bot.storage import waves as stored
from bot.storage.database import Database, Transaction
from bot.storage.tables import ModuleDoneRow, OutboxRow, PersonRow
from bot.usecases import announcements, delivery, forecasts, planning, timetable, waves
from bot.usecases import desk as desk_of
from bot.usecases.planning import Rung
from tests.examples import MODULE, NOON, add_person, catalogue, entry, outbox_rows

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
PACE = Pace(1, for_replies=0)
PARTICIPANTS = Audience(roles=("participant",))
REMINDER = entry("modul", Instant(NOON), about=MODULE, audience=Audience(not_done=(MODULE,)), late=Late.SEND)


class Desk:
    """A database with people, whose timetable is rung by hand."""

    def __init__(self, database: Database, people: int, *, new: bool = True) -> None:
        self.database = database
        if not new:
            return

        def fill(tx: Transaction) -> None:
            add_person(tx, "Koordinator", role="coordinator", zone=Zone.WIT)
            for n in range(people):
                add_person(tx, f"Person {n}")

        database.write_now(fill)

    def ring(self, entry_id: str, now: Any = NOON, zone: Zone = Zone.WIB, pace: Pace | None = PACE) -> Rung:
        return self.database.write_now(planning.ring, "p", entry_id, zone, NOON, now, pace)

    def states(self, entry_id: str) -> Counter[str]:
        rows = self.database.read_now(outbox_rows)
        return Counter(row.state for row in rows if row.reason.startswith(f"p/{entry_id}@"))

    def settle(self, state: str, number: int, now: Any = NOON) -> None:
        def settle(tx: Transaction) -> None:
            ids = select(OutboxRow.id).where(OutboxRow.state == "owed").order_by(OutboxRow.id).limit(number)
            tx.connection.execute(
                update(OutboxRow).where(OutboxRow.id.in_(ids)).values(state=state, settled_at=now)
            )

        self.database.write_now(settle)

    def stop(self, entry_id: str = "modul") -> int:
        """Ring, let 20 of 60 fail after 30 were sent, look; the wave's number."""
        self.ring(entry_id)
        self.settle("sent", 30)
        self.settle("failed", 20)
        (stopped,) = self.database.write_now(waves.stop_failing, [1], NOON)
        assert (stopped.sent, stopped.failed, stopped.held) == (30, 20, 10)
        return stopped.wave.id


@pytest.fixture
def desk(url: str) -> Any:
    opened: list[Database] = []

    def make(*timetable: Any, people: int = 60, new: bool = True, **options: Any) -> Desk:
        opened.append(Database.open(url, catalogue(*timetable, **options)))
        return Desk(opened[-1], people, new=new)

    yield make
    for database in opened:
        database.close_now()


Made = Callable[..., Desk]
one_engine = pytest.mark.parametrize("engine", ["sqlite"])


# --- early --------------------------------------------------------------------------------------------


@one_engine
def test_a_wave_begins_as_early_as_its_last_person_needs(desk: Made) -> None:
    """60 people at one a second, everybody by the moment itself: 59 seconds before."""
    early = entry("tautan", Instant(NOON), everybody_by=timedelta(), early=10 * MINUTE, essential=True)
    one = desk(early)
    assert one.ring("tautan", NOON - 10 * MINUTE) == Rung(look_at=NOON - 59 * SECOND)
    assert one.database.read_now(outbox_rows) == []
    assert one.ring("tautan", NOON - 59 * SECOND) == Rung(people=60)
    assert {row.due_at for row in one.database.read_now(outbox_rows)} == {NOON - 59 * SECOND}
    assert one.ring("tautan", NOON) == Rung(before=True)


@one_engine
def test_it_leaves_room_for_what_is_more_urgent_at_that_time(desk: Made) -> None:
    early = entry("nanti", Instant(NOON), everybody_by=MINUTE, early=10 * MINUTE)
    urgent = entry("tautan", Instant(NOON - 30 * SECOND), everybody_by=MINUTE, essential=True)
    # 61 are more urgent from half a minute before on: 30 of the 60 have to have it by then.
    assert desk(early, urgent).ring("nanti", NOON - 10 * MINUTE) == Rung(look_at=NOON - 60 * SECOND)


@one_engine
def test_it_leaves_room_for_an_announcement_that_is_scheduled(desk: Made) -> None:
    """An urgent one to the same 60 people, 30 seconds before: theirs are the 60 seconds from then on."""
    early = entry("nanti", Instant(NOON), everybody_by=timedelta(), early=10 * MINUTE, audience=PARTICIPANTS)
    one = desk(early)

    def schedule(tx: Transaction) -> None:
        author = staff.actor_by_id(tx, 1)
        assert author is not None
        number = announcements.draft(tx, author, Post((Piece("text", "Halo"),)), NOON - HOUR, chat_id=None)
        announcements.choose(tx, author, number, whom=Whom(PARTICIPANTS), urgent=True)
        announcements.send(tx, author, number, 1, NOON - HOUR, at=NOON - 30 * SECOND)

    one.database.write_now(schedule)
    assert one.ring("nanti", NOON - 10 * MINUTE) == Rung(look_at=NOON - 90 * SECOND)


@one_engine
def test_three_zones_that_share_a_moment_share_the_time_before_it(desk: Made) -> None:
    early = entry("tautan", Instant(NOON), everybody_by=timedelta(), early=10 * MINUTE, essential=True)
    one = desk(early, people=20)
    for zone in (Zone.WITA, Zone.WIT):
        one.database.write_now(
            lambda tx, zone=zone: [add_person(tx, f"{zone} {n}", zone=zone) for n in range(20)]
        )
    looks = {zone: one.ring("tautan", NOON - 10 * MINUTE, zone).look_at for zone in Zone}
    # The coordinator is in WIT: 61 people.
    assert min(look for look in looks.values() if look) == NOON - 60 * SECOND


@one_engine
def test_without_a_reason_nothing_begins_early(desk: Made) -> None:
    roomy = entry("tautan", Instant(NOON), early=10 * MINUTE)
    one = desk(roomy)
    assert one.ring("tautan", NOON - 10 * MINUTE) == Rung(look_at=NOON)
    assert one.ring("tautan", NOON - 10 * MINUTE, pace=None) == Rung(look_at=NOON)


# --- stopping, resuming -------------------------------------------------------------------------------


def test_a_wave_stops_where_too_many_fail_and_goes_on_when_told(desk: Made) -> None:
    one = desk(REMINDER)
    wave = one.stop()
    assert one.states("modul") == {"sent": 30, "failed": 20, "held": 10}
    due, _, _ = one.database.read_now(delivery.due, NOON + HOUR, 1000)
    assert {row.lane for row in due} == {Lane.REPLY}  # the warning
    found, rung = one.database.write_now(waves.resume, wave, NOON + MINUTE)
    assert (found.entry_id, rung) == ("modul", Rung(people=10))
    assert one.states("modul") == {"sent": 30, "failed": 20, "owed": 10}
    # What failed before is forgiven.
    assert one.database.write_now(waves.stop_failing, [wave], NOON + 2 * MINUTE) == []


@one_engine
def test_who_is_done_meanwhile_is_left_out_and_who_joins_is_in(desk: Made) -> None:
    one = desk(REMINDER)
    wave = one.stop()

    def meanwhile(tx: Transaction) -> None:
        held = select(OutboxRow.person_id).where(OutboxRow.state == "held").order_by(OutboxRow.id)
        done, left = tx.connection.execute(held.limit(2)).scalars()
        tx.connection.execute(
            ModuleDoneRow.__table__.insert().values(person_id=done, module_id="wawasan", done_at=NOON)
        )
        tx.connection.execute(update(PersonRow).where(PersonRow.id == left).values(withdrawn_at=NOON))
        add_person(tx, "Baru")

    one.database.write_now(meanwhile)
    _, rung = one.database.write_now(waves.resume, wave, NOON + MINUTE)
    assert rung == Rung(people=9)
    assert one.states("modul") == {"sent": 30, "failed": 20, "withdrawn": 2, "owed": 9}


def reached(tx: Transaction, person_id: int, reach: Reach) -> None:
    people.set_reach(tx, 1000 + person_id, reach, NOON)


def of_person(desk: Desk, person_id: int) -> str:
    rows = desk.database.read_now(outbox_rows)
    (state,) = (row.state for row in rows if row.person_id == person_id and row.reason.startswith("p/modul@"))
    return str(state)


def test_who_was_gone_and_comes_back_while_it_is_stopped_is_in_it(desk: Made) -> None:
    one = desk(REMINDER, people=61)
    one.ring("modul")
    one.settle("gone", 1)
    one.database.write_now(reached, 2, Reach.BLOCKED)
    wave = one.stop()
    one.database.write_now(reached, 2, Reach.OPEN)
    assert one.database.write_now(planning.catch_up, 2, NOON) == 0  # it is stopped for them, too
    _, rung = one.database.write_now(waves.resume, wave, NOON + MINUTE)
    assert rung == Rung(people=11)
    assert of_person(one, 2) == "owed"


def test_who_goes_while_it_is_stopped_has_it_when_they_come_back(desk: Made) -> None:
    one = desk(REMINDER)
    wave = one.stop()
    held = next(row.person_id for row in one.database.read_now(outbox_rows) if row.state == "held")
    one.database.write_now(reached, held, Reach.BLOCKED)
    _, rung = one.database.write_now(waves.resume, wave, NOON + MINUTE)
    assert (rung, of_person(one, held)) == (Rung(people=9), "gone")
    one.database.write_now(reached, held, Reach.OPEN)
    assert one.database.write_now(planning.catch_up, held, NOON + MINUTE) == 1
    assert of_person(one, held) == "owed"


@one_engine
@pytest.mark.parametrize(
    ("late", "then"),
    [(Late.SKIP, "expired"), (Late.SEND, "owed"), (Late.DIGEST, "folded")],
)
def test_resumed_late_it_follows_its_late_policy(desk: Made, late: Late, then: str) -> None:
    one = desk(replace(REMINDER, late=late))
    wave = one.stop()
    _, rung = one.database.write_now(waves.resume, wave, NOON + HOUR)
    assert rung.missed is (late is Late.SKIP)
    assert one.states("modul") == {"sent": 30, "failed": 20, then: 10}
    assert one.states("digest") == ({"owed": 10} if late is Late.DIGEST else {})


@one_engine
def test_a_stopped_wave_can_be_cancelled_and_is_over_when_its_time_is(desk: Made) -> None:
    one = desk(REMINDER)
    wave = one.stop()
    found, number = one.database.write_now(waves.cancel, wave, NOON + MINUTE)
    assert (found.id, number) == (wave, 10)
    assert one.states("modul")["withdrawn"] == 10
    with pytest.raises(waves.NoSuchWaveError, match=r"wave 1 \(modul, WIB\) is not stopped: it is cancelled"):
        one.database.write_now(waves.resume, wave, NOON)
    with pytest.raises(waves.NoSuchWaveError, match="there is no wave 7"):
        one.database.write_now(waves.cancel, 7, NOON)


@one_engine
def test_what_nobody_resumes_in_time_expires(desk: Made) -> None:
    one = desk(REMINDER)
    one.stop()
    assert one.database.write_now(waves.expire, NOON + HOUR) == 0
    assert one.database.write_now(waves.expire, NOON + 7 * HOUR) == 10
    assert one.states("modul") == {"sent": 30, "failed": 20, "expired": 10}


@one_engine
def test_a_few_failures_and_many_blocked_chats_stop_nothing(desk: Made) -> None:
    one = desk(REMINDER)
    one.ring("modul")
    one.settle("sent", 25)
    one.settle("gone", 20)
    one.settle("failed", 6)
    assert one.database.write_now(waves.stop_failing, [1], NOON) == []
    one.settle("sent", 9)
    assert one.database.write_now(waves.stop_failing, [1], NOON) == []


@one_engine
def test_coordinators_are_told_of_a_stop_with_what_to_do(desk: Made) -> None:
    one = desk(REMINDER)
    one.stop()
    (row,) = [row for row in one.database.read_now(outbox_rows) if "/warning/" in row.reason]
    assert (row.person_id, row.lane) == (1, Lane.REPLY)
    assert row.message["say"]["key"] == "warning.stopped"
    assert row.message["say"]["params"] == {
        "entry": "modul",
        "zone": "WIB",
        "failed": 20,
        "tried": 50,
        "held": 10,
        "wave": "1",
    }


@one_engine
def test_a_failing_wave_is_stopped_though_its_programme_has_left_the_schedules(desk: Made, url: str) -> None:
    one = desk(REMINDER)
    one.ring("modul")
    one.settle("sent", 30)
    one.settle("failed", 20)
    later = Database.open(url, Catalogue({}, {}))
    (stopped,) = later.write_now(waves.stop_failing, [1], NOON)
    later.close_now()
    assert stopped.held == 10


# --- warnings -----------------------------------------------------------------------------------------


@one_engine
def test_nobody_is_warned_twice_of_the_same(desk: Made) -> None:
    one = desk(entry("tautan", Instant(NOON), everybody_by=10 * SECOND, essential=True))
    wanted = forecasts.rings(one.database.catalogue.programmes.values(), NOON - HOUR, NOON)
    (found,) = one.database.read_now(
        lambda tx: forecasts.look((), forecasts.coming(tx, wanted, NOON - HOUR), PACE, NOON - HOUR)[1]
    )
    assert (found.people, found.late, found.late_by) == (61, 50, 50 * SECOND)
    assert found.zones == (Zone.WIB, Zone.WIT)

    def warn(kind: Kind, by: timedelta = timedelta()) -> bool:
        outlook = replace(found, last_at=found.last_at + by)  # type: ignore[operator]  # somebody is reached
        return one.database.write_now(waves.warn, kind, outlook, NOON)

    assert [warn(Kind.DAY_AHEAD), warn(Kind.DAY_AHEAD, MINUTE), warn(Kind.HOUR_AHEAD)] == [True, False, True]
    # Under way, as late as foretold: no news. Ten minutes later still: news, once.
    assert [warn(Kind.SLIPPING), warn(Kind.SLIPPING, 10 * MINUTE), warn(Kind.SLIPPING, HOUR)] == [
        False,
        True,
        False,
    ]
    kinds = [each.kind for each in one.database.read_now(lambda tx: warnings.since(tx, "p", NOON))]
    assert kinds == [Kind.DAY_AHEAD, Kind.HOUR_AHEAD, Kind.SLIPPING]
    owed = [row.message["say"]["key"] for row in one.database.read_now(outbox_rows)]
    assert owed == ["warning.ahead", "warning.ahead", "warning.slipping"]


@one_engine
def test_what_is_under_way_is_added_up_by_wave(desk: Made) -> None:
    one = desk(REMINDER)
    one.ring("modul")
    one.settle("sent", 20)
    (load,) = one.database.read_now(stored.loads)
    assert (load.messages, load.lane, load.everybody_by) == (40, Lane.REMINDER, NOON + 15 * MINUTE)
    assert load.wave is not None
    assert (load.wave.entry_id, load.wave.people) == ("modul", 60)
    assert forecasts.lasts([load], PACE, NOON, NOON + MINUTE) == {1: NOON + MINUTE + 39 * SECOND}


@one_engine
def test_what_is_under_way_is_shown_as_whoever_sends_expects_it(desk: Made) -> None:
    """Held back for half an hour: three quarters of the 60 are later than they were to be."""
    one = desk(REMINDER)
    one.ring("modul")
    programme = one.database.catalogue.programmes["p"]

    def shown(minutes: int) -> tuple[timedelta, int]:
        one.database.write_now(stored.expect, {1: NOON + minutes * MINUTE})
        (found,) = one.database.read_now(timetable.running, programme, NOON)
        assert found.last_at is not None
        return found.last_at - NOON, found.late

    assert shown(60) == (HOUR, 45)
    assert shown(10) == (10 * MINUTE, 0)
    assert shown(-1) == (59 * Pace(30).interval, 0)  # nobody has looked for long


# --- resumed while much else happens, on PostgreSQL ----------------------------------------------------


@pytest.mark.parametrize("engine", ["postgresql"])
async def test_resumed_under_load_by_several_at_once(desk: Made, url: str) -> None:
    """Three coordinators resume it while people join, come back, go and get it done, in two processes."""
    one = desk(REMINDER, people=100)
    everybody = range(2, 102)
    one.ring("modul")
    one.settle("sent", 30)
    one.settle("failed", 20)
    one.settle("gone", 10)
    (stopped,) = one.database.write_now(waves.stop_failing, [1], NOON)
    assert stopped.held == 40
    rows = one.database.read_now(outbox_rows)
    by_state = {state: [row.person_id for row in rows if row.state == state] for state in ("gone", "held")}
    for person_id in by_state["gone"]:
        one.database.write_now(reached, person_id, Reach.BLOCKED)
    other = desk(REMINDER, people=0, new=False)
    wave = stopped.wave.id
    before, *done = by_state["held"][:10]
    gone = by_state["held"][10:20]
    update_ids = itertools.count(1)

    def join(tx: Transaction, n: int) -> None:
        planning.catch_up(tx, add_person(tx, f"Baru {n}"), NOON + MINUTE)

    def finish(tx: Transaction, person_id: int) -> None:
        values = {"person_id": person_id, "module_id": "wawasan", "done_at": NOON}
        tx.connection.execute(ModuleDoneRow.__table__.insert().values(**values))
        outbox.withdraw(tx, person_id, about=MODULE, now=NOON)

    def writes(person_id: int) -> tuple[Any, ...]:
        return desk_of.handle, next(update_ids), Wrote(Sender(1000 + person_id), 7, "halo"), NOON + MINUTE

    def blocks(person_id: int) -> tuple[Any, ...]:
        event = ReachChanged(Sender(1000 + person_id), Reach.BLOCKED)
        return desk_of.handle, next(update_ids), event, NOON + MINUTE

    actions: list[tuple[Any, ...]] = [
        *((join, n) for n in range(20)),
        *((finish, person_id) for person_id in done),
        *(writes(person_id) for person_id in everybody if person_id not in gone),
        *(blocks(person_id) for person_id in gone),
    ]
    one.database.write_now(finish, before)
    random.Random(5).shuffle(actions)
    calls = [
        process.database.transact(*action)
        for process, action in zip(itertools.cycle((one, other)), actions, strict=False)
    ]
    # Each `rekan waves resume` is a process of its own.
    commands = [desk(REMINDER, people=0, new=False) for _ in range(3)]
    for place, command in enumerate(commands):
        calls.insert(30 * place, command.database.transact(waves.resume, wave, NOON + MINUTE))
    ends = await asyncio.gather(*calls, return_exceptions=True)
    # One of them has resumed it, and the others are told so.
    wrong = [end for end in ends if isinstance(end, BaseException)]
    assert [str(end) for end in wrong] == [f"wave {wave} (modul, WIB) is not stopped: it is planned"] * 2
    assert sum(isinstance(end, tuple) for end in ends) == 1
    # Everybody who is meant is owed it, once: who joined, who came back. Who is done is not, unless they were
    # in that very moment: neither sees the other, and the reminder and the tap cross. So it is with who went.
    states = {
        row.person_id: row.state
        for row in one.database.read_now(outbox_rows)
        if row.reason.startswith("p/modul@") and row.state not in ("sent", "failed")
    }
    joined = [person_id for person_id in states if person_id > 101]
    assert len(joined) == 20
    meant = (*joined, *by_state["gone"], *by_state["held"][20:])
    assert {states[person_id] for person_id in meant} == {"owed"}
    assert {states[person_id] for person_id in done} <= {"owed", "withdrawn"}
    assert states[before] == "withdrawn"
    assert {states[person_id] for person_id in gone} <= {"owed", "gone"}
    assert [process.database.statistics.collided for process in (one, other, *commands)] == [0] * 5
