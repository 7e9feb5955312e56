"""Small facts about the installation that outlive a process."""

from sqlalchemy import select

from bot.storage.database import Transaction
from bot.storage.tables import StateRow
from bot.storage.upsert import upsert

PAID = "paid_messages"  # the day (UTC) and how many messages were paid for on it: "2026-11-09 1200"
PACE = "pace"  # messages a second, as whoever sends is configured
BOT_NAME = "bot_username"  # as Telegram told it last, without the @
PAGES_URL = "pages_url"  # where people reach the pages; empty or missing: nowhere
TIME_LAPSE = "time_lapse"  # how much faster than people the clock runs (demo): sign-ins last longer by it

_USUAL_PACE = 30.0  # messages a second


def recall(tx: Transaction, name: str, *, to_change: bool = False) -> str | None:
    """The fact of that name, or None where it was never noted.

    `to_change`: nobody else changes it until this transaction ends.
    """
    fact = select(StateRow.value).where(StateRow.name == name)
    return tx.connection.scalar(fact.with_for_update() if to_change else fact)


def remember(tx: Transaction, name: str, value: str) -> None:
    """Note a fact, in the place of what was noted before."""
    tx.connection.execute(upsert(tx.connection, StateRow, {"name": name, "value": value}, key=("name",)))


def pace(tx: Transaction) -> float:
    """Messages a second at which whoever sends is configured to send; the free limit until they have said."""
    noted = recall(tx, PACE)
    return _USUAL_PACE if noted is None else float(noted)
