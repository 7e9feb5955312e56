"""Who is meant, on both engines; and the same said of one person, beforehand."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import insert

from bot.domain.people import Reach
from bot.domain.programme import Audience, Item, Target
from bot.domain.timetable import concerns
from bot.domain.zones import Zone
from bot.storage import audience, people
from bot.storage.database import Database, Transaction
from bot.storage.tables import JournalEntryRow, ModuleDoneRow, QuizAttemptRow
from tests.examples import ALL_MODULES, MODULE, MODULES, NOON, add_person, programme

PROGRAMME = programme()


@pytest.fixture
def crowd(database: Database) -> Database:
    """Some people who differ in everything that a condition can be about."""

    def fill(tx: Transaction) -> None:
        papua = {"province": "Papua", "zone": Zone.WIT, "wave": "I", "class_": "1", "group": "A"}
        bali = {"province": "Bali", "zone": Zone.WITA, "wave": "II", "class_": "1", "group": "B"}
        jakarta = {"province": "DKI Jakarta", "wave": "I", "class_": "2", "role": "speaker"}
        add_person(tx, "Anna", office="Kantor A ", **papua)
        add_person(tx, "Budi", office="kantor a", **bali)
        add_person(tx, "Cici", office="Kantor B", **jakarta)
        add_person(tx, "Dedi", office="Kantor C")

    database.write_now(fill)
    return database


def meant(database: Database, whom: Audience, **narrowed: Any) -> str:
    def query(tx: Transaction) -> str:
        names = audience.names(tx, audience.people(PROGRAMME, whom, **narrowed))
        assert len(names) == (audience.size(tx, PROGRAMME, whom) if not narrowed else len(names))
        return " ".join(sorted(names.values()))

    return database.read_now(query)


CONDITIONS = [
    (Audience(), "Anna Budi Cici Dedi"),
    (Audience(offices=("KANTOR A",)), "Anna Budi"),
    (Audience(offices=("Kantor A", "Kantor B")), "Anna Budi Cici"),
    (Audience(provinces=(" bali ",)), "Budi"),
    (Audience(zones=(Zone.WIT, Zone.WITA)), "Anna Budi"),
    (Audience(waves=("i",)), "Anna Cici"),
    (Audience(classes=("1",)), "Anna Budi"),
    (Audience(groups=("b",)), "Budi"),
    (Audience(roles=("participant",)), "Anna Budi Dedi"),
    (Audience(waves=("I",), classes=("1",)), "Anna"),
    (Audience(offices=("Kantor X",)), ""),
]


def test_conditions(crowd: Database) -> None:
    assert [(whom, meant(crowd, whom)) for whom, _ in CONDITIONS] == CONDITIONS


def test_the_rule_for_one_person_is_the_same(crowd: Database) -> None:
    def query(tx: Transaction, whom: Audience) -> str:
        everybody = [people.person(tx, person_id) for person_id in range(1, 5)]
        return " ".join(each.name for each in everybody if each and concerns(whom, each))

    assert [(whom, crowd.read_now(query, whom)) for whom, _ in CONDITIONS] == CONDITIONS


def test_narrowed_to_a_zone_a_person_a_first_login(crowd: Database) -> None:
    day = date(2026, 11, 9)
    crowd.write_now(lambda tx: people.change(tx, 2, NOON, first_login=day))
    assert meant(crowd, Audience(), zone=Zone.WIB) == "Cici Dedi"
    assert meant(crowd, Audience(), person_id=3) == "Cici"
    assert meant(crowd, Audience(), first_logins=(day,)) == "Budi"
    assert meant(crowd, Audience(), first_logins=()) == ""


def test_only_active_people(database: Database) -> None:
    def fill(tx: Transaction) -> None:
        add_person(tx, "Anna")
        add_person(tx, "no consent", consented=False)
        add_person(tx, "no chat", linked=False)
        add_person(tx, "has left", withdrawn_at=NOON)
        add_person(tx, "has blocked", reach=Reach.BLOCKED)
        add_person(tx, "elsewhere", programme_id="other")
        add_person(tx, "test", is_test=True)

    database.write_now(fill)
    assert meant(database, Audience()) == "Anna test"


def not_done(*targets: Target) -> Audience:
    return Audience(not_done=targets)


def test_what_is_done_is_not_reminded_of(crowd: Database) -> None:
    quiz, journal = Target(Item.QUIZ, "kuis"), Target(Item.JOURNAL, "catatan")

    def fill(tx: Transaction) -> None:
        connection = tx.connection
        for person_id, modules in ((1, MODULES), (2, MODULES[:1])):
            for module in modules:
                connection.execute(
                    insert(ModuleDoneRow).values(person_id=person_id, module_id=module.id, done_at=NOON)
                )
        for person_id, finished in ((1, NOON), (2, None)):
            begun = {"person_id": person_id, "quiz_id": "kuis", "attempt": 1, "asked": [], "questions": 1}
            connection.execute(insert(QuizAttemptRow).values(**begun, started_at=NOON, finished_at=finished))
        for person_id, state in ((1, "submitted"), (2, "draft")):
            written = {"person_id": person_id, "prompt_id": "catatan", "state": state}
            connection.execute(insert(JournalEntryRow).values(**written, started_at=NOON))

    crowd.write_now(fill)
    assert meant(crowd, not_done(MODULE)) == "Cici Dedi"
    assert meant(crowd, not_done(ALL_MODULES)) == "Budi Cici Dedi"
    assert meant(crowd, not_done(quiz)) == "Budi Cici Dedi"
    assert meant(crowd, not_done(journal)) == "Budi Cici Dedi"
    assert meant(crowd, not_done(MODULE, quiz)) == "Budi Cici Dedi"
    assert meant(crowd, replace(not_done(MODULE), waves=("I",))) == "Cici"
    assert meant(crowd, not_done(Target(Item.SESSION, "hari-1"))) == "Anna Budi Cici Dedi"


def test_a_kind_of_which_there_is_nothing_is_lacked_by_nobody(
    url: str, opened: Callable[[str], Database]
) -> None:
    bare = replace(PROGRAMME, quizzes=())

    def query(tx: Transaction) -> int:
        add_person(tx, "Anna")
        return audience.size(tx, bare, not_done(Target(Item.QUIZ, "*")))

    assert opened(url).write_now(query) == 0
