"""How sessions were found: figures, a plot and sentences, without names; for speakers their own."""

from typing import Final

from bot.domain.feedback import RATINGS
from bot.domain.programme import Session
from bot.domain.staff import Right
from bot.storage import feedback as stored
from bot.storage.database import Transaction
from bot.usecases import feedback
from bot.web.page import Answer, Show, Visit, Way, not_found

_WIDE: Final = 180  # of the plot's longest bar, in its units
_SENTENCES: Final = 200


def _mine(visit: Visit) -> list[Session]:
    return [
        session
        for session in visit.programme.sessions
        if session.feedback and visit.actor.speaks_at(session.id)
    ]


def _list(tx: Transaction, visit: Visit) -> Answer:
    rows = [
        (session, feedback.in_words(stored.summary(tx, visit.programme.id, session.id)))
        for session in _mine(visit)
    ]
    return Show("feedbacks.html", {"rows": rows, "now": visit.now})


def _one(tx: Transaction, visit: Visit) -> Answer:
    session = next((each for each in _mine(visit) if each.id == visit.ids["id"]), None)
    if session is None:
        raise not_found()
    found = stored.summary(tx, visit.programme.id, session.id)
    most = max(1, *found.counts.values())
    bars = [
        {
            "stars": feedback.stars(rating),
            "count": found.counts[rating],
            "length": round(_WIDE * found.counts[rating] / most),
            "y": 22 * place,
        }
        for place, rating in enumerate(reversed(RATINGS))
    ]
    enough = found.is_enough
    sentences = stored.sentences(tx, visit.programme.id, session.id, limit=_SENTENCES) if enough else []
    values = {
        "session": session,
        "summary": feedback.in_words(found),
        "bars": bars,
        "enough": enough,
        "too_few": feedback.too_few(found),
        "width": _WIDE,
        "sentences": [feedback.quoted(each) for each in sentences],
    }
    return Show("feedback.html", values)


WAYS: Final = (
    Way("/feedback", Right.SPEAK, _list, menu="feedback.menu"),
    Way("/feedback/{id}", Right.SPEAK, _one),
)
