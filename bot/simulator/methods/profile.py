"""How the bot presents itself: account, commands, name, descriptions, menu button."""

import re
from typing import Any

from bot.domain.markup import link_problem
from bot.simulator.call import Call
from bot.simulator.errors import BadRequestError
from bot.simulator.params import integer

MOST_COMMANDS = 100
MOST_COMMAND = 32
MOST_COMMAND_DESCRIPTION = 256
MOST_NAME = 64
MOST_DESCRIPTION = 512
MOST_SHORT_DESCRIPTION = 120

_LANGUAGE = re.compile(r"[a-z]{2}|")
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_PLAIN_SCOPES = ("default", "all_private_chats", "all_group_chats", "all_chat_administrators")
_CHAT_SCOPES = ("chat", "chat_administrators", "chat_member")


def get_me(call: Call) -> Any:
    """The bot's own account."""
    return call.bot.user.wire() | {
        "can_join_groups": True,
        "can_read_all_group_messages": call.bot.account.reads_all_group_messages,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


def set_my_commands(call: Call) -> Any:
    """Set the command menu of a scope and language."""
    given = call.params.json("commands", "commands")
    if given is None:
        given = []
    if not isinstance(given, list):
        raise BadRequestError("Expected an Array of BotCommand")
    commands = [_command(item) for item in given]
    if len(commands) > MOST_COMMANDS:
        raise BadRequestError("BOT_COMMANDS_TOO_MUCH")
    if any(not _COMMAND.fullmatch(command["command"]) for command in commands):
        raise BadRequestError("BOT_COMMAND_INVALID")
    call.bot.commands[_scope(call), _language(call)] = commands
    return True


def get_my_commands(call: Call) -> Any:
    """The command menu of exactly this scope and language."""
    return call.bot.commands.get((_scope(call), _language(call)), [])


def delete_my_commands(call: Call) -> Any:
    """Forget the command menu of a scope and language."""
    call.bot.commands.pop((_scope(call), _language(call)), None)
    return True


def _command(item: Any) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise BadRequestError("Can't parse BotCommand: expected an Object")
    for name in ("command", "description"):
        if not isinstance(item.get(name), str):
            raise BadRequestError(f"Can't parse BotCommand: Can't find field \"{name}\"")
    command, description = item["command"].strip().removeprefix("/"), item["description"].strip()
    if not command:
        raise BadRequestError("Command must be non-empty")
    if len(command) > MOST_COMMAND:
        raise BadRequestError(f"Command length must not exceed {MOST_COMMAND}")
    if not description:
        raise BadRequestError("Command description must be non-empty")
    if len(description) > MOST_COMMAND_DESCRIPTION:
        raise BadRequestError(f"Command description length must not exceed {MOST_COMMAND_DESCRIPTION}")
    return {"command": command, "description": description}


def _scope(call: Call) -> str:
    scope = call.params.json("scope", "BotCommandScope")
    if scope is None:
        return "default"
    if not isinstance(scope, dict):
        raise BadRequestError("BotCommandScope must be an Object")
    kind = scope.get("type")
    if kind in _PLAIN_SCOPES:
        return str(kind)
    if kind not in _CHAT_SCOPES:
        raise BadRequestError("Can't parse BotCommandScope: Unsupported type specified")
    if not scope.get("chat_id"):
        raise BadRequestError("Can't parse BotCommandScope: Empty chat_id specified")
    chat = call.chat_named(str(scope["chat_id"]), "read")
    if kind == "chat":
        return f"chat:{chat.id}"
    if chat.private:
        raise BadRequestError("Can't use specified scope in private chats")
    member = f":{integer(scope.get('user_id') or 0)}" if kind == "chat_member" else ""
    return f"{kind}:{chat.id}{member}"


def _language(call: Call) -> str:
    language = call.params.text("language_code")
    if not _LANGUAGE.fullmatch(language):
        raise BadRequestError("Invalid language code specified")
    return language


def _set_text(call: Call, name: str, most: int) -> bool:
    text = call.params.text(name)
    if len(text) > most:
        raise BadRequestError(f"bot {name.replace('_', ' ')} is too long")
    language = _language(call)
    if text:
        call.bot.profile[name, language] = text
    else:
        call.bot.profile.pop((name, language), None)
    return True


def _get_text(call: Call, name: str, default: str = "") -> dict[str, str]:
    profile, language = call.bot.profile, _language(call)
    return {name: profile.get((name, language)) or profile.get((name, "")) or default}


def set_my_name(call: Call) -> Any:
    """Set the name shown in a language."""
    return _set_text(call, "name", MOST_NAME)


def get_my_name(call: Call) -> Any:
    """The name shown in a language."""
    return _get_text(call, "name", call.bot.user.first_name)


def set_my_description(call: Call) -> Any:
    """Set what an empty chat shows."""
    return _set_text(call, "description", MOST_DESCRIPTION)


def get_my_description(call: Call) -> Any:
    """What an empty chat shows."""
    return _get_text(call, "description")


def set_my_short_description(call: Call) -> Any:
    """Set what the profile page shows."""
    return _set_text(call, "short_description", MOST_SHORT_DESCRIPTION)


def get_my_short_description(call: Call) -> Any:
    """What the profile page shows."""
    return _get_text(call, "short_description")


def set_chat_menu_button(call: Call) -> Any:
    """Set the button beside the input field, in one private chat or in all."""
    button = call.params.json("menu_button", "menu button") or {"type": "default"}
    if not isinstance(button, dict):
        raise BadRequestError("MenuButton must be an Object")
    match button.get("type"):
        case "default" | "commands":
            button = {"type": button["type"]}
        case "web_app":
            web_app = button.get("web_app")
            url = web_app.get("url") if isinstance(web_app, dict) else None
            if not isinstance(url, str) or not button.get("text"):
                raise BadRequestError("Can't parse menu button: Can't find field \"web_app\"")
            if not url.startswith("https://") or link_problem(url):
                raise BadRequestError("BUTTON_URL_INVALID")
        case _:
            raise BadRequestError("Can't parse menu button: MenuButton has unsupported type")
    if call.params.has("chat_id"):
        chat = call.chat("read")
        if not chat.private:
            raise BadRequestError("private chat not found")
        chat.menu_button = button
    else:
        call.bot.menu_button = {"type": "commands"} if button["type"] == "default" else button
    return True


def get_chat_menu_button(call: Call) -> Any:
    """The button beside the input field."""
    own = call.chat("read").menu_button if call.params.has("chat_id") else None
    return own or call.bot.menu_button
