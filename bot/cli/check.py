"""`rekan check`: configuration, content and schedules, every problem at once."""

from typing import Any

import typer

from bot.cli.errors import BAD_INPUT
from bot.cli.setup import read_config
from bot.cli.terminal import ConfigFile, Json, note, print_json


def check(config_file: ConfigFile = None, as_json: Json = False) -> None:
    """Look through configuration, content and schedules, and name every problem at once.

    Problems go to standard error, a line each: `file:line: what; how to mend it`. Warnings alone are no
    failure. With --json everything is one document on standard output.
    """
    raise NotImplementedError


def summary(catalogue: Any) -> dict[str, int]:
    """How much there is of everything."""
    programmes = list(catalogue.programmes.values())
    return {
        "programmes": len(programmes),
        "modules": len({m.id for p in programmes for m in p.modules}),
        "quizzes": len({q.id for p in programmes for q in p.quizzes}),
        "questions": sum(len(q.questions) for q in {q.id: q for p in programmes for q in p.quizzes}.values()),
        "prompts": len({t.prompt.id for p in programmes for t in p.journal}),
        "sessions": sum(len(p.sessions) for p in programmes),
        "entries": sum(len(p.timetable) for p in programmes),
    }
