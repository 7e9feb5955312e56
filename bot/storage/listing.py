"""People listed for coordinators: found by what is typed, within a scope, page by page."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select

from bot.domain.people import Reach
from bot.domain.staff import Scope
from bot.storage.database import Transaction
from bot.storage.messages import load
from bot.storage.staff import within
from bot.storage.tables import ChatRow, OutboxRow, PersonRow

_MOST_WORDS = 6


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of a list: `reach` None where no chat is theirs."""

    id: int
    name: str
    office: str
    reach: Reach | None
    is_test: bool


@dataclass(frozen=True, slots=True)
class Record:
    """What coordinators see of somebody beyond `domain.people.Person`; `nip` is whole, to be masked."""

    nip: str | None
    reach: Reach | None
    reach_changed_at: datetime | None
    claimed_at: datetime | None
    is_test: bool
    origin: str


@dataclass(frozen=True, slots=True)
class Sent:
    """A message to somebody: of which kind, for which timetable entry (if for one), how it ended when."""

    kind: str
    entry: str | None
    state: str
    at: datetime


def search(
    tx: Transaction, programme_id: str, scope: Scope, query: str, *, offset: int = 0, limit: int = 8
) -> tuple[list[Listed], int]:
    """Those within the scope whose name or office has every word of `query`, by name; and how many they are.

    Four digits are the last of a NIP.
    """
    where = (
        PersonRow.programme_id == programme_id,
        PersonRow.role == "participant",
        *within(scope),
        *(_has(word) for word in query.lower().split()[:_MOST_WORDS]),
    )
    number = tx.connection.scalar(select(func.count()).select_from(PersonRow).where(*where)) or 0
    rows = tx.connection.execute(
        select(PersonRow.id, PersonRow.name, PersonRow.office, ChatRow.reach, PersonRow.is_test)
        .outerjoin(ChatRow, ChatRow.person_id == PersonRow.id)
        .where(*where)
        .order_by(PersonRow.name, PersonRow.id)
        .offset(offset)
        .limit(limit)
    )
    found = [Listed(row[0], row[1], row[2], Reach(row[3]) if row[3] else None, row[4]) for row in rows]
    return found, number


def record(tx: Transaction, person_id: int) -> Record | None:
    """What is known of somebody beside their place in the programme."""
    row = tx.connection.execute(
        select(
            PersonRow.nip,
            ChatRow.reach,
            ChatRow.reach_changed_at,
            PersonRow.claimed_at,
            PersonRow.is_test,
            PersonRow.origin,
        )
        .outerjoin(ChatRow, ChatRow.person_id == PersonRow.id)
        .where(PersonRow.id == person_id)
    ).first()
    if row is None:
        return None
    return Record(row[0], Reach(row[1]) if row[1] else None, *row[2:])


def sent_lately(tx: Transaction, person_id: int, limit: int = 5) -> list[Sent]:
    """The newest of what was owed to somebody beyond replies, the newest first."""
    rows = tx.connection.execute(
        select(OutboxRow.message, OutboxRow.state, func.coalesce(OutboxRow.settled_at, OutboxRow.due_at))
        .where(OutboxRow.person_id == person_id, OutboxRow.lane != 0)
        .order_by(OutboxRow.id.desc())
        .limit(limit)
    )
    return [_sent(*row) for row in rows]


def _sent(message: dict[str, object], state: str, at: datetime) -> Sent:
    try:
        found = load(message)
    except ValueError:  # of a version that this one does not know
        return Sent("Unknown", None, state, at)
    return Sent(type(found).__name__, getattr(found, "entry", None), state, at)


def _has(word: str) -> ColumnElement[bool]:
    named = [
        func.lower(column).contains(word, autoescape=True) for column in (PersonRow.name, PersonRow.office)
    ]
    if len(word) == 4 and word.isdecimal():
        named.append(PersonRow.nip.endswith(word))
    return or_(*named)
