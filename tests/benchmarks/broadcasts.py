"""One message to everybody: what the broadcast lines share.

For Rekan it is an entry of a schedule, due a few seconds after its start, planned and sent by `rekan run`.
`sent` takes its pace from the first call's arrival at Telegram's side to the last one's (N - 1 intervals);
`recorded` stops only when the last outcome is in the database. CPU is that of the whole process in that time,
planning included. Afterwards every row must be `sent` with a message id, and nobody may have got two.
"""

import contextlib
import shutil
import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from tests.benchmarks import rekan
from tests.benchmarks.ground import Ground, VoidError, until
from tests.benchmarks.machine import cpu_seconds
from tests.benchmarks.rekan import FIRST_CHAT, Installation, install
from tests.benchmarks.telegram import TOKEN, Call, FakeTelegram, most_in_a_second

FAR = 0.050
"""Seconds from a call's arrival to its answer's departure: Telegram's servers, from Indonesia."""


class Telegram(Protocol):
    """Either Telegram, the quick one or the strict one."""

    base_url: str
    calls: list[Call]


@dataclass(frozen=True, slots=True)
class Wave:
    """How a broadcast went."""

    people: int
    sent_per_second: float
    recorded_per_second: float
    cpu: float  # seconds, planning included
    seconds: float  # from the first arrival to the last record
    fullest_second: int

    def about(self) -> dict[str, float]:
        """What explains the figure."""
        return {
            "people": self.people,
            "seconds": self.seconds,
            "cpu_us_each": self.cpu / self.people * 1e6,
            "cores": self.cpu / self.seconds,
            "fullest_second": self.fullest_second,
        }


async def people_in_a_file(ground: Ground, people: int) -> Path:
    """A database with so many people, to be copied: filled once a run."""

    async def fill() -> Path:
        first = install(ground, "http://127.0.0.1:1/bot")
        await rekan.with_tables(ground, first)
        rekan.seed(first, rekan.add_people, counts=(people,))
        return first.folder / "rekan.db"

    return Path(await ground.made(f"people {people}", fill))


async def ready(
    ground: Ground, telegram: Telegram, people: int, ahead: float, *settings: Mapping[str, Any]
) -> Installation:
    """An installation with so many people, and a message to all of them that is due `ahead` seconds from now.

    A wait for its moment follows by `in_time`.
    """
    here = install(ground, telegram.base_url, *settings)
    shutil.copy(await people_in_a_file(ground, people), here.folder / "rekan.db")
    due = datetime.now(UTC) + timedelta(seconds=ahead)
    here.write_schedule(due)
    return here


async def our_wave(ground: Ground, telegram: Telegram, people: int, *settings: Mapping[str, Any]) -> Wave:
    """Rekan's broadcast to so many."""
    return await ground.in_time(lambda ahead: _our_wave(ground, telegram, people, ahead, *settings))


async def _our_wave(
    ground: Ground, telegram: Telegram, people: int, ahead: float, *settings: Mapping[str, Any]
) -> Wave:
    telegram.calls.clear()
    here = await ready(ground, telegram, people, ahead, *settings)
    async with here.running(ground):
        here.is_in_time()
        cpu = here.cpu
        await until(lambda: len(telegram.calls) >= people, f"{people} messages")
        with here.opened() as database:
            ended = await until(lambda: database.read_now(rekan.still_owed) == 0, "the last record")
            cpu = here.cpu - cpu
            recorded = database.read_now(rekan.sent)
    return _wave(telegram, people, recorded, cpu, ended)


async def plain_wave(ground: Ground, telegram: FakeTelegram, people: int) -> Wave:
    """The reference's broadcast to so many."""
    folder = ground.new_folder()
    path = folder / "bot.db"
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute(
            "CREATE TABLE outbox (chat_id INTEGER PRIMARY KEY, name TEXT, state TEXT, message_id INTEGER)"
        )
        rows = [(FIRST_CHAT + n, f"Peserta {n}", "owed", None) for n in range(people)]
        database.executemany("INSERT INTO outbox VALUES (?, ?, ?, ?)", rows)
    module = "tests.benchmarks.references.broadcast_bot"
    log = folder / "output.log"
    async with ground.process("-m", module, telegram.base_url, TOKEN, str(path), output=log) as process:
        await until(lambda: bool(telegram.calls) or process.returncode is not None, "the first message")
        cpu = cpu_seconds(process.pid)
        await until(lambda: len(telegram.calls) >= people, f"{people} messages")
        with contextlib.closing(sqlite3.connect(path)) as database:
            count = "SELECT count(*) FROM outbox WHERE state = 'sent' AND message_id IS NOT NULL"

            def recorded() -> int:
                return int(database.execute(count).fetchone()[0])

            # It ends by itself soon after: its CPU is taken before it does.
            cpu = cpu_seconds(process.pid) - cpu
            ended = await until(lambda: recorded() == people, "the last record")
            return _wave(telegram, people, recorded(), cpu, ended)


def _wave(telegram: Telegram, people: int, recorded: int, cpu: float, ended: float) -> Wave:
    times = Counter(call.chat_id for call in telegram.calls)
    if len(times) != people or recorded != people:
        raise VoidError(f"{len(times)} of {people} people got the message, {recorded} are recorded")
    if doubled := sum(count > 1 for count in times.values()):
        raise VoidError(f"{doubled} people got it more than once")
    moments = [call.at for call in telegram.calls]
    return Wave(
        people=people,
        sent_per_second=(people - 1) / (moments[-1] - moments[0]),
        recorded_per_second=people / (ended - moments[0]),
        cpu=cpu,
        seconds=ended - moments[0],
        fullest_second=most_in_a_second(moments),
    )
