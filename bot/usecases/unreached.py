"""The desk's area of those whom the bot does not reach: why, by office, and a text to paste elsewhere."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.domain.audit import Action
from bot.domain.events import Shared, Wrote
from bot.domain.forms import short_moment
from bot.domain.messages import Button, Edit, File, Reply, Say, Tap, Value
from bot.domain.programme import Programme
from bot.domain.staff import Actor, Right
from bot.storage import audit, recaps, state
from bot.storage.database import Transaction
from bot.storage.recaps import UNREACHED
from bot.usecases.menu import OLD_BUTTON
from bot.usecases.recaps import listed
from bot.usecases.shift import Shift, menu_button

ACTION = "k-jangkau"
RIGHT = Right.SEE_PEOPLE

_SHOWN = 10


def counts(tx: Transaction, actor: Actor, programme: Programme, now: datetime) -> dict[str, dict[str, int]]:
    """By office within the actor's scope, how many are not reached, by why (`UNREACHED`); most first."""
    found = recaps.unreached(tx, programme, actor.scope, now)
    return dict(sorted(found.items(), key=lambda each: (-sum(each[1].values()), each[0])))


def workbook(tx: Transaction, actor: Actor, programme: Programme, now: datetime) -> File | None:
    """Whom the bot does not reach, by name, as XLSX; None where the actor may not take lists away."""
    if not actor.may(Right.EXPORT):
        return None
    found = recaps.unreached_people(tx, programme, actor.scope, now)
    said: dict[str, Value] = {"programme": programme.title, "at": short_moment(now), "count": len(found)}
    audit.note(tx, actor, Action.EXPORTED, now, kind="unreached", subject=programme.id, people=len(found))
    note = Say("unreached.sheet_note", said)
    return listed(tx, found, Say("unreached.sheet"), (note,), "belum-terjangkau.xlsx", now)


# --- in the chat ------------------------------------------------------------------------------------------


def open(tx: Transaction, shift: Shift) -> Reply:  # noqa: A001 - every area of a coordinator's desk is opened so
    """How many are not reached, and why."""
    return Reply((_overview(tx, shift, 0),))


def write(tx: Transaction, shift: Shift, asked: Mapping[str, Any], event: Wrote | Shared) -> Reply:
    """Nothing is typed here."""
    return open(tx, shift)


def tap(tx: Transaction, shift: Shift, message_id: int, tapped: Tap) -> Reply:
    """A button of this area; its item is a page, or an office by its place in the list."""
    number = int(tapped.item) if tapped.item.isdecimal() else 0
    match tapped.choice:
        case "page":
            return Reply((Edit(message_id, _overview(tx, shift, number)),))
        case "text":
            return Reply((_text(tx, shift, number),))
        case "file":
            file = workbook(tx, shift.actor, shift.programme, shift.now)
            return Reply((Say("desk.not_allowed"),)) if file is None else Reply((file,))
    return Reply((OLD_BUTTON,))


def _overview(tx: Transaction, shift: Shift, page: int) -> Say:
    found = counts(tx, shift.actor, shift.programme, shift.now)
    totals = {why: sum(each.get(why, 0) for each in found.values()) for why in UNREACHED}
    if not found:
        return Say("unreached.nobody", {}, ((menu_button(),),))
    offices = list(found.items())[page * _SHOWN : (page + 1) * _SHOWN]
    said: dict[str, Value] = {
        "at": short_moment(shift.now),
        "count": sum(totals.values()),
        "why": tuple(
            Say("unreached.line_why", {"why": Say(f"unreached.{why}"), "count": number})
            for why, number in totals.items()
            if number
        ),
        "lines": tuple(
            Say("unreached.line", {"office": office or "—", "count": sum(each.values())})
            for office, each in offices
        ),
    }
    first = page * _SHOWN
    rows: list[tuple[Button, ...]] = [
        (
            Button(
                Say("unreached.button_text", {"office": (office or "—")[:40]}),
                Tap(ACTION, str(first + n), "text"),
            ),
        )
        for n, (office, _) in enumerate(offices)
    ]
    turning = []
    if page:
        turning.append(Button(Say("participants.button_back"), Tap(ACTION, str(page - 1), "page")))
    if first + _SHOWN < len(found):
        turning.append(Button(Say("participants.button_next"), Tap(ACTION, str(page + 1), "page")))
    if turning:
        rows.append(tuple(turning))
    if shift.actor.may(Right.EXPORT):
        rows.append((Button(Say("recap.button_file"), Tap(ACTION, "", "file")),))
    return Say("unreached.overview", said, (*rows, (menu_button(),)))


def _text(tx: Transaction, shift: Shift, place: int) -> Say:
    """A text to paste into the office's own group: how many, no names."""
    found = list(counts(tx, shift.actor, shift.programme, shift.now).items())
    if place >= len(found):
        return _overview(tx, shift, 0)
    office, each = found[place]
    bot = state.recall(tx, state.BOT_NAME)
    started = each.get("never", 0) + each.get("not_agreed", 0)
    closed = sum(each.values()) - started
    said: dict[str, Value] = {
        "office": office or "—",
        "programme": shift.programme.title,
        "bot": f"https://t.me/{bot}" if bot else "Telegram",
        "start": Say("unreached.paste_start", {"count": started}) if started else "",
        "closed": Say("unreached.paste_closed", {"count": closed}) if closed else "",
    }
    return Say("unreached.paste", said)
