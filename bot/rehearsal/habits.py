"""What kind of people there are in a crowd, and how each of them decides: by the seed, always alike."""

import random
from collections.abc import Mapping
from datetime import datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType

from bot.domain.zones import Zone

EARLIEST, LATEST = time(6, 0), time(21, 30)
"""When people look at their phones, local time."""

_MORNING = timedelta(hours=2.5)  # within which they get up


class Quirk(StrEnum):
    """What somebody does that most do not."""

    NEVER_COMES = "never comes"
    COMES_LATE = "comes late"
    BLOCKS = "blocks the bot for some days"
    DECLINES_FIRST = "declines, and agrees later"
    TYPES_A_NIK = "types a sixteen-digit number"
    OPENS_TWICE = "opens the link twice"
    SOMEBODY_ELSES = "opens somebody else's link"
    INVENTS_A_CODE = "tries an invented code first"
    SECOND_PHONE = "opens the link on a second phone, too"
    NEVER_AGREES = "reads the notice and never agrees"
    DELETES_ACCOUNT = "deletes the Telegram account"
    LEAVES = "takes the consent back"


_SHARES: Mapping[Quirk, float] = MappingProxyType(
    {
        Quirk.NEVER_COMES: 0.03,
        Quirk.COMES_LATE: 0.10,
        Quirk.BLOCKS: 0.02,
        Quirk.DECLINES_FIRST: 0.02,
        Quirk.TYPES_A_NIK: 0.015,
        Quirk.OPENS_TWICE: 0.015,
        Quirk.SOMEBODY_ELSES: 0.015,
        Quirk.INVENTS_A_CODE: 0.015,
        Quirk.SECOND_PHONE: 0.015,
        Quirk.NEVER_AGREES: 0.015,
        Quirk.DELETES_ACCOUNT: 0.01,
        Quirk.LEAVES: 0.01,
    }
)


def quirks(count: int, seed: int) -> dict[int, Quirk]:
    """Who of `count` people (by place) is peculiar: half of them at most, each quirk once before any twice.

    The first person never is: they are kept for whoever wants to join in.
    """
    places = list(range(1, count))
    random.Random(f"{seed}:quirks").shuffle(places)  # noqa: S311 (people to play with, no secrets)
    more = [quirk for quirk, share in _SHARES.items() for _ in range(round(count * share) - 1)]
    return dict(zip(places[: count // 2], [*Quirk, *more], strict=False))


class Chance:
    """The decisions of one person.

    Each has dice of its own, thrown for what it is about: it does not matter which of two messages came
    first, so that the same seed makes the same choices however a run's threads interleave.
    """

    def __init__(self, seed: int, person: int) -> None:
        self._of = f"{seed}:{person}"

    def dice(self, *about: object) -> random.Random:
        """Dice for one decision."""
        return random.Random(":".join((self._of, *map(str, about))))  # noqa: S311 (no secrets)

    def says_yes(self, share: float, *about: object) -> bool:
        """Whether this is one of the `share` of all cases."""
        return self.dice(*about).random() < share

    def seconds(self, least: timedelta, most: timedelta, *about: object) -> float:
        """A while between the two: short ones are likelier."""
        return least.total_seconds() + (most - least).total_seconds() * self.dice(*about).random() ** 2


def awake(moment: datetime, zone: Zone, dice: random.Random) -> datetime:
    """`moment`, or the next morning where it falls into the night (aware in, aware out)."""
    local = moment.astimezone(zone.tzinfo)
    if EARLIEST <= local.time() < LATEST:
        return moment
    day = local.date() + timedelta(days=local.time() >= LATEST)
    return datetime.combine(day, EARLIEST, zone.tzinfo) + _MORNING * dice.random()
