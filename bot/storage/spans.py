"""Spans of ids: the part of a crowd, or of their messages, that one transaction looks after."""

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select


class Span(NamedTuple):
    """The ids above `after`, up to `upto` where that is known."""

    after: int = 0
    upto: int | None = None

    def holds(self, column: ColumnElement[Any] | Any) -> tuple[ColumnElement[bool], ...]:
        """What says that the column's value is in it; of everything, nothing."""
        above = (column > self.after,) if self.after else ()
        return above if self.upto is None else (*above, column <= self.upto)

    def of(self, whom: Select[int]) -> Select[int]:
        """Of those ids that `whom` selects, the ones in it."""
        (column,) = whom.selected_columns
        return whom.where(*self.holds(column))


EVERYTHING = Span()
