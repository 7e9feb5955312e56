"""The schema of a database: which one it has, and the way to the one this code knows.

Alembic takes a sixth of a second to import, so nothing is imported of it while the schema is current; nor are
the report views, which take as long to be put into words.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy
from sqlalchemy import Connection, delete, insert, inspect, select, text

from bot.storage import append_only
from bot.storage.engines import DatabaseError, EngineKind
from bot.storage.tables import Base, StateRow

if TYPE_CHECKING:
    from alembic.config import Config

_FOLDER = Path(__file__).parent / "migrations"
VIEWS_COME_FROM = (
    "storage/reports.py",
    "storage/append_only.py",
    "storage/tables.py",
    "domain/feedback.py",
    "domain/messages.py",
)
"""The files, below `bot`, that say what the report views are, and the triggers."""

_VIEWS = "report_views"  # the row of `state` that says which views and triggers were made last
_UPGRADING = 7_235_241_000  # the PostgreSQL advisory lock of whoever migrates


def known() -> list[str]:
    """The revisions this code knows, oldest first."""
    return sorted(path.stem.partition("_")[0] for path in (_FOLDER / "versions").glob("[0-9]*.py"))


def revision(connection: Connection) -> str | None:
    """The database's revision; None where it has no tables yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def current(connection: Connection) -> bool:
    """Whether the database is as this code knows it; raises DatabaseError where it is newer, or not ours."""
    found, revisions = revision(connection), known()
    if found is not None and found not in revisions:
        raise DatabaseError(
            f"the database was written by a newer Rekan (schema {found}; this one knows {revisions[-1]}): "
            "install that version again, or restore a backup from before"
        )
    if found is None and (foreign := set(inspect(connection).get_table_names()) & set(Base.metadata.tables)):
        raise DatabaseError(
            f"the database holds tables that Rekan did not make ({', '.join(sorted(foreign))}): "
            "name another one in database.url"
        )
    return found == revisions[-1] and _made_views(connection) == _views_wanted(connection)


def upgrade(kind: EngineKind, *, views: bool = True) -> None:
    """Bring the database to the newest revision, in one transaction: wholly or not at all."""
    from bot.storage import reports  # noqa: PLC0415 - see the module's docstring

    with _migrating(kind) as connection:
        if current(connection):  # by another process, while this one waited for the lock
            return
        grants = reports.grants(connection)
        reports.drop(connection)
        append_only.drop(connection)
        _run("upgrade", connection, "head")
        if views:
            append_only.create(connection)
            reports.create(connection)
            reports.grant(connection, grants)
            _note_views(connection, _views_wanted(connection))


def downgrade(kind: EngineKind, target: str) -> None:
    """Go back to revision `target` ("base": to nothing), without report views. For tests."""
    from bot.storage import reports  # noqa: PLC0415 - see the module's docstring

    with _migrating(kind) as connection:
        reports.drop(connection)
        append_only.drop(connection)
        if target != "base":
            _note_views(connection, "")
        _run("downgrade", connection, target)


def generate(kind: EngineKind, message: str, number: str) -> Path:
    """Write the migration that leads from the database to the models; returns its file. For developers."""
    from alembic import command  # noqa: PLC0415 - see the module's docstring

    with _migrating(kind) as connection:
        script = command.revision(_config(connection), message, autogenerate=True, rev_id=number)
    if script is None or isinstance(script, list):
        raise RuntimeError(f"Alembic wrote {script!r} rather than one file")
    return Path(script.path)


@contextmanager
def _migrating(kind: EngineKind) -> Iterator[Connection]:
    """A transaction in which nobody else migrates, checked at its end for rows that refer to nothing."""
    engine = kind.migrating()
    try:
        with engine.connect() as connection, kind.begin(connection, to_write=True):
            if kind.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADING})
            yield connection
            if kind.name == "sqlite" and (
                dangling := connection.execute(text("PRAGMA foreign_key_check")).all()
            ):
                raise DatabaseError(
                    f"the migration would leave rows that refer to nothing ({dangling[0]}): "
                    "nothing was changed; please report this"
                )
    finally:
        engine.dispose()


def _run(direction: str, connection: Connection, target: str) -> None:
    from alembic import command  # noqa: PLC0415 - see the module's docstring

    {"upgrade": command.upgrade, "downgrade": command.downgrade}[direction](_config(connection), target)


def _config(connection: Connection) -> "Config":
    from alembic.config import Config  # noqa: PLC0415 - see the module's docstring

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config


def _views_wanted(connection: Connection) -> str:
    """A fingerprint of views and triggers: another where they could be others. Quicker than to word all."""
    found = hashlib.sha256(f"{connection.dialect.name} {sqlalchemy.__version__}".encode())
    for name in VIEWS_COME_FROM:
        found.update((_FOLDER.parents[1] / name).read_bytes())
    return found.hexdigest()[:16]


def _made_views(connection: Connection) -> str | None:
    return connection.scalar(select(StateRow.value).where(StateRow.name == _VIEWS))


def _note_views(connection: Connection, fingerprint: str) -> None:
    connection.execute(delete(StateRow).where(StateRow.name == _VIEWS))
    connection.execute(insert(StateRow), {"name": _VIEWS, "value": fingerprint})
