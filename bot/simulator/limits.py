"""Telegram's limits on sending, measured on the injected clock.

Telegram publishes "about 30 a second, one a second in a chat, short bursts above that, 20 a minute in a
group" and leaves the rest to `retry_after`. The figures here are the strict reading:

* all chats together: 30 in any sliding second;
* a private chat: one a second, and a burst of 3 after a pause (a bucket of 3, refilled by one a second);
* a group, supergroup or channel: 20 in any sliding minute.

Who goes over is told to come back in whole seconds (at least 1), and until then every counted call that
falls under the same limit is refused as well.
"""

import math
from collections import deque
from dataclasses import dataclass

from bot.simulator.errors import TooManyRequestsError


@dataclass(frozen=True, slots=True)
class Limits:
    """The figures; None switches one off."""

    per_second: int | None = 30
    per_chat: float | None = 1.0
    chat_burst: int = 3
    per_group_minute: int | None = 20

    @classmethod
    def off(cls) -> "Limits":
        """No limits at all."""
        return cls(per_second=None, per_chat=None, per_group_minute=None)


class _Window:
    """At most `most` in any sliding `seconds`."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._taken: deque[float] = deque()

    def wait(self, now: float, count: int) -> float:
        """Seconds until `count` more fit; 0 when they do."""
        while self._taken and self._taken[0] <= now - self._seconds:
            self._taken.popleft()
        missing = len(self._taken) + min(count, self._most) - self._most
        return self._taken[missing - 1] + self._seconds - now if missing > 0 else 0.0

    def take(self, now: float, count: int) -> None:
        self._taken.extend([now] * count)


class _Bucket:
    """`per_second` of them a second, after a pause up to `burst` at once."""

    def __init__(self, per_second: float, burst: int) -> None:
        self._rate, self._burst = per_second, max(1, burst)
        self._level, self._at = float(self._burst), 0.0

    def wait(self, now: float, count: int) -> float:
        """Seconds until `count` more fit; 0 when they do."""
        level = min(self._burst, self._level + (now - self._at) * self._rate)
        missing = min(count, self._burst) - level
        return missing / self._rate if missing > 1e-9 else 0.0

    def take(self, now: float, count: int) -> None:
        self._level = min(self._burst, self._level + (now - self._at) * self._rate) - count
        self._at = now


class Governor:
    """Counts one bot's sends and refuses those that come too fast."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._overall = _Window(limits.per_second, 1.0) if limits.per_second else None
        self._chats: dict[int, _Window | _Bucket] = {}
        self._banned_until: dict[int | None, float] = {}  # by chat id; None stands for all chats

    def punish(self, chat_id: int | None, now: float, seconds: float) -> None:
        """Refuse counted calls (in one chat, or in all) for `seconds`."""
        self._banned_until[chat_id] = max(self._banned_until.get(chat_id, now), now + seconds)

    def spend(self, chat_id: int, *, group: bool, now: float, count: int = 1) -> None:
        """Count `count` messages into a chat at `now` (seconds, monotonic), or raise TooManyRequestsError."""
        for scope in (None, chat_id):
            if (left := self._banned_until.get(scope, now) - now) > 1e-9:
                raise TooManyRequestsError(_whole(left))
            self._banned_until.pop(scope, None)
        chat = self._chat(chat_id, group=group)
        if chat is not None and (wait := chat.wait(now, count)) > 0:
            raise self._refusal(chat_id, now, wait)
        if self._overall is not None and (wait := self._overall.wait(now, count)) > 0:
            raise self._refusal(None, now, wait)
        if chat is not None:
            chat.take(now, count)
        if self._overall is not None:
            self._overall.take(now, count)

    def _refusal(self, scope: int | None, now: float, wait: float) -> TooManyRequestsError:
        seconds = _whole(wait)
        self.punish(scope, now, seconds)
        return TooManyRequestsError(seconds)

    def _chat(self, chat_id: int, *, group: bool) -> _Window | _Bucket | None:
        if (known := self._chats.get(chat_id)) is not None:
            return known
        made: _Window | _Bucket
        if group:
            if not self.limits.per_group_minute:
                return None
            made = _Window(self.limits.per_group_minute, 60.0)
        else:
            if not self.limits.per_chat:
                return None
            made = _Bucket(self.limits.per_chat, self.limits.chat_burst)
        self._chats[chat_id] = made
        return made


def _whole(seconds: float) -> int:
    return max(1, math.ceil(seconds - 1e-9))
