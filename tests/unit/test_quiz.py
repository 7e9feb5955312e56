"""Quizzes as a dialogue: what follows from a tap or a vote, without a chat and without a database."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.language import Localised
from bot.domain.messages import Ask, Say
from bot.domain.programme import Question, Quiz
from bot.domain.quiz import (
    Answered,
    Asked,
    Attempt,
    AttemptStarted,
    Fact,
    Finished,
    Retracted,
    begin,
    left,
    vote,
)


def words(text: str) -> Localised:
    return Localised(text, text)


def question(name: str, *correct: int) -> Question:
    return Question(
        name, words(f"{name}?"), tuple(words(f"{name}{n}") for n in range(4)), correct, words("Sebab.")
    )


QUIZ = Quiz(
    "nilai", words("Nilai"), words("Mari."), (question("a", 1), question("b", 0, 2), question("c", 3)), 2
)


def after(attempts: tuple[Attempt, ...], facts: Sequence[Fact]) -> tuple[Attempt, ...]:
    """What the database would say once `facts` are recorded."""
    by_number = {attempt.number: attempt for attempt in attempts}
    for fact in facts:
        match fact:
            case AttemptStarted(number):
                by_number[number] = Attempt(number)
            case Asked(number, asked):
                by_number[number] = replace(by_number[number], asked=(*by_number[number].asked, asked))
            case Answered(number, name, _, correct):
                answers = {**by_number[number].answers, name: correct}
                by_number[number] = replace(by_number[number], answers=answers)
            case Retracted(number, name):
                answers = {k: v for k, v in by_number[number].answers.items() if k != name}
                by_number[number] = replace(by_number[number], answers=answers)
            case Finished(number):
                by_number[number] = replace(by_number[number], finished=True)
    return tuple(by_number.values())


def said(replies: Sequence[object]) -> list[str]:
    return [reply.key for reply in replies if isinstance(reply, Say)]


def asked(replies: Sequence[object]) -> list[str]:
    return [reply.question for reply in replies if isinstance(reply, Ask)]


def test_a_quiz_is_put_question_by_question_and_scored() -> None:
    step = begin(QUIZ, ())
    assert said(step.replies) == ["quiz.intro"]
    assert asked(step.replies) == ["a"]
    attempts = after((), step.facts)

    step = vote(QUIZ, attempts, 1, "a", (1,))
    assert step.replies == (Ask("nilai", 1, "b"),)
    attempts = after(attempts, step.facts)

    step = vote(QUIZ, attempts, 1, "b", (2, 0))
    assert step.facts[0] == Answered(1, "b", (0, 2), correct=True)
    attempts = after(attempts, step.facts)

    step = vote(QUIZ, attempts, 1, "c", (0,))
    assert step.facts == (Answered(1, "c", (0,), correct=False), Finished(1, 2))
    (result,) = step.replies
    assert isinstance(result, Say)
    assert (result.key, result.params["right"], result.params["total"]) == ("quiz.finished", 2, 3)
    assert result.params["review"] == (
        Say("quiz.review_line", {"number": 3, "question": words("c?"), "answer": words("c3")}),
    )


def test_one_of_several_right_options_is_not_enough() -> None:
    attempts = after(
        (), [AttemptStarted(1), Asked(1, "a"), Answered(1, "a", (1,), correct=True), Asked(1, "b")]
    )
    assert vote(QUIZ, attempts, 1, "b", (0,)).facts[0] == Answered(1, "b", (0,), correct=False)


def test_beginning_again_goes_on_with_the_running_attempt() -> None:
    attempts = after((), [*begin(QUIZ, ()).facts, Answered(1, "a", (1,), correct=True), Asked(1, "b")])
    step = begin(QUIZ, attempts)
    assert step.facts == ()
    assert said(step.replies) == ["quiz.resumed"]
    assert asked(step.replies) == ["b"]


def test_the_first_answer_counts() -> None:
    attempts = after((), [*begin(QUIZ, ()).facts, Answered(1, "a", (0,), correct=False), Asked(1, "b")])
    step = vote(QUIZ, attempts, 1, "a", (1,))
    assert step.facts == ()
    assert said(step.replies) == ["quiz.counted_before"]


def test_attempts_are_limited() -> None:
    done = tuple(
        Attempt(n, ("a", "b", "c"), {"a": True, "b": False, "c": False}, finished=True) for n in (1, 2)
    )
    assert left(QUIZ, done) == 0
    step = begin(QUIZ, done)
    assert step.facts == ()
    assert said(step.replies) == ["quiz.used_up"]


def test_a_vote_taken_back_is_asked_for_again_at_the_end() -> None:
    attempts = after((), [*begin(QUIZ, ()).facts, Answered(1, "a", (1,), correct=True), Asked(1, "b")])
    step = vote(QUIZ, attempts, 1, "a", ())
    assert step.facts == (Retracted(1, "a"),)
    attempts = after(attempts, step.facts)
    attempts = after(attempts, vote(QUIZ, attempts, 1, "b", (0, 2)).facts)

    step = vote(QUIZ, attempts, 1, "c", (3,))

    assert said(step.replies) == ["quiz.still_open"]
    assert asked(step.replies) == ["a"]
    attempts = after(attempts, step.facts)
    step = vote(QUIZ, attempts, 1, "a", (1,))
    assert step.facts[-1] == Finished(1, 3)
    assert said(step.replies) == ["quiz.finished_all_right"]


def test_a_retraction_after_the_end_changes_nothing() -> None:
    done = (Attempt(1, ("a", "b", "c"), {"a": True, "b": True, "c": True}, finished=True),)
    step = vote(QUIZ, done, 1, "a", ())
    assert step.facts == ()
    assert said(step.replies) == ["quiz.final"]


def test_a_question_taken_out_of_the_quiz_is_explained() -> None:
    attempts = after((), [AttemptStarted(1), Asked(1, "gone")])
    assert said(vote(QUIZ, attempts, 1, "gone", (0,)).replies) == ["quiz.changed"]


events = st.one_of(
    st.just("begin"),
    st.tuples(
        st.integers(0, 4),
        st.sampled_from(["a", "b", "c", "gone"]),
        st.lists(st.integers(0, 11), max_size=4, unique=True).map(tuple),
    ),
)


@given(st.lists(events, max_size=40))
def test_whatever_happens_it_never_raises_and_the_record_stays_sound(happenings: list[object]) -> None:
    attempts: tuple[Attempt, ...] = ()
    for happening in happenings:
        step = begin(QUIZ, attempts) if happening == "begin" else vote(QUIZ, attempts, *happening)
        attempts = after(attempts, step.facts)
        assert len(attempts) <= 2
        assert sum(not attempt.finished for attempt in attempts) <= 1
        for attempt in attempts:
            assert len(set(attempt.asked)) == len(attempt.asked)
            assert set(attempt.answers) <= {"a", "b", "c"}
            if attempt.finished:
                assert set(attempt.answers) == {"a", "b", "c"}
            else:
                # Somebody who still has to answer has a question to answer.
                assert set(attempt.asked) - set(attempt.answers)
