"""The accounts must be able to say that something went wrong: each fault is planted here."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update

from bot.domain.messages import Delete, Edit, Lane, Message, Say
from bot.domain.programme import Catalogue
from bot.rehearsal.accounts import Accounts, look, take_stock
from bot.storage import outbox
from bot.storage.database import Database, Transaction
from bot.storage.outbox import Recipient
from bot.storage.tables import OutboxRow, PersonRow

NOON = datetime(2026, 11, 9, 12, tzinfo=UTC)
CHAT = 700_000_001
SAY = Say("x")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database.open(f"sqlite:///{tmp_path / 'rekan.db'}", Catalogue({}, {}))
    database.upgrade()
    database.write_now(_enter_sri)
    yield database
    database.close_now()


def _enter_sri(tx: Transaction) -> None:
    tx.connection.execute(
        insert(PersonRow).values(
            id=1, programme_id="p", name="Sri", zone="WIB", claimed_at=NOON, created_at=NOON, updated_at=NOON
        )
    )


def _owe(tx: Transaction, reason: str, message: Message, **row: Any) -> None:
    outbox.owe(tx, Recipient(person_id=1), message, reason=reason, lane=Lane.REMINDER, now=NOON)
    tx.connection.execute(update(OutboxRow).where(OutboxRow.reason == reason).values(chat_id=CHAT, **row))


def _sent(database: Database, reason: str, message_id: int | None, message: Message = SAY) -> None:
    database.write_now(_owe, reason, message, state="sent", message_id=message_id, settled_at=NOON)


def _accounts(database: Database, *delivered: int, now: datetime = NOON) -> Accounts:
    return database.read_now(take_stock, "p", now, [(CHAT, message_id) for message_id in delivered])


def test_what_is_delivered_as_owed_is_sound(database: Database) -> None:
    _sent(database, "one", 11)
    _sent(database, "an edit puts nothing into the chat", 11, Edit(11, Say("y")))
    _sent(database, "nor does a deletion that came too late", None, Delete(5))
    accounts = _accounts(database, 11)
    assert accounts.sound
    assert (accounts.people, accounts.claimed, accounts.joined) == (1, 1, 0)
    assert (accounts.owed, accounts.sent, accounts.late) == (3, 3, ())


def test_a_message_noted_as_sent_and_not_in_the_chat_is_lost(database: Database) -> None:
    _sent(database, "one", 11)
    assert _accounts(database).lost == ("Sri: one: noted as sent, and not in the chat",)


@pytest.mark.parametrize("state", ["owed", "sending"])
def test_a_message_still_open_after_its_time_is_lost_and_before_it_is_not(
    database: Database, state: str
) -> None:
    database.write_now(_owe, "one", SAY, state=state, not_after=NOON + timedelta(hours=1))
    before = _accounts(database, now=NOON + timedelta(minutes=59))
    after = _accounts(database, now=NOON + timedelta(minutes=61))
    assert (before.lost, before.open) == ((), 1)
    assert (after.lost, after.open) == ((f"Sri: one: still {state} after its time",), 0)


@pytest.mark.parametrize("state", ["expired", "failed"])
def test_a_message_given_up_is_lost(database: Database, state: str) -> None:
    database.write_now(_owe, "one", SAY, state=state, error="why", settled_at=NOON)
    assert _accounts(database).lost == (f"Sri: one: {state}, why",)


@pytest.mark.parametrize("state", ["withdrawn", "gone"])
def test_a_message_rightly_not_sent_is_not_lost(database: Database, state: str) -> None:
    database.write_now(_owe, "one", SAY, state=state, settled_at=NOON)
    accounts = _accounts(database)
    assert accounts.sound
    assert (accounts.owed, accounts.sent, accounts.withdrawn + accounts.gone) == (1, 0, 1)


def test_what_was_told_in_a_digest_is_not_owed(database: Database) -> None:
    database.write_now(_owe, "one", SAY, state="folded", settled_at=NOON)
    assert (_accounts(database).owed, _accounts(database).folded) == (0, 1)


def test_a_delivered_message_that_nothing_owes_is_doubled(database: Database) -> None:
    _sent(database, "one", 11)
    said = f"chat {CHAT}: message 12 was delivered, and nothing says that it was owed"
    assert _accounts(database, 11, 12).doubled == (said,)


def test_one_message_for_two_debts_is_doubled(database: Database) -> None:
    _sent(database, "one", 11)
    _sent(database, "two", 11)
    assert _accounts(database, 11).doubled == ("Sri: two: the same message as Sri: one",)


def test_a_message_sent_after_everybody_was_to_have_it_is_late(database: Database) -> None:
    database.write_now(
        _owe,
        "one",
        SAY,
        state="sent",
        message_id=11,
        everybody_by=NOON,
        settled_at=NOON + timedelta(seconds=9),
    )
    accounts = _accounts(database, 11)
    assert accounts.late == ("Sri: one: 9 s late",)
    assert accounts.sound
    assert database.read_now(look, "p").late == 1
