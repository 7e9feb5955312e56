"""The stage of a rehearsal: bot, simulator, crowd and a clock of their own, played through to the end."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import select

from bot import app
from bot.clock import SimulatedClock, SystemClock
from bot.config import Address, Config, Telegram, Web
from bot.documents.rosters import RosterRow
from bot.domain.programme import Catalogue, PersonalDay, Programme
from bot.domain.timetable import Ring, personal_span, upcoming
from bot.rehearsal.accounts import OPEN, Accounts, take_stock
from bot.rehearsal.coordinator import Coordinator, set_up, sign_in_address
from bot.rehearsal.crowd import Crowd
from bot.rehearsal.speaker import NAME as SPEAKER
from bot.rehearsal.speaker import Speaker, sessions
from bot.simulator import Delivery, Simulator
from bot.storage.database import Database, Transaction
from bot.storage.engines import Sqlite
from bot.storage.instance import hold
from bot.storage.tables import OutboxRow
from bot.usecases import attendance
from bot.usecases.links import Selection, claim_links
from bot.usecases.rosters import import_roster

DATABASE = "rekan-demo.db"
_LINES_KEPT = 60
_AFTER_THE_LAST = timedelta(days=1)
_WINDING_UP = timedelta(minutes=10)  # for what is on its way when the last day is over


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a rehearsal went: the accounts, and what only the simulator and the clocks know."""

    accounts: Accounts
    complete: bool  # played to its end, not stopped before
    begins: datetime
    ended: datetime
    real_seconds: float
    refused_429: int
    updates_unconfirmed: int
    database: Path


class Stage:
    """A rehearsal that is set up and can be played, once."""

    def __init__(
        self,
        programme: Programme,
        simulator: Simulator,
        clock: SimulatedClock,
        database: Database,
        crowd: Crowd,
        coordinator: Coordinator,
        speaker: Speaker,
        file: Path,
    ) -> None:
        self.programme = programme
        self.simulator = simulator
        self.clock = clock
        self.database = database
        self.crowd = crowd
        self.coordinator = coordinator
        self.speaker = speaker
        self.file = file
        self.begins = clock.now()
        self._rings = (programme, _rings(programme, self.begins))
        self.ends = self._rings[1][-1].at + _AFTER_THE_LAST if self._rings[1] else self.begins
        self.lines: deque[Delivery] = deque(maxlen=_LINES_KEPT)
        """What was said last, by both sides."""
        self._pages: str | None = None
        self._delivered: list[tuple[int, int]] = []
        self._started = SystemClock().monotonic()
        self._complete = False
        simulator.subscribe(self._note, everything=True)

    @property
    def rings(self) -> tuple[Ring, ...]:
        """What rings when, but for personal days, as the timetable stands (somebody may correct it)."""
        programme = self.database.catalogue.programme(self.programme.id) or self.programme
        if programme is not self._rings[0]:
            self._rings = (programme, _rings(programme, self.begins))
        return self._rings[1]

    async def play(self) -> None:
        """From the handing out of the links until a day after the last entry of the timetable.

        Cancelled, it ends cleanly in the middle: what is in flight is finished and recorded, and `outcome`
        tells what came of it so far.
        """
        config = Config(
            telegram=Telegram(token=SecretStr(self.simulator.token), base_url=self.simulator.base_url),
            web=Web(listen=Address("127.0.0.1", 0), url="http://127.0.0.1:0"),
        )
        async with app.running(config, self.database, self.clock):
            try:
                await self._play_through()
            except asyncio.CancelledError:
                # The wish is granted here; what follows ends in its order.
                if (task := asyncio.current_task()) is not None:
                    task.uncancel()

    async def pages(self) -> str | None:
        """Where a reader signs in to the pages: once, then it is another; None before she has come."""
        if not self.coordinator.arrived.is_set():
            return None
        chat_id = self.coordinator.phone.id
        with self.clock.busy():
            self._pages = await self.database.transact(
                sign_in_address, chat_id, self._pages, self.clock.now()
            )
        return self._pages

    async def outcome(self) -> Outcome:
        """How it went; to be asked when it has ended."""
        now = self.clock.now()
        return Outcome(
            accounts=await self.database.read(take_stock, self.programme.id, now, self._delivered),
            complete=self._complete,
            begins=self.begins,
            ended=now,
            real_seconds=SystemClock().monotonic() - self._started,
            refused_429=self.simulator.state()["refused_429"],
            updates_unconfirmed=self.simulator.pending_updates(),
            database=self.file,
        )

    async def _play_through(self) -> None:
        async with asyncio.TaskGroup() as parts:
            passing = parts.create_task(self.clock.run(), name="time")
            coordinator = parts.create_task(self.coordinator.run(), name="coordinator")
            speaker = parts.create_task(self.speaker.run(), name="speaker")
            crowd = parts.create_task(self.crowd.run(), name="crowd")
            await self.clock.sleep((self.ends - self.clock.now()).total_seconds())
            crowd.cancel()
            coordinator.cancel()
            speaker.cancel()
            until = self.clock.now() + _WINDING_UP
            while self.clock.now() < until and await self.database.read(_is_under_way, self.clock.now()):
                await self.clock.sleep(1)
            passing.cancel()
        self._complete = True

    def _note(self, delivery: Delivery) -> None:
        if delivery.kind == "message" and delivery.message is not None:
            self.lines.append(delivery)
            if delivery.by_bot:
                self._delivered.append((delivery.chat_id, delivery.message.message_id))


def first_morning(programme: Programme) -> datetime:
    """When links are handed out: at eight on the day before the programme's first (aware)."""
    return datetime.combine(programme.first_day - timedelta(days=1), time(8), programme.zone.tzinfo)


@contextlib.asynccontextmanager
async def staged(
    catalogue: Catalogue,
    programme: Programme,
    rows: Sequence[RosterRow],
    *,
    begins: datetime,
    seed: int,
    folder: Path,
) -> AsyncIterator[Stage]:
    """A stage for `rows`, the people of `programme`: imported, each with a claim link, on a fresh database.

    The simulator listens, and time stands still at `begins` (aware). Raises DatabaseError, AlreadyRunning.
    """
    clock = SimulatedClock(begins)
    with _fresh_database(folder / DATABASE, catalogue) as database:
        await database.transact(import_roster, programme, rows, clock.now())
        links = await database.transact(claim_links, programme, Selection())
        async with Simulator(clock, seed=seed, keep_calls=0) as simulator:
            code = partial(_code_on_screen, database, clock, programme.id)
            crowd = Crowd(simulator, clock, catalogue, programme.id, links, seed, code=code)
            bot = simulator.world.bots[simulator.token].account.username
            spoken_at = [each.id for each in sessions(programme)]
            owner, guest = await database.transact(set_up, programme, bot, SPEAKER, spoken_at, clock.now())
            coordinator = Coordinator(simulator, clock, programme, owner, seed)
            speaker = Speaker(simulator, clock, programme, guest, seed)
            yield Stage(programme, simulator, clock, database, crowd, coordinator, speaker, folder / DATABASE)


@contextlib.contextmanager
def _fresh_database(file: Path, catalogue: Catalogue) -> Iterator[Database]:
    """A new database in `file`, in the place of an earlier rehearsal's; never of one that is running."""
    file.parent.mkdir(parents=True, exist_ok=True)
    # A power cut would end the rehearsal anyway: there is no need to wait for the disk.
    database = Database(Sqlite(file, durable=False), catalogue)
    with hold(database):
        for suffix in ("", "-wal", "-shm"):
            file.with_name(file.name + suffix).unlink(missing_ok=True)
        try:
            database.upgrade()
            yield database
        finally:
            database.close_now()


async def _code_on_screen(
    database: Database, clock: SimulatedClock, programme_id: str, session_id: str
) -> str | None:
    """The code that a session's presenter page shows now."""

    def shown(tx: Transaction) -> str | None:
        programme = tx.catalogue.programme(programme_id)
        session = None if programme is None else programme.session(session_id)
        if programme is None or session is None:
            return None
        found = attendance.shown(tx, programme, session, clock.now())
        return None if found is None else found.code

    with clock.busy():
        return await database.read(shown)


def _rings(programme: Programme, since: datetime) -> tuple[Ring, ...]:
    return tuple(
        ring
        for ring in upcoming(programme, since, _far_end(programme))
        if not isinstance(ring.entry.when, PersonalDay)  # those are looked for every day, mostly in vain
    )


def _far_end(programme: Programme) -> datetime:
    """A moment after everything in the timetable."""
    _, last = personal_span(programme)
    last = max(last, programme.last_day) + timedelta(days=2)
    return datetime.combine(last, time(), programme.zone.tzinfo)


def _is_under_way(tx: Transaction, now: datetime) -> bool:
    """Whether something is due and not settled."""
    statement = select(OutboxRow.id).where(OutboxRow.state.in_(OPEN), OutboxRow.due_at <= now).limit(1)
    return tx.connection.execute(statement).first() is not None
