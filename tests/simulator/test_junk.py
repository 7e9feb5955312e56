"""Whatever is sent, the simulator answers in Telegram's form and never breaks."""

import random
from typing import Any

import orjson

from bot.simulator import Person, Simulator
from bot.simulator.methods import METHODS
from bot.simulator.params import Params, Upload
from tests.simulator.conftest import png

NAMES = """
    chat_id text parse_mode entities reply_markup message_id message_ids from_chat_id caption
    caption_entities photo document video media question options type correct_option_ids
    correct_option_id explanation open_period close_date reply_parameters link_preview_options commands
    scope language_code menu_button action reaction callback_query_id user_id url allowed_updates
    latitude longitude file_id offset limit duration title allows_multiple_answers is_anonymous
    protect_content allow_sending_without_reply secret_token name
""".split()  # noqa: SIM905  # as a list it would take a page
KEYS = """
    type offset length url user id text callback_data keyboard inline_keyboard force_reply
    remove_keyboard media caption message_id chat_id command description language unix_time
    date_time_format emoji web_app login_url copy_text style request_contact
""".split()  # noqa: SIM905  # as a list it would take a page
SCALARS: tuple[Any, ...] = (
    *(None, True, False, 0, 1, 2, -1, 3.5, 101, -5, 10**18),
    *(
        "",
        " ",
        "a",
        "<b>a</b>",
        "<b>",
        "HTML",
        "quiz",
        "[",
        "{}",
        "[1,2]",
        "null",
        "photo",
        "default",
        "chat",
    ),
    *("bold", "text_link", "attach://file", "https://x.id", "id", "🙂é\n", "x" * 5000, "typing", "commands"),
    *("👍", "\x00", "&#xD800;", "102", "9" * 30, "1e5"),
)


def junk(dice: random.Random, depth: int = 0) -> Any:
    kind = dice.random()
    if kind < 0.6 or depth > 3:
        return dice.choice(SCALARS)
    if kind < 0.8:
        return [junk(dice, depth + 1) for _ in range(dice.randrange(4))]
    return {dice.choice(KEYS): junk(dice, depth + 1) for _ in range(dice.randrange(5))}


async def test_junk_is_answered(sim: Simulator, ani: Person) -> None:
    dice = random.Random(5)
    bot = sim.world.bots[sim.token]
    group = sim.create_chat("Kelompok", ani, chat_id=-5)
    await group.add_bot(ani)
    methods = sorted(set(METHODS) - {"logout", "setwebhook"})
    accepted = 0
    for _ in range(6000):
        values = {dice.choice(NAMES): junk(dice) for _ in range(dice.randrange(8))}
        if dice.random() < 0.8:
            values["chat_id"] = dice.choice((101, "101", -5))
            values.setdefault("message_id", dice.randrange(1, 30))
            values.setdefault("from_chat_id", 101)
        uploads = {"file": Upload("a.png", png()), "photo": Upload("", b"x")} if dice.random() < 0.3 else {}
        method = dice.choice(methods)
        answer = sim.api.perform(bot, method, Params(values, uploads))
        envelope = orjson.loads(answer.body)
        assert answer.code in (200, 400, 403), (method, values, envelope)
        assert envelope["ok"] is (answer.code == 200)
        accepted += envelope["ok"]
    assert accepted > 500
    for message in ani.chat:
        assert message.chat_id == 101


async def test_junk_through_the_webhook_method(sim: Simulator) -> None:
    dice = random.Random(6)
    bot = sim.world.bots[sim.token]
    for _ in range(500):
        values = {
            dice.choice(("url", "secret_token", "max_connections", "ip_address")): junk(dice)
            for _ in range(3)
        }
        answer = sim.api.perform(
            bot, "setWebhook", Params(values | {"url": str(values.get("url", "ftp://x"))})
        )
        assert answer.code in (200, 400)
        bot.webhook = None
