import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Rekan


@pytest.fixture
def broken(home: Path) -> Path:
    """The shipped content, to break."""
    for folder in ("content", "schedules"):
        shutil.copytree(ROOT / folder, home / folder)
    (home / "config.yaml").write_text("database: {url: 'sqlite:///rekan.db'}\n")
    return home


def test_what_is_shipped_is_sound(rekan: Rekan) -> None:
    ended = rekan("check")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("1 programme, 12 modules, 5 quizzes, ")
    document = rekan("check", "--json").document
    assert (document["ok"], document["problems"], document["sessions"]) == (True, [], 5)


def test_every_problem_at_once_with_file_and_line(rekan: Rekan, broken: Path) -> None:
    modules = next((broken / "content/modules").glob("*.yaml"))
    text = modules.read_text()
    modules.write_text(text.replace("minutes:", "minute:", 1))
    schedule = broken / "schedules/pppk-2026.yaml"
    schedule.write_text(schedule.read_text().replace("zone: WIB", "zone: WIBB", 1))
    ended = rekan("check")
    assert (ended.code, ended.out) == (2, "")
    lines = ended.err.splitlines()
    assert any(line.startswith(f"content/modules/{modules.name}:") and "minute" in line for line in lines)
    assert any(line.startswith("schedules/pppk-2026.yaml:") and "WIBB" in line for line in lines)
    document = rekan("check", "--json")
    assert document.code == 2
    assert document.document["ok"] is False
    assert len(document.document["problems"]) == len(lines)


def test_a_broken_configuration_does_not_hide_broken_content(rekan: Rekan, broken: Path) -> None:
    (broken / "config.yaml").write_text("telegramm: {}\n")
    (broken / "schedules/pppk-2026.yaml").write_bytes(b"\xff\xfe")
    ended = rekan("check")
    assert ended.code == 2
    assert {line.partition(":")[0] for line in ended.err.splitlines()} >= {
        "config.yaml",
        "schedules/pppk-2026.yaml",
    }


def test_the_environment_is_checked_as_well(rekan: Rekan) -> None:
    ended = rekan("check", env={"REKAN_TELEGRAM__TOKN": "x", "REKAN_LOG__LEVEL": "loud"})
    assert ended.code == 2
    assert "environment:REKAN_TELEGRAM__TOKN" in ended.err
    assert "environment:REKAN_LOG__LEVEL" in ended.err


@pytest.mark.parametrize(
    "command", [("check",), ("doctor",), ("db", "upgrade"), ("people", "links"), ("run",)]
)
def test_a_configuration_that_is_not_there_is_named(rekan: Rekan, command: tuple[str, ...]) -> None:
    ended = rekan(*command, "-c", "elsewhere.yaml")
    assert ended.code == (1 if command == ("doctor",) else 2)
    assert "elsewhere.yaml: does not exist" in ended.err + ended.out
