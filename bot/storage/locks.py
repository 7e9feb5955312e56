"""Rows that nobody else changes until a transaction ends."""

from typing import Any

from sqlalchemy import Select

from bot.storage.database import Transaction


def hold(tx: Transaction, rows: Select[Any]) -> None:
    """Nobody else changes these rows, or locks them, until the transaction ends.

    What is read afterwards is what others left. Several rows are to be selected in an order, the same for
    everybody: else two could wait for each other. (SQLite, with one writer at a time, is not asked.)
    """
    if tx.connection.dialect.name == "postgresql":
        tx.connection.execute(rows.with_for_update())
