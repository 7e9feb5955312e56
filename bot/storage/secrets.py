"""The installation's own random keys, made at first use."""

import secrets

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from bot.storage.database import Transaction
from bot.storage.tables import SecretRow


def secret(tx: Transaction, name: str) -> bytes:
    """The key of that name: 32 random bytes, the same ever after. Needs a writing transaction the first time."""
    known = select(SecretRow.value).where(SecretRow.name == name)
    value = tx.connection.scalar(known)
    if value is None:
        try:
            with tx.connection.begin_nested():
                tx.connection.execute(insert(SecretRow).values(name=name, value=secrets.token_hex(32)))
        except IntegrityError:
            pass  # another process was first: its key counts
        value = tx.connection.execute(known).scalar_one()
    return bytes.fromhex(value)


def existing_secret(tx: Transaction, name: str) -> bytes | None:
    """The key of that name, or None where it has not been made yet; only reads."""
    value = tx.connection.scalar(select(SecretRow.value).where(SecretRow.name == name))
    return None if value is None else bytes.fromhex(value)
