"""The view's pictures, without a terminal."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from bot.domain.messages import Lane
from bot.domain.zones import Zone
from bot.rehearsal.accounts import Accounts, Progress
from bot.rehearsal.progress import Line, Ringing, Snapshot
from bot.rehearsal.stage import Outcome
from bot.rehearsal.view import day_line, picture, summary

NOW = datetime(2026, 11, 9, 1, 0, tzinfo=UTC)
SHOWN = Snapshot(
    title="PPPK Orientation 2026",
    now=NOW,
    begins=NOW - timedelta(days=4),
    ends=NOW + timedelta(days=32),
    speed=30_000.0,
    paused=False,
    people=60,
    progress=Progress(
        joined=51,
        by_lane={
            Lane.REPLY: Counter(sent=371),
            Lane.SESSION: Counter(owed=21, sending=2, sent=1_470),
            Lane.REMINDER: Counter(sent=51),
        },
        late=0,
        folded=0,
        quiz_answers=12,
        journal_entries=3,
        modules_done=7,
        unreachable=0,
    ),
    rung=(Ringing(NOW, "hari-1-tautan", tuple(Zone), 51),),
    ahead=(
        Ringing(NOW + timedelta(minutes=50), "hari-1-segera", tuple(Zone), 51),
        Ringing(NOW + timedelta(days=2), "modul-wawasan", (Zone.WIT,), 17),
    ),
    lines=tuple(Line(NOW, "Sri", by_bot=n % 2 == 0, text=f"pesan {n} " + "kata " * 40) for n in range(60)),
    page="http://127.0.0.1:8081/people/700000007",
    pages=f"http://127.0.0.1:8082/sign-in/{'Ab-9' * 16}",
    guest="Sri",
    guest_joined=False,
    refused_429=0,
)
OUTCOME = Outcome(
    accounts=Accounts(
        people=60,
        claimed=58,
        joined=57,
        owed=8_046,
        sent=8_043,
        withdrawn=0,
        gone=1,
        open=0,
        folded=78,
        late=(),
        lost=("Sri: hari-1-tautan: failed, why",),
        doubled=(),
        quiz_answers=1_398,
        journal_entries=340,
        modules_done=574,
    ),
    complete=True,
    begins=NOW,
    ended=NOW + timedelta(days=36),
    real_seconds=98.0,
    refused_429=0,
    updates_unconfirmed=0,
    database=Path("demo-output/rekan-demo.db"),
)


def drawn(what: RenderableType, width: int, height: int) -> list[str]:
    console = Console(width=width, height=height, record=True, file=StringIO())
    console.print(what)
    return console.export_text().splitlines()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (200, 60)])
def test_a_picture_fills_the_screen_and_says_everything(width: int, height: int) -> None:
    lines = drawn(picture(SHOWN, height), width, height)
    assert len(lines) == height
    assert all(len(line) <= width for line in lines)
    text = "\n".join(lines)
    assert "Mon 09 Nov 2026" in text
    assert "08.00 WIB  09.00 WITA  10.00 WIT" in text
    assert "×30,000" in text
    assert "hari-1-tautan" in text
    assert "WIT 17" in text
    assert "joined 51 of 60" in text
    assert "1,470" in text
    assert "pesan 59" in text
    assert "".join(lines[-3:-1]).replace(" ", "").strip() == f"Coordinators:{SHOWN.pages}"
    assert lines[-1].startswith("Join in as Sri: http://127.0.0.1:8081/people/700000007")


def test_a_pause_and_somebody_who_joined_in_show() -> None:
    lines = drawn(picture(replace(SHOWN, paused=True, guest_joined=True), 24), 80, 24)
    assert "paused" in lines[0]
    assert lines[-1].startswith("You are Sri:")


def test_the_line_of_a_day() -> None:
    assert day_line(SHOWN) == (
        "Mon 09 Nov 08.00 WIB  joined 51/60  sent 1892  answers 12  journal 3  modules 7  late 0"
    )


def test_the_summary_names_each_fault_and_the_database() -> None:
    text = "\n".join(drawn(summary(OUTCOME), 100, 40))
    assert "36.0  days played in 98 seconds" in text
    assert "8,046  messages owed" in text
    assert "Sri: hari-1-tautan: failed, why" in text
    assert "demo-output/rekan-demo.db" in text
    assert "Stopped before the end" in "\n".join(drawn(summary(replace(OUTCOME, complete=False)), 100, 40))
