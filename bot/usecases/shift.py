"""A coordinator at work: what every area of their desk is handed, and what the areas share."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bot.domain.events import Shared, Wrote
from bot.domain.messages import Button, Reply, Say, Tap
from bot.domain.programme import Programme
from bot.domain.staff import Actor, Right, Scope
from bot.storage import dialogues
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


def asked_by(tx: Transaction, chat_id: int, area: str) -> Mapping[str, Any]:
    """What that area (by its `ACTION`) asked for last in a chat; nothing where another did since, or none."""
    dialogue = dialogues.current(tx, chat_id)
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
