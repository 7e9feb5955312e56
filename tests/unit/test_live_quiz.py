"""What of somebody's votes counts, under either rule, and who stands where."""

from datetime import timedelta

import pytest

from bot.domain.live_quiz import (
    GRACE,
    Heard,
    Rules,
    Score,
    Standing,
    of_offices,
    of_people,
    places,
    vote,
)

FIRST, LAST = Rules(30, "first"), Rules(30, "last")


def after(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def heard(rules: Rules, *votes: tuple[float, tuple[int, ...]]) -> tuple[Standing | None, list[Heard]]:
    """What comes of these votes, each so many seconds after the copy was delivered."""
    standing, said = None, []
    for seconds, options in votes:
        standing, each = vote(rules, standing, options, after(seconds), over=False)
        said.append(each)
    return standing, said


def test_the_first_vote_counts() -> None:
    standing, said = heard(FIRST, (4, (1,)), (9, (0,)))
    assert standing == Standing((1,), after(4), votes=2)
    assert said == [Heard.COUNTED, Heard.FIRST]


def test_the_last_vote_counts() -> None:
    standing, said = heard(LAST, (4, (1,)), (9, (2, 0)))
    assert standing == Standing((0, 2), after(9), votes=2)
    assert said == [Heard.COUNTED, Heard.COUNTED]


@pytest.mark.parametrize(
    ("rules", "counts", "said"), [(FIRST, (), Heard.FIRST), (LAST, (0,), Heard.COUNTED)], ids=str
)
def test_what_is_taken_back_counts_no_more(rules: Rules, counts: tuple[int, ...], said: Heard) -> None:
    standing, words = heard(rules, (4, (1,)), (5, ()))
    assert standing == Standing(votes=2)
    standing, words = heard(rules, (4, (1,)), (5, ()), (6, (0,)))
    assert standing is not None
    assert (standing.options, words[-1]) == (counts, said)


@pytest.mark.parametrize("rules", [FIRST, LAST], ids=str)
def test_too_late_changes_nothing(rules: Rules) -> None:
    last = 30 + GRACE.total_seconds()
    assert heard(rules, (last, (1,)))[1] == [Heard.COUNTED]
    late = Standing(votes=1, late=1)
    assert heard(rules, (last + 0.1, (1,))) == (late, [Heard.LATE])
    assert heard(rules, (4, (1,)), (40, (0,))) == (
        Standing((1,), after(4), votes=2, late=1),
        [Heard.COUNTED, Heard.LATE],
    )
    assert heard(rules, (4, (1,)), (40, ()))[0] == Standing((1,), after(4), votes=2, late=1)


def test_once_the_answer_is_shown_nothing_counts() -> None:
    assert vote(FIRST, None, (0,), after(1), over=True) == (Standing(votes=1, late=1), Heard.LATE)


def test_people_stand_by_right_answers_and_then_by_time() -> None:
    anna, budi, citra = Score("Anna", 2, 3, 9_000), Score("Budi", 2, 3, 8_001), Score("Citra", 0, 3, 0)
    assert of_people([anna, budi, citra]) == [budi, anna]
    assert budi.seconds == 5


def test_offices_stand_by_their_share_and_small_ones_not_at_all() -> None:
    few = Score("Berdua", 4, 4, 1_000, people=2)
    large = Score("Besar", 60, 100, 300_000, people=50)
    small = Score("Kecil", 3, 4, 90_000, people=4)
    none = Score("Tanpa", 0, 9, 0, people=9)
    assert of_offices([few, large, small, none]) == [small, large]
    assert (small.share, large.share) == (75, 60)


def test_who_is_equal_shares_a_place() -> None:
    scores = [Score("A", 2, 2, 5), Score("B", 2, 2, 5), Score("C", 1, 2, 5)]
    assert [place for place, _ in places(scores, "right")] == [1, 1, 3]
