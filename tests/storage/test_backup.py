"""A backup is one consistent state, taken while the bot writes."""

import asyncio
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from bot.storage.backup import backup
from bot.storage.database import Database, DatabaseError, Transaction
from bot.storage.tables import StateRow, UpdateRow

Opened = Callable[[str], Database]
SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


def write_pair(tx: Transaction, number: int) -> None:
    now = datetime(2026, 11, 9, tzinfo=UTC)
    tx.connection.execute(insert(UpdateRow), {"update_id": number, "handled_at": now})
    tx.connection.execute(insert(StateRow), {"name": str(number), "value": "x" * 500})


def pairs(tx: Transaction) -> tuple[set[int], set[int]]:
    updates = set(tx.connection.scalars(select(UpdateRow.update_id)))
    names = tx.connection.scalars(select(StateRow.name).where(StateRow.value.startswith("xx")))
    return updates, {int(name) for name in names}


@SQLITE
async def test_a_backup_while_the_bot_writes(database: Database, tmp_path: Path, opened: Opened) -> None:
    target = tmp_path / "backup.db"
    going = True

    async def write(first: int) -> int:
        number = first
        while going:
            await database.transact(write_pair, number)
            number += 4
        return number - 4

    await database.transact(write_pair, 0)
    writing = [asyncio.create_task(write(n)) for n in range(1, 5)]
    await asyncio.sleep(0.05)
    before = (await database.read(pairs))[0]
    size = await asyncio.to_thread(backup, database, target)
    await asyncio.sleep(0.02)
    going = False
    await asyncio.gather(*writing)

    updates, names = opened(f"sqlite:///{target}").read_now(pairs)
    assert updates == names
    assert before <= updates < (await database.read(pairs))[0]
    assert size > 100_000
    assert opened(f"sqlite:///{target}").revision() == database.revision()


@SQLITE
def test_a_backup_is_one_file_for_its_owner(database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    assert backup(database, folder / "a.db") == (folder / "a.db").stat().st_size
    assert [path.name for path in folder.iterdir()] == ["a.db"]
    assert stat.S_IMODE((folder / "a.db").stat().st_mode) == 0o600


@SQLITE
def test_a_backup_replaces_nothing(database: Database, tmp_path: Path) -> None:
    target = tmp_path / "a.db"
    target.write_text("the last one")
    with pytest.raises(DatabaseError, match=r"a\.db is there already: name another file, or move it away"):
        backup(database, target)
    assert target.read_text() == "the last one"


@SQLITE
def test_a_backup_to_nowhere(database: Database, tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match=r"No such file or directory.*name another place for the backup"):
        backup(database, tmp_path / "usb" / "a.db")


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_postgresql_has_its_own(database: Database, tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="use pg_dump"):
        backup(database, tmp_path / "a.db")
    assert list(tmp_path.iterdir()) == []
