"""Screens in chats that are kept up to date: a message that a row of the outbox became, edited by another.

However often something changes, the edit is owed once, and at most every few seconds: what it says is looked
up when it is sent.
"""

from datetime import datetime, timedelta

from sqlalchemy import insert, select, update

from bot.domain.messages import Board, Lane, Revise
from bot.storage.database import Transaction
from bot.storage.messages import dump
from bot.storage.outbox import NOT_AFTER, REPLY_BY, Recipient, owe, owed_again
from bot.storage.tables import BoardRow, OutboxRow
from bot.storage.upsert import upsert

EVERY = timedelta(seconds=4)
"""How often such a screen is edited at most."""


def put_up(tx: Transaction, person_id: int, board: Board, now: datetime) -> None:
    """Put a screen into somebody's chat; the one there before is no longer kept up to date."""
    stamp = f"board:{board.kind}:{board.item}@{now:%Y%m%dT%H%M%S.%f}"
    if not owe(tx, Recipient(person_id=person_id), board, reason=stamp, lane=Lane.REPLY, now=now):
        return  # twice at one moment: it is the same
    shown = select(OutboxRow.id).where(OutboxRow.person_id == person_id, OutboxRow.reason == stamp)
    before = select(BoardRow.edit_id).where(
        BoardRow.person_id == person_id, BoardRow.kind == board.kind, BoardRow.item == board.item
    )
    withdrawn = {"state": "withdrawn", "settled_at": now}
    tx.connection.execute(
        update(OutboxRow).where(OutboxRow.id.in_(before), OutboxRow.state == "owed").values(**withdrawn)
    )
    edit = insert(OutboxRow).values(
        person_id=person_id,
        reason=f"{stamp}/edit",
        message=dump(Revise()),
        copy_of=tx.connection.execute(shown).scalar_one(),
        lane=int(Lane.REPLY),
        due_at=now,
        everybody_by=now,
        not_after=now,
        attempts=0,
        created_at=now,
        **withdrawn,  # until something changes
    )
    values = {
        "person_id": person_id,
        "kind": board.kind,
        "item": board.item,
        "edit_id": tx.connection.execute(edit.returning(OutboxRow.id)).scalar_one(),
    }
    tx.connection.execute(upsert(tx.connection, BoardRow, values, key=("person_id", "kind", "item")))


def changed(tx: Transaction, board: Board, now: datetime, *, at_once: bool = False) -> None:
    """What a screen shows has changed: whoever has it is owed an edit, soon, or `at_once`."""
    edits = select(BoardRow.edit_id).where(BoardRow.kind == board.kind, BoardRow.item == board.item)
    quiet = OutboxRow.state.not_in(("owed", "sending"))
    found = tx.connection.execute(
        select(OutboxRow.id, OutboxRow.settled_at).where(OutboxRow.id.in_(edits), quiet)
    )
    for row_id, settled_at in found.all():
        due_at = now if at_once or settled_at is None else max(now, settled_at + EVERY)
        tx.connection.execute(
            update(OutboxRow)
            .where(OutboxRow.id == row_id, quiet)
            .values(owed_again(due_at, due_at + REPLY_BY, due_at + NOT_AFTER))
        )
