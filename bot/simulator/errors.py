"""How the Bot API refuses: an error code, a description, and sometimes parameters."""

from collections.abc import Mapping


class ApiError(Exception):
    """A refusal, as the caller will read it: `description` is complete, prefix included."""

    def __init__(self, code: int, description: str, parameters: Mapping[str, int] | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = dict(parameters or {})


class BadRequestError(ApiError):
    """400: the description's first letter is lowered as the official server does (`MESSAGE_…` stays)."""

    def __init__(self, reason: str, parameters: Mapping[str, int] | None = None) -> None:
        shouted = len(reason) > 1 and (reason[1] == "_" or reason[1].isupper())
        text = reason if shouted else reason[:1].lower() + reason[1:]
        super().__init__(400, f"Bad Request: {text}", parameters)


class ForbiddenError(ApiError):
    """403: the chat exists, but is closed to the bot."""

    def __init__(self, reason: str) -> None:
        super().__init__(403, f"Forbidden: {reason}")


class TooManyRequestsError(ApiError):
    """429: come back in `retry_after` whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(429, f"Too Many Requests: retry after {retry_after}", {"retry_after": retry_after})


class ActionRefusedError(Exception):
    """A person tried what Telegram's apps would not let them do (write while blocking, vote twice …)."""
