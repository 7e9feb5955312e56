"""Polls that were announced: a copy for each person, and what they chose in it last."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select, update

from bot.storage.database import Transaction
from bot.storage.tables import AnnouncedPollRow, PersonRow
from bot.storage.upsert import insert_new


class Copy(NamedTuple):
    """Whose copy of which announcement's poll it is, by their ids."""

    announcement: int
    person: int


@dataclass(frozen=True, slots=True)
class Results:
    """How many chose each option, how many answered at all, and how many have the poll; no test people."""

    options: tuple[int, ...]
    answered: int
    delivered: int


def note_copies(tx: Transaction, sent: Iterable[tuple[str, int, int]]) -> None:
    """Copies were delivered, by the poll's id, the announcement's number, the person's id.

    Not to people who were erased meanwhile.
    """
    rows = list(sent)
    whose = select(PersonRow.id).where(PersonRow.id.in_([person for _, _, person in rows]))
    there = set(tx.connection.scalars(whose))
    values = [
        {"poll_id": poll_id, "announcement_id": number, "person_id": person_id, "choice": ""}
        for poll_id, number, person_id in rows
        if person_id in there
    ]
    if values:
        tx.connection.execute(insert_new(tx.connection, AnnouncedPollRow), values)


def copy(tx: Transaction, poll_id: str) -> Copy | None:
    """Whose copy of what that poll is; None where it is none."""
    row = tx.connection.execute(
        select(AnnouncedPollRow.announcement_id, AnnouncedPollRow.person_id).where(
            AnnouncedPollRow.poll_id == poll_id
        )
    ).first()
    return None if row is None else Copy(*row)


def choose(tx: Transaction, poll_id: str, options: Sequence[int], now: datetime) -> None:
    """That is chosen in the copy from now on; no options: the vote was taken back."""
    choice = ",".join(str(option) for option in sorted(set(options)))
    tx.connection.execute(
        update(AnnouncedPollRow)
        .where(AnnouncedPollRow.poll_id == poll_id)
        .values(choice=choice, voted_at=now)
    )


def results(tx: Transaction, announcement_id: int, options: int) -> Results:
    """How a poll of so many options has been answered so far."""
    rows = tx.connection.execute(
        select(AnnouncedPollRow.choice, func.count().label("number"))
        .join(PersonRow, PersonRow.id == AnnouncedPollRow.person_id)
        .where(AnnouncedPollRow.announcement_id == announcement_id, PersonRow.is_test.is_(False))
        .group_by(AnnouncedPollRow.choice)
    )
    counted: Counter[int] = Counter()
    answered = delivered = 0
    for choice, number in rows:
        delivered += number
        if choice:
            answered += number
            for option in choice.split(","):
                counted[int(option)] += number
    return Results(tuple(counted[n] for n in range(options)), answered, delivered)
