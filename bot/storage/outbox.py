"""The outbox: what is owed to whom, and what became of it.

A row is unique on its recipient and reason, so owing the same thing twice owes it once, whoever rings, taps
or starts again. `bot.usecases.delivery` decides what an outcome means; here are its statements.
"""

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any, NamedTuple, TypeAlias

import orjson
from sqlalchemy import (
    JSON,
    BigInteger,
    BindParameter,
    ColumnElement,
    Integer,
    Row,
    Select,
    Text,
    Update,
    and_,
    bindparam,
    case,
    cast,
    delete,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    text,
    true,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.orm import aliased
from sqlalchemy.sql.dml import Insert, ReturningInsert, ReturningUpdate

from bot.domain.messages import Invite, Lane, Material, Message, Reader, Sendable, SessionCard
from bot.domain.people import Reach
from bot.domain.programme import Item, Target
from bot.domain.zones import Zone
from bot.storage.database import Transaction
from bot.storage.given import given, these
from bot.storage.messages import dump, load
from bot.storage.spans import EVERYTHING, Span
from bot.storage.tables import IS_OPEN, OPEN, ChatRow, OutboxRow, PersonRow
from bot.storage.upsert import insert_new, insert_new_from, insert_new_rows

REPLY_BY = timedelta(seconds=15)
"""By when a reply is to be there, where its use case says nothing else."""

EVERYBODY_BY = timedelta(minutes=15)
"""By when anything else is to be there."""

NOT_AFTER = timedelta(days=1)
"""After which it is no longer sent."""

AT_ONCE = 3
"""How many messages to one recipient `due` gives at once."""

_OPEN = IS_OPEN
_OTHER_OPEN = text(f"other.{OPEN}")  # of an alias "other"

# So written that no index is for it: PostgreSQL is to look at the rows that are named, not at all open ones.
_STILL_OPEN = text("coalesce(outbox.state, '') IN ('owed', 'sending')")
_STILL_OWED = text("coalesce(outbox.state, '') = 'owed'")


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person, or the chat of somebody who is none yet."""

    person_id: int | None = None
    chat_id: int | None = None


class Owed(NamedTuple):
    """A row that is due, and what decides whether it can be sent; `chat_id` None: no chat is linked."""

    id: int
    lane: Lane
    everybody_by: datetime
    not_after: datetime
    chat_id: int | None
    reach: Reach
    withdrawn: bool


Place: TypeAlias = tuple[Lane, datetime, int]
"""A row's place in the order of sending: its lane, its deadline, its id."""


class Letter(NamedTuple):
    """A row with all that sending it takes.

    Its message is as it is kept until what it refers to has been looked up (`bot.usecases.copies`).
    """

    owed: Owed
    message: Sendable
    reader: Reader
    person_id: int | None
    wave_id: int | None
    paid: bool = False  # Stars have been set aside for it
    begun: bool = False  # it was marked as being sent when it was owed
    copy_of: int | None = None  # the row of the copy that it is to revise or to recall


# --- owing --------------------------------------------------------------------------------------------


def owe(
    tx: Transaction,
    recipient: Recipient,
    message: Message,
    *,
    reason: str,
    lane: Lane,
    now: datetime,
    due_at: datetime | None = None,
    everybody_by: datetime | None = None,
    not_after: datetime | None = None,
    wave_id: int | None = None,
    about: Target | None = None,
) -> bool:
    """Owe `message`, unless it is owed (or was settled) for the same reason; whether it is new.

    `about` is what the message reminds of: see `withdraw`.
    """
    due_at = due_at or now
    known = recipient.person_id is not None
    values = {
        "person_id": recipient.person_id,
        "chat_id": None if known else recipient.chat_id,
        "wave_id": wave_id,
        "reason": reason,
        "message": dump(message),
        "lane": int(lane),
        "due_at": due_at,
        "everybody_by": everybody_by or due_at + (REPLY_BY if lane is Lane.REPLY else EVERYBODY_BY),
        "not_after": not_after or due_at + NOT_AFTER,
        "about": _about(about),
        "state": "owed",
        "attempts": 0,
        "created_at": now,
    }
    return tx.connection.execute(insert_new(tx.connection, OutboxRow), values).rowcount == 1


def reply_reason(update_id: int, number: int) -> str:
    """The reason of the nth reply to an update."""
    return f"update:{update_id}:{number}"


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply to what somebody has just done; `begin`: it may be marked as being sent at once."""

    whom: Recipient
    message: Message
    reason: str
    begin: bool = False


def owe_replies(tx: Transaction, answers: Sequence[Answer], now: datetime) -> dict[str, tuple[int, bool]]:
    """Owe answers to what people have just done, in one statement.

    Who is to be answered in a chat of their own (`whom` names both) may be so at once, where no other reply
    to them is open: the row is then made as one that is being sent. Returns the new rows by reason: the id,
    and whether it is begun.
    """
    if not answers:
        return {}
    rows = these(
        (
            each.whom.person_id,
            None if each.whom.person_id is not None else each.whom.chat_id,
            each.reason,
            dump(each.message),
            each.whom.chat_id if each.begin else None,
            _shown(each.message),
        )
        for each in answers
    )
    times = {"now": now, "by": now + REPLY_BY, "not_after": now + NOT_AFTER}
    statement = _owe_replies_statement(tx.connection.dialect.name)
    made = tx.connection.execute(statement, {**times, **rows}).all()
    return {reason: (row_id, state == "sending") for row_id, reason, state in made}


def reply(row_id: int, chat_id: int, now: datetime) -> Owed:
    """The row of a reply that `owe_replies` has just made, to an open chat."""
    return Owed(row_id, Lane.REPLY, now + REPLY_BY, now + NOT_AFTER, chat_id, Reach.OPEN, withdrawn=False)


@dataclass(frozen=True, slots=True)
class Mailing:
    """The same message to many: the statement that owes it, built once for as many slices as it takes."""

    statement: Insert

    def owe(self, tx: Transaction, people: Span = EVERYTHING) -> int:
        """Owe it to those of these people, in one statement; how many are new."""
        span = {"after": people.after, "upto": _BEYOND if people.upto is None else people.upto}
        return tx.connection.execute(self.statement, span).rowcount


def mailing(
    tx: Transaction,
    people: Select[int],
    message: Message,
    *,
    reason: str,
    lane: Lane,
    now: datetime,
    due_at: datetime,
    everybody_by: datetime,
    not_after: datetime,
    wave_id: int | None = None,
    about: Target | None = None,
    state: str = "owed",
) -> Mailing:
    """The same message to everybody whose id `people` selects when it is owed (or `state` "held")."""
    (person_id,) = people.selected_columns
    values = {
        "wave_id": wave_id,
        "reason": reason,
        "message": dump(message),
        "lane": int(lane),
        "due_at": due_at,
        "everybody_by": everybody_by,
        "not_after": not_after,
        "about": _about(about),
        "state": state,
        "attempts": 0,
        "created_at": now,
    }
    columns = OutboxRow.__table__.columns
    rows = people.with_only_columns(
        person_id, *(literal(value, columns[name].type) for name, value in values.items())
    ).where(
        person_id > bindparam("after", type_=BigInteger), person_id <= bindparam("upto", type_=BigInteger)
    )
    return Mailing(insert_new_from(tx.connection, OutboxRow, ("person_id", *values), rows))


def withdraw(tx: Transaction, person_id: int, *, about: Target | None = None, now: datetime) -> int:
    """What is owed to a person about `about` is owed no more; without it, all but replies. How many."""
    which = OutboxRow.lane != int(Lane.REPLY) if about is None else OutboxRow.about == _about(about)
    statement = (
        update(OutboxRow)
        .where(OutboxRow.person_id == person_id, _OPEN, OutboxRow.state == "owed", which)
        .values(state="withdrawn", settled_at=now)
    )
    return tx.connection.execute(statement).rowcount


def reminded_of(tx: Transaction, person_id: int) -> list[Target]:
    """What somebody is still owed reminders of."""
    found = tx.connection.scalars(
        select(OutboxRow.about)
        .where(
            OutboxRow.person_id == person_id,
            _OPEN,
            OutboxRow.state == "owed",
            OutboxRow.lane != int(Lane.REPLY),  # what a reply shows is no reminder
            OutboxRow.about.is_not(None),
        )
        .distinct()
    )
    parted = (about.partition(":") for about in found if about is not None)
    return [Target(Item(kind), item) for kind, _, item in parted]


def withdraw_done(tx: Transaction, done: Sequence[tuple[int, Target]], now: datetime) -> None:
    """What is owed to those people (by id) about what each has done is owed no more."""
    if done:
        what = these((person_id, _about(target)) for person_id, target in done)
        tx.connection.execute(_withdraw_statement(tx.connection.dialect.name), {"now": now, **what})


def put_off(
    tx: Transaction,
    person_id: int,
    prefix: str,
    *,
    due_at: datetime,
    everybody_by: datetime,
    not_after: datetime,
) -> bool:
    """Owe at another time what is owed for a reason that begins with `prefix`; whether something is."""
    statement = (
        update(OutboxRow)
        .where(
            OutboxRow.person_id == person_id,
            _OPEN,
            OutboxRow.state == "owed",
            OutboxRow.reason.startswith(prefix, autoescape=True),
        )
        .values(due_at=due_at, everybody_by=everybody_by, not_after=not_after)
    )
    return tx.connection.execute(statement).rowcount > 0


def owed_again(due_at: datetime, everybody_by: datetime, not_after: datetime) -> dict[str, Any]:
    """What makes a settled row an owed one, as if it had never been tried."""
    return {
        "state": "owed",
        "due_at": due_at,
        "everybody_by": everybody_by,
        "not_after": not_after,
        "attempts": 0,
        "error": None,
        "settled_at": None,
    }


def revive(
    tx: Transaction,
    people: Select[int],
    reason: str,
    *,
    due_at: datetime,
    everybody_by: datetime,
    not_after: datetime,
) -> int:
    """Owe again to those of `people` what could not be delivered because they were gone; how many."""
    statement = (
        update(OutboxRow)
        .where(OutboxRow.person_id.in_(people), OutboxRow.reason == reason, OutboxRow.state == "gone")
        .values(owed_again(due_at, everybody_by, not_after))
    )
    return tx.connection.execute(statement).rowcount


def lacking(people: Select[int], reason: str) -> Select[int]:
    """Of `people`, those to whom nothing is or was owed for that reason (or who were gone when it was)."""
    (person_id,) = people.selected_columns
    row = aliased(OutboxRow)
    return people.where(
        ~exists().where(row.person_id == person_id, row.reason == reason, row.state != "gone")
    )


def fold(
    tx: Transaction, person_ids: Sequence[int], reason: str, message: Message, *, lane: Lane, now: datetime
) -> None:
    """Note that `message` is told in a digest, so that nothing owes it any more."""
    settled = {"state": "folded", "settled_at": now}
    values = {
        "reason": reason,
        "message": dump(message),
        "lane": int(lane),
        "due_at": now,
        "everybody_by": now,
        "not_after": now,
        "attempts": 0,
        "created_at": now,
        **settled,
    }
    tx.connection.execute(
        insert_new(tx.connection, OutboxRow), [{"person_id": each, **values} for each in person_ids]
    )
    tx.connection.execute(
        update(OutboxRow)
        .where(
            OutboxRow.person_id == bindparam("whom"), OutboxRow.reason == reason, OutboxRow.state == "gone"
        )
        .values(**settled),
        [{"whom": each} for each in person_ids],
    )


def owe_each(
    tx: Transaction,
    messages: Mapping[int, Message],
    *,
    reason: str,
    lane: Lane,
    now: datetime,
    due_at: datetime,
) -> None:
    """Owe each person (by id) their own message for the same reason, with the usual times."""
    values = {
        "reason": reason,
        "lane": int(lane),
        "due_at": due_at,
        "everybody_by": due_at + EVERYBODY_BY,
        "not_after": due_at + NOT_AFTER,
        "state": "owed",
        "attempts": 0,
        "created_at": now,
    }
    tx.connection.execute(
        insert_new(tx.connection, OutboxRow),
        [
            {"person_id": person_id, "message": dump(message), **values}
            for person_id, message in messages.items()
        ],
    )


def states(tx: Transaction, person_id: int, reasons: Sequence[str]) -> dict[str, str]:
    """The state of each of a person's rows with these reasons, by reason."""
    rows = tx.connection.execute(
        select(OutboxRow.reason, OutboxRow.state).where(
            OutboxRow.person_id == person_id, OutboxRow.reason.in_(reasons)
        )
    )
    return {row.reason: row.state for row in rows}


def owed_messages(tx: Transaction, people: Select[int], prefix: str) -> dict[int, tuple[int, Message]]:
    """Per person (of `people`), a row still owed whose reason begins with `prefix`: its id and message.

    To be reworded: until this transaction ends, nobody begins to send one of them.
    """
    rows = tx.connection.execute(
        select(OutboxRow.person_id, OutboxRow.id, OutboxRow.message)
        .where(
            _OPEN,
            OutboxRow.state == "owed",
            OutboxRow.person_id.in_(people),
            OutboxRow.reason.startswith(prefix, autoescape=True),
        )
        .with_for_update()
    )
    return {row.person_id: (row.id, load(row.message)) for row in rows}


def reword(tx: Transaction, messages: Mapping[int, Message], *, sending: bool = False) -> None:
    """Put other messages in the place of those (by the row's id) that are still owed.

    `sending`: of those whose attempt has just failed.
    """
    tx.connection.execute(
        update(OutboxRow)
        .where(OutboxRow.id == bindparam("row_id"), OutboxRow.state == ("sending" if sending else "owed"))
        .values(message=bindparam("wording")),
        [{"row_id": row_id, "wording": dump(message)} for row_id, message in messages.items()],
    )


# --- sending ------------------------------------------------------------------------------------------


def due(
    tx: Transaction,
    now: datetime,
    limit: int,
    *,
    upto: Lane = Lane.REMINDER,
    after: Place | None = None,
    but: Container[int] = (),
) -> tuple[list[Owed], int, Place | None]:
    """What is due, most urgent first, without what has to wait for others to the same recipient.

    Of the lanes up to `upto`, and `after` a place in that order. Also how many of `limit` there were, and
    the place of the last: both with `but`, which is left out.
    """
    values = {"now": now, "most": limit, "upto": int(upto)}
    if after is not None:
        values |= {"lane": int(after[0]), "by": after[1], "id": after[2]}
    rows = tx.connection.execute(_due_statement(after is not None), values).all()
    last = (_LANES[rows[-1].lane], rows[-1].everybody_by, rows[-1].id) if rows else None
    return [_owed(*row) for row in rows if row[0] not in but], len(rows), last


def letters(
    tx: Transaction, ids: Sequence[int], now: datetime, *, again: bool = False
) -> dict[int, Owed | Letter]:
    """Everything about those rows that are due, by id; not those that have to wait for another.

    An `Owed` instead of a `Letter` says that its message cannot be read. `again`: also those that are marked
    as being sent, for who does not know whether marking them was committed.
    """
    statement = _letters_statement(tx.connection.dialect.name, again)
    rows = tx.connection.execute(statement, {"retry_after": now - _PRECEDENCE, **_these_ids(ids)}).all()
    return {row[0]: _letter(row) for row in rows}


def next_due(tx: Transaction, now: datetime, before: Place | None = None) -> datetime | None:
    """When the next row that is not due yet will be; None where none is owed.

    Of those only whose lane and deadline come `before` a place in the sender's order, where one is given: to
    look through all that is owed takes 40 ms of 100,000.
    """
    values: dict[str, Any] = {"now": now}
    if before is not None:
        values |= {"lane": int(before[0]), "by": before[1]}
    return tx.connection.execute(_next_due_statement(before is not None), values).scalar()


def begin(tx: Transaction, ids: Sequence[int]) -> None:
    """Mark that the rows are being sent to their recipients' chats, and count the attempts."""
    tx.connection.execute(_begin_statement(tx.connection.dialect.name), _these_ids(ids))


def begin_known(tx: Transaction, letters: Iterable[Letter], now: datetime) -> set[int]:
    """`begin` those of these letters to people that are still owed and need not wait; which.

    For what was read a moment ago: that alone is looked at again which may hold a message up.
    """
    rows = these((letter.owed.id, letter.owed.chat_id) for letter in letters)
    statement = _begin_known_statement(tx.connection.dialect.name)
    return set(tx.connection.scalars(statement, {"retry_after": now - _PRECEDENCE, **rows}).all())


def give_back(tx: Transaction, ids: Sequence[int]) -> None:
    """The rows were marked and then not sent: they are owed as before."""
    tx.connection.execute(_give_back_statement(), {"row_ids": list(ids)})


def sending(tx: Transaction, outbox_id: int) -> Row[Any] | None:
    """What recording an outcome needs: state, attempts, person_id, chat_id, message, and the chat's reach.

    None for what is settled, or no longer there.
    """
    return tx.connection.execute(_sending_statement(), {"row_id": outbox_id}).first()


def settle(
    tx: Transaction,
    ids: Sequence[int],
    state: str,
    now: datetime,
    *,
    error: str | None = None,
    message_id: int | None = None,
    more_ids: Sequence[int] = (),
) -> None:
    """The rows are sent, gone, expired or failed; `error` says why."""
    ended = {
        "ended": state,
        "at": now,
        "why": error,
        "telegrams_id": message_id,
        "others": list(more_ids) or None,
    }
    tx.connection.execute(_settle_statement(), [{"row_id": each, **ended} for each in ids])


def sent(tx: Transaction, message_ids: Mapping[int, int], now: datetime) -> None:
    """The rows (by id) have become these messages; what was settled meanwhile stays so."""
    tx.connection.execute(
        _sent_statement(tx.connection.dialect.name), {"at": now, **these(message_ids.items())}
    )


def postpone(
    tx: Transaction, outbox_id: int, due_at: datetime, error: str, *, uncounted: bool = False
) -> None:
    """The row is owed again from `due_at`; `error` says why. `uncounted`: the attempt does not count."""
    tx.connection.execute(
        update(OutboxRow)
        .where(OutboxRow.id == outbox_id)
        .values(
            state="owed",
            due_at=due_at,
            error=error,
            attempts=OutboxRow.attempts - 1 if uncounted else OutboxRow.attempts,
        )
    )


def recover(tx: Transaction, error: str) -> int:
    """Owe again what was being sent when the process ended; how many.

    The attempt does not count: many of them were only prepared, and none failed.
    """
    statement = (
        update(OutboxRow)
        .where(_OPEN, OutboxRow.state == "sending")
        .values(state="owed", error=error, attempts=OutboxRow.attempts - 1)
    )
    return tx.connection.execute(statement).rowcount


def lost(tx: Transaction, known: Collection[int], before: datetime) -> int:
    """Owe again replies of before then that are marked as being sent, but not by who knows these; how many.

    They were begun in a transaction of which it was not told that it was committed.
    """
    begun = tx.connection.scalars(_begun_replies(), {"before": before})
    ids = [each for each in begun if each not in known]
    if ids:
        give_back(tx, ids)
    return len(ids)


def hasten(tx: Transaction, now: datetime) -> int:
    """Owe now what only a clock that has been put back since makes wait; how many.

    That is what was to be tried again, and what was owed at once before.
    """
    statement = (
        update(OutboxRow)
        .where(
            _OPEN,
            OutboxRow.state == "owed",
            OutboxRow.due_at > now,
            or_(OutboxRow.error.is_not(None), OutboxRow.due_at <= OutboxRow.created_at),
        )
        .values(due_at=now)
    )
    return tx.connection.execute(statement).rowcount


def move(tx: Transaction, chat_id: int, new_chat_id: int) -> None:
    """A chat has got another id: what is known of it and owed to it goes there."""
    new = tx.connection.execute(select(ChatRow.person_id).where(ChatRow.id == new_chat_id)).first()
    if new is None:
        tx.connection.execute(update(ChatRow).where(ChatRow.id == chat_id).values(id=new_chat_id))
    elif new.person_id is None:
        person_id = tx.connection.execute(select(ChatRow.person_id).where(ChatRow.id == chat_id)).scalar()
        tx.connection.execute(update(ChatRow).where(ChatRow.id == chat_id).values(person_id=None))
        tx.connection.execute(update(ChatRow).where(ChatRow.id == new_chat_id).values(person_id=person_id))
    there = aliased(OutboxRow)
    owed_there = exists().where(
        there.chat_id == new_chat_id, there.person_id.is_(None), there.reason == OutboxRow.reason
    )
    tx.connection.execute(
        update(OutboxRow)
        .where(OutboxRow.chat_id == chat_id, OutboxRow.person_id.is_(None), _OPEN, ~owed_there)
        .values(chat_id=new_chat_id)
    )


def prune(tx: Transaction, before: datetime, limit: int) -> int:
    """Forget what was settled before `before`, `limit` rows at most; how many."""
    old = (
        select(OutboxRow.id)
        .where(OutboxRow.settled_at < before, OutboxRow.state.not_in(("owed", "sending")))
        .limit(limit)
    )
    return tx.connection.execute(delete(OutboxRow).where(OutboxRow.id.in_(old))).rowcount


# --- inside -------------------------------------------------------------------------------------------

# So long after its next try is due, an earlier message that has not been begun still comes first. Not for
# ever, should it be stuck by a fault of ours.
_PRECEDENCE = timedelta(minutes=1)
_BEYOND = 2**63 - 1  # no person's id is larger
_LANES = {lane.value: lane for lane in Lane}  # an enumeration's own look-up costs many times that
_REACHES = {reach.value: reach for reach in Reach}
_NOW = bindparam("now", type_=OutboxRow.__table__.c.due_at.type)
_RETRY_AFTER = bindparam("retry_after", type_=OutboxRow.__table__.c.due_at.type)
_OWN = aliased(ChatRow)
_STRANGER = aliased(ChatRow)
_OWED = (
    OutboxRow.id,
    OutboxRow.lane,
    OutboxRow.everybody_by,
    OutboxRow.not_after,
    case((OutboxRow.person_id.is_not(None), _OWN.id), else_=OutboxRow.chat_id).label("chat"),
    func.coalesce(_OWN.reach, _STRANGER.reach, Reach.OPEN.value).label("reach"),
    PersonRow.withdrawn_at,
)


# Made once: these are on the hot path, and building one costs several times what running it does.


@cache
def _begun_replies() -> Select[Any]:
    before = bindparam("before", type_=OutboxRow.__table__.c.created_at.type)
    replies = (_OPEN, OutboxRow.lane == int(Lane.REPLY))
    return select(OutboxRow.id).where(*replies, OutboxRow.state == "sending", OutboxRow.created_at < before)


@cache
def _due_statement(after: bool) -> Select[Any]:
    place = tuple_(OutboxRow.lane, OutboxRow.everybody_by, OutboxRow.id)
    by = bindparam("by", type_=OutboxRow.__table__.c.everybody_by.type)
    beyond = place > tuple_(bindparam("lane", type_=Integer), by, bindparam("id", type_=BigInteger))
    return (
        _recipients(select(*_OWED))
        .where(_OPEN, OutboxRow.state == "owed", OutboxRow.due_at <= _NOW)
        .where(OutboxRow.lane <= bindparam("upto"), *([beyond] if after else ()))
        .where(or_(OutboxRow.not_after < _NOW, ~_waits_in_view()))
        .order_by(OutboxRow.lane, OutboxRow.everybody_by, OutboxRow.id)
        .limit(bindparam("most"))
    )


@cache
def _letters_statement(engine: str, again: bool) -> Select[Any]:
    state = _OPEN if again else OutboxRow.state == "owed"
    found = _recipients(
        select(
            *_OWED,
            cast(OutboxRow.message, Text),
            OutboxRow.person_id,
            OutboxRow.wave_id,
            OutboxRow.copy_of,
            PersonRow.language,
            PersonRow.zone,
            PersonRow.name,
            PersonRow.office,
            PersonRow.programme_id,
            _STRANGER.language.label("stranger_language"),
        )
    ).where(
        OutboxRow.id.in_(_given_ids(engine)),
        state,
        or_(OutboxRow.state == "sending", ~_waits_for_retried()),
    )
    # PostgreSQL writes side by side: who rewords or withdraws a message has done so, or comes too late.
    return found.order_by(OutboxRow.id).with_for_update(of=OutboxRow)


@cache
def _next_due_statement(before: bool) -> Select[Any]:
    coming = select(func.min(OutboxRow.due_at).label("at")).where(
        _OPEN, OutboxRow.state == "owed", OutboxRow.due_at > _NOW
    )
    if not before:
        return coming
    lane, by = (
        bindparam("lane", type_=Integer),
        bindparam("by", type_=OutboxRow.__table__.c.everybody_by.type),
    )
    # Two ranges of the index; SQLite looks through all of the place's own deadline for a pair's one.
    found = union_all(
        coming.where(OutboxRow.lane < lane), coming.where(OutboxRow.lane == lane, OutboxRow.everybody_by < by)
    ).subquery()
    return select(func.min(found.c.at))


@cache
def _owe_replies_statement(engine: str) -> ReturningInsert[int, str, str]:
    new = given(
        engine,
        person_id=BigInteger(),
        chat_id=BigInteger(),
        reason=Text(),
        message=JSON(),
        begin_in=BigInteger(),
        about=Text(),
    )
    other = aliased(OutboxRow, name="other")
    # "+ 0": the recipient's few rows are to be looked through, not all replies.
    first = ~exists().where(
        other.person_id == new.c.person_id,
        _OTHER_OPEN,
        other.lane + 0 == int(Lane.REPLY),
    )
    begun = and_(new.c.begin_in.is_not(None), first)
    by, not_after = (bindparam(name, type_=_NOW.type) for name in ("by", "not_after"))
    values: dict[str, Any] = {
        "person_id": new.c.person_id,
        "chat_id": case((begun, new.c.begin_in), else_=new.c.chat_id),
        "reason": new.c.reason,
        "message": new.c.message,
        "about": new.c.about,
        "lane": literal_column(str(int(Lane.REPLY))),
        "due_at": _NOW,
        "everybody_by": by,
        "not_after": not_after,
        "state": case((begun, literal_column("'sending'")), else_=literal_column("'owed'")),
        "attempts": case((begun, literal_column("1")), else_=literal_column("0")),
        "created_at": _NOW,
    }
    rows = select(*(value.label(name) for name, value in values.items())).where(true())
    statement = insert_new_rows(engine, OutboxRow, [*values], rows)
    return statement.returning(OutboxRow.id, OutboxRow.reason, OutboxRow.state)


@cache
def _withdraw_statement(engine: str) -> Update:
    done = given(engine, person_id=BigInteger(), about=Text())
    return (
        update(OutboxRow)
        .where(
            OutboxRow.person_id == done.c.person_id,
            OutboxRow.about == done.c.about,
            _OPEN,
            OutboxRow.state == "owed",
        )
        .values(state="withdrawn", settled_at=_NOW)
    )


@cache
def _begin_statement(engine: str) -> Update:
    own = select(ChatRow.id).where(ChatRow.person_id == OutboxRow.person_id).scalar_subquery()
    return (
        update(OutboxRow)
        .where(OutboxRow.id.in_(_given_ids(engine)))
        .values(
            state="sending",
            attempts=case((OutboxRow.state == "owed", OutboxRow.attempts + 1), else_=OutboxRow.attempts),
            chat_id=func.coalesce(own, OutboxRow.chat_id),
        )
    )


@cache
def _begin_known_statement(engine: str) -> ReturningUpdate[int]:
    known = given(engine, row_id=BigInteger(), chat_id=BigInteger())
    return (
        update(OutboxRow)
        .where(OutboxRow.id == known.c.row_id, _STILL_OWED, ~_person_waits_for_retried())
        .values(state="sending", attempts=OutboxRow.attempts + 1, chat_id=known.c.chat_id)
        .returning(OutboxRow.id)
    )


@cache
def _give_back_statement() -> Update:
    return (
        update(OutboxRow)
        .where(OutboxRow.id.in_(bindparam("row_ids", expanding=True)), OutboxRow.state == "sending")
        .values(state="owed", attempts=OutboxRow.attempts - 1)
    )


@cache
def _sent_statement(engine: str) -> Update:
    sent = given(engine, row_id=BigInteger(), telegrams_id=BigInteger())
    at = bindparam("at", type_=OutboxRow.__table__.c.settled_at.type)
    return (
        update(OutboxRow)
        .where(OutboxRow.id == sent.c.row_id, _STILL_OPEN)
        .values(state="sent", settled_at=at, error=None, message_id=sent.c.telegrams_id)
    )


@cache
def _sending_statement() -> Select[Any]:
    return (
        select(
            OutboxRow.state,
            OutboxRow.attempts,
            OutboxRow.person_id,
            OutboxRow.chat_id,
            OutboxRow.message,
            ChatRow.reach,
        )
        .outerjoin(ChatRow, ChatRow.id == OutboxRow.chat_id)
        .where(OutboxRow.id == bindparam("row_id"), _OPEN)
    )


@cache
def _settle_statement() -> Update:
    return (
        update(OutboxRow)
        .where(OutboxRow.id == bindparam("row_id"))
        .values(
            state=bindparam("ended"),
            settled_at=bindparam("at"),
            error=bindparam("why"),
            message_id=bindparam("telegrams_id"),
            more_ids=bindparam("others", type_=OutboxRow.__table__.c.more_ids.type),
        )
    )


def _recipients(statement: Select[Any]) -> Select[Any]:
    """The row's chat and person: a person's own chat, or the stranger's (and whose that is by now)."""
    return (
        statement.select_from(OutboxRow)
        .outerjoin(_OWN, _OWN.person_id == OutboxRow.person_id)
        .outerjoin(_STRANGER, and_(_STRANGER.id == OutboxRow.chat_id, OutboxRow.person_id.is_(None)))
        .outerjoin(PersonRow, PersonRow.id == func.coalesce(OutboxRow.person_id, _STRANGER.person_id))
    )


def _waits_in_view() -> ColumnElement[bool]:
    """Whether a row has to wait for others to the same recipient, by now.

    For an earlier one of its lane that was tried and waits to be tried again; and where `AT_ONCE` more urgent
    ones come first: who taps a hundred times is not to fill the sender's whole view.
    """
    other = aliased(OutboxRow, name="other")
    place = tuple_(OutboxRow.lane, OutboxRow.everybody_by, OutboxRow.id)
    ahead = and_(other.due_at <= _NOW, tuple_(other.lane, other.everybody_by, other.id) < place)
    weight = case((_is_retried(other, _NOW), AT_ONCE), (ahead, 1), else_=0)
    weights = select(func.coalesce(func.sum(weight), 0)).where(_same_recipient(other), _OTHER_OPEN)
    return weights.scalar_subquery() >= AT_ONCE


def _waits_for_retried() -> ColumnElement[bool]:
    """Whether a row has to wait for an earlier one of its lane that is tried again after `_RETRY_AFTER`."""
    other = aliased(OutboxRow, name="other")
    return exists().where(_same_recipient(other), _OTHER_OPEN, _is_retried(other, _RETRY_AFTER))


def _person_waits_for_retried() -> ColumnElement[bool]:
    """`_waits_for_retried` of a row that is a person's: quicker."""
    other = aliased(OutboxRow, name="other")
    return exists().where(
        other.person_id == OutboxRow.person_id, _OTHER_OPEN, _is_retried(other, _RETRY_AFTER)
    )


def _same_recipient(other: type[OutboxRow]) -> ColumnElement[bool]:
    return or_(
        and_(OutboxRow.person_id.is_not(None), other.person_id == OutboxRow.person_id),
        and_(OutboxRow.person_id.is_(None), other.person_id.is_(None), other.chat_id == OutboxRow.chat_id),
    )


def _is_retried(other: type[OutboxRow], after: BindParameter[datetime]) -> ColumnElement[bool]:
    """Whether `other` is an earlier one of the same lane that was tried, and is tried again after that."""
    return and_(
        # "+ 0": SQLite would else look through the whole lane rather than the recipient's few rows.
        other.lane + 0 == OutboxRow.lane,
        other.id < OutboxRow.id,
        other.error.is_not(None),
        other.due_at > after,
    )


def _given_ids(engine: str) -> Select[int]:
    """The ids that a statement is executed with (`_these_ids`)."""
    return select(given(engine, row_id=BigInteger()).c.row_id)


def _these_ids(ids: Iterable[int]) -> dict[str, str]:
    return these((each,) for each in ids)


def _owed(
    row_id: int,
    lane: int,
    everybody_by: datetime,
    not_after: datetime,
    chat_id: int | None,
    reach: str,
    withdrawn_at: datetime | None,
) -> Owed:
    """A row of `_OWED`."""
    withdrawn = withdrawn_at is not None
    return Owed(row_id, _LANES[lane], everybody_by, not_after, chat_id, _REACHES[reach], withdrawn)


def _letter(row: Sequence[Any]) -> Owed | Letter:
    # By their places: to look each up by its name costs more than all the rest.
    owed = _owed(*row[:7])
    text, person_id, wave_id, copy_of, language, zone, name, office, programme, stranger = row[7:]
    try:
        message = _message(text)
    except (ValueError, KeyError, TypeError, AttributeError):
        return owed  # whatever an older or a broken version wrote
    if name is None:
        reader = Reader(stranger or "id", Zone.WIB)
    else:
        reader = Reader(language, zone, name, office, programme)
    return Letter(owed, message, reader, person_id, wave_id, copy_of=copy_of)


@lru_cache(maxsize=256)  # a wave's rows all have the same
def _message(text: str) -> Message:
    return load(orjson.loads(text))


def showing(programme_id: str, session_id: str) -> str:
    """What a reply is about that shows somebody a session: should that be corrected, so is the reply."""
    return f"session:{programme_id}/{session_id}"


def handing_out(material_id: int) -> str:
    """What a reply is about that gives somebody a material: should that be replaced, the copy says so."""
    return f"material:{material_id}"


def _shown(message: Message) -> str | None:
    match message:
        case SessionCard(programme_id, session_id) | Invite(programme_id, session_id):
            return showing(programme_id, session_id)
        case Material(material_id):
            return handing_out(material_id)
    return None


def _about(target: Target | None) -> str | None:
    return None if target is None else f"{target.kind}:{target.id}"
