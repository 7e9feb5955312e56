"""Materials of sessions, their versions, and the copies of them that are in chats."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from bot.domain.materials import Release, State
from bot.domain.messages import Handout
from bot.domain.messages import Material as Reference
from bot.domain.posts import Post, dump, load
from bot.storage import locks, outbox
from bot.storage.copies import Which
from bot.storage.database import Transaction
from bot.storage.tables import (
    WAS_SHOWN,
    MaterialRow,
    MaterialVersionRow,
    NoMaterialRow,
    OutboxRow,
    PersonRow,
    WaveRow,
)
from bot.storage.upsert import insert_new, upsert

REPLACED = "there is a newer version"
"""Why what was owed of an old version is not sent any more."""


@dataclass(frozen=True, slots=True)
class Material:
    """A material with the version that holds; moments are aware UTC."""

    id: int
    programme_id: str
    session_id: str | None
    author_id: int | None
    author: str
    chat_id: int | None
    album: str | None
    state: State
    release: Release
    version: int
    replaces: int | None
    made_at: datetime
    released_at: datetime | None
    withdrawn_at: datetime | None
    post: Post
    name: str

    def wave(self, version: int | None = None) -> str:
        """The name of the waves by which a version (None: the one that holds) is handed out."""
        return f"material:{self.id}/v{version or self.version}"


def add(
    tx: Transaction, values: Mapping[str, Any], post: Post, name: str, written_by: int, now: datetime
) -> int:
    """Note a draft; its number."""
    statement = (
        insert(MaterialRow)
        .values(state=State.DRAFT.value, release=Release.NOW.value, version=1, made_at=now, **values)
        .returning(MaterialRow.id)
    )
    material_id: int = tx.connection.execute(statement).scalar_one()
    write(tx, material_id, 1, post, name, values.get("chat_id"), written_by, now)
    return material_id


def write(
    tx: Transaction,
    material_id: int,
    version: int,
    post: Post,
    name: str,
    chat_id: int | None,
    written_by: int | None,
    now: datetime,
) -> None:
    """Keep a version, in the place of an earlier one of that number."""
    values = {
        "material_id": material_id,
        "version": version,
        "post": dump(post),
        "name": name,
        "chat_id": chat_id,
        "written_by": written_by,
        "written_at": now,
    }
    tx.connection.execute(upsert(tx.connection, MaterialVersionRow, values, key=("material_id", "version")))


def change(tx: Transaction, material_id: int, **values: Any) -> None:
    """Change columns of a material."""
    tx.connection.execute(update(MaterialRow).where(MaterialRow.id == material_id).values(**values))


def remove(tx: Transaction, material_id: int) -> None:
    """Forget a draft."""
    tx.connection.execute(delete(MaterialRow).where(MaterialRow.id == material_id))


def material(tx: Transaction, material_id: int, *, to_change: bool = False) -> Material | None:
    """The material of that number, or None. `to_change`: until the transaction ends, nobody else does."""
    if to_change:
        locks.hold(tx, select(MaterialRow.id).where(MaterialRow.id == material_id))
    return next(iter(_found(tx, MaterialRow.id == material_id)), None)


def of_album(tx: Transaction, author_id: int, album: str) -> Material | None:
    """The author's draft that is made of that album."""
    which = and_(
        MaterialRow.author_id == author_id,
        MaterialRow.album == album,
        MaterialRow.state == State.DRAFT.value,
    )
    return next(iter(_found(tx, which)), None)


def of_session(tx: Transaction, programme_id: str, session_id: str) -> list[Material]:
    """What is, was or is to be handed out at a session, in the order in which it came; no drafts."""
    return _found(
        tx,
        and_(
            MaterialRow.programme_id == programme_id,
            MaterialRow.session_id == session_id,
            MaterialRow.state != State.DRAFT.value,
        ),
    )


def of_programme(tx: Transaction, programme_id: str, *states: State) -> list[Material]:
    """A programme's materials in one of these states, by session, then in the order in which they came."""
    return _found(
        tx,
        and_(
            MaterialRow.programme_id == programme_id,
            MaterialRow.session_id.is_not(None),
            MaterialRow.state.in_([each.value for each in states]),
        ),
    )


def number_out(tx: Transaction, programme_id: str, session_id: str) -> int:
    """How many materials of a session are out."""
    return tx.connection.execute(
        select(func.count()).where(
            MaterialRow.programme_id == programme_id,
            MaterialRow.session_id == session_id,
            MaterialRow.state == State.OUT.value,
        )
    ).scalar_one()


def handout(tx: Transaction, wanted: Reference) -> Handout | None:
    """What is sent for a reference; None where the material, or its version, is no more."""
    row = tx.connection.execute(
        select(
            MaterialRow.programme_id,
            MaterialRow.session_id,
            MaterialRow.state,
            MaterialRow.version,
            MaterialRow.replaces,
            MaterialVersionRow.post,
            MaterialVersionRow.chat_id,
        )
        .join(MaterialVersionRow, MaterialVersionRow.material_id == MaterialRow.id)
        .where(MaterialRow.id == wanted.id, MaterialVersionRow.version == wanted.version)
    ).first()
    if row is None or row.session_id is None or row.state == State.WITHDRAWN.value:
        return None
    version = wanted.version
    if row.replaces is not None:  # a draft that is to become another's newer version, or take its place
        before = tx.connection.execute(
            select(MaterialRow.version, MaterialRow.state).where(MaterialRow.id == row.replaces)
        ).first()
        if before is not None:
            version = before.version + (before.state == State.OUT.value)
    old = wanted.version < row.version
    return Handout(row.programme_id, row.session_id, load(row.post), version, old, row.chat_id)


def _found(tx: Transaction, which: ColumnElement[bool]) -> list[Material]:
    rows = tx.connection.execute(
        select(
            MaterialRow.__table__,
            MaterialVersionRow.post,
            MaterialVersionRow.name,
            MaterialVersionRow.chat_id.label("version_chat_id"),
        )
        .join(
            MaterialVersionRow,
            and_(
                MaterialVersionRow.material_id == MaterialRow.id,
                MaterialVersionRow.version == MaterialRow.version,
            ),
        )
        .where(which)
        .order_by(MaterialRow.session_id, MaterialRow.id)
    )
    return [_material(row) for row in rows]


def _material(row: Row[Any]) -> Material:
    values = dict(row._mapping)
    values["chat_id"] = values.pop("version_chat_id")
    return Material(
        **{
            **values,
            "state": State(values["state"]),
            "release": Release(values["release"]),
            "post": load(values["post"]),
        }
    )


# --- copies ---------------------------------------------------------------------------------------------


def copies(tx: Transaction, found: Material, versions: Sequence[int]) -> Which:
    """The rows of the outbox by which these versions went out, or were given to who asked."""
    waves = select(WaveRow.id).where(
        WaveRow.programme_id == found.programme_id,
        WaveRow.entry_id.in_([found.wave(version) for version in versions]),
    )
    return Which(tuple(tx.connection.scalars(waves)), outbox.handing_out(found.id))


def has_had(found: Material) -> ColumnElement[bool]:
    """Of somebody (`PersonRow`): whether they have a version before the one that holds, or were about to.

    By the log of what was sent, which is kept for 90 days.
    """
    on_the_way = or_(
        OutboxRow.state.in_(("owed", "held", "sending", "sent")),
        and_(OutboxRow.state == "withdrawn", OutboxRow.error == REPLACED),
    )
    handed_out = exists().where(
        OutboxRow.person_id == PersonRow.id,
        OutboxRow.reason.in_([found.wave(version) for version in range(1, found.version)]),
        on_the_way,
    )
    asked_for = (
        select(OutboxRow.person_id)
        .where(
            WAS_SHOWN,
            OutboxRow.about == outbox.handing_out(found.id),
            OutboxRow.person_id.is_not(None),
            on_the_way,
        )
        .correlate(None)
    )
    return or_(handed_out, PersonRow.id.in_(asked_for))


def is_in_the_making(tx: Transaction, found: Material, version: int) -> bool:
    """Whether there are people for whom that version has not been planned yet."""
    waiting = exists().where(
        WaveRow.programme_id == found.programme_id,
        WaveRow.entry_id == found.wave(version),
        WaveRow.state == "planning",
    )
    return bool(tx.connection.scalar(select(waiting)))


def withdraw_owed(tx: Transaction, found: Material, version: int, now: datetime, why: str) -> int:
    """What of a version is not sent yet is not sent any more; how many."""
    waves = select(WaveRow.id).where(
        WaveRow.programme_id == found.programme_id, WaveRow.entry_id == found.wave(version)
    )
    statement = (
        update(OutboxRow)
        .where(OutboxRow.wave_id.in_(waves), OutboxRow.state.in_(("owed", "held")))
        .values(state="withdrawn", settled_at=now, error=why)
    )
    return tx.connection.execute(statement).rowcount


# --- sessions without any -------------------------------------------------------------------------------


def say_none(tx: Transaction, programme_id: str, session_id: str, said_by: int, now: datetime) -> None:
    """There will be no material of that session."""
    values = {"programme_id": programme_id, "session_id": session_id, "said_by": said_by, "said_at": now}
    tx.connection.execute(insert_new(tx.connection, NoMaterialRow, values))


def unsay_none(tx: Transaction, programme_id: str, session_id: str) -> None:
    """There will be material, after all."""
    tx.connection.execute(
        delete(NoMaterialRow).where(
            NoMaterialRow.programme_id == programme_id, NoMaterialRow.session_id == session_id
        )
    )


def without(tx: Transaction, programme_id: str) -> frozenset[str]:
    """The sessions of which it was said that there will be none."""
    return frozenset(
        tx.connection.scalars(
            select(NoMaterialRow.session_id).where(NoMaterialRow.programme_id == programme_id)
        )
    )
