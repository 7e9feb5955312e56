"""The crowd: everybody with a claim link, acting through the simulator as people do, in simulated time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

from bot.clock import Clock
from bot.domain.programme import Catalogue, Programme
from bot.rehearsal.habits import Chance, quirks
from bot.rehearsal.participant import Participant
from bot.simulator import ActionRefusedError, Delivery, Person, Simulator
from bot.usecases.links import ClaimLink

_FIRST_PHONE = 700_000_000
_FIRST_SECOND_PHONE = 800_000_000


class Crowd:
    """Simulated participants with their phones.

    `links` are of one programme. The first person is the `guest`: played like the others until somebody acts
    for them through the control surface, and from then on left to that somebody. `code` is what a session's
    screen shows, by its id.
    """

    def __init__(
        self,
        simulator: Simulator,
        clock: Clock,
        catalogue: Catalogue,
        programme_id: str,
        links: Sequence[ClaimLink],
        seed: int,
        *,
        code: Callable[[str], Awaitable[str | None]] | None = None,
    ) -> None:
        self.refused = 0
        """How often somebody found that an app would not let them: mostly a button that had changed."""
        self._simulator = simulator
        self._clock = clock
        self._tasks: asyncio.TaskGroup | None = None
        programme = catalogue.programmes[programme_id]
        peculiar = quirks(len(links), seed)
        answers = _answers(programme)
        self._people: dict[int, Participant] = {}
        for place, link in enumerate(links):
            phone = self._phone(_FIRST_PHONE, link)
            self._people[phone.id] = Participant(
                phone,
                link,
                programme,
                quirk=peculiar.get(place),
                chance=Chance(seed, link.person.id),
                answers=answers,
                now=clock.now,
                after=self._after,
                second_phone=partial(self._phone, _FIRST_SECOND_PHONE, link),
                others_code=links[place - 1].code,
                code=code,
            )

    def __len__(self) -> int:
        return len(self._people)

    @property
    def guest(self) -> Person:
        """Whoever is kept for a reader who wants to join in."""
        return next(iter(self._people.values())).phone

    async def run(self) -> None:
        """Let them all live until cancelled; raises what an actor stumbled over (as an ExceptionGroup)."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            unsubscribe = self._simulator.subscribe(self._heard)
            try:
                for place, person in enumerate(self._people.values()):
                    person.begin(first=place == 0)
                await asyncio.Event().wait()
            finally:
                # Before the group ends: what is delivered while it does is heard by nobody any more.
                unsubscribe()
                self._tasks = None

    def _heard(self, delivery: Delivery) -> None:
        if delivery.message is None or delivery.kind not in ("message", "edit"):
            return
        person = self._people.get(delivery.chat_id)
        if person is not None and not self._by_hand(person):
            person.notice(delivery.message)

    def _after(self, person: Participant, seconds: float, act: Callable[[], Awaitable[object]]) -> None:
        if self._tasks is not None:
            self._tasks.create_task(self._act(person, seconds, act))

    async def _act(self, person: Participant, seconds: float, act: Callable[[], Awaitable[object]]) -> None:
        await self._clock.sleep(seconds)
        if self._by_hand(person):
            return
        try:
            await act()
        except ActionRefusedError:
            self.refused += 1

    def _by_hand(self, person: Participant) -> bool:
        return person.phone.id in self._simulator.by_hand

    def _phone(self, first_id: int, link: ClaimLink) -> Person:
        # A display name is what people put there themselves: the name without degrees.
        given, _, family = link.person.name.partition(",")[0].rpartition(" ")
        return self._simulator.person(
            first_id + link.person.id, first_name=given or family, last_name=family if given else None
        )


def _answers(programme: Programme) -> Mapping[tuple[str, ...], tuple[int, ...]]:
    """The right options of each question by the texts of all of them, in both languages."""
    return {
        tuple(options): question.correct
        for quiz in programme.quizzes
        for question in quiz.questions
        for options in (
            [option.id for option in question.options],
            [option.en for option in question.options],
        )
    }
