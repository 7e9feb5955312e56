"""Choosing an audience on a page: conditions to be ticked, and what was ticked."""

from dataclasses import dataclass
from typing import Any

from bot.domain.announcements import KINDS, toggled
from bot.domain.messages import Value
from bot.domain.programme import Audience, Target
from bot.storage.database import Transaction
from bot.usecases import whom as whom_of
from bot.web.page import Visit


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a condition: its field's name, its words, and whether it is chosen."""

    field: str
    words: Value
    chosen: bool


@dataclass(frozen=True, slots=True)
class Condition:
    """A kind of condition, and what it can be."""

    kind: str
    choices: list[Choice]

    @property
    def open(self) -> bool:
        """Whether something of it is chosen."""
        return any(each.chosen for each in self.choices)


def values(tx: Transaction, visit: Visit, audience: Audience, kind: str) -> list[tuple[Any, Value]]:
    """What can be chosen; and what was, though nobody on the roster has it any more."""
    offered = whom_of.choices(tx, visit.actor, visit.programme, kind)
    there = [value for value, _ in offered]
    gone = [each for each in getattr(audience, kind) if each not in there]
    return [*offered, *((each, each.id if isinstance(each, Target) else str(each)) for each in gone)]


def conditions(tx: Transaction, visit: Visit, audience: Audience, mode: str) -> list[Condition]:
    """The conditions of an audience to be ticked; `mode` tells its fields from another's."""
    found = []
    for kind in KINDS:
        chosen = set(getattr(audience, kind))
        choices = [
            Choice(f"{mode}-{kind}-{whom_of.mark(value)}", words, value in chosen)
            for value, words in values(tx, visit, audience, kind)
        ]
        if choices:
            found.append(Condition(kind, choices))
    return found


def chosen(tx: Transaction, visit: Visit, before: Audience, mode: str) -> tuple[Audience, set[str]]:
    """The audience that a form asks for, in the place of one, and which of its fields say so."""
    found, known = Audience(), set()
    for kind in KINDS:
        for value, _ in values(tx, visit, before, kind):
            name = f"{mode}-{kind}-{whom_of.mark(value)}"
            if name in visit.form:
                found = toggled(found, kind, value)
                known.add(name)
    return found, known
