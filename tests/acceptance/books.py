"""What is in the database, held against what Telegram and the people have seen."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, select

from bot.simulator import Simulator
from bot.simulator.updates import CALLBACK_SECONDS
from bot.storage.database import Transaction
from bot.storage.tables import (
    JournalEntryRow,
    JournalPartRow,
    ModuleDoneRow,
    OutboxRow,
    QuizAnswerRow,
    QuizAttemptRow,
    QuizPollRow,
    UpdateRow,
)
from tests.acceptance.crowd import Participant
from tests.acceptance.installation import LONG_ENOUGH, Installation, eventually
from tests.acceptance.orientation import QUESTIONS, opened, person_ids

SENDS = frozenset({"sendMessage", "sendPoll", "sendDocument"})


class Books:
    """One installation's accounts."""

    def __init__(self, url: str, simulator: Simulator) -> None:
        self._url = url
        self._simulator = simulator
        queue = simulator.world.bots[simulator.token].updates
        self._queue = queue
        self._first_update = 300_000_001  # of a simulator whose seed is 0
        self.doubtful: Counter[int] = Counter()
        """By chat, how many messages were on their way at the kills."""

    def read(self, query: Any) -> Any:
        """What a query returns."""
        with opened(self._url) as database:
            return database.read_now(query)

    # --- at any moment --------------------------------------------------------------------------------

    def confirmed_updates(self) -> set[int]:
        """Those that Telegram will not hand over again."""
        waiting = {update.update_id for update in self._queue.waiting()}
        issued = range(self._first_update, self._first_update + self._queue.confirmed + len(waiting))
        assert self._queue.expired == 0, "a tap waited too long at Telegram: kill less often in a row"
        return set(issued) - waiting

    def a_tap_is_old(self) -> bool:
        """Whether a tap has waited for a fifth of the time after which Telegram forgets it."""
        soon = self._simulator.world.clock.monotonic() + 0.8 * CALLBACK_SECONDS
        return any(update.expires_at < soon for update in self._queue.waiting())

    def after_a_kill(self) -> None:
        """Note what was on its way; whatever is confirmed must be in the database."""
        confirmed = self.confirmed_updates()
        handled, doubtful = self.read(_handled), self.read(_doubtful)
        assert confirmed <= handled, f"confirmed but not recorded: {sorted(confirmed - handled)}"
        self.doubtful += doubtful

    def handled_updates(self) -> set[int]:
        """Those whose effect is in the database."""
        return set(self.read(_handled))

    async def settled(self, rekan: Installation) -> None:
        """Wait until every update is confirmed and nothing is owed or on its way."""
        await self._simulator.idle(LONG_ENOUGH)
        # Looking costs the machine more than the bot's own work: not too often.
        await eventually(lambda: not self.read(_open_messages), "all is sent", rekan, every=0.25)

    # --- at the end -----------------------------------------------------------------------------------

    def every_message_once(self) -> int:
        """All that was owed has been sent, once, but for what was in doubt; how many were sent twice."""
        states = self.read(_states)
        assert set(states) == {"sent"}, states
        owed = self.read(_sent_by_chat)
        seen = Counter(
            call.chat_id
            for call in self._simulator.calls
            if call.method in SENDS and call.error_code is None and call.fault not in _LOST_BEFORE
        )
        assert len(self._simulator.calls) == self._simulator.calls_recorded, (
            "the record is too short to count"
        )
        twice = {
            chat: seen[chat] - owed[chat] for chat in owed.keys() | seen.keys() if seen[chat] != owed[chat]
        }
        wrong = {chat: n for chat, n in twice.items() if not 0 <= n <= self.doubtful[chat]}
        assert not wrong, f"by chat, copies too many (or too few): {wrong}; in doubt: {self.doubtful}"
        return sum(twice.values())

    def every_answer_once(self, participants: Iterable[Participant]) -> None:
        """What the people did is what is recorded: all of it, and nothing else."""
        assert self.read(_handled) == self.confirmed_updates()
        assert len(self._queue) == 0
        people = self.read(person_ids)
        attempts, answers, polls = self.read(_attempts), self.read(_answers), self.read(_polls)
        parts, modules = self.read(_parts), self.read(_modules)
        for participant in participants:
            who = people[participant.person.id]
            assert [attempt for attempt, _, _ in attempts[who]] == list(range(1, participant.begun + 1))
            for attempt, right, finished in attempts[who]:
                given = {q: a for (n, q), a in answers[who].items() if n == attempt}
                assert finished, f"{who} cannot finish attempt {attempt}: {sorted(given)}"
                assert len(given) == QUESTIONS
                assert right == sum(correct for _, correct in given.values())
            self._votes_are_answers(participant, answers[who], polls[who])
            assert parts[participant.person.id] == participant.written
            assert sorted(modules[who]) == sorted(participant.ticked)

    def _votes_are_answers(
        self,
        participant: Participant,
        answers: dict[tuple[int, str], tuple[tuple[int, ...], bool]],
        polls: dict[str, tuple[int, str]],
    ) -> None:
        """Each answer is what was voted in a poll of that question; each vote has led to one."""
        voted = defaultdict(set)
        for poll_id, options in participant.votes.items():
            if poll_id in polls:
                voted[polls[poll_id]].add(options)
        assert voted.keys() == answers.keys()
        for question, (options, _) in answers.items():
            assert options in voted[question]
        unknown = len(participant.votes.keys() - polls.keys())
        assert unknown <= self.doubtful[participant.person.id], f"{unknown} votes in polls nobody knows"


_LOST_BEFORE = ("TimeoutBefore", "DropBefore")


def _handled(tx: Transaction) -> set[int]:
    return set(tx.connection.scalars(select(UpdateRow.update_id)))


def _open_messages(tx: Transaction) -> bool:
    return not {"owed", "sending"}.isdisjoint(_states(tx))


def _doubtful(tx: Transaction) -> Counter[int]:
    return Counter(tx.connection.scalars(select(OutboxRow.chat_id).where(OutboxRow.state == "sending")))


def _states(tx: Transaction) -> Counter[str]:
    rows = tx.connection.execute(select(OutboxRow.state, func.count()).group_by(OutboxRow.state))
    return Counter({row[0]: row[1] for row in rows})


def _sent_by_chat(tx: Transaction) -> Counter[int]:
    """Messages that were sent, without edits and deletions of earlier ones."""
    rows = tx.connection.execute(
        select(OutboxRow.chat_id, OutboxRow.message).where(OutboxRow.state == "sent")
    )
    return Counter(row.chat_id for row in rows if not {"edit", "delete"} & row.message.keys())


def _attempts(tx: Transaction) -> dict[int, list[tuple[int, int | None, bool]]]:
    found = defaultdict(list)
    for row in tx.connection.execute(
        select(QuizAttemptRow.__table__).order_by(QuizAttemptRow.person_id, QuizAttemptRow.attempt)
    ):
        found[row.person_id].append((row.attempt, row.right_answers, row.finished_at is not None))
    return found


def _answers(tx: Transaction) -> dict[int, dict[tuple[int, str], tuple[tuple[int, ...], bool]]]:
    found: dict[int, dict[tuple[int, str], tuple[tuple[int, ...], bool]]] = defaultdict(dict)
    for row in tx.connection.execute(select(QuizAnswerRow.__table__)):
        found[row.person_id][row.attempt, row.question_id] = (tuple(row.options), row.correct)
    return found


def _polls(tx: Transaction) -> dict[int, dict[str, tuple[int, str]]]:
    found: dict[int, dict[str, tuple[int, str]]] = defaultdict(dict)
    for row in tx.connection.execute(select(QuizPollRow.__table__)):
        found[row.person_id][row.poll_id] = (row.attempt, row.question_id)
    return found


def _parts(tx: Transaction) -> dict[int, dict[int, str]]:
    """By chat and message, over all entries: a part that is there twice has two ids, and shows."""
    found: dict[int, dict[int, str]] = defaultdict(dict)
    rows = tx.connection.execute(select(JournalPartRow.__table__)).all()
    for row in rows:
        found[row.chat_id][row.message_id] = row.text
    assert sum(map(len, found.values())) == len(rows)
    entries = tx.connection.execute(select(JournalEntryRow.person_id)).all()
    assert len(entries) == len(set(entries))
    return found


def _modules(tx: Transaction) -> dict[int, list[str]]:
    found = defaultdict(list)
    for row in tx.connection.execute(select(ModuleDoneRow.__table__)):
        found[row.person_id].append(row.module_id)
    return found
