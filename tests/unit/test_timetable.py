from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.delivery.timetable import ringings
from bot.domain.language import Language, Localised
from bot.domain.people import Person, Role
from bot.domain.programme import (
    AroundSession,
    Audience,
    Course,
    Enrolment,
    Entry,
    Instant,
    Item,
    JournalTask,
    Late,
    Local,
    Meeting,
    PersonalDay,
    Portal,
    Programme,
    Prompt,
    Recurring,
    Session,
    Target,
    When,
)
from bot.domain.timetable import (
    Fold,
    Miss,
    Send,
    Timing,
    concerns,
    deadline,
    decide,
    first_logins,
    moments,
    personal_date,
    rings,
    timing,
    upcoming,
)
from bot.domain.windows import Break, SendingWindows
from bot.domain.zones import Zone

HOUR = timedelta(hours=1)
BEGIN, END = datetime(2026, 11, 1, tzinfo=UTC), datetime(2027, 1, 31, tzinfo=UTC)
EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)
ALWAYS = SendingWindows(week={day: ((time(0), time.max),) for day in EVERY_DAY})


def utc(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def entry(when: When, **changes: object) -> Entry:
    values = {
        "id": "e",
        "when": when,
        "text": Localised("a", "b"),
        "about": None,
        "audience": Audience(),
        "everybody_by": timedelta(minutes=15),
        "not_after": 6 * HOUR,
        "late": Late.SKIP,
        "essential": False,
    }
    return Entry(**(values | changes))  # type: ignore[arg-type]


def programme(
    *timetable: Entry, windows: SendingWindows | None = None, working_days: bool = False
) -> Programme:
    title = Localised("P", "P")
    meeting = Meeting("https://zoom.example.invalid/j/1", "810", "CONTOH")
    return Programme(
        "p", title, Zone.WIB, date(2026, 11, 6), date(2026, 12, 10), Portal("Portal", "https://p.example.invalid"),
        Enrolment.OPEN, Course(15, working_days), (), (), (),
        (Session("hari-1", title, utc(9, 1, 15), utc(9, 2), utc(9, 8), meeting),),
        timetable, windows or SendingWindows(),
    )  # fmt: skip


def person(zone: Zone = Zone.WIB, first_login: date | None = None, **changes: str | None) -> Person:
    values = {"office": "Kantor A", "province": None, "wave": None, "class_": None, "group": None}
    return Person(
        id=1, programme="p", name="Anna", role=Role.PARTICIPANT, language=Language.ID, zone=zone, chat_id=1,
        consented_at=BEGIN, withdrawn_at=None, first_login=first_login, joined_at=None, **(values | changes),
    )  # type: ignore[arg-type]  # fmt: skip


def found(when: When, zone: Zone, **changes: object) -> list[datetime]:
    each = entry(when, **changes)
    return list(moments(programme(each), each, zone, BEGIN, END))


# --- moments ------------------------------------------------------------------------------------------


def test_an_instant_is_the_same_moment_everywhere() -> None:
    assert [found(Instant(utc(9, 1)), zone) for zone in Zone] == [[utc(9, 1)]] * 3


def test_a_local_time_comes_earlier_in_the_east() -> None:
    assert [found(Local(date(2026, 11, 11), time(8)), zone) for zone in Zone] == [
        [utc(11, 1)],
        [utc(11, 0)],
        [utc(10, 23)],
    ]


def test_around_a_session_counts_from_its_start_or_its_end() -> None:
    assert found(AroundSession("hari-1", -HOUR), Zone.WIT) == [utc(9, 1)]
    assert found(AroundSession("hari-1", HOUR / 4, end=True), Zone.WIT) == [utc(9, 8, 15)]
    assert found(AroundSession("gone", HOUR), Zone.WIT) == []


def test_a_recurring_entry_comes_on_its_weekdays_from_first_to_last() -> None:
    when = Recurring((0, 2), time(16), date(2026, 11, 9), date(2026, 11, 18))
    assert found(when, Zone.WITA) == [utc(9, 8), utc(11, 8), utc(16, 8), utc(18, 8)]


def test_a_personal_day_may_be_any_day_until_the_last_to_begin_has_come_to_it() -> None:
    days = found(PersonalDay(5, time(8)), Zone.WIB)
    assert (days[0], days[-1], len(days)) == (utc(6, 1), utc(14, 1, month=12), 39)


TIMES = st.times().map(lambda at: at.replace(microsecond=0))
WHENS = st.one_of(
    st.builds(
        Local,
        st.dates(date(2026, 11, 1), date(2026, 12, 20)),
        TIMES,
    ),
    st.builds(
        Recurring,
        st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days))),
        TIMES,
        st.dates(date(2026, 11, 1), date(2026, 11, 20)),
        st.dates(date(2026, 11, 15), date(2026, 12, 20)),
    ),
    st.builds(PersonalDay, st.integers(1, 30), TIMES),
    st.builds(AroundSession, st.just("hari-1"), st.timedeltas(-48 * HOUR, 48 * HOUR), st.booleans()),
)


@settings(deadline=None)  # a year's ringings, on a machine that may be busy
@given(WHENS, st.sampled_from(Zone), st.sampled_from(Late), st.booleans())
def test_apscheduler_rings_when_the_lookahead_says(
    when: When, zone: Zone, late: Late, essential: bool
) -> None:
    each = entry(when, late=late, essential=essential, not_after=30 * HOUR)
    whole = programme(each)
    expected = list(rings(whole, each, zone, BEGIN, END))
    rung = [ring for ring in ringings(whole, each, zone, BEGIN) if BEGIN <= ring.at <= END]
    assert rung == expected


# --- sending windows ----------------------------------------------------------------------------------


def when_it_rings(each: Entry, zone: Zone = Zone.WIB, windows: SendingWindows | None = None) -> Timing | None:
    whole = programme(each, windows=windows)
    (moment,) = moments(whole, each, zone, BEGIN, END)
    return timing(whole, each, zone, moment)


def test_what_is_open_rings_at_its_moment() -> None:
    rung = when_it_rings(entry(Local(date(2026, 11, 11), time(8))))
    assert rung == Timing(utc(11, 1), utc(11, 1), utc(11, 1, 15), utc(11, 7))


def test_closed_windows_put_it_off_in_each_zone_to_its_own_morning() -> None:
    # 21.00 WIB on Tuesday is quiet time everywhere; the morning begins in the east.
    each = entry(Instant(utc(10, 14)), late=Late.SEND)
    rung = [when_it_rings(each, zone) for zone in Zone]
    assert [r.at for r in rung if r] == [utc(11, 0, 45), utc(10, 23, 45), utc(10, 22, 45)]
    assert rung[0] == Timing(utc(10, 14), utc(11, 0, 45), utc(11, 1), utc(11, 6, 45))


def test_an_essential_entry_goes_through() -> None:
    rung = when_it_rings(entry(Instant(utc(10, 14)), essential=True))
    assert rung == Timing(utc(10, 14), utc(10, 14), utc(10, 14, 15), utc(10, 20))


def test_what_is_worth_nothing_late_is_hopeless_where_no_window_opens_in_time() -> None:
    rung = when_it_rings(entry(Instant(utc(10, 14))))
    assert rung == Timing(utc(10, 14), utc(10, 14), utc(10, 14, 15), utc(10, 20), hopeless=True)


def test_everybody_by_never_comes_after_not_after() -> None:
    # Friday 12.00 WIB waits for 13.30; it is over at 13.40.
    rung = when_it_rings(entry(Local(date(2026, 11, 13), time(12)), not_after=timedelta(minutes=100)))
    assert rung == Timing(utc(13, 5), utc(13, 6, 30), utc(13, 6, 40), utc(13, 6, 40))


def test_windows_that_never_open_make_it_hopeless() -> None:
    closed = SendingWindows(week={})
    rung = when_it_rings(entry(Local(date(2026, 11, 11), time(8)), late=Late.SEND), windows=closed)
    assert rung is not None
    assert rung.hopeless


def test_a_recurring_entry_is_not_piled_up_over_a_weekend() -> None:
    each = entry(Recurring(EVERY_DAY, time(8), date(2026, 11, 13), date(2026, 11, 17)), late=Late.SEND)
    rung = [ring.timing.due_at for ring in rings(programme(each), each, Zone.WIB, BEGIN, END)]
    assert rung == [utc(13, 1), utc(16, 1), utc(17, 1)]


def test_the_last_of_a_recurring_entry_waits_out_a_weekend() -> None:
    each = entry(Recurring((4, 5), time(8), date(2026, 11, 13), date(2026, 11, 14)), late=Late.SEND)
    rung = [(ring.timing.due_at, ring.at) for ring in rings(programme(each), each, Zone.WIB, BEGIN, END)]
    assert rung == [(utc(13, 1), utc(13, 1)), (utc(14, 1), utc(16, 0, 45))]


# --- late ---------------------------------------------------------------------------------------------

ON_TIME = Timing(utc(11, 1), utc(11, 1), utc(11, 1, 15), utc(11, 7))
MODULE = Target(Item.MODULE, "m")
LATER = utc(11, 2)


@pytest.mark.parametrize(
    ("late", "about", "now", "opens", "decision"),
    [
        (Late.SKIP, None, utc(11, 1), utc(11, 1), Send(utc(11, 1), utc(11, 1, 15), utc(11, 7))),
        (Late.SKIP, None, utc(11, 1, 15), LATER, Send(utc(11, 1), utc(11, 1, 15), utc(11, 7))),
        (Late.SKIP, None, utc(11, 1, 16), LATER, Miss()),
        (Late.SEND, None, utc(11, 1, 16), LATER, Send(LATER, utc(11, 2, 15), utc(11, 7))),
        (Late.SEND, None, utc(11, 6, 55), utc(11, 6, 55), Send(utc(11, 6, 55), utc(11, 7), utc(11, 7))),
        (Late.SEND, None, utc(11, 6, 55), utc(12, 1), Miss()),
        (Late.SEND, None, utc(11, 6, 55), None, Miss()),
        (Late.DIGEST, MODULE, utc(11, 1, 10), LATER, Send(utc(11, 1), utc(11, 1, 15), utc(11, 7))),
        (Late.DIGEST, MODULE, utc(11, 1, 16), LATER, Fold(LATER)),
        (Late.DIGEST, None, utc(11, 1, 16), LATER, Send(LATER, utc(11, 2, 15), utc(11, 7))),
        (Late.SEND, None, utc(11, 7, 1), utc(11, 7, 1), Miss()),
        (Late.DIGEST, MODULE, utc(11, 7, 1), utc(11, 7, 1), Miss()),
    ],
)  # fmt: skip
def test_what_becomes_of_a_late_ringing(
    late: Late, about: Target | None, now: datetime, opens: datetime | None, decision: object
) -> None:
    each = entry(Local(date(2026, 11, 11), time(8)), late=late, about=about)
    assert decide(each, ON_TIME, now, opens) == decision


# --- personal days ------------------------------------------------------------------------------------


def test_calendar_days_of_ones_own_course() -> None:
    course = Course(15)
    assert personal_date(course, SendingWindows(), date(2026, 11, 13), 1) == date(2026, 11, 13)
    assert personal_date(course, SendingWindows(), date(2026, 11, 13), 15) == date(2026, 11, 27)


def test_working_days_leave_out_weekends_and_holidays() -> None:
    windows = SendingWindows(holidays=frozenset({date(2026, 11, 17)}))
    course = Course(15, working_days=True)
    friday = date(2026, 11, 13)
    days = [personal_date(course, windows, friday, day) for day in (1, 2, 3, 4)]
    assert days == [friday, date(2026, 11, 16), date(2026, 11, 18), date(2026, 11, 19)]


@given(st.booleans(), st.dates(date(2026, 1, 1), date(2027, 1, 1)), st.integers(1, 30))
def test_who_began_when_is_found_from_the_day(working: bool, first_login: date, day: int) -> None:
    windows = SendingWindows(holidays=frozenset(date(2026, 3, 18) + timedelta(days=n) for n in range(10)))
    course = Course(15, working)
    on = personal_date(course, windows, first_login, day)
    logins = first_logins(course, windows, day, on)
    assert first_login in logins
    assert {personal_date(course, windows, each, day) for each in logins} == {on}


def test_deadlines_are_local_personal_or_the_end() -> None:
    def task(when: Local | PersonalDay | None) -> JournalTask:
        return JournalTask(Prompt("w", Localised("", ""), Localised("", "")), when)

    whole = programme()
    local = task(Local(date(2026, 11, 23), time(23, 59)))
    assert [deadline(whole, local, person(zone)) for zone in Zone] == [
        utc(23, 16, 59),
        utc(23, 15, 59),
        utc(23, 14, 59),
    ]
    own = task(PersonalDay(14, time(23, 59)))
    assert deadline(whole, own, person(Zone.WITA, date(2026, 11, 12))) == utc(25, 15, 59)
    end = utc(10, 16, 59, month=12)
    assert deadline(whole, own, person()) == end
    assert deadline(whole, task(None), person()) == end


# --- ahead --------------------------------------------------------------------------------------------


def test_upcoming_lists_each_zone_by_time() -> None:
    link = entry(AroundSession("hari-1", -HOUR), id="link", essential=True)
    reminder = entry(Local(date(2026, 11, 9), time(8)), id="modul")
    whole = programme(reminder, link)
    listed = [(ring.at, ring.zone, ring.entry.id) for ring in upcoming(whole, utc(8, 22), utc(9, 1))]
    assert listed == [
        (utc(8, 23), Zone.WIT, "modul"),
        (utc(9, 0), Zone.WITA, "modul"),
        (utc(9, 1), Zone.WIB, "modul"),
        (utc(9, 1), Zone.WIB, "link"),
        (utc(9, 1), Zone.WITA, "link"),
        (utc(9, 1), Zone.WIT, "link"),
    ]


def test_upcoming_for_a_person_has_their_zone_their_audience_and_their_days() -> None:
    other = entry(Local(date(2026, 11, 11), time(9)), id="other", audience=Audience(offices=("Kantor B",)))
    mine = entry(Local(date(2026, 11, 11), time(8)), id="mine", audience=Audience(offices=(" kantor a ",)))
    day_2 = entry(PersonalDay(2, time(10)), id="day-2")
    whole = programme(other, mine, day_2)

    def listed(who: Person) -> list[tuple[datetime, str]]:
        return [(ring.at, ring.entry.id) for ring in upcoming(whole, BEGIN, END, person=who)]

    assert listed(person(Zone.WITA, date(2026, 11, 10))) == [(utc(11, 0), "mine"), (utc(11, 2), "day-2")]
    assert listed(person(Zone.WITA)) == [(utc(11, 0), "mine")]


def test_every_condition_has_to_hold() -> None:
    who = person(Zone.WIT, wave="I", class_="3", group="B", province="Papua")
    met = Audience(("Kantor A",), ("papua",), (Zone.WIT,), ("i",), ("3",), ("b",), ("participant",))
    assert concerns(met, who)
    assert concerns(Audience(), who)
    for unmet in (
        Audience(zones=(Zone.WIB,)),
        Audience(waves=("II",)),
        Audience(roles=("speaker",)),
        Audience(provinces=("Papua Barat",)),
    ):
        assert not concerns(unmet, who)


def test_a_break_with_no_hours_closes_the_days_it_names() -> None:
    windows = SendingWindows(breaks=(Break(date(2026, 11, 11), date(2026, 11, 12)),))
    rung = when_it_rings(entry(Local(date(2026, 11, 11), time(8)), late=Late.SEND), windows=windows)
    assert rung is not None
    assert rung.at == utc(13, 0, 45)
