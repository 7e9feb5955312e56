"""Updates by polling: what Telegram hands over is confirmed once it is in the database, never before."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeVar

import structlog
from telegram.error import Conflict, TelegramError

from bot.domain.events import Event
from bot.telegram.client import JSON, Client
from bot.telegram.errors import HoldBackError, TokenRefusedError
from bot.telegram.events import read_json
from bot.telegram.pauses import Pauses

_log = structlog.stdlib.get_logger(__name__)
_T = TypeVar("_T")

HOLD: Final = 50.0
"""Seconds for which Telegram holds a request open while nothing happens."""

_ANOTHER_POLLER = (
    "another program is polling with this token: each takes updates from the other; stop one of them"
)
_A_WEBHOOK = "a webhook has been set for this token meanwhile: stop that program, or start this one again"


class Polling:
    """Fetches updates and hands their events to `take`, which returns once an event is committed.

    Within a batch `take` is called in order, one call for each event, all at once: to keep a chat's order is
    its business. An update whose `take` raises is fetched again, with all that came after it; what of that
    was committed already is recognised there. Pauses are real time, like all waiting for a network.
    """

    def __init__(
        self,
        client: Client,
        take: Callable[[int, Event], Awaitable[None]],
        *,
        hold: float = HOLD,
        pauses: Pauses | None = None,
    ) -> None:
        self._client = client
        self._take = take
        self._hold = hold
        self._pauses = pauses or Pauses()
        self._stopping = asyncio.Event()
        self._webhook_removed = False
        self._offset: int | None = None
        self._confirmed: int | None = None

    def stop(self) -> None:
        """Let `run` return, after what was fetched is committed and confirmed."""
        self._stopping.set()

    async def run(self) -> None:
        """Fetch and hand over until `stop`; raises TokenRefusedError. Needs an initialised client."""
        while not self._stopping.is_set():
            try:
                pause = await self._once()
            except TokenRefusedError:
                raise
            except TelegramError as error:
                pause = self._pause_after(error)
            if pause is None:
                self._pauses.reset()
            else:
                await self._unless_stopped(asyncio.sleep(pause))
        await self._confirm_last()

    async def _once(self) -> float | None:
        """One round; returns how long to pause, or None where all is well."""
        if not self._webhook_removed:
            await self._client.delete_webhook(drop_pending_updates=False)
            self._webhook_removed = True
        asked = self._offset
        updates = await self._unless_stopped(self._client.updates(asked, hold=self._hold))
        if updates is None:
            return None
        self._confirmed = asked
        return None if await self._hand_over(updates) else self._pauses.next()

    async def _hand_over(self, updates: list[JSON]) -> bool:
        """Whether everything is committed; the offset then stands behind it, else at what is not."""
        taken = await asyncio.gather(*(self._taken(update) for update in updates))
        for update, committed in zip(updates, taken, strict=True):
            if not committed:
                self._offset = update["update_id"]
                return False
            self._offset = update["update_id"] + 1
        return True

    async def _taken(self, update: JSON) -> bool:
        event = read_json(update, self._client.username)
        if event is None:
            return True
        try:
            await self._take(update["update_id"], event)
        except Exception as error:  # noqa: BLE001 - whatever it was, Telegram has to keep the update
            # Not its words, which may quote a person's: who takes the events tells of faults itself.
            why = type(error).__name__
            _log.warning(
                "update not taken, it stays with Telegram",
                action="update_not_taken",
                update=update["update_id"],
                why=why,
            )
            return False
        return True

    def _pause_after(self, error: TelegramError) -> float:
        pause = self._pauses.next(at_least=error.seconds if isinstance(error, HoldBackError) else 0.0)
        if isinstance(error, Conflict):
            why = _A_WEBHOOK if "webhook" in error.message.lower() else _ANOTHER_POLLER
            _log.error(
                "somebody else takes this bot's updates",
                action="updates_contested",
                why=why,
                answer=error.message,
                again_in=round(pause, 1),
            )
        else:
            _log.warning(
                "cannot fetch updates",
                action="updates_out_of_reach",
                why=error.message,
                again_in=round(pause, 1),
            )
        return pause

    async def _confirm_last(self) -> None:
        """Confirm the last batch too, which would otherwise be handed over again (and recognised)."""
        if self._offset is None or self._offset == self._confirmed:
            return
        try:
            await self._client.updates(self._offset, hold=0, limit=1)
        except TelegramError as error:
            _log.info(
                "the last updates are not confirmed, they will come again",
                action="updates_unconfirmed",
                why=error.message,
            )

    async def _unless_stopped(self, work: Coroutine[Any, Any, _T]) -> _T | None:
        """What `work` returns; None where `stop` came first, with `work` cancelled."""
        working = asyncio.ensure_future(work)
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
            return working.result() if working.done() else None
        finally:
            for task in (working, stopping):
                task.cancel()
            await asyncio.gather(working, stopping, return_exceptions=True)
