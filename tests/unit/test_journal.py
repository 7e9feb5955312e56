"""The journal's decisions."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.journal import (
    AlreadyDone,
    AskFirst,
    Entry,
    NothingYet,
    State,
    Submit,
    count_words,
    may_change,
    submit,
)
from bot.domain.language import Localised
from bot.domain.programme import Prompt

NOW = datetime(2026, 11, 20, 7, tzinfo=UTC)
PROMPT = Prompt("wawasan", Localised("W", "W"), Localised("?", "?"), minimum_words=5)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("   \n ", 0),
        ("Saya belajar.", 2),
        ("kupu-kupu di Jum'at", 3),
        ("👍👍", 0),
        ("Rp 5.000", 3),
        ("satu\nkalimat – dua", 3),
    ],
)
def test_words_are_counted_as_a_person_would(text: str, words: int) -> None:
    assert count_words(text) == words


def test_an_empty_entry_is_not_submitted() -> None:
    assert submit(PROMPT, Entry("wawasan"), NOW, NOW) == NothingYet()


def test_few_words_are_asked_about_once() -> None:
    entry = Entry("wawasan", State.DRAFT, ("Saya belajar banyak.",))
    assert submit(PROMPT, entry, NOW, NOW) == AskFirst(3)
    assert submit(PROMPT, entry, NOW, NOW, sure=True) == Submit(late=False)


def test_a_photo_alone_may_be_sent_by_who_is_sure() -> None:
    entry = Entry("wawasan", State.DRAFT, ("",), files=1)
    assert submit(PROMPT, entry, NOW, NOW) == AskFirst(0)
    assert submit(PROMPT, entry, NOW, NOW, sure=True) == Submit(late=False)


def test_after_the_deadline_an_entry_is_taken_and_called_late() -> None:
    entry = Entry("wawasan", State.DRAFT, ("satu dua tiga empat lima",))
    assert submit(PROMPT, entry, NOW - timedelta(minutes=1), NOW) == Submit(late=True)


def test_submitting_twice_changes_nothing() -> None:
    entry = Entry("wawasan", State.SUBMITTED, ("satu dua tiga empat lima",), submitted_at=NOW)
    assert submit(PROMPT, entry, NOW, NOW) == AlreadyDone()


def test_a_submitted_entry_changes_only_until_its_deadline() -> None:
    entry = Entry("wawasan", State.SUBMITTED, ("x",))
    assert may_change(entry, NOW, NOW)
    assert not may_change(entry, NOW, NOW + timedelta(seconds=1))
    assert may_change(Entry("wawasan", State.DRAFT), NOW, NOW + timedelta(days=3))
