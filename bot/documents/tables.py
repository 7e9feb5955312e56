"""Tables as people keep them (XLSX, XLSB, XLS, ODS, CSV): sheets of cells, text told from numbers."""

import codecs
import csv
import io
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.documents import workbook_reader
from bot.documents.notes import Note, note

_SECONDS = 120  # real time: longer than the largest allowed workbook takes on a slow machine


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a file is read at most; a roster of a whole ministry stays far below."""

    size: int = 20 * 1024 * 1024  # bytes
    rows: int = 200_000
    columns: int = 200
    cell: int = 1_000  # characters


@dataclass(frozen=True, slots=True)
class Dated:
    """A cell that the spreadsheet took for a date or a time."""

    text: str


LIMITS = Limits()


# Numbers stay apart from text: a number cell cannot hold the 18 digits of a NIP.
Cell = str | int | float | bool | Dated


@dataclass(frozen=True, slots=True)
class Sheet:
    """The used part of a sheet: `rows` from the sheet's first row on, `first_column` counted from 0 (A)."""

    name: str
    rows: tuple[tuple[Cell, ...], ...]
    first_column: int = 0
    hidden: bool = False
    fits: bool = True  # otherwise it was larger than the limits, and `rows` is empty


class RosterError(Exception):
    """A file that is no roster. Prints as one sentence: the file, what is wrong, how to mend it."""

    def __init__(self, path: Path, why: Note) -> None:
        super().__init__(f"{path.name}: {why.text.id}")
        self.path = path
        self.why = why


def read_sheets(path: Path, limits: Limits) -> tuple[Sheet, ...]:
    """Return a workbook's sheets, or a text as one sheet a possible delimiter. Raises RosterError."""
    data = _content(path, limits)
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return _workbook(path, data, limits)
    text = _decoded(path, data)
    return tuple(_separated(path, text, delimiter, limits) for delimiter in ";\t,|")


def cell_name(row: int, column: int) -> str:
    """Name a cell as spreadsheets do: row from 1, column from 0, so (7, 2) is C7."""
    return f"{column_name(column)}{row}"


def column_name(column: int) -> str:
    """Name a column as spreadsheets do, counted from 0: 0 is A, 26 is AA."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _content(path: Path, limits: Limits) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(limits.size + 1)
    except FileNotFoundError:
        raise RosterError(path, note("file.missing")) from None
    except IsADirectoryError:
        raise RosterError(path, note("file.folder")) from None
    except OSError as error:
        raise RosterError(path, note("file.unreadable", reason=error.strerror or "")) from None
    if len(data) > limits.size:
        raise RosterError(path, note("file.size", megabytes=limits.size // 1024**2))
    if not data.strip():
        raise RosterError(path, note("file.empty"))
    return data


def _workbook(path: Path, data: bytes, limits: Limits) -> tuple[Sheet, ...]:
    command = [sys.executable, "-P", workbook_reader.__file__]
    command += [str(limit) for limit in (limits.rows, limits.columns, limits.cell)]
    try:
        # The command is this interpreter and a file of ours; what came from outside is only its input.
        done = subprocess.run(command, input=data, capture_output=True, timeout=_SECONDS, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise RosterError(path, note("file.too_large")) from None
    if done.returncode < 0:  # ended by a signal: memory was refused
        raise RosterError(path, note("file.too_large"))
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        raise RosterError(path, note("file.damaged"))
    sheets: list[tuple[dict[str, Any], list[tuple[Cell, ...]]]] = []
    for line in lines:
        match json.loads(line):
            case {"error": str(key)}:
                raise RosterError(path, note(f"file.{key}"))
            case {"end": True}:
                break
            case {"sheet": _} as about:
                sheets.append((about, []))
            case row:
                sheets[-1][1].append(
                    tuple(Dated(cell["date"]) if isinstance(cell, dict) else cell for cell in row)
                )
    return tuple(
        Sheet(about["sheet"], tuple(rows), about["first_column"], about["hidden"], about["fits"])
        for about, rows in sheets
    )


def _decoded(path: Path, data: bytes) -> str:
    start = data[:512].lstrip().lower()
    if start.startswith((b"%pdf", b"<!doctype html", b"<html", b"<?xml", b"{\\rtf")):
        raise RosterError(path, note("file.not_table"))
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text
    raise RosterError(path, note("file.not_table"))


def _separated(path: Path, text: str, delimiter: str, limits: Limits) -> Sheet:
    # A quotation mark that is never closed would swallow the rows after it: then it is an ordinary character.
    for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, strict=True)
        rows: list[tuple[Cell, ...]] = []
        try:
            for row in reader:
                if len(row) > limits.columns:  # the wrong delimiter, or no table
                    return Sheet(path.name, ())
                if len(rows) == limits.rows:
                    raise RosterError(path, note("file.rows", rows=limits.rows))
                rows.append(tuple(_unquoted(cell)[: limits.cell + 1] for cell in row))
        except csv.Error:
            continue
        return Sheet(path.name, tuple(rows))
    return Sheet(path.name, ())


def _unquoted(cell: str) -> str:
    """Return what a spreadsheet shows: programs write ="0012" for a number that is to stay text."""
    if cell.startswith('="') and cell.endswith('"'):
        return cell[2:-1]
    return cell[1:].removesuffix('"') if cell.startswith('"') else cell
