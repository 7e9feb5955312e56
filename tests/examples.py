"""A small programme and its people, for tests of what happens to many."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import insert, select

from bot.domain.language import Localised
from bot.domain.people import Reach, Role
from bot.domain.programme import (
    Agenda,
    Audience,
    Catalogue,
    Course,
    Enrolment,
    Entry,
    Item,
    JournalTask,
    Late,
    Meeting,
    Module,
    Portal,
    Programme,
    Prompt,
    Question,
    Quiz,
    Session,
    Target,
    When,
)
from bot.domain.staff import Actor
from bot.domain.windows import SendingWindows
from bot.domain.zones import Zone
from bot.storage import audit, staff
from bot.storage.database import Transaction
from bot.storage.tables import ChatRow, OutboxRow, PersonRow

NOON = datetime(2026, 11, 9, 5, 0, tzinfo=UTC)
"""Monday, 9 November 2026, 12.00 WIB, 13.00 WITA, 14.00 WIT."""

ALWAYS = SendingWindows(week={day: ((time(0), time.max),) for day in range(7)})


def text(words: str) -> Localised:
    return Localised(words, words)


MODULES = tuple(Module(each, text(each), text(""), 60) for each in ("wawasan", "isu", "nilai"))
QUESTION = Question("q1", text("?"), (text("a"), text("b")), (0,), text(""))
SESSION = Session(
    "hari-1",
    text("Hari 1"),
    room_opens=datetime(2026, 11, 9, 1, 15, tzinfo=UTC),
    starts=datetime(2026, 11, 9, 2, 0, tzinfo=UTC),
    ends=datetime(2026, 11, 9, 8, 0, tzinfo=UTC),
    meeting=Meeting("https://zoom.example.invalid/j/1", "810", "CONTOH"),
)


def entry(
    id: str,  # noqa: A002 - as the field is called
    when: When,
    *,
    about: Target | None = None,
    audience: Audience | None = None,
    everybody_by: timedelta = timedelta(minutes=15),
    not_after: timedelta = timedelta(hours=6),
    late: Late = Late.SKIP,
    essential: bool = False,
    early: timedelta = timedelta(),
) -> Entry:
    whom = audience or Audience()
    return Entry(id, when, text(id), about, whom, everybody_by, not_after, late, essential, early)


def programme(
    *timetable: Entry,
    windows: SendingWindows = ALWAYS,
    working_days: bool = False,
    journal: Sequence[JournalTask] = (),
) -> Programme:
    return Programme(
        id="p",
        title=text("Program"),
        zone=Zone.WIB,
        first_day=date(2026, 11, 6),
        last_day=date(2026, 12, 10),
        portal=Portal("Portal", "https://portal.example.invalid"),
        enrolment=Enrolment.CLOSED,
        course=Course(15, working_days),
        agendas=(Agenda("agenda", text("Agenda"), MODULES),),
        quizzes=(
            Quiz(
                "kuis",
                text("Kuis"),
                text(""),
                (Question("q1", text("?"), (text("a"), text("b")), (0,), text("")),),
            ),
        ),
        journal=(*journal, JournalTask(Prompt("catatan", text("Catatan"), text("")))),
        sessions=(SESSION,),
        timetable=timetable,
        windows=windows,
    )


def catalogue(*timetable: Entry, **options: Any) -> Catalogue:
    return Catalogue({"p": programme(*timetable, **options)}, {})


MODULE = Target(Item.MODULE, "wawasan")
ALL_MODULES = Target(Item.MODULE, "*")


# --- people -------------------------------------------------------------------------------------------


def add_person(
    tx: Transaction,
    name: str,
    *,
    zone: Zone = Zone.WIB,
    consented: bool = True,
    linked: bool = True,
    reach: Reach = Reach.OPEN,
    **columns: Any,
) -> int:
    """Add somebody, with a chat (whose id is the person's and 1,000) unless not `linked`."""
    values = {
        "programme_id": "p",
        "name": name,
        "zone": zone.value,
        "language": "id",
        "created_at": NOON,
        "updated_at": NOON,
        "consented_at": NOON if consented else None,
        **columns,
    }
    person_id: int = tx.connection.execute(
        insert(PersonRow).values(**values).returning(PersonRow.id)
    ).scalar_one()
    if linked:
        tx.connection.execute(
            insert(ChatRow).values(id=1000 + person_id, person_id=person_id, reach=reach, created_at=NOON)
        )
    return person_id


def at_work(tx: Transaction, name: str, role: Role, *sessions: str, **columns: Any) -> Actor:
    """Add somebody who has that role, at these sessions."""
    person_id = add_person(tx, name, role=role.value, **columns)
    staff.bind(tx, person_id, sessions)
    found = staff.actor_by_id(tx, person_id)
    assert found is not None
    return found


def audited(tx: Transaction, programme_id: str = "p") -> list[audit.Noted]:
    """What is in the programme's audit, the newest first."""
    return list(audit.listed(tx, programme_id))


def outbox_rows(tx: Transaction) -> list[Any]:
    """All rows, oldest first."""
    return list(tx.connection.execute(select(OutboxRow.__table__).order_by(OutboxRow.id)).all())
