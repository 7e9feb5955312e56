"""A simulated coordinator: comes by an invitation, announces, pauses and recalls, by buttons as people do."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from bot.clock import SimulatedClock
from bot.domain.people import Role
from bot.domain.programme import Programme
from bot.domain.staff import Actor
from bot.domain.zones import Zone
from bot.rehearsal import prose
from bot.rehearsal.habits import Chance
from bot.rehearsal.worker import Worker
from bot.simulator import Simulator
from bot.storage import people, state
from bot.storage.database import Transaction
from bot.usecases import attendance, desk_announcements, sign_ins, staff

NAME = "Rina Wulandari"
_PHONE = 600_000_001
_SETTLING = 4  # days at the beginning and the end at which nothing is announced
_AT_WORK = time(9, 0)
_UNNOTICED = timedelta(hours=2)  # how long a mistake goes unnoticed, about
_TIME_LAPSE = 6_000  # links of ten minutes then last six weeks of a clock that hurries through five


def set_up(
    tx: Transaction, programme: Programme, bot: str, speaker: str, sessions: Sequence[str], now: datetime
) -> tuple[str, str]:
    """Make a new database a rehearsal's: the links by which its owner and a speaker come.

    `bot` is the bot's user name, which otherwise is learnt when it first runs.
    """
    state.remember(tx, state.BOT_NAME, bot)
    state.remember(tx, state.TIME_LAPSE, str(_TIME_LAPSE))
    attendance.make_key(tx)
    owner = staff.invite(tx, programme, Role.OWNER, NAME, now, by=None)
    return owner, staff.invite(tx, programme, Role.SPEAKER, speaker, now, by=None, sessions=sessions)


def sign_in_address(tx: Transaction, chat_id: int, before: str | None, now: datetime) -> str | None:
    """Where whoever watches signs in to the pages as the coordinator; what was said `before` while it holds.

    Without a link where she has asked for one herself: only the newest of a person works, and that is hers.
    """
    url = sign_ins.address(tx)
    if url is None:
        return None
    if before is not None:
        found = sign_ins.look(tx, before.rpartition("/")[2], now)
        if isinstance(found, Actor):
            return before
        if found is sign_ins.Refusal.UNKNOWN:
            return url
    person = people.visitor(tx, chat_id, None, now).person
    return url if person is None else sign_ins.hand_out(tx, person.id, now)


class Coordinator(Worker):
    """The owner of a rehearsal's installation, with a phone of her own."""

    ACTIONS = frozenset({desk_announcements.ACTION})
    COMES_AFTER = 5.0  # before anybody else

    def __init__(
        self, simulator: Simulator, clock: SimulatedClock, programme: Programme, invitation: str, seed: int
    ) -> None:
        super().__init__(simulator, clock, NAME, _PHONE, invitation, seed)
        self._programme = programme

    async def _work(self) -> None:
        for day, act in zip(
            announcing_days(self._programme, self._chance),
            (self._announce_with_a_pause, self._announce_by_mistake),
            strict=False,
        ):
            await self._until(day)
            await act()

    async def _announce_with_a_pause(self) -> None:
        """Something comes to mind while it goes out: she holds it for some minutes."""
        if await self._announce(prose.ANNOUNCED) and await self._press("pause", 1, 2):
            await self._press("resume", 60, 300)

    async def _announce_by_mistake(self) -> None:
        """It was wrong: some hours later she takes it back from everybody."""
        if await self._announce(prose.ANNOUNCED_BY_MISTAKE):
            await self._clock.sleep(self._chance.seconds(_UNNOTICED / 2, 2 * _UNNOTICED, "notices"))
            if await self._press("recall", 5, 30):
                await self._press("recalled", 2, 20)

    async def _announce(self, text: str) -> bool:
        """Type it, have it sent to everybody; whether all the buttons for it were there."""
        if self._by_hand:
            return False
        self._offers.clear()
        await self.phone.send(text)
        for button in ("make", "clear", "look", "send"):
            if not await self._press(button, 3, 20):
                return False
        return True


def announcing_days(programme: Programme, chance: Chance) -> Sequence[datetime]:
    """When something is announced: early and late in the programme, at an hour open everywhere (aware)."""
    first, last = programme.first_day, programme.last_day
    moments = [
        datetime.combine(first + timedelta(days=n), _AT_WORK, Zone.WIB.tzinfo)
        for n in range(_SETTLING, (last - first).days - _SETTLING)
    ]
    fit = [
        moment
        for moment in moments
        if all(programme.windows.next_open(moment, zone) == moment for zone in Zone)
    ]
    third = len(fit) // 3
    parts = [part for part in (fit[:third], fit[-third:] if third else []) if part]
    return [chance.dice("announces", n).choice(part) for n, part in enumerate(parts)]
