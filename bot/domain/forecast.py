"""Who has a message when: waves that share one pace, told beforehand and while they run.

The order is the outbox's: what a live session depends on, then the earlier deadline, then who was planned
first. Each message has its place in it, so a wave that is more urgent interrupts one that is less: nobody
waits for a whole wave to end. Times are aware UTC.
"""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from bot.domain.messages import Lane

REPLIES_SHARE = 0.2
"""What a broadcast leaves free for replies at most (`bot.delivery.pacer`), and a forecast counts on."""

FREE = 30
"""Messages a second over all chats that cost nothing: the pace where a day's Stars are spent, too."""

MESSAGES_A_STAR = 10
"""A paid message costs a tenth of a Star."""

_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)
_NOT_LATE = timedelta()


class Kind(StrEnum):
    """What coordinators are warned of."""

    DAY_AHEAD = "day_ahead"  # a wave cannot be in time
    HOUR_AHEAD = "hour_ahead"
    SLIPPING = "slipping"  # ... though it runs already
    STOPPED = "stopped"  # so many of its messages failed that it stopped by itself


@dataclass(frozen=True, slots=True)
class Budget:
    """For how many messages of a day (UTC) is paid, and how many of those of `day` have gone already."""

    messages: int
    day: date | None = None
    spent: int = 0


@dataclass(frozen=True, slots=True)
class Pace:
    """How many messages may start in a second, over all chats, and what share of it replies may take.

    With a `budget`, only for as long as that lasts: for the rest of the day it is the free pace.
    """

    per_second: float
    for_replies: float = REPLIES_SHARE
    budget: Budget | None = None

    @classmethod
    def for_stars(cls, per_second: float, stars: int, *, for_replies: float = REPLIES_SHARE) -> "Pace":
        """The pace at which so many Stars a day pay for messages; with none, nothing is paid for."""
        return cls(per_second, for_replies, Budget(stars * MESSAGES_A_STAR) if stars else None)

    @property
    def interval(self) -> timedelta:
        """From one message of a wave to the next."""
        return self._interval(self.per_second)

    @property
    def free_interval(self) -> timedelta:
        """The same, where nothing is paid for any more."""
        return self._interval(min(FREE, self.per_second))

    def _interval(self, per_second: float) -> timedelta:
        return max(timedelta(microseconds=1), _SECOND / (per_second * (1 - self.for_replies)))


@dataclass(frozen=True, slots=True)
class Wave:
    """Messages to `people` from `starts` on, everybody to have theirs by `everybody_by`.

    It may start `earliest` already, where that is before `starts` (None: it may not). `key` is whatever its
    owner knows it by.
    """

    key: str
    people: int
    starts: datetime
    everybody_by: datetime
    lane: Lane = Lane.REMINDER
    earliest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """When a wave's first and last person have it (None: it is for nobody), and how many are late."""

    wave: Wave
    first: datetime | None
    last: datetime | None
    late: int

    @property
    def late_by(self) -> timedelta:
        """By how much the last one misses `everybody_by`; nothing where all are in time."""
        if self.last is None:
            return _NOT_LATE
        return max(_NOT_LATE, self.last - self.wave.everybody_by)


def forecast(waves: Sequence[Wave], pace: Pace, *, not_before: datetime | None = None) -> list[Forecast]:
    """When each wave is through, in the order given; equally urgent ones go in that order.

    `not_before`: nothing goes before then (Telegram holds everything back).
    """
    purse = None if pace.budget is None else _Purse(pace, pace.budget)
    interval = pace.interval
    firsts: dict[int, datetime] = {}
    lasts: dict[int, datetime] = {}
    late = [0] * len(waves)
    left = [wave.people for wave in waves]
    coming = sorted((wave.starts, place) for place, wave in enumerate(waves) if wave.people > 0)
    waiting: list[tuple[Lane, datetime, int]] = []
    free = not_before or datetime.min.replace(tzinfo=UTC)
    upcoming = 0
    while waiting or upcoming < len(coming):
        if not waiting:
            free = max(free, coming[upcoming][0])
        while upcoming < len(coming) and coming[upcoming][0] <= free:
            place = coming[upcoming][1]
            heapq.heappush(waiting, (waves[place].lane, waves[place].everybody_by, place))
            upcoming += 1
        place = waiting[0][2]
        many = left[place]
        if purse is not None:
            interval, lasting = purse.pace_at(free)
            many = min(many, lasting)
        if upcoming < len(coming):  # ... and then somebody may be more urgent
            many = min(many, -((free - coming[upcoming][0]) // interval))
        by = waves[place].everybody_by
        if purse is not None:
            purse.pay(free, many)
        late[place] += many - min(many, max(0, (by - free) // interval + 1))
        firsts.setdefault(place, free)
        lasts[place] = free + (many - 1) * interval
        free += many * interval
        left[place] -= many
        if not left[place]:
            heapq.heappop(waiting)
    return [
        Forecast(wave, firsts.get(place), lasts.get(place), late[place]) for place, wave in enumerate(waves)
    ]


class _Purse:
    """What is left of each day's budget, while messages go one after the other."""

    def __init__(self, pace: Pace, budget: Budget) -> None:
        self._paid, self._free = pace.interval, pace.free_interval
        self._budget = budget.messages
        self._spent: dict[date, int] = {} if budget.day is None else {budget.day: budget.spent}

    def pace_at(self, moment: datetime) -> tuple[timedelta, int]:
        """From one message to the next from `moment` on, and for how many messages this holds."""
        left = self._left(moment)
        interval = self._paid if left else self._free
        midnight = datetime.combine(moment.astimezone(UTC).date() + _DAY, time(), UTC)
        today = -((moment - midnight) // interval)
        return interval, min(left, today) if left else today

    def pay(self, moment: datetime, messages: int) -> None:
        """So many go from `moment` on, as `pace_at` said."""
        if self._left(moment):
            day = moment.astimezone(UTC).date()
            self._spent[day] = self._spent.get(day, 0) + messages

    def _left(self, moment: datetime) -> int:
        return max(0, self._budget - self._spent.get(moment.astimezone(UTC).date(), 0))


def placed(waves: Sequence[Wave], pace: Pace, *, not_before: datetime | None = None) -> list[Wave]:
    """The waves, in the order given, each starting early where it must and may.

    As late as still lets its last person be in time; as early as it may where nothing does. The most
    urgent choose first: nobody who is less urgent can delay them.
    """
    urgency = sorted(
        range(len(waves)), key=lambda place: (waves[place].lane, waves[place].everybody_by, place)
    )
    settled: list[Wave] = []
    for place in urgency:
        settled.append(_placed(waves[place], settled, pace, not_before))
    return [wave for _, wave in sorted(zip(urgency, settled, strict=True), key=lambda each: each[0])]


def _placed(wave: Wave, before: Iterable[Wave], pace: Pace, not_before: datetime | None) -> Wave:
    others = list(before)

    def in_time(candidate: Wave) -> bool:
        return not forecast([*others, candidate], pace, not_before=not_before)[-1].late

    if wave.earliest is None or wave.earliest >= wave.starts or in_time(wave):
        return wave
    room = (wave.starts - wave.earliest) // _SECOND
    enough = replace(wave, starts=wave.earliest)
    if not in_time(enough):
        return enough
    too_few, seconds = 0, room + 1  # so many seconds early are known not to do, and to do
    while seconds - too_few > 1:
        middle = (too_few + seconds) // 2
        candidate = replace(wave, starts=max(wave.earliest, wave.starts - middle * _SECOND))
        if in_time(candidate):
            seconds, enough = middle, candidate
        else:
            too_few = middle
    return enough


ENOUGH = 50
"""How many messages of a wave must have been sent or refused before their share says anything."""

MOST_FAILED = 0.2


def fails_too_often(sent: int, failed: int) -> bool:
    """Whether a wave had better stop: more than a fifth of its messages are refused.

    One poisoned message stops nothing, and who has blocked the bot is not a failure of the wave.
    """
    return sent + failed >= ENOUGH and failed > MOST_FAILED * (sent + failed)
