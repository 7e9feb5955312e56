"""`rekan simulate`: a Telegram of one's own, to point a bot at."""

import asyncio
from typing import Annotated

import typer

from bot.cli.options import Json
from bot.cli.process import run_until_stopped
from bot.cli.terminal import note, print_json


def simulate(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = 8081,
    token: Annotated[
        str | None,
        typer.Option(metavar="TOKEN", help="The token of the bot it knows; otherwise a made-up one."),
    ] = None,
    limits: Annotated[
        bool, typer.Option("--limits/--no-limits", help="Enforce Telegram's limits on sending.")
    ] = True,
    seed: Annotated[int, typer.Option(help="Settles ids and dice.")] = 0,
    as_json: Json = False,
) -> None:
    """Run a strict Telegram Bot API server until Ctrl-C.

    It keeps nothing. Any bot can be pointed at it: base URL and token are printed. Let it listen on this
    machine only, since whoever reaches it may act as anybody.
    """
    from bot.clock import SystemClock
    from bot.simulator import DEFAULT_TOKEN, BotAccount, Limits, Simulator

    account = BotAccount(token or DEFAULT_TOKEN)
    simulator = Simulator(
        SystemClock(),
        limits=Limits() if limits else Limits.off(),
        bots={account.token: account},
        seed=seed,
    )

    async def serve() -> None:
        await simulator.start(host, port)
        try:
            if as_json:
                print_json(
                    {
                        "base_url": simulator.base_url,
                        "base_file_url": simulator.base_file_url,
                        "token": account.token,
                        "username": account.username,
                    }
                )
            else:
                typer.echo(f"base URL  {simulator.base_url}")
                typer.echo(f"token     {account.token}")
                typer.echo(f"bot       @{account.username}")
            note("Stop it with Ctrl-C.")
            await asyncio.Event().wait()
        finally:
            await simulator.stop()

    run_until_stopped(serve())
