"""People who answer as fast as they can, and remember what they did."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bot.simulator import Delivery, Person, SeenMessage, Simulator
from tests.acceptance.installation import LONG_ENOUGH
from tests.acceptance.orientation import PROMPT, QUESTIONS, QUIZ

_START = f"quiz:{QUIZ}:start"
_LIST = "quiz::list"
_SUBMIT = f"jurnal:{PROMPT}:submit"


@dataclass
class Participant:
    """One of them: takes the quiz again and again, ticks off modules, writes in the journal."""

    person: Person
    chance: random.Random
    rounds: int = 0
    begun: int = 0
    ticked: list[str] = field(default_factory=list)
    written: dict[int, str] = field(default_factory=dict)
    """The journal's messages, by id."""
    votes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """What was voted, by poll."""
    doing: str = "nothing yet"
    stopping: bool = False
    _answered: set[str] = field(default_factory=set)
    _heard: asyncio.Queue[Delivery] = field(default_factory=asyncio.Queue)

    def hear(self, delivery: Delivery) -> None:
        """Something reached the chat."""
        message = delivery.message
        if delivery.kind == "message" and message is not None and message.poll is not None:
            asyncio.get_running_loop().create_task(self._vote(message))
        if delivery.kind in ("message", "edit"):
            self._heard.put_nowait(delivery)

    async def live(self) -> None:
        """One round after another, until told to stop; the last one is finished."""
        while not self.stopping:
            await self._take_the_quiz()
            await self._tick_a_module()
            await self._write()
            self.rounds += 1
        self.doing = "has finished"

    async def _take_the_quiz(self) -> None:
        self.doing = "asks for the quizzes"
        await self.person.send("/kuis")
        listed = await self._until(lambda m: _START in _data(m))
        self.doing = f"begins quiz {self.begun + 1}"
        self._answered.clear()
        self.begun += 1
        await self.person.tap(listed, data=_START)
        self.doing = f"answers quiz {self.begun}"
        await self._until(lambda m: {_START, _LIST} <= set(_data(m)) and len(self._answered) == QUESTIONS)

    async def _tick_a_module(self) -> None:
        self.doing = "asks for the modules"
        await self.person.send("/modul")
        overview = await self._until(lambda m: any(data.startswith("masuk:") for data in _data(m)))
        done = next((data for data in _data(overview) if data.endswith(":done")), None)
        if done is None:
            return
        module = done.split(":")[1]
        if module in self.ticked:  # an older overview, sent twice
            return
        self.doing = f"ticks off {module}"
        self.ticked.append(module)
        await self.person.tap(overview, data=done)
        await self._until(lambda m: f"modul:{module}:undo" in _data(m))

    async def _write(self) -> None:
        if not self.written:
            self.doing = "opens the journal"
            await self.person.send("/jurnal")
            listed = await self._until(lambda m: f"jurnal:{PROMPT}:open" in _data(m))
            await self.person.tap(listed, data=f"jurnal:{PROMPT}:open")
            await self._until(lambda m: _SUBMIT in _data(m))  # it is open; a reminder may come before
        self.doing = "writes"
        for _ in range(self.chance.randint(1, 3)):
            text = f"Catatan {len(self.written) + 1} dari NIP 199203152025211007"
            sent = await self.person.send(text)
            self.written[sent.message_id] = text
        await self._until(lambda m: _SUBMIT in _data(m))

    async def _vote(self, message: SeenMessage) -> None:
        poll = message.poll
        assert poll is not None
        # Most answer at once, faster than the bot learns that its question has arrived.
        if self.chance.random() < 0.5:
            await asyncio.sleep(self.chance.random() * 0.05)
        count = self.chance.randint(1, len(poll.options)) if poll.multiple else 1
        options = tuple(sorted(self.chance.sample(range(len(poll.options)), count)))
        self.votes[poll.id] = options
        self._answered.add(poll.question)
        await self.person.vote(message, options)

    async def _until(self, wanted: Callable[[SeenMessage], bool]) -> SeenMessage:
        while True:
            message = (await self._heard.get()).message
            if message is not None and wanted(message):
                return message


class Crowd:
    """All of them, inside the `with`."""

    def __init__(self, simulator: Simulator, people: Sequence[Person], seed: int) -> None:
        self.participants = [
            Participant(person, random.Random(seed * 1_000_003 + person.id)) for person in people
        ]
        self._by_chat = {participant.person.id: participant for participant in self.participants}
        self._forget = simulator.subscribe(self._hear)
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Crowd":
        self._tasks = [asyncio.create_task(participant.live()) for participant in self.participants]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._forget()

    async def finish(self) -> None:
        """Let everybody end the round they are in."""
        for participant in self.participants:
            participant.stopping = True
        waiting = asyncio.gather(*self._tasks)
        try:
            async with asyncio.timeout(LONG_ENOUGH):
                await waiting
        except TimeoutError:
            stuck = {p.person.id: p.doing for p in self.participants if p.doing != "has finished"}
            raise AssertionError(f"these got no answer: {stuck}") from None

    @property
    def rounds(self) -> int:
        """How many all of them have finished."""
        return sum(participant.rounds for participant in self.participants)

    def _hear(self, delivery: Delivery) -> None:
        if (participant := self._by_chat.get(delivery.chat_id)) is not None:
            participant.hear(delivery)


def _data(message: SeenMessage) -> list[str]:
    return [button.data for row in message.keyboard for button in row if button.data is not None]
