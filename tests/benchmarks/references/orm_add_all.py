"""SQLAlchemy's ORM as its tutorial has it: a message owed to everybody by one `add_all` and one commit.

The tables, their indexes and the people are Rekan's own; SQLite is as durable. Prints the seconds from the
first object to the end of the commit.

    orm_add_all.py DATABASE
"""

import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import create_engine, event, select
from sqlalchemy.orm import Session

from bot.storage.tables import OutboxRow, PersonRow


def main(path: str) -> None:
    engine = create_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    with Session(engine) as session:
        people = session.scalars(select(PersonRow.id)).all()
        began = time.monotonic()
        now = datetime.now(UTC)
        session.add_all(
            [
                OutboxRow(
                    person_id=person,
                    reason="orientasi/kabar",
                    message={"scheduled": ["orientasi", "kabar"]},
                    lane=2,
                    due_at=now,
                    everybody_by=now + timedelta(hours=2),
                    not_after=now + timedelta(hours=12),
                    created_at=now,
                )
                for person in people
            ]
        )
        session.commit()
    sys.stdout.write(f"{time.monotonic() - began}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
