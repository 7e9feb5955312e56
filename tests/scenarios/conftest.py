"""What every play needs: the small orientation with the real texts, and an empty database, each made once."""

import importlib
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from bot.content.loading import load
from bot.domain.programme import Catalogue
from bot.simulator.records import CallRecord

HERE = Path(__file__).parent
TEXTS = HERE.parents[1] / "content" / "texts"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--approve", action="store_true", help="write the plays anew, as they went (then read the diff)"
    )


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """The plays' own orientation, said in the words that are shipped."""
    world = tmp_path_factory.mktemp("world")
    shutil.copytree(HERE / "world", world, dirs_exist_ok=True)
    shutil.copytree(TEXTS, world / "content" / "texts")
    return load(world / "content", world / "schedules")


@pytest.fixture
def database(migrated_file: Path, tmp_path: Path) -> Path:
    """A database file with all tables and nothing in them."""
    return shutil.copy(migrated_file, tmp_path / "rekan.db")


@pytest.fixture(scope="session")
def misfits() -> Callable[[Iterable[CallRecord]], list[str]]:
    """What in calls the public Bot API does not have; loading what knows it takes seconds."""
    found: Callable[[Iterable[CallRecord]], list[str]] = importlib.import_module(
        "tests.scenarios.requests"
    ).misfits
    return found
