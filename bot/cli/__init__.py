"""The `rekan` command."""

import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path

_INTERRUPTED = 130


def main() -> None:
    """Run the command line; ends the process with DESIGN's exit codes."""
    # Starting makes many objects, nearly all to stay: to look through them for garbage at every 700th (the
    # default) would be a tenth of the start.
    gc.set_threshold(50_000, 20, 20)
    # Else pydantic looks through every package that is installed for plugins of its own.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    if is_plain_run(sys.argv[1:]):
        only_for_a_service()
        sys.exit(_run(*sys.argv[3:]))
    from bot.cli.commands import command_line

    command_line()(prog_name="rekan")


def is_plain_run(arguments: Sequence[str]) -> bool:
    """Whether it is `rekan run`, or `rekan run -c FILE`: what supervisors start.

    It needs none of the command line, whose parser and commands are a twentieth of the start.
    """
    match arguments:
        case ["run"]:
            return True
        case ["run", "-c" | "--config", file]:
            return not file.startswith("-")
    return False


def only_for_a_service() -> None:
    """Let nothing import what paints terminals, nor httpx its own command line: a tenth of the start.

    httpx and structlog ask for these in a `try` and do without (httpx 0.28, structlog 26.1); a log's
    tracebacks are plain ones in any case. None is Python's own way to say that a module is not there ("The
    module cache" in its reference).
    """
    sys.modules.update({"rich": None, "httpx._main": None})  # type: ignore[dict-item]  # typeshed: no None


def _run(config_file: str | None = None) -> int:
    from bot.cli.errors import tell
    from bot.cli.start import start

    try:
        start(None if config_file is None else Path(config_file))
    except KeyboardInterrupt:
        return _INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the outermost frame: all ends with an exit code
        return tell(error)
    return 0
