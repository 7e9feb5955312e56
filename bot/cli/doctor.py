"""`rekan doctor`: what is wrong with a setup, and how to mend it."""

import errno
import os
import shutil
import socket
import stat
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bot.cli.errors import FAILED, explain
from bot.cli.options import ConfigFile, Json
from bot.cli.setup import config_path, open_database, read_catalogue, read_config, secrets_of
from bot.cli.terminal import console, print_json, version

if TYPE_CHECKING:
    from bot.config import Config
    from bot.domain.programme import Catalogue
    from bot.storage.database import Database, Transaction

_SKEW = timedelta(seconds=5)  # taps live 150 s and links are timed to the minute: this is early enough
_ROOM = 200 * 1024 * 1024  # bytes; a month of 3,400 people takes about half of it


class State(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was looked at, how it stands, and how to mend it."""

    check: str
    state: State
    what: str
    mend: str = ""


def doctor(config_file: ConfigFile = None, as_json: Json = False) -> None:
    """Say what is wrong with a setup, and how to mend it.

    It changes nothing. Ends with 0 where nothing fails (warnings do not count), else with 1.
    """
    findings = list(examine(config_file, datetime.now(UTC)))  # the machine's clock is what is examined
    if as_json:
        print_json(
            {
                "ok": not _failed(findings),
                "checks": [
                    {"check": f.check, "state": f.state.value, "what": f.what, "mend": f.mend}
                    for f in findings
                ],
            }
        )
    else:
        _show(findings)
    if _failed(findings):
        raise typer.Exit(FAILED)


def examine(config_file: Path | None, now: datetime) -> Iterator[Finding]:
    """Every check, in the order in which one mends: what the later ones need comes first."""
    yield from _program()
    yield from _zones()
    config: Config | None = None
    try:
        config = read_config(config_file)
    except Exception as error:  # noqa: BLE001 - a doctor reports; `_explained` raises what is a bug
        yield from _explained("configuration", error)
    if config is None:
        return
    for finding in _with_config(config, config_file, now):
        yield Finding(
            finding.check,
            finding.state,
            _without_secrets(config, finding.what),
            _without_secrets(config, finding.mend),
        )


def _with_config(config: "Config", config_file: Path | None, now: datetime) -> Iterator[Finding]:
    from bot.domain.programme import Catalogue

    yield from _configuration(config, config_path(config_file))
    catalogue = Catalogue({}, {})
    try:
        catalogue = read_catalogue(config)
    except Exception as error:  # noqa: BLE001 - as above
        yield from _explained("content", error)
    else:
        yield from _content(config, catalogue, now)
    yield from _database(config, catalogue)
    yield from _addresses(config)
    yield from _telegram(config)


# --- this machine -------------------------------------------------------------------------------------


def _program() -> Iterator[Finding]:
    python = ".".join(map(str, sys.version_info[:3]))
    yield Finding("rekan", State.OK, f"Rekan {version()} on Python {python}")


def _zones() -> Iterator[Finding]:
    """Whether the zone data knows Indonesia, with the hours it has had since 1988."""
    from zoneinfo import ZoneInfoNotFoundError

    from bot.domain.zones import Zone

    winter = datetime(2026, 11, 9, tzinfo=UTC)
    for zone, hours in ((Zone.WIB, 7), (Zone.WITA, 8), (Zone.WIT, 9)):
        try:
            offset = winter.astimezone(zone.tzinfo).utcoffset()
        except ZoneInfoNotFoundError:
            offset = None
        if offset != timedelta(hours=hours):
            yield Finding(
                "zones",
                State.FAIL,
                f"{zone.iana} should be UTC+{hours}, and is {offset or 'unknown'} here",
                "install the package tzdata again (make clean, then make demo)",
            )
            return
    yield Finding("zones", State.OK, "WIB, WITA and WIT are UTC+7, +8 and +9")


def _configuration(config: "Config", file: Path) -> Iterator[Finding]:
    yield Finding("configuration", State.OK, f"read from {file}")
    if config.telegram.token is None or sys.platform == "win32":
        return
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & 0o077:
        yield Finding(
            "secrets",
            State.WARN,
            f"{file} may be read by other users of this machine (mode {mode:o}), and may hold the token",
            f"chmod 600 {file}",
        )
    else:
        yield Finding("secrets", State.OK, f"only its owner may read {file}")


def _content(config: "Config", catalogue: "Catalogue", now: datetime) -> Iterator[Finding]:
    from bot.cli.check import in_words, summary
    from bot.content import loading

    if warnings := len(loading.check(config.content, config.schedules)):
        yield Finding("content", State.WARN, f"{warnings} warnings", "rekan check shows them")
    else:
        yield Finding("content", State.OK, in_words(summary(catalogue)))
    for programme in catalogue.programmes.values():
        today = now.astimezone(programme.zone.tzinfo).date()
        if programme.last_day < today:
            yield Finding(
                "timetable",
                State.WARN,
                f"{programme.id} was over on {programme.last_day}: nothing will be sent",
                f"change the days in {config.schedules}, or take its file away",
            )
        elif programme.sessions and all(session.ends < now for session in programme.sessions):
            yield Finding(
                "timetable", State.WARN, f"{programme.id}: every session is over", "is the year right?"
            )
        else:
            days = f"{programme.first_day} to {programme.last_day}"
            yield Finding("timetable", State.OK, f"{programme.id}: {days}")


# --- the database -------------------------------------------------------------------------------------


def _database(config: "Config", catalogue: "Catalogue") -> Iterator[Finding]:
    from bot.storage.engines import DatabaseError, Sqlite, engine_kind

    try:
        kind = engine_kind(config.database.url.get_secret_value())
    except DatabaseError as error:
        yield Finding("database", State.FAIL, str(error))
        return
    if isinstance(kind, Sqlite):
        yield from _folder(kind.path)
        if not kind.path.exists():
            yield Finding("database", State.OK, f"{kind.path} will be made at the first start")
            return
    try:
        with open_database(config, catalogue, upgrade=False) as database:
            yield from _opened(database)
    except Exception as error:  # noqa: BLE001 - as above
        yield from _explained("database", error)


def _folder(path: Path) -> Iterator[Finding]:
    folder = path.parent
    if not folder.is_dir():
        yield Finding(
            "write access",
            State.FAIL,
            f"{folder} does not exist",
            f"mkdir -p {folder}, or change database.url",
        )
        return
    for place in (folder, path):
        if place.exists() and not os.access(place, os.W_OK):
            yield Finding(
                "write access",
                State.FAIL,
                f"{place} cannot be written",
                f"give it to the user Rekan runs as: chown <user> {place}",
            )
            return
    yield Finding("write access", State.OK, f"{folder} can be written")
    free = shutil.disk_usage(folder).free
    room = f"{free // 1024**2:,} MiB free at {folder}"
    if free < _ROOM:
        yield Finding(
            "disk", State.WARN, room, "make room: a database that cannot grow loses nothing, but stops"
        )
    else:
        yield Finding("disk", State.OK, room)


def _opened(database: "Database") -> Iterator[Finding]:
    from bot.storage.instance import AlreadyRunning, hold
    from bot.storage.schema import current

    revision = database.revision()
    if revision is None:
        yield Finding("database", State.OK, "empty; its tables will be made at the first start")
    elif not database.read_now(lambda tx: current(tx.connection)):
        yield Finding(
            "database",
            State.WARN,
            f"schema {revision}, of an older Rekan",
            "the next start mends that, or rekan db upgrade",
        )
    else:
        yield Finding("database", State.OK, f"schema {revision}{database.read_now(_durability)}")
        yield from database.read_now(_claims)
    yield from database.read_now(_server)
    try:
        with hold(database):
            yield Finding("instance", State.OK, "no other Rekan runs on this database")
    except AlreadyRunning as running:
        yield Finding("instance", State.OK, str(running).partition(":")[0])


def _durability(tx: "Transaction") -> str:
    if tx.connection.dialect.name != "sqlite":
        return ""
    journal = tx.connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
    synchronous = tx.connection.exec_driver_sql("PRAGMA synchronous").scalar_one()
    return f", journal {journal}, synchronous {synchronous}"


def _server(tx: "Transaction") -> list[Finding]:
    """How old a PostgreSQL server is."""
    if tx.connection.dialect.name != "postgresql":
        return []
    return [_of_version(int(tx.connection.exec_driver_sql("SHOW server_version_num").scalar_one()))]


def _of_version(number: int) -> Finding:
    from bot.storage.engines import Postgresql

    version = number // 10_000
    if version >= Postgresql.NEEDED:
        return Finding("postgresql", State.OK, f"version {version}")
    return Finding(
        "postgresql",
        State.WARN,
        f"version {version}: a standby may take longer than five seconds to take over from a frozen process",
        f"upgrade it to {Postgresql.NEEDED} or newer",
    )


def _claims(tx: "Transaction") -> list[Finding]:
    from bot.storage.secrets import CLAIMS, find_secret

    if find_secret(tx, CLAIMS) is None:
        return [Finding("claim links", State.OK, "their secret will be made with the first of them")]
    return [Finding("claim links", State.OK, "their secret is there; back it up with the database")]


def _addresses(config: "Config") -> Iterator[Finding]:
    """Whether the addresses that `rekan run` would serve at can be listened on."""
    from bot.config import Mode

    wanted = {"web.listen": config.web.listen}
    if config.telegram.mode is Mode.WEBHOOK:
        wanted["telegram.webhook.listen"] = config.telegram.webhook.listen
    for key, address in wanted.items():
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        try:
            socket.create_server(address, family=family).close()
        except OSError as error:
            state, what = State.FAIL, "cannot be listened on"
            mend = f"write an address of this machine and a port above 1023 into {key}"
            if error.errno == errno.EADDRINUSE:
                state, what = State.WARN, "is in use"
                mend = f"all is well if this Rekan runs already; if not, write another port into {key}"
            yield Finding("address", state, f"{key}: {address} {what}", mend)
        else:
            yield Finding("address", State.OK, f"{key}: {address} is free")


# --- Telegram -----------------------------------------------------------------------------------------


def _telegram(config: "Config") -> Iterator[Finding]:
    from bot.cli.botapi import OutOfReachError, ask

    if config.telegram.token is None:
        yield Finding(
            "token",
            State.FAIL,
            "telegram.token is not set",
            "ask @BotFather for one and put it in config.yaml or REKAN_TELEGRAM__TOKEN "
            "(rekan demo and rekan simulate need none)",
        )
        return
    token, server = config.telegram.token.get_secret_value(), config.telegram.base_url
    try:
        asked = datetime.now(UTC)
        me = ask(server, token, "getMe")
        answered = datetime.now(UTC)
        webhook = ask(server, token, "getWebhookInfo") if me.ok else None
    except OutOfReachError as error:
        yield Finding(
            "telegram",
            State.FAIL,
            f"{server}: {error}",
            "look after network, proxy and firewall, or mend telegram.base_url",
        )
        return
    yield Finding("telegram", State.OK, f"{server} answers")
    yield from _clock(me.at, asked, answered)
    if me.ok:
        yield Finding("token", State.OK, f"it is @{me.result.get('username')}'s")
    else:
        yield Finding(
            "token",
            State.FAIL,
            f"the server refuses it ({me.status} {me.description})",
            "copy it again from @BotFather, whole; a new one voids the old",
        )
    if webhook is not None and webhook.ok:
        yield from _webhook(config, webhook.result)


def _clock(server: datetime | None, asked: datetime, answered: datetime) -> Iterator[Finding]:
    """Compare clocks. The server's counts whole seconds, and the answer took its time."""
    if server is None:
        return
    early, late = asked - timedelta(seconds=1), answered + timedelta(seconds=1)
    off = max(early - server, server - late, timedelta())
    if off > _SKEW:
        yield Finding(
            "clock",
            State.WARN,
            f"this machine's clock is {off.total_seconds():.0f} s {'ahead' if early > server else 'behind'}",
            "let it be set by NTP (timedatectl set-ntp true): reminders go by it",
        )
    else:
        yield Finding("clock", State.OK, "it agrees with the server's")


def _webhook(config: "Config", info: dict[str, object]) -> Iterator[Finding]:
    from bot.config import Mode

    registered, wanted = str(info.get("url") or ""), ""
    if config.telegram.mode is Mode.WEBHOOK:
        wanted = str(config.telegram.webhook.url)
    if registered != wanted:
        yield Finding(
            "webhook",
            State.WARN,
            f"updates go to {registered}" if registered else "no webhook is registered",
            f"rekan run ({config.telegram.mode}) changes that; make sure that no other program needs it",
        )
    elif wanted and info.get("last_error_message"):
        yield Finding(
            "webhook",
            State.WARN,
            f"Telegram says: {info['last_error_message']} ({info.get('pending_update_count')} updates wait)",
            "see that telegram.webhook.url leads to telegram.webhook.listen, with a valid certificate",
        )
    else:
        yield Finding("webhook", State.OK, f"updates go to {wanted}" if wanted else "none, as polling needs")


# --- in words -----------------------------------------------------------------------------------------


def _explained(check: str, error: Exception) -> Iterator[Finding]:
    told = explain(error)
    if told is None:
        raise error
    first, *others = told.lines
    if others:
        yield Finding(check, State.FAIL, f"{first}; and {len(others)} more", "rekan check lists them all")
    else:
        yield Finding(check, State.FAIL, first)


def _without_secrets(config: "Config", text: str) -> str:
    from bot.cli.logs import redacted

    for secret in secrets_of(config):
        text = text.replace(secret, "<secret>")
    return redacted(text)


def _failed(findings: Iterable[Finding]) -> bool:
    return any(finding.state is State.FAIL for finding in findings)


def _show(findings: Iterable[Finding]) -> None:
    from rich.text import Text

    out = console()
    colours = {State.OK: "green", State.WARN: "yellow", State.FAIL: "bold red"}
    for finding in findings:
        line = Text.assemble(
            (f"{finding.state:<5}", colours[finding.state]), f"{finding.check:<14}", finding.what
        )
        out.print(line, soft_wrap=True)
        if finding.mend:
            out.print(f"{'':19}{finding.mend}", soft_wrap=True)
