"""Announced polls: what counts of the votes in everybody's own copy; on both engines."""

from typing import Any

import pytest
from sqlalchemy import delete, select

from bot.domain.announcements import Whom
from bot.domain.events import Sender, Voted
from bot.domain.messages import Reply, Say
from bot.domain.outcomes import Sent
from bot.domain.people import Role
from bot.domain.posts import Piece, Post, Question
from bot.domain.programme import Audience
from bot.storage import announcements as stored
from bot.storage import people, staff
from bot.storage import polls as copies
from bot.storage.database import Database, Transaction, TryAgain
from bot.storage.polls import Results
from bot.storage.tables import OutboxRow, PersonRow
from bot.usecases import announcements, delivery, polls, quiz
from tests.examples import NOON, add_person, catalogue

POLL = Question("Kapan?", ("Senin", "Selasa", "Rabu"), multiple=True)
SARI, ANNA, BUDI, TES = range(1, 5)


@pytest.fixture
def asked(database: Database) -> Database:
    """A poll that is announced to three participants, one of them a test person, and begun to be sent."""
    database.catalogue = catalogue()

    def fill(tx: Transaction) -> None:
        add_person(tx, "Sari", role=Role.COORDINATOR.value)
        for name in ("Anna", "Budi", "Tes"):
            add_person(tx, name, is_test=name == "Tes")
        sari = staff.actor_by_id(tx, SARI)
        assert sari is not None
        post = Post((Piece("poll", poll=POLL),))
        number = announcements.draft(tx, sari, post, NOON, chat_id=None)
        announcements.choose(tx, sari, number, whom=Whom(Audience(roles=("participant",))))
        announcements.send(tx, sari, number, 1, NOON)

    database.write_now(fill)
    return database


def deliver(tx: Transaction, *, one_by_one: bool = False) -> None:
    """Everybody's copy is sent; the poll's id is the person's."""
    owed = select(OutboxRow.id).where(OutboxRow.state == "owed", OutboxRow.reason == "announcement:1")
    letters = delivery.begin(tx, list(tx.connection.scalars(owed)), NOON)
    ended = [(each, Sent(each.owed.id, f"poll-{each.person_id}")) for each in letters]
    if one_by_one:
        for letter, outcome in ended:
            delivery.record(tx, letter.owed.id, outcome, NOON)
    else:
        delivery.record_all(tx, ended, NOON)


def vote(tx: Transaction, who: int, *options: int, of: int = 0) -> Any:
    programme = tx.catalogue.programmes["p"]
    visitor = people.visitor(tx, 1000 + who, None, NOON)
    return quiz.vote(tx, visitor, programme, Voted(Sender(1000 + who), f"poll-{of or who}", options), NOON)


def results(tx: Transaction) -> Results:
    return copies.results(tx, 1, len(POLL.options))


@pytest.mark.parametrize("one_by_one", [False, True])
def test_the_last_vote_in_ones_own_copy_counts(asked: Database, one_by_one: bool) -> None:
    def play(tx: Transaction) -> None:
        deliver(tx, one_by_one=one_by_one)
        assert results(tx) == Results((0, 0, 0), 0, 2)
        assert [vote(tx, ANNA, 2, 0), vote(tx, BUDI, 0), vote(tx, TES, 1)] == [Reply()] * 3
        assert results(tx) == Results((2, 0, 1), 2, 2)
        vote(tx, BUDI, 1, of=ANNA)  # hers was forwarded to him
        assert results(tx) == Results((2, 0, 1), 2, 2)
        vote(tx, ANNA, 1)
        assert results(tx) == Results((1, 1, 0), 2, 2)
        vote(tx, BUDI)
        assert results(tx) == Results((0, 1, 0), 1, 2)
        found = stored.announcement(tx, 1)
        assert found is not None
        said = [(each.key, each.params["count"]) for each in polls.in_words(tx, found)[1:]]
        assert said == [("poll.option", 0), ("poll.option", 1), ("poll.option", 0)]
        tx.connection.execute(delete(PersonRow).where(PersonRow.id == ANNA))
        assert results(tx) == Results((0, 0, 0), 0, 1)

    asked.write_now(play)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_vote_that_overtakes_the_note_of_its_copy_waits(asked: Database) -> None:
    def begin(tx: Transaction) -> None:
        owed = select(OutboxRow.id).where(OutboxRow.person_id == ANNA)
        (letter,) = delivery.begin(tx, list(tx.connection.scalars(owed)), NOON)
        assert isinstance(letter.message, Post)
        assert letter.message.counted == 1

    asked.write_now(begin)
    with pytest.raises(TryAgain):
        asked.write_now(vote, ANNA, 1)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_what_is_answered_in_groups_is_seen_there(asked: Database) -> None:
    def play(tx: Transaction) -> None:
        deliver(tx)
        stored.change(tx, 1, whom=Whom(chats=(stored.Place(-100),), people=False))
        found = stored.announcement(tx, 1)
        assert found is not None
        assert polls.in_words(tx, found) == (Say("poll.in_groups"),)

    asked.write_now(play)
