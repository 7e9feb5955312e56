"""Polls and quizzes: what may be asked, who voted what, and what each side gets to see."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from bot.simulator.entities import NO_TEXT, Formatted, formatted, read_formatted
from bot.simulator.errors import ActionRefusedError, BadRequestError
from bot.simulator.params import Params

MOST_QUESTION = 300
MOST_OPTIONS = 12
MOST_OPTION = 100
MOST_EXPLANATION = 200
MOST_EXPLANATION_LINE_FEEDS = 2
MOST_DESCRIPTION = 1024
LONGEST_OPEN_SECONDS = 2_628_000
SHORTEST_OPEN_SECONDS = 5


@dataclass(slots=True, eq=False)
class Poll:
    """One poll; its forwarded copies share it."""

    id: str
    question: Formatted
    options: tuple[Formatted, ...]
    quiz: bool = False
    anonymous: bool = True
    multiple: bool = False
    revoting: bool = True
    correct: tuple[int, ...] = ()
    explanation: Formatted = NO_TEXT
    description: Formatted = NO_TEXT
    open_seconds: int = 0
    close_date: int = 0
    closed: bool = False
    shuffled: bool = False
    results_hidden: bool = False
    owner: int | None = None  # the bot that asked it; None: a person did
    votes: dict[int, tuple[int, ...]] = field(default_factory=dict)
    counts: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.counts = [0] * len(self.options)

    def wire(self, *, reveal: bool, content: bool = False) -> dict[str, Any]:
        """The Poll object; `reveal` shows the right answers, `content` adds what only a message carries."""
        wire: dict[str, Any] = {
            "id": self.id,
            "question": self.question.text,
            "options": [
                {
                    "persistent_id": persistent_id(index),
                    **option.wire("text", "text_entities"),
                    "voter_count": self.counts[index],
                }
                for index, option in enumerate(self.options)
            ],
            "total_voter_count": len(self.votes),
            "is_closed": self.closed,
            "is_anonymous": self.anonymous,
            "type": "quiz" if self.quiz else "regular",
            "allows_multiple_answers": self.multiple,
            "allows_revoting": self.revoting,
            "members_only": False,
        }
        if self.question.entities:
            wire["question_entities"] = list(self.question.entities)
        if self.open_seconds and self.close_date:
            wire["open_period"] = self.open_seconds
        if self.close_date:
            wire["close_date"] = self.close_date
        if self.quiz and (reveal or self.closed):
            # The official server adds the old `correct_option_id` as well, which is no longer documented.
            wire["correct_option_ids"] = list(self.correct)
            if self.explanation.text:
                wire["explanation"] = self.explanation.text
                wire["explanation_entities"] = list(self.explanation.entities)
        if content:
            wire |= self.description.wire("description", "description_entities")
        return wire

    def answer_wire(self, user: dict[str, Any], user_id: int) -> dict[str, Any]:
        """The PollAnswer object: an empty list of options is a retracted vote."""
        chosen = self.votes.get(user_id, ())
        return {
            "poll_id": self.id,
            "user": user,
            "option_ids": list(chosen),
            "option_persistent_ids": [persistent_id(index) for index in chosen],
        }

    def cast(self, user_id: int, options: Sequence[int], *, force: bool = False) -> None:
        """Record a vote, or with no options retract it; `force` does what the apps would not offer."""
        chosen = tuple(sorted(set(options)))
        if any(not 0 <= index < len(self.options) for index in chosen):
            raise ActionRefusedError(
                f"the poll has options 0 to {len(self.options) - 1}, not {list(options)}"
            )
        before = self.votes.get(user_id, ())
        if not force:
            if self.closed:
                raise ActionRefusedError("the poll is closed")
            if len(chosen) > 1 and not self.multiple:
                raise ActionRefusedError("the poll takes one answer only")
            if before and not self.revoting:
                raise ActionRefusedError("a vote in this poll is final")
            if not chosen and not before:
                raise ActionRefusedError("there is no vote to retract")
        for index in before:
            self.counts[index] -= 1
        for index in chosen:
            self.counts[index] += 1
        if chosen:
            self.votes[user_id] = chosen
        else:
            self.votes.pop(user_id, None)

    def copied(self, identifier: str, owner: int) -> "Poll":
        """The same question asked anew, without votes."""
        return Poll(
            identifier,
            self.question,
            self.options,
            quiz=self.quiz,
            anonymous=self.anonymous,
            multiple=self.multiple,
            revoting=self.revoting,
            correct=self.correct,
            explanation=self.explanation,
            description=self.description,
            shuffled=self.shuffled,
            results_hidden=self.results_hidden,
            owner=owner,
        )


def persistent_id(index: int) -> str:
    """The lasting name of an option."""
    return f"option{index}"


def read_poll(params: Params, identifier: str, owner: int, now: int) -> Poll:
    """The poll that the parameters of sendPoll describe, checked; `now` in Unix seconds."""
    question = read_formatted(params, "question", "question_parse_mode", "question_entities")
    if len(question.text) > MOST_QUESTION:
        raise BadRequestError(f"Poll question length must not exceed {MOST_QUESTION}")
    options = _options(params.json("options", "options"))
    description = read_formatted(
        params, "description", "description_parse_mode", "description_entities", may_be_empty=True
    )
    if len(description.text) > MOST_DESCRIPTION:
        raise BadRequestError("Message caption is too long")
    kind = params.text("type")
    if kind not in {"", "regular", "quiz"}:
        raise BadRequestError("Unsupported poll type specified")
    quiz = kind == "quiz"
    multiple = params.flag("allows_multiple_answers")
    correct = _correct(params, len(options), multiple=multiple) if quiz else ()
    explanation = NO_TEXT
    if quiz:
        explanation = read_formatted(
            params, "explanation", "explanation_parse_mode", "explanation_entities", may_be_empty=True
        )
        if len(explanation.text) > MOST_EXPLANATION:
            raise BadRequestError(f"Poll explanation length must not exceed {MOST_EXPLANATION}")
        if explanation.text.count("\n") > MOST_EXPLANATION_LINE_FEEDS:
            raise BadRequestError(
                f"Poll explanation must not contain more than {MOST_EXPLANATION_LINE_FEEDS} line feeds"
            )
    if params.flag("members_only") or params.json("country_codes", "country_codes"):
        raise BadRequestError("Poll voters can be restricted only in channel chats")
    open_seconds = params.integer("open_period", low=0, high=LONGEST_OPEN_SECONDS)
    close_date = 0 if open_seconds else params.integer("close_date")
    if open_seconds:
        if open_seconds < SHORTEST_OPEN_SECONDS:
            raise BadRequestError("POLL_CLOSE_PERIOD_INVALID")
        close_date = now + open_seconds
    elif close_date and not SHORTEST_OPEN_SECONDS <= close_date - now <= LONGEST_OPEN_SECONDS:
        raise BadRequestError("POLL_CLOSE_DATE_INVALID")
    return Poll(
        identifier,
        question,
        options,
        quiz=quiz,
        anonymous=params.flag("is_anonymous", default=True),
        multiple=multiple,
        revoting=params.flag("allows_revoting", default=not quiz),
        correct=correct,
        explanation=explanation,
        description=description,
        open_seconds=open_seconds,
        close_date=close_date,
        closed=params.flag("is_closed"),
        shuffled=params.flag("shuffle_options"),
        results_hidden=params.flag("hide_results_until_closes"),
        owner=owner,
    )


def _options(given: Any) -> tuple[Formatted, ...]:
    if not isinstance(given, list):
        raise BadRequestError("Expected an Array of String as options")
    options = []
    for item in given:
        given_option = {"text": item} if isinstance(item, str) else item
        if not isinstance(given_option, dict):
            raise BadRequestError("Expected an option to be of type String")
        text, mode = given_option.get("text"), given_option.get("text_parse_mode") or ""
        if not isinstance(text, str):
            raise BadRequestError('Can\'t find field "text"')
        option = formatted(text, mode, given_option.get("text_entities"), may_be_empty=True)
        if not option.text:
            raise BadRequestError("Poll option must be non-empty")
        if len(option.text) > MOST_OPTION:
            raise BadRequestError(f"Poll options length must not exceed {MOST_OPTION}")
        options.append(option)
    if not options:
        raise BadRequestError("Poll must have at least one answer option")
    if len(options) > MOST_OPTIONS:
        raise BadRequestError(f"Poll can't have more than {MOST_OPTIONS} options")
    return tuple(options)


def _correct(params: Params, options: int, *, multiple: bool) -> tuple[int, ...]:
    correct: list[int] = []
    if params.has("correct_option_ids"):
        given = params.json("correct_option_ids", "correct option identifiers")
        if not isinstance(given, list):
            raise BadRequestError("Expected an Array of correct option identifiers")
        for item in given:
            if isinstance(item, bool) or not isinstance(item, int):
                raise BadRequestError("Correct option identifier must be of type Number")
            correct.append(item)
    elif params.has("correct_option_id"):
        correct.append(params.integer("correct_option_id", -1))
    if not correct:
        raise BadRequestError("Correct quiz option list must be non-empty")
    if any(left >= right for left, right in pairwise(correct)):
        raise BadRequestError("Correct quiz option list must be increasing")
    if any(not 0 <= index < options for index in correct):
        raise BadRequestError("Wrong quiz correct_option_id")
    if len(correct) > 1 and not multiple:
        raise BadRequestError("QUIZ_CORRECT_ANSWERS_TOO_MUCH")
    return tuple(correct)
