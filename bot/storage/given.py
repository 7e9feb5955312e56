"""Many rows as one parameter, so that a statement is the same, and as cheap, however many there are.

They go as JSON, which either engine unpacks by itself: `executemany` costs as much again for binding each
value in Python, and on PostgreSQL a message to the server for each row.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from sqlalchemy import JSON, Subquery, Text, bindparam, cast, func, literal_column, select
from sqlalchemy.types import TypeEngine

_PARAMETER = "given"


def given(engine: str, **columns: TypeEngine[Any]) -> Subquery:
    """The rows that a statement is executed with (`these`) as a table: its columns in their order.

    Not for instants, which JSON does not know.
    """
    json = bindparam(_PARAMETER, type_=Text())
    if engine == "postgresql":
        unpacked = func.json_array_elements(cast(json, JSON)).table_valued("value", name="row")
        values = [
            literal_column(f"row.value -> {n}", kind)
            if isinstance(kind, JSON)
            else cast(literal_column(f"row.value ->> {n}"), kind)
            for n, kind in enumerate(columns.values())
        ]
    else:
        unpacked = func.json_each(json).table_valued("value", name="row")
        values = [
            literal_column(f"json_extract(row.value, '$[{n}]')", kind)
            for n, kind in enumerate(columns.values())
        ]
    labelled = (value.label(name) for name, value in zip(columns, values, strict=True))
    rows = select(*labelled).select_from(unpacked)
    if engine == "postgresql":
        # True of all of them, and thought to be of hardly any: PostgreSQL, who expects a hundred, then looks
        # each up by its key, rather than read through whole tables for a few.
        rows = rows.where(literal_column("json_typeof(row.value)") == "array")
    return rows.subquery(_PARAMETER)


def these(rows: Iterable[Sequence[Any]]) -> dict[str, str]:
    """The rows as the parameter of a statement with `given`."""
    return {_PARAMETER: orjson.dumps([*rows]).decode()}
