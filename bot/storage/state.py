"""Small facts about the installation that outlive a process."""

from sqlalchemy import select

from bot.storage.database import Transaction
from bot.storage.tables import StateRow
from bot.storage.upsert import upsert

BOT_NAME = "bot_username"  # as Telegram told it last, without the @


def recall(tx: Transaction, name: str) -> str | None:
    """The fact of that name, or None where it was never noted."""
    return tx.connection.scalar(select(StateRow.value).where(StateRow.name == name))


def remember(tx: Transaction, name: str, value: str) -> None:
    """Note a fact, in the place of what was noted before."""
    tx.connection.execute(upsert(tx.connection, StateRow, {"name": name, "value": value}, key=("name",)))
