"""Screens that say what holds when they are sent, or edited: whose words are whose."""

from bot.domain.messages import Board, Say
from bot.storage.database import Transaction
from bot.usecases import live_quiz, questions, stuck

PERSONAL = frozenset({live_quiz.RESULT})
"""The kinds that say something else to each reader."""


def in_words(tx: Transaction, board: Board, person_id: int | None) -> Say | None:
    """What it says by now, to that person where it is `PERSONAL`; None where there is nothing to say."""
    match board.kind:
        case stuck.BOARD:
            return stuck.in_words(tx, board)
        case questions.BOARD | questions.ANSWER:
            return questions.in_words(tx, board)
        case live_quiz.BOARD | live_quiz.RESULT | live_quiz.OUTCOME:
            return live_quiz.in_words(tx, board, person_id)
    return None
