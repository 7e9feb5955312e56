"""Waves under way and to come: kept in sight, warned of, stopped where too many messages fail, resumed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.forecast import Kind, fails_too_often
from bot.domain.messages import Lane, Say, Value
from bot.domain.people import Role
from bot.domain.programme import Audience
from bot.domain.zones import Zone
from bot.storage import audience, outbox, warnings, waves
from bot.storage.database import Transaction
from bot.storage.warnings import Warned
from bot.storage.waves import Ringing
from bot.usecases import planning
from bot.usecases.forecasts import Outlook
from bot.usecases.planning import Rung
from bot.usecases.purposes import purpose

_COORDINATORS = Audience(roles=(Role.COORDINATOR.value, Role.OWNER.value))
_MINUTE = timedelta(minutes=1)


class NoSuchWaveError(Exception):
    """There is no wave of that number, or it is not stopped; the text says which."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """A wave that stopped by itself: how many were sent, failed, and are held."""

    wave: Ringing
    sent: int
    failed: int
    held: int


# --- warnings -----------------------------------------------------------------------------------------


def warn(tx: Transaction, kind: Kind, outlook: Outlook, now: datetime) -> bool:
    """Warn of a wave whose last person will be late, or that will be missed; whether that is news.

    It is none where the same was said before: this warning, or, of a wave that runs, one that foretold as
    much just before it began.
    """
    told = Warned(
        programme_id=outlook.programme_id,
        key=f"{_named(outlook.entry_id, outlook.everybody_by)}/{kind}",
        kind=kind,
        entry_id=outlook.entry_id,
        zones=" ".join(outlook.zones),
        due_at=outlook.due_at,
        everybody_by=outlook.everybody_by,
        last_at=outlook.last_at,
        people=outlook.people,
        affected=outlook.people if outlook.hopeless else outlook.late,
        noted_at=now,
    )
    if kind is Kind.SLIPPING and outlook.last_at is not None:
        before = warnings.last_said(
            tx, told.programme_id, f"{_named(told.entry_id, told.everybody_by)}/{Kind.HOUR_AHEAD}"
        )
        if before is not None and outlook.last_at <= before + _MINUTE:
            return False
    if not warnings.note(tx, told):
        return False
    params: dict[str, Value] = {
        "zones": ", ".join(outlook.zones),
        "starts": outlook.starts_at,
        "by": outlook.everybody_by,
        "people": told.people,
        "late": told.affected,
        "minutes": -(-outlook.late_by // _MINUTE),
    }
    slipping = kind is Kind.SLIPPING
    key = "warning.slipping" if slipping else "warning.ahead"
    if outlook.hopeless:
        key = "warning.missed"
        params = {name: params[name] for name in ("zones", "starts", "people")}
    _tell_coordinators(tx, told, key, params, at_once=slipping, now=now)
    return True


def _named(entry_id: str, everybody_by: datetime) -> str:
    return f"{entry_id}@{everybody_by:%Y%m%dT%H%M%S}Z"


def _tell_coordinators(
    tx: Transaction, warned: Warned, key: str, params: dict[str, Value], *, at_once: bool, now: datetime
) -> None:
    """Owe the warning to whoever coordinates; what is not urgent waits for an open hour that is in time.

    The text is given what the warned-of wave is for as `entry`. Of a programme that the schedules no longer
    have nobody is told: `rekan plan` and the log show the wave.
    """
    programme = tx.catalogue.programme(warned.programme_id)
    if programme is None:
        return
    say = Say(key, {"entry": purpose(programme, warned.entry_id), **params})
    due_at = now
    if not at_once:
        opens = programme.windows.next_open(now, programme.zone)
        due_at = opens if opens is not None and opens < warned.due_at - timedelta(hours=1) else now
    warning = outbox.mailing(
        tx,
        audience.people(programme, _COORDINATORS),
        say,
        reason=f"{programme.id}/warning/{warned.key}",
        # Somebody has to act now: not behind the very wave that is late.
        lane=Lane.REPLY if at_once else Lane.SESSION,
        now=now,
        due_at=due_at,
        everybody_by=due_at + outbox.EVERYBODY_BY,
        not_after=due_at + outbox.NOT_AFTER,
    )
    warning.owe(tx)


# --- stopping by itself -------------------------------------------------------------------------------


def stop_failing(tx: Transaction, wave_ids: Sequence[int], now: datetime) -> list[Stopped]:
    """Stop those of the waves of which too many messages fail; what they still owe is held."""
    found = []
    for wave_id in wave_ids:
        wave = waves.ringing(tx, wave_id)
        if wave is None or wave.state != "planned":
            continue
        sent, failed = waves.tally(tx, wave_id, wave.resumed_at)
        if fails_too_often(sent, failed) and waves.stop(tx, wave_id, now):
            held = waves.hold(tx, wave_id)
            found.append(Stopped(wave, sent, failed, held))
            _warn_of_stop(tx, found[-1], now)
    return found


def hold_rest(tx: Transaction, wave_ids: Sequence[int]) -> int:
    """Hold what stopped waves owe again: it was being sent when they stopped, and is to be tried again."""
    return sum(
        waves.hold(tx, wave_id)
        for wave_id in wave_ids
        # Somebody may have let it go on since it was looked at.
        if (wave := waves.ringing(tx, wave_id, to_change=True)) is not None and wave.state == "stopped"
    )


def _warn_of_stop(tx: Transaction, stopped: Stopped, now: datetime) -> None:
    wave = stopped.wave
    told = Warned(
        programme_id=wave.programme_id,
        # Resumed and stopped again, it is another warning.
        key=f"{_named(wave.entry_id, wave.everybody_by)}/{wave.zone}/{Kind.STOPPED}@{now:%Y%m%dT%H%M%S}Z",
        kind=Kind.STOPPED,
        entry_id=wave.entry_id,
        zones=wave.zone.value,
        due_at=wave.due_at,
        everybody_by=wave.everybody_by,
        last_at=None,
        people=wave.people,
        affected=stopped.failed,
        noted_at=now,
    )
    # An announcement's author is told, and can let it go on, where it is told how far it has got.
    if warnings.note(tx, told) and "announcement:" not in wave.entry_id:
        params: dict[str, Value] = {
            "zone": wave.zone.value,
            "failed": stopped.failed,
            "tried": stopped.sent + stopped.failed,
            "held": stopped.held,
            "wave": str(wave.id),
        }
        _tell_coordinators(tx, told, "warning.stopped", params, at_once=True, now=now)


def expire(tx: Transaction, now: datetime) -> int:
    """What stopped waves hold is given up where its time is over; how many messages."""
    number = 0
    for wave, _ in waves.stopped(tx):
        if wave.not_after < now and waves.cancel(tx, wave.id):
            number += waves.settle_held(tx, wave.id, "expired", now, error="its wave was stopped")
    return number


# --- what a person decides ----------------------------------------------------------------------------


def resume(tx: Transaction, wave_id: int, now: datetime) -> tuple[Ringing, Rung]:
    """Let a stopped wave go on; what failed before is forgiven. Raises NoSuchWaveError."""
    wave = _stopped(tx, wave_id, or_resumed=True)
    rung = planning.go_on(tx, wave, now)
    if rung.missed:
        waves.cancel(tx, wave_id)
    else:
        waves.resume(tx, wave_id, now)
    return wave, rung


def cancel(tx: Transaction, wave_id: int, now: datetime) -> tuple[Ringing, int]:
    """Give a stopped wave up: what it holds is never sent. Raises NoSuchWaveError."""
    wave = _stopped(tx, wave_id)
    waves.cancel(tx, wave_id)
    return wave, waves.settle_held(tx, wave_id, "withdrawn", now, error="its wave was cancelled")


def _stopped(tx: Transaction, wave_id: int, *, or_resumed: bool = False) -> Ringing:
    """The stopped wave; with `or_resumed`, also one whose resuming was cut off between two slices."""
    wave = waves.ringing(tx, wave_id, to_change=True)
    if wave is None:
        raise NoSuchWaveError(f"there is no wave {wave_id}; `rekan plan` shows those that are stopped")
    cut_off = wave.state == "planning" and wave.rest is None and wave.resumed_at is not None
    if wave.state != "stopped" and not (or_resumed and cut_off):
        raise NoSuchWaveError(
            f"wave {wave_id} ({wave.entry_id}, {wave.zone}) is not stopped: it is {wave.state}"
        )
    return wave


def zones_in_words(zones: Sequence[Zone]) -> str:
    """The zones that share a moment."""
    return "all" if len(zones) == len(Zone) else "+".join(zones)
