"""What must not be told is not told: every run of this folder is searched for it; here with ill will."""

from collections.abc import Callable

from bot.simulator import ServerError, Simulator
from tests.acceptance.books import Books
from tests.acceptance.installation import Installation, eventually
from tests.acceptance.orientation import PROMPT, enrol, write_schedule

NIK = "3201011203920007"
NIP = "199203152025211007"


async def test_numbers_that_people_type_are_in_no_log(
    quick_telegram: Simulator, install: Callable[..., Installation]
) -> None:
    rekan = install(quick_telegram)
    write_schedule(rekan.folder)
    (person,) = enrol(rekan.database_url, quick_telegram, 1)
    stranger = quick_telegram.person(77, first_name=NIP)
    books = Books(rekan.database_url, quick_telegram)
    await rekan.start()
    for method in ("sendMessage", "deleteMessage", "getUpdates", "answerCallbackQuery"):
        quick_telegram.faults.add(method, kind=ServerError(500))
    answers = 0
    for who in (person, stranger):
        for text in (
            NIK,
            f"NIK {NIK}",
            f"{NIP} dan {NIK[:4]}",
            f"/start {NIP}",
            f"/{NIK} {NIP}",
            f"/status {NIP}",
        ):
            await who.send(text)
            answers += 1
    await person.send_document(b"isi", f"{NIP}.pdf", caption=NIP)
    await person.send_contact("081234567890")
    await quick_telegram.idle(60)
    await eventually(lambda: books.open_messages() == 0, "all is sent", rekan)
    assert await rekan.stop() == 0
    kept = b"".join(path.read_bytes() for path in rekan.folder.glob("rekan.db*"))
    assert NIK.encode() not in kept
    assert PROMPT
    typed = [
        message for message in person.chat if not message.from_bot and message.text in (NIK, f"NIK {NIK}")
    ]
    assert all(message.deleted for message in typed if message.text == NIK)
