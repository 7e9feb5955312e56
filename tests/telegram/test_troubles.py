"""The table of docs/delivery.md: what Telegram answers, and what becomes of it, over real sockets."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import insert
from structlog.testing import capture_logs

from bot.clock import SimulatedClock
from bot.delivery.pacer import Limits as Pace
from bot.delivery.pacer import Pacer
from bot.delivery.sender import Sender
from bot.domain.messages import Ask, Delete, Edit, Invite, Lane, Message, Reader, Say
from bot.domain.people import Reach
from bot.simulator import DropAfter, DropBefore, Limits, Person, Refusal, Retry429, ServerError, Simulator
from bot.simulator.faults import Kind
from bot.storage import outbox
from bot.storage.database import Database, Transaction
from bot.storage.outbox import Recipient
from bot.storage.tables import ChatRow, PersonRow
from bot.telegram.client import Client
from bot.telegram.errors import TokenRefusedError
from bot.telegram.pauses import Pauses
from bot.telegram.polling import Polling
from bot.telegram.wire import TelegramWire
from tests.examples import NOON, outbox_rows
from tests.telegram.small_programme import CATALOGUE, RENDERER

DOCS = Path(__file__).parents[2] / "docs" / "delivery.md"
ANI, BUDI, NEW = 1001, 1002, 1003
TO: dict[str, Message] = {
    "message": Say("hi"),
    "edit": Edit(2, Say("hi")),
    "deletion": Delete(2),
    "file": Invite("pppk", "hari-1"),
    "question": Ask("nilai", 1, "q1"),
}
CONFLICTS = (
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    (
        "Conflict: can't use getUpdates method while webhook is active;"
        " use deleteWebhook to delete the webhook first"
    ),
)


@dataclass(frozen=True)
class Trouble:
    """A line of the table."""

    answer: str
    to: str
    outcome: str
    then: str
    chat: str
    following: str
    action: str

    @property
    def kind(self) -> Kind:
        match self.answer.partition(" ")[::2]:
            case "none,", words:
                return DropAfter() if words.endswith("done") else DropBefore()
            case "429", words:
                return Retry429(int(words.rpartition(" ")[2]))
            case ("502" | "504") as code, _:
                return ServerError(int(code))
            case code, words:
                return Refusal(int(code), words, NEW if "upgraded" in words else None)


TABLE = [
    Trouble(*(cell.strip().strip("`") for cell in row.strip("|").split(" | ")))
    for row in re.findall(r"^\| (?:`\d{3}|none, ).+\|$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
]


class Bench:
    """A bot that sends, against a simulator, in simulated time; Ani and Budi have chats."""

    def __init__(
        self, database: Database, telegram: Simulator, client: Client, clock: SimulatedClock
    ) -> None:
        self.database, self.telegram, self.clock = database, telegram, clock
        self.ani, self.budi = (telegram.person(chat, first_name="A") for chat in (ANI, BUDI))
        self.wire = TelegramWire(client, RENDERER)

    def owe(self, person: Person, message: Message, reason: str) -> None:
        whom = Recipient(person_id=person.id - 1000)
        self.database.write_now(
            outbox.owe, whom, message, reason=reason, lane=Lane.REMINDER, now=self.clock.now()
        )

    async def send_all(self) -> TokenRefusedError | None:
        """Send until nothing is owed; what ends it."""
        self.sender = Sender(self.database, self.wire, Pacer(self.clock, Pace()), self.clock)
        passing = asyncio.create_task(self.clock.run())
        sending = asyncio.create_task(self.sender.run())
        try:
            async with asyncio.timeout(20):
                while not sending.done() and self.database.read_now(_is_open):  # noqa: ASYNC110 - no event tells
                    await asyncio.sleep(0.002)
            self.sender.stop()
            await sending
        except TokenRefusedError as error:
            return error
        finally:
            passing.cancel()
        return None

    def called(self, chat_id: int) -> list[float]:
        """When calls were made to a chat, in seconds from the first of all."""
        calls = [call for call in self.telegram.calls if call.chat_id is not None]
        return [
            round((call.at - calls[0].at).total_seconds(), 1) for call in calls if call.chat_id == chat_id
        ]


def _is_open(tx: Transaction) -> bool:
    return any(row.state in ("owed", "sending") for row in outbox_rows(tx))


def _reaches(tx: Transaction) -> dict[int, str]:
    rows = tx.connection.execute(ChatRow.__table__.select())
    return {row.id: str(row.reach) for row in rows}


def _people(tx: Transaction) -> None:
    for chat_id in (ANI, BUDI):
        person = {
            "id": chat_id - 1000,
            "programme_id": "pppk",
            "name": "A",
            "zone": "WIB",
            "language": "id",
            "created_at": NOON,
            "updated_at": NOON,
            "consented_at": NOON,
        }
        tx.connection.execute(insert(PersonRow).values(**person))
        tx.connection.execute(
            insert(ChatRow).values(id=chat_id, person_id=chat_id - 1000, reach=Reach.OPEN, created_at=NOON)
        )


@pytest.fixture
async def bench(tmp_path: Path, migrated_file: Path) -> AsyncIterator[Bench]:
    path = shutil.copy(migrated_file, tmp_path / "rekan.db")
    database = Database.open(f"sqlite:///{path}", CATALOGUE)
    database.write_now(_people)
    clock = SimulatedClock(NOON)
    async with (
        Simulator(clock, limits=Limits.off()) as telegram,
        Client(telegram.token, telegram.base_url) as client,
    ):
        made = Bench(database, telegram, client, clock)
        for person in (made.ani, made.budi, telegram.person(NEW)):
            await person.send("/start")
        telegram.world.bots[telegram.token].updates.drop_all()  # nobody comes for them
        telegram.calls.clear()
        yield made
    database.close_now()


def test_the_table_is_read() -> None:
    assert len(TABLE) == 39
    assert {each.to for each in TABLE} == set(TO)


@pytest.mark.parametrize("trouble", TABLE, ids=lambda trouble: f"{trouble.answer[:60]} {trouble.to}")
async def test_each_trouble_ends_as_the_table_says(trouble: Trouble, bench: Bench) -> None:
    bench.telegram.faults.add(chat_id=ANI, kind=trouble.kind)
    bench.owe(bench.ani, TO[trouble.to], "first")
    bench.owe(bench.ani, Say("yes"), "second")
    bench.owe(bench.budi, Say("yes"), "other")
    with capture_logs() as logs:
        ended = await bench.send_all()
    first, second, other = bench.database.read_now(outbox_rows)

    # What the sender made of it, and told.
    mine = [log for log in logs if log.get("action") == trouble.action]
    if trouble.outcome == "the program ends":
        assert ended is not None
        assert (first.state, second.state) == ("owed", "owed")
        assert mine
        return
    assert ended is None
    assert bench.sender.counts[trouble.outcome] == 1
    assert mine
    if trouble.action == "message_not_sent":
        assert mine[0]["message"] == first.id
        assert str(mine[0]["outcome"]).startswith(f"{trouble.outcome}(")

    # The message.
    calls, there = bench.called(ANI), bench.called(NEW)
    told = re.fullmatch(
        r"(?P<state>\w+)( there)?( after (?P<after>\d+) s, attempt (?P<attempt>\d))?"
        r"(?P<copy>, a copy before it)?",
        trouble.then,
    )
    assert told
    assert first.state == told["state"]
    if told["after"] is not None:
        again = there[0] if trouble.outcome == "Moved" else calls[1]
        assert int(told["after"]) <= again < int(told["after"]) + 0.3
        assert first.attempts == int(told["attempt"])
    else:
        assert first.attempts == 1
    if first.state in ("gone", "failed"):
        words = trouble.answer.partition(" ")[2].removeprefix("Bad Request: ")
        assert words.lower() in first.error.lower()
    mails = [message for message in bench.ani.inbox if "Halo" in message.text]
    assert len(mails) == (
        2 if told["copy"] else int(first.state == "sent" and not there and told["after"] is not None)
    )

    # The chat, and what comes next there.
    reaches = bench.database.read_now(_reaches)
    if trouble.chat == "open, by its new id":
        assert (ANI in reaches, reaches[NEW]) == (False, "open")
    else:
        assert reaches[ANI] == trouble.chat
    match trouble.following:
        case "gone":
            assert (second.state, len(calls)) == ("gone", 1)
        case "there":
            assert (second.state, len(calls), len(there)) == ("sent", 1, 2)
        case "after it":
            assert (second.state, len(calls)) == ("sent", 3)
            assert calls[2] > calls[1]
            assert first.message_id < second.message_id
        case "goes on":
            assert (second.state, len(calls)) == ("sent", 2)
            assert calls[1] < 1.3  # as a chat's next message anyway

    # Nobody else waits.
    assert (other.state, len(bench.called(BUDI))) == ("sent", 1)
    assert bench.called(BUDI)[0] < 0.3


async def test_a_tap_that_is_too_old_is_let_go(bench: Bench) -> None:
    words = "Bad Request: query is too old and response timeout expired or query ID is invalid"
    bench.telegram.faults.add("answerCallbackQuery", kind=Refusal(400, words))
    with capture_logs() as logs:
        await bench.wire.toast("77", Say("yes"), Reader("id", "WIB"))
    assert [log["action"] for log in logs] == ["tap_unanswered"]
    assert words.rpartition(" ")[2] in logs[0]["why"]


@pytest.mark.parametrize("words", CONFLICTS)
async def test_updates_that_somebody_else_takes_stay_with_telegram(words: str, bench: Bench) -> None:
    taken: list[int] = []

    async def take(update_id: int, _event: object) -> None:
        taken.append(update_id)

    for person in (bench.ani, bench.budi, bench.ani):
        await person.send("/bantuan")
    bench.telegram.faults.add("getUpdates", times=2, kind=Refusal(409, words))
    async with Client(bench.telegram.token, bench.telegram.base_url) as client:
        polling = Polling(client, take, hold=5, pauses=Pauses(first=0.002, most=0.01))
        with capture_logs() as logs:
            running = asyncio.create_task(polling.run())
            async with asyncio.timeout(5):
                while len(taken) < 3:  # noqa: ASYNC110 - no event tells
                    await asyncio.sleep(0.002)
            polling.stop()
            await running
    assert [log["action"] for log in logs] == ["updates_contested"] * 2
