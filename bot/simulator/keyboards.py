"""Reply markup: inline keyboards, reply keyboards, their removal, forced replies."""

from typing import Any

from bot.domain.markup import link_problem, mentioned_user
from bot.simulator.errors import BadRequestError

MOST_BUTTONS = 100
MOST_IN_ROW = 8
MOST_CALLBACK_BYTES = 64
MOST_REPLY_BUTTONS = 300
MOST_IN_REPLY_ROW = 12

_ACTIONS = (
    "url",
    "callback_data",
    "callback_game",
    "pay",
    "switch_inline_query",
    "switch_inline_query_chosen_chat",
    "switch_inline_query_current_chat",
    "login_url",
    "web_app",
    "copy_text",
)
_PRIVATE_ONLY = {
    "request_contact": "Phone number can be requested in private chats only",
    "request_location": "Location can be requested in private chats only",
    "request_poll": "Poll can be requested in private chats only",
    "web_app": "Web App buttons can be used in private chats only",
    "request_users": "Users can be requested in private chats only",
    "request_chat": "Chats can be requested in private chats only",
}
_STYLES = ("", "danger", "primary", "success")

Markup = dict[str, Any]


def read_markup(given: Any, *, private: bool, inline_only: bool = False) -> Markup | None:
    """A checked reply markup in wire form; None where there is none (an empty keyboard is none)."""
    if given is None:
        return None
    if not isinstance(given, dict):
        raise BadRequestError("Object expected as reply markup")
    rows = _rows(given, "keyboard", 'Field "keyboard" must be an Array of Arrays')
    inline = _rows(
        given,
        "inline_keyboard",
        'Field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays',
    )
    markup: Markup | None = None
    if rows:
        markup = _reply_keyboard(given, rows, private=private)
    elif inline:
        markup = _inline_keyboard(inline, private=private)
    elif given.get("remove_keyboard"):
        markup = {"remove_keyboard": True}
    elif given.get("force_reply"):
        markup = {"force_reply": True} | _optional(given, "input_field_placeholder")
    if markup is not None and inline_only and "inline_keyboard" not in markup:
        raise BadRequestError("Inline keyboard expected")
    return markup


def _rows(given: dict[str, Any], name: str, complaint: str) -> list[list[Any]]:
    rows = given.get(name)
    if rows is None:
        return []
    if not isinstance(rows, list):
        raise BadRequestError(f'Field "{name}" must be of type Array')
    for row in rows:
        if not isinstance(row, list):
            raise BadRequestError(complaint)
    return rows


def _inline_keyboard(rows: list[list[Any]], *, private: bool) -> Markup | None:
    kept = [[_inline_button(button, private=private) for button in row] for row in rows]
    kept = [row for row in kept if row]
    if sum(map(len, kept)) > MOST_BUTTONS or any(len(row) > MOST_IN_ROW for row in kept):
        raise BadRequestError("reply markup is too long")
    return {"inline_keyboard": kept} if kept else None


def _inline_button(button: Any, *, private: bool) -> dict[str, Any]:
    try:
        if not isinstance(button, dict):
            raise ValueError("InlineKeyboardButton must be an Object")  # told as text below
        text = _text(button, "text")
        actions = [name for name in _ACTIONS if _given(button, name)]
        if not actions:
            raise ValueError("Text buttons are unallowed in the inline keyboard")
        if len(actions) > 1:
            # The official server keeps the first and drops the others in silence.
            raise ValueError(f"InlineKeyboardButton must have exactly one action, found {', '.join(actions)}")
        if button.get("style", "") not in _STYLES:
            raise ValueError("invalid button style specified")
    except ValueError as problem:
        raise BadRequestError(f"Can't parse inline keyboard button: {problem}") from None
    if not text:
        raise BadRequestError("Inline keyboard button text must be non-empty")
    action = actions[0]
    kept = {"text": text} | _optional(button, "style") | _optional(button, "icon_custom_emoji_id")
    value = button[action]
    if action == "callback_data":
        if len(value.encode()) > MOST_CALLBACK_BYTES:
            raise BadRequestError("BUTTON_DATA_INVALID")
    elif action == "url":
        if mentioned_user(value) is None and (why := link_problem(value)):
            raise BadRequestError(f"Inline keyboard button URL '{value}' is invalid: {why}")
    elif action in {"web_app", "login_url"}:
        _check_web_button(action, value, private=private)
    elif action == "copy_text" and not (
        isinstance(value, dict) and 1 <= len(str(value.get("text", ""))) <= 256
    ):
        raise BadRequestError("BUTTON_COPY_TEXT_INVALID")
    return kept | {action: value}


def _check_web_button(action: str, value: Any, *, private: bool) -> None:
    url = value.get("url") if isinstance(value, dict) else None
    if not isinstance(url, str):
        raise BadRequestError("Can't parse inline keyboard button: Can't find field \"url\"")
    if not url.lower().startswith("https://") or link_problem(url):
        name = "Web App" if action == "web_app" else "login"
        problem = link_problem(url) or "Only HTTPS links are allowed"
        raise BadRequestError(f"Inline keyboard button {name} URL '{url}' is invalid: {problem}")
    if action == "web_app" and not private:
        raise BadRequestError("BUTTON_TYPE_INVALID")


def _reply_keyboard(given: dict[str, Any], rows: list[list[Any]], *, private: bool) -> Markup | None:
    kept = [[_reply_button(button, private=private) for button in row] for row in rows]
    kept = [[button for button in row if button["text"]] for row in kept]
    kept = [row for row in kept if row]
    if sum(map(len, kept)) > MOST_REPLY_BUTTONS or any(len(row) > MOST_IN_REPLY_ROW for row in kept):
        raise BadRequestError("reply markup is too long")
    if not kept:
        return None
    markup: Markup = {"keyboard": kept}
    for flag in ("is_persistent", "resize_keyboard", "one_time_keyboard", "selective"):
        if given.get(flag):
            markup[flag] = True
    return markup | _optional(given, "input_field_placeholder")


def _reply_button(button: Any, *, private: bool) -> dict[str, Any]:
    if isinstance(button, str):
        return {"text": button}
    try:
        if not isinstance(button, dict):
            raise ValueError("KeyboardButton must be a String or an Object")  # told as text below
        text = _text(button, "text")
    except ValueError as problem:
        raise BadRequestError(f"Can't parse keyboard button: {problem}") from None
    for request, complaint in _PRIVATE_ONLY.items():
        if button.get(request) and not private:
            raise BadRequestError(complaint)
    return {"text": text} | {name: button[name] for name in _PRIVATE_ONLY if button.get(name)}


def _given(button: dict[str, Any], name: str) -> bool:
    value = button.get(name)
    if name in {"url", "callback_data"}:
        if value is not None and not isinstance(value, str):
            raise ValueError(f'Field "{name}" must be of type String')
        return bool(value)
    return value is not None


def _text(button: dict[str, Any], name: str) -> str:
    value = button.get(name)
    if value is None:
        raise ValueError(f'Can\'t find field "{name}"')
    if not isinstance(value, str):
        raise ValueError(f'Field "{name}" must be of type String')  # told as text by the caller
    return value


def _optional(given: dict[str, Any], name: str) -> dict[str, Any]:
    return {name: given[name]} if given.get(name) else {}
