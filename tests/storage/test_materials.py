"""Materials: who gets a newer version, on both engines."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from bot.domain.materials import Release
from bot.domain.messages import Lane, Material, Reply, Tap
from bot.domain.people import Role
from bot.domain.posts import Piece, Post
from bot.storage import materials as stored
from bot.storage import outbox, people, staff, waves
from bot.storage.database import Database, Transaction
from bot.storage.tables import OutboxRow, WaveRow
from bot.usecases import materials
from tests.examples import NOON, SESSION, add_person, catalogue

BAGUS, ANNA, BUDI = 1, 2, 3
PROGRAMME = catalogue().programmes["p"]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def out(url: str) -> object:
    """A material of Bagus's that is out: Anna has it, Budi is about to."""
    database = Database.open(url, catalogue())

    def fill(tx: Transaction) -> None:
        add_person(tx, "Bagus", role=Role.SPEAKER.value)
        staff.bind(tx, BAGUS, [SESSION.id])
        add_person(tx, "Anna")
        add_person(tx, "Budi")
        number = send(tx, "Versi 1")
        materials.place(tx, bagus(tx), number, SESSION.id)
        assert materials.release(tx, bagus(tx), number, Release.NOW, NOON)[1] == 2
        tx.connection.execute(update(OutboxRow).where(OutboxRow.person_id == ANNA).values(state="sent"))

    database.write_now(fill)
    yield database
    database.close_now()


def bagus(tx: Transaction) -> staff.Actor:
    found = staff.actor_by_id(tx, BAGUS)
    assert found is not None
    return found


def send(tx: Transaction, words: str) -> int:
    post = Post((Piece("text", words, message_id=1),))
    return materials.draft(tx, bagus(tx), post, "", NOON, chat_id=1000 + BAGUS).id


def newer(tx: Transaction, words: str) -> tuple[int, int]:
    """Put a newer version in its place: how many were said beforehand to get it, and how many do."""
    draft = send(tx, words)
    found = materials.make_newer(tx, bagus(tx), draft, 1)
    planned = materials.plan(tx, found, NOON + MINUTE).people
    return planned, materials.replace(tx, bagus(tx), draft, NOON + MINUTE)[1]


def owed(tx: Transaction, version: int) -> list[int]:
    """Whom a version goes to."""
    rows = select(OutboxRow.person_id).where(
        OutboxRow.reason == f"material:1/v{version}", OutboxRow.state.in_(("owed", "sent"))
    )
    return sorted(tx.connection.scalars(rows))


def test_a_newer_version_goes_to_those_who_have_the_old_one(out: Database) -> None:
    def join(tx: Transaction) -> tuple[int, int]:
        late, asked = add_person(tx, "Citra Terlambat"), add_person(tx, "Dina Terlambat")
        recipient = outbox.Recipient(person_id=asked)
        outbox.owe_replies(tx, [outbox.Answer(recipient, Material(1, 1), "update:9:0")], NOON)
        return late, asked

    late, asked = out.write_now(join)
    assert out.write_now(newer, "Versi 2") == (3, 3)
    assert out.read_now(owed, 1) == [ANNA]  # what Budi was still owed is not sent
    assert out.read_now(owed, 2) == [ANNA, BUDI, asked]

    def look(tx: Transaction) -> Reply:
        person = people.person(tx, late)
        assert person is not None
        return materials.tap(tx, person, PROGRAMME, Tap(materials.TAKE, "1", "get"))

    assert out.read_now(look) == Reply((Material(1, 2),))
    assert out.write_now(newer, "Versi 3") == (3, 3)
    assert out.read_now(owed, 3) == [ANNA, BUDI, asked]


def test_what_takes_anothers_place_is_shown_beforehand_as_it_will_be(out: Database) -> None:
    def version(tx: Transaction, before: int) -> int:
        draft = send(tx, "Baru")
        materials.make_newer(tx, bagus(tx), draft, before)
        shown = stored.handout(tx, Material(draft, 1))
        assert shown is not None
        return shown.version

    def versions(tx: Transaction) -> list[int]:
        waiting = send(tx, "Nanti")
        materials.place(tx, bagus(tx), waiting, SESSION.id)
        materials.release(tx, bagus(tx), waiting, Release.END, NOON)
        return [version(tx, 1), version(tx, waiting)]

    assert out.write_now(versions) == [2, 1]  # nobody has had what only waits


def test_while_the_old_version_is_being_planned_the_newer_goes_to_all(out: Database) -> None:
    def go_on_planning(tx: Transaction) -> int:
        wave_id = tx.connection.scalar(select(WaveRow.id).where(WaveRow.entry_id == "material:1/v1"))
        assert wave_id is not None
        waves.add(tx, wave_id, 0, [{"do": materials.HAND_OUT, "details": {}, "after": BUDI}])
        return add_person(tx, "Eko Berikutnya")

    following = out.write_now(go_on_planning)
    assert out.write_now(newer, "Versi 2") == (3, 3)
    assert out.read_now(owed, 2) == [ANNA, BUDI, following]


def test_who_could_not_be_written_to_is_not_told_of_a_newer_version(out: Database) -> None:
    def gone(tx: Transaction) -> None:
        tx.connection.execute(update(OutboxRow).where(OutboxRow.person_id == BUDI).values(state="gone"))
        other = outbox.Recipient(person_id=BUDI)
        outbox.owe(tx, other, Material(2, 1), reason="material:2/v1", lane=Lane.REMINDER, now=NOON)

    out.write_now(gone)
    assert out.write_now(newer, "Versi 2") == (1, 1)
    assert out.read_now(owed, 2) == [ANNA]
