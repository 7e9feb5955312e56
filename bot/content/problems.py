"""What is wrong with a file, where, and how to mend it."""

import difflib
import itertools
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple


class Place(NamedTuple):
    """Where something was written: a file and its line (from 1), or a folder or variable and line 0."""

    file: str
    line: int = 0


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing to mend. A `warning` is worth a look, but nothing stops because of it."""

    file: str
    line: int
    what: str
    mend: str
    warning: bool = False


class TooManyProblemsError(Exception):
    """So much is wrong that naming the rest would help nobody."""


class ContentError(Exception):
    """Content, schedules or configuration that cannot be used as they are; `problems` says why."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(format_problem(problem) for problem in problems))
        self.problems = tuple(problems)


def format_problem(problem: Problem) -> str:
    """`file:line: what; how to mend it`, with the path as seen from the current folder."""
    line = f":{problem.line}" if problem.line else ""
    kind = "warning: " if problem.warning else ""
    return f"{from_here(problem.file)}{line}: {kind}{problem.what}; {problem.mend}"


def from_here(file: str) -> str:
    """A path as seen from the current folder, where it lies below it."""
    path, here = Path(file), Path.cwd()
    return str(path.relative_to(here)) if path.is_absolute() and path.is_relative_to(here) else file


def shown(word: str) -> str:
    """`word` in quotes, shortened, with invisible characters made visible."""
    short = word if len(word) <= 60 else f"{word[:57]}..."
    visible = (c if c == " " or unicodedata.category(c)[0] not in "CZ" else ascii(c)[1:-1] for c in short)
    return f"'{''.join(visible)}'"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was most probably meant, or None."""
    by_folded = {candidate.casefold(): candidate for candidate in itertools.islice(known, 300)}
    found = difflib.get_close_matches(word.casefold()[:100], by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def advice(word: str, known: Iterable[str]) -> str:
    """How to mend a `word` that is none of the `known` ones."""
    candidates = sorted(known)
    if (meant := nearest(word, candidates)) is not None:
        return f"did you mean '{meant}'?"
    if not candidates:
        return "there is none yet"
    listed = ", ".join(candidates[:12])
    return f"use one of: {listed}" if len(candidates) <= 12 else f"use one of: {listed}, ..."
