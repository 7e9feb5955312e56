"""Live sessions: how far each has got, what counts of it, and moving it by a tap, shown beforehand each time.

The deeds are `bot.usecases.sessions`, the ones of the chat.
"""

from typing import Final

from bot.domain.sessions import Deed, possible
from bot.domain.staff import Right
from bot.storage.database import Transaction
from bot.usecases import corrections, sessions
from bot.usecases import timetable_words as words
from bot.web.page import Answer, Go, Show, Visit, Way, answering_refusals, bad_input


def _list(tx: Transaction, visit: Visit) -> Answer:
    values = {
        "sessions": visit.programme.sessions,
        "states": sessions.states(tx, visit.programme, visit.now),
    }
    return Show("sessions.html", values)


def _one(tx: Transaction, visit: Visit) -> Answer:
    session = visit.session()
    values = {
        "session": session,
        "state": sessions.states(tx, visit.programme, visit.now)[session.id],
        "counts": sessions.counts(tx, visit.programme, session),
        "deeds": possible(session, visit.now),
    }
    return Show("session.html", values)


def _move(tx: Transaction, visit: Visit) -> Answer:
    """What a deed would do, and the same form to be sent once more; or, when it was, the deed."""
    session = visit.session()
    here = f"/sessions/{session.id}"
    named, until = visit.field("deed", at_most=20), visit.form.get("until", "")
    if named not in {each.value for each in Deed} or len(until) > 11 or not (until or "0").isdecimal():
        raise bad_input()
    deed = Deed(named)
    with answering_refusals(here):
        wanted = sessions.wanted(session, deed, visit.now, until=until)
        if visit.form.get("sure"):
            corrections.correct(tx, visit.actor, visit.programme.id, wanted, visit.now)
            return Go(here, said="corrected")
        effect = corrections.preview(tx, visit.programme.id, wanted, visit.now)
    after = effect.after.session(session.id) or session
    values = {
        "what": sessions.in_words(after, deed),
        "effects": words.effects(effect),
        "whom": (),
        "fields": {"deed": deed.value, "until": str(int(after.ends.timestamp()))},
        "path": f"{here}/move",
        "here": here,
    }
    return Show("timetable_ask.html", values)


WAYS: Final = (
    Way("/sessions", Right.RUN_SESSIONS, _list, menu="sessions.menu"),
    Way("/sessions/{id}", Right.RUN_SESSIONS, _one),
    Way("/sessions/{id}/move", Right.RUN_SESSIONS, do=_move),
)
