"""`/status`: a receipt of what is recorded of a person, and of what is missing."""

from dataclasses import replace
from datetime import datetime

from bot.domain import quiz as quizzes
from bot.domain.attendance import Standing, windows
from bot.domain.forms import short_moment
from bot.domain.journal import State
from bot.domain.messages import Button, Reply, Say, Tap, Value
from bot.domain.people import Person
from bot.domain.programme import Item, Programme, Target
from bot.storage import attendance as taken
from bot.storage import excuses, journal, modules
from bot.storage import quiz as stored_quizzes
from bot.storage.database import Transaction
from bot.storage.excuses import Excuse
from bot.usecases import attendance
from bot.usecases.people import title


def receipt(tx: Transaction, person: Person, programme: Programme, now: datetime) -> Reply:
    """Everything the person has done here, counted, and what is missing, by name."""
    done = modules.done(tx, person.id)
    attempts = stored_quizzes.attempts(tx, person.id)
    written = journal.entries(tx, person.id)
    finished = [quiz for quiz in programme.quizzes if quizzes.best(attempts.get(quiz.id, ())) is not None]
    submitted = {
        prompt
        for prompt, entry in written.items()
        if entry.state is State.SUBMITTED and programme.task(prompt)
    }
    granted = excuses.of(tx, person.id)
    mine = taken.of_person(tx, person.id)

    def needed(kind: Item, item: str) -> bool:
        return not any(each.until is None and each.covers(Target(kind, item)) for each in granted)

    over = sum(session.ends <= now and not session.cancelled for session in programme.sessions)
    missing: list[Say] = [
        *(
            Say("status.missing_module", {"title": module.title})
            for module in programme.modules
            if module.id not in done and needed(Item.MODULE, module.id)
        ),
        *(
            Say("status.missing_quiz", {"title": quiz.title})
            for quiz in programme.quizzes
            if quiz not in finished and needed(Item.QUIZ, quiz.id)
        ),
        *(
            Say("status.missing_journal", {"title": task.prompt.title})
            for task in programme.journal
            if task.prompt.id not in submitted and needed(Item.JOURNAL, task.prompt.id)
        ),
    ]
    known = person.first_login is not None
    if not known:
        missing.insert(0, Say("status.missing_login"))
    login: Say = (
        Say("status.login_unknown")
        if person.first_login is None
        else Say("status.login", {"day": person.first_login})
    )
    params: dict[str, Value] = {
        "title": programme.title,
        "at": short_moment(now),
        "login": login,
        "modules": len(done.intersection(module.id for module in programme.modules)),
        "modules_total": len(programme.modules),
        "quizzes": len(finished),
        "quizzes_total": len(programme.quizzes),
        "journals": len(submitted),
        "journals_total": len(programme.journal),
        "sessions": over,
        "attendance": _attended(programme, mine, now),
        "sessions_total": len(programme.sessions),
        "excused": _granted(programme, granted),
        "missing": tuple(missing[:_SHOWN]) or (Say("status.nothing_missing"),),
        "more": Say("status.more", {"count": len(missing) - _SHOWN}) if len(missing) > _SHOWN else "",
    }
    rows = (
        *attendance.contest_buttons(programme, mine, now),
        (Button(Say("login.button_change" if known else "login.button_tell"), Tap("masuk", "", "ask")),),
    )
    return Reply((Say("status.receipt", params, rows),))


def _attended(programme: Programme, mine: dict[str, Standing], now: datetime) -> Value:
    """How the person stands at the sessions whose attendance has begun to be taken."""
    begun = [session for session in programme.sessions if any(each.opens <= now for each in windows(session))]
    return attendance.lines(replace(programme, sessions=tuple(begun)), mine, now) or ""


def _granted(programme: Programme, granted: tuple[Excuse, ...]) -> Value:
    """What the person need not do, or may do until later."""
    lines: list[Say] = []
    for each in granted:
        what = title(programme, each.kind, each.item)
        if what is not None and each.until is None:
            lines.append(Say("excuse.line", {"what": what}))
        elif what is not None and each.until is not None:
            lines.append(Say("excuse.line_until", {"what": what, "until": short_moment(each.until)}))
    return tuple(lines) or ""


_SHOWN = 8
"""How many missing things are named: the rest is counted, a list of thirty helps nobody."""
