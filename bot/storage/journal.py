"""Journal entries: their parts, and earlier wordings of them."""

from collections import defaultdict
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, insert, select, update

from bot.domain.journal import Entry, State
from bot.storage.database import Transaction
from bot.storage.tables import JournalEntryRow, JournalPartRow, JournalRevisionRow
from bot.storage.upsert import insert_new


class Part(NamedTuple):
    """One message of an entry."""

    id: int
    prompt: str
    text: str


def entries(tx: Transaction, person_id: int) -> dict[str, Entry]:
    """All that the person has written, by prompt."""
    texts: dict[int, list[str]] = defaultdict(list)
    files: dict[int, int] = defaultdict(int)
    for part in tx.connection.execute(
        select(JournalPartRow.entry_id, JournalPartRow.text, JournalPartRow.kind)
        .join(JournalEntryRow, JournalEntryRow.id == JournalPartRow.entry_id)
        .where(JournalEntryRow.person_id == person_id)
        .order_by(JournalPartRow.id)
    ):
        texts[part.entry_id].append(part.text)
        files[part.entry_id] += part.kind != "text"
    rows = tx.connection.execute(
        select(
            JournalEntryRow.id,
            JournalEntryRow.prompt_id,
            JournalEntryRow.state,
            JournalEntryRow.submitted_at,
            JournalEntryRow.revision_asked_at,
        ).where(JournalEntryRow.person_id == person_id)
    )
    return {
        row.prompt_id: Entry(
            row.prompt_id,
            State(row.state),
            tuple(texts[row.id]),
            files[row.id],
            row.submitted_at,
            row.revision_asked_at is not None,
        )
        for row in rows
    }


def write(
    tx: Transaction,
    person_id: int,
    prompt_id: str,
    *,
    chat_id: int,
    message_id: int,
    kind: str,
    text: str,
    file_id: str | None,
    now: datetime,
) -> None:
    """Add a message to the entry, which begins with it; the same message again changes nothing."""
    began = {"person_id": person_id, "prompt_id": prompt_id, "state": State.DRAFT, "started_at": now}
    tx.connection.execute(insert_new(tx.connection, JournalEntryRow, began))
    entry_id = tx.connection.execute(
        select(JournalEntryRow.id).where(*_of(person_id, prompt_id))
    ).scalar_one()
    part = {
        "entry_id": entry_id,
        "chat_id": chat_id,
        "message_id": message_id,
        "kind": kind,
        "text": text,
        "file_id": file_id,
        "written_at": now,
    }
    tx.connection.execute(insert_new(tx.connection, JournalPartRow, part))


def part(tx: Transaction, person_id: int, chat_id: int, message_id: int) -> Part | None:
    """The part that was that message, if it was one."""
    row = tx.connection.execute(
        select(JournalPartRow.id, JournalEntryRow.prompt_id, JournalPartRow.text)
        .join(JournalEntryRow, JournalEntryRow.id == JournalPartRow.entry_id)
        .where(
            JournalEntryRow.person_id == person_id,
            JournalPartRow.chat_id == chat_id,
            JournalPartRow.message_id == message_id,
        )
    ).first()
    return None if row is None else Part(row.id, row.prompt_id, row.text)


def revise(tx: Transaction, old: Part, text: str, now: datetime) -> None:
    """Give the part its new wording and keep the old one."""
    tx.connection.execute(insert(JournalRevisionRow).values(part_id=old.id, text=old.text, replaced_at=now))
    tx.connection.execute(
        update(JournalPartRow).where(JournalPartRow.id == old.id).values(text=text, edited_at=now)
    )


def set_state(tx: Transaction, person_id: int, prompt_id: str, state: State, at: datetime | None) -> None:
    """Submit the entry at that time, or reopen it (no time); submitted, it is to be read anew."""
    values: dict[str, object] = {"state": state, "submitted_at": at}
    if state is State.SUBMITTED:
        values |= {"read_at": None, "revision_asked_at": None}
    tx.connection.execute(update(JournalEntryRow).where(*_of(person_id, prompt_id)).values(**values))


def _of(person_id: int, prompt_id: str) -> tuple[ColumnElement[bool], ...]:
    return (JournalEntryRow.person_id == person_id, JournalEntryRow.prompt_id == prompt_id)
