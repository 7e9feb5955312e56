"""What must not be told is not told. Every run of this folder is searched for it; here with ill will."""

from collections.abc import Callable

from bot.simulator import ServerError, Simulator
from tests.acceptance.books import Books
from tests.acceptance.installation import FAST, Installation
from tests.acceptance.orientation import enrol, write_schedule

NIK = "3201011203920007"
NIP = "199203152025211007"


async def test_numbers_that_people_type_are_in_no_log(
    quick_telegram: Simulator, install: Callable[..., Installation]
) -> None:
    rekan = install(quick_telegram, FAST)
    write_schedule(rekan.folder)
    (person,) = enrol(rekan.database_url, quick_telegram, 1)
    stranger = quick_telegram.person(77, first_name=NIP)
    books = Books(rekan.database_url, quick_telegram)
    await rekan.start()
    for method in ("sendMessage", "deleteMessage", "getUpdates", "answerCallbackQuery"):
        quick_telegram.faults.add(method, kind=ServerError(500))
    for who in (person, stranger):
        for text in (NIK, f" {NIK} ", f"{NIP} dan {NIP}", f"/start {NIP}", f"/{NIK} {NIP}", f"/status {NIP}"):
            await who.send(text)
    await person.send_document(b"isi", f"{NIP}.pdf", caption=NIP)
    await person.send_contact("081234567890")
    await books.settled(rekan)
    assert await rekan.stop() == 0
    kept = b"".join(path.read_bytes() for path in rekan.folder.glob("rekan.db*"))
    assert NIK.encode() not in kept
    for who in (person, stranger):
        alone = [message for message in who.chat if not message.from_bot and message.text.strip() == NIK]
        assert [message.deleted for message in alone] == [True, True]
