"""Sends messages to Telegram's chats, and says how each ended in words that are not Telegram's."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import structlog
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    TelegramError,
    TimedOut,
)

from bot.delivery.fetching import MOST_BYTES, NotFetchedError
from bot.domain.messages import Amend, Delete, Edit, File, Picture, Reader, Say, Sendable, TakeBack
from bot.domain.outcomes import Done, Failed, Gone, HoldBack, InDoubt, Moved, Outcome, Sent, Unpaid, Unsent
from bot.domain.people import Reach
from bot.telegram.client import Client
from bot.telegram.errors import AnswerLostError, HoldBackError, NeverSentError, TokenRefusedError
from bot.telegram.render import Renderer, UnrenderableError

_log = structlog.stdlib.get_logger(__name__)

_MADE: Final = (File, Picture)  # has to be made first, which takes long

_PAID: Final = frozenset(
    {
        "sendMessage",
        "sendPoll",
        "sendDocument",
        "sendPhoto",
        "sendVideo",
        "sendAnimation",
        "sendAudio",
        "sendVoice",
        "sendLocation",
        "sendMediaGroup",
        "copyMessage",
    }
)

_NO_STARS: Final = "balance_too_low"
"""What a 400 says where the bot has too few Stars to pay for a message (Telegram's list of errors)."""

_NOBODY_THERE: Final = (
    "chat not found",
    "user not found",
    "peer_id_invalid",
    "have no rights to send a message",
    "not enough rights",
    "the group chat was deleted",
)
"""What 400s say where the chat, not the message, is at fault (403s all do)."""

_NOT_EDITED: Final = ("message is not modified", "message to edit not found")
_NOTHING_TO_DO: Final[Mapping[str, tuple[str, ...]]] = {
    "editMessageText": _NOT_EDITED,
    "editMessageCaption": _NOT_EDITED,
    "editMessageMedia": _NOT_EDITED,
    "deleteMessage": ("message to delete not found", "message can't be deleted"),
}
"""What edits and deletions say where trying again would change nothing, and nobody would miss anything."""


class TelegramWire:
    """The `Wire` to Telegram.

    Both methods raise `TokenRefusedError`, which ends the program: no message could go out any more.
    """

    def __init__(self, client: Client, renderer: Renderer) -> None:
        self._client = client
        self._renderer = renderer

    async def send(self, chat_id: int, message: Sendable, reader: Reader, *, paid: bool = False) -> Outcome:
        """Put `message` into words for `reader` and into the chat; tells how that ended.

        `paid` buys more than 30 messages a second, where the method can be paid for.
        """
        try:
            if isinstance(message, _MADE):
                call = await asyncio.to_thread(self._renderer.call, message, reader)
            else:
                call = self._renderer.call(message, reader)
        except UnrenderableError as error:
            _log.error(
                "message cannot be put into words",
                action="message_unworded",
                kind=type(message).__name__,
                why=str(error),
            )
            return Failed(str(error))
        params: dict[str, Any] = {"chat_id": chat_id, **call.params}
        paid = paid and call.method in _PAID
        if paid:
            params["allow_paid_broadcast"] = True
        try:
            result = await self._client.call(call.method, params)
        except TelegramError as error:
            if paid and _NO_STARS in error.message.lower():
                return Unpaid()
            if isinstance(message, TakeBack) and "message can't be deleted" in error.message.lower():
                return Failed(error.message)  # it is missed: everybody was to have it taken back
            return outcome_of(error, call.method)
        return _sent(result, message)

    async def fetch(self, file_id: str) -> bytes:
        """A file that somebody sent; raises NotFetchedError, also where it is larger than bots may have."""
        try:
            file = await self._client.get_file(file_id)
            if (file.file_size or 0) > MOST_BYTES:
                raise NotFetchedError(f"{file.file_size} bytes, over {MOST_BYTES}")
            return bytes(await file.download_as_bytearray())
        except TokenRefusedError:
            raise
        except TelegramError as error:
            raise NotFetchedError(error.message) from None

    async def toast(self, callback_id: str, say: Say | None, reader: Reader) -> None:
        """Answer a tapped button; one that is too old, or cannot be answered now, is let go."""
        try:
            await self._client.call("answerCallbackQuery", self._toast(callback_id, say, reader))
        except (TokenRefusedError, InvalidToken) as error:
            outcome_of(error, "answerCallbackQuery")
        except TelegramError as error:
            # The tap itself is recorded and answered by messages: only the words over the button are missing.
            _log.info("tap not answered", action="tap_unanswered", why=str(error))

    def toast_call(self, callback_id: str, say: Say | None, reader: Reader) -> Mapping[str, Any]:
        """The call that `toast` makes, to be given as the answer to a webhook's request."""
        return {"method": "answerCallbackQuery", **self._toast(callback_id, say, reader)}

    def _toast(self, callback_id: str, say: Say | None, reader: Reader) -> dict[str, Any]:
        params = {"callback_query_id": callback_id}
        try:
            if say is not None:
                params["text"] = self._renderer.toast(say, reader)
        except UnrenderableError as error:
            _log.error("toast cannot be put into words", action="toast_unworded", why=str(error))
        return params


def outcome_of(error: TelegramError, method: str) -> Outcome:
    """How a call of `method` ended that raised `error`; raises TokenRefusedError where nothing can follow.

    A 5xx is in doubt, because a gateway that lost an answer cannot know what became of the request; a 503
    alone says that it was not taken at all (the transport reads it so).
    """
    said = error.message
    lower = said.lower()
    match error:
        case TokenRefusedError():
            raise error
        case InvalidToken() if "method not found" in lower:
            return Failed(f"{method}: {said}")
        case InvalidToken():
            raise TokenRefusedError(said) from None
        case HoldBackError():
            return HoldBack(error.seconds)
        case ChatMigrated():
            return Moved(error.new_chat_id)
        case Forbidden() if "blocked by the user" in lower:
            return Gone(Reach.BLOCKED, said)
        case Forbidden() if "deactivated" in lower:
            return Gone(Reach.DEACTIVATED, said)
        case Forbidden():
            return Gone(Reach.UNREACHABLE, said)
        case BadRequest() if any(text in lower for text in _NOTHING_TO_DO.get(method, ())):
            _log.info("nothing to do", action="nothing_to_do", method=method, why=said)
            return Done()
        case BadRequest() if any(text in lower for text in _NOBODY_THERE):
            return Gone(Reach.UNREACHABLE, said)
        case BadRequest():
            return Failed(said)
        case NeverSentError() | Conflict():
            return Unsent(said)
        case TimedOut() if "pool timeout" in lower:
            return Unsent(said)
        case AnswerLostError() | TimedOut() | NetworkError():
            return InDoubt(said)
    return Failed(said)


def _sent(result: object, message: Sendable) -> Outcome:
    if isinstance(result, dict) and isinstance(message_id := result.get("message_id"), int):
        match result.get("poll"):
            case {"id": str(poll_id)}:
                return Sent(message_id, poll_id)
        return Sent(message_id)
    if result is True and isinstance(message, Edit | Delete):
        return Sent(message.message_id)
    if result is True and isinstance(message, Amend | TakeBack):
        return Sent(message.message_ids[0])
    match result:
        case [{"message_id": int(message_id)}, *others]:  # an album
            return Sent(message_id, more_ids=tuple(map(_message_id, others)))
    return InDoubt("the answer does not say which message it became")


def _message_id(sent: Any) -> int:
    found: int = sent["message_id"]
    return found
