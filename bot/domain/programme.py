"""An orientation as its organisers wrote it: what is said, when, and to whom."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import TypeAlias

from bot.domain.language import Localised
from bot.domain.windows import SendingWindows
from bot.domain.zones import Zone

# --- what is said -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Module:
    """A self-paced module on the portal."""

    id: str
    title: Localised
    summary: Localised
    minutes: int
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Agenda:
    """A group of modules, in the order in which they are studied."""

    id: str
    title: Localised
    modules: tuple[Module, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A quiz question; `correct` holds the indexes of the right options, ascending."""

    id: str
    text: Localised
    options: tuple[Localised, ...]
    correct: tuple[int, ...]
    explanation: Localised


@dataclass(frozen=True, slots=True)
class Quiz:
    """A practice quiz; `attempts` is None where it may be taken as often as one likes."""

    id: str
    title: Localised
    intro: Localised
    questions: tuple[Question, ...]
    attempts: int | None = None

    def question(self, question_id: str) -> Question | None:
        """The question of that id, or None where the quiz (no longer) has it."""
        return next((q for q in self.questions if q.id == question_id), None)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a journal entry is to reflect on; fewer than `minimum_words` is asked about, kindly."""

    id: str
    title: Localised
    text: Localised
    minimum_words: int = 0


# --- when it is said ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Instant:
    """The same moment everywhere (aware UTC)."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Local:
    """That day and time wherever the person is (a zone at a time)."""

    day: date
    at: time


@dataclass(frozen=True, slots=True)
class AroundSession:
    """`offset` after a session's start (or end); negative is before."""

    session: str
    offset: timedelta
    end: bool = False


@dataclass(frozen=True, slots=True)
class PersonalDay:
    """Day `day` of the person's own course (day 1 is their first login), at that local time."""

    day: int
    at: time


@dataclass(frozen=True, slots=True)
class Recurring:
    """On those weekdays (0 is Monday) from `first` to `last`, both included, at that local time.

    Not on the days of `but`, which coordinators have skipped.
    """

    weekdays: tuple[int, ...]
    at: time
    first: date
    last: date
    but: tuple[date, ...] = ()


When: TypeAlias = Instant | Local | AroundSession | PersonalDay | Recurring


class Late(StrEnum):
    """What happens to a message whose time is over, but not yet its `not_after`."""

    SKIP = "skip"
    SEND = "send"
    DIGEST = "digest"


class Item(StrEnum):
    """What a participant can have done, or a message can be about."""

    MODULE = "module"
    QUIZ = "quiz"
    JOURNAL = "journal"
    SESSION = "session"


@dataclass(frozen=True, slots=True)
class Target:
    """One thing of the programme; an `id` of "*" means all of that kind."""

    kind: Item
    id: str


@dataclass(frozen=True, slots=True)
class Audience:
    """Conditions on a person, all of which must hold when the moment comes; an empty one always holds."""

    offices: tuple[str, ...] = ()
    provinces: tuple[str, ...] = ()
    zones: tuple[Zone, ...] = ()
    waves: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    not_done: tuple[Target, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timetable.

    `everybody_by` and `not_after` count from the entry's moment. `about` brings its card, buttons and
    variables; `text` is what the organisers say above the card. An `essential` entry goes through the
    sending windows: a live session depends on it. It may begin to go out `early` before its moment, where
    its last person would else have it after `everybody_by`: never by itself, since only the organisers
    know whether it is true before its moment ("here is the link" is, "we begin" is not).
    """

    id: str
    when: When
    text: Localised | None
    about: Target | None
    audience: Audience
    everybody_by: timedelta
    not_after: timedelta
    late: Late
    essential: bool
    early: timedelta = timedelta()
    skipped: bool = False  # by a coordinator: it never rings, and what was said of it can still be worded


@dataclass(frozen=True, slots=True)
class Meeting:
    """Where a session takes place."""

    url: str
    meeting_id: str
    passcode: str


@dataclass(frozen=True, slots=True)
class CheckIn:
    """How attendance at a session is taken.

    People check in from `opens` to `closes`, both counted from its start; out, where they are asked to, from
    `out_opens` to `out_closes`, both counted from its end (negative is before). `code`: whether the changing
    code that is shown in the session is asked for. `minutes` in Zoom, by its report, count as being there;
    None: the report is no evidence by itself.
    """

    opens: timedelta = timedelta(minutes=-45)
    closes: timedelta = timedelta(minutes=60)
    out_opens: timedelta | None = None
    out_closes: timedelta | None = None
    code: bool = True
    minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A live session; instants are aware UTC.

    Without a `check_in`, nobody's attendance is taken. `questions`: whether participants may ask the speaker;
    `feedback`: whether those who were there are asked how it was. `cancelled` by a coordinator.
    """

    id: str
    title: Localised
    room_opens: datetime
    starts: datetime
    ends: datetime
    meeting: Meeting
    stream: str | None = None
    check_in: CheckIn | None = None
    questions: bool = True
    feedback: bool = False
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class JournalTask:
    """A prompt, and until when its entry may be reopened (local time; None: the programme's end)."""

    prompt: Prompt
    deadline: Local | PersonalDay | None = None


Thing: TypeAlias = Module | Quiz | JournalTask | Session
"""What a target can name."""


class Votes(StrEnum):
    """Which of somebody's votes in a live question counts."""

    FIRST = "first"
    LAST = "last"


class Leaderboard(StrEnum):
    """Whom a live quiz ranks for all to see."""

    NONE = "none"
    OFFICE = "office"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class LiveRules:
    """How live questions are counted: within so many `seconds` of one's own copy's being delivered."""

    seconds: int = 60
    votes: Votes = Votes.FIRST
    leaderboard: Leaderboard = Leaderboard.OFFICE


class Enrolment(StrEnum):
    """How somebody without a claim link gets in."""

    CLOSED = "closed"
    APPROVAL = "approval"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Course:
    """The self-paced part: its length and how its personal days are counted.

    `working_days` False counts calendar days; whether LAN counts working days is not confirmed, so it
    is configuration.
    """

    days: int
    working_days: bool = False


@dataclass(frozen=True, slots=True)
class Portal:
    """Where the modules are; its name and address have changed before."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Programme:
    """One orientation for one cohort. `zone` is the one its instants were written in.

    `expected_people`: how many will take part, to look ahead with before they are there. `recap_at`: when, in
    `zone`, coordinators are told day by day who has not finished what; None: they are not.
    """

    id: str
    title: Localised
    zone: Zone
    first_day: date
    last_day: date
    portal: Portal
    enrolment: Enrolment
    course: Course
    agendas: tuple[Agenda, ...]
    quizzes: tuple[Quiz, ...]
    journal: tuple[JournalTask, ...]
    sessions: tuple[Session, ...]
    timetable: tuple[Entry, ...]
    windows: SendingWindows = field(default_factory=SendingWindows)
    contact: Localised | None = None
    expected_people: int | None = None
    approval: int | None = None  # announcements to more people than that want a second coordinator
    recap_at: time | None = None
    live: LiveRules = field(default_factory=LiveRules)

    @property
    def modules(self) -> tuple[Module, ...]:
        """All modules, in order."""
        return tuple(module for agenda in self.agendas for module in agenda.modules)

    def module(self, module_id: str) -> Module | None:
        """The module of that id, or None."""
        return next((m for m in self.modules if m.id == module_id), None)

    def quiz(self, quiz_id: str) -> Quiz | None:
        """The quiz of that id, or None."""
        return next((q for q in self.quizzes if q.id == quiz_id), None)

    def task(self, prompt_id: str) -> JournalTask | None:
        """The journal task of that prompt, or None."""
        return next((t for t in self.journal if t.prompt.id == prompt_id), None)

    def session(self, session_id: str) -> Session | None:
        """The session of that id, or None."""
        return next((s for s in self.sessions if s.id == session_id), None)

    def thing(self, target: Target) -> Thing | None:
        """The one thing that `target` names, or None; of all of a kind ("*") there is none."""
        match target.kind:
            case Item.MODULE:
                return self.module(target.id)
            case Item.QUIZ:
                return self.quiz(target.id)
            case Item.JOURNAL:
                return self.task(target.id)
            case Item.SESSION:
                return self.session(target.id)

    def title_of(self, target: Target) -> Localised | None:
        """What the thing that `target` names is called, or None."""
        thing = self.thing(target)
        if thing is None:
            return None
        return thing.prompt.title if isinstance(thing, JournalTask) else thing.title

    def entry(self, entry_id: str) -> Entry | None:
        """The timetable entry of that id, or None."""
        return next((e for e in self.timetable if e.id == entry_id), None)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything that was read from `content/` and `schedules/`: programmes by id, texts by key.

    The programmes are as coordinators have corrected them since (`bot.domain.corrections`); `version` counts
    what they did. `written` has them as the files say, where something was corrected.
    """

    programmes: Mapping[str, Programme]
    texts: Mapping[str, Localised]
    version: int = 0
    written: Mapping[str, Programme] = field(default_factory=dict)

    def programme(self, programme_id: str) -> Programme | None:
        """The programme of that id, or None."""
        return self.programmes.get(programme_id)

    def as_written(self) -> "Catalogue":
        """The catalogue as the files say, without anybody's corrections."""
        return Catalogue(self.written or self.programmes, self.texts)
