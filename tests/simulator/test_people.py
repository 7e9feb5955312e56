"""Acting as people: what they see, what the bot hears, what the apps would not let them do."""

from typing import Any

import pytest

from bot.clock import SimulatedClock
from bot.simulator import ActionRefusedError, Delivery, Person, SeenOption, Simulator
from tests.simulator.conftest import Caller, png

QUIZ: dict[str, Any] = {
    "chat_id": 101,
    "question": "Nomor darurat?",
    "options": ["110", "112"],
    "type": "quiz",
    "correct_option_ids": [1],
    "explanation": "112 melayani semua.",
    "is_anonymous": False,
}


async def test_a_chat_from_the_persons_side(call: Caller, sim: Simulator, ani: Person) -> None:
    keyboard = {
        "inline_keyboard": [[{"text": "Ya", "callback_data": "y"}, {"text": "Situs", "url": "https://x.id"}]]
    }
    await call.result(
        "sendMessage", chat_id=101, text="<b>Halo</b>", parse_mode="HTML", reply_markup=keyboard
    )
    greeting = ani.chat[0]
    hello = ani.chat[1]
    assert (greeting.text, greeting.from_bot, greeting.sender) == ("/start", False, "Ani")
    assert (hello.text, hello.from_bot, hello.sender) == ("Halo", True, "Rekan")
    assert hello.entities == ({"type": "bold", "offset": 0, "length": 4},)
    assert hello.buttons == ("Ya", "Situs")
    assert hello.keyboard[0][1].url == "https://x.id"
    await call.result("deleteMessage", chat_id=101, message_id=hello.message_id)
    assert ani.chat[1].deleted
    assert ani.inbox == []


async def test_a_reply_keyboard_is_there_until_removed(call: Caller, ani: Person) -> None:
    rows = [["Jadwal", {"text": "Kirim nomor", "request_contact": True}]]
    await call.result("sendMessage", chat_id=101, text="a", reply_markup={"keyboard": rows})
    assert ani.reply_keyboard == (("Jadwal", "Kirim nomor"),)
    await call.result("sendMessage", chat_id=101, text="b")
    assert ani.reply_keyboard
    await call.result("sendMessage", chat_id=101, text="c", reply_markup={"remove_keyboard": True})
    assert ani.reply_keyboard == ()


async def test_a_quiz_shows_its_answer_only_afterwards(call: Caller, ani: Person) -> None:
    await call.result("sendPoll", **QUIZ)
    before = ani.inbox[-1].poll
    assert before is not None
    assert before.options == (SeenOption("110", 0, False, None), SeenOption("112", 0, False, None))
    assert (before.explanation, before.answered) == (None, False)
    await ani.vote(ani.inbox[-1], [0])
    after = ani.inbox[-1].poll
    assert after is not None
    assert after.options == (SeenOption("110", 1, True, False), SeenOption("112", 0, False, True))
    assert (after.explanation, after.answered) == ("112 melayani semua.", True)
    updates = await call.updates()
    assert [list(update)[1] for update in updates] == ["poll", "poll_answer"]
    assert updates[0]["poll"]["options"][0]["voter_count"] == 1
    assert updates[1]["poll_answer"] == {
        "poll_id": before.id,
        "user": {
            "id": 101,
            "is_bot": False,
            "first_name": "Ani",
            "last_name": "Lestari",
            "language_code": "id",
        },
        "option_ids": [0],
        "option_persistent_ids": ["option0"],
    }


async def test_a_quiz_vote_is_final_unless_revoting_is_allowed(call: Caller, ani: Person) -> None:
    await call.result("sendPoll", **QUIZ)
    fixed = ani.inbox[-1]
    await ani.vote(fixed, [0])
    with pytest.raises(ActionRefusedError, match="final"):
        await ani.vote(fixed, [1])
    with pytest.raises(ActionRefusedError, match="final"):
        await ani.retract(fixed)
    await ani.retract(fixed, force=True)
    await call.result("sendPoll", **QUIZ | {"allows_revoting": True})
    free = ani.inbox[-1]
    await ani.vote(free, [0])
    await ani.vote(free, [1])
    await ani.retract(free)
    with pytest.raises(ActionRefusedError, match="no vote"):
        await ani.retract(free)
    answers = [
        update["poll_answer"]["option_ids"] for update in await call.updates() if "poll_answer" in update
    ]
    assert answers == [[0], [], [0], [1], []]


async def test_how_many_answers_and_until_when(call: Caller, ani: Person) -> None:
    await call.result("sendPoll", chat_id=101, question="?", options=["a", "b", "c"])
    single = ani.inbox[-1]
    with pytest.raises(ActionRefusedError, match="one answer"):
        await ani.vote(single, [0, 1])
    with pytest.raises(ActionRefusedError, match="options 0 to 2"):
        await ani.vote(single, [3])
    await call.result("sendPoll", chat_id=101, question="?", options=["a", "b"], allows_multiple_answers=True)
    await ani.vote(ani.inbox[-1], [1, 0])
    result = await call.result("stopPoll", chat_id=101, message_id=ani.inbox[-1].message_id)
    assert (result["is_closed"], result["total_voter_count"]) == (True, 1)
    with pytest.raises(ActionRefusedError, match="closed"):
        await ani.vote(ani.inbox[-1], [0])
    assert await call.refusal("stopPoll", chat_id=101, message_id=ani.inbox[-1].message_id) == (
        "400 Bad Request: poll has already been closed"
    )
    kinds = [list(update)[1] for update in await call.updates()]
    assert "poll_answer" not in kinds, "anonymous polls name nobody"


async def test_a_forwarded_quiz_is_one_quiz_and_a_copy_is_another(
    call: Caller, sim: Simulator, ani: Person
) -> None:
    budi = sim.person(102, first_name="Budi")
    await budi.send("/start")
    original = await call.result("sendPoll", **QUIZ)
    place = {"from_chat_id": 101, "message_id": original["message_id"]}
    await call.result("forwardMessage", chat_id=102, **place)
    await call.result("copyMessage", chat_id=102, **place)
    forwarded, copied = budi.inbox
    await budi.vote(forwarded, [1])
    assert ani.inbox[-1].poll.id == forwarded.poll.id != copied.poll.id  # type: ignore[union-attr]
    assert forwarded.forwarded
    assert not copied.forwarded
    await budi.vote(copied, [1])


async def test_a_quiz_composed_by_a_person_carries_its_answer(call: Caller, ani: Person) -> None:
    await ani.send_poll("Yang benar?", ["a", "b"], correct=[1], explanation="b!")
    poll = (await call.updates())[-1]["message"]["poll"]
    assert (poll["type"], poll["correct_option_ids"], poll["explanation"]) == ("quiz", [1], "b!")


async def test_a_deep_link_starts_the_bot(call: Caller, sim: Simulator) -> None:
    budi = sim.person(102, first_name="Budi")
    await budi.open("https://t.me/rekan_simulasi_bot?start=AB-12_c")
    assert budi.chat[0].text == "/start AB-12_c"
    for link in ("https://t.me/other_bot?start=a", f"https://t.me/rekan_simulasi_bot?start={'a' * 65}"):
        with pytest.raises(ActionRefusedError):
            await budi.open(link)


async def test_a_bounded_chat_forgets_its_oldest(clock: SimulatedClock) -> None:
    async with Simulator(clock, keep_messages=3) as sim:
        budi = sim.person(102)
        for number in range(5):
            await budi.send(str(number))
        assert [message.text for message in budi.chat] == ["2", "3", "4"]


async def test_taps_find_buttons_by_text_start_or_data(call: Caller, ani: Person) -> None:
    rows = [[{"text": "Ya, hadir", "callback_data": "1"}], [{"text": "Situs", "url": "https://x.id"}]]
    await call.result("sendMessage", chat_id=101, text="?", reply_markup={"inline_keyboard": rows})
    await ani.tap(ani.inbox[-1], "Ya")
    await ani.tap(ani.inbox[-1], data="1")
    for wrong in ("Tidak", "Situs"):
        with pytest.raises(ActionRefusedError):
            await ani.tap(ani.inbox[-1], wrong)
    assert [update["callback_query"]["data"] for update in await call.updates()] == ["1", "1"]


async def test_what_people_send_reaches_the_bot_whole(call: Caller, sim: Simulator, ani: Person) -> None:
    photo = await ani.send_photo(png(40, 30), caption="foto", media_group_id="5")
    await ani.send_document(b"%PDF-1.4", "jurnal.pdf", caption="/jurnal")
    await ani.send("x" * 5000)
    await ani.send("balas", reply_to=photo)
    messages = [update["message"] for update in await call.updates()]
    assert (messages[0]["photo"][-1]["width"], messages[0]["media_group_id"]) == (40, "5")
    assert messages[1]["caption_entities"][0]["type"] == "bot_command"
    assert [len(message["text"]) for message in messages[2:4]] == [4096, 904]
    assert messages[4]["reply_to_message"]["message_id"] == photo.message_id
    found = await call.result("getFile", file_id=messages[1]["document"]["file_id"])
    async with call.session.get(f"{sim.base_file_url}{sim.token}/{found['file_path']}") as response:
        assert await response.read() == b"%PDF-1.4"
    async with call.session.get(f"{sim.base_file_url}{sim.token}/documents/none.pdf") as response:
        assert response.status == 404


async def test_blocking_is_told_at_once_and_silences_the_person(call: Caller, ani: Person) -> None:
    await ani.block()
    await ani.block()
    with pytest.raises(ActionRefusedError, match="blocked"):
        await ani.send("halo")
    await ani.unblock()
    await ani.send("/start")
    updates = await call.updates()
    changes = [update["my_chat_member"]["new_chat_member"]["status"] for update in updates[:2]]
    assert changes == ["kicked", "member"]
    assert updates[2]["message"]["text"] == "/start"


async def test_edits_are_for_own_fresh_texts(call: Caller, ani: Person) -> None:
    sent = await ani.send("satu")
    edited = await ani.edit(sent, "dua")
    assert (edited.text, edited.edited) == ("dua", True)
    with pytest.raises(ActionRefusedError, match="nothing"):
        await ani.edit(sent, "dua")
    theirs = await call.result("sendMessage", chat_id=101, text="a")
    with pytest.raises(ActionRefusedError, match="somebody else"):
        await ani.edit(theirs["message_id"], "b")
    assert [list(update)[1] for update in await call.updates()] == ["message", "edited_message"]


async def test_in_a_group_a_bot_hears_only_what_concerns_it(
    call: Caller, sim: Simulator, ani: Person
) -> None:
    group = sim.create_chat("Kelompok", ani, kind="supergroup")
    await group.add_bot(ani)
    said = await call.result("sendMessage", chat_id=group.id, text="Halo semua")
    for text in ("biasa", "/jadwal", "hai @rekan_simulasi_bot"):
        await ani.send(text, chat=group)
    await ani.send("jawab", chat=group, reply_to=said["message_id"])
    texts = [update["message"].get("text") for update in await call.updates() if "message" in update]
    assert texts == [None, "/jadwal", "hai @rekan_simulasi_bot", "jawab"]
    budi = sim.person(102)
    with pytest.raises(ActionRefusedError, match="not in that chat"):
        await budi.send("halo", chat=group)
    await group.add(budi)
    await budi.send("halo", chat=group)
    assert [message.sender for message in budi.sees(group)][-1] == "Orang 102"


async def test_listeners_hear_everything_a_bot_does(call: Caller, sim: Simulator, ani: Person) -> None:
    bots: list[Delivery] = []
    everything: list[Delivery] = []
    stop = sim.subscribe(bots.append)
    sim.subscribe(everything.append, everything=True)
    message = await call.result("sendMessage", chat_id=101, text="a")
    place = {"chat_id": 101, "message_id": message["message_id"]}
    await ani.send("b")
    await call.result("editMessageText", **place, text="c")
    await call.result("setMessageReaction", **place, reaction=[{"type": "emoji", "emoji": "👍"}])
    await call.result("pinChatMessage", **place)
    await call.result("deleteMessage", **place)
    kinds = [delivery.kind for delivery in bots]
    assert kinds == ["message", "edit", "reaction", "pin", "delete"]
    assert [(delivery.kind, delivery.by_bot) for delivery in everything][:2] == [
        ("message", True),
        ("message", False),
    ]
    assert bots[0].message is not None
    assert (bots[0].message.text, bots[0].person_id) == ("a", 101)
    stop()
    await call.result("sendMessage", chat_id=101, text="d")
    assert len(bots) == 5


async def test_calls_are_recorded(call: Caller, sim: Simulator, ani: Person) -> None:
    await call.result("sendMessage", chat_id=101, text="a")
    await call.refusal("sendMessage", chat_id=5, text="a")
    good, bad = list(sim.calls)[-2:]
    assert (good.method, good.ok, good.chat_id, good.params["text"]) == ("sendMessage", True, 101, "a")
    assert (bad.ok, bad.error_code, bad.description) == (False, 400, "Bad Request: chat not found")
    assert sim.state()["sends_by_chat"] == {"101": 1}
