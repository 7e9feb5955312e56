import socket
import urllib.parse
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.cli.doctor import State, _clock, _of_version
from bot.domain.programme import Catalogue
from bot.simulator import Simulator
from bot.storage.database import Database
from bot.storage.instance import hold
from tests.cli.conftest import ROOT, Ended, Rekan

MADE_UP = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"


def states(ended: Ended) -> dict[str, str]:
    return {found["check"]: found["state"] for found in ended.document["checks"]}


def finding(ended: Ended, check: str) -> dict[str, Any]:
    (found,) = [found for found in ended.document["checks"] if found["check"] == check]
    return dict(found)


def test_a_sound_setup(rekan: Rekan, home: Path, online: dict[str, str], simulator: Simulator) -> None:
    (home / "config.yaml").chmod(0o600)
    rekan("db", "upgrade")
    before = sorted(path.name for path in home.iterdir())
    ended = rekan("doctor", "--json", env=online)
    found = states(ended)
    del found["timetable"]  # a warning from the day on which the example is over
    assert set(found.values()) == {"ok"}, ended.out
    assert list(found) == [
        "rekan",
        "zones",
        "configuration",
        "secrets",
        "content",
        "write access",
        "disk",
        "database",
        "claim links",
        "instance",
        "address",
        "telegram",
        "clock",
        "token",
        "webhook",
    ]
    assert (ended.code, ended.document["ok"]) == (0, True)
    assert finding(ended, "token")["what"] == "it is @rekan_simulasi_bot's"
    assert simulator.token not in ended.out
    after = {path.name for path in home.iterdir()} - {"rekan.db.lock.pid", "rekan.db-wal", "rekan.db-shm"}
    assert after == set(before)
    in_words = rekan("doctor", env=online)
    assert in_words.code == 0
    assert "ok   token         it is @rekan_simulasi_bot's\n" in in_words.out


def test_without_a_token_or_a_database(rekan: Rekan, home: Path) -> None:
    ended = rekan("doctor", "--json")
    assert (ended.code, ended.document["ok"]) == (1, False)
    assert finding(ended, "token")["state"] == "fail"
    assert "@BotFather" in finding(ended, "token")["mend"]
    assert finding(ended, "database")["what"] == f"{home}/rekan.db will be made at the first start"
    assert not (home / "rekan.db").exists()


def test_a_refused_token_is_not_shown(rekan: Rekan, simulator: Simulator) -> None:
    env = {"REKAN_TELEGRAM__TOKEN": MADE_UP, "REKAN_TELEGRAM__BASE_URL": simulator.base_url}
    ended = rekan("doctor", "--json", env=env)
    assert ended.code == 1
    assert finding(ended, "token")["what"] == "the server refuses it (401 Unauthorized)"
    assert "AAHdq" not in ended.out + ended.err


def test_a_server_out_of_reach(rekan: Rekan) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        env = {"REKAN_TELEGRAM__TOKEN": MADE_UP, "REKAN_TELEGRAM__BASE_URL": f"http://127.0.0.1:{port}"}
        ended = rekan("doctor", "--json", env=env)
    assert ended.code == 1
    assert finding(ended, "telegram")["what"] == f"http://127.0.0.1:{port}/bot: Connection refused"


def test_a_webhook_that_polling_would_remove(
    rekan: Rekan, online: dict[str, str], simulator: Simulator
) -> None:
    query = urllib.parse.urlencode({"url": "https://other.example.invalid/hook"})
    with urllib.request.urlopen(f"{simulator.base_url}{simulator.token}/setWebhook?{query}") as answer:
        assert answer.status == 200
    found = finding(rekan("doctor", "--json", env=online), "webhook")
    assert (found["state"], found["what"]) == ("warn", "updates go to https://other.example.invalid/hook")


def test_broken_files_are_findings(rekan: Rekan, home: Path) -> None:
    (home / "config.yaml").write_text(f"content: {ROOT / 'content'}\nschedules: plan\nowners: [x]\n")
    ended = rekan("doctor", "--json")
    assert ended.code == 1
    assert finding(ended, "configuration")["what"].startswith("config.yaml:3: ")
    (home / "config.yaml").write_text(f"content: {ROOT / 'content'}\nschedules: plan\n")
    ended = rekan("doctor", "--json")
    assert finding(ended, "content")["state"] == "fail"
    assert states(ended)["disk"] == "ok"  # the rest is looked at all the same


def test_a_configuration_with_a_token_that_others_may_read(
    rekan: Rekan, home: Path, online: dict[str, str]
) -> None:
    (home / "config.yaml").chmod(0o644)
    found = finding(rekan("doctor", "--json", env=online), "secrets")
    assert (found["state"], found["mend"]) == ("warn", f"chmod 600 {home}/config.yaml")


def test_databases_that_cannot_be_used(rekan: Rekan, home: Path) -> None:
    (home / "rekan.db").write_bytes(b"this is not a database, but long enough to look at" * 50)
    found = finding(rekan("doctor", "--json"), "database")
    assert found["state"] == "fail"
    assert "is not an SQLite database" in found["what"]
    elsewhere = {"REKAN_DATABASE__URL": "sqlite:///no/such/folder/rekan.db"}
    found = finding(rekan("doctor", "--json", env=elsewhere), "write access")
    assert (found["state"], found["what"]) == ("fail", f"{home}/no/such/folder does not exist")
    env = {"REKAN_DATABASE__URL": "postgresql://rekan:geheim@127.0.0.1:1/rekan"}
    ended = rekan("doctor", "--json", env=env)
    assert finding(ended, "database")["state"] == "fail"
    assert "geheim" not in ended.out + ended.err


def test_how_old_postgresql_is(rekan: Rekan, postgresql: Callable[[], str]) -> None:
    found = finding(rekan("doctor", "--json", env={"REKAN_DATABASE__URL": postgresql()}), "postgresql")
    assert (found["state"], int(found["what"].removeprefix("version ")) >= 14) == ("ok", True)
    old = _of_version(130_018)
    assert (old.state, old.mend) == (State.WARN, "upgrade it to 14 or newer")
    assert old.what.startswith("version 13: ")


def test_a_rekan_that_runs_is_seen(rekan: Rekan, home: Path) -> None:
    rekan("db", "upgrade")
    database = Database.open(f"sqlite:///{home / 'rekan.db'}", Catalogue({}, {}))
    with hold(database):
        ended = rekan("doctor", "--json")
    database.close_now()
    assert "is running on" in finding(ended, "instance")["what"]


def test_addresses_that_cannot_be_listened_on(rekan: Rekan) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        found = finding(rekan("doctor", "--json", env={"REKAN_WEB__LISTEN": address}), "address")
    assert (found["state"], found["what"]) == ("warn", f"web.listen: {address} is in use")
    webhook = {
        "REKAN_TELEGRAM__MODE": "webhook",
        "REKAN_TELEGRAM__WEBHOOK__URL": "https://rekan.example.invalid/hook",
        "REKAN_TELEGRAM__WEBHOOK__SECRET": "x",
        "REKAN_TELEGRAM__WEBHOOK__LISTEN": "192.0.2.1:8443",
    }
    document = rekan("doctor", "--json", env=webhook).document
    assert [(each["state"], each["what"]) for each in document["checks"] if each["check"] == "address"] == [
        ("ok", "web.listen: 127.0.0.1:0 is free"),
        ("fail", "telegram.webhook.listen: 192.0.2.1:8443 cannot be listened on"),
    ]


def test_clocks_are_compared_with_patience_for_the_network() -> None:
    now = datetime(2026, 11, 9, 2, 0, 0, tzinfo=UTC)

    def compared(seconds: float) -> tuple[State, str]:
        (found,) = _clock(now, now + timedelta(seconds=seconds), now + timedelta(seconds=seconds + 2))
        return found.state, found.what

    for agreeing in (-8, -2, 0, 6):
        assert compared(agreeing)[0] is State.OK
    assert compared(60) == (State.WARN, "this machine's clock is 59 s ahead")
    assert compared(-60) == (State.WARN, "this machine's clock is 57 s behind")
    assert list(_clock(None, now, now)) == []
