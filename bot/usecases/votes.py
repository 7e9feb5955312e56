"""A crowd's votes: what the front desk does for one, for many in a few statements.

When a question is put to thousands, their answers come within a minute. Nearly all of them are ordinary: by
somebody who takes part, in a poll that is theirs. Those are decided here, by the same pure dialogue as every
vote; whatever is out of the ordinary is left to the front desk.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain import quiz as dialogue
from bot.domain.events import Event, Voted
from bot.domain.messages import Reader
from bot.storage import outbox, people, updates
from bot.storage import quiz as stored
from bot.storage.database import Transaction
from bot.storage.outbox import Letter, Recipient
from bot.usecases.quiz import Decided, carry_out


@dataclass(frozen=True, slots=True)
class _Answered:
    """What follows from a vote, and in which chat, for whom, the answer is."""

    decided: Decided
    chat_id: int
    reader: Reader


def together(
    tx: Transaction, calls: Sequence[tuple[int, Event]], now: datetime, *, begin: bool = False
) -> list[tuple[Letter, ...] | None]:
    """Answer the ordinary votes among `calls` (update id and event): what is owed to each now.

    None for those that are not answered. Of several of one chat, the first is. With `begin`, the first answer
    to each is marked as being sent, where no other waits before it: who sends takes it from here.
    """
    votes = _first_of_each_chat(calls)
    # The chats' turns first: what is read afterwards is what other processes have left. Those of the other
    # events, too: taken one after the other later on, two processes might wait for each other in a circle.
    people.take_turns(tx, {event.sender.chat_id for _, event in calls})
    decided = _decided(tx, votes)
    new = updates.note_all(tx, list(decided), now) if decided else set()
    steps = {update_id: each for update_id, each in decided.items() if update_id in new}
    carry_out(tx, [each.decided for each in steps.values()], now)
    said = [
        (update_id, each, message, outbox.reply_reason(update_id, n), begin and n == 0)
        for update_id, each in steps.items()
        for n, message in enumerate(each.decided.step.replies)
    ]
    owed = outbox.owe_replies(
        tx,
        [
            outbox.Answer(Recipient(each.decided.person, each.chat_id), message, reason, first)
            for _, each, message, reason, first in said
        ],
        now,
    )
    letters: defaultdict[int, list[Letter]] = defaultdict(list)
    for update_id, each, message, reason, _ in said:
        if (made := owed.get(reason)) is not None:
            row_id, begun = made
            row = outbox.reply(row_id, each.chat_id, now)
            letter = Letter(row, message, each.reader, each.decided.person, None, begun=begun)
            letters[update_id].append(letter)
    return [tuple(letters[update_id]) if update_id in decided else None for update_id, _ in calls]


def _first_of_each_chat(calls: Sequence[tuple[int, Event]]) -> dict[int, Voted]:
    votes: dict[int, Voted] = {}
    seen: set[int] = set()
    for update_id, event in calls:
        if event.sender.chat_id not in seen and isinstance(event, Voted):
            votes[update_id] = event
        seen.add(event.sender.chat_id)
    return votes


def _decided(tx: Transaction, votes: Mapping[int, Voted]) -> dict[int, _Answered]:
    """What follows from the ordinary ones among the votes, by update."""
    if not votes:
        return {}
    poll_ids = [vote.poll_id for vote in votes.values()]
    polls = stored.polls(tx, poll_ids)
    attempts = stored.attempts_at(tx, {(each.poll.person, each.poll.quiz) for each in polls.values()})
    decided: dict[int, _Answered] = {}
    for update_id, vote in votes.items():
        found = polls.get(vote.poll_id)
        if found is None or found.chat_id != vote.sender.chat_id or not (found.open and found.active):
            continue
        programme = tx.catalogue.programme(found.reader.programme)
        quiz = programme.quiz(found.poll.quiz) if programme is not None else None
        if programme is None or quiz is None:
            continue
        poll = found.poll
        mine = attempts.get((poll.person, quiz.id), ())
        step = dialogue.vote(quiz, mine, poll.attempt, poll.question, vote.options)
        decided[update_id] = _Answered(
            Decided(poll.person, programme, quiz, mine, step), found.chat_id, found.reader
        )
    return decided
