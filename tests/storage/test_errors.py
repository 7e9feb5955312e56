"""What a person can get wrong about a database is told in a sentence, without the password."""

import os
import sqlite3
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError

from bot.domain.programme import Catalogue
from bot.storage.database import Database, DatabaseError, Transaction
from bot.storage.tables import StateRow

CATALOGUE = Catalogue({}, {})
SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


def refusal(url: str) -> str:
    with pytest.raises(DatabaseError) as caught:
        Database.open(url, CATALOGUE)
    return str(caught.value)


HOW = "write sqlite:///rekan.db, or postgresql://user:password@host/database"
HOW_POSTGRESQL = (
    "write postgresql://user:password@host/database (in the password, @ : / % are written as %40 %3A %2F %25)"
)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("mysql://rekan:geheim@db.example.invalid/rekan", f"begins with mysql://: {HOW}"),
        ("rekan.db", f"is not an address of a database: {HOW}"),
        (
            "postgresql://rekan:geheim@db.example.invalid:lima/rekan",
            f"is not right after postgresql://: {HOW_POSTGRESQL}",
        ),
        ("sqlite://", "names no file, and what is kept in memory is lost: write sqlite:///rekan.db"),
        ("sqlite:///:memory:", "names no file, and what is kept in memory is lost: write sqlite:///rekan.db"),
    ],
)
def test_an_address_that_is_none(url: str, sentence: str) -> None:
    assert refusal(url) == f"database.url {sentence}"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "data" / "rekan.db"
    assert refusal(f"sqlite:///{path}") == (
        f"{path} cannot be opened: the folder {path.parent} does not exist; create it, or change database.url"
    )


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    assert refusal(f"sqlite:///{tmp_path}") == (
        f"{tmp_path} cannot be opened: give Rekan's user the right to write it and the folder "
        f"{tmp_path.parent}, or change database.url"
    )


OPEN_AS_NOBODY = """
import os, sys
from bot.domain.programme import Catalogue
from bot.storage.database import Database, DatabaseError

Database.open(sys.argv[2], Catalogue({}, {})).close_now()  # loads what nobody may not be allowed to read
if os.geteuid() == 0:  # who may write everywhere
    os.setuid(65534)
try:
    Database.open(sys.argv[1], Catalogue({}, {})).upgrade()
except DatabaseError as error:
    print(error)
"""


@pytest.mark.skipif(os.name == "nt", reason="rights are another matter there")
@pytest.mark.parametrize("there", [False, True])
def test_a_folder_that_may_not_be_written(migrated_file: Path, *, there: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:  # others may enter it, as they may not pytest's
        path = Path(folder) / "rekan.db"
        if there:
            path.write_bytes(migrated_file.read_bytes())
            path.chmod(0o444)
        Path(folder).chmod(0o555)
        done = subprocess.run(
            [sys.executable, "-c", OPEN_AS_NOBODY, f"sqlite:///{path}", f"sqlite:///{migrated_file}"],
            capture_output=True,
            text=True,
            check=False,
        )
        Path(folder).chmod(0o755)
    sentence = (
        f"{path} cannot be {'written' if there else 'opened'}: give Rekan's user the right to write it "
        f"and the folder {folder}, or change database.url\n"
    )
    assert (done.stdout, done.stderr) == (sentence, "")


def test_a_file_of_another_kind(tmp_path: Path) -> None:
    path = tmp_path / "rekan.db"
    path.write_text("nama;nip;satker\n" * 100)
    assert refusal(f"sqlite:///{path}") == (
        f"{path} is not an SQLite database: name another file in database.url, or move this one away"
    )


@SQLITE
async def test_a_full_disk(database: Database, url: str) -> None:
    def fill(tx: Transaction) -> None:
        tx.connection.execute(text("PRAGMA max_page_count = 1"))  # the least is what it has
        tx.connection.execute(insert(StateRow), {"name": "large", "value": "x" * 1_000_000})

    def make_room(tx: Transaction) -> None:
        tx.connection.execute(text("PRAGMA max_page_count = 1000000"))
        tx.connection.execute(insert(StateRow), {"name": "small", "value": ""})

    with pytest.raises(DatabaseError) as caught:
        await database.transact(fill)
    path = url.removeprefix("sqlite:///")
    assert (
        str(caught.value) == f"no room to write {path}: the disk is full; make room, Rekan goes on by itself"
    )
    await database.transact(make_room)


@SQLITE
async def test_a_database_that_somebody_else_keeps_locked(
    url: str, monkeypatch: pytest.MonkeyPatch, opened: Callable[[str], Database]
) -> None:
    monkeypatch.setattr("bot.storage.engines.PATIENCE", 0.05)
    database = opened(url)
    path = url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None)) as editor:
        editor.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseError, match="is being written by another program"):
            await database.transact(lambda tx: None)
        editor.execute("ROLLBACK")
    await database.transact(lambda tx: None)


def test_a_server_that_does_not_answer() -> None:
    assert refusal("postgresql://rekan:geheim@127.0.0.1:1/rekan") == (
        "PostgreSQL at 127.0.0.1:1 does not answer: start it, or mend host and port in database.url"
    )


def test_a_machine_that_is_not_there() -> None:
    assert refusal("postgresql://rekan:geheim@db.example.invalid/rekan") == (
        "there is no machine named db.example.invalid: mend the host in database.url"
    )


def test_a_database_that_is_not_there(server: str) -> None:
    assert refusal(server.replace("/postgres?", "/rekan?")) == (
        "PostgreSQL at this machine:5432 has no database rekan: create it (createdb rekan), "
        "or change database.url"
    )


def test_a_user_that_is_not_there(server: str) -> None:
    assert refusal(server.replace("//postgres:", "//rekan:geheim")) == (
        'PostgreSQL at this machine:5432 does not let rekan in (role "rekan" does not exist): '
        "mend database.url or pg_hba.conf"
    )


def test_a_wrong_password(server: str) -> None:
    with psycopg.connect(server, autocommit=True) as admin:
        (rules,) = admin.execute("SHOW hba_file").fetchone() or ("",)
        before = Path(rules).read_text(encoding="utf-8")
        Path(rules).write_text(f"local all locked scram-sha-256\n{before}", encoding="utf-8")
        admin.execute("SELECT pg_reload_conf()")
        admin.execute("CREATE ROLE locked LOGIN PASSWORD 'yang-benar'")
        sentence = refusal(server.replace("//postgres:", "//locked:geheim"))
        Path(rules).write_text(before, encoding="utf-8")
        admin.execute("SELECT pg_reload_conf()")
        admin.execute("DROP ROLE locked")
    assert sentence == (
        "PostgreSQL at this machine:5432 refuses the password of locked: put the right one in database.url "
        "(in it, @ : / % are written as %40 %3A %2F %25)"
    )


def test_a_user_who_may_not_create_tables(server: str, postgresql: Callable[..., str]) -> None:
    url = postgresql()
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute("CREATE ROLE guest LOGIN")
        database = Database.open(url.replace("//postgres:", "//guest:geheim"), CATALOGUE)
        with pytest.raises(DatabaseError) as caught:
            database.upgrade()
        database.close_now()
        admin.execute("DROP ROLE guest")
    assert str(caught.value).startswith(
        "PostgreSQL at this machine:5432 does not allow guest to do this (permission denied for schema public"
    )


def test_an_error_does_not_repeat_what_people_wrote(database: Database) -> None:
    written = "".join(("Raha", "sia"))  # a traceback quotes this file's lines

    def twice(tx: Transaction) -> None:
        for _ in range(2):
            tx.connection.execute(insert(StateRow).values(name="jurnal", value=written))

    with pytest.raises(IntegrityError) as caught:
        database.write_now(twice)
    assert "Rahasia" not in "".join(traceback.format_exception(caught.value))
