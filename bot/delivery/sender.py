"""The sender: takes what is due from the outbox, within the pace, and records how each message ended.

A row in its view is a task that waits for the pacer. The pacer orders them (replies first, then by deadline)
and lets one at a time into a chat. Only with the permit in hand is the row marked `sending`, so that after a
crash no more rows are in doubt than calls were in flight. Everything is read again at that moment: what was
withdrawn, expired or overtaken meanwhile is not sent.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from typing import Concatenate, ParamSpec, TypeVar

import structlog

from bot.clock import Clock
from bot.delivery.pacer import Pacer, Permit
from bot.delivery.patience import LONGEST_PAUSE, persistently
from bot.delivery.wire import Wire, WireUselessError
from bot.domain.faults import trail
from bot.domain.messages import Lane
from bot.domain.outcomes import Failed, HoldBack, InDoubt, Moved, Outcome, Sent, Unsent
from bot.storage.database import Database, DatabaseError, Transaction
from bot.storage.outbox import AT_ONCE, REPLY_BY
from bot.tally import Tally
from bot.usecases import delivery
from bot.usecases.delivery import Letter, Owed

P = ParamSpec("P")
R = TypeVar("R")

VIEW = 256
"""How many rows the sender sees at once; fewer than half of it waiting, it looks for more."""

_TROUBLES = 3  # so many calls without any answer, one after the other: the server is away
_LONGEST_REST = 600.0  # seconds: a machine that was asleep is not to miss by more what has come due


class Sender:
    """Sends what is owed. One a database: whoever starts it sees to that (`bot.storage.instance`)."""

    def __init__(
        self, database: Database, wire: Wire, pacer: Pacer, clock: Clock, *, view: int = VIEW
    ) -> None:
        self.counts: Counter[str] = Counter()
        """How many calls ended how (by the outcome's name), and how many messages came `late`."""
        self.reply_seconds = Tally()
        """From the arrival of an update to its reply's being there."""
        self.ended_at = clock.monotonic()
        """When a call ended last (`clock.monotonic()`); before any did, when this was made."""
        self._database = database
        self._wire = wire
        self._pacer = pacer
        self._clock = clock
        self._view = view
        self._log = structlog.get_logger()
        self._nudged = asyncio.Event()
        self._stopping = False
        self._tasks: dict[int, asyncio.Task[None]] = {}  # by the row's id
        self._in_flight: set[int] = set()
        self._chats: Counter[int] = Counter()  # how many of the tasks are for which chat
        self._more = False  # there is more due than is in view
        self._broken: set[int] = set()  # rows that not even their failure could be recorded of
        self._troubles = 0
        self._away_until = 0.0
        self._useless: WireUselessError | None = None

    @property
    def broken(self) -> Collection[int]:
        """The messages that a fault of ours keeps from being handled; they stay owed until the next start."""
        return self._broken

    def nudge(self) -> None:
        """Look now: something has been owed."""
        self._nudged.set()

    def stop(self) -> None:
        """Let `run` return once what is in flight has ended and is recorded."""
        self._stopping = True
        self._nudged.set()

    async def run(self) -> None:
        """Send until stopped; cancelled, it drops what is in flight, which the next start finds in doubt.

        Raises WireUselessError where nothing can be sent any more.
        """
        try:
            with self._clock.busy():
                found = await self._write(delivery.recover, self._clock.now())
            if found:
                self._log.warning("found in doubt, to be sent again", action="recovered", messages=found)
            while not self._stopping:
                with self._clock.busy():
                    wake_at = await self._look()
                await self._rest(wake_at)
            for outbox_id, task in self._tasks.items():
                if outbox_id not in self._in_flight:
                    task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
            if self._useless is not None:
                raise self._useless
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
            self._pacer.close()

    # --- what is due -----------------------------------------------------------------------------------

    async def _look(self) -> datetime | None:
        """Bring into view what is due; when something will be that is not yet."""
        self._nudged.clear()
        now = self._clock.now()
        try:
            rows, wake_at = await self._persistently(
                lambda: self._database.read(_what_is_due, now, self._view)
            )
            ended = {row.id: row for row in rows if delivery.hopeless(row, now) and row.id not in self._tasks}
            if ended:
                await self._write(delivery.close, tuple(ended.values()), now)
        except DatabaseError:  # and it is time to stop
            return None
        self._more = len(rows) == self._view
        for row in rows:
            if row.id in self._tasks or row.id in ended or row.id in self._broken or row.chat_id is None:
                continue
            task = asyncio.create_task(self._deliver(row, row.chat_id), name=f"deliver {row.id}")
            self._tasks[row.id] = task
            self._chats[row.chat_id] += 1
        if ended:
            self._nudged.set()  # there may be more behind them
        return wake_at

    async def _rest(self, until: datetime | None) -> None:
        """Wait for a nudge, or for `until`."""
        nudged = asyncio.create_task(self._nudged.wait())
        waits: set[asyncio.Task[object]] = {nudged}
        if until is not None:
            seconds = max(0.0, (until - self._clock.now()).total_seconds())
            waits.add(asyncio.create_task(self._clock.sleep(min(seconds, _LONGEST_REST))))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)

    # --- one message -----------------------------------------------------------------------------------

    async def _deliver(self, row: Owed, chat_id: int) -> None:
        try:
            with (
                self._clock.busy(),
                await self._pacer.acquire(chat_id, lane=row.lane, by=row.everybody_by) as permit,
            ):
                await self._deliver_now(row, permit)
        except DatabaseError:
            pass  # it is time to stop, and the row is left as it is
        except Exception as error:  # noqa: BLE001 - a fault of ours in one message must not end the others' delivery
            self._broken.add(row.id)
            self._log.error(
                "a message could not be handled",
                action="message_broken",
                message=row.id,
                fault=trail(error),
            )
        finally:
            del self._tasks[row.id]
            self._in_flight.discard(row.id)
            crowded = self._chats[chat_id] >= AT_ONCE
            self._chats[chat_id] -= 1
            if not self._chats[chat_id]:
                del self._chats[chat_id]
            if crowded or (self._more and len(self._tasks) < self._view // 2):
                self.nudge()

    async def _deliver_now(self, row: Owed, permit: Permit) -> None:
        """With the permit in hand: mark, send, record."""
        self._in_flight.add(row.id)
        letters = await self._write(delivery.begin, (row.id,), self._clock.now())
        if not letters:
            # It has to wait for another, whose time may have come while this was found out: look again.
            self.nudge()
        for letter in letters:
            permit.start()
            started = self._clock.monotonic()
            outcome = await self._send(letter)
            permit.done(outcome)
            self._watch(outcome, started)
            self._count(letter, outcome)
            await self._write(delivery.record, row.id, outcome, self._clock.now())
            if isinstance(outcome, HoldBack | Unsent | InDoubt | Moved):
                self.nudge()  # it is due again, sooner or later

    async def _send(self, letter: Letter) -> Outcome:
        chat_id = letter.owed.chat_id
        if chat_id is None:
            raise ValueError("a letter without an address")
        try:
            return await self._wire.send(chat_id, letter.message, letter.reader)
        except WireUselessError as error:
            self._useless = error
            self.stop()
            return Unsent(str(error))
        except Exception as error:  # noqa: BLE001 - poisoned: it cannot be worded, and must not stop the others
            self._log.error(
                "a message cannot be worded",
                action="message_poisoned",
                message=letter.owed.id,
                fault=trail(error),
            )
            # Of a lookup's error the words help ("no text x"); others' might quote an address with the token.
            why = str(error) if isinstance(error, LookupError) else type(error).__name__
            return Failed(f"cannot be worded: {why}")

    def _count(self, letter: Letter, outcome: Outcome) -> None:
        now = self._clock.now()
        self.ended_at = self._clock.monotonic()
        self.counts[type(outcome).__name__] += 1
        if isinstance(outcome, Sent) and now > letter.owed.everybody_by:
            self.counts["late"] += 1
        if isinstance(outcome, Sent) and letter.owed.lane is Lane.REPLY:
            # A reply is owed from its update's arrival on, and its "everybody by" is never moved.
            self.reply_seconds.add((now - letter.owed.everybody_by + REPLY_BY).total_seconds())
        log = self._log.debug if isinstance(outcome, Sent) else self._log.info
        log(
            "a message was sent" if isinstance(outcome, Sent) else "a message was not sent",
            action="message_sent" if isinstance(outcome, Sent) else "message_not_sent",
            message=letter.owed.id,
            wave=letter.wave_id,
            outcome=repr(outcome),
        )

    def _watch(self, outcome: Outcome, started: float) -> None:
        """Notice when the server is away: then all wait, ever longer, and one call at a time is tried."""
        if not isinstance(outcome, Unsent | InDoubt):
            self._troubles = 0
            return
        if started < self._away_until:  # in flight when it was noticed
            return
        self._troubles += 1
        if self._troubles >= _TROUBLES:
            pause = min(LONGEST_PAUSE, 2.0 ** (self._troubles - _TROUBLES))
            self._away_until = self._clock.monotonic() + pause
            self._pacer.pause(pause)
            self._log.warning("Telegram cannot be reached", action="telegram_away", pause=pause)

    # --- the database ----------------------------------------------------------------------------------

    async def _write(
        self, use_case: Callable[Concatenate[Transaction, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        return await self._persistently(lambda: self._database.transact(use_case, *args, **kwargs))

    async def _persistently(self, attempt: Callable[[], Awaitable[R]]) -> R:
        return await persistently(attempt, self._clock, self._log, over=lambda: self._stopping)


def _what_is_due(tx: Transaction, now: datetime, limit: int) -> tuple[list[Owed], datetime | None]:
    rows = delivery.due(tx, now, limit)
    # With more in view than can be sent at once, the end of any of it leads to another look.
    return rows, None if len(rows) == limit else delivery.next_due(tx, now)
