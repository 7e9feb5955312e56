"""Language and zone, chosen at any time."""

from datetime import datetime

from bot.domain.language import Language
from bot.domain.messages import Button, Edit, Reply, Say, Tap
from bot.domain.people import Person
from bot.domain.zones import Zone
from bot.storage import people
from bot.storage.database import Transaction
from bot.storage.people import Visitor
from bot.usecases import planning
from bot.usecases.menu import OLD_BUTTON


def ask_language(who: Visitor) -> Reply:
    """`/bahasa`, for anybody."""
    row = tuple(
        Button(Say(f"settings.language_{language}"), Tap("bahasa", language.value)) for language in Language
    )
    return Reply((Say("settings.ask_language", {}, (row,)),))


def tap_language(tx: Transaction, who: Visitor, message_id: int, tapped: Tap, now: datetime) -> Reply:
    """A language was chosen."""
    if tapped.item not in {language.value for language in Language}:
        return Reply((OLD_BUTTON,))
    people.set_language(tx, who.chat_id, Language(tapped.item))
    if who.person is not None:
        people.change(tx, who.person.id, now, language=Language(tapped.item))
    return Reply((Edit(message_id, Say("settings.language_set")),))


def choose_language(tx: Transaction, person: Person, language: Language, now: datetime) -> None:
    """Somebody chose a language on a page: the bot speaks it to them as well."""
    people.change(tx, person.id, now, language=language)
    if person.chat_id is not None:
        people.set_language(tx, person.chat_id, language)


def ask_zone(who: Visitor, now: datetime) -> Reply:
    """`/zona`: the three zones, each with its time now."""
    current = who.person.zone if who.person else Zone.WIB
    rows = tuple(
        (
            Button(
                Say(
                    "settings.button_zone",
                    {"zone": zone.value, "time": f"{now.astimezone(zone.tzinfo):%H.%M}"},
                ),
                Tap("zona", zone.value),
            ),
        )
        for zone in Zone
    )
    return Reply((Say("settings.ask_zone", {"zone": current.value}, rows),))


def tap_zone(tx: Transaction, who: Visitor, message_id: int, tapped: Tap, now: datetime) -> Reply:
    """A zone was chosen."""
    if who.person is None or tapped.item not in Zone.__members__:
        return Reply((OLD_BUTTON,))
    people.change(tx, who.person.id, now, zone=Zone(tapped.item))
    if who.active is not None:
        planning.catch_up(tx, who.person.id, now)  # what has rung there and is still ahead here
    return Reply((Edit(message_id, Say("settings.zone_set", {"zone": tapped.item})),))
