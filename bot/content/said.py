"""Which texts the program says, and what it fills into each: what `content/texts` must have.

`said.json` beside this file is taken from the shipped texts (`rekan schema`), of which tests show that the
code says each and fills in all that they ask for.
"""

import functools
import json
from collections.abc import Mapping
from pathlib import Path

from bot.content.templates import READER, placeholders
from bot.content.yaml import Scalar
from bot.domain.language import Language

FILE = Path(__file__).with_suffix(".json")


@functools.cache
def said() -> Mapping[str, tuple[str, ...]]:
    """The placeholders of each text that the program says, by key."""
    data: dict[str, list[str]] = json.loads(FILE.read_text(encoding="utf-8"))
    return {key: tuple(names) for key, names in data.items()}


def gathered(texts: Mapping[Language, Mapping[str, Scalar]]) -> dict[str, tuple[str, ...]]:
    """The keys of `texts` with the placeholders that any language uses, the reader's apart."""
    names: dict[str, set[str]] = {}
    for own in texts.values():
        for key, text in own.items():
            names.setdefault(key, set()).update(set(placeholders(text)) - set(READER))
    return {key: tuple(sorted(used)) for key, used in sorted(names.items())}


def document(needed: Mapping[str, tuple[str, ...]]) -> str:
    """What `said.json` holds for these texts: one a line."""
    lines = [f"  {json.dumps(key)}: {json.dumps(names)}" for key, names in needed.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"
