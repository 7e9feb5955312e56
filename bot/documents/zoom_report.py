"""Zoom's participant reports, in the shapes that Zoom has written: who was there, and for how many minutes.

Meetings and webinars, with the block about the meeting on top or without, one row a visit or one a person, as
exported or saved anew by a spreadsheet (semicolons, UTF-16, its own dates). Mail addresses are not kept.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

from bot.documents.notes import Note, note
from bot.documents.tables import LIMITS, Cell, Dated, Limits, RosterError, Sheet, read_sheets

MOST_MINUTES = 24 * 60


class ZoomReportError(Exception):
    """A file that is no participant report; `why` says what is wrong and how to mend it."""

    def __init__(self, why: Note) -> None:
        super().__init__(why.text.id)
        self.why = why


@dataclass(frozen=True, slots=True)
class Attendee:
    """One name of a report: all its visits together.

    `original` is the name before it was changed in the meeting. Times are those of the Zoom account's zone,
    which the report does not say. `minutes`: time that two visits share counts once.
    """

    name: str
    original: str
    minutes: int
    visits: int
    joined: datetime | None
    left: datetime | None


@dataclass(frozen=True, slots=True)
class ZoomReport:
    """What a report says; `topic` and `meeting_id` (digits) are empty where it has no block on top."""

    attendees: tuple[Attendee, ...]
    warnings: tuple[Note, ...]
    topic: str = ""
    meeting_id: str = ""


def read_zoom_report(path: Path, *, now: datetime, limits: Limits = LIMITS) -> ZoomReport:
    """Read a report; `now` (any zone) tells dates apart that could be read in two ways: it lies behind.

    Raises ZoomReportError.
    """
    try:
        sheets = read_sheets(path, limits)
    except RosterError as error:
        raise ZoomReportError(error.why) from None
    found = [(sheet, tables) for sheet in sheets if (tables := list(_tables(sheet)))]
    if not found:
        raise ZoomReportError(_why_none(sheets))
    # Of a text, which is read once for each delimiter, the reading with the most columns is the right one.
    sheet, tables = max(found, key=lambda each: max(len(table.columns) for table in each[1]))
    if not any(table.has_minutes for table in tables):
        raise ZoomReportError(note("zoom.no_minutes"))
    reading = _Reading(tables, now)
    attendees = reading.attendees()
    if not attendees:
        raise ZoomReportError(note("zoom.nobody"))
    topic, meeting_id = _about(sheet)
    return ZoomReport(attendees, tuple(reading.warnings()), topic, meeting_id)


# --- the tables of a sheet --------------------------------------------------------------------------------


class _Column(StrEnum):
    NAME = "name"
    EMAIL = "email"
    JOIN = "join"
    LEAVE = "leave"
    MINUTES = "minutes"
    ATTENDED = "attended"
    WAITING = "waiting"


_TITLES: Mapping[_Column, re.Pattern[str]] = MappingProxyType(
    {
        _Column.NAME: re.compile(r"(user )?name( \(original name\))?|nama( pengguna)?( \(nama asli\))?"),
        _Column.EMAIL: re.compile(r"(user )?e-?mail.*|surel.*"),
        _Column.JOIN: re.compile(r"join.*|(waktu|jam) (bergabung|masuk)"),
        _Column.LEAVE: re.compile(r"leave.*|(waktu|jam) (keluar|meninggalkan.*)"),
        _Column.MINUTES: re.compile(
            r"(total )?(duration|durasi)\b.*|time in session.*|waktu (di|dalam) sesi.*"
        ),
        _Column.ATTENDED: re.compile(r"attended|hadir"),
        _Column.WAITING: re.compile(r"in waiting room|(di )?(dalam )?ruang tunggu"),
    }
)
_ORIGINAL = ("original name", "nama asli")
_OF_MEETINGS = ("participants", "peserta", "# registered", "unique viewers")
_HOSTS = re.compile(r"(host|tuan rumah|penyelenggara)\b.*(details|detail)")
_NUMBERS = re.compile(r"\+?[\d\s*x.()-]{5,}")
_SERVED = re.compile(r"(yes|ya|true)")


@dataclass(frozen=True, slots=True)
class _Table:
    """A header and the rows below it."""

    columns: Mapping[_Column, int]
    rows: Sequence[tuple[Cell, ...]]
    of_hosts: bool = False

    @property
    def has_minutes(self) -> bool:
        return _Column.MINUTES in self.columns or {_Column.JOIN, _Column.LEAVE} <= set(self.columns)

    def cell(self, row: tuple[Cell, ...], what: _Column) -> Cell:
        place = self.columns.get(what)
        return "" if place is None or place >= len(row) else row[place]

    def text(self, row: tuple[Cell, ...], what: _Column) -> str:
        return _text(self.cell(row, what))


def _tables(sheet: Sheet) -> Iterator[_Table]:
    """Every list of people in a sheet: a webinar's report has one of hosts, of panelists, of attendees."""
    columns: Mapping[_Column, int] | None = None
    rows: list[tuple[Cell, ...]] = []
    hosts = False
    for row in sheet.rows:
        filled = [text for cell in row if (text := _text(cell))]
        if not filled:
            continue
        header = _header(row)
        if header is None and len(filled) > 1:
            rows.append(row)
            continue
        # Another header, or the title of a section, which stands alone in its row.
        if columns is not None:
            yield _Table(columns, rows, hosts)
        if header is None:
            hosts = bool(_HOSTS.fullmatch(_title(filled[0])))
        columns, rows = header, []
    if columns is not None:
        yield _Table(columns, rows, hosts)


def _header(row: tuple[Cell, ...]) -> Mapping[_Column, int] | None:
    """Which column is what, where the row is the header of a list of people."""
    titles = [_title(_text(cell)) for cell in row]
    if len([title for title in titles if title]) < 2:
        return None
    columns: dict[_Column, int] = {}
    for place, title in enumerate(titles):
        for what, pattern in _TITLES.items():
            if not pattern.fullmatch(title):
                continue
            # Where each row names the meeting too, its host's name and length come first.
            better = what is _Column.NAME and any(word in title for word in _ORIGINAL)
            if what not in columns or better or (what is _Column.MINUTES and _Column.JOIN in columns):
                columns[what] = place
    name = columns.get(_Column.NAME)
    if name is None or len(columns) < 2:
        return None
    if any(title in _OF_MEETINGS for title in titles) and not any(word in titles[name] for word in _ORIGINAL):
        return None
    return columns


def _why_none(sheets: Sequence[Sheet]) -> Note:
    for sheet in sheets:
        for row in sheet.rows[:20]:
            titles = {_title(_text(cell)) for cell in row}
            if titles & set(_OF_MEETINGS) and len(titles) > 2:
                return note("zoom.meetings")
    return note("zoom.no_table")


def _about(sheet: Sheet) -> tuple[str, str]:
    """The topic and the meeting's id, from the block on top."""
    rows = sheet.rows[:20]
    for titles, values in pairwise(rows):
        named = {_title(_text(cell)): place for place, cell in enumerate(titles)}
        topic = named.get("topic", named.get("topik"))
        if topic is None:
            continue
        ids = [
            place for title, place in named.items() if re.fullmatch(r"((meeting|webinar) )?id( \w+)?", title)
        ]
        found = [_text(values[place]) if place < len(values) else "" for place in (topic, *ids[:1])]
        return found[0], re.sub(r"\D", "", found[1]) if ids else ""
    return "", ""


# --- the people of the tables -----------------------------------------------------------------------------


@dataclass(slots=True)
class _Gathered:
    """The visits of one name so far."""

    name: str
    original: str
    minutes: list[int] = field(default_factory=list)
    spans: list[tuple[datetime, datetime]] = field(default_factory=list)
    visits: int = 0
    whole: bool = True  # every visit has its times


class _Reading:
    """One reading of a report's tables: goes through their rows and gathers who was there."""

    def __init__(self, tables: Sequence[_Table], now: datetime) -> None:
        self._tables = tables
        self._day_first = _is_day_first(tables, now)
        self._waiting = self._phones = self._unread = 0

    def attendees(self) -> tuple[Attendee, ...]:
        """Everybody who joined, in the order in which they did so first."""
        gathered: dict[tuple[str, str], _Gathered] = {}
        for table in self._tables:
            if table.of_hosts:
                continue
            for row in table.rows:
                self._gather(table, row, gathered)
        return tuple(_attendee(each) for each in gathered.values())

    def warnings(self) -> Iterator[Note]:
        """What was left out."""
        for key, count in (
            ("zoom.waiting", self._waiting),
            ("zoom.phones", self._phones),
            ("zoom.unread_dates", self._unread),
        ):
            if count:
                yield note(key, count=count)

    def _gather(
        self, table: _Table, row: tuple[Cell, ...], gathered: dict[tuple[str, str], _Gathered]
    ) -> None:
        name, original = _names(table.text(row, _Column.NAME))
        attended = _title(table.text(row, _Column.ATTENDED))
        if not name or (attended and not _SERVED.fullmatch(attended)):
            return
        if _SERVED.fullmatch(_title(table.text(row, _Column.WAITING))):
            self._waiting += 1
            return
        if _NUMBERS.fullmatch(name):
            self._phones += 1
            return
        joined, left = (
            _moment(table.cell(row, what), self._day_first) for what in (_Column.JOIN, _Column.LEAVE)
        )
        minutes = _minutes(table.cell(row, _Column.MINUTES))
        if minutes is None and (joined is None or left is None):
            return
        if (joined is None or left is None) and table.text(row, _Column.JOIN):
            self._unread += 1
        # Two people may well have one name; who is signed in to Zoom is told apart by the address.
        key = (name.casefold(), table.text(row, _Column.EMAIL).casefold())
        one = gathered.setdefault(key, _Gathered(name, original))
        one.visits += 1
        if (
            joined is not None
            and left is not None
            and joined <= left <= joined + timedelta(minutes=MOST_MINUTES)
        ):
            one.spans.append((joined, left))
            length = math.ceil((left - joined) / timedelta(minutes=1))
            one.minutes.append(length if minutes is None else minutes)
        else:
            one.whole = False
            one.minutes.append(minutes or 0)


def _attendee(one: _Gathered) -> Attendee:
    minutes = sum(one.minutes)
    if one.whole and len(one.spans) > 1:
        # From two devices at once, or joined again before the old visit had ended: an hour is an hour.
        minutes = min(minutes, math.ceil(_together(one.spans) / timedelta(minutes=1)))
    return Attendee(
        one.name,
        one.original,
        min(minutes, MOST_MINUTES),
        one.visits,
        min((joined for joined, _ in one.spans), default=None),
        max((left for _, left in one.spans), default=None),
    )


def _together(spans: Sequence[tuple[datetime, datetime]]) -> timedelta:
    """How long the spans are, what they share counted once."""
    total, until = timedelta(), min(joined for joined, _ in spans)
    for joined, left in sorted(spans):
        if left > until:
            total += left - max(joined, until)
            until = left
    return total


# --- cells ------------------------------------------------------------------------------------------------


def _text(cell: Cell) -> str:
    match cell:
        case str():
            return " ".join(cell.replace("\xa0", " ").replace("\u202f", " ").split())
        case Dated():
            return cell.text
        case float() if cell.is_integer():
            return str(int(cell))
        case _:
            return str(cell)


def _title(text: str) -> str:
    return text.strip(" :").replace("_", " ").casefold()


def _names(text: str) -> tuple[str, str]:
    """The name shown, and the one before it was changed: "Budi S (Budi Santoso)"."""
    found = re.fullmatch(r"(.+?)\s*\(([^()]+)\)", text)
    if found is None:
        return text[:120], ""
    return found[1].strip()[:120], found[2].strip()[:120]


def _minutes(cell: Cell) -> int | None:
    """Minutes, whole or not, or as a clock shows them (1:35:00); None where none are told."""
    if isinstance(cell, bool):
        return None
    if isinstance(cell, (int, float)):
        return math.ceil(cell) if 0 <= cell <= MOST_MINUTES else None
    text = _text(cell)
    if found := re.fullmatch(r"(\d{1,2}):(\d{2}):(\d{2})", text):
        hours, minutes, seconds = map(int, found.groups())
        return hours * 60 + minutes + (seconds > 0)
    found = re.match(r"(\d{1,4})(?:[.,](\d{1,2}))?(?:\s*(?:m|min|menit|minutes?)\.?)?$", text, re.IGNORECASE)
    if found is None:
        return None
    minutes = int(found[1]) + (int(found[2] or 0) > 0)
    return minutes if minutes <= MOST_MINUTES else None


_CLOCK = (
    r"(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:\.\d+)?)?\s*(?P<half>[ap]\.?m\.?)?"
)
_DATES = tuple(
    re.compile(rf"{date}[,T]?\s*{_CLOCK}(?:\s*(?:z|utc|gmt.*|wib|wita|wit|[+-]\d\d:?\d\d))?", re.IGNORECASE)
    for date in (
        r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})",
        r"(?P<one>\d{1,2})[-/.](?P<two>\d{1,2})[-/.](?P<year>\d{4}|\d{2})",
        r"(?P<word>[a-z]{3,9})\.? (?P<day>\d{1,2}),? (?P<year>\d{4})",
        r"(?P<day>\d{1,2})[ -](?P<word>[a-z]{3,9})\.?[ -](?P<year>\d{4}|\d{2})",
    )
)
_MONTHS = {
    word: number
    for number, words in enumerate(
        (
            "jan",
            "feb peb",
            "mar",
            "apr",
            "may mei",
            "jun",
            "jul",
            "aug agu",
            "sep",
            "oct okt",
            "nov nop",
            "dec des",
        ),
        start=1,
    )
    for word in words.split()
}


def _moment(cell: Cell, day_first: bool) -> datetime | None:
    """An instant as the report has it, without a zone; None where none is understood."""
    text = _text(cell)
    for pattern in _DATES:
        found = pattern.fullmatch(text)
        if found is None:
            continue
        parts = found.groupdict()
        if "one" in parts:
            one, two = int(parts["one"]), int(parts["two"])
            day, month = (one, two) if day_first else (two, one)
        else:
            day = int(parts["day"])
            month = int(parts["month"]) if "month" in parts else _MONTHS.get(parts["word"][:3].lower(), 0)
        year = int(parts["year"]) + (2000 if len(parts["year"]) == 2 else 0)
        hour = int(parts["hour"])
        if half := (parts["half"] or "").lower()[:1]:
            hour = hour % 12 + (12 if half == "p" else 0)
        try:
            clock = time(hour, int(parts["minute"]), int(parts["second"] or 0))
            return datetime.combine(datetime(year, month, day).date(), clock)  # noqa: DTZ001 - Zoom names no zone
        except ValueError:
            return None
    return None


def _is_day_first(tables: Sequence[_Table], now: datetime) -> bool:
    """Whether 06/10/2026 is in October: by dates that leave no choice, else by what lies nearer behind."""
    cells = [
        table.cell(row, what)
        for table in tables
        for row in table.rows
        for what in (_Column.JOIN, _Column.LEAVE)
    ]
    read = {first: [_moment(cell, first) for cell in cells] for first in (True, False)}
    understood = {first: sum(each is not None for each in moments) for first, moments in read.items()}
    if understood[True] != understood[False]:
        return understood[True] > understood[False]
    latest = now.replace(tzinfo=None) + timedelta(days=1)

    def distance(first: bool) -> tuple[int, timedelta]:
        known = [each for each in read[first] if each is not None]
        if not known:
            return (0, timedelta())
        last = max(known)
        return (int(last > latest), abs(latest - last))

    return distance(True) < distance(False)
