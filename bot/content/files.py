"""Finds and reads the files of `content/` and `schedules/`, each by itself."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic_core import PydanticCustomError

from bot.content import yaml
from bot.content.models import AgendaFile, PromptFile, PromptsFile, QuizFile, ScheduleFile
from bot.content.problems import Place, shown
from bot.content.shape import Reading, Shape, known, text_of, whole
from bot.domain.language import Language

Model = TypeVar("Model", bound=Shape)
T = TypeVar("T")

FOLDERS = ("modules", "quizzes", "journal", "texts", "schemas", "examples")
_TEXT_KEY = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(slots=True)
class Files:
    """What was read, with holes where a value could not be.

    `texts` has each language's texts by key; `unread`, by folder, the raw contents of the files that could
    not be read as a whole.
    """

    agendas: list[AgendaFile] = field(default_factory=list)
    quizzes: list[QuizFile] = field(default_factory=list)
    prompts: list[PromptFile] = field(default_factory=list)
    schedules: list[ScheduleFile] = field(default_factory=list)
    texts: dict[Language, dict[str, yaml.Scalar]] = field(default_factory=dict)
    sources: list[yaml.Mapping] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)

    def may_have(self, folder: str, name: str) -> bool:
        """Whether `name` may be an id in what could not be read; then it is not said to be unknown."""
        return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", self.unread.get(folder, "")) is not None


def read_files(content_dir: Path, schedules_dir: Path, reading: Reading) -> Files:
    """Everything in the two folders; problems of each file go to `reading`."""
    files = Files()
    if _is_folder(content_dir, "content", reading):
        for stray in _listed(content_dir, reading):
            if stray.name not in FOLDERS and not stray.name.lower().endswith(".md"):
                kind = "folder" if stray.is_dir() else "file"
                mend = f"delete it, or move it into one of: {', '.join(FOLDERS[:4])}"
                reading.problem(Place(str(stray)), f"is a {kind} that nothing reads", mend)
        files.agendas = _models(content_dir / "modules", AgendaFile, files, reading)
        files.quizzes = _models(content_dir / "quizzes", QuizFile, files, reading)
        prompts = _models(content_dir / "journal", PromptsFile, files, reading)
        files.prompts = [prompt for file in prompts for prompt in items(file.prompts)]
        files.texts = read_texts(content_dir / "texts", reading, files)
    files.schedules = _models(schedules_dir, ScheduleFile, files, reading)
    return files


def items(values: list[T]) -> list[T]:
    """The items of a list that may be a hole."""
    return values if known(values) else []


def _models(folder: Path, model: type[Model], files: Files, reading: Reading) -> list[Model]:
    read = []
    for file in _yaml_files(folder, reading):
        source = _source(file, reading)
        found = None if source is None else reading.read(model, source)
        if source is not None and found is not None:
            files.sources.append(source)
            read.append(found)
        if found is None or not whole(found):
            files.unread[folder.name] = files.unread.get(folder.name, "") + yaml.glance(file)
    return read


def _source(file: Path, reading: Reading) -> yaml.Mapping | None:
    source, problems = yaml.read(file)
    reading.add(problems)
    return source


def _yaml_files(folder: Path, reading: Reading) -> list[Path]:
    if not _is_folder(folder, folder.name, reading):
        return []
    found = []
    for file in _listed(folder, reading):
        if file.suffix == ".yaml":
            found.append(file)
        elif file.suffix.lower() in (".yml", ".yaml"):
            reading.problem(Place(str(file)), "is not read under this name", "rename it to end in .yaml")
        elif file.suffix.lower() != ".md":
            kind = "folder" if file.is_dir() else "file"
            reading.problem(
                Place(str(file)), f"is a {kind} that nothing reads", "delete it, or move it elsewhere"
            )
    if not found:
        reading.problem(Place(str(folder)), "holds no .yaml file", "write one, or copy the example's")
    return found


def read_texts(
    folder: Path, reading: Reading, files: Files | None = None
) -> dict[Language, dict[str, yaml.Scalar]]:
    """Each language's texts by key; a language whose file cannot be read is left out."""
    texts: dict[Language, dict[str, yaml.Scalar]] = {}
    wanted = {f"{language}.yaml": language for language in Language}
    found = {file.name: file for file in _yaml_files(folder, reading)}
    for name in found.keys() - wanted.keys():
        mend = f"the languages are {' and '.join(wanted)}"
        reading.problem(Place(str(found[name])), "is a file that nothing reads", mend)
    for name, language in wanted.items():
        if name in found:
            source = _source(found[name], reading)
            if source is not None:
                if files is not None:
                    files.sources.append(source)
                texts[language] = {}
                _flatten(source, "", texts[language], reading)
        elif folder.is_dir():
            reading.problem(Place(str(folder / name)), "is missing", "write the texts of this language")
    return texts


def _flatten(source: yaml.Mapping, prefix: str, texts: dict[str, yaml.Scalar], reading: Reading) -> None:
    """Put the texts below `source` into `texts`, by dotted key."""
    for key, value in source.items():
        place = key.place if isinstance(key, yaml.Scalar) else source.place
        name = f"{prefix}{key}"
        if not _TEXT_KEY.fullmatch(key):
            reading.problem(place, f"{shown(key)} is no text key", "use small letters a-z, digits and '_'")
        elif isinstance(value, yaml.Mapping):
            if not value:
                reading.problem(place, f"'{name}' is empty", "write texts below it, or delete the key")
            _flatten(value, f"{name}.", texts, reading)
        else:
            try:
                texts[name] = yaml.Scalar(text_of(value), place)
            except PydanticCustomError as error:
                context = error.context or {}
                reading.problem(place, f"'{name}' {context['what']}", context["mend"])
                texts[name] = yaml.Scalar("", place)  # it is there, but says nothing


def _is_folder(folder: Path, name: str, reading: Reading) -> bool:
    if folder.is_dir():
        return True
    what = "is not a folder" if folder.exists() else "does not exist"
    reading.problem(Place(str(folder)), what, f"there must be a folder for {name} here")
    return False


def _listed(folder: Path, reading: Reading) -> Iterable[Path]:
    """What is in a folder, hidden files apart, in order."""
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        reading.problem(Place(str(folder)), f"cannot be read ({error.strerror})", "check its permissions")
        return []
