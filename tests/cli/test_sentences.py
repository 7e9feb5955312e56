import importlib
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bot.cli.errors import TOLD, BadInputError, CannotDoError, explained
from bot.telegram.errors import WebhookRefusedError


def ended(error: BaseException) -> tuple[int, str]:
    def fail() -> None:
        raise error

    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(explained(fail))
    result = CliRunner().invoke(app, [])
    assert result.stdout == ""
    return result.exit_code, result.stderr


def test_every_named_error_exists() -> None:
    for name in TOLD:
        module, _, kind = name.rpartition(".")
        assert issubclass(getattr(importlib.import_module(module), kind), Exception)


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (CannotDoError("it rains"), 1, "It rains.\n"),
        (CannotDoError("rekan.db is away"), 1, "rekan.db is away.\n"),
        (BadInputError(["a.yaml:3: no", "b.yaml:4: no"]), 2, "a.yaml:3: no\nb.yaml:4: no\n"),
        (PermissionError(13, "Permission denied", "out/x.csv"), 1, "out/x.csv: Permission denied.\n"),
        (OSError(28, "No space left on device"), 1, "No space left on device.\n"),
        (
            WebhookRefusedError("https://x.example.invalid/", "Bad Request: bad webhook"),
            1,
            (
                "Telegram refuses the webhook https://x.example.invalid/ (telegram.webhook.url): "
                "Bad Request: bad webhook.\n"
            ),
        ),
        (typer.Exit(3), 3, ""),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_what_a_person_can_cause_is_a_sentence(error: BaseException, code: int, says: str) -> None:
    assert ended(error) == (code, says)


def test_a_bug_goes_to_a_file_without_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    code, says = ended(KeyError("bot123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw of 3171234567890001"))
    assert code == 1
    assert says.startswith("This is a mistake in Rekan itself (KeyError), not in what you did.\n")
    (file,) = tmp_path.iterdir()
    assert str(file) in says
    text = file.read_text()
    assert "Traceback" in text
    assert "AAHdq" not in text
    assert "3171234567890001" not in text
