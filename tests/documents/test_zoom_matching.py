"""Whose names stand in a Zoom report."""

import random
import time

import pytest

from bot.documents.zoom_matching import Known, Match, match
from bot.documents.zoom_report import Attendee

_PEOPLE = (
    Known(1, "Anna Putri Lestari, S.Pd.", "SD Negeri 3 Maros"),
    Known(2, "Budi Santoso", "Puskesmas Bantimurung"),
    Known(3, "Muhammad Rizal", "Dinas Kesehatan"),
    Known(4, "Muhammad Rizky", "Dinas Kesehatan"),
    Known(5, "Siti Aminah", "Puskesmas Maros"),
    Known(6, "Siti Aminah", "Kantor Camat Lau"),
    Known(7, "Sukarno", "Dinas Perhubungan"),
    Known(8, "Dr. Hj. Ratna Dewi, M.Kes.", "RSUD Salewangang"),
)


def _found(name: str, original: str = "") -> Match:
    (found,) = match([Attendee(name, original, 60, 1, None, None)], _PEOPLE)
    return found


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Anna Putri Lestari", {1}),
        ("ANNA PUTRI LESTARI_SDN 3 Maros", {1}),
        ("Lestari Anna Putri", {1}),
        ("12. Budi Santoso - PKM Bantimurung", {2}),
        ("Budi Santosa", {2}),
        ("Moh. Rizal", {3}),
        ("M Rizal", {3}),
        ("Siti Aminah Camat Lau", {6}),
        ("St. Aminah (Puskesmas Maros)", {5}),
        ("Sukarno", {7}),
        ("ratna dewi", {8}),
        ("Budi Santoso & Anna Putri Lestari", {1, 2}),
        ("Budi Santoso dan Sukarno", {2, 7}),
    ],
)
def test_a_name_is_known_however_it_is_written(name: str, expected: set[int]) -> None:
    assert set(_found(name).sure) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Siti Aminah", {5, 6}),  # two of that name
        ("Anna", {1}),
        ("Anna Putri", {1}),
        ("Muhammad Riz", {3, 4}),
    ],
)
def test_a_name_that_may_be_somebodys_is_left_to_people(name: str, expected: set[int]) -> None:
    found = _found(name)
    assert (found.sure, set(found.perhaps)) == ((), expected)


@pytest.mark.parametrize("name", ["iPhone", "Galaxy A12", "62812****99", "Dinas Kesehatan", "Bu", "Wahyuni"])
def test_what_is_nobodys_name_proposes_nobody(name: str) -> None:
    found = _found(name)
    assert (found.sure, found.perhaps) == ((), ())


def test_the_name_before_it_was_changed_counts_too() -> None:
    assert _found("iPhone", "Budi Santoso").sure == (2,)


def test_a_large_orientation_is_matched_within_seconds() -> None:
    draw = random.Random(7)
    words = ["".join(draw.choices("abdeghiklmnoprstuw", k=6)) for _ in range(400)] + ["muhammad"] * 60
    people = [Known(n, " ".join(draw.sample(words, 3)), f"Dinas {n % 80}") for n in range(1_000)]
    attendees = [Attendee(f"{n}_{each.name[:-1]}", "", 60, 1, None, None) for n, each in enumerate(people)]
    began = time.process_time()
    found = match(attendees, people)
    assert time.process_time() - began < 5
    right = sum(each.sure == (known.id,) for each, known in zip(found, people, strict=True))
    assert right > 800
    assert sum(bool(each.sure) for each in found) == right
