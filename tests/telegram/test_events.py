from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from structlog.testing import capture_logs
from telegram import Update

from bot.domain.events import (
    AddressedInGroup,
    Commanded,
    Edited,
    Event,
    Membership,
    Migrated,
    ReachChanged,
    Sender,
    Shared,
    Started,
    Tapped,
    TopicChanged,
    Voted,
    Wrote,
)
from bot.domain.messages import Tap
from bot.domain.people import Reach
from bot.domain.posts import Question
from bot.simulator import Simulator
from bot.telegram.client import Client
from bot.telegram.events import read, read_json

ANNA = {"id": 11, "is_bot": False, "first_name": "Anna", "language_code": "en"}
PRIVATE = {"id": 11, "type": "private", "first_name": "Anna"}
GROUP = {"id": -20, "type": "group", "title": "Angkatan 1"}
FROM_ANNA = Sender(11, "en")
SENT = datetime(2027, 1, 15, 8, tzinfo=UTC)
PICTURE = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x08\0\0\0\x06\x08\2\0\0\0"
FILE = {"file_id": "F1", "file_unique_id": "U1"}
STICKER = FILE | {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False}
VENUE = {"location": {"latitude": 1.5, "longitude": 2.5}, "title": "Aula", "address": "Jalan Contoh 1"}
FORUM = {"id": -100, "type": "supergroup", "title": "Angkatan 1", "is_forum": True}


def message(chat: dict[str, Any] = PRIVATE, **fields: Any) -> dict[str, Any]:
    return {"message": {"message_id": 5, "date": int(SENT.timestamp()), "chat": chat, "from": ANNA, **fields}}


def event(**update: Any) -> Event | None:
    return read_json({"update_id": 1, **update}, "rekan_bot")


def written(text: str, chat: dict[str, Any] = PRIVATE, **fields: Any) -> Event | None:
    return event(**message(chat, text=text, **fields))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/start", Started(FROM_ANNA, "", SENT)),
        ("/start ABC-def_1", Started(FROM_ANNA, "ABC-def_1", SENT)),
        ("/START@rekan_bot  x ", Started(FROM_ANNA, "x", SENT)),
        ("/jadwal", Commanded(FROM_ANNA, "jadwal", "")),
        ("/Kuis 2\nya", Commanded(FROM_ANNA, "kuis", "2\nya")),
        ("/kuis@rekan_bot", Commanded(FROM_ANNA, "kuis", "")),
        ("halo /jadwal", Wrote(FROM_ANNA, 5, "halo /jadwal", sent=SENT)),
        ("9/11/2026", Wrote(FROM_ANNA, 5, "9/11/2026", sent=SENT)),
        ("/9/11", Wrote(FROM_ANNA, 5, "/9/11", sent=SENT)),
        ("/", Wrote(FROM_ANNA, 5, "/", sent=SENT)),
        ("/3171234567890001", Wrote(FROM_ANNA, 5, "/3171234567890001", sent=SENT)),
        ("/start 3171234567890001", Wrote(FROM_ANNA, 5, "/start 3171234567890001", sent=SENT)),
        ("/status 3171 2345 6789 0001", Wrote(FROM_ANNA, 5, "/status 3171 2345 6789 0001", sent=SENT)),
        (" a\0b\ud83d ", Wrote(FROM_ANNA, 5, " ab? ", sent=SENT)),
    ],
)
def test_texts_and_commands(text: str, expected: Event) -> None:
    assert written(text) == expected


def test_nobodys_texts_are_nothing() -> None:
    assert event(**message(text="x") | {"x": 1}) == Wrote(FROM_ANNA, 5, "x", sent=SENT)
    assert written("x", {"id": -9, "type": "channel", "title": "T"}) is None
    bot = {"id": 3, "is_bot": True, "first_name": "B"}
    assert event(message={**message(text="/jadwal")["message"], "from": bot}) is None


@pytest.mark.parametrize(
    ("text", "entities", "addressed"),
    [
        ("/jadwal", [], True),
        ("/jadwal@Rekan_Bot", [], True),
        ("/jadwal@lain_bot", [], False),
        ("halo semua", [], False),
        ("😀 @Rekan_bot tolong", [{"type": "mention", "offset": 3, "length": 10}], True),
        ("@rekan_botak tolong", [{"type": "mention", "offset": 0, "length": 12}], False),
    ],
)
def test_in_a_group_only_who_speaks_to_the_bot_is_heard(
    text: str, entities: list[dict[str, Any]], addressed: bool
) -> None:
    expected = AddressedInGroup(Sender(-20, "en"), 5) if addressed else None
    assert written(text, GROUP, entities=entities) == expected


def test_what_else_is_said_in_a_group_is_nothing() -> None:
    assert event(**message(GROUP, photo=[])) is None
    assert event(edited_message=message(GROUP, text="/jadwal")["message"]) is None
    tap = {"id": "7", "from": ANNA, "chat_instance": "1", "data": "a:b:c"}
    assert event(callback_query=tap | message(GROUP, text="x")) is None


@pytest.mark.parametrize(
    ("fields", "kind", "file_id"),
    [
        (
            {
                "photo": [
                    FILE | {"width": 90, "height": 60},
                    {"file_id": "F2", "file_unique_id": "U2", "width": 900, "height": 600},
                    FILE | {"width": 320, "height": 200},
                ]
            },
            "photo",
            "F2",
        ),
        ({"document": FILE}, "document", "F1"),
        ({"voice": FILE | {"duration": 1}}, "voice", "F1"),
        ({"video": FILE | {"duration": 1, "width": 1, "height": 1}}, "video", "F1"),
        (
            {"document": FILE, "animation": FILE | {"duration": 1, "width": 1, "height": 1}},
            "animation",
            "F1",
        ),
        ({"location": {"latitude": 1.5, "longitude": 2.5}}, "location", None),
        ({"video_note": FILE | {"duration": 1, "length": 1}}, "video_note", "F1"),
        ({"sticker": STICKER}, "sticker", "F1"),
        ({"venue": VENUE, "location": VENUE["location"]}, "venue", None),
        ({"contact": {"phone_number": "08", "first_name": "A"}}, "contact", None),
    ],
)
def test_what_is_shared(fields: dict[str, Any], kind: str, file_id: str | None) -> None:
    place = (1.5, 2.5) if kind in ("location", "venue") else None
    venue = ("Aula", "Jalan Contoh 1") if kind == "venue" else None
    shared = Shared(FROM_ANNA, 5, kind, file_id, "", place=place, venue=venue)
    assert event(**message(**fields)) == shared
    assert event(**message(caption="Ini", **fields)) == replace(shared, caption="Ini")


def test_formatting_is_kept_as_html() -> None:
    bold = [{"type": "bold", "offset": 0, "length": 3}]
    assert event(**message(text="Ini < itu", entities=bold)) == Wrote(
        FROM_ANNA, 5, "Ini < itu", html="<b>Ini</b> &lt; itu", sent=SENT
    )
    assert event(**message(text="Ini", link_preview_options={"is_disabled": True})) == Wrote(
        FROM_ANNA, 5, "Ini", preview=False, sent=SENT
    )
    origin = {"type": "hidden_user", "date": 1, "sender_user_name": "A"}
    album = {"document": FILE, "media_group_id": "7", "forward_origin": origin}
    assert event(**message(caption="Ini", caption_entities=bold, **album)) == Shared(
        FROM_ANNA, 5, "document", "F1", "Ini", html="<b>Ini</b>", album="7", forwarded=True
    )


@pytest.mark.parametrize(
    ("fields", "title", "open_"),
    [
        ({"forum_topic_created": {"name": "Kelompok 1", "icon_color": 1}}, "Kelompok 1", True),
        ({"forum_topic_edited": {"name": "Kelompok B"}}, "Kelompok B", True),
        ({"forum_topic_edited": {"icon_custom_emoji_id": "5"}}, "", True),
        ({"forum_topic_closed": {}}, "", False),
        ({"forum_topic_reopened": {}}, "", True),
    ],
)
def test_what_becomes_of_a_topic(fields: dict[str, Any], title: str, open_: bool) -> None:
    here = {"chat": FORUM, "message_thread_id": 7, "is_topic_message": True}
    assert event(**message(**fields, **here)) == TopicChanged(Sender(-100, "en"), 7, title, open=open_)


def test_a_topic_is_where_the_bot_is_spoken_to() -> None:
    told = {"text": "/start", "chat": FORUM, "message_thread_id": 7}
    assert event(**message(**told, is_topic_message=True)) == AddressedInGroup(Sender(-100, "en"), 5, 7)
    # An answer in the general topic has a thread, which is none to write to.
    assert event(**message(**told)) == AddressedInGroup(Sender(-100, "en"), 5)


def test_a_poll_is_a_question() -> None:
    poll = {
        "id": "1",
        "question": "Hadir?",
        "options": [{"text": each, "voter_count": 0, "persistent_id": each} for each in ("ya", "tidak")],
        "total_voter_count": 0,
        "is_closed": False,
        "is_anonymous": True,
        "type": "regular",
        "allows_multiple_answers": False,
        "allows_revoting": True,
        "members_only": False,
    }
    assert event(**message(poll=poll)) == Shared(
        FROM_ANNA, 5, "poll", None, "", poll=Question("Hadir?", ("ya", "tidak"))
    )


def test_service_messages_are_nothing() -> None:
    assert event(**message(pinned_message=message(text="x")["message"])) is None
    assert event(**message(new_chat_title="x")) is None


def test_edits() -> None:
    assert event(edited_message=message(text="baru")["message"]) == Edited(FROM_ANNA, 5, "baru")
    assert event(edited_message=message(caption="c", photo=[])["message"]) == Edited(FROM_ANNA, 5, "c")
    moved = message(location={"latitude": 1.5, "longitude": 2.5})["message"]
    assert event(edited_message=moved) is None


def test_taps_even_under_messages_that_cannot_be_read() -> None:
    tap = {"id": "7", "from": ANNA, "chat_instance": "1", "data": "quiz:nilai:start"}
    expected = Tapped(FROM_ANNA, 5, "7", Tap("quiz", "nilai", "start"))
    assert event(callback_query=tap | message(text="x")) == expected
    assert event(callback_query=tap | message(photo="from a later version")) == expected
    assert event(callback_query=tap) is None
    del tap["data"]
    assert event(callback_query=tap | message(text="x")) is None


def test_votes() -> None:
    vote = {"poll_id": "55", "user": ANNA, "option_ids": [0, 2], "option_persistent_ids": ["a", "c"]}
    assert event(poll_answer=vote) == Voted(FROM_ANNA, "55", (0, 2))
    assert event(poll_answer=vote | {"option_ids": []}) == Voted(FROM_ANNA, "55", ())
    channel = {"poll_id": "55", "voter_chat": GROUP, "option_ids": [0], "option_persistent_ids": ["a"]}
    assert event(poll_answer=channel) is None


@pytest.mark.parametrize(
    ("status", "reach"), [("kicked", Reach.BLOCKED), ("member", Reach.OPEN), ("something new", Reach.OPEN)]
)
def test_blocking_and_unblocking(status: str, reach: Reach) -> None:
    bot = {"id": 3, "is_bot": True, "first_name": "B"}
    change = {
        "chat": PRIVATE,
        "from": ANNA,
        "date": int(SENT.timestamp()),
        "old_chat_member": {"status": "member", "user": bot},
        "new_chat_member": {"status": status, "user": bot, "until_date": 0},
    }
    assert event(my_chat_member=change) == ReachChanged(FROM_ANNA, reach)
    there = status == "member"
    assert event(my_chat_member=change | {"chat": GROUP}) == Membership(
        Sender(GROUP["id"]), ANNA["id"], GROUP["title"], GROUP["type"], there
    )


def test_a_group_that_moved() -> None:
    assert event(**message(GROUP, migrate_to_chat_id=-100)) == Migrated(Sender(-20), -100)
    assert event(**message(GROUP, migrate_from_chat_id=-20)) is None


@pytest.mark.parametrize(
    "update",
    [
        {"message": {"message_id": 5}},
        {"message": "from another world"},
        {"message": None},
        {"callback_query": []},
        {"poll_answer": {"poll_id": "1"}},
        {"my_chat_member": {"chat": PRIVATE}},
        message(text="x", date=10**20),
    ],
)
def test_what_cannot_be_read_is_logged_and_does_not_stop_intake(update: dict[str, Any]) -> None:
    with capture_logs() as logs:
        assert event(**update) is None
    assert [(log["event"], log["update"]) for log in logs] == [("update cannot be read", 1)]


def test_kinds_of_updates_and_fields_that_do_not_exist_yet() -> None:
    assert event(telepathy={"from": ANNA}) is None
    assert event(**message(text="x", mood={"happy": True}), telepathy=1) == Wrote(
        FROM_ANNA, 5, "x", sent=SENT
    )
    assert event(**message(hologram={"depth": 3})) is None


def test_votes_and_taps_are_read_as_the_library_reads_them() -> None:
    person = {"id": 11, "is_bot": False, "first_name": "Anna"}
    vote = {"poll_id": "55", "option_persistent_ids": []}
    tap = {"id": "9", "from": person, "chat_instance": "1", "data": "a:b\0:c\ud83d"}
    for update in (
        {"poll_answer": vote | {"user": person, "option_ids": [2, 0]}},
        {"poll_answer": vote | {"user": ANNA, "option_ids": []}},
        {"poll_answer": vote | {"voter_chat": GROUP, "option_ids": [1]}},
        {"callback_query": tap | {"message": {"message_id": 4, "date": 0, "chat": PRIVATE}}},
        {"callback_query": tap | {"message": {"message_id": 4, "date": 0, "chat": GROUP}}},
        {"callback_query": tap | {"inline_message_id": "1"}},
    ):
        data = {"update_id": 1, **update}
        assert read_json(data, "rekan_bot") == read(Update.de_json(data, None), "rekan_bot")


async def test_what_people_do_in_the_simulator_is_understood(telegram: Simulator, bot: Client) -> None:
    anna = telegram.person(11, first_name="Anna", language_code="en")
    started = (await anna.send("/start abc")).date
    typed = await anna.send("halo")
    await anna.edit(typed, "halo juga")
    photo = await anna.send_photo(PICTURE, caption="Ini")
    file = await anna.send_document(b"%PDF-1.4", "jurnal.pdf")
    place = await anna.send_location(1.5, 2.5)
    rows = {"inline_keyboard": [[{"text": "Ya", "callback_data": "a:b:c"}]]}
    asked = await bot.call("sendMessage", {"chat_id": 11, "text": "?", "reply_markup": rows})
    tapped = await anna.tap(asked["message_id"], "Ya")
    poll = await bot.call(
        "sendPoll",
        {
            "chat_id": 11,
            "question": "?",
            "options": [{"text": "a"}, {"text": "b"}],
            "type": "quiz",
            "is_anonymous": False,
            "correct_option_ids": [1],
            "explanation": "x",
        },
    )
    await anna.vote(poll["message_id"], [1])
    await anna.block()
    await anna.unblock()
    updates = await bot.updates(None, hold=0)
    read = [read_json(update, bot.username) for update in updates]
    events = [e for e in read if e is not None]  # the poll's own state is nothing to Rekan
    shared = [e.file_id for e in events if isinstance(e, Shared) and e.file_id is not None]
    assert len(set(shared)) == 2
    assert events == [
        Started(FROM_ANNA, "abc", started),
        Wrote(FROM_ANNA, typed.message_id, "halo", sent=typed.date),
        Edited(FROM_ANNA, typed.message_id, "halo juga"),
        Shared(FROM_ANNA, photo.message_id, "photo", shared[0], "Ini"),
        Shared(FROM_ANNA, file.message_id, "document", shared[1], "", name="jurnal.pdf"),
        Shared(FROM_ANNA, place.message_id, "location", None, "", place=(1.5, 2.5)),
        Tapped(FROM_ANNA, asked["message_id"], tapped, Tap("a", "b", "c")),
        Voted(FROM_ANNA, poll["poll"]["id"], (1,)),
        ReachChanged(FROM_ANNA, Reach.BLOCKED),
        ReachChanged(FROM_ANNA, Reach.OPEN),
    ]


async def test_what_groups_do_in_the_simulator_is_understood(telegram: Simulator, bot: Client) -> None:
    anna = telegram.person(11, first_name="Anna", language_code="en")
    group = telegram.create_chat("Angkatan 1", anna)
    await group.add_bot(anna)
    await anna.send("halo", chat=group)
    spoken = await anna.send(f"@{bot.username} halo", chat=group)
    supergroup = await group.upgrade()
    events = [read_json(update, bot.username) for update in await bot.updates(None, hold=0)]
    assert [e for e in events if e is not None] == [
        Membership(Sender(group.id), 11, "Angkatan 1", "group", there=True),
        AddressedInGroup(Sender(group.id, "en"), spoken.message_id),
        Migrated(Sender(group.id), supergroup.id),
    ]
