import csv
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from bot.documents import exports
from bot.documents.exports import Table, TooManyRowsError, write_csv, write_workbook
from bot.domain.zones import Zone

AT = datetime(2026, 11, 9, 2, 0, 30, 123456, tzinfo=UTC)
ROWS = (
    ('=HYPERLINK("https://x.example.invalid")', 7, 45.5, AT, None),
    ("https://x.example.invalid", 0, Decimal("12.5"), date(2026, 11, 9), True),
    ("199203152025211007", -1, None, None, "+62 @ - \t ="),
)


def table(rows: tuple[tuple[object, ...], ...] = ROWS, name: str = "people") -> Table:
    return Table(name, ("name", "count", "share", "at (WITA)", "note"), iter(rows))


def test_a_workbook_keeps_text_as_text_and_times_as_a_clock_there_shows(tmp_path: Path) -> None:
    file = tmp_path / "out.xlsx"
    written = write_workbook(file, [table(), table((), "empty")], Zone.WITA.tzinfo)
    assert written == {"people": 3, "empty": 0}
    workbook = openpyxl.load_workbook(file)
    assert workbook.sheetnames == ["people", "empty"]
    cells = list(workbook["people"].iter_rows())
    assert [[cell.value for cell in row] for row in cells] == [
        ["name", "count", "share", "at (WITA)", "note"],
        [ROWS[0][0], 7, 45.5, datetime(2026, 11, 9, 10, 0, 30), None],
        [ROWS[1][0], 0, 12.5, datetime(2026, 11, 9), "True"],
        [ROWS[2][0], -1, None, None, "+62 @ - \t ="],
    ]
    assert [row[0].data_type for row in cells] == ["s"] * 4  # neither a formula nor a link
    assert cells[2][0].hyperlink is None
    workbook.close()


def test_a_csv_holds_nothing_that_a_spreadsheet_would_run(tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    assert write_csv(file, table(), Zone.WITA.tzinfo) == 3
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.reader(opened))
    assert rows[1:] == [
        ['\'=HYPERLINK("https://x.example.invalid")', "7", "45.5", "2026-11-09 10:00:30", ""],
        ["https://x.example.invalid", "0", "12.5", "2026-11-09", "True"],
        ["'199203152025211007", "-1", "", "", "'+62 @ - \t ="],
    ]


def test_more_rows_than_a_sheet_holds_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "MOST_ROWS", 2)
    with pytest.raises(
        TooManyRowsError, match=r"people has more rows than a sheet holds \(2\): export it as"
    ):
        write_workbook(tmp_path / "out.xlsx", [table()], Zone.WIB.tzinfo)
