"""A schedule around the present moment, and people who take part in it already."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert, select

from bot.domain.programme import Catalogue
from bot.simulator import Person, Simulator
from bot.storage.database import Database, Transaction
from bot.storage.tables import ChatRow, PersonRow

QUIZ = "latihan-bela-negara"
"""A quiz that may be taken any number of times."""

QUESTIONS = 5
PROMPT = "rencana"

_FIRST_CHAT = 5_000_000_001
SCHEDULE = """\
id: orientasi
title: {{id: Orientasi, en: Orientation}}
zone: WIB
first_day: {first:%Y-%m-%d}
last_day: {last:%Y-%m-%d}
portal: {{name: Portal, url: "https://portal.example.invalid"}}
enrolment: open
course: {{days: 15}}
agendas: [bela-negara]
quizzes: [{quiz}]
journal: [{{prompt: {prompt}}}]
sessions:
  - id: awal
    title: {{id: Awal, en: Beginning}}
    room_opens: {moment:%Y-%m-%d %H:%M}
    starts: {moment:%Y-%m-%d %H:%M}
    ends: {ends:%Y-%m-%d %H:%M}
    zoom: {{url: "https://zoom.example.invalid/j/1", meeting_id: "810 0000 0001", passcode: CONTOH}}
timetable:{entries}
"""
_ENTRY = """
  - id: {name}
    when: {{session: awal, after: {seconds}s}}
    text: {{id: "{name}: Bapak/Ibu {{nama}}, mohon dibaca.", en: "{name}: {{nama}}, please read."}}
    essential: true
    everybody_by: 1h
    not_after: 12h"""


def write_schedule(folder: Path, waves: dict[str, datetime] | None = None) -> None:
    """An orientation that runs now, with `waves` to everybody by name, each due at a second of today."""
    now = datetime.now(UTC) + timedelta(hours=7)  # WIB
    # A schedule's times have no seconds; a distance from a session has.
    moment = (now - timedelta(minutes=2)).replace(second=0, microsecond=0)
    entries = "".join(
        _ENTRY.format(name=name, seconds=round((due + timedelta(hours=7) - moment).total_seconds()))
        for name, due in (waves or {}).items()
    )
    (folder / "schedules" / "orientasi.yaml").write_text(
        SCHEDULE.format(
            first=now - timedelta(days=2),
            last=now + timedelta(days=30),
            quiz=QUIZ,
            prompt=PROMPT,
            moment=moment,
            ends=moment.replace(hour=23, minute=59),
            entries=entries or " []",
        )
    )


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """The database of an installation, seen from outside."""
    database = Database.open(url, Catalogue({}, {}))
    try:
        yield database
    finally:
        database.close_now()


def enrol(url: str, simulator: Simulator, count: int) -> list[Person]:
    """Let `count` people be in the orientation, each with a chat with the bot."""
    with opened(url) as database:
        database.upgrade()
        database.write_now(_add_people, count)
    bot = simulator.world.bots[simulator.token]
    people = [simulator.person(_FIRST_CHAT + n) for n in range(count)]
    for person in people:
        simulator.world.private_chat(bot, person.user)
    return people


def _add_people(tx: Transaction, count: int) -> None:
    now = datetime.now(UTC) - timedelta(days=1)
    for n in range(count):
        person = {
            "programme_id": "orientasi",
            "name": f"Peserta {n}",
            "zone": ("WIB", "WITA", "WIT")[n % 3],
            "consented_at": now,
            "joined_at": now,
            "created_at": now,
            "updated_at": now,
        }
        person_id = tx.connection.execute(
            insert(PersonRow).values(**person).returning(PersonRow.id)
        ).scalar_one()
        chat = {"id": _FIRST_CHAT + n, "person_id": person_id, "created_at": now}
        tx.connection.execute(insert(ChatRow).values(**chat))


def person_ids(tx: Transaction) -> dict[int, int]:
    """People by their chat."""
    return {row.id: row.person_id for row in tx.connection.execute(select(ChatRow.id, ChatRow.person_id))}
