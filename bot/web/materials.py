"""Materials of sessions: what there is of each, how far it has got, and handing out, or taking back.

The deeds are `bot.usecases.materials`, the ones of the chat. Files come by the chat only: there they are
Telegram's already, and need not be kept here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bot.domain import materials as domain
from bot.domain.materials import Release, State
from bot.domain.messages import Say
from bot.domain.programme import Session
from bot.domain.staff import Right
from bot.storage import materials as stored
from bot.storage.database import Transaction
from bot.storage.materials import Material
from bot.usecases import materials
from bot.web.page import Answer, Go, Show, Visit, Way, answering_refusals, bad_input, not_found


@dataclass(frozen=True, slots=True)
class Line:
    """A material in a list, and how it stands."""

    found: Material
    state: Say
    sent: Say | None

    @property
    def withdrawable(self) -> bool:
        """Whether it can be taken back."""
        return self.found.state in (State.WAITING, State.OUT)


def _list(tx: Transaction, visit: Visit) -> Answer:
    own = materials.sessions(visit.actor, visit.programme)
    groups = [
        (each, materials.standing(tx, visit.programme, each), list(_lines(tx, visit, each))) for each in own
    ]
    return Show("materials.html", {"groups": groups})


def _lines(tx: Transaction, visit: Visit, session: Session) -> Iterator[Line]:
    for found in stored.of_session(tx, visit.programme.id, session.id):
        yield Line(found, materials.state_in_words(found), materials.sent_in_words(tx, found))


def _ask(tx: Transaction, visit: Visit) -> Answer:
    """What can be done with it, and what that would mean."""
    found = _found(tx, visit)
    session = visit.programme.session(found.session_id or "")
    if session is None:
        raise not_found()
    waits = found.state is State.WAITING
    releases = domain.choices(session, visit.now) if waits else ()
    values = {
        "found": found,
        "session": session,
        "state": materials.state_in_words(found),
        "releases": [each for each in releases if each is not found.release],
        "people": materials.plan(tx, found, visit.now).people if waits else 0,
        "withdrawable": found.state in (State.WAITING, State.OUT),
    }
    return Show("material_ask.html", values)


def _release(tx: Transaction, visit: Visit) -> Answer:
    found = _found(tx, visit)
    named = visit.field("release", at_most=10)
    if named not in {each.value for each in Release}:
        raise bad_input()
    with answering_refusals("/materials"):
        materials.release(tx, visit.actor, found.id, Release(named), visit.now)
    return Go("/materials")


def _withdraw(tx: Transaction, visit: Visit) -> Answer:
    with answering_refusals("/materials"):
        materials.withdraw(tx, visit.actor, _found(tx, visit).id, visit.now)
    return Go("/materials")


def _found(tx: Transaction, visit: Visit) -> Material:
    """The material of the path, for somebody whose session it is; raises PageError."""
    with answering_refusals("/materials"):
        found = materials.of(tx, visit.actor, visit.id(), to_change=False)
    if found.state is State.DRAFT:
        raise not_found()
    return found


WAYS: Final = (
    Way("/materials", Right.SPEAK, _list, menu="materials.menu"),
    Way("/materials/{id}", Right.SPEAK, _ask),
    Way("/materials/{id}/release", Right.SPEAK, do=_release),
    Way("/materials/{id}/withdraw", Right.SPEAK, do=_withdraw),
)
