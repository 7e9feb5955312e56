"""A message comes back from the outbox as it was put in, and nothing else is taken for one."""

import string
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.language import Localised
from bot.domain.messages import (
    Ask,
    AskLive,
    Bar,
    Board,
    Button,
    Chart,
    Delete,
    Edit,
    File,
    Invite,
    Link,
    Message,
    Picture,
    Say,
    Scheduled,
    Table,
    Tap,
    Written,
)
from bot.domain.programme import Local
from bot.storage import files
from bot.storage.database import Database
from bot.storage.messages import dump, load

whole = st.integers(-(2**53), 2**53)
words = st.text(max_size=20)
names = st.text(string.ascii_lowercase, min_size=1, max_size=8)
texts = st.builds(Localised, words, words)
local = st.builds(Local, st.dates(), st.times())
plain = st.one_of(words, whole, st.dates(), st.datetimes(timezones=st.just(UTC)), local, texts)
written = st.builds(Written, texts, st.dictionaries(names, plain, max_size=2))
links = st.builds(Link, words.map("https://example.invalid/".__add__))
taps = st.builds(Tap, names, names, words.filter(lambda choice: len(choice.encode()) < 40))


def says(values: st.SearchStrategy[object]) -> st.SearchStrategy[Say]:
    buttons = st.builds(Button, st.one_of(words, texts, st.builds(Say, names)), taps | links)
    return st.builds(
        Say,
        names,
        st.dictionaries(names, values, max_size=3),
        st.lists(st.lists(buttons, max_size=2).map(tuple), max_size=2).map(tuple),
    )


simple = says(st.one_of(plain, written))
say = says(st.one_of(plain, written, simple, st.lists(simple, max_size=2).map(tuple)))
messages = st.one_of(
    say,
    st.builds(Scheduled, names, names),
    st.builds(Ask, names, whole, names),
    st.builds(Invite, names, names),
    st.builds(AskLive, whole, question=st.none(), changeable=st.just(False)),
    st.builds(Board, names, names),
    st.builds(Edit, whole, say),
    st.builds(Delete, whole),
    st.builds(File, whole, names, say, content=st.none()),
    st.builds(
        Picture,
        st.builds(
            Chart,
            say,
            st.lists(st.builds(Bar, words, whole, whole), max_size=2).map(tuple),
            st.tuples(say, say),
            say,
        ),
        say,
    ),
)


@given(messages)
def test_a_message_comes_back(message: Message) -> None:
    assert load(orjson.loads(orjson.dumps(dump(message)))) == message


@pytest.mark.parametrize("data", [{}, {"sing": 1}, {"delete": "7"}, {"edit": 7}, {"ask": ["quiz", 1]}])
def test_anything_else_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not a message"):
        load(data)


async def test_a_file_is_kept_for_some_days(database: Database) -> None:
    now = datetime(2026, 11, 9, 2, tzinfo=UTC)
    table = Table(
        Say("title"),
        (Say("name"), Say("since")),
        (("=Anna", now), ("Budi", None), ("Citra", Say("never", {"n": 3}))),
        (Say("note"),),
    )
    ids = [await database.transact(files.keep, each, now) for each in (table, "Satu\nDua")]
    assert [await database.transact(files.content, each) for each in ids] == [table, "Satu\nDua"]
    assert await database.transact(files.prune, now + files.KEPT) == 0
    assert await database.transact(files.prune, now + files.KEPT + timedelta(seconds=1)) == 2
    assert await database.transact(files.content, ids[0]) is None
