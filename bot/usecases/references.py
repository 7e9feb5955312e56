"""What messages refer to, looked up when they are begun: so everybody gets what holds at that moment."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.domain.messages import Amend, Announcement, File, Message, Progress, Reader, Recall, Revise, Sendable
from bot.domain.posts import Post
from bot.storage import announcements as stored
from bot.storage import files, outbox
from bot.storage.database import Transaction
from bot.storage.outbox import Letter
from bot.usecases import announcements, copies

REFERENCES = (Revise, Recall, Announcement, Progress, File)


def resolve(tx: Transaction, letters: Sequence[Letter], now: datetime) -> list[Letter]:
    """The letters with what they refer to; what comes to nothing is settled, what has to wait is put off."""
    if not any(isinstance(letter.message, REFERENCES) for letter in letters):
        return list(letters)
    lookup = _Lookup(tx)
    resolved = []
    for letter in copies.resolve(tx, letters, now):
        message: Sendable | None = letter.message
        match message:
            case Announcement() | Progress() | File():
                message = lookup.found(message)
            case Amend(message_ids, (Announcement() | Progress()) as says):
                said = lookup.found(says)
                message = None if said is None else Amend(message_ids, said)
        if message is None:
            file = isinstance(letter.message, File)
            state, why = ("failed", "its file is kept no longer") if file else ("withdrawn", "it is no more")
            outbox.settle(tx, (letter.owed.id,), state, now, error=why)
        else:
            resolved.append(letter._replace(message=message, reader=lookup.reader(letter)))
    return resolved


class _Lookup:
    """Each thing looked up once, however many letters there are."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._posts: dict[Announcement, tuple[str, Post] | None] = {}

    def found(self, message: Message | Post) -> Message | Post | None:
        match message:
            case Announcement():
                found = self._post(message)
                return None if found is None else replace(found[1], topic=message.topic)
            case Progress(number):
                return announcements.progress_in_words(self._tx, number)
            case File(file_id):
                content = files.content(self._tx, file_id)
                return None if content is None else replace(message, content=content)
        return message

    def reader(self, letter: Letter) -> Reader:
        """A group reads for the programme that it is of; who looks ahead has somebody's office, if none."""
        message, reader = letter.message, letter.reader
        if isinstance(message, Announcement) and (found := self._post(message)) is not None:
            if letter.person_id is None:
                return replace(reader, programme=found[0])
            if message.version is not None and not reader.office:
                return replace(reader, office=stored.some_office(self._tx, found[0]))
        return reader

    def _post(self, message: Announcement) -> tuple[str, Post] | None:
        if message not in self._posts:
            self._posts[message] = stored.post(self._tx, message.id, message.version)
        return self._posts[message]
