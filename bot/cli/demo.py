"""`rekan demo`: the example orientation from start to end, with a simulated crowd; no token, no network."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.errors import FAILED
from bot.cli.options import Json
from bot.cli.process import run_until_stopped
from bot.cli.terminal import console, note, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.documents.rosters import RosterRow
    from bot.rehearsal.stage import Outcome

_ROSTER = Path("content", "examples", "peserta.csv")
_IN_THE_ROSTER = 60
_LOG = "rekan-demo.log"


def demo(
    people: Annotated[
        int, typer.Option(min=1, max=20_000, help="How many take part; 60 are the shipped roster.")
    ] = _IN_THE_ROSTER,
    seed: Annotated[int, typer.Option(help="Settles what each of them does, and when.")] = 1,
    headless: Annotated[
        bool, typer.Option("--headless", help="Without a view, and as fast as the work takes.")
    ] = False,
    as_json: Json = False,
    speed: Annotated[
        float | None,
        typer.Option(
            min=1,
            metavar="X",
            help="Simulated seconds a second by day; otherwise so that all takes about 100 seconds.",
        ),
    ] = None,
    output: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where the database and the log go, in place of the last.")
    ] = Path("demo-output"),
) -> None:
    """Play the example orientation from start to end.

    Bot, simulator and a simulated crowd run together in simulated time, five weeks of it. The address of a
    page is printed where you can join in as one of the participants. Ctrl-C ends it early, with the accounts
    so far; that is a way to end like any other, so the exit code is 0. It is 1 where a message was lost or
    doubled.
    """
    from bot.cli.logs import begin_logging

    sound = True
    folder = output.absolute()
    folder.mkdir(parents=True, exist_ok=True)

    if not headless and (screen := console(err=as_json)).is_terminal:
        screen.print("Setting the stage ...")  # what follows takes a second or two

    async def play() -> None:
        nonlocal sound
        outcome = await _play(people, seed, folder, speed=speed, watched=not headless, plain=as_json)
        sound = outcome.accounts.sound
        if as_json:
            print_json(_document(outcome))
        else:
            from bot.rehearsal.view import summary

            console().print(summary(outcome), soft_wrap=True)

    with (folder / _LOG).open("w", encoding="utf-8") as log:
        begin_logging("warning", "text", log)
        run_until_stopped(play())
    if not sound:
        note("Messages were lost or doubled: that must not happen, see above.")
        raise typer.Exit(FAILED)


async def _play(
    people: int, seed: int, folder: Path, *, speed: float | None, watched: bool, plain: bool
) -> "Outcome":
    from bot.config import SHIPPED
    from bot.content.loading import load
    from bot.rehearsal.stage import first_morning, staged

    root = SHIPPED.parent
    catalogue = load(root / "content", root / "schedules")
    programme = next(iter(catalogue.programmes.values()))
    begins = first_morning(programme)
    rows = _people(root, people, seed, begins)
    async with staged(catalogue, programme, rows, begins=begins, seed=seed, folder=folder) as stage:
        if not watched:
            stage.clock.speed = speed
            await stage.play()
            return await stage.outcome()
        from bot.rehearsal.pace import Pace
        from bot.rehearsal.view import watch

        pace = Pace(stage.clock, stage.ends, speed=speed)
        async with asyncio.TaskGroup() as parts:
            view = parts.create_task(watch(stage, console(err=plain), pace))
            await stage.play()
            view.cancel()
        return await stage.outcome()


def _people(root: Path, number: int, seed: int, begins: "datetime") -> "Sequence[RosterRow]":
    """The shipped roster, read as any other; other numbers are invented."""
    if number == _IN_THE_ROSTER:
        from bot.documents.rosters import read_roster

        return read_roster(root / _ROSTER, today=begins.date()).rows
    from bot.rehearsal.people import invent_people

    return invent_people(number, seed)


def _document(outcome: "Outcome") -> dict[str, Any]:
    accounts = outcome.accounts
    return {
        "people": accounts.people,
        "claimed": accounts.claimed,
        "joined": accounts.joined,
        "owed": accounts.owed,
        "sent": accounts.sent,
        "withdrawn": accounts.withdrawn,
        "gone": accounts.gone,
        "open": accounts.open,
        "late": len(accounts.late),
        "lost": len(accounts.lost),
        "doubled": len(accounts.doubled),
        "faults": [*accounts.lost, *accounts.doubled, *accounts.late],
        "quiz_answers": accounts.quiz_answers,
        "journal_entries": accounts.journal_entries,
        "modules_done": accounts.modules_done,
        "refused_429": outcome.refused_429,
        "updates_unconfirmed": outcome.updates_unconfirmed,
        "complete": outcome.complete,
        "begins": outcome.begins.isoformat(),
        "ended": outcome.ended.isoformat(),
        "seconds": round(outcome.real_seconds, 1),
        "database": str(outcome.database),
    }
