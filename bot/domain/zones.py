"""Indonesia's three time zones."""

from enum import StrEnum
from zoneinfo import ZoneInfo


class Zone(StrEnum):
    """A zone by the name people use for it."""

    WIB = "WIB"
    WITA = "WITA"
    WIT = "WIT"

    @property
    def iana(self) -> str:
        """The zone's name in the IANA database."""
        return {"WIB": "Asia/Jakarta", "WITA": "Asia/Makassar", "WIT": "Asia/Jayapura"}[self.value]

    @property
    def tzinfo(self) -> ZoneInfo:
        """The zone as `datetime` wants it."""
        return ZoneInfo(self.iana)
