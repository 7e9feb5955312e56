"""`rekan run`: the real thing."""

from bot.cli.process import run_until_stopped
from bot.cli.setup import read_catalogue, read_config, secrets_of
from bot.cli.terminal import ConfigFile


def run(config_file: ConfigFile = None) -> None:
    """Run the bot until Ctrl-C or SIGTERM.

    By polling or webhook, as the configuration says. The log goes to standard error.
    """
    from bot.app import run as run_rekan
    from bot.cli.logs import begin_logging

    config = read_config(config_file)
    catalogue = read_catalogue(config)
    begin_logging(config.log.level, config.log.format, secrets=secrets_of(config))
    run_until_stopped(run_rekan(config, catalogue))
