"""Configuration: file, environment, problems, and secrets that stay secret."""

import traceback
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from bot.config import SHIPPED, Address, Config, Database, Mode, Telegram, load_config
from bot.content.problems import ContentError, format_problem

TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"


def said(path: Path, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ContentError) as raised:
        load_config(path, environ or {})
    return [format_problem(problem) for problem in raised.value.problems]


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path("config.yaml")


def test_the_shipped_example_is_the_default(file: Path) -> None:
    config = load_config(None, {})
    assert config == load_config(SHIPPED, {})
    assert config.content == SHIPPED.parent / "content"
    assert config.telegram.token is None
    assert config.telegram.base_url == "https://api.telegram.org/bot"


def test_the_shipped_example_says_the_defaults(file: Path) -> None:
    """Whoever deletes a line of the example changes nothing."""
    file.write_text("log: {}\n", encoding="utf-8")
    bare, shipped = load_config(file, {}), load_config(SHIPPED, {})
    folder = SHIPPED.parent
    assert bare.model_dump(exclude={"content", "schedules", "database"}) == shipped.model_dump(
        exclude={"content", "schedules", "database"}
    )
    assert shipped.database.url.get_secret_value() == f"sqlite:///{folder}/rekan.db"
    assert bare.database.url.get_secret_value() == f"sqlite:///{Path.cwd()}/rekan.db"


@pytest.mark.parametrize("text", ["", "# all commented out\n", "telegram:\n"])
def test_nothing_set_is_fine(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    assert load_config(None, {}).telegram.mode is Mode.POLLING


def test_a_whole_file(file: Path) -> None:
    file.write_text(
        f"""
telegram:
  token: {TOKEN}
  base_url: http://127.0.0.1:8081/
  mode: webhook
  webhook: {{url: https://rekan.example.invalid/, listen: "0.0.0.0:443", secret: abc-DEF_1}}
  pace: {{per_second: 900, per_chat: 0.5, per_group_minute: 20, paid: true, stars: 400}}
database: {{url: "postgresql://rekan:geheim@db.example.invalid/rekan"}}
web: {{listen: "[::1]:80", url: "http://localhost:80"}}
content: /srv/content
schedules: ../schedules
owners: [12, 13]
log: {{level: debug, format: json}}
""",
        encoding="utf-8",
    )
    config = load_config(None, {})
    token, secret = config.telegram.token, config.telegram.webhook.secret
    assert token is not None
    assert secret is not None
    assert (token.get_secret_value(), secret.get_secret_value()) == (TOKEN, "abc-DEF_1")
    assert config.telegram.base_url == "http://127.0.0.1:8081/bot"
    assert config.telegram.webhook.listen == Address("0.0.0.0", 443)
    assert config.web.listen == Address("::1", 80)
    assert config.content == Path("/srv/content")
    assert config.schedules == Path.cwd() / "../schedules"
    assert config.owners == [12, 13]
    assert config.database.shown == "postgresql://rekan:***@db.example.invalid/rekan"


def test_the_environment_comes_first(file: Path) -> None:
    file.write_text("telegram: {token: '1:x'}\nowners: [1]\n", encoding="utf-8")
    config = load_config(
        file,
        {
            "REKAN_TELEGRAM__TOKEN": TOKEN,
            "REKAN_TELEGRAM__PACE__PER_SECOND": "25",
            "REKAN_OWNERS": "7, 8",
            "REKAN_LOG__LEVEL": " ",
            "REKAN_WEB__LISTEN": "127.0.0.1:9",
            "HOME": "/root",
        },
    )
    assert config.telegram.token == SecretStr(TOKEN)
    assert config.telegram.pace.per_second == 25
    assert config.owners == [7, 8]
    assert config.web.listen == Address("127.0.0.1", 9)


def test_every_problem_with_its_place(file: Path) -> None:
    file.write_text(
        """\
telegram:
  token: 123:abc
  mode: webhok
  base_url: api.telegram.org
  pace: {per_second: fast, per_chat: 0, paid: yes}
database: {url: "postgres://u:geheim@h/db"}
web: {listen: 8080, url: "ftp://x"}
owners: [anna, 5]
log: {level: LOUD, format: text}
webhook: {}
schedules: []
""",
        encoding="utf-8",
    )
    environ = {
        "REKAN_TELEGRAM_TOKEN": TOKEN,
        "REKAN_WEB": "x",
        "REKAN_TELEGRAM__WEBHOOK__URL": "http://rekan.example.invalid",
        "REKAN_TELEGRAM__WEBHOOK__SECRET": "mit leerzeichen",
    }
    assert [line.partition(";")[0] for line in said(file, environ)] == [
        "config.yaml:2: 'token' does not look like a bot token",
        "config.yaml:3: 'mode' is none of its values",
        "config.yaml:4: 'base_url' is no web address",
        "config.yaml:5: 'paid' is neither true nor false",
        "config.yaml:5: 'per_chat' is not above 0",
        "config.yaml:5: 'per_second' is not a whole number",
        "config.yaml:6: 'url' is an address of neither SQLite nor PostgreSQL",
        "config.yaml:7: 'listen' is no address to listen on",
        "config.yaml:7: 'url' is no web address",
        "config.yaml:8: an item of 'owners' is not a whole number",
        "config.yaml:9: 'level' is none of its values",
        "config.yaml:10: unknown key 'webhook'",
        "config.yaml:11: 'schedules' is not a text: a list",
        "environment:REKAN_TELEGRAM_TOKEN: is no setting of Rekan's",
        "environment:REKAN_TELEGRAM__WEBHOOK__SECRET: 'secret' is none that Telegram takes",
        "environment:REKAN_TELEGRAM__WEBHOOK__URL: 'url' does not begin with https://",
        "environment:REKAN_WEB: is no setting of Rekan's",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "telegram: {mode: webhook, webhook: {secret: x}}",
            "1: mode webhook needs 'telegram.webhook.url'; set it, or use mode polling",
        ),
        (
            "telegram: {mode: webhook, webhook: {url: 'https://x.example.invalid'}}",
            "1: mode webhook needs 'telegram.webhook.secret'; set it, or use mode polling",
        ),
        (
            "telegram: {pace: {per_second: 31}}",
            (
                "1: 'per_second' is above 30, which Telegram refuses without paid broadcasts; "
                "write 30 or less, or set 'paid: true'"
            ),
        ),
        (
            "telegram: {pace: {per_second: 1001, paid: true, stars: 1}}",
            "1: 'per_second' is above 1,000, which Telegram refuses; write 1000 or less",
        ),
        (
            "telegram: {pace: {paid: true}}",
            "1: 'paid' has no budget; set 'stars' to how many Stars a day may be spent (10 messages each)",
        ),
        (
            "database: {url: 'sqlite://'}",
            (
                "1: 'url' names no file (what is kept in memory only is lost); "
                "write sqlite:///rekan.db or postgresql://user:password@host/database"
            ),
        ),
        (
            "database: {url: 'postgresql://host'}",
            "1: 'url' names no database; write sqlite:///rekan.db or postgresql://user:password@host/database",
        ),
        ("owners: [-100123]", "1: 'owners' has an id below 1; write the ids of people"),
        ("\ttelegram:", "1: a tab indents this line; indent with spaces: YAML knows no tabs"),
        (
            "telegram: x",
            "1: 'telegram' is not a mapping; write token, base_url, mode, webhook, pace below it",
        ),
    ],
)
def test_a_problem(file: Path, text: str, problem: str) -> None:
    file.write_text(text, encoding="utf-8")
    assert said(file) == [f"config.yaml:{problem}"]


def test_a_value_that_cannot_be_read_hides_no_missing_one(file: Path) -> None:
    file.write_text("telegram: {token: x, mode: webhook, webhook: {secret: 'a b'}}", encoding="utf-8")
    assert [line.partition(";")[0] for line in said(file)] == [
        "config.yaml:1: 'secret' is none that Telegram takes",
        "config.yaml:1: 'token' does not look like a bot token",
        "config.yaml:1: mode webhook needs 'telegram.webhook.url'",
    ]


def test_a_file_that_is_not_there(file: Path) -> None:
    assert said(Path("rekan.yaml")) == [
        "rekan.yaml: does not exist; copy config.example.yaml to rekan.yaml, or give -c FILE"
    ]


SECRETS = [
    "telegram: {token: '110201543:GEHEIM'}",
    "telegram: {token: [GEHEIM]}",
    "telegram: 110201543:GEHEIM",
    "telegram: {token: GEHEIM",
    "telegram: {webhook: {secret: 'GEHEIM !'}}",
    "telegram: {mode: GEHEIM, base_url: GEHEIM, pace: {per_second: GEHEIM, paid: GEHEIM}}",
    "telegram:\n  token: GEHEIM: x\n",
    "database: {url: 'mysql://u:GEHEIM@h/d'}",
    "database: {url: 'postgresql://u:GEHEIM@[h/d'}",
    "owners: GEHEIM",
    "owners: [GEHEIM]",
    "web: {listen: GEHEIM}",
    "GEHEIM",
    "- GEHEIM",
]


SECRET_ENVIRONMENT = {"REKAN_TELEGRAM__TOKEN": "GEHEIM", "REKAN_DATABASE__URL": "GEHEIM"}


@pytest.mark.parametrize("text", SECRETS)
@pytest.mark.parametrize("environ", [{}, SECRET_ENVIRONMENT])
def test_no_problem_shows_a_value(file: Path, text: str, environ: dict[str, str]) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ContentError) as raised:
        load_config(file, environ)
    assert "GEHEIM" not in "".join(traceback.format_exception(raised.value))
    assert "GEHEIM" not in repr(raised.value.problems)


def test_secrets_are_in_no_repr(file: Path) -> None:
    file.write_text(
        f"telegram: {{token: '{TOKEN}', webhook: {{secret: GEHEIM}}}}\ndatabase: {{url: 'postgresql://u:GEHEIM@h/d'}}",
        encoding="utf-8",
    )
    config = load_config(file, {})
    for shown in (
        repr(config),
        str(config),
        config.model_dump_json(),
        repr(config.telegram.token),
        config.database.shown,
    ):
        assert "GEHEIM" not in shown
        assert TOKEN not in shown
        assert TOKEN.split(":")[1] not in shown


def test_built_by_hand_it_keeps_secrets_too() -> None:
    config = Config(
        telegram=Telegram(token=SecretStr(TOKEN)), database=Database(url=SecretStr("sqlite:///x.db"))
    )
    assert TOKEN not in repr(config)
    wrong = "GEHEIM"
    with pytest.raises(ValidationError) as raised:
        Telegram.model_validate({"token": wrong})
    assert wrong not in "".join(traceback.format_exception(raised.value))


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=1_000,
    max_examples=100,
)
@given(
    data=st.one_of(
        st.binary(max_size=100), st.text(max_size=100).map(lambda t: f"telegram: {{token: {t}".encode())
    )
)
def test_whatever_the_file_holds_there_is_a_configuration_or_problems(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    try:
        load_config(file, {})
    except ContentError as error:
        found = error.problems
    else:
        return
    assert found
