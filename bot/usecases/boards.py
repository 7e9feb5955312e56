"""Screens that say what holds when they are sent, or edited: whose words are whose."""

from datetime import datetime

from bot.domain.messages import Board, Message
from bot.storage.database import Transaction
from bot.usecases import feedback, live_quiz, questions, stuck

PERSONAL = frozenset({live_quiz.RESULT})
"""The kinds that say something else to each reader."""


def in_words(tx: Transaction, board: Board, person_id: int | None, now: datetime) -> Message | None:
    """What it says by now, to that person where it is `PERSONAL`; None where there is nothing to say."""
    match board.kind:
        case stuck.BOARD:
            return stuck.in_words(tx, board)
        case questions.BOARD | questions.ANSWER:
            return questions.in_words(tx, board)
        case live_quiz.BOARD | live_quiz.RESULT | live_quiz.OUTCOME:
            return live_quiz.in_words(tx, board, person_id)
        case feedback.BOARD:
            return feedback.summed_up(tx, board, now)
    return None
