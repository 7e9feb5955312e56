"""Claim links as a table and as a sheet to print."""

import csv
import io
import re
from datetime import UTC, datetime

import pytest

from bot.documents.links import ClaimLink, write_links_csv, write_links_sheet

NOW = datetime(2026, 11, 1, tzinfo=UTC)
NASTY = '#panic("x") *b* _i_ $x^2$ @ref <label> [c] \\ "q" \' // /* */ `raw` ~ = + - \u202e 😀 {1} \n;'


def link(number, **changes):
    values = {
        "name": f"Ani Wiratna {number}",
        "office": "Balai Contoh Medan",
        "url": f"https://t.me/RekanContohBot?start=c_{number:032}",
        "nip": "1992••••••••••1007",
        "wave": "I",
        "class_": "3",
        "group": "A",
    }
    return ClaimLink(**(values | changes))


def test_the_table_is_sorted_as_links_are_handed_over_and_runs_no_formula(tmp_path):
    path = tmp_path / "tautan.csv"
    links = [
        link(1, office="Balai Z"),
        link(2, class_="10"),
        link(3, class_="9"),
        link(4, name='=HYPERLINK("https://a.example.invalid")', class_="9", group=None),
    ]
    write_links_csv(path, links)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline="")))
    assert rows[0] == ["Nama", "NIP", "Satker", "Gelombang", "Angkatan", "Kelompok", "Tautan"]
    assert [row[-1][-1] for row in rows[1:]] == ["4", "3", "2", "1"]
    assert rows[1][0] == '\'=HYPERLINK("https://a.example.invalid")'
    assert rows[2] == [
        "Ani Wiratna 3",
        "1992••••••••••1007",
        "Balai Contoh Medan",
        "I",
        "9",
        "A",
        links[2].url,
    ]


def pages(path):
    data = path.read_bytes()
    assert data.startswith(b"%PDF-")
    return int(re.search(rb"/Type /Pages\s+/Count (\d+)|/Count (\d+)", data).group().split()[-1])


@pytest.mark.parametrize(
    ("links", "count"),
    [
        ([link(number) for number in range(10)], 1),
        ([link(number) for number in range(11)], 2),
        ([link(number, office=f"Balai {number}") for number in range(3)], 3),
        ([link(1, wave=None, class_=None, group=None, nip="")], 1),
    ],
    ids=["ten a page", "eleven", "each office its own", "no groups"],
)
def test_the_sheet_has_ten_cards_a_page_and_a_page_for_each_office(tmp_path, links, count):
    path = tmp_path / "tautan.pdf"
    write_links_sheet(path, links, title="Tautan klaim", now=NOW)
    assert pages(path) == count


def test_no_sign_in_a_name_means_anything_on_the_sheet(tmp_path):
    path = tmp_path / "tautan.pdf"
    nasty = link(1, name=NASTY, office=NASTY, wave=NASTY, class_=NASTY, group=NASTY, nip=NASTY)
    write_links_sheet(path, [nasty, link(2, name="x" * 1_000)], title=NASTY, subtitle=NASTY, now=NOW)
    assert pages(path) == 2


def test_the_sheet_is_the_same_for_the_same_people(tmp_path):
    for name in ("a.pdf", "b.pdf"):
        write_links_sheet(tmp_path / name, [link(1), link(2)], title="Tautan", now=NOW)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
