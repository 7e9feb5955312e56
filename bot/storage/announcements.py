"""Announcements, their wordings, the audiences and the groups they are for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from bot.domain.announcements import UNDER_WAY, Place, State, Whom, dump, load
from bot.domain.messages import Announcement as Reference
from bot.domain.messages import Lane
from bot.domain.people import Reach
from bot.domain.posts import Post
from bot.domain.posts import dump as dump_post
from bot.domain.posts import load as load_post
from bot.domain.programme import Programme
from bot.domain.staff import Scope
from bot.domain.zones import Zone
from bot.storage import audience, locks
from bot.storage.copies import Times, Which
from bot.storage.database import Transaction
from bot.storage.messages import dump as dump_message
from bot.storage.outbox import owed_again
from bot.storage.spans import EVERYTHING, Span
from bot.storage.staff import within
from bot.storage.tables import (
    AnnouncementRow,
    AnnouncementVersionRow,
    AudienceRow,
    ChatRow,
    GroupChatRow,
    OutboxRow,
    PersonRow,
    WaveRow,
)
from bot.storage.upsert import insert_new_from, upsert

_TABLE = AnnouncementRow.__table__


@dataclass(frozen=True, slots=True)
class Announcement:
    """An announcement with the wording that holds; moments are aware UTC."""

    id: int
    programme_id: str
    author_id: int | None
    author: str
    chat_id: int | None
    album: str | None
    state: State
    version: int
    post: Post
    whom: Whom
    urgent: bool
    send_at: datetime | None
    approved_by: int | None
    approved_at: datetime | None
    people: int
    never: int
    blocked: int
    works: tuple[str, ...]
    progress: int
    told: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    recalled_at: datetime | None

    @property
    def name(self) -> str:
        """The name of its own waves."""
        return f"announcement:{self.id}"

    @property
    def lane(self) -> Lane:
        """Which messages it goes before."""
        return Lane.SESSION if self.urgent else Lane.REMINDER


@dataclass(frozen=True, slots=True)
class Version:
    """One wording."""

    version: int
    post: Post
    state: str
    written_by: int | None


@dataclass(frozen=True, slots=True)
class Meant:
    """How many people an audience means: who can be written to, and who not."""

    reached: Mapping[Zone, int]
    never: int  # they have not opened their link, or not agreed
    blocked: int  # they have blocked the bot, or their account is gone

    @property
    def people(self) -> int:
        """How many can be written to."""
        return sum(self.reached.values())


@dataclass(frozen=True, slots=True)
class WaveOf:
    """One of an announcement's waves, its state, and since when it is there."""

    id: int
    state: str
    planned_at: datetime


def add(tx: Transaction, values: Mapping[str, Any], post: Post, written_by: int, now: datetime) -> int:
    """Note a draft; its number."""
    statement = (
        insert(AnnouncementRow)
        .values(state=State.DRAFT.value, version=1, works=[], whom=dump(Whom()), created_at=now, **values)
        .returning(AnnouncementRow.id)
    )
    announcement_id: int = tx.connection.execute(statement).scalar_one()
    write(tx, announcement_id, 1, post, written_by, now, state="used")
    return announcement_id


def write(
    tx: Transaction,
    announcement_id: int,
    version: int,
    post: Post,
    written_by: int | None,
    now: datetime,
    *,
    state: str,
) -> None:
    """Keep a wording, in the place of an earlier one of that number."""
    values = {
        "announcement_id": announcement_id,
        "version": version,
        "post": dump_post(post),
        "state": state,
        "written_by": written_by,
        "written_at": now,
    }
    tx.connection.execute(
        upsert(tx.connection, AnnouncementVersionRow, values, key=("announcement_id", "version"))
    )


def set_version(tx: Transaction, announcement_id: int, version: int, state: str) -> None:
    """What became of a wording."""
    tx.connection.execute(
        update(AnnouncementVersionRow)
        .where(
            AnnouncementVersionRow.announcement_id == announcement_id,
            AnnouncementVersionRow.version == version,
        )
        .values(state=state)
    )


def newest(tx: Transaction, announcement_id: int) -> Version | None:
    """The newest wording, whether or not it holds."""
    row = tx.connection.execute(
        select(AnnouncementVersionRow.__table__)
        .where(AnnouncementVersionRow.announcement_id == announcement_id)
        .order_by(AnnouncementVersionRow.version.desc())
        .limit(1)
    ).first()
    return None if row is None else Version(row.version, load_post(row.post), row.state, row.written_by)


def post(tx: Transaction, announcement_id: int, version: int | None) -> tuple[str, Post] | None:
    """The programme, and the wording that holds, or the one of that number."""
    wanted = AnnouncementRow.version if version is None else literal(version)
    row = tx.connection.execute(
        select(AnnouncementRow.programme_id, AnnouncementVersionRow.post)
        .join(AnnouncementVersionRow, AnnouncementVersionRow.announcement_id == AnnouncementRow.id)
        .where(AnnouncementRow.id == announcement_id, AnnouncementVersionRow.version == wanted)
    ).first()
    return None if row is None else (row.programme_id, load_post(row.post))


def change(tx: Transaction, announcement_id: int, **values: Any) -> None:
    """Change columns of an announcement."""
    for name in ("state",):
        if isinstance(values.get(name), State):
            values[name] = values[name].value
    if isinstance(values.get("whom"), Whom):
        values["whom"] = dump(values["whom"])
    tx.connection.execute(
        update(AnnouncementRow).where(AnnouncementRow.id == announcement_id).values(**values)
    )


def remove(tx: Transaction, announcement_id: int) -> None:
    """Forget a draft."""
    tx.connection.execute(delete(AnnouncementRow).where(AnnouncementRow.id == announcement_id))


def announcement(tx: Transaction, announcement_id: int, *, to_change: bool = False) -> Announcement | None:
    """The announcement of that number, or None. `to_change`: until the transaction ends, nobody else does."""
    if to_change:
        locks.hold(tx, select(AnnouncementRow.id).where(AnnouncementRow.id == announcement_id))
    return next(iter(_found(tx, AnnouncementRow.id == announcement_id, 1)), None)


def announcements(
    tx: Transaction, programme_id: str, *, limit: int, before: int | None = None
) -> list[Announcement]:
    """The newest of a programme."""
    which = AnnouncementRow.programme_id == programme_id
    return _found(tx, which if before is None else and_(which, AnnouncementRow.id < before), limit)


def active(tx: Transaction) -> list[Announcement]:
    """What is scheduled or under way, of all programmes."""
    return [_announcement(row) for row in tx.connection.execute(_active())]


@cache  # asked at every look, mostly in vain: to put it together takes longer than to answer it
def _active() -> Select[Any]:
    states = [state.value for state in (*UNDER_WAY, State.SCHEDULED)]
    ending = and_(
        AnnouncementRow.state == State.CANCELLED.value,
        AnnouncementRow.started_at.is_not(None),
        AnnouncementRow.ended_at.is_(None),
    )
    return _select(or_(AnnouncementRow.state.in_(states), ending))


def made_of(
    tx: Transaction, programme_id: str, author_id: int, message_id: int, since: datetime
) -> Announcement | None:
    """The author's announcement of which their message is a piece, of those since then."""
    which = and_(
        AnnouncementRow.programme_id == programme_id,
        AnnouncementRow.author_id == author_id,
        AnnouncementRow.created_at >= since,
    )
    for each in _found(tx, which, 200):
        if any(piece.message_id == message_id for piece in each.post.pieces):
            return each
    return None


def of_album(tx: Transaction, author_id: int, album: str) -> Announcement | None:
    """The author's draft that is made of that album."""
    which = and_(
        AnnouncementRow.author_id == author_id,
        AnnouncementRow.album == album,
        AnnouncementRow.state == State.DRAFT.value,
    )
    return next(iter(_found(tx, which, 1)), None)


def _found(tx: Transaction, which: ColumnElement[bool], limit: int | None) -> list[Announcement]:
    return [_announcement(row) for row in tx.connection.execute(_select(which).limit(limit))]


def _select(which: ColumnElement[bool]) -> Select[Any]:
    return (
        select(_TABLE, AnnouncementVersionRow.post)
        .join(
            AnnouncementVersionRow,
            and_(
                AnnouncementVersionRow.announcement_id == AnnouncementRow.id,
                AnnouncementVersionRow.version == AnnouncementRow.version,
            ),
        )
        .where(which)
        .order_by(AnnouncementRow.id.desc())
    )


def _announcement(row: Row[Any]) -> Announcement:
    values = dict(row._mapping)
    return Announcement(
        **{
            **values,
            "state": State(values["state"]),
            "post": load_post(values["post"]),
            "whom": load(values["whom"]),
            "works": tuple(values["works"]),
        }
    )


# --- whom -------------------------------------------------------------------------------------------------


def people(
    programme: Programme, whom: Whom, scope: Scope, *, zone: Zone | None = None, joined: bool = True
) -> Select[int]:
    """Select the ids of those whom `whom` means and who can be written to, within the scope."""
    found = audience.people(programme, whom.of, zone=zone, scope=scope, joined=joined)
    if whom.but is not None:
        found = found.where(PersonRow.id.not_in(audience.everybody(programme, whom.but)))
    return found if whom.people else found.where(PersonRow.id.is_(None))


def meant(tx: Transaction, programme: Programme, whom: Whom, scope: Scope) -> Meant:
    """How many people that is."""
    found = people(programme, whom, scope).add_columns(PersonRow.zone).subquery()
    reached = {
        Zone(zone): number
        for zone, number in tx.connection.execute(select(found.c.zone, func.count()).group_by(found.c.zone))
    }
    all_meant = audience.everybody(programme, whom.of, scope=scope)
    if whom.but is not None:
        all_meant = all_meant.where(PersonRow.id.not_in(audience.everybody(programme, whom.but)))
    if not whom.people:
        return Meant({}, 0, 0)
    started = and_(PersonRow.consented_at.is_not(None), ChatRow.id.is_not(None))
    row = tx.connection.execute(
        all_meant.with_only_columns(
            func.count(case((~started, 1))).label("never"),
            func.count(case((and_(started, ChatRow.reach != Reach.OPEN.value), 1))).label("blocked"),
        )
    ).one()
    return Meant({zone: reached[zone] for zone in Zone if zone in reached}, row.never, row.blocked)


def longest(tx: Transaction, programme: Programme, scope: Scope) -> tuple[str, str]:
    """The longest name and the longest office of a programme's people within the scope."""
    found = []
    for column in (PersonRow.name, PersonRow.office):
        value = tx.connection.scalar(
            select(column)
            .where(PersonRow.programme_id == programme.id, *within(scope))
            .order_by(func.length(column).desc())
            .limit(1)
        )
        found.append(value or "")
    return found[0], found[1]


def some_office(tx: Transaction, programme_id: str) -> str:
    """An office of the programme's people, to show what a message looks like; empty where there is none."""
    found = tx.connection.scalar(
        select(PersonRow.office)
        .where(PersonRow.programme_id == programme_id, PersonRow.office != "")
        .order_by(PersonRow.id)
        .limit(1)
    )
    return found or ""


def beyond(tx: Transaction, programme: Programme, whom: Whom, scope: Scope, limit: Scope) -> int:
    """How many of those whom `whom` means within `scope` are not within `limit`."""
    mine = people(programme, whom, scope)
    return audience.count(tx, mine.where(PersonRow.id.not_in(people(programme, whom, limit))))


# --- rows of the outbox -----------------------------------------------------------------------------------


def owe(
    tx: Transaction,
    whom: Select[int],
    announcement: Announcement,
    wave_id: int,
    times: Times,
    now: datetime,
    *,
    state: str,
    span: Span = EVERYTHING,
) -> int:
    """Owe (or `state` "held") the announcement to those of `span` whom `whom` selects; how many are new."""
    whom = span.of(whom)
    (person_id,) = whom.selected_columns
    columns = OutboxRow.__table__.columns
    values = {**_owed(announcement, wave_id, times, now), "state": state}
    rows = whom.with_only_columns(
        person_id, *(literal(value, columns[name].type) for name, value in values.items())
    )
    statement = insert_new_from(tx.connection, OutboxRow, ("person_id", *values), rows)
    return tx.connection.execute(statement).rowcount


def owe_chats(
    tx: Transaction,
    places: Sequence[Place],
    announcement: Announcement,
    wave_id: int,
    times: Times,
    now: datetime,
    *,
    state: str,
) -> int:
    """Owe the announcement to chats of groups; how many."""
    values = {**_owed(announcement, wave_id, times, now), "state": state}
    rows = [{**values, "chat_id": place.chat, **_in_topic(announcement, place)} for place in places]
    tx.connection.execute(insert(OutboxRow), rows)
    return len(places)


def _in_topic(announcement: Announcement, place: Place) -> dict[str, Any]:
    """What is different where it goes to a topic; each of a group's topics has its own reason."""
    if place.topic is None:
        return {}
    return {
        "reason": f"{announcement.name}#{place.topic}",
        "message": dump_message(Reference(announcement.id, topic=place.topic)),
    }


def _owed(announcement: Announcement, wave_id: int, times: Times, now: datetime) -> dict[str, Any]:
    return {
        "wave_id": wave_id,
        "reason": announcement.name,
        "message": dump_message(Reference(announcement.id)),
        "lane": int(announcement.lane),
        "due_at": times.due_at,
        "everybody_by": times.everybody_by,
        "not_after": times.not_after,
        "attempts": 0,
        "created_at": now,
    }


def release(tx: Transaction, wave_ids: Sequence[int], limit: int) -> int:
    """Owe the first few of what these waves hold; how many."""
    first = (
        select(OutboxRow.id)
        .where(OutboxRow.wave_id.in_(wave_ids), OutboxRow.state == "held")
        .order_by(OutboxRow.due_at, OutboxRow.id)
        .limit(limit)
    )
    statement = update(OutboxRow).where(OutboxRow.id.in_(first)).values(state="owed")
    return tx.connection.execute(statement).rowcount


def waves(tx: Transaction, programme_id: str, names: Iterable[str]) -> list[WaveOf]:
    """The waves of those names."""
    rows = tx.connection.execute(
        select(WaveRow.id, WaveRow.state, WaveRow.planned_at)
        .where(WaveRow.programme_id == programme_id, WaveRow.entry_id.in_(list(names)))
        .order_by(WaveRow.id)
    )
    return [WaveOf(*row) for row in rows]


def tally(tx: Transaction, wave_ids: Sequence[int]) -> dict[str, int]:
    """How many messages of these waves are in which state."""
    rows = tx.connection.execute(
        select(OutboxRow.state, func.count().label("number"))
        .where(OutboxRow.wave_id.in_(wave_ids))
        .group_by(OutboxRow.state)
    )
    return {row.state: row.number for row in rows}


def next_due(tx: Transaction, wave_ids: Sequence[int]) -> datetime | None:
    """When the next message of these waves is due, or was; None where none is."""
    return tx.connection.scalar(
        select(func.min(OutboxRow.due_at)).where(
            OutboxRow.wave_id.in_(wave_ids), OutboxRow.state.in_(("owed", "sending"))
        )
    )


def reasons(tx: Transaction, wave_ids: Sequence[int], limit: int) -> list[tuple[str, int]]:
    """Why messages of these waves failed, the most frequent first."""
    rows = tx.connection.execute(
        select(OutboxRow.error, func.count().label("number"))
        .where(OutboxRow.wave_id.in_(wave_ids), OutboxRow.state == "failed")
        .group_by(OutboxRow.error)
        .order_by(func.count().desc(), OutboxRow.error)
        .limit(limit)
    )
    return [(row.error or "", row.number) for row in rows]


def last_row(tx: Transaction) -> int:
    """The id of the newest row of the outbox."""
    return tx.connection.scalar(select(func.max(OutboxRow.id))) or 0


def spread(tx: Transaction, wave_id: int, apart: timedelta, *, since: datetime, after: int = 0) -> datetime:
    """Let what a wave is to send be due one after the other, so far apart, `since` a moment at the earliest.

    Of its rows whose id is above `after`. For albums: Telegram counts each of their files, the pacer each
    call. From when on the next one may be due.
    """
    columns = select(OutboxRow.id, OutboxRow.due_at).where(
        OutboxRow.wave_id == wave_id, OutboxRow.id > after, OutboxRow.state.in_(("owed", "held"))
    )
    later = []
    for row in tx.connection.execute(columns.order_by(OutboxRow.id)).all():
        at = max(row.due_at, since)
        since = at + apart
        later.append({"row_id": row.id, "at": at})
    if later:
        statement = (
            update(OutboxRow).where(OutboxRow.id == bindparam("row_id")).values(due_at=bindparam("at"))
        )
        tx.connection.execute(statement, later)
    return since


def last_expected(tx: Transaction, wave_ids: Sequence[int]) -> datetime | None:
    """When the last person of these waves is expected to have it."""
    return tx.connection.scalar(select(func.max(WaveRow.last_expected_at)).where(WaveRow.id.in_(wave_ids)))


def copies(tx: Transaction, announcement: Announcement) -> Which:
    """The rows of the outbox by which the announcement went out."""
    return Which(tuple(wave.id for wave in waves(tx, announcement.programme_id, (announcement.name,))))


def recipients(
    tx: Transaction,
    wave_ids: Sequence[int],
    scope: Scope,
    *,
    state: str = "",
    limit: int | None = None,
    offset: int = 0,
) -> list[Row[Any]]:
    """To whom of a scope these waves go (in a state, if one is named), and what became of each message.

    person_id, name, office, title (of a group), state, error, settled_at; groups only for who sees everybody.
    """
    return list(
        tx.connection.execute(
            select(
                PersonRow.id.label("person_id"),
                PersonRow.name,
                PersonRow.office,
                GroupChatRow.title,
                OutboxRow.state,
                OutboxRow.error,
                OutboxRow.settled_at,
            )
            .select_from(OutboxRow)
            .outerjoin(PersonRow, PersonRow.id == OutboxRow.person_id)
            .outerjoin(GroupChatRow, GroupChatRow.id == OutboxRow.chat_id)
            .where(*_sent_to(wave_ids, scope, state))
            .order_by(PersonRow.office, PersonRow.name, OutboxRow.id)
            .limit(limit)
            .offset(offset)
        )
    )


def recipients_number(tx: Transaction, wave_ids: Sequence[int], scope: Scope, *, state: str = "") -> int:
    """How many `recipients` would tell of."""
    return tx.connection.execute(
        select(func.count())
        .select_from(OutboxRow)
        .outerjoin(PersonRow, PersonRow.id == OutboxRow.person_id)
        .where(*_sent_to(wave_ids, scope, state))
    ).scalar_one()


def _sent_to(wave_ids: Sequence[int], scope: Scope, state: str) -> list[ColumnElement[bool]]:
    of_state = [OutboxRow.state == state] if state else []
    return [OutboxRow.wave_id.in_(wave_ids), *of_state, *within(scope)]


def unreached(tx: Transaction, programme: Programme, whom: Whom, scope: Scope) -> list[Row[Any]]:
    """Who is meant and cannot be written to: name, office, and whether they have ever started."""
    found = audience.everybody(programme, whom.of, scope=scope)
    if whom.but is not None:
        found = found.where(PersonRow.id.not_in(audience.everybody(programme, whom.but)))
    started = and_(PersonRow.consented_at.is_not(None), ChatRow.id.is_not(None))
    closed = or_(~started, ChatRow.reach != Reach.OPEN.value)
    return list(
        tx.connection.execute(
            found.where(closed)
            .with_only_columns(PersonRow.name, PersonRow.office, case((started, 1), else_=0).label("started"))
            .order_by(PersonRow.office, PersonRow.name)
        )
    )


def again(tx: Transaction, outbox_id: int, times: Times) -> bool:
    """Owe a settled row again (a progress message is edited many times); whether it was settled."""
    statement = (
        update(OutboxRow)
        .where(OutboxRow.id == outbox_id, OutboxRow.state.not_in(("owed", "sending", "held")))
        .values(owed_again(*times))
    )
    return tx.connection.execute(statement).rowcount == 1


def row_of(tx: Transaction, person_id: int, reason: str) -> Row[int, str, int | None] | None:
    """A person's row of that reason: id, state, message_id."""
    return tx.connection.execute(
        select(OutboxRow.id, OutboxRow.state, OutboxRow.message_id).where(
            OutboxRow.person_id == person_id, OutboxRow.reason == reason
        )
    ).first()


def name_copy(tx: Transaction, outbox_id: int, copy_of: int) -> None:
    """The row concerns the copy of another."""
    tx.connection.execute(update(OutboxRow).where(OutboxRow.id == outbox_id).values(copy_of=copy_of))


def follow(tx: Transaction, programme_id: str, chat_id: int, new_chat_id: int) -> None:
    """What is to be announced in a group that has moved is announced where it is now."""
    for each in _found(tx, AnnouncementRow.programme_id == programme_id, None):
        if any(place.chat == chat_id for place in each.whom.chats):
            chats = tuple(
                replace(place, chat=new_chat_id) if place.chat == chat_id else place
                for place in each.whom.chats
            )
            change(tx, each.id, whom=replace(each.whom, chats=chats))


# --- saved audiences --------------------------------------------------------------------------------------


def save_audience(
    tx: Transaction, programme_id: str, name: str, whom: Whom, made_by: int, now: datetime
) -> None:
    """Keep an audience under a name, in the place of one of that name."""
    values = {
        "programme_id": programme_id,
        "name": name,
        "whom": dump(whom),
        "made_by": made_by,
        "made_at": now,
    }
    tx.connection.execute(upsert(tx.connection, AudienceRow, values, key=("programme_id", "name")))


def audiences(
    tx: Transaction, programme_id: str, *, made_by: int | None = None
) -> list[tuple[int, str, Whom]]:
    """The saved audiences (of somebody): number, name, whom."""
    theirs = () if made_by is None else (AudienceRow.made_by == made_by,)
    rows = tx.connection.execute(
        select(AudienceRow.id, AudienceRow.name, AudienceRow.whom)
        .where(AudienceRow.programme_id == programme_id, *theirs)
        .order_by(AudienceRow.name)
    )
    return [(row.id, row.name, load(row.whom)) for row in rows]
