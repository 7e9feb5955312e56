"""How fast may be sent: Telegram's limits, kept rigorously.

Two layers. `Pace` is arithmetic: told the time, it says from when a call may start. `Pacer` is the queue
before it: who waits, in which order, woken when.

*All chats.* At most `per_second` calls may reach the server in any second, as the server sees it. It sees
a call at some unknown instant between its start here and its answer's arrival. So a slot is held from the
start until one second after the answer: two calls that use the same slot are then a second apart at the
server, whatever the latencies, and `per_second` slots are the bound. Once it is known how long the way there
and back takes at least (`_Floor`), that is taken off the second: no call is at the server sooner, and no
answer back sooner, so the two calls still are a second apart there. It is the least of all calls whose slots
still rest, and a quicker one lets all of them rest for longer. Beside that, broadcasts start evenly
spaced, so that a second's calls do not leave in one burst.

*One private chat.* One a second for what was not asked for. Somebody who taps and writes expects answers,
often two or three at once (a quiz's explanation and its next question), and Telegram tolerates short
bursts: replies draw on a bucket of `burst`, which fills by `per_chat` a second and only between an answer's
arrival and the next start, so that no latency makes it fuller here than there.

*One group.* `per_group_minute` in any minute, bounded as the seconds are.

*Being held back* (429). Telegram does not say whether a `retry_after` means one chat or everything. The
chat that drew it pauses, and the others go on one call at a time until one of them is answered (it was that
chat) or is held back too (then everything pauses). After a pause the pace comes back over `RAMP` seconds.
When everything is held back again within `MEMORY`, although calls were answered in between, the limit is
lower than the pace: it falls to `LOWERED` of itself, and rises by `RISE` of the full pace a minute.

*Two priorities.* A reply goes before any broadcast, and is not spaced. While replies come, a broadcast
leaves as many slots free as replies were sent in the last second, a fifth of all at most.

*Albums* are one call and several messages. What Telegram counts of them is not documented. Here each message
is counted, from the call's answer on; until then it is one call, and announcements let their albums be due
one after the other.

*Ahead.* What has to be prepared before its call (marked in the database) is prepared in batches, a quarter
of a second's worth ahead of its permit, so that a permit never waits for a disk. Replies are not: they have
their permit first, and no batch is before them. Whatever is prepared and then has to wait for long (a 429, a
server that is away) is recalled.

All of this is reckoned in seconds of the monotonic clock, which knows no jumps.
"""

import asyncio
import heapq
import itertools
import math
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from types import TracebackType
from typing import TypeAlias

from bot.clock import Clock
from bot.domain.forecast import FREE
from bot.domain.messages import Lane
from bot.domain.outcomes import Done, Failed, Gone, HoldBack, Moved, Outcome, Sent, Unpaid

RAMP = 10.0
"""Seconds from the end of a pause until the full pace."""

MEMORY = 600.0
"""Seconds within which being held back twice means that the limit is lower than the pace."""

LOWERED = 0.8
"""What is left of the pace then."""

RISE = 0.01
"""The share of the full pace by which it rises again in a minute."""

_LOWEST = 0.1  # the share of the full pace, at most of the free one, below which it is never lowered
_AHEAD = 0.25  # seconds' worth of messages that are prepared ahead
_MOST_AHEAD = 512
_KEEP = 2.0  # seconds for which something prepared may wait
_TICK = 0.01  # seconds: paces of more than one call in so many start a few at once
_RAMP_FROM = 0.25  # the share of the pace with which it comes back
_MARGIN = 0.001  # seconds on top of each window: two clocks, and floats, round differently
_EARLY = 0.002  # seconds by which a call may be quicker than any lately
_REPLIES_MATTER_FOR = 10.0  # seconds after a reply in which broadcasts leave room for another
_ROOM = 5  # ... of at most one slot in so many
_ANSWERS = (Sent, Done, Failed, Gone, Moved, Unpaid)  # of a server that holds nothing back
_LATENESS = 0.05  # seconds by which a woken waiter may be late and still be made up for


@dataclass(frozen=True, slots=True)
class Limits:
    """Telegram's figures (free tier); `burst` is ours, within what it is known to tolerate."""

    per_second: float = FREE
    per_chat: float = 1
    per_group_minute: float = 20
    burst: int = 3
    at_once: int = 256
    """How many calls may be under way: more than there are connections would only wait for one."""

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
    minute: deque[float] | None = None  # groups: when each of the last calls stops counting


class _Floor:
    """The least time that calls took lately, there and back; 0 until enough of them are known."""

    _ENOUGH = 100

    def __init__(self) -> None:
        self.seconds = 0.0
        """A little less than the floor."""
        self._before, self._now, self._calls, self._known = math.inf, math.inf, 0, False

    def note(self, seconds: float, *, span: int) -> None:
        """A call took so long. One that was quicker than any counts at once, being slower only later.

        At least the last `span` calls are remembered, or all, where there were fewer.
        """
        self._calls += 1
        quicker = seconds < self._now
        if quicker:
            self._now = seconds
        full = self._calls >= max(span, self._ENOUGH)
        if quicker or full or not self._known:
            self._known = self._known or self._calls >= self._ENOUGH
            self.seconds = max(0.0, min(self._before, self._now) - _EARLY) if self._known else 0.0
        if full:
            self._before, self._now, self._calls = self._now, math.inf, 0


class Pace:
    """The arithmetic. Times are seconds of `Clock.monotonic()`; None means "not before a call ends"."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._chats: OrderedDict[int, _Chat] = OrderedDict()  # who had a call last is last
        self._in_flight = 0
        self._cooling: deque[float] = deque()  # when the last calls were answered: their slots rest
        self._unsure: deque[float] = deque()  # from when slots are free whose calls were given up
        self._next_start = -math.inf
        self._replies: deque[float] = deque()  # of the last second
        self._last_reply = -math.inf
        self._floor = _Floor()
        self._lowered_to, self._lowered_at = 1.0, -math.inf
        self._held_back_at = -math.inf  # when everything was, last
        self._answered_since = False
        self._paused_until = -math.inf
        self._suspected_at: float | None = None  # since when everything may be held back
        self._suspect: int | None = None  # ... unless it is only this chat
        self._held_back_until = -math.inf

    # --- how it stands

    @property
    def limits(self) -> Limits:
        """The figures it keeps."""
        return self._limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        self._limits = limits
        # Asked for with every call:
        self._rest = limits.slot_seconds + _MARGIN  # how long a slot rests, whatever the way there and back
        self._all_slots = _slots(limits.per_second)

    def allowed(self, now: float) -> float:
        """How many calls a second may start at this moment."""
        return 0.0 if self.paused_for(now) > 0 else self.limits.per_second * self._share(now)

    def used(self, now: float) -> int:
        """How many calls are under way, or ended within the last second."""
        self._cool(now)
        return self._in_flight + len(self._cooling) + len(self._unsure)

    def paused_for(self, now: float) -> float:
        """For how many seconds nothing may start."""
        return max(0.0, self._paused_until - now)

    def held_back_for(self, now: float) -> float:
        """For how many of these seconds because a `retry_after` asked for it."""
        return max(0.0, min(self._paused_until, self._held_back_until) - now)

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
        if chat.minute is not None:
            while chat.minute and chat.minute[0] <= now:
                chat.minute.popleft()
            if len(chat.minute) >= self.limits.group_slots:
                ready = max(ready, chat.minute[-self.limits.group_slots])
        return ready

    def ready_at(self, *, reply: bool, now: float, calls: int = 1) -> float | None:
        """From when all chats together allow a call, or so many."""
        self._cool(now)
        if self._suspected_at is not None and self._in_flight:
            return None
        at_once = self._limits.at_once
        # Of the connections an eighth is for replies alone.
        if self._in_flight + calls > (at_once if reply else max(1, at_once * 7 // 8)):
            return None
        ready = max(now, self._paused_until)
        wanted = calls if reply else calls + self._room(now)
        cooling = len(self._cooling) + len(self._unsure)
        missing = wanted - (self.slots(now) - self._in_flight - cooling)
        if missing > cooling:
            return None
        if missing > 0:
            ready = max(ready, self._free_at(missing))
        if not reply or self._share(now) < 1:
            ready = max(ready, self._next_start + (calls - 1) / self._limits.per_second)
        return ready

    # --- what happens

    def start(self, chat_id: int, *, reply: bool, now: float) -> None:
        """A call starts."""
        limits = self.limits
        if (chat := self._chats.get(chat_id)) is None:
            self._forget(now)
            chat = self._chats[chat_id] = _Chat(limits.burst - 1.0, now)
        else:
            chat.bucket = self._bucket(chat, now) - 1.0
            self._chats.move_to_end(chat_id)
        chat.taken = True
        self._in_flight += 1
        interval = 1 / (limits.per_second * self.lowered(now) * self._share(now))
        # Who was woken a little late is made up for; a pause is not.
        on_time = now - self._next_start <= max(interval, _LATENESS)
        self._next_start = (self._next_start if on_time else now) + interval
        if reply:
            self._replies.append(now)
            self._last_reply = now

    def finish(self, chat_id: int, *, now: float, took: float | None = None, messages: int = 1) -> None:
        """A call's answer has come after so long, or it was given up: its slot is free a second later.

        One that made several `messages` (an album) counts as so many from then on.
        """
        if took is None:
            self._unsure.append(now + self._rest)
        else:
            self._floor.note(took, span=self.slots(now))
            self._cooling.extend([now] * messages)
        chat = self._chats[chat_id]
        chat.filled_at = now
        chat.bucket -= messages - 1
        chat.rested_at = now + messages / self.limits.per_chat + _MARGIN
        if chat_id < 0:
            if chat.minute is None:
                chat.minute = deque()
            chat.minute.extend([now + 60 + _MARGIN] * messages)
        self._in_flight -= 1

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
        if started >= self._held_back_at:
            self._answered_since = True
        if self._suspected_at is not None and started >= self._suspected_at:
            self._suspected_at = self._suspect = None

    def hold_back(self, chat_id: int, seconds: float, *, now: float) -> bool:
        """The server held a call back: the chat pauses, or everything; whether everything."""
        chat = self._chats[chat_id]
        chat.paused_until = max(chat.paused_until, now + seconds)
        self._held_back_until = max(self._held_back_until, now + seconds)
        everything = self._suspected_at is not None and self._suspect != chat_id
        if everything:
            if now >= self._paused_until:  # and not an answer to what was already under way
                self._lower(now)
            self.pause(self._held_back_until - now, now=now)
        else:
            self._suspected_at, self._suspect = now, chat_id
        return everything

    def pause(self, seconds: float, *, now: float) -> None:
        """Nothing starts for so long; then one call at a time until one is answered, and a gentle return."""
        self._paused_until = max(self._paused_until, now + seconds)
        self._next_start = max(self._next_start, self._paused_until)
        self._suspected_at, self._suspect = now, None

    # --- how fast is it now?

    def lowered(self, now: float) -> float:
        """The share of the full pace to which a limit that was met has lowered it; 1 where none was."""
        if self._lowered_to == 1.0:  # as ever
            return 1.0
        return min(1.0, self._lowered_to + (now - self._lowered_at) / 60 * RISE)

    def slots(self, now: float) -> int:
        """How many calls may be under way, or less than `slot_seconds` old."""
        if self._lowered_to == 1.0:  # as ever
            return self._all_slots
        return _slots(self.limits.per_second * self.lowered(now))

    def ahead(self, now: float) -> int:
        """How many messages may be prepared before their turn; none while all are held."""
        if self._paused_until > now:
            return 0
        if self._suspected_at is not None:
            return 0 if self._in_flight else 1
        return min(_MOST_AHEAD, max(4, int(self.limits.per_second * self.lowered(now) * _AHEAD)))

    # --- inside

    def _cool(self, now: float) -> None:
        """Slots that have rested are free."""
        answered_by = now - self._rest + self._floor.seconds
        while self._cooling and self._cooling[0] <= answered_by:
            self._cooling.popleft()
        while self._unsure and self._unsure[0] <= now:
            self._unsure.popleft()

    def _free_at(self, number: int) -> float:
        """When so many of the slots that rest will be free."""
        rest = self._rest - self._floor.seconds
        if not self._unsure:
            return self._cooling[number - 1] + rest
        return sorted([*(at + rest for at in self._cooling), *self._unsure])[number - 1]

    def _lower(self, now: float) -> None:
        if self._answered_since and now - self._held_back_at <= MEMORY:
            lowest = _LOWEST * min(1.0, FREE / self.limits.per_second)
            self._lowered_to = max(lowest, self.lowered(now) * LOWERED)
            self._lowered_at = now
        self._held_back_at, self._answered_since = now, False

    def _bucket(self, chat: _Chat, now: float) -> float:
        if chat.taken:
            return chat.bucket
        return min(chat.bucket + (now - chat.filled_at) * self.limits.per_chat, self.limits.burst)

    def _room(self, now: float) -> int:
        while self._replies and self._replies[0] <= now - 1:
            self._replies.popleft()
        if self._last_reply <= now - _REPLIES_MATTER_FOR:
            return 0
        return min(self.slots(now) // _ROOM, max(1, len(self._replies)))

    def _share(self, now: float) -> float:
        """The share of the full pace that is allowed now."""
        since = now - self._paused_until
        if since >= RAMP:
            return 1.0
        return _RAMP_FROM + (1 - _RAMP_FROM) * max(0.0, since) / RAMP

    def _forget(self, now: float) -> None:
        """Drop the chat whose turn it is to be looked at if it no longer matters, and then perhaps the next.

        Up to two for each that comes: so they never pile up, and no moment has to look through all of them.
        """
        for _ in range(min(2, len(self._chats))):
            chat_id, chat = self._chats.popitem(last=False)
            if (
                chat.taken
                or chat.rested_at > now
                or chat.paused_until > now
                or self._bucket(chat, now) < self._limits.burst
                or (chat.minute and chat.minute[-1] > now)
            ):
                self._chats[chat_id] = chat
                return


def _slots(per_second: float) -> int:
    return max(1, int(per_second + 1e-9))


class Stage(Enum):
    """How far a turn has come."""

    WAITING = auto()
    PREPARING = auto()
    PREPARED = auto()
    OVER = auto()


class Turn:
    """Somebody's turn in the queue."""

    __slots__ = ("ahead", "by", "chat_id", "granted", "lane", "reply", "sequence", "stage")

    def __init__(
        self,
        lane: Lane,
        by: datetime,
        sequence: int,
        chat_id: int,
        granted: "Callable[[Permit], None]",
        *,
        ahead: bool,
    ) -> None:
        self.lane = lane
        self.by = by
        self.sequence = sequence
        self.chat_id = chat_id
        self.granted = granted
        self.ahead = ahead
        """It is to be prepared before its permit."""
        self.reply = lane is Lane.REPLY
        """It answers somebody."""
        self.stage = Stage.WAITING


_Place: TypeAlias = tuple[Lane, datetime, int, Turn]
"""A turn behind what orders it: lane, deadline, who came first (which no two share)."""
_Heap: TypeAlias = list[_Place]


class Permit:
    """The right to make one call to a chat now, and to nobody else to make one there until `end`."""

    __slots__ = ("_chat_id", "_done", "_pacer", "_started")

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

    def end(self) -> None:
        """What the call brought is recorded, or it was not made at all: the chat may have its next one."""
        if self._started is None:
            self._pacer.abandon(self._chat_id)
        elif not self._done:
            self._pacer.finish(self._chat_id, None, started=self._started)
        self._pacer.release(self._chat_id)

    def __enter__(self) -> "Permit":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()


class Pacer:
    """The queue before the pace: replies first, then by deadline; a chat that must rest lets others pass.

    `prepare` is called with turns whose permits come soon, to be told of by `prepared` or `drop`; `recall`
    with those of them that have to wait for longer after all: they are out of the queue.
    """

    def __init__(self, clock: Clock, limits: Limits) -> None:
        self.prepare: Callable[[Sequence[Turn]], None] = _nobody
        self.recall: Callable[[Sequence[Turn]], None] = _nobody
        self._clock = clock
        self._pace = Pace(limits)
        self._sequence = itertools.count()
        self._line: _Heap = []  # those to be prepared first, whose chat allows it
        self._ready: _Heap = []  # those who need nothing but a permit
        self._resting: list[tuple[float, int, Turn]] = []  # a heap: those whose chat does not allow it yet
        self._parked: dict[int, list[Turn]] = {}  # those whose chat has a call in flight
        self._ahead: dict[int, Turn] = {}  # what is prepared, or being prepared: one a chat
        self._timer: asyncio.Task[None] | None = None
        self._timer_at = math.inf
        self._pumping = False

    @property
    def limits(self) -> Limits:
        """The figures it keeps."""
        return self._pace.limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        self._pace.limits = limits
        self._pump_soon()

    @property
    def ahead(self) -> int:
        """How many messages may be begun before their turn; none while all are held."""
        return self._pace.ahead(self.now())

    @property
    def pace(self) -> float:
        """Calls a second that it aims at now: less than `limits` where Telegram turned out to allow less."""
        return self.limits.per_second * self._pace.lowered(self.now())

    def request(
        self,
        chat_id: int,
        *,
        lane: Lane,
        by: datetime,
        granted: Callable[[Permit], None],
        ahead: bool = False,
    ) -> Turn:
        """Have `granted` called with a permit for `chat_id`; `by` orders those of a lane (aware).

        With `ahead` the turn is prepared first (`prepare`). What is asked for in one go is granted together,
        once the event loop comes round.
        """
        turn = Turn(lane, by, next(self._sequence), chat_id, granted, ahead=ahead)
        self._enter(turn)
        self._pump_soon()
        return turn

    def prepared(self, turns: Sequence[Turn]) -> None:
        """These are prepared, and may be granted."""
        for turn in turns:
            if turn.stage is Stage.PREPARING:
                turn.stage = Stage.PREPARED
                self._enter(turn)
        if not self._pace.ahead(self.now()):
            self._call_back()  # everything has been held back meanwhile
        self._pump_soon()

    def drop(self, turns: Sequence[Turn]) -> None:
        """These want no permit any more."""
        for turn in turns:
            turn.stage = Stage.OVER
            self._unstage(turn)
            self._unpark(turn.chat_id)
        self._pump_soon()

    def pause(self, seconds: float) -> None:
        """Let nothing start for so many seconds (the server is away), and come back gently."""
        self._pace.pause(seconds, now=self.now())
        self._call_back()

    def now(self) -> float:
        """Seconds of its clock."""
        return self._clock.monotonic()

    def finish(self, chat_id: int, outcome: Outcome | None, *, started: float) -> None:
        """A call has ended (None: it was given up); take from it what it says about the limits."""
        now = self.now()
        answered = isinstance(outcome, _ANSWERS)
        # Only an answer has been there and back.
        messages = 1 + len(outcome.more_ids) if isinstance(outcome, Sent) else 1
        self._pace.finish(chat_id, now=now, took=now - started if answered else None, messages=messages)
        if isinstance(outcome, HoldBack):
            self._pace.hold_back(chat_id, outcome.seconds, now=now)
            self._call_back()
        elif answered:
            self._pace.answered(started=started)
        # A tick that is soon takes up many slots that have come free; only a reply does not wait for it.
        if self._timer_at > now + _TICK or (self._ready and self._ready[0][-1].reply):
            self._pump_soon()

    @property
    def allowed(self) -> float:
        """How many messages a second may be sent at this moment."""
        return self._pace.allowed(self.now())

    @property
    def used(self) -> int:
        """How many are on their way, or were sent in the last second."""
        return self._pace.used(self.now())

    @property
    def paused_for(self) -> float:
        """For how many seconds nothing may be sent: Telegram asked for it, or is away."""
        return self._pace.paused_for(self.now())

    @property
    def held_back_for(self) -> float:
        """For how many of these seconds because a `retry_after` asked for it."""
        return self._pace.held_back_for(self.now())

    def abandon(self, chat_id: int) -> None:
        """The call was not made."""
        self._pace.abandon(chat_id, now=self.now())
        self._pump_soon()

    def release(self, chat_id: int) -> None:
        """The chat may have its next call."""
        self._pace.release(chat_id)
        if chat_id in self._parked:
            self._unpark(chat_id)
            self._pump_soon()

    def close(self) -> None:
        """Stop the timer; whoever still waits is to be cancelled by their owner."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._timer_at = math.inf

    def _pump_soon(self) -> None:
        """Pump once for all that happens in this turn of the event loop."""
        if not self._pumping:
            self._pumping = True
            asyncio.get_running_loop().call_soon(self._pump)

    def _pump(self) -> None:
        """Prepare what is next, grant what may start now, and set the timer for what may start next."""
        self._pumping = False
        now = self.now()
        while self._resting and self._resting[0][0] <= now:
            self._enter(heapq.heappop(self._resting)[-1])
        ahead = self._pace.ahead(now) if self._line else 0
        if ahead and 2 * len(self._ahead) <= ahead:
            self._stage(ahead, now)
        wake = math.inf
        while (turn := self._next(self._ready, now)) is not None:
            # What holds the first of the queue holds all behind it: replies are bound by less.
            at = self._pace.ready_at(reply=turn.reply, now=now)
            if at is None:
                break
            if at > now:
                wake = self._a_few_from(at, now)
                break
            heapq.heappop(self._ready)
            turn.stage = Stage.OVER
            self._pace.start(turn.chat_id, reply=turn.reply, now=now)
            self._unstage(turn)
            turn.granted(Permit(self, turn.chat_id))
        if self._line and not ahead:
            at = self._pace.ready_at(reply=False, now=now)
            wake = min(wake, math.inf if at is None else at)
        if self._resting:
            wake = min(wake, self._resting[0][0])
        self._wake_at(wake)

    def _a_few_from(self, at: float, now: float) -> float:
        """When to look again, where a call may start from `at` on: soon, once a few may."""
        calls = int(self.limits.per_second * _TICK)
        if calls <= 1:
            return at
        few = self._pace.ready_at(reply=False, now=now, calls=calls)
        return at + _TICK if few is None else min(few, at + _TICK)

    def _stage(self, most: int, now: float) -> None:
        """Have prepared what comes next: half of what may be ahead, at a time."""
        turns: list[Turn] = []
        while len(self._ahead) < most and (turn := self._next(self._line, now)) is not None:
            heapq.heappop(self._line)
            if turn.chat_id in self._ahead:
                # One at a time: only what became of the first says whether the second may go.
                self._parked.setdefault(turn.chat_id, []).append(turn)
                continue
            turn.stage = Stage.PREPARING
            self._ahead[turn.chat_id] = turn
            turns.append(turn)
        if turns:
            self.prepare(turns)

    def _next(self, heap: _Heap, now: float) -> Turn | None:
        """The first of `heap` whose chat allows a call; those before it rest, are parked, or recalled."""
        while heap:
            turn = heap[0][-1]
            if turn.stage is Stage.OVER:
                heapq.heappop(heap)
                continue
            at = self._pace.chat_ready_at(turn.chat_id, reply=turn.reply, now=now)
            if at is None:
                heapq.heappop(heap)
                self._parked.setdefault(turn.chat_id, []).append(turn)
            elif at <= now:
                return turn
            else:
                heapq.heappop(heap)
                if turn.stage is Stage.PREPARED and at > now + _KEEP:
                    self._call_back(turn)
                else:
                    heapq.heappush(self._resting, (at, turn.sequence, turn))
        return None

    def _enter(self, turn: Turn) -> None:
        waits = turn.ahead and turn.stage is Stage.WAITING
        place = (turn.lane, turn.by, turn.sequence, turn)
        heapq.heappush(self._line if waits else self._ready, place)

    def _unpark(self, chat_id: int) -> None:
        for turn in self._parked.pop(chat_id, ()):
            self._enter(turn)

    def _unstage(self, turn: Turn) -> None:
        if self._ahead.get(turn.chat_id) is turn:
            del self._ahead[turn.chat_id]

    def _call_back(self, *which: Turn) -> None:
        """Recall what is prepared (of `which`, or all of it)."""
        turns = [turn for turn in which or self._ahead.values() if turn.stage is Stage.PREPARED]
        for turn in turns:
            turn.stage = Stage.OVER
            self._unstage(turn)
            self._unpark(turn.chat_id)
        if turns:
            self.recall(turns)

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


def _nobody(_turns: Sequence[Turn]) -> None:
    """Nobody prepares anything: no turn is asked for with `ahead`."""
