"""The command as it is started by people and supervisors: real processes, few, since each takes a second."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.cli import is_plain_run
from bot.clock import SystemClock
from bot.simulator import Simulator
from tests.cli.conftest import ROOT


@contextmanager
def started(*arguments: str, env: dict[str, str] | None = None) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_help_is_quick_and_imports_nothing_heavy() -> None:
    script = (
        "import sys\nfrom bot.cli.commands import command_line\ncommand_line()\n"
        "heavy = {'sqlalchemy', 'telegram', 'aiohttp', 'pydantic', 'typst', 'apscheduler', 'rich.console'}\n"
        "sys.exit(str(sorted(heavy & sys.modules.keys())) if heavy & sys.modules.keys() else 0)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)


def test_a_start_imports_only_what_the_first_reply_needs() -> None:
    """By the way that `rekan run` goes."""
    script = (
        "import sys\nfrom bot.cli import only_for_a_service\nonly_for_a_service()\n"
        "import bot.cli.start, bot.cli.logs, bot.app, bot.config, bot.content.kept\n"
        "heavy = {'aiohttp', 'alembic', 'click', 'docx', 'holidays', 'icalendar', 'jinja2', 'matplotlib',"
        " 'openpyxl', 'prometheus_client', 'psycopg', 'rapidfuzz', 'sqlalchemy.dialects.postgresql',"
        " 'starlette.applications', 'telegram.ext', 'typer', 'typst', 'uvicorn', 'xlsxwriter',"
        " 'bot.content.models', 'bot.web.site'}\n"
        "sys.exit(str(sorted(heavy & sys.modules.keys())) if heavy & sys.modules.keys() else 0)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)


@pytest.mark.parametrize(
    ("arguments", "plain"),
    [
        ("run", True),
        ("run -c config.yaml", True),
        ("run --config config.yaml", True),
        ("run -c --help", False),
        ("run -c", False),
        ("run --only web", False),
        ("run -c config.yaml --only web", False),
        ("run --help", False),
        ("check", False),
        ("", False),
    ],
)
def test_what_supervisors_start_needs_no_parser(arguments: str, plain: bool) -> None:
    assert is_plain_run(arguments.split()) is plain


def test_without_the_parser_it_ends_as_with_it(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("nonsense: 1\n")
    ends = [
        subprocess.run(
            [sys.executable, "-m", "bot", "run", *arguments],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        for arguments in (["-c", "config.yaml"], ["--config=config.yaml"])
    ]
    assert ends[0].stderr == ends[1].stderr
    assert [(end.returncode, end.stdout) for end in ends] == [(2, "")] * 2


def test_the_simulator_serves_until_it_is_stopped() -> None:
    with started("simulate", "--port", "0", "--json") as process:
        assert process.stdout is not None
        document = ""
        while not document.endswith("}\n"):
            document += process.stdout.readline()
        told = json.loads(document)
        with urllib.request.urlopen(f"{told['base_url']}{told['token']}/getMe") as answer:
            assert json.load(answer)["result"]["username"] == told["username"]
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, "", "Stop it with Ctrl-C.\n")


@pytest.mark.skipif(sys.platform == "win32", reason="it has no pseudo-terminals")
def test_at_a_terminal_an_import_asks_first(home: Path) -> None:
    import pty  # noqa: PLC0415 - not there on Windows

    (home / "daftar.csv").write_text("Nama;NIP;Satker\nUpik Contoh;198311062025212001;Balai A\n")
    terminal, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "people", "import", "daftar.csv"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    said = b""
    while b"Import? [Y/n]:" not in said:
        said += os.read(terminal, 1000)
    os.write(terminal, b"n\n")
    out, _ = process.communicate(timeout=30)
    os.close(terminal)
    assert (process.returncode, out.strip()) == (1, b"")  # the prompt itself leaves a space
    connection = sqlite3.connect(home / "rekan.db")
    assert connection.execute("SELECT count(*) FROM people").fetchone() == (0,)
    connection.close()


async def test_the_bot_stops_cleanly_and_the_log_holds_no_token(home: Path) -> None:
    async with Simulator(SystemClock()) as simulator:
        env = {
            "REKAN_TELEGRAM__TOKEN": simulator.token,
            "REKAN_TELEGRAM__BASE_URL": simulator.base_url,
            "REKAN_WEB__LISTEN": "127.0.0.1:0",
            "REKAN_LOG__FORMAT": "json",
            "REKAN_LOG__LEVEL": "debug",
        }
        first = await begun("run", "-c", str(home / "config.yaml"), env=env)
        assert first.stderr is not None
        log = b""
        while b'"action": "started"' not in log:
            line = await first.stderr.readline()
            assert line, log
            log += line
        await simulator.person(7).send("/start")
        await simulator.idle()
        second = await begun("run", "-c", str(home / "config.yaml"), env=env)
        _, refused = await second.communicate()
        first.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            _, rest = await first.communicate()
    assert first.returncode == 0, log + rest
    assert b'"action": "stopped"' in rest
    assert simulator.token.encode() not in log + rest
    assert b"Traceback" not in log + rest
    assert second.returncode == 1
    assert refused.splitlines()[-1].startswith(b"Another Rekan (process %d) is running on " % first.pid)


async def begun(*arguments: str, env: dict[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        *arguments,
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
