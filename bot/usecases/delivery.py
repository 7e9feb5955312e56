"""What is owed, being sent, and what each outcome makes of it: the table in docs/delivery.md, in code."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from bot.domain.messages import Ask, Lane
from bot.domain.outcomes import Done, Failed, Gone, HoldBack, InDoubt, Moved, Outcome, Sent, Unsent
from bot.domain.people import Reach
from bot.storage import outbox, people, quiz, updates
from bot.storage.database import Transaction
from bot.storage.messages import load
from bot.storage.outbox import Letter, Owed

__all__ = ["Letter", "Owed", "backoff", "begin", "close", "due", "hopeless", "next_due", "record", "recover"]

MOST_ATTEMPTS = 20
"""How often a message that never reached Telegram is tried: with `backoff`, for about an hour of trying."""

MOST_DOUBTS = 5
"""How often a message is tried that may have been delivered each time: so many copies are enough."""

LONGEST_PAUSE = timedelta(minutes=5)

UPDATES_KEPT = timedelta(days=3)
"""Telegram hands an update over again for a day at most."""

LOG_KEPT = timedelta(days=90)
"""How long it is kept what was sent to whom (DOMAIN, "Privacy")."""

_PRUNED_AT_ONCE = 5_000


def backoff(attempts: int) -> timedelta:
    """How long to wait after so many attempts: 1, 2, 4 … seconds, `LONGEST_PAUSE` at most."""
    return min(LONGEST_PAUSE, timedelta(seconds=2 ** min(attempts - 1, 16)))


def due(tx: Transaction, now: datetime, limit: int) -> list[Owed]:
    """What is due, in the order in which it is to be sent: by lane, by deadline, by age.

    Not what has to wait for an earlier message to the same chat. Also what can no longer be sent, which
    is to be closed (`hopeless`, `close`).
    """
    return outbox.due(tx, now, limit)


def next_due(tx: Transaction, now: datetime) -> datetime | None:
    """When the next message that is not due yet will be."""
    return outbox.next_due(tx, now)


def hopeless(owed: Owed, now: datetime) -> tuple[str, str] | None:
    """The state in which a message ends unsent, and why; None where it can be sent.

    Who has just tapped or written is there, whatever an earlier refusal said: replies are tried.
    """
    if now > owed.not_after:
        return "expired", "its time is over"
    if owed.chat_id is None:
        return "gone", "no chat is linked"
    if owed.lane is Lane.REPLY:
        return None
    if owed.withdrawn:
        return "withdrawn", "the person has left"
    if owed.reach is not Reach.OPEN:
        return "gone", f"the chat is {owed.reach}"
    return None


def close(tx: Transaction, rows: Iterable[Owed], now: datetime) -> None:
    """Record of those that can no longer be sent why not."""
    ends: dict[tuple[str, str], list[int]] = {}
    for owed in rows:
        if (end := hopeless(owed, now)) is not None:
            ends.setdefault(end, []).append(owed.id)
    for (state, why), ids in ends.items():
        outbox.settle(tx, ids, state, now, error=why)


def begin(tx: Transaction, ids: Sequence[int], now: datetime) -> tuple[Letter, ...]:
    """Mark as being sent what of `ids` still can be, count the attempts, and return it to be sent.

    The world is looked at once more: what was settled, withdrawn, expired or has to wait meanwhile is
    not among the letters. What cannot be read fails here.
    """
    letters = []
    for outbox_id in ids:
        found = outbox.letter(tx, outbox_id, now)
        if found is None:
            continue
        owed = found.owed if isinstance(found, Letter) else found
        if hopeless(owed, now) is not None or owed.chat_id is None:
            close(tx, (owed,), now)
        elif isinstance(found, Letter):
            outbox.begin(tx, outbox_id, owed.chat_id)
            letters.append(found)
        else:
            outbox.settle(tx, (outbox_id,), "failed", now, error="its message cannot be read")
    return tuple(letters)


def record(tx: Transaction, outbox_id: int, outcome: Outcome, now: datetime) -> None:
    """Record how an attempt to send ended."""
    row = outbox.sending(tx, outbox_id)
    if row is None:  # erased, or settled by whoever found it in doubt
        return
    match outcome:
        case Sent(message_id, poll_id):
            outbox.settle(tx, (outbox_id,), "sent", now, message_id=message_id)
            if row.reach not in (None, Reach.OPEN):
                people.set_reach(tx, row.chat_id, Reach.OPEN, now)
            if poll_id is not None and message_id is not None and row.person_id is not None:
                match load(row.message):
                    case Ask(quiz_id, attempt, question):
                        poll = quiz.Poll(row.person_id, quiz_id, attempt, question)
                        quiz.note_poll(tx, poll_id, poll, message_id, now)
        case Done():
            outbox.settle(tx, (outbox_id,), "sent", now)
        case HoldBack(seconds):
            why = f"held back for {seconds:g} s"
            outbox.postpone(tx, outbox_id, now + timedelta(seconds=seconds), why, uncounted=True)
        case Unsent(reason):
            _again(tx, outbox_id, row.attempts, MOST_ATTEMPTS, f"unsent: {reason}", now)
        case InDoubt(reason):
            _again(tx, outbox_id, row.attempts, MOST_DOUBTS, f"in doubt: {reason}", now)
        case Gone(reach, reason):
            outbox.settle(tx, (outbox_id,), "gone", now, error=reason)
            people.set_reach(tx, row.chat_id, reach, now)
        case Moved(chat_id) if chat_id != row.chat_id:
            outbox.move(tx, row.chat_id, chat_id)
            outbox.postpone(tx, outbox_id, now, f"moved to another chat id from {row.chat_id}")
        case Moved(chat_id):
            outbox.settle(tx, (outbox_id,), "failed", now, error=f"moved to itself: {chat_id}")
        case Failed(reason):
            outbox.settle(tx, (outbox_id,), "failed", now, error=reason)


def recover(tx: Transaction, now: datetime) -> int:
    """At the start of the one sender: what was being sent when the last one ended is in doubt, and owed.

    It is due at once, and what came after it to the same chat waits for it. Returns how many.
    """
    return outbox.recover(tx, f"in doubt: found on its way at {now:%Y-%m-%d %H:%M:%S} UTC")


def prune(tx: Transaction, now: datetime) -> int:
    """Forget what is kept no longer; how many rows. To be called until there are none."""
    return updates.prune(tx, now - UPDATES_KEPT) + outbox.prune(tx, now - LOG_KEPT, _PRUNED_AT_ONCE)


def _again(tx: Transaction, outbox_id: int, attempts: int, most: int, why: str, now: datetime) -> None:
    if attempts >= most:
        outbox.settle(tx, (outbox_id,), "failed", now, error=f"given up after {attempts} attempts; {why}")
    else:
        outbox.postpone(tx, outbox_id, now + backoff(attempts), why)
