"""How fast may be sent: Telegram's limits, kept rigorously.

Two layers. `Pace` is arithmetic: told the time, it says from when a call may start. `Pacer` is the queue
before it: who waits, in which order, woken when.

*All chats.* At most `per_second` calls may reach the server in any second, as the server sees it. It sees
a call at some unknown instant between its start here and its answer's arrival. So a slot is held from the
start until one second after the answer: two calls that use the same slot are then a second apart at the
server, whatever the latencies, and `per_second` slots are the bound. Beside that, broadcasts start evenly
spaced, so that a second's calls do not leave in one burst.

*One private chat.* One a second for what was not asked for. Somebody who taps and writes expects answers,
often two or three at once (a quiz's explanation and its next question), and Telegram tolerates short
bursts: replies draw on a bucket of `burst`, which fills by `per_chat` a second and only between an answer's
arrival and the next start, so that no latency makes it fuller here than there.

*One group.* `per_group_minute` in any minute, bounded as the seconds are.

*Being held back* (429). Telegram does not say whether a `retry_after` means one chat or everything. The
chat that drew it pauses, and the others go on one call at a time until one of them is answered (it was that
chat) or is held back too (then everything pauses). After a pause the pace comes back over `RAMP` seconds.

*Two priorities.* A reply goes before any broadcast, and is not spaced. While replies come, a broadcast
leaves as many slots free as replies were sent in the last second, a fifth of all at most.
"""

import asyncio
import heapq
import itertools
import math
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType

from bot.clock import Clock
from bot.domain.messages import Lane
from bot.domain.outcomes import Done, Failed, Gone, HoldBack, Moved, Outcome, Sent

RAMP = 10.0
"""Seconds from the end of a pause until the full pace."""

_RAMP_FROM = 0.25  # the share of the pace with which it comes back
_MARGIN = 0.001  # seconds on top of each window: two clocks, and floats, round differently
_REPLIES_MATTER_FOR = 10.0  # seconds after a reply in which broadcasts leave room for another
_ROOM = 5  # ... of at most one slot in so many
_LATENESS = 0.02  # seconds by which a woken waiter may be late and still be made up for


@dataclass(frozen=True, slots=True)
class Limits:
    """Telegram's figures (free tier); `burst` is ours, within what it is known to tolerate."""

    per_second: float = 30
    per_chat: float = 1
    per_group_minute: float = 20
    burst: int = 3

    @property
    def slots(self) -> int:
        """How many calls may be under way, or less than `slot_seconds` old."""
        return max(1, int(self.per_second))

    @property
    def slot_seconds(self) -> float:
        """How long a slot rests after its call: a second, or longer where less than one a second may go."""
        return max(1.0, 1 / self.per_second)

    @property
    def group_slots(self) -> int:
        """How many calls to one group may be less than a minute old."""
        return max(1, int(self.per_group_minute))


@dataclass(slots=True)
class _Chat:
    """What is remembered of a chat; dropped when it no longer matters."""

    bucket: float
    filled_at: float
    rested_at: float = -math.inf  # from then on, something not asked for may be sent
    taken: bool = False  # somebody has a permit for it
    paused_until: float = -math.inf
    minute: deque[float] = field(default_factory=deque)  # groups: when each of the last calls stops counting


class Pace:
    """The arithmetic. Times are seconds of `Clock.monotonic()`; None means "not before a call ends"."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._chats: dict[int, _Chat] = {}
        self._in_flight = 0
        self._cooling: deque[float] = deque()  # when each slot whose call has ended is free again
        self._next_start = -math.inf
        self._replies: deque[float] = deque()
        self._paused_until = -math.inf
        self._suspected_at: float | None = None  # since when everything may be held back
        self._suspect: int | None = None  # ... unless it is only this chat
        self._held_back_until = -math.inf

    # --- how it stands

    def allowed(self, now: float) -> float:
        """How many calls a second may start at this moment."""
        return 0.0 if self.paused_for(now) > 0 else self.limits.per_second * self._share(now)

    def used(self, now: float) -> int:
        """How many calls are under way, or ended within the last second."""
        return self._in_flight + sum(1 for at in self._cooling if at > now)

    def paused_for(self, now: float) -> float:
        """For how many seconds nothing may start."""
        return max(0.0, self._paused_until - now)

    # --- when may it start?

    def chat_ready_at(self, chat_id: int, *, reply: bool, now: float) -> float | None:
        """From when the chat itself allows a call."""
        chat = self._chats.get(chat_id)
        if chat is None:
            return now
        if chat.taken:
            return None
        ready = max(now, chat.paused_until)
        if not reply:
            ready = max(ready, chat.rested_at)
        missing = 1.0 - self._bucket(chat, now)
        if missing > 0:
            ready = max(ready, now + missing / self.limits.per_chat + _MARGIN)
        if chat_id < 0:
            while chat.minute and chat.minute[0] <= now:
                chat.minute.popleft()
            if len(chat.minute) >= self.limits.group_slots:
                ready = max(ready, chat.minute[-self.limits.group_slots])
        return ready

    def ready_at(self, *, reply: bool, now: float) -> float | None:
        """From when all chats together allow a call."""
        while self._cooling and self._cooling[0] <= now:
            self._cooling.popleft()
        if self._suspected_at is not None and self._in_flight:
            return None
        ready = max(now, self._paused_until)
        wanted = 1 if reply else 1 + self._room(now)
        missing = wanted - (self.limits.slots - self._in_flight - len(self._cooling))
        if missing > len(self._cooling):
            return None
        if missing > 0:
            ready = max(ready, self._cooling[missing - 1])
        if not reply or self._share(now) < 1:
            ready = max(ready, self._next_start)
        return ready

    # --- what happens

    def start(self, chat_id: int, *, reply: bool, now: float) -> None:
        """A call starts."""
        if (chat := self._chats.get(chat_id)) is None:
            if len(self._chats) >= 100 * self.limits.slots:
                self._forget(now)
            chat = self._chats[chat_id] = _Chat(float(self.limits.burst), now)
        chat.bucket = self._bucket(chat, now) - 1.0
        chat.taken = True
        self._in_flight += 1
        interval = 1 / (self.limits.per_second * self._share(now))
        # Who was woken a little late is made up for; a pause is not.
        on_time = now - self._next_start <= max(interval, _LATENESS)
        self._next_start = (self._next_start if on_time else now) + interval
        if reply:
            self._replies.append(now)

    def finish(self, chat_id: int, *, now: float) -> None:
        """A call's answer has come, or it was given up: its slot is free a second later."""
        chat = self._chats[chat_id]
        chat.filled_at = now
        chat.rested_at = now + 1 / self.limits.per_chat + _MARGIN
        if chat_id < 0:
            chat.minute.append(now + 60 + _MARGIN)
        self._in_flight -= 1
        self._cooling.append(now + self.limits.slot_seconds + _MARGIN)

    def abandon(self, chat_id: int, *, now: float) -> None:
        """A call that was to start was not made after all."""
        chat = self._chats[chat_id]
        chat.bucket = min(chat.bucket + 1.0, self.limits.burst)
        chat.filled_at = now
        self._in_flight -= 1

    def release(self, chat_id: int) -> None:
        """The chat may have its next call."""
        self._chats[chat_id].taken = False

    def answered(self, *, started: float) -> None:
        """The server answered a call with something else than 429: it is not holding everything back.

        That says something only of calls that started after the suspicion arose.
        """
        if self._suspected_at is not None and started >= self._suspected_at:
            self._suspected_at = self._suspect = None

    def hold_back(self, chat_id: int, seconds: float, *, now: float) -> bool:
        """The server held a call back: the chat pauses, or everything; whether everything."""
        chat = self._chats[chat_id]
        chat.paused_until = max(chat.paused_until, now + seconds)
        self._held_back_until = max(self._held_back_until, now + seconds)
        everything = self._suspected_at is not None and self._suspect != chat_id
        if everything:
            self.pause(self._held_back_until - now, now=now)
        else:
            self._suspected_at, self._suspect = now, chat_id
        return everything

    def pause(self, seconds: float, *, now: float) -> None:
        """Nothing starts for so long; then one call at a time until one is answered, and a gentle return."""
        self._paused_until = max(self._paused_until, now + seconds)
        self._next_start = max(self._next_start, self._paused_until)
        self._suspected_at, self._suspect = now, None

    # --- inside

    def _bucket(self, chat: _Chat, now: float) -> float:
        if chat.taken:
            return chat.bucket
        return min(chat.bucket + (now - chat.filled_at) * self.limits.per_chat, self.limits.burst)

    def _room(self, now: float) -> int:
        while self._replies and self._replies[0] <= now - _REPLIES_MATTER_FOR:
            self._replies.popleft()
        if not self._replies:
            return 0
        lately = sum(1 for _ in itertools.takewhile(lambda at: at > now - 1, reversed(self._replies)))
        return min(self.limits.slots // _ROOM, max(1, lately))

    def _share(self, now: float) -> float:
        """The share of the full pace that is allowed now."""
        since = max(0.0, now - self._paused_until)
        return min(1.0, _RAMP_FROM + (1 - _RAMP_FROM) * since / RAMP)

    def _forget(self, now: float) -> None:
        for chat_id, chat in list(self._chats.items()):
            full = self._bucket(chat, now) >= self.limits.burst
            if not chat.taken and full and max(chat.paused_until, chat.rested_at) <= now:
                if chat.minute and chat.minute[-1] > now:
                    continue
                del self._chats[chat_id]


@dataclass(order=True, slots=True)
class _Waiter:
    """Somebody who waits for a permit; ordered by lane, deadline, and who came first."""

    lane: Lane
    by: datetime
    sequence: int
    chat_id: int = field(compare=False)
    granted: asyncio.Future[None] = field(compare=False)

    @property
    def reply(self) -> bool:
        return self.lane is Lane.REPLY


class Permit:
    """The right to make one call to a chat now, and to nobody else to make one there until the block ends."""

    def __init__(self, pacer: "Pacer", chat_id: int) -> None:
        self._pacer = pacer
        self._chat_id = chat_id
        self._started: float | None = None
        self._done = False

    def start(self) -> None:
        """The call is made now: whatever becomes of it, it counts. Until here it can be left undone."""
        self._started = self._pacer.now()

    def done(self, outcome: Outcome) -> None:
        """The call has ended so. The chat stays taken, for what has to be recorded before its next call."""
        if self._started is not None and not self._done:
            self._done = True
            self._pacer.finish(self._chat_id, outcome, started=self._started)

    def __enter__(self) -> "Permit":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._started is None:
            self._pacer.abandon(self._chat_id)
        elif not self._done:
            self._pacer.finish(self._chat_id, None, started=self._started)
        self._pacer.release(self._chat_id)


class Pacer:
    """The queue before the pace: replies first, then by deadline; a chat that must rest lets others pass."""

    def __init__(self, clock: Clock, limits: Limits) -> None:
        self._clock = clock
        self._pace = Pace(limits)
        self._sequence = itertools.count()
        self._ready: list[_Waiter] = []  # a heap: those whose chat allows it
        self._resting: list[tuple[float, _Waiter]] = []  # a heap: those whose chat does not yet
        self._parked: dict[int, list[_Waiter]] = {}  # those whose chat has a call in flight
        self._timer: asyncio.Task[None] | None = None
        self._timer_at = math.inf

    @property
    def limits(self) -> Limits:
        """The figures it keeps."""
        return self._pace.limits

    async def acquire(self, chat_id: int, *, lane: Lane, by: datetime) -> Permit:
        """Wait until a call to `chat_id` may be made; `by` orders those of a lane (aware)."""
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._ready, _Waiter(lane, by, next(self._sequence), chat_id, granted))
        self._pump()
        try:
            with self._clock.waiting():
                await granted
        except asyncio.CancelledError:
            if not granted.cancelled():
                self.abandon(chat_id)
                self.release(chat_id)
            raise
        return Permit(self, chat_id)

    def pause(self, seconds: float) -> None:
        """Let nothing start for so many seconds (the server is away), and come back gently."""
        self._pace.pause(seconds, now=self.now())

    def now(self) -> float:
        """Seconds of its clock."""
        return self._clock.monotonic()

    def finish(self, chat_id: int, outcome: Outcome | None, *, started: float) -> None:
        """A call has ended (None: it was given up); take from it what it says about the limits."""
        now = self.now()
        self._pace.finish(chat_id, now=now)
        match outcome:
            case HoldBack(seconds):
                self._pace.hold_back(chat_id, seconds, now=now)
            case Sent() | Done() | Failed() | Gone() | Moved():
                self._pace.answered(started=started)
        self._pump()

    @property
    def allowed(self) -> float:
        """How many messages a second may be sent at this moment."""
        return self._pace.allowed(self.now())

    @property
    def used(self) -> int:
        """How many are on their way, or were sent in the last second."""
        return self._pace.used(self.now())

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        parked = sum(len(waiters) for waiters in self._parked.values())
        return len(self._ready) + len(self._resting) + parked

    @property
    def paused_for(self) -> float:
        """For how many seconds nothing may be sent: Telegram asked for it, or is away."""
        return self._pace.paused_for(self.now())

    def abandon(self, chat_id: int) -> None:
        """The call was not made."""
        self._pace.abandon(chat_id, now=self.now())

    def release(self, chat_id: int) -> None:
        """The chat may have its next call."""
        self._pace.release(chat_id)
        for waiter in self._parked.pop(chat_id, ()):
            heapq.heappush(self._ready, waiter)
        self._pump()

    def close(self) -> None:
        """Stop the timer; whoever still waits is to be cancelled by their owner."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._timer_at = math.inf

    def _pump(self) -> None:
        """Grant what may start now, and set the timer for what may start next."""
        now = self.now()
        while self._resting and self._resting[0][0] <= now:
            heapq.heappush(self._ready, heapq.heappop(self._resting)[1])
        wake = math.inf
        while self._ready:
            waiter = self._ready[0]
            if waiter.granted.done():  # cancelled
                heapq.heappop(self._ready)
                continue
            at = self._pace.chat_ready_at(waiter.chat_id, reply=waiter.reply, now=now)
            if at is None:
                self._parked.setdefault(waiter.chat_id, []).append(heapq.heappop(self._ready))
                continue
            if at > now:
                heapq.heappush(self._resting, (at, heapq.heappop(self._ready)))
                continue
            # What holds the first of the queue holds all behind it: replies are bound by less.
            at = self._pace.ready_at(reply=waiter.reply, now=now)
            if at is None:
                break
            if at > now:
                wake = at
                break
            heapq.heappop(self._ready)
            self._pace.start(waiter.chat_id, reply=waiter.reply, now=now)
            waiter.granted.set_result(None)
        if self._resting:
            wake = min(wake, self._resting[0][0])
        self._wake_at(wake)

    def _wake_at(self, at: float) -> None:
        if at == math.inf or (self._timer is not None and self._timer_at <= at):
            return
        self.close()
        self._timer_at = at
        self._timer = asyncio.create_task(self._tick(at))

    async def _tick(self, at: float) -> None:
        # Clocks count microseconds: rounded down, the sleep would end just before its moment, for ever.
        await self._clock.sleep(max(1, math.ceil((at - self.now()) * 1e6)) / 1e6)
        self._timer = None
        self._timer_at = math.inf
        self._pump()
