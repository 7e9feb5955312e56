"""How many people each ringing means, counted together, is what it is counted alone; on both engines."""

from datetime import date, time, timedelta

import pytest
from sqlalchemy import insert

from bot.domain.programme import Audience, Instant, PersonalDay, Recurring
from bot.domain.staff import EVERYTHING, Scope
from bot.domain.timetable import upcoming
from bot.domain.zones import Zone
from bot.storage.database import Database, Transaction
from bot.storage.tables import ModuleDoneRow
from bot.usecases import forecasts, timetable
from tests.examples import MODULE, NOON, add_person, entry, programme

LACKING = Audience(not_done=(MODULE,))
P = programme(
    entry("kabar", Instant(NOON + timedelta(hours=3))),
    entry("modul", Instant(NOON + timedelta(hours=2)), audience=LACKING),
    entry("harian", Recurring(tuple(range(7)), time(9), date(2026, 11, 6), date(2026, 11, 20))),
    entry("papua", Instant(NOON + timedelta(hours=4)), audience=Audience(zones=(Zone.WIT,))),
    entry("hari-5", PersonalDay(5, time(8))),
)


@pytest.fixture
def crowd(database: Database) -> Database:
    def fill(tx: Transaction) -> None:
        for n in range(12):
            add_person(
                tx,
                f"P{n}",
                zone=tuple(Zone)[n % 3],
                office="A" if n < 5 else "B",
                consented=n != 7,
                first_login=None if n % 2 else date(2026, 11, 6 + n // 3),
            )
        done = {"person_id": 1, "module_id": MODULE.id, "done_at": NOON}
        tx.connection.execute(insert(ModuleDoneRow).values(done))

    database.write_now(fill)
    return database


@pytest.mark.parametrize("scope", [EVERYTHING, Scope(offices=("a",))], ids=["all", "office"])
def test_together_as_alone(crowd: Database, scope: Scope) -> None:
    rings = list(upcoming(P, NOON, NOON + timedelta(days=10)))

    def count(tx: Transaction) -> tuple[list[int], list[int]]:
        sizes = forecasts.Sizes(tx, P, scope=scope)
        assert not any(sizes.at_most(ring) for ring in rings)
        alone = [forecasts.size(tx, P, ring, scope=scope) for ring in rings]
        assert [sizes.of(ring) for ring in rings] == [forecasts.size(tx, P, ring) for ring in rings]
        return [sizes.of(ring, all_of_them=False) for ring in rings], alone

    together, alone = crowd.read_now(count)
    assert together == alone
    assert len(set(alone)) > 2


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_of_very_many_it_says_at_most(crowd: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecasts, "EXACTLY", 10)
    found, _ = crowd.read_now(timetable.coming, P, EVERYTHING, NOON, since=NOON, most=2)
    assert [(each.entry.id, each.people, each.at_most) for each in found] == [
        ("modul", 11, True),
        ("kabar", 11, False),
    ]
