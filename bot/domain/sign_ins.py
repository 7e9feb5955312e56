"""Signing in to the pages: how long it lasts, and tokens that a forger cannot make.

A token is 32 random bytes and a tag made with the installation's secret: what somebody makes up is turned
away without asking the database, which keeps nothing of a token but its SHA-256.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

_RANDOM = 32
_TAG = 16
_TOKEN = re.compile(r"[A-Za-z0-9_-]{64}")  # 48 bytes: no slack bits, so no token has a second spelling
_FORM_TOKEN = re.compile(r"[0-9a-f]{128}")


class Kind(StrEnum):
    """What a token is for; none is valid for anything else."""

    LINK = "sign-in link"
    BROWSER = "browser"


@dataclass(frozen=True, slots=True)
class Lasting:
    """How long a link can be used, and how long a browser stays signed in."""

    link: timedelta = timedelta(minutes=10)
    unused: timedelta = timedelta(hours=12)  # since its last request
    longest: timedelta = timedelta(days=7)  # whatever it asked for

    def times(self, factor: int) -> "Lasting":
        """The same for a clock that runs that much faster than people do."""
        return Lasting(self.link * factor, self.unused * factor, self.longest * factor)


def token(secret: bytes, kind: Kind, random: bytes) -> str:
    """The token made of 32 random bytes: 64 characters of `A-Za-z0-9_-`."""
    if len(random) != _RANDOM:
        raise ValueError("a token takes 32 random bytes")
    return base64.urlsafe_b64encode(random + _tag(secret, kind, random)).decode("ascii")


def made_by(secret: bytes, kind: Kind, given: str) -> bool:
    """Whether it is a token of that kind made with `secret`; whether it still holds is for the caller."""
    if not _TOKEN.fullmatch(given):
        return False
    raw = base64.urlsafe_b64decode(given)
    return hmac.compare_digest(raw[_RANDOM:], _tag(secret, kind, raw[:_RANDOM]))


def digest(given: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(given.encode("ascii")).hexdigest()


def form_token(secret: bytes, browser: str, mask: bytes) -> str:
    """What every form of a signed-in browser has to carry: only pages of our own can know it.

    `mask` is 32 random bytes, others each time: a page may then be compressed and tell nothing by its length.
    """
    own = _of_browser(secret, browser)
    return (mask + bytes(a ^ b for a, b in zip(mask, own, strict=True))).hex()


def is_form_token(secret: bytes, browser: str, given: str) -> bool:
    """Whether a form carries what the browser's own pages were given."""
    if not _FORM_TOKEN.fullmatch(given):
        return False
    raw = bytes.fromhex(given)
    own = bytes(a ^ b for a, b in zip(raw[:_RANDOM], raw[_RANDOM:], strict=True))
    return hmac.compare_digest(own, _of_browser(secret, browser))


def _of_browser(secret: bytes, browser: str) -> bytes:
    return hmac.digest(secret, b"rekan form\0" + browser.encode("ascii"), hashlib.sha256)


def _tag(secret: bytes, kind: Kind, random: bytes) -> bytes:
    return hmac.digest(secret, f"rekan {kind}".encode() + b"\0" + random, hashlib.sha256)[:_TAG]
