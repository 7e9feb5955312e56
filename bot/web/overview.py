"""The first page: what is next, who is reached, what is late, and what is being sent at this moment."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from bot.domain.messages import Value
from bot.domain.programme import PersonalDay, Programme
from bot.domain.staff import Right
from bot.domain.timetable import upcoming
from bot.storage import overview
from bot.storage.database import Transaction
from bot.storage.overview import Wave
from bot.usecases.purposes import about
from bot.web.page import Show, Visit, Way, refused

_AHEAD = timedelta(days=3)
_SHOWN = 8  # entries that come next


@dataclass(frozen=True, slots=True)
class Next:
    """An entry of the timetable that comes next, in all zones that share its moment."""

    title: Value
    zones: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Running:
    """A wave under way, or stopped: how many still wait, for how many it is (None: not theirs)."""

    wave: Wave
    title: Value
    waiting: int
    people: int | None

    @property
    def done(self) -> int:
        """How many do not wait any more."""
        return max(0, (self.people or 0) - self.waiting)


def _overview(tx: Transaction, visit: Visit) -> Show:
    programme, now = visit.programme, visit.now
    sessions = [session for session in programme.sessions if session.ends > now and not session.cancelled]
    return Show(
        "overview.html",
        {
            "sessions": sessions[:3],
            "coming": list(_coming(programme, now))[:_SHOWN],
            **(_live(tx, visit) if _sees_numbers(visit) else {"reached": None}),
        },
    )


def _fragment(tx: Transaction, visit: Visit) -> Show:
    if not _sees_numbers(visit):
        raise refused()
    return Show("overview_live.html", _live(tx, visit))


def _sees_numbers(visit: Visit) -> bool:
    return visit.actor.may(Right.SEE_PEOPLE) and visit.actor.may(Right.SEE_DELIVERIES)


def _live(tx: Transaction, visit: Visit) -> dict[str, Any]:
    """What changes by the second."""
    programme, scope, now = visit.programme, visit.scope, visit.now
    found = overview.open_messages(tx, programme.id, scope, now)
    waiting = {
        each.wave_id: each.due + each.later + each.sending for each in found if each.wave_id is not None
    }
    waves = overview.waves(tx, programme.id, list(waiting))
    return {
        "reached": overview.reached(tx, programme.id, scope),
        "requests": overview.requests(tx, programme.id)
        if scope.whole and visit.actor.may(Right.ADMIT)
        else None,
        "due": sum(each.due for each in found),
        "later": sum(each.later for each in found),
        "sending": sum(each.sending for each in found),
        "overdue": sum(each.overdue for each in found),
        "running": [
            Running(
                wave,
                about(programme, wave.entry_id),
                waiting.get(wave.id, 0),
                wave.people if scope.whole else None,
            )
            for wave in waves
            if scope.whole or wave.id in waiting
        ],
        "now": now,
    }


def _coming(programme: Programme, now: datetime) -> Iterator[Next]:
    """The entries that ring next; those of personal days, which ring every day, are left out."""
    gathered: dict[tuple[str, datetime], list[str]] = {}
    for ring in upcoming(programme, now, now + _AHEAD):
        if not isinstance(ring.entry.when, PersonalDay):
            gathered.setdefault((ring.entry.id, ring.at), []).append(ring.zone.value)
    for (entry_id, at), zones in gathered.items():
        yield Next(about(programme, entry_id), " ".join(zones), at)


WAYS: Final = (
    Way("/", Right.SEE_TIMETABLE, _overview, menu="page.menu_overview"),
    Way("/overview/live", Right.SEE_TIMETABLE, _fragment),
)
