"""Tables: one definition gives what is on the page, sorted, filtered and paged, and the same as a file."""

import re
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Generic, Protocol, TypeVar
from urllib.parse import urlencode

from bot.documents import exports
from bot.domain.audit import Action
from bot.domain.language import Localised
from bot.domain.messages import Say, Value, Written
from bot.domain.programme import Local
from bot.domain.staff import Right
from bot.domain.zones import Zone
from bot.storage.database import Transaction
from bot.web.page import Answer, Download, Note, Show, Visit, refused

R = TypeVar("R")

ON_A_PAGE: Final = 50
"""Rows."""

FORMATS: Final = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
}

_LONG_NUMBER = re.compile(r"\d{6,}")


@dataclass(frozen=True, slots=True)
class Column(Generic[R]):
    """A column: its title's key, and what it shows of a row. `sorts`: by its key, as `rows` is asked to."""

    key: str
    title: str
    value: Callable[[R], "Value | None"]
    sorts: bool = False
    number: bool = False
    moment: bool = False
    """Instants: a file says of which zone."""
    link: Callable[[R], str] | None = None
    head: bool = False
    """It names the row, to a screen reader as well."""


class Named(Protocol):
    """What a row is of."""

    @property
    def name(self) -> str:
        """As a table shows it."""


N = TypeVar("N", bound=Named)


def name_column(link: Callable[[N], str], *, sorts: bool = False) -> Column[N]:
    """Whose a row is: the name, which is a link to more."""
    return Column("name", "page.column_name", lambda row: row.name, sorts=sorts, head=True, link=link)


@dataclass(frozen=True, slots=True)
class Filter:
    """What a table can be narrowed by: words that are typed, or one of `choices` (value and words)."""

    key: str
    title: str
    choices: Sequence[tuple[str, Value]] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants of a table, as far as it knows it."""

    sort: str
    down: bool
    page: int
    filters: Mapping[str, str] = field(default_factory=dict)

    def query(self, **changed: str | int) -> str:
        """A link's query to the same, but for what is `changed`."""
        pairs: dict[str, str | int] = {**self.filters, "sort": self.sort}
        if self.down:
            pairs["down"] = 1
        if self.page > 1:
            pairs["page"] = self.page
        return "?" + urlencode({key: value for key, value in {**pairs, **changed}.items() if value != ""})


@dataclass(frozen=True, slots=True)
class Table(Generic[R]):
    """A table of `R`s. `rows` is asked for a limit (None: all) and an offset, `count` for how many there are.

    Both see to the visit's programme and scope.
    """

    name: str
    """Of its file; and its title, as `page.table_NAME`."""
    columns: Sequence[Column[R]]
    count: Callable[[Transaction, Visit, Asked], int]
    rows: Callable[[Transaction, Visit, Asked, int | None, int], Iterable[R]]
    filters: Sequence[Filter] = ()
    sort: str = ""
    down: bool = False
    """Whether it begins with the last."""

    def asked(self, visit: Visit) -> Asked:
        """What the visit's parameters ask for; raises PageError."""
        sorts = [column.key for column in self.columns if column.sorts]
        sort = visit.choice("sort", sorts, self.sort)
        fresh = "sort" not in visit.query
        return Asked(
            sort=sort,
            down=self.down if fresh else visit.choice("down", ("1",)) == "1",
            page=visit.number("page", 1),
            filters={
                each.key: visit.choice(each.key, [value for value, _ in each.choices])
                if each.choices
                else visit.text(each.key)
                for each in self.filters
            },
        )

    def answer(
        self,
        tx: Transaction,
        visit: Visit,
        template: str,
        values: Mapping[str, Any] | None = None,
        notes: tuple[Note, ...] = (),
    ) -> Answer:
        """The page with the table, or (`?as=xlsx`, `?as=csv`) a file of all that it shows."""
        wanted = self.asked(visit)
        form = visit.choice("as", tuple(FORMATS))
        if form:
            if not visit.actor.may(Right.EXPORT):
                raise refused()
            return self._download(tx, visit, wanted, form)
        return Show(template, {**(values or {}), "table": self._shown(tx, visit, wanted)}, notes)

    def _shown(self, tx: Transaction, visit: Visit, asked: Asked) -> "ShownTable":
        total = self.count(tx, visit, asked)
        pages = max(1, -(-total // ON_A_PAGE))
        page = min(asked.page, pages)
        first = (page - 1) * ON_A_PAGE
        rows = self.rows(tx, visit, asked, ON_A_PAGE, first)
        cells = [
            [ShownCell(each.value(row), each, each.link(row) if each.link else None) for each in self.columns]
            for row in rows
        ]
        return ShownTable(
            name=self.name,
            path=visit.path,
            heads=[self._head(column, asked) for column in self.columns],
            rows=cells,
            filters=[(each, asked.filters[each.key]) for each in self.filters],
            asked=asked,
            total=total,
            page=page,
            pages=pages,
            previous=asked.query(page=page - 1) if page > 1 else None,
            following=asked.query(page=page + 1) if page < pages else None,
            exports=[(form, asked.query(**{"page": "", "as": form})) for form in FORMATS]
            if visit.actor.may(Right.EXPORT)
            else [],
        )

    def _head(self, column: Column[R], asked: Asked) -> "ShownHead":
        if not column.sorts:
            return ShownHead(column, None, "")
        here = asked.sort == column.key
        down = here and not asked.down
        link = asked.query(sort=column.key, down=1 if down else "", page="")
        return ShownHead(column, link, ("descending" if asked.down else "ascending") if here else "")

    def _download(self, tx: Transaction, visit: Visit, asked: Asked, form: str) -> Download:
        zone = Zone(visit.reader.zone)

        def plain(value: "Value | None") -> Any:
            return (
                visit.words(value) if isinstance(value, Say | Written | Localised | Local | tuple) else value
            )

        table = exports.Table(
            self.name,
            [
                visit.words(Say(column.title)) + (f" ({zone})" if column.moment else "")
                for column in self.columns
            ],
            (
                [plain(column.value(row)) for column in self.columns]
                for row in self.rows(tx, visit, asked, None, 0)
            ),
        )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"table.{form}"
            if form == "csv":
                written = exports.write_csv(path, table, zone.tzinfo)
            else:
                written = exports.write_workbook(path, [table], zone.tzinfo)[self.name]
            content = path.read_bytes()
        # A number that somebody typed to find one person stays out of the audit.
        filters = {key: _LONG_NUMBER.sub("…", value) for key, value in asked.filters.items() if value}
        note = Note(
            Action.EXPORTED,
            kind=self.name,
            subject=visit.path,
            people=written,
            details={"format": form, "filters": filters},
        )
        day = visit.now.astimezone(zone.tzinfo).date()
        return Download(f"rekan-{self.name}-{day}.{form}", FORMATS[form], content, (note,))


@dataclass(frozen=True, slots=True)
class ShownCell:
    """A cell on the page."""

    value: "Value | None"
    column: Column[Any]
    link: str | None


@dataclass(frozen=True, slots=True)
class ShownHead:
    """A column's head: the link that sorts by it, and how it is sorted now."""

    column: Column[Any]
    link: str | None
    sorted: str


@dataclass(frozen=True, slots=True)
class ShownTable:
    """What a template needs of a table (`table.html`)."""

    name: str
    path: str
    heads: Sequence[ShownHead]
    rows: Sequence[Sequence[ShownCell]]
    filters: Sequence[tuple[Filter, str]]
    asked: Asked
    total: int
    page: int
    pages: int
    previous: str | None
    following: str | None
    exports: Sequence[tuple[str, str]]

    @property
    def narrowed(self) -> bool:
        """Whether it is narrowed by another filter than the first."""
        return any(value for _, value in self.filters[1:])
