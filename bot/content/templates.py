"""The `{placeholder}`s in texts: which there are, and what is wrong with them."""

import re
import string
from collections.abc import Callable

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


READER = ("nama", "name", "satker", "program", "portal")
"""What every text may say of its reader (`bot.content.wording` fills it in)."""


class TemplateError(ValueError):
    """A text whose braces make no sense; `what` and `mend` say why."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(what)
        self.what, self.mend = what, mend


def placeholders(text: str) -> tuple[str, ...]:
    """The names in `text`, in order; raises `TemplateError`."""
    return tuple(name for _, name in _parts(text) if name is not None)


def fill(text: str, value: Callable[[str], str]) -> str:
    """`text` with `value(name)` in place of every placeholder; raises `TemplateError`."""
    return "".join(literal + ("" if name is None else value(name)) for literal, name in _parts(text))


def _parts(text: str) -> list[tuple[str, str | None]]:
    doubled = "write {{ or }} for a brace that is meant"
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError:
        raise TemplateError("has a '{' or '}' without its partner", doubled) from None
    found: list[tuple[str, str | None]] = []
    for literal, name, spec, conversion in parts:
        if name is not None and (spec or conversion or not _NAME.fullmatch(name)):
            raise TemplateError("has braces round something that is no name", f"write {{name}}; {doubled}")
        found.append((literal, name))
    return found
