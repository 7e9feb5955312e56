"""A simulated speaker: hands materials out, puts a question to everybody, and answers one that was asked."""

from collections.abc import Sequence
from datetime import timedelta

from bot.clock import SimulatedClock
from bot.domain.materials import Release
from bot.domain.programme import Programme, Session
from bot.rehearsal import prose
from bot.rehearsal.worker import Worker
from bot.simulator import Simulator
from bot.usecases import desk_live_quiz, desk_materials, desk_questions

NAME = "Bagus Wibowo"
_PHONE = 600_000_002
_SESSIONS = 2
_SENDS_BEFORE = timedelta(hours=20)  # after the first reminder
_ASKS_AFTER = timedelta(minutes=40)
_WAITS = timedelta(minutes=20)  # until the right answer is shown


def sessions(programme: Programme) -> Sequence[Session]:
    """At which he speaks: the first at which attendance is taken, else the first."""
    taken = [each for each in programme.sessions if each.check_in is not None]
    return (taken or programme.sessions)[:_SESSIONS]


class Speaker(Worker):
    """A guest for two sessions, with a phone of his own."""

    ACTIONS = frozenset({desk_materials.ACTION, desk_live_quiz.ACTION, desk_questions.ACTION})
    COMES_AFTER = 20.0

    def __init__(
        self, simulator: Simulator, clock: SimulatedClock, programme: Programme, invitation: str, seed: int
    ) -> None:
        super().__init__(simulator, clock, NAME, _PHONE, invitation, seed)
        self._programme = programme

    async def _work(self) -> None:
        for session in sessions(self._programme):
            await self._until(session.starts - _SENDS_BEFORE)
            await self._send_slides(session)
            await self._until(session.starts + _ASKS_AFTER)
            await self._ask(session)
            await self._until(session.ends - timedelta(minutes=10))
            await self._hand_out_afterwards(session)

    async def _send_slides(self, session: Session) -> None:
        """Slides, for when it starts; some hours later a mistake is mended."""
        if self._by_hand:
            return
        name = f"bahan-{session.id}.pdf"
        await self.phone.send_document(prose.SLIDES, name, caption=session.title.id)
        if await self._place(session) and await self._press("out", 5, 30, item=f".{Release.START}"):
            await self._press("show", 3, 20)
            if await self._press("newer", 600, 3600):
                await self.phone.send_document(prose.SLIDES_MENDED, name, caption=session.title.id)
                await self._press("replace", 5, 30)

    async def _hand_out_afterwards(self, session: Session) -> None:
        """Something to read, for when it is over."""
        if not self._by_hand:
            await self.phone.send(prose.TO_READ)
            if await self._place(session):
                await self._press("out", 5, 30, item=f".{Release.END}")

    async def _place(self, session: Session) -> bool:
        """Say for which session it is."""
        return await self._press("place", 3, 20, item=f".{self._programme.sessions.index(session)}")

    async def _ask(self, session: Session) -> None:
        """A question from the programme's own quizzes, to everybody; then what is right."""
        if self._by_hand or not self._programme.quizzes:
            return
        await self.phone.send("/narasumber")
        ways = (("", ""), ("new", session.id), ("pick", session.id), ("pick", "/0"), ("pick", "/0/0"))
        for choice, item in ways:
            if not await self._press(choice, 2, 10, item=item, action=desk_live_quiz.ACTION):
                return
        if await self._press("launch_all", 5, 20):
            await self._clock.sleep(_WAITS.total_seconds())
            await self._press("reveal", 5, 20)
