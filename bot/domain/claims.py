"""Claim codes: the payload of the personal link by which a chat becomes a person's.

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
_CODE = re.compile(r"c[A-Za-z0-9_-]{32}")


def claim_code(secret: bytes, person_id: int, serial: int) -> str:
    """The `start` payload of a person's claim link: 33 characters, of Telegram's 64."""
    body = _BODY.pack(person_id, serial)
    return "c" + base64.urlsafe_b64encode(body + _tag(secret, body)).decode("ascii")


def read_claim_code(secret: bytes, payload: str) -> tuple[int, int] | None:
    """The person's id and the serial of a code made with `secret`; None for anything else.

    Whether that serial is still the person's current one, and not claimed or expired, is for the caller.
    """
    if not _CODE.fullmatch(payload):
        return None
    raw = base64.urlsafe_b64decode(payload[1:])
    body, tag = raw[: _BODY.size], raw[_BODY.size :]
    if not hmac.compare_digest(tag, _tag(secret, body)):
        return None
    person_id, serial = _BODY.unpack(body)
    return person_id, serial


def _tag(secret: bytes, body: bytes) -> bytes:
    # The label keeps a code from being valid for anything else that may one day be signed alike.
    return hmac.digest(secret, b"rekan claim link\0" + body, hashlib.sha256)[:_TAG_BYTES]
