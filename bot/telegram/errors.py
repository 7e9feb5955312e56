"""What can go wrong on the way to Telegram, beside the errors of python-telegram-bot.

They subclass its errors, because its `BaseRequest` lets those through untouched. None of them holds the
token.
"""

import re

from telegram.error import NetworkError, TelegramError

from bot.delivery.wire import WireUselessError

_TOKEN = re.compile(r"(?<=bot)\d+(?::|%3A)[\w-]+|\b\d{3,}(?::|%3A)[\w-]{20,}", re.IGNORECASE)


def redact(text: str) -> str:
    """`text` without bot tokens."""
    return _TOKEN.sub("<token>", text)


class TokenRefusedError(TelegramError, WireUselessError):
    """Telegram does not know the token: nothing can be sent or received until it is mended."""

    def __init__(self, answer: str) -> None:
        super().__init__(
            f"Telegram refuses the bot's token ({answer}). Take the token from @BotFather again and set"
            " telegram.token (or REKAN_TELEGRAM__TOKEN); if telegram.base_url names another server, see"
            " that it knows this bot."
        )


class WebhookRefusedError(Exception):
    """Telegram does not take the webhook's address; its text says which, and Telegram's reason."""

    def __init__(self, url: str, answer: str) -> None:
        super().__init__(f"Telegram refuses the webhook {url} (telegram.webhook.url): {answer}")


class NeverSentError(NetworkError):
    """The request did not leave (no connection, none free in time), or was turned away before Telegram."""


class AnswerLostError(NetworkError):
    """The request may have been acted on: its answer did not come, or could not be read."""


class HoldBackError(TelegramError):
    """429: nothing was done, and nothing is to be sent for so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"Too Many Requests: retry after {seconds:g}")
        self.seconds = seconds
