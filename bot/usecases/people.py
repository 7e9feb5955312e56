"""What coordinators do about one person: look, issue a new link, move, excuse, give time, mark as test.

Each is done on somebody within the coordinator's scope, and noted. None (or False) comes back where the
person is none of theirs, or they may not.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Final

from bot.domain.audit import Action
from bot.domain.claims import claim_code
from bot.domain.language import Localised
from bot.domain.messages import Lane, Say, Value
from bot.domain.people import Person, Role
from bot.domain.programme import Audience, Item, Programme, Target
from bot.domain.staff import KINDS, Actor, Right
from bot.storage import audience, audit, excuses, listing, outbox, people, rosters, staff, state
from bot.storage.database import Transaction
from bot.storage.excuses import ALL, Excuse
from bot.storage.listing import Record, Sent
from bot.storage.secrets import CLAIMS, secret
from bot.usecases import planning
from bot.usecases.rosters import links_expire

MOVES: Final = {"offices": "office", "waves": "wave", "classes": "class", "groups": "group_name"}
"""The columns that are changed by moving somebody, by the kinds of a scope."""

_REMIND_AT = time(8)  # on the day on which an extended deadline ends


@dataclass(frozen=True, slots=True)
class Seen:
    """Somebody as a coordinator sees them."""

    person: Person
    record: Record
    excuses: tuple[Excuse, ...]
    sent: tuple[Sent, ...]


def reached(tx: Transaction, actor: Actor, person_id: int, right: Right) -> Person | None:
    """The participant of that id, if `actor` has the right and they are within the scope."""
    person = people.person(tx, person_id)
    if person is None or not actor.may(right) or not actor.reaches(person):
        return None
    return person if person.role is Role.PARTICIPANT else None


def see(tx: Transaction, actor: Actor, person_id: int, now: datetime) -> Seen | None:
    """Everything about one person; that somebody looked is noted."""
    person = reached(tx, actor, person_id, Right.SEE_PEOPLE)
    record = None if person is None else listing.record(tx, person_id)
    if person is None or record is None:
        return None
    audit.note(tx, actor, Action.PERSON_SEEN, now, kind="person", subject=person_id)
    return Seen(person, record, excuses.of(tx, person_id), tuple(listing.sent_lately(tx, person_id)))


def reissue(tx: Transaction, actor: Actor, person_id: int, now: datetime) -> str | None:
    """A new claim link; the former one is void, and the chat that used it is parted from the person."""
    person = reached(tx, actor, person_id, Right.CHANGE_PEOPLE)
    programme = None if person is None else tx.catalogue.programme(person.programme)
    bot = state.recall(tx, state.BOT_NAME)
    if person is None or programme is None or bot is None:
        return None
    rosters.renew_links(tx, [person_id], now=now)
    people.change(tx, person_id, now, claim_expires_at=links_expire(programme))
    audit.note(tx, actor, Action.LINK_REISSUED, now, kind="person", subject=person_id)
    serial = rosters.serial(tx, person_id)
    return f"https://t.me/{bot}?start={claim_code(secret(tx, CLAIMS), person_id, serial)}"


def may_move(tx: Transaction, actor: Actor, person_id: int, kind: str, value: str) -> Person | None:
    """The person as they would be, moved; None where that may not be: not out of one's own scope, either."""
    person = reached(tx, actor, person_id, Right.CHANGE_PEOPLE)
    if person is None or kind not in MOVES:
        return None
    moved = _moved(person, kind, value)
    return moved if actor.reaches(moved) else None


def move(tx: Transaction, actor: Actor, person_id: int, kind: str, value: str, now: datetime) -> bool:
    """Move somebody to another office, wave, class or group (an empty `value`: none).

    What is meant for those who are there now is owed to them.
    """
    before = people.person(tx, person_id)
    if before is None or may_move(tx, actor, person_id, kind, value) is None:
        return False
    was = place(before, kind)
    if was == value:
        return True
    people.change(tx, person_id, now, **{MOVES[kind]: value if kind == "offices" else value or None})
    audit.note(
        tx,
        actor,
        Action.PERSON_CHANGED,
        now,
        kind="person",
        subject=person_id,
        what=kind,
        before=was,
        after=value,
    )
    if before.joined_at is not None:
        planning.catch_up(tx, person_id, now)
    return True


def mark_test(tx: Transaction, actor: Actor, person_id: int, now: datetime, *, test: bool) -> bool:
    """Somebody's account is for trying things out, and in no figure; or it is no more."""
    person = reached(tx, actor, person_id, Right.CHANGE_PEOPLE)
    if person is None:
        return False
    people.change(tx, person_id, now, is_test=test)
    audit.note(
        tx, actor, Action.PERSON_CHANGED, now, kind="person", subject=person_id, what="test", after=test
    )
    return True


# --- excused, and more time -------------------------------------------------------------------------------


def title(programme: Programme, kind: str, item: str) -> Say | Localised | None:
    """What a target is called; None where the programme has no such thing."""
    if kind == ALL:
        return Say("excuse.everything")
    if kind not in {each.value for each in Item}:
        return None
    if item == ALL:
        return Say(f"excuse.all_{kind}")
    return programme.title_of(Target(Item(kind), item))


def excuse(tx: Transaction, actor: Actor, person_id: int, kind: str, item: str, now: datetime) -> bool:
    """Excuse somebody for good: it is not lacking, and they are not reminded; they are told."""
    return _grant(tx, actor, person_id, Excuse(kind, item, None), now)


def extend(
    tx: Transaction, actor: Actor, person_id: int, kind: str, item: str, until: datetime, now: datetime
) -> bool:
    """Give somebody time until then (aware): not reminded before, but on the morning of the day it ends."""
    if until <= now:
        return False
    return _grant(tx, actor, person_id, Excuse(kind, item, until), now)


def end_of(day: date, person: Person) -> datetime:
    """The end of that day where the person is (aware UTC)."""
    return datetime.combine(day, time(23, 59), person.zone.tzinfo).astimezone(UTC)


def take_back(tx: Transaction, actor: Actor, person_id: int, kind: str, item: str, now: datetime) -> bool:
    """Excuse somebody no more."""
    person = reached(tx, actor, person_id, Right.CHANGE_PEOPLE)
    if person is None or not excuses.take_back(tx, person_id, kind, item):
        return False
    action = Action.EXCUSED
    audit.note(
        tx, actor, action, now, kind="person", subject=person_id, what=f"{kind}:{item}", taken_back=True
    )
    return True


def _grant(tx: Transaction, actor: Actor, person_id: int, granted: Excuse, now: datetime) -> bool:
    person = reached(tx, actor, person_id, Right.CHANGE_PEOPLE)
    programme = None if person is None else tx.catalogue.programme(person.programme)
    if person is None or programme is None:
        return False
    named = title(programme, granted.kind, granted.item)
    if named is None or (granted.kind == ALL and granted.item != ALL):
        return False
    if granted in excuses.of(tx, person_id):
        return True
    excuses.grant(tx, person_id, granted, made_by=actor.person.id, now=now)
    withdraw_needless(tx, programme, person_id, now)
    target = f"{granted.kind}:{granted.item}"
    told: dict[str, Value] = {"what": named}
    if granted.until is None:
        audit.note(tx, actor, Action.EXCUSED, now, kind="person", subject=person_id, what=target)
        key = "excuse.told"
    else:
        told["until"] = granted.until
        until = granted.until.isoformat()
        audit.note(
            tx,
            actor,
            Action.DEADLINE_EXTENDED,
            now,
            kind="person",
            subject=person_id,
            what=target,
            until=until,
        )
        key = "excuse.told_until"
        _remind_on_the_day(tx, programme, person, granted, now)
    outbox.owe(
        tx,
        outbox.Recipient(person_id=person_id),
        Say(key, told),
        reason=f"{programme.id}/excuse:{target}@{now:%Y%m%dT%H%M%S}",
        lane=Lane.REMINDER,
        now=now,
    )
    return True


def withdraw_needless(tx: Transaction, programme: Programme, person_id: int, now: datetime) -> None:
    """What is owed to somebody about what does not lack (any more) is owed no more."""
    for target in outbox.reminded_of(tx, person_id):
        whom = audience.people(programme, Audience(not_done=(target,)), person_id=person_id)
        if tx.connection.execute(whom).first() is None:
            outbox.withdraw(tx, person_id, about=target, now=now)


def _remind_on_the_day(
    tx: Transaction, programme: Programme, person: Person, granted: Excuse, now: datetime
) -> None:
    if granted.until is None or granted.kind == ALL:
        return
    target = Target(Item(granted.kind), granted.item)
    day = granted.until.astimezone(person.zone.tzinfo).date()
    morning = datetime.combine(day, _REMIND_AT, person.zone.tzinfo).astimezone(UTC)
    due_at = programme.windows.next_open(morning, person.zone)
    if due_at is None or not now < due_at < granted.until:
        return
    prefix = f"{programme.id}/extended:{granted.kind}:{granted.item}"
    by = min(due_at + outbox.EVERYBODY_BY, granted.until)
    if outbox.put_off(tx, person.id, f"{prefix}@", due_at=due_at, everybody_by=by, not_after=granted.until):
        return
    what = title(programme, granted.kind, granted.item) or ""
    outbox.owe(
        tx,
        outbox.Recipient(person_id=person.id),
        Say("excuse.reminder", {"what": what, "until": granted.until}),
        reason=f"{prefix}@{day:%Y%m%d}",
        lane=Lane.REMINDER,
        now=now,
        about=target,
        due_at=due_at,
        everybody_by=by,
        not_after=granted.until,
    )


def values(tx: Transaction, actor: Actor, kind: str) -> list[str]:
    """What people within the scope have of one of `MOVES`, to choose from."""
    return staff.values(tx, actor.person.programme, kind, actor.scope) if kind in KINDS else []


def place(person: Person, kind: str) -> str:
    """Where somebody is: their office, wave, class or group."""
    whose = {"offices": person.office, "waves": person.wave, "classes": person.class_, "groups": person.group}
    return whose[kind] or ""


def _moved(person: Person, kind: str, value: str) -> Person:
    match kind:
        case "offices":
            return replace(person, office=value)
        case "waves":
            return replace(person, wave=value or None)
        case "classes":
            return replace(person, class_=value or None)
        case _:
            return replace(person, group=value or None)
