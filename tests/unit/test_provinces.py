"""Provinces by the names people give them, and the zone each is in."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.zones import PROVINCES, Zone, closest_province, find_province, zone_of


def test_there_are_38_provinces_in_three_zones():
    assert len({province.name for province in PROVINCES}) == 38
    assert Counter(province.zone for province in PROVINCES) == {Zone.WIB: 18, Zone.WITA: 12, Zone.WIT: 8}


@pytest.mark.parametrize("province", PROVINCES, ids=lambda province: province.name)
def test_a_province_is_found_by_its_name_however_it_is_written(province):
    for written in (
        province.name,
        province.name.upper(),
        f" Prov.  {province.name} ",
        f"Propinsi {province.name}",
    ):
        assert find_province(written) == province


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Sumut", "Sumatera Utara"),
        ("SUMATRA UTARA", "Sumatera Utara"),
        ("NAD", "Aceh"),
        ("Kep. Riau", "Kepulauan Riau"),
        ("KEPRI", "Kepulauan Riau"),
        ("Babel", "Kepulauan Bangka Belitung"),
        ("Kep. Bangka-Belitung", "Kepulauan Bangka Belitung"),
        ("DKI", "DKI Jakarta"),
        ("D.K.I. Jakarta", "DKI Jakarta"),
        ("Jakarta Selatan", "DKI Jakarta"),
        ("Jabar", "Jawa Barat"),
        ("jawabarat", "Jawa Barat"),
        ("DIY", "DI Yogyakarta"),
        ("D.I. Yogyakarta", "DI Yogyakarta"),
        ("Daerah Istimewa Yogyakarta", "DI Yogyakarta"),
        ("Kalimatan Timur", "Kalimantan Timur"),
        ("Kaltara", "Kalimantan Utara"),
        ("N.T.T.", "Nusa Tenggara Timur"),
        ("Sultra", "Sulawesi Tenggara"),
        ("Malut", "Maluku Utara"),
        ("Papua Barat", "Papua Barat"),
        ("Papua Barat Daya", "Papua Barat Daya"),
        ("Papua", "Papua"),
    ],
)
def test_short_forms_and_misspellings_are_known(written, name):
    found = find_province(written)
    assert found is not None
    assert found.name == name


def test_what_is_unknown_is_not_guessed_but_suggested():
    assert find_province("Jawa Brat") is None
    assert closest_province("Jawa Brat") == find_province("Jawa Barat")
    assert find_province("Atlantis") is None
    assert closest_province("Atlantis") is None
    assert find_province("") is None
    assert find_province("Provinsi") is None


def test_the_zone_of_a_province():
    assert [zone_of(name) for name in ("Bali", "Maluku", "Kalbar", "Kalsel", "?")] == [
        Zone.WITA,
        Zone.WIT,
        Zone.WIB,
        Zone.WITA,
        None,
    ]


@given(st.text())
def test_any_text_is_a_province_or_none(text):
    find_province(text)
    closest_province(text)
