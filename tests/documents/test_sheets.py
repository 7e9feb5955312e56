"""Lists to print, every office on pages of its own."""

import re
from datetime import UTC, datetime

from bot.documents.sheets import write_sheets

_NOW = datetime(2026, 11, 9, 9, tzinfo=UTC)


def _written(rows: list[list[str]]) -> bytes:
    return write_sheets(
        title="Daftar hadir: Hari 1",
        titles=["Satuan kerja", "Nama", "Presensi"],
        rows=rows,
        notes=["Keadaan Sen, 9 Nov 16.00 WIB"],
        now=_NOW,
    )


def _pages(pdf: bytes) -> int:
    found = re.search(rb"/Count (\d+)", pdf)
    assert found is not None
    return int(found[1])


def test_every_office_has_pages_of_its_own() -> None:
    rows = [["Dinas A", f"Nama {n}", "Hadir"] for n in range(60)] + [["Dinas B", "Budi #let x", "Sebagian"]]
    pdf = _written(rows)
    assert pdf.startswith(b"%PDF-")
    assert _pages(pdf) == 3
    assert _written(rows) == pdf


def test_nobody_at_all_is_a_sheet_too() -> None:
    assert _pages(_written([])) == 1
