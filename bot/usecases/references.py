"""What messages refer to, looked up when they are begun: so everybody gets what holds at that moment."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.domain.messages import (
    Amend,
    Announcement,
    AskLive,
    Board,
    File,
    Handout,
    Material,
    Message,
    Progress,
    Reader,
    Recall,
    Revise,
    Sendable,
)
from bot.domain.posts import Post
from bot.storage import announcements as stored
from bot.storage import files, materials, outbox
from bot.storage.database import Transaction
from bot.storage.outbox import Letter
from bot.usecases import announcements, boards, copies, live_quiz

REFERENCES = (Revise, Recall, Announcement, Material, Progress, File, Board, AskLive)


def resolve(tx: Transaction, letters: Sequence[Letter], now: datetime) -> list[Letter]:
    """The letters with what they refer to; what comes to nothing is settled, what has to wait is put off."""
    if not any(isinstance(letter.message, REFERENCES) for letter in letters):
        return list(letters)
    lookup = _Lookup(tx, now)
    resolved = []
    for letter in copies.resolve(tx, letters, now):
        message: Sendable | None = letter.message
        match message:
            case Announcement() | Material() | Progress() | File() | Board() | AskLive():
                message = lookup.found(message, letter.person_id)
            case Amend(message_ids, (Announcement() | Material() | Progress() | Board()) as says):
                said = lookup.found(says, letter.person_id)
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

    def __init__(self, tx: Transaction, now: datetime) -> None:
        self._tx = tx
        self._now = now
        self._posts: dict[Announcement, tuple[str, Post] | None] = {}
        self._handouts: dict[Material, Handout | None] = {}
        self._asked: dict[int, AskLive | None] = {}
        self._boards: dict[tuple[Board, int | None], Message | None] = {}

    def found(
        self, message: Message | Post | Handout, person_id: int | None
    ) -> Message | Post | Handout | None:
        match message:
            case AskLive(number):
                if number not in self._asked:
                    self._asked[number] = live_quiz.asked(self._tx, number)
                return self._asked[number]
            case Board():
                which = message, person_id if message.kind in boards.PERSONAL else None
                if which not in self._boards:
                    self._boards[which] = boards.in_words(self._tx, *which, self._now)
                return self._boards[which]
            case Announcement():
                found = self._post(message)
                if found is None:
                    return None
                # In a group all would see who voted what; what is only looked at beforehand is not counted.
                counts = person_id is not None and message.version is None
                return replace(found[1], topic=message.topic, counted=message.id if counts else None)
            case Material():
                if message not in self._handouts:
                    self._handouts[message] = materials.handout(self._tx, message)
                return self._handouts[message]
            case Progress(number):
                return announcements.told_in_words(self._tx, number, person_id)
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
