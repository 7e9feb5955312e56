"""Work on thousands of rows in slices: each a transaction of its own, between which others have their turn.

Of a wave that the timetable does not ring (an announcement, a correction's, a reminder) what is left to be
done is noted with the wave, step by step, so that it goes on after a crash. The deed itself takes the first
slice, which is all there is to a small one; whoever looks after announcements takes the others
(`making.go_on`). Who stops such a wave meanwhile stops its making as well.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from bot.storage import waves
from bot.storage.database import Transaction
from bot.storage.waves import Ringing

SLICE = 1_000
"""People who are planned for in one transaction, about: ten milliseconds' work."""

RANGES = 10
"""So many times as many rows at most are looked through for a slice."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done: its `kind`, what it needs to know (for JSON), and the id after which it goes on."""

    kind: str
    details: Mapping[str, Any] = field(default_factory=dict)
    after: int = 0


class Taken(NamedTuple):
    """A slice of a step: how many messages it owed, and up to which id; None: the step is done."""

    number: int
    upto: int | None = None
    new: bool = True  # the wave is for so many more people
    details: Mapping[str, Any] | None = None  # in the place of the step's


Take: TypeAlias = Callable[[Transaction, Ringing, Step, datetime], Taken]
"""Takes the next slice of a step of the wave; what it owed before, it owes no second time."""


def begin(
    tx: Transaction,
    wave_id: int,
    step: Step,
    take: Take,
    now: datetime,
    *,
    most: int | None = None,
    first: bool = False,
) -> tuple[int, bool]:
    """Note a step of a wave, after what else is left of it (or `first`), and take a slice of it.

    No slice where `most`, what others in the same transaction leave of one, is none. How many messages
    that makes, and whether it is done.
    """
    wave = waves.ringing(tx, wave_id)
    if wave is None:
        return 0, True
    left = _steps(wave)
    steps = [step, *left] if first else [*left, step]
    waits = bool(left) and not first
    if waits or (most is not None and most <= 0):
        waves.add(tx, wave_id, 0, _dumped(steps))
        return 0, False
    number = _take(tx, wave, steps, {step.kind: take}, now, most or SLICE)
    after = waves.ringing(tx, wave_id)
    return number, after is None or len(after.rest or ()) <= len(left)


def go_on(tx: Transaction, wave: Ringing, takes: Mapping[str, Take], now: datetime) -> int:
    """Take the next slice of a wave in the making, as far as `takes` knows its steps; how many messages."""
    return _take(tx, wave, _steps(wave), takes, now, SLICE)


def kinds(wave: Ringing) -> set[str]:
    """The kinds of steps that are left."""
    return {step.kind for step in _steps(wave)}


def _take(
    tx: Transaction,
    wave: Ringing,
    steps: Sequence[Step],
    takes: Mapping[str, Take],
    now: datetime,
    most: int,
) -> int:
    number = new = 0
    left = list(steps)
    for _ in range(RANGES):
        if not left or left[0].kind not in takes or number >= most:
            break
        step = left[0]
        taken = takes[step.kind](tx, wave, step, now)
        number += taken.number
        new += taken.number if taken.new else 0
        if taken.upto is None:
            del left[0]
        else:
            left[0] = replace(step, after=taken.upto, details=taken.details or step.details)
    waves.add(tx, wave.id, new, _dumped(left))
    return number


def _steps(wave: Ringing) -> list[Step]:
    return [
        Step(str(noted["do"]), noted.get("details", {}), int(noted["after"])) for noted in wave.rest or ()
    ]


def _dumped(steps: Sequence[Step]) -> list[dict[str, Any]]:
    return [{"do": step.kind, "details": dict(step.details), "after": step.after} for step in steps]
