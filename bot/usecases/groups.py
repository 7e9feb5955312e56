"""Groups and channels to which coordinators added the bot, so that they can announce there too."""

from datetime import datetime

from bot.domain.events import Membership, TopicChanged
from bot.domain.messages import Button, Lane, Say, Tap
from bot.domain.staff import Right
from bot.storage import groups, outbox, people, staff
from bot.storage.database import Transaction
from bot.storage.groups import GroupChat
from bot.storage.outbox import Recipient
from bot.usecases.announcement_words import ACTION


def changed(tx: Transaction, event: Membership, now: datetime) -> None:
    """The bot was added somewhere, or removed: a coordinator is asked in private what it is for.

    Nothing is said in the group. Somebody else who adds the bot is nobody to it: nothing is even noted.
    """
    chat_id = event.sender.chat_id
    if not event.there:
        groups.leave(tx, chat_id, now)
        return
    by = people.of_chat(tx, event.by)
    actor = None if by is None else staff.actor(tx, by)
    if by is None or actor is None or not actor.may(Right.REACH_GROUPS):
        return
    known = groups.group(tx, chat_id)
    if known is not None and known.programme_id != actor.person.programme:
        return
    groups.join(tx, GroupChat(chat_id, actor.person.programme, event.title, event.kind), by.id, now)
    rows = (
        (
            Button(Say("announce.button_use_group"), Tap(ACTION, str(chat_id), "group")),
            Button(Say("announce.button_not"), Tap(ACTION, str(chat_id), "nogroup")),
        ),
    )
    programme = tx.catalogue.programme(actor.person.programme)
    outbox.owe(
        tx,
        Recipient(person_id=actor.person.id),
        Say(
            "announce.ask_group",
            {"title": event.title, "programme": "" if programme is None else programme.title},
            rows,
        ),
        reason=f"group:{chat_id}@{now:%Y%m%dT%H%M%S}",
        lane=Lane.REPLY,
        now=now,
    )


def topic_changed(tx: Transaction, event: TopicChanged) -> None:
    """A topic of a group that the bot knows was made, renamed, closed or opened again."""
    if groups.group(tx, event.sender.chat_id) is not None:
        groups.note_topic(tx, event.sender.chat_id, event.topic, event.title, closed=not event.open)


def spoken_to(tx: Transaction, chat_id: int, topic: int | None) -> None:
    """The bot was addressed in a topic: so one that is older than the bot becomes known, by its number."""
    if topic is not None and groups.group(tx, chat_id) is not None:
        groups.note_topic(tx, chat_id, topic, "", closed=False)


def moved(tx: Transaction, chat_id: int, new_chat_id: int) -> None:
    """A group has become a supergroup: it is known, and announced to, by its new id."""
    groups.move(tx, chat_id, new_chat_id)
