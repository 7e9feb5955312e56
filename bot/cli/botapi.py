"""One question to a Bot API server, for commands that do without the bot itself."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any

_LONGEST_ANSWER = 1_000_000  # bytes; getMe takes a few hundred


class OutOfReachError(Exception):
    """The server gave no answer of a Bot API; says why, without the address, which holds the token."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said; `at` is its clock (aware), where it tells."""

    status: int
    result: dict[str, Any]
    description: str
    at: datetime | None

    @property
    def ok(self) -> bool:
        """Whether it did what it was asked."""
        return self.status == 200


def ask(base_url: str, token: str, method: str, *, timeout: float = 10.0) -> Answer:
    """Call a method without parameters; `timeout` is real seconds. Raises OutOfReachError.

    `base_url` is as python-telegram-bot takes it; the `/bot` before the token may be missing.
    """
    address = base_url.rstrip("/")
    if "{token}" in address:
        address = f"{address.replace('{token}', token)}/{method}"
    else:
        address = f"{address.removesuffix('/bot')}/bot{token}/{method}"
    if not address.startswith(("https://", "http://")):
        raise OutOfReachError("the address does not begin with https:// or http://")
    try:
        try:
            with urllib.request.urlopen(address, timeout=timeout) as response:  # noqa: S310 - checked above
                status, headers, body = response.status, response.headers, response.read(_LONGEST_ANSWER)
        except urllib.error.HTTPError as error:
            with error:
                status, headers, body = error.code, error.headers, error.read(_LONGEST_ANSWER)
    except TimeoutError:
        raise OutOfReachError(f"no answer within {timeout:.0f} seconds") from None
    except urllib.error.URLError as error:
        raise OutOfReachError(_why(error.reason)) from None
    except (OSError, HTTPException, ValueError) as error:
        raise OutOfReachError(_why(error)) from None
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    if not isinstance(said, dict) or not isinstance(said.get("ok"), bool):
        raise OutOfReachError(f"what answers there (HTTP {status}) is no Bot API server")
    result = said.get("result")
    return Answer(
        status,
        result if isinstance(result, dict) else {},
        str(said.get("description", "")),
        _instant(headers.get("Date")),
    )


def _why(reason: object) -> str:
    if isinstance(reason, TimeoutError):
        return "no answer in time"
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror
    return type(reason).__name__ if isinstance(reason, Exception) else str(reason)


def _instant(header: str | None) -> datetime | None:
    try:
        at = parsedate_to_datetime(header) if header else None
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None
