"""Codes that change by the clock, against the vectors of RFC 4226 (appendix D) and RFC 6238 (appendix B)."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.totp import STEP, begins, hotp, step_at, step_of, totp

_SHA1 = b"12345678901234567890"
_SHA256 = b"12345678901234567890123456789012"
_SHA512 = b"1234567890123456789012345678901234567890123456789012345678901234"


def test_the_codes_of_rfc_4226() -> None:
    expected = "755224 287082 359152 969429 338314 254676 287922 162583 399871 520489"
    assert " ".join(hotp(_SHA1, counter) for counter in range(10)) == expected


@pytest.mark.parametrize(
    ("at", "sha1", "sha256", "sha512"),
    [
        (59, "94287082", "46119246", "90693936"),
        (1111111109, "07081804", "68084774", "25091201"),
        (1111111111, "14050471", "67062674", "99943326"),
        (1234567890, "89005924", "91819424", "93441116"),
        (2000000000, "69279037", "90698825", "38618901"),
        (20000000000, "65353130", "77737706", "47863826"),
    ],
)
def test_the_codes_of_rfc_6238(at: int, sha1: str, sha256: str, sha512: str) -> None:
    now = datetime.fromtimestamp(at, UTC)
    assert totp(_SHA1, now, digits=8) == sha1
    assert totp(_SHA256, now, digits=8, algorithm=hashlib.sha256) == sha256
    assert totp(_SHA512, now, digits=8, algorithm=hashlib.sha512) == sha512


_NOW = datetime(2026, 11, 9, 1, 30, 10, tzinfo=UTC)


def test_one_step_is_tolerated_either_way_and_a_later_code_is_known_as_late() -> None:
    current = step_at(_NOW)
    found = {late: step_of(_SHA1, totp(_SHA1, _NOW - late * STEP), _NOW) for late in (-2, -1, 0, 1, 2)}
    assert found == {-2: None, -1: current + 1, 0: current, 1: current - 1, 2: None}
    assert step_of(_SHA1, totp(_SHA1, _NOW - 9 * STEP), _NOW, back=20) == current - 9


@pytest.mark.parametrize("given", ["", "12345", "1234567", "abcdef"])
def test_what_is_no_code_is_of_no_step(given: str) -> None:
    assert step_of(_SHA1, given, _NOW, back=5) is None


def test_a_step_begins_when_its_code_begins_to_stand() -> None:
    began = begins(step_at(_NOW))
    assert began == datetime(2026, 11, 9, 1, 30, tzinfo=UTC)
    assert totp(_SHA1, began) == totp(_SHA1, began + STEP - timedelta(microseconds=1))
    assert totp(_SHA1, began) != totp(_SHA1, began - timedelta(microseconds=1))
