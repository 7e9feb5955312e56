import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from bot.domain.events import Event, Wrote
from bot.simulator import DropBefore, ServerError, Simulator
from bot.telegram.client import ALLOWED_UPDATES, Client
from bot.telegram.errors import TokenRefusedError
from bot.telegram.pauses import Pauses
from bot.telegram.polling import Polling
from tests.telegram.scripted_api import Scripted


class Book:
    """Takes events into a list; `shut` holds them up, `broken` refuses those texts."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.begun: list[str] = []
        self.open = asyncio.Event()
        self.open.set()
        self.broken: set[str] = set()
        self.changed = asyncio.Condition()

    async def take(self, _update_id: int, event: Event) -> None:
        text = event.text if isinstance(event, Wrote) else type(event).__name__
        self.begun.append(text)
        await self._tell()
        await self.open.wait()
        if text in self.broken:
            raise OSError("disk full")
        self.taken.append(text)
        await self._tell()

    async def _tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def until(self, *, taken: int = 0, begun: int = 0) -> None:
        async with asyncio.timeout(5), self.changed:
            await self.changed.wait_for(lambda: len(self.taken) >= taken and len(self.begun) >= begun)


def polling(client: Client, book: Book) -> Polling:
    return Polling(client, book.take, hold=5, pauses=Pauses(first=0.002, most=0.01))


@asynccontextmanager
async def running(client: Client, book: Book) -> AsyncIterator[Polling]:
    loop = polling(client, book)
    task = asyncio.create_task(loop.run())
    yield loop
    loop.stop()
    async with asyncio.timeout(5):
        await task


async def test_everything_is_taken_in_order_and_confirmed(telegram: Simulator, bot: Client) -> None:
    book, anna = Book(), telegram.person(11)
    texts = [f"pesan {n}" for n in range(250)]
    for text in texts[:240]:
        await anna.send(text)
    async with running(bot, book):
        await book.until(taken=240)
        for text in texts[240:]:
            await anna.send(text)
        await book.until(taken=250)
    assert book.taken == texts
    assert telegram.pending_updates() == 0
    asked = [call.params for call in telegram.calls if call.method == "getUpdates"]
    assert asked[0]["allowed_updates"] == list(ALLOWED_UPDATES)
    # The last call only confirms.
    assert (asked[-1]["timeout"], asked[-1]["limit"]) == (0, 1)


async def test_nothing_is_confirmed_before_it_is_taken(telegram: Simulator, bot: Client) -> None:
    book, anna = Book(), telegram.person(11)
    book.open.clear()
    await anna.send("satu")
    await anna.send("dua")
    async with running(bot, book):
        await book.until(begun=2)
        assert telegram.pending_updates() == 2
        book.open.set()
        await book.until(taken=2)
    assert telegram.pending_updates() == 0


async def test_stopping_waits_for_what_was_begun(telegram: Simulator, bot: Client) -> None:
    book, anna = Book(), telegram.person(11)
    book.open.clear()
    await anna.send("satu")
    async with running(bot, book) as loop:
        await book.until(begun=1)
        loop.stop()
        book.open.set()
    assert book.taken == ["satu"]
    assert telegram.pending_updates() == 0


async def test_killed_before_the_commit_everything_is_handed_over_again(
    telegram: Simulator, bot: Client
) -> None:
    book, anna = Book(), telegram.person(11)
    book.open.clear()
    await anna.send("satu")
    task = asyncio.create_task(polling(bot, book).run())
    await book.until(begun=1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (book.taken, telegram.pending_updates()) == ([], 1)
    book.open.set()
    async with running(bot, book):
        await book.until(taken=1)
    assert book.taken == ["satu"]


async def test_what_is_not_taken_comes_again_until_it_is(telegram: Simulator, bot: Client) -> None:
    book, anna = Book(), telegram.person(11)
    book.broken = {"dua"}
    for text in ("satu", "dua", "tiga"):
        await anna.send(text)
    with capture_logs() as logs:
        async with running(bot, book):
            await book.until(begun=8)
            assert telegram.pending_updates() == 2  # "satu" alone is confirmed
            book.broken = set()
            await book.until(taken=book.taken.count("tiga") + 3)
    assert (book.taken[0], book.taken.count("satu"), book.taken.count("dua")) == ("satu", 1, 1)
    assert telegram.pending_updates() == 0
    assert logs[0]["event"] == "update not taken, it stays with Telegram"


async def test_an_unreadable_update_holds_up_nobody(server: Scripted, client: Client) -> None:
    book = Book()
    server.usual = {"deleteWebhook": True}
    good = {
        "message_id": 5,
        "date": 1_800_000_000,
        "chat": {"id": 11, "type": "private"},
        "from": {"id": 11, "is_bot": False, "first_name": "Anna"},
        "text": "satu",
    }
    server.give([{"update_id": 7, "message": {"strange": 1}}, {"update_id": 8, "message": good}])
    server.hang()
    server.give([])
    with capture_logs():
        async with running(client, book):
            await book.until(taken=1)
            while len(server.asked) < 3:  # noqa: ASYNC110 - no one event says so
                await asyncio.sleep(0.001)
    assert book.taken == ["satu"]
    offsets = [fields.get("offset") for method, fields in server.asked if method == "getUpdates"]
    assert offsets == [None, 9, 9]  # the last in place of the one that was being held


async def test_network_and_server_troubles_pass(telegram: Simulator, bot: Client) -> None:
    book, anna = Book(), telegram.person(11)
    for kind in (ServerError(502), DropBefore(), ServerError(500), DropBefore()):
        telegram.faults.add("getUpdates", kind=kind)
    telegram.faults.add("deleteWebhook", kind=ServerError(502))
    await anna.send("satu")
    with capture_logs() as logs:
        async with running(bot, book):
            await book.until(taken=1)
    assert [log["event"] for log in logs] == ["cannot fetch updates"] * 5
    assert telegram.pending_updates() == 0


async def test_a_webhook_is_removed_and_what_waits_is_kept(telegram: Simulator, bot: Client) -> None:
    book, anna = Book(), telegram.person(11)
    await bot.set_webhook("https://nowhere.example.invalid/x")
    await anna.send("satu")
    async with running(bot, book):
        await book.until(taken=1)
    assert (await bot.get_webhook_info()).url == ""


async def test_a_second_poller_is_told_of_and_not_fought(telegram: Simulator, bot: Client) -> None:
    book, anna = Book(), telegram.person(11)
    with capture_logs() as logs:
        async with running(bot, book):
            while not any(log["action"] == "updates_contested" for log in logs):
                await bot.updates(None, hold=0)
                await asyncio.sleep(0.001)
            await anna.send("satu")
            await book.until(taken=1)
    said = [log for log in logs if log["action"] == "updates_contested"]
    assert said[0]["why"].startswith("another program is polling with this token")
    assert "terminated by other getUpdates request" in said[0]["answer"]


async def test_a_refused_token_ends_it(server: Scripted, client: Client) -> None:
    server.usual = {"deleteWebhook": True}
    server.refuse(401, "Unauthorized")
    with pytest.raises(TokenRefusedError):
        await polling(client, Book()).run()


async def test_telegrams_wish_to_wait_is_granted(server: Scripted, client: Client) -> None:
    server.usual = {"deleteWebhook": True}
    server.refuse(429, "Too Many Requests: retry after 3600", retry_after=3600)
    with capture_logs() as logs:
        loop = polling(client, Book())
        task = asyncio.create_task(loop.run())
        while not logs:  # noqa: ASYNC110 - no one event says so
            await asyncio.sleep(0.001)
        loop.stop()  # even then it stops at once
        async with asyncio.timeout(5):
            await task
    assert logs[0]["again_in"] == 3600


def test_pauses_grow_up_to_the_longest_and_begin_anew() -> None:
    pauses = Pauses(first=1, most=60)
    lengths = [pauses.next() for _ in range(50)]
    for length, usual in zip(lengths, [1, 2, 4, 8, 16, 32] + [60] * 44, strict=True):
        assert usual * 0.8 <= length <= usual * 1.2
    pauses.reset()
    assert pauses.next() <= 1.2
    assert pauses.next(at_least=90) == 90
