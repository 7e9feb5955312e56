"""The numbers that name people: NIP and NI PPPK are checked and masked, a NIK is only ever recognised.

Rule: DOMAIN.md, "Identity and rosters". A NIP has 18 digits: birth date (YYYYMMDD), year of appointment
(YYYY), month (01-12, civil servants) or contract code (21 and above, PPPK), sex (1 or 2), serial (001-999).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from types import MappingProxyType

# Left out by people and spreadsheets between the digits: spaces of every width, zero-width characters,
# dots, dashes and the apostrophe by which Excel is told that a number is text.
_DECORATION = re.compile(r"[\s.\-‐-―−_'’‘`\u200b-\u200f\u2060\ufeff]+")
_LABEL = re.compile(r"^\W*ni(?:\W*p?\W*(?:pppk|p3k)|p)\W*", re.IGNORECASE)
_SCIENTIFIC = re.compile(r"^\d(?:[.,]\d*)?e\+?\d{1,3}$", re.IGNORECASE)

_FIRST_YEAR = 2019  # nobody was appointed as PPPK before


class IdentityError(ValueError):
    """A number that is no NIP. `key` says why; `params` never hold the number itself."""

    def __init__(self, key: str, params: Mapping[str, int] = MappingProxyType({})) -> None:
        super().__init__(key)
        self.key = key
        self.params = dict(params)


class Employment(Enum):
    """What the two digits after the year say of the appointment."""

    PNS = "pns"
    PPPK = "pppk"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, order=True)
class Nip:
    """A checked NIP or NI PPPK. It prints masked; the whole number is taken on purpose, from `digits`."""

    digits: str = field(repr=False)

    @property
    def employment(self) -> Employment:
        """PNS, PPPK, or a code that nobody has told us about."""
        code = int(self.digits[12:14])
        if 1 <= code <= 12:
            return Employment.PNS
        return Employment.PPPK if code >= 21 else Employment.UNKNOWN

    @property
    def warnings(self) -> tuple[str, ...]:
        """Keys of what is unusual but no error."""
        return ("nip.unknown_code",) if self.employment is Employment.UNKNOWN else ()

    @property
    def masked(self) -> str:
        """Enough for its owner to recognise: ``1992••••••••••1007``."""
        return f"{self.digits[:4]}{'•' * 10}{self.digits[14:]}"

    def __repr__(self) -> str:
        return f"Nip({self.masked})"

    def __str__(self) -> str:
        return self.masked


def parse_nip(text: str, today: date) -> Nip:
    """Check a NIP as people write it: with spaces, dots, dashes, an apostrophe, or "NIP." before it.

    Raises IdentityError with one of the keys nip.empty, nip.scientific, nip.letters, nip.nik, nip.length,
    nip.birth, nip.year, nip.sex, nip.serial.
    """
    if _SCIENTIFIC.match(text.strip(" '\u00a0")):
        raise IdentityError("nip.scientific")
    digits = _DECORATION.sub("", _LABEL.sub("", text))
    if not digits:
        raise IdentityError("nip.empty")
    if not (digits.isascii() and digits.isdigit()):
        raise IdentityError("nip.letters")
    if len(digits) == 16:
        raise IdentityError("nip.nik")
    if len(digits) != 18:
        raise IdentityError("nip.length", {"digits": len(digits)})
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        raise IdentityError("nip.birth") from None
    if not date(1900, 1, 1) <= born < today:
        raise IdentityError("nip.birth")
    year = int(digits[8:12])
    if not _FIRST_YEAR <= year <= today.year + 1:
        raise IdentityError("nip.year", {"year": year, "first": _FIRST_YEAR, "last": today.year + 1})
    if digits[14] not in "12":
        raise IdentityError("nip.sex")
    if digits[15:] == "000":
        raise IdentityError("nip.serial")
    return Nip(digits)


_LINK = re.compile(r"\S+://\S+|\b(?:www\.|t\.me/)\S+", re.IGNORECASE)
# Groups of digits joined by one separator, the same throughout: 3171 2345 6789 0001 is a NIK,
# 2026-11-09 08.15-14.45 (16 digits too) is a date.
_YEAR = re.compile(r"(?:19|20)\d\d")  # "2023 2024 2025 2026" is no number
_GROUPS = re.compile(r"(?<!\d)\d+(?:(?P<by>[ .\-–/\u00a0\u2009]|\s-\s)\d+(?:(?P=by)\d+)*)?(?!\d)")


def looks_like_nik(text: str) -> bool:
    """Whether a chat message holds a 16-digit number of its own: it must be deleted, never kept or logged.

    An 18-digit NIP, a longer run of digits, and digits inside a link are something else.
    """
    for match in _GROUPS.finditer(_LINK.sub(" ", text)):
        groups = re.findall(r"\d+", match.group())
        if any(len(group) == 16 for group in groups):
            return True
        if sum(map(len, groups)) == 16 and len(groups[-1]) >= 4 and not all(map(_YEAR.fullmatch, groups)):
            return True
    return False
