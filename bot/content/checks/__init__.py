"""What one value alone cannot tell: ids, references, texts and moments, across all files.

Whatever is checked may have holes, since a problem in one place must not hide another: each check first
asks whether what it needs is `known`, or `whole`.
"""

from collections.abc import Mapping

from bot.content.checks import content, ids, schedule, texts, timetable, words
from bot.content.files import Files
from bot.content.shape import Reading


def check(files: Files, needed: Mapping[str, tuple[str, ...]], reading: Reading) -> None:
    """Name every problem in what was read; `needed` has the texts that the program says."""
    ids.duplicates(files, reading)
    for agenda in files.agendas:
        content.agenda(agenda, reading)
    for quiz in files.quizzes:
        content.quiz(quiz, reading)
    for prompt in files.prompts:
        content.prompt(prompt, reading)
    texts.texts(files, needed, reading)
    shelf = schedule.Shelf.of(files)
    for programme in files.schedules:
        schedule.schedule(programme, shelf, files, reading)
        timetable.check(programme, reading)
    for source in files.sources:
        words.deep_links(source, reading)
