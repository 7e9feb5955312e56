"""Sending again what did not arrive: once, while it still means something, and on record."""

from collections import defaultdict
from datetime import datetime

from bot.domain.audit import Action
from bot.domain.materials import State
from bot.domain.messages import Announcement, Lane, Material, Message, Scheduled, SessionCard
from bot.domain.programme import AroundSession, Item, Programme
from bot.domain.staff import Actor, Right
from bot.storage import announcements, audit, deliveries, materials, outbox
from bot.storage.database import Transaction
from bot.storage.deliveries import Undelivered, Wanted


def resendable(
    tx: Transaction, actor: Actor, programme: Programme, wanted: Wanted, now: datetime
) -> dict[tuple[datetime, datetime], list[int]]:
    """What would be sent again: the numbers of the rows, by when they are due and after when no longer."""
    found: dict[tuple[datetime, datetime], list[int]] = defaultdict(list)
    if not actor.may(Right.RESEND):
        return found
    for each in deliveries.undelivered(tx, programme, actor.scope, wanted):
        due_at = _due(programme, each, now)
        if due_at is None:
            continue
        until = _until(tx, programme, each.message, due_at)
        if until is not None and until > due_at:
            found[due_at, until].append(each.id)
    return found


def resend(tx: Transaction, actor: Actor, programme: Programme, wanted: Wanted, now: datetime) -> int:
    """Send it again; how many messages. What is on its way by then is not sent a second time."""
    again = 0
    for (due_at, until), ids in resendable(tx, actor, programme, wanted, now).items():
        again += deliveries.owe_again(
            tx, ids, due_at=due_at, everybody_by=min(due_at + outbox.EVERYBODY_BY, until), not_after=until
        )
    if again:
        audit.note(
            tx,
            actor,
            Action.RESENT,
            now,
            kind="deliveries",
            subject=wanted.wave,
            people=again,
            state=wanted.state,
            name=wanted.name,
        )
    return again


def _due(programme: Programme, each: Undelivered, now: datetime) -> datetime | None:
    """When it suits people; at once what a session depends on."""
    return now if each.lane is Lane.SESSION else programme.windows.next_open(now, each.zone)


def _until(tx: Transaction, programme: Programme, message: Message, due_at: datetime) -> datetime | None:
    """Until when it still says something that holds; None where it does not."""
    day = due_at + outbox.NOT_AFTER
    match message:
        case Scheduled(_, entry_id):
            entry = programme.entry(entry_id)
            if entry is None or entry.skipped:
                return None
            if isinstance(entry.when, AroundSession):
                return _end(programme, entry.when.session, day)
            if entry.about is not None and entry.about.kind is Item.SESSION:
                return _end(programme, entry.about.id, day)
        case SessionCard(_, session_id):
            return _end(programme, session_id, day)
        case Announcement(number):
            found = announcements.announcement(tx, number)
            if found is None or found.recalled_at is not None:
                return None
        case Material(number, version):
            material = materials.material(tx, number)
            if material is None or material.state is not State.OUT or material.version != version:
                return None
    return day


def _end(programme: Programme, session_id: str, day: datetime) -> datetime | None:
    session = programme.session(session_id)
    return None if session is None else min(session.ends, day)
