"""Journal entries as coordinators read them: those of their scope, in a settled order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, false, func, insert, literal, select, tuple_, update

from bot.domain.journal import State
from bot.domain.staff import Scope
from bot.storage.database import Transaction
from bot.storage.staff import within
from bot.storage.tables import (
    JournalCommentRow,
    JournalEntryRow,
    JournalPartRow,
    JournalRevisionRow,
    PersonRow,
)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries; empty conditions always hold. Drafts are people's own, and never shown."""

    prompt: str = ""
    office: str = ""
    class_: str = ""
    group: str = ""
    person_id: int | None = None
    unread: bool = False
    revision_asked: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry in the list."""

    id: int
    person_id: int
    name: str
    office: str
    prompt: str
    submitted_at: datetime
    read_at: datetime | None
    revision_asked_at: datetime | None
    comments: int


@dataclass(frozen=True, slots=True)
class Part:
    """One message of an entry, in its newest wording; `earlier` are the older ones, oldest first."""

    id: int
    kind: str
    text: str
    written_at: datetime
    edited_at: datetime | None
    earlier: tuple[tuple[datetime, str], ...]


@dataclass(frozen=True, slots=True)
class Comment:
    """What a coordinator wrote about an entry."""

    author: str
    text: str
    asks_revision: bool
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Reading:
    """An entry to be read, with what was said about it."""

    entry: Listed
    parts: tuple[Part, ...]
    comments: tuple[Comment, ...]


def listed(
    tx: Transaction,
    programme_id: str,
    scope: Scope,
    which: Filter,
    *,
    limit: int,
    offset: int = 0,
) -> list[Listed]:
    """Submitted entries, by person and then as submitted."""
    statement = _listed(programme_id, scope, which).order_by(*_ORDER).limit(limit).offset(offset)
    return [Listed(*row) for row in tx.connection.execute(statement)]


def number(tx: Transaction, programme_id: str, scope: Scope, which: Filter) -> int:
    """How many `listed` would tell of."""
    found = _listed(programme_id, scope, which).with_only_columns(func.count())
    return tx.connection.execute(found).scalar_one()


def neighbours(
    tx: Transaction, programme_id: str, scope: Scope, which: Filter, entry: Listed
) -> tuple[int | None, int | None]:
    """The ids of the entries before and after that one, in the order of `listed`."""
    at = literal(entry.submitted_at, JournalEntryRow.__table__.c.submitted_at.type)
    place = tuple_(entry.name, entry.person_id, at, entry.id)
    these = _listed(programme_id, scope, which).with_only_columns(JournalEntryRow.id)
    before = these.where(tuple_(*_ORDER) < place).order_by(*(column.desc() for column in _ORDER)).limit(1)
    after = these.where(tuple_(*_ORDER) > place).order_by(*_ORDER).limit(1)
    return tx.connection.scalar(before), tx.connection.scalar(after)


def reading(tx: Transaction, programme_id: str, scope: Scope, entry_id: int) -> Reading | None:
    """The submitted entry of that id; None where it is not submitted, or not in the scope."""
    only = _listed(programme_id, scope, Filter()).where(JournalEntryRow.id == entry_id)
    row = tx.connection.execute(only).first()
    if row is None:
        return None
    earlier: dict[int, list[tuple[datetime, str]]] = {}
    for part_id, at, text in tx.connection.execute(
        select(JournalRevisionRow.part_id, JournalRevisionRow.replaced_at, JournalRevisionRow.text)
        .join(JournalPartRow, JournalPartRow.id == JournalRevisionRow.part_id)
        .where(JournalPartRow.entry_id == entry_id)
        .order_by(JournalRevisionRow.id)
    ):
        earlier.setdefault(part_id, []).append((at, text))
    parts = tx.connection.execute(
        select(
            JournalPartRow.id,
            JournalPartRow.kind,
            JournalPartRow.text,
            JournalPartRow.written_at,
            JournalPartRow.edited_at,
        )
        .where(JournalPartRow.entry_id == entry_id)
        .order_by(JournalPartRow.id)
    )
    comments = tx.connection.execute(
        select(
            JournalCommentRow.author,
            JournalCommentRow.text,
            JournalCommentRow.asks_revision,
            JournalCommentRow.made_at,
        )
        .where(JournalCommentRow.entry_id == entry_id)
        .order_by(JournalCommentRow.id)
    )
    return Reading(
        Listed(*row),
        tuple(Part(*part, tuple(earlier.get(part.id, ()))) for part in parts),
        tuple(Comment(*comment) for comment in comments),
    )


def file(
    tx: Transaction, programme_id: str, scope: Scope, entry_id: int, part_id: int
) -> tuple[int, str, str] | None:
    """Whose it is, its kind, and Telegram's id of the file in a part of an entry; None as `reading`."""
    theirs = _listed(programme_id, scope, Filter()).with_only_columns(JournalEntryRow.id)
    row = tx.connection.execute(
        select(JournalEntryRow.person_id, JournalPartRow.kind, JournalPartRow.file_id)
        .join(JournalEntryRow, JournalEntryRow.id == JournalPartRow.entry_id)
        .where(
            JournalPartRow.id == part_id,
            JournalPartRow.entry_id == entry_id,
            JournalPartRow.file_id.is_not(None),
            JournalEntryRow.id.in_(theirs.where(JournalEntryRow.id == entry_id)),
        )
    ).first()
    return None if row is None else (row.person_id, row.kind, row.file_id)


def note_read(tx: Transaction, entry_id: int, now: datetime) -> None:
    """A coordinator has looked at the entry."""
    tx.connection.execute(
        update(JournalEntryRow)
        .where(JournalEntryRow.id == entry_id, JournalEntryRow.read_at.is_(None))
        .values(read_at=now)
    )


def add_comment(
    tx: Transaction,
    entry_id: int,
    *,
    author_id: int,
    author: str,
    text: str,
    asks_revision: bool,
    now: datetime,
) -> int:
    """Keep what a coordinator wrote, and that the entry is to be revised where they ask for it; its id."""
    values: dict[str, Any] = {
        "entry_id": entry_id,
        "author_id": author_id,
        "author": author,
        "text": text,
        "asks_revision": asks_revision,
        "made_at": now,
    }
    if asks_revision:
        tx.connection.execute(
            update(JournalEntryRow).where(JournalEntryRow.id == entry_id).values(revision_asked_at=now)
        )
    return tx.connection.execute(
        insert(JournalCommentRow).values(**values).returning(JournalCommentRow.id)
    ).scalar_one()


_ORDER = (PersonRow.name, PersonRow.id, JournalEntryRow.submitted_at, JournalEntryRow.id)


def _listed(programme_id: str, scope: Scope, which: Filter) -> Select[Any]:
    comments = (
        select(func.count())
        .where(JournalCommentRow.entry_id == JournalEntryRow.id)
        .correlate(JournalEntryRow)
        .scalar_subquery()
    )
    return (
        select(
            JournalEntryRow.id,
            PersonRow.id,
            PersonRow.name,
            PersonRow.office,
            JournalEntryRow.prompt_id,
            JournalEntryRow.submitted_at,
            JournalEntryRow.read_at,
            JournalEntryRow.revision_asked_at,
            comments,
        )
        .join_from(JournalEntryRow, PersonRow, PersonRow.id == JournalEntryRow.person_id)
        .where(
            PersonRow.programme_id == programme_id,
            PersonRow.is_test == false(),
            JournalEntryRow.state == State.SUBMITTED.value,
            *within(scope),
            *_conditions(which),
        )
    )


def _conditions(which: Filter) -> Sequence[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [
        func.lower(column) == func.lower(literal(value))
        for column, value in (
            (JournalEntryRow.prompt_id, which.prompt),
            (PersonRow.office, which.office),
            (PersonRow.class_, which.class_),
            (PersonRow.group, which.group),
        )
        if value
    ]
    if which.person_id is not None:
        found.append(PersonRow.id == which.person_id)
    if which.unread:
        found.append(JournalEntryRow.read_at.is_(None))
    if which.revision_asked:
        found.append(JournalEntryRow.revision_asked_at.is_not(None))
    return found
