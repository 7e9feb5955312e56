"""The schema: every migration up and down, equal to the models, and what is not ours is left alone."""

import ast
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from bot.storage import reports, schema
from bot.storage.database import Database, DatabaseError, Transaction
from bot.storage.tables import Base, StateRow, for_migrations

Opened = Callable[[str], Database]


def tables(tx: Transaction) -> set[str]:
    return set(inspect(tx.connection).get_table_names()) - {"alembic_version"}


def views(tx: Transaction) -> set[str]:
    return set(inspect(tx.connection).get_view_names())


def differences(tx: Transaction) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(tx.connection), for_migrations()))


def test_every_migration_goes_up_down_and_up_again(empty_url: str, opened: Opened) -> None:
    database = opened(empty_url)
    assert database.revision() is None

    database.upgrade()
    assert database.revision() == schema.known()[-1]
    assert database.read_now(tables) == set(Base.metadata.tables)
    assert database.read_now(views) == set(reports.VIEWS)

    for target in [*reversed(schema.known()[:-1]), "base"]:
        schema.downgrade(database.kind, target)
        assert database.revision() == (None if target == "base" else target)
    assert database.read_now(tables) == set()
    assert database.read_now(views) == set()

    database.upgrade()
    assert database.read_now(tables) == set(Base.metadata.tables)
    assert database.read_now(views) == set(reports.VIEWS)


def test_the_migrations_make_what_the_models_say(database: Database) -> None:
    assert database.read_now(differences) == []


def test_an_upgrade_of_a_current_database_changes_nothing_and_loads_no_alembic(url: str) -> None:
    code = (
        "import sys; from bot.storage.database import Database; from bot.domain.programme import Catalogue\n"
        f"d = Database.open({url!r}, Catalogue({{}}, {{}})); d.upgrade(); d.close_now()\n"
        "sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_what_the_views_come_from_is_known() -> None:
    source = ast.parse(Path(reports.__file__).read_text())
    imported = [each.module for each in ast.walk(source) if isinstance(each, ast.ImportFrom) and each.module]
    ours = {name for name in imported if name.startswith("bot.")}
    known = {f"bot/{name}"[: -len(".py")].replace("/", ".") for name in schema.VIEWS_COME_FROM}
    assert known == ours | {"bot.storage.reports", "bot.storage.append_only"}


def test_views_of_an_older_release_are_made_anew(database: Database) -> None:
    def age(tx: Transaction) -> None:
        tx.connection.execute(text("DROP VIEW report_people"))
        tx.connection.execute(text("CREATE VIEW report_old AS SELECT 1 AS one"))
        tx.connection.execute(StateRow.__table__.update().values(value="older"))

    database.write_now(age)
    database.upgrade()
    assert database.read_now(views) == set(reports.VIEWS)


def test_who_could_read_a_view_can_read_it_after_an_upgrade(
    postgresql: Callable[..., str], migrated: str, opened: Opened
) -> None:
    database = opened(postgresql(migrated))

    def prepare(tx: Transaction) -> None:
        tx.connection.execute(text("GRANT SELECT ON report_people TO pg_monitor"))
        tx.connection.execute(text("GRANT SELECT ON report_reach TO PUBLIC"))
        tx.connection.execute(StateRow.__table__.update().values(value="older"))

    def granted(tx: Transaction) -> list[tuple[str, str]]:
        return sorted(reports.grants(tx.connection))

    database.write_now(prepare)
    database.upgrade()
    assert database.read_now(granted) == [("report_people", "pg_monitor"), ("report_reach", "PUBLIC")]


def test_a_newer_database_is_left_alone(database: Database) -> None:
    def age(tx: Transaction) -> None:
        tx.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    database.write_now(age)
    with pytest.raises(DatabaseError) as caught:
        database.upgrade()
    assert str(caught.value) == (
        f"the database was written by a newer Rekan (schema 9999; this one knows {schema.known()[-1]}): "
        "install that version again, or restore a backup from before"
    )


def test_another_programs_tables_are_left_alone(empty_url: str, opened: Opened) -> None:
    def others(tx: Transaction) -> None:
        tx.connection.execute(text("CREATE TABLE people (name TEXT)"))

    database = opened(empty_url)
    database.write_now(others)
    with pytest.raises(DatabaseError) as caught:
        database.upgrade()
    assert str(caught.value) == (
        "the database holds tables that Rekan did not make (people): name another one in database.url"
    )


def test_two_processes_that_start_together_both_find_the_tables(empty_url: str) -> None:
    code = (
        "from bot.storage.database import Database; from bot.domain.programme import Catalogue\n"
        f"d = Database.open({empty_url!r}, Catalogue({{}}, {{}})); d.upgrade(); print(d.revision())"
    )
    processes = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(2)]
    assert [process.communicate()[0].decode().strip() for process in processes] == [schema.known()[-1]] * 2


def test_alembic_knows_the_same_revisions() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    script = ScriptDirectory.from_config(config)
    assert [revision.revision for revision in script.walk_revisions()][::-1] == schema.known()
