"""Coordinators and speakers: what they are limited to, and the links by which they come."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, literal, select, update

from bot.domain.people import Person, Role
from bot.domain.staff import EVERYTHING, KINDS, Actor, Scope
from bot.domain.zones import Zone
from bot.storage import people, sign_ins
from bot.storage.database import Transaction
from bot.storage.tables import ChatRow, InvitationRow, PersonRow, ScopeRow, SpeakerRow

WORKING = (Role.OWNER.value, Role.COORDINATOR.value, Role.SPEAKER.value)

FIRST_OWNER = "Pemilik"
"""The name of an owner of whom no other is known."""

COLUMNS = dict(
    zip(
        KINDS,
        (PersonRow.office, PersonRow.province, PersonRow.wave, PersonRow.class_, PersonRow.group),
        strict=True,
    )
)
"""Where each kind of a scope is kept of somebody."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link that makes whoever opens it first a coordinator or a speaker."""

    id: int
    programme: str
    role: Role
    name: str
    scope: Scope
    sessions: tuple[str, ...]
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None
    used_by: int | None
    revoked_at: datetime | None

    def open(self, now: datetime) -> bool:
        """Whether it can still be used."""
        return self.used_at is None and self.revoked_at is None and now <= self.expires_at


def within(scope: Scope) -> list[ColumnElement[bool]]:
    """Conditions on `PersonRow`: who is in the scope. `Scope.holds` is the same rule for one person."""
    return [
        func.lower(func.trim(COLUMNS[kind])).in_(
            [func.lower(func.trim(literal(value))) for value in scope.values(kind)]
        )
        for kind in KINDS
        if scope.values(kind)
    ]


def values(tx: Transaction, programme_id: str, kind: str, scope: Scope = EVERYTHING) -> list[str]:
    """What a programme's people have of one of `KINDS` (offices, say), in order; within a scope."""
    column = COLUMNS[kind]
    found = tx.connection.scalars(
        select(func.trim(column))
        .where(PersonRow.programme_id == programme_id, column.is_not(None), column != "", *within(scope))
        .distinct()
        .order_by(func.trim(column))
    )
    return list(found)


def actor(tx: Transaction, person: Person) -> Actor | None:
    """The person at work; None for who has no work here, or has not agreed, or has left."""
    if person.role.value not in WORKING or person.consented_at is None or person.withdrawn_at is not None:
        return None
    return Actor(person, scope(tx, person.id), sessions_of(tx, person.id))


def actor_by_id(tx: Transaction, person_id: int) -> Actor | None:
    """`actor`, by the person's id."""
    person = people.person(tx, person_id)
    return None if person is None else actor(tx, person)


def scope(tx: Transaction, person_id: int) -> Scope:
    """What somebody is limited to."""
    rows = tx.connection.execute(
        select(ScopeRow.kind, ScopeRow.value).where(ScopeRow.person_id == person_id)
    ).all()
    return Scope.of((kind, value) for kind, value in rows)


def sessions_of(tx: Transaction, person_id: int) -> frozenset[str]:
    """The ids of the sessions at which somebody speaks."""
    found = tx.connection.scalars(select(SpeakerRow.session_id).where(SpeakerRow.person_id == person_id))
    return frozenset(found)


def speakers_of(tx: Transaction, programme_id: str, session_id: str) -> list[int]:
    """The ids of those who speak at a session and have not left, in the order in which they came."""
    found = tx.connection.scalars(
        select(PersonRow.id)
        .join(SpeakerRow, SpeakerRow.person_id == PersonRow.id)
        .where(
            PersonRow.programme_id == programme_id,
            SpeakerRow.session_id == session_id,
            PersonRow.withdrawn_at.is_(None),
        )
        .order_by(PersonRow.id)
    )
    return list(found)


def bind(tx: Transaction, person_id: int, sessions: Iterable[str]) -> None:
    """Have somebody speak at these sessions, and at no others."""
    tx.connection.execute(delete(SpeakerRow).where(SpeakerRow.person_id == person_id))
    rows = [{"person_id": person_id, "session_id": each} for each in sorted(set(sessions))]
    if rows:
        tx.connection.execute(insert(SpeakerRow), rows)


def limit(tx: Transaction, person_id: int, scope: Scope) -> None:
    """Limit somebody to a scope, in the place of the one they had."""
    tx.connection.execute(delete(ScopeRow).where(ScopeRow.person_id == person_id))
    if not scope.whole:
        tx.connection.execute(
            insert(ScopeRow),
            [{"person_id": person_id, "kind": kind, "value": value} for kind, value in scope.pairs()],
        )


def staff(tx: Transaction, programme_id: str, *, roles: Sequence[str] = WORKING) -> list[Actor]:
    """Who works for a programme and has not left, by name."""
    ids = tx.connection.scalars(
        select(PersonRow.id)
        .where(
            PersonRow.programme_id == programme_id,
            PersonRow.role.in_(roles),
            PersonRow.withdrawn_at.is_(None),
            PersonRow.consented_at.is_not(None),
        )
        .order_by(PersonRow.name, PersonRow.id)
    ).all()
    found = (actor_by_id(tx, person_id) for person_id in ids)
    return [each for each in found if each is not None]


def appoint(
    tx: Transaction, *, programme: str, role: Role, name: str, chat_id: int, zone: Zone, now: datetime
) -> int:
    """Make the chat's person one of the staff: by opening the link they have agreed. Returns their id.

    Who takes part already stays the same person, with what they have done; anybody else becomes one.
    """
    known = tx.connection.scalar(select(ChatRow.person_id).where(ChatRow.id == chat_id))
    values: dict[str, Any] = {"role": role.value, "withdrawn_at": None, "updated_at": now}
    if known is not None:
        agreed = {
            "consented_at": func.coalesce(PersonRow.consented_at, now),
            "joined_at": func.coalesce(PersonRow.joined_at, now),
        }
        tx.connection.execute(update(PersonRow).where(PersonRow.id == known).values(**agreed, **values))
        return known
    language = tx.connection.scalar(select(ChatRow.language).where(ChatRow.id == chat_id))
    person_id = tx.connection.execute(
        insert(PersonRow)
        .values(
            programme_id=programme,
            name=name,
            office="",
            language=language or "id",
            zone=zone.value,
            origin="invitation",
            consented_at=now,
            joined_at=now,
            created_at=now,
            **values,
        )
        .returning(PersonRow.id)
    ).scalar_one()
    people.link_chat(tx, chat_id, person_id, now)
    return person_id


def add_owner(tx: Transaction, programme: str, name: str, chat_id: int, zone: Zone, now: datetime) -> bool:
    """Make the chat, which may never have written, an owner's; whether that is news."""
    row = tx.connection.execute(select(ChatRow.person_id).where(ChatRow.id == chat_id)).first()
    if row is None:
        tx.connection.execute(insert(ChatRow).values(id=chat_id, language="id", reach="open", created_at=now))
    elif row.person_id is not None:
        role = tx.connection.scalar(select(PersonRow.role).where(PersonRow.id == row.person_id))
        if role == Role.OWNER.value:
            return False
    appoint(tx, programme=programme, role=Role.OWNER, name=name, chat_id=chat_id, zone=zone, now=now)
    return True


def owned(tx: Transaction) -> bool:
    """Whether the installation has an owner."""
    owner = select(PersonRow.id).where(
        PersonRow.role == Role.OWNER.value,
        PersonRow.withdrawn_at.is_(None),
        PersonRow.consented_at.is_not(None),
    )
    return tx.connection.execute(owner.limit(1)).first() is not None


def dismiss(tx: Transaction, person_id: int, now: datetime) -> None:
    """Take somebody's role away: a participant like any other if they took part, else a stranger."""
    limit(tx, person_id, Scope())
    bind(tx, person_id, ())
    sign_ins.close_all(tx, person_id)
    tx.connection.execute(
        update(PersonRow).where(PersonRow.id == person_id).values(role=Role.PARTICIPANT.value, updated_at=now)
    )
    came = select(PersonRow.id).where(PersonRow.id == person_id, PersonRow.origin == "invitation")
    tx.connection.execute(update(ChatRow).where(ChatRow.person_id.in_(came)).values(person_id=None))
    tx.connection.execute(update(PersonRow).where(PersonRow.id.in_(came)).values(withdrawn_at=now))


# --- invitations ------------------------------------------------------------------------------------------


def invite(
    tx: Transaction,
    *,
    programme: str,
    role: Role,
    name: str,
    scope: Scope,
    sessions: Sequence[str],
    made_by: int | None,
    now: datetime,
    expires_at: datetime,
) -> int:
    """Note an invitation; returns its id, from which its code is derived."""
    return tx.connection.execute(
        insert(InvitationRow)
        .values(
            programme_id=programme,
            role=role.value,
            name=name,
            scope=[list(pair) for pair in scope.pairs()],
            sessions=list(sessions),
            made_by=made_by,
            made_at=now,
            expires_at=expires_at,
        )
        .returning(InvitationRow.id)
    ).scalar_one()


def invitation(tx: Transaction, invitation_id: int) -> Invitation | None:
    """The invitation of that id, or None; nobody else uses it before this transaction ends."""
    row = tx.connection.execute(
        select(InvitationRow.__table__).where(InvitationRow.id == invitation_id).with_for_update()
    ).first()
    return None if row is None else _invitation(row)


def invitations(tx: Transaction, programme_id: str, now: datetime) -> list[Invitation]:
    """Those that are still open, the newest first."""
    rows = tx.connection.execute(
        select(InvitationRow.__table__)
        .where(
            InvitationRow.programme_id == programme_id,
            InvitationRow.used_at.is_(None),
            InvitationRow.revoked_at.is_(None),
            InvitationRow.expires_at >= now,
        )
        .order_by(InvitationRow.id.desc())
    )
    return [_invitation(row) for row in rows]


def use(tx: Transaction, invitation_id: int, person_id: int, now: datetime) -> None:
    """The invitation has been taken up."""
    tx.connection.execute(
        update(InvitationRow).where(InvitationRow.id == invitation_id).values(used_at=now, used_by=person_id)
    )


def revoke(tx: Transaction, programme_id: str, invitation_id: int, now: datetime) -> bool:
    """Take an open invitation back; whether there was one."""
    statement = (
        update(InvitationRow)
        .where(
            InvitationRow.id == invitation_id,
            InvitationRow.programme_id == programme_id,
            InvitationRow.used_at.is_(None),
            InvitationRow.revoked_at.is_(None),
        )
        .values(revoked_at=now)
    )
    return tx.connection.execute(statement).rowcount == 1


def revoke_first_owners(tx: Transaction, now: datetime) -> None:
    """There is an owner: links for a first one, which stand in a log, open nothing any more."""
    tx.connection.execute(
        update(InvitationRow)
        .where(
            InvitationRow.role == Role.OWNER.value,
            InvitationRow.name == FIRST_OWNER,
            InvitationRow.made_by.is_(None),
            InvitationRow.used_at.is_(None),
            InvitationRow.revoked_at.is_(None),
        )
        .values(revoked_at=now)
    )


def _invitation(row: Any) -> Invitation:
    return Invitation(
        id=row.id,
        programme=row.programme_id,
        role=Role(row.role),
        name=row.name,
        scope=Scope.of((kind, value) for kind, value in row.scope),
        sessions=tuple(row.sessions),
        made_at=row.made_at,
        expires_at=row.expires_at,
        used_at=row.used_at,
        used_by=row.used_by,
        revoked_at=row.revoked_at,
    )
