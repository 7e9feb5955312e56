"""Waves in the making that nothing rings: announcements, corrections, recalls, reminders, slice by slice."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from bot.storage import waves
from bot.storage.database import Transaction
from bot.storage.waves import Ringing
from bot.usecases import announcements, copies, feedback, materials, planning, recaps, session_notices, slices
from bot.usecases.slices import Step, Take, Taken

_TAKES: Mapping[str, Take] = MappingProxyType(
    {
        planning.LET_GO: planning.let_go,
        announcements.OWE: announcements.owe,
        announcements.RELEASE: announcements.release,
        copies.REVISE: copies.take_revisions,
        copies.RECALL: copies.take_recalls,
        session_notices.TELL: session_notices.tell,
        feedback.ASK: feedback.ask,
        materials.HAND_OUT: materials.owe,
        recaps.REMIND: recaps.owe_reminders,
    }
)


def unfinished(tx: Transaction) -> list[int]:
    """The numbers of the waves in the making, the eldest first."""
    return waves.in_the_making(tx)


def go_on(tx: Transaction, wave_id: int, now: datetime) -> int | None:
    """Take the next slice of that wave; how many messages that makes, None where nothing is left to do."""
    known = waves.ringing(tx, wave_id)
    if known is None:
        return None
    waves.wait_for_joiners(tx, known.programme_id)  # before the wave's row, as all others do
    wave = waves.ringing(tx, wave_id, to_change=True)
    if wave is None or wave.state != "planning" or wave.rest is None:
        return None
    # What no version before knew, or none knows any more, is not done.
    unknown = dict.fromkeys(slices.kinds(wave) - _TAKES.keys(), _nothing)
    return slices.go_on(tx, wave, {**_TAKES, **unknown}, now)


def _nothing(_: Transaction, _wave: Ringing, _step: Step, _now: datetime) -> Taken:
    return Taken(0)
