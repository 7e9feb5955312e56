"""What a ringing leads to, and what somebody who comes late is owed."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from bot.domain.messages import Button, Lane, Say, Scheduled, Tap
from bot.domain.outcomes import Gone
from bot.domain.people import Reach
from bot.domain.programme import (
    AroundSession,
    Audience,
    Catalogue,
    Entry,
    Instant,
    Item,
    Late,
    Local,
    PersonalDay,
    Recurring,
    Target,
)
from bot.domain.windows import SendingWindows
from bot.domain.zones import Zone
from bot.storage import people
from bot.storage.database import Database, Transaction
from bot.storage.messages import load
from bot.storage.tables import ModuleDoneRow, WaveRow
from bot.usecases import delivery, planning, slices
from bot.usecases.planning import Rung
from tests.examples import ALL_MODULES, MODULE, NOON, add_person, catalogue, entry, outbox_rows

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LINK = entry("link", AroundSession("hari-1", -HOUR), about=Target(Item.SESSION, "hari-1"), essential=True)
LINK_AT = datetime(2026, 11, 9, 1, 0, tzinfo=UTC)
REMINDER = entry("modul", Instant(NOON), about=MODULE, audience=Audience(not_done=(MODULE,)))

one_engine = pytest.mark.parametrize("engine", ["sqlite"])


class Desk:
    """A database with two people, whose timetable is rung by hand."""

    def __init__(self, database: Database) -> None:
        self.database = database

        def fill(tx: Transaction) -> None:
            add_person(tx, "Anna")
            add_person(tx, "Budi")

        database.write_now(fill)

    def ring(
        self, entry_id: str, due_at: datetime = NOON, *, now: datetime | None = None, zone: Zone = Zone.WIB
    ) -> Rung:
        return self.database.write_now(planning.ring, "p", entry_id, zone, due_at, now or due_at)

    def catch_up(self, now: datetime, person_id: int = 1) -> int:
        return self.database.write_now(planning.catch_up, person_id, now)

    def owed(self, person_id: int = 1) -> list[Any]:
        return [
            row
            for row in self.database.read_now(outbox_rows)
            if row.person_id == person_id and row.state == "owed"
        ]

    def said(self, person_id: int = 1) -> list[Any]:
        return [load(row.message) for row in self.owed(person_id)]

    def reasons(self, person_id: int = 1) -> list[str]:
        return [row.reason for row in self.owed(person_id)]

    def waves(self) -> list[tuple[str, str, str, int]]:
        def query(tx: Transaction) -> list[Any]:
            columns = (WaveRow.entry_id, WaveRow.zone, WaveRow.state, WaveRow.people)
            return [tuple(row) for row in tx.connection.execute(select(*columns).order_by(WaveRow.id))]

        return self.database.read_now(query)

    def change(self, person_id: int = 1, **values: Any) -> None:
        self.database.write_now(people.change, person_id, NOON, **values)


@pytest.fixture
def desk(url: str) -> Any:
    opened: list[Database] = []

    def make(*timetable: Entry, **options: Any) -> Desk:
        opened.append(Database.open(url, catalogue(*timetable, **options)))
        return Desk(opened[-1])

    yield make
    for database in opened:
        database.close_now()


Make = Callable[..., Desk]


# --- ringing ------------------------------------------------------------------------------------------


def test_everybody_who_is_meant_is_owed_the_message_once(desk: Make) -> None:
    d = desk(REMINDER)
    d.database.write_now(
        lambda tx: tx.connection.execute(
            insert(ModuleDoneRow).values(person_id=2, module_id="wawasan", done_at=NOON)
        )
    )
    assert d.ring("modul") == Rung(1)
    assert d.ring("modul") == Rung(before=True)
    (row,) = d.owed(1)
    assert load(row.message) == Scheduled("p", "modul")
    assert (row.reason, row.lane, row.about) == ("p/modul@20261109T0500Z", Lane.REMINDER, "module:wawasan")
    assert (row.due_at, row.everybody_by, row.not_after) == (NOON, NOON + 15 * MINUTE, NOON + 6 * HOUR)
    assert d.owed(2) == []
    assert d.waves() == [("modul", "WIB", "planned", 1)]


@one_engine
def test_each_zone_is_rung_for_itself(desk: Make) -> None:
    d = desk(entry("pagi", Local(date(2026, 11, 11), time(8))))
    d.change(2, zone=Zone.WIT)
    assert d.ring("pagi", datetime(2026, 11, 10, 23, tzinfo=UTC), zone=Zone.WIT) == Rung(1)
    assert (d.reasons(1), d.reasons(2)) == ([], ["p/pagi@20261111T0800"])
    d.ring("pagi", datetime(2026, 11, 11, 1, tzinfo=UTC))
    assert d.reasons(1) == ["p/pagi@20261111T0800"]


@one_engine
def test_who_changes_zone_does_not_get_the_same_morning_twice(desk: Make) -> None:
    d = desk(entry("pagi", Local(date(2026, 11, 11), time(8))))
    d.change(zone=Zone.WIT)
    d.ring("pagi", datetime(2026, 11, 10, 23, tzinfo=UTC), zone=Zone.WIT)
    d.change(zone=Zone.WIB)
    d.ring("pagi", datetime(2026, 11, 11, 1, tzinfo=UTC))
    assert d.reasons() == ["p/pagi@20261111T0800"]


@one_engine
def test_a_session_takes_the_fast_lane_and_goes_through_the_windows(desk: Make) -> None:
    d = desk(LINK, windows=SendingWindows(week={}))
    assert d.ring("link", LINK_AT) == Rung(2)
    assert [(row.lane, row.due_at) for row in d.owed()] == [(Lane.SESSION, LINK_AT)]


@one_engine
@pytest.mark.parametrize(
    ("late", "minutes", "rung", "due_after"),
    [
        (Late.SKIP, 10, Rung(2), 0),
        (Late.SKIP, 20, Rung(missed=True), None),
        (Late.SEND, 20, Rung(2), 20),
        (Late.SEND, 361, Rung(missed=True), None),
        (Late.DIGEST, 10, Rung(2), 0),
        (Late.DIGEST, 20, Rung(2), 21),
        (Late.DIGEST, 361, Rung(missed=True), None),
    ],
)
def test_ringing_late(desk: Make, late: Late, minutes: int, rung: Rung, due_after: int | None) -> None:
    d = desk(replace(REMINDER, late=late))
    assert d.ring("modul", now=NOON + minutes * MINUTE) == rung
    due = [(row.due_at - NOON) // MINUTE for row in d.owed()]
    assert due == ([] if due_after is None else [due_after])
    assert d.waves() == [("modul", "WIB", "missed" if rung.missed else "planned", rung.people)]


@one_engine
def test_a_window_that_opens_too_late_makes_it_missed(desk: Make) -> None:
    evening = NOON + 9 * HOUR
    d = desk(entry("malam", Instant(evening)), windows=SendingWindows())
    assert d.ring("malam", evening) == Rung(missed=True)


@one_engine
def test_a_window_moves_what_can_wait_and_everybody_by_with_it(desk: Make) -> None:
    evening, morning = NOON + 9 * HOUR, datetime(2026, 11, 10, 0, 45, tzinfo=UTC)
    d = desk(entry("malam", Instant(evening), late=Late.SEND), windows=SendingWindows())
    assert d.ring("malam", evening, now=morning) == Rung(2)
    (row,) = d.owed()
    assert (row.due_at, row.everybody_by, row.not_after) == (
        morning,
        morning + 15 * MINUTE,
        morning + 6 * HOUR,
    )


@one_engine
def test_personal_days_are_for_those_whose_day_it_is(desk: Make) -> None:
    d = desk(entry("hari-5", PersonalDay(5, time(12))))
    d.change(first_login=date(2026, 11, 5))
    d.change(2, first_login=date(2026, 11, 6))
    assert d.ring("hari-5") == Rung(1)
    assert (d.reasons(1), d.reasons(2)) == (["p/hari-5@20261109T1200"], [])
    assert d.ring("hari-5", NOON + DAY) == Rung(1)
    assert d.ring("hari-5", NOON + 2 * DAY) == Rung()
    assert len(d.waves()) == 2  # a day that is nobody's leaves no trace


@one_engine
def test_personal_days_may_be_working_days(desk: Make) -> None:
    d = desk(entry("hari-2", PersonalDay(2, time(12))), working_days=True)
    d.change(first_login=date(2026, 11, 6))  # Friday
    d.change(2, first_login=date(2026, 11, 8))  # Sunday
    assert d.ring("hari-2") == Rung(2)


@one_engine
def test_what_is_no_longer_in_the_schedule_rings_for_nobody(desk: Make) -> None:
    assert desk().ring("gone") == Rung()


# --- digests ------------------------------------------------------------------------------------------


def late_entries(number: int) -> list[Entry]:
    targets = [ALL_MODULES, MODULE, Target(Item.QUIZ, "kuis"), Target(Item.JOURNAL, "catatan")]
    targets += [Target(Item.MODULE, "isu"), Target(Item.MODULE, "nilai"), Target(Item.QUIZ, "*")]
    return [
        entry(f"e{n}", Instant(NOON + n * MINUTE), about=target, late=Late.DIGEST)
        for n, target in enumerate(targets[:number])
    ]


def test_after_an_outage_all_that_was_due_makes_one_digest(desk: Make) -> None:
    d = desk(*late_entries(3))
    now = NOON + 2 * HOUR
    for n in range(3):
        assert d.ring(f"e{n}", NOON + n * MINUTE, now=now) == Rung(2)
    (digest,) = d.said()
    assert digest == Say(
        "digest.message",
        {
            "name": "Anna",
            "lines": (
                Say("digest.module_list"),
                Say("digest.module", {"title": d.database.catalogue.programmes["p"].modules[0].title}),
                Say("digest.quiz", {"title": d.database.catalogue.programmes["p"].quizzes[0].title}),
            ),
        },
        (
            (
                Button(Say("menu.modules"), Tap("menu", "", "modul")),
                Button(Say("menu.quizzes"), Tap("menu", "", "kuis")),
            ),
        ),
    )
    assert [said.params["name"] for said in d.said(2)] == ["Budi"]
    assert d.owed()[0].due_at == now + MINUTE


@one_engine
def test_a_long_digest_counts_what_it_leaves_out(desk: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "MOST_LINES", 4)
    d = desk(*late_entries(7))
    for n in range(7):
        d.ring(f"e{n}", NOON + n * MINUTE, now=NOON + 2 * HOUR)
    ((*shown, more),) = [said.params["lines"] for said in d.said()]
    assert len(shown) == 4
    assert more == Say("digest.more", {"count": 3})


@one_engine
def test_what_is_about_nothing_cannot_be_folded_and_is_sent(desk: Make) -> None:
    d = desk(entry("umum", Instant(NOON), late=Late.DIGEST))
    d.ring("umum", now=NOON + HOUR)
    assert d.said() == [Scheduled("p", "umum")]


# --- catching up --------------------------------------------------------------------------------------

LATE = (
    entry("skip", Instant(NOON), about=MODULE),
    entry("send", Instant(NOON + MINUTE), about=MODULE, late=Late.SEND),
    entry("fold", Instant(NOON + 2 * MINUTE), about=ALL_MODULES, late=Late.DIGEST),
    entry("fold-2", Instant(NOON + 3 * MINUTE), about=Target(Item.QUIZ, "kuis"), late=Late.DIGEST),
)


def ring_all(d: Desk) -> None:
    """Ring all of LATE while Anna is not there."""
    d.change(consented_at=None)
    for n, each in enumerate(LATE):
        assert d.ring(each.id, NOON + n * MINUTE) == Rung(1)
    d.change(consented_at=NOON)


def test_who_joins_late_gets_what_still_matters_and_one_digest(desk: Make) -> None:
    d = desk(*LATE)
    ring_all(d)
    assert d.catch_up(NOON + HOUR) == 2
    sent, digest = d.said()
    assert sent == Scheduled("p", "send")
    assert [line.key for line in digest.params["lines"]] == ["digest.module_list", "digest.quiz"]
    assert {row.due_at for row in d.owed()} == {NOON + HOUR}
    assert d.catch_up(NOON + HOUR + MINUTE) == 0
    for n, each in enumerate(LATE):
        d.ring(each.id, NOON + n * MINUTE, now=NOON + HOUR)
    assert len(d.said()) == 2


@one_engine
def test_who_joins_in_time_gets_everything_as_it_is(desk: Make) -> None:
    d = desk(*LATE)
    ring_all(d)
    assert d.catch_up(NOON + 5 * MINUTE) == 4
    assert [message.entry for message in d.said()] == ["skip", "send", "fold", "fold-2"]


@one_engine
def test_who_joins_after_it_is_over_gets_nothing(desk: Make) -> None:
    d = desk(*LATE)
    ring_all(d)
    assert d.catch_up(NOON + 7 * HOUR) == 0


@one_engine
def test_who_was_there_gets_nothing_twice(desk: Make) -> None:
    d = desk(*LATE)
    ring_all(d)
    before = d.reasons(2)
    assert d.catch_up(NOON + HOUR, 2) == 0
    assert d.reasons(2) == before


@one_engine
def test_what_was_done_meanwhile_is_not_caught_up_with(desk: Make) -> None:
    d = desk(replace(LATE[1], audience=Audience(not_done=(MODULE,))))
    d.change(consented_at=None)
    d.ring("send", NOON + MINUTE)
    d.change(consented_at=NOON)
    d.database.write_now(
        lambda tx: tx.connection.execute(
            insert(ModuleDoneRow).values(person_id=1, module_id="wawasan", done_at=NOON)
        )
    )
    assert d.catch_up(NOON + HOUR) == 0


@one_engine
def test_who_blocked_the_bot_and_comes_back_gets_what_failed_meanwhile(desk: Make) -> None:
    d = desk(*LATE)
    d.ring("send", NOON + MINUTE)
    d.ring("fold", NOON + 2 * MINUTE)
    for row in d.owed():
        d.database.write_now(delivery.begin, (row.id,), NOON + 2 * MINUTE)
        d.database.write_now(delivery.record, row.id, Gone(Reach.BLOCKED, "blocked"), NOON + 2 * MINUTE)
    assert d.owed() == []
    d.database.write_now(people.set_reach, 1001, Reach.OPEN, NOON + HOUR)
    assert d.catch_up(NOON + HOUR) == 2
    sent, digest = d.owed()
    assert (sent.reason, sent.state, sent.error, sent.attempts) == ("p/send@20261109T0501Z", "owed", None, 0)
    assert load(digest.message).key == "digest.message"  # type: ignore[union-attr]
    assert d.catch_up(NOON + HOUR + MINUTE) == 0


@one_engine
def test_of_an_entry_that_recurs_the_last_ringing_counts(desk: Make) -> None:
    daily = entry(
        "harian",
        Recurring((0, 1, 2), time(12), date(2026, 11, 9), date(2026, 11, 11)),
        about=MODULE,
        late=Late.SEND,
        not_after=5 * DAY,
    )
    d = desk(daily)
    d.change(consented_at=None)
    for day in range(3):
        d.ring("harian", NOON + day * DAY)
    d.change(consented_at=NOON)
    assert d.catch_up(NOON + 2 * DAY + HOUR) == 1
    assert d.reasons() == ["p/harian@20261111T1200"]
    assert d.catch_up(NOON + 2 * DAY + 2 * HOUR) == 0


@one_engine
def test_who_tells_when_their_course_began_gets_todays_message(desk: Make) -> None:
    d = desk(entry("hari-2", PersonalDay(2, time(12)), about=MODULE, late=Late.SEND))
    d.ring("hari-2")
    d.change(first_login=date(2026, 11, 8))
    assert d.catch_up(NOON + HOUR) == 1
    assert d.reasons() == ["p/hari-2@20261109T1200"]
    d.change(2, first_login=date(2026, 11, 9))
    assert d.catch_up(NOON + HOUR, 2) == 0


@one_engine
def test_a_session_that_is_over_is_not_told_of(desk: Make) -> None:
    d = desk(
        entry(
            "tautan",
            AroundSession("hari-1", -HOUR),
            about=Target(Item.SESSION, "hari-1"),
            late=Late.DIGEST,
            not_after=2 * DAY,
        )
    )
    d.change(consented_at=None)
    d.ring("tautan", LINK_AT)
    d.change(consented_at=NOON)
    assert d.catch_up(NOON + DAY) == 0
    assert d.catch_up(NOON) == 1


@pytest.mark.parametrize("first", ["joiner", "wave"])
def test_who_joins_while_a_wave_is_planned_is_owed_it_once(desk: Make, first: str) -> None:
    d = desk(REMINDER)
    held, go_on = threading.Event(), threading.Event()

    def join(tx: Transaction) -> None:
        planning.catch_up(tx, add_person(tx, "Citra"), NOON)

    def plan(tx: Transaction) -> None:
        planning.ring(tx, "p", REMINDER.id, Zone.WIB, NOON, NOON)

    def hold(tx: Transaction, use_case: Callable[[Transaction], None]) -> None:
        use_case(tx)
        held.set()
        assert go_on.wait(10)

    one, other = (join, plan) if first == "joiner" else (plan, join)
    with ThreadPoolExecutor() as threads:
        holding = threads.submit(d.database.write_now, hold, one)
        assert held.wait(10)
        waiting = threads.submit(d.database.write_now, other)
        with pytest.raises(TimeoutError):  # it waits for the other's commit
            waiting.result(timeout=0.3)
        go_on.set()
        holding.result(10)
        waiting.result(10)

    assert len(d.owed(person_id=3)) == 1


def test_a_wave_in_the_making_and_who_joins_meanwhile(desk: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "SLICE", 2)
    d = desk(REMINDER)
    for name in ("Dewi", "Eka", "Fitri"):
        d.database.write_now(add_person, name)
    d.change(consented_at=None)
    rung = d.ring("modul")
    assert d.waves() == [("modul", "WIB", "planning", 3)]
    d.change(consented_at=NOON)
    assert d.catch_up(NOON) == 1
    while rung.rest is not None:
        rung = d.database.write_now(rung.rest, NOON)
    assert (rung, d.waves()) == (Rung(4), [("modul", "WIB", "planned", 4)])
    assert [len(d.owed(person_id)) for person_id in range(1, 6)] == [1, 1, 1, 1, 1]


@one_engine
def test_nobody_catches_up_with_a_programme_that_is_gone(url: str) -> None:
    database = Database.open(url, Catalogue({}, {}))
    assert database.write_now(lambda tx: planning.catch_up(tx, add_person(tx, "Anna"), NOON)) == 0
    database.close_now()
