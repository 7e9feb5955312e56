"""Invented participants from all over Indonesia, for the demo and for rehearsals with thousands."""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import product
from typing import NamedTuple

from bot.documents.rosters import RosterRow
from bot.domain.identity import Nip
from bot.domain.zones import find_province

_CLASS = 40  # people in an angkatan; four kelompok each


class _Region(NamedTuple):
    """An invented office, the provinces it serves, and names as they are given there.

    The second halves of the names are made up, so that nobody is really called so.
    """

    office: str
    provinces: str
    women: str
    men: str
    families: str


_REGIONS = (
    _Region(
        "Balai Contoh Wilayah I Medan",
        "Aceh|Sumatera Utara|Sumatera Barat|Riau|Kepulauan Riau",
        "Rumondang|Tiurma|Cut Nurmala|Upik Rahmani|Zuraidah|Lamria",
        "Torang|Marolop|Teuku Safrial|Rajo Mulyadi|Encik Hamdan|Lamhot",
        "Sihombarang|Hutasolora|Panggabarat|Harahapan|Chaniagara|Tanjungaro|Syahbanira|Lubistara",
    ),
    _Region(
        "Balai Contoh Wilayah II Palembang",
        "Jambi|Sumatera Selatan|Kepulauan Bangka Belitung|Bengkulu|Lampung",
        "Nyimas Fatonah|Masayu Rodiah|Lienawati|Yuslinar|Komariah|Dwi Handayani",
        "Kemas Zainuri|Raden Agusman|Hendrawan|Fakhruroji|Mirzan|Tri Wahyono",
        "Darmayunusa|Tanujiwara|Marzukira|Sanjayanto|Rustamira|Effendiwan|Burhanesta|Gumayara",
    ),
    _Region(
        "Balai Contoh Wilayah III Semarang",
        "Banten|DKI Jakarta|Jawa Barat|Jawa Tengah|DI Yogyakarta|Jawa Timur",
        "Sri|Endang|Neng Rosmala|Wahyuningsih|Ratu Halimah|Euis",
        "Bagas|Moh. Slamet|Asep|M. Tubagus|Eko|Joko",
        "Wulandarini|Prasetyarta|Lestarimurti|Kurnaedira|Sumarwanto|Hadiprayoga|Rosmalawan|Winarsihadi",
    ),
    _Region(
        "Balai Contoh Wilayah IV Banjarbaru",
        "Kalimantan Barat|Kalimantan Tengah|Kalimantan Selatan|Kalimantan Timur|Kalimantan Utara",
        "Mariati|Norhasanah|Meilani|Siti Rahmah|Tiwi|Yohana",
        "Tarung|Muhammad Noor|Lampang|Syarkawi|Petrus|Aliansyah",
        "Ngabarano|Syarifnoora|Tundanara|Usopari|Lihanusa|Bungaiwan|Rahmadinoor|Garinganto",
    ),
    _Region(
        "Balai Contoh Wilayah V Makassar",
        "Bali|Nusa Tenggara Barat|Nusa Tenggara Timur|Sulawesi Utara|Gorontalo|Sulawesi Tengah"
        "|Sulawesi Barat|Sulawesi Selatan|Sulawesi Tenggara",
        "Ni Luh Padmi|Andi Tenri|Baiq Nurlaela|Fransiska|Wa Ode Marlina|Yuliana",
        "I Wayan|La Ode|Lalu Suhardi|Fransiskus|Daeng Rahmat|Rolly",
        "Sutarwanira|Marsadina|Runtumewora|Pallawarana|Seranusa|Mokodompira|Wirajayana|Nggaduwa",
    ),
    _Region(
        "Balai Contoh Wilayah VI Jayapura",
        "Maluku|Maluku Utara|Papua|Papua Barat|Papua Barat Daya|Papua Selatan|Papua Tengah|Papua Pegunungan",
        "Marthina|Yosefina|Orpa|Welmince|Salomina|Nurjanah",
        "Yosepus|Obaja|Melkianus|Elieser|Hasanudin|Demianus",
        "Karubawa|Wanimbona|Maturbongara|Latuheruma|Sangajira|Yikwanara|Rumbiakora|Tutupolina",
    ),
)
_DEGREES = ("", "", "", ", S.Pd.", ", S.Kom.", ", A.Md.", ", S.AP.", ", S.K.M.", ", S.T., M.T.")


def invent_people(count: int, seed: int) -> list[RosterRow]:
    """Return the same `count` people for the same seed, their NI PPPK valid and all different.

    They come in turn from six offices, so that six are enough for three zones.
    """
    chance = random.Random(seed)  # noqa: S311 (people to play with, no secrets)
    names = [_names(region, chance) for region in _REGIONS]
    numbers: set[str] = set()
    classes = -(-count // _CLASS)
    people = []
    for index in range(count):
        which = index % len(_REGIONS)
        name, sex = next(names[which])
        nip = _number(sex, chance)
        while nip in numbers:
            nip = _number(sex, chance)
        numbers.add(nip)
        class_ = index // _CLASS
        people.append(
            RosterRow(
                row=index + 1,
                name=name,
                nip=Nip(nip),
                office=_REGIONS[which].office,
                province=find_province(chance.choice(_REGIONS[which].provinces.split("|"))),
                wave="I" if class_ * 2 < classes else "II",
                class_=str(class_ + 1),
                group="ABCD"[index % _CLASS * 4 // _CLASS],
            )
        )
    return people


def _names(region: _Region, chance: random.Random) -> Iterator[tuple[str, int]]:
    """Yield names with the sex digit of their NIP: every one once before any comes again."""
    givens = [(name, 2) for name in region.women.split("|")] + [(name, 1) for name in region.men.split("|")]
    pairs = list(product(givens, region.families.split("|")))
    while True:
        chance.shuffle(pairs)
        for (given, sex), family in pairs:
            yield f"{given} {family}{chance.choice(_DEGREES)}", sex


def _number(sex: int, chance: random.Random) -> str:
    born = date(1970, 1, 1) + timedelta(days=chance.randrange(33 * 365))
    return f"{born:%Y%m%d}202521{sex}{chance.randrange(1, 1000):03}"
