"""A coordinator at work: what every area of their desk is handed, and what the areas share."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bot.domain.events import Shared, Wrote
from bot.domain.messages import Button, Delete, Lane, Message, Reply, Say, Tap
from bot.domain.people import Person, Role
from bot.domain.programme import Programme
from bot.domain.staff import Actor, Right, Scope
from bot.storage import dialogues, outbox, people, staff
from bot.storage.database import Transaction

DIALOGUE = "panitia"
"""The kind of the dialogues in which a coordinator is asked for something; `area` in its state: by whom."""

MENU = "k-meja"
"""The action of buttons that lead to the desk itself."""


@dataclass(frozen=True, slots=True)
class Shift:
    """Who is at work (rights and scope included), on which programme, in which chat, when."""

    actor: Actor
    programme: Programme
    chat_id: int
    now: datetime


class Area(Protocol):
    """One area of a coordinator's desk, a module of use cases.

    It is only asked for who has its `RIGHT`; whether somebody or something named by a button is in their
    scope is for the area to check.
    """

    ACTION: str
    """Its buttons' action, "k-…"."""

    RIGHT: Right

    def open(self, tx: Transaction, shift: Shift) -> Reply:
        """Its first screen, from the desk's menu."""

    def tap(self, tx: Transaction, shift: Shift, message_id: int, tapped: Tap) -> Reply:
        """One of its buttons."""

    def write(self, tx: Transaction, shift: Shift, asked: Mapping[str, Any], event: Wrote | Shared) -> Reply:
        """What was typed or sent, when `asked` (the dialogue's state) had been asked for."""


def shift_of(
    tx: Transaction, person: Person, programme: Programme, chat_id: int, now: datetime
) -> Shift | None:
    """The shift of somebody who has work here; None of a participant."""
    actor = None if person.role is Role.PARTICIPANT else staff.actor(tx, person)
    return None if actor is None else Shift(actor, programme, chat_id, now)


def shift_in(tx: Transaction, chat_id: int, now: datetime) -> Shift | None:
    """The shift of whose chat it is; None where they have no work here, or not any more."""
    person = people.visitor(tx, chat_id, None, now).active
    programme = None if person is None else tx.catalogue.programme(person.programme)
    if person is None or programme is None:
        return None
    return shift_of(tx, person, programme, chat_id, now)


def tell(tx: Transaction, shift: Shift, what: str, messages: Iterable[Message]) -> None:
    """Owe them what was worked out since they asked, in that order; `what` it was names the reasons."""
    for number, message in enumerate(messages):
        outbox.owe(
            tx,
            outbox.Recipient(person_id=shift.actor.person.id),
            message,
            reason=f"{what}:{shift.now:%Y%m%dT%H%M%S%f}:{number}",
            lane=Lane.REPLY,
            now=shift.now,
        )


def take_away(tx: Transaction, chat_id: int, message_id: int, now: datetime) -> None:
    """Owe that a file with people's names, which somebody sent and which is read, leaves their chat.

    Whatever they are or were asked for by now.
    """
    person = people.of_chat(tx, chat_id)
    outbox.owe(
        tx,
        outbox.Recipient(chat_id=chat_id) if person is None else outbox.Recipient(person_id=person.id),
        Delete(message_id),
        reason=f"read:{chat_id}:{message_id}",
        lane=Lane.REPLY,
        now=now,
    )


def ask(tx: Transaction, shift: Shift, area: str, what: Mapping[str, Any]) -> None:
    """What is written or sent next is for that area (by its `ACTION`), which asked for `what` (JSON)."""
    dialogues.enter(tx, shift.chat_id, DIALOGUE, {**what, "area": area}, shift.now)


def ask_no_more(tx: Transaction, shift: Shift) -> None:
    """What is written or sent next is for none in particular."""
    dialogues.leave(tx, shift.chat_id, DIALOGUE)


def asked_by(tx: Transaction, shift: Shift, area: str) -> Mapping[str, Any]:
    """What that area asked for last; nothing where another did since, or none."""
    dialogue = dialogues.current(tx, shift.chat_id)
    if dialogue is None or dialogue.kind != DIALOGUE or dialogue.state.get("area") != area:
        return {}
    return dialogue.state


def menu_button() -> Button:
    """The way to the desk."""
    return Button(Say("desk.button_menu"), Tap(MENU))


def scope_in_words(scope: Scope) -> Say:
    """What somebody is limited to."""
    if scope.whole:
        return Say("desk.scope_whole")
    return Say("desk.scope", {"values": ", ".join(value for _, value in scope.pairs())})


def session_lines(programme: Programme, ids: Collection[str]) -> tuple[Say, ...]:
    """A line for each of those sessions, in their order: what and when."""
    return tuple(
        Say("speakers.session", {"title": session.title, "starts": session.starts})
        for session in programme.sessions
        if session.id in ids
    )
