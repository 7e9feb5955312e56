"""From file models without holes to domain values."""

import functools
import importlib.util
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import holidays

from bot.content import models
from bot.content.files import Files
from bot.domain import programme as domain
from bot.domain.language import Language, Localised
from bot.domain.windows import Break, SendingWindows
from bot.domain.zones import Zone, find_province

_CATEGORIES = ("public", "government")


def catalogue(files: Files) -> domain.Catalogue:
    """What the program works with; `files` must be without problems."""
    agendas = {agenda.id: _agenda(agenda) for agenda in files.agendas}
    quizzes = {quiz.id: _quiz(quiz) for quiz in files.quizzes}
    prompts = {
        p.id: domain.Prompt(str(p.id), words(p.title), words(p.text), p.minimum_words) for p in files.prompts
    }
    english = files.texts[Language.EN]
    return domain.Catalogue(
        programmes={str(s.id): _programme(s, agendas, quizzes, prompts) for s in files.schedules},
        texts={
            key: Localised(str(text), str(english[key])) for key, text in files.texts[Language.ID].items()
        },
    )


def words(text: models.Words) -> Localised:
    """A text in both languages."""
    return Localised(str(text.id), str(text.en))


def instant(moment: datetime, zone: Zone) -> datetime:
    """A wall clock's reading in `zone` as an instant (aware UTC)."""
    return moment.replace(tzinfo=zone.tzinfo).astimezone(UTC)


def windows(file: models.WindowsFile, first: date, last: date) -> SendingWindows:
    """The sending windows of a programme that runs from `first` to `last`."""
    closed = public_holidays(first.year, last.year) if file.public_holidays else frozenset()
    breaks = tuple(Break(b.first, b.last, tuple(sorted(b.hours))) for b in file.breaks)
    if file.week is None:
        return SendingWindows(holidays=closed, breaks=breaks)
    hours = {number: tuple(sorted(getattr(file.week, day))) for number, day in enumerate(models.WEEKDAYS)}
    week = {number: open_hours for number, open_hours in hours.items() if open_hours}
    return SendingWindows(week, closed, breaks)


@functools.cache
def public_holidays(first: int, last: int) -> frozenset[date]:
    """Indonesia's public holidays and joint leave days (cuti bersama) of those years, as `holidays` has them.

    Those of years that the government has not announced yet are estimates, or missing.
    """
    return frozenset(_indonesia()(categories=_CATEGORIES, years=range(first, last + 1)))


def _indonesia() -> Callable[..., Iterable[date]]:
    """The package's class of that country.

    Its file is loaded by itself: the package would load all of its 250 countries, which is a twentieth of
    the bot's start.
    """
    file = Path(holidays.__file__).parent / "countries" / "indonesia.py"
    spec = importlib.util.spec_from_file_location("holidays.countries.indonesia", file)
    if spec is None or spec.loader is None or not file.exists():  # it may have been moved
        return functools.partial(holidays.country_holidays, "ID")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Callable[..., Iterable[date]] = module.Indonesia
    return found


def when(file: models.WhenFile, zone: Zone) -> domain.When:
    """A moment as the timetable knows it."""
    match file:
        case models.InstantWhen():
            return domain.Instant(instant(file.instant, zone))
        case models.LocalWhen():
            return domain.Local(file.local.date(), file.local.time())
        case models.SessionWhen():
            offset = (file.after or timedelta()) - (file.before or timedelta())
            return domain.AroundSession(str(file.session), offset, end=file.edge is models.Edge.END)
        case models.PersonalWhen():
            return domain.PersonalDay(file.personal, file.at)
        case models.EveryWhen():
            return domain.Recurring(file.every, file.at, file.first, file.last)


def session(file: models.SessionFile, zone: Zone) -> domain.Session:
    """A live session."""
    return domain.Session(
        str(file.id),
        words(file.title),
        room_opens=instant(file.room_opens, zone),
        starts=instant(file.starts, zone),
        ends=instant(file.ends, zone),
        meeting=domain.Meeting(str(file.zoom.url), str(file.zoom.meeting_id), str(file.zoom.passcode)),
        stream=None if file.stream is None else str(file.stream),
        check_in=None if file.check_in is None else _check_in(file.check_in),
        questions=file.questions,
        feedback=file.feedback,
    )


def _check_in(file: models.CheckInFile) -> domain.CheckIn:
    out = file.out_first is not None
    return domain.CheckIn(
        opens=-file.first,
        closes=file.last,
        out_opens=-file.out_first if file.out_first is not None else None,
        out_closes=file.out_last if out else None,
        code=file.code,
        minutes=file.minutes,
    )


def _agenda(file: models.AgendaFile) -> domain.Agenda:
    modules = tuple(
        domain.Module(
            str(m.id), words(m.title), words(m.summary), m.minutes, None if m.url is None else str(m.url)
        )
        for m in file.modules
    )
    return domain.Agenda(str(file.id), words(file.title), modules)


def _quiz(file: models.QuizFile) -> domain.Quiz:
    questions = tuple(
        domain.Question(
            str(q.id),
            words(q.text),
            options=tuple(words(option) for option in q.options),
            correct=tuple(sorted(position - 1 for position in q.correct)),
            explanation=words(q.explanation),
        )
        for q in file.questions
    )
    return domain.Quiz(str(file.id), words(file.title), words(file.intro), questions, file.attempts)


def _programme(
    file: models.ScheduleFile,
    agendas: Mapping[str, domain.Agenda],
    quizzes: Mapping[str, domain.Quiz],
    prompts: Mapping[str, domain.Prompt],
) -> domain.Programme:
    return domain.Programme(
        id=str(file.id),
        title=words(file.title),
        zone=file.zone,
        first_day=file.first_day,
        last_day=file.last_day,
        portal=domain.Portal(str(file.portal.name), str(file.portal.url)),
        enrolment=file.enrolment,
        course=domain.Course(file.course.days, file.course.count is models.CourseCount.WORKING),
        agendas=tuple(agendas[agenda] for agenda in file.agendas),
        quizzes=tuple(quizzes[quiz] for quiz in file.quizzes),
        journal=tuple(_task(task, prompts) for task in file.journal),
        sessions=tuple(session(s, file.zone) for s in file.sessions),
        timetable=tuple(_entry(entry, file.zone) for entry in file.timetable),
        windows=windows(file.windows, file.first_day, file.last_day),
        contact=None if file.contact is None else words(file.contact),
        expected_people=file.expected_people,
        approval=file.approval,
        recap_at=None if file.recap is None else file.recap.at,
        live=domain.LiveRules(file.live_quiz.seconds, file.live_quiz.votes, file.live_quiz.leaderboard),
    )


def _task(file: models.TaskFile, prompts: Mapping[str, domain.Prompt]) -> domain.JournalTask:
    match file.deadline:
        case None:
            deadline: domain.Local | domain.PersonalDay | None = None
        case models.LocalWhen(local=moment):
            deadline = domain.Local(moment.date(), moment.time())
        case models.PersonalWhen(personal=day, at=at):
            deadline = domain.PersonalDay(day, at)
    return domain.JournalTask(prompts[file.prompt], deadline)


def _entry(file: models.EntryFile, zone: Zone) -> domain.Entry:
    return domain.Entry(
        id=str(file.id),
        when=when(file.when, zone),
        text=None if file.text is None else words(file.text),
        about=None if file.about is None else target(file.about),
        audience=_audience(file.audience),
        everybody_by=file.everybody_by,
        not_after=file.not_after,
        late=file.late,
        essential=file.essential,
        early=file.early,
    )


def target(file: models.TargetFile) -> domain.Target:
    """One thing of the programme."""
    kind, name = file.named[0]
    return domain.Target(domain.Item(kind), str(name))


def _audience(file: models.AudienceFile) -> domain.Audience:
    return domain.Audience(
        offices=_plain(file.offices),
        provinces=tuple(found.name for name in file.provinces if (found := find_province(name))),
        zones=tuple(file.zones),
        waves=_plain(file.waves),
        classes=_plain(file.classes),
        groups=_plain(file.groups),
        roles=tuple(role.value for role in file.roles),
        not_done=tuple(target(item) for item in file.not_done),
    )


def _plain(labels: Iterable[str]) -> tuple[str, ...]:
    return tuple(str(label) for label in labels)
