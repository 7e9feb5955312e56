"""Copies: the messages that rows of the outbox have become in chats, to be revised or recalled later."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.orm import aliased

from bot.domain.messages import Lane, Message, Recall, Revise
from bot.storage.database import Transaction
from bot.storage.messages import dump, load
from bot.storage.outbox import owed_again
from bot.storage.spans import EVERYTHING, Span
from bot.storage.tables import WAS_SHOWN, OutboxRow
from bot.storage.upsert import insert_new_from

_RECALL = "recall:"
_REVISE = "revise:"


@dataclass(frozen=True, slots=True)
class Copy:
    """A row as those need it who change what it became; `at` (aware UTC) is when it was settled."""

    id: int
    state: str
    chat_id: int | None
    message_ids: tuple[int, ...]
    message: Message | None  # None: it cannot be read
    at: datetime | None


class Times(NamedTuple):
    """When what is owed is due, by when everybody is to have it, and after which it is worth nothing."""

    due_at: datetime
    everybody_by: datetime
    not_after: datetime


def copies(tx: Transaction, ids: Iterable[int]) -> dict[int, Copy]:
    """Those rows, by id."""
    rows = tx.connection.execute(
        select(
            OutboxRow.id,
            OutboxRow.state,
            OutboxRow.chat_id,
            OutboxRow.message_id,
            OutboxRow.more_ids,
            OutboxRow.message,
            OutboxRow.settled_at,
        ).where(OutboxRow.id.in_(list(ids)))
    )
    return {
        row.id: Copy(
            row.id,
            row.state,
            row.chat_id,
            () if row.message_id is None else (row.message_id, *(row.more_ids or ())),
            _read(row.message),
            row.settled_at,
        )
        for row in rows
    }


@dataclass(frozen=True, slots=True)
class Which:
    """The rows whose copies are meant: of these waves, and where a session was `shown` to who asked."""

    waves: tuple[int, ...]
    shown: str | None = None  # `outbox.showing`

    def rows(self, ids: Span = EVERYTHING) -> Select[int]:
        """Select the ids of those of a span of rows."""
        if ids == EVERYTHING:
            of_them: ColumnElement[bool] = OutboxRow.wave_id.in_(self.waves)
        else:  # by their own ids: the waves' index would look through all of them for each span
            of_them = func.coalesce(OutboxRow.wave_id, 0).in_(self.waves)
        if self.shown is not None:
            asked_for = and_(WAS_SHOWN, OutboxRow.about == self.shown)
            of_them = or_(of_them, asked_for)
        return select(OutboxRow.id).where(*ids.holds(OutboxRow.id), of_them)


def span_of(tx: Transaction, which: Which) -> Span:
    """Within which ids the rows are."""
    found = which.rows().subquery()
    row = tx.connection.execute(select(func.min(found.c.id), func.max(found.c.id))).one()
    return Span(0, 0) if row[0] is None else Span(row[0] - 1, row[1])


def count(tx: Transaction, which: Which, *, but: str = "") -> int:
    """How many of the copies are there, or on their way; not those for which a reason begins so already."""
    found = select(func.count()).where(OutboxRow.id.in_(which.rows()), *_there())
    if but:
        other = aliased(OutboxRow)
        found = found.where(~exists().where(other.copy_of == OutboxRow.id, other.reason.startswith(but)))
    return tx.connection.execute(found).scalar_one()


def owe_revisions(
    tx: Transaction, which: Select[int], reason: str, wave_id: int, lane: Lane, times: Times, now: datetime
) -> int:
    """Owe every copy among `which` that is there, or on its way, a revision for this reason; how many new.

    Not one that is recalled. What another reason owes is said by this one too, and withdrawn.
    """
    tx.connection.execute(
        update(OutboxRow)
        .where(
            _concerns(which),
            _open(),
            OutboxRow.reason.startswith(_REVISE),
            ~OutboxRow.reason.startswith(f"{_REVISE}{reason}/", autoescape=True),
        )
        .values(state="withdrawn", settled_at=now, error="a later revision says it")
    )
    recalled = aliased(OutboxRow)
    kept = ~exists().where(
        recalled.copy_of == OutboxRow.id,
        recalled.reason.startswith(_RECALL),
        recalled.state.in_(("owed", "sending", "held", "sent")),
    )
    return _owe(tx, which, kept, f"{_REVISE}{reason}/", Revise(), wave_id, lane, times, now)


def owe_recalls(
    tx: Transaction,
    which: Select[int],
    message: Recall,
    wave_id: int,
    lane: Lane,
    times: Times,
    now: datetime,
) -> int:
    """Owe every copy among `which` that is there, or on its way, its recall, once; how many new.

    What was not sent yet is withdrawn, and so are revisions. A recall that came to nothing is owed anew.
    """
    withdraw_unsent(tx, which, now)
    tx.connection.execute(
        update(OutboxRow)
        .where(_concerns(which), _open(), OutboxRow.reason.startswith(_REVISE))
        .values(state="withdrawn", settled_at=now, error="recalled")
    )
    again = tx.connection.execute(
        update(OutboxRow)
        .where(
            _concerns(which),
            OutboxRow.reason.startswith(_RECALL),
            OutboxRow.state.in_(("failed", "gone", "expired", "withdrawn")),
        )
        .values(owed_again(*times) | {"message": dump(message), "wave_id": wave_id, "lane": int(lane)})
    ).rowcount
    return again + _owe(tx, which, None, _RECALL, message, wave_id, lane, times, now)


def withdraw_unsent(tx: Transaction, which: Select[int], now: datetime) -> None:
    """What of these rows was not sent yet is not, as it is recalled."""
    tx.connection.execute(
        update(OutboxRow)
        .where(OutboxRow.id.in_(which), OutboxRow.copy_of.is_(None), _open())
        .values(state="withdrawn", settled_at=now, error="recalled")
    )


def withdraw(tx: Transaction, row_id: int, now: datetime, why: str) -> None:
    """What is owed or held under that id is not sent any more."""
    tx.connection.execute(
        update(OutboxRow)
        .where(OutboxRow.id == row_id, _open())
        .values(state="withdrawn", settled_at=now, error=why)
    )


def _owe(
    tx: Transaction,
    which: Select[int],
    condition: ColumnElement[bool] | None,
    prefix: str,
    message: Message,
    wave_id: int,
    lane: Lane,
    times: Times,
    now: datetime,
) -> int:
    columns = OutboxRow.__table__.columns
    values: dict[str, Any] = {
        "wave_id": wave_id,
        "message": dump(message),
        "lane": int(lane),
        "due_at": times.due_at,
        "everybody_by": times.everybody_by,
        "not_after": times.not_after,
        "state": "owed",
        "attempts": 0,
        "created_at": now,
    }
    rows = select(
        OutboxRow.person_id,
        case((OutboxRow.person_id.is_(None), OutboxRow.chat_id)).label("chat_id"),
        OutboxRow.id.label("copy_of"),
        (literal(prefix) + cast(OutboxRow.id, String)).label("reason"),
        *(literal(value, columns[name].type).label(name) for name, value in values.items()),
    ).where(
        OutboxRow.id.in_(which),
        *_there(),
        *(() if condition is None else (condition,)),
    )
    names = ("person_id", "chat_id", "copy_of", "reason", *values)
    return tx.connection.execute(insert_new_from(tx.connection, OutboxRow, names, rows)).rowcount


def _there() -> tuple[ColumnElement[bool], ...]:
    """A row that is a message in a chat, or about to be: no revision, no recall."""
    sent = and_(OutboxRow.state == "sent", OutboxRow.message_id.is_not(None))
    return OutboxRow.copy_of.is_(None), or_(sent, OutboxRow.state == "sending")


def _concerns(which: Select[int]) -> ColumnElement[bool]:
    return OutboxRow.copy_of.in_(which)


def _open() -> ColumnElement[bool]:
    """What is neither there nor on its way, nor settled."""
    return OutboxRow.state.in_(("owed", "held"))


def _read(data: dict[str, Any]) -> Message | None:
    try:
        return load(data)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None  # whatever an older or a broken version wrote
