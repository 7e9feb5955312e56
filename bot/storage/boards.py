"""Boards: screens in chats that are kept up to date, a message that rows of the outbox edit.

However often something changes, an edit is owed once, and at most every few seconds: what it says is looked
up when it is sent. A board has two rows to be edited by, since what is being sent may have been worded before
the newest change.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, or_, select, update

from bot.domain.messages import Board, Lane, Revise
from bot.storage.database import Transaction
from bot.storage.messages import dump
from bot.storage.outbox import NOT_AFTER, REPLY_BY, Recipient, owe, owed_again
from bot.storage.tables import BoardRow, OutboxRow
from bot.storage.upsert import upsert

EVERY = timedelta(seconds=4)
"""How often a board is edited at most."""


def put_up(tx: Transaction, person_id: int, board: Board, now: datetime) -> None:
    """Put a board into somebody's chat; the one there before is no longer kept up to date."""
    stamp = f"board:{board.kind}:{board.item}@{now:%Y%m%dT%H%M%S.%f}"
    if not owe(tx, Recipient(person_id=person_id), board, reason=stamp, lane=Lane.REPLY, now=now):
        return  # twice at one moment: it is the same
    before = tx.connection.execute(
        select(BoardRow.edit_id, BoardRow.other_id).where(
            BoardRow.person_id == person_id, BoardRow.kind == board.kind, BoardRow.item == board.item
        )
    ).first()
    withdrawn = {"state": "withdrawn", "settled_at": now}
    tx.connection.execute(
        update(OutboxRow).where(OutboxRow.id.in_(before or ()), OutboxRow.state == "owed").values(**withdrawn)
    )
    shown = tx.connection.execute(
        select(OutboxRow.id).where(OutboxRow.person_id == person_id, OutboxRow.reason == stamp)
    ).scalar_one()
    edits = [
        tx.connection.execute(
            insert(OutboxRow)
            .values(
                person_id=person_id,
                reason=f"{stamp}/{name}",
                message=dump(Revise()),
                copy_of=shown,
                lane=int(Lane.REPLY),
                due_at=now,
                everybody_by=now,
                not_after=now,
                attempts=0,
                created_at=now,
                **withdrawn,  # until something changes
            )
            .returning(OutboxRow.id)
        ).scalar_one()
        for name in ("edit", "edit2")
    ]
    values = {
        "person_id": person_id,
        "kind": board.kind,
        "item": board.item,
        "edit_id": edits[0],
        "other_id": edits[1],
    }
    tx.connection.execute(upsert(tx.connection, BoardRow, values, key=("person_id", "kind", "item")))


def show(tx: Transaction, people: Iterable[int], board: Board, now: datetime) -> None:
    """Have the board in these people's (ids) chats, as it is by now: put up, or edited where it is."""
    having = tx.connection.scalars(
        select(BoardRow.person_id).where(BoardRow.kind == board.kind, BoardRow.item == board.item)
    ).all()
    changed(tx, board, now)
    for person_id in people:
        if person_id not in having:
            put_up(tx, person_id, board, now)


def take_down(tx: Transaction, person_id: int, now: datetime) -> None:
    """Keep none of somebody's boards up to date, nor put up what is owed: they have no say there any more."""
    mine = select(BoardRow.edit_id, BoardRow.other_id).where(BoardRow.person_id == person_id)
    edits = [row_id for row in tx.connection.execute(mine) for row_id in row]
    shown = select(OutboxRow.copy_of).where(OutboxRow.id.in_(edits))
    tx.connection.execute(
        update(OutboxRow)
        .where(or_(OutboxRow.id.in_(edits), OutboxRow.id.in_(shown)), OutboxRow.state == "owed")
        .values(state="withdrawn", settled_at=now)
    )
    tx.connection.execute(delete(BoardRow).where(BoardRow.person_id == person_id))


def changed(tx: Transaction, board: Board, now: datetime, *, at_once: bool = False) -> None:
    """What a board shows has changed: whoever has it is owed an edit, soon, or `at_once`."""
    boards = tx.connection.execute(
        select(BoardRow.edit_id, BoardRow.other_id).where(
            BoardRow.kind == board.kind, BoardRow.item == board.item
        )
    ).all()
    found = tx.connection.execute(
        select(OutboxRow.id, OutboxRow.state, OutboxRow.settled_at)
        .where(OutboxRow.id.in_([row_id for edits in boards for row_id in edits]))
        .order_by(OutboxRow.id)
        # What is owed must not be begun, and worded, before this is committed.
        .with_for_update()
    )
    rows = {row.id: row for row in found}
    for edits in boards:
        known = [rows[row_id] for row_id in edits if row_id in rows]
        if any(row.state == "owed" for row in known):
            continue  # worded when it is sent
        free = [row for row in known if row.state != "sending"]
        if not free:
            continue
        last = max((row.settled_at for row in known if row.settled_at is not None), default=now)
        due_at = now if at_once else max(now, last + EVERY)
        tx.connection.execute(
            update(OutboxRow)
            .where(OutboxRow.id == free[0].id)
            .values(owed_again(due_at, due_at + REPLY_BY, due_at + NOT_AFTER))
        )
