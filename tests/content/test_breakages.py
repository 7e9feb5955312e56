"""`tests/content/breakages.txt`, each block by itself: what is broken, and what is said about it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.content.loading import check
from bot.content.problems import format_problem
from tests.content import example

TRANSCRIPT = Path(__file__).with_name("breakages.txt")


def spelled(text: str) -> str:
    """A line of the transcript with its «…» written out."""
    text = re.sub(r"«(.)\*(\d+)»", lambda found: found[1] * int(found[2]), text)
    return re.sub(r"«U\+([0-9A-F]{4})»", lambda found: chr(int(found[1], 16)), text)


def breakages() -> Iterator[tuple[str, str, str, list[str]]]:
    """File, old text, new text and problems of each block."""
    lines = [line for line in TRANSCRIPT.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    for block in "\n".join(lines).strip().split("\n\n"):
        file, *rest = block.strip().splitlines()
        marked = {mark: [spelled(line[2:]) for line in rest if line[0] == mark] for mark in "-+>"}
        yield file, "\n".join(marked["-"]), "\n".join(marked["+"]), marked[">"]


@pytest.mark.parametrize(("file", "old", "new", "problems"), list(breakages()))
def test_a_breakage_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, old: str, new: str, problems: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    example.write(tmp_path, (file, old, new))
    found = check(Path("content"), Path("schedules"), example.SAID)
    assert [format_problem(problem) for problem in found] == problems
