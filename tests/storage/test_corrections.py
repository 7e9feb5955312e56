"""Corrections of the timetable: what becomes of what is planned, owed, on its way and sent."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.domain.corrections import Added, EntryChange, Kind, SessionChange, Trouble
from bot.domain.language import Localised
from bot.domain.messages import SessionCard
from bot.domain.outcomes import Sent, Unsent
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
from bot.domain.zones import Zone
from bot.storage import catalogues, outbox, stuck
from bot.storage.database import Database, Transaction
from bot.storage.outbox import Letter
from bot.storage.tables import AuditRow, WaveRow
from bot.usecases import corrections as deeds
from bot.usecases import delivery, planning, slices
from bot.usecases.corrections import (
    AddEntry,
    ChangeSession,
    Effect,
    EndSession,
    MoveEntry,
    MoveSession,
    Proposal,
    Restore,
    SkipEntry,
)
from bot.usecases.refusal import RefusedError
from tests.examples import NOON, add_person, catalogue, entry, outbox_rows, programme

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
STARTS = datetime(2026, 11, 9, 2, 0, tzinfo=UTC)
"""Of the example's session: 09.00 WIB."""

EARLY = STARTS - 2 * HOUR
ABOUT = Target(Item.SESSION, "hari-1")
LINK = entry(
    "tautan", AroundSession("hari-1", -HOUR), about=ABOUT, late=Late.SEND, not_after=3 * HOUR, essential=True
)
SOON = entry("segera", AroundSession("hari-1", -10 * MINUTE), about=ABOUT, not_after=15 * MINUTE)
MODULE = entry("modul", Local(date(2026, 11, 10), time(8)), late=Late.SEND)
DAILY = entry("harian", Recurring((0, 1, 2, 3, 4), time(13), date(2026, 11, 9), date(2026, 11, 13)))
OWN = entry("hari-2", PersonalDay(2, time(8)), late=Late.SEND)
FILES = catalogue(LINK, SOON, MODULE, DAILY, OWN)


both = pytest.mark.parametrize("engine", ["sqlite", "postgresql"], indirect=True)
"""On both engines: what hangs on locks and on what other transactions see. The rest is on SQLite."""


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> str:
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture
def another(url: str) -> Iterator[Callable[..., Database]]:
    """Opens the test's database: as another process would, or with other files."""
    opened: list[Database] = []

    def open_database(files: Catalogue = FILES) -> Database:
        opened.append(Database.open(url, files))
        opened[-1].refresh_now()
        return opened[-1]

    yield open_database
    for database in opened:
        database.close_now()


@pytest.fixture
def database(another: Callable[..., Database]) -> Database:
    """With three people in WIB."""
    found = another()
    found.write_now(lambda tx: [add_person(tx, name) for name in ("Anna", "Budi", "Citra")])
    return found


def correct(database: Database, wanted: Proposal, now: datetime = EARLY) -> Effect:
    return database.write_now(deeds.correct, None, "p", wanted, now)


def ring(database: Database, entry_id: str, due_at: datetime, now: datetime | None = None) -> int:
    return database.write_now(planning.ring, "p", entry_id, Zone.WIB, due_at, now or due_at).people


def begin(database: Database, now: datetime) -> tuple[Letter, ...]:
    rows, _, _ = database.read_now(delivery.due, now, 100)
    return database.write_now(delivery.begin, [row.id for row in rows], now)


def send(database: Database, now: datetime, most: int = 100) -> list[str]:
    """Send what is due, each with its row's id for a message id; to whom, in order."""
    rows, _, _ = database.read_now(delivery.due, now, most)
    letters = database.write_now(delivery.begin, [row.id for row in rows], now)
    for letter in letters:
        database.write_now(delivery.record, letter.owed.id, Sent(letter.owed.id), now)
    return [letter.reader.name for letter in letters]


def states(database: Database, prefix: str = "") -> list[tuple[str, str]]:
    rows = database.read_now(outbox_rows)
    return [(row.reason, row.state) for row in rows if row.reason.startswith(prefix)]


def waves(database: Database) -> list[tuple[str, datetime, str]]:
    def query(tx: Transaction) -> list[Any]:
        columns = (WaveRow.entry_id, WaveRow.due_at, WaveRow.state)
        return [tuple(row) for row in tx.connection.execute(select(*columns).order_by(WaveRow.id))]

    return database.read_now(query)


def refused(database: Database, wanted: Proposal, now: datetime = EARLY) -> str:
    with pytest.raises(RefusedError) as told:
        correct(database, wanted, now)
    with pytest.raises(RefusedError):
        database.read_now(deeds.preview, "p", wanted, now)
    return told.value.say.key.removeprefix("corrections.")


# --- a session at another time ------------------------------------------------------------------------


def test_what_has_not_rung_rings_with_its_session(database: Database) -> None:
    effect = correct(database, MoveSession("hari-1", STARTS + DAY))
    assert effect.moves == (
        ("tautan", STARTS - HOUR, STARTS - HOUR + DAY),
        ("segera", STARTS - 10 * MINUTE, STARTS - 10 * MINUTE + DAY),
    )
    assert (effect.told, effect.revised, effect.unsent) == (0, 0, 0)
    session = database.catalogue.programmes["p"].session("hari-1")
    assert session is not None
    assert (session.starts, session.ends - session.starts) == (STARTS + DAY, 6 * HOUR)
    assert ring(database, "tautan", STARTS - HOUR) == 0  # a timer that has not heard of it
    assert ring(database, "tautan", STARTS - HOUR + DAY) == 3
    assert waves(database) == [("tautan", STARTS - HOUR + DAY, "planned")]


@both
def test_put_off_while_its_reminders_go_out(database: Database) -> None:
    at = STARTS - HOUR
    ring(database, "tautan", at)
    assert send(database, at, most=1) == ["Anna"]
    (on_its_way,) = begin_one(database, at)
    wanted = MoveSession("hari-1", STARTS + 2 * HOUR)
    foretold = database.read_now(deeds.preview, "p", wanted, at)
    effect = correct(database, wanted, at)
    assert effect == foretold
    # Anna has had it, Budi's is on its way, and Citra's is taken back.
    assert (effect.told, effect.revised, effect.unsent) == (2, 2, 1)
    database.write_now(delivery.record, on_its_way.owed.id, Unsent("no connection"), at)
    assert sorted(send(database, at + MINUTE)) == ["Anna", "Anna"]  # an edit, and the notice
    assert send(database, at + MINUTE) == ["Budi"]  # what he was to get before is over
    assert waves(database)[0] == ("tautan", at, "moved")
    # All get it again with the session, since all is as it was before the session was put off.
    assert ring(database, "tautan", at + 2 * HOUR) == 3
    assert send(database, at + 2 * HOUR) == ["Anna", "Budi", "Citra"]
    assert [state for reason, state in states(database, "p/tautan@20261109T0100Z")] == [
        "sent",
        "expired",
        "withdrawn",
    ]


def begin_one(database: Database, now: datetime) -> tuple[Letter, ...]:
    rows, _, _ = database.read_now(delivery.due, now, 1)
    return database.write_now(delivery.begin, [row.id for row in rows], now)


@both
def test_put_off_a_little_nobody_has_the_link_twice(database: Database) -> None:
    at = STARTS - HOUR
    ring(database, "tautan", at)
    send(database, at, most=1)
    now = at + 20 * MINUTE
    effect = correct(database, MoveSession("hari-1", STARTS + 15 * MINUTE), now)
    assert (effect.told, effect.unsent) == (1, 2)
    assert ring(database, "tautan", at + 15 * MINUTE, now) == 2
    assert states(database, "p/tautan@20261109T0115Z") == [
        ("p/tautan@20261109T0115Z", "sent"),
        ("p/tautan@20261109T0115Z", "owed"),
        ("p/tautan@20261109T0115Z", "owed"),
    ]
    assert ring(database, "tautan", at + 15 * MINUTE, now) == 0


def test_undone_everybody_is_where_they_were(database: Database) -> None:
    at = STARTS - HOUR
    ring(database, "tautan", at)
    send(database, at, most=1)
    correct(database, MoveSession("hari-1", STARTS + DAY), at + MINUTE)
    # Before the notice has gone out: nobody knows of it, so nobody is told that it is nothing.
    effect = correct(database, Restore(Kind.SESSION, "hari-1"), at + 2 * MINUTE)
    assert effect.told == 0
    assert database.catalogue.programmes == FILES.programmes
    assert ring(database, "tautan", at, at + 2 * MINUTE) == 2
    assert ("tautan", at, "planned") in waves(database)
    assert sorted(send(database, at + 2 * MINUTE)) == ["Anna", "Budi", "Citra"]  # Anna: what her message says
    assert states(database, "p/change")[0][1] == "withdrawn"


@both
def test_undone_after_it_was_told_it_is_told_again(database: Database) -> None:
    at = STARTS - HOUR
    ring(database, "tautan", at)
    send(database, at)
    assert correct(database, MoveSession("hari-1", STARTS + DAY), at + MINUTE).told == 3
    assert refused(database, MoveSession("hari-1", STARTS + DAY), at + MINUTE) == "same"
    send(database, at + MINUTE)
    assert correct(database, Restore(Kind.SESSION, "hari-1"), at + 2 * MINUTE).told == 3
    assert refused(database, Restore(Kind.SESSION, "hari-1"), at + 2 * MINUTE) == "same"
    assert ring(database, "tautan", at, at + 2 * MINUTE) == 0  # they have had it


def test_a_second_change_takes_the_place_of_a_notice_that_has_not_gone(database: Database) -> None:
    at = STARTS - HOUR
    ring(database, "tautan", at)
    send(database, at)
    correct(database, MoveSession("hari-1", STARTS + DAY), at + MINUTE)
    correct(database, MoveSession("hari-1", STARTS + 2 * DAY), at + MINUTE)
    assert [state for _, state in states(database, "p/change")] == ["withdrawn"] * 3 + ["owed"] * 3
    letters = begin(database, at + MINUTE)
    assert sum(isinstance(letter.message, SessionCard) for letter in letters) == 3


def test_who_cannot_get_in_is_told_even_if_nothing_was_sent_to_them(database: Database) -> None:
    database.write_now(stuck.note, "p", "hari-1", 2, STARTS)
    database.write_now(stuck.note, "p", "hari-1", 3, STARTS)
    database.write_now(stuck.end, "p", "hari-1", 3, STARTS + MINUTE)
    wanted = ChangeSession("hari-1", SessionChange(url="https://zoom.example.invalid/j/99"))
    foretold = database.read_now(deeds.preview, "p", wanted, STARTS + MINUTE)
    effect = correct(database, wanted, STARTS + MINUTE)
    assert (effect, effect.told) == (foretold, 1)
    assert send(database, STARTS + MINUTE) == ["Budi"]
    database.write_now(stuck.note, "p", "hari-1", 3, STARTS + HOUR)
    found = database.read_now(stuck.count, "p", "hari-1")
    assert (found.said, found.open, found.since) == (2, 2, 1)


# --- a session that does not take place, or is over -----------------------------------------------------


@both
def test_a_cancelled_session_is_silent_until_it_is_reinstated(database: Database) -> None:
    at = STARTS - HOUR
    cancel, reinstate = (ChangeSession("hari-1", SessionChange(cancelled=each)) for each in (True, False))
    ring(database, "tautan", at)
    send(database, at, most=2)
    foretold = database.read_now(deeds.preview, "p", cancel, at + MINUTE)
    effect = correct(database, cancel, at + MINUTE)
    assert effect == foretold
    assert (effect.told, effect.revised, effect.unsent) == (2, 2, 1)
    assert [each for each, _, becomes in effect.moves if becomes is None] == ["tautan", "segera"]
    assert refused(database, cancel, at + MINUTE) == "same"
    assert ring(database, "segera", STARTS - 10 * MINUTE) == 0
    assert sorted(send(database, at + MINUTE)) == ["Anna", "Anna", "Budi", "Budi"]
    # Citra hears of it for the first time: she has the link, and no notice.
    assert correct(database, reinstate, at + 2 * MINUTE).told == 2
    assert ring(database, "tautan", at, at + 2 * MINUTE) == 1
    assert ring(database, "segera", STARTS - 10 * MINUTE) == 3
    assert database.catalogue.programmes["p"] == FILES.programmes["p"]


def test_a_session_that_is_ended_is_nobodys_news(database: Database) -> None:
    ring(database, "tautan", STARTS - HOUR)
    send(database, STARTS - HOUR)
    end = EndSession("hari-1", STARTS + HOUR)
    assert refused(database, end, STARTS - MINUTE) == "sessions.not_running"
    effect = correct(database, end, STARTS + HOUR)
    assert (effect.told, effect.revised, effect.unsent) == (0, 0, 0)
    assert refused(database, end, STARTS + HOUR) == "sessions.not_running"


# --- another way in -----------------------------------------------------------------------------------


@both
def test_a_corrected_link_is_told_and_replaces_the_old_one(database: Database) -> None:
    at = STARTS - HOUR
    ring(database, "tautan", at)
    send(database, at, most=2)
    wanted = ChangeSession("hari-1", SessionChange(url="https://zoom.example.invalid/j/99"))
    foretold = database.read_now(deeds.preview, "p", wanted, at + MINUTE)
    effect = correct(database, wanted, at + MINUTE)
    assert effect == foretold
    assert (effect.told, effect.revised, effect.unsent, effect.moves) == (2, 2, 0, ())
    # Who has not had it yet gets it once, as it is by now.
    assert sorted(send(database, at + MINUTE)) == ["Anna", "Anna", "Budi", "Budi", "Citra"]
    assert correct(database, Restore(Kind.SESSION, "hari-1"), at + 2 * MINUTE).told == 3


@both
def test_a_card_that_was_asked_for_is_revised_too(database: Database) -> None:
    at = STARTS - HOUR

    def shown(tx: Transaction) -> None:
        whom = outbox.Recipient(person_id=1)
        outbox.owe_replies(tx, [outbox.Answer(whom, SessionCard("p", "hari-1"), "update:1:0")], at)

    database.write_now(shown)
    send(database, at)
    effect = correct(database, ChangeSession("hari-1", SessionChange(passcode="BARU")), at + MINUTE)
    assert effect.revised == 1


def test_a_session_makes_sense_or_stays(database: Database) -> None:
    def change(**values: Any) -> ChangeSession:
        return ChangeSession("hari-1", SessionChange(**values))

    assert refused(database, change(ends=STARTS - HOUR)) == "backwards"
    assert refused(database, change(url="zoom.us/j/1")) == "no_address"
    assert refused(database, change(passcode="CONTOH")) == "same"
    assert refused(database, MoveSession("hari-1", STARTS - 9 * HOUR)) == "past"
    assert refused(database, MoveSession("hari-9", STARTS)) == "gone"
    assert refused(database, Restore(Kind.SESSION, "hari-1")) == "same"
    assert database.catalogue.version == 0


def test_a_session_that_is_over_concerns_nobody(database: Database) -> None:
    ring(database, "tautan", STARTS - HOUR)
    send(database, STARTS - HOUR)
    after = STARTS + DAY
    correct(database, MoveSession("hari-1", STARTS + 2 * DAY), STARTS)
    send(database, STARTS)
    # It went on, and ended as the files say; the correction is taken back long after.
    assert correct(database, Restore(Kind.SESSION, "hari-1"), STARTS + 9 * DAY).told == 0
    assert after < STARTS + 9 * DAY


# --- entries ------------------------------------------------------------------------------------------


def test_an_entry_that_is_moved_rings_then_for_who_has_not_had_it(database: Database) -> None:
    at = datetime(2026, 11, 10, 1, tzinfo=UTC)
    ring(database, "modul", at)
    send(database, at, most=1)
    effect = correct(database, MoveEntry("modul", Local(date(2026, 11, 11), time(9))), at + MINUTE)
    assert (effect.unsent, effect.told) == (2, 0)
    later = at + DAY + HOUR
    assert ring(database, "modul", later) == 2
    assert send(database, later) == ["Budi", "Citra"]
    # ... and back again, which is over by then: nobody gets it twice.
    correct(database, Restore(Kind.ENTRY, "modul"), later)
    assert ring(database, "modul", at, later) == 0
    assert refused(database, MoveEntry("modul", Instant(EARLY - HOUR))) == "past"
    assert refused(database, MoveEntry("harian", Instant(EARLY + HOUR))) == "unfit"


@both
def test_a_skipped_entry_and_one_that_is_restored(database: Database) -> None:
    at = datetime(2026, 11, 10, 1, tzinfo=UTC)
    ring(database, "modul", at)
    send(database, at, most=1)
    assert correct(database, SkipEntry("modul"), at).unsent == 2
    assert refused(database, SkipEntry("modul"), at) == "same"
    assert ring(database, "modul", at) == 0
    assert send(database, at) == []
    assert correct(database, Restore(Kind.ENTRY, "modul"), at + MINUTE).moves == (("modul", None, EASTERN),)
    assert ring(database, "modul", at, at + MINUTE) == 2
    assert send(database, at + MINUTE) == ["Budi", "Citra"]
    assert waves(database) == [("modul", at, "planned")]


EASTERN = datetime(2026, 11, 9, 23, tzinfo=UTC)
"""The same in WIT."""


def test_one_day_of_a_recurring_entry_is_skipped(database: Database) -> None:
    day = date(2026, 11, 10)
    correct(database, SkipEntry("harian", day))
    correct(database, SkipEntry("harian", day + DAY))
    skipped = datetime(2026, 11, 10, 6, tzinfo=UTC)
    assert ring(database, "harian", skipped) == 0
    assert ring(database, "harian", skipped + DAY) == 0
    assert ring(database, "harian", skipped + 2 * DAY) == 3
    assert refused(database, SkipEntry("harian", day)) == "same"
    assert refused(database, SkipEntry("modul", day)) == "unfit"


def test_skipped_in_the_making_nobody_else_is_owed_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "SLICE", 1)
    monkeypatch.setattr(slices, "RANGES", 1)
    at = datetime(2026, 11, 10, 1, tzinfo=UTC)
    rung = database.write_now(planning.ring, "p", "modul", Zone.WIB, at, at)
    assert rung.rest is not None
    rung = database.write_now(rung.rest, at)
    assert rung.rest is not None
    assert correct(database, SkipEntry("modul"), at).unsent == 2
    rest = database.write_now(rung.rest, at)
    assert (rest.people, rest.rest) == (0, None)
    assert send(database, at) == []
    correct(database, Restore(Kind.ENTRY, "modul"), at + MINUTE)
    rung = database.write_now(planning.ring, "p", "modul", Zone.WIB, at, at + MINUTE)
    while rung.rest is not None:
        rung = database.write_now(rung.rest, at + MINUTE)
    assert rung.people == 3
    assert send(database, at + MINUTE) == ["Anna", "Budi", "Citra"]


def test_a_skipped_personal_day_is_nobodys(database: Database) -> None:
    database.write_now(lambda tx: add_person(tx, "Dewi", first_login=date(2026, 11, 8), zone=Zone.WIB))
    at = datetime(2026, 11, 9, 1, tzinfo=UTC)
    ring(database, "hari-2", at)
    assert correct(database, SkipEntry("hari-2"), at).unsent == 1
    assert database.write_now(planning.catch_up, 4, at) == 0
    assert send(database, at) == []


def test_an_added_entry_rings_and_can_be_skipped(database: Database) -> None:
    at = EARLY + DAY
    wanted = AddEntry(Localised("Halo {nama}, {sesi}", "Hello {nama}, {sesi}"), Instant(at), about=ABOUT)
    effect = correct(database, wanted)
    assert effect.moves == (("tambahan-1", None, at),)
    assert ring(database, "tambahan-1", at) == 3
    assert correct(database, SkipEntry("tambahan-1"), at).unsent == 3
    assert correct(database, Restore(Kind.ENTRY, "tambahan-1"), at).moves == (("tambahan-1", None, at),)
    assert ring(database, "tambahan-1", at) == 3
    assert correct(database, wanted).item == "tambahan-2"
    for words, why in (("", "empty"), ("{nip}", "no_variable"), ("<b>", "markup"), ("x" * 4000, "too_long")):
        assert refused(database, AddEntry(Localised(words, "x"), Instant(at))) == why
    nothing = Target(Item.QUIZ, "tidak-ada")
    assert refused(database, AddEntry(Localised("a", "b"), Instant(at), about=nothing)) == "loose"


# --- several processes, and the files -----------------------------------------------------------------


@both
def test_another_process_hears_of_it_before_it_plans_or_sends(
    database: Database, another: Callable[..., Database]
) -> None:
    other = another()
    correct(database, MoveEntry("modul", Local(date(2026, 11, 11), time(9))))
    assert other.catalogue.version == 0
    at = datetime(2026, 11, 10, 1, tzinfo=UTC)
    assert ring(other, "modul", at) == 0  # it looks at what was corrected before it plans anything
    assert other.catalogue.version == 1
    assert ring(other, "modul", at + DAY + HOUR) == 3
    changed = ChangeSession("hari-1", SessionChange(url="https://zoom.example.invalid/j/99"))
    correct(other, changed)
    assert database.catalogue.version == 1
    assert len(begin(database, at + DAY + HOUR)) == 3
    assert database.catalogue.version == 2
    assert database.catalogue == other.catalogue
    correct(other, Restore(Kind.SESSION, "hari-1"))
    assert database.refresh_now()
    assert not database.refresh_now()
    assert database.catalogue == other.catalogue


@both
def test_a_deed_in_a_process_that_is_behind_comes_on_top_of_the_others(
    database: Database, another: Callable[..., Database]
) -> None:
    other = another()
    correct(database, ChangeSession("hari-1", SessionChange(passcode="BARU")))
    correct(other, MoveSession("hari-1", STARTS + HOUR))
    session = other.catalogue.programmes["p"].session("hari-1")
    assert session is not None
    assert (session.meeting.passcode, session.starts) == ("BARU", STARTS + HOUR)


@both
def test_whoever_fails_after_correcting_has_corrected_nothing(database: Database) -> None:
    def fail(tx: Transaction) -> None:
        deeds.correct(tx, None, "p", SkipEntry("modul"), EARLY)
        raise ValueError("afterwards")

    with pytest.raises(ValueError, match="afterwards"):
        database.write_now(fail)
    assert database.catalogue == FILES
    assert database.read_now(lambda tx: catalogues.version(tx.connection)) == 0


def test_the_files_change_below_a_correction(database: Database, another: Callable[..., Database]) -> None:
    correct(database, MoveEntry("modul", Local(date(2026, 11, 11), time(9))))
    correct(database, SkipEntry("harian"))
    correct(database, AddEntry(Localised("a", "b"), Instant(EARLY + DAY)))
    later = entry("modul", Local(date(2026, 11, 12), time(8)))
    changed = another(catalogue(LINK, SOON, later, entry("tambahan-1", Instant(NOON))))
    found = changed.read_now(deeds.standing, "p")
    assert [[problem.trouble for problem in problems] for _, problems in found] == [
        [Trouble.FILE_CHANGED],
        [Trouble.GONE],
        [Trouble.TAKEN],
    ]
    moved = changed.catalogue.programmes["p"].entry("modul")
    assert moved is not None
    assert moved.when == Local(date(2026, 11, 11), time(9))
    assert [found[0][0].made_by, found[0][0].made_at] == ["rekan (command line)", EARLY]
    gone = another(Catalogue({}, {}))
    assert [problems[0].trouble for _, problems in gone.read_now(deeds.standing, "p")] == [Trouble.GONE] * 3


def test_what_was_done_is_in_the_audit(database: Database) -> None:
    correct(database, MoveSession("hari-1", STARTS + DAY))
    correct(database, SkipEntry("harian", date(2026, 11, 10)))

    def query(tx: Transaction) -> list[Any]:
        columns = (AuditRow.action, AuditRow.subject, AuditRow.people, AuditRow.details)
        return [tuple(row) for row in tx.connection.execute(select(*columns).order_by(AuditRow.id))]

    moved, skipped = database.read_now(query)
    assert moved[:3] == ("session_changed", "hari-1", 0)
    assert moved[3]["was"]["starts"] == "2026-11-09T02:00:00+00:00"
    assert moved[3]["is"]["starts"] == "2026-11-10T02:00:00+00:00"
    assert (skipped[0], skipped[3]["day"]) == ("entry_skipped", "2026-11-10")


def test_rows_read_back_as_they_were_written() -> None:
    added: Entry = programme(entry("x", Instant(NOON), about=ABOUT)).timetable[0]
    whom = Audience(offices=("A",), zones=(Zone.WIT,), not_done=(ABOUT,))
    for change in (
        EntryChange(),
        EntryChange(skipped=True, days=(date(2026, 11, 9),), when=Local(date(2026, 11, 9), time(8))),
        EntryChange(when=Instant(NOON)),
        SessionChange(),
        SessionChange(NOON, NOON, NOON, "u", "i", "p", ""),
        Added(added),
        Added(Entry("y", Local(date(2026, 11, 9), time(8)), None, None, whom, HOUR, DAY, Late.SKIP, True)),
    ):
        assert catalogues.load(catalogues.dump(change)) == change
    with pytest.raises(ValueError, match="not a correction"):
        catalogues.load({"else": 1})
