"""What is shipped for servers names settings, parts and ports that exist."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.cli.run import PARTS
from bot.config import load_config
from tests.cli.conftest import ROOT

UNIT = ROOT / "docs" / "systemd" / "rekan.service"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return document


@pytest.fixture(scope="module")
def image() -> str:
    return (ROOT / "Dockerfile").read_text()


EXAMPLES = {
    "POSTGRES_PASSWORD": "kata1sandi",
    "REKAN_HOST": "rekan.example.invalid",
    "REKAN_TELEGRAM__TOKEN": "7000000001:" + "x" * 35,
    "REKAN_TELEGRAM__WEBHOOK__SECRET": "Rahasia-1",
}
"""What `.env` holds."""


def set_by(image: str, service: dict[str, Any]) -> dict[str, str]:
    """What a container's process sees."""
    settings = dict(re.findall(r"(REKAN_\w+)=(\S+)", image))
    for name, value in service["environment"].items():
        settings[name] = re.sub(r"\$\{(\w+):\?in \.env\}", lambda found: EXAMPLES[found[1]], value)
    return settings


def test_every_part_runs_with_what_it_is_given(compose: dict[str, Any], image: str) -> None:
    parts = [service for name, service in compose["services"].items() if "-" in name]
    commands = [service["command"] for service in parts]
    assert [command[:2] for command in commands] == [["run", "--only"]] * 4
    assert {command[2] for command in commands} <= set(PARTS)
    for service in parts:
        config = load_config(ROOT / "config.example.yaml", set_by(image, service))
        assert config.database.url.get_secret_value().startswith("postgresql://")
        assert config.telegram.webhook.listen == ("0.0.0.0", 8443)
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]


def test_the_proxy_reaches_the_intakes(compose: dict[str, Any], image: str) -> None:
    caddyfile = compose["configs"]["proxy"]["content"]
    upstreams = re.findall(r"(\S+):8443", caddyfile)
    assert upstreams == [name for name in compose["services"] if name.startswith("intake")]
    hook = compose["x-rekan"]["environment"]["REKAN_TELEGRAM__WEBHOOK__URL"]
    assert f"reverse_proxy {hook[hook.rindex('/') :]} " in caddyfile


def test_the_image_checks_the_port_that_is_listened_on(image: str) -> None:
    assert "REKAN_WEB__LISTEN=0.0.0.0:8080" in image
    assert "http://127.0.0.1:8080/readyz" in image
    assert "--require-hashes -r requirements.lock" in image
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", image, re.MULTILINE)
    kept = (ROOT / ".dockerignore").read_text()
    for name in " ".join(copied).split():
        assert (ROOT / name).exists()
        assert f"!{name}\n" in kept


def test_the_unit_is_one(tmp_path: Path) -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign] # as configparser's documentation does it
    unit.read(UNIT)
    assert unit["Service"]["ExecStart"].endswith("rekan run")
    if (analyze := shutil.which("systemd-analyze")) is None:
        return
    copy = tmp_path / "rekan.service"
    # What it starts and whose it is belong to the server.
    text = re.sub(r"^(ExecStart)=.*", r"\1=/bin/true", UNIT.read_text(), flags=re.MULTILINE)
    copy.write_text(re.sub(r"^Documentation=.*\n", "", text, flags=re.MULTILINE))
    said = subprocess.run([analyze, "verify", copy], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert "rekan.service:" not in said.stderr
