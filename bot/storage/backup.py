"""A copy of the database, taken while everything runs."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from bot.storage.database import Database, DatabaseError
from bot.storage.engines import Sqlite


def backup(database: Database, target: Path) -> int:
    """Copy the SQLite database to the new file `target`, as of one moment; returns its size in bytes.

    The bot goes on writing meanwhile. The copy appears under its name once it is whole and checked, and
    only its owner may read it. Raises DatabaseError.
    """
    if not isinstance(database.kind, Sqlite):
        raise DatabaseError("PostgreSQL has its own backup, which knows more: use pg_dump (or pg_basebackup)")
    if target.exists():
        raise DatabaseError(f"{target} is there already: name another file, or move it away")
    part = target.with_name(target.name + ".part")
    try:
        # Made before SQLite does, which would let everybody read it.
        os.close(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
        with closing(sqlite3.connect(database.kind.path)) as source, closing(sqlite3.connect(part)) as copy:
            source.backup(copy)  # in one step: from one state, which WAL keeps while others write
            if (found := copy.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
                raise DatabaseError(
                    f"the copy of {database.kind.path} is damaged ({found}): look after the disk"
                )
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it
        part.rename(target)
    except (OSError, sqlite3.Error) as error:
        raise DatabaseError(
            f"{target} cannot be written ({error}): name another place for the backup"
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return target.stat().st_size
