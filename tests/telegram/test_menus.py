from pathlib import Path

import pytest
import yaml
from structlog.testing import capture_logs

from bot.content.wording import Wording
from bot.domain.language import Localised
from bot.domain.programme import Catalogue
from bot.simulator import Simulator
from bot.telegram.client import Client
from bot.telegram.errors import TokenRefusedError
from bot.telegram.menus import COMMANDS, publish
from bot.usecases import desk
from tests.telegram.scripted_api import Scripted

TEXTS = Path(__file__).parents[2] / "content" / "texts"


def wording() -> Wording:
    indonesian, english = (
        yaml.safe_load((TEXTS / f"{language}.yaml").read_text("utf-8")) for language in ("id", "en")
    )
    texts = {
        f"{group}.{key}": Localised(text, english[group][key])
        for group in ("command", "about")
        for key, text in indonesian[group].items()
    }
    return Wording(Catalogue({}, texts))


async def menu(bot: Client, code: str | None) -> list[str]:
    commands = await bot.get_my_commands({"type": "all_private_chats"}, code)
    return [command.command for command in commands]


async def test_each_language_has_its_menu_and_profile(telegram: Simulator, bot: Client) -> None:
    await publish(bot, wording())
    assert await menu(bot, None) == [
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
    ]
    assert await menu(bot, "en") == [
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
    ]
    for code, word in ((None, "menemani"), ("en", "accompanies")):
        assert word in (await bot.get_my_short_description(code)).short_description
        assert word in (await bot.get_my_description(code)).description


async def test_a_second_start_changes_nothing(telegram: Simulator, bot: Client) -> None:
    await publish(bot, wording())
    before = len(telegram.calls)
    await publish(bot, wording())
    assert [call.method for call in list(telegram.calls)[before:] if call.method.startswith("set")] == []


async def test_a_failure_is_logged_and_a_refused_token_is_not_hidden(
    server: Scripted, client: Client
) -> None:
    server.refuse(400, "Bad Request: BOT_COMMAND_INVALID")
    with capture_logs() as logs:
        await publish(client, wording())
    assert logs[0]["why"] == "Bot_command_invalid"
    server.refuse(401, "Unauthorized")
    with pytest.raises(TokenRefusedError):
        await publish(client, wording())


def test_every_command_of_the_menu_is_known_at_the_desk() -> None:
    assert {name for names in COMMANDS.values() for name in names} <= desk.COMMANDS.keys()
