"""`rekan demo` as somebody starts it: a process of its own."""

import contextlib
import json
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


def start(folder: Path, *options: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "bot", "demo", "--output", str(folder), *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process: "subprocess.Popen[str]", seconds: float = 400) -> tuple[int, str, str]:
    try:
        out, err = process.communicate(timeout=seconds)
    finally:
        process.kill()
    return process.returncode, out, err


def asked(database: Path, query: str) -> list[Any]:
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return [row[0] for row in connection.execute(query)]


def sent(database: Path) -> int:
    """How many messages the demo has sent; none as long as it is setting its stage."""
    try:
        return int(asked(database, "SELECT count(*) FROM outbox WHERE state = 'sent'")[0])
    except sqlite3.OperationalError:
        return 0


def test_the_whole_orientation_without_a_view(tmp_path: Path) -> None:
    code, out, err = ended(start(tmp_path, "--people", "12", "--seed", "7", "--headless", "--json"))
    assert (code, err) == (0, "")
    told: dict[str, Any] = json.loads(out)
    assert (told["people"], told["complete"]) == (12, True)
    assert (told["late"], told["lost"], told["doubled"], told["faults"]) == (0, 0, 0, [])
    assert (told["refused_429"], told["updates_unconfirmed"], told["open"]) == (0, 0, 0)
    assert told["owed"] == told["sent"] + told["withdrawn"] + told["gone"]
    assert 8 <= told["joined"] <= told["claimed"] < 12  # somebody never comes
    assert told["sent"] > 500
    assert told["quiz_answers"] > 100
    assert told["journal_entries"] > 10
    assert Path(told["database"]) == tmp_path / "rekan-demo.db"
    assert Path(told["database"]).stat().st_size > 100_000
    assert (tmp_path / "rekan-demo.log").read_text() == ""
    deeds = asked(Path(told["database"]), "SELECT action FROM audit ORDER BY id")
    assert deeds[:4] == ["invited", "invited", "joined_staff", "joined_staff"]  # a coordinator, a speaker
    assert {"material_planned", "material_replaced", "live_quiz_launched", "live_quiz_revealed"} <= set(deeds)
    assert deeds.index("announcement_paused") == deeds.index("announced") + 1
    assert deeds[-2:] == ["announced", "announcement_recalled"]


def test_ctrl_c_in_the_middle_ends_it_with_the_accounts_so_far(tmp_path: Path) -> None:
    process = start(tmp_path, "--people", "5", "--speed", "3600", "--headless", "--json")
    until = time.monotonic() + 60
    while time.monotonic() < until and sent(tmp_path / "rekan-demo.db") < 5:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    code, out, err = ended(process, 30)
    assert (code, err) == (0, "")
    told: dict[str, Any] = json.loads(out)
    assert (told["complete"], told["lost"], told["doubled"]) == (False, 0, 0)


def test_lines_instead_of_a_view_where_there_is_no_terminal(tmp_path: Path) -> None:
    process = start(tmp_path, "--people", "5", "--speed", "200000")
    assert process.stdout is not None
    assert process.stdout.readline().startswith("Join in: http://127.0.0.1:")
    coordinators = process.stdout.readline()
    assert coordinators.startswith("Coordinators: http://127.0.0.1:")
    assert "/sign-in/" in coordinators
    assert "WIB  joined" in process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    code, out, err = ended(process, 30)
    assert (code, err) == (0, "")
    assert "Stopped before the end. So far:" in out
    assert "rekan-demo.db" in out
