"""A file that a coordinator sent is fetched and read beside everything else; what cannot be had is said."""

import asyncio
import itertools
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from bot.clock import SimulatedClock
from bot.delivery.fetching import MOST_FILES, MOST_OF_A_CHAT, Fetching, NotFetchedError, Reading
from bot.domain.messages import Crowded, Delete, Fetch
from bot.storage.database import Database, Transaction
from bot.storage.messages import load
from tests.examples import NOON, catalogue, outbox_rows

Logs = list[dict[str, object]]


class Files:
    """Telegram's files, by id."""

    async def fetch(self, file_id: str) -> bytes:
        if file_id == "gone":
            raise NotFetchedError("Bad Request: file is too big")
        return file_id.encode()


async def test_what_was_sent_is_read_and_found(
    open_database: Callable[..., Database], clock: SimulatedClock
) -> None:
    found: list[tuple[int, object, datetime]] = []
    folders: list[Path] = []

    def read(path: Path, now: datetime) -> object:
        folders.append(path)
        assert now == NOON
        if path.suffix == ".xlsx":
            raise ZeroDivisionError  # a fault of the reader's
        return path.name, path.read_bytes()

    def note(_: Transaction, chat_id: int, there: object, now: datetime) -> None:
        found.append((chat_id, there, now))

    nudges: list[None] = []
    readings = {"lists": Reading(read, note)}
    fetching = Fetching(open_database(catalogue()), Files(), readings, lambda: nudges.append(None), clock)
    for chat_id, file_id, name in ((1, "a", "../../Daftar.CSV"), (2, "gone", "b.csv"), (3, "c", "c.xlsx")):
        fetching.begin(Fetch(chat_id, 7, file_id, name, "lists"))
    await fetching.close()
    assert found == [(1, ("peserta.csv", b"a"), NOON), (2, None, NOON), (3, None, NOON)]
    assert len(nudges) == 3
    assert not any(path.exists() for path in folders)


async def test_no_more_files_wait_than_can_be_read_soon_and_the_others_are_told(
    open_database: Callable[..., Database], clock: SimulatedClock
) -> None:
    slowly = asyncio.Event()
    fetched: list[str] = []
    found: list[tuple[int, object]] = []

    class Slow(Files):
        async def fetch(self, file_id: str) -> bytes:
            fetched.append(file_id)
            await slowly.wait()
            return b""

    def note(_: Transaction, chat_id: int, there: object, now: datetime) -> None:
        found.append((chat_id, there))

    readings = {"lists": Reading(lambda path, now: path.name, note)}
    database = open_database(catalogue())
    fetching = Fetching(database, Slow(), readings, lambda: None, clock)
    messages = itertools.count(1)

    def send(chat_id: int, number: int) -> None:
        for _ in range(number):
            fetching.begin(Fetch(chat_id, next(messages), f"{chat_id}", "a.csv", "lists"))

    send(1, 200)  # a whole folder: five of it
    for chat_id in range(2, 202):
        send(chat_id, 1)
    assert len(asyncio.all_tasks()) <= MOST_FILES + 3
    async with asyncio.timeout(20):
        while len(found) < 186:  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.01)
    assert fetched == ["1"]
    assert {there for _, there in found} == {Crowded()}
    assert sorted(chat_id for chat_id, _ in found) == [1, *range(17, 202)]

    slowly.set()
    await fetching.close()
    assert fetched == ["1"] * MOST_OF_A_CHAT + [str(chat_id) for chat_id in range(2, 17)]
    assert found[186:] == [(int(file_id), "peserta.csv") for file_id in fetched]
    send(1, 1)  # there is room again
    await fetching.close()
    assert found[-1] == (1, "peserta.csv")
    # Read or not, none stays in its chat.
    taken = {load(row.message) for row in database.read_now(outbox_rows)}
    assert taken == {Delete(message_id) for message_id in range(1, next(messages))}
