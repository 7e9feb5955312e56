"""The accounts of a rehearsal: what was owed, and what became of it, by both sides' books.

The database says what Rekan believes, the simulator what people really got. Only the two together can tell
that something was lost or doubled.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select

from bot.domain.messages import Lane
from bot.domain.people import Role
from bot.storage.database import Transaction
from bot.storage.tables import (
    ChatRow,
    JournalEntryRow,
    ModuleDoneRow,
    OutboxRow,
    PersonRow,
    QuizAnswerRow,
)

OPEN = ("owed", "sending")
_UNSENT = (*OPEN, "held")


@dataclass(frozen=True, slots=True)
class Accounts:
    """What came of a rehearsal.

    Every message owed is `sent`, `withdrawn` (it was done meanwhile, or consent was taken back), `gone` (the
    person blocked the bot or deleted the account), still `open` with time left, or `lost`: each of those is
    named, and so is each that was delivered without being owed, `doubled`. What a digest told in its place is
    `folded` and was never owed. `late` are those sent after the moment by which everybody was to have them.
    """

    people: int
    claimed: int
    joined: int
    owed: int
    sent: int
    withdrawn: int
    gone: int
    open: int
    folded: int
    late: tuple[str, ...]
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    quiz_answers: int
    journal_entries: int
    modules_done: int

    @property
    def sound(self) -> bool:
        """Whether everybody got everything once."""
        return not (self.lost or self.doubled)


def take_stock(
    tx: Transaction, programme_id: str, now: datetime, delivered: Collection[tuple[int, int]]
) -> Accounts:
    """Compare the outbox with what reached the chats, `delivered` as (chat id, message id)."""
    states: Counter[str] = Counter()
    late: list[str] = []
    lost: list[str] = []
    doubled: list[str] = []
    claimed_by: dict[tuple[int, int], str] = {}
    in_chats = set(delivered)
    statement = (
        select(
            OutboxRow.chat_id,
            OutboxRow.message_id,
            OutboxRow.reason,
            OutboxRow.state,
            OutboxRow.error,
            OutboxRow.everybody_by,
            OutboxRow.not_after,
            OutboxRow.settled_at,
            _CHANGES_A_MESSAGE.label("changes"),
            PersonRow.name,
        )
        .outerjoin(PersonRow, PersonRow.id == OutboxRow.person_id)
        .order_by(OutboxRow.id)
    )
    for row in tx.connection.execute(statement):
        states[row.state] += 1
        what = f"{row.name or f'chat {row.chat_id}'}: {row.reason}"
        if row.state in _UNSENT and row.not_after < now:
            lost.append(f"{what}: still {row.state} after its time")
        elif row.state in ("expired", "failed"):
            lost.append(f"{what}: {row.state}, {row.error}")
        elif row.state == "sent":
            if row.settled_at > row.everybody_by:
                late.append(f"{what}: {(row.settled_at - row.everybody_by).total_seconds():.0f} s late")
            if row.changes:
                continue
            key = (row.chat_id, row.message_id)
            if key not in in_chats:
                lost.append(f"{what}: noted as sent, and not in the chat")
            elif key in claimed_by:
                doubled.append(f"{what}: the same message as {claimed_by[key]}")
            claimed_by.setdefault(key, what)
    doubled += [
        f"chat {chat_id}: message {message_id} was delivered, and nothing says that it was owed"
        for chat_id, message_id in sorted(in_chats - claimed_by.keys())
    ]
    still_open = sum(states[state] for state in _UNSENT)
    too_late = sum(" still " in line for line in lost)
    return Accounts(
        people=_participants(tx, programme_id),
        claimed=_participants(tx, programme_id, PersonRow.claimed_at.is_not(None)),
        joined=_participants(tx, programme_id, PersonRow.joined_at.is_not(None)),
        owed=states.total() - states["folded"],
        sent=states["sent"],
        withdrawn=states["withdrawn"],
        gone=states["gone"],
        open=still_open - too_late,
        folded=states["folded"],
        late=tuple(late),
        lost=tuple(lost),
        doubled=tuple(doubled),
        quiz_answers=_count(tx, QuizAnswerRow),
        journal_entries=_count(tx, JournalEntryRow, JournalEntryRow.state == "submitted"),
        modules_done=_count(tx, ModuleDoneRow),
    )


@dataclass(frozen=True, slots=True)
class Progress:
    """How things stand in the middle: what can be told several times a second."""

    joined: int
    by_lane: dict[Lane, Counter[str]]
    late: int
    folded: int
    quiz_answers: int
    journal_entries: int
    modules_done: int
    unreachable: int


def look(tx: Transaction, programme_id: str) -> Progress:
    """How things stand in the middle."""
    by_lane: dict[Lane, Counter[str]] = {lane: Counter() for lane in Lane}
    late = 0
    statement = select(
        OutboxRow.lane,
        OutboxRow.state,
        func.count(),
        func.count().filter(OutboxRow.state == "sent", OutboxRow.settled_at > OutboxRow.everybody_by),
    ).group_by(OutboxRow.lane, OutboxRow.state)
    for lane, state, number, number_late in tx.connection.execute(statement):
        by_lane[Lane(lane)][state] += number
        late += number_late
    return Progress(
        joined=_participants(tx, programme_id, PersonRow.joined_at.is_not(None)),
        by_lane=by_lane,
        late=late,
        folded=sum(counts.pop("folded", 0) for counts in by_lane.values()),
        quiz_answers=_count(tx, QuizAnswerRow),
        journal_entries=_count(tx, JournalEntryRow, JournalEntryRow.state == "submitted"),
        modules_done=_count(tx, ModuleDoneRow),
        unreachable=_count(tx, ChatRow, ChatRow.reach != "open"),
    )


# An edit or a deletion puts nothing new into the chat.
_CHANGES_A_MESSAGE = or_(
    *(OutboxRow.message[kind].as_string().is_not(None) for kind in ("edit", "delete", "revise", "recall"))
)


def _participants(tx: Transaction, programme_id: str, *conditions: ColumnElement[bool]) -> int:
    """How many of those whom it is for; who works for it gets messages, too, and is not counted here."""
    return _count(
        tx,
        PersonRow,
        PersonRow.programme_id == programme_id,
        PersonRow.role == Role.PARTICIPANT.value,
        *conditions,
    )


def _count(tx: Transaction, table: type, *conditions: ColumnElement[bool]) -> int:
    return tx.connection.execute(select(func.count()).select_from(table).where(*conditions)).scalar_one()
