"""What waits for a bot: updates queued, handed over, confirmed, expired; and simulated time held meanwhile.

An update is kept as the JSON it was when it happened. It leaves the queue when a `getUpdates` with a
higher offset (or the webhook's 200) confirms it, or when its time is up: 150 s for a button press,
24 h for anything else.

On a simulated clock an update holds time from the moment it is queued until it is confirmed, so that no
time passes on the wire. Two things let go earlier. Nobody is there to take it: no `getUpdates` open or
seen for a second of real time, and no webhook. Or the bot has it and has gone quiet for some turns of the
event loop: it then either holds time itself (`clock.busy`), or it waits for that very time (its pace).
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from bot.clock import Clock, SimulatedClock
from bot.simulator.errors import ApiError

CALLBACK_SECONDS = 150
UPDATE_SECONDS = 24 * 3600
LONGEST_POLL_SECONDS = 50
ABSENT_SECONDS = 1.0
_HANDOVER_TURNS = 60

# What a bot gets unless it asks for more.
DEFAULT_EXCLUDED = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
KINDS = frozenset(
    {
        "message",
        "edited_message",
        "channel_post",
        "edited_channel_post",
        "callback_query",
        "poll",
        "poll_answer",
        "my_chat_member",
        *DEFAULT_EXCLUDED,
    }
)

_OTHER_POLLER = (
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
)


@dataclass(slots=True, eq=False)
class QueuedUpdate:
    """One update on its way."""

    update_id: int
    kind: str
    lane: str  # a webhook gets the updates of one lane strictly one after the other
    expires_at: float
    body: bytes
    release: Callable[[], None] | None = None
    handed_over: bool = False

    def let_go(self) -> None:
        """Hold time no longer."""
        if self.release is not None:
            self.release()
            self.release = None


class UpdateQueue:
    """One bot's updates."""

    def __init__(self, clock: Clock, first_id: int) -> None:
        self._clock = clock
        self._next_id = first_id
        self._pending: dict[int, QueuedUpdate] = {}
        self._waiter: asyncio.Future[bool] | None = None
        self._seen_at: float | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._handovers: set[asyncio.Task[None]] = set()
        self._first_expiry = float("inf")
        self.wanted: frozenset[str] = KINDS - DEFAULT_EXCLUDED
        self.webhook_active = False
        self.on_put: Callable[[], None] | None = None
        self.calls_in_flight = 0
        self.calls_seen = 0
        self.confirmed = 0
        self.expired = 0

    def __len__(self) -> int:
        self._expire()
        return len(self._pending)

    def put(self, kind: str, content: dict[str, Any], lane: str) -> None:
        """Queue an update, unless the bot did not ask for its kind."""
        if kind not in self.wanted:
            return
        lifetime = CALLBACK_SECONDS if kind == "callback_query" else UPDATE_SECONDS
        body = orjson.dumps({"update_id": self._next_id, kind: content})
        update = QueuedUpdate(self._next_id, kind, lane, self._clock.monotonic() + lifetime, body)
        self._next_id += 1
        self._pending[update.update_id] = update
        self._first_expiry = min(self._first_expiry, update.expires_at)
        if self._seen_at is None:
            self._seen_at = asyncio.get_running_loop().time()
        if self.attended:
            self._hold(update)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(True)
        if self.on_put is not None:
            self.on_put()

    @property
    def attended(self) -> bool:
        """Whether somebody takes the updates: a webhook, an open getUpdates, or one seen just now."""
        if self.webhook_active or self._waiter is not None or self.calls_in_flight:
            return True
        return (
            self._seen_at is not None and asyncio.get_running_loop().time() - self._seen_at < ABSENT_SECONDS
        )

    async def poll(self, offset: int, limit: int, seconds: float) -> list[QueuedUpdate]:
        """Confirm what lies before `offset`, then hand over what is there or comes within real `seconds`."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(False)
        self.seen()
        self.confirm_before(offset)
        for update in self._pending.values():
            self._hold(update)
        batch = self.ready(offset, limit)
        if batch or seconds <= 0:
            self._hand_over(batch)
            return batch
        self._waiter = mine = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(seconds):
                if not await mine:
                    raise ApiError(409, _OTHER_POLLER)
        except TimeoutError:
            return []
        finally:
            if self._waiter is mine:
                self._waiter = None
            self.seen()
        batch = self.ready(offset, limit)
        self._hand_over(batch)
        return batch

    def ready(self, offset: int = 0, limit: int = 100) -> list[QueuedUpdate]:
        """The updates from `offset` on, oldest first."""
        self._expire()
        found = []
        for update in self._pending.values():
            if update.update_id >= offset:
                found.append(update)
                if len(found) == limit:
                    break
        return found

    def confirm_before(self, offset: int) -> None:
        """Forget what lies before `offset`; a negative one forgets all but the last `-offset`."""
        if offset < 0:
            offset = (sorted(self._pending)[offset:] or [0])[0]
        done = []
        for identifier in self._pending:
            if identifier >= offset:
                break
            done.append(identifier)
        self.confirm(done)

    def confirm(self, identifiers: Iterable[int]) -> None:
        """Forget these updates: the bot has them."""
        for identifier in identifiers:
            if (update := self._pending.pop(identifier, None)) is not None:
                update.let_go()
                self.confirmed += 1

    def drop_all(self) -> None:
        """Forget everything."""
        for update in self._pending.values():
            update.let_go()
        self._pending.clear()

    def interrupt(self) -> None:
        """End an open getUpdates as a second poller would (a webhook was set)."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(False)

    def seen(self) -> None:
        """The bot is there."""
        self._seen_at = asyncio.get_running_loop().time()

    def close(self) -> None:
        """Let go of time and of timers."""
        for update in self._pending.values():
            update.let_go()
        if self._watch is not None:
            self._watch.cancel()
        for task in self._handovers:
            task.cancel()
        self.interrupt()

    def hand_over(self, update: QueuedUpdate) -> None:
        """The update is with the bot now (a webhook's request was sent)."""
        self._hand_over([update])

    def _hold(self, update: QueuedUpdate) -> None:
        if update.release is None and isinstance(self._clock, SimulatedClock):
            update.release = self._clock.acquire()
            if self._watch is None:
                self._watch = asyncio.get_running_loop().call_later(ABSENT_SECONDS, self._check_attendance)

    def _check_attendance(self) -> None:
        self._watch = None
        held = [update for update in self._pending.values() if update.release is not None]
        if not held:
            return
        if self.attended:
            self._watch = asyncio.get_running_loop().call_later(ABSENT_SECONDS / 4, self._check_attendance)
        else:
            for update in held:
                update.let_go()

    def _hand_over(self, batch: list[QueuedUpdate]) -> None:
        held = [update for update in batch if update.release is not None]
        for update in batch:
            update.handed_over = True
        if held:
            task = asyncio.get_running_loop().create_task(self._let_go_when_quiet(held))
            self._handovers.add(task)
            task.add_done_callback(self._handovers.discard)

    async def _let_go_when_quiet(self, held: list[QueuedUpdate]) -> None:
        quiet, seen = 0, self.calls_seen
        while quiet < _HANDOVER_TURNS and any(update.release is not None for update in held):
            await asyncio.sleep(0)
            quiet = 0 if self.calls_in_flight or seen != self.calls_seen else quiet + 1
            seen = self.calls_seen
        for update in held:
            update.let_go()

    def _expire(self) -> None:
        now = self._clock.monotonic()
        if now < self._first_expiry:
            return
        gone = [update for update in self._pending.values() if update.expires_at <= now]
        for update in gone:
            update.let_go()
            del self._pending[update.update_id]
            self.expired += 1
        self._first_expiry = min(
            (update.expires_at for update in self._pending.values()), default=float("inf")
        )
