"""Attendance: the evidence, what it comes to, and names of Zoom reports that wait to be settled."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, delete, func, insert, or_, select, update

from bot.domain.attendance import Arrival, Evidence, Grade, Kind, Leg, Standing, standing
from bot.domain.people import Role
from bot.domain.programme import CheckIn
from bot.domain.staff import EVERYTHING, Scope
from bot.storage import locks
from bot.storage.database import Transaction
from bot.storage.staff import within
from bot.storage.tables import AttendanceRow, EvidenceRow, PersonRow, ZoomNameRow
from bot.storage.upsert import insert_new, upsert_all

_AT_ONCE = 500  # people of one statement: SQLite takes so many parameters


@dataclass(frozen=True, slots=True)
class Entry:
    """A piece of evidence as it is kept: whose, at what, and who made it."""

    person: int
    session: str
    evidence: Evidence
    key: str = ""
    step: int | None = None
    note: str = ""
    made_by: int | None = None
    made_by_name: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """A piece of evidence as it is shown."""

    evidence: Evidence
    step: int | None
    note: str
    made_by_name: str


@dataclass(frozen=True, slots=True)
class Count:
    """How many of those considered are of which grade, and how many say they were there."""

    people: int
    present: int
    partial: int
    contested: int

    @property
    def none(self) -> int:
        """How many of whom nothing is known."""
        return self.people - self.present - self.partial


@dataclass(frozen=True, slots=True)
class Listed:
    """Somebody and how they stand."""

    id: int
    name: str
    nip: str | None
    office: str
    wave: str | None
    class_: str | None
    group: str | None
    grade: str
    arrived_at: datetime | None
    left_at: datetime | None
    minutes: int | None
    decided: bool
    contested: bool


@dataclass(frozen=True, slots=True)
class ZoomName:
    """A name of a report."""

    id: int
    session: str
    name: str
    original: str
    minutes: int
    since: datetime | None
    until: datetime | None
    perhaps: tuple[int, ...]
    people: tuple[int, ...]
    state: str
    report: str


# --- evidence ---------------------------------------------------------------------------------------------


def add(tx: Transaction, programme_id: str, entries: Sequence[Entry]) -> None:
    """Keep the pieces; those that are there already are left as they were."""
    if not entries:
        return
    rows = [_row(programme_id, each) for each in entries]
    tx.connection.execute(insert_new(tx.connection, EvidenceRow), rows)


def evidence(tx: Transaction, session_id: str, people: Iterable[int]) -> dict[int, list[Evidence]]:
    """What there is of each of them at a session, in the order in which it came."""
    found: defaultdict[int, list[Evidence]] = defaultdict(list)
    for some in _some(people):
        rows = tx.connection.execute(
            select(*_PIECES)
            .where(EvidenceRow.session_id == session_id, EvidenceRow.person_id.in_(some))
            .order_by(EvidenceRow.id)
        )
        for row in rows:
            found[row.person_id].append(_evidence(row))
    return dict(found)


def ledger(tx: Transaction, session_id: str, person_id: int) -> list[Kept]:
    """All that is kept of somebody at a session, in the order in which it came."""
    rows = tx.connection.execute(
        select(*_PIECES, EvidenceRow.step, EvidenceRow.note, EvidenceRow.made_by_name)
        .where(EvidenceRow.session_id == session_id, EvidenceRow.person_id == person_id)
        .order_by(EvidenceRow.id)
    )
    return [Kept(_evidence(row), row.step, row.note, row.made_by_name) for row in rows]


def weigh(
    tx: Transaction,
    programme_id: str,
    session_id: str,
    rule: CheckIn,
    people: Iterable[int],
    now: datetime,
    *,
    since: datetime | None = None,
) -> dict[int, Standing]:
    """Work out anew what these people's evidence (taps and codes: `since`) comes to; how each stands now."""
    ids = sorted(set(people))
    for some in _some(ids) if tx.connection.dialect.name == "postgresql" else ():
        # One after the other: else of two who add evidence at once, neither would see the other's. A row that
        # is not there yet cannot be locked, so it is put there first.
        tx.connection.execute(
            insert_new(tx.connection, AttendanceRow),
            [
                {
                    "person_id": person_id,
                    "session_id": session_id,
                    "programme_id": programme_id,
                    "grade": Grade.NONE.value,
                    "decided": False,
                    "contested": False,
                    "updated_at": now,
                }
                for person_id in some
            ],
        )
        theirs = select(AttendanceRow.person_id).where(
            AttendanceRow.session_id == session_id, AttendanceRow.person_id.in_(some)
        )
        locks.hold(tx, theirs.order_by(AttendanceRow.person_id))
    there = evidence(tx, session_id, ids)
    found = {person_id: standing(rule, there.get(person_id, ()), since=since) for person_id in ids}
    rows = [
        {
            "person_id": person_id,
            "session_id": session_id,
            "programme_id": programme_id,
            "grade": one.grade.value,
            "arrived_at": one.arrived,
            "left_at": one.left,
            "minutes": one.minutes,
            "decided": one.decided,
            "contested": one.contested,
            "updated_at": now,
        }
        for person_id, one in found.items()
    ]
    if rows:
        tx.connection.execute(upsert_all(tx.connection, AttendanceRow, key=("person_id", "session_id")), rows)
    return found


def wrong_codes(tx: Transaction, session_id: str, person_id: int) -> int:
    """How many codes somebody sent at a session that were none."""
    return tx.connection.execute(
        select(func.count()).where(
            EvidenceRow.person_id == person_id,
            EvidenceRow.session_id == session_id,
            EvidenceRow.kind == Kind.CODE.value,
            EvidenceRow.step.is_(None),
        )
    ).scalar_one()


def arrivals(tx: Transaction, programme_id: str, session_id: str, scope: Scope) -> list[Arrival]:
    """Every code that was sent of a session, right or late, by those in the scope."""
    rows = tx.connection.execute(
        select(EvidenceRow.step, EvidenceRow.lag, PersonRow.office, EvidenceRow.at)
        .join(PersonRow, PersonRow.id == EvidenceRow.person_id)
        .where(
            *_of(EvidenceRow, programme_id, session_id),
            EvidenceRow.kind == Kind.CODE.value,
            EvidenceRow.step.is_not(None),
            *_considered(programme_id, scope),
        )
    )
    return [Arrival(row.step, timedelta(seconds=row.lag or 0), row.office, row.at) for row in rows]


def late_codes(tx: Transaction, programme_id: str, session_id: str, scope: Scope) -> int:
    """How many people of the scope sent a code that did not stand any more."""
    return tx.connection.execute(
        select(func.count(EvidenceRow.person_id.distinct()))
        .join(PersonRow, PersonRow.id == EvidenceRow.person_id)
        .where(
            *_of(EvidenceRow, programme_id, session_id),
            EvidenceRow.kind == Kind.CODE.value,
            EvidenceRow.counts.is_(False),
            EvidenceRow.step.is_not(None),
            *_considered(programme_id, scope),
        )
    ).scalar_one()


# --- how people stand -------------------------------------------------------------------------------------


def present(programme_id: str, session_id: str) -> Select[int]:
    """Select the ids of those who were at a session."""
    return select(AttendanceRow.person_id).where(
        *_of(AttendanceRow, programme_id, session_id), AttendanceRow.grade == Grade.PRESENT.value
    )


def checked_in(programme_id: str, session_id: str) -> Select[int]:
    """Select the ids of those who have come, by what is known while a session goes on."""
    return select(AttendanceRow.person_id).where(
        *_of(AttendanceRow, programme_id, session_id), AttendanceRow.arrived_at.is_not(None)
    )


def number_checked_in(tx: Transaction, programme_id: str, session_id: str) -> int:
    """How many `checked_in` selects."""
    whom = checked_in(programme_id, session_id).subquery()
    return tx.connection.execute(select(func.count()).select_from(whom)).scalar_one()


def contesting(tx: Transaction, programme_id: str, session_id: str) -> set[int]:
    """The ids of those who say that they were there, which is not decided."""
    found = tx.connection.scalars(
        select(AttendanceRow.person_id).where(
            *_of(AttendanceRow, programme_id, session_id), AttendanceRow.contested.is_(True)
        )
    )
    return set(found)


def of_person(tx: Transaction, person_id: int, *, to_change: bool = False) -> dict[str, Standing]:
    """How somebody stands, by session. `to_change`: until the transaction ends, nobody else changes it."""
    if to_change:
        mine = select(AttendanceRow.session_id).where(AttendanceRow.person_id == person_id)
        locks.hold(tx, mine.order_by(AttendanceRow.session_id))
    rows = tx.connection.execute(
        select(
            AttendanceRow.session_id,
            AttendanceRow.grade,
            AttendanceRow.arrived_at,
            AttendanceRow.left_at,
            AttendanceRow.minutes,
            AttendanceRow.decided,
            AttendanceRow.contested,
        ).where(AttendanceRow.person_id == person_id)
    )
    return {row.session_id: Standing(Grade(row.grade), *row[2:]) for row in rows}


def counts(tx: Transaction, programme_id: str, session_id: str, scope: Scope = EVERYTHING) -> Count:
    """How those of the scope stand."""

    def number(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    statement = (
        select(
            func.count(),
            number(AttendanceRow.grade == Grade.PRESENT.value),
            number(AttendanceRow.grade == Grade.PARTIAL.value),
            number(AttendanceRow.contested.is_(True)),
        )
        .select_from(PersonRow)
        .outerjoin(AttendanceRow, _theirs(session_id))
        .where(*_considered(programme_id, scope))
    )
    return Count(*map(int, tx.connection.execute(statement).one()))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of a session's people, in which order."""

    name: str = ""
    office: str = ""
    grade: str = ""
    contested: bool = False
    order: str = "name"
    down: bool = False


def people(
    tx: Transaction,
    programme_id: str,
    session_id: str,
    scope: Scope,
    wanted: Wanted,
    *,
    limit: int | None = None,
    offset: int = 0,
) -> Iterator[Listed]:
    """The people of a session within the scope, whether or not anything is known of them."""
    order = _ORDERS[wanted.order]
    statement = (
        select(*_LISTED)
        .outerjoin(AttendanceRow, _theirs(session_id))
        .where(*_considered(programme_id, scope), *_conditions(wanted))
        .order_by(*((each.desc() if wanted.down else each.asc()) for each in order), PersonRow.id)
        .limit(limit)
    )
    if offset:
        statement = statement.offset(offset)
    rows = tx.connection.execution_options(yield_per=1_000).execute(statement)
    return (Listed(*row) for row in rows)


def count(tx: Transaction, programme_id: str, session_id: str, scope: Scope, wanted: Wanted) -> int:
    """How many `people` lists."""
    return tx.connection.execute(
        select(func.count())
        .select_from(PersonRow)
        .outerjoin(AttendanceRow, _theirs(session_id))
        .where(*_considered(programme_id, scope), *_conditions(wanted))
    ).scalar_one()


def person(
    tx: Transaction, programme_id: str, session_id: str, scope: Scope, person_id: int
) -> Listed | None:
    """One of a session's people; None of who is not within the scope."""
    row = tx.connection.execute(
        select(*_LISTED)
        .outerjoin(AttendanceRow, _theirs(session_id))
        .where(*_considered(programme_id, scope), PersonRow.id == person_id)
    ).first()
    return None if row is None else Listed(*row)


def known(
    tx: Transaction, programme_id: str, scope: Scope = EVERYTHING, ids: Sequence[int] | None = None
) -> list[tuple[int, str, str]]:
    """(id, name, office) of the programme's people within the scope: all, or of these ids."""
    statement = select(PersonRow.id, PersonRow.name, PersonRow.office).where(
        *_considered(programme_id, scope)
    )
    if ids is not None:
        statement = statement.where(PersonRow.id.in_(ids))
    return [
        (row.id, row.name, row.office) for row in tx.connection.execute(statement.order_by(PersonRow.name))
    ]


# --- names of Zoom reports --------------------------------------------------------------------------------


def keep_names(
    tx: Transaction, programme_id: str, session_id: str, names: Sequence[Mapping[str, Any]]
) -> None:
    """Keep names that are to be settled (columns of `ZoomNameRow`)."""
    if names:
        tx.connection.execute(
            insert(ZoomNameRow),
            [{"programme_id": programme_id, "session_id": session_id, **each} for each in names],
        )


def drop_open_names(tx: Transaction, programme_id: str, session_id: str, report: str) -> None:
    """Forget what an earlier import of the same report left open."""
    tx.connection.execute(
        delete(ZoomNameRow).where(
            *_of(ZoomNameRow, programme_id, session_id),
            ZoomNameRow.report == report,
            ZoomNameRow.state == "open",
        )
    )


def graded(tx: Transaction, programme_id: str, session_id: str) -> list[int]:
    """The ids of those of whom there is anything at a session."""
    found = tx.connection.scalars(
        select(AttendanceRow.person_id).where(*_of(AttendanceRow, programme_id, session_id))
    )
    return sorted(found)


def settled(tx: Transaction, programme_id: str) -> dict[str, set[tuple[int, ...]]]:
    """Whom names were settled to be, in any session, each time: on the next day people have the same ones."""
    rows = tx.connection.execute(
        select(ZoomNameRow.plain, ZoomNameRow.people)
        .where(ZoomNameRow.programme_id == programme_id, ZoomNameRow.state == "settled")
        .order_by(ZoomNameRow.id)
    )
    found: defaultdict[str, set[tuple[int, ...]]] = defaultdict(set)
    for row in rows:
        found[row.plain].add(tuple(row.people))
    return dict(found)


def open_names(tx: Transaction, programme_id: str, session_id: str) -> list[ZoomName]:
    """Those that wait, the ones for which somebody is proposed first, then by name."""
    rows = tx.connection.execute(
        select(*_NAMES)
        .where(*_of(ZoomNameRow, programme_id, session_id), ZoomNameRow.state == "open")
        .order_by(ZoomNameRow.name, ZoomNameRow.id)
    )
    return sorted((_name(row) for row in rows), key=lambda each: not each.perhaps)


def name(tx: Transaction, programme_id: str, name_id: int) -> ZoomName | None:
    """One of a programme's names."""
    row = tx.connection.execute(
        select(*_NAMES).where(ZoomNameRow.programme_id == programme_id, ZoomNameRow.id == name_id)
    ).first()
    return None if row is None else _name(row)


def number_open(tx: Transaction, programme_id: str, session_id: str) -> int:
    """How many names of a session `open_names` lists."""
    return tx.connection.execute(
        select(func.count()).where(*_of(ZoomNameRow, programme_id, session_id), ZoomNameRow.state == "open")
    ).scalar_one()


def prune_names(tx: Transaction, before: datetime) -> int:
    """Forget the names of reports that were imported before, settled or not; how many."""
    return tx.connection.execute(delete(ZoomNameRow).where(ZoomNameRow.imported_at < before)).rowcount


def settle(tx: Transaction, name_id: int, people: Sequence[int], state: str, *, by: int | None) -> bool:
    """Say who an open name is: these people, or `nobody`; whether nobody has said so before."""
    statement = (
        update(ZoomNameRow)
        .where(ZoomNameRow.id == name_id, ZoomNameRow.state == "open")
        .values(people=list(people), state=state, settled_by=by)
    )
    return tx.connection.execute(statement).rowcount == 1


# --- inside -----------------------------------------------------------------------------------------------

_PIECES = (
    EvidenceRow.person_id,
    EvidenceRow.kind,
    EvidenceRow.at,
    EvidenceRow.leg,
    EvidenceRow.counts,
    EvidenceRow.minutes,
    EvidenceRow.since,
    EvidenceRow.until,
    EvidenceRow.lag,
    EvidenceRow.received_at,
)
_GRADE = func.coalesce(AttendanceRow.grade, Grade.NONE.value)
_LISTED: tuple[Any, ...] = (
    PersonRow.id,
    PersonRow.name,
    PersonRow.nip,
    PersonRow.office,
    PersonRow.wave,
    PersonRow.class_,
    PersonRow.group,
    _GRADE,
    AttendanceRow.arrived_at,
    AttendanceRow.left_at,
    AttendanceRow.minutes,
    func.coalesce(AttendanceRow.decided, False),
    func.coalesce(AttendanceRow.contested, False),
)
_ORDERS: Mapping[str, tuple[Any, ...]] = {
    "name": (PersonRow.name,),
    "office": (PersonRow.office, PersonRow.name),
    "grade": (_GRADE, PersonRow.name),
    "arrived": (AttendanceRow.arrived_at,),
    "minutes": (AttendanceRow.minutes,),
}
_NAMES = (
    ZoomNameRow.id,
    ZoomNameRow.session_id,
    ZoomNameRow.name,
    ZoomNameRow.original,
    ZoomNameRow.minutes,
    ZoomNameRow.since,
    ZoomNameRow.until,
    ZoomNameRow.perhaps,
    ZoomNameRow.people,
    ZoomNameRow.state,
    ZoomNameRow.report,
)


def _of(
    table: type[EvidenceRow | AttendanceRow | ZoomNameRow], programme_id: str, session_id: str
) -> tuple[ColumnElement[bool], ...]:
    return (table.programme_id == programme_id, table.session_id == session_id)


def _theirs(session_id: str) -> ColumnElement[bool]:
    return and_(AttendanceRow.person_id == PersonRow.id, AttendanceRow.session_id == session_id)


def _considered(programme_id: str, scope: Scope) -> tuple[ColumnElement[bool], ...]:
    """Participants who are no test accounts, whether or not they have a chat, or want messages any more.

    A sheet is an official record, and who stops the messages was there all the same. Whoever only ever came
    to coordinate or to speak was not: they are withdrawn when their role is taken away.
    """
    return (
        PersonRow.programme_id == programme_id,
        PersonRow.role == Role.PARTICIPANT.value,
        PersonRow.is_test.is_(False),
        or_(PersonRow.withdrawn_at.is_(None), PersonRow.origin != "invitation"),
        *within(scope),
    )


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.name:
        conditions.append(PersonRow.name.icontains(wanted.name, autoescape=True))
    if wanted.office:
        conditions.append(PersonRow.office.icontains(wanted.office, autoescape=True))
    if wanted.grade:
        conditions.append(_GRADE.in_([wanted.grade]))
    if wanted.contested:
        conditions.append(AttendanceRow.contested.is_(True))
    return conditions


def _row(programme_id: str, entry: Entry) -> dict[str, Any]:
    piece = entry.evidence
    return {
        "programme_id": programme_id,
        "session_id": entry.session,
        "person_id": entry.person,
        "kind": piece.kind.value,
        "key": entry.key,
        "leg": None if piece.leg is None else piece.leg.value,
        "at": piece.at,
        "received_at": piece.received,
        "counts": piece.counts,
        "minutes": piece.minutes,
        "since": piece.since,
        "until": piece.until,
        "step": entry.step,
        "lag": None if piece.lag is None else int(piece.lag.total_seconds()),
        "note": entry.note,
        "made_by": entry.made_by,
        "made_by_name": entry.made_by_name,
    }


def _evidence(row: Any) -> Evidence:
    return Evidence(
        Kind(row.kind),
        row.at,
        None if row.leg is None else Leg(row.leg),
        row.counts,
        row.minutes,
        row.since,
        row.until,
        None if row.lag is None else timedelta(seconds=row.lag),
        row.received_at,
    )


def _name(row: Any) -> ZoomName:
    return ZoomName(
        row.id,
        row.session_id,
        row.name,
        row.original,
        row.minutes,
        row.since,
        row.until,
        tuple(row.perhaps),
        tuple(row.people),
        row.state,
        row.report,
    )


def _some(ids: Iterable[int]) -> Iterator[list[int]]:
    every = list(ids)
    for first in range(0, len(every), _AT_ONCE):
        yield every[first : first + _AT_ONCE]
