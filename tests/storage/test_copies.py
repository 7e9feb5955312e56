"""Copies revised and recalled: which are owed what, what each becomes, and that twice does no harm."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.domain.messages import Amend, Lane, Say, Scheduled, TakeBack
from bot.domain.outcomes import Failed, Sent
from bot.domain.programme import Instant
from bot.storage import outbox, waves
from bot.storage.copies import Times, Which
from bot.storage.database import Database, Transaction
from bot.storage.outbox import Letter, Recipient
from bot.storage.tables import OutboxRow, WaveRow
from bot.usecases import copies, delivery
from tests.examples import NOON, add_person, catalogue, entry, outbox_rows, programme

HOUR = timedelta(hours=1)
TELLS = entry("tautan", Instant(NOON))
P = programme(TELLS)
SAYS = Scheduled("p", "tautan")


@pytest.fixture
def database(url: str) -> Any:
    opened = Database.open(url, catalogue(TELLS))
    yield opened
    opened.close_now()


def which(tx: Transaction) -> Which:
    return Which(tuple(tx.connection.scalars(select(WaveRow.id).where(WaveRow.entry_id == "kabar:1"))))


def owed(database: Database, *states: str, at: datetime = NOON) -> list[int]:
    """A copy in each of the states, each another person's; the ids of the rows."""

    def owe(tx: Transaction) -> None:
        times = Times(at, at + HOUR, at + 99 * HOUR)
        wave_id = waves.note(tx, P, "kabar:1", times, at)
        for n, state in enumerate(states):
            person = add_person(tx, f"Person {n}")
            outbox.owe(
                tx,
                Recipient(person),
                SAYS,
                reason="p/tautan",
                lane=Lane.SESSION,
                now=at,
                not_after=at + 99 * HOUR,
                wave_id=wave_id,
            )
            tx.connection.execute(
                update(OutboxRow)
                .where(OutboxRow.person_id == person)
                .values(
                    state=state,
                    chat_id=1000 + person,
                    message_id=70 + n if state == "sent" else None,
                    settled_at=at if state == "sent" else None,
                )
            )

    database.write_now(owe)
    return [row.id for row in database.read_now(outbox_rows)]


def revise(tx: Transaction, reason: str = "session/v2", now: datetime = NOON) -> int:
    return copies.revise(tx, P, which(tx), reason=reason, lane=Lane.SESSION, now=now)


NOTE = Say("catatan")


def recall(tx: Transaction, now: datetime = NOON, note: Say | None = NOTE) -> int:
    return copies.recall(tx, P, which(tx), note=note, reason="session", lane=Lane.REMINDER, now=now)


def due(database: Database, now: datetime = NOON) -> list[int]:
    rows, _, _ = database.read_now(delivery.due, now, 100)
    return [row.id for row in rows]


def begin(database: Database, now: datetime = NOON) -> tuple[Letter, ...]:
    """Begin what is due of the corrections."""
    copies_of = {row.id for row in database.read_now(outbox_rows) if row.copy_of is not None}
    return database.write_now(delivery.begin, [each for each in due(database, now) if each in copies_of], now)


def states(database: Database) -> list[tuple[str, str | None]]:
    return [(row.state, row.error) for row in database.read_now(outbox_rows)]


def test_what_is_there_is_revised_once_and_in_a_wave_of_its_own(database: Database) -> None:
    sent, gone, owing, held, sending = owed(database, "sent", "gone", "owed", "held", "sending")
    assert database.write_now(revise) == 2  # what is there, and what is on its way
    assert database.write_now(revise) == 0
    revisions = [row for row in database.read_now(outbox_rows) if row.copy_of is not None]
    assert [row.copy_of for row in revisions] == [sent, sending]
    made = select(WaveRow.__table__).where(WaveRow.entry_id.startswith("revise:"))
    (wave,) = database.read_now(lambda tx: tx.connection.execute(made).all())
    assert (wave.entry_id, wave.people, wave.state) == ("revise:session/v2", 2, "planned")
    assert {row.wave_id for row in revisions} == {wave.id}

    (letter,) = begin(database)
    assert letter.message == Amend((70,), SAYS)
    database.write_now(delivery.record, letter.owed.id, Sent(70), NOON)
    # The one on its way waits for it.
    assert states(database)[-1] == ("owed", "its copy is on its way")
    database.write_now(delivery.record, sending, Sent(99), NOON)
    (letter,) = begin(database, NOON + HOUR / 60)
    assert letter.message == Amend((99,), SAYS)
    assert (gone, owing, held) == (sent + 1, sent + 2, sent + 3)


def test_a_later_correction_takes_the_place_of_an_earlier_one(database: Database) -> None:
    owed(database, "sent")
    database.write_now(revise, "session/v2")
    assert database.write_now(revise, "session/v3") == 1
    assert states(database)[1:] == [("withdrawn", "a later revision says it"), ("owed", None)]


def test_a_recall_deletes_withdraws_and_happens_once(database: Database) -> None:
    owed(database, "sent", "owed", "held", "failed")
    database.write_now(revise)
    assert database.write_now(recall) == 1
    assert database.write_now(recall) == 0
    assert database.write_now(revise, "session/v3") == 0  # what is taken back says nothing any more
    assert states(database) == [
        ("sent", None),
        ("withdrawn", "recalled"),
        ("withdrawn", "recalled"),
        ("failed", None),
        ("withdrawn", "recalled"),
        ("owed", None),
    ]
    (letter,) = begin(database)
    assert letter.message == TakeBack((70,))


@pytest.mark.parametrize("engine", ["sqlite"])
def test_what_is_older_than_48_hours_says_the_note(database: Database) -> None:
    owed(database, "sent")
    now = NOON + 48 * HOUR
    database.write_now(recall, now)
    (letter,) = begin(database, now)
    assert letter.message == TakeBack((70,), NOTE)


@pytest.mark.parametrize("engine", ["sqlite"])
def test_without_a_note_it_stays_and_that_is_a_failure(database: Database) -> None:
    owed(database, "sent")
    now = NOON + 48 * HOUR
    database.write_now(recall, now, None)
    assert begin(database, now) == ()
    assert states(database)[-1] == ("failed", "too old to be deleted")
    assert database.write_now(recall, now) == 1  # tried anew, with a note
    (letter,) = begin(database, now)
    assert letter.message == TakeBack((70,), NOTE)


@pytest.mark.parametrize("engine", ["sqlite"])
def test_where_telegram_refuses_to_delete_the_note_follows(database: Database) -> None:
    owed(database, "sent")
    database.write_now(recall)
    (letter,) = begin(database)
    database.write_now(delivery.record, letter.owed.id, Failed("message can't be deleted"), NOON)
    rows = database.read_now(outbox_rows)
    assert (rows[-1].state, rows[-1].attempts) == ("owed", 1)
    (letter,) = begin(database)
    assert letter.message == TakeBack((70,), NOTE)
    database.write_now(delivery.record, letter.owed.id, Failed("no"), NOON)
    assert states(database)[-1] == ("failed", "no")


@pytest.mark.parametrize("engine", ["sqlite"])
def test_an_album_keeps_all_its_ids(database: Database) -> None:
    (row,) = owed(database, "sending")
    database.write_now(delivery.record, row, Sent(70, more_ids=(71, 72)), NOON)
    database.write_now(recall)
    (letter,) = begin(database)
    assert letter.message == TakeBack((70, 71, 72))


@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_copy_that_turns_out_not_to_be_there_is_left_alone(database: Database) -> None:
    owed(database, "sending", "sending")
    database.write_now(revise)
    first, second, *_ = [row.id for row in database.read_now(outbox_rows)]
    database.write_now(delivery.record, first, Failed("no"), NOON)
    database.write_now(outbox.postpone, second, NOON, "unsent")
    assert begin(database) == ()
    assert states(database)[2:] == [
        ("withdrawn", "its copy was never sent"),
        ("owed", None),  # it waits for its copy's next try, which says the new words by itself
    ]
    database.write_now(outbox.postpone, second, NOON, "unsent")
    assert begin(database, NOON + HOUR) == ()
    assert states(database)[3] == ("withdrawn", "its copy is not sent yet")
