"""Generated files are those that the models and the shipped texts give."""

from pathlib import Path

import pytest

from bot.config import Config
from bot.content import schemas

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


def test_writing_again_changes_nothing(tmp_path: Path) -> None:
    assert schemas.write(ROOT / "content", Config) == []
