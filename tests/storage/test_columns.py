"""Columns give back what they were given, on either engine."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import StatementError

from bot.storage.database import Database, Transaction
from bot.storage.tables import DialogueRow, PersonRow, UpdateRow

PERSON = {
    "programme_id": "orientasi",
    "name": "Anna ʻAisyah 🙂",
    "zone": "WITA",
    "created_at": datetime(2026, 11, 9, tzinfo=UTC),
    "updated_at": datetime(2026, 11, 9, tzinfo=UTC),
}


def handle(tx: Transaction, at: datetime) -> datetime | None:
    tx.connection.execute(insert(UpdateRow), {"update_id": 1, "handled_at": at})
    return tx.connection.scalar(select(UpdateRow.handled_at))


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 11, 9, 9, 0, tzinfo=ZoneInfo("Asia/Makassar")),
        datetime(2026, 11, 9, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2026, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=9))),
        datetime(1992, 3, 15, tzinfo=UTC),
    ],
)
def test_an_instant_comes_back_in_utc(database: Database, at: datetime) -> None:
    kept = database.write_now(handle, at)
    assert kept == at
    assert kept is not None
    assert kept.tzinfo is UTC


def test_a_naive_datetime_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="a naive datetime for the database"):
        database.write_now(handle, datetime(2026, 11, 9))


def test_instants_are_compared_as_instants(database: Database) -> None:
    def find(tx: Transaction) -> list[int]:
        before = datetime(2026, 11, 9, 9, 0, 1, tzinfo=ZoneInfo("Asia/Makassar"))
        return list(tx.connection.scalars(select(UpdateRow.update_id).where(UpdateRow.handled_at < before)))

    database.write_now(handle, datetime(2026, 11, 9, 1, 0, tzinfo=UTC))
    assert database.read_now(find) == [1]


def test_sqlite_keeps_utc_that_sorts_as_text(database: Database) -> None:
    def raw(tx: Transaction) -> object:
        return tx.connection.scalar(text("SELECT handled_at FROM updates_handled"))

    database.write_now(handle, datetime(2026, 11, 9, 9, 0, tzinfo=ZoneInfo("Asia/Makassar")))
    expected = {"sqlite": "2026-11-09 01:00:00.000000", "postgresql": datetime(2026, 11, 9, 1, tzinfo=UTC)}
    assert database.read_now(raw) == expected[database.kind.name]


def test_json_days_truths_and_any_letters(database: Database) -> None:
    state = {"teks": "kata “kutip” \\ 🙂", "bagian": [1, 2, {"id": None}], "besar": 2**53}

    def write(tx: Transaction) -> tuple[object, ...]:
        row = PERSON | {"first_login": date(2026, 11, 11), "is_test": True}
        person_id = tx.connection.execute(insert(PersonRow), row).inserted_primary_key
        dialogue = {"chat_id": 2**52, "kind": "journal", "state": state, "updated_at": PERSON["created_at"]}
        tx.connection.execute(insert(DialogueRow), dialogue)
        columns = (PersonRow.id, PersonRow.name, PersonRow.first_login, PersonRow.is_test, PersonRow.role)
        person = tx.connection.execute(select(*columns)).one()
        kept = tx.connection.execute(select(DialogueRow.chat_id, DialogueRow.state)).one()
        return person_id, tuple(person), tuple(kept)

    assert database.write_now(write) == (
        (1,),
        (1, PERSON["name"], date(2026, 11, 11), True, "participant"),
        (2**52, state),
    )
