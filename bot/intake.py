"""The intake: events come in, in order within a chat, many chats at once, and are confirmed when committed.

`take` returns when what the event led to is durable; the edge (polling, webhook) confirms the update then.
When it raises, nothing is confirmed, and Telegram hands the update over again.

That must not go on for ever. Telegram hands over in order, so an update that a fault of ours keeps from being
handled would stop all that come after it, everybody's. After `PATIENCE` attempts it is counted as handled:
the log names it (without what the person wrote), and the person is told that it did not work and what to do.
An update that fails because the database is away is not at fault, and never given up.
"""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

import structlog

from bot.clock import Clock
from bot.domain.events import Event, Tapped, Voted
from bot.domain.faults import trail
from bot.domain.messages import Fetch, Reader, Say
from bot.domain.zones import Zone
from bot.storage.database import Database, DatabaseError, TryAgain
from bot.tally import Tally
from bot.usecases import apology
from bot.usecases.delivery import Letter
from bot.usecases.desk import Handled

PATIENCE = 3
"""How often an update that fails is handed over before it is given up."""

AT_ONCE = 200
"""How many events are handled at once; others wait, and Telegram keeps what the edge does not take."""

_FIRST_PAUSE = 0.05  # seconds before an event that has overtaken its cause is tried again
_LONGEST_PAUSE = 1.0
# Seconds for which that is believed. All that came with the event by polling waits as long, everybody's: a
# call whose answer is lost takes many more, and must not hold them up so long.
_OVERTAKEN_FOR = 3.0
_REMEMBERED = 1_000  # updates that failed


class BehindError(Exception):
    """What came before it in the chat was not handled, so this waits for that: it is to come again too."""


class Toaster(Protocol):
    """What the intake needs of Telegram."""

    async def toast(self, callback_id: str, say: Say | None, reader: Reader) -> None:
        """Answer a tapped button, with a few words or none."""

    def toast_call(self, callback_id: str, say: Say | None, reader: Reader) -> Mapping[str, Any]:
        """The call that does so, for Telegram to carry out."""


class Intake:
    """Takes events, from however many connections."""

    def __init__(
        self,
        database: Database,
        handle: Callable[..., Handled],
        wire: Toaster,
        nudge: Callable[[], None],
        clock: Clock,
        hand_over: Callable[[Sequence[Letter]], None] | None = None,
        has_room: Callable[[], bool] = bool,
        at_work: Callable[[], None] = lambda: None,
        fetch: Callable[[Fetch], None] | None = None,
    ) -> None:
        """`nudge` whoever sends to look for what is owed, or `hand_over` to them where that is known.

        `handle` is told whether who sends `has_room`: then replies may be begun in its transaction. `at_work`
        is called when somebody of the staff has done something. `fetch` begins to fetch a file that a use
        case wants.
        """
        self.counts: Counter[str] = Counter()
        """How many updates were `taken`, `failed` (each time), `given up`."""
        self.seconds = Tally()
        """From an update's arrival until it is recorded."""
        self._database = database
        self._handle = handle
        self._wire = wire
        self._nudge = nudge
        self._hand_over = hand_over
        self._has_room = has_room
        self._at_work = at_work
        self._fetch = fetch
        self._clock = clock
        self._log = structlog.get_logger()
        self._turns: dict[int, _Turns] = {}
        self._room = _Gate(AT_ONCE)
        self._database_away = False
        self._failures: OrderedDict[int, int] = OrderedDict()
        self._toasts: set[asyncio.Task[None]] = set()
        self._toasting = _Gate(AT_ONCE)

    async def take(self, update_id: int, event: Event) -> None:
        """Handle an event and return once it is committed; raises what kept it from being handled.

        Events of one chat are handled in the order of the calls: where one is not, those that wait behind it
        are not either.
        """
        handled = await self._taken(update_id, event)
        if isinstance(event, Tapped):
            if not self._toasting.enter_now():  # Telegram is slow to take them: it keeps the rest meanwhile
                await self._toasting.enter()
            self._toast(event.callback_id, handled)

    async def take_and_answer(self, update_id: int, event: Event) -> Mapping[str, Any] | None:
        """As `take`, for a webhook: the call that answers a tapped button is returned, not made.

        Telegram carries it out when it is given as the answer to the request that brought the tap.
        """
        handled = await self._taken(update_id, event)
        if not isinstance(event, Tapped):
            return None
        toast, reader = (None, _NOBODY) if handled is None else (handled.toast, handled.reader)
        try:
            return self._wire.toast_call(event.callback_id, toast, reader)
        except Exception as error:  # noqa: BLE001 - the tap is recorded; this would only end a spinner
            self._log.error("a tap could not be answered", action="toast_failed", fault=trail(error))
            return None

    async def _taken(self, update_id: int, event: Event) -> Handled | None:
        """Handle an event, in its turn; None where it is given up."""
        chat_id = event.sender.chat_id
        arrived, since = self._clock.now(), self._clock.monotonic()
        with self._clock.busy():
            turns = self._turns.get(chat_id)
            if turns is None:
                turns = self._turns[chat_id] = _Turns()
            turns.waiting += 1
            try:
                if not turns.gate.enter_now():
                    await self._enter(turns.gate)
                try:
                    if turns.broken:
                        raise BehindError
                    if not self._room.enter_now():
                        await self._enter(self._room)
                    try:
                        handled = await self._handled(update_id, event, arrived)
                    except BaseException:
                        turns.broken = True
                        raise
                    finally:
                        self._room.leave()
                finally:
                    turns.gate.leave()
            finally:
                turns.waiting -= 1
                if not turns.waiting:
                    del self._turns[chat_id]
            if self._failures:
                self._failures.pop(update_id, None)
            self.counts["taken"] += 1
            self.seconds.add(self._clock.monotonic() - since)
            if handled is not None and handled.by_staff:
                self._at_work()
            if handled is None or handled.letters is None or self._hand_over is None:
                self._nudge()
            elif handled.letters:
                self._hand_over(handled.letters)
            if handled is not None and handled.fetch is not None and self._fetch is not None:
                self._fetch(handled.fetch)
        return handled

    async def _enter(self, gate: "_Gate") -> None:
        """Go through, after those who came before."""
        with self._clock.waiting():
            await gate.enter()

    async def _handled(self, update_id: int, event: Event, arrived: datetime) -> Handled | None:
        """Handle the event, whose turn it is; None where it is given up."""
        try:
            handled = await self._insistently(update_id, event, arrived)
        except DatabaseError as error:
            if not self._database_away:  # said once, not for everything that comes meanwhile
                self._log.warning("the database is away", action="database_away", why=str(error))
            self._database_away = True
            raise
        except Exception as error:  # noqa: BLE001 - whatever the fault, see the module's text
            await self._failed(update_id, event, error)
            return None
        self._database_away = False
        return handled

    async def close(self) -> None:
        """Return once the words over tapped buttons have been sent."""
        await asyncio.gather(*self._toasts, return_exceptions=True)

    async def _insistently(self, update_id: int, event: Event, arrived: datetime) -> Handled:
        """Handle the event; again shortly, where it has overtaken what it follows from."""
        pause, waited = _FIRST_PAUSE, 0.0
        while True:
            try:
                if self._has_room():
                    return await self._database.transact(self._handle, update_id, event, arrived, True)
                return await self._database.transact(self._handle, update_id, event, arrived, False)
            except TryAgain:
                # The pauses alone count: what came first may have waited for the database as long as this.
                if waited >= _OVERTAKEN_FOR:
                    if not isinstance(event, Voted) or event.waited:
                        raise
                    event = replace(event, waited=True)
                    continue
            waited += pause
            await self._clock.sleep(pause)
            pause = min(_LONGEST_PAUSE, pause * 1.5)

    async def _failed(self, update_id: int, event: Event, error: Exception) -> None:
        """Note the failure and raise it, or, after enough of them, give the update up."""
        times = self._failures.pop(update_id, 0) + 1
        self.counts["failed"] += 1
        what = type(event).__name__
        if times < PATIENCE:
            self._failures[update_id] = times
            if len(self._failures) > _REMEMBERED:
                self._failures.popitem(last=False)
            self._log.error(
                "an update could not be handled",
                action="update_failed",
                update=update_id,
                event_type=what,
                fault=trail(error),
            )
            raise error
        await self._database.transact(apology.give_up, update_id, event.sender.chat_id, self._clock.now())
        self.counts["given up"] += 1
        self._log.error(
            "an update is given up: the person was told",
            action="update_given_up",
            update=update_id,
            event_type=what,
            fault=trail(error),
        )

    def _toast(self, callback_id: str, handled: Handled | None) -> None:
        """Answer the tapped button, beside everything else: nothing waits for it or depends on it."""
        task = asyncio.create_task(self._answer(callback_id, handled), name="toast")
        self._toasts.add(task)
        task.add_done_callback(self._toasted)

    def _toasted(self, task: "asyncio.Task[None]") -> None:
        self._toasts.discard(task)
        self._toasting.leave()

    async def _answer(self, callback_id: str, handled: Handled | None) -> None:
        reader = _NOBODY if handled is None else handled.reader
        try:
            with self._clock.busy():
                await self._wire.toast(callback_id, None if handled is None else handled.toast, reader)
        except Exception as error:  # noqa: BLE001 - the tap is recorded and confirmed; this only ends a spinner
            self._log.error("a tap could not be answered", action="toast_failed", fault=trail(error))


class _Gate:
    """Lets so many in at a time, in the order in which they came; asyncio's cost several times that."""

    __slots__ = ("_places", "_queue")

    def __init__(self, places: int) -> None:
        self._places = places
        self._queue: deque[asyncio.Future[None]] | None = None  # made for who has to wait

    def enter_now(self) -> bool:
        """Go through, if nobody has to be waited for."""
        if not self._places:
            return False
        self._places -= 1
        return True

    async def enter(self) -> None:
        """Go through once it is one's turn."""
        if self.enter_now():
            return
        if self._queue is None:
            self._queue = deque()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()
            raise

    def leave(self) -> None:
        """Let the next one in: a place is free only where nobody waits for it."""
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._places += 1


class _Turns:
    """The order of one chat.

    `broken`: one was not handled, and who waits behind it must not overtake it. An edit that did would be
    forgotten when its message comes again with the old text.
    """

    __slots__ = ("broken", "gate", "waiting")

    def __init__(self) -> None:
        self.gate = _Gate(1)
        self.waiting = 0
        self.broken = False


_NOBODY = Reader("id", Zone.WIB)
