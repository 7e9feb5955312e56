"""Polls that were announced: each person votes in their own copy; who chose what is shown to nobody."""

from datetime import datetime

from bot.domain.bars import BAR, bar
from bot.domain.messages import Reply, Say, Value
from bot.domain.people import Person
from bot.storage import polls as stored
from bot.storage.announcements import Announcement
from bot.storage.database import Transaction


def vote(
    tx: Transaction, person: Person, poll_id: str, options: tuple[int, ...], now: datetime
) -> Reply | None:
    """A vote in a copy of an announced poll; None where the poll is no such copy.

    The last one counts, and one that is taken back does not. Whoever got a copy by forwarding has no vote in
    it: it is somebody else's.
    """
    copy = stored.copy(tx, poll_id)
    if copy is None:
        return None
    if copy.person == person.id:
        stored.choose(tx, poll_id, options, now)
    return Reply()


def in_words(tx: Transaction, found: Announcement, *, drawn: bool = True) -> tuple[Say, ...]:
    """What has been answered so far, a line for each option; nothing where the announcement is no poll.

    `drawn`: with a bar each.
    """
    poll = found.post.pieces[0].poll
    if poll is None:
        return ()
    results = stored.results(tx, found.id, len(poll.options))
    head: dict[str, Value] = {"answered": results.answered, "delivered": results.delivered}
    lines = [Say("poll.answered", head)] if found.whom.people else []
    for number, option in enumerate(poll.options if results.answered else ()):
        count = results.options[number]
        share = round(100 * count / results.answered)
        said: dict[str, Value] = {
            "mark": "✅" if number in poll.correct else "▫️",
            "option": option,
            "bar": bar(round(BAR * count / results.answered)),
            "count": count,
            "share": share,
        }
        lines.append(Say("poll.option" if drawn else "poll.row", said))
    if found.whom.chats:
        lines.append(Say("poll.in_groups"))
    return tuple(lines)
