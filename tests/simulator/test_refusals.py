"""Every refusal, word for word."""

from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from bot.clock import SimulatedClock
from bot.simulator import BotAccount, Limits, Person, Simulator
from tests.simulator.conftest import Caller, png

MARKUP = {"inline_keyboard": [[{"text": "x", "callback_data": "x"}]]}
POLL: dict[str, Any] = {"chat_id": 101, "question": "?", "options": ["a", "b"]}
QUIZ = POLL | {"type": "quiz"}


def text(value: str, **more: Any) -> dict[str, Any]:
    return {"chat_id": 101, "text": value} | more


def html(value: str) -> dict[str, Any]:
    return text(value, parse_mode="HTML")


def entity(**fields: Any) -> dict[str, Any]:
    return text("abc", entities=[{"type": "bold", "offset": 0, "length": 1} | fields])


def button(**fields: Any) -> dict[str, Any]:
    return text("a", reply_markup={"inline_keyboard": [[fields]]})


def keyboard(rows: Any) -> dict[str, Any]:
    return text("a", reply_markup={"inline_keyboard": rows})


BAD: list[tuple[str, dict[str, Any], str]] = [
    # texts
    ("sendMessage", {"text": "a"}, "chat_id is empty"),
    ("sendMessage", {"chat_id": 999, "text": "a"}, "chat not found"),
    ("sendMessage", {"chat_id": "@nobody", "text": "a"}, "chat not found"),
    ("sendMessage", {"chat_id": -100999, "text": "a"}, "chat not found"),
    ("sendMessage", {"chat_id": 101}, "message text is empty"),
    ("sendMessage", text(" \n "), "text must be non-empty"),
    ("sendMessage", text("x" * 4097), "message is too long"),
    ("sendMessage", text("x" * 40_000), "text is too long"),
    ("sendMessage", html("<b></b>"), "text must be non-empty"),
    ("sendMessage", text("a", parse_mode="RTF"), "unsupported parse_mode"),
    (
        "sendMessage",
        text("*a*", parse_mode="MarkdownV2"),
        "unsupported parse_mode: a limitation of the simulator, which reads HTML only",
    ),
    ("sendMessage", text("a", link_preview_options=[]), "object expected as link preview options"),
    # HTML
    (
        "sendMessage",
        html("<b>a"),
        "can't parse entities: Can't find end tag corresponding to start tag \"b\"",
    ),
    ("sendMessage", html("é<x>a</x>"), 'can\'t parse entities: Unsupported start tag "x" at byte offset 2'),
    (
        "sendMessage",
        html("é<b>a</i>"),
        'can\'t parse entities: Unmatched end tag at byte offset 6, expected "</b>", found "</i>"',
    ),
    ("sendMessage", html("a</b>"), "can't parse entities: Unexpected end tag at byte offset 1"),
    ("sendMessage", html("a <b"), "can't parse entities: Unclosed start tag at byte offset 2"),
    ("sendMessage", html("a < 5 > 3"), 'can\'t parse entities: Unsupported start tag "" at byte offset 2'),
    ("sendMessage", html("<b>a</b"), "can't parse entities: Unclosed end tag at byte offset 4"),
    (
        "sendMessage",
        html("<a href>x"),
        "can't parse entities: Can't find end tag corresponding to start tag \"a\"",
    ),
    ("sendMessage", html("<a href"), 'can\'t parse entities: Unclosed start tag "a" at byte offset 0'),
    ("sendMessage", html('<a href="x'), "can't parse entities: Unclosed start tag at byte offset 0"),
    (
        "sendMessage",
        html("<a href=a_b>x</a>"),
        "can't parse entities: Unexpected end of name token at byte offset 8",
    ),
    (
        "sendMessage",
        html("<a ='b'>x</a>"),
        'can\'t parse entities: Empty attribute name in the tag "a" at byte offset 0',
    ),
    ("sendMessage", html("<br/>"), 'can\'t parse entities: Unsupported start tag "br/" at byte offset 0'),
    (
        "sendMessage",
        html('<span class="x">a</span>'),
        'can\'t parse entities: Tag "span" must have class "tg-spoiler" at byte offset 0',
    ),
    (
        "sendMessage",
        html("<tg-emoji>a</tg-emoji>"),
        "can't parse entities: Invalid custom emoji identifier specified",
    ),
    (
        "sendMessage",
        html('<tg-time unix="5" format="x">a</tg-time>'),
        "can't parse entities: Invalid date-time format specified",
    ),
    # explicit entities
    ("sendMessage", text("a", entities=[1]), "can't parse MessageEntity: expected an Object"),
    ("sendMessage", text("a", entities="{"), "can't parse entities JSON object"),
    ("sendMessage", entity(type="loud"), "can't parse MessageEntity: Unsupported type specified"),
    ("sendMessage", entity(offset=None), "can't parse MessageEntity: Can't find field \"offset\""),
    ("sendMessage", entity(type="text_link"), "can't parse MessageEntity: Can't find field \"url\""),
    (
        "sendMessage",
        entity(length=9),
        "entity beginning at UTF-16 offset 0 ends after the end of the text at UTF-16 offset 9",
    ),
    ("sendMessage", entity(offset=9), "entity begins after the end of the text at UTF-16 offset 9"),
    ("sendMessage", entity(offset=-1), "receive an entity with incorrect offset -1"),
    (
        "sendMessage",
        text("é🙂", entities=[{"type": "bold", "offset": 2, "length": 1}]),
        "entity begins in a middle of a UTF-16 symbol at byte offset 6",
    ),
    # replies
    ("sendMessage", text("a", reply_parameters={"message_id": 77}), "message to be replied not found"),
    ("sendMessage", text("a", reply_to_message_id=77), "message to be replied not found"),
    ("sendMessage", text("a", reply_parameters=[]), "object expected as reply parameters"),
    # keyboards
    ("sendMessage", text("a", reply_markup="{"), "can't parse reply keyboard markup JSON object"),
    ("sendMessage", text("a", reply_markup=[]), "object expected as reply markup"),
    ("sendMessage", keyboard({}), 'field "inline_keyboard" must be of type Array'),
    (
        "sendMessage",
        keyboard([{}]),
        'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays',
    ),
    (
        "sendMessage",
        keyboard([["x"]]),
        "can't parse inline keyboard button: InlineKeyboardButton must be an Object",
    ),
    (
        "sendMessage",
        button(url="https://x.id"),
        "can't parse inline keyboard button: Can't find field \"text\"",
    ),
    (
        "sendMessage",
        button(text="x"),
        "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
    ),
    ("sendMessage", button(text="", callback_data="x"), "inline keyboard button text must be non-empty"),
    (
        "sendMessage",
        button(text="x", callback_data=5),
        'can\'t parse inline keyboard button: Field "callback_data" must be of type String',
    ),
    ("sendMessage", button(text="x", callback_data="é" * 33), "BUTTON_DATA_INVALID"),
    (
        "sendMessage",
        button(text="x", url="http://localhost/a"),
        "inline keyboard button URL 'http://localhost/a' is invalid: Wrong HTTP URL",
    ),
    (
        "sendMessage",
        button(text="x", url="javascript:alert(1)"),
        "inline keyboard button URL 'javascript:alert(1)' is invalid: Wrong HTTP URL",
    ),
    (
        "sendMessage",
        button(text="x", callback_data="x", url="https://x.id"),
        (
            "can't parse inline keyboard button: InlineKeyboardButton must have exactly one action, "
            "found url, callback_data"
        ),
    ),
    ("sendMessage", keyboard([[{"text": "x", "callback_data": "x"}] * 9]), "reply markup is too long"),
    ("sendMessage", keyboard([[{"text": "x", "callback_data": "x"}]] * 101), "reply markup is too long"),
    ("sendMessage", text("a", reply_markup={"keyboard": [5]}), 'field "keyboard" must be an Array of Arrays'),
    (
        "sendMessage",
        text("a", reply_markup={"keyboard": [[5]]}),
        "can't parse keyboard button: KeyboardButton must be a String or an Object",
    ),
    (
        "editMessageReplyMarkup",
        {"chat_id": 101, "message_id": "OWN", "reply_markup": {"force_reply": True}},
        "inline keyboard expected",
    ),
    # polls
    ("sendPoll", POLL | {"question": ""}, "text must be non-empty"),
    ("sendPoll", POLL | {"question": "x" * 301}, "poll question length must not exceed 300"),
    ("sendPoll", POLL | {"options": []}, "poll must have at least one answer option"),
    ("sendPoll", POLL | {"options": ["x"] * 13}, "poll can't have more than 12 options"),
    ("sendPoll", POLL | {"options": ["x" * 101, "b"]}, "poll options length must not exceed 100"),
    ("sendPoll", POLL | {"options": ["", "b"]}, "poll option must be non-empty"),
    ("sendPoll", POLL | {"options": [5]}, "expected an option to be of type String"),
    ("sendPoll", POLL | {"options": "["}, "can't parse options JSON object"),
    ("sendPoll", POLL | {"options": {}}, "expected an Array of String as options"),
    ("sendPoll", POLL | {"type": "exam"}, "unsupported poll type specified"),
    ("sendPoll", QUIZ, "correct quiz option list must be non-empty"),
    ("sendPoll", QUIZ | {"correct_option_ids": [2]}, "wrong quiz correct_option_id"),
    ("sendPoll", QUIZ | {"correct_option_id": 2}, "wrong quiz correct_option_id"),
    ("sendPoll", QUIZ | {"correct_option_ids": [1, 0]}, "correct quiz option list must be increasing"),
    ("sendPoll", QUIZ | {"correct_option_ids": ["0"]}, "correct option identifier must be of type Number"),
    ("sendPoll", QUIZ | {"correct_option_ids": 0}, "expected an Array of correct option identifiers"),
    ("sendPoll", QUIZ | {"correct_option_ids": [0, 1]}, "QUIZ_CORRECT_ANSWERS_TOO_MUCH"),
    (
        "sendPoll",
        QUIZ | {"correct_option_ids": [0], "explanation": "x" * 201},
        "poll explanation length must not exceed 200",
    ),
    (
        "sendPoll",
        QUIZ | {"correct_option_ids": [0], "explanation": "a\nb\nc\nd"},
        "poll explanation must not contain more than 2 line feeds",
    ),
    ("sendPoll", POLL | {"description": "x" * 1025}, "message caption is too long"),
    ("sendPoll", POLL | {"open_period": 4}, "POLL_CLOSE_PERIOD_INVALID"),
    ("sendPoll", POLL | {"close_date": 5}, "POLL_CLOSE_DATE_INVALID"),
    ("sendPoll", POLL | {"members_only": True}, "poll voters can be restricted only in channel chats"),
    ("stopPoll", {"chat_id": 101, "message_id": "OWN"}, "message is not a poll"),
    ("stopPoll", {"chat_id": 101, "message_id": 77}, "message with poll to stop not found"),
    # changing and copying
    ("editMessageText", text("b"), "message to edit not found"),
    ("editMessageText", {"text": "b"}, "message identifier is not specified"),
    ("editMessageText", text("b", message_id=77), "message to edit not found"),
    ("editMessageText", text("b", message_id=1), "message can't be edited"),
    (
        "editMessageText",
        text("own", message_id="OWN"),
        (
            "message is not modified: specified new message content and reply markup are exactly the same "
            "as a current content and reply markup of the message"
        ),
    ),
    ("editMessageText", {"inline_message_id": "x", "text": "b"}, "MESSAGE_ID_INVALID"),
    ("editMessageText", text("b", message_id="POLL"), "there is no text in the message to edit"),
    (
        "editMessageCaption",
        {"chat_id": 101, "message_id": "OWN", "caption": "x"},
        "there is no caption in the message to edit",
    ),
    ("editMessageMedia", {"chat_id": 101, "message_id": "OWN"}, "input media is not specified"),
    ("deleteMessage", {"chat_id": 101}, "message identifier is not specified"),
    ("deleteMessage", {"message_id": 1}, "chat identifier is not specified"),
    ("deleteMessage", {"chat_id": 101, "message_id": 77}, "message to delete not found"),
    ("deleteMessages", {"chat_id": 101}, "message identifiers are not specified"),
    ("deleteMessages", {"chat_id": 101, "message_ids": [0]}, "invalid message identifier specified"),
    (
        "deleteMessages",
        {"chat_id": 101, "message_ids": list(range(1, 102))},
        "too many message identifiers specified",
    ),
    ("copyMessage", {"chat_id": 101, "message_id": 1}, 'parameter "from_chat_id" is required'),
    ("copyMessage", {"chat_id": 101, "from_chat_id": 101, "message_id": 77}, "message to copy not found"),
    (
        "forwardMessage",
        {"chat_id": 101, "from_chat_id": 101, "message_id": 77},
        "message to forward not found",
    ),
    (
        "forwardMessage",
        {"chat_id": 101, "from_chat_id": 101, "message_id": "SECRET"},
        "message has protected content and can't be forwarded",
    ),
    (
        "copyMessages",
        {"chat_id": 101, "from_chat_id": 101, "message_ids": [2, 1]},
        "message identifiers must be in a strictly increasing order",
    ),
    (
        "copyMessages",
        {"chat_id": 101, "from_chat_id": 101, "message_ids": {}},
        "expected an Array of message identifiers",
    ),
    (
        "copyMessages",
        {"chat_id": 101, "from_chat_id": 101, "message_ids": [[]]},
        "message identifier must be a Number",
    ),
    (
        "forwardMessages",
        {"chat_id": 101, "from_chat_id": 101, "message_ids": [77]},
        "there are no messages to forward",
    ),
    ("pinChatMessage", {"chat_id": 101, "message_id": 77}, "message to pin not found"),
    ("unpinChatMessage", {"chat_id": 101}, "message to unpin not found"),
    ("setMessageReaction", {"chat_id": 101, "message_id": 77}, "message to react not found"),
    (
        "setMessageReaction",
        {"chat_id": 101, "message_id": 1, "reaction": [{"type": "emoji", "emoji": "x"}]},
        "REACTION_INVALID",
    ),
    (
        "setMessageReaction",
        {"chat_id": 101, "message_id": 1, "reaction": [{"type": "emoji", "emoji": "👍"}] * 2},
        "REACTIONS_TOO_MANY",
    ),
    # files
    ("sendPhoto", {"chat_id": 101}, "there is no photo in the request"),
    ("sendDocument", {"chat_id": 101, "document": "attach://x"}, "there is no document in the request"),
    ("sendDocument", {"chat_id": 101, "document": "BQACxyz"}, "wrong file identifier/HTTP URL specified"),
    ("sendDocument", {"chat_id": 101, "document": "https://x.id/a.pdf"}, "failed to get HTTP URL content"),
    ("sendMediaGroup", {"chat_id": 101}, 'parameter "media" is required'),
    ("sendMediaGroup", {"chat_id": 101, "media": {}}, "expected an Array of InputMedia"),
    (
        "sendMediaGroup",
        {"chat_id": 101, "media": [{"type": "photo", "media": "x"}] * 11},
        "too many messages to send as an album",
    ),
    (
        "sendMediaGroup",
        {"chat_id": 101, "media": [{"type": "sticker"}]},
        'can\'t parse InputMedia: type "sticker" is unsupported',
    ),
    ("getFile", {}, "file_id not specified"),
    ("getFile", {"file_id": "x"}, "wrong file_id or the file is temporarily unavailable"),
    # the rest
    ("sendLocation", {"chat_id": 101, "longitude": 1}, "latitude is empty"),
    ("sendLocation", {"chat_id": 101, "latitude": 1}, "longitude is empty"),
    (
        "sendVenue",
        {"chat_id": 101, "latitude": 1, "longitude": 1, "title": "x"},
        "venue address must be non-empty",
    ),
    ("sendSticker", {"chat_id": 101}, "there is no sticker in the request"),
    ("sendVideoNote", {"chat_id": 101, "video_note": "x"}, "wrong file identifier/HTTP URL specified"),
    ("sendMessage", text("a", message_thread_id=5), "message thread not found"),
    ("sendChatAction", {"chat_id": 101, "action": "dancing"}, "wrong parameter action in request"),
    (
        "answerCallbackQuery",
        {"callback_query_id": "5"},
        "query is too old and response timeout expired or query ID is invalid",
    ),
    ("answerCallbackQuery", {"callback_query_id": "5", "text": "x" * 201}, "MESSAGE_TOO_LONG"),
    ("setMyCommands", {"commands": [{"command": "A B", "description": "x"}]}, "BOT_COMMAND_INVALID"),
    (
        "setMyCommands",
        {"commands": [{"command": "a" * 33, "description": "x"}]},
        "command length must not exceed 32",
    ),
    (
        "setMyCommands",
        {"commands": [{"command": "a", "description": ""}]},
        "command description must be non-empty",
    ),
    ("setMyCommands", {"commands": [{"command": "a", "description": "x"}] * 101}, "BOT_COMMANDS_TOO_MUCH"),
    ("setMyCommands", {"commands": {}}, "expected an Array of BotCommand"),
    ("setMyCommands", {"commands": [], "language_code": "ind"}, "invalid language code specified"),
    (
        "getMyCommands",
        {"scope": {"type": "planet"}},
        "can't parse BotCommandScope: Unsupported type specified",
    ),
    ("getMyCommands", {"scope": {"type": "chat", "chat_id": 999}}, "chat not found"),
    ("setMyDescription", {"description": "x" * 513}, "bot description is too long"),
    (
        "setChatMenuButton",
        {"menu_button": {"type": "x"}},
        "can't parse menu button: MenuButton has unsupported type",
    ),
    ("getChat", {"chat_id": 999}, "chat not found"),
    ("getChatMember", {"chat_id": 101}, 'parameter "user_id" is required'),
    ("getChatMember", {"chat_id": 101, "user_id": 999}, "user not found"),
    ("leaveChat", {"chat_id": 101}, "chat member status can't be changed in private chats"),
    ("setWebhook", {"url": "ftp://x.id"}, "invalid webhook URL specified"),
    ("setWebhook", {"url": "http://x.id"}, "bad webhook: An HTTPS URL must be provided for webhook"),
    (
        "setWebhook",
        {"url": "https://x.id:99"},
        "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443",
    ),
    (
        "setWebhook",
        {"url": "https://x.id", "secret_token": "a b"},
        "secret token contains unallowed characters",
    ),
    ("setWebhook", {"url": "https://x.id", "secret_token": "a" * 257}, "secret token is too long"),
]


async def _prepared(call: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """Stand-ins in capitals become messages that exist."""
    match params.get("message_id"):
        case "OWN":
            made = await call.result("sendMessage", chat_id=101, text="own")
        case "SECRET":
            made = await call.result("sendMessage", chat_id=101, text="own", protect_content=True)
        case "POLL":
            made = await call.result("sendPoll", **POLL)
        case _:
            return params
    return params | {"message_id": made["message_id"]}


@pytest.mark.parametrize(("method", "params", "reason"), BAD)
async def test_bad_requests(
    method: str, params: dict[str, Any], reason: str, call: Caller, ani: Person
) -> None:
    before = len(ani.chat)
    params = await _prepared(call, params)
    assert await call.refusal(method, **params) == f"400 Bad Request: {reason}"
    assert len(ani.chat) - before <= 1, "a refused call has no effect"


async def test_unknown_methods_and_tokens(call: Caller, sim: Simulator) -> None:
    assert await call.refusal("sendDice", chat_id=1) == "404 Not Found: method not found"
    assert await call.refusal("getMe", token="123:abc") == "401 Unauthorized"
    assert await call.refusal("getMe", token="nonsense") == "401 Unauthorized: invalid token specified"


async def test_methods_have_any_case_and_any_form(call: Caller, sim: Simulator, ani: Person) -> None:
    url = f"{sim.base_url}{sim.token}"
    async with call.session.get(f"{url}/GETME") as answer:
        assert (await answer.json())["result"]["username"] == "rekan_simulasi_bot"
    async with call.session.get(f"{url}/sendMessage?chat_id=101&text=a%26b") as answer:
        assert (await answer.json())["result"]["text"] == "a&b"
    async with call.session.post(f"{url}/sendMessage", data={"chat_id": "101", "text": "é"}) as answer:
        assert (await answer.json())["result"]["text"] == "é"
    form = aiohttp.FormData()
    form.add_field("chat_id", "101")
    form.add_field("media", '[{"type":"photo","media":"attach://one"}]')
    form.add_field("one", png(), filename="a.png")
    async with call.session.post(f"{url}/sendMediaGroup", data=form) as answer:
        assert (await answer.json())["result"][0]["photo"]
    async with call.session.post(
        f"{url}/getMe", data=b"{", headers={"Content-Type": "application/json"}
    ) as answer:
        assert (await answer.json())["description"] == "Bad Request: can't parse request JSON object"


@pytest.mark.parametrize("method", ["sendMessage", "sendPoll", "sendChatAction"])
async def test_who_is_not_there_to_read(method: str, call: Caller, sim: Simulator, ani: Person) -> None:
    params = {"text": "a", "question": "?", "options": ["a"], "action": "typing"}
    sim.person(102, first_name="Budi")
    stranger = await call.refusal(method, chat_id=102, **params)
    assert stranger == "403 Forbidden: bot can't initiate conversation with a user"
    await ani.block()
    assert await call.refusal(method, chat_id=101, **params) == "403 Forbidden: bot was blocked by the user"
    await ani.unblock()
    await call.result(method, chat_id=101, **params)
    await ani.deactivate()
    assert await call.refusal(method, chat_id=101, **params) == "403 Forbidden: user is deactivated"


async def test_groups_that_shut_the_bot_out(call: Caller, sim: Simulator, ani: Person) -> None:
    for kind in ("group", "supergroup", "channel"):
        chat = sim.create_chat("Kelompok", ani, kind=kind)  # type: ignore[arg-type]
        refused = await call.refusal("sendMessage", chat_id=chat.id, text="a")
        assert refused == "400 Bad Request: chat not found"
        await chat.add_bot(ani)
        await call.result("sendMessage", chat_id=chat.id, text="a")
        await call.result("leaveChat", chat_id=chat.id)
        refused = await call.refusal("sendMessage", chat_id=chat.id, text="a")
        assert refused == f"403 Forbidden: bot is not a member of the {kind} chat"
        await chat.add_bot(ani)
        await chat.remove_bot(ani)
        refused = await call.refusal("sendMessage", chat_id=chat.id, text="a")
        assert refused == f"403 Forbidden: bot was kicked from the {kind} chat"


async def test_an_upgraded_group_names_its_new_id(call: Caller, sim: Simulator, ani: Person) -> None:
    group = sim.create_chat("Kelompok", ani)
    await group.add_bot(ani)
    new = await group.upgrade()
    assert await call("sendMessage", chat_id=group.id, text="a") == {
        "ok": False,
        "error_code": 400,
        "description": "Bad Request: group chat was upgraded to a supergroup chat",
        "parameters": {"migrate_to_chat_id": new.id},
    }
    await call.result("sendMessage", chat_id=new.id, text="a")
    updates = [update["message"] for update in await call.updates() if "message" in update]
    assert updates[-2]["migrate_to_chat_id"] == new.id
    assert updates[-1]["migrate_from_chat_id"] == group.id


async def test_topics(call: Caller, sim: Simulator, ani: Person) -> None:
    group = sim.create_chat("Kelompok", ani, kind="supergroup")
    await group.add_bot(ani)
    topic = await group.open_topic(ani, "Tanya jawab")
    there = {"chat_id": group.id, "message_thread_id": topic, "text": "a"}
    sent = await call.result("sendMessage", **there)
    assert (sent["message_thread_id"], sent["is_topic_message"]) == (topic, True)
    assert sent["chat"]["is_forum"]
    refused = await call.refusal("sendMessage", **(there | {"message_thread_id": sent["message_id"]}))
    assert refused == "400 Bad Request: message thread not found"
    await group.close_topic(ani, topic)
    assert await call.refusal("sendMessage", **there) == "400 Bad Request: TOPIC_CLOSED"
    await group.add_bot(ani, admin=True)
    await call.result("sendMessage", **there)
    await call.result("sendMessage", chat_id=group.id, text="a")
    assert [message.topic for message in group.chat if message.text == "a"] == [topic, topic, None]


async def test_rights_in_groups(call: Caller, sim: Simulator, ani: Person) -> None:
    group = sim.create_chat("Kelompok", ani, kind="supergroup")
    await group.add_bot(ani)
    theirs = await ani.send("halo", chat=group)
    place = {"chat_id": group.id, "message_id": theirs.message_id}
    assert await call.refusal("deleteMessage", **place) == "400 Bad Request: message can't be deleted"
    refused = await call.refusal("pinChatMessage", **place)
    assert refused == "400 Bad Request: not enough rights to manage pinned messages in the chat"
    await group.add_bot(ani, admin=True)
    await call.result("pinChatMessage", **place)
    await call.result("deleteMessage", **place)


async def test_deleting_ends_after_48_hours_but_editing_does_not(
    call: Caller, clock: SimulatedClock, ani: Person
) -> None:
    own = {
        "chat_id": 101,
        "message_id": (await call.result("sendMessage", chat_id=101, text="a"))["message_id"],
    }
    theirs = {"chat_id": 101, "message_id": (await ani.send("NIK")).message_id}
    await clock.advance_to(clock.now() + timedelta(hours=48))
    await call.result("deleteMessage", **theirs)
    await clock.advance_to(clock.now() + timedelta(seconds=1))
    assert await call.refusal("deleteMessage", **own) == "400 Bad Request: message can't be deleted"
    assert await call.result("deleteMessages", chat_id=101, message_ids=[own["message_id"]]) is True
    await call.result("editMessageText", **own, text="b")
    assert [(message.text, message.deleted, message.edited) for message in ani.chat[1:]] == [
        ("b", False, True),
        ("NIK", True, False),
    ]


async def test_files_are_checked(call: Caller, sim: Simulator, ani: Person) -> None:
    async def refusal(method: str, name: str, data: bytes) -> str:
        answer = await call.upload(method, name, data, "a.bin", chat_id=101)
        return str(answer["description"])

    assert await refusal("sendDocument", "document", b"") == "Bad Request: file must be non-empty"
    assert await refusal("sendPhoto", "photo", b"text") == "Bad Request: IMAGE_PROCESS_FAILED"
    assert await refusal("sendPhoto", "photo", png(9000, 1001)) == "Bad Request: PHOTO_INVALID_DIMENSIONS"
    assert (
        await refusal("sendPhoto", "photo", b"\0" * (10 * 1024 * 1024 + 1)) == "Bad Request: file is too big"
    )
    big = b"\0" * (20 * 1024 * 1024 + 1)
    sent = await call.upload("sendDocument", "document", big, "big.bin", chat_id=101)
    file_id = sent["result"]["document"]["file_id"]
    assert await call.refusal("getFile", file_id=file_id) == "400 Bad Request: file is too big"
    await call.result("sendDocument", chat_id=101, document=file_id)
    refused = await call.refusal("sendPhoto", chat_id=101, photo=file_id)
    assert refused == "400 Bad Request: can't use file of type Document as Photo"


async def test_a_file_id_belongs_to_one_bot(clock: SimulatedClock) -> None:
    bots = {token: BotAccount(token, f"bot_{token[0]}") for token in ("1:a", "2:b")}
    async with Simulator(clock, limits=Limits.off(), bots=bots) as sim, aiohttp.ClientSession() as session:
        call = Caller(sim, session)
        for token in bots:
            await sim.person(101, token=token).send("/start")
        sent = await call.upload("sendDocument", "document", b"x", "a.txt", chat_id=101)
        file_id = sent["result"]["document"]["file_id"]
        await call.result("sendDocument", chat_id=101, document=file_id)
        refused = await call("sendDocument", token="2:b", chat_id=101, document=file_id)
        assert refused["description"] == "Bad Request: wrong file identifier/HTTP URL specified"
        assert len(sim.person(101, token="2:b").chat) == 1


async def test_after_log_out_nothing_goes(call: Caller) -> None:
    assert await call.result("logOut") is True
    assert await call.refusal("getMe") == "400 Logged out"
