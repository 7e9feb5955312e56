"""The coordinators' pages, made when they are first asked for: a bot that starts needs none of it yet."""

import asyncio
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from bot.clock import Clock
from bot.delivery.fetching import Files
from bot.storage.database import Database
from bot.usecases import sign_ins


class Pages:
    """The pages of one installation; `url` is where people reach them, as far as anybody has said so.

    `nudge` is called when something may have become due; `files` has what people sent (None: not here).
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        url: str | None,
        nudge: Callable[[], None],
        files: Files | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._nudge = nudge
        self._files = files
        self._url = url
        self._making = asyncio.Lock()
        self._site: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        async with self._making:
            if self._site is None:
                self._site = await asyncio.to_thread(self._made)
        await self._site(scope, receive, send)

    async def open(self, address: str) -> None:
        """They are served at `address`: from now on the bot hands out links to them."""
        self._url = _reached_at(self._url, address)
        await self._database.transact(sign_ins.remember_address, self._url)

    def _made(self) -> ASGIApp:
        from bot.web.site import Site  # noqa: PLC0415 - templates and tables take a moment to load

        return Site(self._database, self._clock, self._url, self._nudge, sent=self._files)


def _reached_at(url: str | None, address: str) -> str | None:
    """`url`, as people are to reach the pages that are served at `address`: port 0 is the one they have."""
    if url is None or urlsplit(url).port != 0:
        return url
    parts = urlsplit(url)
    return parts._replace(netloc=f"{parts.hostname}:{urlsplit(address).port}").geturl()
