"""The audit is only ever added to, also by hand."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bot.domain.audit import Action
from bot.storage import audit
from bot.storage.database import Database, DatabaseError, Transaction
from tests.examples import NOON, audited


def test_what_was_noted_stays_as_it_was(database: Database) -> None:
    database.write_now(
        audit.note, None, Action.INVITED, NOON, programme_id="p", kind="invitation", subject=7, role="owner"
    )
    (row,) = database.read_now(audited)
    assert (row.at, row.actor_id, row.actor, row.action) == (NOON, None, audit.COMMAND_LINE, "invited")
    assert (row.kind, row.subject, row.people, row.details) == ("invitation", "7", None, {"role": "owner"})
    assert database.read_now(audited, "q") == []

    def by_hand(tx: Transaction, statement: str) -> None:
        tx.connection.execute(text(statement))

    for statement in ("UPDATE audit SET actor = 'somebody else'", "DELETE FROM audit"):
        with pytest.raises((DBAPIError, DatabaseError), match="append-only"):
            database.write_now(by_hand, statement)
    assert database.read_now(audited) == [row]


def test_what_is_older_than_two_years_may_go(database: Database) -> None:
    old = NOON.replace(year=2020)
    database.write_now(audit.note, None, Action.INVITED, old, programme_id="p")

    def forget(tx: Transaction) -> None:
        tx.connection.execute(text("DELETE FROM audit"))

    database.write_now(forget)
    assert database.read_now(audited) == []


def test_it_is_read_a_page_at_a_time_and_filtered(database: Database) -> None:
    for n, action in enumerate((Action.INVITED, Action.EXPORTED, Action.EXPORTED)):
        database.write_now(audit.note, None, action, NOON, programme_id="p", kind="person", subject=n)

    def subjects(tx: Transaction, **asked: Any) -> list[str]:
        return [row.subject for row in audit.listed(tx, "p", **asked)]

    assert database.read_now(subjects) == ["2", "1", "0"]
    assert database.read_now(subjects, limit=1, offset=1) == ["1"]
    assert database.read_now(subjects, action="exported", down=False) == ["1", "2"]
