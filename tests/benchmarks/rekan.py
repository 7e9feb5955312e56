"""Rekan as the one measured: `rekan run` in a process of its own, on a real configuration."""

import contextlib
import shutil
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import func, insert, select, text

from bot.domain import quiz as dialogue
from bot.storage import quiz as stored
from bot.storage.database import Database, Transaction
from bot.storage.tables import ChatRow, OutboxRow, PersonRow, QuizAnswerRow
from tests.acceptance.orientation import PROMPT, QUIZ, SCHEDULE, opened
from tests.benchmarks.ground import ROOT, Ground, TooLateError, VoidError, until
from tests.benchmarks.machine import cpu_seconds, resident_mib
from tests.benchmarks.telegram import TOKEN, FakeTelegram
from tests.ports import reserved

SECRET = "Rahasia-webhook_1"
PROGRAMME = "orientasi"
QUESTIONS = ("q1", "q2", "q3", "q4", "q5")
FIRST_CHAT = 5_000_000_001
UNPACED = {"telegram": {"pace": {"per_second": 100_000, "per_chat": 30, "paid": True, "stars": 1_000_000}}}
"""A pace that holds nothing back, so that the work itself is measured."""
PAID = {"telegram": {"pace": {"per_second": 1_000, "per_chat": 1, "paid": True, "stars": 1_000_000}}}

_ENTRY = """
  - id: kabar
    when: {{session: awal, after: {seconds}s}}
    text: {{id: "Bapak/Ibu {{nama}}, mohon dibaca.", en: "{{nama}}, please read."}}
    essential: true
    everybody_by: 2h
    not_after: 12h"""


@dataclass
class Installation:
    """A folder with a configuration, a schedule and a database."""

    folder: Path
    config: dict[str, Any]
    may_be_late: bool = False
    pid: int = 0
    due: datetime | None = None

    @property
    def webhook_url(self) -> str:
        """Where updates are to be posted."""
        return str(self.config["telegram"]["webhook"]["url"])

    @property
    def database_url(self) -> str:
        """Seen from anywhere."""
        return str(self.config["database"]["url"]).replace(
            "sqlite:///rekan", f"sqlite:///{self.folder}/rekan"
        )

    @property
    def log(self) -> Path:
        """What the process has written."""
        return self.folder / "output.log"

    @property
    def cpu(self) -> float:
        """CPU seconds that the process has used."""
        return cpu_seconds(self.pid)

    @property
    def memory(self) -> float:
        """MiB that the process holds."""
        return resident_mib(self.pid)

    def opened(self) -> contextlib.AbstractContextManager[Database]:
        """The database, seen from outside."""
        return opened(self.database_url)

    @property
    def moment(self) -> float:
        """When the schedule's message is due, as time.monotonic() counts."""
        assert self.due is not None
        return time.monotonic() + (self.due - datetime.now(UTC)).total_seconds()

    def is_in_time(self, seconds: float = 0.0) -> None:
        """See that the moment is still to come, in so many seconds at least; raises TooLateError."""
        if time.monotonic() + seconds > self.moment and not self.may_be_late:
            raise TooLateError("Rekan was not running when its moment came")

    def write_schedule(self, due: datetime | None = None) -> None:
        """An orientation that runs now, with a message to everybody at `due`, rounded up to a second."""
        now = datetime.now(UTC)
        if due is not None:
            due = self.due = due.replace(microsecond=0) + timedelta(seconds=1)
        # A schedule's times have no seconds; a distance from a session has.
        moment = (now - timedelta(minutes=2)).replace(second=0, microsecond=0)
        entry = "" if due is None else _ENTRY.format(seconds=round((due - moment).total_seconds()))
        local = moment + timedelta(hours=7)  # WIB
        (self.folder / "schedules").mkdir(exist_ok=True)
        (self.folder / "schedules" / "orientasi.yaml").write_text(
            SCHEDULE.format(
                first=local - timedelta(days=2),
                last=local + timedelta(days=30),
                quiz=QUIZ,
                prompt=PROMPT,
                moment=local,
                ends=local + timedelta(hours=6),
                entries=entry or " []",
            )
        )

    @contextlib.asynccontextmanager
    async def running(self, ground: Ground, *arguments: str) -> AsyncIterator["Installation"]:
        """`rekan run` inside the `with`, or another module's run of the same; begun when it says so."""
        config = self.folder / "config.yaml"
        config.write_bytes(orjson.dumps(self.config, option=orjson.OPT_INDENT_2))
        command = arguments or ("-m", "bot", "run", "-c")
        async with ground.process(*command, str(config), output=self.log) as process:
            self.pid = process.pid

            def begun() -> bool:
                if process.returncode is not None:
                    raise VoidError(f"Rekan ended:\n{self.log.read_text()[-2000:]}")
                return b'"action": "started"' in self.log.read_bytes()

            await until(begun, "Rekan's start")
            yield self
            if process.returncode is not None:
                raise VoidError(f"Rekan ended:\n{self.log.read_text()[-2000:]}")


def install(ground: Ground, telegram: FakeTelegram | str, *settings: Mapping[str, Any]) -> Installation:
    """A new installation that talks to `telegram` (or a base URL), with `settings` over the usual ones.

    Updates come by webhook, behind a proxy that would speak TLS; the log is at its default level.
    """
    port = reserved()
    base_url = telegram if isinstance(telegram, str) else telegram.base_url
    hook = {"url": f"http://127.0.0.1:{port}/telegram", "listen": f"127.0.0.1:{port}", "secret": SECRET}
    config: dict[str, Any] = {
        "telegram": {"token": TOKEN, "base_url": base_url, "mode": "webhook", "webhook": hook},
        "database": {"url": "sqlite:///rekan.db"},
        "web": {"listen": "127.0.0.1:0"},
        "content": str(ROOT / "content"),
        "schedules": "schedules",
        "log": {"level": "info", "format": "json"},
    }
    for each in settings:
        _lay_over(config, each)
    return Installation(ground.new_folder(), config, may_be_late=ground.quick)


def _lay_over(settings: dict[str, Any], other: Mapping[str, Any]) -> None:
    for key, value in other.items():
        if isinstance(value, Mapping) and isinstance(settings.get(key), dict):
            _lay_over(settings[key], value)
        else:
            settings[key] = value


# --- what is in the database before ---------------------------------------------------------------------


def add_people(tx: Transaction, count: int) -> None:
    """So many who have agreed to take part, each with a chat: FIRST_CHAT and on; their ids are 1 and on."""
    now = datetime.now(UTC) - timedelta(days=1)
    times = {"consented_at": now, "joined_at": now, "created_at": now, "updated_at": now}
    zones = ("WIB", "WITA", "WIT")
    people = [
        {"id": n + 1, "programme_id": PROGRAMME, "name": f"Peserta {n}", "zone": zones[n % 3], **times}
        for n in range(count)
    ]
    chats = [{"id": FIRST_CHAT + n, "person_id": n + 1, "created_at": now} for n in range(count)]
    tx.connection.execute(insert(PersonRow), people)
    tx.connection.execute(insert(ChatRow), chats)


def poll_id(n: int) -> str:
    """Of the question that the n-th person is at."""
    return str(6_000_000_000_000_000_000 + n)


def stage(n: int) -> int:
    """At which question (from 0) of the quiz the n-th person is: as many at each."""
    return n % len(QUESTIONS)


def add_polls(tx: Transaction, count: int) -> None:
    """The first `count` people are in the middle of the quiz, each with a question to answer."""
    now = datetime.now(UTC) - timedelta(minutes=1)
    for n in range(count):
        person = n + 1
        at = stage(n)
        facts: list[dialogue.Fact] = [dialogue.AttemptStarted(1)]
        for question in QUESTIONS[:at]:
            facts += [
                dialogue.Asked(1, question),
                dialogue.Answered(1, question, (0,), correct=False),
            ]
        facts.append(dialogue.Asked(1, QUESTIONS[at]))
        stored.record(tx, [stored.Taken(person, QUIZ, len(QUESTIONS), (), tuple(facts))], now)
        stored.note_poll(tx, poll_id(n), stored.Poll(person, QUIZ, 1, QUESTIONS[at]), n + 1, now)


def answers(tx: Transaction) -> int:
    """How many answers are recorded."""
    return tx.connection.execute(select(func.count()).select_from(QuizAnswerRow)).scalar_one()


def still_owed(tx: Transaction) -> int:
    """How many messages are not sent yet; quick, by the partial index."""
    statement = text("SELECT count(*) FROM outbox WHERE state IN ('owed', 'sending')")
    return int(tx.connection.execute(statement).scalar_one())


def sent(tx: Transaction) -> int:
    """How many messages are recorded as sent, with their ids."""
    done = (OutboxRow.state == "sent", OutboxRow.message_id.is_not(None))
    return tx.connection.execute(select(func.count()).select_from(OutboxRow).where(*done)).scalar_one()


def vote(n: int, update_id: int) -> dict[str, Any]:
    """The update of the n-th person's answer to their poll, as Telegram sends it."""
    user = {
        "id": FIRST_CHAT + n,
        "is_bot": False,
        "first_name": "Peserta",
        "last_name": str(n),
        "language_code": "id",
    }
    return {
        "update_id": update_id,
        "poll_answer": {
            "poll_id": poll_id(n),
            "user": user,
            "option_ids": [n % 4],
            "option_persistent_ids": [str(n % 4)],
        },
    }


def command(n: int, update_id: int, words: str) -> dict[str, Any]:
    """The update of the n-th person's command, as Telegram sends it."""
    user = {
        "id": FIRST_CHAT + n,
        "is_bot": False,
        "first_name": "Peserta",
        "last_name": str(n),
        "language_code": "id",
    }
    chat = {"id": FIRST_CHAT + n, "first_name": "Peserta", "last_name": str(n), "type": "private"}
    return {
        "update_id": update_id,
        "message": {
            "message_id": 10_000 + update_id,
            "from": user,
            "chat": chat,
            "date": 1_800_000_000,
            "text": words,
            "entities": [{"offset": 0, "length": len(words), "type": "bot_command"}],
        },
    }


async def with_tables(ground: Ground, installation: Installation) -> None:
    """Give an installation on SQLite an empty database: migrations run once a run."""

    async def migrate() -> Path:
        first = install(ground, installation.config["telegram"]["base_url"])
        seed(first, counts=())
        return first.folder / "rekan.db"

    shutil.copy(await ground.made("tables", migrate), installation.folder / "rekan.db")


def seed(installation: Installation, *fillings: Callable[..., None], counts: Sequence[int]) -> None:
    """Bring the schema up and carry out each filling with its count, in one transaction each."""
    with installation.opened() as database:
        database.upgrade()
        for filling, count in zip(fillings, counts, strict=True):
            database.write_now(filling, count)
