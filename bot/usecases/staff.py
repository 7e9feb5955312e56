"""Coordinators come and go: owners invite them by a link that works once, limit them, and let them go."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.domain.audit import Action
from bot.domain.claims import invitation_code, read_invitation_code
from bot.domain.enrolment import tidy
from bot.domain.events import Shared, Wrote
from bot.domain.messages import Button, Edit, Reply, Say, Tap, Value
from bot.domain.people import Role
from bot.domain.programme import Programme
from bot.domain.staff import EVERYTHING, KINDS, Actor, Right, Scope
from bot.storage import audit, boards, people, staff, state
from bot.storage.database import Transaction
from bot.storage.people import Visitor
from bot.storage.secrets import INVITATIONS, secret
from bot.usecases.menu import OLD_BUTTON
from bot.usecases.shift import (
    Shift,
    ask,
    ask_no_more,
    asked_by,
    menu_button,
    scope_in_words,
    session_lines,
)

ACTION = "k-staf"
RIGHT = Right.APPOINT

LASTS = timedelta(days=3)
"""How long an invitation can be used."""

_MOST_VALUES = 30  # offices or groups of one scope, typed
_SHOWN = 20


class NoBotNameError(Exception):
    """The bot's name is not known before it has run once, so there is no address for a link."""


# --- links ------------------------------------------------------------------------------------------------


def invite(
    tx: Transaction,
    programme: Programme,
    role: Role,
    name: str,
    now: datetime,
    *,
    by: Actor | None,
    scope: Scope = EVERYTHING,
    sessions: Sequence[str] = (),
) -> str:
    """A link that makes whoever opens it first a coordinator (speaker, owner) by that name, for three days.

    `by` None is the command line. Raises NoBotNameError.
    """
    bot = state.recall(tx, state.BOT_NAME)
    if bot is None:
        raise NoBotNameError(
            "the bot's name is not known yet, so there is no address for a link: run `rekan run` once"
        )
    invitation_id = staff.invite(
        tx,
        programme=programme.id,
        role=role,
        name=name,
        scope=scope,
        sessions=sessions,
        made_by=None if by is None else by.person.id,
        now=now,
        expires_at=now + LASTS,
    )
    audit.note(
        tx,
        by,
        Action.INVITED,
        now,
        programme_id=programme.id,
        kind="invitation",
        subject=invitation_id,
        role=role.value,
        name=name,
        scope=[list(pair) for pair in scope.pairs()],
        sessions=sorted(sessions),
    )
    return f"https://t.me/{bot}?start={invitation_code(secret(tx, INVITATIONS), invitation_id)}"


def accept(tx: Transaction, who: Visitor, payload: str, now: datetime) -> Reply | None:
    """Whoever opens an invitation first takes up its role; None where the payload is no invitation."""
    invitation_id = read_invitation_code(secret(tx, INVITATIONS), payload)
    found = None if invitation_id is None else staff.invitation(tx, invitation_id)
    if found is None:
        return None
    programme = tx.catalogue.programme(found.programme)
    if programme is None:
        return Reply((Say("enrolment.programme_gone"),))
    if who.person is not None and found.used_by == who.person.id and who.active is not None:
        return Reply((Say("staff.welcome_back", {}, ((menu_button(),),)),))
    if not found.open(now):
        return Reply((Say("staff.invitation_used" if found.used_at else "staff.invitation_over"),))
    if who.person is not None and who.person.programme != found.programme:
        return Reply((Say("staff.other_programme", {"programme": programme.title}),))
    if who.person is not None and who.person.role is Role.OWNER:
        return Reply((Say("staff.owner_already"),))
    # Who coordinates and speaks too goes on coordinating.
    works = found.role is Role.SPEAKER and who.active is not None and who.active.role is Role.COORDINATOR
    role = Role.COORDINATOR if works else found.role
    person_id = staff.appoint(
        tx,
        programme=found.programme,
        role=role,
        name=found.name,
        chat_id=who.chat_id,
        zone=programme.zone,
        now=now,
    )
    if not works:
        staff.limit(tx, person_id, found.scope)
    if found.role is Role.SPEAKER:
        staff.bind(tx, person_id, (*staff.sessions_of(tx, person_id), *found.sessions))
    staff.use(tx, found.id, person_id, now)
    if found.role is Role.OWNER:
        staff.revoke_first_owners(tx, now)
    people.drop_requests(tx, who.chat_id, now)
    actor = staff.actor_by_id(tx, person_id)
    audit.note(
        tx, actor, Action.JOINED_STAFF, now, programme_id=programme.id, kind="person", subject=person_id
    )
    if found.role is Role.SPEAKER:
        here: dict[str, Value] = {
            "programme": programme.title,
            "lines": session_lines(programme, found.sessions),
        }
        return Reply((Say("speakers.welcome", here, ((menu_button(),),)),))
    said: dict[str, Value] = {
        "role": Say(f"staff.role_{found.role}"),
        "programme": programme.title,
        "scope": scope_in_words(found.scope),
    }
    return Reply((Say("staff.welcome", said, ((menu_button(),),)),))


def appoint_owners(tx: Transaction, chat_ids: Sequence[int], now: datetime) -> int:
    """Make those whom the configuration names owners of the first programme; how many are new."""
    programme = next(iter(tx.catalogue.programmes.values()), None)
    if programme is None:
        return 0
    named = staff.FIRST_OWNER if len(chat_ids) == 1 else f"{staff.FIRST_OWNER} {{}}"
    return sum(
        staff.add_owner(tx, programme.id, named.format(n), chat_id, programme.zone, now)
        for n, chat_id in enumerate(chat_ids, start=1)
    )


def first_owner(tx: Transaction, now: datetime) -> str | None:
    """A link for the first owner, of an installation that has none and waits for none; else None."""
    programme = next(iter(tx.catalogue.programmes.values()), None)
    if programme is None or staff.owned(tx):
        return None
    waiting = staff.invitations(tx, programme.id, now)
    if any(each.role is Role.OWNER for each in waiting):
        return None
    return invite(tx, programme, Role.OWNER, staff.FIRST_OWNER, now, by=None)


def dismiss(tx: Transaction, actor: Actor | None, person_id: int, now: datetime) -> bool:
    """Take somebody's role away; whether they had one that `actor` may take. Nobody dismisses themselves."""
    other = staff.actor_by_id(tx, person_id)
    if other is None or other.person.role is Role.PARTICIPANT:
        return False
    right = Right.INVITE_SPEAKERS if other.person.role is Role.SPEAKER else Right.APPOINT
    if actor is not None and (
        not actor.may(right)
        or other.person.role is Role.OWNER
        or other.person.id == actor.person.id
        or other.person.programme != actor.person.programme
    ):
        return False
    staff.dismiss(tx, person_id, now)
    boards.take_down(tx, person_id, now)
    audit.note(
        tx,
        actor,
        Action.LEFT_STAFF,
        now,
        programme_id=other.person.programme,
        kind="person",
        subject=person_id,
        role=other.person.role.value,
        name=other.person.name,
    )
    return True


# --- in the chat ------------------------------------------------------------------------------------------


def open(tx: Transaction, shift: Shift) -> Reply:  # noqa: A001 - every area of a coordinator's desk is opened so
    """Who works for the programme, and whom it waits for."""
    return Reply((_overview(tx, shift),))


def tap(tx: Transaction, shift: Shift, message_id: int, tapped: Tap) -> Reply:
    """A button of this area."""
    match tapped.choice, tapped.item:
        case "list", _:
            ask_no_more(tx, shift)
            return Reply((Edit(message_id, _overview(tx, shift)),))
        case "invite", _:
            ask(tx, shift, ACTION, {"asked": "name"})
            return Reply((Say("staff.ask_name", {}, (_back(),)),))
        case "scope", kind:
            return _choose_scope(tx, shift, kind)
        case "show", person_id:
            return _show(tx, shift, message_id, person_id)
        case "dismiss", person_id:
            return _ask_dismissal(tx, shift, message_id, person_id)
        case "dismissed", person_id if person_id.isdecimal():
            if not dismiss(tx, shift.actor, int(person_id), shift.now):
                return Reply((OLD_BUTTON,))
            return Reply((Edit(message_id, _overview(tx, shift)),), Say("staff.dismissed_toast"))
        case "revoke", invitation_id if invitation_id.isdecimal():
            if not staff.revoke(tx, shift.programme.id, int(invitation_id), shift.now):
                return Reply((Edit(message_id, _overview(tx, shift)),), Say("staff.invitation_gone_toast"))
            audit.note(
                tx,
                shift.actor,
                Action.INVITATION_REVOKED,
                shift.now,
                kind="invitation",
                subject=invitation_id,
            )
            return Reply((Edit(message_id, _overview(tx, shift)),), Say("staff.revoked_toast"))
    return Reply((OLD_BUTTON,))


def write(tx: Transaction, shift: Shift, asked: Mapping[str, Any], event: Wrote | Shared) -> Reply:
    """What was typed when a name or a scope was asked for."""
    if not isinstance(event, Wrote):
        return Reply((Say("staff.text_please", {}, (_back(),)),))
    if asked.get("asked") == "name":
        name = tidy(event.text)
        if name is None:
            return Reply((Say("staff.name_again", {}, (_back(),)),))
        ask(tx, shift, ACTION, {"asked": "scope", "name": name})
        kinds = [Button(Say(f"staff.button_{kind}"), Tap(ACTION, kind, "scope")) for kind in KINDS]
        rows = (
            (Button(Say("staff.button_everything"), Tap(ACTION, "", "scope")),),
            *(tuple(kinds[n : n + 2]) for n in range(0, len(kinds), 2)),
            _back(),
        )
        return Reply((Say("staff.ask_scope", {"invited": name}, rows),))
    kind, name = asked.get("kind"), asked.get("name")
    if kind not in KINDS or name is None:
        return Reply((Say("staff.choose_scope"),))
    known = {value.strip().lower(): value for value in staff.values(tx, shift.programme.id, kind)}
    lines = [line.strip() for line in event.text.splitlines() if line.strip()]
    unknown = [line for line in lines if line.lower() not in known]
    if unknown or not lines or len(lines) > _MOST_VALUES:
        said: dict[str, Value] = {
            "unknown": ", ".join(unknown[:5])[:300],
            "some": _some(known.values()),
            "most": _MOST_VALUES,
        }
        return Reply((Say("staff.scope_again", said, (_back(),)),))
    return _invited(tx, shift, name, Scope.of((kind, known[line.lower()]) for line in lines))


def _choose_scope(tx: Transaction, shift: Shift, kind: str) -> Reply:
    before = asked_by(tx, shift, ACTION)
    name = before.get("name")
    if name is None:
        return Reply((OLD_BUTTON,))
    if kind == "":
        return _invited(tx, shift, name, EVERYTHING)
    known = staff.values(tx, shift.programme.id, kind) if kind in KINDS else []
    if not known:
        return Reply((Say("staff.scope_nothing", {}, (_back(),)),))
    ask(tx, shift, ACTION, {**before, "kind": kind})
    return Reply((Say(f"staff.ask_{kind}", {"some": _some(known)}, (_back(),)),))


def _invited(tx: Transaction, shift: Shift, name: str, scope: Scope) -> Reply:
    ask_no_more(tx, shift)
    link = invite(tx, shift.programme, Role.COORDINATOR, name, shift.now, by=shift.actor, scope=scope)
    said: dict[str, Value] = {
        "invited": name,
        "link": link,
        "scope": scope_in_words(scope),
        "until": shift.now + LASTS,
    }
    return Reply((Say("staff.invited", said, (_back(),)),))


def _overview(tx: Transaction, shift: Shift) -> Say:
    working = staff.staff(tx, shift.programme.id)
    waiting = staff.invitations(tx, shift.programme.id, shift.now)
    lines = [
        *(
            Say(
                "staff.line",
                {
                    "person": each.person.name,
                    "role": Say(f"staff.role_{each.person.role}"),
                    "scope": scope_in_words(each.scope),
                },
            )
            for each in working[:_SHOWN]
        ),
        *(
            Say("staff.line_waiting", {"person": each.name, "until": each.expires_at})
            for each in waiting[:_SHOWN]
        ),
    ]
    mine = shift.actor.person.id
    rows: list[tuple[Button, ...]] = [
        (Button(each.person.name, Tap(ACTION, str(each.person.id), "show")),)
        for each in working[:_SHOWN]
        if each.person.id != mine and each.person.role is not Role.OWNER
    ]
    rows += [
        (Button(Say("staff.button_revoke", {"person": each.name}), Tap(ACTION, str(each.id), "revoke")),)
        for each in waiting[:_SHOWN]
    ]
    rows += [(Button(Say("staff.button_invite"), Tap(ACTION, "", "invite")),), (menu_button(),)]
    return Say("staff.overview", {"lines": tuple(lines), "count": len(working)}, tuple(rows))


def _other(tx: Transaction, shift: Shift, person_id: str) -> Actor | None:
    other = staff.actor_by_id(tx, int(person_id)) if person_id.isdecimal() else None
    return other if other is not None and other.person.programme == shift.programme.id else None


def _show(tx: Transaction, shift: Shift, message_id: int, person_id: str) -> Reply:
    other = _other(tx, shift, person_id)
    if other is None:
        return Reply((Edit(message_id, _overview(tx, shift)),), Say("staff.gone_toast"))
    said: dict[str, Value] = {
        "person": other.person.name,
        "role": Say(f"staff.role_{other.person.role}"),
        "scope": scope_in_words(other.scope),
    }
    rows = ((Button(Say("staff.button_dismiss"), Tap(ACTION, person_id, "dismiss")),), _back())
    return Reply((Edit(message_id, Say("staff.one", said, rows)),))


def _ask_dismissal(tx: Transaction, shift: Shift, message_id: int, person_id: str) -> Reply:
    other = _other(tx, shift, person_id)
    if other is None:
        return Reply((Edit(message_id, _overview(tx, shift)),), Say("staff.gone_toast"))
    rows = ((Button(Say("staff.button_dismiss_really"), Tap(ACTION, person_id, "dismissed")),), _back())
    return Reply((Edit(message_id, Say("staff.ask_dismissal", {"person": other.person.name}, rows)),))


def _some(values: Iterable[str]) -> str:
    listed = list(values)
    return ", ".join(listed[:8]) + (" …" if len(listed) > 8 else "")


def _back() -> tuple[Button, ...]:
    return (Button(Say("staff.button_back"), Tap(ACTION, "", "list")),)
