"""People: the list, and one person with what is recorded of them and what was sent."""

from collections.abc import Iterable
from typing import Final

from bot.domain.audit import Action
from bot.domain.identity import Nip
from bot.domain.messages import Say, Value
from bot.domain.people import Person, groups_in_line
from bot.domain.staff import Right
from bot.domain.zones import PROVINCES
from bot.storage import directory, people
from bot.storage.database import Transaction
from bot.storage.directory import Delivery, Listed, State, Wanted
from bot.usecases.receipt import receipt
from bot.web.page import Answer, Note, Show, Visit, Way, not_found
from bot.web.tables import Asked, Column, Filter, Table, name_column


def _masked(row: Listed) -> "Value | None":
    return None if row.nip is None else Nip(row.nip).masked


def _wanted(asked: Asked) -> Wanted:
    filters = asked.filters
    sought = filters["q"]
    digits = sought.replace(" ", "")
    is_nip = len(digits) == 18 and digits.isascii() and digits.isdecimal()
    return Wanted(
        name="" if is_nip else sought,
        nip=digits if is_nip else "",
        office=filters["office"],
        province=filters["province"],
        group=filters["group"],
        state=State(filters["state"]) if filters["state"] else None,
        order=asked.sort,
        down=asked.down,
    )


def _rows(tx: Transaction, visit: Visit, asked: Asked, limit: int | None, offset: int) -> Iterable[Listed]:
    wanted = _wanted(asked)
    return directory.people(tx, visit.programme, visit.scope, wanted, limit=limit, offset=offset)


def _count(tx: Transaction, visit: Visit, asked: Asked) -> int:
    return directory.count(tx, visit.programme.id, visit.scope, _wanted(asked))


_PEOPLE: Final[Table[Listed]] = Table(
    name="people",
    columns=(
        name_column(lambda row: f"/people/{row.id}", sorts=True),
        Column("nip", "page.column_nip", _masked),
        Column("office", "page.column_office", lambda row: row.office, sorts=True),
        Column("province", "page.column_province", lambda row: row.province, sorts=True),
        Column("groups", "page.column_groups", lambda row: groups_in_line(row.wave, row.class_, row.group)),
        Column("zone", "page.column_zone", lambda row: row.zone),
        Column("state", "page.column_state", lambda row: Say(f"page.state_{row.state}")),
        Column("joined", "page.column_joined", lambda row: row.joined_at, sorts=True, moment=True),
        Column("modules", "page.column_modules", lambda row: row.modules, number=True),
        Column("quizzes", "page.column_quizzes", lambda row: row.quizzes, number=True),
        Column("journals", "page.column_journals", lambda row: row.journals, number=True),
    ),
    filters=(
        Filter("q", "page.filter_name"),
        Filter("office", "page.filter_office"),
        Filter("province", "page.filter_province", tuple((each.name, each.name) for each in PROVINCES)),
        Filter("group", "page.filter_group"),
        Filter(
            "state", "page.filter_state", tuple((each.value, Say(f"page.state_{each}")) for each in State)
        ),
    ),
    sort="name",
    count=_count,
    rows=_rows,
)


def _list(tx: Transaction, visit: Visit) -> Answer:
    return _PEOPLE.answer(tx, visit, "people.html")


_DELIVERIES: Final[Table[Delivery]] = Table(
    name="deliveries",
    columns=(
        Column("id", "page.column_message", lambda row: row.id, number=True, head=True),
        Column("reason", "page.column_reason", lambda row: row.reason),
        Column("state", "page.column_state", lambda row: Say(f"page.delivery_{row.state}")),
        Column("due", "page.column_due", lambda row: row.due_at, moment=True),
        Column("settled", "page.column_settled", lambda row: row.settled_at, moment=True),
        Column("attempts", "page.column_attempts", lambda row: row.attempts, number=True),
        Column("error", "page.column_error", lambda row: row.error),
    ),
    count=lambda tx, visit, _: directory.count_deliveries(tx, visit.id()),
    rows=lambda tx, visit, _, limit, offset: directory.deliveries(tx, visit.id(), limit=limit, offset=offset),
)


def _receipt(tx: Transaction, visit: Visit, person: Person) -> list[Say]:
    """What the person themselves is told by /status."""
    said = receipt(tx, person, visit.programme, visit.now).messages
    return [each for each in said if isinstance(each, Say)]


def _person(tx: Transaction, visit: Visit) -> Answer:
    listed = directory.person(tx, visit.programme, visit.scope, visit.id())
    found = None if listed is None else people.person(tx, listed.id)
    if listed is None or found is None:
        raise not_found()
    said = [visit.words(each, of=found) for each in _receipt(tx, visit, found)]
    seen = Note(Action.PERSON_SEEN, kind="person", subject=listed.id)
    values = {
        "person": listed,
        "nip": _masked(listed),
        "groups": groups_in_line(listed.wave, listed.class_, listed.group),
        "receipt": "\n".join(said),
    }
    if not visit.actor.may(Right.SEE_DELIVERIES):
        return Show("person.html", {**values, "table": None}, (seen,))
    return _DELIVERIES.answer(tx, visit, "person.html", values, (seen,))


WAYS: Final = (
    Way("/people", Right.SEE_PEOPLE, _list, menu="page.menu_people"),
    Way("/people/{id}", Right.SEE_PEOPLE, _person),
)
