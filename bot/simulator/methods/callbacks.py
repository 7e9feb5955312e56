"""answerCallbackQuery: a tap is answered once, within its 150 seconds."""

from typing import Any

from bot.simulator.call import Call
from bot.simulator.errors import BadRequestError
from bot.simulator.updates import CALLBACK_SECONDS
from bot.simulator.world import Event

MOST_ANSWER = 200


def answer_callback_query(call: Call) -> Any:
    """Stop the button's spinner, perhaps with a notice."""
    text = call.params.text("text")
    if len(text) > MOST_ANSWER:
        raise BadRequestError("MESSAGE_TOO_LONG")
    url = call.params.text("url")
    if url and not url.startswith((f"https://t.me/{call.bot.account.username}", "tg://")):
        raise BadRequestError("URL_INVALID")
    callback = call.bot.callbacks.get(call.params.text("callback_query_id"))
    late = callback is None or call.world.clock.monotonic() - callback.at > CALLBACK_SECONDS
    if callback is None or late or callback.answered:
        raise BadRequestError("query is too old and response timeout expired or query ID is invalid")
    callback.answered = True
    details = {"text": text, "show_alert": call.params.flag("show_alert"), "url": url}
    message = callback.message
    call.world.emit(Event("callback_answer", call.bot, message.chat, True, message, callback, details))
    return True
