"""Requests to be let in, for a coordinator to decide, and whom on the roster they may mean."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, or_, select, update

from bot.domain.names import LIKELY, likeness, offices_alike, words_of
from bot.domain.staff import Scope
from bot.storage.database import Transaction
from bot.storage.staff import within
from bot.storage.tables import ChatRow, PersonRow, RequestRow

MOST = 200
"""So many waiting requests are looked at; the oldest."""

_MOST_COMPARED = 400


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody who asks: `person_id` is whose link they hold, where it was a link."""

    id: int
    programme: str
    chat_id: int
    kind: str  # no_link | second_claimant
    name: str
    office: str
    person_id: int | None
    state: str  # open | approved | refused | moot
    created_at: datetime
    decided_by: int | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody on the roster whom a request may mean; `claimed`: a chat is theirs."""

    id: int
    name: str
    office: str
    nip: str | None
    claimed: bool
    likeness: float


def one(tx: Transaction, request_id: int) -> Request | None:
    """The request of that id; nobody else decides it before this transaction ends."""
    row = tx.connection.execute(_requests().where(RequestRow.id == request_id).with_for_update()).first()
    return None if row is None else Request(*row)


def waiting(tx: Transaction, programme_id: str) -> list[Request]:
    """Those that are not decided, the oldest first, `MOST` at most."""
    rows = tx.connection.execute(
        _requests()
        .where(RequestRow.programme_id == programme_id, RequestRow.state == "open")
        .order_by(RequestRow.id)
        .limit(MOST)
    )
    return [Request(*row) for row in rows]


def decide(tx: Transaction, request_id: int, state: str, by: int, now: datetime) -> None:
    """Note how the request ended."""
    tx.connection.execute(
        update(RequestRow)
        .where(RequestRow.id == request_id)
        .values(state=state, decided_by=by, decided_at=now)
    )


def candidates(tx: Transaction, request: Request, scope: Scope, limit: int = 5) -> list[Candidate]:
    """Whom within `scope` the request may mean, the likeliest first: by name, and by office where alike."""
    beginnings = {word[:4] for word in words_of(request.name) if len(word) > 2}
    if not beginnings:
        return []
    rows = tx.connection.execute(
        select(PersonRow.id, PersonRow.name, PersonRow.office, PersonRow.nip, ChatRow.id)
        .outerjoin(ChatRow, ChatRow.person_id == PersonRow.id)
        .where(
            PersonRow.programme_id == request.programme,
            PersonRow.role == "participant",
            or_(*(func.lower(PersonRow.name).contains(each, autoescape=True) for each in beginnings)),
            *within(scope),
        )
        .order_by(
            # Who is of the very office comes first, should so many bear such a name.
            func.lower(PersonRow.office) != request.office.lower(),
            PersonRow.id,
        )
        .limit(_MOST_COMPARED)
    )
    found = [
        Candidate(person_id, name, office, nip, chat_id is not None, likeness(request.name, name))
        for person_id, name, office, nip, chat_id in rows
    ]
    likely = [each for each in found if each.likeness >= LIKELY]
    likely.sort(key=lambda each: (-each.likeness - offices_alike(request.office, each.office) / 4, each.name))
    return likely[:limit]


def _requests() -> Select[int, str, int, str, str, str, int | None, str, datetime, int | None]:
    return select(
        RequestRow.id,
        RequestRow.programme_id,
        RequestRow.chat_id,
        RequestRow.kind,
        RequestRow.name,
        RequestRow.office,
        RequestRow.person_id,
        RequestRow.state,
        RequestRow.created_at,
        RequestRow.decided_by,
    )
