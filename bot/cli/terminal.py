"""What the commands share of the terminal: results on standard output, everything else on standard error."""

import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def note(line: str = "") -> None:
    """A line for the person at the terminal, on standard error."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def print_json(document: Mapping[str, Any]) -> None:
    """The one JSON document of a command with `--json`, on standard output."""
    sys.stdout.write(f"{json.dumps(document, ensure_ascii=False, indent=2)}\n")
    sys.stdout.flush()


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
