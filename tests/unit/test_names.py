"""Whether two names may be the same person's, or the same office's."""

import pytest

from bot.domain.names import LIKELY, likeness, offices_alike

SAME = [
    ("Muhammad Fajar", "M. Fajar"),
    ("Moh. Fajar Hidayat, S.Kom.", "MUHAMMAD FAJAR HIDAYAT"),
    ("Siti Nurhaliza", "Nurhaliza Siti"),
    ("Dr. Anna Wijaya, M.Si", "anna wijaya"),
    ("Citra Dewi L.", "Citra Dewi Lestari"),
    ("Nurul Hidayah", "Nurul Hidayat"),
    ("Ni'matul Khoiroh", "Nimatul Khoiroh"),
    ("H. Abd. Rahman", "Abdul Rahman"),
]
OTHERS = [
    ("Budi Santoso", "Budi Hartono"),
    ("Muhammad Fajar", "Muhammad Rizal"),
    ("Anna", "Budi"),
    ("Anna", ""),
    ("S.Kom", "M.Si"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_name(one: str, other: str) -> None:
    assert likeness(one, other) >= LIKELY
    assert likeness(one, other) == likeness(other, one)


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_other_names(one: str, other: str) -> None:
    assert likeness(one, other) < LIKELY


def test_offices() -> None:
    assert offices_alike("dinas sosial kupang", "Dinas Sosial Kota Kupang")
    assert offices_alike("Biro SDM", "Biro SDM dan Organisasi")
    assert not offices_alike("Dinas Kesehatan", "Dinas Pendidikan")
    assert not offices_alike("Dinas", "Dinas Pendidikan Kota Kupang")
    assert not offices_alike("", "Dinas")
