"""Modules: the overview, ticking off and back, a reminder for later, and when the course began."""

from datetime import date, datetime, timedelta

from bot.domain import modules
from bot.domain.cards import module_card
from bot.domain.forms import short_moment
from bot.domain.messages import Edit, Lane, Reply, Say, Tap
from bot.domain.people import Person
from bot.domain.programme import Item, Programme, Target
from bot.storage import modules as stored
from bot.storage import outbox, people
from bot.storage.database import Transaction
from bot.usecases import planning
from bot.usecases.menu import OLD_BUTTON

LATER = timedelta(hours=3)


def overview(tx: Transaction, person: Person, programme: Programme) -> Reply:
    """`/modul`."""
    return Reply((modules.overview(programme, stored.done(tx, person.id), person.first_login),))


def tap(
    tx: Transaction, person: Person, programme: Programme, message_id: int, tapped: Tap, now: datetime
) -> Reply:
    """A button of a module, or of the list of them."""
    if tapped.choice == "list":
        return overview(tx, person, programme)
    module = programme.module(tapped.item)
    if module is None:
        return Reply((OLD_BUTTON,))
    match tapped.choice:
        case "show":
            return Reply((module_card(programme, module, ""),))
        case "done":
            new = stored.tick(tx, person.id, module.id, now)
            outbox.withdraw(tx, person.id, about=Target(Item.MODULE, module.id), now=now)
            done = stored.done(tx, person.id)
            if len(done.intersection(m.id for m in programme.modules)) == len(programme.modules):
                outbox.withdraw(tx, person.id, about=Target(Item.MODULE, "*"), now=now)
            screen = modules.ticked(programme, module, done, person.first_login)
            return Reply((Edit(message_id, screen),), Say("module.toast" if new else "module.toast_before"))
        case "undo":
            stored.untick(tx, person.id, module.id)
            return Reply((Edit(message_id, module_card(programme, module, "")),), Say("module.toast_undone"))
        case "later":
            return _later(tx, person, programme, module.id, now)
    return Reply((OLD_BUTTON,))


def tap_first_login(tx: Transaction, person: Person, message_id: int, tapped: Tap, now: datetime) -> Reply:
    """When the person first logged in to the portal, from which their own days count."""
    today = now.astimezone(person.zone.tzinfo).date()
    match tapped.choice:
        case "ask":
            return Reply((modules.ask_first_login(today),))
        case "not_yet":
            return Reply((Edit(message_id, Say("login.not_yet")),))
        case "set":
            try:
                day = date.fromisoformat(tapped.item)
            except ValueError:
                return Reply((OLD_BUTTON,))
            if day > today:
                return Reply((modules.ask_first_login(today),))
            people.change(tx, person.id, now, first_login=day)
            planning.catch_up(tx, person.id, now)  # of their own days, some may have come already
            return Reply((Edit(message_id, Say("login.noted", {"day": day})),), Say("login.toast"))
    return Reply((OLD_BUTTON,))


def _later(tx: Transaction, person: Person, programme: Programme, module_id: str, now: datetime) -> Reply:
    """Remind again in a few hours, or when the next sending window opens."""
    if module_id in stored.done(tx, person.id):  # an old card: nobody is reminded of what is done
        return Reply((), Say("module.toast_before"))
    module = programme.module(module_id)
    wished = now + LATER
    due = programme.windows.next_open(wished, person.zone)
    if module is None or due is None:
        return Reply((), Say("module.toast_no_later"))
    by, over = due + timedelta(minutes=15), due + timedelta(hours=12)
    prefix = f"later:{module_id}@"
    # Tapped again: one reminder, at the time that was told last.
    if not outbox.put_off(tx, person.id, prefix, due_at=due, everybody_by=by, not_after=over):
        outbox.owe(
            tx,
            outbox.Recipient(person_id=person.id),
            module_card(programme, module, Say("module.later_lead")),
            reason=f"{prefix}{now:%Y%m%dT%H%M%S}",  # of each wish: two may come due at the same opening
            lane=Lane.REMINDER,
            now=now,
            due_at=due,
            everybody_by=by,
            not_after=over,
            about=Target(Item.MODULE, module_id),
        )
    return Reply((), Say("module.toast_later", {"at": short_moment(due)}))
