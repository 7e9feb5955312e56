from typing import Any

import pytest
from icalendar import Calendar
from telegram.error import BadRequest, InvalidToken, NetworkError, TelegramError, TimedOut

from bot.documents.calendars import invitation
from bot.domain.messages import (
    Ask,
    Button,
    Delete,
    Edit,
    Invite,
    Link,
    Message,
    Reader,
    Say,
    Scheduled,
    Tap,
)
from bot.domain.outcomes import Done, Failed, Gone, HoldBack, InDoubt, Moved, Outcome, Sent, Unpaid, Unsent
from bot.domain.people import Reach
from bot.telegram.client import Client
from bot.telegram.errors import TokenRefusedError
from bot.telegram.render import Call, UnrenderableError
from bot.telegram.wire import TelegramWire, outcome_of
from tests.telegram.scripted_api import TOKEN, Scripted
from tests.telegram.small_programme import ANNA, NO_PREVIEW, PROGRAMME, RENDERER, SESSION

# --- rendering ----------------------------------------------------------------------------------------


def test_a_text_with_its_buttons() -> None:
    rows = ((Button(Say("yes"), Tap("a", "b", "c")), Button("<Portal>", Link("https://p.example.invalid"))),)
    assert RENDERER.call(Say("hi", {}, rows), ANNA) == Call(
        "sendMessage",
        {
            "text": "Halo <b>Anna &amp; &lt;co&gt;</b>",
            "parse_mode": "HTML",
            "link_preview_options": NO_PREVIEW,
            "reply_markup": {
                "inline_keyboard": [
                    [
                        {"text": "Ya & tidak", "callback_data": "a:b:c"},
                        {"text": "<Portal>", "url": "https://p.example.invalid"},
                    ]
                ]
            },
        },
    )


def test_a_timetable_entry_is_worded_from_the_programme() -> None:
    call = RENDERER.call(Scheduled("pppk", "pagi"), ANNA)
    assert (call.method, call.params["text"]) == (
        "sendMessage",
        "Selamat pagi, Anna &amp; &lt;co&gt; dari Dinas",
    )


def test_edits_and_deletions() -> None:
    call = RENDERER.call(Edit(7, Say("hi")), Reader("en", "WIB", "Ben"))
    assert call == Call(
        "editMessageText",
        {
            "message_id": 7,
            "text": "Halo <b>Ben</b> (en)",
            "parse_mode": "HTML",
            "link_preview_options": NO_PREVIEW,
        },
    )
    assert RENDERER.call(Delete(7), ANNA) == Call("deleteMessage", {"message_id": 7})


def test_a_question_is_a_quiz_poll() -> None:
    assert RENDERER.call(Ask("nilai", 1, "q1"), ANNA) == Call(
        "sendPoll",
        {
            "question": "1/2 Mana & <apa>?",
            "options": [{"text": "Ini"}, {"text": "Itu"}],
            "type": "quiz",
            "is_anonymous": False,
            "allows_multiple_answers": False,
            "correct_option_ids": [1],
            "explanation": "Karena itu.",
        },
    )


def test_a_question_with_several_answers_that_leaves_no_room_for_its_number() -> None:
    call = RENDERER.call(Ask("nilai", 1, "q2"), Reader("id", "WIB"))
    assert call.params["question"] == "x" * 299
    assert call.params["allows_multiple_answers"] is True
    assert call.params["correct_option_ids"] == [0, 2]


def test_an_invitation_is_a_calendar_file() -> None:
    call = RENDERER.call(Invite("pppk", "hari-1"), ANNA)
    assert (call.method, call.params["caption"]) == ("sendDocument", "<b>Hari <b>pertama</b></b>")
    document = call.params["document"]
    assert (document.filename, document.mimetype) == ("hari-1.ics", "text/calendar")
    calendar = Calendar.from_ical(document.input_file_content)
    (event,) = calendar.events
    assert (event.start, event.end) == (SESSION.starts, SESSION.ends)
    assert event["summary"] == "Hari pertama"
    assert event["description"] == (
        "https://zoom.example.invalid/j/1 810 0000 0001 CONTOH\nSiaran: https://stream.example.invalid/1"
    )
    assert event["url"] == SESSION.meeting.url
    (alarm,) = event.alarms.times
    assert alarm.trigger == SESSION.room_opens


def test_the_same_session_makes_the_same_file() -> None:
    first, again = (invitation(PROGRAMME, SESSION, title="T", description="D") for _ in range(2))
    assert first == again
    assert b"UID:hari-1.pppk@rekan.invalid\r\n" in first


def test_a_text_over_the_limit_is_cut_at_a_line_rather_than_refused() -> None:
    lines = tuple(Say("line", {"n": n}) for n in range(1000))
    text = RENDERER.call(Say("long", {"lines": lines}), ANNA).params["text"]
    assert len(text) <= 4096
    assert text.endswith("baris 419\n…")


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (Say("gone"), "no text gone"),
        (Say("line"), "line asks for {n}, which its message does not have"),
        (Say("yes", {}, ((Button("x", Tap("a", "b" * 70)),),)), f"over 64 bytes: a:{'b' * 70}:"),
        (Scheduled("old", "pagi"), "there is no longer a programme old"),
        (Scheduled("pppk", "malam"), "pppk no longer has the timetable entry malam"),
        (Ask("sejarah", 1, "q1"), "there is no longer a quiz sejarah"),
        (Ask("nilai", 1, "q9"), "the quiz nilai no longer has the question q9"),
        (Invite("pppk", "hari-9"), "pppk no longer has the session hari-9"),
    ],
)
async def test_what_no_longer_exists_fails_with_the_reason(message: Message, why: str) -> None:
    with pytest.raises(UnrenderableError):
        RENDERER.call(message, ANNA)
    # Nothing goes out: nobody listens at that address.
    assert await TelegramWire(Client(TOKEN), RENDERER).send(1, message, ANNA) == Failed(why)


# --- sending ------------------------------------------------------------------------------------------


async def test_what_was_sent_is_known_by_its_message_and_poll(server: Scripted, client: Client) -> None:
    wire = TelegramWire(client, RENDERER)
    server.give({"message_id": 5})
    server.give({"message_id": 6, "poll": {"id": "55"}})
    server.give(True)
    server.give({"message_id": 7})
    server.give("what?")
    assert await wire.send(1, Say("hi"), ANNA) == Sent(5)
    assert await wire.send(1, Ask("nilai", 1, "q1"), ANNA) == Sent(6, "55")
    assert await wire.send(1, Delete(6), ANNA) == Sent(6)
    assert await wire.send(1, Edit(7, Say("hi")), ANNA) == Sent(7)
    assert isinstance(await wire.send(1, Say("hi"), ANNA), InDoubt)
    assert [method for method, _ in server.asked] == [
        "sendMessage",
        "sendPoll",
        "deleteMessage",
        "editMessageText",
        "sendMessage",
    ]
    assert "allow_paid_broadcast" not in server.asked[0][1]


async def test_a_paid_broadcast_is_asked_for_where_it_exists(server: Scripted, client: Client) -> None:
    wire = TelegramWire(client, RENDERER)
    server.give({"message_id": 5})
    await wire.send(1, Say("hi"), ANNA, paid=True)
    await wire.send(1, Delete(6), ANNA, paid=True)
    assert [fields.get("allow_paid_broadcast") for _, fields in server.asked] == [True, None]


async def test_a_bot_without_stars_loses_no_message(server: Scripted, client: Client) -> None:
    wire = TelegramWire(client, RENDERER)
    server.refuse(400, "Bad Request: BALANCE_TOO_LOW")
    assert await wire.send(1, Say("hi"), ANNA, paid=True) == Unpaid()
    server.refuse(400, "Bad Request: BALANCE_TOO_LOW")
    assert isinstance(await wire.send(1, Say("hi"), ANNA), Failed)
    paid = [fields.get("allow_paid_broadcast") for _, fields in server.asked]
    assert paid == [True, None]


async def test_a_toast_is_plain_and_within_its_limit(server: Scripted, client: Client) -> None:
    wire = TelegramWire(client, RENDERER)
    await wire.toast("77", Say("yes"), ANNA)
    await wire.toast("78", None, ANNA)
    await wire.toast("79", Say("gone"), ANNA)
    await wire.toast("80", Say("long", {"lines": "kata " * 50}), ANNA)
    server.refuse(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
    await wire.toast("81", None, ANNA)
    assert server.asked[:3] == [
        ("answerCallbackQuery", {"callback_query_id": "77", "text": "Ya & tidak"}),
        ("answerCallbackQuery", {"callback_query_id": "78"}),
        ("answerCallbackQuery", {"callback_query_id": "79"}),
    ]
    assert len(server.asked[3][1]["text"]) <= 200
    server.refuse(401, "Unauthorized")
    with pytest.raises(TokenRefusedError):
        await wire.toast("82", None, ANNA)


# --- what each answer means ---------------------------------------------------------------------------

SEND: tuple[Message, ...] = (Say("hi"), Ask("nilai", 1, "q1"), Invite("pppk", "hari-1"))
CHANGE: tuple[Message, ...] = (Edit(7, Say("hi")), Delete(7))

NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a"
    " current content and reply markup of the message"
)
ANSWERS: list[tuple[int, str, dict[str, int], Any]] = [
    (429, "Too Many Requests: retry after 12", {"retry_after": 12}, HoldBack(12)),
    (403, "Forbidden: bot was blocked by the user", {}, Reach.BLOCKED),
    (403, "Forbidden: user is deactivated", {}, Reach.DEACTIVATED),
    (403, "Forbidden: bot can't initiate conversation with a user", {}, Reach.UNREACHABLE),
    (403, "Forbidden: bot was kicked from the supergroup chat", {}, Reach.UNREACHABLE),
    (403, "Forbidden: bot is not a member of the channel chat", {}, Reach.UNREACHABLE),
    (400, "Bad Request: chat not found", {}, Reach.UNREACHABLE),
    (401, "Unauthorized", {}, TokenRefusedError),
    (404, "Not Found", {}, TokenRefusedError),
    (404, "Not Found: method not found", {}, Failed),
    (409, "Conflict: terminated by other getUpdates request; make sure that only one …", {}, Unsent),
    (
        400,
        "Bad Request: group chat was upgraded to a supergroup chat",
        {"migrate_to_chat_id": -1001},
        Moved(-1001),
    ),
    (500, "Internal Server Error", {}, InDoubt),
    (502, "Bad Gateway", {}, InDoubt),
    (503, "Service Unavailable", {}, Unsent),
    (504, "Gateway Timeout", {}, InDoubt),
    *(
        (400, f"Bad Request: {text}", {}, Failed)
        for text in (
            "message text is empty",
            "message is too long",
            "message caption is too long",
            "message to copy not found",
            "message to be replied not found",
            "wrong file identifier/HTTP URL specified",
            "BUTTON_DATA_INVALID",
            "reply markup is too long",
            "poll must have at least one answer option",
            "poll can't have more than 12 options",
            "poll question length must not exceed 300",
            "poll options length must not exceed 100",
            "wrong quiz correct_option_id",
            "message identifiers must be in a strictly increasing order",
            "query is too old and response timeout expired or query ID is invalid",
            "can't parse entities: Can't find end tag corresponding to start tag \"b\"",
            'can\'t parse entities: Unsupported start tag "x" at byte offset 7',
            'can\'t parse entities: Unmatched end tag at byte offset 9, expected "</b>", found "</i>"',
        )
    ),
]


async def ended(
    server: Scripted, client: Client, message: Message, code: int, said: str, parameters: dict[str, int]
) -> Outcome:
    server.refuse(code, said, **parameters)
    return await TelegramWire(client, RENDERER).send(1, message, ANNA)


@pytest.mark.parametrize(("code", "said", "parameters", "meaning"), ANSWERS)
async def test_what_an_answer_means(
    server: Scripted, client: Client, code: int, said: str, parameters: dict[str, int], meaning: Any
) -> None:
    for message in (*SEND, *CHANGE):
        if meaning is TokenRefusedError:
            with pytest.raises(TokenRefusedError, match="REKAN_TELEGRAM__TOKEN"):
                await ended(server, client, message, code, said, parameters)
            continue
        outcome = await ended(server, client, message, code, said, parameters)
        if isinstance(meaning, Reach):
            assert isinstance(outcome, Gone)
            assert outcome.reach is meaning
        elif isinstance(meaning, type):
            assert isinstance(outcome, meaning)
            # python-telegram-bot takes "Bad Request: " away and changes case.
            told = said.removeprefix("Bad Request: ").lower()
            assert isinstance(outcome, Failed | InDoubt | Unsent)
            assert told in outcome.reason.lower()
        else:
            assert outcome == meaning


@pytest.mark.parametrize(
    ("said", "edited", "deleted"),
    [
        (NOT_MODIFIED, Done(), None),
        ("message to edit not found", Done(), None),
        ("message to delete not found", None, Done()),
        ("message can't be deleted", None, Done()),
    ],
)
async def test_what_needs_no_doing(
    server: Scripted, client: Client, said: str, edited: Outcome | None, deleted: Outcome | None
) -> None:
    for message, expected in zip(CHANGE, (edited, deleted), strict=True):
        outcome = await ended(server, client, message, 400, f"Bad Request: {said}", {})
        assert outcome == expected if expected else isinstance(outcome, Failed)
    assert isinstance(await ended(server, client, Say("hi"), 400, f"Bad Request: {said}", {}), Failed)


async def test_a_lost_connection_is_in_doubt_and_none_at_all_is_not(server: Scripted, client: Client) -> None:
    wire = TelegramWire(client, RENDERER)
    server.drop()
    assert isinstance(await wire.send(1, Say("hi"), ANNA), InDoubt)
    await client.shutdown()
    assert isinstance(await wire.send(1, Say("hi"), ANNA), Unsent)


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (TimedOut(), InDoubt),
        (TimedOut("Pool timeout: All connections in the connection pool are occupied."), Unsent),
        (NetworkError("httpx.ReadError"), InDoubt),
        (BadRequest("Something new"), Failed),
        (TelegramError("Something else"), Failed),
    ],
)
def test_errors_of_the_librarys_own(error: TelegramError, meaning: type[Outcome]) -> None:
    assert isinstance(outcome_of(error, "sendMessage"), meaning)


def test_an_invalid_token_is_fatal_whoever_says_so() -> None:
    with pytest.raises(TokenRefusedError):
        outcome_of(InvalidToken("Unauthorized"), "sendMessage")
