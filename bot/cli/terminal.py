"""What the commands share of the terminal: results on standard output, everything else on standard error."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", metavar="FILE", help="The configuration; otherwise config.yaml in this folder."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
ProgrammeId = Annotated[
    str | None,
    typer.Option("--programme", "-p", metavar="ID", help="Which orientation, where there are several."),
]


def note(line: str = "") -> None:
    """A line for the person at the terminal, on standard error."""
    typer.echo(line, err=True)


def print_json(document: Mapping[str, Any]) -> None:
    """The one JSON document of a command with `--json`, on standard output."""
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))


def console(*, err: bool = False) -> "Console":
    """Rich's console, for tables; made when needed, since importing Rich takes a while."""
    from rich.console import Console

    return Console(stderr=err, highlight=False, emoji=False, markup=False)


def is_interactive() -> bool:
    """Whether there is somebody who could answer a question."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def version() -> str:
    """Rekan's version, as it was installed."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("rekan")
    except PackageNotFoundError:
        return "(not installed)"
