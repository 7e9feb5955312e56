"""The installation's own random keys, made at first use."""

import secrets

from sqlalchemy import insert, select

from bot.storage.database import Transaction
from bot.storage.tables import SecretRow

CLAIMS = "claims"  # signs claim codes: lost, every printed link is worthless
ATTENDANCE = "attendance"  # codes that change by the clock are made with it
INVITATIONS = "invitations"  # signs the links of those who are to coordinate or to speak
PAGES = "pages"  # signs what browsers are known by: lost, everybody signs in anew


def secret(tx: Transaction, name: str) -> bytes:
    """The key of that name: 32 random bytes, the same ever after. It writes the first time."""
    key = find_secret(tx, name)
    if key is None:
        # Two processes at once on PostgreSQL: the second insert collides and its use case is run again.
        key = secrets.token_bytes(32)
        tx.connection.execute(insert(SecretRow).values(name=name, value=key.hex()))
    return key


def find_secret(tx: Transaction, name: str) -> bytes | None:
    """The key of that name, or None where it has not been made yet; only reads."""
    value = tx.connection.scalar(select(SecretRow.value).where(SecretRow.name == name))
    return None if value is None else bytes.fromhex(value)
