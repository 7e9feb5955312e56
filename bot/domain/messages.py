"""What the bot can be asked to do in a chat: values that a use case returns and the outbox keeps.

A message names a text key or a place in the programme, never a sentence: the words, the reader's
language and zone, and today's Zoom link are put in when it is sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import IntEnum
from typing import TypeAlias

from bot.domain.language import Localised
from bot.domain.live_quiz import Question
from bot.domain.posts import Post
from bot.domain.programme import Local

Value: TypeAlias = "str | int | date | datetime | Local | Localised | Say | Written | tuple[Say, ...]"
"""What a text's placeholder takes.

A `str` comes from a person and is escaped; a `Localised` comes from `content/` or `schedules/` and may hold
Telegram's HTML. A `datetime` is an instant (aware; shown in the reader's own zone with the other zones
beside it), a `Local` that time in the reader's own zone, a `date` a calendar day, a tuple of `Say` one
line each.
"""


@dataclass(frozen=True, slots=True)
class Say:
    """A text by its key in `content/texts`, with what its placeholders take."""

    key: str
    params: Mapping[str, Value] = field(default_factory=dict)
    buttons: tuple[tuple["Button", ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """A text that organisers wrote in a schedule, with what its placeholders take.

    {nama} and {satker} are the reader's and always there.
    """

    text: Localised
    params: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tap:
    """What a button carries back, in Telegram's 64 bytes: a feature's action, its item, a choice."""

    action: str
    item: str = ""
    choice: str = ""

    def encode(self) -> str:
        """The button's `callback_data`; raises ValueError where it would not fit or not come back alike."""
        if ":" in self.action or ":" in self.item:
            raise ValueError(f"a colon in {self!r}")
        data = f"{self.action}:{self.item}:{self.choice}"
        if len(data.encode()) > 64:
            raise ValueError(f"over 64 bytes: {data}")
        return data

    @classmethod
    def decode(cls, data: str) -> "Tap":
        """Read `callback_data` back; whatever it is, a `Tap` comes of it (a foreign one matches nothing)."""
        action, _, rest = data.partition(":")
        item, _, choice = rest.partition(":")
        return cls(action, item, choice)


@dataclass(frozen=True, slots=True)
class Link:
    """A button that opens an address."""

    url: str


@dataclass(frozen=True, slots=True)
class Button:
    """One button under a message."""

    label: Say | Localised | str
    does: Tap | Link


@dataclass(frozen=True, slots=True)
class Scheduled:
    """The message of one timetable entry, worded from the programme as it stands when it is sent."""

    programme: str
    entry: str


@dataclass(frozen=True, slots=True)
class Ask:
    """One quiz question, as a native quiz poll."""

    quiz: str
    attempt: int
    question: str


@dataclass(frozen=True, slots=True)
class Invite:
    """A session's calendar file (.ics)."""

    programme: str
    session: str


@dataclass(frozen=True, slots=True)
class SessionCard:
    """A session's card, worded from the programme as it stands when it is sent; `lead` stands above it.

    `stuck`: for who could not get in, and is asked to say when they are. `materials`: some are out.
    """

    programme: str
    session: str
    lead: Say | None = None
    stuck: bool = False
    materials: bool = False


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the text and buttons of a message the bot sent."""

    message_id: int
    say: Say


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete a message of the chat (the bot's own, or a person's in a private chat)."""

    message_id: int


Cell: TypeAlias = "str | int | date | datetime | Say | None"


@dataclass(frozen=True, slots=True)
class Table:
    """What a spreadsheet shows: worded for its reader when it is sent, instants in the reader's zone.

    `notes` have a sheet of their own: what this is, of when, and that it is not to be passed on.
    """

    title: Say
    columns: tuple[Say, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[Say, ...] = ()


@dataclass(frozen=True, slots=True)
class File:
    """A document that was made for somebody and kept (`bot.storage.files`): a table as XLSX, or a text.

    `content` is put in when it is sent; the outbox has the id only.
    """

    id: int
    name: str
    caption: Say
    content: Table | str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Bar:
    """How many of how many."""

    label: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars one below the other, each with what it counts printed."""

    title: Say
    bars: tuple[Bar, ...]
    legend: tuple[Say, Say]  # of what is done, and of what is lacking
    source: Say  # what was counted, when


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart, drawn when it is sent."""

    chart: Chart
    caption: Say


@dataclass(frozen=True, slots=True)
class Revise:
    """Make an earlier message, the copy that the row in the outbox names, say what it says by now."""


@dataclass(frozen=True, slots=True)
class Recall:
    """Delete an earlier message, the copy that the row names; where Telegram refuses, `note` replaces it.

    `by_note`: it is known already that it cannot be deleted.
    """

    note: Say | None = None
    by_note: bool = False


@dataclass(frozen=True, slots=True)
class Announcement:
    """An announcement, as it stands when it is sent; with a `version`, as it stands in that one.

    `topic`: where in a group with topics.
    """

    id: int
    version: int | None = None
    topic: int | None = None


@dataclass(frozen=True, slots=True)
class Material:
    """A material of a session, in that version; once there is a newer one, a copy of it says so."""

    id: int
    version: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an announcement has got, as it is when this is sent."""

    announcement: int


@dataclass(frozen=True, slots=True)
class Board:
    """A screen, worded as things stand when it is sent, or edited: of which `kind`, of which `item`."""

    kind: str
    item: str


@dataclass(frozen=True, slots=True)
class AskLive:
    """A live question, as a poll of the reader's own.

    `question`, and whether a vote may be changed, are put in when it is sent.
    """

    live_quiz: int
    question: Question | None = field(default=None, repr=False)
    changeable: bool = False


Message: TypeAlias = (
    Say
    | Scheduled
    | Ask
    | Invite
    | SessionCard
    | Edit
    | Delete
    | File
    | Picture
    | Revise
    | Recall
    | Announcement
    | Material
    | Progress
    | Board
    | AskLive
)
"""What the outbox keeps. Some refer to what is looked up when the message is begun: see `Sendable`."""


@dataclass(frozen=True, slots=True)
class Handout:
    """A material as its readers get it: its session named above its words. `old`: there is a newer version.

    `chat_id` is where its author sent it, for what is handed out as a copy of that.
    """

    programme: str
    session: str
    post: Post
    version: int = 1
    old: bool = False
    chat_id: int | None = None


@dataclass(frozen=True, slots=True)
class Amend:
    """Make the messages `message_ids`, one copy (an album's are several), say what `says` says."""

    message_ids: tuple[int, ...]
    says: "Message | Post | Handout"


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Delete the messages `message_ids`, one copy; or, with a `note`, put that in the place of its words.

    `captioned`: the words are the caption of a file.
    """

    message_ids: tuple[int, ...]
    note: Say | None = None
    captioned: bool = False


Sendable: TypeAlias = Message | Amend | TakeBack | Post | Handout
"""What is given to the wire: all that was referred to is in it."""


class Lane(IntEnum):
    """Which messages go first, whatever their deadlines."""

    REPLY = 0  # to somebody who has just tapped or written, and waits
    SESSION = 1  # what a live session depends on
    REMINDER = 2  # everything else


@dataclass(frozen=True, slots=True)
class Fetch:
    """A file that somebody sent is wanted: it is fetched and read beside everything else.

    Only a coordinator who was asked for one has it fetched; it is not kept, and its message is deleted.
    `area` is which of the desk's areas it is for.
    """

    chat_id: int
    message_id: int
    file_id: str
    name: str
    area: str


@dataclass(frozen=True, slots=True)
class Crowded:
    """What comes of a file that is not read, because too many wait: it is to be sent again."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a use case answers: messages to send, a few words over the tapped button, a file that it wants."""

    messages: tuple[Message, ...] = ()
    toast: Say | None = None
    fetch: Fetch | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom a message is worded."""

    language: str
    zone: str
    name: str = ""
    office: str = ""
    programme: str = ""
