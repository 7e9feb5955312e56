"""`content/` and `schedules/`: from YAML to what the program works with, or every problem at once."""

import contextlib
from collections.abc import Mapping
from pathlib import Path

from bot.content import build, checks
from bot.content.checks import fit
from bot.content.files import Files, read_files
from bot.content.problems import ContentError, Problem, TooManyProblemsError
from bot.content.said import said
from bot.content.shape import Reading
from bot.domain.forecast import Pace
from bot.domain.programme import Catalogue


def load(
    content_dir: Path, schedules_dir: Path, needed: Mapping[str, tuple[str, ...]] | None = None
) -> Catalogue:
    """All that the files say; raises `ContentError` with every problem in them (warnings do not count).

    `needed` has the texts that must be there, with their placeholders; usually those that the program says.
    """
    files, problems = _read(content_dir, schedules_dir, needed)
    errors = [problem for problem in problems if not problem.warning]
    if errors:
        raise ContentError(errors)
    return build.catalogue(files)


def check(
    content_dir: Path,
    schedules_dir: Path,
    needed: Mapping[str, tuple[str, ...]] | None = None,
    *,
    pace: Pace | None = None,
) -> list[Problem]:
    """Every problem in the files, warnings too, by file and line; `needed` as for `load`.

    With a `pace`, also what cannot reach everybody in time at that pace.
    """
    return _read(content_dir, schedules_dir, needed, pace)[1]


def _read(
    content_dir: Path,
    schedules_dir: Path,
    needed: Mapping[str, tuple[str, ...]] | None,
    pace: Pace | None = None,
) -> tuple[Files, list[Problem]]:
    reading = Reading()
    files = Files()
    with contextlib.suppress(TooManyProblemsError):  # the first hundreds are enough for one day
        files = read_files(content_dir, schedules_dir, reading)
        checks.check(files, said() if needed is None else needed, reading)
        if pace is not None:
            for schedule in files.schedules:
                fit.check(schedule, pace, reading)
    return files, sorted(reading.problems)
