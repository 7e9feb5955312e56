"""JSON Schemas of the YAML files, for editors: names, values and a hover for every key."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from bot.content import said
from bot.content.files import read_texts
from bot.content.models import AgendaFile, PromptsFile, QuizFile, ScheduleFile
from bot.content.shape import Reading

MODELS: Mapping[str, type[BaseModel]] = {
    "agenda": AgendaFile,
    "quiz": QuizFile,
    "prompts": PromptsFile,
    "schedule": ScheduleFile,
}
"""The file model of each kind; texts are free in their keys and have no model."""


def schemas(config: type[BaseModel], needed: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Each kind of file with its schema as JSON.

    `config` is the model of config.yaml, which lies in a layer above; `needed` has the texts that the
    program says, with their placeholders.
    """
    found = {kind: _tidy(model.model_json_schema(), nullable=False) for kind, model in MODELS.items()}
    found["config"] = _tidy(config.model_json_schema(), nullable=True)
    found["texts"] = _texts(needed)
    return {kind: _written(kind, document) for kind, document in sorted(found.items())}


def documents(content_dir: Path, config: type[BaseModel]) -> dict[Path, str]:
    """Every generated file with its content: the schemas in `content_dir`, and the list of texts."""
    needed = said.gathered(read_texts(content_dir / "texts", Reading()))
    generated = {said.FILE: said.document(needed)}
    for kind, text in schemas(config, needed).items():
        generated[content_dir / "schemas" / f"{kind}.json"] = text
    return generated


def write(content_dir: Path, config: type[BaseModel]) -> list[Path]:
    """Write the generated files anew; returns those that have changed."""
    changed = []
    for file, text in documents(content_dir, config).items():
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            changed.append(file)
    return changed


def _texts(needed: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """Texts have no model: their keys are those that the program says."""
    root = _branch(
        "The bot's words in one language. {nama}, {satker}, {program} and {portal} are the reader's."
    )
    for key, names in needed.items():
        *path, last = key.split(".")
        branch = root
        for name in path:
            branch["required"] = sorted({*branch["required"], name})
            branch = branch["properties"].setdefault(name, _branch("Texts of this part."))
        may = ", ".join(f"{{{name}}}" for name in names)
        branch["required"] = sorted({*branch["required"], last})
        branch["properties"][last] = {"type": "string", "minLength": 1}
        branch["properties"][last] |= {"description": f"May use {may}."} if may else {}
    return root


def _branch(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "type": "object",
        "additionalProperties": False,
        "properties": {},
        "required": [],
    }


def _written(kind: str, document: Mapping[str, Any]) -> str:
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", **document, "title": kind}
    return json.dumps(head, indent=2, ensure_ascii=False) + "\n"


def _tidy(part: Any, *, nullable: bool) -> Any:
    """Without what helps nobody in an editor: titles made from names, defaults in a notation of Python's.

    Where a value may not be left empty (`nullable` False), null is no alternative either.
    """
    if isinstance(part, list):
        return [_tidy(item, nullable=nullable) for item in part]
    if not isinstance(part, dict):
        return part
    tidy = {
        key: _tidy(value, nullable=nullable)
        for key, value in part.items()
        if not (key == "title" and isinstance(value, str))
        and not (key == "default" and not isinstance(value, bool | int | float))
    }
    forms = tidy.get("anyOf")
    if forms and not nullable:
        forms = [form for form in forms if form != {"type": "null"}]
        if len(forms) == 1:
            del tidy["anyOf"]
            return {**forms[0], **tidy}
        tidy["anyOf"] = forms
    return tidy
