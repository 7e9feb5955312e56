"""Who an audience is at this moment, in SQL.

Only active people: they have agreed and not withdrawn, their chat is linked and can be written to. Test
people are people. `bot.domain.timetable.concerns` is the same rule for one person, without what is done.
"""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import ColumnElement, Select, and_, case, false, func, literal, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute

from bot.domain.attendance import Grade
from bot.domain.people import Reach
from bot.domain.programme import Audience, Item, Programme, Target
from bot.domain.staff import EVERYTHING, Scope
from bot.domain.zones import Zone
from bot.storage import excuses
from bot.storage.database import Transaction
from bot.storage.staff import within
from bot.storage.tables import (
    AttendanceRow,
    ChatRow,
    JournalEntryRow,
    ModuleDoneRow,
    PersonRow,
    QuizAttemptRow,
)


def people(
    programme: Programme,
    audience: Audience,
    *,
    zone: Zone | None = None,
    first_logins: Sequence[date] | None = None,
    person_id: int | None = None,
    joined: bool = True,
    scope: Scope = EVERYTHING,
) -> Select[int]:
    """Select the ids of those whom the audience means.

    Narrowed to a zone, to those whose course began on one of `first_logins`, to one person, to a
    coordinator's `scope`. Not only `joined`: also who may still open their link, to look ahead with.
    """
    # Who has no chat yet may have one by then; a closed one counts in neither case.
    active = (PersonRow.consented_at.is_not(None), ChatRow.reach == Reach.OPEN.value)
    possible = (func.coalesce(ChatRow.reach, Reach.OPEN.value) == Reach.OPEN.value,)
    statement = (
        select(PersonRow.id)
        .join(ChatRow, ChatRow.person_id == PersonRow.id, isouter=not joined)
        .where(
            PersonRow.programme_id == programme.id,
            PersonRow.withdrawn_at.is_(None),
            *(active if joined else possible),
            *_conditions(programme, audience),
            *within(scope),
        )
    )
    if zone is not None:
        statement = statement.where(PersonRow.zone == zone.value)
    if first_logins is not None:
        statement = statement.where(PersonRow.first_login.in_(first_logins))
    if person_id is not None:
        statement = statement.where(PersonRow.id == person_id)
    return statement


def everybody(programme: Programme, audience: Audience, *, scope: Scope = EVERYTHING) -> Select[int]:
    """Select the ids of those whom the audience means, whether or not they can be written to.

    `ChatRow` is joined: it has nothing of who has no chat.
    """
    return (
        select(PersonRow.id)
        .join(ChatRow, ChatRow.person_id == PersonRow.id, isouter=True)
        .where(
            PersonRow.programme_id == programme.id,
            PersonRow.withdrawn_at.is_(None),
            *_conditions(programme, audience),
            *within(scope),
        )
    )


def one(person_id: int) -> Select[int]:
    """Select that person's id."""
    return select(PersonRow.id).where(PersonRow.id == person_id)


def size(tx: Transaction, programme: Programme, audience: Audience, *, zone: Zone | None = None) -> int:
    """How many people the audience means at this moment."""
    whom = people(programme, audience, zone=zone)
    return count(tx, whom)


def count(tx: Transaction, whom: Select[int]) -> int:
    """How many `whom` selects."""
    return tx.connection.execute(select(func.count()).select_from(whom.subquery())).scalar_one()


def by_zone(tx: Transaction, programme: Programme) -> dict[Zone, int]:
    """How many people of each zone can be written to: no audience is larger."""
    whom = people(programme, Audience()).add_columns(PersonRow.zone).subquery()
    rows = tx.connection.execute(select(whom.c.zone, func.count()).group_by(whom.c.zone))
    return {Zone(zone): number for zone, number in rows}


def sizes(
    tx: Transaction, programme: Programme, audiences: Sequence[Audience], *, scope: Scope = EVERYTHING
) -> dict[tuple[Zone, date | None, bool], tuple[int, ...]]:
    """How many people each of these audiences means: by zone, by first login, and whether within the scope.

    In one look at everybody: of 100,000 people, each look of its own takes a tenth of a second.
    """
    numbers = [func.count(case((and_(true(), *_conditions(programme, each)), 1))) for each in audiences]
    mine = case((and_(true(), *within(scope)), 1), else_=0).label("mine")
    key = (PersonRow.zone, PersonRow.first_login, mine)
    statement = people(programme, Audience()).with_only_columns(*key, *numbers).group_by(*key)
    return {
        (Zone(zone), first_login, bool(within)): tuple(found)
        for zone, first_login, within, *found in tx.connection.execute(statement)
    }


def names(tx: Transaction, people: Select[int]) -> dict[int, str]:
    """The names of those whom `people` selects, by id."""
    return {row.id: row.name for row in tx.connection.execute(people.add_columns(PersonRow.name))}


def _conditions(programme: Programme, audience: Audience) -> list[ColumnElement[bool]]:
    conditions = [
        _among(column, values)
        for column, values in (
            (PersonRow.office, audience.offices),
            (PersonRow.province, audience.provinces),
            (PersonRow.wave, audience.waves),
            (PersonRow.class_, audience.classes),
            (PersonRow.group, audience.groups),
        )
        if values
    ]
    if audience.roles:  # nobody types these
        conditions.append(PersonRow.role.in_(audience.roles))
    if audience.zones:
        conditions.append(PersonRow.zone.in_([zone.value for zone in audience.zones]))
    if audience.not_done:
        conditions.append(or_(false(), *(lacks(programme, target) for target in audience.not_done)))
    return conditions


def _among(
    column: InstrumentedAttribute[str] | InstrumentedAttribute[str | None], values: Sequence[str]
) -> ColumnElement[bool]:
    # Both sides are lowered by the database: what it takes for a letter is its own business.
    return func.lower(func.trim(column)).in_([func.lower(func.trim(literal(value))) for value in values])


def lacks(programme: Programme, target: Target) -> ColumnElement[bool]:
    """Whether a `PersonRow` has not done `target`, or, of all of its kind, at least one.

    What somebody is excused from does not lack (`bot.storage.excuses`).
    """
    everything = target.id == "*"
    match target.kind:
        case Item.MODULE:
            ids = [module.id for module in programme.modules] if everything else [target.id]
            return _fewer(target, ModuleDoneRow.module_id, ModuleDoneRow.person_id == PersonRow.id, ids)
        case Item.QUIZ:
            ids = [quiz.id for quiz in programme.quizzes] if everything else [target.id]
            finished = and_(QuizAttemptRow.person_id == PersonRow.id, QuizAttemptRow.finished_at.is_not(None))
            return _fewer(target, QuizAttemptRow.quiz_id, finished, ids)
        case Item.JOURNAL:
            ids = [task.prompt.id for task in programme.journal] if everything else [target.id]
            submitted = and_(JournalEntryRow.person_id == PersonRow.id, JournalEntryRow.state == "submitted")
            return _fewer(target, JournalEntryRow.prompt_id, submitted, ids)
        case Item.SESSION:
            ids = [session.id for session in programme.sessions if everything or session.id == target.id]
            there = and_(AttendanceRow.person_id == PersonRow.id, AttendanceRow.grade == Grade.PRESENT.value)
            return _fewer(target, AttendanceRow.session_id, there, ids or [target.id])


def _fewer(
    target: Target, item: InstrumentedAttribute[str], done: ColumnElement[bool], ids: Sequence[str]
) -> ColumnElement[bool]:
    """Whether fewer different `item`s than `ids` are `done`, or need not be."""
    done_items = select(item).where(done, item.in_(ids)).correlate(PersonRow)
    counted = done_items.with_only_columns(func.count(item.distinct())).scalar_subquery()
    lacking = counted < len(set(ids))
    if target.id == "*":
        lacking = counted + excuses.number(target.kind, ids, done_items) < len(set(ids))
    return and_(lacking, ~excuses.excused(target))
