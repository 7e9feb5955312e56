"""Quiz answers by webhook: what answers_webhook, answers_postgresql and answers_latency share.

Each of N people is in the middle of a quiz of five questions, as many at each of them, and has a poll
before them. Their N `poll_answer` updates are posted over 100 keep-alive connections, each of which takes
its next update when the last one was confirmed with 200. An answer counts as answered when it is confirmed
*and* the message that follows from it (the next question's poll, or the score) has arrived at Telegram's
side, as a call or as the webhook's own response. The clock starts with the first update's first byte and
stops with the last of the N confirmations and messages. After it, each of the N answers has to be in the
database, and nobody may have got two messages, or the round is void. Both sides warm up with answers that
do not count. Telegram answers at once (0 ms), which favours whoever waits for it.
"""

import asyncio
import contextlib
import shutil
import sqlite3
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from tests.benchmarks import rekan
from tests.benchmarks.ground import ROOT, Ground, VoidError, until
from tests.benchmarks.harness import Sample, percentile
from tests.benchmarks.machine import cpu_seconds
from tests.benchmarks.rekan import FIRST_CHAT, SECRET, Installation, install
from tests.benchmarks.telegram import TOKEN, Call, FakeTelegram
from tests.benchmarks.webhook import Webhook

QUIZ_FILE = ROOT / "content" / "quizzes" / f"{rekan.QUIZ}.yaml"

_TABLES = (
    "CREATE TABLE polls (poll_id TEXT PRIMARY KEY, question INTEGER NOT NULL)",
    """
    CREATE TABLE answers (
        chat_id BIGINT NOT NULL,
        question INTEGER NOT NULL,
        choice INTEGER NOT NULL,
        correct BOOLEAN NOT NULL,
        answered_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
        PRIMARY KEY (chat_id, question)
    )
    """,
)


@dataclass
class Bot:
    """A bot that answers votes, whichever it is."""

    url: str
    secret: str
    cpu: Callable[[], float]
    recorded: Callable[[], int]
    """How many answers of this round are in the database."""


@dataclass
class Answers:
    """The messages that have come, by chat: the first is the answer's."""

    first: dict[int, float] = field(default_factory=dict)
    number: Counter[int] = field(default_factory=Counter)

    def hear(self, call: Call) -> None:
        """A message has come."""
        self.first.setdefault(call.chat_id, call.at)
        self.number[call.chat_id] += 1


async def poured(telegram: FakeTelegram, bot: Bot, warm: int, number: int) -> Sample:
    """Answers a second, when they come as fast as the bot confirms them."""
    answers = Answers()
    telegram.hear = answers.hear
    async with Webhook(bot.url, bot.secret, telegram) as webhook:
        requests = [webhook.request(rekan.vote(n, n + 1)) for n in range(warm + number)]
        await _answered(webhook, answers, requests[:warm], warm)
        cpu, began = bot.cpu(), time.monotonic()
        await _answered(webhook, answers, requests[warm:], warm + number)
        used = bot.cpu() - cpu
        counted = range(warm, warm + number)
        ended = max(max(answers.first[FIRST_CHAT + n], webhook.confirmed[n + 1]) for n in counted)
        confirmed = max(webhook.confirmed[n + 1] for n in counted)
    check(bot, answers, warm + number)
    seconds = ended - began
    return Sample(
        number / seconds,
        {
            "answers": number,
            "confirmed_per_second": number / (confirmed - began),
            "cpu_us_each": used / number * 1e6,
            "cores": used / seconds,
            "posted_again": webhook.refused,
        },
    )


async def steadily(telegram: FakeTelegram, bot: Bot, warm: int, number: int, per_second: float) -> Sample:
    """The 99th percentile in ms from the moment at which an answer is to be posted until it is answered.

    The moments are fixed beforehand: a bot that falls behind is not waited for.
    """
    answers = Answers()
    telegram.hear = answers.hear
    async with Webhook(bot.url, bot.secret, telegram) as webhook:
        requests = [webhook.request(rekan.vote(n, n + 1)) for n in range(warm + number)]
        await _answered(webhook, answers, requests[:warm], warm)
        cpu, began = bot.cpu(), time.monotonic()
        next_one = 0
        while next_one < number:
            due = min(number, int((time.monotonic() - began) * per_second) + 1)
            webhook.hand_over(requests[warm + next_one : warm + due])
            next_one = due
            await asyncio.sleep(max(0.0, began + next_one / per_second - time.monotonic()))
        await _answered(webhook, answers, (), warm + number)
        used, seconds = bot.cpu() - cpu, time.monotonic() - began
    check(bot, answers, warm + number)
    taken = [
        max(answers.first[FIRST_CHAT + warm + n], webhook.confirmed[warm + n + 1]) - began - n / per_second
        for n in range(number)
    ]
    return Sample(
        percentile(taken, 0.99) * 1_000,
        {
            "answers": number,
            "per_second": number / seconds,
            "p50_ms": percentile(taken, 0.5) * 1_000,
            "longest_ms": max(taken) * 1_000,
            "cores": used / seconds,
        },
    )


async def _answered(
    webhook: Webhook, answers: Answers, requests: Sequence[tuple[int, bytes]], number: int
) -> None:
    webhook.hand_over(requests)
    await webhook.all_confirmed(number)
    await until(lambda: len(answers.first) >= number, f"the reply to each of {number} answers")


def check(bot: Bot, answers: Answers, number: int) -> None:
    """See that nothing was lost and nothing doubled."""
    if (recorded := bot.recorded()) != number:
        raise VoidError(f"{recorded} of {number} answers are in the database")
    if doubled := [chat for chat, count in answers.number.items() if count > 1]:
        raise VoidError(f"{len(doubled)} people got more than one message")


@contextlib.asynccontextmanager
async def our_bot(
    ground: Ground, telegram: FakeTelegram, number: int, *, postgresql: bool = False
) -> AsyncIterator[Bot]:
    """Rekan, with `number` people before a question each."""
    here = await prepared(ground, telegram, number, postgresql=postgresql)
    before = sum(rekan.stage(n) for n in range(number))
    async with here.running(ground):

        def recorded() -> int:
            with here.opened() as database:
                return database.read_now(rekan.answers) - before

        yield Bot(here.webhook_url, SECRET, lambda: here.cpu, recorded)


async def prepared(ground: Ground, telegram: FakeTelegram, number: int, *, postgresql: bool) -> Installation:
    """An installation on a fresh copy of a database that was filled once."""
    here = install(ground, telegram, rekan.UNPACED)
    here.write_schedule()

    if postgresql:

        async def make_template() -> str:
            name = _new_database(ground)
            first = install(ground, telegram, {"database": {"url": _named(ground, name)}})
            rekan.seed(first, rekan.add_people, rekan.add_polls, counts=(number, number))
            return name

        template = await ground.made(f"votes in PostgreSQL {number}", make_template)
        here.config["database"]["url"] = _named(ground, _new_database(ground, template))
        return here

    async def make_file() -> Path:
        first = install(ground, telegram)
        await rekan.with_tables(ground, first)
        rekan.seed(first, rekan.add_people, rekan.add_polls, counts=(number, number))
        return first.folder / "rekan.db"

    shutil.copy(await ground.made(f"votes {number}", make_file), here.folder / "rekan.db")
    return here


@contextlib.asynccontextmanager
async def plain_bot(
    ground: Ground, telegram: FakeTelegram, number: int, *, postgresql: bool = False
) -> AsyncIterator[Bot]:
    """The reference, with `number` people before a question each."""
    folder = ground.new_folder()
    url = install(ground, telegram).webhook_url  # a port that is free at this moment
    port = url.rpartition(":")[2].partition("/")[0]
    polls = [(rekan.poll_id(n), rekan.stage(n)) for n in range(number)]
    if postgresql:
        database = _named(ground, _new_database(ground))
        with psycopg.connect(database) as connection:
            for table in _TABLES:
                connection.execute(table)
            connection.cursor().executemany("INSERT INTO polls VALUES (%s, %s)", polls)
    else:
        database = str(folder / "bot.db")
        with contextlib.closing(sqlite3.connect(database)) as file, file:
            for table in _TABLES:
                file.execute(table)
            file.executemany("INSERT INTO polls VALUES (?, ?)", polls)

    def recorded() -> int:
        count = "SELECT count(*) FROM answers"
        if postgresql:
            with psycopg.connect(database) as connection:
                row = connection.execute(count).fetchone()
        else:
            with contextlib.closing(sqlite3.connect(database)) as file:
                row = file.execute(count).fetchone()
        return 0 if row is None else int(row[0])

    module = "tests.benchmarks.references.quiz_bot"
    arguments = ("-m", module, telegram.base_url, TOKEN, database, port, str(QUIZ_FILE))
    log = folder / "output.log"
    async with ground.process(*arguments, output=log) as process:

        def begun() -> bool:
            if process.returncode is not None:
                raise VoidError(f"the plain bot ended:\n{log.read_text()[-2000:]}")
            return b"Uvicorn running" in log.read_bytes()

        await until(begun, "the plain bot's start")
        yield Bot(url, "", lambda: cpu_seconds(process.pid), recorded)


def _new_database(ground: Ground, template: str = "template1") -> str:
    name = f"bench_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(ground.postgresql, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    return name


def _named(ground: Ground, name: str) -> str:
    """The URL of another database on the server."""
    return ground.postgresql.replace("/postgres?", f"/{name}?")
