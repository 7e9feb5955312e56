"""Indonesia's three time zones and its 38 provinces, under the names that people give them."""

import difflib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
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


@dataclass(frozen=True, slots=True)
class Province:
    """A province by its official short name."""

    name: str
    zone: Zone


# Official name, then what else it is called: short forms, former names, usual misspellings.
# Spelling is compared without case, punctuation and spaces, "sumatra" as "sumatera", "kep." as "kepulauan".
_NAMES: Mapping[Zone, tuple[str, ...]] = MappingProxyType(
    {
        Zone.WIB: (
            "Aceh|NAD|Nanggroe Aceh Darussalam|DI Aceh|Daerah Istimewa Aceh|Atjeh",
            "Sumatera Utara|Sumut|Sumatera Utr",
            "Sumatera Barat|Sumbar|Sumatera Brt|Minangkabau",
            "Riau",
            "Kepulauan Riau|Kepri|Kepulauan Riaw|Riau Kepulauan",
            "Jambi",
            "Sumatera Selatan|Sumsel|Sumatera Sel",
            "Kepulauan Bangka Belitung|Babel|Bangka Belitung|Kep Babel|Bangka Blitung",
            "Bengkulu|Bengkulen",
            "Lampung",
            "Banten",
            (
                "DKI Jakarta|Jakarta|DKI|DKJ|Daerah Khusus Ibukota Jakarta"
                "|Daerah Khusus Jakarta|DK Jakarta|Jakarta Pusat|Jakarta Selatan|Jakarta Barat|Jakarta Timur"
                "|Jakarta Utara|Jakarta Raya|Jakpus|Jaksel|Jakbar|Jaktim|Jakut|Kepulauan Seribu"
            ),
            "Jawa Barat|Jabar|Jawa Brt|Djawa Barat",
            "Jawa Tengah|Jateng|Jawa Tgh|Djawa Tengah",
            (
                "DI Yogyakarta|DIY|Yogyakarta|Daerah Istimewa Yogyakarta|Jogjakarta|Jogyakarta|Yogjakarta"
                "|Jogja|Yogya|DI Jogjakarta|DI Jogyakarta|DI Yogjakarta|DIY Yogyakarta"
            ),
            "Jawa Timur|Jatim|Jawa Tmr|Djawa Timur",
            "Kalimantan Barat|Kalbar|Kalimantan Brt",
            "Kalimantan Tengah|Kalteng|Kalimantan Tgh",
        ),
        Zone.WITA: (
            "Kalimantan Selatan|Kalsel|Kalimantan Sel",
            "Kalimantan Timur|Kaltim|Kalimantan Tmr",
            "Kalimantan Utara|Kaltara|Kalut|Kalimantan Utr",
            "Bali",
            "Nusa Tenggara Barat|NTB|Nusa Tenggara Brt",
            "Nusa Tenggara Timur|NTT|Nusa Tenggara Tmr",
            "Sulawesi Utara|Sulut|Sulawesi Utr",
            "Gorontalo",
            "Sulawesi Tengah|Sulteng|Sulawesi Tgh",
            "Sulawesi Barat|Sulbar|Sulawesi Brt",
            "Sulawesi Selatan|Sulsel|Sulawesi Sel",
            "Sulawesi Tenggara|Sultra|Sulawesi Tgr",
        ),
        Zone.WIT: (
            "Maluku",
            "Maluku Utara|Malut|Maluku Utr",
            "Papua|Irian Jaya|Irja",
            "Papua Barat|Pabar|Papbar|Papua Brt|Irian Jaya Barat|Irjabar",
            "Papua Barat Daya|PBD|Pabarda|Papbarda|Papua Brt Daya",
            "Papua Selatan|Pasel|Papsel|Papua Sel",
            "Papua Tengah|Pateng|Papteng|Papua Tgh",
            "Papua Pegunungan|Papeg|Pappeg|Papua Peg|Papua Pegunungan Tengah",
        ),
    }
)


def _compared(text: str) -> str:
    """Reduce a spelling to what distinguishes provinces."""
    words = re.sub(r"[^a-z]+", " ", unicodedata.normalize("NFKD", text).casefold()).split()
    if words and words[0] in {"provinsi", "propinsi", "prov", "prop"} and len(words) > 1:
        words = words[1:]
    replaced = {"kep": "kepulauan", "kepul": "kepulauan", "sumatra": "sumatera", "kalimatan": "kalimantan"}
    return "".join(replaced.get(word, word) for word in words)


PROVINCES: tuple[Province, ...] = tuple(
    Province(names.split("|", 1)[0], zone) for zone, group in _NAMES.items() for names in group
)
_BY_NAME: Mapping[str, Province] = MappingProxyType({province.name: province for province in PROVINCES})
_BY_SPELLING: Mapping[str, Province] = MappingProxyType(
    {
        _compared(name): _BY_NAME[names.split("|", 1)[0]]
        for group in _NAMES.values()
        for names in group
        for name in names.split("|")
    }
)


def find_province(text: str) -> Province | None:
    """Return the province that a person means: any case, short form, former name or usual misspelling."""
    return _BY_SPELLING.get(_compared(text))


def closest_province(text: str) -> Province | None:
    """Return what an unknown name may have meant: to suggest, never to use."""
    close = difflib.get_close_matches(_compared(text), _BY_SPELLING, n=1, cutoff=0.7)
    return _BY_SPELLING[close[0]] if close else None


def zone_of(province: str) -> Zone | None:
    """Return the zone of a province given by name, to be proposed to a person who lives there."""
    found = find_province(province)
    return found.zone if found else None
