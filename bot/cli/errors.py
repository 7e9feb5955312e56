"""The one place that turns errors into sentences and exit codes (DESIGN, "Commands").

0 done; 1 could not be done, with the reason; 2 bad input, a line each: `file:line: what, and how to
mend it`. No traceback for anything a person can cause; a bug's traceback goes to a file.
"""

import functools
import re
import tempfile
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from bot.cli.terminal import note

P = ParamSpec("P")
R = TypeVar("R")

FAILED, BAD_INPUT = 1, 2


class CannotDoError(Exception):
    """Something could not be done; the message is a whole sentence that says why and what to do."""


class BadInputError(Exception):
    """What was given is wrong: a line for each problem."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Explained:
    """What a person is told of an error."""

    exit_code: int
    lines: tuple[str, ...]


# Errors whose text is written for people, by full name: whoever raised one has imported it, and importing
# the others only to ask would cost half a second. tests/cli/test_sentences.py keeps the names right.
TOLD = frozenset(
    {
        "bot.app.LockLostError",
        "bot.app.NoTokenError",
        "bot.documents.exports.TooManyRowsError",
        "bot.storage.engines.DatabaseError",
        "bot.storage.instance.AlreadyRunning",
        "bot.telegram.errors.TokenRefusedError",
        "bot.telegram.errors.WebhookRefusedError",
        "bot.web.server.CannotListenError",
    }
)


def explain(error: Exception) -> Explained | None:
    """What to tell of `error`; None where it can only be a bug."""
    if isinstance(error, BadInputError):
        return Explained(BAD_INPUT, error.problems)
    if isinstance(error, CannotDoError) or _is_one_of(error, TOLD):
        return Explained(FAILED, (_sentence(str(error)),))
    if isinstance(error, OSError):
        return Explained(FAILED, (_os_error(error),))
    return _explain_with_libraries(error)


def _is_one_of(error: Exception, names: frozenset[str]) -> bool:
    return any(f"{kind.__module__}.{kind.__qualname__}" in names for kind in type(error).__mro__)


def _explain_with_libraries(error: Exception) -> Explained | None:
    from sqlalchemy.exc import DBAPIError

    from bot.content.problems import ContentError, format_problem
    from bot.documents.tables import RosterError

    match error:
        case ContentError(problems=problems):
            return Explained(BAD_INPUT, tuple(format_problem(problem) for problem in problems))
        case RosterError():
            return Explained(BAD_INPUT, (f"{error.path}: {error.why.text.en}",))
        case DBAPIError():
            return Explained(FAILED, (f"The database refuses: {_first_line(error.orig or error)}.",))
        case _:
            return None


def _sentence(text: str) -> str:
    """`text` as a sentence; a path or a setting at its beginning keeps its letters."""
    if re.match(r"[a-z]+ ", text):
        text = text[0].upper() + text[1:]
    return f"{text.rstrip('.')}."


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")


def _os_error(error: OSError) -> str:
    what = error.strerror or _first_line(error)
    return _sentence(f"{error.filename}: {what}" if error.filename else what)


def explained(command: Callable[P, R]) -> Callable[P, R]:
    """A command whose errors are told in sentences; Typer still sees its parameters."""
    import typer

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except (typer.Exit, typer.Abort, typer.BadParameter, BrokenPipeError):
            raise  # Typer's own ways to end, a reader of our output that went away included
        except Exception as error:  # noqa: BLE001 - the outermost frame: all ends with an exit code
            raise typer.Exit(tell(error)) from None

    return wrapped


def tell(error: Exception) -> int:
    """Say what went wrong, on standard error; returns the exit code."""
    told = explain(error) or _bug(error)
    for line in told.lines:
        note(line)
    return told.exit_code


def _bug(error: Exception) -> Explained:
    """Keep the traceback of what nobody foresaw in a file, without tokens and personal numbers."""
    from bot.cli.logs import redacted

    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="rekan-", suffix=".log", delete=False, encoding="utf-8"
        ) as file:
            file.write(redacted("".join(traceback.format_exception(error))))
    except OSError:
        place = redacted("".join(traceback.format_exception(error)))
    else:
        place = f"The details are in {file.name}; they help whoever mends it."
    return Explained(
        FAILED, (f"This is a mistake in Rekan itself ({type(error).__name__}), not in what you did.", place)
    )
