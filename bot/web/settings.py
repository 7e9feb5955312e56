"""The language, chosen on any page."""

from typing import Final

from bot.domain.language import Language
from bot.domain.staff import Right
from bot.storage.database import Transaction
from bot.usecases import settings
from bot.web.page import Go, Visit, Way, bad_input


def _choose_language(tx: Transaction, visit: Visit) -> Go:
    wanted = visit.field("language", at_most=2)
    if wanted not in {language.value for language in Language}:
        raise bad_input()
    settings.choose_language(tx, visit.actor.person, Language(wanted), visit.now)
    return Go(_own_path(visit.form.get("from", "/")))


def _own_path(given: str) -> str:
    """Back to where they were, on these pages."""
    plain = given.startswith("/") and not given.startswith("//") and "\\" not in given
    return given if plain and given.isascii() and given.isprintable() and len(given) <= 2_000 else "/"


WAYS: Final = (Way("/language", Right.SEE_TIMETABLE, do=_choose_language),)
