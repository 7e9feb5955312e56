"""Questions to a session's speaker: who may ask when, which stand first, what a question can become."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

LONGEST = 500
"""How many characters a question, or a written answer, may have."""

MOST = 3
"""So many questions somebody may ask of a session within `WITHIN`; the others are asked to wait."""

WITHIN = timedelta(minutes=10)


class State(StrEnum):
    """How a question stands."""

    OPEN = "open"
    LATER = "later"
    ANSWERED = "answered"
    HIDDEN = "hidden"  # by who moderates: nobody else sees it
    WITHDRAWN = "withdrawn"  # by who asked it


SHOWN = (State.OPEN, State.LATER, State.ANSWERED)
"""What participants and the presenter page see."""

SUPPORTED = (State.OPEN, State.LATER)
"""What can still be supported, and is waiting for the speaker."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question as it stands; `name` is who asked it, empty where that is not to be known."""

    id: int
    programme: str
    session: str
    person_id: int
    name: str
    text: str
    state: State
    supports: int
    asked_at: datetime
    answer: str = ""
    supported: bool = False  # by who looks at it

    @property
    def waits(self) -> bool:
        """Whether the speaker has yet to deal with it."""
        return self.state in SUPPORTED


def ranked(questions: Iterable[Question]) -> list[Question]:
    """In the order in which they are looked at: open ones by support and age, later ones, then the rest."""
    order = {state: place for place, state in enumerate(State)}
    return sorted(questions, key=lambda each: (order[each.state], -each.supports, each.asked_at, each.id))


def wait_until(asked_at: Sequence[datetime], now: datetime) -> datetime | None:
    """From when somebody who asked at those moments may ask again; None: now."""
    lately = sorted(at for at in asked_at if now - at < WITHIN)
    return lately[-MOST] + WITHIN if len(lately) >= MOST else None


def may_become(state: State, becomes: State, *, moderator: bool) -> bool:
    """Whether the speaker (or who moderates) may make it so; only who moderates hides, and shows again."""
    if State.WITHDRAWN in (state, becomes) or state is becomes:
        return False
    return moderator or State.HIDDEN not in (state, becomes)
