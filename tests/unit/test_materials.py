"""When a material comes out, and when a speaker is reminded of one."""

from dataclasses import replace
from datetime import timedelta

from bot.domain.materials import Release, choices, goes_through, is_due, label, longest, reminded
from bot.domain.posts import Piece, Post
from tests.examples import SESSION

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TEXT, FILE = Post((Piece("text", "Halo"),)), Post((Piece("document", file_id="f"),))


def test_what_is_over_can_no_longer_be_waited_for() -> None:
    assert choices(SESSION, SESSION.starts - MINUTE) == (Release.NOW, Release.START, Release.END)
    assert choices(SESSION, SESSION.starts) == (Release.NOW, Release.END)
    assert choices(SESSION, SESSION.ends) == (Release.NOW,)


def test_it_is_due_when_its_session_comes_to_that_and_takes_place() -> None:
    assert [is_due(SESSION, Release.START, SESSION.starts + each) for each in (-MINUTE, 0 * MINUTE)] == [
        False,
        True,
    ]
    assert not is_due(SESSION, Release.END, SESSION.starts)
    put_off = replace(SESSION, ends=SESSION.ends + HOUR)
    assert not is_due(put_off, Release.END, SESSION.ends)
    assert not is_due(replace(SESSION, cancelled=True), Release.START, SESSION.ends)


def test_the_latest_reminder_holds_until_the_session_starts() -> None:
    def ahead(before: timedelta) -> timedelta | None:
        found = reminded(SESSION, SESSION.starts - before)
        return None if found is None else found.ahead

    assert [ahead(each) for each in (DAY + MINUTE, DAY, 3 * HOUR, 2 * HOUR, MINUTE, 0 * MINUTE)] == [
        None,
        DAY,
        DAY,
        2 * HOUR,
        2 * HOUR,
        None,
    ]
    assert reminded(replace(SESSION, cancelled=True), SESSION.starts - HOUR) is None


def test_who_is_in_a_session_is_told_whatever_the_hour() -> None:
    assert [
        goes_through(SESSION, at)
        for at in (SESSION.room_opens - MINUTE, SESSION.room_opens, SESSION.ends + HOUR, SESSION.ends + DAY)
    ] == [False, True, True, False]


def test_it_is_called_by_its_file_else_by_its_words_else_by_its_kind() -> None:
    assert label(FILE, "bahan  tayang.pdf", "") == "bahan tayang.pdf"
    assert label(TEXT, "", "Halo\nsemua") == "Halo semua"
    assert label(FILE, "", "") == "document"
    assert label(TEXT, "", "x" * 100) == "x" * 59 + "…"
    assert longest(TEXT) - longest(FILE) == 4096 - 1024
