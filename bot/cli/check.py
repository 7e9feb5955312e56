"""`rekan check`: configuration, content and schedules, every problem at once."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bot.cli import corrections
from bot.cli.corrections import Found, document, standing
from bot.cli.errors import BAD_INPUT
from bot.cli.options import ConfigFile, Json
from bot.cli.setup import config_path, read_catalogue
from bot.cli.terminal import note, print_json

if TYPE_CHECKING:
    from bot.config import Config
    from bot.content.problems import Problem
    from bot.domain.programme import Catalogue


def check(config_file: ConfigFile = None, as_json: Json = False) -> None:
    """Name every problem in configuration, content and schedules.

    Problems go to standard error, a line each: `file:line: what; how to mend it`. Warnings alone are no
    failure. With --json everything is one document on standard output. What coordinators have corrected of
    the timetable since is named, with what no longer fits the files.
    """
    from bot.content.problems import format_problem

    problems, config = find_problems(config_file)
    failed = any(not problem.warning for problem in problems)
    counts: dict[str, int] = {}
    corrected: Found = ()
    if not failed and config is not None:
        catalogue = read_catalogue(config)
        counts, corrected = summary(catalogue), standing(config, catalogue)
    if as_json:
        print_json(
            {
                "ok": not failed,
                "problems": [
                    {
                        "file": problem.file,
                        "line": problem.line,
                        "what": problem.what,
                        "mend": problem.mend,
                        "warning": problem.warning,
                    }
                    for problem in problems
                ],
                "corrections": document(corrected),
                **counts,
            }
        )
    else:
        for problem in problems:
            note(format_problem(problem))
        if not failed:
            typer.echo(in_words(counts))
            for line in corrections.in_words(corrected):
                typer.echo(line)
    if failed:
        raise typer.Exit(BAD_INPUT)


def find_problems(config_file: Path | None) -> "tuple[list[Problem], Config | None]":
    """What is wrong in all files, and the configuration where that can be read.

    Where it cannot, content and schedules are looked for in their usual places.
    """
    from bot.config import load_config
    from bot.content import loading
    from bot.content.problems import ContentError
    from bot.domain.forecast import Pace

    try:
        config = load_config(config_file, os.environ)
    except ContentError as error:
        folder = config_path(config_file).absolute().parent
        content, schedules = folder / "content", folder / "schedules"
        there = content.is_dir() and schedules.is_dir()
        return [*error.problems, *(loading.check(content, schedules) if there else [])], None
    # The whole pace, nothing kept for replies: only what could not even then be in time is a mistake.
    wanted = config.telegram.pace
    pace = Pace.for_stars(wanted.per_second, wanted.budget, for_replies=0)
    return loading.check(config.content, config.schedules, pace=pace), config


def summary(catalogue: "Catalogue") -> dict[str, int]:
    """How much there is of everything; what several programmes share counts once."""
    programmes = list(catalogue.programmes.values())
    quizzes = {quiz.id: quiz for programme in programmes for quiz in programme.quizzes}
    return {
        "programmes": len(programmes),
        "modules": len({module.id for programme in programmes for module in programme.modules}),
        "quizzes": len(quizzes),
        "questions": sum(len(quiz.questions) for quiz in quizzes.values()),
        "prompts": len({task.prompt.id for programme in programmes for task in programme.journal}),
        "sessions": sum(len(programme.sessions) for programme in programmes),
        "entries": sum(len(programme.timetable) for programme in programmes),
    }


def in_words(counts: dict[str, int]) -> str:
    """`summary` as one line."""
    return ", ".join(f"{count} {kind if count != 1 else _singular(kind)}" for kind, count in counts.items())


def _singular(kind: str) -> str:
    return {"quizzes": "quiz", "entries": "entry"}.get(kind, kind.removesuffix("s"))
