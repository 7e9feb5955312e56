"""Whom an announcement can be for, and an audience in words: for the chat and for the page alike."""

import zlib
from collections.abc import Sequence
from typing import Any

from bot.domain.announcements import KINDS, Whom
from bot.domain.messages import Say, Value
from bot.domain.people import Role
from bot.domain.programme import Item, Programme, Target
from bot.domain.staff import Actor
from bot.domain.zones import Zone
from bot.storage import staff
from bot.storage.database import Transaction

_ROLES = (Role.PARTICIPANT, Role.SPEAKER, Role.COORDINATOR)


def choices(
    tx: Transaction, actor: Actor, programme: Programme, kind: str
) -> list[tuple[Zone | Target | str, Value]]:
    """The values that a kind of condition can have, of those who are in the coordinator's scope."""
    match kind:
        case "zones":
            return [(zone, zone.value) for zone in Zone]
        case "roles":
            return [(role.value, Say(f"announce.role_{role}")) for role in _ROLES]
        case "not_done":
            found: list[tuple[Zone | Target | str, Value]] = []
            for item, things in (
                (Item.MODULE, programme.modules),
                (Item.QUIZ, programme.quizzes),
                (Item.JOURNAL, tuple(task.prompt for task in programme.journal)),
            ):
                if things:
                    found.append((Target(item, "*"), Say(f"announce.lacks_{item}_any")))
                found += [
                    (Target(item, each.id), Say(f"announce.lacks_{item}", {"title": each.title}))
                    for each in things
                ]
            return found
    return [(value, value) for value in staff.values(tx, programme.id, kind, actor.scope)]


def mark(value: Zone | Target | str) -> str:
    """What stands for a value in a button: names are too long for one."""
    name = f"{value.kind}:{value.id}" if isinstance(value, Target) else str(value)
    return f"{zlib.crc32(name.encode()):08x}"


def in_words(actor: Actor, programme: Programme, whom: Whom, *, theirs: bool = False) -> tuple[Say, ...]:
    """The conditions of an audience, a line each; within the scope of `actor`, perhaps not the reader's."""
    if not whom.people:
        return (Say("announce.groups_only", {"count": len(whom.chats)}),)
    lines = [_condition(programme, kind, values) for kind in KINDS if (values := getattr(whom.of, kind))]
    if not lines:
        lines.append(Say("announce.everybody"))
    if whom.but is not None:
        lines += [
            Say("announce.but", {"condition": _condition(programme, kind, values)})
            for kind in KINDS
            if (values := getattr(whom.but, kind))
        ]
    if whom.chats:
        lines.append(Say("announce.plan_groups", {"count": len(whom.chats)}))
    if not actor.scope.whole:
        values = ", ".join(value for _, value in actor.scope.pairs())
        said: dict[str, Value] = {"values": values, "name": actor.person.name}
        lines.append(Say("announce.within_theirs" if theirs else "announce.within", said))
    return tuple(lines)


def _condition(programme: Programme, kind: str, values: Sequence[Any]) -> Say:
    match kind:
        case "not_done":
            shown: Value = tuple(_lacks(programme, target) for target in values)
            return Say("announce.condition_not_done", {"values": shown})
        case "roles":
            return Say(
                "announce.condition",
                {
                    "kind": Say(f"announce.kind_{kind}", {"mark": ""}),
                    "values": tuple(Say(f"announce.role_{role}") for role in values),
                },
            )
    said: dict[str, Value] = {
        "kind": Say(f"announce.kind_{kind}", {"mark": ""}),
        "values": ", ".join(str(value) for value in values),
    }
    return Say("announce.condition", said)


def _lacks(programme: Programme, target: Target) -> Say:
    if target.id == "*":
        return Say(f"announce.lacks_{target.kind}_any")
    return Say(f"announce.lacks_{target.kind}", {"title": programme.title_of(target) or target.id})
