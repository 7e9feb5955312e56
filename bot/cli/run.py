"""`rekan run`: the real thing."""

from typing import Annotated

import typer

from bot.cli.options import ConfigFile
from bot.cli.start import PARTS, start


def run(
    config_file: ConfigFile = None,
    only: Annotated[
        str | None,
        typer.Option(
            metavar="|".join(PARTS),
            help="Run one part, beside other processes on the same PostgreSQL: take updates in, serve the"
            " pages, or send (one sends, others stand by).",
        ),
    ] = None,
) -> None:
    """Run the bot until Ctrl-C or SIGTERM.

    By polling or webhook, as the configuration says. The log goes to standard error.
    """
    start(config_file, only)
