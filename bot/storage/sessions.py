"""Sessions' lives: which steps were made when."""

from datetime import datetime

from sqlalchemy import delete, select

from bot.domain.sessions import State
from bot.storage.database import Transaction
from bot.storage.tables import SessionLifeRow
from bot.storage.upsert import insert_new


def all_made(tx: Transaction, programme_id: str) -> dict[str, dict[State, datetime]]:
    """The steps that each session of a programme has made, by the session's id."""
    rows = tx.connection.execute(
        select(SessionLifeRow.session_id, SessionLifeRow.step, SessionLifeRow.made_at).where(
            SessionLifeRow.programme_id == programme_id
        )
    )
    found: dict[str, dict[State, datetime]] = {}
    for session_id, step, made_at in rows:
        found.setdefault(session_id, {})[State(step)] = made_at
    return found


def make(tx: Transaction, programme_id: str, session_id: str, step: State, now: datetime) -> bool:
    """Note that a session comes to a step; whether it had not before."""
    values = {
        "programme_id": programme_id,
        "session_id": session_id,
        "step": step.value,
        "made_at": now,
    }
    return tx.connection.execute(insert_new(tx.connection, SessionLifeRow), values).rowcount == 1


def undo(tx: Transaction, programme_id: str, session_id: str, step: State) -> None:
    """The session has not come to that step yet: it was put off, or reinstated."""
    tx.connection.execute(
        delete(SessionLifeRow).where(
            SessionLifeRow.programme_id == programme_id,
            SessionLifeRow.session_id == session_id,
            SessionLifeRow.step == step.value,
        )
    )
