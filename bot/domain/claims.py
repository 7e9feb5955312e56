"""Codes of the links that open the bot: claim links, by which a chat becomes a person's, and invitations.

A code is derived (person, serial, and a tag that only the installation's secret can make), so the
database holds nothing that would let its reader claim somebody's place: issuing a code anew is counting
the serial up, which makes the former one worthless.
"""

import base64
import hashlib
import hmac
import re
import struct

# 24 bytes are exactly 32 characters of base64: no slack bits, so no code has a second spelling.
_BODY = struct.Struct(">QI")
_TAG_BYTES = 12  # 96 bits; a guess costs a message to the bot
_CODE = re.compile(r"[a-z][A-Za-z0-9_-]{32}")


def claim_code(secret: bytes, person_id: int, serial: int) -> str:
    """The `start` payload of a person's claim link: 33 characters, of Telegram's 64."""
    return _code(secret, "c", person_id, serial)


def read_claim_code(secret: bytes, payload: str) -> tuple[int, int] | None:
    """The person's id and the serial of a code made with `secret`; None for anything else.

    Whether that serial is still the person's current one, and not claimed or expired, is for the caller.
    """
    return _read(secret, "c", payload)


def invitation_code(secret: bytes, invitation_id: int) -> str:
    """The `start` payload of an invitation to coordinate or to speak: 33 characters."""
    return _code(secret, "i", invitation_id, 0)


def read_invitation_code(secret: bytes, payload: str) -> int | None:
    """The invitation's id of a code made with `secret`; None for anything else.

    Whether it is open is for the caller.
    """
    found = _read(secret, "i", payload)
    return None if found is None else found[0]


def _code(secret: bytes, kind: str, number: int, serial: int) -> str:
    body = _BODY.pack(number, serial)
    return kind + base64.urlsafe_b64encode(body + _tag(secret, kind, body)).decode("ascii")


def _read(secret: bytes, kind: str, payload: str) -> tuple[int, int] | None:
    if not payload.startswith(kind) or not _CODE.fullmatch(payload):
        return None
    raw = base64.urlsafe_b64decode(payload[1:])
    body, tag = raw[: _BODY.size], raw[_BODY.size :]
    if not hmac.compare_digest(tag, _tag(secret, kind, body)):
        return None
    number, serial = _BODY.unpack(body)
    return number, serial


def _tag(secret: bytes, kind: str, body: bytes) -> bytes:
    # The label keeps a code from being valid for anything else that is signed alike.
    return hmac.digest(secret, _LABELS[kind] + b"\0" + body, hashlib.sha256)[:_TAG_BYTES]


_LABELS = {"c": b"rekan claim link", "i": b"rekan invitation"}
