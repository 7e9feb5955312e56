"""`rekan plan` and `rekan waves`, on the shipped example."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from bot.content.loading import load
from bot.domain.announcements import Whom
from bot.domain.forecast import Budget, Pace
from bot.domain.posts import Piece, Post
from bot.domain.programme import Audience
from bot.domain.zones import Zone
from bot.storage import staff, state
from bot.storage.database import Database, Transaction
from bot.storage.tables import OutboxRow, WaveRow
from bot.usecases import announcements, corrections, forecasts, planning, waves
from tests.cli.conftest import ROOT, Rekan
from tests.examples import add_person

AT = datetime(2026, 11, 9, 1, 0, tzinfo=UTC)
"""The link to day one: 08.00 WIB, by 08.15."""


@pytest.fixture
def database(home: Path) -> Database:
    """The database of the commands, with 60 participants."""
    database = Database.open(f"sqlite:///{home / 'rekan.db'}", load(ROOT / "content", ROOT / "schedules"))
    database.upgrade()

    def fill(tx: Transaction) -> None:
        for n in range(60):
            add_person(tx, f"Person {n}", programme_id="pppk-2026", linked=n < 50, consented=n < 50)

    database.write_now(fill)
    return database


def test_it_shows_each_wave_and_when_the_last_person_has_it(rekan: Rekan) -> None:
    ended = rekan("plan", "--people", "3400", "--from", "2026-11-09", "--days", "1")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0] == "pppk-2026, 09 Nov 2026 to 10 Nov 2026 (WIB), 24 a second, people: --people"
    assert [line.split() for line in lines if line.startswith(" Mon")] == [
        ["Mon", "09", "08:00", "hari-1-tautan", "all", "3400", "08:02:21", "08:15"],
        ["Mon", "09", "08:50", "hari-1-segera", "all", "3400", "08:52:21", "08:55"],
        ["Mon", "09", "12:45", "hari-1-siang", "all", "3400", "12:47:21", "12:55"],
        ["Mon", "09", "15:10", "hari-1-selesai", "all", "3400", "15:12:21", "15:25"],
    ]
    assert max(map(len, lines)) <= 80
    assert lines[-1] == "Everything reaches everybody in time."


def test_what_cannot_be_in_time_is_told_and_ends_with_1(rekan: Rekan) -> None:
    question = ("plan", "--people", "12000", "--from", "2026-11-09", "--days", "1")
    ended = rekan(*question)
    assert ended.code == 1
    assert ended.out.splitlines()[-1] == (
        "hari-1-segera (all): 4800 of 12000 people have it late, the last one by 3m20s."
    )
    document = rekan(*question, "--json").document
    assert (document["ok"], document["per_second"], document["for_replies"]) == (False, 30, 0.2)
    (late,) = [each for each in document["coming"] if each["late_people"]]
    assert late == {
        "entry": "hari-1-segera",
        "zones": ["WIB", "WITA", "WIT"],
        "due_at": "2026-11-09T01:50:00+00:00",
        "rings_at": "2026-11-09T01:50:00+00:00",
        "starts_at": "2026-11-09T01:50:00+00:00",
        "everybody_by": "2026-11-09T01:55:00+00:00",
        "people": 12000,
        "first_at": "2026-11-09T01:50:00+00:00",
        "last_at": late["last_at"],
        "late_people": 4800,
        "late_seconds": late["late_seconds"],
        "missed": False,
        "waves": [],
    }
    assert late["late_seconds"] == pytest.approx(11_999 / 24 - 300, abs=0.01)


ANNOUNCED_WITH = ("announcement:1", "hari-1-tautan")
PAID = {
    "REKAN_TELEGRAM__PACE__PER_SECOND": "1000",
    "REKAN_TELEGRAM__PACE__PAID": "true",
    "REKAN_TELEGRAM__PACE__STARS": "200",
}


def test_a_paid_pace_lasts_as_long_as_the_stars(rekan: Rekan) -> None:
    """Stars for 2,000 messages a day: the first wave of 12,000 is not through before they are spent."""
    question = ("plan", "--people", "12000", "--from", "2026-11-09", "--days", "1")
    ended = rekan(*question, env=PAID)
    first = ended.out.splitlines()[0]
    assert "800 a second for 2000 messages a day, then 24, people" in first
    assert ended.code == 1
    document = rekan(*question, "--json", env=PAID).document
    assert (document["per_second"], document["paid_a_day"]) == (1000, 2000)
    link, soon = document["coming"][:2]
    assert link["entry"] == "hari-1-tautan"
    took = datetime.fromisoformat(link["last_at"]) - datetime.fromisoformat(link["first_at"])
    assert took.total_seconds() == pytest.approx(2_000 / 800 + 9_999 / 24, abs=0.01)
    assert soon["late_people"] == 4800


def test_what_was_paid_today_is_counted(database: Database) -> None:
    database.write_now(state.remember, state.PAID, f"{AT:%Y-%m-%d} 1990")
    left = database.read_now(forecasts.left_of, Pace.for_stars(1_000, 200), AT)
    assert left.budget == Budget(2_000, AT.date(), 1_990)
    database.write_now(state.remember_pace, 1_000, 200)
    assert database.read_now(forecasts.pace, AT) == left
    tomorrow = AT + timedelta(days=1)
    left = database.read_now(forecasts.pace, tomorrow)
    assert left.budget == Budget(2_000, tomorrow.date(), 0)


def test_without_a_database_it_asks_how_many_there_will_be(rekan: Rekan, home: Path) -> None:
    document = rekan("plan", "--from", "2026-11-09", "--json").document
    assert (document["people_from"], document["coming"][0]["people"]) == ("expected_people", 3400)
    changed(home, None)
    ended = rekan("plan", "--from", "2026-11-09")
    assert ended.code == 1
    assert "give --people N or --roster FILE" in ended.err


def test_a_roster_says_how_many_and_in_which_zone(rekan: Rekan) -> None:
    roster = ROOT / "content/examples/peserta.csv"
    document = rekan("plan", "--roster", roster, "--from", "2026-11-08", "--days", "1", "--json").document
    zones = {tuple(each["zones"]): each["people"] for each in document["coming"]}
    assert sum(zones.values()) == 60
    assert set(zones) == {("WIB",), ("WITA",), ("WIT",)}


def test_the_database_knows_who_has_joined(rekan: Rekan, database: Database) -> None:
    question = ("plan", "--from", "2026-11-09", "--days", "1", "--json")
    for options, people in (((), 50), (("--everybody",), 60)):
        document = rekan(*question, *options).document
        assert {each["people"] for each in document["coming"]} == {people}


def test_an_announcement_that_is_scheduled_is_shown(rekan: Rekan, database: Database) -> None:
    """It begins with the link of day one, which goes before it."""

    def schedule(tx: Transaction) -> None:
        author = staff.actor_by_id(tx, add_person(tx, "Sari", programme_id="pppk-2026", role="coordinator"))
        assert author is not None
        number = announcements.draft(tx, author, Post((Piece("text", "Halo"),)), AT, chat_id=None)
        announcements.choose(tx, author, number, whom=Whom(Audience(roles=("participant",))))
        announcements.send(tx, author, number, 1, AT - timedelta(days=1), at=AT)

    database.write_now(schedule)
    coming = rekan("plan", "--from", "2026-11-09", "--days", "1", "--json").document["coming"]
    announced, link = (next(each for each in coming if each["entry"] == name) for name in ANNOUNCED_WITH)
    assert (announced["people"], announced["late_people"]) == (50, 0)
    assert datetime.fromisoformat(announced["starts_at"]) == AT
    assert announced["first_at"] > link["last_at"]
    assert "announcement:1" in rekan("plan", "--from", "2026-11-09", "--days", "1").out


def test_a_stopped_wave_is_shown_and_resumed_or_cancelled(rekan: Rekan, database: Database) -> None:
    def stop(tx: Transaction) -> None:
        planning.ring(tx, "pppk-2026", "hari-1-tautan", Zone.WIB, AT, AT)
        tx.connection.execute(update(OutboxRow).values(state="failed", settled_at=AT))
        waves.stop_failing(tx, [1], AT)
        held = {"reason": "x", "message": {}, "lane": 1, "wave_id": 1, "state": "held", "created_at": AT}
        times = {"due_at": AT, "everybody_by": AT, "not_after": AT + timedelta(days=1), "attempts": 0}
        tx.connection.execute(insert(OutboxRow).values(person_id=1, **held, **times))

    database.write_now(stop)
    ended = rekan("plan", "--from", "2026-11-09", "--days", "1")
    assert ended.code == 1
    (line,) = [line for line in ended.out.splitlines() if line.startswith("STOPPED")]
    assert line == (
        "STOPPED: hari-1-tautan (WIB): too many messages were refused, 1 are held. "
        "`rekan waves resume 1` sends them, `rekan waves cancel 1` gives them up."
    )
    assert "hari-1-tautan (WIB), stopped, 50 of 50 people." in ended.err
    assert rekan("plan", "--from", "2026-11-09", "--json").document["stopped"] == [
        {"wave": 1, "entry": "hari-1-tautan", "zone": "WIB", "due_at": AT.isoformat(), "held": 1}
    ]
    # Long after 9 November: it is too late for it.
    assert (
        rekan("waves", "resume", "1").out == "hari-1-tautan (WIB): it is too late for it, nothing is sent.\n"
    )
    ended = rekan("waves", "cancel", "1")
    assert (ended.code, ended.err) == (1, "Wave 1 (hari-1-tautan, WIB) is not stopped: it is cancelled.\n")
    database.write_now(lambda tx: tx.connection.execute(update(WaveRow).values(state="stopped")))
    assert rekan("waves", "cancel", "1", "--json").document == {"wave": 1, "people": 0}


def changed(home: Path, people: int | None) -> str:
    """The shipped content with so many expected people; the schedule's text."""
    for folder in ("content", "schedules"):
        shutil.copytree(ROOT / folder, home / folder)
    (home / "config.yaml").write_text("database: {url: 'sqlite:///rekan.db'}\n")
    schedule = home / "schedules/pppk-2026.yaml"
    text = schedule.read_text()
    expected = next(line for line in text.splitlines() if line.startswith("expected_people:"))
    schedule.write_text(text.replace(expected, "" if people is None else f"expected_people: {people}"))
    return text


def test_a_schedule_that_can_never_fit_is_named(rekan: Rekan, home: Path) -> None:
    text = changed(home, 12000)
    ended = rekan("check")
    place = text.splitlines().index("    everybody_by: 5m") + 1
    assert ended.code == 2
    assert ended.err.splitlines()[0] == (
        f"schedules/pppk-2026.yaml:{place}: 12000 people at 30 a second: the last one cannot have this by"
        " 'everybody_by' (5m); write 'everybody_by: 7m', or let it begin 'early' where its text allows that"
    )
    paid = rekan(
        "check",
        env={
            "REKAN_TELEGRAM__PACE__PER_SECOND": "100",
            "REKAN_TELEGRAM__PACE__PAID": "true",
            "REKAN_TELEGRAM__PACE__STARS": "5000",
        },
    )
    assert paid.code == 0
    short = rekan("check", env=PAID)
    assert short.code == 2
    assert "12000 people at 1000 a second for 2000 messages a day: the last one" in short.err


def test_what_coordinators_corrected_is_planned_and_named(
    rekan: Rekan, database: Database, home: Path
) -> None:
    starts = AT + timedelta(hours=2)
    moved = corrections.MoveSession("hari-1", starts)
    database.write_now(corrections.correct, None, "pppk-2026", moved, AT - timedelta(days=1))
    ended = rekan("plan", "--from", "2026-11-09", "--days", "1")
    (line,) = [line for line in ended.out.splitlines() if "hari-1-tautan" in line]
    assert line.split()[:3] == ["Mon", "09", "09:00"]
    named = "session hari-1, by rekan (command line) on 2026-11-08 01:00 UTC"
    assert f"Corrected by a coordinator: {named}." in ended.out
    (told,) = rekan("plan", "--from", "2026-11-09", "--days", "1", "--json").document["corrections"]
    assert (told["kind"], told["item"], told["problems"]) == ("session", "hari-1", [])

    assert f"Corrected by a coordinator: {named}." in rekan("check").out
    for folder in ("content", "schedules"):
        shutil.copytree(ROOT / folder, home / folder)
    schedule = home / "schedules" / "pppk-2026.yaml"
    text = schedule.read_text(encoding="utf-8")
    schedule.write_text(
        text.replace("starts: 2026-11-09 09:00", "starts: 2026-11-09 09:05"), encoding="utf-8"
    )
    (home / "config.yaml").write_text("database: {url: 'sqlite:///rekan.db'}\n", encoding="utf-8")
    (told,) = rekan("check", "--json").document["corrections"]
    assert told["problems"] == ["file_changed"]
