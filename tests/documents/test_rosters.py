"""Rosters as messy as agencies send them, in files written by other programs."""

import contextlib
import csv
import io
import subprocess
import sys
import zipfile
from datetime import date
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
import xlwt
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P

from bot.documents import workbook_reader
from bot.documents.rosters import (
    Column,
    Field,
    Limits,
    Roster,
    RosterError,
    RosterRow,
    read_roster,
    write_rejected,
)
from bot.domain.identity import Nip
from bot.domain.zones import find_province

TODAY = date(2026, 11, 9)
ANI = "199203152025211007"
BUDI = "198807012025212011"
CITRA = "200001312025211120"
DEWI = "197512042025212003"

HEADER = ["No", "Nama", "NIP", "Satker", "Provinsi", "Gelombang", "Angkatan", "Kelompok"]
PEOPLE = [
    [1, "Dr. Ani Wiratna, S.Pd.", ANI, "Balai Contoh Medan", "Sumut", "I", "1", "A"],
    [2, "MOH. BUDI TARSANA", BUDI, "Balai Contoh Medan", "Aceh", "I", "1", "B"],
    [3, "I Wayan Citrawan", CITRA, "Balai Contoh Ambon", "Maluku", "II", "2", "A"],
]


def person(row, name, nip, office, province, *groups):
    return RosterRow(row, name, Nip(nip), office, find_province(province) if province else None, *groups)


def expected(first_row):
    return tuple(person(first_row + index, *row[1:]) for index, row in enumerate(PEOPLE))


def xlsx(path, rows, *, merged=(), sheet=None):
    book = openpyxl.Workbook()
    page = book.active
    page.title = "Peserta"
    for row in rows:
        page.append(row)
    for cells in merged:
        page.merge_cells(cells)
    if sheet:
        sheet(book)
    book.save(path)
    return path


def xls(path, rows):
    book = xlwt.Workbook()
    page = book.add_sheet("Peserta")
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            if cell not in (None, ""):
                page.write(number, column, cell)
    book.save(str(path))
    return path


def ods(path, rows):
    book = OpenDocumentSpreadsheet()
    page = Table(name="Peserta")
    for row in rows:
        line = TableRow()
        for cell in row:
            if isinstance(cell, (int, float)):
                line.addElement(TableCell(valuetype="float", value=str(cell)))
            elif cell:
                text = TableCell(valuetype="string")
                text.addElement(P(text=cell))
                line.addElement(text)
            else:
                line.addElement(TableCell())
        page.addElement(line)
    page.addElement(TableRow(numberrowsrepeated=1_000_000))
    book.spreadsheet.addElement(page)
    book.save(str(path))
    return path


def text(path, rows, *, delimiter=";", encoding="utf-8"):
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(rows)
    path.write_bytes(out.getvalue().encode(encoding))
    return path


def read(path, **options):
    return read_roster(path, today=TODAY, **options)


def keys(notes):
    return [note.key for note in notes]


def problems(roster):
    return [(each.row, each.cell, each.why.key) for each in roster.rejected]


TITLED = [["DAFTAR PESERTA ORIENTASI PPPK"], ["Tahun 2026"], [], HEADER, *PEOPLE]


@pytest.mark.parametrize("write", [xlsx, xls, ods, text])
def test_every_kind_of_file_gives_the_same_people(tmp_path, write):
    path = tmp_path / f"peserta.{'csv' if write is text else write.__name__}"
    roster = read(write(path, TITLED))
    assert roster.rows == expected(5)
    assert (roster.rejected, roster.warnings) == ((), ())
    assert roster.columns[Field.NIP] == Column("C", "NIP")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_every_delimiter_and_encoding_is_recognised(tmp_path, delimiter, encoding):
    rows = [
        ["Daftar; peserta, 2026"],
        HEADER,
        [1, "Zoé Adérsa, S.Pd.; M.Si.", ANI, "Satker", "Bali", "", "", ""],
    ]
    roster = read(text(tmp_path / "a.csv", rows, delimiter=delimiter, encoding=encoding))
    assert roster.rows == (person(3, "Zoé Adérsa, S.Pd.; M.Si.", ANI, "Satker", "Bali"),)


@pytest.mark.parametrize(
    ("titles", "fields"),
    [
        (
            "No. Urut|NAMA LENGKAP|NI PPPK|SATUAN KERJA|PROV.|GEL.|ANGK.|KEL.",
            "NAME NIP OFFICE PROVINCE WAVE CLASS GROUP",
        ),
        ("Nama Peserta|NIPPPK|Unit Kerja|Propinsi|Gelombang ke-", "NAME NIP OFFICE PROVINCE WAVE"),
        ("NIP / NI PPPK|Nama (dengan gelar)|Instansi", "NIP NAME OFFICE"),
        ("Nama Pegawai|Nomor Induk PPPK|Kantor|Provinsi Penempatan", "NAME NIP OFFICE PROVINCE"),
        ("nama|no induk pegawai|nama satker|nama provinsi", "NAME NIP OFFICE PROVINCE"),
        ("Nama sesuai KTP|NIP (18 digit)|Satker/Unit Kerja|Provinsi Satker", "NAME NIP OFFICE PROVINCE"),
        ("Name|NIP|Office|Province|Wave|Class|Group", "NAME NIP OFFICE PROVINCE WAVE CLASS GROUP"),
        ("N A M A|N I P|Asal Instansi|Kls.", "NAME NIP OFFICE CLASS"),
        ("Nm. Peserta|N.I. PPPK|Tempat Tugas|Ang.", "NAME NIP OFFICE CLASS"),
        ("N A M A P E G A W A I|N.I.P.|Lokasi Penempatan|Tempat Lahir", "NAME NIP OFFICE -"),
        ("Nama Ibu|Nama|NIP Atasan|NIP|Kode Satker|Satker|Jenis Kelamin", "- NAME - NIP - OFFICE -"),
    ],
)
def test_the_usual_titles_are_known(tmp_path, titles, fields):
    cells = {"NAME": "Ani", "NIP": ANI, "OFFICE": "Satker", "PROVINCE": "Bali"}
    wanted = [None if name == "-" else name for name in fields.split()]
    if "Urut" in titles:
        wanted.insert(0, None)
    row = ["7" if name is None else cells.get(name, "1") for name in wanted]
    roster = read(xlsx(tmp_path / "a.xlsx", [titles.split("|"), row]))
    assert [field.name for field in roster.columns] == sorted(
        filter(None, wanted), key=[field.name for field in roster.columns].index
    )
    assert {field.name: column.title for field, column in roster.columns.items()} == {
        name: title for name, title in zip(wanted, titles.split("|"), strict=True) if name
    }
    assert roster.rows[0].nip == Nip(ANI)
    assert roster.rows[0].name == "Ani"
    assert roster.rows[0].office == "Satker"


def test_a_header_of_two_merged_lines_is_put_together(tmp_path):
    rows = [
        ["LAMPIRAN I"],
        ["No", "Nama", "Nomor", "Penempatan", None, "Pembagian Kelas", None, None, "Nomor"],
        [None, None, "Induk PPPK", "Satker", "Provinsi", "Gel.", "Angkatan", "Kel.", "HP"],
        ["(1)", "(2)", "(3)", "(4)", "(5)", "(6)", "(7)", "(8)", "(9)"],
        [1, "Ani", ANI, "Balai Contoh", "Bali", "Gelombang I", "Angkatan 3", "Kel. A", "081200000001"],
    ]
    merged = ["A1:I1", "A2:A3", "B2:B3", "D2:E2", "F2:H2"]
    roster = read(xlsx(tmp_path / "a.xlsx", rows, merged=merged))
    assert roster.rows == (person(5, "Ani", ANI, "Balai Contoh", "Bali", "I", "3", "A"),)
    assert roster.columns[Field.NIP] == Column("C", "Nomor Induk PPPK")
    assert keys(roster.warnings) == ["column.private"]
    assert "I (Nomor HP)" in roster.warnings[0].text.en


def test_an_office_merged_over_several_rows_is_everyones(tmp_path):
    rows = [HEADER[:4], [1, "Ani", ANI, "Balai Contoh"], [2, "Budi", BUDI, None], [3, "Citra", CITRA, "Lain"]]
    roster = read(xlsx(tmp_path / "a.xlsx", rows, merged=["D2:D3"]))
    assert [row.office for row in roster.rows] == ["Balai Contoh", "Balai Contoh", "Lain"]


def test_what_nobody_sees_is_left_out_and_the_rest_kept_as_written(tmp_path):
    rows = [
        ["\ufeffNo.", "\u00a0Nama\u200b Peserta ", "NIP", "Satker", "Provinsi"],
        [],
        [
            "1",
            "\u00a0 Dr.  H. MOH.\u00a0ani\nWiratna,\u200b S.Pd. ",
            "'1992 0315.2025-21 1\u00a0007",
            " Balai\u00a0 X",
            "d.i.y",
        ],
        ["", "  ", "\u200b", "\u00a0"],
        ["2", "Nur 'Aini", f"'{BUDI}", "'Balai X", "Prov. Jabar"],
    ]
    roster = read(text(tmp_path / "a.csv", rows))
    assert roster.rows == (
        person(3, "Dr. H. MOH. ani Wiratna, S.Pd.", ANI, "Balai X", "DIY"),
        person(5, "Nur 'Aini", BUDI, "Balai X", "Jawa Barat"),
    )


def test_totals_signatures_sections_and_repeated_headers_are_no_people(tmp_path):
    rows = [
        HEADER,
        ["SATKER: BALAI CONTOH MEDAN"],
        *PEOPLE[:2],
        ["Jumlah", None, 2],
        HEADER,
        PEOPLE[2],
        ["Jumlah", None, 3],
        [],
        [None, "Jakarta, 1 November 2026"],
        [None, "Mengetahui,"],
        [None, "Kepala Bagian Contoh"],
        [None, "Sutarwani, S.H.", None, "Balai Contoh"],
        [None, "NIP. 197001011990031001"],
        [None, None, "NIP. 197001011990031001"],
    ]
    roster = read(xlsx(tmp_path / "a.xlsx", rows))
    assert [row.row for row in roster.rows] == [3, 4, 7]
    assert roster.rejected == ()
    assert [warning.text.en for warning in roster.warnings] == [
        "rows 2, 5, 8, 10-15 are no participants (totals, signatures, section titles) and were left out"
    ]


def test_a_participant_without_a_nip_is_rejected_not_dropped(tmp_path):
    rows = [
        HEADER,
        PEOPLE[0],
        [2, "Tanpa Nomor", None, "Balai"],
        PEOPLE[2],
        [4, "Juga Tanpa", "", "Balai"],
        [5, "Hanya Nama"],
        ["Total", 4],
    ]
    roster = read(xlsx(tmp_path / "a.xlsx", rows))
    assert problems(roster) == [
        (3, "C3", "nip.empty"),
        (5, "C5", "nip.empty"),
        (6, "C6", "nip.empty"),
        (6, "D6", "office.empty"),
    ]


@pytest.mark.parametrize("write", [xlsx, xls, ods])
def test_a_number_cell_cannot_hold_a_nip(tmp_path, write):
    rows = [["Judul"], HEADER, [1, "Ani", int(ANI), "Balai", "Bali"], PEOPLE[1]]
    roster = read(write(tmp_path / f"a.{write.__name__}", rows))
    assert [row.row for row in roster.rows] == [4]
    assert problems(roster) == [(3, "C3", "nip.number")]
    assert roster.rejected[0].why.text.id == (
        "sel C3 berisi angka, dan Excel hanya menyimpan 15 digit; jadikan teks, ketik ulang NIP"
    )


@pytest.mark.parametrize("ruined", ["1.99203E+17", "1,99203E+17", "'1.99203152025211E+17", "1.99203e17"])
def test_scientific_notation_is_refused(tmp_path, ruined):
    roster = read(text(tmp_path / "a.csv", [HEADER, [1, "Ani", ruined, "Balai", "Bali"], PEOPLE[1]]))
    assert problems(roster) == [(2, "C2", "nip.scientific")]


def test_each_problem_of_a_row_is_named_with_its_cell(tmp_path):
    rows = [
        HEADER,
        PEOPLE[0],
        [2, None, "199213152025211007", None, "Jawa Brat"],
        [3, "77", BUDI, "Balai", "Atlantis"],
        [4, "Dewi", "3171234567890001", "Balai", "Bali", date(2026, 2, 1)],
        [5, "Eka" * 400, "19750105202521", "Balai", "-"],
    ]
    roster = read(xlsx(tmp_path / "a.xlsx", rows))
    assert problems(roster) == [
        (3, "B3", "name.empty"),
        (3, "C3", "nip.birth"),
        (3, "D3", "office.empty"),
        (3, "E3", "province.similar"),
        (4, "B4", "name.letters"),
        (4, "E4", "province.unknown"),
        (5, "C5", "nip.nik"),
        (5, "F5", "cell.date"),
        (6, "B6", "cell.long"),
        (6, "C6", "nip.length"),
    ]
    assert roster.rejected[3].why.text.en == "this province is unknown; is Jawa Barat meant?"
    assert {each.column for each in roster.rejected if each.row == 3} == {"Nama", "NIP", "Satker", "Provinsi"}


def test_the_same_nip_twice_is_read_once_if_all_else_is_equal_and_refused_if_not(tmp_path):
    rows = [
        HEADER,
        PEOPLE[0],
        [
            9,
            "dr. ani  wiratna, s.pd.",
            "19920315 202521 1 007",
            "BALAI CONTOH MEDAN",
            "Sumatra Utara",
            "I",
            "1",
            "A",
        ],
        PEOPLE[1],
        [3, "Bukan Budi", BUDI, "Balai Contoh Medan", "Aceh", "I", "1", "B"],
    ]
    roster = read(xlsx(tmp_path / "a.xlsx", rows))
    assert roster.rows == expected(2)[:1]
    assert problems(roster) == [(4, "C4", "nip.conflict"), (5, "C5", "nip.conflict")]
    assert "5" in roster.rejected[0].why.text.en
    assert [warning.text.en for warning in roster.warnings] == [
        "rows 3 repeat a participant exactly; read once"
    ]


def test_no_province_is_a_warning(tmp_path):
    roster = read(text(tmp_path / "a.csv", [HEADER, PEOPLE[0], [2, "Budi", BUDI, "Balai", " - "]]))
    assert roster.rows[1] == person(3, "Budi", BUDI, "Balai", None)
    assert keys(roster.warnings) == ["rows.no_province"]
    roster = read(text(tmp_path / "b.csv", [HEADER[:4], PEOPLE[0][:4]]))
    assert keys(roster.warnings) == ["column.no_province"]


def test_an_unknown_code_of_appointment_is_a_warning(tmp_path):
    roster = read(text(tmp_path / "a.csv", [HEADER, [1, "Ani", "199203152025151007", "Balai", "Bali"]]))
    assert len(roster.rows) == 1
    assert keys(roster.warnings) == ["rows.unknown_code"]


def test_private_columns_are_read_by_nobody(tmp_path):
    rows = [
        ["NIK", "Nama", "NIP", "Satker", "Provinsi", "No. WhatsApp", "Keterangan", "Kontak 2x"],
        [
            "3171234567890001",
            "Ani",
            "12",
            "Balai",
            "Bali",
            "81200000001",
            "3171234567890002",
            "+62 812-0000-0001",
        ],
        [
            "3171234567890003",
            "Budi",
            BUDI,
            "Balai",
            "Bali",
            "081200000002",
            "3171234567890004",
            "0812 0000 0002",
        ],
    ]
    roster = read(text(tmp_path / "a.csv", rows))
    assert keys(roster.warnings) == ["column.private"] * 4
    assert roster.warnings[0].text.en == "column A (NIK) holds NIKs and was not read"
    assert roster.warnings[1].text.id == "kolom F (No. WhatsApp) berisi nomor telepon dan tidak dibaca"
    assert roster.titles == ("Nama", "NIP", "Satker", "Provinsi")
    assert roster.raw == {2: ("Ani", "12", "Balai", "Bali")}
    write_rejected(tmp_path / "mend.csv", roster)
    assert "317123456789" not in (tmp_path / "mend.csv").read_text("utf-8-sig")


def test_a_nip_is_in_no_repr(tmp_path):
    roster = read(text(tmp_path / "a.csv", [HEADER, *PEOPLE, [4, "Dewi", DEWI[:-1], "Balai", "Bali"]]))
    assert not {ANI, BUDI, CITRA, DEWI[:-1]} & set(repr(roster).split("'"))
    assert ANI not in repr(roster)
    assert DEWI[:-1] not in repr(roster)


@pytest.mark.parametrize("suffix", ["xlsx", "csv"])
def test_a_mended_file_is_imported(tmp_path, suffix):
    rows = [
        [None, None, "Data", None, "Kelas"],
        ["No", "Jabatan", "Nama", "NIP", "Satuan Kerja", "Gel", "NIK"],
        [1, "=1+1", "Ani", int(ANI), "Balai", 1, "3171234567890001"],
        [2, "-", "Budi", BUDI, "Balai", 1, ""],
        [3, "@x", "+Citra", "3171234567890002", "Balai", 2, ""],
    ]
    first = read(text(tmp_path / "a.csv", rows)) if suffix == "csv" else read(xlsx(tmp_path / "a.xlsx", rows))
    mend = tmp_path / f"perbaiki.{suffix}"
    write_rejected(mend, first)
    again = read(mend)  # nothing mended yet: the same rows are refused, nothing else is read from the file
    assert again.rows == ()
    assert len(again.rejected) == len(first.rejected) == (1 if suffix == "csv" else 2)

    if suffix == "csv":
        lines = list(csv.reader(io.StringIO(mend.read_text("utf-8-sig")), delimiter=";"))
        assert lines[1][:6] == ["3", "'@x", "'+Citra", "", "Balai", "2"]
        assert lines[1][6].startswith("Baris 5. NIP: 16 digit")
        lines[1][3] = f"'{CITRA}"
        text(mend, lines)
        assert read(mend).rows == (person(2, "+Citra", CITRA, "Balai", None, "2"),)
        return
    book = openpyxl.load_workbook(mend)
    page = book.active
    assert [cell.value for cell in page[1]] == [
        "No",
        "Jabatan",
        "Nama",
        "NIP",
        "Satker",
        "Gelombang",
        "Alasan",
    ]
    assert page["D2"].number_format == "@"
    assert {cell.data_type for row in page.iter_rows() for cell in row if cell.value} == {"s"}
    assert page["D2"].value[-3:] == "???"
    page["D2"], page["D3"] = ANI, CITRA
    book.save(mend)
    assert read(mend).rows == (
        person(2, "Ani", ANI, "Balai", None, "1"),
        person(3, "+Citra", CITRA, "Balai", None, "2"),
    )


def test_the_sheet_with_a_list_is_chosen_and_the_others_named(tmp_path):
    def more(book):
        book.create_sheet("Sampul", 0)["A1"] = "Sampul"
        second = book.create_sheet("Gelombang II")
        second.append(HEADER[:4])
        second.append(PEOPLE[2][:4])
        hidden = book.create_sheet("Lama", 0)
        hidden.sheet_state = "hidden"
        hidden.append(HEADER)
        far = book.create_sheet("Jauh")
        far["ZZ9"] = "x"

    path = xlsx(tmp_path / "a.xlsx", [HEADER, *PEOPLE], sheet=more)
    roster = read(path)
    assert roster.sheet == "Peserta"
    assert roster.rows == expected(2)
    assert [warning.text.en for warning in roster.warnings] == [
        "there are several sheets; only Peserta was read",
        "other sheets hold lists too and were not read: Gelombang II, Jauh; import them one by one",
    ]
    assert [row.name for row in read(path, sheet="Gelombang II").rows] == ["I Wayan Citrawan"]
    with pytest.raises(RosterError) as caught:
        read(path, sheet="Tidak Ada")
    assert caught.value.why.key == "file.no_sheet"


def refused(path, **options):
    with pytest.raises(RosterError) as caught:
        read(path, **options)
    assert str(caught.value).startswith(f"{path.name}: ")
    assert "\n" not in str(caught.value)
    return caught.value.why.key


def test_a_file_that_is_no_roster_is_refused_in_one_sentence(tmp_path):
    path = tmp_path / "a.csv"
    assert refused(path) == "file.missing"
    assert refused(tmp_path) == "file.folder"
    for content, key in [
        (b"", "file.empty"),
        (b" \r\n \n", "file.empty"),
        (b"halo\nsemua\n", "file.no_header"),
        (b"Nama;NIP\nAni;1\n", "file.no_office"),
        (b"Nama;Satker\nAni;Dinas\n", "file.no_nip"),
        (b"NIP;Satker\n1;Dinas\n", "file.no_name"),
        (b"Nama;NIP;Satker\n", "file.no_people"),
        (b"Nama;NIP;Satker\nJumlah;0;\n", "file.no_people"),
        (b"%PDF-1.7\n", "file.not_table"),
        (b"<html><table><tr><td>Nama</td></tr></table></html>", "file.not_table"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "file.not_table"),
        (b"\xff\xfeN\xd8", "file.not_table"),
        (b"PK\x03\x04 not a zip", "file.damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "file.damaged"),
    ]:
        path.write_bytes(content)
        assert (content, refused(path)) == (content, key)


def test_sizes_are_bounded(tmp_path):
    path = text(tmp_path / "a.csv", [HEADER, *PEOPLE])
    assert refused(path, limits=Limits(size=100)) == "file.size"
    assert refused(path, limits=Limits(rows=3)) == "file.rows"
    assert refused(path, limits=Limits(columns=7)) == "file.no_header"
    path = xlsx(tmp_path / "a.xlsx", [HEADER, *PEOPLE])
    assert refused(path, limits=Limits(rows=3)) == "file.too_large"
    assert refused(path, limits=Limits(columns=7)) == "file.too_large"


def test_a_stray_cell_at_the_end_of_the_sheet_does_not_fill_the_memory(tmp_path):
    path = xlsx(tmp_path / "a.xlsx", TITLED, sheet=lambda book: book.active.cell(900_000, 16_384, "x"))
    assert refused(path) == "file.too_large"


def repacked(source, target, part, content):
    with zipfile.ZipFile(source) as whole, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in whole.namelist():
            packed.writestr(name, content if name == part else whole.read(name))
    return target


def test_a_small_file_that_becomes_a_huge_one_is_refused(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        book.add_worksheet().write_string(0, 0, "x" * 32_000)  # kept once, however many cells name it
    row = b'<row><c t="s"><v>0</v></c></row>'
    sheet = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%b</sheetData>'
        b"</worksheet>"
    ) % (row * 150_000)
    bomb = repacked(tmp_path / "a.xlsx", tmp_path / "b.xlsx", "xl/worksheets/sheet1.xml", sheet)
    assert bomb.stat().st_size < 100_000
    assert refused(bomb) == "file.too_large"


def test_a_file_with_a_password_is_refused(tmp_path):
    # XLSX: the workbook becomes a stream named EncryptedPackage in an old container.
    old = xls(tmp_path / "a.xls", TITLED).read_bytes()
    name, locked = "Workbook".encode("utf-16-le"), "EncryptedPackage".encode("utf-16-le")
    at = old.index(name + bytes(2))
    entry = locked + bytes(64 - len(locked)) + (len(locked) + 2).to_bytes(2, "little")
    path = tmp_path / "b.xlsx"
    path.write_bytes(old[:at] + entry + old[at + len(entry) :])
    assert refused(path) == "file.password"
    # XLS: the record FilePass (number 2F hex) stands after the first one, which has 20 bytes.
    at = old.index(b"\x09\x08\x10\x00\x00\x06") + 20
    path = tmp_path / "c.xls"
    path.write_bytes(old[:at] + b"\x2f\x00" + old[at + 2 :])
    assert refused(path) == "file.password"
    # ODS: the manifest says how each part is encrypted.
    source = ods(tmp_path / "d.ods", TITLED)
    manifest = (
        b'<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        b'<m:file-entry m:full-path="content.xml"><m:encryption-data/></m:file-entry></m:manifest>'
    )
    unreadable = repacked(source, tmp_path / "e.ods", "content.xml", bytes(range(200, 256)))
    locked_ods = repacked(unreadable, tmp_path / "f.ods", "META-INF/manifest.xml", manifest)
    assert refused(locked_ods) == "file.password"


def test_a_table_that_begins_in_the_middle_of_the_sheet_is_named_by_its_own_cells(tmp_path):
    rows = [[], [], *([None, None, *row] for row in (HEADER, PEOPLE[0], [2, "Budi", int(BUDI), "Balai"]))]
    roster = read(xlsx(tmp_path / "a.xlsx", rows))
    assert roster.rows == expected(4)[:1]
    assert roster.columns[Field.NIP].letter == "E"
    assert problems(roster) == [(5, "E5", "nip.number")]


def test_what_programs_do_to_keep_a_number_text_is_understood(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        f'sep=;\r\nNama;NIP;Satker\r\nAni;="{ANI}";"Balai; Contoh"\r\nBudi;"=""{BUDI}""";Balai\r\n', "utf-8"
    )
    assert [(row.nip.digits, row.office) for row in read(path).rows] == [
        (ANI, "Balai; Contoh"),
        (BUDI, "Balai"),
    ]


def test_a_quotation_mark_that_is_never_closed_swallows_nobody(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        f'Nama;NIP;Satker\n"Ani;{ANI};Balai\nBudi "B";{BUDI};Balai\nCitra;{CITRA};"Balai"\n', "utf-8"
    )
    assert [row.name for row in read(path).rows] == ["Ani", 'Budi "B"', "Citra"]
    assert [row.office for row in read(path).rows] == ["Balai"] * 3


@pytest.fixture(scope="module")
def whole_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    return [write(folder / f"a.{write.__name__}", TITLED).read_bytes() for write in (xlsx, xls, ods)]


def gives_a_roster_or_an_error(folder: Path, data: bytes) -> None:
    path = folder / "any"
    path.write_bytes(data)
    with contextlib.suppress(RosterError):
        assert isinstance(read(path), Roster)


fuzzed = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@fuzzed
@given(st.one_of(st.binary(), st.text().map(str.encode)))
def test_any_bytes_give_a_roster_or_an_error(tmp_path, data):
    gives_a_roster_or_an_error(tmp_path, data)


CELLS = st.one_of(
    st.sampled_from(
        [*HEADER, ANI, BUDI, "NIK", "Jumlah", "", "1.9E+17", "'", '"', "-", "Aceh", "Mengetahui"]
    ),
    st.text(max_size=8),
)


@fuzzed
@given(st.lists(st.lists(CELLS, max_size=6), max_size=8), st.sampled_from(";,\t"))
def test_any_table_gives_a_roster_or_an_error(tmp_path, rows, delimiter):
    lines = [HEADER[1:4], *rows]
    gives_a_roster_or_an_error(
        tmp_path, "\n".join(delimiter.join(line) for line in lines).encode("utf-8", "replace")
    )


@settings(fuzzed, max_examples=25)
@given(st.data())
def test_any_damaged_workbook_gives_a_roster_or_an_error(tmp_path, whole_files, data):
    whole = bytearray(data.draw(st.sampled_from(whole_files)))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    gives_a_roster_or_an_error(tmp_path, bytes(whole[: data.draw(st.sampled_from([None, len(whole) // 2]))]))


def test_the_far_side_needs_nothing_of_rekan(tmp_path):
    path = xlsx(tmp_path / "a.xlsx", [["x"]])
    command = [sys.executable, "-I", workbook_reader.__file__, "10", "10", "10"]
    done = subprocess.run(command, input=path.read_bytes(), capture_output=True, check=True)
    assert done.stdout.splitlines()[-1] == b'{"end":true}'
