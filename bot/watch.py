"""What others may ask of a running process: does it live, can it do its work, and how does it go."""

import asyncio
import contextlib
import platform
from collections.abc import AsyncIterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import structlog
from starlette.types import ASGIApp
from telegram.error import BadRequest, NetworkError, TelegramError

from bot.clock import Clock
from bot.delivery.pacer import Pacer
from bot.delivery.sender import Sender
from bot.health import Check, Health, Pulse, database_takes_writes, sender_moves, telegram_reached
from bot.intake import Intake
from bot.storage.database import Database
from bot.telegram.client import Client
from bot.web.server import Checks, serving

if TYPE_CHECKING:
    from bot.metrics import Metrics

_log = structlog.get_logger()


class Watch:
    """A process's checks and figures; of what it does not do (None) there are none.

    `checks` are added to the usual ones; `build_info` is told with the version.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        client: Client | None = None,
        sender: Sender | None = None,
        pacer: Pacer | None = None,
        intake: Intake | None = None,
        checks: Mapping[str, Check] | None = None,
        build_info: Mapping[str, str] | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._sender = sender
        self._pacer = pacer
        self._intake = intake
        self._build_info = {**_build_info(database), **(build_info or {})}
        self._pulse = Pulse()
        self._metrics: Metrics | None = None
        usual = {"database": database_takes_writes(database, clock)}
        if client is not None:
            usual["telegram"] = telegram_reached(lambda: _ask(client))
        if sender is not None and pacer is not None:
            usual["sender"] = sender_moves(database, clock, sender, pacer)
        self._health = Health({**usual, **(checks or {})})

    def application(self, *, public: bool = False, pages: ASGIApp | None = None) -> ASGIApp:
        """The checks, with the figures unless it is `public`, and with `pages`."""
        return Checks(
            alive=self._pulse.alive,
            ready=self._health.report,
            metrics=None if public else self._page,
            rest=pages,
        )

    @contextlib.asynccontextmanager
    async def served(self, listen: str, pages: ASGIApp | None = None) -> AsyncIterator[str]:
        """Watch, and serve checks and figures at `listen` (host:port), inside the `with`; yields the address.

        And `pages`, where there are some. Raises CannotListenError.
        """
        pulse = asyncio.create_task(self._pulse.run(), name="pulse")
        try:
            async with serving(self.application(pages=pages), listen) as address:
                _log.info("checks and figures are served", action="listening", address=address)
                yield address
        finally:
            pulse.cancel()
            await asyncio.gather(pulse, return_exceptions=True)
            await self._health.close()
            if self._metrics is not None:
                await self._metrics.close()

    async def _page(self, accept: str) -> tuple[bytes, str]:
        if self._metrics is None:
            from bot.metrics import Metrics  # noqa: PLC0415 - a bot that starts needs none of it yet

            self._metrics = Metrics(
                self._database,
                self._clock,
                self._pulse,
                self._health,
                self._build_info,
                sender=self._sender,
                pacer=self._pacer,
                intake=self._intake,
            )
        return await self._metrics.page(accept)


async def _ask(client: Client) -> None:
    """Return where Telegram answers, be it a refusal; else raise ConnectionError."""
    try:
        await client.call("getMe", {})
    except TelegramError as error:
        if isinstance(error, NetworkError) and not isinstance(error, BadRequest):  # which it counts as one
            raise ConnectionError(error.message) from None


def _build_info(database: Database) -> Mapping[str, str]:
    try:
        installed = version("rekan")
    except PackageNotFoundError:
        installed = "unknown"
    engine = type(database.kind).__name__.lower()
    return {"version": installed, "python": platform.python_version(), "database": engine}
