"""What a schedule refers to, and what its entries say."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from bot.content.checks.ids import unique
from bot.content.checks.words import MOST_TEXT, each_language, html, markup, title
from bot.content.files import Files, items
from bot.content.models import (
    AgendaFile,
    AudienceFile,
    EntryFile,
    PromptFile,
    QuizFile,
    ScheduleFile,
    SessionWhen,
    TargetFile,
    Words,
)
from bot.content.problems import advice, shown
from bot.content.shape import Reading, known, place_of, whole
from bot.content.templates import READER, TemplateError, fill, placeholders
from bot.content.yaml import Scalar
from bot.domain.cards import EVERYTHING
from bot.domain.language import Language
from bot.domain.zones import closest_province, find_province

ABOUT: Mapping[str, tuple[str, ...]] = {
    "session": ("sesi", "mulai", "selesai"),
    "module": ("modul",),
    "quiz": ("kuis",),
    "journal": ("jurnal", "tenggat"),
}
"""What it may name besides, by what it is about (`bot.domain.cards.variables` gives it)."""

# How long a name, an office, a moment in three zones may be where a text is measured before it is sent.
_ROOM = {"nama": 60, "name": 60, "satker": 120}
_ROOM_OTHERWISE = 80
_ROOM_FOR_VALUES = 300


@dataclass(frozen=True, slots=True)
class Shelf:
    """What the content folders offer, by id."""

    agendas: Mapping[str, AgendaFile]
    quizzes: Mapping[str, QuizFile]
    prompts: Mapping[str, PromptFile]

    @classmethod
    def of(cls, files: Files) -> "Shelf":
        """What was read, as far as its ids could be."""
        return cls(
            {agenda.id: agenda for agenda in files.agendas if known(agenda.id)},
            {quiz.id: quiz for quiz in files.quizzes if known(quiz.id)},
            {prompt.id: prompt for prompt in files.prompts if known(prompt.id)},
        )


@dataclass(frozen=True, slots=True)
class Kind:
    """The things of a kind that entries may name: ids with the texts that their cards show.

    `elsewhere` says how to get those that exist, but are not in this programme.
    """

    name: str
    cards: Mapping[str, tuple[Words, ...]]
    elsewhere: Mapping[str, str]
    may_have: Callable[[str], bool]

    def find(self, name: str, reading: Reading) -> None:
        """Name it where nothing of this kind has that id."""
        if not isinstance(name, Scalar) or name == EVERYTHING or name in self.cards:
            return
        if name in self.elsewhere:
            what = f"the {self.name} '{name}' is not part of this programme"
            reading.problem(name.place, what, self.elsewhere[name])
        elif not self.may_have(name):
            reading.problem(name.place, f"there is no {self.name} '{name}'", advice(name, self.cards))


def schedule(file: ScheduleFile, shelf: Shelf, files: Files, reading: Reading) -> None:
    """Name every problem with what the schedule refers to and says."""
    tasks = [task.prompt for task in items(file.journal)]
    _listed("agenda", items(file.agendas), shelf.agendas, partial(files.may_have, "modules"), reading)
    _listed("quiz", items(file.quizzes), shelf.quizzes, partial(files.may_have, "quizzes"), reading)
    _listed("prompt", tasks, shelf.prompts, partial(files.may_have, "journal"), reading)
    title(file.title, reading)
    html(file.contact, reading)
    for session in items(file.sessions):
        title(session.title, reading)
    kinds = {kind.name: kind for kind in _kinds(file, shelf, files)}
    for entry in items(file.timetable):
        _references(entry, kinds, reading)
        _audience(entry.audience, kinds, reading)
        if entry.text is None and entry.about is None:
            mend = "give it a 'text', or what it is 'about', or both"
            reading.problem(entry.place, "the entry says nothing", mend)
        for language, text in each_language(entry.text):
            _text(entry, text, language, file, kinds, files, reading)


def _listed(
    kind: str,
    names: Iterable[str],
    shelf: Mapping[str, object],
    may_have: Callable[[str], bool],
    reading: Reading,
) -> None:
    """Each name stands for something on the shelf, and is there once."""
    readable = [name for name in names if isinstance(name, Scalar)]
    unique(kind, readable, reading, listed=True)
    for name in readable:
        if name not in shelf and not may_have(name):
            reading.problem(name.place, f"there is no {kind} '{name}'", advice(name, shelf))


def _kinds(file: ScheduleFile, shelf: Shelf, files: Files) -> Iterable[Kind]:
    mine, elsewhere = {}, {}
    # While it is not known which agendas are meant, it cannot be said that a module is in none of them.
    clear = known(file.agendas) and file.complete("agendas") and set(file.agendas) <= shelf.agendas.keys()
    for agenda_id, agenda in shelf.agendas.items():
        for module in (module for module in items(agenda.modules) if known(module.id)):
            if agenda_id in items(file.agendas) or not clear:
                mine[module.id] = (module.title, module.summary)
            else:
                elsewhere[module.id] = f"add its agenda '{agenda_id}' to 'agendas'"
    yield Kind("module", mine, elsewhere, partial(files.may_have, "modules"))
    quizzes: dict[str, tuple[Words, ...]] = {name: (quiz.title,) for name, quiz in shelf.quizzes.items()}
    yield _chosen("quiz", "quizzes", items(file.quizzes), quizzes, file, files)
    prompts: dict[str, tuple[Words, ...]] = {name: (p.title, p.text) for name, p in shelf.prompts.items()}
    yield _chosen(
        "journal",
        "journal",
        [task.prompt for task in items(file.journal) if known(task.prompt)],
        prompts,
        file,
        files,
    )
    sessions = {session.id: (session.title,) for session in items(file.sessions) if known(session.id)}
    yield Kind("session", sessions, {}, lambda name: not (known(file.sessions) and file.complete("sessions")))


def _chosen(
    kind: str,
    key: str,
    listed: list[str],
    shelf: Mapping[str, tuple[Words, ...]],
    file: ScheduleFile,
    files: Files,
) -> Kind:
    """What a schedule lists under `key` of a kind that has a folder of the same name.

    What is listed, but does not exist, is named in the list and not again wherever it is referred to; and
    while it is not clear what is meant there, anything may be.
    """
    clear = known(getattr(file, key)) and file.complete(key) and set(listed) <= shelf.keys()
    mine = {name: texts for name, texts in shelf.items() if name in listed or not clear}
    others = dict.fromkeys(shelf.keys() - mine.keys(), f"add it to '{key}'")
    return Kind(kind, dict.fromkeys(listed, ()) | mine, others, partial(files.may_have, key))


def _references(entry: EntryFile, kinds: Mapping[str, Kind], reading: Reading) -> None:
    if isinstance(entry.about, TargetFile):
        for kind, name in entry.about.named:
            kinds[kind].find(name, reading)
    if isinstance(entry.when, SessionWhen):
        kinds["session"].find(entry.when.session, reading)


def _audience(audience: AudienceFile, kinds: Mapping[str, Kind], reading: Reading) -> None:
    if not known(audience):
        return
    for target in items(audience.not_done):
        for kind, name in target.named:
            if kind == "session":
                what = "attendance of a session cannot be a condition"
                reading.problem(target.where("session"), what, "use module, quiz or journal")
            else:
                kinds[kind].find(name, reading)
    for province in items(audience.provinces):
        if find_province(province) is None:
            meant = closest_province(province)
            mend = f"did you mean '{meant.name}'?" if meant else "write one of the 38 provinces, such as Bali"
            place = place_of(province, audience.where("provinces"))
            reading.problem(place, f"there is no province {shown(province)}", mend)


def _text(
    entry: EntryFile,
    text: Scalar,
    language: str,
    file: ScheduleFile,
    kinds: Mapping[str, Kind],
    files: Files,
    reading: Reading,
) -> None:
    """Its variables exist, and with long values and the card below Telegram accepts it."""
    kind, name = "", ""
    if isinstance(entry.about, TargetFile) and whole(entry.about):
        kind, name = entry.about.named[0]
    own = ABOUT[kind] if kind and name != EVERYTHING else ()
    try:
        used = placeholders(text)
    except TemplateError as error:
        reading.problem(text.place, f"the text {error.what}", error.mend)
        return
    for variable in dict.fromkeys(used if known(entry.about) else ()):
        if variable not in (*READER, *own):
            others = [other for other, variables in ABOUT.items() if variable in variables]
            mend = (
                f"only entries about one {others[0]} have it" if others else advice(variable, (*READER, *own))
            )
            reading.problem(text.place, f"there is no variable {{{variable}}} here", mend)
    shows = kinds[kind].cards.get(name, ()) if kind else ()
    titles = {"program": file.title, **dict(zip(own[:1], shows[:1], strict=False))}

    def longest(variable: str) -> str:
        named = titles.get(variable)
        value = getattr(named, language) if isinstance(named, Words) else None
        return value if isinstance(value, Scalar) else "x" * _ROOM.get(variable, _ROOM_OTHERWISE)

    card = 0
    if kind:
        frame = files.texts.get(Language(language), {}).get(f"card.{kind}", "")
        card = len(frame) + _ROOM_FOR_VALUES
        card += sum(
            len(value)
            for words in shows
            for own_language, value in each_language(words)
            if own_language == language
        )
    most = max(MOST_TEXT - card, _ROOM_FOR_VALUES)
    markup(text, fill(text, longest), language, reading, most=most, beside="its card" if card else "")
