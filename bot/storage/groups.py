"""Groups and channels that the bot is in, and their topics."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select, update

from bot.domain.announcements import Place
from bot.storage import announcements
from bot.storage.database import Transaction
from bot.storage.tables import GroupChatRow, GroupTopicRow
from bot.storage.upsert import upsert


@dataclass(frozen=True, slots=True)
class GroupChat:
    """A group or channel, of a programme (empty: nobody has said which yet); or a topic of a group."""

    id: int
    programme_id: str
    title: str
    kind: str
    topic: int | None = None

    @property
    def place(self) -> Place:
        """Where that is."""
        return Place(self.id, self.topic)


def of_programme(tx: Transaction, programme_id: str) -> list[GroupChat]:
    """The groups and channels of a programme that the bot is in, by title; each with its open topics."""
    rows = tx.connection.execute(
        select(GroupChatRow.id, GroupChatRow.programme_id, GroupChatRow.title, GroupChatRow.kind)
        .where(
            GroupChatRow.programme_id == programme_id,
            GroupChatRow.left_at.is_(None),
            GroupChatRow.asked.is_(False),
        )
        .order_by(GroupChatRow.title, GroupChatRow.id)
    )
    found = [GroupChat(*row) for row in rows]
    topics: dict[int, list[GroupChat]] = {each.id: [] for each in found}
    named = {each.id: each for each in found}
    for row in tx.connection.execute(
        select(GroupTopicRow.chat_id, GroupTopicRow.topic, GroupTopicRow.title)
        .where(GroupTopicRow.chat_id.in_(topics), GroupTopicRow.closed.is_(False))
        .order_by(GroupTopicRow.title, GroupTopicRow.topic)
    ):
        whole = named[row.chat_id]
        title = f"{whole.title} › {row.title or f'#{row.topic}'}"
        topics[row.chat_id].append(replace(whole, title=title, topic=row.topic))
    return [one for each in found for one in (each, *topics[each.id])]


def note_topic(tx: Transaction, chat_id: int, topic: int, title: str, *, closed: bool) -> None:
    """A group has a topic (without a title: called as before), open or closed."""
    key = (GroupTopicRow.chat_id == chat_id, GroupTopicRow.topic == topic)
    known = tx.connection.execute(select(GroupTopicRow.title).where(*key)).first()
    values = {
        "chat_id": chat_id,
        "topic": topic,
        "title": title or ("" if known is None else known.title),
        "closed": closed,
    }
    tx.connection.execute(upsert(tx.connection, GroupTopicRow, values, key=("chat_id", "topic")))


def group(tx: Transaction, chat_id: int) -> GroupChat | None:
    """The group or channel of that id, in use or not, or None."""
    row = tx.connection.execute(
        select(GroupChatRow.id, GroupChatRow.programme_id, GroupChatRow.title, GroupChatRow.kind).where(
            GroupChatRow.id == chat_id
        )
    ).first()
    return None if row is None else GroupChat(*row)


def join(tx: Transaction, chat: GroupChat, added_by: int, now: datetime) -> None:
    """The bot is in a group or channel; whoever added it has yet to say whether it is announced to."""
    values = {
        "id": chat.id,
        "programme_id": chat.programme_id,
        "title": chat.title,
        "kind": chat.kind,
        "added_by": added_by,
        "added_at": now,
        "asked": True,
        "left_at": None,
    }
    tx.connection.execute(upsert(tx.connection, GroupChatRow, values, key=("id",)))


def use(tx: Transaction, chat_id: int) -> None:
    """It may be announced to."""
    tx.connection.execute(update(GroupChatRow).where(GroupChatRow.id == chat_id).values(asked=False))


def leave(tx: Transaction, chat_id: int, now: datetime) -> None:
    """The bot is there no longer."""
    tx.connection.execute(
        update(GroupChatRow)
        .where(GroupChatRow.id == chat_id, GroupChatRow.left_at.is_(None))
        .values(left_at=now)
    )


def move(tx: Transaction, chat_id: int, new_chat_id: int) -> None:
    """A group has become a supergroup: what is known of it moves along, and what is to be announced there."""
    known = group(tx, chat_id)
    if known is None:
        return
    if group(tx, new_chat_id) is None:
        tx.connection.execute(
            update(GroupChatRow)
            .where(GroupChatRow.id == chat_id)
            .values(id=new_chat_id, kind="supergroup", left_at=None)
        )
    announcements.follow(tx, known.programme_id, chat_id, new_chat_id)
