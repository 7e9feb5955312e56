"""The library that the bot is built on, pointed at the simulator."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import telegram
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, InputMediaPhoto, Update
from telegram.constants import ParseMode
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, RetryAfter, TimedOut
from telegram.ext import Application, ApplicationBuilder, CallbackQueryHandler, CommandHandler, ContextTypes

from bot.simulator import Person, Retry429, Simulator, TimeoutAfter
from tests.simulator.conftest import png


@pytest.fixture
async def bot(sim: Simulator) -> AsyncIterator[telegram.Bot]:
    async with telegram.Bot(sim.token, base_url=sim.base_url, base_file_url=sim.base_file_url) as made:
        yield made


async def test_everyday_calls(bot: telegram.Bot, sim: Simulator, ani: Person) -> None:
    assert bot.username == "rekan_simulasi_bot"
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Selesai", callback_data="m:1")]])
    sent = await bot.send_message(101, "<b>Modul 1</b>", parse_mode=ParseMode.HTML, reply_markup=keyboard)
    assert sent.text_html == "<b>Modul 1</b>"
    await sent.edit_text("Modul 1 selesai")
    await bot.send_photo(101, png(), caption="foto")
    await bot.send_media_group(101, [InputMediaPhoto(png(9, 9)), InputMediaPhoto(png(7, 7))])
    document = await bot.send_document(101, b"BEGIN:VCALENDAR", filename="sesi.ics")
    assert document.document is not None
    file = await document.document.get_file()
    assert bytes(await file.download_as_bytearray()) == b"BEGIN:VCALENDAR"
    await bot.send_poll(101, "?", ["a", "b"], type="quiz", correct_option_ids=[1], is_anonymous=False)
    await bot.set_my_commands(
        [("jadwal", "Jadwal")], scope=telegram.BotCommandScopeAllPrivateChats(), language_code="id"
    )
    assert [message.text for message in ani.inbox] == ["Modul 1 selesai", "foto", "", "", "", "?"]
    assert ani.inbox[4].document is not None
    assert ani.inbox[4].document.name == "sesi.ics"


async def test_its_errors(
    bot: telegram.Bot, sim: Simulator, ani: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "1")  # without it, the library warns of its own future
    with pytest.raises(BadRequest, match="Can't parse entities"):
        await bot.send_message(101, "<b>", parse_mode=ParseMode.HTML)
    await ani.block()
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(101, "a")
    await ani.unblock()
    sim.faults.add(kind=Retry429(7))
    with pytest.raises(RetryAfter) as late:
        await bot.send_message(101, "a")
    assert late.value.retry_after == timedelta(seconds=7)
    group = sim.create_chat("Kelompok", ani)
    await group.add_bot(ani)
    new = await group.upgrade()
    with pytest.raises(ChatMigrated) as migrated:
        await bot.send_message(group.id, "a")
    assert migrated.value.new_chat_id == new.id
    stranger = telegram.Bot("123:abc", base_url=sim.base_url)
    with pytest.raises(InvalidToken):
        await stranger.initialize()
    await stranger.shutdown()


async def test_a_timeout_after_the_effect(sim: Simulator, ani: Person) -> None:
    sim.faults.add("sendMessage", kind=TimeoutAfter())
    async with telegram.Bot(sim.token, base_url=sim.base_url) as bot:
        with pytest.raises(TimedOut):
            await bot.send_message(101, "sampai?", read_timeout=0.05)
    assert [message.text for message in ani.inbox] == ["sampai?"]


async def test_two_pollers(bot: telegram.Bot, sim: Simulator) -> None:
    older = asyncio.create_task(bot.get_updates(timeout=20))
    await asyncio.sleep(0.05)
    async with telegram.Bot(sim.token, base_url=sim.base_url) as second:
        younger = asyncio.create_task(second.get_updates(timeout=1))
        with pytest.raises(Conflict, match="make sure that only one bot instance is running"):
            await older
        assert await younger == ()


async def test_an_application_polls(sim: Simulator, ani: Person) -> None:
    async def start(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.message is not None
        keyboard = InlineKeyboardMarkup.from_button(InlineKeyboardButton("Ya", callback_data="ya"))
        await update.message.reply_text(f"Halo {' '.join(context.args or [])}", reply_markup=keyboard)

    async def yes(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.callback_query is not None
        await update.callback_query.answer()
        await update.callback_query.edit_message_text("Baik")

    app: Application = (  # type: ignore[type-arg]
        ApplicationBuilder().token(sim.token).base_url(sim.base_url).base_file_url(sim.base_file_url).build()
    )
    app.add_handler(CommandHandler("start", start))
    app.add_handler(CallbackQueryHandler(yes))
    async with app:
        await app.start()
        assert app.updater is not None
        await app.updater.start_polling(timeout=5)
        await ani.send("/start kode123")
        async with asyncio.timeout(5):
            while not ani.inbox:  # noqa: ASYNC110  # what a person sees is asked, not announced
                await asyncio.sleep(0.01)
            assert ani.inbox[-1].text == "Halo kode123"
            await ani.tap(ani.inbox[-1], "Ya")
            while ani.inbox[-1].text != "Baik":  # noqa: ASYNC110  # as above
                await asyncio.sleep(0.01)
        await app.updater.stop()
        await app.stop()
