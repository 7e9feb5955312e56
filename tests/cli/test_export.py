import csv
import stat
from pathlib import Path

import openpyxl
import pytest

from tests.cli.conftest import ROOT, Rekan


@pytest.fixture
def with_people(rekan: Rekan) -> None:
    rekan("people", "import", ROOT / "content/examples/peserta.csv")


@pytest.mark.usefixtures("with_people")
def test_a_workbook_of_all_reports(rekan: Rekan, home: Path) -> None:
    ended = rekan("export", "out.xlsx", "--json")
    assert ended.code == 0
    assert ended.document["rows"]["people"] == 60
    assert list(ended.document["rows"]) == [
        "people",
        "progress",
        "modules",
        "quiz_results",
        "quiz_questions",
        "journal_status",
        "reach",
    ]
    assert stat.S_IMODE((home / "out.xlsx").stat().st_mode) == 0o600
    workbook = openpyxl.load_workbook(home / "out.xlsx")
    titles = [cell.value for cell in next(workbook["people"].iter_rows())]
    assert {"name", "nip_masked", "claimed_at (WIB)", "first_login"} <= set(titles)
    workbook.close()


@pytest.mark.usefixtures("with_people")
def test_one_report_as_csv(rekan: Rekan, home: Path) -> None:
    assert rekan("export", "out.csv", "--report", "report_people").out == "out.csv: people 60\n"
    with (home / "out.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["office"] for row in rows] == sorted(row["office"] for row in rows)
    assert all("•" in row["nip_masked"] for row in rows)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("out.pdf",), 2, "out.pdf: name a file that ends in .xlsx, or in .csv"),
        (("out.csv",), 2, "out.csv: a .csv holds one report; say which with --report, or write .xlsx"),
        (("out.xlsx", "--report", "nips"), 2, "--report: there is no report 'nips'; there is: people, "),
        (("out.xlsx",), 1, "There is no database at sqlite:///"),
    ],
)
def test_what_cannot_be_exported(
    rekan: Rekan, home: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    ended = rekan("export", *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert ended.err.startswith(says)
    assert sorted(path.name for path in home.iterdir()) == ["config.yaml"]


@pytest.mark.usefixtures("with_people")
def test_a_folder_that_is_not_there_is_a_sentence(rekan: Rekan) -> None:
    ended = rekan("export", "nowhere/out.xlsx")
    assert (ended.code, ended.err) == (1, "nowhere/out.xlsx: No such file or directory.\n")
