"""`rekan trace`: what is recorded of a message, in sentences, without whose and what it was."""

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from bot.domain.messages import Ask, Edit, Lane, Message, Say, Scheduled
from bot.domain.outcomes import Failed, Gone, HoldBack, InDoubt, Outcome, Sent
from bot.domain.people import Reach
from bot.domain.programme import Catalogue
from bot.storage import outbox, updates
from bot.storage.database import Database, Transaction
from bot.storage.outbox import Recipient
from bot.storage.tables import ChatRow, OutboxRow, QuizAnswerRow, QuizAttemptRow, WaveRow
from bot.usecases import delivery
from bot.usecases.trace import Kind, Sought, read
from tests.cli.conftest import Rekan
from tests.examples import add_person

NOW = datetime(2026, 11, 9, 5, 0, tzinfo=UTC)
NAME, NIP, CHAT = "Siti Rahasia", "198311062025212001", 880012345
SECRETS = (NAME, "Siti", NIP, str(CHAT))
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


class Past:
    """What has happened before somebody asks."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.person = database.write_now(self._person)

    @staticmethod
    def _person(tx: Transaction) -> int:
        person_id = add_person(tx, NAME, nip=NIP, programme_id="pppk-2026", linked=False)
        tx.connection.execute(
            insert(ChatRow).values(id=CHAT, person_id=person_id, reach="open", created_at=NOW)
        )
        return person_id

    def owe(self, message: Message, reason: str, lane: Lane = Lane.REPLY, **options: Any) -> int:
        """Owe a message; returns its number."""

        def fill(tx: Transaction) -> int:
            outbox.owe(
                tx, Recipient(person_id=self.person), message, reason=reason, lane=lane, now=NOW, **options
            )
            return int(tx.connection.exec_driver_sql("SELECT max(id) FROM outbox").scalar_one())

        return self.database.write_now(fill)

    def ends(self, number: int, outcome: Outcome, at: datetime = NOW + SECOND) -> None:
        self.database.write_now(delivery.begin, (number,), at)
        self.database.write_now(delivery.record, number, outcome, at)


@pytest.fixture
def past(home: Path, migrated_file: Path) -> Iterator[Past]:
    shutil.copy(migrated_file, home / "rekan.db")
    database = Database.open(f"sqlite:///{home / 'rekan.db'}", Catalogue({}, {}))
    yield Past(database)
    database.close_now()


@pytest.fixture
def trace(rekan: Rekan) -> Callable[[object], str]:
    """What the command tells; never a name, a number of a person or a chat, or a text's words."""

    def ask(identifier: object) -> str:
        ended = rekan("trace", str(identifier))
        assert (ended.code, ended.err) == (0, "")
        for secret in SECRETS:
            assert secret not in ended.out
        return ended.out

    return ask


Trace = Callable[[object], str]


def test_a_reply_from_its_update_to_its_end(past: Past, trace: Trace, rekan: Rekan) -> None:
    past.database.write_now(updates.note, 88012, NOW)
    first = past.owe(Say("menu.welcome", {"name": NAME}), "update:88012:0")
    past.owe(Say("menu.more"), "update:88012:1")
    past.ends(first, Sent(4001))
    assert trace(first) == (
        "Message 1 to person 1. It was sent at 2026-11-09 12:00:01 WIB, in time.\n"
        "  What:          the text 'menu.welcome'\n"
        "  Cause:         a reply to update 88012, handled 2026-11-09 12:00:00 WIB\n"
        "  Owed since:    2026-11-09 12:00:00 WIB\n"
        "  Not before:    2026-11-09 12:00:00 WIB\n"
        "  Everybody by:  2026-11-09 12:00:15 WIB\n"
        "  Not after:     2026-11-10 12:00:00 WIB\n"
        "  Lane:          reply\n"
        "  Attempts:      1\n"
        "  Ended:         2026-11-09 12:00:01 WIB, sent\n"
        "  Telegram's id: 4001\n"
        "  Same cause:    message 2\n"
    )
    document = rekan("trace", "1", "--json").document
    assert document["messages"][0]["state"] == "sent"
    assert document["messages"][0]["settled_at"] == "2026-11-09T05:00:01+00:00"
    assert document["messages"][0]["outcome"] == "It was sent at 2026-11-09 05:00:01 UTC, in time."
    assert document["messages"][0]["related"] == [2]


def test_by_telegrams_id_by_the_update_and_by_the_person(past: Past, trace: Trace) -> None:
    past.database.write_now(updates.note, 88012, NOW)
    past.ends(past.owe(Say("a"), "update:88012:0"), Sent(4001))
    past.owe(Say("b"), "update:88012:1")
    assert trace("telegram:4001").startswith("Message 1 to person 1. It was sent at ")
    assert trace("update:88012") == (
        "Update 88012 was handled at 2026-11-09 05:00:00 UTC.\n"
        "Messages:\n"
        "  1: the text 'a'. It was sent at 2026-11-09 12:00:01 WIB, in time.\n"
        "  2: the text 'b'. It was not sent, and its time is over since 2026-11-10 12:00:00 WIB.\n"
        "`rekan trace NUMBER` tells all of one.\n"
    )
    assert "The newest messages to person 1:\n  1: the text 'a'." in trace("person:1")


def test_a_question_its_poll_and_when_it_was_answered(past: Past, trace: Trace) -> None:
    number = past.owe(Ask("kuis", 1, "q1"), "update:5:0")
    past.ends(number, Sent(4002, "54170001"))
    assert "  Poll:          54170001, not answered\n" in trace("poll:54170001")

    def answer(tx: Transaction) -> None:
        key = {"person_id": past.person, "quiz_id": "kuis", "attempt": 1}
        tx.connection.execute(insert(QuizAttemptRow).values(**key, asked=["q1"], started_at=NOW, questions=1))
        tx.connection.execute(
            insert(QuizAnswerRow).values(
                **key, question_id="q1", options=[0], correct=True, answered_at=NOW + MINUTE
            )
        )

    past.database.write_now(answer)
    told = trace(number)
    assert "  What:          question 'q1' of the quiz 'kuis', attempt 1\n" in told
    assert "  Poll:          54170001, answered at 2026-11-09 12:01:00 WIB\n" in told


def test_a_wave_and_a_message_of_it_that_came_late(past: Past, trace: Trace) -> None:
    def ring(tx: Transaction) -> None:
        moments = {"due_at": NOW, "everybody_by": NOW + MINUTE, "not_after": NOW + 9 * MINUTE}
        of = {"programme_id": "pppk-2026", "zone": "WIB", "planned_at": NOW, **moments}
        tx.connection.execute(insert(WaveRow).values(**of, id=7, entry_id="link", people=2, state="planned"))
        tx.connection.execute(insert(WaveRow).values(**of, id=8, entry_id="x", people=0, state="missed"))

    past.database.write_now(ring)
    number = past.owe(
        Scheduled("pppk-2026", "link"),
        "pppk-2026/link@20261109T0500Z",
        Lane.SESSION,
        wave_id=7,
        everybody_by=NOW + MINUTE,
    )
    past.ends(number, Sent(4003), NOW + 3 * MINUTE)
    told = trace(number)
    assert "It was sent at 2026-11-09 12:03:00 WIB, 2 min too late.\n" in told
    assert (
        "  Cause:         the entry 'link' of pppk-2026's timetable, rung at 20261109T0500Z (wave 7)\n"
        in told
    )
    wave = (
        "Wave 7 is the entry 'link' of pppk-2026's timetable in WIB, due at 2026-11-09 12:00:00 WIB,"
        " planned for 2 people.\n"
        "  Messages:      1 sent\n"
        "  Everybody by:  2026-11-09 12:01:00 WIB; 1 were sent later\n"
        "  Last sent:     2026-11-09 12:03:00 WIB\n"
    )
    assert told.endswith("\n\n" + wave)
    assert trace("wave:7") == wave
    assert trace("wave:8").endswith("due at 2026-11-09 12:00:00 WIB: it was missed, and not sent.\n")


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        (Gone(Reach.BLOCKED, "Forbidden: bot was blocked by the user"), "nobody could be reached at"),
        (Failed("Bad Request: chat 880012345 says no"), "It was given up at"),
        (HoldBack(7.0), "It was tried without success (0 attempts), and is "),
        (InDoubt("no answer in time"), "It was tried without success (1 attempt), and is "),
    ],
)
def test_why_it_was_not_sent(past: Past, trace: Trace, outcome: Outcome, says: str) -> None:
    now = datetime.now(UTC)
    number = past.owe(Edit(12, Say("a")), "later:loyal@20261109T050000", not_after=now + MINUTE)
    past.ends(number, outcome)
    told = trace(number)
    assert says in told
    assert "\n  Why: " in told
    assert "  Cause:         the person tapped 'later' on module 'loyal'\n" in told
    if isinstance(outcome, Gone):
        assert "  The person's chat is blocked now; it opens when they write to the bot.\n" in told


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ("owed", "It is owed, and goes out from "),
        ("sending", "It is on its way; "),
        ("withdrawn", "it is not needed"),
        ("folded", "it was told in a digest"),
        ("expired", "its time was over at "),
        ("made up", "Its state is 'made up'."),
    ],
)
def test_every_state_has_its_sentence(past: Past, trace: Trace, state: str, says: str) -> None:
    soon = datetime.now(UTC) + 60 * MINUTE
    number = past.owe(Say("a"), "whatever 880012345", due_at=soon)
    other = past.owe(Say("b"), "pppk-2026/digest@link@20261109T0500Z", due_at=soon)
    ended = None if state in {"owed", "sending"} else NOW
    past.database.write_now(
        lambda tx: tx.connection.execute(
            update(OutboxRow).where(OutboxRow.id == number).values(state=state, settled_at=ended)
        )
    )
    told = trace(number)
    assert says in told
    assert "  Cause:         'whatever <number>'\n" in told
    assert (f"  Also owed:     message {other}\n" in told) == (state in {"owed", "sending"})
    assert "in one digest" in trace(other)


def test_a_message_that_this_version_cannot_read(past: Past, trace: Trace, home: Path) -> None:
    number = past.owe(Say("a"), "update:5:apology")
    with sqlite3.connect(home / "rekan.db") as other:
        other.execute('UPDATE outbox SET message = \'{"sing": "Siti"}\'')
    other.close()
    told = trace(number)
    assert "something that this version cannot read" in told
    assert "update 5, which could not be handled: the person is told so" in told


def test_there_are_more_than_are_told(past: Past, trace: Trace) -> None:
    for n in range(22):
        past.owe(Say("a"), f"update:5:{n}")
    told = trace("person:1")
    assert told.endswith("There are more.\n")
    assert len(re.findall(r"^  \d+: ", told, re.MULTILINE)) == 20


def test_a_person_to_whom_nothing_was_owed(past: Past, trace: Trace) -> None:
    assert trace("person:1") == "Nothing is or was owed to person 1 (in the last 90 days).\n"


@pytest.mark.parametrize(
    ("identifier", "says"),
    [
        ("999", "Nothing is known of message 999: "),
        ("poll:18446744073709551615", "Nothing is known of poll 18446744073709551615: "),
        ("person:999", "Nothing is known of person 999: "),
        ("", "No id was given: write a number"),
        ("person:x", "'person:x' is no id: write a number"),
        (NIP, "Nothing is known of message <number>: "),
        ("9" * 40, f"'{'9' * 40}' is no id: "),
    ],
)
@pytest.mark.usefixtures("past")
def test_what_is_not_known_is_a_sentence(rekan: Rekan, identifier: str, says: str) -> None:
    ended = rekan("trace", identifier)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(says)


def test_without_a_database_there_is_nothing_to_trace(rekan: Rekan, home: Path) -> None:
    ended = rekan("trace", "1")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("There is no database at ")
    assert not (home / "rekan.db").exists()


def test_for_programs_it_tells_no_more(past: Past, rekan: Rekan) -> None:
    number = past.owe(Say("a", {"name": NAME}), f"whatever {CHAT}")
    past.ends(number, Failed(f"Bad Request: chat {CHAT} says no to {NIP}"))
    ended = rekan("trace", f"person:{past.person}", "--json")
    assert (ended.code, ended.err) == (0, "")
    (message,) = ended.document["messages"]
    assert (message["state"], message["reason"]) == ("failed", "whatever <number>")
    assert message["remarks"] == ["Why: Bad Request: chat <number> says no to <number>"]
    for secret in SECRETS:
        assert secret not in ended.out


def test_what_an_id_may_be() -> None:
    assert read("4711") == Sought(Kind.MESSAGE, 4711)
    assert read(" Update:7 ") == Sought(Kind.UPDATE, 7)
    for text in ("", ":", "x:1", "1:2", "update:", "٣", "-1", "1.0", str(2**63)):
        assert read(text) is None
