"""No two things of a kind have one id."""

from collections.abc import Iterable

from bot.content.files import Files, items
from bot.content.problems import Place, from_here
from bot.content.shape import Reading
from bot.content.yaml import Scalar


def duplicates(files: Files, reading: Reading) -> None:
    """Name every id that is there twice, in a file or across files."""
    modules = [module for agenda in files.agendas for module in items(agenda.modules)]
    unique("agenda", (agenda.id for agenda in files.agendas), reading)
    unique("module", (module.id for module in modules), reading)
    unique("quiz", (quiz.id for quiz in files.quizzes), reading)
    unique("prompt", (prompt.id for prompt in files.prompts), reading)
    unique("programme", (schedule.id for schedule in files.schedules), reading)
    for quiz in files.quizzes:
        unique("question", (question.id for question in items(quiz.questions)), reading)
    for schedule in files.schedules:
        unique("session", (session.id for session in items(schedule.sessions)), reading)
        unique("entry", (entry.id for entry in items(schedule.timetable)), reading)


def unique(kind: str, ids: Iterable[str], reading: Reading, *, listed: bool = False) -> None:
    """Each of `ids` once; `listed` where they name something rather than being its own id."""
    first: dict[str, Place] = {}
    for name in ids:
        if not isinstance(name, Scalar):
            continue
        if name in first:
            before = first[name]
            where = (
                f"line {before.line}"
                if before.file == name.place.file
                else f"{from_here(before.file)}:{before.line}"
            )
            what = f"the {kind} '{name}' is {'listed' if listed else 'defined'} twice (first in {where})"
            mend = "delete one of the two" if listed else "give one of the two another id"
            reading.problem(name.place, what, mend)
        else:
            first[name] = name.place
