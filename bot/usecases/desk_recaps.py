"""The desk's area of recaps: what is to be counted, by what, and what is to be done with it."""

from collections.abc import Mapping
from typing import Any

from bot.domain.events import Shared, Wrote
from bot.domain.forms import short_moment
from bot.domain.messages import Button, Edit, Reply, Say, Tap, Value
from bot.domain.programme import Item, Target
from bot.domain.staff import Right
from bot.storage import recaps
from bot.storage.database import Transaction
from bot.usecases import recaps as deeds
from bot.usecases.menu import OLD_BUTTON
from bot.usecases.people import title
from bot.usecases.recaps import ACTION, KINDS
from bot.usecases.shift import Shift, menu_button

RIGHT = Right.SEE_PROGRESS

BY = ("offices", "provinces", "waves", "classes", "groups")
"""What is counted by, in the order in which it is offered."""

_SHOWN = 15
_MOST_ITEMS = 40

__all__ = ["ACTION", "RIGHT", "open", "tap", "write"]


def open(tx: Transaction, shift: Shift) -> Reply:  # noqa: A001 - every area of a coordinator's desk is opened so
    """How many have finished all of each kind."""
    return Reply((_overview(tx, shift),))


def write(tx: Transaction, shift: Shift, asked: Mapping[str, Any], event: Wrote | Shared) -> Reply:
    """Nothing is typed here."""
    return open(tx, shift)


def tap(tx: Transaction, shift: Shift, message_id: int, tapped: Tap) -> Reply:
    """A button of this area; its item is a kind, or "kind.item"."""
    match tapped.choice:
        case "list":
            return Reply((Edit(message_id, _overview(tx, shift)),))
        case "on" | "off" as way:
            recaps.switch(tx, shift.actor.person.id, shift.now, on=way == "on")
            return Reply((Edit(message_id, _overview(tx, shift)),), Say(f"recap.toast_{way}"))
    kind, _, item = tapped.item.partition(".")
    if tapped.choice == "kind" and kind in {each.value for each in KINDS}:
        return Reply((Edit(message_id, _which(shift, Item(kind))),))
    target = deeds.target_of(shift.programme, kind, item)
    if target is None:
        return Reply((OLD_BUTTON,))
    match tapped.choice:
        case by if by in BY:
            return Reply((Edit(message_id, _counts(tx, shift, target, by)),))
        case "chart":
            found = deeds.counts(tx, shift.actor, shift.programme, target, "offices", shift.now)
            if not found:
                return Reply((), Say("recap.toast_nobody"))
            return Reply((deeds.chart(shift.programme, target, found, shift.now),))
        case "file":
            file = deeds.workbook(tx, shift.actor, shift.programme, target, shift.now)
            return Reply((Say("desk.not_allowed"),)) if file is None else Reply((file,))
        case "remind" if shift.actor.may(Right.ANNOUNCE):
            return Reply((Edit(message_id, _confirm(tx, shift, target)),))
        case "reminded" if shift.actor.may(Right.ANNOUNCE):
            number = deeds.remind(tx, shift.actor, shift.programme, target, shift.now)
            return Reply((Edit(message_id, _reminded(shift, target, number)),))
    return Reply((OLD_BUTTON,))


def _overview(tx: Transaction, shift: Shift) -> Say:
    rows = [
        (Button(Say(f"participants.kind_{kind}"), Tap(ACTION, kind.value, "kind")),)
        for kind in KINDS
        if deeds.targets(shift.programme, kind)
    ]
    if shift.programme.recap_at is not None:
        way = "off" if recaps.wants(tx, shift.actor.person.id) else "on"
        rows.append((Button(Say(f"recap.button_{way}"), Tap(ACTION, "", way)),))
    said: dict[str, Value] = {
        "at": short_moment(shift.now),
        "lines": deeds.lines(tx, shift.programme, shift.actor.scope),
    }
    return Say("recap.overview", said, (*rows, (menu_button(),)))


def _which(shift: Shift, kind: Item) -> Say:
    rows = [
        (Button(title(shift.programme, kind.value, each.id) or each.id, Tap(ACTION, _item(each), "offices")),)
        for each in deeds.targets(shift.programme, kind)[:_MOST_ITEMS]
    ]
    return Say("recap.which", {}, (*rows, (Button(Say("recap.button_back"), Tap(ACTION, "", "list")),)))


def _counts(tx: Transaction, shift: Shift, target: Target, by: str) -> Say:
    found = deeds.counts(tx, shift.actor, shift.programme, target, by, shift.now)
    short = [each for each in found if each.lacking]
    lines = [
        Say(
            "recap.line",
            {"where": each.value or "—", "lacking": each.lacking, "people": each.people},
        )
        for each in short[:_SHOWN]
    ]
    if len(short) > _SHOWN:
        lacking = sum(each.lacking for each in short[_SHOWN:])
        lines.append(Say("recap.more", {"count": len(short) - _SHOWN, "lacking": lacking}))
    said: dict[str, Value] = {
        "what": title(shift.programme, target.kind.value, target.id) or target.id,
        "at": short_moment(shift.now),
        "by": Say(f"recap.by_{by}"),
        "lacking": sum(each.lacking for each in found),
        "people": sum(each.people for each in found),
        "lines": tuple(lines) or Say("recap.nobody"),
    }
    item = _item(target)
    others = [Button(Say(f"recap.button_by_{each}"), Tap(ACTION, item, each)) for each in BY if each != by]
    rows: list[tuple[Button, ...]] = [tuple(others[n : n + 2]) for n in range(0, len(others), 2)]
    given = [Button(Say("recap.button_chart"), Tap(ACTION, item, "chart"))]
    if shift.actor.may(Right.EXPORT):
        given.append(Button(Say("recap.button_file"), Tap(ACTION, item, "file")))
    rows.append(tuple(given))
    if short and shift.actor.may(Right.ANNOUNCE):
        rows.append((Button(Say("recap.button_remind"), Tap(ACTION, item, "remind")),))
    rows.append((Button(Say("recap.button_back"), Tap(ACTION, target.kind.value, "kind")),))
    return Say("recap.counts", said, tuple(rows))


def _confirm(tx: Transaction, shift: Shift, target: Target) -> Say:
    found = deeds.reminder(tx, shift.actor, shift.programme, target, shift.now)
    said: dict[str, Value] = {
        "what": title(shift.programme, target.kind.value, target.id) or target.id,
        "count": found.people,
        "before": Say("recap.reminded_before", {"count": found.before}) if found.before else "",
        "begins": short_moment(found.begins) if found.begins else "—",
    }
    back = (Button(Say("recap.button_back"), Tap(ACTION, _item(target), "offices")),)
    if not found.people:
        return Say("recap.nobody_to_remind", said, (back,))
    do = Button(
        Say("recap.button_remind_really", {"count": found.people}), Tap(ACTION, _item(target), "reminded")
    )
    return Say("recap.confirm", said, ((do,), back))


def _reminded(shift: Shift, target: Target, number: int) -> Say:
    what = title(shift.programme, target.kind.value, target.id) or target.id
    back = (Button(Say("recap.button_back"), Tap(ACTION, _item(target), "offices")), menu_button())
    return Say("recap.reminded", {"what": what, "count": number}, (back,))


def _item(target: Target) -> str:
    return f"{target.kind}.{target.id}"
