"""Questions: their order, how many somebody may ask, and what one may become."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.questions import MOST, WITHIN, Question, State, may_become, ranked, wait_until

NINE = datetime(2026, 11, 9, 2, 0, tzinfo=UTC)


def question(number: int, state: State = State.OPEN, supports: int = 0) -> Question:
    return Question(number, "p", "s", 1, "", "?", state, supports, NINE + timedelta(minutes=number))


def test_what_most_support_is_first_and_what_is_dealt_with_last() -> None:
    answered, later = question(1, State.ANSWERED, 9), question(2, State.LATER, 7)
    old, new, loved = question(3), question(4), question(5, supports=1)
    assert ranked([answered, later, new, old, loved]) == [loved, old, new, later, answered]


def test_a_few_questions_then_a_pause() -> None:
    asked = [NINE + timedelta(minutes=n) for n in range(MOST)]
    assert wait_until(asked[:-1], asked[-1]) is None
    assert wait_until(asked, asked[-1]) == NINE + WITHIN
    assert wait_until(asked, NINE + WITHIN) is None


@pytest.mark.parametrize("becomes", list(State))
@pytest.mark.parametrize("state", list(State))
def test_only_who_moderates_hides(state: State, becomes: State) -> None:
    hides = State.HIDDEN in (state, becomes)
    over = State.WITHDRAWN in (state, becomes) or state is becomes
    assert may_become(state, becomes, moderator=True) is not over
    assert may_become(state, becomes, moderator=False) is (not over and not hides)
