"""What is owed, in which order, and what each outcome makes of it: docs/delivery.md, row by row."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from bot.domain.messages import Ask, File, Lane, Message, Reader, Say
from bot.domain.outcomes import Done, Failed, Gone, HoldBack, InDoubt, Moved, Outcome, Sent, Unsent
from bot.domain.people import Reach
from bot.domain.programme import Item, Target
from bot.domain.zones import Zone
from bot.storage import files, outbox, people, quiz
from bot.storage.database import Database, Transaction
from bot.storage.outbox import Recipient
from bot.storage.tables import ChatRow, OutboxRow, PersonRow
from bot.usecases import delivery
from tests.examples import MODULE, NOON, add_person, outbox_rows

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
# Where nothing but the decision is tested, one engine will do: making a PostgreSQL database takes its time.
one_engine = pytest.mark.parametrize("engine", ["sqlite"])

ANNA, BUDI = Recipient(person_id=1), Recipient(person_id=2)
HELLO = Say("hello")


@pytest.fixture
def two(database: Database) -> Database:
    """Anna (chat 1001) and Budi (chat 1002)."""

    def fill(tx: Transaction) -> None:
        add_person(tx, "Anna", office="Kantor A", zone=Zone.WIT)
        add_person(tx, "Budi")

    database.write_now(fill)
    return database


def owe(
    database: Database,
    whom: Recipient = ANNA,
    reason: str = "r",
    message: Message = HELLO,
    lane: Lane = Lane.REMINDER,
    **options: Any,
) -> bool:
    return database.write_now(outbox.owe, whom, message, reason=reason, lane=lane, **{"now": NOON, **options})


def rows(database: Database) -> list[Any]:
    return database.read_now(outbox_rows)


def due(database: Database, now: Any = NOON, limit: int = 100) -> list[int]:
    return [row.id for row in database.read_now(delivery.due, now, limit)[0]]


def begin(database: Database, *ids: int, now: Any = NOON) -> tuple[delivery.Letter, ...]:
    return database.write_now(delivery.begin, ids, now)


def outcome(database: Database, ended: Outcome, *, row: int = 1, now: Any = NOON) -> Any:
    """Send the row, let it end so, and give the row as it then is."""
    begin(database, row, now=now)
    database.write_now(delivery.record, row, ended, now)
    return next(each for each in rows(database) if each.id == row)


def reach(database: Database, chat_id: int = 1001) -> str:
    return database.read_now(
        lambda tx: tx.connection.execute(select(ChatRow.reach).where(ChatRow.id == chat_id)).scalar_one()
    )


# --- owing --------------------------------------------------------------------------------------------


def test_the_same_thing_is_owed_once(two: Database) -> None:
    assert owe(two)
    assert not owe(two, message=Say("other"))
    assert owe(two, reason="another")
    assert owe(two, BUDI)
    assert [(row.person_id, row.reason) for row in rows(two)] == [(1, "r"), (1, "another"), (2, "r")]


def test_a_stranger_is_owed_once_too(two: Database) -> None:
    stranger = Recipient(chat_id=77)
    assert owe(two, stranger)
    assert not owe(two, stranger)
    assert owe(two, Recipient(chat_id=78))


@one_engine
def test_what_is_not_said_of_times_is_as_usual(two: Database) -> None:
    owe(two, lane=Lane.REPLY)
    owe(two, BUDI, due_at=NOON + MINUTE)
    reply, reminder = rows(two)
    assert (reply.due_at, reply.everybody_by, reply.not_after) == (
        NOON,
        NOON + 15 * SECOND,
        NOON + timedelta(1),
    )
    assert (reminder.everybody_by, reminder.not_after) == (NOON + 16 * MINUTE, NOON + MINUTE + timedelta(1))


def test_many_are_owed_in_one_statement_once(two: Database) -> None:
    def wave(tx: Transaction) -> int:
        many = outbox.mailing(
            tx,
            select(PersonRow.id).where(PersonRow.programme_id == "p"),
            HELLO,
            reason="wave",
            lane=Lane.SESSION,
            now=NOON,
            due_at=NOON,
            everybody_by=NOON + MINUTE,
            not_after=NOON + MINUTE,
            about=MODULE,
        )
        return many.owe(tx)

    owe(two, BUDI, reason="wave")
    assert two.write_now(wave) == 1
    assert two.write_now(wave) == 0
    row = rows(two)[-1]
    assert (row.person_id, row.lane, row.about, row.message) == (
        1,
        1,
        "module:wawasan",
        {"say": {"key": "hello"}},
    )


def test_what_has_been_done_is_no_longer_reminded_of(two: Database) -> None:
    owe(two, reason="about it", about=MODULE)
    owe(two, reason="about another", about=Target(Item.QUIZ, "kuis"))
    owe(two, BUDI, about=MODULE)
    two.write_now(outbox.withdraw, 1, about=MODULE, now=NOON)
    assert [row.state for row in rows(two)] == ["withdrawn", "owed", "owed"]


def test_who_leaves_is_owed_replies_only(two: Database) -> None:
    owe(two, reason="reply", lane=Lane.REPLY)
    owe(two, reason="reminder")
    two.write_now(outbox.withdraw, 1, now=NOON)
    assert [row.state for row in rows(two)] == ["owed", "withdrawn"]


# --- order --------------------------------------------------------------------------------------------


def test_replies_come_first_then_deadlines_then_age(two: Database) -> None:
    owe(two, reason="late", everybody_by=NOON + MINUTE)
    owe(two, BUDI, reason="early", everybody_by=NOON)
    owe(two, BUDI, reason="early too", everybody_by=NOON)
    owe(two, reason="session", lane=Lane.SESSION)
    owe(two, Recipient(chat_id=77), reason="reply", lane=Lane.REPLY)
    owe(two, reason="not yet", due_at=NOON + SECOND)
    assert due(two) == [5, 4, 2, 3, 1]
    assert due(two, limit=2) == [5, 4]
    assert two.read_now(delivery.next_due, NOON) == NOON + SECOND


def test_who_has_enough_to_do_asks_only_for_what_is_more_urgent(two: Database) -> None:
    owe(two, reason="as urgent", due_at=NOON + SECOND, everybody_by=NOON + MINUTE)
    owe(two, reason="less", due_at=NOON + SECOND, everybody_by=NOON + 2 * MINUTE)
    place = (Lane.REMINDER, NOON + MINUTE, 99)
    assert two.read_now(delivery.next_due, NOON, place) is None
    owe(two, reason="sooner", due_at=NOON + 3 * SECOND, everybody_by=NOON + 4 * SECOND)
    assert two.read_now(delivery.next_due, NOON, place) == NOON + 3 * SECOND
    owe(two, reason="session", lane=Lane.SESSION, due_at=NOON + 2 * SECOND, everybody_by=NOON + 60 * MINUTE)
    assert two.read_now(delivery.next_due, NOON, place) == NOON + 2 * SECOND


def test_one_chat_does_not_fill_the_view(two: Database) -> None:
    for n in range(5):
        owe(two, reason=f"{n}", lane=Lane.REPLY)
    owe(two, BUDI)
    assert due(two) == [1, 2, 3, 6]


def test_what_was_tried_is_not_overtaken(two: Database) -> None:
    owe(two, reason="first", lane=Lane.REPLY)
    owe(two, reason="second", lane=Lane.REPLY)
    owe(two, BUDI, reason="other")
    outcome(two, Unsent("no route"))
    assert due(two) == [3]
    assert begin(two, 2) == ()
    assert due(two, NOON + SECOND) == [1, 2, 3]


def test_what_is_due_later_stands_in_nobodys_way(two: Database) -> None:
    owe(two, reason="remind me", lane=Lane.REPLY, due_at=NOON + MINUTE)
    owe(two, reason="answer", lane=Lane.REPLY)
    assert due(two) == [2]


# --- beginning ----------------------------------------------------------------------------------------


def test_a_letter_has_all_that_sending_takes(two: Database) -> None:
    owe(two)
    (letter,) = begin(two, 1)
    assert letter.message == HELLO
    assert letter.reader == Reader("id", "WIT", "Anna", "Kantor A", "p")
    assert letter.owed.chat_id == 1001
    assert begin(two, 1) == ()  # it is on its way
    row = rows(two)[0]
    assert (row.state, row.attempts, row.chat_id) == ("sending", 1, 1001)


def test_a_stranger_is_written_to_in_their_language(two: Database) -> None:
    two.write_now(
        lambda tx: tx.connection.execute(insert(ChatRow).values(id=77, language="en", created_at=NOON))
    )
    owe(two, Recipient(chat_id=77))
    owe(two, Recipient(chat_id=-5))
    known, unknown = begin(two, 1, 2)
    assert (known.reader, known.owed.chat_id) == (Reader("en", "WIB"), 77)
    assert (unknown.reader, unknown.owed.chat_id) == (Reader("id", "WIB"), -5)


def test_a_stranger_who_is_known_by_now_is_called_by_name(two: Database) -> None:
    owe(two, Recipient(chat_id=1002))
    (letter,) = begin(two, 1)
    assert letter.reader.name == "Budi"


def test_a_file_is_put_in_when_it_is_sent(two: Database) -> None:
    file_id = two.write_now(files.keep, "Satu", NOON)
    for number in (file_id, 99):
        message = File(number, "satu.txt", HELLO)
        two.write_now(outbox.owe, ANNA, message, reason=f"file:{number}", lane=Lane.REPLY, now=NOON)
    (letter,) = begin(two, 1, 2)
    assert letter.message == File(file_id, "satu.txt", HELLO, "Satu")
    assert [(row.state, row.error) for row in rows(two)] == [
        ("sending", None),
        ("failed", "its file is kept no longer"),
    ]


@one_engine
def test_what_is_over_expires(two: Database) -> None:
    owe(two, not_after=NOON + MINUTE)
    assert begin(two, 1, now=NOON + MINUTE + SECOND) == ()
    row = rows(two)[0]
    assert (row.state, row.error, row.attempts) == ("expired", "its time is over", 0)


@one_engine
@pytest.mark.parametrize(
    ("change", "state", "why"),
    [
        ({"reach": "blocked"}, "gone", "the chat is blocked"),
        ({"person_id": None}, "gone", "no chat is linked"),
    ],
)
def test_who_is_gone_is_not_written_to(two: Database, change: dict[str, Any], state: str, why: str) -> None:
    owe(two)
    two.write_now(lambda tx: tx.connection.execute(update(ChatRow).where(ChatRow.id == 1001).values(change)))
    assert due(two) == [1]
    rows_due, _, _ = two.read_now(delivery.due, NOON, 10)
    two.write_now(delivery.close, rows_due, NOON)
    row = rows(two)[0]
    assert (row.state, row.error, row.settled_at) == (state, why, NOON)


@one_engine
def test_who_left_gets_nothing_more_but_replies(two: Database) -> None:
    owe(two)
    owe(two, reason="reply", lane=Lane.REPLY)
    two.write_now(people.change, 1, NOON, withdrawn_at=NOON)
    assert len(begin(two, 1, 2)) == 1
    assert [row.state for row in rows(two)] == ["withdrawn", "sending"]


@one_engine
def test_who_writes_is_there_whatever_was_said_before(two: Database) -> None:
    owe(two, lane=Lane.REPLY)
    two.write_now(people.set_reach, 1001, Reach.BLOCKED, NOON)
    assert outcome(two, Sent(5)).state == "sent"
    assert reach(two) == "open"


@one_engine
@pytest.mark.parametrize(
    "poison", [{}, {"say": "x"}, {"say": {}}, {"ask": [1]}, {"say": {"key": "k", "params": 1}}]
)
def test_a_message_that_cannot_be_read_fails_alone(two: Database, poison: dict[str, Any]) -> None:
    owe(two)
    owe(two, BUDI)
    two.write_now(
        lambda tx: tx.connection.execute(update(OutboxRow).where(OutboxRow.id == 1).values(message=poison))
    )
    assert [letter.owed.id for letter in begin(two, 1, 2)] == [2]
    first, second = rows(two)
    assert (first.state, first.error, second.state) == ("failed", "its message cannot be read", "sending")


# --- outcomes -----------------------------------------------------------------------------------------


def test_sent(two: Database) -> None:
    owe(two)
    row = outcome(two, Sent(42), now=NOON + SECOND)
    assert (row.state, row.message_id, row.settled_at, row.error) == ("sent", 42, NOON + SECOND, None)


def test_a_sent_question_notes_its_poll(two: Database) -> None:
    owe(two, message=Ask("kuis", 2, "q1"))
    outcome(two, Sent(42, "poll-1"))
    assert two.read_now(quiz.poll, "poll-1") == quiz.Poll(1, "kuis", 2, "q1")


@one_engine
def test_done_needed_no_doing(two: Database) -> None:
    owe(two)
    assert outcome(two, Done()).state == "sent"


def test_held_back_waits_as_asked_and_does_not_count(two: Database) -> None:
    owe(two)
    row = outcome(two, HoldBack(7.5))
    assert (row.state, row.due_at, row.attempts, row.error) == (
        "owed",
        NOON + 7.5 * SECOND,
        0,
        "held back for 7.5 s",
    )


@one_engine
def test_unsent_is_tried_again_ever_slower_and_then_given_up(two: Database) -> None:
    owe(two, not_after=NOON + timedelta(days=2))
    now, waits = NOON, []
    while True:
        row = outcome(two, Unsent("no route"), now=now)
        if row.state != "owed":
            break
        waits.append((row.due_at - now).total_seconds())
        now = row.due_at
    assert waits[:10] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]
    assert (row.state, row.attempts) == ("failed", 20)
    assert row.error == "given up after 20 attempts; unsent: no route"


@one_engine
def test_in_doubt_is_sent_again_and_says_so(two: Database) -> None:
    owe(two)
    row = outcome(two, InDoubt("timed out"))
    assert (row.state, row.due_at, row.error) == ("owed", NOON + SECOND, "in doubt: timed out")
    for n in range(1, 5):
        row = outcome(two, InDoubt("timed out"), now=NOON + n * MINUTE)
    assert row.state == "failed"


@one_engine
@pytest.mark.parametrize("gone", [Reach.BLOCKED, Reach.DEACTIVATED, Reach.UNREACHABLE])
def test_gone_closes_the_chat(two: Database, gone: Reach) -> None:
    owe(two)
    row = outcome(two, Gone(gone, "Forbidden"))
    assert (row.state, row.error, reach(two)) == ("gone", "Forbidden", gone)


def test_moved_goes_to_the_new_address(two: Database) -> None:
    owe(two)
    row = outcome(two, Moved(2002))
    assert (row.state, row.due_at) == ("owed", NOON)
    (letter,) = begin(two, 1)
    assert letter.owed.chat_id == 2002
    assert letter.reader.name == "Anna"


def test_a_strangers_messages_move_too(two: Database) -> None:
    group = Recipient(chat_id=-5)
    owe(two, group)
    owe(two, group, reason="another")
    outcome(two, Moved(-1005))
    assert [letter.owed.chat_id for letter in begin(two, 1, 2)] == [-1005]  # the second waits for the first
    two.write_now(delivery.record, 1, Sent(7), NOON)
    assert [letter.owed.chat_id for letter in begin(two, 2)] == [-1005]


@one_engine
def test_what_moves_to_itself_fails(two: Database) -> None:
    owe(two)
    assert outcome(two, Moved(1001)).state == "failed"


@one_engine
def test_failed_keeps_telegrams_words(two: Database) -> None:
    owe(two)
    row = outcome(two, Failed("Bad Request: message is too long"))
    assert (row.state, row.error) == ("failed", "Bad Request: message is too long")


@one_engine
def test_what_is_settled_stays_so(two: Database) -> None:
    owe(two)
    outcome(two, Sent(1))
    two.write_now(delivery.record, 1, Unsent("late answer"), NOON)
    assert rows(two)[0].state == "sent"


# --- recovering and forgetting ------------------------------------------------------------------------


def test_what_was_on_its_way_at_a_crash_is_in_doubt(two: Database) -> None:
    owe(two)
    owe(two, BUDI)
    begin(two, 1)
    assert two.write_now(delivery.recover, NOON) == 1
    first, second = rows(two)
    assert (first.state, first.error) == ("owed", "in doubt: found on its way at 2026-11-09 05:00:00 UTC")
    assert (second.state, second.error) == ("owed", None)
    assert due(two) == [1, 2]


def test_old_logs_are_forgotten_and_what_is_owed_is_not(two: Database) -> None:
    owe(two)
    owe(two, BUDI, not_after=NOON + timedelta(days=365))
    outcome(two, Sent(1))
    assert two.write_now(delivery.prune, NOON + timedelta(days=89)) == 0
    assert two.write_now(delivery.prune, NOON + timedelta(days=91)) == 1
    assert [row.id for row in rows(two)] == [2]


@pytest.mark.parametrize("engine", ["postgresql"])
def test_what_is_being_reworded_is_not_sent_meanwhile(two: Database) -> None:
    owe(two, reason="p/digest@1")
    looked, begun = threading.Event(), threading.Event()

    def reword(tx: Transaction) -> None:
        ((row_id, _),) = outbox.owed_messages(tx, select(PersonRow.id), "p/digest@").values()
        looked.set()
        assert not begun.wait(0.3)
        outbox.reword(tx, {row_id: Say("longer")})

    def begin() -> tuple[delivery.Letter, ...]:
        looked.wait(10)
        letters = two.write_now(delivery.begin, (1,), NOON)
        begun.set()
        return letters

    with ThreadPoolExecutor() as threads:
        beginning = threads.submit(begin)
        two.write_now(reword)
        (letter,) = beginning.result(10)
    assert letter.message == Say("longer")
