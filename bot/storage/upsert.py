"""INSERT ... ON CONFLICT, which SQLite and PostgreSQL have alike and SQLAlchemy keeps per engine."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Select
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.dml import Insert

from bot.storage.tables import Base

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

# On PostgreSQL, SQLAlchemy asks for new rows' ids, and forgets how many rows there were unless told.
_COUNTED: Any = {"preserve_rowcount": True}


def upsert(
    connection: Connection, table: type[Base], values: Mapping[str, Any], *, key: Sequence[str]
) -> Insert:
    """Insert the row, or change the one of the same `key`."""
    changed = {name: value for name, value in values.items() if name not in key}
    statement = _insert(connection.dialect.name, table).values(**values)
    return statement.on_conflict_do_update(index_elements=key, set_=changed)


def insert_new(connection: Connection, table: type[Base], values: Mapping[str, Any] | None = None) -> Insert:
    """Insert the row unless it would break a unique key; `rowcount` says whether it did.

    Without values, they are what it is executed with, for one row or several: quicker, being built once.
    """
    statement = _insert_new(connection.dialect.name, table)
    return statement if values is None else statement.values(**values)


@cache
def _insert_new(engine: str, table: type[Base]) -> Insert:
    return _insert(engine, table).on_conflict_do_nothing().execution_options(**_COUNTED)


def insert_new_from(
    connection: Connection, table: type[Base], names: Sequence[str], rows: Select[Any]
) -> Insert:
    """Insert what `rows` selects (it must have a WHERE: SQLite's grammar) unless it breaks a unique key."""
    return insert_new_rows(connection.dialect.name, table, names, rows)


def insert_new_rows(engine: str, table: type[Base], names: Sequence[str], rows: Select[Any]) -> Insert:
    """`insert_new_from` for an engine by its name: to be kept, for a statement that is built once."""
    statement = _insert(engine, table).from_select(names, rows)
    return statement.on_conflict_do_nothing().execution_options(**_COUNTED)


def _insert(engine: str, table: type[Base]) -> "sqlite.Insert | postgresql.Insert":
    """The engine's own INSERT: ON CONFLICT is the same in both, and in nothing that they share."""
    if engine == "postgresql":
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - an eighth of SQLAlchemy, idle on SQLite

        return postgresql.insert(table)
    return sqlite.insert(table)
