"""Files that were made for somebody, from then until they are sent: tables and texts, for some days."""

import json
import zlib
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select

from bot.domain.messages import Table
from bot.storage.database import Transaction
from bot.storage.messages import dump_table, load_table
from bot.storage.tables import FileRow

KEPT = timedelta(days=3)
"""How long a file can be sent: a message is worth nothing after a day (`outbox.NOT_AFTER`)."""

MOST_ROWS = 200_000
"""Of a table: more are for `rekan export`, whose report is no message."""


def keep(tx: Transaction, content: Table | str, now: datetime, *, kept: timedelta = KEPT) -> int:
    """Keep a table or a text to be sent; returns its id. Raises ValueError for a table that is too long."""
    if isinstance(content, Table) and len(content.rows) > MOST_ROWS:
        raise ValueError(f"a table of {len(content.rows)} rows, over {MOST_ROWS}")
    data = content if isinstance(content, str) else dump_table(content)
    # Level 1: a use case makes this, and everybody waits for it.
    packed = zlib.compress(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode(), 1)
    values = {"content": packed, "expires_at": now + kept}
    return tx.connection.execute(insert(FileRow).values(values).returning(FileRow.id)).scalar_one()


def content(tx: Transaction, file_id: int) -> Table | str | None:
    """What was kept under that id; None where it is kept no longer."""
    packed = tx.connection.scalar(select(FileRow.content).where(FileRow.id == file_id))
    if packed is None:
        return None
    data = _unpacked(packed)
    return data if isinstance(data, str) else load_table(data)


def take(tx: Transaction, file_id: int, now: datetime) -> str | None:
    """A text that was kept for one use, which this is; None where there is none, or its time is over."""
    found = tx.connection.execute(
        delete(FileRow).where(FileRow.id == file_id).returning(FileRow.content, FileRow.expires_at)
    ).first()
    if found is None or found.expires_at < now:
        return None
    data = _unpacked(found.content)
    return data if isinstance(data, str) else None


def prune(tx: Transaction, now: datetime) -> int:
    """Forget what has expired; how many."""
    return tx.connection.execute(delete(FileRow).where(FileRow.expires_at < now)).rowcount


def _unpacked(packed: bytes) -> Any:
    return json.loads(zlib.decompress(packed))
