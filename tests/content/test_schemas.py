"""Generated files are those that the models and the shipped texts give."""

import json
from pathlib import Path

import pytest

from bot.config import Config
from bot.content import schemas
from bot.content.yaml import read

ROOT = Path(__file__).parents[2]
KINDS = {
    "content/modules": "agenda",
    "content/quizzes": "quiz",
    "content/journal": "prompts",
    "content/texts": "texts",
    "schedules": "schedule",
}
SHIPPED = [(file, kind) for folder, kind in KINDS.items() for file in sorted((ROOT / folder).glob("*.yaml"))]


@pytest.mark.parametrize(
    "file", sorted(schemas.documents(ROOT / "content", Config)), ids=lambda file: file.name
)
def test_what_is_generated_is_current(file: Path) -> None:
    generated = schemas.documents(ROOT / "content", Config)[file]
    assert file.read_text(encoding="utf-8") == generated, "run `rekan schema`"


@pytest.mark.parametrize(
    ("file", "kind"),
    [*SHIPPED, (ROOT / "config.example.yaml", "config")],
    ids=lambda value: getattr(value, "name", value),
)
def test_every_file_names_its_schema_for_editors(file: Path, kind: str) -> None:
    first = file.read_text(encoding="utf-8").splitlines()[0]
    name = first.removeprefix("# yaml-language-server: $schema=")
    assert (file.parent / name).resolve() == ROOT / "content" / "schemas" / f"{kind}.json"


def test_shipped_files_use_no_key_that_their_schema_does_not_have() -> None:
    """A schema is for people's editors: it must not mark what the program reads."""
    for file, kind in SHIPPED:
        schema = json.loads((ROOT / "content" / "schemas" / f"{kind}.json").read_text(encoding="utf-8"))
        content, problems = read(file)
        assert problems == []
        assert content is not None
        assert content.keys() <= schema["properties"].keys()
        assert set(schema["required"]) <= content.keys()
