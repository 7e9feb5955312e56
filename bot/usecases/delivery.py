"""What is owed, being sent, and what each outcome makes of it: the table in docs/delivery.md, in code."""

from collections.abc import Collection, Container, Iterable, Sequence
from datetime import datetime, timedelta

from bot.domain.forecast import MESSAGES_A_STAR
from bot.domain.messages import Announcement, Ask, AskLive, Handout, Lane
from bot.domain.outcomes import Done, Failed, Gone, HoldBack, InDoubt, Moved, Outcome, Sent, Unpaid, Unsent
from bot.domain.people import Reach
from bot.domain.posts import Post
from bot.storage import attendance, corrections, files, outbox, people, polls, quiz, state, updates
from bot.storage import live_quiz as copies_of
from bot.storage.database import Transaction
from bot.storage.messages import load
from bot.storage.outbox import Letter, Owed, Place
from bot.usecases import copies, live_quiz, references

__all__ = [
    "Letter",
    "Owed",
    "Place",
    "begin",
    "clock_put_back",
    "close",
    "due",
    "give_back",
    "hopeless",
    "next_due",
    "record",
    "record_all",
    "recover",
]

MOST_ATTEMPTS = 20
"""How often a message that never reached Telegram is tried: with `backoff`, for about an hour of trying."""

MOST_DOUBTS = 5
"""How often a message is tried that may have been delivered each time: so many copies are enough."""

LONGEST_PAUSE = timedelta(minutes=5)

_BEGUN_AT_MOST = timedelta(minutes=1)
"""For how long a message is begun before it is sent or given back, amply: it is seconds."""

UPDATES_KEPT = timedelta(days=3)
"""Telegram hands an update over again for a day at most."""

LOG_KEPT = timedelta(days=90)
"""How long it is kept what was sent to whom (DOMAIN, "Privacy")."""

NAMES_KEPT = timedelta(days=90)
"""How long names of an imported Zoom report are kept: past the last day on which attendance is contested."""

HANDED_OVER_FOR = timedelta(seconds=30)
"""How old a reply may be that was begun when it was owed, and is only now handed over."""

LOST_AFTER = timedelta(seconds=60)
"""After which one that was not is owed again: longer, so that none is both sent and taken back."""

_PRUNED_AT_ONCE = 5_000


def backoff(attempts: int) -> timedelta:
    """How long to wait after so many attempts: 1, 2, 4 … seconds, `LONGEST_PAUSE` at most."""
    return min(LONGEST_PAUSE, timedelta(seconds=2 ** min(attempts - 1, 16)))


def due(
    tx: Transaction,
    now: datetime,
    limit: int,
    *,
    upto: Lane = Lane.REMINDER,
    after: Place | None = None,
    but: Container[int] = (),
) -> tuple[list[Owed], int, Place | None]:
    """What is due, in the order in which it is to be sent: by lane, by deadline, by age.

    Not what has to wait for an earlier message to the same chat, nor `but` (by id), nor what is not `after`
    a place in that order. Also what can no longer be sent, which is to be closed (`hopeless`, `close`). And
    how many there were, `but` included, and the last one's place.
    """
    return outbox.due(tx, now, limit, upto=upto, after=after, but=but)


def next_due(tx: Transaction, now: datetime, before: Place | None = None) -> datetime | None:
    """When the next message that is not due yet will be (of those before a place in the order of `due`)."""
    return outbox.next_due(tx, now, before)


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
    for (end_state, why), ids in ends.items():
        outbox.settle(tx, ids, end_state, now, error=why)


def begin(
    tx: Transaction,
    ids: Sequence[int],
    now: datetime,
    *,
    known: Sequence[Letter] = (),
    again: bool = False,
    stars: int = 0,
) -> tuple[Letter, ...]:
    """Mark as being sent what of `ids` still can be, count the attempts, and return it to be sent.

    The world is looked at once more: what was settled, withdrawn, expired or has to wait meanwhile is
    not among the letters. What cannot be read fails here. `known`: replies of `ids` as read a moment ago; of
    these it is only asked whether they can go now. `again`: who calls does not know whether an earlier call
    was committed, and has sent nothing. Of `stars` a day those are paid for that are no replies, for as long
    as there are Stars left: what is `paid` is counted in this transaction.
    """
    known = [letter for letter in known if not isinstance(letter.message, references.REFERENCES)]
    replies = [] if again else [letter for letter in known if hopeless(letter.owed, now) is None]
    if replies:
        begun = outbox.begin_known(tx, replies, now)
        replies = [letter for letter in replies if letter.owed.id in begun]
        told = {letter.owed.id for letter in known}
        ids = [each for each in ids if each not in told]
        if not ids:
            return tuple(replies)
    letters, over, unreadable = [], [], []
    for found in outbox.letters(tx, ids, now, again=again).values():
        owed = found.owed if isinstance(found, Letter) else found
        if hopeless(owed, now) is not None or owed.chat_id is None:
            over.append(owed)
        elif isinstance(found, Letter):
            letters.append(found)
        else:
            unreadable.append(owed.id)
    close(tx, over, now)
    if unreadable:
        outbox.settle(tx, unreadable, "failed", now, error="its message cannot be read")
    letters = references.resolve(tx, letters, now)
    if letters:
        # They are locked: whoever corrects the timetable knows that they are on their way, or comes first.
        corrections.be_current(tx)
        outbox.begin(tx, [each.owed.id for each in letters])
    paid = _pay(tx, letters, stars * MESSAGES_A_STAR, now) if stars else letters
    return (*replies, *paid)


def give_back(tx: Transaction, letters: Sequence[Letter], now: datetime) -> None:
    """What was begun has not been sent, and has to wait: it is owed as before, and the attempt not counted.

    It is to be looked at again when its time comes, rather than sent as it was when it was begun.
    """
    outbox.give_back(tx, [letter.owed.id for letter in letters])
    # Just after midnight it may have been yesterday's: then today's budget must not grow by it.
    if (paid := sum(map(_messages, (each for each in letters if each.paid)))) and _is_old(now):
        state.note_paid(tx, now.date(), max(0, _paid(tx, now) - paid))


def _pay(tx: Transaction, letters: Sequence[Letter], budget: int, now: datetime) -> tuple[Letter, ...]:
    """Pay for as many of the letters as `budget` (messages a day) has left.

    The first thirty of a second would be free; they are counted too, because how Telegram tells them apart is
    not known, and a budget must hold.
    """
    before = number = _paid(tx, now)
    done = []
    for letter in letters:
        price = _messages(letter)
        if letter.owed.lane is Lane.REPLY or number + price > budget:
            done.append(letter)
        else:
            number += price
            done.append(letter._replace(paid=True))
    if number > before:
        state.note_paid(tx, now.date(), number)
    return tuple(done)


def _messages(letter: Letter) -> int:
    """How many messages Telegram counts: each file of an album is one."""
    said = letter.message
    post = said.post if isinstance(said, Handout) else said
    return len(post.pieces) if isinstance(post, Post) else 1


def _is_old(now: datetime) -> bool:
    """Whether today (UTC) began before anything that is only begun now was."""
    return (now - _BEGUN_AT_MOST).date() == now.date()


def _paid(tx: Transaction, now: datetime) -> int:
    """How many messages have been paid for today (UTC)."""
    return state.paid_on(tx, now.date(), to_change=True)


def record_all(
    tx: Transaction, ended: Sequence[tuple[Letter, Outcome]], now: datetime, held: float = 0.0
) -> None:
    """Record how attempts to send ended: what was simply sent in a statement or two, the rest one by one.

    `held`: for so many seconds Telegram holds everything back, which the next process is to know.
    """
    if held and any(isinstance(outcome, HoldBack) for _, outcome in ended):
        state.note_hold(tx, held, now)
    simply: dict[int, int] = {}
    asked: list[tuple[int, str, int, Ask]] = []
    live: list[tuple[str, int, int, int]] = []
    announced: list[tuple[str, int, int]] = []
    for letter, outcome in ended:
        match outcome:
            case Sent(int(message_id), poll_id, ()) if letter.owed.reach is Reach.OPEN:
                simply[letter.owed.id] = message_id
                if poll_id is not None and isinstance(letter.message, Ask):
                    asked.append((letter.owed.id, poll_id, message_id, letter.message))
                elif poll_id is not None and isinstance(letter.message, AskLive) and letter.person_id:
                    live.append((poll_id, letter.message.live_quiz, letter.person_id, message_id))
                elif poll_id is not None and letter.person_id:
                    match letter.message:
                        case Post(counted=int(number)):
                            announced.append((poll_id, number, letter.person_id))
            case _:
                record(tx, letter.owed.id, outcome, now)
    if asked:
        quiz.note_polls(tx, asked, now)
    if announced:
        polls.note_copies(tx, announced)
    if live:
        copies_of.note_copies(tx, live, now)
        live_quiz.delivered(tx, (number for _, number, _, _ in live), now)
    if simply:
        outbox.sent(tx, simply, now)


def record(tx: Transaction, outbox_id: int, outcome: Outcome, now: datetime) -> None:
    """Record how an attempt to send ended."""
    row = outbox.sending(tx, outbox_id)
    if row is None:  # erased, or settled by whoever found it in doubt
        return
    if row.state != "sending" and isinstance(outcome, HoldBack | Unsent | Unpaid | InDoubt):
        return  # recorded already, by a commit whose answer was lost
    match outcome:
        case Sent(message_id, poll_id, more_ids):
            outbox.settle(tx, (outbox_id,), "sent", now, message_id=message_id, more_ids=more_ids)
            if row.reach not in (None, Reach.OPEN):
                people.set_reach(tx, row.chat_id, Reach.OPEN, now)
            if poll_id is not None and message_id is not None and row.person_id is not None:
                match load(row.message):
                    case Ask(quiz_id, attempt, question):
                        poll = quiz.Poll(row.person_id, quiz_id, attempt, question)
                        quiz.note_poll(tx, poll_id, poll, message_id, now)
                    case AskLive(number):
                        copies_of.note_copies(tx, [(poll_id, number, row.person_id, message_id)], now)
                        live_quiz.delivered(tx, [number], now)
                    case Announcement(number, None):
                        polls.note_copies(tx, [(poll_id, number, row.person_id)])
        case Done():
            outbox.settle(tx, (outbox_id,), "sent", now)
        case HoldBack(seconds):
            why = f"held back for {seconds:g} s"
            outbox.postpone(tx, outbox_id, now + timedelta(seconds=seconds), why, uncounted=True)
        case Unpaid():
            outbox.postpone(tx, outbox_id, now, "the bot has too few Stars", uncounted=True)
            state.remember(tx, state.LACKING, now.date().isoformat())  # who reckons with the pace is to know
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
        case Failed() if copies.refused(tx, outbox_id, load(row.message), now):
            pass
        case Failed(reason):
            outbox.settle(tx, (outbox_id,), "failed", now, error=reason)


def recover(tx: Transaction, now: datetime) -> int:
    """At the start of the one sender: what was being sent when the last one ended is in doubt, and owed.

    It is due at once, and what came after it to the same chat waits for it. Returns how many. A clock that
    was put back while nothing ran delays nothing, either. Stars are counted on again: some may be there now.
    """
    outbox.hasten(tx, now)
    if state.recall(tx, state.LACKING):
        state.remember(tx, state.LACKING, "")
    return outbox.recover(tx, f"in doubt: found on its way at {now:%Y-%m-%d %H:%M:%S} UTC")


def find_lost(tx: Transaction, known: Collection[int], now: datetime) -> int:
    """Owe again replies that were begun a while ago, and are not `known` to who sends; how many."""
    return outbox.lost(tx, known, now - LOST_AFTER)


def clock_put_back(tx: Transaction, now: datetime) -> int:
    """The machine's clock was put back: what was due by the old one does not wait; how many."""
    return outbox.hasten(tx, now)


def prune(tx: Transaction, now: datetime) -> int:
    """Forget what is kept no longer; how many rows. To be called until there are none."""
    return (
        updates.prune(tx, now - UPDATES_KEPT)
        + outbox.prune(tx, now - LOG_KEPT, _PRUNED_AT_ONCE)
        + files.prune(tx, now)
        + attendance.prune_names(tx, now - NAMES_KEPT)
    )


def _again(tx: Transaction, outbox_id: int, attempts: int, most: int, why: str, now: datetime) -> None:
    if attempts >= most:
        outbox.settle(tx, (outbox_id,), "failed", now, error=f"given up after {attempts} attempts; {why}")
    else:
        outbox.postpone(tx, outbox_id, now + backoff(attempts), why)
