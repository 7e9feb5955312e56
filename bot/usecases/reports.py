"""Reports out: the `report_*` views (docs/reports.md) of one programme, as files."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from sqlalchemy import select

from bot.documents.exports import Table, write_csv, write_workbook
from bot.domain.programme import Programme
from bot.storage.database import Transaction
from bot.storage.reports import VIEWS
from bot.storage.tables import UtcDateTime

NAMES = tuple(view.removeprefix("report_") for view in VIEWS)
USUAL = ("people", "progress", "modules", "quiz_results", "quiz_questions", "journal_status", "reach")
"""What goes into a workbook unless one asks: without the log of every single delivery."""


def export(tx: Transaction, path: Path, programme: Programme, names: Sequence[str]) -> dict[str, int]:
    """Write the reports of `names` to `path`: XLSX with a sheet each, or CSV with the only one.

    Returns how many rows each has. Instants are in the programme's zone, as their titles say.
    """
    tables = (_table(tx, programme, name) for name in names)
    if path.suffix.lower() == ".csv":
        (name,) = names
        return {name: write_csv(path, next(tables), programme.zone.tzinfo)}
    return write_workbook(path, tables, programme.zone.tzinfo)


def _table(tx: Transaction, programme: Programme, name: str) -> Table:
    view = VIEWS[f"report_{name}"].subquery(name)
    titles = [
        f"{column.name} ({programme.zone})" if isinstance(column.type, UtcDateTime) else str(column.name)
        for column in view.columns
    ]

    def rows() -> Iterator[Sequence[object]]:
        columns = view.columns
        of_programme = select(view).where(columns.programme == programme.id)
        order = [columns[key] for key in ("office", "name", "person_id") if key in columns]
        with tx.connection.execution_options(yield_per=1000).execute(of_programme.order_by(*order)) as result:
            yield from result

    return Table(name, titles, rows())
