"""The terminal's view of a rehearsal: pictures of snapshots, live in a terminal or a line a day elsewhere."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta

from rich.console import Console, Group, RenderableType
from rich.layout import Layout
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from bot.domain.messages import Lane
from bot.domain.zones import Zone
from bot.rehearsal.pace import Pace
from bot.rehearsal.progress import Line, Ringing, Snapshot, snapshot
from bot.rehearsal.stage import Outcome, Stage

_REFRESH = 0.2  # real seconds
_LANES = {Lane.REPLY: "replies", Lane.SESSION: "sessions", Lane.REMINDER: "reminders"}
_LEAST_HEIGHT = 24


async def watch(stage: Stage, console: Console, pace: Pace) -> None:
    """Show the stage until cancelled, and keep time at its pace."""
    if not console.is_terminal:
        await _write_lines(stage, console, pace)
        return
    with Live(console=console, screen=True, auto_refresh=False, transient=True) as live:
        while True:
            pace.keep()
            live.update(picture(await snapshot(stage), console.height), refresh=True)
            await asyncio.sleep(_REFRESH)


async def _write_lines(stage: Stage, console: Console, pace: Pace) -> None:
    """A line for each day that has passed."""
    shown = await snapshot(stage)
    console.print(f"Join in: {shown.page} ({shown.guest})", soft_wrap=True)
    day = _wib(shown.now).date()
    pages: str | None = None
    while True:
        pace.keep()
        await asyncio.sleep(_REFRESH)
        if pages is None and (pages := await stage.pages()) is not None:
            console.print(f"Coordinators: {pages}", soft_wrap=True)
        if _wib(stage.clock.now()).date() != day:
            shown = await snapshot(stage)
            day = _wib(shown.now).date()
            console.print(day_line(shown), soft_wrap=True)


def day_line(shown: Snapshot) -> str:
    """How things stand, on one line."""
    progress = shown.progress
    sent = sum(counts["sent"] for counts in progress.by_lane.values())
    return (
        f"{_wib(shown.now):%a %d %b %H.%M} WIB  joined {progress.joined}/{shown.people}"
        f"  sent {sent}  answers {progress.quiz_answers}  journal {progress.journal_entries}"
        f"  modules {progress.modules_done}  late {progress.late}"
    )


# --- the picture ---------------------------------------------------------------------------------------


def picture(shown: Snapshot, height: int) -> RenderableType:
    """A whole screen of `height` lines; it fits any width from 80."""
    screen = Layout(size=max(height, _LEAST_HEIGHT))
    screen.split_column(
        Layout(_head(shown), size=2),
        Layout(name="middle", size=9),
        Layout(_chats(shown.lines, max(height, _LEAST_HEIGHT) - 16), name="chats", minimum_size=5),
        Layout(_pages(shown), size=2),
        Layout(_foot(shown), size=1),
    )
    screen["middle"].split_row(Layout(_timetable(shown), ratio=11), Layout(_messages(shown), ratio=10))
    return screen


def _head(shown: Snapshot) -> RenderableType:
    line = Table.grid(expand=True, padding=(0, 1))
    line.add_column(no_wrap=True)
    line.add_column(justify="center", no_wrap=True)
    line.add_column(justify="right", no_wrap=True)
    times = Text("  ").join(
        Text.assemble((f"{shown.now.astimezone(zone.tzinfo):%H.%M}", "bold"), f" {zone.value}")
        for zone in Zone
    )
    if shown.paused:
        speed = Text("paused", "bold yellow")
    elif shown.speed is None:
        speed = Text("as fast as it goes", "dim")
    else:
        speed = Text(f"×{shown.speed:,.0f}", "dim")
    line.add_row(Text(f"{shown.now.astimezone(Zone.WIB.tzinfo):%a %d %b %Y}", "bold cyan"), times, speed)
    passed = (shown.now - shown.begins) / max(shown.ends - shown.begins, timedelta(seconds=1))
    return Group(line, ProgressBar(total=1.0, completed=passed, complete_style="cyan"))


def _timetable(shown: Snapshot) -> Panel:
    table = Table.grid(expand=True, padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    for ringing in shown.rung[:2]:
        table.add_row(*_ringing(ringing), style="green")
    for ringing in shown.ahead[: 7 - min(2, len(shown.rung))]:
        table.add_row(*_ringing(ringing))
    return Panel(table, title="timetable: rung, and next", title_align="left", border_style="dim")


def _ringing(ringing: Ringing) -> tuple[str, str, str, str]:
    zone = ringing.zones[0]
    zones = "all" if len(ringing.zones) == len(Zone) else "+".join(zone.value for zone in ringing.zones)
    if len(ringing.zones) > 1:
        zone = Zone.WIB
    people = "missed" if ringing.missed else str(ringing.people)
    return f"{ringing.at.astimezone(zone.tzinfo):%d %b %H.%M}", ringing.entry, zones, people


def _messages(shown: Snapshot) -> Panel:
    progress = shown.progress
    table = Table.grid(expand=True, padding=(0, 1))
    table.add_column(ratio=1, no_wrap=True)
    table.add_column(no_wrap=True)
    for _ in range(3):
        table.add_column(justify="right", no_wrap=True)
    table.add_row("", "", "owed", "now", "sent", style="dim")
    for lane, name in _LANES.items():
        counts = progress.by_lane[lane]
        total = counts.total()
        bar = ProgressBar(total=max(total, 1), completed=total - counts["owed"] - counts["sending"], width=8)
        table.add_row(name, bar, *(f"{counts[state]:,}" for state in ("owed", "sending", "sent")))
    facts = Table.grid(expand=True, padding=(0, 1))
    facts.add_column(ratio=1, no_wrap=True)
    facts.add_column(ratio=1, no_wrap=True)
    failed = sum(counts["failed"] + counts["expired"] for counts in progress.by_lane.values())
    facts.add_row(f"joined {progress.joined} of {shown.people}", f"quiz answers {progress.quiz_answers:,}")
    facts.add_row(f"modules {progress.modules_done:,}", f"journal entries {progress.journal_entries:,}")
    facts.add_row(
        Text(f"late {progress.late:,}", "bold red" if progress.late else "green"),
        Text(f"not sent {failed:,}", "bold red" if failed else "green"),
    )
    return Panel(Group(table, facts), title="messages and answers", title_align="left", border_style="dim")


def _chats(lines: Iterable[Line], room: int) -> Panel:
    table = Table.grid(expand=True, padding=(0, 1))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(no_wrap=True)
    table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    for line in list(lines)[-max(room, 1) :]:
        who = Text(f"→ {line.name[:14]}", "cyan") if line.by_bot else Text(f"{line.name[:14]}:", "yellow")
        table.add_row(f"{_wib(line.at):%H.%M}", who, Text(line.text[:200]))
    return Panel(table, title="chats", title_align="left", border_style="dim")


def _pages(shown: Snapshot) -> RenderableType:
    """Where to sign in; a narrow terminal breaks the address in two, and it stays one link."""
    line = Table.grid(expand=True, padding=(0, 1))
    line.add_column(no_wrap=True)
    line.add_column(ratio=1, overflow="fold")
    address = shown.pages
    link = Text("soon", "dim") if address is None else Text(address, f"bold underline link {address}")
    line.add_row("Coordinators:", link)
    return line


def _foot(shown: Snapshot) -> RenderableType:
    line = Table.grid(expand=True, padding=(0, 1))
    line.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    line.add_column(justify="right", no_wrap=True)
    who = "You are" if shown.guest_joined else "Join in as"
    line.add_row(
        Text.assemble(f"{who} {shown.guest}: ", (shown.page, "bold underline")), Text("Ctrl-C ends it", "dim")
    )
    return line


# --- the end -------------------------------------------------------------------------------------------


def summary(outcome: Outcome) -> RenderableType:
    """The accounts as a table, and each fault by name."""
    accounts = outcome.accounts
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", style="bold")
    table.add_column()
    days = (outcome.ended - outcome.begins) / timedelta(days=1)
    for number, what in (
        (f"{days:.1f}", f"days played in {outcome.real_seconds:.0f} seconds"),
        (accounts.people, f"people; {accounts.claimed} opened their link, {accounts.joined} joined"),
        (accounts.owed, "messages owed"),
        (accounts.sent, "sent"),
        (accounts.withdrawn, "withdrawn: done meanwhile, or consent taken back"),
        (accounts.gone, "to people who had blocked the bot or were gone"),
        (accounts.open, "still to be sent, with time left"),
        (len(accounts.late), "late"),
        (len(accounts.lost), "lost"),
        (len(accounts.doubled), "doubled"),
        (accounts.quiz_answers, "quiz answers"),
        (accounts.journal_entries, "journal entries submitted"),
        (accounts.modules_done, "modules done"),
        (outcome.refused_429, "calls refused as too fast (429)"),
    ):
        style = "bold red" if what in ("late", "lost", "doubled") and number else ""
        table.add_row(f"{number:,}" if isinstance(number, int) else number, what, style=style)
    head = "The orientation was played to its end." if outcome.complete else "Stopped before the end. So far:"
    faults = [Text(f"  {line}", "red") for line in (*accounts.lost, *accounts.doubled, *accounts.late)[:20]]
    where = Text.assemble("Everything is in ", (str(outcome.database), "bold"), " (SQLite).")
    return Group(Text(head, "bold"), table, *faults, where)


def _wib(moment: datetime) -> datetime:
    return moment.astimezone(Zone.WIB.tzinfo)
