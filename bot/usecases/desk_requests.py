"""The desk's area of requests to be let in: who waits, what they say, whom on the roster they may be."""

from collections.abc import Mapping
from typing import Any

from bot.domain.events import Shared, Wrote
from bot.domain.forms import short_moment
from bot.domain.identity import Nip
from bot.domain.messages import Button, Edit, Reply, Say, Tap, Value
from bot.domain.staff import Right
from bot.storage import people, requests
from bot.storage.database import Transaction
from bot.storage.requests import Candidate, Request
from bot.usecases import requests as deeds
from bot.usecases.menu import OLD_BUTTON
from bot.usecases.requests import ACTION, REASONS, Outcome
from bot.usecases.shift import Shift, menu_button

RIGHT = Right.ADMIT

_SHOWN = 10

__all__ = ["ACTION", "RIGHT", "open", "tap", "write"]


def open(tx: Transaction, shift: Shift) -> Reply:  # noqa: A001 - every area of a coordinator's desk is opened so
    """Who waits to be let in."""
    return Reply((_overview(tx, shift),))


def tap(tx: Transaction, shift: Shift, message_id: int, tapped: Tap) -> Reply:
    """A button of this area; its item is a request, or "request.person"."""
    if tapped.choice == "list":
        return Reply((Edit(message_id, _overview(tx, shift)),))
    request_id, _, person_id = tapped.item.partition(".")
    request = deeds.find(tx, shift.actor, int(request_id)) if request_id.isdecimal() else None
    if request is None:
        return Reply((OLD_BUTTON,))
    if request.state != "open":
        return _ended(tx, shift, message_id, Outcome.DECIDED)
    whom = int(person_id) if person_id.isdecimal() else request.person_id
    match tapped.choice:
        case "show":
            return Reply((Edit(message_id, _one(tx, shift, request)),))
        case "as" if whom is not None:
            return Reply((Edit(message_id, _confirm(tx, shift, request, whom)),))
        case "admit" | "move" if whom is not None:
            move = tapped.choice == "move"
            outcome = deeds.admit(tx, shift.actor, request.id, whom, shift.now, move=move)
            if outcome is Outcome.TAKEN:  # since the question was asked
                return Reply((Edit(message_id, _confirm(tx, shift, request, whom)),))
            return _ended(tx, shift, message_id, outcome)
        case "new":
            return Reply((Edit(message_id, _confirm_new(tx, shift, request)),))
        case "admitnew":
            return _ended(tx, shift, message_id, deeds.admit_new(tx, shift.actor, request.id, shift.now))
        case "refuse":
            return Reply((Edit(message_id, _why(request)),))
        case why if why in REASONS:
            return _ended(tx, shift, message_id, deeds.refuse(tx, shift.actor, request.id, why, shift.now))
    return Reply((OLD_BUTTON,))


def write(tx: Transaction, shift: Shift, asked: Mapping[str, Any], event: Wrote | Shared) -> Reply:
    """Nothing is typed here."""
    return open(tx, shift)


def _ended(tx: Transaction, shift: Shift, message_id: int, outcome: Outcome) -> Reply:
    return Reply((Edit(message_id, _overview(tx, shift)),), Say(f"requests.toast_{outcome}"))


def _overview(tx: Transaction, shift: Shift) -> Say:
    found = deeds.waiting(tx, shift.actor)
    if not found:
        return Say("requests.none", {}, ((menu_button(),),))
    shown = found[:_SHOWN]
    lines = [_line(n, each) for n, each in enumerate(shown, start=1)]
    if len(found) > len(shown):
        lines.append(Say("requests.more", {"count": len(found) - len(shown)}))
    rows = [
        (Button(f"{n}. {each.name}", Tap(ACTION, str(each.id), "show")),)
        for n, each in enumerate(shown, start=1)
    ]
    return Say("requests.overview", {"count": len(found), "lines": tuple(lines)}, (*rows, (menu_button(),)))


def _line(number: int, request: Request) -> Say:
    said: dict[str, Value] = {
        "number": number,
        "person": request.name,
        "office": request.office,
        "at": short_moment(request.created_at),
    }
    return Say(f"requests.line_{request.kind}", said)


def _one(tx: Transaction, shift: Shift, request: Request) -> Say:
    said: dict[str, Value] = {
        "person": request.name,
        "office": request.office,
        "at": short_moment(request.created_at),
    }
    back = (Button(Say("requests.button_back"), Tap(ACTION, "", "list")),)
    refuse = (Button(Say("requests.button_refuse"), Tap(ACTION, str(request.id), "refuse")),)
    if request.person_id is not None and (holder := people.person(tx, request.person_id)) is not None:
        settle = (Button(Say("requests.button_settle"), Tap(ACTION, f"{request.id}.{holder.id}", "as")),)
        keep = (Button(Say("requests.button_keep"), Tap(ACTION, str(request.id), "double")),)
        said |= {"holder": holder.name, "holder_office": holder.office or "—"}
        return Say("requests.one_second_claimant", said, (settle, keep, refuse, back))
    found = requests.candidates(tx, request, shift.actor.scope)
    rows = [
        (Button(f"{each.name}, {each.office}"[:60], Tap(ACTION, f"{request.id}.{each.id}", "as")),)
        for each in found
    ]
    said["candidates"] = tuple(_candidate(each) for each in found) or Say("requests.nobody_alike")
    said["choose"] = Say("requests.choose") if found else ""
    if deeds.office_of(tx, shift.actor, request) is not None:
        rows.append((Button(Say("requests.button_new"), Tap(ACTION, str(request.id), "new")),))
    return Say("requests.one_no_link", said, (*rows, refuse, back))


def _candidate(found: Candidate) -> Say:
    said: dict[str, Value] = {
        "person": found.name,
        "office": found.office or "—",
        "nip": Nip(found.nip).masked if found.nip else "—",
    }
    return Say("requests.candidate_claimed" if found.claimed else "requests.candidate", said)


def _confirm(tx: Transaction, shift: Shift, request: Request, person_id: int) -> Say:
    person = people.person(tx, person_id)
    if person is None or not shift.actor.reaches(person):
        return _overview(tx, shift)
    taken = person.chat_id is not None
    said: dict[str, Value] = {
        "asks": request.name,
        "asks_office": request.office,
        "person": person.name,
        "office": person.office or "—",
        "since": short_moment(person.consented_at) if person.consented_at else Say("requests.not_agreed"),
    }
    do = Button(
        Say("requests.button_move_really" if taken else "requests.button_admit_really"),
        Tap(ACTION, f"{request.id}.{person.id}", "move" if taken else "admit"),
    )
    return Say("requests.confirm_move" if taken else "requests.confirm", said, ((do,), _back_to(request)))


def _confirm_new(tx: Transaction, shift: Shift, request: Request) -> Say:
    office = deeds.office_of(tx, shift.actor, request)
    if office is None:
        return _one(tx, shift, request)
    do = Button(Say("requests.button_admit_really"), Tap(ACTION, str(request.id), "admitnew"))
    return Say("requests.confirm_new", {"asks": request.name, "office": office}, ((do,), _back_to(request)))


def _why(request: Request) -> Say:
    rows = [(Button(Say(f"requests.button_{why}"), Tap(ACTION, str(request.id), why)),) for why in REASONS]
    return Say("requests.ask_why", {"asks": request.name}, (*rows, _back_to(request)))


def _back_to(request: Request) -> tuple[Button, ...]:
    return (Button(Say("requests.button_back"), Tap(ACTION, str(request.id), "show")),)
