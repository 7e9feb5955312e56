import io
import json
import logging
from typing import Any

import pytest
import structlog

from bot.cli.logs import begin_logging, redacted

TOKEN = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"


@pytest.fixture
def log(own_logging: None) -> io.StringIO:
    return io.StringIO()


@pytest.mark.parametrize("style", ["json", "text"])
def test_nobodys_event_holds_a_token_or_a_personal_number(log: io.StringIO, style: str) -> None:
    begin_logging("debug", style, log, secrets=["sim:short-token"])
    structlog.get_logger("rekan").info("sent", address=f"https://api.telegram.org/bot{TOKEN}/sendMessage")
    structlog.get_logger("rekan").info("read", values=["3171234567890001", {"nip": 199203152025211007}])
    logging.getLogger("library").warning("calling /bot%s/getMe for %s", TOKEN, "199203152025211007")
    logging.getLogger("library").warning("with sim:short-token")
    logging.getLogger("library").warning("postgresql://rekan:pass@db.example.invalid/rekan")
    try:
        raise ValueError(f"no answer to {TOKEN}, from 3171234567890001")
    except ValueError:
        structlog.get_logger("rekan").exception("failed")
        logging.getLogger("library").exception("failed")
    written = log.getvalue()
    assert written.count("\n") >= 7
    for hidden in (TOKEN, "AAHdq", "3171234567890001", "199203152025211007", "short-token", "rekan:pass"):
        assert hidden not in written


def test_a_json_event_is_one_line_and_keeps_its_types(log: io.StringIO) -> None:
    begin_logging("info", "json", log)
    structlog.get_logger("bot.delivery").info("wave.planned", people=3400, late=False, chat=-1001234567890)
    event: dict[str, Any] = json.loads(log.getvalue())
    assert event.pop("timestamp").endswith("Z")
    assert event == {
        "event": "wave.planned",
        "level": "info",
        "logger": "bot.delivery",
        "people": 3400,
        "late": False,
        "chat": -1001234567890,
    }


def test_a_library_says_only_what_matters(log: io.StringIO) -> None:
    begin_logging("debug", "json", log)
    logging.getLogger("httpx").info("HTTP Request: POST ...")
    logging.getLogger("httpx").warning("odd")
    assert [json.loads(line)["event"] for line in log.getvalue().splitlines()] == ["odd"]


def test_ordinary_numbers_stay_as_they_are() -> None:
    text = "3400 people, chat -1001234567890, at 20261109T0915, 17 digits 12345678901234567"
    assert redacted(text) == text
