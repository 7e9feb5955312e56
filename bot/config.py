"""What an installation sets: `config.yaml`, each value also as an environment variable.

`REKAN_TELEGRAM__TOKEN` stands for `telegram.token`. Secrets are never shown, neither in a problem nor in a
log nor in a repr; ask for them by `get_secret_value()`.
"""

import contextlib
import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from urllib.parse import urlsplit

from pydantic import BeforeValidator, ConfigDict, Field, PlainValidator, SecretStr, WithJsonSchema

from bot.content import yaml
from bot.content.problems import ContentError, Place, TooManyProblemsError, advice
from bot.content.shape import Flag, Reading, Shape, Whole, choice, known, refuse, text_of, whole
from bot.content.yaml import Scalar

PREFIX = "REKAN_"
USUAL = "config.yaml"
SHIPPED = Path(__file__).parent.parent / "config.example.yaml"
MOST_PER_SECOND = 1_000
"""What Telegram allows at most, for Stars; another Bot API server may allow more."""

# --- kinds of values ----------------------------------------------------------------------------------


class Address(NamedTuple):
    """Where a server listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def _address(value: Any) -> Address:
    if isinstance(value, Address):
        return value
    host, _, port = text_of(value).rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if (
        not re.fullmatch(r"[A-Za-z0-9.:_-]+", host)
        or not re.fullmatch(r"[0-9]{1,5}", port)
        or int(port) > 65535
    ):
        raise refuse("is no address to listen on", 'write host:port, such as "127.0.0.1:8080"')
    return Address(host, int(port))


def _web_address(value: Any) -> str:
    text = text_of(value)
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable or re.search(r"\s", text):
        raise refuse("is no web address", "write it whole, such as https://rekan.example.invalid")
    return str(text).rstrip("/")


def _webhook_address(value: Any) -> str:
    address = _web_address(value)
    # A Bot API server on this machine (Telegram's own, or the simulator) calls without TLS too.
    local = urlsplit(address).hostname in ("localhost", "127.0.0.1", "::1")
    if not address.startswith("https://") and not local:
        raise refuse("does not begin with https://", "Telegram calls a webhook by https only")
    return address


def _bot_api(value: Any) -> str:
    """A Bot API server's address up to where the token follows, as python-telegram-bot wants it."""
    address = _web_address(value)
    return address if address.endswith("/bot") or "{token}" in address else f"{address}/bot"


def _secret(pattern: str, what: str, mend: str) -> BeforeValidator:
    """A secret of that pattern; one that is none is not quoted."""

    def validate(value: Any) -> SecretStr:
        if isinstance(value, SecretStr):
            return value
        text = text_of(value)
        if not re.fullmatch(pattern, text):
            raise refuse(what, mend, quote=False)
        return SecretStr(str(text))

    return BeforeValidator(validate)


def _database_url(value: Any) -> SecretStr:
    if isinstance(value, SecretStr):
        return value
    text = str(text_of(value))
    mend = "write sqlite:///rekan.db or postgresql://user:password@host/database"
    try:
        parts = urlsplit(text)
        usable = bool(parts.path.strip("/")) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not re.match(r"(sqlite|postgresql(\+psycopg)?)://", text):
        raise refuse("is an address of neither SQLite nor PostgreSQL", mend, quote=False)
    if text.startswith("sqlite:") and (
        not text.startswith("sqlite:///") or ":memory:" in text or "?" in text
    ):
        raise refuse("names no file (what is kept in memory only is lost)", mend, quote=False)
    if not usable:
        raise refuse("names no database", mend, quote=False)
    return SecretStr(text)


def _number(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    plain = isinstance(value, str) and getattr(value, "plain", True)
    if not plain or not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", value):
        raise refuse("is not a number", "write digits, such as 30 or 0.5")
    return float(value)


def _comma_separated(value: Any) -> Any:
    """A list, also from the one line that an environment variable has."""
    if not isinstance(value, Scalar):
        return value
    items = yaml.Sequence(value.place)
    items.extend(value.like(part.strip()) for part in value.split(",") if part.strip())
    return items


def _path(value: Any) -> Path:
    return value if isinstance(value, Path) else Path(str(text_of(value)))


_TEXT = WithJsonSchema({"type": "string"})
Token = Annotated[
    SecretStr,
    _secret(
        r"[0-9]{1,20}:[A-Za-z0-9_-]{20,}",
        "does not look like a bot token",
        "copy it whole from @BotFather: digits, a colon, about 35 letters and digits",
    ),
    _TEXT,
]
WebhookSecret = Annotated[
    SecretStr,
    _secret(
        r"[A-Za-z0-9_-]{1,256}",
        "is none that Telegram takes",
        "use 1 to 256 of A-Z a-z 0-9 _ - (32 at random are good)",
    ),
    _TEXT,
]
Listen = Annotated[Address, PlainValidator(_address), _TEXT]
WebAddress = Annotated[str, PlainValidator(_web_address), _TEXT]
WebhookAddress = Annotated[str, PlainValidator(_webhook_address), _TEXT]
Folder = Annotated[Path, PlainValidator(_path), _TEXT]
Rate = Annotated[float, BeforeValidator(_number)]


# --- the file -----------------------------------------------------------------------------------------


class Section(Shape):
    """A part of the configuration."""

    # Built without a file (in a test, say), a model reports errors itself: never with what was given.
    model_config = ConfigDict(hide_input_in_errors=True)


class Mode(StrEnum):
    """How updates come."""

    POLLING = "polling"
    WEBHOOK = "webhook"


class Part(StrEnum):
    """What one process does where several share a database: `rekan run --only`."""

    INTAKE = "intake"
    WEB = "web"
    DELIVERY = "delivery"


class Webhook(Section):
    """Where Telegram delivers updates, in mode `webhook`."""

    url: WebhookAddress | None = Field(None, description="The public https address of this server.")
    listen: Listen = Field(
        Address("127.0.0.1", 8443), description="host:port, behind a proxy that speaks TLS."
    )
    secret: WebhookSecret | None = Field(
        None, description="What Telegram sends along with every update: 1-256 of A-Z a-z 0-9 _ -."
    )


class Pace(Section):
    """How fast messages may go out; the defaults are Telegram's free tier."""

    per_second: Whole = Field(30, ge=1, le=100_000, description="Messages a second over all chats.")
    per_chat: Rate = Field(1, gt=0, le=30, description="Messages a second in one chat.")
    per_group_minute: Whole = Field(20, ge=1, le=1_000, description="Messages a minute in one group.")
    paid: Flag = Field(False, description="Paid broadcasts: more than 30 a second, for Telegram Stars.")
    stars: Whole = Field(
        0,
        ge=0,
        le=1_000_000,
        description="Stars that may be spent in a day (UTC), a tenth for each message; then 30 a second.",
    )

    @property
    def budget(self) -> int:
        """Stars a day that may be spent; 0 where nothing is paid for."""
        return self.stars if self.paid else 0


class Telegram(Section):
    """The bot's account and its server."""

    token: Token | None = Field(
        None, description="From @BotFather. Better set as REKAN_TELEGRAM__TOKEN than written here."
    )
    base_url: Annotated[str, PlainValidator(_bot_api), _TEXT] = Field(
        "https://api.telegram.org/bot", description="Another Bot API server, the simulator among them."
    )
    mode: Annotated[Mode, choice(Mode)] = Mode.POLLING
    webhook: Webhook = Field(default_factory=Webhook)
    pace: Pace = Field(default_factory=Pace)


class Database(Section):
    """Where everything is kept."""

    url: Annotated[SecretStr, BeforeValidator(_database_url), _TEXT] = Field(
        SecretStr("sqlite:///rekan.db"),
        description="sqlite:///file, or postgresql://user:password@host/database.",
    )

    @property
    def shown(self) -> str:
        """The address without its password."""
        return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", self.url.get_secret_value())


class Web(Section):
    """Health checks, figures and the coordinators' pages."""

    listen: Listen = Field(Address("127.0.0.1", 8080), description="host:port.")
    url: WebAddress | None = Field(
        None, description="The address under which people reach the pages; port 0 is the one listened on."
    )


class Level(StrEnum):
    """What is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Format(StrEnum):
    """How it is logged: for eyes, or a JSON document a line."""

    TEXT = "text"
    JSON = "json"


class Log(Section):
    """The log, on standard error."""

    level: Annotated[Level, choice(Level)] = Level.INFO
    format: Annotated[Format, choice(Format)] = Format.TEXT


class Config(Section):
    """An installation. Folders, and SQLite's file, are relative to the configuration file."""

    telegram: Telegram = Field(default_factory=Telegram)
    database: Database = Field(default_factory=Database)
    web: Web = Field(default_factory=Web)
    content: Folder = Field(Path("content"), description="The folder of what is said.")
    schedules: Folder = Field(Path("schedules"), description="The folder of when it is said.")
    owners: Annotated[list[Whole], BeforeValidator(_comma_separated)] = Field(
        [], description="Telegram ids of who may do everything; kept for coordinators' screens to come."
    )
    log: Log = Field(default_factory=Log)


# --- reading ------------------------------------------------------------------------------------------


def load_config(path: Path | None, environ: Mapping[str, str]) -> Config:
    """The configuration in `path`, overridden by `environ`.

    Without a path it is config.yaml in the current folder, or else the shipped example. Raises
    `ContentError` with every problem in the file and in the environment.
    """
    file = path or next((usual for usual in (Path.cwd() / USUAL,) if usual.exists()), SHIPPED)
    reading = Reading(quoting=False, empty_is_absent=True)
    config = None
    with contextlib.suppress(TooManyProblemsError):
        source = _source(file, reading)
        _override(source, environ, reading)
        config = reading.read(Config, source)
        if config is not None:
            _check(config, reading)
    if reading.problems or config is None:
        raise ContentError(sorted(reading.problems))
    return _resolved(config, file.absolute().parent)


def _source(file: Path, reading: Reading) -> yaml.Mapping:
    if not file.exists():
        reading.problem(
            Place(str(file)), "does not exist", f"copy config.example.yaml to {file.name}, or give -c FILE"
        )
        return yaml.Mapping(Place(str(file)))
    source, problems = yaml.read(file, may_be_empty=True)
    reading.add(problems)
    return yaml.Mapping(Place(str(file))) if source is None else source


def _override(source: yaml.Mapping, environ: Mapping[str, str], reading: Reading) -> None:
    """Put what the environment says into `source`; a variable without a value says nothing."""
    settings = dict(_settings(Config, PREFIX))
    for variable in sorted(environ):
        if not variable.startswith(PREFIX) or not environ[variable].strip():
            continue
        place = Place(f"environment:{variable}")
        keys = settings.get(variable)
        if keys is None:
            reading.problem(place, "is no setting of Rekan's", advice(variable, settings))
            continue
        *sections, key = keys
        section: yaml.Value = source
        for name in sections:
            if isinstance(section, yaml.Mapping):
                below = section.get(name)
                if below is None or (isinstance(below, Scalar) and below.empty):
                    below = section[name] = yaml.Mapping(place)
                section = below
        if isinstance(section, yaml.Mapping):
            section[key] = Scalar(environ[variable].strip(), place, plain=True)


def _settings(section: type[Shape], prefix: str) -> list[tuple[str, tuple[str, ...]]]:
    """Every setting: its variable, and its keys in the file."""
    found: list[tuple[str, tuple[str, ...]]] = []
    for name, field in section.model_fields.items():
        variable = f"{prefix}{name.upper()}"
        if isinstance(field.annotation, type) and issubclass(field.annotation, Shape):
            found += [(below, (name, *keys)) for below, keys in _settings(field.annotation, f"{variable}__")]
        else:
            found.append((variable, (name,)))
    return found


def _check(config: Config, reading: Reading) -> None:
    """What one value alone cannot tell."""
    telegram = config.telegram
    if known(telegram) and known(telegram.webhook) and telegram.mode is Mode.WEBHOOK:
        for key in ("url", "secret"):
            if getattr(telegram.webhook, key) is None:
                what = f"mode webhook needs 'telegram.webhook.{key}'"
                reading.problem(telegram.where("mode"), what, "set it, or use mode polling")
    if known(telegram) and whole(telegram.pace) and telegram.pace.per_second > 30 and not telegram.pace.paid:
        what = "'per_second' is above 30, which Telegram refuses without paid broadcasts"
        reading.problem(telegram.pace.where("per_second"), what, "write 30 or less, or set 'paid: true'")
    official = whole(telegram) and telegram.base_url.startswith("https://api.telegram.org/")
    if official and telegram.pace.per_second > MOST_PER_SECOND:
        what = f"'per_second' is above {MOST_PER_SECOND:,}, which Telegram refuses"
        reading.problem(telegram.pace.where("per_second"), what, "write 1000 or less")
    if known(telegram) and whole(telegram.pace) and telegram.pace.paid and not telegram.pace.stars:
        what = "'paid' has no budget"
        reading.problem(
            telegram.pace.where("paid"),
            what,
            "set 'stars' to how many Stars a day may be spent (10 messages each)",
        )
    if whole(config.owners) and any(owner < 1 for owner in config.owners):
        reading.problem(config.where("owners"), "'owners' has an id below 1", "write the ids of people")


def _resolved(config: Config, folder: Path) -> Config:
    url = config.database.url.get_secret_value()
    if url.startswith("sqlite:///"):
        url = f"sqlite:///{folder / url.removeprefix('sqlite:///')}"
    return config.model_copy(
        update={
            "content": folder / config.content,
            "schedules": folder / config.schedules,
            "database": Database(url=SecretStr(url)),
        }
    )
