"""Who is excused, or has been given more time, lacks nothing and is not reminded; on both engines."""

from datetime import timedelta

import pytest
from sqlalchemy import insert

from bot.domain.people import Role
from bot.domain.programme import Audience, Instant, Item, Target
from bot.domain.staff import Actor
from bot.domain.zones import Zone
from bot.storage import audience, excuses, people
from bot.storage.database import Database, Transaction
from bot.storage.excuses import Excuse
from bot.storage.tables import ModuleDoneRow
from bot.usecases import journal, planning
from bot.usecases import people as deeds
from tests.examples import ALL_MODULES, MODULE, NOON, add_person, catalogue, entry, outbox_rows, programme

DAY = timedelta(days=1)
JOURNAL, SESSION = Target(Item.JOURNAL, "catatan"), Target(Item.SESSION, "hari-1")
NEVER = timedelta(days=100)


@pytest.fixture
def crowd(database: Database) -> Database:
    """Anna, Budi, Citra, Dedi and Sari, who coordinates."""

    def fill(tx: Transaction) -> None:
        for name in ("Anna", "Budi", "Citra", "Dedi"):
            add_person(tx, name)
        add_person(tx, "Sari", role="coordinator")

    database.write_now(fill)
    return database


def excuse(database: Database, person_id: int, kind: str, item: str, until: timedelta | None = None) -> None:
    granted = Excuse(kind, item, None if until is None else NOON + until)
    database.write_now(excuses.grant, person_id, granted, made_by=5, now=NOON)


def lacking(database: Database, target: Target) -> str:
    whom = Audience(not_done=(target,), roles=(Role.PARTICIPANT.value,))

    def query(tx: Transaction) -> str:
        return " ".join(sorted(audience.names(tx, audience.people(programme(), whom)).values()))

    return database.read_now(query)


def test_what_somebody_is_excused_from_does_not_lack(crowd: Database) -> None:
    excuse(crowd, 1, "module", "wawasan")
    excuse(crowd, 2, "module", "*")
    excuse(crowd, 3, "*", "*")
    assert lacking(crowd, MODULE) == "Dedi"
    assert lacking(crowd, ALL_MODULES) == "Anna Dedi"
    assert lacking(crowd, JOURNAL) == "Anna Budi Dedi"
    assert lacking(crowd, SESSION) == "Anna Budi Dedi"

    def rest(tx: Transaction) -> None:
        for module in ("isu", "nilai"):
            row = {"person_id": 1, "module_id": module, "done_at": NOON}
            tx.connection.execute(insert(ModuleDoneRow).values(**row))

    crowd.write_now(rest)
    assert lacking(crowd, ALL_MODULES) == "Dedi"  # Anna has done what she was not excused from
    crowd.write_now(
        lambda tx: tx.connection.execute(
            insert(ModuleDoneRow).values(person_id=1, module_id="wawasan", done_at=NOON)
        )
    )
    assert lacking(crowd, ALL_MODULES) == "Dedi"  # and what she was: nothing is counted twice
    assert crowd.write_now(excuses.take_back, 3, "*", "*")
    assert lacking(crowd, MODULE) == "Citra Dedi"


def test_an_extended_deadline_ends(crowd: Database) -> None:
    excuse(crowd, 1, "module", "wawasan", DAY)
    excuse(crowd, 2, "module", "wawasan", NEVER)
    assert lacking(crowd, MODULE) == "Citra Dedi"
    assert crowd.write_now(excuses.end, NOON + DAY) == 0
    assert crowd.write_now(excuses.end, NOON + DAY + timedelta(seconds=1)) == 1
    assert lacking(crowd, MODULE) == "Anna Citra Dedi"


def test_a_reminder_leaves_the_excused_out_until_their_time_is_over(crowd: Database) -> None:
    audience_ = Audience(not_done=(MODULE,), roles=("participant",))
    again = entry("lagi", Instant(NOON + 2 * DAY), about=MODULE, audience=audience_)
    crowd.catalogue = catalogue(entry("modul", Instant(NOON), about=MODULE, audience=audience_), again)
    excuse(crowd, 1, "module", "*", DAY)
    excuse(crowd, 2, "module", "wawasan")
    assert crowd.write_now(planning.ring, "p", "modul", Zone.WIB, NOON, NOON).people == 2
    assert crowd.write_now(planning.ring, "p", "lagi", Zone.WIB, NOON + 2 * DAY, NOON + 2 * DAY).people == 3


def actor(tx: Transaction) -> Actor:
    sari = people.person(tx, 5)
    assert sari is not None
    return Actor(sari)


def test_what_is_owed_already_is_withdrawn_and_the_last_morning_reminds(crowd: Database) -> None:
    reminding = entry("modul", Instant(NOON), about=ALL_MODULES, audience=Audience(not_done=(ALL_MODULES,)))
    crowd.catalogue = catalogue(reminding)
    crowd.write_now(planning.ring, "p", "modul", Zone.WIB, NOON, NOON)

    def give(tx: Transaction) -> None:
        anna = people.person(tx, 1)
        assert anna is not None
        until = deeds.end_of((NOON + 3 * DAY).date(), anna)
        assert deeds.extend(tx, actor(tx), 1, "module", "*", until, NOON)
        assert deeds.extend(tx, actor(tx), 1, "module", "*", until, NOON)  # twice does no more
        assert deeds.excuse(tx, actor(tx), 2, "*", "*", NOON)
        assert not deeds.excuse(tx, actor(tx), 3, "module", "no-such", NOON)
        assert not deeds.extend(tx, actor(tx), 3, "module", "*", NOON, NOON)

    crowd.write_now(give)
    rows = [
        (each.person_id, each.reason.partition("@")[0], each.state) for each in crowd.read_now(outbox_rows)
    ]
    assert [row for row in rows if row[0] < 4] == [
        (1, "p/modul", "withdrawn"),
        (2, "p/modul", "withdrawn"),
        (3, "p/modul", "owed"),
        (1, "p/extended:module:*", "owed"),
        (1, "p/excuse:module:*", "owed"),
        (2, "p/excuse:*:*", "owed"),
    ]


def test_a_journal_may_be_reopened_until_the_later_deadline(crowd: Database) -> None:
    crowd.catalogue = catalogue()

    def until(tx: Transaction) -> list[object]:
        anna = people.person(tx, 1)
        assert anna is not None
        (said,) = journal.overview(tx, anna, programme(), NOON).messages
        return [line.params["deadline"].params["at"] for line in said.params["lines"]]  # type: ignore[union-attr]

    before = crowd.read_now(until)
    excuse(crowd, 1, "journal", "catatan", NEVER)
    assert crowd.read_now(until) == [NOON + NEVER] != before
