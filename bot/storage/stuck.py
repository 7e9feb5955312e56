"""Who cannot get into a session."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, select, update

from bot.storage.database import Transaction
from bot.storage.tables import CorrectionRow, SessionTroubleRow
from bot.storage.upsert import upsert


@dataclass(frozen=True, slots=True)
class Count:
    """How many said so, how many of them cannot get in by now, and how many since the session was changed."""

    said: int
    open: int
    since: int
    changed_at: datetime | None


def said_at(tx: Transaction, programme_id: str, session_id: str, person_id: int) -> datetime | None:
    """When somebody last said so, and has not got in since; None otherwise."""
    return tx.connection.scalar(
        select(SessionTroubleRow.said_at).where(
            *_of(programme_id, session_id),
            SessionTroubleRow.person_id == person_id,
            SessionTroubleRow.over_at.is_(None),
        )
    )


def note(tx: Transaction, programme_id: str, session_id: str, person_id: int, now: datetime) -> None:
    """Somebody cannot get in."""
    values = {
        "programme_id": programme_id,
        "session_id": session_id,
        "person_id": person_id,
        "said_at": now,
        "over_at": None,
    }
    key = ("programme_id", "session_id", "person_id")
    tx.connection.execute(upsert(tx.connection, SessionTroubleRow, values, key=key))


def end(tx: Transaction, programme_id: str, session_id: str, person_id: int, now: datetime) -> bool:
    """They are in; whether they could not get in before."""
    statement = (
        update(SessionTroubleRow)
        .where(
            *_of(programme_id, session_id),
            SessionTroubleRow.person_id == person_id,
            SessionTroubleRow.over_at.is_(None),
        )
        .values(over_at=now)
    )
    return tx.connection.execute(statement).rowcount == 1


def count(tx: Transaction, programme_id: str, session_id: str) -> Count:
    """How many there are."""
    changed_at = tx.connection.scalar(
        select(func.max(CorrectionRow.made_at)).where(
            CorrectionRow.programme_id == programme_id,
            CorrectionRow.kind == "session",
            CorrectionRow.item == session_id,
        )
    )
    rows = tx.connection.execute(
        select(SessionTroubleRow.said_at, SessionTroubleRow.over_at).where(*_of(programme_id, session_id))
    ).all()
    still = [row.said_at for row in rows if row.over_at is None]
    since = [at for at in still if changed_at is None or at >= changed_at]
    return Count(len(rows), len(still), len(since), changed_at)


def outside(programme_id: str, session_id: str) -> Select[int]:
    """The ids of those who cannot get in."""
    return select(SessionTroubleRow.person_id).where(
        *_of(programme_id, session_id), SessionTroubleRow.over_at.is_(None)
    )


def _of(programme_id: str, session_id: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (SessionTroubleRow.programme_id == programme_id, SessionTroubleRow.session_id == session_id)
