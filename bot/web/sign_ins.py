"""Signing out, and the brake on guessed links; signing in itself is the site's (`bot.web.site`)."""

import asyncio
from collections import deque
from typing import Final

from bot.domain.staff import Right
from bot.storage.database import Transaction
from bot.usecases import sign_ins
from bot.web.page import Go, Visit, Way

MOST_WRONG: Final = 30
"""Unknown links a minute; what comes beyond is told to wait. Right ones are let in all the same."""


class Brake:
    """Counts links that nobody handed out. They are turned away without asking the database anyway."""

    def __init__(self) -> None:
        self._wrong: deque[float] = deque(maxlen=MOST_WRONG + 1)

    def pull(self) -> bool:
        """One more; whether it is the first of too many."""
        was = self.stopped
        self._wrong.append(asyncio.get_running_loop().time())
        return self.stopped and not was

    @property
    def stopped(self) -> bool:
        """Whether there were too many in the last minute."""
        now = asyncio.get_running_loop().time()
        return len(self._wrong) > MOST_WRONG and now - self._wrong[0] < 60


def _sign_out(tx: Transaction, visit: Visit) -> Go:
    if visit.form.get("everywhere"):
        sign_ins.sign_out_everywhere(tx, visit.actor.person.id)
    else:
        sign_ins.sign_out(tx, visit.browser_id)
    return Go("/signed-out", signed_out=True)


WAYS: Final = (Way("/sign-out", Right.SEE_TIMETABLE, do=_sign_out),)
