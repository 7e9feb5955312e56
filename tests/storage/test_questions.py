"""Questions on a real database: whose they are, who is told the answer, and how it is corrected."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.domain.messages import Amend, Reply, Say, Tap
from bot.domain.outcomes import Sent
from bot.domain.people import Role
from bot.domain.programme import Catalogue
from bot.domain.questions import State
from bot.domain.sessions import State as Step
from bot.domain.staff import Scope
from bot.storage import dialogues, staff
from bot.storage import people as people_of
from bot.storage import questions as stored
from bot.storage.database import Database, Transaction
from bot.storage.tables import OutboxRow
from bot.usecases import delivery, questions
from tests.examples import SESSION, add_person, at_work, outbox_rows, programme

NOW = SESSION.starts + timedelta(minutes=5)
P = programme()


@pytest.fixture
def database(url: str) -> Any:
    opened = Database.open(url, Catalogue({"p": P, "other": replace(programme(), id="other")}, {}))
    yield opened
    opened.close_now()


def asked(tx: Transaction, person_id: int, *, programme_id: str = "p") -> int:
    return stored.ask(
        tx,
        programme_id=programme_id,
        session_id=SESSION.id,
        person_id=person_id,
        anonymous=True,
        text="Kapan?",
        now=NOW,
    )


def test_the_answer_reaches_who_wants_to_know_and_so_does_its_correction(database: Database) -> None:
    def play(tx: Transaction) -> tuple[list[int], list[Any]]:
        speaker = at_work(tx, "Bagus", Role.SPEAKER, SESSION.id)
        asks, supports, does_not, stopped = (add_person(tx, name) for name in ("A", "B", "C", "D"))
        number = asked(tx, asks)
        for each in (supports, supports, does_not, stopped):
            stored.support(tx, number, each, NOW)
        stored.withdraw_support(tx, number, does_not)
        people_of.change(tx, stopped, NOW, withdrawn_at=NOW)
        people = [questions.answer(tx, speaker, P, number, words, NOW) for words in ("Besok.", "Lusa.")]
        owed = list(tx.connection.scalars(select(OutboxRow.id).where(OutboxRow.state == "owed")))
        letters = delivery.begin(tx, owed, NOW)
        said = [(each.person_id, each.message) for each in letters]
        delivery.record_all(tx, [(each, Sent(each.owed.id)) for each in letters], NOW)
        people.append(questions.answer(tx, speaker, P, number, "Pekan depan.", NOW + timedelta(minutes=1)))
        again = list(tx.connection.scalars(select(OutboxRow.id).where(OutboxRow.state == "owed")))
        said += [(each.person_id, each.message) for each in delivery.begin(tx, again, NOW)]
        assert {each for each, _ in said} == {asks, supports}
        return [each or 0 for each in people], [message for _, message in said]

    people, said = database.write_now(play)
    assert people == [2, 0, 2]
    first = [each.params["answer"] for each in said if isinstance(each, Say)]
    later = [each.says.params["answer"] for each in said if isinstance(each, Amend)]  # type: ignore[union-attr]  # a board's words
    assert (first, later) == (["Lusa."] * 2, ["Pekan depan."] * 2)


def test_whose_questions_they_are(database: Database) -> None:
    def play(tx: Transaction) -> dict[str, list[bool]]:
        anna = add_person(tx, "Anna")
        mine, hidden = asked(tx, anna), asked(tx, anna)
        theirs = asked(tx, add_person(tx, "Oskar", programme_id="other"), programme_id="other")
        limited = at_work(tx, "Paula", Role.COORDINATOR)
        staff.limit(tx, limited.person.id, Scope(offices=("A",)))
        actors = {
            "coordinator": at_work(tx, "Karin", Role.COORDINATOR),
            "speaker": at_work(tx, "Bagus", Role.SPEAKER, SESSION.id),
            "another": at_work(tx, "Dewi", Role.SPEAKER, "hari-2"),
            "limited": staff.actor_by_id(tx, limited.person.id),
        }
        done = {}
        for name, actor in actors.items():
            assert actor is not None
            stored.settle(tx, mine, State.OPEN, anna, NOW)
            done[name] = [
                questions.mark(tx, actor, P, mine, State.LATER, NOW),
                questions.mark(tx, actor, P, hidden, State.HIDDEN, NOW),
                questions.mark(tx, actor, P, theirs, State.ANSWERED, NOW),
            ]
            if name == "coordinator":
                done[name].append(questions.mark(tx, actor, P, hidden, State.OPEN, NOW))
        return done

    assert database.write_now(play) == {
        "coordinator": [True, True, False, True],
        "speaker": [True, False, False],
        "another": [False, False, False],
        "limited": [False, False, False],
    }


def test_when_it_ends_its_speakers_are_told_what_waits_once(database: Database) -> None:
    def play(tx: Transaction) -> list[int | None]:
        speaker = at_work(tx, "Bagus", Role.SPEAKER, SESSION.id)
        at_work(tx, "Dewi", Role.SPEAKER, "hari-2")
        asked(tx, add_person(tx, "Anna"))
        for _ in range(2):
            questions.session_reached(tx, P, P.sessions[0], Step.ENDED, SESSION.ends)
        found = list(tx.connection.scalars(select(OutboxRow.person_id)))
        return [*found, speaker.person.id]

    told, speaker = database.write_now(play)
    assert told == speaker


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_what_is_hidden_stays_hidden(database: Database) -> None:
    session = replace(SESSION, questions=True)
    taken = replace(P, sessions=(session,))

    def play(tx: Transaction) -> None:
        coordinator = at_work(tx, "Karin", Role.COORDINATOR)
        speaker = at_work(tx, "Bagus", Role.SPEAKER, SESSION.id)
        anna, budi = add_person(tx, "Anna"), add_person(tx, "Budi")
        number = asked(tx, anna)
        assert questions.answer(tx, speaker, taken, number, "Besok.", NOW) == 1
        (answer,) = [row.id for row in outbox_rows(tx)]
        assert questions.mark(tx, coordinator, taken, number, State.HIDDEN, NOW)

        # What was on its way to be told is not told any more.
        assert delivery.begin(tx, [answer], NOW) == ()
        assert [row.state for row in outbox_rows(tx)] == ["withdrawn"]
        supporter = people_of.person(tx, budi)
        assert supporter is not None
        tapped = Tap(questions.ACTION, str(number), "support")
        reply = questions.tap(tx, supporter, 1000 + budi, taken, 1, tapped, NOW)
        assert reply == Reply((), Say("questions.gone_toast"))
        found = stored.question(tx, "p", number)
        assert found is not None
        assert (found.state, found.supports) == (State.HIDDEN, 0)

        # Asked again by the same person it is the same; the speaker cannot bring it back.
        dialogues.enter(tx, 1000 + anna, questions.DIALOGUE, {"session": session.id}, NOW)
        author = people_of.person(tx, anna)
        assert author is not None
        again = questions.write(tx, author, 1000 + anna, taken, " kapan? ", NOW)
        assert again is not None
        assert [each.key for each in again.messages if isinstance(each, Say)] == ["questions.asked_before"]
        assert questions.of(tx, speaker, taken, number) is None
        assert not any(questions.mark(tx, speaker, taken, number, each, NOW) for each in State)
        for actor in (speaker, coordinator):
            assert questions.answer(tx, actor, taken, number, "Lusa.", NOW) is None
        assert questions.shown(tx, taken, session) == []
        board = questions.board_in_words(tx, taken, session.id)
        assert board is not None
        assert "Kapan" not in repr(board)

    database.write_now(play)
