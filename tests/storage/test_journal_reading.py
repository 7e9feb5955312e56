"""Coordinators read and comment journals: those of their scope, submitted, and on record."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from bot.domain.journal import State
from bot.domain.messages import Say, Tap
from bot.domain.people import Person, Role
from bot.domain.programme import Programme
from bot.domain.staff import EVERYTHING, Actor, Scope
from bot.storage import journal, journal_reading, people
from bot.storage.database import Database, Transaction
from bot.storage.journal_reading import Filter, Listed
from bot.storage.messages import load
from bot.usecases import journal as writing
from bot.usecases.journal_reading import comment, read
from bot.usecases.refusal import RefusedError
from tests.examples import NOON, add_person, audited, outbox_rows, programme

LATE = NOON + timedelta(days=60)
"""After every deadline."""

PROGRAMME: Programme = programme()


def write(tx: Transaction, who: int, text: str, *, submit: bool = True) -> None:
    journal.write(
        tx, who, "catatan", chat_id=1000 + who, message_id=who, kind="text", text=text, file_id=None, now=NOON
    )
    if submit:
        journal.set_state(tx, who, "catatan", State.SUBMITTED, NOON + timedelta(minutes=who))


@pytest.fixture
def written(database: Database) -> dict[str, int]:
    """Entries of several offices, a draft, a test person's, another programme's; people by name."""

    def fill(tx: Transaction) -> dict[str, int]:
        ids = {
            "Citra": add_person(tx, "Citra", office="A"),
            "Anna": add_person(tx, "Anna", office="A"),
            "Budi": add_person(tx, "Budi", office="B"),
            "Uji": add_person(tx, "Uji", office="A", is_test=True),
            "Lain": add_person(tx, "Lain", office="A", programme_id="q"),
            "Draf": add_person(tx, "Draf", office="A"),
            "Sari": add_person(tx, "Sari", role="coordinator"),
        }
        for name in ("Citra", "Anna", "Budi", "Uji", "Lain"):
            write(tx, ids[name], f"rahasia {name}")
        write(tx, ids["Draf"], "belum selesai", submit=False)
        return ids

    return database.write_now(fill)


def actor(tx: Transaction, person_id: int, scope: Scope) -> Actor:
    person = people.person(tx, person_id)
    assert person is not None
    return Actor(person, scope)


def listed(database: Database, scope: Scope, which: Filter | None = None) -> list[Listed]:
    return database.read_now(journal_reading.listed, "p", scope, which or Filter(), limit=10)


def names(found: Sequence[Listed]) -> list[str]:
    return [each.name for each in found]


def test_who_is_listed(database: Database, written: dict[str, int]) -> None:
    assert names(listed(database, Scope())) == ["Anna", "Budi", "Citra"]
    assert names(listed(database, Scope(offices=("A",)))) == ["Anna", "Citra"]
    assert names(listed(database, Scope(offices=("A",)), Filter(office="B"))) == []
    assert names(listed(database, Scope(), Filter(prompt="lain"))) == []
    assert names(listed(database, Scope(), Filter(person_id=written["Budi"]))) == ["Budi"]
    assert database.read_now(journal_reading.number, "p", Scope(), Filter(unread=True)) == 3


def test_the_next_and_the_one_before(database: Database, written: dict[str, int]) -> None:
    anna, budi, citra = listed(database, Scope())

    def beside(entry: Listed, scope: Scope) -> tuple[int | None, int | None]:
        return database.read_now(journal_reading.neighbours, "p", scope, Filter(), entry)

    assert beside(anna, Scope()) == (None, budi.id)
    assert beside(budi, Scope()) == (anna.id, citra.id)
    assert beside(citra, Scope()) == (budi.id, None)
    assert beside(anna, Scope(offices=("A",))) == (None, citra.id)


def test_reading_is_on_record_and_only_of_ones_own(database: Database, written: dict[str, int]) -> None:
    entries = {each.name: each.id for each in listed(database, Scope())}

    def look(tx: Transaction, name: str, scope: Scope, whose: int) -> str | None:
        found = read(tx, actor(tx, whose, scope), PROGRAMME, entries[name], NOON)
        return None if found is None else found.parts[0].text

    sari, anna = written["Sari"], written["Anna"]
    assert database.write_now(look, "Budi", Scope(offices=("A",)), sari) is None
    assert database.write_now(look, "Budi", Scope(), anna) is None, "a participant"
    assert database.read_now(audited) == []
    assert database.write_now(look, "Budi", Scope(), sari) == "rahasia Budi"
    (noted,) = database.read_now(audited)
    assert (noted.action, noted.subject, noted.details["prompt"]) == (
        "journal_read",
        str(written["Budi"]),
        "catatan",
    )
    assert names(listed(database, Scope(), Filter(unread=True))) == ["Anna", "Citra"]


def test_what_is_not_to_be_read(database: Database, written: dict[str, int]) -> None:
    def every(tx: Transaction) -> list[str]:
        sari = actor(tx, written["Sari"], Scope())
        found = (read(tx, sari, PROGRAMME, entry_id, NOON) for entry_id in range(20))
        return sorted(each.entry.name for each in found if each is not None)

    assert database.write_now(every) == ["Anna", "Budi", "Citra"]


def test_a_revision_is_asked_for_told_and_taken_late(database: Database, written: dict[str, int]) -> None:
    anna, *_ = (each for each in listed(database, Scope()) if each.name == "Anna")

    def ask(tx: Transaction, scope: Scope = EVERYTHING) -> bool:
        sari = actor(tx, written["Sari"], scope)
        return comment(tx, sari, PROGRAMME, anna.id, " Mohon contohnya. ", LATE, ask_revision=True)

    assert not database.write_now(ask, Scope(offices=("B",)))
    assert database.read_now(outbox_rows) == []
    assert database.write_now(ask)
    assert database.write_now(ask), "the same form, sent twice"
    (row,) = database.read_now(outbox_rows)
    assert row.person_id == written["Anna"]
    message = load(row.message)
    assert isinstance(message, Say)
    assert message.key == "journal.revision_asked"
    assert message.params["comment"] == "Mohon contohnya."
    assert names(listed(database, Scope(), Filter(revision_asked=True))) == ["Anna"]

    def reopen(tx: Transaction) -> tuple[str, str]:
        person = people.person(tx, written["Anna"])
        assert isinstance(person, Person)
        said = [
            writing.tap(tx, person, 1, PROGRAMME, Tap("jurnal", "catatan", choice), LATE).messages[0]
            for choice in ("reopen", "submit")
        ]
        assert isinstance(said[0], Say)
        assert isinstance(said[1], Say)
        return said[0].key, said[1].key

    assert database.write_now(reopen) == ("journal.opened", "journal.submitted_late")
    assert names(listed(database, Scope(), Filter(revision_asked=True))) == []
    assert "Anna" in names(listed(database, Scope(), Filter(unread=True))), "it is to be read anew"


@pytest.mark.parametrize(
    ("words", "key"),
    [
        ("  ", "journal.comment_empty"),
        ("x" * 2001, "journal.comment_too_long"),
        ("NIK 3171234567890001", "journal.comment_nik"),
    ],
)
def test_comments_that_are_not_taken(
    database: Database, written: dict[str, int], words: str, key: str
) -> None:
    def say(tx: Transaction) -> None:
        comment(tx, actor(tx, written["Sari"], Scope()), PROGRAMME, 1, words, NOON)

    with pytest.raises(RefusedError) as refused:
        database.write_now(say)
    assert refused.value.say.key == key


def test_who_has_no_right_to_journals(database: Database, written: dict[str, int]) -> None:
    (entry, *_) = listed(database, Scope())

    def say(tx: Transaction) -> bool:
        person = people.person(tx, written["Citra"])
        assert person is not None
        assert person.role is Role.PARTICIPANT
        return comment(tx, Actor(person), PROGRAMME, entry.id, "halo", NOON)

    assert not database.write_now(say)
    assert database.read_now(outbox_rows) == []
