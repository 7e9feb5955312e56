"""Whether what the bot asks of Telegram is what the public Bot API has, as another library knows it.

The simulator is ours and could share a mistake with the bot; aiogram's models of methods are generated from
the Bot API's own documentation.
"""

import functools
import json
import typing
from collections.abc import Iterable, Iterator
from typing import Any

from aiogram import methods
from aiogram.methods import TelegramMethod
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from bot.simulator.records import CallRecord

METHODS: dict[str, type[TelegramMethod[Any]]] = {
    getattr(methods, name).__api_method__: getattr(methods, name)
    for name in methods.__all__
    if name not in {"Request", "Response", "TelegramMethod"}
}


def misfits(calls: Iterable[CallRecord]) -> list[str]:
    """What in the calls is no method, no parameter or no value of the Bot API, and what they lack."""
    return list(dict.fromkeys(f"{call.method}: {why}" for call in calls for why in _misfits(call)))


def _misfits(call: CallRecord) -> Iterator[str]:
    method = METHODS.get(call.method)
    if method is None:
        yield "no such method"
        return
    for name, field in method.model_fields.items():
        if field.is_required() and name not in call.params:
            yield f"{name} is missing"
    for name, value in call.params.items():
        if name not in method.model_fields:
            yield f"no parameter {name}"
            continue
        try:
            read, adapter = _reader(call.method, name)
            yield from _unknown(adapter.validate_python(read(value)), name)
        except ValueError as error:  # pydantic's are, too
            what = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
            yield f"{name} is {value!r}: {what}"


@functools.cache
def _reader(method: str, name: str) -> tuple[Any, TypeAdapter[Any]]:
    """How a parameter is read from the form it came in: as text, or as JSON; and its type."""
    annotation = METHODS[method].model_fields[name].annotation
    text = annotation is str or str in typing.get_args(annotation)
    return (str if text else _from_json), TypeAdapter(
        annotation, config=ConfigDict(arbitrary_types_allowed=True)
    )


def _from_json(value: Any) -> Any:
    """A value of a form, which is JSON in text, or one of a call whose whole body is JSON."""
    return json.loads(value) if isinstance(value, str) else value


def _unknown(value: Any, where: str) -> Iterator[str]:
    """Fields that the Bot API's objects do not have, however deep."""
    match value:
        case BaseModel():
            yield from (f"{where} has no field {name}" for name in value.model_extra or ())
            for name in type(value).model_fields:
                yield from _unknown(getattr(value, name), f"{where}.{name}")
        case list() | tuple():
            for item in value:
                yield from _unknown(item, where)
