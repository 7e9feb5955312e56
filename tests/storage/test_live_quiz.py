"""Live questions on a real database: whose time runs from when, what is counted, whose question it is."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from bot.domain.events import Sender, Voted
from bot.domain.language import Localised
from bot.domain.live_quiz import Question, Score, Standing, State
from bot.domain.messages import AskLive, Reply, Say
from bot.domain.outcomes import Sent
from bot.domain.people import Role
from bot.domain.programme import Catalogue, Leaderboard, LiveRules, Votes
from bot.domain.staff import Actor
from bot.storage import live_quiz as stored
from bot.storage import people, staff
from bot.storage.database import Database, Transaction, TryAgain
from bot.storage.live_quiz import LiveQuiz, Results
from bot.storage.tables import AttendanceRow, OutboxRow
from bot.usecases import delivery, live_quiz, quiz
from tests.examples import SESSION, add_person, at_work, programme, text

QUESTION = Question(text("Siapa?"), (text("Saya"), text("Anda"), text("Kita")), (2,))
STARTS = SESSION.starts
P = programme()
STRANGER = replace(programme(), id="other")


def at(seconds: float) -> datetime:
    return STARTS + timedelta(seconds=seconds)


@pytest.fixture(params=[Votes.FIRST, Votes.LAST], ids=str)
def votes(request: pytest.FixtureRequest) -> Votes:
    return Votes(request.param)


def opened(url: str, rules: LiveRules) -> Database:
    programmes = {each.id: replace(each, live=rules) for each in (P, STRANGER)}
    return Database.open(url, Catalogue(programmes, {}))


@pytest.fixture
def database(url: str) -> Any:
    database = opened(url, LiveRules(30, Votes.FIRST, Leaderboard.OFFICE))
    yield database
    database.close_now()


def cast(tx: Transaction) -> tuple[Actor, list[int]]:
    """A speaker, and six participants of two offices."""
    speaker = at_work(tx, "Bagus", Role.SPEAKER, SESSION.id)
    return speaker, [add_person(tx, f"P{n}", office="A" if n < 3 else "B") for n in range(6)]


def launched(tx: Transaction, actor: Actor, question: Question = QUESTION) -> LiveQuiz:
    programme = tx.catalogue.programmes["p"]
    made = live_quiz.draft(tx, actor, programme, programme.sessions[0], question, STARTS)
    assert made is not None
    done = live_quiz.launch(tx, actor, programme, made.id, "all", STARTS)
    assert done is not None
    return done


def delivered(tx: Transaction, person_id: int, now: datetime) -> None:
    """The person's copy of whatever is owed to them is begun and sent."""
    which = select(OutboxRow.id).where(OutboxRow.person_id == person_id, OutboxRow.state == "owed")
    letters = delivery.begin(tx, list(tx.connection.scalars(which)), now)
    delivery.record_all(tx, [(each, Sent(each.owed.id, f"poll-{person_id}")) for each in letters], now)


def voted(tx: Transaction, person_id: int, now: datetime, *options: int, waited: bool = False) -> Reply:
    who = people.visitor(tx, 1000 + person_id, None, now)
    event = Voted(Sender(1000 + person_id), f"poll-{person_id}", options, waited)
    return quiz.vote(tx, who, tx.catalogue.programmes["p"], event, now)


def test_everybodys_time_runs_from_their_own_copy(database: Database) -> None:
    def play(tx: Transaction) -> tuple[Results, list[Reply]]:
        actor, (first, last, never, *_) = cast(tx)
        asked = launched(tx, actor)
        delivered(tx, first, at(1))
        delivered(tx, last, at(120))
        said = [voted(tx, first, at(29), 2), voted(tx, last, at(149), 0), voted(tx, last, at(150), 2)]
        delivered(tx, never, at(160))
        said.append(voted(tx, never, at(200), 2))
        return stored.results(tx, asked), said

    results, said = database.write_now(play)
    assert results == Results((1, 0, 1), 2, 1, 1, 3, 3, at(160))
    late = Say("live.late", {"count": 30})
    assert said == [Reply(), Reply(), Reply((Say("live.first_counts"),)), Reply((late,))]


def test_votes_by_either_rule(url: str, votes: Votes) -> None:
    database = opened(url, LiveRules(30, votes))

    def play(tx: Transaction) -> list[Standing | None]:
        actor, (one, other, *_) = cast(tx)
        asked = launched(tx, actor)
        delivered(tx, one, at(1))
        delivered(tx, other, at(1))
        for now, options in ((3, (0,)), (5, (2,)), (90, (1,))):
            voted(tx, one, at(now), *options)
        for now, options in ((3, (2,)), (5, ())):
            voted(tx, other, at(now), *options)
        return [stored.standing(tx, asked.id, each) for each in (one, other)]

    counts, seconds = ((0,), 2) if votes is Votes.FIRST else ((2,), 4)
    assert database.write_now(play) == [
        Standing(counts, timedelta(seconds=seconds), votes=3, late=1),
        Standing(votes=2),
    ]
    database.close_now()


def test_shown_once_and_told_to_whoever_had_it(database: Database) -> None:
    def play(tx: Transaction) -> tuple[Any, ...]:
        actor, everybody = cast(tx)
        asked = launched(tx, actor)
        programme = tx.catalogue.programmes["p"]
        for each in everybody[:4]:
            delivered(tx, each, at(1))
        for each, option in zip(everybody, (2, 2, 0, 2), strict=False):
            voted(tx, each, at(5 + each % 2), option)
        again = live_quiz.launch(tx, actor, programme, asked.id, "all", at(6))
        assert again is not None
        assert (again.state, again.launched_at) == (State.RUNNING, STARTS)
        for now in (40, 41):
            live_quiz.reveal(tx, actor, programme, asked.id, at(now))
        rows = tx.connection.execute(
            select(OutboxRow.reason, OutboxRow.state).where(OutboxRow.reason.startswith("live:"))
        ).all()
        told = [row.state for row in rows if row.reason.endswith("/result")]
        copies = sorted(row.state for row in rows if not row.reason.endswith("/result"))
        late = voted(tx, everybody[0], at(50), 0)
        return told, copies, late, stored.scores(tx, "p", SESSION.id, by="office"), everybody

    told, copies, late, scores, everybody = database.write_now(play)
    assert told == ["owed"] * 4
    assert copies == ["sent"] * 4 + ["withdrawn"] * 2
    assert late == Reply((Say("live.late", {"count": 30}),))
    millis = [1000 * (4 + each % 2) for each in everybody]
    assert sorted(scores, key=lambda each: each.name) == [
        Score("A", 2, 3, millis[0] + millis[1], 3),
        Score("B", 1, 1, millis[3], 1),
    ]
    result = database.read_now(live_quiz.result_in_words, 1, everybody[2])
    assert result is not None
    assert result.params["own"] == Say("live.own_wrong", {"count": millis[2] // 1000})


def test_it_is_put_by_its_speakers_only(database: Database) -> None:
    def play(tx: Transaction) -> list[object]:
        actor, _ = cast(tx)
        asked = launched(tx, actor)
        programme = tx.catalogue.programmes["p"]
        other = add_person(tx, "Dewi", role=Role.SPEAKER.value)
        staff.bind(tx, other, ["hari-2"])
        stranger = add_person(tx, "Xaver", role=Role.OWNER.value, programme_id="other")
        limited = add_person(tx, "Paula", role=Role.COORDINATOR.value, office="A")
        staff.limit(tx, limited, staff.Scope(offices=("A",)))
        found: list[object] = []
        for each in (other, limited):
            who = staff.actor_by_id(tx, each)
            assert who is not None
            found.append(live_quiz.draft(tx, who, programme, SESSION, QUESTION, STARTS))
            found.append(live_quiz.of(tx, who, programme, asked.id))
            found.append(live_quiz.reveal(tx, who, programme, asked.id, at(5)))
        who = staff.actor_by_id(tx, stranger)
        assert who is not None
        found.append(live_quiz.reveal(tx, who, tx.catalogue.programmes["other"], asked.id, at(5)))
        return found

    assert database.write_now(play) == [None] * 7


def test_a_vote_that_overtakes_its_polls_note_waits(database: Database) -> None:
    def begun(tx: Transaction) -> int:
        actor, (first, *_) = cast(tx)
        launched(tx, actor)
        which = select(OutboxRow.id).where(OutboxRow.person_id == first)
        (letter,) = delivery.begin(tx, list(tx.connection.scalars(which)), at(1))
        assert letter.message == AskLive(1, QUESTION)
        return first

    first = database.write_now(begun)
    with pytest.raises(TryAgain):
        database.write_now(voted, first, at(2), 2)
    reply = database.write_now(voted, first, at(6), 2, waited=True)
    assert [each.key for each in reply.messages if isinstance(each, Say)] == ["quiz.old_poll"]


def test_only_those_who_are_there(database: Database) -> None:
    def play(tx: Transaction) -> tuple[int, list[int]]:
        actor, (_, there, *_) = cast(tx)
        programme = tx.catalogue.programmes["p"]
        came = {"session_id": SESSION.id, "grade": "partial", "arrived_at": STARTS, "updated_at": STARTS}
        came |= {"decided": False, "contested": False}
        elsewhere = add_person(tx, "Oskar", programme_id="other")
        for who, where in ((there, "p"), (elsewhere, "other")):
            tx.connection.execute(insert(AttendanceRow).values(person_id=who, programme_id=where, **came))
        made = live_quiz.draft(tx, actor, programme, SESSION, QUESTION, STARTS)
        assert made is not None
        done = live_quiz.launch(tx, actor, programme, made.id, "present", STARTS)
        assert done is not None
        owed = select(OutboxRow.person_id).where(OutboxRow.reason == done.name)
        return there, [done.people, *tx.connection.scalars(owed)]

    there, found = database.write_now(play)
    assert found == [1, there]


def test_what_is_asked_comes_back_as_it_was(database: Database) -> None:
    poll = Question(Localised("Ya?", "Yes?"), (text("1"), text("2")), (), None, multiple=True)

    def play(tx: Transaction) -> LiveQuiz:
        return launched(tx, cast(tx)[0], poll)

    assert database.write_now(play).question == poll


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("when", ["early", "over", "cancelled"])
def test_it_is_put_while_the_session_is_on(database: Database, when: str) -> None:
    session = replace(SESSION, cancelled=when == "cancelled")
    then = replace(P, sessions=(session,), live=LiveRules(30, Votes.FIRST))
    now = {"early": session.room_opens - timedelta(seconds=1), "over": session.ends}.get(when, STARTS)

    def play(tx: Transaction) -> None:
        actor, _ = cast(tx)
        made = live_quiz.draft(tx, actor, then, session, QUESTION, now)
        assert made is not None
        assert live_quiz.launch(tx, actor, then, made.id, "all", now) is None
        after = stored.live_quiz(tx, made.id)
        assert after is not None
        assert after.state is State.DRAFT
        assert tx.connection.execute(select(OutboxRow.id)).all() == []

    database.write_now(play)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("one_by_one", [False, True])
def test_who_gets_a_copy_when_the_answer_is_shown_already_is_told_too(
    database: Database, one_by_one: bool
) -> None:
    def play(tx: Transaction) -> list[str]:
        actor, (late, *_) = cast(tx)
        asked = launched(tx, actor)
        mine = select(OutboxRow.id).where(OutboxRow.person_id == late)
        letters = delivery.begin(tx, list(tx.connection.scalars(mine)), at(1))
        live_quiz.reveal(tx, actor, tx.catalogue.programmes["p"], asked.id, at(2))
        assert told(tx) == []
        ended = [(each, Sent(each.owed.id, "poll")) for each in letters]
        if one_by_one:
            for letter, outcome in ended:
                delivery.record(tx, letter.owed.id, outcome, at(3))
        else:
            delivery.record_all(tx, ended, at(3))
        assert told(tx) == [late]
        live_quiz.delivered(tx, [asked.id], at(4))
        assert told(tx) == [late]
        result = live_quiz.result_in_words(tx, asked.id, late)
        assert result is not None
        return [each.key for each in result.params.values() if isinstance(each, Say)]

    def told(tx: Transaction) -> list[int | None]:
        return list(
            tx.connection.scalars(select(OutboxRow.person_id).where(OutboxRow.reason.endswith("/result")))
        )

    assert database.write_now(play) == ["live.own_none"]
