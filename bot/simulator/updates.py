"""What waits for a bot: updates queued, handed over, confirmed, expired; and simulated time held meanwhile.

An update is kept as the JSON it was when it happened. It leaves the queue when a `getUpdates` with a
higher offset (or the webhook's 200) confirms it, or when its time is up: 150 s for a button press,
24 h for anything else.

On a simulated clock an update holds time from the moment it is queued until it is confirmed, so that no
time passes on the wire. Two things let go of all of them earlier:

* nobody is there to take them: no `getUpdates` open or seen for a second of real time, and no webhook;
* the bot has been handed some and has gone quiet for some turns of the event loop. Then it either holds
  time itself (`clock.busy`), or it waits for that very time to pass (its own pace).
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
_QUIET_TURNS = 100

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

OTHER_POLLER = "terminated by other getUpdates request; make sure that only one bot instance is running"


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
        self._handed_over = 0
        self._first_expiry = float("inf")
        self._waiter: asyncio.Future[str] | None = None  # "" for updates, else why the wait ends
        self._seen_at: float | None = None
        self._absence: asyncio.TimerHandle | None = None
        self._quiet: asyncio.Task[None] | None = None
        self.wanted: frozenset[str] = KINDS - DEFAULT_EXCLUDED
        self.webhook_answers = False  # a webhook is set, and its last answer was good
        self.on_put: Callable[[QueuedUpdate], None] | None = None
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
            self.seen()
        if self._attended:
            self._hold([update])
        if self._handed_over:
            self._watch_for_quiet()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result("")
        if self.on_put is not None:
            self.on_put(update)

    async def poll(self, offset: int, limit: int, seconds: float) -> list[QueuedUpdate]:
        """Confirm what lies before `offset`, then hand over what is there or comes within real `seconds`."""
        self.interrupt(OTHER_POLLER)
        self.seen()
        self.confirm_before(offset)
        self._hold(self._pending.values())
        batch = self._ready(offset, limit)
        if not batch and seconds > 0:
            self._waiter = mine = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(seconds):
                    if reason := await mine:
                        raise ApiError(409, f"Conflict: {reason}")
            except TimeoutError:
                return []
            finally:
                if self._waiter is mine:
                    self._waiter = None
                self.seen()
            batch = self._ready(offset, limit)
        self.hand_over(batch)
        return batch

    def hand_over(self, updates: Iterable[QueuedUpdate]) -> None:
        """These updates are with the bot now, but not confirmed."""
        for update in updates:
            if not update.handed_over:
                update.handed_over = True
                self._handed_over += 1
        if self._handed_over:
            self._watch_for_quiet()

    def waiting(self) -> list[QueuedUpdate]:
        """Everything not confirmed, oldest first."""
        return self._ready(0, len(self._pending))

    def still_waits(self, update: QueuedUpdate) -> bool:
        """Whether an update is neither confirmed nor expired."""
        self._expire()
        return update.update_id in self._pending

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
            if self._remove(identifier):
                self.confirmed += 1

    def drop_all(self) -> None:
        """Forget everything."""
        for identifier in list(self._pending):
            self._remove(identifier)

    def let_go(self) -> None:
        """Hold time for nothing that waits now."""
        for update in self._pending.values():
            update.let_go()

    def hold_all(self) -> None:
        """Hold time for everything that waits: somebody is there to take it."""
        self._hold(self._pending.values())

    def interrupt(self, reason: str) -> None:
        """End an open getUpdates with 409 and this reason."""
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(reason)

    def seen(self) -> None:
        """Note that the bot is there."""
        self._seen_at = asyncio.get_running_loop().time()

    def close(self) -> None:
        """Let go of time and of timers."""
        self.let_go()
        if self._absence is not None:
            self._absence.cancel()
        if self._quiet is not None:
            self._quiet.cancel()
        self.interrupt("the simulator is stopping")

    @property
    def _attended(self) -> bool:
        """Whether somebody takes the updates: a webhook, an open getUpdates, or one seen just now."""
        if self.webhook_answers or self._waiter is not None or self.calls_in_flight:
            return True
        return (
            self._seen_at is not None and asyncio.get_running_loop().time() - self._seen_at < ABSENT_SECONDS
        )

    def _ready(self, offset: int, limit: int) -> list[QueuedUpdate]:
        self._expire()
        found: list[QueuedUpdate] = []
        for update in self._pending.values():
            if update.update_id >= offset:
                if len(found) == limit:
                    break
                found.append(update)
        return found

    def _remove(self, identifier: int) -> bool:
        update = self._pending.pop(identifier, None)
        if update is None:
            return False
        self._handed_over -= update.handed_over
        update.let_go()
        return True

    def _hold(self, updates: Iterable[QueuedUpdate]) -> None:
        if not isinstance(self._clock, SimulatedClock):
            return
        for update in updates:
            if update.release is None:
                update.release = self._clock.acquire()
        if self._absence is None:
            loop = asyncio.get_running_loop()
            self._absence = loop.call_later(ABSENT_SECONDS, self._check_absence)

    def _check_absence(self) -> None:
        self._absence = None
        if any(update.release is not None for update in self._pending.values()):
            if self._attended:
                loop = asyncio.get_running_loop()
                self._absence = loop.call_later(ABSENT_SECONDS / 4, self._check_absence)
            else:
                self.let_go()

    def _watch_for_quiet(self) -> None:
        if isinstance(self._clock, SimulatedClock) and (self._quiet is None or self._quiet.done()):
            self._quiet = asyncio.get_running_loop().create_task(self._let_go_when_quiet())

    async def _let_go_when_quiet(self) -> None:
        quiet, seen = 0, (self.calls_seen, self._next_id)
        while quiet < _QUIET_TURNS and self._handed_over:
            await asyncio.sleep(0)
            now = (self.calls_seen, self._next_id)
            quiet = 0 if self.calls_in_flight or now != seen else quiet + 1
            seen = now
        if self._handed_over:
            self.let_go()

    def _expire(self) -> None:
        now = self._clock.monotonic()
        if now < self._first_expiry:
            return
        for update in list(self._pending.values()):
            if update.expires_at <= now and self._remove(update.update_id):
                self.expired += 1
        self._first_expiry = min(
            (update.expires_at for update in self._pending.values()), default=float("inf")
        )
