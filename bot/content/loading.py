"""`content/` and `schedules/`: from YAML to what the program works with, or every problem at once."""

from pathlib import Path

from bot.content import build, checks
from bot.content.files import Files, read_files
from bot.content.problems import ContentError, Problem
from bot.content.shape import Reading
from bot.domain.programme import Catalogue


def load(content_dir: Path, schedules_dir: Path) -> Catalogue:
    """All that the files say; raises `ContentError` with every problem in them (warnings do not count)."""
    files, problems = _read(content_dir, schedules_dir)
    errors = [problem for problem in problems if not problem.warning]
    if errors:
        raise ContentError(errors)
    return build.catalogue(files)


def check(content_dir: Path, schedules_dir: Path) -> list[Problem]:
    """Every problem in the files, warnings too, by file and line."""
    return _read(content_dir, schedules_dir)[1]


def _read(content_dir: Path, schedules_dir: Path) -> tuple[Files, list[Problem]]:
    reading = Reading()
    files = read_files(content_dir, schedules_dir, reading)
    checks.check(files, reading)
    return files, sorted(reading.problems)
