"""People and their chats."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, bindparam, insert, select, update

from bot.domain.enrolment import Link
from bot.domain.language import Language
from bot.domain.messages import Reader
from bot.domain.people import Person, Reach, Role
from bot.domain.zones import Zone
from bot.storage.database import Transaction
from bot.storage.tables import ChatRow, PersonRow, RequestRow


@dataclass(frozen=True, slots=True)
class Visitor:
    """A private chat, and the person it belongs to, if that is known."""

    chat_id: int
    language: Language
    reach: Reach
    person: Person | None

    @property
    def active(self) -> Person | None:
        """The person, once they have agreed and as long as they have not withdrawn."""
        person = self.person
        return person if person and person.consented_at and not person.withdrawn_at else None

    @property
    def reader(self) -> Reader:
        """For whom the bot words what it says here."""
        if self.person is None:
            return Reader(self.language, Zone.WIB)
        p = self.person
        return Reader(p.language, p.zone, p.name, p.office, p.programme)


def visitor(tx: Transaction, chat_id: int, language_code: str | None, now: datetime) -> Visitor:
    """The chat's visitor; a chat never seen before is noted: in English where its app is, else Indonesian.

    From here to the end of the transaction, no other process does anything for this chat.
    """
    row = tx.connection.execute(_chat_statement(), {"chat_id": chat_id}).first()
    if row is None:
        language = Language.EN if (language_code or "").startswith("en") else Language.ID
        tx.connection.execute(
            insert(ChatRow).values(id=chat_id, language=language, reach=Reach.OPEN, created_at=now)
        )
        return Visitor(chat_id, language, Reach.OPEN, None)
    found = person(tx, row.person_id) if row.person_id is not None else None
    return Visitor(chat_id, Language(row.language), Reach(row.reach), found)


def take_turns(tx: Transaction, chat_ids: Iterable[int]) -> None:
    """Wait until no other process does anything for these chats, and keep it so to the transaction's end.

    What is read afterwards is what the others left. On SQLite there is one writer at a time anyway.
    """
    if tx.connection.dialect.name == "postgresql":
        # In one order for everybody, so that nobody waits for somebody who waits for them.
        tx.connection.execute(_turns_statement(), {"chat_ids": sorted(chat_ids)}).all()


def person(tx: Transaction, person_id: int) -> Person | None:
    """The person of that id, or None."""
    row = tx.connection.execute(_person_statement(), {"person_id": person_id}).first()
    return None if row is None else _person(row)


def of_chat(tx: Transaction, chat_id: int) -> Person | None:
    """The person whose chat that is; None where it is nobody's, or not known at all."""
    person_id = tx.connection.scalar(select(ChatRow.person_id).where(ChatRow.id == chat_id))
    return None if person_id is None else person(tx, person_id)


def anybody_began(tx: Transaction, programme_id: str, zone: Zone, first_logins: Sequence[date]) -> bool:
    """Whether somebody in `zone` began their course on one of those dates."""
    asked = {"programme_id": programme_id, "zone": zone.value, "logins": first_logins}
    return tx.connection.execute(_began_statement(), asked).first() is not None


def further(tx: Transaction, programme_id: str, after: int, number: int) -> int | None:
    """The id of the programme's person `number` places behind the id `after`; None: there are fewer."""
    asked = {"programme_id": programme_id, "after": after, "places": number - 1}
    return tx.connection.execute(_further_statement(), asked).scalar()


def claim_link(tx: Transaction, person_id: int, serial: int) -> Link | None:
    """What is known of a code that was rightly signed; None where its person is gone."""
    row = tx.connection.execute(
        select(PersonRow.claim_serial, PersonRow.claim_expires_at, ChatRow.id.label("chat_id"))
        .outerjoin(ChatRow, ChatRow.person_id == PersonRow.id)
        .where(PersonRow.id == person_id)
    ).first()
    if row is None:
        return None
    return Link(person_id, serial, row.claim_serial, row.claim_expires_at, row.chat_id)


def link_chat(tx: Transaction, chat_id: int, person_id: int, now: datetime) -> None:
    """Make the chat that person's."""
    tx.connection.execute(update(ChatRow).where(ChatRow.id == chat_id).values(person_id=person_id))
    change(tx, person_id, now, claimed_at=now)


def change(tx: Transaction, person_id: int, now: datetime, **values: object) -> None:
    """Change columns of a person."""
    tx.connection.execute(update(PersonRow).where(PersonRow.id == person_id).values(updated_at=now, **values))


def set_language(tx: Transaction, chat_id: int, language: Language) -> None:
    """Remember a stranger's language."""
    tx.connection.execute(update(ChatRow).where(ChatRow.id == chat_id).values(language=language))


def set_reach(tx: Transaction, chat_id: int, reach: Reach, now: datetime) -> None:
    """Note whether the chat can be written to."""
    tx.connection.execute(
        update(ChatRow).where(ChatRow.id == chat_id).values(reach=reach, reach_changed_at=now)
    )


def enrol(
    tx: Transaction,
    *,
    programme: str,
    name: str,
    office: str,
    language: Language,
    origin: str,
    now: datetime,
) -> int:
    """Add somebody who was on no roster (their zone is asked next); returns their id."""
    statement = (
        insert(PersonRow)
        .values(
            programme_id=programme,
            name=name,
            office=office,
            role=Role.PARTICIPANT,
            language=language,
            zone=Zone.WIB,
            origin=origin,
            created_at=now,
            updated_at=now,
        )
        .returning(PersonRow.id)
    )
    return tx.connection.execute(statement).scalar_one()


# --- requests to be let in ----------------------------------------------------------------------------


def open_request(tx: Transaction, chat_id: int) -> str | None:
    """The kind of this chat's request that waits for a decision, or None."""
    return tx.connection.execute(
        select(RequestRow.kind).where(RequestRow.chat_id == chat_id, RequestRow.state == "open")
    ).scalar()


def request(tx: Transaction, values: Mapping[str, Any], now: datetime) -> int:
    """Record a request for a coordinator to decide; returns its id."""
    row = insert(RequestRow).values(**values, state="open", created_at=now)
    return tx.connection.execute(row.returning(RequestRow.id)).scalar_one()


def drop_requests(tx: Transaction, chat_id: int, now: datetime) -> None:
    """The chat's owner has got in otherwise: nobody needs to decide any more."""
    tx.connection.execute(
        update(RequestRow)
        .where(RequestRow.chat_id == chat_id, RequestRow.state == "open")
        .values(state="moot", decided_at=now)
    )


# What each update asks, built once: to build a statement takes longer than to run it.


@cache
def _chat_statement() -> Select[str, str, int | None]:
    # The row's lock is the order of a chat: see docs/delivery.md. What belongs to the chat is read after it,
    # by statements of their own: PostgreSQL would read it as of before the wait. (SQLite ignores the clause.)
    return (
        select(ChatRow.language, ChatRow.reach, ChatRow.person_id)
        .where(ChatRow.id == bindparam("chat_id"))
        .with_for_update(key_share=True)
    )


@cache
def _turns_statement() -> Select[int]:
    return (
        select(ChatRow.id)
        .where(ChatRow.id.in_(bindparam("chat_ids", expanding=True)))
        .order_by(ChatRow.id)
        .with_for_update(key_share=True)
    )


@cache
def _person_statement() -> Select[Any]:
    return (
        select(PersonRow.__table__, ChatRow.id.label("chat_id"))
        .outerjoin(ChatRow, ChatRow.person_id == PersonRow.id)
        .where(PersonRow.id == bindparam("person_id"))
    )


@cache
def _began_statement() -> Select[Any]:
    return (
        select(PersonRow.id)
        .where(
            PersonRow.programme_id == bindparam("programme_id"),
            PersonRow.zone == bindparam("zone"),
            PersonRow.first_login.in_(bindparam("logins", expanding=True)),
        )
        .limit(1)
    )


@cache
def _further_statement() -> Select[Any]:
    return (
        select(PersonRow.id)
        .where(
            PersonRow.programme_id == bindparam("programme_id"),
            PersonRow.id > bindparam("after"),
        )
        .order_by(PersonRow.id)
        .offset(bindparam("places"))
        .limit(1)
    )


def _person(row: Row[Any]) -> Person:
    r = row._mapping  # "class" is a column's name, and a keyword
    return Person(
        id=r["id"],
        programme=r["programme_id"],
        name=r["name"],
        role=Role(r["role"]),
        office=r["office"],
        province=r["province"],
        wave=r["wave"],
        class_=r["class"],
        group=r["group_name"],
        language=Language(r["language"]),
        zone=Zone(r["zone"]),
        chat_id=r["chat_id"],
        consented_at=r["consented_at"],
        withdrawn_at=r["withdrawn_at"],
        first_login=r["first_login"],
        joined_at=r["joined_at"],
    )
