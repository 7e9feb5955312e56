"""JSON Schemas of the YAML files, for editors: names, values and a hover for every key."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from bot.content.models import AgendaFile, PromptsFile, QuizFile, ScheduleFile

MODELS: Mapping[str, type[BaseModel]] = {
    "agenda": AgendaFile,
    "quiz": QuizFile,
    "prompts": PromptsFile,
    "schedule": ScheduleFile,
}
"""The file model of each kind; texts are free in their keys and have no model."""

_TEXTS = {
    "title": "texts",
    "description": "The bot's words in one language: nested keys, and texts with {placeholder}s.",
    "$ref": "#/$defs/Texts",
    "$defs": {
        "Texts": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": "^[a-z][a-z0-9_]*$"},
            "additionalProperties": {
                "anyOf": [{"type": "string", "minLength": 1}, {"$ref": "#/$defs/Texts"}]
            },
        }
    },
}


def schemas(config: type[BaseModel]) -> dict[str, str]:
    """Each kind of file with its schema as JSON; `config` is the model of config.yaml, which lies above."""
    documents = {kind: _tidy(model.model_json_schema(), nullable=False) for kind, model in MODELS.items()}
    documents["config"] = _tidy(config.model_json_schema(), nullable=True)
    documents["texts"] = _TEXTS
    return {kind: _written(kind, document) for kind, document in sorted(documents.items())}


def write(folder: Path, config: type[BaseModel]) -> list[Path]:
    """Write the schemas into `folder`, as `<kind>.json`; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for kind, text in schemas(config).items():
        files.append(folder / f"{kind}.json")
        files[-1].write_text(text, encoding="utf-8")
    return files


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
