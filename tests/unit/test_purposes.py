"""What a coordinator reads for the names under which messages and waves are kept."""

from pathlib import Path

import pytest

from bot.content.loading import load
from bot.content.wording import Wording
from bot.domain.messages import Reader, Value
from bot.domain.programme import Instant, Item, Target
from bot.usecases.purposes import about, purpose
from tests.examples import NOON, SESSION, entry, programme

ROOT = Path(__file__).parents[2]
ENTRY = entry("hari-1-tautan", Instant(NOON), about=Target(Item.SESSION, SESSION.id))
PROGRAMME = programme(ENTRY)


@pytest.fixture(scope="module")
def wording() -> Wording:
    return Wording(load(ROOT / "content", ROOT / "schedules"))


def told(wording: Wording, value: Value) -> str:
    return wording.plain(value, Reader("en", "WIB"))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("announcement:3", "Announcement 3"),
        ("announcement:3/progress/2/edit", "News of announcement 3"),
        ("announcement:3/announce.report@20261112T020424.871102", "News of announcement 3"),
        ("revise:announcement:3", "Correction: Announcement 3"),
        ("recall:material:1/v2", "Recall: Material 1"),
        (f"revise:session:{SESSION.id}/4", f"Correction: Change of timetable: {SESSION.title.en}"),
        (f"change:{SESSION.id}:4", f"Change of timetable: {SESSION.title.en}"),
        ("live:1", "Live quiz question 1"),
        ("live:1/result", "Result of live quiz question 1"),
        (f"p/feedback-summary:{SESSION.id}", f"Summary of feedback: {SESSION.title.en}"),
        ("board:live:1@20261109T024046.042107/edit2", "Progress in the chat"),
        ("p/digest@modul-wawasan@20261111T0800", "Digest of what was missed"),
        ("later:akuntabel@20261116T022752", "Reminder that was asked for"),
        ("update:300003001:0", "Reply"),
        ("feedback:no-such-session", "feedback:no-such-session"),
        ("recall:8696", "recall:8696"),
        ("", ""),
    ],
)
def test_names_are_told_in_words(wording: Wording, name: str, words: str) -> None:
    assert told(wording, purpose(PROGRAMME, name)) == words


def test_an_entry_goes_by_its_own_name_or_by_what_it_is_about(wording: Wording) -> None:
    assert purpose(PROGRAMME, "p/hari-1-tautan@20261109T0100Z") == "hari-1-tautan"
    assert told(wording, about(PROGRAMME, "hari-1-tautan")) == SESSION.title.en
    assert told(wording, about(PROGRAMME, "live:1")) == "Live quiz question 1"
