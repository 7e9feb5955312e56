"""The only place that wires things together: one bot on one database, from its start to its clean end."""

import asyncio
import contextlib
import gc
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import structlog

from bot.clock import Clock, SystemClock
from bot.config import Config, Mode, Part
from bot.content.wording import Wording
from bot.delivery.announcements import Announcements
from bot.delivery.fetching import Fetching, NotFetchedError, Reading
from bot.delivery.forecasts import Forecasts
from bot.delivery.pacer import Limits, Pacer
from bot.delivery.sender import Sender
from bot.delivery.timetable import Timetable
from bot.domain.forecast import Pace
from bot.domain.programme import Catalogue
from bot.health import instance_holds, instance_stands_by
from bot.intake import Intake
from bot.storage import state, waking
from bot.storage.database import Database, DatabaseError
from bot.storage.engines import Postgresql
from bot.storage.following import follow
from bot.storage.instance import Hold, Turn, hold
from bot.telegram import menus
from bot.telegram.client import Client, introduce, set_webhook
from bot.telegram.direct import CONNECTIONS
from bot.telegram.errors import TokenRefusedError
from bot.telegram.events import read_json
from bot.telegram.polling import Polling
from bot.telegram.render import Renderer
from bot.telegram.wire import TelegramWire
from bot.usecases import desk, desk_attendance, desk_rosters, staff
from bot.watch import Watch
from bot.web.pages import Pages
from bot.web.server import serving
from bot.web.webhook import Webhook

_log = structlog.get_logger()

_FAREWELL = 3.0  # seconds for a database that may be out of reach, at the end
_RECONNECT = 1.0  # seconds between a standby's attempts to reach the database
_MOST_CONNECTIONS = 256


class NoTokenError(Exception):
    """There is no token to run with; the text says where one belongs."""


class LockLostError(Exception):
    """Another process may hold the database by now, so this one must stop at once."""


@dataclass(frozen=True, slots=True)
class Rekan:
    """A running bot; of one that is only a part, what belongs to another part stands idle."""

    database: Database
    client: Client
    pacer: Pacer
    sender: Sender
    timetable: Timetable
    announcements: Announcements
    intake: Intake

    def look(self) -> None:
        """Somebody, perhaps in another process, has owed something or dealt with an announcement."""
        self.sender.nudge()
        self.announcements.nudge()


async def run(config: Config, catalogue: Catalogue, only: Part | None = None) -> None:
    """Run, wholly or one part, until cancelled; what is in flight is then finished and recorded first.

    Parts are for PostgreSQL. The part whose turn it is not yet stands by. Raises DatabaseError,
    AlreadyRunning, TokenRefusedError, WebhookRefusedError, CannotListenError, NoTokenError, LockLostError:
    each a sentence.
    """
    lost = asyncio.Event()
    database = Database.open(config.database.url.get_secret_value(), catalogue)
    try:
        async with contextlib.AsyncExitStack() as held:
            holds = []
            for turn in _turns(config, only):
                holding = _held(config, database, turn, lost, patiently=only is not None)
                holds.append(await held.enter_async_context(holding))
            database.upgrade()
            if only in (None, Part.DELIVERY):
                await asyncio.to_thread(holds[0].fence)
            part = "all" if only is None else only.value
            async with running(config, database, SystemClock(), lost, only=only):
                # What is there now stays: looking through all of it again stopped everything for 160 ms.
                gc.freeze()
                _log.info(
                    "Rekan runs; Ctrl-C stops it",
                    action="started",
                    database=config.database.shown,
                    part=part,
                )
                await _until_cancelled()
                if not lost.is_set():
                    _log.info("stopping: what is in flight is finished first", action="stopping")
    finally:
        # What held the database is out of reach then, and the database perhaps as well.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL if lost.is_set() else None):
                await database.close()
    _log.info("stopped", action="stopped")


def _turns(config: Config, only: Part | None) -> list[Turn]:
    """What has to be this process's alone."""
    polls = [Turn.POLLING] if config.telegram.mode is Mode.POLLING else []
    match only:
        case None:
            return [Turn.DELIVERY, *polls]
        case Part.DELIVERY:
            return [Turn.DELIVERY]
        case Part.INTAKE:
            return [*polls]
        case Part.WEB:
            return []


@contextlib.asynccontextmanager
async def _held(
    config: Config, database: Database, turn: Turn, lost: asyncio.Event, *, patiently: bool
) -> AsyncIterator[Hold]:
    """Be the one whose `turn` it is inside the `with`; `patiently`, stand by until then."""
    loop = asyncio.get_running_loop()

    def tell_loss() -> None:  # called from another thread
        loop.call_soon_threadsafe(lost.set)

    if not patiently:
        with hold(database, turn, on_loss=tell_loss) as held:
            yield held
        return
    with contextlib.ExitStack() as stack:
        yield await _standing_by(config, database, turn, tell_loss, stack)


async def _standing_by(
    config: Config,
    database: Database,
    turn: Turn,
    tell_loss: Callable[[], None],
    stack: contextlib.ExitStack,
) -> Hold:
    """Wait for the `turn`, and hold it until `stack` is closed; who asks meanwhile is told that all is well.

    Raises DatabaseError where the database cannot be reached at all.
    """
    over = threading.Event()
    waiting = False

    def wait(holder: str, seconds: float) -> bool:
        nonlocal waiting
        if not waiting:
            _log.info(
                "standing by: takes over when the other one ends",
                action="standing_by",
                turn=turn.name.lower(),
                holder=f"another Rekan{holder}",
            )
        waiting = True
        return not over.wait(seconds)

    well = Watch(database, SystemClock(), checks={"instance": instance_stands_by(turn.name.lower())})
    async with well.served(str(config.web.listen)):
        while True:
            attempt = asyncio.ensure_future(
                asyncio.to_thread(
                    lambda: stack.enter_context(hold(database, turn, on_loss=tell_loss, wait=wait))
                )
            )
            try:
                held = await asyncio.shield(attempt)
            except asyncio.CancelledError:
                over.set()
                await asyncio.gather(attempt, return_exceptions=True)
                raise
            except DatabaseError as error:
                if not waiting:
                    raise
                _log.warning("the database is away", action="database_away", why=str(error), pause=_RECONNECT)
                await asyncio.sleep(_RECONNECT)
            else:
                break
    if waiting:
        _log.info("taking over", action="taken_over", turn=turn.name.lower())
    return held


async def _until_cancelled() -> None:
    """Return once somebody wants an end."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        # The wish is granted here, and then everything ends in its order: nothing below is cancelled.
        if (task := asyncio.current_task()) is not None:
            task.uncancel()


async def _unless_lost(lost: asyncio.Event) -> None:
    await lost.wait()
    raise LockLostError(
        "the connection that held the database was lost, so another process may have begun: stopping at once"
    )


@contextlib.asynccontextmanager
async def running(
    config: Config,
    database: Database,
    clock: Clock,
    lost: asyncio.Event | None = None,
    *,
    only: Part | None = None,
) -> AsyncIterator[Rekan | None]:
    """A bot that runs inside the `with`, on a database that is held and up to date; None of pages only.

    What ends one of its parts for good (a token that is refused, a hold that is `lost`) cancels the block and
    is raised from it.
    """
    if only is Part.WEB:
        async with _sent_to_us(config, database) as files:
            # The process that sends looks by itself every second.
            alone = Pages(database, clock, config.web.url, _nobody, files)
            async with asyncio.TaskGroup() as tasks, _served(config, Watch(database, clock), alone):
                following = tasks.create_task(follow(database), name="corrections")
                yield None
                following.cancel()
        return
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
        await _see_to_owners(config, database, clock)
        await database.refresh()
        wording = Wording(database.catalogue)  # of which no correction changes a text
        wire = TelegramWire(client, Renderer(lambda: database.catalogue, wording))
        pacer = Pacer(clock, _limits(config))
        pace = config.telegram.pace
        sender = Sender(database, wire, pacer, clock, stars=pace.budget)
        forecasts = Forecasts(database, clock, pacer, sender, stars=pace.budget)
        announcements = Announcements(database, clock, forecasts.nudge, pace.per_second, pace.budget)
        caller = waking.Caller(database.kind) if isinstance(database.kind, Postgresql) else None
        nudge = caller.call if caller and only else sender.nudge
        readings = {
            desk_rosters.ACTION: Reading(desk_rosters.read, desk_rosters.found),
            desk_attendance.ACTION: Reading(
                desk_attendance.read, desk_attendance.found, desk_attendance.compare
            ),
        }
        fetching = Fetching(database, wire, readings, nudge, clock)

        def planned() -> None:
            """A ringing has planned something: what it made only in part is made to its end."""
            forecasts.nudge()
            announcements.nudge()

        soon = asyncio.Event()
        rekan = Rekan(
            database=database,
            client=client,
            pacer=pacer,
            sender=sender,
            timetable=Timetable(
                database,
                clock,
                planned,
                Pace.for_stars(pace.per_second, pace.budget),
                begun=sender.nudge,
                soon=soon.set,
            ),
            announcements=announcements,
            intake=Intake(
                database,
                desk.handle,
                wire,
                nudge,
                clock,
                None if only else sender.take,
                bool if only else sender.has_room,
                at_work=announcements.nudge,
                fetch=fetching.begin,
            ),
        )
        lost = lost or asyncio.Event()
        watch = _watch(config, rekan, clock, lost, only)
        pages = Pages(database, clock, config.web.url, rekan.look, wire) if only is None else None
        async with _one_error(), asyncio.TaskGroup() as tasks, _served(config, watch, pages):
            holding = tasks.create_task(_unless_lost(lost), name="hold")
            endless: list[asyncio.Task[None]] = []
            ending: list[asyncio.Task[None]] = []
            if only is not Part.INTAKE:
                ending.append(tasks.create_task(sender.run(), name="sender"))
                endless.append(tasks.create_task(rekan.timetable.run(), name="timetable"))
                endless.append(tasks.create_task(forecasts.run(), name="forecasts"))
                endless.append(tasks.create_task(announcements.run(), name="announcements"))
                expecting = _expect_waves(client, pace.per_second, soon)
                endless.append(tasks.create_task(expecting, name="connections"))
                tasks.create_task(menus.publish(client, wording), name="menus")
                if isinstance(database.kind, Postgresql):
                    hearing = waking.listen(database.kind, rekan.look)
                    endless.append(tasks.create_task(hearing, name="listener"))
            elif caller is not None:
                endless.append(tasks.create_task(caller.run(), name="caller"))
            looks = (rekan.timetable.look_again, forecasts.look_again, sender.nudge)
            endless.append(tasks.create_task(follow(database, *looks), name="corrections"))
            async with _updates(config, rekan, tasks, watch, only):
                yield rekan
            # The order of the end: nothing comes in, nothing rings, and then what is in flight ends.
            for task in endless:
                task.cancel()
            await rekan.intake.close()
            await fetching.close()
            sender.stop()
            await asyncio.gather(*ending, return_exceptions=True)
            holding.cancel()
    finally:
        await client.shutdown()


class _SentToUs:
    """What people sent, for pages in a process of their own: a token that is refused ends nothing there."""

    def __init__(self, wire: TelegramWire) -> None:
        self._wire = wire

    async def fetch(self, file_id: str) -> bytes:
        """The file's bytes; raises NotFetchedError."""
        try:
            return await self._wire.fetch(file_id)
        except TokenRefusedError as error:
            raise NotFetchedError(str(error)) from None


@contextlib.asynccontextmanager
async def _sent_to_us(config: Config, database: Database) -> AsyncIterator[_SentToUs | None]:
    """What people sent can be had inside the `with`, where the configuration has the token; else None.

    Telegram is first asked when somebody looks at a file.
    """
    if config.telegram.token is None:
        yield None
        return
    client = Client(config.telegram.token.get_secret_value(), config.telegram.base_url, trust_env=True)
    try:
        renderer = Renderer(lambda: database.catalogue, Wording(database.catalogue))
        yield _SentToUs(TelegramWire(client, renderer))
    finally:
        await client.shutdown()


@contextlib.asynccontextmanager
async def _served(config: Config, watch: Watch, pages: Pages | None) -> AsyncIterator[None]:
    """The checks, and the pages of a process that has them, are served inside the `with`."""
    async with watch.served(str(config.web.listen), pages) as address:
        if pages is not None:
            await pages.open(address)
        yield


def _nobody() -> None:
    """Nobody here is to be told that something may have become due."""


async def _see_to_owners(config: Config, database: Database, clock: Clock) -> None:
    """Whom the configuration names is an owner; where nobody is one, a link tells who is to become it."""
    await database.transact(staff.appoint_owners, config.owners, clock.now())
    link = await database.transact(staff.first_owner, clock.now())
    if link is not None:
        _log.warning(
            "nobody owns this installation yet: whoever opens this link first in Telegram does",
            action="owner_wanted",
            link=link,
        )


def _limits(config: Config) -> Limits:
    pace = config.telegram.pace
    return Limits(
        per_second=pace.per_second,
        per_chat=pace.per_chat,
        per_group_minute=pace.per_group_minute,
        at_once=_connections(config),
    )


async def _expect_waves(client: Client, per_second: float, soon: asyncio.Event) -> None:
    """Open connections before a wave begins: opened while it runs, they would cost it the pace meanwhile."""
    while True:
        await soon.wait()
        soon.clear()
        await client.expect(per_second)


def _connections(config: Config) -> int:
    """How many calls at once the pace takes, answers being a quarter of a second away."""
    return min(_MOST_CONNECTIONS, max(CONNECTIONS, config.telegram.pace.per_second // 4))


@contextlib.asynccontextmanager
async def _updates(
    config: Config, rekan: Rekan, tasks: asyncio.TaskGroup, watch: Watch, only: Part | None
) -> AsyncIterator[None]:
    """Updates come in inside the `with`, by polling or by webhook; on leaving, what came is taken first.

    The webhook is set by whoever delivers, who is one: the intake may be many.
    """
    client = rekan.client
    if config.telegram.mode is Mode.POLLING:
        if only is Part.DELIVERY:
            yield
            return
        polling = Polling(client, rekan.intake.take)
        fetching = tasks.create_task(polling.run(), name="polling")
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
    if only is Part.DELIVERY:
        setting = tasks.create_task(set_webhook(client, hook.url, secret), name="webhook")
        yield
        setting.cancel()
        return
    read: Callable[[Mapping[str, Any]], Any] = partial(read_json, username=client.username)
    path = urlsplit(hook.url).path or "/"
    app = Webhook(path, secret, read, rekan.intake.take_and_answer, rest=watch.application(public=True))
    async with serving(app, str(hook.listen)):
        if only is None:
            await set_webhook(client, hook.url, secret)
        yield


def _watch(config: Config, rekan: Rekan, clock: Clock, lost: asyncio.Event, only: Part | None) -> Watch:
    """The checks and figures of what this process does."""
    delivers, takes = only is not Part.INTAKE, only is not Part.DELIVERY
    return Watch(
        rekan.database,
        clock,
        client=rekan.client,
        sender=rekan.sender if delivers else None,
        pacer=rekan.pacer if delivers else None,
        intake=rekan.intake if takes else None,
        checks={"instance": instance_holds(lost)} if delivers else None,
        build_info={
            "mode": config.telegram.mode.value,
            "part": "all" if only is None else only.value,
        },
    )


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
