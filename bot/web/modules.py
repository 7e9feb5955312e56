"""Modules: how many have finished each, and by office. Excused people lack nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bot.domain.programme import Item, Module, Target
from bot.domain.staff import Right
from bot.storage import recaps
from bot.storage.database import Transaction
from bot.storage.recaps import Count
from bot.web.page import Answer, Visit, Way, not_found
from bot.web.tables import Asked, Column, Table


@dataclass(frozen=True, slots=True)
class Progress:
    """How many of a scope have finished a module."""

    module: Module
    count: Count


def done(count: Count) -> int:
    """How many lack it not."""
    return count.people - count.lacking


def share(count: Count) -> int | None:
    """Per cent of people, rounded down: all is all."""
    return 100 * done(count) // count.people if count.people else None


def _target(module: Module) -> Target:
    return Target(Item.MODULE, module.id)


def _modules(tx: Transaction, visit: Visit, _: Asked, limit: int | None, offset: int) -> Iterable[Progress]:
    found = visit.programme.modules[offset : None if limit is None else offset + limit]
    for module in found:
        yield Progress(module, recaps.overall(tx, visit.programme, _target(module), visit.scope))


_MODULES: Final[Table[Progress]] = Table(
    name="modules",
    columns=(
        Column(
            "title",
            "page.column_module",
            lambda row: row.module.title,
            head=True,
            link=lambda row: f"/modules/{row.module.id}",
        ),
        Column("done", "page.column_done", lambda row: done(row.count), number=True),
        Column("people", "page.column_of_people", lambda row: row.count.people, number=True),
        Column("share", "page.column_share", lambda row: share(row.count), number=True),
    ),
    count=lambda _tx, visit, _asked: len(visit.programme.modules),
    rows=_modules,
)


def _list(tx: Transaction, visit: Visit) -> Answer:
    return _MODULES.answer(tx, visit, "modules.html", {"module": None})


def _module(tx: Transaction, visit: Visit) -> Answer:
    module = visit.programme.module(visit.ids["id"])
    if module is None:
        raise not_found()
    offices = recaps.by(tx, visit.programme, _target(module), visit.scope, "offices")

    def rows(_tx: Transaction, _visit: Visit, _: Asked, limit: int | None, offset: int) -> Iterable[Count]:
        return offices[offset : None if limit is None else offset + limit]

    table: Table[Count] = Table(
        name="module",
        columns=(
            Column("office", "page.column_office", lambda row: row.value or "–", head=True),
            Column("done", "page.column_done", done, number=True),
            Column("people", "page.column_of_people", lambda row: row.people, number=True),
            Column("share", "page.column_share", share, number=True),
        ),
        count=lambda _tx, _visit, _asked: len(offices),
        rows=rows,
    )
    return table.answer(tx, visit, "modules.html", {"module": module})


WAYS: Final = (
    Way("/modules", Right.SEE_PROGRESS, _list, menu="page.menu_modules"),
    Way("/modules/{id}", Right.SEE_PROGRESS, _module),
)
