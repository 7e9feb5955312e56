"""Feedback: who is asked after a session, once, and what is read of it."""

from datetime import timedelta

from bot.domain.programme import CheckIn
from tests.examples import SESSION

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ASKED = SESSION.ends + 10 * MINUTE
TAKEN = CheckIn(-45 * MINUTE, HOUR, None, None, True, None)
