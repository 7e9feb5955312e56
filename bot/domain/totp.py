"""Codes that change by the clock: TOTP as RFC 6238 has it, over HOTP (RFC 4226)."""

import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

STEP = timedelta(seconds=30)
"""How long one code stands."""

DIGITS = 6

TOLERATED = 1
"""Steps by which a code may be late, or by which the clock that it was read from may be ahead."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def hotp(
    secret: bytes, counter: int, *, digits: int = DIGITS, algorithm: Callable[..., Any] = hashlib.sha1
) -> str:
    """The code of a counter, RFC 4226 section 5.3."""
    mac: bytes = hmac.new(secret, counter.to_bytes(8, "big"), algorithm).digest()
    start = mac[-1] & 0x0F
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**digits:0{digits}d}"


def step_at(now: datetime, step: timedelta = STEP) -> int:
    """Which step an instant is in, counted from 1970 on."""
    return (now - _EPOCH) // step


def begins(number: int, step: timedelta = STEP) -> datetime:
    """When a step begins."""
    return _EPOCH + number * step


def totp(
    secret: bytes,
    now: datetime,
    *,
    step: timedelta = STEP,
    digits: int = DIGITS,
    algorithm: Callable[..., Any] = hashlib.sha1,
) -> str:
    """The code that stands at an instant."""
    return hotp(secret, step_at(now, step), digits=digits, algorithm=algorithm)


def step_of(
    secret: bytes,
    given: str,
    now: datetime,
    *,
    step: timedelta = STEP,
    back: int = TOLERATED,
    newest: datetime | None = None,
) -> int | None:
    """The step whose code was given: the newest, of those up to `back` steps ago and one ahead; or None.

    One ahead of `newest`, where that is later than `now`.
    """
    current = step_at(now, step)
    ahead = current if newest is None else step_at(newest, step)
    # All are compared, in constant time each: how long it takes tells nothing about a code.
    numbers = range(ahead + TOLERATED, current - back - 1, -1)
    found = [number for number in numbers if hmac.compare_digest(hotp(secret, number), given)]
    return found[0] if found else None
