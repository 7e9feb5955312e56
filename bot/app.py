"""The only place that wires things together: one bot on one database, from its start to its clean end."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import structlog

from bot.clock import Clock, SystemClock
from bot.config import Config, Mode
from bot.content.wording import Wording
from bot.delivery.pacer import Limits, Pacer
from bot.delivery.sender import Sender
from bot.delivery.timetable import Timetable
from bot.domain.programme import Catalogue
from bot.intake import Intake
from bot.storage import state
from bot.storage.database import Database, DatabaseError
from bot.storage.instance import hold
from bot.telegram import menus
from bot.telegram.client import Client, introduce, set_webhook
from bot.telegram.events import read_json
from bot.telegram.polling import Polling
from bot.telegram.render import Renderer
from bot.telegram.transport import CONNECTIONS
from bot.telegram.wire import TelegramWire
from bot.usecases import desk
from bot.web.server import build, serving
from bot.web.webhook import webhook

_log = structlog.get_logger()

_MOST_CONNECTIONS = 256


class NoTokenError(Exception):
    """There is no token to run with; the text says where one belongs."""


class LockLostError(Exception):
    """Another process may hold the database by now, so this one must stop at once."""


@dataclass(frozen=True, slots=True)
class Rekan:
    """A running bot."""

    database: Database
    client: Client
    pacer: Pacer
    sender: Sender
    timetable: Timetable
    intake: Intake


async def run(config: Config, catalogue: Catalogue) -> None:
    """Run until cancelled; what is in flight is then finished and recorded first.

    Raises DatabaseError, AlreadyRunning, TokenRefusedError, WebhookRefusedError, CannotListenError,
    NoTokenError, LockLostError: each a sentence.
    """
    lost = asyncio.Event()
    loop = asyncio.get_running_loop()

    def tell_loss() -> None:  # called from another thread
        loop.call_soon_threadsafe(lost.set)

    database = Database.open(config.database.url.get_secret_value(), catalogue)
    try:
        with hold(database, on_loss=tell_loss):
            database.upgrade()
            async with running(config, database, SystemClock()):
                # What is there now stays: looking through all of it again stopped everything for 160 ms.
                gc.freeze()
                _log.info("Rekan runs; Ctrl-C stops it", action="started", database=config.database.shown)
                await _until_cancelled(lost)
                _log.info("stopping: what is in flight is finished first", action="stopping")
    finally:
        await database.close()
    _log.info("stopped", action="stopped")


async def _until_cancelled(lost: asyncio.Event) -> None:
    """Return once somebody wants an end; raises LockLostError where it is urgent."""
    try:
        await lost.wait()
    except asyncio.CancelledError:
        # The wish is granted here, and then everything ends in its order: nothing below is cancelled.
        if (task := asyncio.current_task()) is not None:
            task.uncancel()
        return
    raise LockLostError(
        "the connection that held the database was lost, so another process may have begun: stopping at once"
    )


@contextlib.asynccontextmanager
async def running(config: Config, database: Database, clock: Clock) -> AsyncIterator[Rekan]:
    """A bot that runs inside the `with`, on a database that is held and up to date.

    What ends one of its parts for good (a token that is refused) cancels the block and is raised from it.
    """
    if config.telegram.token is None:
        raise NoTokenError(
            "there is no bot token: set telegram.token in config.yaml, or REKAN_TELEGRAM__TOKEN"
            " (`rekan demo` needs none)"
        )
    client = Client(
        config.telegram.token.get_secret_value(),
        config.telegram.base_url,
        connections=_connections(config),
        trust_env=True,
    )
    try:
        await introduce(client)
        await database.transact(state.remember, state.BOT_NAME, client.username)
        catalogue = database.catalogue
        wording = Wording(catalogue)
        wire = TelegramWire(client, Renderer(catalogue, wording))
        pacer = Pacer(clock, _limits(config))
        pace = config.telegram.pace
        sender = Sender(database, wire, pacer, clock, stars=pace.stars if pace.paid else 0)
        rekan = Rekan(
            database=database,
            client=client,
            pacer=pacer,
            sender=sender,
            timetable=Timetable(database, clock, sender.nudge),
            intake=Intake(database, desk.handle, wire, sender.nudge, clock),
        )
        async with _one_error(), asyncio.TaskGroup() as parts:
            parts.create_task(sender.run(), name="sender")
            timetable = parts.create_task(rekan.timetable.run(), name="timetable")
            parts.create_task(menus.publish(client, wording), name="menus")
            async with _updates(config, rekan, parts):
                yield rekan
            # The order of the end: nothing comes in, nothing rings, and then what is in flight ends.
            timetable.cancel()
            await rekan.intake.close()
            sender.stop()
    finally:
        await client.shutdown()


def _limits(config: Config) -> Limits:
    pace = config.telegram.pace
    return Limits(
        per_second=pace.per_second,
        per_chat=pace.per_chat,
        per_group_minute=pace.per_group_minute,
        at_once=_connections(config),
    )


def _connections(config: Config) -> int:
    """How many calls at once the pace takes, answers being a quarter of a second away."""
    return min(_MOST_CONNECTIONS, max(CONNECTIONS, config.telegram.pace.per_second // 4))


@contextlib.asynccontextmanager
async def _updates(config: Config, rekan: Rekan, parts: asyncio.TaskGroup) -> AsyncIterator[None]:
    """Updates come in inside the `with`, by polling or by webhook; on leaving, what came is taken first."""
    ready = partial(_why_not_ready, rekan.database)
    listen = config.web.listen
    if config.telegram.mode is Mode.POLLING:
        polling = Polling(rekan.client, rekan.intake.take)
        fetching = parts.create_task(polling.run(), name="polling")
        async with serving(build([], ready), f"{listen.host}:{listen.port}"):
            try:
                yield
            finally:
                polling.stop()
                await fetching
        return
    hook = config.telegram.webhook
    if hook.url is None or hook.secret is None:  # the configuration has been checked for that
        raise ValueError("webhook mode without an address or a secret")
    secret = hook.secret.get_secret_value()
    read: Callable[[Mapping[str, Any]], Any] = partial(read_json, username=rekan.client.username)
    take: Callable[[int, Any], Awaitable[None]] = rekan.intake.take
    path = urlsplit(hook.url).path or "/"
    app = build([webhook(path, secret, read, take)], ready)
    async with serving(app, f"{hook.listen.host}:{hook.listen.port}"):
        await set_webhook(rekan.client, hook.url, secret)
        yield


async def _why_not_ready(database: Database) -> str | None:
    try:
        await database.read(state.recall, state.BOT_NAME)
    except DatabaseError as error:
        return str(error)
    return None


@contextlib.asynccontextmanager
async def _one_error() -> AsyncIterator[None]:
    """A task group's single error as itself: whoever runs the bot wants its sentence, not its wrapping."""
    try:
        yield
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
            error = error.exceptions[0]
        raise error from error.__cause__
