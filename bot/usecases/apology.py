"""What becomes of an event that cannot be handled."""

from datetime import datetime

from bot.domain.messages import Lane, Say
from bot.storage import outbox, updates
from bot.storage.database import Transaction
from bot.storage.outbox import Recipient


def give_up(tx: Transaction, update_id: int, chat_id: int, now: datetime) -> bool:
    """Count the update as handled, and tell the person that it was not; False where it was before.

    In a group nothing is said: there it would be somebody else's matter.
    """
    if not updates.note(tx, update_id, now):
        return False
    if chat_id > 0:
        outbox.owe(
            tx,
            Recipient(chat_id=chat_id),
            Say("error.apology"),
            reason=f"update:{update_id}:apology",
            lane=Lane.REPLY,
            now=now,
        )
    return True
