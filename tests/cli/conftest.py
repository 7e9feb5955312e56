import asyncio
import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner

from bot.cli.commands import command_line
from bot.clock import SystemClock
from bot.simulator import Simulator

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Rekan = Callable[..., Ended]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration on the shipped content, in which commands run."""
    (tmp_path / "config.yaml").write_text(
        f"content: {ROOT / 'content'}\nschedules: {ROOT / 'schedules'}\ndatabase: {{url: 'sqlite:///rekan.db'}}\n"
        "web: {listen: '127.0.0.1:0'}\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def rekan(home: Path) -> Rekan:
    """Run a command as if typed; what it may not do is show a traceback."""

    def run(*arguments: str | Path, answer: str | None = None, env: Mapping[str, str] | None = None) -> Ended:
        result = CliRunner(env=env).invoke(
            command_line(), list(map(str, arguments)), input=answer, prog_name="rekan"
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert "Traceback" not in result.output
        assert "mistake in Rekan" not in result.output
        return Ended(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def own_logging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the test makes of the log ends with it."""
    configure = structlog.configure

    def uncached(**settings: Any) -> None:
        # A logger that is first used now would else keep these settings for all later tests.
        configure(**{**settings, "cache_logger_on_first_use": False})

    monkeypatch.setattr(structlog, "configure", uncached)
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A Bot API server on a thread of its own: the commands under test run synchronously."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    simulator = Simulator(SystemClock())
    asyncio.run_coroutine_threadsafe(simulator.start(), loop).result(5)
    yield simulator
    asyncio.run_coroutine_threadsafe(simulator.stop(), loop).result(5)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def online(simulator: Simulator) -> dict[str, str]:
    """The environment in which Rekan talks to the simulator."""
    return {"REKAN_TELEGRAM__TOKEN": simulator.token, "REKAN_TELEGRAM__BASE_URL": simulator.base_url}
