"""Practice quizzes as a dialogue without input or output: what follows from a tap or a vote."""

import html
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TypeAlias

from bot.domain.language import Localised
from bot.domain.messages import Ask, Button, Message, Say, Tap
from bot.domain.programme import Question, Quiz


@dataclass(frozen=True, slots=True)
class Attempt:
    """One run through a quiz: what was asked, and per answered question whether it was right."""

    number: int
    asked: tuple[str, ...] = ()
    answers: Mapping[str, bool] = field(default_factory=dict)
    finished: bool = False

    @property
    def right(self) -> int:
        """How many answers are right."""
        return sum(self.answers.values())


# --- facts to record ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AttemptStarted:
    """An attempt began."""

    attempt: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A question was put."""

    attempt: int
    question: str


@dataclass(frozen=True, slots=True)
class Answered:
    """A question was answered with those options (0-based, ascending)."""

    attempt: int
    question: str
    options: tuple[int, ...]
    correct: bool


@dataclass(frozen=True, slots=True)
class Retracted:
    """An answer was taken back."""

    attempt: int
    question: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The last open question was answered."""

    attempt: int
    right: int


Fact: TypeAlias = AttemptStarted | Asked | Answered | Retracted | Finished


@dataclass(frozen=True, slots=True)
class Step:
    """What follows: facts to record, in order, and what to say."""

    facts: tuple[Fact, ...] = ()
    replies: tuple[Message, ...] = ()


# --- the dialogue -------------------------------------------------------------------------------------


def begin(quiz: Quiz, attempts: tuple[Attempt, ...]) -> Step:
    """Start an attempt, or go on with the one that is running: nobody loses one by tapping again."""
    running = next((attempt for attempt in attempts if not attempt.finished), None)
    if running is not None:
        question = _first_open(quiz, running)
        if question is None:  # the questions that were left have been taken out of the quiz since
            return _finish(quiz, running, attempts)
        n = quiz.questions.index(question) + 1
        resumed = Say("quiz.resumed", {"title": quiz.title, "number": n, "total": len(quiz.questions)})
        facts = () if question.id in running.asked else (Asked(running.number, question.id),)
        return Step(facts, (resumed, Ask(quiz.id, running.number, question.id)))
    if left(quiz, attempts) == 0:
        best = max(attempt.right for attempt in attempts)
        return Step(
            replies=(
                Say(
                    "quiz.used_up",
                    {"title": quiz.title, "right": best, "total": len(quiz.questions)},
                    (_back(),),
                ),
            )
        )
    number, first = len(attempts) + 1, quiz.questions[0].id
    intro = Say("quiz.intro", {"title": quiz.title, "intro": quiz.intro, "total": len(quiz.questions)})
    return Step((AttemptStarted(number), Asked(number, first)), (intro, Ask(quiz.id, number, first)))


def vote(
    quiz: Quiz, attempts: tuple[Attempt, ...], number: int, question_id: str, options: tuple[int, ...]
) -> Step:
    """A vote on `question_id` in attempt `number`; no options is a vote taken back.

    The first answer counts: a vote on another copy of the same question changes nothing.
    """
    attempt = next((a for a in attempts if a.number == number), None)
    question = quiz.question(question_id)
    if attempt is None or question is None:
        return Step(replies=(Say("quiz.changed", {"title": quiz.title}, (_back(),)),))
    n = quiz.questions.index(question) + 1
    if not options:
        if attempt.finished:
            return Step(replies=(Say("quiz.final", {"title": quiz.title}),))
        if question_id not in attempt.answers:
            return Step()
        return Step((Retracted(number, question_id),), (Say("quiz.retracted", {"number": n}),))
    if attempt.finished or question_id in attempt.answers:
        return Step(replies=(Say("quiz.counted_before", {"number": n}),))

    chosen = tuple(sorted(set(options)))
    correct = chosen == question.correct
    answered = Answered(number, question_id, chosen, correct)
    after = replace(attempt, answers={**attempt.answers, question_id: correct})
    following = _first_open(quiz, after)
    if following is None:
        finish = _finish(quiz, after, attempts)
        return Step((answered, *finish.facts), finish.replies)
    ask = Ask(quiz.id, number, following.id)
    if following.id not in attempt.asked:
        return Step((answered, Asked(number, following.id)), (ask,))
    if quiz.questions.index(following) + 1 < n:
        # It was passed over or taken back, far above by now: a fresh copy is easier to find.
        again = Say("quiz.still_open", {"number": quiz.questions.index(following) + 1})
        return Step((answered,), (again, ask))
    return Step((answered,))  # the next question's poll is there already


def left(quiz: Quiz, attempts: tuple[Attempt, ...]) -> int | None:
    """How many more attempts may be begun; None where there is no limit."""
    return None if quiz.attempts is None else max(0, quiz.attempts - len(attempts))


def best(attempts: tuple[Attempt, ...]) -> int | None:
    """The best finished score, None without one."""
    return max((attempt.right for attempt in attempts if attempt.finished), default=None)


def _finish(quiz: Quiz, attempt: Attempt, attempts: tuple[Attempt, ...]) -> Step:
    wrong = [q for q in quiz.questions if not attempt.answers.get(q.id, False)]
    review = tuple(
        Say(
            "quiz.review_line",
            {
                "number": quiz.questions.index(question) + 1,
                "question": escaped(question.text),
                "answer": _answers(question),
            },
        )
        for question in wrong
    )
    right, total = len(quiz.questions) - len(wrong), len(quiz.questions)
    key = "quiz.finished_all_right" if not wrong else "quiz.finished"
    buttons = [_back()]
    if left(quiz, attempts) != 0:
        buttons.insert(0, (Button(Say("quiz.button_again"), Tap("quiz", quiz.id, "start")),))
    said = Say(
        key,
        {"title": quiz.title, "right": right, "total": total, "review": review},
        tuple(buttons),
    )
    return Step((Finished(attempt.number, attempt.right),), (said,))


def _first_open(quiz: Quiz, attempt: Attempt) -> Question | None:
    return next((q for q in quiz.questions if q.id not in attempt.answers), None)


def _answers(question: Question) -> Localised:
    chosen = [question.options[index] for index in question.correct]
    if len(chosen) == 1:
        return escaped(chosen[0])
    return escaped(Localised("; ".join(o.id for o in chosen), "; ".join(o.en for o in chosen)))


@lru_cache(maxsize=1024)  # a crowd is told of the same few questions
def escaped(plain: Localised) -> Localised:
    """A plain text as the HTML that a message takes: quiz texts are plain, for polls know no HTML."""
    return Localised(html.escape(plain.id, quote=False), html.escape(plain.en, quote=False))


def _back() -> tuple[Button, ...]:
    return (Button(Say("quiz.button_list"), Tap("quiz", "", "list")),)
