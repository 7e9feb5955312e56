"""The one screen of a speaker: their sessions, what each still lacks, and the ways to all that is theirs."""

from bot.domain.forms import short_moment
from bot.domain.messages import Button, Reply, Say, Tap, Value
from bot.domain.programme import Session
from bot.domain.staff import Right
from bot.storage.database import Transaction
from bot.usecases import materials, sign_ins
from bot.usecases.menu import OLD_BUTTON
from bot.usecases.shift import MENU, Shift

SCREEN = "layar"
"""The choice of a button of `MENU` that leads to a session's presenter page."""

_LISTED = 12


def screen(tx: Transaction, shift: Shift, areas: tuple[tuple[Button, ...], ...]) -> Say:
    """A speaker's sessions, with the ways to the areas that they may enter, and to each presenter page."""
    own = materials.sessions(shift.actor, shift.programme)
    mine = [each for each in own if each.id in shift.actor.sessions][:_LISTED]
    ahead = [each for each in mine if each.ends > shift.now and not each.cancelled]
    rows = [
        (Button(Say("speaker.button_screen", {"title": each.title}), Tap(MENU, each.id, SCREEN)),)
        for each in ahead
    ]
    said: dict[str, Value] = {
        "programme": shift.programme.title,
        "lines": tuple(_line(tx, shift, each) for each in mine) or Say("materials.no_session"),
    }
    return Say("speaker.screen", said, (*rows, *areas))


def open_screen(tx: Transaction, shift: Shift, session_id: str) -> Reply:
    """A link that leads straight to a session's presenter page, signed in."""
    session = shift.programme.session(session_id)
    if session is None or not shift.actor.may(Right.SPEAK) or not shift.actor.speaks_at(session_id):
        return Reply((OLD_BUTTON,))
    link = sign_ins.hand_out(tx, shift.actor.person.id, shift.now, f"/layar/{session.id}")
    if link is None:
        return Reply((Say("pages.no_address"),))
    # As text, not under a button: Telegram refuses buttons that lead into an office's own network.
    said: dict[str, Value] = {"title": session.title, "link": link}
    return Reply((Say("speaker.link", said, ((Button(Say("speaker.button_back"), Tap(MENU)),),)),))


def _line(tx: Transaction, shift: Shift, session: Session) -> Say:
    said: dict[str, Value] = {
        "title": session.title,
        "at": short_moment(session.starts),
        "how": materials.standing(tx, shift.programme, session),
    }
    return Say("materials.line_session", said)
