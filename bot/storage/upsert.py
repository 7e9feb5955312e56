"""INSERT ... ON CONFLICT, which SQLite and PostgreSQL have alike and SQLAlchemy keeps per engine."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from bot.storage.tables import Base


def upsert(
    connection: Connection, table: type[Base], values: Mapping[str, Any], *, key: Sequence[str]
) -> Insert:
    """Insert the row, or change the one of the same `key`."""
    changed = {name: value for name, value in values.items() if name not in key}
    if connection.dialect.name == "postgresql":
        return (
            postgresql.insert(table).values(**values).on_conflict_do_update(index_elements=key, set_=changed)
        )
    return sqlite.insert(table).values(**values).on_conflict_do_update(index_elements=key, set_=changed)


def insert_new(connection: Connection, table: type[Base], values: Mapping[str, Any]) -> Insert:
    """Insert the row unless it would break a unique key; `rowcount` says whether it did."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table).values(**values).on_conflict_do_nothing()
    return sqlite.insert(table).values(**values).on_conflict_do_nothing()
