"""`kill -9` while an announcement is taken back: none is left standing, and its author is told once."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import update

from bot.content.loading import load
from bot.domain.announcements import Whom
from bot.domain.people import Role
from bot.domain.posts import Piece, Post
from bot.domain.programme import Audience
from bot.simulator import Person, SeenMessage, Simulator
from bot.storage import staff
from bot.storage.database import Database, Transaction
from bot.storage.tables import PersonRow
from bot.usecases import announcements
from tests.acceptance.books import Books
from tests.acceptance.installation import FAST, ROOT, Installation, eventually
from tests.acceptance.orientation import enrol, write_schedule

PEOPLE = 60
WORDS = "Rapat pindah ke lantai dua."


def _actor(tx: Transaction) -> staff.Actor:
    found = staff.actor_by_id(tx, 1)
    assert found is not None
    return found


def _announce(tx: Transaction) -> None:
    now = datetime.now(UTC)
    tx.connection.execute(update(PersonRow).where(PersonRow.id == 1).values(role=Role.COORDINATOR.value))
    number = announcements.draft(tx, _actor(tx), Post((Piece("text", WORDS),)), now, chat_id=None)
    whom = Whom(Audience(roles=(Role.PARTICIPANT.value,)))
    announcements.choose(tx, _actor(tx), number, whom=whom, urgent=True)
    announcements.send(tx, _actor(tx), number, 1, now)


def _with(person: Person, button: str) -> SeenMessage | None:
    return next((message for message in reversed(person.inbox) if button in message.buttons), None)


def _has(person: Person, button: str) -> bool:
    return _with(person, button) is not None


def _told(person: Person, words: str) -> int:
    return sum(words in message.text for message in person.inbox)


def _standing(people: list[Person]) -> int:
    return sum(_told(person, WORDS) for person in people)


async def test_killed_in_a_recall(quick_telegram: Simulator, install: Callable[..., Installation]) -> None:
    rekan = install(quick_telegram, FAST, {"telegram": {"pace": {"per_second": 40}}})
    write_schedule(rekan.folder)
    author, *people = enrol(rekan.database_url, quick_telegram, PEOPLE + 1)
    books = Books(rekan.database_url, quick_telegram)
    catalogue = load(ROOT / "content", rekan.folder / "schedules")
    beside = Database.open(rekan.database_url, catalogue)
    try:
        beside.write_now(_announce)
        await rekan.start()
        await eventually(lambda: _standing(people) == PEOPLE, "all have it", rekan)
        await books.settled(rekan)
        for button in ("🗑 Tarik", "Ya, tarik dari semua penerima"):
            await eventually(partial(_has, author, button), button, rekan)
            asked = _with(author, button)
            assert asked is not None
            await author.tap(asked, button)
        await eventually(lambda: _standing(people) < PEOPLE, "some are deleted", rekan, every=0.002)
        await rekan.kill()
        assert 0 < _standing(people) < PEOPLE
        books.after_a_kill()
        assert sum(books.doubtful.values()) > 0
        await rekan.start()
        await eventually(lambda: _told(author, "Penarikan pengumuman 1: selesai") > 0, "its end", rekan)
        await eventually(lambda: _told(author, "Penarikan pengumuman 1: laporan") > 0, "the report", rekan)
        await books.settled(rekan)
    finally:
        beside.close_now()
    assert _standing(people) == 0
    assert not any(person.inbox for person in people)
    assert _told(author, "Penarikan pengumuman 1: laporan") == 1
    assert _told(author, "Penarikan pengumuman 1: selesai") == 1
    deleted = [
        (call.chat_id, call.error_code)
        for call in quick_telegram.calls
        if call.method.startswith("deleteMessage")
    ]
    again = len(deleted) - PEOPLE  # what was on its way is deleted a second time, or found to be gone
    assert 0 <= again <= sum(books.doubtful.values())
    assert await rekan.stop() == 0
