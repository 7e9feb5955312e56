"""Attendance at a session: when one can check in and out, what speaks for somebody's having been there.

What speaks for it is kept as evidence, one piece beside the other; nothing of it is ever changed. How sure it
makes one is the grade, which is worked out anew from all of it.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.programme import CheckIn, Session
from bot.domain.totp import STEP

CONTESTED_WITHIN = timedelta(days=14)
"""How long after a session "I was there" can be said."""

KNOWN_LATE = 120
"""Steps after which a code is not known any more: until then it is seen how late it came."""

MOST_WRONG = 8
"""Wrong codes that somebody may type at one session: a million guesses would find one."""

HELD = timedelta(seconds=5)
"""What reaches the bot later than this after it was sent was held up, by an outage as a rule."""

_HELD_AT_MOST = timedelta(hours=24)  # Telegram keeps an update no longer
_CLOCKS_DIFFER = timedelta(minutes=2)
_MOVED_A_LITTLE = timedelta(hours=3)
_STALE = STEP * 1.5
"""How long after its step has begun a code was not read from the screen any more, but from elsewhere."""

_BURST = 5
"""People of one office who send the same stale code, from which on it is worth a look."""


class Leg(StrEnum):
    """Which of the two times."""

    IN = "in"
    OUT = "out"


class Kind(StrEnum):
    """What a piece of evidence is."""

    TAP = "tap"
    CODE = "code"
    ZOOM = "zoom"
    DECISION = "decision"  # a coordinator's
    CONTEST = "contest"  # "I was there": it counts for nothing by itself


class Grade(StrEnum):
    """How far it is known that somebody was there."""

    PRESENT = "present"
    PARTIAL = "partial"  # something speaks for it, but not all that is asked for
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Window:
    """When one of the two is open: from `opens` until before `closes`."""

    leg: Leg
    opens: datetime
    closes: datetime


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece. `counts`: it came in its time (a decision: they were there).

    Of Zoom, `since` and `until` are when they joined and left, where the report says. `lag`: how old a code
    was, counted from when it came up. `at` is when they sent it; `received` when it came here, if much later.
    """

    kind: Kind
    at: datetime
    leg: Leg | None = None
    counts: bool = True
    minutes: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    lag: timedelta | None = None
    received: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What all the evidence comes to."""

    grade: Grade
    arrived: datetime | None = None
    left: datetime | None = None
    minutes: int | None = None
    decided: bool = False
    contested: bool = False


def windows(session: Session) -> tuple[Window, ...]:
    """When one checks in, and out; empty where nobody's attendance is taken."""
    rule = session.check_in
    if rule is None or session.cancelled:
        return ()
    found = [Window(Leg.IN, session.starts + rule.opens, session.starts + rule.closes)]
    if rule.out_opens is not None and rule.out_closes is not None:
        found.append(Window(Leg.OUT, session.ends + rule.out_opens, session.ends + rule.out_closes))
    return tuple(found)


def open_windows(session: Session, now: datetime) -> tuple[Window, ...]:
    """Those that are open; both are where a session is short."""
    return tuple(each for each in windows(session) if each.opens <= now < each.closes)


def next_window(session: Session, now: datetime) -> Window | None:
    """The one that opens next."""
    return min(
        (each for each in windows(session) if each.opens > now), key=lambda each: each.opens, default=None
    )


def is_over(session: Session, now: datetime) -> bool:
    """Whether its attendance was taken, and no window opens any more."""
    found = windows(session)
    return bool(found) and all(each.closes <= now for each in found)


def read_code(text: str) -> str | None:
    """The six digits of a code, as people type them ("123 456"); None where it is none."""
    digits = re.sub(r"[\s.\-]", "", text)
    return digits if re.fullmatch(r"[0-9]{6}", digits) else None


def when_sent(sent: datetime | None, now: datetime) -> datetime:
    """When somebody did what reaches the bot `now`: as Telegram dates it (`sent`), where that is plausible.

    A moment's delay is none, and what is dated in the future, or longer ago than Telegram keeps it, is taken
    to be of now: then a clock is wrong.
    """
    return sent if sent is not None and HELD < now - sent <= _HELD_AT_MOST else now


def newest_known(sent: datetime, now: datetime) -> datetime:
    """Up to when codes had come up that somebody could read who sent one at `sent`, received `now`.

    Telegram's clock and the one that codes are made by may differ; beyond that, a code from after it was sent
    is a guess.
    """
    return now if now - sent <= _CLOCKS_DIFFER else sent


def begins_to_count(session: Session) -> datetime | None:
    """From when on taps and codes are this session's (aware UTC); None where its attendance is not taken.

    Those of a day from which it was put off are not; where it was only moved a little, nothing is lost.
    """
    return None if session.check_in is None else session.starts + session.check_in.opens - _MOVED_A_LITTLE


def standing(rule: CheckIn, evidence: Sequence[Evidence], *, since: datetime | None = None) -> Standing:
    """What the evidence, in the order in which it came, comes to under the session's rule.

    Of taps and codes, those `since` a moment count, where one is given.
    """
    taps = [
        each
        for each in evidence
        if each.kind in (Kind.TAP, Kind.CODE) and each.counts and (since is None or each.at >= since)
    ]
    zoom = [each for each in evidence if each.kind is Kind.ZOOM and each.minutes is not None]
    # Where a code is asked for, a tap alone may come from anywhere: only with the code it says when.
    asked = _asked(rule)
    proven = {each.leg for each in taps if each.kind in asked}
    arrived = min((each.at for each in taps if each.leg is Leg.IN and each.leg in proven), default=None)
    left = max((each.at for each in taps if each.leg is Leg.OUT and each.leg in proven), default=None)
    minutes = _together(zoom) if zoom else None
    decision = next((each for each in reversed(evidence) if each.kind is Kind.DECISION), None)
    contest = next((each for each in reversed(evidence) if each.kind is Kind.CONTEST), None)
    if decision is not None:
        grade = Grade.PRESENT if decision.counts else Grade.NONE
    elif _shown(rule, taps) or (minutes is not None and rule.minutes is not None and minutes >= rule.minutes):
        grade = Grade.PRESENT
    elif any(_speaks(each) and (since is None or each.at >= since) for each in evidence):
        grade = Grade.PARTIAL
    else:
        grade = Grade.NONE
    contested = (
        contest is not None and grade is not Grade.PRESENT and (decision is None or decision.at < contest.at)
    )
    return Standing(grade, arrived, left, minutes, decision is not None, contested)


def _speaks(piece: Evidence) -> bool:
    """Whether it says anything: what they say themselves does not, nor does a code that never was one."""
    return piece.kind is not Kind.CONTEST and (piece.kind is not Kind.CODE or piece.counts or bool(piece.lag))


def _shown(rule: CheckIn, taps: Sequence[Evidence]) -> bool:
    """Whether they checked in, and out where one does, with the code where one is asked for."""
    legs = (Leg.IN,) if rule.out_opens is None else (Leg.IN, Leg.OUT)
    asked = _asked(rule)
    return all(any(each.leg is leg and each.kind in asked for each in taps) for leg in legs)


def _asked(rule: CheckIn) -> tuple[Kind, ...]:
    """What proves that somebody was there."""
    return (Kind.CODE,) if rule.code else (Kind.CODE, Kind.TAP)


def _together(zoom: Sequence[Evidence]) -> int:
    """Minutes in all: of two devices at once the longer, of one report after another the sum."""
    total, longest, until = 0, 0, None
    for each in sorted(zoom, key=lambda one: (one.since is not None, one.since or one.at)):
        if until is not None and each.since is not None and each.since >= until:
            total, longest, until = total + longest, 0, None
        longest = max(longest, each.minutes or 0)
        if each.until is not None:
            until = each.until if until is None else max(until, each.until)
    return total + longest


# --- codes that were passed on ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Arrival:
    """A code that somebody sent: of which step, how old it was, and of which office they are."""

    step: int
    lag: timedelta
    office: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Burst:
    """One code that many of one office sent when it was not on the screen any more."""

    office: str
    first: datetime
    people: int
    lag: timedelta  # of the oldest


def bursts(arrivals: Iterable[Arrival]) -> list[Burst]:
    """Codes that seem to have been passed on, the most people first.

    Some always type slowly: it is one only where those are many, and not few beside those who were in time.
    """
    by_code: defaultdict[tuple[str, int], list[Arrival]] = defaultdict(list)
    for each in arrivals:
        by_code[each.office, each.step].append(each)
    found = []
    for (office, _), sent in by_code.items():
        stale = [each for each in sent if each.lag >= _STALE]
        if len(stale) >= _BURST and len(stale) * 2 > len(sent) - len(stale):
            first = min(each.at for each in stale)
            found.append(Burst(office, first, len(stale), max(each.lag for each in stale)))
    return sorted(found, key=lambda each: (-each.people, each.first))
