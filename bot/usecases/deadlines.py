"""Until when somebody may do something: the programme's deadline, or a later one that they were given."""

from datetime import datetime

from bot.domain import timetable
from bot.domain.people import Person
from bot.domain.programme import Item, JournalTask, Programme, Target
from bot.storage import excuses
from bot.storage.database import Transaction


def deadline(tx: Transaction, programme: Programme, task: JournalTask, person: Person) -> datetime:
    """Until when a journal entry may be reopened, for this person (aware UTC)."""
    return deadlines(tx, programme, person)[task.prompt.id]


def deadlines(tx: Transaction, programme: Programme, person: Person) -> dict[str, datetime]:
    """`deadline` of every prompt, by its id."""
    granted = excuses.of(tx, person.id)

    def until(task: JournalTask) -> datetime:
        usual = timetable.deadline(programme, task, person)
        target = Target(Item.JOURNAL, task.prompt.id)
        return max((usual, *(each.until for each in granted if each.until and each.covers(target))))

    return {task.prompt.id: until(task) for task in programme.journal}
