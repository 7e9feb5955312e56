import sqlite3
import stat
from pathlib import Path

from tests.cli.conftest import Rekan


def test_the_tables_are_made_once(rekan: Rekan, home: Path) -> None:
    assert rekan("db", "revision").out == "no tables yet: rekan db upgrade makes them\n"
    assert rekan("db", "revision", "--json").document == {"revision": None}
    assert not (home / "rekan.db").exists()
    made = rekan("db", "upgrade").out
    assert made.startswith("no tables -> ")
    newest = made.split()[-1]
    assert rekan("db", "upgrade").out == f"{newest} already\n"
    assert rekan("db", "revision", "--json").document == {"revision": newest}


def test_a_backup_is_whole_private_and_never_over_another(rekan: Rekan, home: Path) -> None:
    missing = rekan("backup", "copy.db")
    assert missing.code == 1
    assert missing.err.startswith("There is no database at sqlite:///")
    rekan("db", "upgrade")
    ended = rekan("backup", "copy.db", "--json")
    copy = home / "copy.db"
    assert ended.document == {"file": "copy.db", "bytes": copy.stat().st_size}
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    connection = sqlite3.connect(copy)
    assert connection.execute("SELECT count(*) FROM people").fetchone() == (0,)
    connection.close()
    again = rekan("backup", "copy.db")
    assert (again.code, again.err) == (
        1,
        "copy.db is there already: name another file, or move it away.\n",
    )


def test_a_file_that_is_no_database_is_a_sentence(rekan: Rekan, home: Path) -> None:
    (home / "rekan.db").write_bytes(b"this is not a database, but long enough to look at" * 50)
    for command in (("db", "upgrade"), ("people", "links"), ("backup", "copy.db")):
        ended = rekan(*command)
        assert ended.code == 1
        assert "rekan.db is not an SQLite database" in ended.err
        assert ended.err.count("\n") == 1
