"""Rosters as agencies keep them, read into people; and what could not be read, written out to be mended."""

import csv
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType

from bot.documents.cells import inert
from bot.documents.notes import Note, note
from bot.documents.roster_header import Field, Header, Private, clean, find_header, is_repeated
from bot.documents.tables import (
    LIMITS,
    Cell,
    Dated,
    Limits,
    RosterError,
    Sheet,
    cell_name,
    column_name,
    read_sheets,
)
from bot.domain.identity import IdentityError, Nip, looks_like_nik, parse_nip
from bot.domain.language import Localised
from bot.domain.zones import Province, closest_province, find_province

__all__ = [
    "Column",
    "Field",
    "Limits",
    "Rejection",
    "Roster",
    "RosterError",
    "RosterRow",
    "read_roster",
    "write_rejected",
]

REASON = "Alasan"  # the column that says why a row was rejected; not read when the file comes back


@dataclass(frozen=True, slots=True)
class RosterRow:
    """A participant as the roster has them; `row` is the one a person sees in the spreadsheet, from 1."""

    row: int
    name: str
    nip: Nip
    office: str
    province: Province | None = None
    wave: str | None = None
    class_: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Rejection:
    """One reason why a row was not read. A row may have several."""

    row: int
    column: str  # its title in the file
    cell: str  # C7
    why: Note


@dataclass(frozen=True, slots=True)
class Column:
    """Where a field was found: the column's letter and its title in the file."""

    letter: str
    title: str


@dataclass(frozen=True, slots=True)
class Roster:
    """A roster as read. `titles` and `raw` are what `write_rejected` writes; `raw` may hold whole NIPs."""

    path: Path
    sheet: str
    columns: Mapping[Field, Column]
    rows: tuple[RosterRow, ...]
    rejected: tuple[Rejection, ...]
    warnings: tuple[Note, ...]
    titles: tuple[str, ...] = field(repr=False)
    raw: Mapping[int, tuple[str, ...]] = field(repr=False)


def read_roster(path: Path, *, today: date, sheet: str | None = None, limits: Limits = LIMITS) -> Roster:
    """Read a roster from XLSX, XLSB, XLS, ODS or CSV; `sheet` names the one to read of several.

    `today` (in any Indonesian zone) bounds the years of a NIP. Raises RosterError when it holds no roster.
    """
    chosen, header, warnings = _choose(path, sheet, limits)
    if Field.OFFICE not in header.fields:
        raise RosterError(path, note("file.no_office", row=header.last + 1))
    reader = _Reader(chosen, header, today, limits)
    reader.read()
    if not (reader.rows or reader.rejected):
        raise RosterError(path, note("file.no_people", row=header.last + 1))
    return Roster(
        path,
        chosen.name,
        MappingProxyType(
            {
                what: Column(column_name(chosen.first_column + column), header.titles[column])
                for what, column in header.fields.items()
            }
        ),
        tuple(sorted(reader.rows, key=lambda row: row.row)),
        tuple(sorted(reader.rejected, key=lambda rejection: rejection.row)),
        (*warnings, *reader.warnings()),
        *reader.to_mend(),
    )


def write_rejected(path: Path, roster: Roster) -> None:
    """Write the rejected rows and why, to be mended and imported again: CSV for .csv, XLSX for all else.

    Columns that Rekan does not read for privacy's sake, and numbers that look like a NIK, are left out.
    """
    why: dict[int, list[str]] = {}
    for rejection in roster.rejected:
        why.setdefault(rejection.row, []).append(f"{rejection.column}: {rejection.why.text.id}")
    titles = (*roster.titles, REASON)
    rows = [(*roster.raw[row], f"Baris {row}. {'; '.join(reasons)}") for row, reasons in why.items()]
    if path.suffix.lower() == ".csv":
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            # Spreadsheets in Indonesian expect semicolons.
            csv.writer(file, delimiter=";").writerows(
                [inert(cell) for cell in row] for row in (titles, *rows)
            )
        return
    import xlsxwriter  # type: ignore[import-untyped]  # noqa: PLC0415 - ships no types; mostly all rows are good

    with xlsxwriter.Workbook(path, {"constant_memory": True}) as workbook:
        sheet = workbook.add_worksheet("Perbaiki")
        text = workbook.add_format({"num_format": "@"})  # what is typed over a NIP stays text
        head = workbook.add_format({"num_format": "@", "bold": True})
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(titles) - 2, 24, text)
        sheet.set_column(len(titles) - 1, len(titles) - 1, 80, text)
        for number, row in enumerate((titles, *rows)):
            for column, cell in enumerate(row):
                sheet.write_string(number, column, cell, text if number else head)


def _choose(path: Path, name: str | None, limits: Limits) -> tuple[Sheet, Header, list[Note]]:
    """Return the sheet to read: the one named, or the first visible one with the most fields."""
    sheets = read_sheets(path, limits)
    names = list(dict.fromkeys(sheet.name for sheet in sheets))
    if name is not None and name not in names:
        raise RosterError(path, note("file.no_sheet", sheet=name, sheets=", ".join(names)))
    wanted = [sheet for sheet in sheets if (not sheet.hidden if name is None else sheet.name == name)]
    found = [(sheet, header) for sheet in wanted if (header := find_header(sheet.rows))]
    if not found:
        raise RosterError(path, _why_no_header(wanted))
    chosen, header = max(found, key=lambda each: len(each[1].fields))
    warnings = []
    if name is None and len({sheet.name for sheet in wanted if sheet.rows}) > 1:
        warnings.append(note("sheet.chosen", sheet=chosen.name))
        others = [sheet.name for sheet, _ in found if sheet.name != chosen.name]
        others += [sheet.name for sheet in wanted if not sheet.fits]
        if others:
            warnings.append(note("sheet.others", sheets=", ".join(others)))
    return chosen, header, warnings


def _why_no_header(sheets: Sequence[Sheet]) -> Note:
    if not all(sheet.fits for sheet in sheets):
        return note("file.too_large")
    for key, there in (("file.no_nip", Field.NAME), ("file.no_name", Field.NIP)):
        for sheet in sheets:
            if header := find_header(sheet.rows, frozenset({there, Field.OFFICE})):
                return note(key, row=header.last + 1)
    return note("file.no_header")


# The first words of a row that stands below or between the participants.
_FOOTER = re.compile(
    r"(?:(?:grand |sub ?)?(?:jumlah|total)|mengetahui|menyetujui|mengesahkan|disahkan|ditetapkan|keterangan"
    r"|catatan|dibuat oleh|disusun oleh|rekapitulasi|demikian|sumber|ttd|tertanda|a\.? ?n\.)\b",
    re.IGNORECASE,
)
_COUNT = re.compile(r"\(?\d{1,3}\)?\.?")  # the second line of many headers: (1) (2) (3)
_PHONE = re.compile(r"(?:\+?62|0)?8\d{8,11}")
_PLACES = (Field.OFFICE, Field.PROVINCE, Field.WAVE, Field.CLASS, Field.GROUP)


class _Reader:
    """One reading of one sheet: goes through its rows and gathers what becomes the Roster."""

    def __init__(self, sheet: Sheet, header: Header, today: date, limits: Limits) -> None:
        self.rows: list[RosterRow] = []
        self.rejected: list[Rejection] = []
        self._sheet = sheet
        self._header = header
        self._today = today
        self._limits = limits
        self._private = self._find_private()
        self._left_out: list[int] = []
        self._no_province: list[int] = []
        self._repeated: list[int] = []

    def read(self) -> None:
        """Read every row below the header."""
        for row in self._people():
            person = self._person(row)
            if person is not None:
                self.rows.append(person)
        self._settle_duplicates()

    def warnings(self) -> Iterator[Note]:
        """What the reader of the roster should know, though nothing was rejected for it."""
        for column, private in self._private.items():
            yield note("column.private", what=private.value, **self._named(column))
        for column, what in self._header.also:
            yield note("column.second", field=what.value, **self._named(column))
        if Field.PROVINCE not in self._header.fields:
            yield note("column.no_province")
        elif self._no_province:
            yield note("rows.no_province", rows=_listed(self._no_province))
        unknown = [row.row for row in self.rows if row.nip.warnings]
        if unknown:
            yield note("rows.unknown_code", rows=_listed(unknown))
        if self._repeated:
            yield note("rows.twice", rows=_listed(self._repeated))
        if self._left_out:
            yield note("rows.left_out", rows=_listed(self._left_out))

    def to_mend(self) -> tuple[tuple[str, ...], Mapping[int, tuple[str, ...]]]:
        """Return the titles and the rejected rows' cells, without what is private."""
        fields = {column: what for what, column in self._header.fields.items()}
        columns = [
            column
            for column, title in enumerate(self._header.titles)
            if column in fields or (title and title != REASON and column not in self._private)
        ]
        raw = {
            row: tuple(_to_mend(self._cell(row, column), fields.get(column)) for column in columns)
            for row in dict.fromkeys(rejection.row for rejection in self.rejected)
        }
        titles = (
            fields[column].value if column in fields else self._header.titles[column] for column in columns
        )
        return tuple(titles), MappingProxyType(raw)

    def _people(self) -> Iterator[int]:
        """Yield the numbers of the rows that are meant to be participants; note those that are left out."""
        numbers = range(self._header.last + 2, len(self._sheet.rows) + 1)
        filled = [row for row in numbers if any(map(_text, self._sheet.rows[row - 1]))]
        if filled and all(_COUNT.fullmatch(text) for text in self._texts(filled[0])):
            filled = filled[1:]
        sure = [row for row in filled if self._text(row, Field.NAME) and self._is_numbered(row)]
        last = sure[-1] if sure else 0
        below = False  # beneath the list: after its last participant, totals or signatures have begun
        for row in filled:
            if is_repeated(self._header, self._sheet.rows[row - 1]):
                continue
            name = self._text(row, Field.NAME)
            nip = self._text(row, Field.NIP)
            place = any(self._text(row, what) for what in _PLACES) or bool(
                _COUNT.fullmatch(self._texts(row)[0])
            )
            footer = not self._is_numbered(row) and self._is_footer(row)
            below = below or (footer and row > last)
            if below or footer or not (name or nip) or (row > last and not (name and (nip or place))):
                self._left_out.append(row)
            else:
                yield row

    def _is_numbered(self, row: int) -> bool:
        """Whether the NIP's cell holds a long number, right or ruined."""
        cell = self._cell(row, self._header.fields[Field.NIP])
        if isinstance(cell, str):
            return sum(map(str.isdigit, cell)) >= 8 or bool(
                re.match(r"\d[.,]?\d*e\+?\d", clean(cell), re.IGNORECASE)
            )
        return isinstance(cell, (int, float)) and not abs(cell) < 1e7

    def _is_footer(self, row: int) -> bool:
        worded = (text for text in self._texts(row) if not _COUNT.fullmatch(text))
        return bool(_FOOTER.match(next(worded, "")))

    def _person(self, row: int) -> RosterRow | None:
        before = len(self.rejected)
        name = self._read(row, Field.NAME)
        if not name:
            self._reject(row, Field.NAME, "name.empty")
        elif not any(map(str.isalpha, name)):
            self._reject(row, Field.NAME, "name.letters")
        nip = self._nip(row)
        office = self._read(row, Field.OFFICE)
        if not office:
            self._reject(row, Field.OFFICE, "office.empty")
        province = self._province(row)
        wave, class_, group = (self._label(row, what) for what in (Field.WAVE, Field.CLASS, Field.GROUP))
        if len(self.rejected) > before or nip is None:
            return None
        if province is None:
            self._no_province.append(row)
        return RosterRow(row, name, nip, office, province, wave, class_, group)

    def _nip(self, row: int) -> Nip | None:
        cell = self._cell(row, self._header.fields[Field.NIP])
        if isinstance(cell, Dated):
            self._reject(row, Field.NIP, "cell.date")
        elif isinstance(cell, (int, float)):
            self._reject(row, Field.NIP, "nip.number")
        else:
            try:
                return parse_nip(clean(cell), self._today)
            except IdentityError as error:
                self._reject(row, Field.NIP, error.key, **error.params)
        return None

    def _province(self, row: int) -> Province | None:
        text = self._read(row, Field.PROVINCE)
        found = find_province(text)
        if found is None and re.search(r"\w", text):
            similar = closest_province(text)
            if similar is None:
                self._reject(row, Field.PROVINCE, "province.unknown")
            else:
                self._reject(row, Field.PROVINCE, "province.similar", name=similar.name)
        return found

    def _label(self, row: int, what: Field) -> str | None:
        """Return a group's label without the word that its column already says: "Gelombang II" is "II"."""
        text = self._read(row, what)
        short = re.sub(
            rf"^(?:{what.value}|{what.value[:3]}\.?)(?:\s+ke)?[\s:.\-]+(?=\S)", "", text, flags=re.IGNORECASE
        )
        return short if re.search(r"\w", short) else None

    def _read(self, row: int, what: Field) -> str:
        """Return a field's text; a cell that cannot be one is rejected and read as a question mark."""
        column = self._header.fields.get(what)
        if column is None:
            return ""
        cell = self._cell(row, column)
        if isinstance(cell, Dated):
            self._reject(row, what, "cell.date")
        elif isinstance(cell, str) and len(cell) > self._limits.cell:
            self._reject(row, what, "cell.long", characters=self._limits.cell)
        else:
            return _text(cell)
        return "-" if what is Field.PROVINCE else "x"

    def _reject(self, row: int, what: Field, key: str, **params: object) -> None:
        column = self._header.fields[what]
        cell = cell_name(row, self._sheet.first_column + column)
        title = self._header.titles[column]
        self.rejected.append(Rejection(row, title, cell, note(key, cell=cell, **params)))

    def _settle_duplicates(self) -> None:
        """Keep one of several equal rows; reject all of several that differ, for only a person can tell."""
        alike: dict[Nip, list[RosterRow]] = {}
        for row in self.rows:
            alike.setdefault(row.nip, []).append(row)
        self.rows = []
        for rows in alike.values():
            if len({_without_row(row) for row in rows}) == 1:
                self.rows.append(rows[0])
                self._repeated += [row.row for row in rows[1:]]
                continue
            for row in rows:
                others = _listed([other.row for other in rows if other is not row])
                self._reject(row.row, Field.NIP, "nip.conflict", rows=others)

    def _find_private(self) -> Mapping[int, Private]:
        """Return the columns not to be read, by title; those that nothing is read from, by content too."""
        private = dict(self._header.private)
        start = self._header.last + 1
        for column in range(len(self._header.titles)):
            if column in private or column in self._header.fields.values():
                continue
            cells = [_text(row[column]) for row in self._sheet.rows[start : start + 200] if column < len(row)]
            filled = [cell for cell in cells if cell]
            if sum(map(looks_like_nik, filled)) * 2 > len(filled):
                private[column] = Private.NIK
            elif sum(bool(_PHONE.fullmatch(re.sub(r"[\s.\-()]", "", cell))) for cell in filled) * 2 > len(
                filled
            ):
                private[column] = Private.PHONE
        return private

    def _named(self, column: int) -> dict[str, str | Localised]:
        return {
            "column": column_name(self._sheet.first_column + column),
            "title": self._header.titles[column] or Localised("tanpa judul", "no title"),
        }

    def _cell(self, row: int, column: int) -> Cell:
        cells = self._sheet.rows[row - 1]
        return cells[column] if column < len(cells) else ""

    def _text(self, row: int, what: Field) -> str:
        column = self._header.fields.get(what)
        return "" if column is None else _text(self._cell(row, column))

    def _texts(self, row: int) -> list[str]:
        return [text for cell in self._sheet.rows[row - 1] if (text := _text(cell))]


def _text(cell: Cell) -> str:
    match cell:
        case str():
            return clean(cell)
        case Dated():
            return cell.text
        case float() if cell.is_integer() and abs(cell) < 1e15:
            return str(int(cell))
        case _:
            return str(cell)


def _to_mend(cell: Cell, what: Field | None) -> str:
    """Return what stands in the file to mend: a ruined NIP with its lost digits marked, never a NIK."""
    if what is Field.NIP and isinstance(cell, (int, float)) and math.isfinite(cell) and abs(cell) >= 1e17:
        return f"{cell:.0f}"[:15] + "???"
    text = _text(cell)
    return "" if looks_like_nik(text) else text


def _without_row(row: RosterRow) -> tuple[object, ...]:
    return (row.name.casefold(), row.office.casefold(), row.province, row.wave, row.class_, row.group)


def _listed(rows: Sequence[int]) -> str:
    """Write row numbers for a sentence: "7, 9-12", and how many more when they are very many."""
    spans: list[list[int]] = []
    for row in sorted(rows):
        if spans and row == spans[-1][1] + 1:
            spans[-1][1] = row
        else:
            spans.append([row, row])
    written = [str(first) if first == last else f"{first}-{last}" for first, last in spans[:10]]
    more = sum(last - first + 1 for first, last in spans[10:])
    return ", ".join(written) + (f" (+{more})" if more else "")
