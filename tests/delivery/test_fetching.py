"""A file that a coordinator sent is fetched and read beside everything else; what cannot be had is said."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from bot.clock import SimulatedClock
from bot.delivery.fetching import Fetching, NotFetchedError, Reading
from bot.domain.messages import Fetch
from bot.storage.database import Database, Transaction
from tests.examples import NOON, catalogue

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
        fetching.begin(Fetch(chat_id, file_id, name, "lists"))
    await fetching.close()
    assert found == [(1, ("peserta.csv", b"a"), NOON), (2, None, NOON), (3, None, NOON)]
    assert len(nudges) == 3
    assert not any(path.exists() for path in folders)
