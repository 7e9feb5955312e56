"""Every kind of message, from its value to what a person sees on the screen."""

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO

import pytest
from icalendar import Calendar
from python_calamine import CalamineWorkbook

from bot.delivery.fetching import MOST_BYTES, NotFetchedError
from bot.domain.events import Shared
from bot.domain.materials import COPIED
from bot.domain.messages import (
    Ask,
    Bar,
    Button,
    Chart,
    Delete,
    Edit,
    File,
    Handout,
    Invite,
    Message,
    Picture,
    Reader,
    Say,
    Scheduled,
    Table,
    Tap,
)
from bot.domain.outcomes import Done, Failed, Gone, HoldBack, InDoubt, Outcome, Sent, Unsent
from bot.domain.people import Reach
from bot.domain.posts import Piece, Post
from bot.simulator import DropAfter, DropBefore, Person, Retry429, SeenButton, ServerError, Simulator
from bot.telegram.client import Client
from bot.telegram.events import read_json
from bot.telegram.wire import TelegramWire
from tests.telegram.small_programme import ANNA, RENDERER


async def sent(wire: TelegramWire, message: Message | Handout, reader: Reader = ANNA) -> Sent:
    outcome = await wire.send(11, message, reader)
    assert isinstance(outcome, Sent)
    return outcome


async def test_what_anna_sees(telegram: Simulator, bot: Client) -> None:
    anna, wire = telegram.person(11), TelegramWire(bot, RENDERER)
    await anna.send("/start")
    yes = ((Button(Say("yes"), Tap("a", "b", "c")),),)
    first = await sent(wire, Say("hi", {}, yes))
    await sent(wire, Scheduled("pppk", "pagi"), Reader("en", "WIB", "Anna"))
    poll = await sent(wire, Ask("nilai", 1, "q1"))
    several = await sent(wire, Ask("nilai", 1, "q2"))
    invited = await sent(wire, Invite("pppk", "hari-1"))
    seen = anna.inbox
    assert [message.message_id for message in seen[2:]] == [
        poll.message_id,
        several.message_id,
        invited.message_id,
    ]
    assert (seen[0].text, seen[0].keyboard) == (
        "Halo Anna & <co>",
        ((SeenButton("Ya & tidak", "a:b:c"),),),
    )
    assert [entity["type"] for entity in seen[0].entities] == ["bold"]
    assert seen[1].text == "Good morning, Anna (en)"
    assert seen[2].poll is not None
    assert (seen[2].poll.id, seen[2].poll.question) == (poll.poll_id, "1/2 Mana & <apa>?")
    assert (seen[2].poll.quiz, seen[2].poll.anonymous, seen[2].poll.multiple) == (True, False, False)
    assert seen[3].poll is not None
    assert seen[3].poll.multiple
    await anna.vote(seen[3], [0, 2])
    answered = anna.inbox[3].poll
    assert answered is not None
    assert [option.correct for option in answered.options] == [True, False, True]
    assert seen[4].document is not None
    assert (seen[4].document.name, seen[4].document.mime) == ("hari-1.ics", "text/calendar")
    (event,) = Calendar.from_ical(seen[4].document.data).events
    assert event["summary"] == "Hari pertama"

    assert first.message_id is not None
    assert await wire.send(11, Edit(first.message_id, Say("yes")), ANNA) == first
    assert await wire.send(11, Edit(first.message_id, Say("yes")), ANNA) == Done()
    assert (anna.inbox[0].text, anna.inbox[0].keyboard) == ("Ya & tidak", ())
    assert await wire.send(11, Delete(first.message_id), ANNA) == first
    assert await wire.send(11, Delete(first.message_id), ANNA) == Done()
    assert await wire.send(11, Edit(first.message_id, Say("hi")), ANNA) == Done()
    assert anna.inbox[0].text == "Good morning, Anna (en)"


async def test_files_and_charts_that_were_made_for_somebody(telegram: Simulator, bot: Client) -> None:
    anna, wire = telegram.person(11), TelegramWire(bot, RENDERER)
    await anna.send("/start")
    at = datetime(2026, 11, 9, 2, tzinfo=UTC)
    table = Table(Say("yes"), (Say("hi"), Say("yes")), (("=1+1", at), ("-", Say("hi"))), (Say("hi"),))
    caption = Say("hi", {}, ((Button(Say("yes"), Tap("a")),),))
    await sent(wire, File(1, "rekap.xlsx", caption, table))
    await sent(wire, File(2, "teks.txt", Say("hi"), "Satu\nDua"))
    chart = Chart(
        Say("hi"), (Bar("Biro $x$", 1, 3), Bar("<Balai>", 0, 0)), (Say("yes"), Say("hi")), Say("hi")
    )
    await sent(wire, Picture(chart, caption))
    workbook, text, picture = anna.inbox
    assert (workbook.document.name, workbook.text) == ("rekap.xlsx", "Halo Anna & <co>")
    sheets = CalamineWorkbook.from_filelike(BytesIO(workbook.document.data))
    assert sheets.sheet_names == ["Ya & tidak", "about"]
    assert sheets.get_sheet_by_index(0).to_python() == [
        ["Halo Anna & <co>", "Ya & tidak"],
        ["=1+1", datetime(2026, 11, 9, 10)],
        ["-", "Halo Anna & <co>"],
    ]
    assert (text.document.name, text.document.data.decode("utf-8-sig")) == ("teks.txt", "Satu\nDua")
    assert (picture.photo.kind, picture.keyboard) == ("photo", ((SeenButton("Ya & tidak", "a::"),),))
    assert await wire.send(11, File(3, "lama.xlsx", Say("hi")), ANNA) == Failed(
        "the file lama.xlsx is kept no longer"
    )


async def test_a_long_text_arrives_cut(telegram: Simulator, bot: Client) -> None:
    anna, wire = telegram.person(11), TelegramWire(bot, RENDERER)
    await anna.send("/start")
    await sent(wire, Say("long", {"lines": tuple(Say("hi") for _ in range(1000))}))
    assert 4000 < len(anna.inbox[0].text) <= 4096
    assert anna.inbox[0].text.endswith("Halo Anna & <co>\n…")


async def test_a_file_that_somebody_sent_is_fetched(telegram: Simulator, bot: Client) -> None:
    anna, wire = telegram.person(11), TelegramWire(bot, RENDERER)
    await anna.send("/start")
    await anna.send_document(b"Nama;NIP", "peserta.csv")
    await anna.send_document(b"x" * (MOST_BYTES + 1), "besar.csv")
    updates = await bot.updates(None, hold=0)
    small, large = (update["message"]["document"]["file_id"] for update in updates[-2:])
    assert await wire.fetch(small) == b"Nama;NIP"
    for file_id in (large, "no-such-file"):
        with pytest.raises(NotFetchedError):
            await wire.fetch(file_id)


async def test_a_persons_message_can_be_deleted(telegram: Simulator, bot: Client) -> None:
    anna, wire = telegram.person(11), TelegramWire(bot, RENDERER)
    number = await anna.send("3201010101010001")
    assert await wire.send(11, Delete(number.message_id), ANNA) == Sent(number.message_id)
    assert [message.deleted for message in anna.chat] == [True]


async def test_a_tapped_button_is_answered(telegram: Simulator, bot: Client) -> None:
    anna, wire = telegram.person(11), TelegramWire(bot, RENDERER)
    await anna.send("/start")
    await sent(wire, Say("hi", {}, ((Button("?", Tap("a")),),)))
    heard: list[str] = []
    telegram.subscribe(lambda delivery: heard.append(delivery.text))
    await wire.toast(await anna.tap(anna.inbox[0], "?"), Say("yes"), ANNA)
    await wire.toast("0", Say("yes"), ANNA)  # no such tap: let go
    assert heard == ["Ya & tidak"]


async def test_who_cannot_be_reached(telegram: Simulator, bot: Client) -> None:
    anna, wire = telegram.person(11), TelegramWire(bot, RENDERER)
    stranger = await wire.send(99, Say("hi"), ANNA)
    await anna.send("/start")
    await anna.block()
    blocked = await wire.send(11, Say("hi"), ANNA)
    await anna.unblock()
    assert isinstance(await wire.send(11, Say("hi"), ANNA), Sent)
    await anna.deactivate()
    gone = await wire.send(11, Say("hi"), ANNA)
    reaches = [outcome.reach for outcome in (stranger, blocked, gone) if isinstance(outcome, Gone)]
    assert reaches == [Reach.UNREACHABLE, Reach.BLOCKED, Reach.DEACTIVATED]


@pytest.mark.parametrize(
    ("fault", "meaning", "arrived"),
    [
        (Retry429(3), HoldBack, 0),
        (ServerError(500), InDoubt, 0),
        (ServerError(502), InDoubt, 0),
        (ServerError(503), Unsent, 0),
        (DropBefore(), InDoubt, 0),
        (DropAfter(), InDoubt, 1),
    ],
)
async def test_what_befalls_a_message(
    telegram: Simulator, bot: Client, fault: object, meaning: type[Outcome], arrived: int
) -> None:
    anna, wire = telegram.person(11), TelegramWire(bot, RENDERER)
    await anna.send("/start")
    telegram.faults.add("sendMessage", kind=fault)  # type: ignore[arg-type]
    assert isinstance(await wire.send(11, Say("hi"), ANNA), meaning)
    assert len(anna.inbox) == arrived


async def test_html_that_telegram_refuses_fails_with_its_words(telegram: Simulator, bot: Client) -> None:
    await telegram.person(11).send("/start")
    outcome = await TelegramWire(bot, RENDERER).send(11, Say("broken"), ANNA)
    assert isinstance(outcome, Failed)
    assert "parse entities" in outcome.reason


async def test_posts_without_words_and_in_topics(telegram: Simulator, bot: Client) -> None:
    anna, wire = telegram.person(11), TelegramWire(bot, RENDERER)
    await anna.send("/start")
    await anna.send_sticker(b"webp")
    await anna.send_video_note(b"mp4")
    _, sticker, note = [read_json(update, "x") for update in await bot.updates(None, hold=0)]
    assert isinstance(sticker, Shared)
    assert isinstance(note, Shared)
    place = Piece("venue", place=(1.5, 2.5), venue=("Aula", "Jalan Contoh 1"))
    for piece in (
        Piece("sticker", file_id=sticker.file_id),
        Piece("video_note", file_id=note.file_id),
        place,
    ):
        assert isinstance(await wire.send(11, Post((piece,)), ANNA), Sent)
    assert [message.file.kind if message.file else message.location for message in anna.inbox] == [
        "sticker",
        "video_note",
        (1.5, 2.5),
    ]
    group = telegram.create_chat("Angkatan 1", anna, kind="supergroup")
    await group.add_bot(anna)
    topic = await group.open_topic(anna, "Kelompok 1")
    said = Post((Piece("text", "Halo"),), topic)
    assert isinstance(await wire.send(group.id, said, ANNA), Sent)
    assert [(message.text, message.topic) for message in group.chat[-1:]] == [("Halo", topic)]
    assert await wire.send(group.id, replace(said, topic=99), ANNA) == Failed("Message thread not found")


async def _send(person: Person, kind: str) -> None:
    """Let somebody send one of what has no words of its own."""
    match kind:
        case "location":
            await person.send_location(-5.13, 119.41)
        case "venue":
            await person.send_venue(-5.13, 119.41, "Aula", "Jalan Contoh 1")
        case "contact":
            await person.send_contact("0800000001")
        case "sticker":
            await person.send_sticker(b"RIFF")
        case "video_note":
            await person.send_video_note(b"film")


@pytest.mark.parametrize("kind", sorted(COPIED))
async def test_what_has_no_words_is_handed_out_as_a_copy(telegram: Simulator, bot: Client, kind: str) -> None:
    bagus, anna, wire = telegram.person(12), telegram.person(11), TelegramWire(bot, RENDERER)
    await anna.send("/start")
    await bot.updates(None, hold=0)
    await _send(bagus, kind)
    updates = await bot.updates(None, hold=0)
    shared = read_json(updates[-1], bot.username)
    assert isinstance(shared, Shared)
    assert shared.kind == kind
    post = Post((Piece(kind, file_id=shared.file_id, message_id=shared.message_id),))
    handout = Handout("pppk", "hari-1", post, chat_id=12)
    copy = await sent(wire, handout)
    original, copied = (
        telegram.world.bots[telegram.token].private_chats[chat].messages[number]
        for chat, number in ((12, shared.message_id), (11, copy.message_id))
    )
    assert copied.content == original.content
    assert (copied.from_bot, copied.origin) == (True, None)  # it names nobody as its author
    assert isinstance(await wire.send(11, replace(handout, old=True), ANNA), Failed)
