"""Two processes do something about the same thing at once: neither is lost, nothing is done twice."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

import psycopg
import pytest
from sqlalchemy import select

from bot.domain.attendance import Evidence, Grade, Kind, Leg
from bot.domain.messages import Board, Lane, Reply, Say, Tap
from bot.domain.outcomes import Sent
from bot.domain.people import Role
from bot.domain.programme import Catalogue, CheckIn
from bot.domain.questions import State
from bot.domain.staff import Actor
from bot.storage import attendance, boards
from bot.storage import questions as stored
from bot.storage.attendance import Entry
from bot.storage.database import Database, Transaction
from bot.storage.tables import OutboxRow
from bot.usecases import attendance as deeds
from bot.usecases import delivery, desk_attendance, questions
from bot.usecases.shift import Shift
from tests.examples import SESSION, add_person, at_work, outbox_rows, programme

HARI = replace(SESSION, questions=True, check_in=CheckIn(minutes=60))
P = replace(programme(), sessions=(HARI,))
NOW = HARI.starts + timedelta(minutes=5)
OVER = HARI.ends + timedelta(hours=2)
PATIENCE = 10.0  # seconds in which a statement is known to wait
A, B = TypeVar("A"), TypeVar("B")

pytestmark = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)


@pytest.fixture
def processes(url: str) -> Iterator[tuple[Database, Database]]:
    """Two processes on one database."""
    opened = tuple(Database.open(url, Catalogue({"p": P}, {})) for _ in range(2))
    yield opened[0], opened[1]
    for each in opened:
        each.close_now()


def at_once(
    url: str,
    processes: tuple[Database, Database],
    first: Callable[[Transaction], A],
    second: Callable[[Transaction], B],
) -> tuple[A, B]:
    """What both come to, where the second one begins when the first has done all but commit.

    The first commits when the second one has to wait for it, or is through.
    """
    one, other = processes
    begun = threading.Event()

    def begin(tx: Transaction) -> A:
        done = first(tx)
        begun.set()
        until = time.monotonic() + PATIENCE
        with psycopg.connect(url, autocommit=True) as asking:
            while not (theirs.done() or _somebody_waits(asking)):
                assert time.monotonic() < until
                time.sleep(0.005)
        return done

    def follow() -> B:
        assert begun.wait(PATIENCE)
        return other.write_now(second)

    with ThreadPoolExecutor(2) as pool:
        theirs = pool.submit(follow)
        ours = pool.submit(one.write_now, begin)
        return ours.result(), theirs.result()


def _somebody_waits(asking: psycopg.Connection[Any]) -> bool:
    waits = "wait_event_type = 'Lock' AND datname = current_database()"
    return bool(asking.execute(f"SELECT 1 FROM pg_stat_activity WHERE {waits}").fetchall())


def test_a_board_that_is_being_sent_says_what_has_just_changed(
    url: str, processes: tuple[Database, Database]
) -> None:
    def begin(tx: Transaction) -> tuple[int, int]:
        speaker, anna = at_work(tx, "Bagus", Role.SPEAKER, HARI.id), add_person(tx, "Anna")
        questions.put_up(tx, speaker, P, HARI, NOW)
        (letter,) = delivery.begin(tx, [outbox_rows(tx)[0].id], NOW)
        delivery.record_all(tx, [(letter, Sent(5))], NOW)
        questions.changed(tx, P, HARI.id, NOW)
        (edit,) = tx.connection.scalars(select(OutboxRow.id).where(OutboxRow.state == "owed"))
        return anna, edit

    anna, edit = processes[0].write_now(begin)

    def asks(tx: Transaction) -> None:
        stored.ask(
            tx,
            programme_id="p",
            session_id=HARI.id,
            person_id=anna,
            anonymous=False,
            text="Kapan?",
            now=NOW,
        )
        boards.changed(tx, Board(questions.BOARD, f"p/{HARI.id}"), NOW)

    _, letters = at_once(url, processes, asks, lambda tx: delivery.begin(tx, [edit], NOW))
    said = repr([each.message for each in letters])
    again = processes[0].read_now(lambda tx: [row.state for row in outbox_rows(tx)].count("owed"))
    assert ("Kapan?" in said) or again == 1


def test_a_question_that_is_being_hidden_is_not_answered(
    url: str, processes: tuple[Database, Database]
) -> None:
    def begin(tx: Transaction) -> tuple[Actor, Actor, int]:
        speaker = at_work(tx, "Bagus", Role.SPEAKER, HARI.id)
        coordinator = at_work(tx, "Karin", Role.COORDINATOR)
        number = stored.ask(
            tx,
            programme_id="p",
            session_id=HARI.id,
            person_id=add_person(tx, "Anna"),
            anonymous=False,
            text="Kapan?",
            now=NOW,
        )
        return speaker, coordinator, number

    speaker, coordinator, number = processes[0].write_now(begin)
    hidden, people = at_once(
        url,
        processes,
        lambda tx: questions.mark(tx, coordinator, P, number, State.HIDDEN, NOW),
        lambda tx: questions.answer(tx, speaker, P, number, "Besok.", NOW),
    )
    assert (hidden, people) == (True, None)
    found = processes[0].read_now(stored.question, "p", number)
    assert found is not None
    assert (found.state, found.answer) == (State.HIDDEN, "")


def test_two_pieces_of_evidence_are_both_weighed(url: str, processes: tuple[Database, Database]) -> None:
    anna = processes[0].write_now(add_person, "Anna")
    assert HARI.check_in is not None
    rule = HARI.check_in

    def weighs(piece: Evidence) -> Callable[[Transaction], Grade]:
        def weigh(tx: Transaction) -> Grade:
            attendance.add(tx, "p", [Entry(anna, HARI.id, piece, key=piece.kind.value)])
            return attendance.weigh(tx, "p", HARI.id, rule, [anna], NOW)[anna].grade

        return weigh

    code, tap = Evidence(Kind.CODE, NOW, Leg.IN), Evidence(Kind.TAP, NOW, Leg.IN)
    assert at_once(url, processes, weighs(code), weighs(tap)) == (Grade.PRESENT, Grade.PRESENT)
    assert processes[0].read_now(attendance.of_person, anna)[HARI.id].grade is Grade.PRESENT


def test_i_was_there_is_decided_by_one_of_two(url: str, processes: tuple[Database, Database]) -> None:
    def begin(tx: Transaction) -> tuple[int, list[Actor]]:
        anna = add_person(tx, "Anna")
        contest = Evidence(Kind.CONTEST, OVER, counts=False)
        attendance.add(tx, "p", [Entry(anna, HARI.id, contest, key="contest")])
        deeds.weigh(tx, P, HARI, [anna], OVER)
        return anna, [at_work(tx, name, Role.COORDINATOR) for name in ("Sari", "Tono")]

    anna, (sari, tono) = processes[0].write_now(begin)

    def decides(who: Actor, choice: str) -> Callable[[Transaction], Say | None]:
        tapped = Tap("k-hadir", f"{anna}~{HARI.id}", choice)

        def decide(tx: Transaction) -> Say | None:
            reply: Reply = desk_attendance.tap(tx, Shift(who, P, 1000 + who.person.id, OVER), 1, tapped)
            return reply.toast

        return decide

    assert at_once(url, processes, decides(sari, "yes"), decides(tono, "no")) == (
        Say("presence.toast_decided"),
        Say("presence.toast_decided_already"),
    )
    told = processes[0].read_now(
        lambda tx: [(row.person_id, row.lane) for row in outbox_rows(tx) if "decided" in row.reason]
    )
    assert told == [(anna, Lane.REMINDER)]
    assert processes[0].read_now(attendance.of_person, anna)[HARI.id].grade is Grade.PRESENT
