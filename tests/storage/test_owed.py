from datetime import timedelta

from sqlalchemy import insert, update

from bot.domain.messages import Lane, Say
from bot.storage import outbox
from bot.storage.database import Database, Transaction
from bot.storage.outbox import Recipient
from bot.storage.owed import Owed, Queue, survey
from bot.storage.tables import OutboxRow, WaveRow
from tests.examples import NOON, add_person

MINUTE = timedelta(minutes=1)


def test_nothing_is_owed(database: Database) -> None:
    assert database.read_now(survey, NOON) == Owed(
        dict.fromkeys(Lane, Queue()), {"planned": 0, "missed": 0, "stopped": 0, "cancelled": 0}, timedelta()
    )


def test_what_is_owed_is_told_by_lane(database: Database) -> None:
    def fill(tx: Transaction) -> None:
        whom = Recipient(person_id=add_person(tx, "Anna"))
        wave = {"programme_id": "p", "zone": "WIB", "due_at": NOON, "everybody_by": NOON, "people": 1}
        wave |= {"not_after": NOON, "planned_at": NOON}
        tx.connection.execute(
            insert(WaveRow),
            [
                {**wave, "id": 1, "entry_id": "a", "state": "planned"},
                {**wave, "id": 2, "entry_id": "b", "state": "missed"},
            ],
        )

        def owe(
            reason: str, lane: Lane, minutes: float, wave_id: int | None = None, **changes: object
        ) -> None:
            due_at = NOON + minutes * MINUTE
            outbox.owe(tx, whom, Say("x"), reason=reason, lane=lane, now=NOON, due_at=due_at, wave_id=wave_id)
            if changes:
                tx.connection.execute(update(OutboxRow).where(OutboxRow.reason == reason).values(**changes))

        owe("just due", Lane.REPLY, 0)
        owe("due", Lane.REMINDER, -5)
        owe("late", Lane.REMINDER, -20, wave_id=1)
        owe("late too", Lane.REMINDER, -17, wave_id=1)
        owe("later", Lane.REMINDER, 5)
        owe("again", Lane.REMINDER, 5, error="unsent: no connection")
        owe("on its way", Lane.SESSION, -1, state="sending")
        owe("sent", Lane.SESSION, -60, state="sent", settled_at=NOON)

    database.write_now(fill)
    assert database.read_now(survey, NOON) == Owed(
        {
            Lane.REPLY: Queue(due=1, due_since=NOON),
            Lane.SESSION: Queue(sending=1),
            Lane.REMINDER: Queue(
                due=3,
                later=1,
                again=1,
                due_since=NOON - 20 * MINUTE,
                overdue=2,
                overdue_since=NOON - 5 * MINUTE,
                late_waves=1,
            ),
        },
        {"planned": 1, "missed": 1, "stopped": 0, "cancelled": 0},
        timedelta(),
    )
