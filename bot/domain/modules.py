"""Progress through the self-paced modules, as screens."""

from collections.abc import Collection
from datetime import date, timedelta

from bot.domain.messages import Button, Link, Say, Tap, Value
from bot.domain.programme import Module, Programme

_OFFERED = 4
"""How many modules the overview offers to tick off at once: the next few, so that it fits a small screen."""


def overview(programme: Programme, done: Collection[str], first_login: date | None) -> Say:
    """All modules by agenda, what is next, and buttons to tick off."""
    lines: list[Say] = []
    for agenda in programme.agendas:
        count = sum(module.id in done for module in agenda.modules)
        params: dict[str, Value] = {"title": agenda.title, "done": count, "total": len(agenda.modules)}
        lines.append(Say("module.agenda_line", params))
        lines.extend(
            Say("module.line_done" if module.id in done else "module.line_open", {"title": module.title})
            for module in agenda.modules
        )
    open_modules = [module for module in programme.modules if module.id not in done]
    rows = [
        (Button(Say("module.button_tick", {"title": module.title}), Tap("modul", module.id, "done")),)
        for module in open_modules[:_OFFERED]
    ]
    rows.append((Button(programme.portal.name, Link(programme.portal.url)),))
    if first_login is None:
        rows.append((Button(Say("login.button_tell"), Tap("masuk", "", "ask")),))
    return Say(
        "module.overview" if open_modules else "module.overview_complete",
        {
            "done": len(programme.modules) - len(open_modules),
            "total": len(programme.modules),
            "lines": tuple(lines),
        },
        tuple(rows),
    )


def ticked(programme: Programme, module: Module, done: Collection[str], first_login: date | None) -> Say:
    """A module has just been ticked off: how far, what is next, and the way back."""
    following = next((m for m in programme.modules if m.id not in done), None)
    rows: list[tuple[Button, ...]] = [
        (Button(Say("module.button_undo"), Tap("modul", module.id, "undo")),),
    ]
    if first_login is None:
        rows.insert(0, (Button(Say("login.button_tell"), Tap("masuk", "", "ask")),))
    count = sum(m.id in done for m in programme.modules)
    counts: dict[str, Value] = {"title": module.title, "done": count, "total": len(programme.modules)}
    if following is None:
        return Say("module.all_done", counts, tuple(rows))
    rows.insert(0, (Button(Say("module.button_next"), Tap("modul", following.id, "show")),))
    return Say("module.ticked", {**counts, "next": following.title}, tuple(rows))


def ask_first_login(today: date, *, days: int = 7) -> Say:
    """On which day the person first logged in to the portal; only the last days can be tapped."""
    offered = [today - timedelta(days=back) for back in range(days)]
    rows: list[tuple[Button, ...]] = [
        (Button(Say("login.button_today"), Tap("masuk", offered[0].isoformat(), "set")),),
        (Button(Say("login.button_yesterday"), Tap("masuk", offered[1].isoformat(), "set")),),
    ]
    older = [
        Button(Say("login.button_day", {"day": day}), Tap("masuk", day.isoformat(), "set"))
        for day in offered[2:]
    ]
    rows.extend((button,) for button in older)
    rows.append((Button(Say("login.button_not_yet"), Tap("masuk", "", "not_yet")),))
    return Say("login.ask", {}, tuple(rows))
