"""Every answer and every update parses in two other libraries: aiogram's strict models, and the bot's own."""

import importlib
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
import telegram

from bot.simulator import Person, Simulator
from bot.simulator.methods import GET_UPDATES, METHODS
from tests.simulator.conftest import Caller, png

KEYBOARD = {
    "inline_keyboard": [[{"text": "Ya", "callback_data": "y"}, {"text": "Situs", "url": "https://x.id"}]]
}


@pytest.fixture(scope="session")
def aiogram() -> Any:
    """Its bot, its models and, by the names in small letters, its methods; to load them takes seconds."""
    methods = importlib.import_module("aiogram.methods")
    return SimpleNamespace(
        Bot=importlib.import_module("aiogram").Bot,
        Response=methods.Response,
        Update=importlib.import_module("aiogram.types").Update,
        methods={
            name.lower(): getattr(methods, name)
            for name in methods.__all__
            if name not in {"Request", "Response", "TelegramMethod"}
        },
    )


async def sent(call: Caller, **changes: Any) -> int:
    message = await call.result("sendMessage", **({"chat_id": 101, "text": "teks"} | changes))
    return int(message["message_id"])


async def photo_id(call: Caller) -> str:
    answer = await call.upload("sendPhoto", "photo", png(400, 300), "a.png", chat_id=101)
    return str(answer["result"]["photo"][-1]["file_id"])


async def file_of(call: Caller, kind: str) -> str:
    answer = await call.upload(f"send{kind.title()}", kind, b"data", f"a.{kind}", chat_id=101)
    return str(answer["result"][kind]["file_id"])


async def group(sim: Simulator, ani: Person) -> int:
    made = sim.create_chat("Kelompok 1", ani, kind="supergroup")
    await made.add_bot(ani, admin=True)
    return made.id


async def tapped(call: Caller, ani: Person) -> str:
    return await ani.tap(await sent(call, reply_markup=KEYBOARD), "Ya")


# One good call of every method: its parameters, made when needed.
Made = Callable[[Caller, Simulator, Person], Awaitable[dict[str, Any]]]


async def parameters(method: str, call: Caller, sim: Simulator, ani: Person) -> dict[str, Any]:
    chat: dict[str, Any] = {"chat_id": 101}
    match method:
        case "getme" | "getwebhookinfo" | "close" | "logout" | "deletewebhook" | "getmycommands":
            return {}
        case "getmyname" | "getmydescription" | "getmyshortdescription" | "getchatmenubutton":
            return {}
        case "deletemycommands":
            return {"scope": {"type": "chat", "chat_id": 101}, "language_code": "id"}
        case "getupdates":
            await ani.send("halo")
            return {}
        case "setwebhook":
            return {"url": "http://127.0.0.1:9/hook", "secret_token": "abc"}
        case "sendmessage":
            text = '<b>Halo <i>Ibu</i></b> <a href="x.id">sini</a> <tg-time unix="1762650000">jam</tg-time>'
            reply = {"message_id": await sent(call)}
            return chat | {
                "text": text,
                "parse_mode": "HTML",
                "reply_markup": KEYBOARD,
                "reply_parameters": reply,
            }
        case "sendphoto":
            return chat | {"photo": await photo_id(call), "caption": "<b>foto</b>", "parse_mode": "HTML"}
        case "senddocument" | "sendvideo" | "sendaudio" | "sendvoice" | "sendanimation":
            kind = method.removeprefix("send")
            return chat | {kind: await file_of(call, kind), "caption": "berkas"}
        case "sendmediagroup":
            photo = await photo_id(call)
            media = [{"type": "photo", "media": photo, "caption": "satu"}, {"type": "photo", "media": photo}]
            return chat | {"media": media}
        case "sendlocation":
            return chat | {"latitude": -6.2, "longitude": 106.8}
        case "sendvenue":
            return chat | {"latitude": -6.2, "longitude": 106.8, "title": "Aula", "address": "Jalan Contoh 1"}
        case "sendsticker":
            answer = await call.upload("sendSticker", "sticker", b"webp", "a.webp", chat_id=101)
            return chat | {"sticker": answer["result"]["sticker"]["file_id"]}
        case "sendvideonote":
            answer = await call.upload("sendVideoNote", "video_note", b"mp4", "a.mp4", chat_id=101)
            return chat | {"video_note": answer["result"]["video_note"]["file_id"]}
        case "sendpoll":
            quiz = {"type": "quiz", "correct_option_ids": [0, 2], "allows_multiple_answers": True}
            return (
                chat
                | quiz
                | {
                    "question": "Yang <b>benar</b>?",
                    "question_parse_mode": "HTML",
                    "options": [{"text": "a"}, "b", "c"],
                    "explanation": "karena",
                    "open_period": 60,
                    "is_anonymous": False,
                }
            )
        case "stoppoll":
            poll = await call.result("sendPoll", chat_id=101, question="?", options=["a", "b"])
            return chat | {"message_id": poll["message_id"]}
        case "copymessage" | "forwardmessage":
            return chat | {"from_chat_id": 101, "message_id": await sent(call)}
        case "copymessages" | "forwardmessages":
            return chat | {"from_chat_id": 101, "message_ids": [await sent(call), await sent(call)]}
        case "editmessagetext":
            return chat | {"message_id": await sent(call), "text": "baru", "reply_markup": KEYBOARD}
        case "editmessagereplymarkup":
            return chat | {"message_id": await sent(call), "reply_markup": KEYBOARD}
        case "editmessagecaption":
            answer = await call.upload("sendDocument", "document", b"x", "a.txt", chat_id=101)
            return chat | {"message_id": answer["result"]["message_id"], "caption": "baru"}
        case "editmessagemedia":
            answer = await call.upload("sendDocument", "document", b"x", "a.txt", chat_id=101)
            media = {"type": "photo", "media": await photo_id(call)}
            return chat | {"message_id": answer["result"]["message_id"], "media": media}
        case "deletemessage" | "pinchatmessage":
            return chat | {"message_id": await sent(call)}
        case "unpinchatmessage":
            message_id = await sent(call)
            await call.result("pinChatMessage", chat_id=101, message_id=message_id)
            return chat | {"message_id": message_id}
        case "deletemessages":
            return chat | {"message_ids": [await sent(call)]}
        case "setmessagereaction":
            return chat | {"message_id": 1, "reaction": [{"type": "emoji", "emoji": "👍"}]}
        case "answercallbackquery":
            return {"callback_query_id": await tapped(call, ani), "text": "baik", "show_alert": True}
        case "sendchataction":
            return chat | {"action": "typing"}
        case "getfile":
            return {"file_id": await photo_id(call)}
        case "setmycommands":
            return {"commands": [{"command": "jadwal", "description": "Jadwal"}], "language_code": "id"}
        case "setmyname":
            return {"name": "Rekan"}
        case "setmydescription":
            return {"description": "Teman orientasi"}
        case "setmyshortdescription":
            return {"short_description": "Teman"}
        case "setchatmenubutton":
            return chat | {"menu_button": {"type": "commands"}}
        case "getchat" | "getchatmembercount":
            return {"chat_id": await group(sim, ani)}
        case "getchatmember":
            return {"chat_id": await group(sim, ani), "user_id": sim.world.bots[sim.token].id}
        case "leavechat":
            return {"chat_id": await group(sim, ani)}
    raise AssertionError(f"give {method} an example here")


@pytest.mark.parametrize("method", sorted([*METHODS, GET_UPDATES]))
async def test_every_result_parses_in_aiogram(
    method: str, call: Caller, sim: Simulator, ani: Person, aiogram: Any
) -> None:
    given = await parameters(method, call, sim, ani)
    envelope = await call(method, **given)
    assert envelope["ok"], envelope
    model = aiogram.methods[method]
    bot = aiogram.Bot(sim.token)
    parsed = aiogram.Response[model.__returning__].model_validate(envelope, context={"bot": bot})
    assert parsed.result is not None
    _check_nothing_was_lost(envelope["result"], parsed.result)


def _check_nothing_was_lost(wire: Any, parsed: Any) -> None:
    """Every field that the simulator sends is one that aiogram knows."""
    if isinstance(wire, list):
        for item, model in zip(wire, parsed, strict=True):
            _check_nothing_was_lost(item, model)
    elif isinstance(wire, dict):
        extra = getattr(parsed, "model_extra", None) or {}
        assert not extra, extra
        for key, value in wire.items():
            if isinstance(value, dict | list):
                _check_nothing_was_lost(value, getattr(parsed, {"from": "from_user"}.get(key, key)))


async def everything_happens(call: Caller, sim: Simulator, ani: Person) -> None:
    """Bring about every kind of update there is."""
    kinds = ["message", "edited_message", "channel_post", "edited_channel_post", "callback_query", "poll"]
    await call.updates(offset=-1, allowed_updates=[*kinds, "poll_answer", "my_chat_member"])
    first = await ani.send("Halo <b>pak</b>, lihat https://x.id @rekan #satu", parse_mode="HTML")
    await ani.send("balasan", reply_to=first)
    await ani.edit(first, "Halo lagi")
    await ani.send_photo(png(), caption="foto", media_group_id="7")
    await ani.send_document(b"%PDF", "jurnal.pdf", caption="/jurnal")
    await ani.send_voice(b"ogg")
    await ani.send_video(b"mp4")
    await ani.send_location(-6.2, 106.8)
    await ani.send_venue(-6.2, 106.8, "Aula", "Jalan Contoh 1")
    await ani.send_sticker(b"webp")
    await ani.send_video_note(b"mp4")
    await ani.send_contact("+6281200000000")
    await ani.send_poll("Yang benar?", ["a", "b"], correct=[1], explanation="b", multiple=False)
    await tapped(call, ani)
    quiz = {"type": "quiz", "correct_option_ids": [1], "is_anonymous": False, "allows_revoting": True}
    await call.result("sendPoll", chat_id=101, question="?", options=["a", "b"], open_period=60, **quiz)
    await ani.vote(ani.inbox[-1], [1])
    await ani.retract(ani.inbox[-1])
    await ani.block()
    await ani.unblock()
    small = sim.create_chat("Kecil", ani)
    await small.add_bot(ani)
    await ani.send("/halo", chat=small)
    big = await small.upgrade()
    await ani.send("/halo", chat=big)
    topic = await big.open_topic(ani, "Kelompok 1")
    await big.rename_topic(ani, topic, "Kelompok A")
    await ani.send("/halo", chat=big, topic=topic)
    await big.close_topic(ani, topic)
    await big.close_topic(ani, topic, closed=False)
    channel = sim.create_chat("Saluran", ani, kind="channel")
    await channel.add_bot(ani)
    post = await ani.send("Pengumuman", chat=channel)
    await ani.edit(post, "Pengumuman baru", chat=channel)
    await big.remove_bot(ani)


async def test_every_update_parses_in_both_libraries(
    call: Caller, sim: Simulator, ani: Person, aiogram: Any
) -> None:
    await everything_happens(call, sim, ani)
    updates = await call.updates()
    kinds = {kind for update in updates for kind in update if kind != "update_id"}
    assert kinds == {
        "message",
        "edited_message",
        "channel_post",
        "edited_channel_post",
        "callback_query",
        "poll",
        "poll_answer",
        "my_chat_member",
    }
    identifiers = [update["update_id"] for update in updates]
    assert identifiers == sorted(set(identifiers))
    for update in updates:
        parsed = aiogram.Update.model_validate(update, context={"bot": aiogram.Bot(sim.token)})
        _check_nothing_was_lost(update, parsed)
        other = telegram.Update.de_json(update, telegram.Bot(sim.token))
        kind = next(key for key in update if key != "update_id")
        assert getattr(other, kind) is not None
        assert not getattr(other, kind).api_kwargs, getattr(other, kind).api_kwargs


async def test_every_method_has_its_place_in_the_table(aiogram: Any) -> None:
    assert set(METHODS) < set(aiogram.methods)
