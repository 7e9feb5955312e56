"""The tables, as SQLAlchemy's typed models.

Use cases work through `select()`, `insert()` and `update()` on them (SQLAlchemy Core), not through
sessions: on the hot path an ORM object costs several times its row (docs/decisions/).
Migrations in `migrations/` follow these models, and a test says when they no longer do.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, ClassVar, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


def _as_utc(value: datetime | None) -> datetime | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError(f"a naive datetime for the database: {value!r}")
    return value.astimezone(UTC)


@lru_cache(maxsize=256)  # a few instants are written thousands of times: with each answer of one batch
def _as_text(value: datetime | None) -> str | None:
    utc = _as_utc(value)
    return None if utc is None else utc.replace(tzinfo=None).isoformat(" ", "microseconds")


@lru_cache(maxsize=256)  # ... and read: with each row of a wave
def _as_instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware on the Python side, UTC in the database; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        """Turn an aware instant into UTC; for SQLite into its text, for PostgreSQL's driver as it is."""
        return _as_text if dialect.name == "sqlite" else _as_utc

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """Give the instant back aware, and in UTC."""
        return _as_instant if dialect.name == "sqlite" else _as_utc


# SQLite numbers rows by itself only in a column of exactly INTEGER; PostgreSQL wants 64 bits.
Id = BigInteger().with_variant(Integer(), "sqlite")


class Base(DeclarativeBase):
    """What all tables share: constraint names that are the same on every engine."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime(),
        dict[str, Any]: JSON(),
        list[int]: JSON(),
        list[str]: JSON(),
        list[list[str]]: JSON(),
        list[dict[str, Any]]: JSON(none_as_null=True),
        str: Text(),
        bytes: LargeBinary(),
    }


def _partial(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    # PostgreSQL's half follows in `for_migrations`: SQLAlchemy would load its dialect for it at every start.
    return Index(name, *columns, unique=unique, sqlite_where=text(where), info={"where": where})


def for_migrations() -> MetaData:
    """All tables as Alembic is to see them: partial indexes are so on either engine."""
    for table in Base.metadata.tables.values():
        for index in table.indexes:
            if where := index.info.get("where"):
                index.dialect_kwargs["postgresql_where"] = text(where)
    return Base.metadata


class PersonRow(Base):
    """Somebody of a programme. No NIK, no telephone number, no mail address: they are not needed."""

    __tablename__ = "people"
    __table_args__ = (
        UniqueConstraint("programme_id", "nip"),
        Index("ix_people_name", "programme_id", "name", "id"),  # lists of people by name, page by page
        # How far people have come, counted without looking at each.
        Index("ix_people_standing", "programme_id", "role", "is_test", "withdrawn_at", "consented_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    programme_id: Mapped[str] = mapped_column(index=True)
    nip: Mapped[str | None] = mapped_column(String(18))
    name: Mapped[str]
    role: Mapped[str] = mapped_column(default="participant")
    office: Mapped[str] = mapped_column(default="")
    province: Mapped[str | None]
    wave: Mapped[str | None]
    class_: Mapped[str | None] = mapped_column("class")
    group: Mapped[str | None] = mapped_column("group_name")
    language: Mapped[str] = mapped_column(String(2), default="id")
    zone: Mapped[str] = mapped_column(String(4))
    origin: Mapped[str] = mapped_column(default="roster")  # roster | approval | open | invitation
    is_test: Mapped[bool] = mapped_column(default=False)
    first_login: Mapped[date | None]
    consented_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    joined_at: Mapped[datetime | None]
    # The claim link: its code is derived from the row and the serial, so nothing secret is stored here.
    claim_serial: Mapped[int] = mapped_column(default=1)
    claim_expires_at: Mapped[datetime | None]
    claimed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


_CLOSED = "reach != 'open'"

# A query whose rows are those of a partial index says it literally as the index does: the planners compare
# text, and a bound parameter is none.
IS_CLOSED: Final = text(f"chats.{_CLOSED}")


class ChatRow(Base):
    """A private chat with the bot, whether or not it is known who it is."""

    __tablename__ = "chats"
    __table_args__ = (
        # The few that cannot be written to.
        _partial(
            "ix_chats_closed",
            "person_id",
            where=_CLOSED,
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)  # Telegram's
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"), unique=True)
    language: Mapped[str] = mapped_column(String(2), default="id")
    reach: Mapped[str] = mapped_column(default="open")  # domain.people.Reach
    reach_changed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class RequestRow(Base):
    """Somebody who asks to be let in, for a coordinator to decide."""

    __tablename__ = "enrolment_requests"
    __table_args__ = (Index("ix_enrolment_requests_open", "programme_id", "state"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    programme_id: Mapped[str]
    chat_id: Mapped[int] = mapped_column(BigInteger, index=True)
    kind: Mapped[str]  # no_link | second_claimant
    name: Mapped[str]
    office: Mapped[str] = mapped_column(default="")
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(default="open")  # open | approved | refused | moot
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))


class DialogueRow(Base):
    """What a chat is in the middle of: a state that survives a restart."""

    __tablename__ = "dialogues"

    chat_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str]  # enrolment | journal
    state: Mapped[dict[str, Any]]
    updated_at: Mapped[datetime]


class ModuleDoneRow(Base):
    """A module that somebody says they have finished."""

    __tablename__ = "modules_done"

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    module_id: Mapped[str] = mapped_column(primary_key=True)
    done_at: Mapped[datetime]


class QuizAttemptRow(Base):
    """One run through a quiz."""

    __tablename__ = "quiz_attempts"
    __table_args__ = (Index("ix_quiz_attempts_of", "quiz_id", "attempt", "person_id"),)

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    quiz_id: Mapped[str] = mapped_column(primary_key=True)
    attempt: Mapped[int] = mapped_column(primary_key=True)
    asked: Mapped[list[str]]  # question ids, in the order in which they were put
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    right: Mapped[int | None] = mapped_column("right_answers")
    questions: Mapped[int]


class QuizAnswerRow(Base):
    """One answer, keyed on what was asked, never on the update that brought it."""

    __tablename__ = "quiz_answers"

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    quiz_id: Mapped[str] = mapped_column(primary_key=True)
    attempt: Mapped[int] = mapped_column(primary_key=True)
    question_id: Mapped[str] = mapped_column(primary_key=True)
    options: Mapped[list[int]]
    correct: Mapped[bool]
    answered_at: Mapped[datetime]


class QuizPollRow(Base):
    """Which question a poll in a chat was; written with the outcome of sending it."""

    __tablename__ = "quiz_polls"
    __table_args__ = (Index("ix_quiz_polls_asked", "person_id", "quiz_id", "attempt", "question_id"),)

    poll_id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    quiz_id: Mapped[str]
    attempt: Mapped[int]
    question_id: Mapped[str]
    message_id: Mapped[int] = mapped_column(BigInteger)
    sent_at: Mapped[datetime]


class JournalEntryRow(Base):
    """Somebody's entry for a prompt; written in one or several messages, its parts."""

    __tablename__ = "journal_entries"
    __table_args__ = (UniqueConstraint("person_id", "prompt_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    prompt_id: Mapped[str]
    state: Mapped[str] = mapped_column(default="draft")  # draft | submitted
    started_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]  # by a coordinator, first
    revision_asked_at: Mapped[datetime | None]  # since it was submitted last


class JournalPartRow(Base):
    """One message of a journal entry; `text` is its newest wording."""

    __tablename__ = "journal_parts"
    __table_args__ = (UniqueConstraint("chat_id", "message_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("journal_entries.id", ondelete="CASCADE"), index=True)
    chat_id: Mapped[int] = mapped_column(BigInteger)
    message_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(default="text")  # text | photo | document
    text: Mapped[str] = mapped_column(default="")
    file_id: Mapped[str | None]
    written_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]


class JournalRevisionRow(Base):
    """An earlier wording of a part, kept when its message was edited."""

    __tablename__ = "journal_revisions"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    part_id: Mapped[int] = mapped_column(ForeignKey("journal_parts.id", ondelete="CASCADE"), index=True)
    text: Mapped[str]
    replaced_at: Mapped[datetime]


class WaveRow(Base):
    """One ringing of a timetable entry in a zone: what was planned, or missed."""

    __tablename__ = "waves"
    __table_args__ = (UniqueConstraint("programme_id", "entry_id", "zone", "due_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    programme_id: Mapped[str]
    entry_id: Mapped[str]
    zone: Mapped[str]
    due_at: Mapped[datetime]
    everybody_by: Mapped[datetime]
    not_after: Mapped[datetime]
    planned_at: Mapped[datetime]
    people: Mapped[int]
    # planning (in the making) | planned | missed | stopped (too many failed, the rest is held) | cancelled
    # | moved (its entry was moved or skipped; taken up again where that is undone)
    state: Mapped[str]
    planned_to: Mapped[int | None] = mapped_column(BigInteger)  # in the making: as far as this person, by id
    # In the making, and not the timetable's: what is left to be done for it (usecases.slices).
    rest: Mapped[list[dict[str, Any]] | None]
    # As the forecast had it last: when its last person will have it.
    last_expected_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]
    resumed_at: Mapped[datetime | None]  # what failed before then is forgiven


class WarningRow(Base):
    """What coordinators were warned of: a wave that cannot be in time, or stopped by itself."""

    __tablename__ = "wave_warnings"
    __table_args__ = (UniqueConstraint("programme_id", "key"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    programme_id: Mapped[str]
    key: Mapped[str]  # what makes it the same warning: entry, moment, kind
    kind: Mapped[str]  # domain.forecast.Kind
    entry_id: Mapped[str]
    zones: Mapped[str]  # "WIB WITA"
    due_at: Mapped[datetime]
    everybody_by: Mapped[datetime]
    last_at: Mapped[datetime | None]  # when the last person was then expected to have it
    people: Mapped[int]
    affected: Mapped[int]  # how many of them late, or refused
    noted_at: Mapped[datetime]


_ASTRAY = "state NOT IN ('owed', 'sending', 'sent')"

# Of partial indexes, as `IS_CLOSED`; `OPEN` without the table, for its aliases.
OPEN: Final = "state IN ('owed', 'sending')"
IS_OPEN: Final = text(f"outbox.{OPEN}")
IS_ASTRAY: Final = text(f"outbox.{_ASTRAY}")
WAS_SHOWN: Final = text("outbox.lane = 0 AND outbox.about IS NOT NULL")


class OutboxRow(Base):
    """A message that is owed until it is sent (DESIGN, "Outward")."""

    __tablename__ = "outbox"
    __table_args__ = (
        # The promise "nothing twice": one row a person (or stranger's chat) and reason.
        Index("uq_outbox_person", "person_id", "reason", unique=True),
        _partial(
            "uq_outbox_stranger",
            "chat_id",
            "reason",
            unique=True,
            where="person_id IS NULL",
        ),
        # What the sender asks for, in its order; sent rows are not in it, so it stays small.
        _partial(
            "ix_outbox_due",
            "lane",
            "everybody_by",
            "id",
            where=OPEN,
        ),
        # What else is open for the same person, or chat: their messages go one after the other.
        _partial(
            "ix_outbox_open",
            "person_id",
            "chat_id",
            where=OPEN,
        ),
        # How much is on its way, and of what: added up in the order of the index, without a look at the rows.
        _partial(
            "ix_outbox_waiting",
            "wave_id",
            "lane",
            "everybody_by",
            "due_at",
            "state",
            where=OPEN,
        ),
        # How far a wave has got: its messages by state.
        Index("ix_outbox_wave", "wave_id", "state"),
        # What did not simply arrive: few, and looked for among millions that did.
        _partial(
            "ix_outbox_astray",
            "state",
            "id",
            where=_ASTRAY,
        ),
        _partial(
            "ix_outbox_copy_of",
            "copy_of",
            where="copy_of IS NOT NULL",
        ),
        # Sessions that were shown to somebody who asked: few, and to be found where one is corrected.
        _partial(
            "ix_outbox_shown",
            "about",
            where="lane = 0 AND about IS NOT NULL",
        ),
        CheckConstraint("person_id IS NOT NULL OR chat_id IS NOT NULL", name="recipient"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    chat_id: Mapped[int | None] = mapped_column(BigInteger)  # the stranger's, or the one it was sent to
    wave_id: Mapped[int | None] = mapped_column(ForeignKey("waves.id", ondelete="SET NULL"))
    reason: Mapped[str]
    message: Mapped[dict[str, Any]]  # storage.messages
    lane: Mapped[int]
    due_at: Mapped[datetime]  # not before
    everybody_by: Mapped[datetime]
    not_after: Mapped[datetime]
    # What a reminder is about ("module:loyal"): it is withdrawn when that has been done meanwhile.
    # Of a reply, the session that it shows.
    about: Mapped[str | None]
    # owed | sending | held (its wave is stopped) | sent | gone | expired | failed | withdrawn
    # | folded (into a digest)
    state: Mapped[str] = mapped_column(default="owed")
    attempts: Mapped[int] = mapped_column(default=0)
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    error: Mapped[str | None]
    created_at: Mapped[datetime]
    # The row whose copy this one is to revise or to recall; no foreign key, the log of it may be pruned.
    copy_of: Mapped[int | None] = mapped_column(BigInteger)
    # Of an album: the messages after the first.
    more_ids: Mapped[list[int] | None]
    settled_at: Mapped[datetime | None]  # since when it is neither owed nor being sent


class UpdateRow(Base):
    """An update that was handled: Telegram may hand it over again, and it is then only confirmed."""

    __tablename__ = "updates_handled"

    update_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    handled_at: Mapped[datetime] = mapped_column(index=True)


class SecretRow(Base):
    """A random key made at first start (claim codes are signed with it)."""

    __tablename__ = "secrets"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class StateRow(Base):
    """Small facts about the installation: until when the timetable was looked at, the bot's own id."""

    __tablename__ = "state"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


# --- coordinators ----------------------------------------------------------------------------------------


class ScopeRow(Base):
    """One office, province or group to which a coordinator is limited; without any, they see everybody."""

    __tablename__ = "scopes"

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)  # domain.staff.KINDS
    value: Mapped[str] = mapped_column(primary_key=True)


class InvitationRow(Base):
    """A link that makes whoever opens it first a coordinator or a speaker; its code is derived, not kept."""

    __tablename__ = "invitations"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    programme_id: Mapped[str] = mapped_column(index=True)
    role: Mapped[str]
    name: Mapped[str]  # whom it is meant for
    scope: Mapped[list[list[str]]]  # domain.staff.Scope.pairs
    # What a speaker is bound to: sessions' ids.
    sessions: Mapped[list[str]]
    made_by: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    used_by: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    revoked_at: Mapped[datetime | None]


class SpeakerRow(Base):
    """A session at which somebody speaks."""

    __tablename__ = "speakers"

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    session_id: Mapped[str] = mapped_column(primary_key=True)


class AuditRow(Base):
    """Who did what, when, on whom. Rows are added, never changed (`bot.storage.append_only`).

    Names and ids are copies: they stay when the person is erased.
    """

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_of", "programme_id", "id"), Index("ix_audit_on", "kind", "subject"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    programme_id: Mapped[str | None]
    actor_id: Mapped[int | None] = mapped_column(BigInteger)  # None: the command line
    actor: Mapped[str]
    action: Mapped[str]  # domain.audit.Action
    kind: Mapped[str]  # what `subject` is: person, announcement, entry, session …
    subject: Mapped[str]
    people: Mapped[int | None]  # how many it concerned
    details: Mapped[dict[str, Any]]


class JournalCommentRow(Base):
    """What a coordinator wrote to somebody about their journal entry."""

    __tablename__ = "journal_comments"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    entry_id: Mapped[int] = mapped_column(ForeignKey("journal_entries.id", ondelete="CASCADE"), index=True)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    author: Mapped[str]  # a copy: it stays when the coordinator goes
    text: Mapped[str]
    asks_revision: Mapped[bool]
    made_at: Mapped[datetime]


# --- announcements ---------------------------------------------------------------------------------------


class AnnouncementRow(Base):
    """What a coordinator says to many, and how far it has got."""

    __tablename__ = "announcements"
    __table_args__ = (Index("ix_announcements_of", "programme_id", "id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    programme_id: Mapped[str]
    author_id: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    author: Mapped[str]  # the name, which stays when the person is erased
    chat_id: Mapped[int | None] = mapped_column(BigInteger)  # where its progress is told
    album: Mapped[str | None]  # Telegram's id of the album that it is being made of
    state: Mapped[str]  # domain.announcements.State
    version: Mapped[int] = mapped_column(default=1)  # the one that is (to be) sent
    whom: Mapped[dict[str, Any]]  # domain.announcements.Whom
    urgent: Mapped[bool] = mapped_column(default=False)  # goes through sending windows
    send_at: Mapped[datetime | None]
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    approved_at: Mapped[datetime | None]
    people: Mapped[int] = mapped_column(default=0)  # for how many it was owed
    never: Mapped[int] = mapped_column(default=0)  # ... and how many of those meant have never started
    blocked: Mapped[int] = mapped_column(default=0)  # ... or have blocked the bot
    # The waves under way, by name: its own, a correction's, a recall's.
    works: Mapped[list[str]]
    progress: Mapped[int] = mapped_column(default=0)  # how many progress messages there have been
    told: Mapped[str] = mapped_column(default="")  # what the newest of them says, in short
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    recalled_at: Mapped[datetime | None]


class AnnouncementVersionRow(Base):
    """One wording of an announcement; which one holds, the announcement says."""

    __tablename__ = "announcement_versions"

    announcement_id: Mapped[int] = mapped_column(
        ForeignKey("announcements.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True)
    post: Mapped[dict[str, Any]]  # domain.posts
    # draft (to be looked at, or decided on) | waiting (for a second coordinator) | used | refused
    state: Mapped[str] = mapped_column(default="draft")
    written_by: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    written_at: Mapped[datetime]


class AudienceRow(Base):
    """An audience that coordinators gave a name, to choose it again."""

    __tablename__ = "audiences"
    __table_args__ = (UniqueConstraint("programme_id", "name"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    programme_id: Mapped[str]
    name: Mapped[str]
    whom: Mapped[dict[str, Any]]  # domain.announcements.Whom
    made_by: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    made_at: Mapped[datetime]


class GroupChatRow(Base):
    """A group or channel that the bot was added to by a coordinator."""

    __tablename__ = "group_chats"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)  # Telegram's
    programme_id: Mapped[str] = mapped_column(index=True)
    title: Mapped[str]
    kind: Mapped[str]  # group | supergroup | channel
    added_by: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    added_at: Mapped[datetime]
    asked: Mapped[bool] = mapped_column(default=True)  # whoever added it has yet to say what it is for
    left_at: Mapped[datetime | None]


class GroupTopicRow(Base):
    """A topic of such a group, as far as the bot has heard of it."""

    __tablename__ = "group_topics"

    chat_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    topic: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    title: Mapped[str]  # empty: not heard yet
    closed: Mapped[bool] = mapped_column(default=False)


class FileRow(Base):
    """What somebody is to be sent as a file, until it expires; see `bot.storage.files`."""

    __tablename__ = "files"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    content: Mapped[bytes]  # JSON, compressed
    expires_at: Mapped[datetime] = mapped_column(index=True)


# --- the pages -------------------------------------------------------------------------------------------


class SignInRow(Base):
    """A link by which somebody signs in to the pages, once."""

    __tablename__ = "sign_ins"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)  # domain.sign_ins.digest
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class BrowserRow(Base):
    """A browser that is signed in to the pages; gone once it is signed out."""

    __tablename__ = "browsers"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    signed_in_at: Mapped[datetime]
    seen_at: Mapped[datetime]  # some minutes behind
    expires_at: Mapped[datetime] = mapped_column(index=True)  # at the latest


class ExcuseRow(Base):
    """What somebody need not do, or may do until later: it is not lacking then, and not reminded of.

    `kind` and `item` as in `domain.programme.Target`, "*" for all.
    """

    __tablename__ = "excuses"

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    item: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[datetime | None] = mapped_column(index=True)  # a deadline that was extended; None: for good
    made_by: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    made_at: Mapped[datetime]


class NoRecapRow(Base):
    """A coordinator who does not want the daily recap."""

    __tablename__ = "recaps_off"

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    since: Mapped[datetime]


class CorrectionRow(Base):
    """What a coordinator has corrected of a programme's timetable. Rows stay: what is undone says since when.

    One at a time stands for an entry or a session; another one of it ends it, at the moment it is made.
    """

    __tablename__ = "corrections"
    __table_args__ = (
        _partial(
            "uq_corrections_standing",
            "programme_id",
            "kind",
            "item",
            unique=True,
            where="undone_at IS NULL",
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    programme_id: Mapped[str]
    kind: Mapped[str]  # domain.corrections.Kind
    item: Mapped[str]  # the entry's or the session's id
    change: Mapped[dict[str, Any]]  # storage.catalogues.dump
    stated: Mapped[dict[str, Any]]  # what the files said of it when it was made
    made_by: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    made_by_name: Mapped[str]
    made_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]


# --- live sessions: their life, who cannot get in, what it was like ---------------------------------------


class SessionLifeRow(Base):
    """A step of a session's life that was made (`bot.domain.sessions`); gone once it is undone."""

    __tablename__ = "session_lives"

    programme_id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)  # domain.sessions.State
    made_at: Mapped[datetime]


class SessionTroubleRow(Base):
    """Somebody who said that they cannot get into a session; `over_at`: since when they can."""

    __tablename__ = "session_troubles"

    programme_id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    said_at: Mapped[datetime]  # the last time
    over_at: Mapped[datetime | None]


class FeedbackRow(Base):
    """What somebody answered after a session: 1 to 5, and perhaps a sentence."""

    __tablename__ = "feedback"

    programme_id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    rating: Mapped[int]
    sentence: Mapped[str] = mapped_column(default="")
    given_at: Mapped[datetime]


# --- attendance -------------------------------------------------------------------------------------------


class EvidenceRow(Base):
    """One piece of evidence that somebody was (or says they were) at a session. Rows are never changed."""

    __tablename__ = "attendance_evidence"
    __table_args__ = (
        # The same piece again is none: `key` tells pieces of a kind apart.
        UniqueConstraint("person_id", "session_id", "kind", "key"),
        Index("ix_attendance_evidence_session", "programme_id", "session_id", "kind"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    programme_id: Mapped[str]
    session_id: Mapped[str]
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    kind: Mapped[str]  # domain.attendance.Kind
    key: Mapped[str]
    leg: Mapped[str | None]  # in | out
    at: Mapped[datetime]  # when they did it
    received_at: Mapped[datetime | None]  # when it came here, if much later
    counts: Mapped[bool]
    minutes: Mapped[int | None]  # in Zoom
    since: Mapped[datetime | None]  # joined Zoom
    until: Mapped[datetime | None]  # left it
    step: Mapped[int | None] = mapped_column(BigInteger)  # of a code
    lag: Mapped[int | None]  # seconds since that code came up; of a code that was none: NULL
    note: Mapped[str] = mapped_column(default="")  # the name in Zoom, a coordinator's reason
    made_by: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    made_by_name: Mapped[str] = mapped_column(default="")


class AttendanceRow(Base):
    """What all the evidence of somebody at a session comes to (domain.attendance.Standing)."""

    __tablename__ = "attendance"
    __table_args__ = (Index("ix_attendance_grade", "programme_id", "session_id", "grade"),)

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    session_id: Mapped[str] = mapped_column(primary_key=True)
    programme_id: Mapped[str]
    grade: Mapped[str]
    arrived_at: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    minutes: Mapped[int | None]
    decided: Mapped[bool]
    contested: Mapped[bool]
    updated_at: Mapped[datetime]


class ZoomNameRow(Base):
    """A name of an imported Zoom report that is not surely somebody's, or was settled to be."""

    __tablename__ = "zoom_names"
    __table_args__ = (
        Index("ix_zoom_names_session", "programme_id", "session_id", "state"),
        Index("ix_zoom_names_name", "programme_id", "plain"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    programme_id: Mapped[str]
    session_id: Mapped[str]
    report: Mapped[str]  # what tells reports apart
    name: Mapped[str]
    original: Mapped[str]
    plain: Mapped[str]  # the name by which another report's is the same
    minutes: Mapped[int]
    since: Mapped[datetime | None]
    until: Mapped[datetime | None]
    perhaps: Mapped[list[int]]  # whom it may be, the likeliest first
    people: Mapped[list[int]]  # whom it was settled to be
    state: Mapped[str]  # open | settled | nobody
    imported_at: Mapped[datetime]
    settled_by: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))


# --- questions to the speaker, and live quizzes -----------------------------------------------------------


class QuestionRow(Base):
    """What a participant asks a session's speaker."""

    __tablename__ = "questions"
    __table_args__ = (Index("ix_questions_of", "programme_id", "session_id", "id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    programme_id: Mapped[str]
    session_id: Mapped[str]
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    anonymous: Mapped[bool] = mapped_column(default=False)  # the speaker is not told who asks
    text: Mapped[str]
    state: Mapped[str] = mapped_column(default="open")  # domain.questions.State
    asked_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]  # since when it stands so
    settled_by: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    answer: Mapped[str | None]  # in writing
    answers: Mapped[int] = mapped_column(default=0)  # how many wordings of it there have been
    answered_at: Mapped[datetime | None]


class QuestionSupportRow(Base):
    """Somebody who wants to know that too."""

    __tablename__ = "question_supports"

    question_id: Mapped[int] = mapped_column(ForeignKey("questions.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    supported_at: Mapped[datetime]


class LiveQuizRow(Base):
    """A question that a speaker puts to a session; the rules are those that held when it was launched."""

    __tablename__ = "live_quizzes"
    __table_args__ = (Index("ix_live_quizzes_of", "programme_id", "session_id", "id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    programme_id: Mapped[str]
    session_id: Mapped[str]
    author_id: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    author: Mapped[str]  # a copy: it stays when the person goes
    question: Mapped[dict[str, Any]]  # storage.live_quiz: in both languages
    scored: Mapped[bool]  # it has a right answer
    whom: Mapped[str] = mapped_column(default="all")  # all | present
    state: Mapped[str] = mapped_column(default="draft")  # domain.live_quiz.State
    seconds: Mapped[int]
    votes: Mapped[str]  # first | last
    wave_id: Mapped[int | None] = mapped_column(ForeignKey("waves.id", ondelete="SET NULL"))
    people: Mapped[int] = mapped_column(default=0)  # for how many it was owed
    created_at: Mapped[datetime]
    launched_at: Mapped[datetime | None]
    revealed_at: Mapped[datetime | None]


class LivePollRow(Base):
    """Somebody's copy of a live question; written with the outcome of sending it, when their time begins."""

    __tablename__ = "live_quiz_polls"
    __table_args__ = (Index("ix_live_quiz_polls_of", "live_quiz_id", "person_id"),)

    poll_id: Mapped[str] = mapped_column(primary_key=True)
    live_quiz_id: Mapped[int] = mapped_column(ForeignKey("live_quizzes.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    message_id: Mapped[int] = mapped_column(BigInteger)
    sent_at: Mapped[datetime]


class LiveVoteRow(Base):
    """What counts of somebody's votes on a live question (`domain.live_quiz.Standing`)."""

    __tablename__ = "live_quiz_votes"

    live_quiz_id: Mapped[int] = mapped_column(
        ForeignKey("live_quizzes.id", ondelete="CASCADE"), primary_key=True
    )
    person_id: Mapped[int] = mapped_column(
        ForeignKey("people.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    choice: Mapped[str]  # "0,2", ascending; empty: nothing counts
    correct: Mapped[bool | None]  # None: nothing counts, or there is no right answer
    millis: Mapped[int]  # from its delivery to the vote that counts
    votes: Mapped[int]  # how often they voted, or took a vote back
    late: Mapped[int]  # how many of those came too late
    voted_at: Mapped[datetime]  # last


class BoardRow(Base):
    """A screen in somebody's chat that is kept up to date, by the two rows of the outbox that edit it."""

    __tablename__ = "boards"

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)  # domain.messages.Board
    item: Mapped[str] = mapped_column(primary_key=True)
    # No foreign key: the log of what was sent may be pruned.
    edit_id: Mapped[int] = mapped_column(BigInteger)
    other_id: Mapped[int] = mapped_column(BigInteger)


# --- materials -------------------------------------------------------------------------------------------


class MaterialRow(Base):
    """What a speaker hands out at a session, and how far that has got."""

    __tablename__ = "materials"
    __table_args__ = (Index("ix_materials_of", "programme_id", "session_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    programme_id: Mapped[str]
    session_id: Mapped[str | None]  # None: it has yet to be said
    author_id: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    author: Mapped[str]  # the name, which stays when the person is erased
    chat_id: Mapped[int | None] = mapped_column(BigInteger)  # where the author sent it
    album: Mapped[str | None]  # Telegram's id of the album that it is being made of
    state: Mapped[str]  # domain.materials.State
    release: Mapped[str]  # domain.materials.Release
    version: Mapped[int] = mapped_column(default=1)  # the one that holds
    replaces: Mapped[int | None] = mapped_column(
        BigInteger
    )  # a draft: it is to be a newer version of that one
    made_at: Mapped[datetime]
    released_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]


class MaterialVersionRow(Base):
    """One version of a material; earlier ones stay, their copies in chats refer to them."""

    __tablename__ = "material_versions"

    material_id: Mapped[int] = mapped_column(ForeignKey("materials.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    post: Mapped[dict[str, Any]]  # domain.posts
    name: Mapped[str]  # what it is called in lists
    chat_id: Mapped[int | None] = mapped_column(BigInteger)
    written_by: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    written_at: Mapped[datetime]


class NoMaterialRow(Base):
    """A session of which its speaker says that there will be no material."""

    __tablename__ = "sessions_without_material"

    programme_id: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(primary_key=True)
    said_by: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    said_at: Mapped[datetime]


# --- polls that were announced ----------------------------------------------------------------------------


class AnnouncedPollRow(Base):
    """Somebody's copy of an announced poll, and what they chose in it last; only totals are ever shown."""

    __tablename__ = "announcement_polls"
    __table_args__ = (Index("ix_announcement_polls_of", "announcement_id", "choice"),)

    poll_id: Mapped[str] = mapped_column(primary_key=True)
    announcement_id: Mapped[int] = mapped_column(ForeignKey("announcements.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    choice: Mapped[str] = mapped_column(default="")  # "0,2", ascending; empty: no vote, or taken back
    voted_at: Mapped[datetime | None]
