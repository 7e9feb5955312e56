"""Modules, quizzes and journal prompts: each text and each answer."""

from bot.content.checks.words import LANGUAGES, MOST_TEXT, each_language, html, poll_text, title
from bot.content.files import items
from bot.content.models import AgendaFile, PromptFile, QuestionFile, QuizFile
from bot.content.problems import shown
from bot.content.shape import Reading, known
from bot.content.yaml import Scalar

MOST_QUESTION = 300
MOST_OPTION = 100
MOST_EXPLANATION = 200
MOST_LINE_FEEDS = 2
OPTIONS = range(2, 13)


def agenda(file: AgendaFile, reading: Reading) -> None:
    """Name every text of the agenda that Telegram would refuse."""
    title(file.title, reading)
    for module in items(file.modules):
        title(module.title, reading)
        html(module.summary, reading, most=MOST_TEXT - 300, beside="its title")


def prompt(file: PromptFile, reading: Reading) -> None:
    """Name every text of the prompt that Telegram would refuse."""
    title(file.title, reading)
    html(file.text, reading, most=MOST_TEXT - 600, beside="its title, hints and deadline")


def quiz(file: QuizFile, reading: Reading) -> None:
    """Name every text of the quiz that Telegram would refuse, and every answer that makes no sense."""
    title(file.title, reading)
    html(file.intro, reading, most=MOST_TEXT - 600, beside="its title and how it goes")
    for question in items(file.questions):
        poll_text("question", question.text, MOST_QUESTION, reading)
        poll_text("explanation", question.explanation, MOST_EXPLANATION, reading)
        for _, text in each_language(question.explanation):
            if (lines := text.count("\n")) > MOST_LINE_FEEDS:
                what = f"the explanation has {lines} line breaks"
                reading.problem(text.place, what, f"a poll shows {MOST_LINE_FEEDS} at most: join some lines")
        _options(question, reading)


def _options(question: QuestionFile, reading: Reading) -> None:
    options = items(question.options)
    for option in options:
        poll_text("option", option, MOST_OPTION, reading)
    if not question.complete("options"):
        return
    if len(options) not in OPTIONS:
        what = f"the question has {len(options)} option{'' if len(options) == 1 else 's'}"
        reading.problem(question.where("options"), what, f"give it {OPTIONS[0]} to {OPTIONS[-1]}")
    for language in LANGUAGES:
        first: dict[str, Scalar] = {}
        for option in options:
            text = getattr(option, language)
            if isinstance(text, Scalar):
                folded = " ".join(text.casefold().split())
                if folded in first:
                    what = (
                        f"the option {shown(text)} is there twice (first in line {first[folded].place.line})"
                    )
                    reading.problem(text.place, what, "reword or delete one")
                first.setdefault(folded, text)
    if known(question.correct):
        _correct(question, len(options), reading)


def _correct(question: QuestionFile, options: int, reading: Reading) -> None:
    place = question.where("correct")
    if not question.correct:
        reading.problem(place, "no option is correct", "name at least one by its position, from 1")
    for position in question.correct:
        if not 1 <= position <= options:
            what = f"'correct' names option {position}, but there are options 1 to {options}"
            reading.problem(place, what, "count the options from 1")
    if len(set(question.correct)) < len(question.correct):
        reading.problem(place, "'correct' names an option twice", "name each once")
