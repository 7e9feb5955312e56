"""Somebody simulated who works for the orientation: with a phone, pressing buttons as people do."""

import asyncio
from datetime import datetime

from bot.clock import SimulatedClock
from bot.domain.messages import Tap
from bot.rehearsal.habits import Chance
from bot.simulator import ActionRefusedError, Delivery, Person, SeenMessage, Simulator
from bot.usecases.shift import MENU

_PATIENCE = 120  # seconds to wait for a button that is expected


class Worker:
    """A person with a role, who comes by an invitation.

    They are left alone from when somebody acts for them through the control surface.
    """

    ACTIONS: frozenset[str] = frozenset()
    """The actions of the buttons that they press."""

    COMES_AFTER = 0.0
    """Seconds after the beginning."""

    def __init__(
        self,
        simulator: Simulator,
        clock: SimulatedClock,
        name: str,
        phone: int,
        invitation: str,
        seed: int,
    ) -> None:
        given, _, family = name.partition(" ")
        self.phone: Person = simulator.person(phone, first_name=given, last_name=family)
        self.arrived = asyncio.Event()
        """Set once they have their role."""
        self._simulator = simulator
        self._clock = clock
        self._invitation = invitation
        self._chance = Chance(seed, phone)
        self._offers: dict[str, list[tuple[SeenMessage, Tap]]] = {}  # by choice: where its newest buttons are

    async def run(self) -> None:
        """Come, and do what there is to do; ends when it is done."""
        unsubscribe = self._simulator.subscribe(self._heard)
        try:
            await self._clock.sleep(self.COMES_AFTER)
            if self._by_hand:
                return
            await self.phone.open(self._invitation)
            await self._work()
        finally:
            unsubscribe()

    async def _work(self) -> None:
        """What there is to do, once they have come."""
        raise NotImplementedError

    async def _press(
        self, choice: str, least: float, most: float, *, item: str = "", action: str = ""
    ) -> bool:
        """Press the newest button of that choice after some seconds' thought; whether it was there.

        Of several the one whose item ends with `item`, and whose action is that, where one is named.
        """
        for _ in range(_PATIENCE):
            if self._offered(choice, item, action) is not None:
                break
            await self._clock.sleep(1)
        await self._clock.sleep(self._chance.dice("thinks", choice).uniform(least, most))
        offer = self._offered(choice, item, action)
        if offer is None or self._by_hand:
            return False
        seen, tap = offer
        try:
            await self.phone.tap(seen, data=tap.encode())
        except ActionRefusedError:  # it has changed at this moment
            return False
        return True

    def _offered(self, choice: str, item: str, action: str) -> tuple[SeenMessage, Tap] | None:
        for seen, tap in self._offers.get(choice, ()):
            if tap.item.endswith(item) and action in ("", tap.action):
                return seen, tap
        return None

    async def _until(self, moment: datetime) -> None:
        await self._clock.sleep((moment - self._clock.now()).total_seconds())

    @property
    def _by_hand(self) -> bool:
        return self.phone.id in self._simulator.by_hand

    def _heard(self, delivery: Delivery) -> None:
        seen = delivery.message
        if delivery.chat_id != self.phone.id or seen is None:
            return
        for choice, offers in list(self._offers.items()):
            self._offers[choice] = [each for each in offers if each[0].message_id != seen.message_id]
        if delivery.kind == "delete":
            return
        here: dict[str, list[tuple[SeenMessage, Tap]]] = {}
        for tap in (Tap.decode(button.data) for row in seen.keyboard for button in row if button.data):
            if tap.action == MENU:
                self.arrived.set()
            elif tap.action in self.ACTIONS:
                here.setdefault(tap.choice, []).append((seen, tap))
        self._offers |= here
