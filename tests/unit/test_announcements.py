"""What may stand in an announcement, and how it is kept."""

from datetime import UTC, datetime

import pytest

from bot.domain.announcements import (
    Place,
    Problem,
    Whom,
    Wrong,
    dump,
    load,
    moment,
    problems,
    template,
    toggled,
    variables,
)
from bot.domain.posts import Piece, Post, Question
from bot.domain.posts import dump as dump_post
from bot.domain.posts import load as load_post
from bot.domain.programme import Audience, Item, Target
from bot.domain.zones import Zone

NINE = datetime(2026, 11, 9, 2, 0, tzinfo=UTC)
"""9 November 2026, 09.00 WIB."""


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("2026-11-09 09.00 WIB", NINE),
        (" 2026-11-09 11:00 wit ", NINE),
        ("2026-11-09 10.00", NINE),  # in the reader's own zone
        ("2026-02-30 09.00 WIB", None),
        ("besok", None),
    ],
)
def test_a_moment_is_read(written: str, at: datetime | None) -> None:
    assert moment(written, Zone.WITA) == at


def test_only_variables_are_placeholders() -> None:
    made = template("{nama} {{x}} {kantor} {waktu:2026-11-09 09.00 WIB} }{")
    assert made.text.id == "{nama} {{{{x}}}} {{kantor}} {waktu_0} }}{{"
    assert made.params == {"waktu_0": NINE}
    assert variables("{nama} {waktu:x} {}") == {"nama", "waktu", ""}


def said(words: str, whom: Whom | None = None, longest: int = 10, kind: str = "text") -> list[Problem]:
    return problems(Post((Piece(kind, words, "F"),)), words, whom or Whom(), longest=longest)


def test_problems_are_named() -> None:
    assert said("Halo {nama}, {waktu:2026-11-09 09.00 WIB}") == []
    assert said("{kantor}") == [Problem(Wrong.UNKNOWN_VARIABLE, "{kantor}")]
    assert said("{waktu:2026-11-09 09.00}") == [Problem(Wrong.BAD_TIME, "{waktu:2026-11-09 09.00}")]
    assert said("{nama}", Whom(chats=(-1,))) == [Problem(Wrong.NOT_IN_GROUPS, "{nama}")]
    assert said("x", longest=4097) == [Problem(Wrong.TOO_LONG, "4096")]
    assert said("x", longest=1025, kind="photo") == [Problem(Wrong.TOO_LONG, "1024")]
    assert said(" ") == [Problem(Wrong.EMPTY)]


@pytest.mark.parametrize("number", ["199203152025211007", "1992 0315 2025 2110 07", "3171234567890001"])
def test_personal_numbers_are_kept_out(number: str) -> None:
    assert said(f"NIP {number} ya") == [Problem(Wrong.PERSONAL_NUMBER)]
    asked = Post((Piece("poll", poll=Question("Siapa?", (number, "lain"))),))
    assert problems(asked, "", Whom(), longest=0) == [Problem(Wrong.PERSONAL_NUMBER)]
    assert said(f"https://zoom.example.invalid/j/{number}") == []


def test_what_is_kept_comes_back() -> None:
    whom = Whom(
        Audience(offices=("A",), zones=(Zone.WIT,), not_done=(Target(Item.QUIZ, "*"),)),
        Audience(roles=("speaker",)),
        (Place(-5), Place(-5, 3)),
        people=False,
    )
    assert load(dump(whom)) == whom
    assert load(dump(Whom())) == Whom()
    post = Post(
        (
            Piece("photo", "<b>x</b>", "F1", 7, above=True, spoiler=True, preview=False),
            Piece("poll", poll=Question("?", ("a", "b"), correct=(1,), explanation="x"), place=(1.5, 2.5)),
            Piece("venue", place=(1.5, 2.5), venue=("Aula", "Jalan Contoh 1")),
        )
    )
    assert load_post(dump_post(post)) == post


def test_a_condition_is_taken_in_and_out() -> None:
    one = toggled(Audience(), "offices", "A")
    assert one == Audience(offices=("A",))
    assert toggled(toggled(one, "offices", "B"), "offices", "A") == Audience(offices=("B",))
