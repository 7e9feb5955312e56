"""Speakers: invited by a link that works once, bound to their sessions."""

from collections.abc import Collection, Mapping
from typing import Any

from bot.domain.audit import Action
from bot.domain.enrolment import tidy
from bot.domain.events import Shared, Wrote
from bot.domain.messages import Button, Edit, Reply, Say, Tap, Value
from bot.domain.people import Role
from bot.domain.programme import Programme
from bot.domain.staff import Actor, Right
from bot.storage import audit, boards, staff
from bot.storage.database import Transaction
from bot.usecases.menu import OLD_BUTTON
from bot.usecases.shift import Shift, ask, ask_no_more, asked_by, menu_button, session_lines
from bot.usecases.staff import LASTS, dismiss, invite

ACTION = "k-nara"
RIGHT = Right.INVITE_SPEAKERS

_SHOWN = 20


def open(tx: Transaction, shift: Shift) -> Reply:  # noqa: A001 - every area of a coordinator's desk is opened so
    """Who speaks at what, and whom it waits for."""
    return Reply((_overview(tx, shift),))


def tap(tx: Transaction, shift: Shift, message_id: int, tapped: Tap) -> Reply:
    """A button of this area."""
    match tapped.choice, tapped.item:
        case "list", _:
            ask_no_more(tx, shift)
            return Reply((Edit(message_id, _overview(tx, shift)),))
        case "invite", _ if not shift.programme.sessions:
            return Reply((Edit(message_id, Say("speakers.no_sessions", {}, (_back(),))),))
        case "invite", _:
            ask(tx, shift, ACTION, {"asked": "name"})
            return Reply((Say("speakers.ask_name", {}, (_back(),)),))
        case "session", number:
            return _toggle(tx, shift, message_id, number)
        case "done", _:
            return _done(tx, shift, message_id)
        case "show", person_id:
            return _show(tx, shift, message_id, person_id)
        case "sessions", person_id if (other := _speaker(tx, shift, person_id)) is not None:
            asked = {"asked": "sessions", "person": other.person.id, "chosen": sorted(other.sessions)}
            ask(tx, shift, ACTION, {**asked, "name": other.person.name})
            return Reply((Edit(message_id, _choice(shift.programme, other.person.name, other.sessions)),))
        case "dismiss", person_id if (other := _speaker(tx, shift, person_id)) is not None:
            really = Button(Say("staff.button_dismiss_really"), Tap(ACTION, person_id, "dismissed"))
            said: dict[str, Value] = {"person": other.person.name}
            return Reply((Edit(message_id, Say("staff.ask_dismissal", said, ((really,), _back()))),))
        case "dismissed", person_id if (other := _speaker(tx, shift, person_id)) is not None:
            if not dismiss(tx, shift.actor, other.person.id, shift.now):
                return Reply((OLD_BUTTON,))
            return Reply((Edit(message_id, _overview(tx, shift)),), Say("staff.dismissed_toast"))
        case "revoke", number if number.isdecimal() and _waits(tx, shift, int(number)):
            staff.revoke(tx, shift.programme.id, int(number), shift.now)
            audit.note(
                tx, shift.actor, Action.INVITATION_REVOKED, shift.now, kind="invitation", subject=number
            )
            return Reply((Edit(message_id, _overview(tx, shift)),), Say("staff.revoked_toast"))
        case "dismiss" | "dismissed" | "sessions" | "revoke", _:
            return Reply((Edit(message_id, _overview(tx, shift)),), Say("staff.gone_toast"))
    return Reply((OLD_BUTTON,))


def write(tx: Transaction, shift: Shift, asked: Mapping[str, Any], event: Wrote | Shared) -> Reply:
    """What was typed when a name was asked for."""
    if asked.get("asked") != "name":
        return Reply((Say("speakers.choose"),))
    name = tidy(event.text) if isinstance(event, Wrote) else None
    if name is None:
        return Reply((Say("staff.name_again", {}, (_back(),)),))
    ask(tx, shift, ACTION, {"asked": "sessions", "name": name, "chosen": []})
    return Reply((_choice(shift.programme, name, ()),))


def _toggle(tx: Transaction, shift: Shift, message_id: int, number: str) -> Reply:
    asked = asked_by(tx, shift, ACTION)
    sessions = shift.programme.sessions
    if asked.get("asked") != "sessions" or not number.isdecimal() or int(number) >= len(sessions):
        return Reply((OLD_BUTTON,))
    chosen = set(asked["chosen"]) ^ {sessions[int(number)].id}
    ask(tx, shift, ACTION, {**asked, "chosen": sorted(chosen)})
    return Reply((Edit(message_id, _choice(shift.programme, asked["name"], chosen)),))


def _done(tx: Transaction, shift: Shift, message_id: int) -> Reply:
    """The sessions are chosen: a link for somebody new, or another binding."""
    asked = asked_by(tx, shift, ACTION)
    if asked.get("asked") != "sessions":
        return Reply((OLD_BUTTON,))
    known = [session for session in shift.programme.sessions if session.id in asked["chosen"]]
    if not known:
        return Reply((), Say("speakers.choose_toast"))
    ids = [session.id for session in known]
    ask_no_more(tx, shift)
    if "person" in asked:
        other = _speaker(tx, shift, str(asked["person"]))
        if other is None:
            return Reply((Edit(message_id, _overview(tx, shift)),), Say("staff.gone_toast"))
        staff.bind(tx, other.person.id, ids)
        boards.take_down(tx, other.person.id, shift.now)
        audit.note(
            tx,
            shift.actor,
            Action.SPEAKER_BOUND,
            shift.now,
            kind="person",
            subject=other.person.id,
            sessions=ids,
        )
        return _show(tx, shift, message_id, str(other.person.id))
    name = asked["name"]
    link = invite(tx, shift.programme, Role.SPEAKER, name, shift.now, by=shift.actor, sessions=ids)
    said: dict[str, Value] = {
        "invited": name,
        "link": link,
        "lines": session_lines(shift.programme, ids),
        "until": shift.now + LASTS,
    }
    return Reply((Edit(message_id, Say("speakers.invited", said, (_back(),))),))


def _overview(tx: Transaction, shift: Shift) -> Say:
    speaking = [each for each in staff.staff(tx, shift.programme.id) if each.sessions]
    waiting = [
        each for each in staff.invitations(tx, shift.programme.id, shift.now) if each.role is Role.SPEAKER
    ]
    lines: list[Say] = [
        Say("speakers.line", {"person": each.person.name, "titles": _titles(shift.programme, each.sessions)})
        for each in speaking[:_SHOWN]
    ]
    lines += [
        Say("staff.line_waiting", {"person": each.name, "until": each.expires_at})
        for each in waiting[:_SHOWN]
    ]
    rows: list[tuple[Button, ...]] = [
        (Button(each.person.name, Tap(ACTION, str(each.person.id), "show")),) for each in speaking[:_SHOWN]
    ]
    rows += [
        (Button(Say("staff.button_revoke", {"person": each.name}), Tap(ACTION, str(each.id), "revoke")),)
        for each in waiting[:_SHOWN]
    ]
    rows += [(Button(Say("speakers.button_invite"), Tap(ACTION, "", "invite")),), (menu_button(),)]
    nobody = Say("speakers.nobody")
    return Say("speakers.overview", {"lines": tuple(lines) or nobody}, tuple(rows))


def _show(tx: Transaction, shift: Shift, message_id: int, person_id: str) -> Reply:
    other = _speaker(tx, shift, person_id)
    if other is None:
        return Reply((Edit(message_id, _overview(tx, shift)),), Say("staff.gone_toast"))
    said: dict[str, Value] = {
        "person": other.person.name,
        "lines": session_lines(shift.programme, other.sessions),
    }
    rows: list[tuple[Button, ...]] = [
        (Button(Say("speakers.button_sessions"), Tap(ACTION, person_id, "sessions")),)
    ]
    if other.person.role is Role.SPEAKER:
        rows.append((Button(Say("staff.button_dismiss"), Tap(ACTION, person_id, "dismiss")),))
    return Reply((Edit(message_id, Say("speakers.one", said, (*rows, _back()))),))


def _choice(programme: Programme, name: str, chosen: Collection[str]) -> Say:
    """Which sessions: a button each, ticked or not."""
    rows: list[tuple[Button, ...]] = [
        (
            Button(
                Say(
                    "speakers.button_chosen" if session.id in chosen else "speakers.button_session",
                    {"title": session.title},
                ),
                Tap(ACTION, str(number), "session"),
            ),
        )
        for number, session in enumerate(programme.sessions)
    ]
    rows += [(Button(Say("speakers.button_done"), Tap(ACTION, "", "done")),), _back()]
    return Say("speakers.ask_sessions", {"invited": name}, tuple(rows))


def _speaker(tx: Transaction, shift: Shift, person_id: str) -> Actor | None:
    """Somebody who speaks in this programme."""
    other = staff.actor_by_id(tx, int(person_id)) if person_id.isdecimal() else None
    if other is None or other.person.programme != shift.programme.id:
        return None
    return other if other.sessions or other.person.role is Role.SPEAKER else None


def _waits(tx: Transaction, shift: Shift, invitation_id: int) -> bool:
    """Whether that invitation is a speaker's: those of coordinators are the owners' to take back."""
    found = staff.invitation(tx, invitation_id)
    return found is not None and found.role is Role.SPEAKER and found.programme == shift.programme.id


def _titles(programme: Programme, ids: frozenset[str]) -> tuple[Say, ...]:
    return tuple(
        Say("speakers.title", {"title": session.title}) for session in programme.sessions if session.id in ids
    )


def _back() -> tuple[Button, ...]:
    return (Button(Say("staff.button_back"), Tap(ACTION, "", "list")),)
