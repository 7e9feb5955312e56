"""`rekan run` on what cannot run: a sentence and an exit code, and never a call for updates."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.cli.run import PARTS
from bot.config import Part
from bot.simulator import Simulator
from tests.cli.conftest import ROOT, Rekan

Break = Callable[[Path, Simulator], dict[str, str]]


pytestmark = pytest.mark.usefixtures("own_logging")


def set_to(**environment: str) -> Break:
    return lambda _home, _simulator: {f"REKAN_{name}": value for name, value in environment.items()}


def spoil(file: str, text: str) -> Break:
    def change(home: Path, _simulator: Simulator) -> dict[str, str]:
        with (home / file).open("a") as opened:
            opened.write(text)
        return {}

    return change


def spoil_schedule(text: str) -> Break:
    def change(home: Path, _simulator: Simulator) -> dict[str, str]:
        (home / "schedules").mkdir()
        shipped = (ROOT / "schedules" / "pppk-2026.yaml").read_text()
        (home / "schedules" / "jadwal.yaml").write_text(shipped + text)
        return {"REKAN_SCHEDULES": "schedules"}

    return change


def folder_in_the_way(name: str) -> Break:
    def change(home: Path, _simulator: Simulator) -> dict[str, str]:
        (home / name).mkdir()
        return {}

    return change


def occupied_port(_home: Path, simulator: Simulator) -> dict[str, str]:
    return {"REKAN_WEB__LISTEN": simulator.address.removeprefix("http://")}


def occupied_port_for_a_webhook(_home: Path, simulator: Simulator) -> dict[str, str]:
    return {
        "REKAN_TELEGRAM__MODE": "webhook",
        "REKAN_TELEGRAM__WEBHOOK__URL": "https://rekan.example.invalid/telegram",
        "REKAN_TELEGRAM__WEBHOOK__SECRET": "rahasia",
        "REKAN_TELEGRAM__WEBHOOK__LISTEN": simulator.address.removeprefix("http://"),
    }


@pytest.mark.parametrize(
    ("breaking", "code", "says"),
    [
        pytest.param(set_to(TELEGRAM__TOKEN=" "), 1, "There is no bot token", id="no token"),
        pytest.param(
            set_to(TELEGRAM__TOKEN="7000000009:" + "x" * 35), 1, "refuses the bot's token", id="wrong token"
        ),
        pytest.param(
            set_to(TELEGRAM__TOKEN="rahasia"), 2, "does not look like a bot token", id="no such token"
        ),
        pytest.param(set_to(TELEGRAM__BASE_URL="http://here:port"), 2, "BASE_URL", id="no address"),
        pytest.param(occupied_port, 1, "Cannot listen on", id="port in use"),
        pytest.param(occupied_port_for_a_webhook, 1, "Cannot listen on", id="port in use by webhook"),
        pytest.param(
            set_to(
                TELEGRAM__MODE="webhook",
                TELEGRAM__WEBHOOK__URL="http://rekan.example.invalid/telegram",
                TELEGRAM__WEBHOOK__SECRET="rahasia",
            ),
            2,
            "does not begin with https://",
            id="webhook without TLS",
        ),
        pytest.param(
            set_to(DATABASE__URL="sqlite:///no/such/folder/rekan.db"), 1, "does not exist", id="no folder"
        ),
        pytest.param(folder_in_the_way("rekan.db"), 1, "cannot be opened", id="a folder in the way"),
        pytest.param(folder_in_the_way("rekan.db.lock.pid"), 1, "cannot be written", id="no lock"),
        pytest.param(spoil("rekan.db", "x" * 5000), 1, "is not an SQLite database", id="another file"),
        pytest.param(
            set_to(DATABASE__URL="postgresql://rekan:Rahasia-7@127.0.0.1:1/rekan"),
            1,
            "does not answer",
            id="no server",
        ),
        pytest.param(spoil("config.yaml", "telegram: {token: [\n"), 2, "config.yaml:", id="broken settings"),
        pytest.param(spoil_schedule("\ttimetable: {"), 2, "jadwal.yaml:", id="broken YAML"),
        pytest.param(spoil_schedule("pesan: halo\n"), 2, "jadwal.yaml:", id="unknown key"),
        pytest.param(set_to(SCHEDULES="kosong"), 2, "kosong", id="no schedules"),
    ],
)
def test_what_cannot_run_says_why(
    breaking: Break,
    code: int,
    says: str,
    home: Path,
    simulator: Simulator,
    online: dict[str, str],
    rekan: Rekan,
) -> None:
    environment = {**online, "REKAN_WEB__LISTEN": "127.0.0.1:0", **breaking(home, simulator)}
    ended = rekan("run", env=environment)
    assert says in ended.err
    assert ended.code == code
    assert "rahasia" not in ended.err.lower()
    token = environment["REKAN_TELEGRAM__TOKEN"].strip()
    assert not token or token not in ended.err
    assert simulator.state()["calls"].get("getupdates", 0) == 0


@pytest.mark.parametrize("part", PARTS)
def test_a_part_alone_needs_postgresql(part: str, online: dict[str, str], rekan: Rekan) -> None:
    ended = rekan("run", "--only", part, env=online)
    assert ended.code == 2
    assert ended.err.startswith("--only: an SQLite file is one process's own")


def test_a_part_that_does_not_exist(online: dict[str, str], rekan: Rekan) -> None:
    ended = rekan("run", "--only", "sender", env=online)
    assert ended.code == 2
    assert "there is: intake, web, delivery" in ended.err


def test_the_help_names_every_part() -> None:
    assert tuple(Part) == PARTS
