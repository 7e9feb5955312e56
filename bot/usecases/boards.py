"""Boards: what somebody is shown of something that goes on, one message that is edited as it changes.

It is worded when it is sent, and each time it is edited (`bot.usecases.references`), so however often it is
called for, the next edit says how things stand.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.domain.messages import Board, Revise
from bot.storage import boards as stored
from bot.storage import outbox
from bot.storage.boards import Row
from bot.storage.copies import Times
from bot.storage.database import Transaction

EVERY = timedelta(seconds=4)
"""How often a board is edited at most."""

_OPEN = ("owed", "held")


def show(tx: Transaction, people: Iterable[int], board: Board, now: datetime, *, edition: str = "") -> None:
    """Send these people (ids) the board; have it edited for those who have it.

    Another `edition` is a message of its own: the earlier one is edited no more.
    """
    reason = f"{board.programme}/board:{board.kind}:{board.item}{edition and '@'}{edition}"
    # Two rows to edit with: what is being sent may have been worded before this.
    edits = [f"{reason}/edit", f"{reason}/edit2"]
    for person_id in people:
        found = stored.rows(tx, person_id, [reason, *edits])
        shown = found.get(reason)
        if shown is None:
            stored.owe(tx, person_id, board, reason, _times(now), now)
        elif shown.state in ("sending", "sent"):
            _edit(tx, person_id, shown, [(each, found.get(each)) for each in edits], now)


def _edit(
    tx: Transaction, person_id: int, shown: Row, edits: list[tuple[str, Row | None]], now: datetime
) -> None:
    rows = [row for _, row in edits if row is not None]
    if any(row.state in _OPEN for row in rows):
        return
    newest = max((row.settled_at for row in (shown, *rows) if row.settled_at is not None), default=now)
    times = _times(max(now, newest + EVERY))
    for reason, row in edits:
        if row is None:
            stored.owe(tx, person_id, Revise(), reason, times, now, copy_of=shown.id)
            return
        if row.state != "sending":
            stored.again(tx, row.id, times)
            return


def _times(due_at: datetime) -> Times:
    return Times(due_at, due_at + outbox.REPLY_BY, due_at + outbox.NOT_AFTER)
