"""Reports out, as tables for Excel and LibreOffice: text stays text, whatever it begins with."""

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

from bot.documents.cells import inert

MOST_ROWS = 1_048_575  # of a sheet, below its header: the format's own limit

_FORBIDDEN = re.compile(r"[\[\]:*?/\\]")  # in a sheet's name


@dataclass(frozen=True, slots=True)
class Table:
    """A report: its name, its columns' titles, and its rows, read once."""

    name: str
    titles: Sequence[str]
    rows: Iterable[Sequence[Any]]


class TooManyRowsError(Exception):
    """More rows than a sheet holds; prints as a sentence."""


def write_workbook(path: Path | BytesIO, tables: Iterable[Table], zone: tzinfo) -> dict[str, int]:
    """Write an XLSX with a sheet for each table, instants as `zone` has them; returns how many rows each has.

    Raises TooManyRowsError.
    """
    # Only now: whoever can send a workbook would else load it at the start.
    import xlsxwriter  # type: ignore[import-untyped]  # noqa: PLC0415 - it ships no types

    written: dict[str, int] = {}
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as workbook:
        head = workbook.add_format({"bold": True, "bottom": 1})
        formats = {
            datetime: workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            date: workbook.add_format({"num_format": "yyyy-mm-dd"}),
        }
        for table in tables:
            sheet = workbook.add_worksheet(_FORBIDDEN.sub(" ", table.name)[:31].strip("' "))
            sheet.freeze_panes(1, 0)
            sheet.set_column(0, max(0, len(table.titles) - 1), 18)
            for column, title in enumerate(table.titles):
                sheet.write_string(0, column, title, head)
            count = 0
            for count, row in enumerate(table.rows, start=1):
                if count > MOST_ROWS:
                    raise TooManyRowsError(
                        f"{table.name} has more rows than a sheet holds ({MOST_ROWS:,}): export it as .csv"
                    )
                for column, value in enumerate(row):
                    match _plain(value, zone):
                        case None:
                            continue
                        case datetime() | date() as day:
                            sheet.write_datetime(count, column, day, formats[type(day)])
                        case bool() | str() as text:
                            sheet.write_string(count, column, str(text))
                        case number:
                            sheet.write_number(count, column, number)
            written[table.name] = count
    return written


def write_csv(path: Path, table: Table, zone: tzinfo) -> int:
    """Write a table as CSV (UTF-8 with BOM, else Excel misreads names); returns how many rows it has."""
    count = 0
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(table.titles)
        for row in table.rows:
            writer.writerow([_as_text(_plain(value, zone)) for value in row])
            count += 1
    return count


def _plain(value: Any, zone: tzinfo) -> Any:
    """A value as spreadsheets know it: they have no zones, so an instant is the time on a clock there."""
    if isinstance(value, datetime):
        return value.astimezone(zone).replace(tzinfo=None, microsecond=0)
    return float(value) if isinstance(value, Decimal) else value


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return inert(value) if isinstance(value, str) else str(value)
