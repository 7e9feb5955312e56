"""Copies that are in chats already: made to say what they say by now, or taken back.

Both are waves of the outbox: a row for each copy, which names it. What the copy is to say is looked up when
the row is begun, so that the last correction is what everybody reads, however many there were.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select

from bot.domain.messages import (
    Amend,
    Announcement,
    File,
    Invite,
    Lane,
    Material,
    Message,
    Picture,
    Recall,
    Revise,
    Say,
    TakeBack,
)
from bot.domain.programme import Programme
from bot.storage import announcements, copies, materials, outbox, waves
from bot.storage.copies import Copy, Times, Which
from bot.storage.database import Transaction
from bot.storage.messages import dump, load
from bot.storage.outbox import Letter
from bot.storage.spans import Span
from bot.storage.waves import Ringing
from bot.usecases import slices
from bot.usecases.slices import Step, Taken

REVISE = "revise"
RECALL = "recall"
"""What these waves' names begin with, and what their steps are called."""

DELETABLE = timedelta(hours=48)
"""How long a bot may delete its messages."""

_MARGIN = timedelta(minutes=5)  # between our clock and Telegram's, and the way there
_PAUSE = timedelta(seconds=2)  # until a copy that is on its way is there


def revise(
    tx: Transaction,
    programme: Programme,
    which: Which,
    *,
    reason: str,
    lane: Lane,
    now: datetime,
    everybody_by: datetime | None = None,
    not_after: datetime | None = None,
) -> int:
    """Owe every copy among `which` an edit to what it says now, slice by slice; how many there are.

    `reason` names the correction ("session:pembukaan/v2") and is the name of its wave: for the same one, each
    copy is edited once. What was not sent yet says it by itself. An edit makes no sound, so sending windows
    do not matter.
    """
    times = _times(now, everybody_by, not_after)
    wave_id = waves.note(tx, programme, f"{REVISE}:{reason}", times, now)
    step = _step(tx, REVISE, which, lane)
    number, done = slices.begin(tx, wave_id, step, take_revisions, now)
    return number if done else copies.count(tx, which)


def take_revisions(tx: Transaction, wave: Ringing, step: Step, now: datetime) -> Taken:
    """Owe the next of the copies their revision."""
    reason = wave.entry_id.partition(":")[2]
    return _take(
        tx,
        step,
        lambda which, lane: copies.owe_revisions(tx, which, reason, wave.id, lane, _times_of(wave), now),
    )


def recall(
    tx: Transaction,
    programme: Programme,
    which: Which,
    *,
    note: Say | None,
    reason: str,
    lane: Lane,
    now: datetime,
    everybody_by: datetime | None = None,
    not_after: datetime | None = None,
) -> int:
    """Owe the deletion of every copy among `which`, slice by slice; how many there are.

    What is older than 48 hours, or refused, says `note` instead. What was not sent yet is withdrawn, at once.
    Twice does no harm; a recall that came to nothing is tried anew.
    """
    copies.withdraw_unsent(tx, which.rows(), now)
    times = _times(now, everybody_by, not_after)
    wave_id = waves.note(tx, programme, f"{RECALL}:{reason}", times, now)
    step = _step(tx, RECALL, which, lane, note=None if note is None else dump(note))
    number, done = slices.begin(tx, wave_id, step, take_recalls, now)
    return number if done else number + copies.count(tx, which, but=f"{RECALL}:")


def take_recalls(tx: Transaction, wave: Ringing, step: Step, now: datetime) -> Taken:
    """Owe the next of the copies their recall."""
    noted = step.details["note"]
    note = None if noted is None else load(noted)
    message = Recall(note if isinstance(note, Say) else None)
    return _take(
        tx,
        step,
        lambda which, lane: copies.owe_recalls(tx, which, message, wave.id, lane, _times_of(wave), now),
    )


def _step(tx: Transaction, kind: str, which: Which, lane: Lane, **details: Any) -> Step:
    span = copies.span_of(tx, which)
    noted = {"waves": list(which.waves), "shown": which.shown, "last": span.upto, "lane": int(lane)}
    return Step(kind, {**noted, **details}, span.after)


def _take(tx: Transaction, step: Step, owe: Callable[[Select[int], Lane], int]) -> Taken:
    """The next span of rows; what is sent after the step was noted says what is true by then."""
    said = step.details
    upto = min(step.after + slices.SLICE, said["last"])
    which = Which(tuple(said["waves"]), said["shown"]).rows(Span(step.after, upto))
    return Taken(owe(which, Lane(said["lane"])), upto if upto < said["last"] else None)


def resolve(tx: Transaction, letters: Sequence[Letter], now: datetime) -> list[Letter]:
    """The letters with what they refer to; what comes to nothing is settled, what has to wait is put off."""
    wanted = [letter.copy_of for letter in letters if letter.copy_of is not None]
    if not wanted:
        return list(letters)
    found = copies.copies(tx, wanted)
    resolved = []
    for letter in letters:
        message = letter.message
        if isinstance(message, Revise | Recall):
            copy = found.get(letter.copy_of or 0)
            changed = _changed(tx, letter, message, copy, now)
            if changed is not None:
                resolved.append(letter._replace(message=changed))
        else:
            resolved.append(letter)
    return resolved


def _changed(
    tx: Transaction, letter: Letter, message: Revise | Recall, copy: Copy | None, now: datetime
) -> Amend | TakeBack | None:
    """What is to be done about the copy; None where that is nothing, or nothing yet."""
    if copy is None or copy.message is None:
        outbox.settle(tx, (letter.owed.id,), "withdrawn", now, error="the log of its copy is gone")
    elif copy.state == "sending":
        outbox.postpone(tx, letter.owed.id, now + _PAUSE, "its copy is on its way")
    elif copy.state in {"owed", "held"}:
        if isinstance(message, Recall):
            copies.withdraw(tx, copy.id, now, "recalled")
        outbox.settle(tx, (letter.owed.id,), "withdrawn", now, error="its copy is not sent yet")
    elif copy.state != "sent" or not copy.message_ids:
        outbox.settle(tx, (letter.owed.id,), "withdrawn", now, error="its copy was never sent")
    elif copy.chat_id != letter.owed.chat_id:
        outbox.settle(tx, (letter.owed.id,), "gone", now, error="its copy is in another chat")
    elif isinstance(message, Revise):
        return Amend(copy.message_ids, copy.message)
    elif not message.by_note and copy.at is not None and now - copy.at < DELETABLE - _MARGIN:
        return TakeBack(copy.message_ids)
    elif message.note is not None:
        return TakeBack(copy.message_ids, message.note, _captioned(tx, copy.message))
    else:
        outbox.settle(tx, (letter.owed.id,), "failed", now, error="too old to be deleted")
    return None


def refused(tx: Transaction, outbox_id: int, message: Message, now: datetime) -> bool:
    """Telegram refused what was to be done about a copy; whether another way is tried: a note, if any."""
    match message:
        case Recall(Say() as note, by_note=False):
            outbox.reword(tx, {outbox_id: Recall(note, by_note=True)}, sending=True)
            outbox.postpone(tx, outbox_id, now, "it cannot be deleted, so a note replaces it")
            return True
    return False


def _captioned(tx: Transaction, message: Message) -> bool:
    """Whether a message's words are the caption of a file."""
    match message:
        case Announcement(number, version):
            found = announcements.post(tx, number, version)
            return found is not None and found[1].captioned
        case Material():
            handout = materials.handout(tx, message)
            return handout is not None and handout.post.captioned
        case Invite() | File() | Picture():
            return True
    return False


def _times_of(wave: Ringing) -> Times:
    return Times(wave.due_at, wave.everybody_by, wave.not_after)


def _times(now: datetime, everybody_by: datetime | None, not_after: datetime | None) -> Times:
    return Times(now, everybody_by or now + outbox.EVERYBODY_BY, not_after or now + outbox.NOT_AFTER)
