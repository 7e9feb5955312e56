"""The sender: takes what is due from the outbox, within the pace, and records how each message ended.

A row in its view is a turn in the pacer's queue, and costs no task. Broadcasts are marked `sending` in
batches, a quarter of a second's worth ahead of their permits; a reply is marked once it has its permit, so
that it waits for no batch. Everything is read again at that moment: what was withdrawn, expired or overtaken
meanwhile is not sent. Outcomes are recorded in batches too: whatever has come while the last commit ran.

After a crash, what is found `sending` was in flight or only prepared, and all of it is sent (again). No more
copies can come of that than calls were in flight. What is prepared and then has to wait for long is given
back, to be looked at again when its time comes.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Concatenate, Generic, ParamSpec, TypeVar, cast

import structlog

from bot.clock import Clock
from bot.delivery.pacer import Pacer, Permit, Turn
from bot.delivery.patience import LONGEST_PAUSE, persistently, rest
from bot.delivery.wire import Wire, WireUselessError
from bot.domain.faults import trail
from bot.domain.forecast import FREE
from bot.domain.messages import AskLive, Lane
from bot.domain.outcomes import Failed, HoldBack, InDoubt, Moved, Outcome, Sent, Unpaid, Unsent
from bot.storage import state
from bot.storage.database import Database, DatabaseError, Transaction
from bot.storage.outbox import AT_ONCE, REPLY_BY
from bot.tally import Tally
from bot.usecases import delivery
from bot.usecases.delivery import Letter, Owed, Place

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

VIEW = 256
"""How many rows the sender sees at once; fewer than half of it waiting, it looks for more."""

_VIEW_SECONDS = 2.0  # ... or so many seconds' worth, at paces at which that is more
_MOST_VIEW = 1024
_AT_A_TIME = 128  # rows brought into view without letting others have the event loop
_BATCH = 128  # rows in one transaction: a reply's own waits for no more than one of those
_FAST = 250  # messages a second from which on a commit for every one or two of them would cost too much
_LINGER = 0.04  # seconds: so long, at such a pace, outcomes gather; after a crash what gathered comes twice
_LOOK_AROUND = 1.0  # seconds between two looks at more than replies while there is enough to do
_TROUBLES = 3  # so many calls without any answer, one after the other: the server is away
_LONGEST_REST = 30.0  # seconds: a machine that was asleep is not to miss by more what has come due
_FRESH = timedelta(seconds=2)  # for which what was read of a reply when it was owed is believed
_logger = logging.getLogger(__name__)  # of the standard library: where structlog's lines end
_UNANSWERED = (Unsent, InDoubt)
_DUE_AGAIN = (HoldBack, Unsent, Unpaid, InDoubt, Moved)
_PUT_BACK = timedelta(seconds=1)  # by more than this, a clock has been put back rather than adjusted


class _Gatherer(Generic[T]):
    """Hands over in batches whatever gathers while the last batch is worked on.

    Where `linger` seconds are given, whatever gathers in them as well.
    """

    def __init__(
        self, work: Callable[[Sequence[T]], Awaitable[None]], clock: Clock, *, linger: float = 0.0
    ) -> None:
        self._work = work
        self._clock = clock
        self._linger = linger
        self._items: list[T] = []
        self._task: asyncio.Task[None] | None = None

    def add(self, *items: T) -> None:
        """Have these worked on; at once, where nothing is."""
        self._items += items
        if self._task is None and self._items:
            self._task = asyncio.create_task(self._run())

    async def settle(self) -> None:
        """Return once nothing is left."""
        while self._task is not None:
            await asyncio.wait((self._task,))

    async def drop(self) -> None:
        """Leave undone what is not done."""
        self._items.clear()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))

    async def _run(self) -> None:
        try:
            with self._clock.busy():
                while self._items:
                    if self._linger and len(self._items) < _BATCH:
                        await self._clock.sleep(self._linger)
                    batch = self._items[:_BATCH]
                    del self._items[:_BATCH]
                    await self._work(batch)
        finally:
            self._task = None


class _Row:
    """A row in view: its turn, and once it is begun its letter; `known` is that of one handed over."""

    __slots__ = ("chat_id", "known", "letter", "owed", "turn")

    def __init__(self, owed: Owed, chat_id: int, known: Letter | None = None) -> None:
        self.owed = owed
        self.chat_id = chat_id
        self.known = known
        self.letter: Letter | None = None
        self.turn: Turn | None = None


class Sender:
    """Sends what is owed. One a database: whoever starts it sees to that (`bot.storage.instance`)."""

    def __init__(
        self,
        database: Database,
        wire: Wire,
        pacer: Pacer,
        clock: Clock,
        *,
        view: int | None = None,
        stars: int = 0,
    ) -> None:
        """`stars` a day may be spent on broadcasts at the pacer's pace; then it is the free one."""
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
        seconds_worth = int(_VIEW_SECONDS * pacer.limits.per_second)
        self._view = view or max(VIEW, min(_MOST_VIEW, seconds_worth))
        self._log = structlog.get_logger().bind()  # once, rather than with every line
        self._woken = asyncio.Event()
        self._nudged = True  # something may have been owed that was not looked for
        self._looked_around_at = 0.0
        self._found_at = clock.monotonic()  # when it was last looked for what was lost
        self._stopping = False
        self._recovered = False  # what the last process had begun is owed again
        self._rows: dict[int, _Row] = {}  # in view, by id
        self._by_turn: dict[int, _Row] = {}  # by the turn's sequence
        self._calls: set[asyncio.Task[None]] = set()
        self._chats: Counter[int] = Counter()  # how many of the rows are for which chat
        self._last: Place | None = None  # up to where is in view what is due; None: all of it
        self._within = 0  # how many of the rows are no further than that
        self._broken: set[int] = set()  # rows that not even their failure could be recorded of
        self._begin_ahead: _Gatherer[_Row] = _Gatherer(self._prepare, clock)
        self._begin_now: _Gatherer[tuple[_Row, Permit]] = _Gatherer(self._answer, clock)
        self._return: _Gatherer[_Row] = _Gatherer(self._give_back, clock)
        self._outcomes: _Gatherer[tuple[_Row, Permit, Letter, Outcome]] = _Gatherer(self._record, clock)
        self._crowd: _Gatherer[tuple[_Row, Permit, Letter, Outcome]] = _Gatherer(
            self._record, clock, linger=_LINGER if pacer.limits.per_second >= _FAST else 0.0
        )
        pacer.prepare = lambda turns: self._begin_ahead.add(*map(self._row_of, turns))
        pacer.recall = lambda turns: self._return.add(*map(self._row_of, turns))
        self._stars = stars
        self._lacking_on: date | None = None  # the day (UTC) on which there turned out to be too few
        self._full_pace = pacer.limits
        self._free_pace = replace(pacer.limits, per_second=min(FREE, pacer.limits.per_second))
        self._told = (clock.now(), clock.monotonic())
        self._troubles = 0
        self._away_until = 0.0
        self._useless: WireUselessError | None = None

    @property
    def in_view(self) -> int:
        """How many rows wait for their turn, or are being sent."""
        return len(self._rows)

    @property
    def in_flight(self) -> int:
        """How many calls are under way."""
        return len(self._calls)

    @property
    def broken(self) -> Collection[int]:
        """The messages that a fault of ours keeps from being handled; they stay owed until the next start."""
        return self._broken

    def nudge(self) -> None:
        """Look now: something has been owed."""
        self._nudged = True
        self._woken.set()

    def has_room(self) -> bool:
        """Whether a reply that is begun now is sent at once, as far as can be seen."""
        return (
            self._recovered
            and not self._stopping
            and len(self._rows) < self._pacer.ahead
            and (self._last is None or self._last[0] is not Lane.REPLY)
        )

    def take(self, replies: Sequence[Letter]) -> None:
        """Send these, which have just been owed to one chat: read already, they are not looked for.

        Unless others may have to go first: then it is as if they were only told of. What is begun is sent.
        """
        chat_id = replies[0].owed.chat_id
        if chat_id is None or self._stopping or not self._recovered:
            self.nudge()
            return
        behind = self._last is not None and self._last[0] is Lane.REPLY
        busy = behind or len(self._rows) >= self._view // 2 or self._chats[chat_id] + len(replies) > AT_ONCE
        for letter in replies:
            if letter.begun:
                # Later than that it is owed again, or will be: see `_find_lost`.
                if letter.owed.everybody_by - REPLY_BY > self._clock.now() - delivery.HANDED_OVER_FOR:
                    self._enter(letter.owed, chat_id, letter)
            elif busy:
                self.nudge()
            elif letter.owed.id not in self._rows:
                self._enter(letter.owed, chat_id, letter)

    def stop(self) -> None:
        """Let `run` return once what is in flight has ended and is recorded."""
        self._stopping = True
        self._woken.set()

    async def run(self) -> None:
        """Send until stopped; cancelled, it drops what is in flight, which the next start finds in doubt.

        Raises WireUselessError where nothing can be sent any more.
        """
        try:
            with self._clock.busy():
                found, held = await self._write(_take_over, self._clock.now())
            if held:
                self._pacer.pause(held)
                self._log.warning("Telegram still holds all back", action="still_held", seconds=round(held))
            self._recovered = True
            if found:
                self._log.warning("found in doubt, to be sent again", action="recovered", messages=found)
            while not self._stopping:
                with self._clock.busy():
                    wake_at = await self._look()
                await self._rest(wake_at)
            await self._end()
            if self._useless is not None:
                raise self._useless
        finally:
            for each in (self._begin_ahead, self._begin_now, self._return, self._outcomes, self._crowd):
                await each.drop()
            for call in self._calls:
                call.cancel()
            await asyncio.gather(*self._calls, return_exceptions=True)
            self._pacer.close()

    async def _end(self) -> None:
        """Finish what is in flight, and give back what has only been begun."""
        self._pacer.drop([row.turn for row in self._rows.values() if row.turn is not None])
        await self._begin_ahead.settle()
        await self._begin_now.settle()
        while self._calls:
            await asyncio.wait(self._calls)
        await self._outcomes.settle()
        await self._crowd.settle()
        self._return.add(*(row for row in self._rows.values() if row.letter is not None))
        await self._return.settle()

    # --- what is due -----------------------------------------------------------------------------------

    async def _look(self) -> datetime | None:
        """Bring into view what is due; when to look again without being told."""
        self._woken.clear()
        await self._notice_the_clock()
        await self._find_lost()
        now = self._clock.now()
        crowded = self._within >= self._view // 2
        rested = self._looked_around_at + _LOOK_AROUND - self._clock.monotonic()
        # Who looks for a reply while hundreds wait is not to read those hundreds again; nor who fills up.
        glance = self._nudged and crowded and rested > 0
        filling = not self._nudged and not crowded and self._last is not None
        limit = self._view - self._within if filling else self._view
        upto, after = Lane.REPLY if glance else Lane.REMINDER, self._last if filling else None
        self._nudged = glance
        try:
            rows, seen, last, wake_at = await self._persistently(
                lambda: self._database.read(_what_is_due, now, limit, upto, after, frozenset(self._rows))
            )
            ended = tuple(row for row in rows if delivery.hopeless(row, now))
            if ended:
                await self._write(delivery.close, ended, now)
        except DatabaseError:  # and it is time to stop
            return None
        over = frozenset(row.id for row in ended)
        for number, row in enumerate(rows, start=1):
            # What was taken (`take`) while this was looked up is in view already.
            known = row.id in self._rows or row.id in self._broken or row.id in over
            if not known and row.chat_id is not None:
                self._enter(row, row.chat_id)
            if number % _AT_A_TIME == 0:
                await asyncio.sleep(0)
        if ended:
            self.nudge()  # there may be more behind them
        if glance:
            return now + timedelta(seconds=rested)
        if not filling:
            self._looked_around_at = self._clock.monotonic()
        # With more due than is in view, the end of half of that leads to another look. Rows further on, in
        # view from before more urgent ones came, do not count: else they would go before the rest of those.
        self._last = last if seen == limit else None
        self._within = sum(map(self._is_within, self._rows.values()))
        return wake_at

    def _enter(self, owed: Owed, chat_id: int, known: Letter | None = None) -> None:
        row = self._rows[owed.id] = _Row(owed, chat_id, known)
        if known is not None and known.begun:
            row.letter = known
        self._chats[chat_id] += 1
        row.turn = self._pacer.request(
            chat_id,
            lane=owed.lane,
            by=owed.everybody_by,
            granted=lambda permit: self._granted(row, permit),
            ahead=owed.lane is not Lane.REPLY,
        )
        self._by_turn[row.turn.sequence] = row
        self._within += self._is_within(row)

    def _is_within(self, row: _Row) -> bool:
        owed = row.owed
        return self._last is None or (owed.lane, owed.everybody_by, owed.id) <= self._last

    def _row_of(self, turn: Turn) -> _Row:
        return self._by_turn[turn.sequence]

    def _forget(self, row: _Row) -> None:
        """The row is out of view."""
        del self._rows[row.owed.id]
        self._within -= self._is_within(row)
        if row.turn is not None:
            del self._by_turn[row.turn.sequence]
            row.turn = None  # they know one another: else only the garbage collector would find them
        crowded = self._chats[row.chat_id] >= AT_ONCE
        self._chats[row.chat_id] -= 1
        if not self._chats[row.chat_id]:
            del self._chats[row.chat_id]
        if crowded:
            self.nudge()
        elif self._last is not None and self._within < self._view // 2:
            self._woken.set()

    async def _notice_the_clock(self) -> None:
        """Where the machine's clock has been put back, what was due by the old one does not wait."""
        now, monotonic = self._clock.now(), self._clock.monotonic()
        passed = timedelta(seconds=monotonic - self._told[1])
        put_back = self._told[0] + passed - now
        self._told = now, monotonic
        if put_back > _PUT_BACK:
            hastened = await self._write(delivery.clock_put_back, now)
            self._log.warning(
                "the clock was put back",
                action="clock_put_back",
                seconds=round(put_back.total_seconds()),
                messages=hastened,
            )

    async def _find_lost(self) -> None:
        """What was begun when it was owed, and not handed over: whether it was committed was not told."""
        if self._clock.monotonic() < self._found_at + _LONGEST_REST:
            return
        self._found_at = self._clock.monotonic()
        known = frozenset(self._rows) | self._broken
        if found := await self._write(delivery.find_lost, known, self._clock.now()):
            self._log.warning("found in doubt, to be sent again", action="recovered", messages=found)

    async def _rest(self, until: datetime | None) -> None:
        """Wait until woken, or for `until`."""
        seconds = None
        if until is not None:
            seconds = min(_LONGEST_REST, max(0.0, (until - self._clock.now()).total_seconds()))
        await rest(self._clock, seconds, self._woken)

    # --- beginning -------------------------------------------------------------------------------------

    async def _prepare(self, rows: Sequence[_Row]) -> None:
        """Begin broadcasts whose permits come soon."""
        turns = [(row, row.turn) for row in rows if row.turn is not None]
        await self._begin(rows)
        self._pacer.prepared([turn for row, turn in turns if row.letter is not None])
        self._pacer.drop([turn for row, turn in turns if row.letter is None])

    async def _answer(self, granted: Sequence[tuple[_Row, Permit]]) -> None:
        """Begin replies that have their permits, and send them."""
        try:
            await self._begin([row for row, _ in granted])
        finally:
            for row, permit in granted:
                if row.letter is None:
                    permit.end()
        for row, permit in granted:
            if row.letter is not None:
                self._start(row, permit, row.letter)

    async def _begin(self, rows: Sequence[_Row]) -> None:
        """Mark rows as being sent; what cannot be sent now has no letter afterwards, and is out of view."""
        try:
            for letter in await self._begun(rows):
                self._rows[letter.owed.id].letter = letter
        except DatabaseError:  # and it is time to stop
            return
        except Exception as error:  # noqa: BLE001 - a fault of ours in one message must not end the others' delivery
            if len(rows) > 1:
                for row in rows:
                    await self._begin([row])
                return
            self._break(rows[0], error)
        for row in rows:
            if row.letter is None and row.owed.id in self._rows:
                self._forget(row)
                # It has to wait for another, whose time may have come while this was found out: look again.
                self.nudge()

    async def _begun(self, rows: Sequence[_Row]) -> tuple[Letter, ...]:
        ids = [row.owed.id for row in rows]
        old = self._clock.now() - _FRESH
        known = [each for row in rows if (each := row.known) and each.owed.everybody_by - REPLY_BY > old]
        tried = False
        if self._lacking_on is not None and self._lacking_on != self._clock.now().date():
            self._lacking_on = None  # a new day: perhaps there are some now
        stars = self._stars if self._lacking_on is None else 0

        async def attempt() -> tuple[Letter, ...]:
            nonlocal tried
            again, tried = tried, True
            return await self._database.transact(
                delivery.begin, ids, self._clock.now(), known=known, again=again, stars=stars
            )

        letters = await self._persistently(attempt)
        if self._stars:
            self._pay_heed(letters)
        return letters

    def _pay_heed(self, letters: Sequence[Letter]) -> None:
        """Without Stars for a broadcast the pace is the free one; with Stars (a new day's), the paid one."""
        broadcast = [letter for letter in letters if letter.owed.lane is not Lane.REPLY]
        if not broadcast:
            return
        # Those were begun before the first refusal came that were to be paid for all the same.
        paid = self._lacking_on is None and all(letter.paid for letter in broadcast)
        limits = self._full_pace if paid else self._free_pace
        if limits == self._pacer.limits:
            return
        self._pacer.limits = limits
        if not paid:
            self._log.warning(
                "the day's Stars are spent: on at the free pace", action="stars_spent", stars=self._stars
            )

    def _go_unpaid(self) -> None:
        """The bot has too few Stars: nothing is paid for until the next day, and the pace is the free one."""
        if self._lacking_on is None:
            self._log.warning("the bot has too few Stars: on at the free pace", action="stars_lacking")
        self._lacking_on = self._clock.now().date()
        self._pacer.limits = self._free_pace

    async def _give_back(self, rows: Sequence[_Row]) -> None:
        """What was begun has to wait for long: it is owed as before."""
        try:
            letters = [row.letter for row in rows if row.letter is not None]
            await self._write(delivery.give_back, letters, self._clock.now())
        except DatabaseError:  # and it is time to stop
            return
        for row in rows:
            self._forget(row)
        self.nudge()

    # --- one message -----------------------------------------------------------------------------------

    def _granted(self, row: _Row, permit: Permit) -> None:
        if row.letter is None:
            self._begin_now.add((row, permit))
        else:
            self._start(row, permit, row.letter)

    def _start(self, row: _Row, permit: Permit, letter: Letter) -> None:
        self._calls.add(asyncio.create_task(self._call(row, permit, letter)))

    async def _call(self, row: _Row, permit: Permit, letter: Letter) -> None:
        try:
            with self._clock.busy():
                permit.start()
                started = self._clock.monotonic()
                outcome = await self._send(letter)
                permit.done(outcome)
                self._watch(outcome, started)
                self._count(letter, outcome)
                if isinstance(outcome, Sent) and row.owed.lane is not Lane.REPLY:
                    self._crowd.add((row, permit, letter, outcome))
                else:
                    if isinstance(outcome, Unpaid):
                        self._go_unpaid()
                    self._outcomes.add((row, permit, letter, outcome))
        finally:
            # By itself: a callback for when it is done would cost a turn of the event loop for each message.
            self._calls.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    async def _send(self, letter: Letter) -> Outcome:
        chat_id = letter.owed.chat_id
        if chat_id is None:
            raise ValueError("a letter without an address")
        paid = letter.paid and self._lacking_on is None
        try:
            return await self._wire.send(chat_id, letter.message, letter.reader, paid=paid)
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
        self.ended_at = self._clock.monotonic()
        self.counts[type(outcome).__name__] += 1
        if isinstance(outcome, Sent):
            now = self._clock.now()
            if now > letter.owed.everybody_by:
                self.counts["late"] += 1
            if letter.owed.lane is Lane.REPLY:
                # A reply is owed from its update's arrival on, and its "everybody by" is never moved.
                self.reply_seconds.add((now - letter.owed.everybody_by + REPLY_BY).total_seconds())
            if not _logger.isEnabledFor(logging.DEBUG):  # a fraction of what structlog takes to find out
                return
            log = self._log.debug
        else:
            log = self._log.info
        log(
            "a message was sent" if isinstance(outcome, Sent) else "a message was not sent",
            action="message_sent" if isinstance(outcome, Sent) else "message_not_sent",
            message=letter.owed.id,
            wave=letter.wave_id,
            outcome=repr(outcome),
        )

    def _watch(self, outcome: Outcome, started: float) -> None:
        """Notice when the server is away: then all wait, ever longer, and one call at a time is tried."""
        if not isinstance(outcome, _UNANSWERED):
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

    # --- what came of it --------------------------------------------------------------------------------

    async def _record(self, ended: Sequence[tuple[_Row, Permit, Letter, Outcome]]) -> None:
        """Record outcomes; only then may the chats have their next messages."""
        await self._recorded(ended)
        for row, permit, letter, outcome in ended:
            permit.end()
            self._forget(row)
            if isinstance(outcome, _DUE_AGAIN):
                self.nudge()  # it is due again, sooner or later
            elif isinstance(letter.message, AskLive):
                self.nudge()  # an edit of its author's board has been owed

    async def _recorded(self, ended: Sequence[tuple[_Row, Permit, Letter, Outcome]]) -> None:
        outcomes = [(letter, outcome) for _, _, letter, outcome in ended]
        try:
            held = self._pacer.held_back_for
            await self._write(delivery.record_all, outcomes, self._clock.now(), held)
        except DatabaseError:
            pass  # it is time to stop, and the rows are left as they are
        except Exception as error:  # noqa: BLE001 - a fault of ours in one message must not end the others' delivery
            if len(ended) == 1:
                self._break(ended[0][0], error)
                return
            for each in ended:
                await self._recorded([each])

    def _break(self, row: _Row, error: Exception) -> None:
        self._broken.add(row.owed.id)
        self._log.error(
            "a message could not be handled",
            action="message_broken",
            message=row.owed.id,
            fault=trail(error),
        )

    # --- the database ----------------------------------------------------------------------------------

    async def _write(
        self, use_case: Callable[Concatenate[Transaction, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        return await self._persistently(lambda: self._database.transact(use_case, *args, **kwargs))

    async def _persistently(self, attempt: Callable[[], Awaitable[R]]) -> R:
        return await persistently(attempt, self._clock, self._log, over=lambda: self._stopping)


def _take_over(tx: Transaction, now: datetime) -> tuple[int, float]:
    """How many messages were on their way when the last process ended, and how long Telegram holds all."""
    return delivery.recover(tx, now), state.held_for(tx, now)


def _what_is_due(
    tx: Transaction, now: datetime, limit: int, upto: Lane, after: Place | None, known: frozenset[int]
) -> tuple[list[Owed], int, Place | None, datetime | None]:
    rows, seen, last = delivery.due(tx, now, limit, upto=upto, after=after, but=known)
    if upto is Lane.REPLY:  # who only glances looks around soon anyway
        return rows, seen, last, None
    # With more due than is in view, only what goes before that cannot wait for the next look.
    return rows, seen, last, delivery.next_due(tx, now, last if seen == limit else None)
