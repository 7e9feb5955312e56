"""The presenter page: what a speaker shares in Zoom, full of screen, and what of it changes by the second.

It is made of regions, each a template with its values; a feature that shows something there is listed in
`REGIONS`. Who has it on screen needs to touch nothing: the page fetches them anew every second.
"""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from markupsafe import Markup

from bot.domain.attendance import Leg, next_window, open_windows
from bot.domain.forms import clock_time
from bot.domain.language import Localised
from bot.domain.live_quiz import State
from bot.domain.programme import Session
from bot.domain.quiz import escaped
from bot.domain.staff import Right
from bot.storage import attendance as stored
from bot.storage import state
from bot.storage.database import Transaction
from bot.usecases import attendance, live_quiz, questions
from bot.web.page import Show, Visit, Way, not_found


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the screen: a name (and CSS class) of its own, its template, and what that is given."""

    name: str
    template: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bar:
    """An option of a live question, how many chose it, in percent too; whether it is known to be right."""

    option: Localised
    count: int
    share: int
    right: bool


_LEADERS = 5
_QUESTIONS = 5


def _code(tx: Transaction, visit: Visit, session: Session) -> Region | None:
    """The code and its QR code while one can check in or out, how many have, and when it opens."""
    if session.check_in is None or session.cancelled:
        return None
    there = open_windows(session, visit.now)
    coming = next_window(session, visit.now)
    shown = attendance.shown(tx, visit.programme, session, visit.now) if there else None
    values: dict[str, Any] = {
        "shown": None,
        "coming": None if coming is None else (coming.leg.value, clock_time(coming.opens)),
        "here": stored.number_checked_in(tx, visit.programme.id, session.id),
    }
    if shown is not None:
        step = attendance.step_length(tx)
        values |= {
            "shown": shown,
            "leg": (Leg.OUT if there[-1].leg is Leg.OUT else Leg.IN).value,
            "digits": f"{shown.code[:3]} {shown.code[3:]}",
            "qr": None if shown.link is None else _qr(shown.link),
            "bot": state.recall(tx, state.BOT_NAME),
            # Whole seconds in front of the screen, however fast the installation's clock runs.
            "left": int((shown.until - visit.now) / step * 30),
            "closes": clock_time(max(each.closes for each in there)),
        }
    return Region("code", "presenter_code.html", values)


def _quiz(tx: Transaction, visit: Visit, session: Session) -> Region | None:
    """The newest live question: how many have answered, and what, then the right answer and who leads."""
    found = live_quiz.shown(tx, visit.programme, session, visit.now)
    if found is None:
        return None
    results, asked = found.results, found.live_quiz
    bars = [
        Bar(
            escaped(option),
            count,
            round(100 * count / results.answered) if results.answered else 0,
            n in found.right,
        )
        for n, (option, count) in enumerate(zip(asked.question.options, results.options, strict=True))
    ]
    revealed = asked.state is State.REVEALED
    values: dict[str, Any] = {
        "number": found.number,
        "text": escaped(asked.question.text),
        "bars": bars,
        "answered": results.answered,
        "delivered": results.delivered,
        "people": asked.people,
        "left": found.seconds_left,
        "seconds": asked.rules.seconds,
        "revealed": revealed,
        "right": results.right if revealed and asked.question.correct else None,
        "board": visit.programme.live.leaderboard.value,
        "leaders": live_quiz.leaderboard(tx, visit.programme, session.id)[:_LEADERS] if revealed else [],
    }
    return Region("quiz", "presenter_quiz.html", values)


def _questions(tx: Transaction, visit: Visit, session: Session) -> Region | None:
    """The questions that wait, by support; not who asked them: everybody sees this."""
    if not session.questions or session.cancelled:
        return None
    found = questions.shown(tx, visit.programme, session, limit=_QUESTIONS)
    return Region("questions", "presenter_questions.html", {"questions": found}) if found else None


REGIONS: Final[tuple[Callable[[Transaction, Visit, Session], Region | None], ...]] = (
    _code,
    _quiz,
    _questions,
)
"""What is on the screen, from the first on; each says None where it has nothing to show."""


def _page(tx: Transaction, visit: Visit) -> Show:
    attendance.make_key(tx)
    return Show("presenter.html", _values(tx, visit))


def _live(tx: Transaction, visit: Visit) -> Show:
    return Show("presenter_live.html", _values(tx, visit))


def _values(tx: Transaction, visit: Visit) -> dict[str, Any]:
    session = visit.session()
    if not visit.actor.speaks_at(session.id):
        raise not_found()
    found = (region(tx, visit, session) for region in REGIONS)
    return {"session": session, "regions": [each for each in found if each is not None]}


def _qr(link: str) -> Markup:
    """The code as SVG, dark on light whatever the page's colours: cameras expect that."""
    import segno  # noqa: PLC0415 - for whoever shows one

    out = io.BytesIO()
    segno.make(link, error="m", micro=False).save(
        out, kind="svg", border=4, dark="#000", light="#fff", xmldecl=False, omitsize=True
    )
    return Markup(out.getvalue().decode())  # noqa: S704 - made here, of a link made here


WAYS: Final = (
    Way("/layar/{id}", Right.SPEAK, _page, writes=True),
    Way("/layar/{id}/live", Right.SPEAK, _live),
)
