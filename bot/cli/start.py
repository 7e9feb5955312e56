"""What `rekan run` does, told apart from how it is asked for: without the command line's parser."""

import os
from pathlib import Path

from bot.cli.errors import FAILED, BadInputError, explain
from bot.cli.process import nothing_thrown_away, run_until_stopped
from bot.cli.setup import read_catalogue, read_config, secrets_of
from bot.cli.terminal import note

PARTS = ("intake", "web", "delivery")
"""The values of bot.config.Part, which the help shows without importing it."""

_NOT_ON_SQLITE = (
    "--only: an SQLite file is one process's own: leave --only away, or let database.url name a PostgreSQL"
    " database that the processes share"
)


def start(config_file: Path | None, only: str | None = None) -> None:
    """Run the bot, or one part of it, until it is stopped."""
    with nothing_thrown_away():
        from bot.app import LockLostError
        from bot.app import run as run_rekan
        from bot.cli.logs import begin_logging
        from bot.config import Part

        if only is not None and only not in PARTS:
            raise BadInputError([f"--only: there is no part '{only}'; there is: {', '.join(PARTS)}"])
        config = read_config(config_file)
        if only is not None and config.database.url.get_secret_value().startswith("sqlite:"):
            raise BadInputError([_NOT_ON_SQLITE])
        catalogue = read_catalogue(config)
        begin_logging(config.log.level, config.log.format, secrets=secrets_of(config))

    async def main() -> None:
        try:
            await run_rekan(config, catalogue, Part(only) if only else None)
        except LockLostError as error:
            # Threads may wait for a database that does not answer any more, and would keep the process.
            told = explain(error)
            for line in told.lines if told else ():
                note(line)
            os._exit(FAILED)

    run_until_stopped(main())
