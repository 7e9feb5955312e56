"""What nothing rings is made in slices, too: whatever happens between two of them, it comes to the same."""

import asyncio
import random
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from bot.clock import SimulatedClock
from bot.delivery.announcements import Announcements
from bot.domain.announcements import State, Whom, first_handful
from bot.domain.messages import Lane
from bot.domain.posts import Piece, Post
from bot.domain.programme import AroundSession, Audience, Catalogue, Item, Late, Target
from bot.domain.zones import Zone
from bot.storage import announcements as stored
from bot.storage import people, staff
from bot.storage import waves as wave_rows
from bot.storage.database import Database, Transaction
from bot.storage.tables import ChatRow, OutboxRow, WaveRow
from bot.usecases import announcements, corrections, making, planning, recaps, slices, waves
from bot.usecases.corrections import MoveSession
from bot.usecases.refusal import RefusedError
from tests.examples import ALL_MODULES, NOON, SESSION, add_person, catalogue, entry, outbox_rows

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ABOUT = Target(Item.SESSION, "hari-1")
LINK = entry("tautan", AroundSession("hari-1", -HOUR), about=ABOUT, late=Late.SEND, not_after=8 * HOUR)
FILES = catalogue(LINK)
RUNG = SESSION.starts - HOUR
POST = Post((Piece("text", "Halo {nama}", message_id=5),))
ALBUM = Post(tuple(Piece("photo", "", file_id=f"f{n}", message_id=n) for n in range(3)))
PEOPLE = 61
MANY = 10**9
Open = Callable[[Catalogue], Database]


@pytest.fixture(autouse=True)
def small_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "SLICE", 12)
    monkeypatch.setattr(slices, "RANGES", 2)


@pytest.fixture
def database(open_database: Open) -> Database:
    """Sari, who coordinates, and 61 others in three zones; of whom one has not agreed, and one is gone."""
    database = open_database(FILES)
    database.write_now(fill)
    return database


def fill(tx: Transaction) -> None:
    add_person(tx, "Sari", role="coordinator")
    zones = (Zone.WIB, Zone.WITA, Zone.WIB, Zone.WIT)
    for n in range(2, PEOPLE + 2):
        add_person(tx, f"Person {n}", zone=zones[n % 4], consented=n != 9, role="participant")
    gone = update(ChatRow).where(ChatRow.person_id == 12).values(reach="blocked")
    tx.connection.execute(gone)


def do(database: Database, deed: Any, *arguments: Any, **options: Any) -> Any:
    """A deed of Sari's."""

    def act(tx: Transaction) -> Any:
        sari = staff.actor_by_id(tx, 1)
        assert sari is not None
        return deed(tx, sari, *arguments, **options)

    return database.write_now(act)


def announce(database: Database, post: Post = POST) -> None:
    number = do(database, announcements.draft, post, NOON, chat_id=1001)
    do(database, announcements.choose, number, whom=Whom(Audience(roles=("participant",))))
    do(database, announcements.send, number, 1, NOON)


def take(database: Database) -> bool:
    """One slice of the eldest wave in the making; whether there was any."""
    for wave_id in database.read_now(making.unfinished):
        if database.write_now(making.go_on, wave_id, NOON) is not None:
            return True
    return False


def finish(database: Database) -> None:
    while take(database):
        pass


def advance(database: Database, minutes: int = 0) -> None:
    database.write_now(announcements.advance, NOON + minutes * MINUTE)


def settle(database: Database, most: int = MANY, *, but: str = "none") -> None:
    """So many of what is owed are sent."""

    def sent(tx: Transaction) -> None:
        ids = select(OutboxRow.id).where(OutboxRow.state == "owed", ~OutboxRow.reason.startswith(but))
        values = {"state": "sent", "chat_id": OutboxRow.person_id + 1000, "message_id": OutboxRow.id}
        first = ids.order_by(OutboxRow.id).limit(most)
        tx.connection.execute(
            update(OutboxRow).where(OutboxRow.id.in_(first)).values(**values, settled_at=RUNG)
        )

    database.write_now(sent)


def ring(database: Database) -> None:
    for zone in Zone:
        rung = database.write_now(planning.ring, "p", "tautan", zone, RUNG, RUNG)
        while rung.rest is not None:
            rung = database.write_now(rung.rest, RUNG)


def rows(database: Database, prefix: str = "") -> list[tuple[int, str, str, Any]]:
    """Whom what is owed, or was: person, reason, state, when."""
    found = [row for row in database.read_now(outbox_rows) if row.reason.startswith(prefix)]
    return sorted((row.person_id or row.chat_id, row.reason, row.state, row.due_at) for row in found)


def made(database: Database) -> list[tuple[str, str, str, int]]:
    """The waves: name, zone, state, for how many; what they count are their rows, and nothing is left."""
    columns = (WaveRow.id, WaveRow.entry_id, WaveRow.zone, WaveRow.state, WaveRow.people, WaveRow.rest)
    found = database.read_now(lambda tx: tx.connection.execute(select(*columns)).all())
    counts = select(OutboxRow.wave_id, func.count()).group_by(OutboxRow.wave_id)
    owed: dict[Any, int] = dict(
        database.read_now(lambda tx: [(*row,) for row in tx.connection.execute(counts)])
    )
    assert all(row.people == owed.get(row.id, 0) for row in found)
    assert all(row.rest is None for row in found if row.state in {"planned", "planning"})
    return sorted((row.entry_id, row.zone, row.state, row.people) for row in found)


# --- the same as in one transaction ---------------------------------------------------------------------


def sending(database: Database) -> None:
    announce(database)


def sending_an_album(database: Database) -> None:
    announce(database, ALBUM)


def all_sent(database: Database) -> None:
    announce(database)
    finish(database)
    settle(database)
    advance(database)
    finish(database)
    settle(database)


def paused(database: Database) -> None:
    announce(database)
    finish(database)
    settle(database)
    advance(database)
    do(database, announcements.pause, 1, NOON)


def told(database: Database) -> None:
    """All but two have had the session's message; one of these is on its way."""
    ring(database)
    settle(database, PEOPLE - 4)
    on_its_way = select(func.min(OutboxRow.id)).where(OutboxRow.state == "owed").scalar_subquery()
    going = update(OutboxRow).where(OutboxRow.id == on_its_way).values(state="sending", chat_id=1)
    database.write_now(lambda tx: tx.connection.execute(going).close())


def stopped(database: Database) -> None:
    ring(database)
    settle(database, 5)

    def stop(tx: Transaction) -> None:
        for wave in tx.connection.scalars(select(WaveRow.id)).all():
            assert wave_rows.stop(tx, wave, RUNG)
            wave_rows.hold(tx, wave)

    database.write_now(stop)
    database.write_now(people.change, 3, RUNG, withdrawn_at=RUNG)
    database.write_now(people.change, 9, RUNG, consented_at=RUNG)


def nothing(_: Database) -> None:
    pass


def release(database: Database) -> None:
    settle(database)
    advance(database)


def resume(database: Database) -> None:
    do(database, announcements.resume, 1, NOON + MINUTE)


def correct(database: Database) -> None:
    version = do(database, announcements.rewrite, 1, Post((Piece("text", "Hai", message_id=6),)), NOON)
    do(database, announcements.correct, 1, version, NOON)


def recall(database: Database) -> None:
    assert do(database, announcements.recall, 1, NOON) == PEOPLE - 2


def move(database: Database) -> None:
    effect = database.write_now(
        corrections.correct, None, "p", MoveSession("hari-1", SESSION.starts + HOUR), NOON
    )
    # Whose message is on its way knows something else, too.
    assert (effect.told, effect.revised, effect.unsent) == (PEOPLE - 3, PEOPLE - 3, 2)


def remind(database: Database) -> None:
    assert do(database, recaps.remind, FILES.programmes["p"], ALL_MODULES, NOON) == PEOPLE - 2


def go_on(database: Database) -> None:
    for wave in database.read_now(lambda tx: list(tx.connection.scalars(select(WaveRow.id)))):
        _, rung = database.write_now(waves.resume, wave, RUNG + MINUTE)
        # The command's process ends here, and somebody starts the bot.
        assert (rung.rest is None) == (slices.SLICE == MANY)
    ring(database)


@pytest.mark.parametrize(
    ("before", "deed"),
    [
        (nothing, sending),
        (nothing, sending_an_album),
        (sending, release),
        (paused, resume),
        (all_sent, correct),
        (all_sent, recall),
        (told, move),
        (nothing, remind),
        (stopped, go_on),
    ],
    ids=lambda each: each.__name__,
)
def test_killed_between_any_two_slices_it_comes_to_the_same(
    database: Database,
    open_database: Open,
    before: Any,
    deed: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before(database)
    if deed is not go_on:
        finish(database)
    database.close_now()
    path = tmp_path / "rekan.db"
    shutil.copy(path, tmp_path / "before.db")
    with monkeypatch.context() as whole:
        whole.setattr(slices, "SLICE", MANY)
        at_once = open_database(FILES)
        deed(at_once)
        finish(at_once)
        wanted = rows(at_once), made(at_once)
        at_once.close_now()
    shutil.copy(tmp_path / "before.db", path)
    first = open_database(FILES)
    deed(first)
    steps = 0
    while True:
        each = open_database(FILES)  # what another process would find
        each.refresh_now()
        if not take(each):
            break
        steps += 1
    assert steps > 2 or deed is go_on
    found = rows(each), made(each)
    if deed is sending_an_album:  # one after the other, evenly, whoever is first
        found, wanted = (
            ([sorted(row[3] for row in found[0])], found[1]),
            ([sorted(row[3] for row in wanted[0])], wanted[1]),
        )
    assert found == wanted


_KILLED = """
import asyncio, os, signal, sys
from bot.clock import SimulatedClock
from bot.delivery.announcements import Announcements
from bot.storage.database import Database
from bot.usecases import slices
from tests.delivery.test_making import FILES, NOON

slices.SLICE = 12
database = Database.open(sys.argv[1], FILES)
def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(Announcements(database, SimulatedClock(NOON), kill, 30).run())
"""


async def test_killed_with_an_announcement_in_the_making_it_goes_on_at_the_next_start(
    database: Database, tmp_path: Path, clock: SimulatedClock
) -> None:
    announce(database)
    before = len(rows(database, "announcement:1"))
    url = f"sqlite:///{tmp_path / 'rekan.db'}"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _KILLED, url)
    assert await process.wait() == -signal.SIGKILL
    assert before <= len(rows(database, "announcement:1")) < PEOPLE - 2
    woken: list[int] = []
    loop = Announcements(database, clock, lambda: woken.append(len(rows(database, "announcement:1"))), 30)
    running = asyncio.create_task(loop.run())
    await asyncio.wait_for(clock.advance_to(NOON + MINUTE), 20)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    states = Counter(row[2] for row in rows(database, "announcement:1") if "/" not in row[1])
    first = first_handful(PEOPLE - 2)
    assert states == {"owed": first, "held": PEOPLE - 2 - first}
    assert woken  # the sender hears of it while it is made


# --- what people do meanwhile ---------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_to_an_announcement_in_the_making(
    database: Database, open_database: Open, seed: int
) -> None:
    """Who was meant all the time has it once; and after an end, nobody else is owed it."""
    chance = random.Random(seed)
    announce(database)
    left: set[int] = set()
    newcomers: set[int] = set()
    had_when_leaving: dict[int, int] = {}

    def have(person_id: int) -> int:
        return sum(row[0] == person_id for row in rows(database, "announcement:1") if "/" not in row[1])

    def leave() -> None:
        person_id = chance.randint(2, PEOPLE + 1)
        database.write_now(people.change, person_id, NOON, withdrawn_at=NOON)
        if person_id not in left:
            left.add(person_id)
            had_when_leaving[person_id] = have(person_id)

    def join() -> None:
        newcomers.add(database.write_now(add_person, "Baru", role="participant"))

    def deed(which: Any) -> None:
        with suppress(RefusedError):
            do(database, which, 1, NOON)

    def state() -> State:
        found = database.read_now(stored.announcement, 1)
        assert found is not None
        return found.state

    steps = [lambda: take(database)] * 6 + [
        leave,
        join,
        lambda: settle(database, 6),
        lambda: advance(database),
    ]
    steps += [lambda: deed(announcements.pause), lambda: deed(announcements.resume)] * 2
    for _ in range(25):
        chance.choice(steps)()
        if chance.random() < 0.3:
            database = open_database(FILES)
    end = chance.choice(
        [announcements.resume, announcements.resume, announcements.cancel, announcements.recall]
    )
    deed(end)
    for n in range(8):
        finish(database)
        settle(database)
        advance(database, n)
    nobody = not any(row[2] == "sent" for row in rows(database, "announcement:1") if "/" not in row[1])
    ends = end is announcements.cancel or (end is announcements.recall and nobody)
    assert state() is (State.CANCELLED if ends else State.DONE)
    made(database)
    assert not any(row[2] in {"owed", "held", "sending"} for row in rows(database, "announcement:1"))
    for person_id in range(2, PEOPLE + 2):
        if person_id in {9, 12}:
            assert have(person_id) == 0
        elif person_id in left:
            assert have(person_id) == had_when_leaving[person_id]
        elif end is announcements.resume:
            assert have(person_id) == 1
        else:
            assert have(person_id) <= 1
    assert all(have(person_id) <= 1 for person_id in newcomers)
    if end is announcements.recall:
        sent = [row for row in database.read_now(outbox_rows) if row.reason == "announcement:1"]
        recalled = Counter(
            row.copy_of for row in database.read_now(outbox_rows) if row.reason.startswith("recall:")
        )
        assert recalled == dict.fromkeys((row.id for row in sent if row.state == "sent"), 1)


def test_a_first_handful_is_first_wherever_its_people_stand_on_the_roster(database: Database) -> None:
    # So far behind that the announcement has met none of them when it begins.
    for n in range(20):
        database.write_now(add_person, f"Baru {n}", role="participant", office="Belakang")
    number = do(database, announcements.draft, POST, NOON, chat_id=1001)
    do(database, announcements.choose, number, whom=Whom(Audience(offices=("Belakang",))))
    do(database, announcements.send, number, 1, NOON)

    def states() -> Counter[str]:
        return Counter(row[2] for row in rows(database, "announcement:1") if "/" not in row[1])

    assert states() == {}
    while take(database):
        advance(database)
        assert states()["owed"] <= first_handful(20)
    assert states() == {"owed": first_handful(20), "held": 20 - first_handful(20)}
    settle(database)
    advance(database)
    finish(database)
    assert states()["held"] == 0


def test_cancelled_in_the_making_nobody_else_is_owed_it(database: Database) -> None:
    announce(database)
    before = len(rows(database, "announcement:1"))
    do(database, announcements.cancel, 1, NOON)
    finish(database)
    assert len(rows(database, "announcement:1")) == before
    assert {wave[2] for wave in made(database)} == {"cancelled"}


def test_a_session_corrected_twice_while_people_are_told(database: Database) -> None:
    # Nobody is told of what is not so any more.
    told(database)
    for hours in (1, 2):
        wanted = MoveSession("hari-1", SESSION.starts + hours * HOUR)
        database.write_now(corrections.correct, None, "p", wanted, NOON + hours * MINUTE)
        take(database)
    finish(database)
    notices = [row for row in rows(database, "p/change:hari-1:") if row[2] == "owed"]
    assert len(notices) == PEOPLE - 3
    assert len({row[1] for row in notices}) == 1


def test_what_says_the_new_truth_is_no_cause_for_a_notice(database: Database) -> None:
    # It was sent after the correction, and before the slice that would have looked for it.
    ring(database)
    settle(database, 20)
    moved = MoveSession("hari-1", replace(SESSION).starts + 10 * MINUTE)
    database.write_now(corrections.correct, None, "p", moved, RUNG + MINUTE)
    sent = {row[0] for row in rows(database, "p/tautan") if row[2] == "sent"}
    values = {"person_id": PEOPLE + 1, "reason": "p/tautan@x", "message": {"scheduled": ["p", "tautan"]}}
    late = database.read_now(lambda tx: tx.connection.scalar(select(func.min(WaveRow.id))))
    assert PEOPLE + 1 not in sent

    def send_another(tx: Transaction) -> None:
        stamp = RUNG + 2 * MINUTE
        times = {"due_at": stamp, "everybody_by": stamp, "not_after": stamp, "created_at": stamp}
        tx.connection.execute(
            insert(OutboxRow).values(
                **values, **times, lane=int(Lane.SESSION), state="sent", settled_at=stamp, wave_id=late
            )
        )

    database.write_now(send_another)
    finish(database)
    assert {row[0] for row in rows(database, "p/change:")} == sent


def test_what_nobody_knows_how_to_make_is_left(database: Database) -> None:
    announce(database)
    finish(database)
    strange = update(WaveRow).values(state="planning", rest=[{"do": "of another version", "after": 0}])
    database.write_now(lambda tx: tx.connection.execute(strange).close())
    finish(database)
    assert {wave[2] for wave in made(database)} == {"planned"}
