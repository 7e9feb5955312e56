"""Every play in plays/ goes as it is written there, and leaves nothing behind that should not be.

A play that differs is shown as a diff. Where the new way is meant, `pytest tests/scenarios --approve` writes
the plays anew: read what changed before you commit it.
"""

import difflib
import re
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from bot.domain.programme import Catalogue
from bot.simulator.records import CallRecord
from tests.scenarios import play
from tests.scenarios.stage import Stage

Misfits = Callable[[Iterable[CallRecord]], list[str]]

PLAYS = sorted((Path(__file__).parent / "plays").glob("*.txt"))


@pytest.mark.parametrize("file", PLAYS, ids=lambda file: file.stem)
async def test_the_play_goes_as_written(
    file: Path, catalogue: Catalogue, database: Path, misfits: Misfits, request: pytest.FixtureRequest
) -> None:
    written = _text(file)
    stage = Stage(play.read(written), catalogue, database)
    played = await stage.perform()
    if request.config.getoption("--approve", default=False):
        _approve(file, played)
    elif played != written:
        pytest.fail(_difference(file.name, written, played), pytrace=False)
    _check_telegram(stage)
    # Every call is one that the public Bot API has.
    assert misfits(stage.simulator.calls) == []
    _check_outbox(stage, database)
    _check_secrets(written, stage, database)
    assert [event for event in stage.log if event["log_level"] in {"error", "critical"}] == []


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def _approve(file: Path, played: str) -> None:
    file.write_text(played, encoding="utf-8")


def _difference(name: str, written: str, played: str) -> str:
    lines = difflib.unified_diff(
        written.splitlines(),
        played.splitlines(),
        f"{name}, as written",
        f"{name}, as it went",
        n=6,
        lineterm="",
    )
    return "\n".join(["", *lines, "", "If this is meant: pytest tests/scenarios --approve"])


def _check_telegram(stage: Stage) -> None:
    """Nothing was refused but what the play orders, or what blocked chats refuse; nothing is left waiting."""
    refused = [
        (call.method, call.description)
        for call in stage.simulator.calls
        if call.error_code is not None and call.fault is None and not call.description.startswith("Forbidden")
    ]
    if any("crash before it confirms" in line for line in stage.play.lines):
        # A tap that is handed over again is answered again, and Telegram knows it as answered.
        refused = [(method, why) for method, why in refused if "query ID is invalid" not in why]
    assert refused == []
    state = stage.simulator.state()
    assert set(state["pending_updates"].values()) == {0}


def _check_outbox(stage: Stage, database: Path) -> None:
    """What was sent came once; nothing failed, hangs in the air, or is owed past its time."""
    with sqlite3.connect(database) as connection:
        ask = connection.execute
        assert ask("SELECT reason, error FROM outbox WHERE state IN ('failed', 'sending')").fetchall() == []
        now = stage.clock.now().strftime("%Y-%m-%d %H:%M:%S")
        late = "SELECT reason, due_at FROM outbox WHERE state = 'owed' AND due_at <= ?"
        assert ask(late, (now,)).fetchall() == []
        # An album is several messages; what changes or deletes one is none.
        new = "copy_of IS NULL AND json_extract(message, '$.edit', '$.delete') = '[null,null]'"
        many = "coalesce(sum(1 + json_array_length(coalesce(more_ids, '[]'))), 0)"
        sent = f"SELECT {many} FROM outbox WHERE state = 'sent' AND {new}"
        assert ask(sent).fetchone() == (stage.simulator.state()["messages_sent"],)


def _check_secrets(written: str, stage: Stage, database: Path) -> None:
    """A NIK that somebody typed is nowhere: not in the database's file, not in a log."""
    numbers: list[str] = re.findall(r"(?<![\d/])\d{16}(?!\d)", written)
    kept: dict[str, Any] = {
        path.name: path.read_bytes() for path in database.parent.glob(f"{database.name}*") if path.is_file()
    }
    kept["log"] = repr(stage.log).encode()
    assert [(name, number) for number in numbers for name in kept if number.encode() in kept[name]] == []
