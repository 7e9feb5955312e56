"""The ground the file models stand on: pydantic models that name every problem at its line, and read on.

A field that cannot be read becomes a `HOLE`, so that the checks across files still see the rest. Nothing
is built from a model while there is any problem, so no hole ever leaves `bot.content`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self, TypeGuard, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ModelWrapValidatorHandler,
    PlainValidator,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from bot.content.problems import Place, Problem, TooManyProblemsError, advice, nearest, shown
from bot.content.yaml import Mapping, Scalar, Sequence, Value
from bot.domain.markup import link_problem

HOLE: Any = type("Hole", (), {"__repr__": lambda _: "HOLE"})()
"""What stands in a field whose value could not be read; its problem is named already."""

T = TypeVar("T")
Model = TypeVar("Model", bound="Shape")
E = TypeVar("E", bound=StrEnum)


MOST_PROBLEMS = 500


@dataclass(slots=True)
class Reading:
    """One run over all files, collecting what is wrong.

    `quoting` False keeps every value out of the messages (configuration holds secrets); `empty_is_absent`
    lets a key without a value stand for its default.
    """

    quoting: bool = True
    empty_is_absent: bool = False
    problems: list[Problem] = field(default_factory=list)
    _seen: set[tuple[str, int, str]] = field(default_factory=set)

    def problem(self, place: Place, what: str, mend: str, *, warning: bool = False) -> None:
        """Note it, once; raises `TooManyProblemsError` where there are so many that reading on is no use."""
        if len(self.problems) >= MOST_PROBLEMS:
            raise TooManyProblemsError
        if (place.file, place.line, what) not in self._seen:
            self._seen.add((place.file, place.line, what))
            self.problems.append(Problem(place.file, place.line, what, mend, warning))

    def add(self, problems: list[Problem]) -> None:
        """Note those, once each."""
        for problem in problems:
            self.problem(
                Place(problem.file, problem.line), problem.what, problem.mend, warning=problem.warning
            )

    def read(self, model: type[Model], source: Mapping) -> Model | None:
        """`source` as a `model`, with holes where it could not be read; None where it could not be at all."""
        try:
            return model.model_validate(source, context=self)
        except ValidationError as error:
            self._explain(source, "", error)
            return None

    def attempt(self, name: str, value: Value, validate: Callable[[Any], Any]) -> Any:
        """What `validate` makes of a field's `value`, without the list items it refuses; or a hole."""
        while True:
            try:
                return validate(value)
            except ValidationError as error:
                refused = self._explain(value, name, error)
            if not isinstance(value, Sequence) or not refused:
                return HOLE
            value = _without(value, refused)

    def _explain(self, value: Value, name: str, error: ValidationError) -> set[int]:
        """Name each error; returns which items of the list `value` they lie in (none: elsewhere, too)."""
        refused: set[int] = set()
        elsewhere = False
        for detail in error.errors(include_url=False):
            place, subject = _locate(value, name, detail["loc"])
            what, mend = _in_words(detail, quoting=self.quoting)
            self.problem(place, f"{subject} {what}", mend)
            if detail["loc"] and isinstance(detail["loc"][0], int):
                refused.add(detail["loc"][0])
            else:
                elsewhere = True
        return set() if elsewhere else refused


def _without(items: Sequence, indexes: set[int]) -> Sequence:
    rest = Sequence(items.place)
    rest.extend(item for index, item in enumerate(items) if index not in indexes)
    return rest


def _locate(value: Value, name: str, loc: tuple[int | str, ...]) -> tuple[Place, str]:
    """The place that an error's path leads to from the field `name`, and what stands there."""
    place, subject = value.place, f"'{name}'"
    for step in loc:
        if isinstance(value, Mapping) and isinstance(step, str) and step in value:
            value, name = value[step], step
            subject = f"'{name}'"
        elif isinstance(value, Sequence) and isinstance(step, int) and step < len(value):
            value = value[step]
            subject = f"an item of '{name}'"
        else:
            continue  # a union's branch, which is nothing that stands in the file
        place = value.place
    return place, subject


def refuse(what: str, mend: str, *, quote: bool = True) -> PydanticCustomError:
    """A problem with one value, raised by a validator: `what` continues "'key' ...".

    With `quote` the value is named behind it, where values may be.
    """
    return PydanticCustomError("refused", "{what}", {"what": what, "mend": mend, "quote": quote})


def is_a(value: object) -> str:
    """What was written, in a few words."""
    match value:
        case Mapping():
            return "a mapping"
        case Sequence():
            return "a list"
        case str():
            return shown(value)
    return str(value)


def _in_words(detail: ErrorDetails, *, quoting: bool) -> tuple[str, str]:
    context = detail.get("ctx", {})
    what, mend, quote = f"cannot be used ({detail['msg']})", "see the schema named in the first line", True
    match detail["type"]:
        case "refused":
            what, mend, quote = context["what"], context["mend"], context["quote"]
        case "list_type":
            what, mend = "is not a list", "write [a, b], or '- ' before each item in lines of their own"
        case "greater_than_equal":
            what, mend = f"is below {context['ge']:g}", f"write {context['ge']:g} or more"
        case "greater_than":
            what, mend = f"is not above {context['gt']:g}", f"write more than {context['gt']:g}"
        case "less_than_equal":
            what, mend = f"is above {context['le']:g}", f"write {context['le']:g} or less"
        case "too_short":
            what, mend, quote = f"has fewer than {context['min_length']}", "add what is missing", False
    if quote and (quoting or isinstance(detail["input"], Mapping | Sequence)):
        what = f"{what}: {is_a(detail['input'])}"
    return what, mend


class Shape(BaseModel):
    """A mapping of a file: no key is unknown, none is missing, and each knows its line."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        arbitrary_types_allowed=True,
        defer_build=True,  # only what a whole file is gets validators: those of its parts are in them
    )

    REPLACED: ClassVar[dict[str, str]] = {}
    """Keys that people write by mistake, and what to write instead."""

    _written: Mapping | None = PrivateAttr(default=None)  # a factory would be looked into for each mapping
    _sound: bool = PrivateAttr(default=True)

    @model_validator(mode="wrap")
    @classmethod
    def _read(cls, data: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        if not isinstance(info.context, Reading) or isinstance(data, cls):
            return handler(data)
        reading = info.context
        before = len(reading.problems)
        if not isinstance(data, Mapping):
            raise refuse(
                "is not a mapping", f"write {', '.join(cls._required() or cls.model_fields)} below it"
            )
        keys = {f.alias or name: f for name, f in cls.model_fields.items()}
        kept: dict[str, Any] = {}
        for key, value in data.items():
            if key in keys:
                kept[str(key)] = value
            else:
                unused = keys.keys() - data.keys()
                mend = cls.REPLACED.get(key) or advice(key, unused if nearest(key, unused) else keys)
                place = key.place if isinstance(key, Scalar) else data.place
                reading.problem(place, f"unknown key {shown(key)}", mend)
        for key in cls._required():
            if key not in kept:
                reading.problem(data.place, f"'{key}' is missing", f"add '{key}: ...'")
                kept[key] = HOLE
        model = handler(kept)
        model._written = data
        model._sound = len(reading.problems) == before
        return model

    @field_validator("*", mode="wrap")
    @classmethod
    def _read_field(cls, value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
        reading = info.context
        if value is HOLE or not isinstance(reading, Reading):
            return value if value is HOLE else handler(value)
        own = cls.model_fields[info.field_name or ""]
        name = own.alias or info.field_name or ""
        if isinstance(value, Scalar) and value.empty:
            if reading.empty_is_absent and not own.is_required():
                return own.get_default(call_default_factory=True, validated_data={})
            reading.problem(value.place, f"'{name}' is empty", "write its value, or delete the key")
            return HOLE
        return reading.attempt(name, value, handler)

    @classmethod
    def _required(cls) -> list[str]:
        return [f.alias or name for name, f in cls.model_fields.items() if f.is_required()]

    @property
    def _source(self) -> Mapping:
        return Mapping(Place("")) if self._written is None else self._written

    @property
    def place(self) -> Place:
        """Where the mapping begins."""
        return self._source.place

    def where(self, key: str) -> Place:
        """Where `key` was written, or the mapping where it was not."""
        return key_place(self._source, key)

    @property
    def sound(self) -> bool:
        """Whether there was no problem with the mapping, nor with anything in it."""
        return self._sound and whole(self)

    def complete(self, key: str) -> bool:
        """Whether all of a list could be read."""
        return whole(getattr(self, key)) and len(getattr(self, key)) == len(self._source.get(key, ()))

    def wrote(self, key: str) -> bool:
        """Whether `key` was written at all."""
        return key in self._source


def key_place(mapping: Mapping, key: str) -> Place:
    """Where `key` was written, or the mapping where it was not."""
    found = next((own for own in mapping if own == key), None)
    return found.place if isinstance(found, Scalar) else mapping.place


def whole(*values: object) -> bool:
    """Whether there is no hole in any of the values, however deep."""
    for value in values:
        if value is HOLE:
            return False
        if isinstance(value, Shape):
            if not whole(*(getattr(value, name) for name in type(value).model_fields)):
                return False
        elif isinstance(value, list | tuple):
            if not whole(*value):
                return False
        elif isinstance(value, dict) and not whole(*value.values()):
            return False
    return True


def known(value: T) -> TypeGuard[T]:
    """Whether a field's value could be read (it may still have holes deeper down)."""
    return value is not HOLE


def place_of(value: object, otherwise: Place) -> Place:
    """Where a value was written, if it can tell; `otherwise` if not."""
    match value:
        case Scalar() | Shape():
            return value.place
    return otherwise


# --- kinds of values: each takes what YAML gives, and its own type as Python code gives it -------------

_ID = re.compile(r"[a-z0-9-]{1,24}")
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_DIGITS = re.compile(r"-?[0-9]+")
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_TIME = re.compile(r"(\d{2}):(\d{2})")
_MOMENT = re.compile(r"(\S+)(?:[ ]+|T)(\d{2}:\d{2})(:00)?")
_DURATION = re.compile(r"(?=\S)(?:(\d{1,4})d)?\s*(?:(\d{1,5})h)?\s*(?:(\d{1,6})m)?\s*(?:(\d{1,8})s)?")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
YEARS = range(2000, 2100)


def text_of(value: Any) -> str:
    """A text that is not empty, without the space around it; raises what pydantic reports."""
    if not isinstance(value, str):
        mend = "put quotes round a text that begins with '{' or '['"
        raise refuse("is not a text", mend)
    if found := _UNPRINTABLE.search(value):
        raise refuse(f"holds an unprintable character (U+{ord(found[0]):04X})", "delete it", quote=False)
    if isinstance(value, Scalar) and value.empty:
        raise refuse("is empty", "write a text", quote=False)
    stripped = value.like(value.strip()) if isinstance(value, Scalar) else value.strip()
    if not any(char.isprintable() and char != " " for char in stripped):  # zero-width characters, say
        raise refuse("is empty", "write a text", quote=False)
    return stripped


def _id(value: Any) -> str:
    text = text_of(value)
    if len(text) > 24:
        mend = "shorten it to 24 characters: it travels in buttons and links"
        raise refuse(f"is {len(text)} characters long", mend)
    if not _ID.fullmatch(text):
        raise refuse("is no id", "use small letters a-z, digits and '-' only")
    return text


def _reference(value: Any) -> str:
    text = text_of(value)
    return text if text == "*" else _id(text)


def _whole_number(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and getattr(value, "plain", True):
        if _WHOLE.fullmatch(value):
            return int(value)
        if _DIGITS.fullmatch(value):
            written = value.lstrip("-0")
            if len(written) > 18:
                raise refuse(f"is a number of {len(written)} digits", "write a smaller one", quote=False)
            raise refuse("begins with a zero", "leave the zeros in front out")
    raise refuse("is not a whole number", "write digits only, without quotes")


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in ("true", "false"):
        return value == "true"
    raise refuse("is neither true nor false", "write true or false")


def _approval(value: Any) -> int | None:
    """From more than how many on; 0 for "true", None for "false"."""
    if isinstance(value, bool):
        return 0 if value else None
    if isinstance(value, str) and value in ("true", "false"):
        return 0 if value == "true" else None
    try:
        number = _whole_number(value)
    except PydanticCustomError:
        raise refuse("is neither true nor false, nor a number", "write true, false, or 500") from None
    if number < 1:
        raise refuse("is too small", "write true, false, or from how many people on: 500")
    return number


def _day(value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    found = _DAY.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise refuse("is not a day", "write it as year-month-day: 2026-11-09")
    year, month, day = (int(part) for part in found.groups())
    try:
        parsed = date(year, month, day)
    except ValueError:
        raise refuse("is a day that no calendar has", "write a day that exists") from None
    if year not in YEARS:
        raise refuse("is not in this century", "check the year")
    return parsed


def _clock_time(value: Any) -> time:
    if isinstance(value, time):
        return value
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise refuse("is not a time of day", 'write hours and minutes: "08:00"')
    hour, minute = int(found[1]), int(found[2])
    if hour > 23 or minute > 59:
        raise refuse("is a time that no clock shows", 'write "00:00" to "23:59"')
    return time(hour, minute)


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    found = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        mend = "write 2026-11-09 08:00 (the zone is the programme's, or the person's)"
        raise refuse("is not a day and time", mend)
    return datetime.combine(_day(found[1]), _clock_time(found[2]))


def _duration(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None or not any(found.groups()):
        raise refuse("is not a duration", "write 90s, 15m, 2h, 3d or 1h30m")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    total = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if total > timedelta(days=366):
        raise refuse("is longer than a year", "shorten it")
    return total


def _hours(value: Any) -> tuple[time, time]:
    text = text_of(value)
    opens, dash, closes = text.partition("-")
    if not dash:
        raise refuse("names no hours", 'write from-until: "07:45-17:00"')
    hours = _clock_time(opens.strip()), _clock_time(closes.strip())
    if hours[0] >= hours[1]:
        raise refuse("closes before it opens", "begin with the earlier time")
    return hours


def https(value: Any) -> str:
    """An address on the web; raises what pydantic reports."""
    text = text_of(value)
    problem, mend = None, "write a whole address: https://example.id/page"
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 raises where the port is no number
    except ValueError:
        problem = "is no address"
    else:
        if parts.scheme != "https":
            problem = "does not begin with https://"
            mend = "write https:// instead of http://" if parts.scheme == "http" else mend
        elif not re.fullmatch(r"[^.]+(\.[^.]+)*", parts.hostname or "") or link_problem(text):
            problem = "is no address"  # nor would Telegram take it for a button
        elif len(text) > 2048:
            problem = "is longer than 2048 characters"
    if problem:
        raise refuse(problem, mend)
    return text


def one_or_more(value: Any) -> Any:
    """A list, also where one thing was written without one."""
    if isinstance(value, Scalar):
        items = Sequence(value.place)
        items.append(value)
        return items
    return value


Text = Annotated[str, PlainValidator(text_of), WithJsonSchema({"type": "string", "minLength": 1})]
Id = Annotated[
    str, PlainValidator(_id), WithJsonSchema({"type": ["string", "integer"], "pattern": "^[a-z0-9-]{1,24}$"})
]
Reference = Annotated[
    str,
    PlainValidator(_reference),
    WithJsonSchema({"type": ["string", "integer"], "pattern": r"^([a-z0-9-]{1,24}|\*)$"}),
]
Label = Annotated[str, PlainValidator(text_of), WithJsonSchema({"type": ["string", "integer"]})]
"""A short text that may be made of digits only, such as a passcode."""
Whole = Annotated[int, BeforeValidator(_whole_number)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Approval = Annotated[
    int | None,
    PlainValidator(_approval),
    WithJsonSchema({"anyOf": [{"type": "boolean"}, {"type": "integer", "minimum": 1}]}),
]
"""Whether something wants approval: yes (0), no (None), or for more than so many people."""
Day = Annotated[
    date, PlainValidator(_day), WithJsonSchema({"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"})
]
ClockTime = Annotated[
    time, PlainValidator(_clock_time), WithJsonSchema({"type": "string", "pattern": r"^\d{2}:\d{2}$"})
]
Moment = Annotated[
    datetime,
    PlainValidator(_moment),
    WithJsonSchema({"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}[ T]+\d{2}:\d{2}(:00)?$"}),
]
Duration = Annotated[
    timedelta,
    PlainValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": r"^(\d+d)?\s*(\d+h)?\s*(\d+m)?\s*(\d+s)?$", "minLength": 2}),
]
Hours = Annotated[
    tuple[time, time],
    PlainValidator(_hours),
    WithJsonSchema({"type": "string", "pattern": r"^\d{2}:\d{2}\s*-\s*\d{2}:\d{2}$"}),
]
Https = Annotated[
    str, PlainValidator(https), WithJsonSchema({"type": "string", "pattern": "^https://", "maxLength": 2048})
]


def choice(values: type[E]) -> BeforeValidator:
    """A validator for one of an enumeration's values."""
    allowed = [member.value for member in values]

    def validate(value: Any) -> E:
        text = value if isinstance(value, values) else text_of(value)
        if text not in allowed:
            raise refuse("is none of its values", advice(text, allowed))
        return values(text)

    return BeforeValidator(validate)
