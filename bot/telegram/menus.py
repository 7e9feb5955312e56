"""The command menu and the bot's profile texts, in both languages, changed only where they differ."""

from typing import Final

import structlog
from telegram import BotCommand, BotCommandScopeAllPrivateChats
from telegram.error import TelegramError

from bot.content.wording import Wording
from bot.domain.language import Language
from bot.domain.messages import Reader, Say
from bot.telegram.client import Client
from bot.telegram.errors import TokenRefusedError

_log = structlog.stdlib.get_logger(__name__)

COMMANDS: Final[dict[Language, tuple[str, ...]]] = {
    Language.ID: (
        "jadwal",
        "modul",
        "materi",
        "kuis",
        "jurnal",
        "tanya",
        "hadir",
        "status",
        "bahasa",
        "zona",
        "bantuan",
    ),
    Language.EN: (
        "schedule",
        "modules",
        "materials",
        "quiz",
        "journal",
        "ask",
        "attendance",
        "status",
        "language",
        "zone",
        "help",
    ),
}
"""Each language's names, in the menu's order; the text of the n-th is `command.<its English name>`."""

COMMAND_LIMIT: Final = 256
SHORT_DESCRIPTION_LIMIT: Final = 120
DESCRIPTION_LIMIT: Final = 512


async def publish(client: Client, wording: Wording) -> None:
    """Bring Telegram's menus up to date; a failure is logged, since the bot works without them too.

    Indonesian is what everybody sees whose app is not in English. Raises TokenRefusedError.
    """
    try:
        for language in Language:
            await _publish(client, wording, language)
    except TokenRefusedError:
        raise
    except TelegramError as error:
        _log.warning("the command menu is not up to date", action="menu_outdated", why=error.message)


async def _publish(client: Client, wording: Wording, language: Language) -> None:
    code = None if language is Language.ID else language.value
    reader = Reader(language, "WIB")
    commands = tuple(
        BotCommand(name, wording.plain(Say(f"command.{english}"), reader, COMMAND_LIMIT))
        for name, english in zip(COMMANDS[language], COMMANDS[Language.EN], strict=True)
    )
    scope = BotCommandScopeAllPrivateChats()
    if await client.get_my_commands(scope, code) != commands:
        await client.set_my_commands(commands, scope, code)
    short = wording.plain(Say("about.short"), reader, SHORT_DESCRIPTION_LIMIT)
    if (await client.get_my_short_description(code)).short_description != short:
        await client.set_my_short_description(short, code)
    long = wording.plain(Say("about.long"), reader, DESCRIPTION_LIMIT)
    if (await client.get_my_description(code)).description != long:
        await client.set_my_description(long, code)
