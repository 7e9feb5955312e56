"""People as a roster has them: who is known already, who is new, and who gets a claim link."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, exists, insert, select, update

from bot.domain.people import Role
from bot.domain.zones import Zone
from bot.storage.database import Transaction
from bot.storage.tables import ChatRow, PersonRow


@dataclass(frozen=True, slots=True)
class Listed:
    """What a roster says of somebody; None (and an empty office) where it says nothing."""

    nip: str
    name: str
    office: str
    province: str | None
    wave: str | None
    class_: str | None
    group: str | None


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody whom an earlier roster brought."""

    id: int
    listed: Listed
    zone: Zone


@dataclass(frozen=True, slots=True)
class Claimable:
    """Somebody who is given a claim link: the serial of the current one, and whether a chat is theirs."""

    id: int
    nip: str | None
    name: str
    office: str
    province: str | None
    wave: str | None
    class_: str | None
    group: str | None
    serial: int
    claimed: bool


def known_people(tx: Transaction, programme_id: str) -> dict[str, Known]:
    """The programme's people by NIP."""
    columns = (
        PersonRow.id,
        PersonRow.nip,
        PersonRow.name,
        PersonRow.office,
        PersonRow.province,
        PersonRow.wave,
        PersonRow.class_,
        PersonRow.group,
        PersonRow.zone,
    )
    rows = tx.connection.execute(
        select(*columns).where(PersonRow.programme_id == programme_id, PersonRow.nip.is_not(None))
    )
    return {
        nip: Known(person_id, Listed(nip, name, office, province, wave, class_, group), Zone(zone))
        for person_id, nip, name, office, province, wave, class_, group, zone in rows
        if nip is not None
    }


def add_people(
    tx: Transaction,
    programme_id: str,
    people: Iterable[tuple[Listed, Zone]],
    *,
    claim_expires_at: datetime,
    now: datetime,
) -> None:
    """Enter new participants; nobody is told anything before they have claimed their link."""
    rows = [
        {
            "programme_id": programme_id,
            "nip": person.nip,
            "name": person.name,
            "role": Role.PARTICIPANT.value,
            "office": person.office,
            "province": person.province,
            "wave": person.wave,
            "class": person.class_,  # by column, as Core takes them
            "group_name": person.group,
            "zone": zone.value,
            "claim_expires_at": claim_expires_at,
            "created_at": now,
            "updated_at": now,
        }
        for person, zone in people
    ]
    if rows:
        tx.connection.execute(insert(PersonRow), rows)


def change_people(tx: Transaction, people: Iterable[tuple[int, Listed, Zone]], *, now: datetime) -> None:
    """Give people of known ids what a newer roster says; consent, progress and links stay as they are."""
    rows = [
        {
            "person": person_id,
            "new_name": listed.name,
            "new_office": listed.office,
            "new_province": listed.province,
            "new_wave": listed.wave,
            "new_class": listed.class_,
            "new_group": listed.group,
            "new_zone": zone.value,
        }
        for person_id, listed, zone in people
    ]
    if rows:
        statement = (
            update(PersonRow)
            .where(PersonRow.id == bindparam("person"))
            .values(
                {
                    PersonRow.name: bindparam("new_name"),
                    PersonRow.office: bindparam("new_office"),
                    PersonRow.province: bindparam("new_province"),
                    PersonRow.wave: bindparam("new_wave"),
                    PersonRow.class_: bindparam("new_class"),
                    PersonRow.group: bindparam("new_group"),
                    PersonRow.zone: bindparam("new_zone"),
                    PersonRow.updated_at: now,
                }
            )
        )
        tx.connection.execute(statement, rows)


def claimable_people(
    tx: Transaction,
    programme_id: str,
    *,
    offices: Sequence[str] = (),
    nips: Sequence[str] = (),
    unclaimed_only: bool = False,
) -> tuple[Claimable, ...]:
    """The people on the programme's roster, in the order in which printed sheets are handed out."""
    claimed = exists().where(ChatRow.person_id == PersonRow.id)
    query = (
        select(
            PersonRow.id,
            PersonRow.nip,
            PersonRow.name,
            PersonRow.office,
            PersonRow.province,
            PersonRow.wave,
            PersonRow.class_,
            PersonRow.group,
            PersonRow.claim_serial,
            claimed.label("claimed"),
        )
        .where(PersonRow.programme_id == programme_id, PersonRow.origin == "roster")
        .order_by(PersonRow.office, PersonRow.class_, PersonRow.group, PersonRow.name, PersonRow.id)
    )
    if offices:
        query = query.where(PersonRow.office.in_(offices))
    if nips:
        query = query.where(PersonRow.nip.in_(nips))
    if unclaimed_only:
        query = query.where(~claimed)
    return tuple(
        Claimable(
            row.id, row.nip, row.name, row.office, row.province, row.wave, row[6], row[7], row[8], row.claimed
        )
        for row in tx.connection.execute(query)
    )


def extend_links(tx: Transaction, programme_id: str, expires_at: datetime) -> None:
    """Let every link of the programme be good until `expires_at` (aware)."""
    tx.connection.execute(
        update(PersonRow)
        .where(
            PersonRow.programme_id == programme_id,
            PersonRow.claim_expires_at.is_distinct_from(expires_at),
        )
        .values(claim_expires_at=expires_at)
    )


def serial(tx: Transaction, person_id: int) -> int:
    """The serial of somebody's present claim link."""
    return tx.connection.execute(select(PersonRow.claim_serial).where(PersonRow.id == person_id)).scalar_one()


def renew_links(tx: Transaction, people: Sequence[int], *, now: datetime) -> None:
    """Void the claim links of people of these ids, and part them from the chats in which they were used."""
    statement = (
        update(PersonRow)
        .where(PersonRow.id == bindparam("person"))
        .values(claim_serial=PersonRow.claim_serial + 1, claimed_at=None, updated_at=now)
    )
    parting = update(ChatRow).where(ChatRow.person_id == bindparam("person")).values(person_id=None)
    if people:
        rows = [{"person": person_id} for person_id in people]
        tx.connection.execute(statement, rows)
        tx.connection.execute(parting, rows)
