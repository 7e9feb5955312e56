import csv
import stat
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.domain.claims import read_claim_code
from bot.domain.programme import Catalogue
from bot.storage.database import Database
from bot.storage.secrets import CLAIMS, find_secret
from bot.storage.tables import PersonRow
from tests.cli.conftest import ROOT, Rekan

ROSTER = """\
DAFTAR PESERTA ORIENTASI PPPK;;;;;;;
No;Nama Lengkap;NIP;Satker;Provinsi;Gelombang;Angkatan;Kelompok
1;Upik Contoh;19831106 202521 2 001;Balai A;Bali;I;1;A
2;;198311062025212002;Balai A;Bali;I;1;A
3;Budi Contoh;198401012025211003;Balai B;Papua;I;2;B
4;Citra Contoh;1,98407E+17;Balai B;Baly;I;2;B
"""
NAME = {"row": 4, "column": "Nama Lengkap", "why": "nama kosong; isi nama peserta"}


@pytest.fixture
def roster(home: Path) -> Path:
    file = home / "daftar.csv"
    file.write_text(ROSTER)
    return file


def names(home: Path) -> list[str]:
    database = Database.open(f"sqlite:///{home / 'rekan.db'}", Catalogue({}, {}))
    try:
        return database.read_now(
            lambda tx: list(tx.connection.scalars(select(PersonRow.name).order_by(PersonRow.id)))
        )
    finally:
        database.close_now()


def test_good_rows_go_in_and_bad_ones_out_to_be_mended(rekan: Rekan, home: Path, roster: Path) -> None:
    ended = rekan("people", "import", roster, "--json")
    assert ended.code == 0
    document = ended.document
    assert list(document) == ["imported", "updated", "unchanged", "rejected"]
    assert (document["imported"], document["updated"], document["unchanged"]) == (2, 0, 0)
    assert document["rejected"][0] == NAME
    assert {(problem["row"], problem["column"]) for problem in document["rejected"]} == {
        (4, "Nama Lengkap"),
        (6, "NIP"),
        (6, "Provinsi"),
    }
    assert names(home) == ["Upik Contoh", "Budi Contoh"]
    mend = home / "daftar-perbaiki.csv"
    assert "daftar-perbaiki.csv" in ended.err
    assert stat.S_IMODE(mend.stat().st_mode) == 0o600
    assert "198311062025212001" not in ended.err
    assert "1983••••••••••2001" in ended.err

    # Mended there and imported as it is, the rest goes in.
    with mend.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file, delimiter=";"))
    rows[1][1] = "Made Contoh"
    rows[2][2], rows[2][4] = "198407012025212004", "Bali"
    with mend.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows(rows)
    again = rekan("people", "import", mend, "--json").document
    assert again == {"imported": 2, "updated": 0, "unchanged": 0, "rejected": []}
    assert names(home) == ["Upik Contoh", "Budi Contoh", "Made Contoh", "Citra Contoh"]


def test_the_second_import_changes_nothing_and_a_newer_one_updates(rekan: Rekan, roster: Path) -> None:
    rekan("people", "import", roster)
    again = rekan("people", "import", roster, "--json").document
    assert (again["imported"], again["updated"], again["unchanged"]) == (0, 0, 2)
    roster.write_text(ROSTER.replace("Balai B", "Balai C"))
    newer = rekan("people", "import", roster, "--json").document
    assert (newer["imported"], newer["updated"], newer["unchanged"]) == (0, 1, 1)


def test_a_dry_run_touches_nothing(rekan: Rekan, home: Path, roster: Path) -> None:
    before = sorted(home.iterdir())
    ended = rekan("people", "import", roster, "--dry-run")
    assert ended.out == "imported 2, updated 0, unchanged 0, rejected 2 (nothing was written)\n"
    assert sorted(home.iterdir()) == before
    rekan("people", "import", roster, "--rejected", "mend.xlsx")
    roster.write_text(ROSTER.replace("Balai B", "Balai C"))
    assert rekan("people", "import", roster, "--dry-run", "--json").document["updated"] == 1
    assert rekan("people", "import", roster, "--dry-run", "--json").document["updated"] == 1
    assert (home / "mend.xlsx").stat().st_size > 1000


def test_a_file_that_is_being_mended_is_not_written_over(rekan: Rekan, home: Path, roster: Path) -> None:
    rekan("people", "import", roster)
    first = (home / "daftar-perbaiki.csv").read_bytes()
    rekan("people", "import", roster)
    assert (home / "daftar-perbaiki.csv").read_bytes() == first
    assert (home / "daftar-perbaiki-2.csv").exists()


def test_a_file_without_any_good_row_is_bad_input(rekan: Rekan, home: Path) -> None:
    (home / "daftar.csv").write_text("Nama;NIP;Satker\nUpik;123;Balai A\n")
    ended = rekan("people", "import", "daftar.csv", "--json")
    assert ended.code == 2
    assert ended.document["imported"] == 0
    assert len(ended.document["rejected"]) == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "there is no such file"),
        (b"", "the file is empty"),
        (b"PK\x03\x04 no workbook", "daftar.csv: "),
        (b"\x00\x01\x02\x03", "daftar.csv: "),
        (b"just a line of text\n", "daftar.csv: "),
    ],
)
def test_a_file_that_is_no_roster_is_named(
    rekan: Rekan, home: Path, content: bytes | None, says: str
) -> None:
    if content is not None:
        (home / "daftar.csv").write_bytes(content)
    ended = rekan("people", "import", "daftar.csv", "--json")
    assert (ended.code, ended.out) == (2, "")
    assert says in ended.err
    assert not (home / "rekan.db").exists()


def test_the_programme_must_be_one_of_them(rekan: Rekan, roster: Path) -> None:
    ended = rekan("people", "import", roster, "--programme", "pppk-1999")
    assert ended == type(ended)(
        2, "", "--programme: there is no orientation 'pppk-1999'; there is: pppk-2026\n"
    )


def test_links_are_written_for_their_owners_only(rekan: Rekan, home: Path, roster: Path) -> None:
    rekan("people", "import", roster)
    ended = rekan("people", "links", "--bot", "@rekan_contoh_bot", "--out", "out", "--json")
    assert ended.code == 0
    assert ended.document == {
        "links": 2,
        "csv": "out/pppk-2026-links.csv",
        "pdf": "out/pppk-2026-links.pdf",
    }
    assert "These links are personal" in ended.err
    for file in (home / "out").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (home / "out/pppk-2026-links.pdf").read_bytes().startswith(b"%PDF")
    links = {row["Nama"]: row["Tautan"] for row in rows_of(home / "out/pppk-2026-links.csv")}
    database = Database.open(f"sqlite:///{home / 'rekan.db'}", Catalogue({}, {}))
    key = database.read_now(find_secret, CLAIMS)
    database.close_now()
    assert key is not None
    address = "https://t.me/rekan_contoh_bot?start="
    assert {name: read_claim_code(key, link.removeprefix(address)) for name, link in links.items()} == {
        "Upik Contoh": (1, 1),
        "Budi Contoh": (2, 1),
    }


def test_links_of_some_and_a_link_anew(rekan: Rekan, home: Path, roster: Path) -> None:
    rekan("people", "import", roster)
    common = ("people", "links", "--bot", "rekan_contoh_bot")
    assert rekan(*common, "--office", "Balai B", "--json").document["links"] == 1
    old = rows_of(home / "links/pppk-2026-links.csv")
    assert [row["Nama"] for row in old] == ["Budi Contoh"]
    rekan(*common, "--nip", "19840101 202521 1 003", "--renew")
    new = rows_of(home / "links/pppk-2026-links.csv")
    assert [row["Nama"] for row in new] == ["Budi Contoh"]
    assert new[0]["Tautan"] != old[0]["Tautan"]
    refused = rekan(*common, "--renew")
    assert (refused.code, refused.err) == (2, "--renew: say whose link is to be voided, with --nip\n")
    assert rekan(*common, "--nip", "123").err.startswith("--nip: this is no NIP of 18 digits")
    nobody = rekan(*common, "--office", "Balai Z")
    assert (nobody.code, nobody.out) == (1, "")
    assert nobody.err.startswith("Nobody on the roster is meant by this")


def test_links_need_the_bots_name(rekan: Rekan, roster: Path) -> None:
    rekan("people", "import", roster)
    ended = rekan("people", "links")
    assert ended.code == 1
    assert ended.err == (
        "The links need the bot's name, and telegram.token is not set: give it with --bot USERNAME.\n"
    )


def test_the_shipped_roster_goes_in_whole(rekan: Rekan) -> None:
    ended = rekan("people", "import", ROOT / "content/examples/peserta.csv", "--json")
    assert ended.document == {"imported": 60, "updated": 0, "unchanged": 0, "rejected": []}


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.DictReader(opened))
