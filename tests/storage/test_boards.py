"""Boards end with the role: who has no say any more is shown nothing more."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.domain.announcements import Whom
from bot.domain.messages import Board, Tap
from bot.domain.outcomes import Sent
from bot.domain.people import Role
from bot.domain.posts import Piece, Post
from bot.domain.programme import Catalogue
from bot.domain.staff import Actor
from bot.storage import boards, dialogues
from bot.storage import people as people_of
from bot.storage.database import Database, Transaction
from bot.storage.tables import OutboxRow
from bot.usecases import announcements, delivery, enrolment, live_quiz, questions, speakers, stuck
from bot.usecases import staff as roles
from bot.usecases.shift import DIALOGUE, Shift
from tests.examples import NOON, SESSION, add_person, at_work, outbox_rows, programme

P = replace(programme(), sessions=(replace(SESSION, questions=True), replace(SESSION, id="hari-2")))
ITEM = f"p/{SESSION.id}"
Ends = Callable[[Transaction, Actor, Actor], None]

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def database(url: str) -> Any:
    opened = Database.open(url, Catalogue({"p": P}, {}))
    yield opened
    opened.close_now()


def send_all(tx: Transaction) -> list[int | None]:
    """Send whatever is owed; to whom."""
    owed = list(tx.connection.scalars(select(OutboxRow.id).where(OutboxRow.state == "owed")))
    letters = delivery.begin(tx, owed, NOON)
    delivery.record_all(tx, [(each, Sent(each.owed.id)) for each in letters], NOON)
    return [each.person_id for each in letters]


def dismissed(tx: Transaction, owner: Actor, other: Actor) -> None:
    assert roles.dismiss(tx, owner, other.person.id, NOON)


def left(tx: Transaction, _: Actor, other: Actor) -> None:
    who = people_of.visitor(tx, 1000 + other.person.id, None, NOON)
    enrolment.tap(tx, who, 1, Tap("daftar", "", "leave"), NOON)


def bound_elsewhere(tx: Transaction, owner: Actor, other: Actor) -> None:
    shift = Shift(owner, P, 1000 + owner.person.id, NOON)
    asked = {"area": speakers.ACTION, "asked": "sessions", "name": "", "chosen": ["hari-2"]}
    dialogues.enter(tx, shift.chat_id, DIALOGUE, {**asked, "person": other.person.id}, NOON)
    speakers.tap(tx, shift, 1, Tap(speakers.ACTION, "", "done"))


ENDS = pytest.mark.parametrize(
    ("ends", "role", "kind"),
    [
        (dismissed, Role.COORDINATOR, stuck.BOARD),
        (dismissed, Role.SPEAKER, questions.BOARD),
        (dismissed, Role.SPEAKER, live_quiz.BOARD),
        (left, Role.SPEAKER, questions.BOARD),
        (bound_elsewhere, Role.SPEAKER, questions.BOARD),
    ],
)


@ENDS
def test_a_board_ends_with_the_role(database: Database, ends: Ends, role: Role, kind: str) -> None:
    def play(tx: Transaction) -> None:
        owner, waits, has_it = (
            at_work(tx, "Rina", Role.OWNER),
            *(at_work(tx, name, role, SESSION.id) for name in ("Bagus", "Dewi")),
        )
        board = Board(kind, ITEM)
        for each in (owner, has_it):
            boards.put_up(tx, each.person.id, board, NOON)
        tx.connection.execute(update(OutboxRow).values(state="sent", message_id=5))
        boards.put_up(tx, waits.person.id, board, NOON)
        boards.changed(tx, board, NOON)
        for each in (waits, has_it):
            ends(tx, owner, each)
        boards.changed(tx, board, NOON + boards.EVERY)
        owing = {row.person_id for row in outbox_rows(tx) if row.state == "owed" and "board:" in row.reason}
        assert owing == {owner.person.id}

    database.write_now(play)


def test_what_becomes_of_an_announcement_is_told_while_it_is_theirs_to_announce(database: Database) -> None:
    def play(tx: Transaction) -> None:
        owner = at_work(tx, "Rina", Role.OWNER)
        author = at_work(tx, "Sari", Role.COORDINATOR)
        anna = add_person(tx, "Anna")
        number = announcements.draft(tx, author, Post((Piece("text", "Halo"),)), NOON, chat_id=None)
        announcements.choose(tx, author, number, whom=Whom(replace(Whom().of, roles=("participant",))))
        announcements.send(tx, author, number, 1, NOON)
        assert send_all(tx) == [anna, author.person.id]
        announcements.advance(tx, NOON + announcements.EVERY)
        assert {row.person_id for row in outbox_rows(tx) if row.state == "owed"} == {author.person.id}
        dismissed(tx, owner, author)
        assert announcements.told_in_words(tx, number, author.person.id) is None
        announcements.recall(tx, owner, number, NOON + 2 * announcements.EVERY)
        announcements.advance(tx, NOON + 3 * announcements.EVERY)
        edits = [row for row in outbox_rows(tx) if row.state == "owed" and "progress" in row.reason]
        assert delivery.begin(tx, [row.id for row in edits], NOON + 4 * announcements.EVERY) == ()

    database.write_now(play)
