"""The far side of `tables`: one workbook on standard input, its cells as JSON lines on standard output.

It runs in a process of its own with a ceiling on memory and time. The workbook library builds a sheet's whole
rectangle at once, so one stray cell in the last column of the last row (people's files have them), or a file
made to harm, would otherwise take the bot down with it. Run by path; it imports nothing of Rekan.
"""

import io
import itertools
import json
import re
import sys
import zipfile
from collections.abc import Iterator
from typing import Any

import python_calamine

MEMORY = 2 * 1024**3  # bytes; 200,000 rows of 20 columns need half of it
OUTPUT = 192 * 1024**2  # characters; text that a small file repeats without end stops here
MERGES = 20_000
UNPACKED = 1024**3  # bytes
FILE_PASS = re.compile(rb"\x09\x08\x10\x00\x00\x06.{14}\x2f\x00", re.DOTALL)


def main() -> int:
    """Say {"sheet": …} for each sheet and its rows after it, then {"end": true}; or {"error": key}."""
    rows, columns, characters = (int(argument) for argument in sys.argv[1:4])
    _limit_memory()
    data = sys.stdin.buffer.read()
    try:
        if _unpacked(data) > UNPACKED:
            return _say({"error": "too_large"})
        with python_calamine.load_workbook(io.BytesIO(data)) as workbook:
            written = 0
            for about in workbook.sheets_metadata[:100]:
                if about.typ != python_calamine.SheetTypeEnum.WorkSheet:
                    continue
                for line in _lines(workbook.get_sheet_by_name(about.name), about, rows, columns, characters):
                    written += len(line)
                    if written > OUTPUT:
                        return _say({"error": "too_large"})
                    sys.stdout.write(line)
    except MemoryError:
        return _say({"error": "too_large"})
    except (python_calamine.CalamineError, zipfile.BadZipFile, OSError, ValueError):
        return _say({"error": "password" if _is_locked(data) else "damaged"})
    return _say({"end": True})


def _limit_memory() -> None:
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 (POSIX only)

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        ceiling = MEMORY if hard == resource.RLIM_INFINITY else min(MEMORY, hard)
        resource.setrlimit(resource.RLIMIT_AS, (ceiling, hard))


def _unpacked(data: bytes) -> int:
    """Return the bytes that a zip says it unpacks to; one that lies meets the ceilings later."""
    if not data.startswith(b"PK"):
        return len(data)
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return sum(part.file_size for part in package.infolist())


def _is_locked(data: bytes) -> bool:
    """Whether a file that could not be opened asks for a password (the library tells only for some kinds)."""
    if not data.startswith(b"PK"):
        # XLSX: a stream of this name in an old container. XLS: the record FilePass after the first one.
        return "EncryptedPackage".encode("utf-16-le") in data or bool(FILE_PASS.search(data))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            return b"encryption-data" in package.read("META-INF/manifest.xml")  # ODS
    except (zipfile.BadZipFile, KeyError, OSError, ValueError, RuntimeError, NotImplementedError):
        return False


def _lines(
    sheet: python_calamine.CalamineSheet,
    about: python_calamine.SheetMetadata,
    rows: int,
    columns: int,
    characters: int,
) -> Iterator[str]:
    first_row, first_column = sheet.start or (0, 0)
    last_row, last_column = sheet.end or (-1, -1)
    fits = last_row < rows and last_column < columns
    hidden = about.visible != python_calamine.SheetVisibleEnum.Visible
    yield _line({"sheet": about.name, "hidden": hidden, "first_column": first_column, "fits": fits})
    if not fits:
        return
    begins: dict[int, list[tuple[int, int]]] = {}  # first row → (column, last row) of cells merged downwards
    for (top, left), (bottom, right) in (sheet.merged_cell_ranges or ())[:MERGES]:
        if left == right and top < bottom and first_column <= left <= last_column:
            begins.setdefault(top, []).append((left - first_column, bottom))
    merged: dict[int, tuple[int, Any]] = {}  # column → (last row, value)
    for number, row in enumerate(itertools.islice(sheet.iter_rows(), last_row + 1)):
        cells = [_cell(value, characters) for value in row] if number >= first_row else []
        for column, (last, value) in merged.items():
            if number <= last:
                cells[column] = value
        for column, last in begins.get(number, ()):
            if cells:
                merged[column] = (last, cells[column])
        yield _line(cells)


def _cell(value: Any, characters: int) -> Any:
    if isinstance(value, str):
        return value[: characters + 1]
    if isinstance(value, (bool, int, float)):
        return value
    return {"date": str(value)}


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")) + "\n"


def _say(value: Any) -> int:
    sys.stdout.write(_line(value))
    return 0


if __name__ == "__main__":
    sys.exit(main())
