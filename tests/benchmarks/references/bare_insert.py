"""The floor of planning: SQLite itself, asked by one statement to write the same rows, and nothing else.

The tables, their indexes and the people are Rekan's own, the driver is the standard library's, in one
transaction. Prints the seconds from its beginning to the end of the commit.

    bare_insert.py DATABASE
"""

import sqlite3
import sys
import time
from datetime import UTC, datetime, timedelta

_INSERT = """
    INSERT INTO outbox (person_id, reason, message, lane, due_at, everybody_by, not_after, state, attempts,
                        created_at)
    SELECT people.id, 'orientasi/kabar', '{"scheduled":["orientasi","kabar"]}', 2, :now, :by, :after, 'owed',
           0, :now
    FROM people
"""


def main(path: str) -> None:
    database = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        database.execute(f"PRAGMA {pragma}")
    now = datetime.now(UTC).replace(tzinfo=None)
    times = {"now": now, "by": now + timedelta(hours=2), "after": now + timedelta(hours=12)}
    began = time.monotonic()
    database.execute("BEGIN IMMEDIATE")
    database.execute(_INSERT, {name: at.isoformat(" ", "microseconds") for name, at in times.items()})
    database.execute("COMMIT")
    sys.stdout.write(f"{time.monotonic() - began}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
