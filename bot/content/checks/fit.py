"""Whether everybody can have each message in time at all: as many people as are expected, at a pace.

Only what is certain is named. Nobody knows beforehand how many will have done what by then, nor how many
there are of an office; and of three zones, whose mornings come one after the other, one has at least a third.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.content.checks.timetable import moments, short
from bot.content.files import items
from bot.content.models import AudienceFile, EntryFile, InstantWhen, PersonalWhen, ScheduleFile, SessionWhen
from bot.content.shape import Reading, known, whole
from bot.domain.forecast import Forecast, Pace, Wave, forecast, placed
from bot.domain.messages import Lane
from bot.domain.people import Role
from bot.domain.zones import Zone


@dataclass(frozen=True, slots=True)
class _Together:
    """An entry that everybody gets at the same moment."""

    entry: EntryFile
    wave: Wave


def check(schedule: ScheduleFile, pace: Pace, reading: Reading) -> None:
    """Name each entry whose last person cannot have it by its `everybody_by` at `pace`."""
    people = schedule.expected_people
    if not known(people) or people is None or not whole(schedule.zone, schedule.sessions):
        return
    together: list[_Together] = []
    for entry in items(schedule.timetable):
        if not whole(entry.when, entry.everybody_by, entry.not_after, entry.early, entry.essential):
            continue
        if not _for_all(entry.audience) or isinstance(entry.when, PersonalWhen):
            continue
        moment = next(moments(entry.when, schedule, Zone.WIB), None)
        if moment is None:
            continue
        if isinstance(entry.when, InstantWhen | SessionWhen):
            together.append(_Together(entry, _wave(entry, people, moment)))
        else:
            (told,) = _told([_wave(entry, math.ceil(people / len(Zone)), moment)], pace)
            _name(entry, told, people, pace, reading, alone=True, where="in one of the three zones")
    for each, told in zip(together, _told([each.wave for each in together], pace), strict=True):
        alone = _told([each.wave], pace)[0].late > 0
        _name(each.entry, told, people, pace, reading, alone=alone, where="")


def _for_all(audience: AudienceFile) -> bool:
    """Whether all participants are certainly meant."""
    if not whole(audience):
        return False
    some = ("offices", "provinces", "zones", "waves", "classes", "groups", "not_done")
    return not any(getattr(audience, key) for key in some) and (
        not audience.roles or Role.PARTICIPANT in audience.roles
    )


def _wave(entry: EntryFile, people: int, at: datetime) -> Wave:
    by = at + min(entry.everybody_by, entry.not_after)
    about_session = entry.about is not None and known(entry.about) and entry.about.wrote("session")
    lane = Lane.SESSION if entry.essential or about_session else Lane.REMINDER
    return Wave(str(entry.id), people, at, by, lane, at - entry.early)


def _told(waves: list[Wave], pace: Pace) -> list[Forecast]:
    return forecast(placed(waves, pace), pace)


def _name(
    entry: EntryFile, told: Forecast, people: int, pace: Pace, reading: Reading, *, alone: bool, where: str
) -> None:
    if not told.late:
        return
    needed = entry.everybody_by + _rounded_up(told.late_by)
    rate = f"{pace.per_second:g} a second"
    if pace.budget is not None:
        rate += f" for {pace.budget.messages} messages a day"
    what = f"{people} people at {rate}: the last one {where}".rstrip()
    what += f" cannot have this by 'everybody_by' ({short(entry.everybody_by)})"
    what += "" if alone else " beside what else is due then"
    mend = f"write 'everybody_by: {short(needed)}', or let it begin 'early' where its text allows that"
    reading.problem(entry.where("everybody_by"), what, mend)


def _rounded_up(span: timedelta) -> timedelta:
    return -(-span // timedelta(minutes=1)) * timedelta(minutes=1)
