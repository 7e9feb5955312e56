"""Parameters, read as the official server reads them: everything is text until somebody asks for more.

A number may come as `5` or `"5"`, a list as JSON or as a string holding JSON; garbage in an optional
integer is 0, an integer outside its range is clamped. Only what the official server refuses is refused.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from bot.simulator.errors import BadRequestError

_INTEGER = re.compile(r"\s*([+-]?\d+)")
_INT32 = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with the request (multipart)."""

    name: str
    data: bytes


def integer(value: object) -> int:
    """The leading integer of a text, 0 where there is none."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value
    found = _INTEGER.match(str(value))
    return int(found.group(1)) if found else 0


@dataclass(frozen=True, slots=True)
class Params:
    """The parameters of one call."""

    values: Mapping[str, Any] = field(default_factory=dict)
    uploads: Mapping[str, Upload] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Whether the parameter was given at all (an empty text counts, null does not)."""
        return self.values.get(name) is not None

    def text(self, name: str) -> str:
        """The parameter as text, empty where absent."""
        value = self.values.get(name)
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, (dict, list)):
            return orjson.dumps(value).decode()
        return str(value)

    def required(self, name: str) -> str:
        """The parameter as text, refused where absent."""
        value = self.text(name)
        if not value:
            raise BadRequestError(f'Parameter "{name}" is required')
        return value

    def integer(self, name: str, default: int = 0, low: int = -_INT32 - 1, high: int = _INT32) -> int:
        """The parameter as an integer within `low` … `high`."""
        value = self.text(name)
        return max(low, min(high, integer(value) if value else default))

    def number(self, name: str) -> float | None:
        """The parameter as a number, None where absent or no number."""
        try:
            return float(self.text(name))
        except ValueError:
            return None

    def flag(self, name: str, *, default: bool = False) -> bool:
        """The parameter as yes or no."""
        if not self.has(name):
            return default
        return self.text(name).strip().lower() in {"true", "yes", "1"}

    def json(self, name: str, what: str) -> Any:
        """The parameter as a JSON value, None where absent or empty; `what` names it in the refusal."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            return value
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            raise BadRequestError(f"Can't parse {what} JSON object") from None

    def message_id(self, name: str = "message_id") -> int:
        """A message identifier; 0, which names no message, where absent."""
        return self.integer(name)

    def message_ids(self, name: str = "message_ids", most: int = 100) -> list[int]:
        """1 to `most` message identifiers, in strictly increasing order."""
        found = self.json(name, name)
        if found is None or found == []:
            raise BadRequestError("Message identifiers are not specified")
        if not isinstance(found, list):
            raise BadRequestError("Expected an Array of message identifiers")
        if len(found) > most:
            raise BadRequestError("Too many message identifiers specified")
        ids: list[int] = []
        for item in found:
            if isinstance(item, bool) or not isinstance(item, (int, str)):
                raise BadRequestError("Message identifier must be a Number")
            try:
                number = int(item)
            except ValueError:
                raise BadRequestError("Can't parse message identifier as a Number") from None
            if not 0 < number <= _INT32:
                raise BadRequestError("Invalid message identifier specified")
            ids.append(number)
        return ids
