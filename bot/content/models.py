"""The YAML files as their authors write them: a class a mapping, with descriptions for editors."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Discriminator, Field, Tag, WithJsonSchema

from bot.content.problems import nearest
from bot.content.shape import (
    Approval,
    ClockTime,
    Day,
    Duration,
    Flag,
    Hours,
    Https,
    Id,
    Label,
    Moment,
    Reference,
    Shape,
    Text,
    Whole,
    choice,
    is_a,
    one_or_more,
    refuse,
)
from bot.content.yaml import Mapping
from bot.domain.people import Role
from bot.domain.programme import Enrolment, Late, Leaderboard, Votes
from bot.domain.zones import Zone


class Words(Shape):
    """A text in both languages."""

    id: Text = Field(description="In Indonesian.")
    en: Text = Field(description="In English.")


# --- content/modules ----------------------------------------------------------------------------------


class ModuleFile(Shape):
    """A self-paced module on the portal."""

    id: Id = Field(description="Names the module in schedules; never change it once people have begun.")
    title: Words
    summary: Words = Field(description="What one learns, in one to three plain sentences.")
    minutes: Whole = Field(ge=1, le=10_000, description="How long it takes, roughly.")
    url: Https | None = Field(None, description="The module's own page; the portal's where it has none.")


class AgendaFile(Shape):
    """An agenda: a group of modules, in the order in which they are studied."""

    id: Id = Field(description="Names the agenda in schedules.")
    title: Words
    modules: list[ModuleFile] = Field(min_length=1)


# --- content/quizzes ----------------------------------------------------------------------------------


class QuestionFile(Shape):
    """A question; all its texts are plain (polls show no HTML)."""

    id: Id = Field(description="Names the question in its quiz; never change it once people have answered.")
    text: Words = Field(description="The question, at most 300 characters.")
    options: list[Words] = Field(description="2 to 12 answers, each at most 100 characters.")
    correct: Annotated[
        list[Whole],
        BeforeValidator(one_or_more),
        WithJsonSchema({"anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}}]}),
    ] = Field(description="Which options are right, counted from 1: 2, or [1, 3].")
    explanation: Words = Field(description="Shown after answering, at most 200 characters and 2 line breaks.")


class QuizFile(Shape):
    """A practice quiz."""

    id: Id = Field(description="Names the quiz in schedules.")
    title: Words
    intro: Words = Field(description="What is said before the first question.")
    attempts: Whole | None = Field(
        None, ge=1, le=100, description="How often it may be taken; no limit where it is not given."
    )
    questions: list[QuestionFile] = Field(min_length=1)


# --- content/journal ----------------------------------------------------------------------------------


class PromptFile(Shape):
    """What a journal entry is to reflect on."""

    id: Id = Field(description="Names the prompt in schedules.")
    title: Words
    text: Words
    minimum_words: Whole = Field(
        0, ge=0, le=5_000, description="A shorter entry is asked about, kindly; it is not refused."
    )


class PromptsFile(Shape):
    """Journal prompts."""

    prompts: list[PromptFile] = Field(min_length=1)


# --- schedules: when ----------------------------------------------------------------------------------


class InstantWhen(Shape):
    """The same moment everywhere."""

    instant: Moment = Field(description="Day and time in the programme's zone: 2026-11-09 08:00.")


class LocalWhen(Shape):
    """That time wherever the person is."""

    local: Moment = Field(description="Day and time in each person's own zone: 2026-11-11 08:00.")


class Edge(StrEnum):
    """Which end of a session is meant."""

    START = "start"
    END = "end"


class SessionWhen(Shape):
    """Before or after a live session."""

    session: Id
    before: Duration | None = Field(None, description="How long before it: 60m, 1h30m, 2d.")
    after: Duration | None = Field(None, description="How long after it.")
    edge: Annotated[Edge, choice(Edge)] = Field(
        Edge.START, description="Counted from its start (if not given) or its end."
    )


class PersonalWhen(Shape):
    """A day of the person's own course."""

    personal: Whole = Field(ge=1, le=366, description="Day 1 is the person's first login on the portal.")
    at: ClockTime = Field(description='Time in the person\'s own zone: "08:00".')


WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SETS = {"day": (0, 1, 2, 3, 4, 5, 6), "weekday": (0, 1, 2, 3, 4)}


def _weekdays(value: Any) -> tuple[int, ...]:
    """Weekdays by number (Monday is 0), ascending."""
    if isinstance(value, str) and value in _SETS:
        return _SETS[value]
    names = one_or_more(value)
    if isinstance(names, Mapping) or not names:
        raise refuse("names no weekdays", "write day, weekday or [mon, wed]", quote=False)
    return tuple(sorted({_weekday(name) for name in names}))


def _weekday(name: Any) -> int:
    if not isinstance(name, str) or name not in WEEKDAYS:
        mend = f"use {', '.join(WEEKDAYS)}, or day or weekday alone"
        raise refuse(f"names {is_a(name)}, which is no weekday", mend, quote=False)
    return WEEKDAYS.index(name)


class EveryWhen(Shape):
    """On certain weekdays, again and again."""

    every: Annotated[
        tuple[int, ...],
        BeforeValidator(_weekdays),
        WithJsonSchema(
            {
                "anyOf": [
                    {"enum": ["day", "weekday", *WEEKDAYS]},
                    {"type": "array", "items": {"enum": list(WEEKDAYS)}, "minItems": 1},
                ]
            }
        ),
    ] = Field(description="day, weekday (Monday to Friday) or a list: [mon, wed, fri].")
    at: ClockTime = Field(description='Time in the person\'s own zone: "16:00".')
    first: Day = Field(alias="from", description="The first day.")
    last: Day = Field(alias="until", description="The last day, included.")


_MOMENTS = ("instant", "local", "session", "personal", "every")


def _one_of(*kinds: str) -> BeforeValidator:
    """Exactly one of those keys must be there: it tells which form is meant."""

    def check(value: Any) -> Any:
        if isinstance(value, Shape):
            return value
        if not isinstance(value, Mapping):
            raise refuse("is not a mapping", f"write below it one of: {', '.join(kinds)}")
        given = [kind for kind in kinds if kind in value]
        if len(given) != 1:
            what = f"says {' and '.join(given)} at once" if given else "does not say when"
            meant = [guess for key in value if not given and (guess := nearest(key, kinds))]
            hint = f" (did you mean '{meant[0]}'?)" if meant else ""
            raise refuse(what, f"write exactly one of: {', '.join(kinds)}{hint}", quote=False)
        return value

    return BeforeValidator(check)


def _kind(value: Any) -> str | None:
    if isinstance(value, Mapping):
        return next((kind for kind in _MOMENTS if kind in value), None)
    return type(value).__name__.removesuffix("When").lower() if isinstance(value, Shape) else None


WhenFile: TypeAlias = Annotated[
    Annotated[InstantWhen, Tag("instant")]
    | Annotated[LocalWhen, Tag("local")]
    | Annotated[SessionWhen, Tag("session")]
    | Annotated[PersonalWhen, Tag("personal")]
    | Annotated[EveryWhen, Tag("every")],
    Discriminator(_kind),
    _one_of(*_MOMENTS),
]
DeadlineFile: TypeAlias = Annotated[
    Annotated[LocalWhen, Tag("local")] | Annotated[PersonalWhen, Tag("personal")],
    Discriminator(_kind),
    _one_of("local", "personal"),
]


# --- schedules: about what, to whom -------------------------------------------------------------------


class TargetFile(Shape):
    """One thing of the programme, by its kind; "*" is all of that kind."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    module: Reference | None = None
    quiz: Reference | None = None
    journal: Reference | None = None
    session: Reference | None = None

    @property
    def named(self) -> list[tuple[str, str]]:
        """What was written: kind and id (one, if all is well)."""
        kinds = ("module", "quiz", "journal", "session")
        return [(kind, getattr(self, kind)) for kind in kinds if self.wrote(kind)]


def _one_target(target: TargetFile) -> TargetFile:
    if len(target.named) != 1:
        what = " and ".join(kind for kind, _ in target.named) if target.named else "nothing"
        raise refuse(f"names {what}", "write exactly one of: module, quiz, journal, session", quote=False)
    return target


Target: TypeAlias = Annotated[TargetFile, AfterValidator(_one_target)]
Labels: TypeAlias = Annotated[
    list[Label],
    BeforeValidator(one_or_more),
    WithJsonSchema({"type": "array", "items": {"type": ["string", "integer"]}}),
]


class AudienceFile(Shape):
    """Conditions on a person; all that are given must hold when the moment comes."""

    offices: Labels = Field([], description="Only people of these offices (satker).")
    provinces: Labels = Field([], description="Only people of these provinces.")
    zones: list[Annotated[Zone, choice(Zone)]] = Field([], description="Only people in these zones.")
    waves: Labels = Field([], description="Only these waves (gelombang).")
    classes: Labels = Field([], description="Only these classes (angkatan).")
    groups: Labels = Field([], description="Only these groups (kelompok).")
    roles: list[Annotated[Role, choice(Role)]] = Field([], description="Only these roles.")
    not_done: list[Target] = Field([], description="Only who lacks any of these.")


# --- schedules: the rest ------------------------------------------------------------------------------


class PortalFile(Shape):
    """Where the modules are."""

    name: Text
    url: Https


class CourseCount(StrEnum):
    """How the days of a personal course are counted."""

    CALENDAR = "calendar"
    WORKING = "working"


class CourseFile(Shape):
    """The self-paced part."""

    days: Whole = Field(ge=1, le=366, description="How many days a person has, from their first login.")
    count: Annotated[CourseCount, choice(CourseCount)] = Field(
        CourseCount.CALENDAR, description="Whether all days are counted, or working days only."
    )


class BreakFile(Shape):
    """A range of days with other hours, or with none."""

    first: Day
    last: Day
    hours: list[Hours] = Field([], description='Open hours on these days: ["08:00-11:00"]; none: [].')


class WeekFile(Shape):
    """Open hours by weekday; a day that is not named has none."""

    REPLACED: ClassVar[dict[str, str]] = {
        local: f"write '{english}'"
        for english, names in zip(
            WEEKDAYS,
            ("sen senin", "sel selasa", "rab rabu", "kam kamis", "jum jumat", "sab sabtu", "min minggu"),
            strict=True,
        )
        for local in names.split()
    }

    mon: list[Hours] = Field([])
    tue: list[Hours] = Field([])
    wed: list[Hours] = Field([])
    thu: list[Hours] = Field([])
    fri: list[Hours] = Field([])
    sat: list[Hours] = Field([])
    sun: list[Hours] = Field([])


class WindowsFile(Shape):
    """When it suits people to be written to; what is not essential waits for it."""

    week: WeekFile | None = Field(None, description="07:45-17:00 from Monday to Friday where not given.")
    public_holidays: Flag = Field(True, description="Indonesia's public and joint holidays have no hours.")
    breaks: list[BreakFile] = Field([])


class MeetingFile(Shape):
    """Where a session takes place."""

    url: Https
    meeting_id: Label
    passcode: Label


class CheckInFile(Shape):
    """How attendance at a session is taken."""

    first: Duration = Field(
        timedelta(minutes=45), alias="from", description="How long before the start one can check in."
    )
    last: Duration = Field(
        timedelta(hours=1), alias="until", description="How long after the start one still can."
    )
    out_first: Duration | None = Field(
        None,
        alias="out_from",
        description="How long before the end one can check out; nobody has to where not given.",
    )
    out_last: Duration = Field(
        timedelta(hours=1), alias="out_until", description="How long after the end one still can."
    )
    code: Flag = Field(True, description="Whether the code that is shown in the session is asked for.")
    minutes: Whole | None = Field(
        None, ge=1, le=1440, description="Minutes in Zoom, by its report, that count as being there."
    )


class SessionFile(Shape):
    """A live session; times are in the programme's zone."""

    id: Id
    title: Words
    room_opens: Moment
    starts: Moment
    ends: Moment
    zoom: MeetingFile
    stream: Https | None = Field(None, description="For those who cannot get in.")
    check_in: CheckInFile | None = Field(
        None, description="How attendance is taken; write {} for the usual. Not taken where not given."
    )
    questions: Flag = Field(True, description="Whether participants may ask the speaker.")
    feedback: Flag = Field(False, description="Whether those who were there are asked how it was.")


class TaskFile(Shape):
    """A journal prompt that participants answer."""

    prompt: Id
    deadline: DeadlineFile | None = Field(
        None, description="Until when an entry may be reopened; the programme's end where not given."
    )


class EntryFile(Shape):
    """One line of the timetable."""

    id: Id
    when: WhenFile
    about: Target | None = Field(None, description="What the message is about: brings its card and buttons.")
    text: Words | None = Field(None, description="What stands above the card.")
    audience: AudienceFile = Field(default_factory=AudienceFile)
    everybody_by: Duration = Field(
        timedelta(minutes=15),
        description="By when everybody must have it, after its moment; 15m where not given.",
    )
    not_after: Duration = Field(
        timedelta(hours=6), description="When it is no longer sent, after its moment; 6h where not given."
    )
    late: Annotated[Late, choice(Late)] = Field(
        Late.SKIP,
        description="For who joins late: skip it (if not given), send it, or fold it into the digest.",
    )
    essential: Flag = Field(False, description="Goes through the sending windows.")
    early: Duration = Field(
        timedelta(),
        description="How long before its moment it may begin to go out, where everybody would else not"
        " have it in time; not before its moment where not given. Only for a text that is true by then.",
    )


class LiveQuizFile(Shape):
    """How questions are counted that are asked during a session."""

    seconds: Whole = Field(
        60, ge=5, le=600, description="How long one has, from when one's own copy was delivered."
    )
    votes: Annotated[Votes, choice(Votes)] = Field(
        Votes.FIRST, description="Which vote counts where somebody changes theirs: first or last."
    )
    leaderboard: Annotated[Leaderboard, choice(Leaderboard)] = Field(
        Leaderboard.OFFICE, description="Whom the presenter page ranks: office, person or none."
    )


class RecapFile(Shape):
    """When coordinators are told, day by day, who has not finished what."""

    at: ClockTime = Field(
        description="A time of day, in the schedule's zone, when the sending windows are open."
    )


class ScheduleFile(Shape):
    """One orientation."""

    id: Id = Field(description="Names the programme; never change it once people were imported.")
    title: Words
    zone: Annotated[Zone, choice(Zone)] = Field(
        description="The zone that instants and sessions are written in."
    )
    first_day: Day
    last_day: Day
    portal: PortalFile
    enrolment: Annotated[Enrolment, choice(Enrolment)] = Field(
        description="How one gets in without a claim link."
    )
    course: CourseFile
    expected_people: Whole | None = Field(
        None,
        ge=1,
        le=1_000_000,
        description="How many will take part: `rekan check` then says what cannot be in time for all.",
    )
    recap: RecapFile | None = Field(
        None, description="The coordinators' daily recap, each within their scope; none where not given."
    )
    live_quiz: LiveQuizFile = Field(default_factory=LiveQuizFile)
    contact: Words | None = Field(None, description="Whom to ask.")
    approval: Approval = Field(
        None,
        description="Whether an announcement wants a second coordinator's approval: true, false, or for how"
        " many people it does (500: for more than 500).",
    )
    agendas: list[Id] = Field([])
    quizzes: list[Id] = Field([])
    journal: list[TaskFile] = Field([])
    windows: WindowsFile = Field(default_factory=WindowsFile)
    sessions: list[SessionFile] = Field([])
    timetable: list[EntryFile] = Field([])
