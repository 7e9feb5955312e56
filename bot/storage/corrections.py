"""Corrections of the timetable: what stands, what stood when, and whom the sent messages have told what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    exists,
    false,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.orm import aliased

from bot.domain.corrections import Change, Correction, Kind, SessionChange
from bot.domain.staff import Actor
from bot.storage import catalogues, locks, outbox
from bot.storage.audit import COMMAND_LINE
from bot.storage.catalogues import StaleError
from bot.storage.copies import Which
from bot.storage.database import Transaction
from bot.storage.spans import EVERYTHING, Span
from bot.storage.tables import IS_OPEN, CorrectionRow, OutboxRow, WaveRow

CHANNEL = "rekan_corrected"
"""On which PostgreSQL tells other processes of a correction, as it is committed."""

_CORRECTING = 7_235_244  # the PostgreSQL advisory lock of whoever corrects


@dataclass(frozen=True, slots=True)
class Standing:
    """A correction that holds, and who made it when."""

    id: int
    programme_id: str
    correction: Correction
    made_by: str
    made_at: datetime


def be_current(tx: Transaction) -> None:
    """Go on only with the newest catalogue: else the transaction is undone and run again with that.

    To be called when the rows it is about are locked, so that whoever corrects comes before or after.
    """
    if catalogues.version(tx.connection) != tx.catalogue.version:
        raise StaleError


def begin(tx: Transaction) -> None:
    """Correct alone, and on top of everything that was corrected before."""
    if tx.connection.dialect.name == "postgresql":
        tx.connection.execute(select(func.pg_advisory_xact_lock(_CORRECTING)))
    be_current(tx)


def add(
    tx: Transaction, programme_id: str, correction: Correction, actor: Actor | None, now: datetime
) -> int:
    """Note a correction, in the place of the one that stood for the same thing; returns its id."""
    end(tx, programme_id, correction.kind, correction.item, now)
    row = insert(CorrectionRow).values(
        programme_id=programme_id,
        kind=correction.kind.value,
        item=correction.item,
        change=catalogues.dump(correction.change),
        stated=dict(correction.stated),
        made_by=None if actor is None else actor.person.id,
        made_by_name=COMMAND_LINE if actor is None else actor.person.name,
        made_at=now,
    )
    number: int = tx.connection.execute(row.returning(CorrectionRow.id)).scalar_one()
    return number


def end(tx: Transaction, programme_id: str, kind: Kind, item: str, now: datetime) -> bool:
    """The files hold again for an entry or a session; whether they did not."""
    statement = (
        update(CorrectionRow)
        .where(
            CorrectionRow.programme_id == programme_id,
            CorrectionRow.kind == kind.value,
            CorrectionRow.item == item,
            CorrectionRow.undone_at.is_(None),
        )
        .values(undone_at=now)
    )
    return tx.connection.execute(statement).rowcount == 1


def renewed(tx: Transaction) -> Transaction:
    """The transaction with the catalogue as it has now been corrected; others hear of it at the commit."""
    if tx.connection.dialect.name == "postgresql":
        tx.connection.execute(select(func.pg_notify(CHANNEL, "")))
    return tx.renew(catalogues.current(tx.connection, tx.catalogue.as_written()))


def standing(tx: Transaction, programme_id: str) -> list[Standing]:
    """What stands of a programme, in the order in which it was corrected."""
    rows = tx.connection.execute(
        select(CorrectionRow.__table__)
        .where(CorrectionRow.programme_id == programme_id, CorrectionRow.undone_at.is_(None))
        .order_by(CorrectionRow.id)
    )
    return [
        Standing(row.id, row.programme_id, catalogues.correction(row), row.made_by_name, row.made_at)
        for row in rows
    ]


def programmes(tx: Transaction) -> list[str]:
    """The programmes of which something is corrected, in order."""
    found = select(CorrectionRow.programme_id).where(CorrectionRow.undone_at.is_(None)).distinct()
    return sorted(tx.connection.scalars(found))


def change_of(tx: Transaction, programme_id: str, kind: Kind, item: str) -> Change | None:
    """What stands for an entry or a session; None where the files hold."""
    found = tx.connection.scalar(
        select(CorrectionRow.change).where(
            CorrectionRow.programme_id == programme_id,
            CorrectionRow.kind == kind.value,
            CorrectionRow.item == item,
            CorrectionRow.undone_at.is_(None),
        )
    )
    return None if found is None else catalogues.load(found)


def known_items(tx: Transaction, programme_id: str, kind: Kind) -> set[str]:
    """The ids of everything of that kind that was ever corrected or added."""
    found = tx.connection.scalars(
        select(CorrectionRow.item).where(
            CorrectionRow.programme_id == programme_id, CorrectionRow.kind == kind.value
        )
    )
    return set(found)


def of_session(
    tx: Transaction, programme_id: str, session_id: str
) -> list[tuple[datetime, datetime | None, SessionChange]]:
    """Every change of a session that ever stood, from when until when."""
    rows = tx.connection.execute(
        select(CorrectionRow.change, CorrectionRow.made_at, CorrectionRow.undone_at)
        .where(
            CorrectionRow.programme_id == programme_id,
            CorrectionRow.kind == Kind.SESSION.value,
            CorrectionRow.item == session_id,
        )
        .order_by(CorrectionRow.id)
    )
    changes = ((row.made_at, row.undone_at, catalogues.load(row.change)) for row in rows)
    return [(since, until, each) for since, until, each in changes if isinstance(each, SessionChange)]


# --- what was said ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rung:
    """A wave of an entry that may no longer ring when it did."""

    id: int
    entry_id: str
    zone: str
    due_at: datetime
    state: str


def rung(
    tx: Transaction, programme_id: str, entry_ids: Sequence[str], *, all_of_them: bool = False
) -> list[Rung]:
    """The waves of these entries; unless `all_of_them`, not what was missed, given up or taken back."""
    over = ("missed",) if all_of_them else ("missed", "cancelled", "moved")
    rows = tx.connection.execute(
        select(WaveRow.id, WaveRow.entry_id, WaveRow.zone, WaveRow.due_at, WaveRow.state)
        .where(
            WaveRow.programme_id == programme_id,
            WaveRow.entry_id.in_(entry_ids),
            WaveRow.state.not_in(over),
        )
        .order_by(WaveRow.id)
    )
    return [Rung(*row) for row in rows]


def unsent(tx: Transaction, wave_ids: Sequence[int]) -> int:
    """How many messages of these waves are neither sent nor on their way."""
    return tx.connection.execute(
        select(func.count()).where(OutboxRow.wave_id.in_(wave_ids), OutboxRow.state.in_(("owed", "held")))
    ).scalar_one()


def unsent_for(tx: Transaction, prefix: str) -> int:
    """How many messages are owed for a reason that begins so."""
    return tx.connection.execute(
        select(func.count()).where(
            IS_OPEN,
            OutboxRow.state == "owed",
            OutboxRow.reason.startswith(prefix, autoescape=True),
        )
    ).scalar_one()


def take_back(tx: Transaction, wave_id: int, mark: int, now: datetime) -> int:
    """What a wave owes is owed no more, and the wave has not rung; how many messages.

    Their reasons get a `mark`, so that the same can be owed again. What is on its way is not tried again.
    """
    tx.connection.execute(update(WaveRow).where(WaveRow.id == wave_id).values(state="moved"))
    return _withdraw(tx, (OutboxRow.wave_id == wave_id, OutboxRow.state.in_(("owed", "held"))), mark, now)


def take_back_for(tx: Transaction, prefix: str, mark: int, now: datetime) -> int:
    """What is owed for reasons that begin so is owed no more; how many messages."""
    which = (
        IS_OPEN,
        OutboxRow.state == "owed",
        OutboxRow.reason.startswith(prefix, autoescape=True),
    )
    return _withdraw(tx, which, mark, now)


def _withdraw(tx: Transaction, which: Sequence[Any], mark: int, now: datetime) -> int:
    statement = (
        update(OutboxRow)
        .where(*which)
        .values(
            state="withdrawn",
            settled_at=now,
            error="the timetable was corrected",
            reason=OutboxRow.reason + literal(f"#{mark}"),
        )
    )
    return tx.connection.execute(statement).rowcount


def let_expire(tx: Transaction, wave_id: int, now: datetime) -> None:
    """What of a wave is on its way is not tried again, should it not arrive."""
    tx.connection.execute(
        update(OutboxRow)
        .where(OutboxRow.wave_id == wave_id, OutboxRow.state == "sending")
        .values(not_after=now)
    )


def carry_over(tx: Transaction, wave_id: int, reason: str) -> int:
    """Who has had a wave's message has had it for another reason too: it is not owed them again. How many."""
    other = aliased(OutboxRow)
    statement = (
        update(OutboxRow)
        .where(
            OutboxRow.wave_id == wave_id,
            OutboxRow.state.in_(("sent", "sending", "failed")),
            ~exists().where(other.person_id == OutboxRow.person_id, other.reason == reason),
        )
        .values(reason=reason)
    )
    return tx.connection.execute(statement).rowcount


def hold_still(tx: Transaction, wave_ids: Sequence[int]) -> None:
    """Nobody begins to send a message of these waves until the transaction ends (PostgreSQL)."""
    owed = select(OutboxRow.id).where(OutboxRow.wave_id.in_(wave_ids), OutboxRow.state == "owed")
    locks.hold(tx, owed.order_by(OutboxRow.id))


def notices(tx: Transaction, programme_id: str, names: str) -> list[tuple[int, str]]:
    """The waves whose names begin so, each with its state."""
    rows = tx.connection.execute(
        select(WaveRow.id, WaveRow.state)
        .where(
            WaveRow.programme_id == programme_id,
            WaveRow.entry_id.startswith(names, autoescape=True),
        )
        .order_by(WaveRow.id)
    )
    return [(row.id, row.state) for row in rows]


def last_said(tx: Transaction, wave_ids: Sequence[int]) -> datetime | None:
    """When the newest message of these waves was there (aware UTC)."""
    return tx.connection.scalar(
        select(func.max(OutboxRow.settled_at)).where(
            OutboxRow.wave_id.in_(wave_ids), OutboxRow.state == "sent"
        )
    )


def told_otherwise(
    wave_ids: Sequence[int],
    alike: Sequence[tuple[datetime | None, datetime | None]],
    *,
    on_its_way: bool,
    people: Span = EVERYTHING,
) -> Select[int | None]:
    """The ids of those of `people` whom the newest message of these waves told something else.

    `alike`: from when until when (None: ever) it would have told the same as now. Where `on_its_way`, what is
    counts as told, and as something else: so it is as long as nothing has been sent since the correction.
    """
    newest = func.max(OutboxRow.settled_at)
    same: list[ColumnElement[bool]] = [
        and_(
            *([newest >= since] if since is not None else []),
            *([newest < until] if until is not None else []),
        )
        for since, until in alike
    ]
    # Of a span of people by their own index: the waves' would look through all of them for each span.
    of_them = (
        OutboxRow.wave_id.in_(wave_ids)
        if people == EVERYTHING
        else func.coalesce(OutboxRow.wave_id, 0).in_(wave_ids)
    )
    going = func.max(case((OutboxRow.state == "sending", 1), else_=0)) == 1
    return (
        select(OutboxRow.person_id)
        .where(
            *people.holds(OutboxRow.person_id),
            of_them,
            OutboxRow.state.in_(("sent", "sending") if on_its_way else ("sent",)),
            OutboxRow.person_id.is_not(None),
        )
        .group_by(OutboxRow.person_id)
        .having(or_(*([going] if on_its_way else []), not_(or_(false(), *same))))
    )


def going(wave_ids: Sequence[int]) -> Select[int | None]:
    """The ids of those to whom a message of these waves is on its way."""
    return select(OutboxRow.person_id).where(
        IS_OPEN,
        OutboxRow.state == "sending",
        OutboxRow.wave_id.in_(wave_ids),
        OutboxRow.person_id.is_not(None),
    )


def among(people: Select[int], *whom: Select[Any]) -> Select[int]:
    """Of `people`, those who are in any of `whom`."""
    (person_id,) = people.selected_columns
    return people.where(or_(*(person_id.in_(each) for each in whom)))


def copies(wave_ids: Sequence[int], programme_id: str, session_id: str) -> Which:
    """What was sent, or is on its way: of these waves, and a session's card on somebody's wish."""
    return Which(tuple(wave_ids), outbox.showing(programme_id, session_id))


def count(tx: Transaction, rows: Select[int]) -> int:
    """How many `rows` selects."""
    return tx.connection.execute(select(func.count()).select_from(rows.subquery())).scalar_one()
