"""One message from its cause to its outcome, in plain sentences, without what it said and to whom by name.

Somebody asks "why did I not get it?", or the log names a message: this tells what is recorded. People are
told by Rekan's own number for them (`person_id` of the reports), never by name, NIP or chat; texts by their
key in `content/texts`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from bot.domain.messages import (
    Announcement,
    Ask,
    AskLive,
    Board,
    Delete,
    Edit,
    File,
    Invite,
    Material,
    Message,
    Picture,
    Progress,
    Recall,
    Revise,
    Say,
    Scheduled,
    SessionCard,
)
from bot.domain.people import Reach
from bot.storage import trace as stored
from bot.storage.database import Transaction
from bot.storage.trace import Traced, TracedPoll, TracedWave

__all__ = [
    "MOST",
    "Kind",
    "Sought",
    "Story",
    "Trace",
    "TracedWave",
    "masked",
    "read",
    "trace",
]

MOST = 20
"""Messages told of at most."""

_LARGEST = 2**63 - 1  # what the database can look for


class Kind(StrEnum):
    """What an id can be the id of."""

    MESSAGE = "message"  # Rekan's own: `message` in the log
    TELEGRAM = "telegram"  # Telegram's id of a message
    POLL = "poll"
    UPDATE = "update"
    WAVE = "wave"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Sought:
    """What is asked for."""

    kind: Kind
    id: int

    def __str__(self) -> str:
        return f"{_NAMES[self.kind]} {self.id}"


_NAMES: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.MESSAGE: "message",
        Kind.TELEGRAM: "Telegram message",
        Kind.POLL: "poll",
        Kind.UPDATE: "update",
        Kind.WAVE: "wave",
        Kind.PERSON: "person",
    }
)


@dataclass(frozen=True, slots=True)
class Story:
    """What became of one message, in sentences whose `{…}` are moments for the reader's zone."""

    message: Traced
    what: str
    cause: str
    outcome: str
    moments: Mapping[str, datetime]
    remarks: tuple[str, ...] = ()
    poll: TracedPoll | None = None
    related: tuple[int, ...] = ()  # other messages of the same cause
    beside: tuple[int, ...] = ()  # others that are owed to the same recipient


@dataclass(frozen=True, slots=True)
class Trace:
    """All that is recorded of what was asked for."""

    sought: Sought
    stories: tuple[Story, ...] = ()
    wave: TracedWave | None = None
    update_handled_at: datetime | None = None
    more: bool = False  # there are more messages than are told of


def read(text: str) -> Sought | None:
    """What `text` asks for: `4711`, or `update:88012`, `poll:…`; None where it is no id."""
    kind, _, number = text.strip().lower().rpartition(":")
    kind = kind or Kind.MESSAGE
    if kind not in set(Kind) or not re.fullmatch("[0-9]{1,20}", number):
        return None
    if int(number) > _LARGEST and kind != Kind.POLL:  # a poll's id is text, and unsigned
        return None
    return Sought(Kind(kind), int(number))


def trace(tx: Transaction, sought: Sought, now: datetime) -> Trace | None:
    """What is recorded of `sought`; None where nothing is (any more)."""
    find: Mapping[Kind, Callable[[], list[Traced]]] = {
        Kind.MESSAGE: lambda: [found] if (found := stored.message(tx, sought.id)) else [],
        Kind.TELEGRAM: lambda: stored.with_telegrams_id(tx, sought.id, MOST + 1),
        Kind.POLL: lambda: stored.of_poll(tx, str(sought.id), MOST + 1),
        Kind.UPDATE: lambda: stored.of_update(tx, sought.id, MOST + 1),
        Kind.WAVE: lambda: stored.of_wave(tx, sought.id, MOST + 1),
        Kind.PERSON: lambda: stored.of_person(tx, sought.id, MOST + 1),
    }
    rows = find[sought.kind]()
    wave = handled = None
    if sought.kind is Kind.WAVE:
        wave = stored.wave(tx, sought.id)
    elif sought.kind is Kind.UPDATE:
        handled = stored.handled_at(tx, sought.id)
    elif len(rows) == 1 and rows[0].wave_id is not None:
        wave = stored.wave(tx, rows[0].wave_id)
    nobody = sought.kind is not Kind.PERSON or not stored.person_exists(tx, sought.id)
    if not rows and wave is None and handled is None and nobody:
        return None
    told = rows[-MOST:]
    return Trace(
        sought,
        tuple(_story(tx, row, now, alone=len(told) == 1) for row in told),
        wave,
        handled,
        more=len(rows) > MOST,
    )


# --- one message --------------------------------------------------------------------------------------


def _story(tx: Transaction, row: Traced, now: datetime, *, alone: bool) -> Story:
    """The story of a row; of one that is told alone, with what is related to it."""
    outcome, moments = _outcome(row, now)
    cause = _cause(row)
    poll = None
    related: tuple[int, ...] = ()
    beside: tuple[int, ...] = ()
    if alone:
        if row.person_id is not None and row.message_id is not None and isinstance(row.message, Ask):
            poll = stored.question(tx, row.person_id, row.message_id)
        if (update_id := _update_of(row.reason)) is not None:
            handled = stored.handled_at(tx, update_id)
            if handled is not None:
                cause += ", handled {handled_at}"
                moments["handled_at"] = handled
            together = stored.of_update(tx, update_id, MOST)
            related = tuple(other.id for other in together if other.id != row.id)
        if row.state in {"owed", "sending"}:
            beside = tuple(other.id for other in stored.beside(tx, row, MOST))
    return Story(row, _what(row.message), cause, outcome, moments, _remarks(row), poll, related, beside)


def _what(message: Message | None) -> str:
    match message:
        case Say(key):
            return f"the text '{key}'"
        case Scheduled(programme, entry):
            return f"the entry '{entry}' of {programme}'s timetable"
        case Ask(quiz, attempt, question):
            return f"question '{question}' of the quiz '{quiz}', attempt {attempt}"
        case Invite(_, session):
            return f"the calendar file of session '{session}'"
        case SessionCard(programme, session):
            return f"the card of {programme}'s session '{session}'"
        case Edit(message_id, say):
            return f"Telegram message {message_id} changed into the text '{say.key}'"
        case Delete(message_id):
            return f"Telegram message {message_id} deleted"
        case Revise():
            return "an earlier message changed into what it says now"
        case Recall():
            return "an earlier message taken back"
        case Announcement(number):
            return f"announcement {number}"
        case Material(number, version):
            return f"version {version} of material {number}"
        case Progress(number):
            return f"how far announcement {number} has got"
        case Board(kind, item):
            return f"what there is to say of {kind} {item}"
        case AskLive(number):
            return f"live question {number}"
        case File(file_id, name):
            return f"the file '{name}' (number {file_id})"
        case Picture(chart):
            return f"a chart of {len(chart.bars)} bars"
        case None:
            return "something that this version cannot read"


_UPDATE = re.compile(r"update:(\d+):(\w+)")
_LATER = re.compile(r"later:([^@]+)@")
_DIGEST = re.compile(r"([^/]+)/digest@")
_RINGING = re.compile(r"([^/]+)/([^@]+)@(\d{8}T\d{4}Z?)")


def _update_of(reason: str) -> int | None:
    found = _UPDATE.fullmatch(reason)
    return int(found[1]) if found else None


def _cause(row: Traced) -> str:
    """Why it is owed, from the reason that keeps it from being owed twice."""
    if found := _UPDATE.fullmatch(row.reason):
        if found[2] == "apology":
            return f"update {found[1]}, which could not be handled: the person is told so"
        return f"a reply to update {found[1]}"
    if row.reason.startswith("group:"):
        return "somebody spoke to the bot in a group, which is answered once an hour"
    if found := _LATER.match(row.reason):
        return f"the person tapped 'later' on module '{found[1]}'"
    if found := _DIGEST.match(row.reason):
        return f"what was due in {found[1]} while the person could not get it, in one digest"
    if found := _RINGING.fullmatch(row.reason):
        wave = f"wave {row.wave_id}" if row.wave_id is not None else "no wave: the person was caught up"
        return f"the entry '{found[2]}' of {found[1]}'s timetable, rung at {found[3]} ({wave})"
    return f"'{masked(row.reason)}'"


def _outcome(row: Traced, now: datetime) -> tuple[str, dict[str, datetime]]:
    """How it stands, and the moments that the sentence names."""
    moments = {"due": row.due_at, "over": row.not_after}
    if row.settled_at is not None:
        moments["end"] = row.settled_at
    again = f"tried without success ({_times(row.attempts)})"
    match row.state:
        case "sent" if row.settled_at is not None and row.settled_at > row.everybody_by:
            late = (row.settled_at - row.everybody_by).total_seconds()
            return f"It was sent at {{end}}, {_long(late)} too late.", moments
        case "sent":
            return "It was sent at {end}, in time.", moments
        case "sending":
            return "It is on its way; after a crash it would be sent again.", moments
        case "owed" if now > row.not_after:
            return "It was not sent, and its time is over since {over}.", moments
        case "owed" if row.error is not None and row.due_at > now:
            return f"It was {again}, and is tried again at {{due}}.", moments
        case "owed" if row.error is not None:
            return f"It was {again}, and is due to be tried again since {{due}}.", moments
        case "owed" if row.due_at > now:
            return "It is owed, and goes out from {due} on.", moments
        case "owed":
            return "It is due since {due}, and waits for its turn.", moments
        case "expired":
            return "It was not sent: its time was over at {over}.", moments
        case "gone":
            return "It was not sent: nobody could be reached at {end}.", moments
        case "failed":
            return f"It was given up at {{end}}, after {_times(row.attempts)}.", moments
        case "withdrawn":
            return "It was not sent: since {end} it is not needed (done meanwhile, or they left).", moments
        case "folded":
            return "It was not sent by itself: at {end} it was told in a digest.", moments
    return f"Its state is '{row.state}'.", moments


def _remarks(row: Traced) -> tuple[str, ...]:
    """What explains it, or will stand in its way."""
    remarks = []
    if row.error is not None:
        remarks.append(f"Why: {masked(row.error)}")
    if row.state in {"owed", "gone"} and row.person_id is not None:
        if row.reach is None:
            remarks.append("No chat is linked to the person.")
        elif row.reach is not Reach.OPEN:
            remarks.append(f"The person's chat is {row.reach} now; it opens when they write to the bot.")
    if row.left:
        remarks.append("The person has left.")
    return tuple(remarks)


def masked(words: str) -> str:
    """`words` without what may be a chat's or a person's number."""
    return re.sub(r"-?\d{7,}", "<number>", words)


def _times(attempts: int) -> str:
    return "1 attempt" if attempts == 1 else f"{attempts} attempts"


def _long(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h"
