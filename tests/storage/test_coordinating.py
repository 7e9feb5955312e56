"""What coordinators do about people: within their scope and rights only, and twice without harm."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from bot.domain.events import Sender, Tapped
from bot.domain.messages import Crowded, Say, Tap
from bot.domain.staff import Actor, Right, Scope
from bot.storage import listing, people, recaps, requests, staff, state
from bot.storage.database import Database, Transaction
from bot.storage.messages import load
from bot.storage.tables import ChatRow, PersonRow, RequestRow
from bot.usecases import desk, desk_attendance, desk_rosters, unreached
from bot.usecases import people as deeds
from bot.usecases import recaps as recap_deeds
from bot.usecases import requests as decisions
from bot.usecases.requests import Outcome
from bot.usecases.shift import ask, asked_by, shift_in
from tests.examples import ALL_MODULES, MODULE, NOON, SESSION, add_person, audited, catalogue, outbox_rows

ANNA, BUDI, OWNER, SARI, TONO, WATI = range(1, 7)
ASKS, ASKS_ANNA = 7001, 7002
HERE, ELSEWHERE = Scope(offices=("Kantor A",)), Scope(offices=("Kantor B",))


@pytest.fixture
def crowd(database: Database) -> Database:
    """Anna of one office, Budi of another; an owner, a coordinator of all, and one of each office."""
    database.catalogue = catalogue()

    def fill(tx: Transaction) -> None:
        state.remember(tx, state.BOT_NAME, "rekan_bot")
        add_person(tx, "Anna Wijaya", office="Kantor A", nip="199203152025211001")
        add_person(tx, "Budi Santoso", office="Kantor B", nip="199203152025211002")
        add_person(tx, "Rina", role="owner")
        for name in ("Sari", "Tono", "Wati"):
            add_person(tx, name, role="coordinator")
        staff.limit(tx, TONO, HERE)
        staff.limit(tx, WATI, ELSEWHERE)
        for chat_id in (ASKS, ASKS_ANNA):
            tx.connection.execute(
                insert(ChatRow).values(id=chat_id, language="id", reach="open", created_at=NOON)
            )

    database.write_now(fill)
    return database


def actor(tx: Transaction, person_id: int) -> Actor:
    found = staff.actor_by_id(tx, person_id)
    assert found is not None
    return found


def asks(tx: Transaction, chat_id: int, name: str, office: str, person_id: int | None = None) -> int:
    values: dict[str, Any] = {"programme_id": "p", "chat_id": chat_id, "name": name, "office": office}
    kind = "second_claimant" if person_id else "no_link"
    request_id = people.request(tx, {**values, "kind": kind, "person_id": person_id}, NOON)
    (programme,) = tx.catalogue.programmes.values()
    decisions.tell(tx, programme, request_id, NOON)
    return request_id


def test_a_request_is_seen_and_decided_by_whom_it_concerns(crowd: Database) -> None:
    def play(tx: Transaction) -> None:
        add_person(tx, "Anna Wijaja", office="Kantor A", linked=False)
        first = asks(tx, ASKS, "Anna W.", "kantor a")
        told = [(row.person_id, row.reason) for row in outbox_rows(tx)]
        assert [person_id for person_id, _ in told] == [OWNER, SARI, TONO]
        wati, tono = actor(tx, WATI), actor(tx, TONO)
        assert decisions.waiting(tx, wati) == []
        for outcome in (
            decisions.admit(tx, wati, first, ANNA, NOON),
            decisions.admit_new(tx, wati, first, NOON),
            decisions.refuse(tx, wati, first, "unknown", NOON),
            decisions.admit(tx, tono, first, BUDI, NOON),  # another office's person
            decisions.admit(tx, tono, 999, ANNA, NOON),
            decisions.refuse(tx, tono, first, "no such reason", NOON),
        ):
            assert outcome is Outcome.GONE
        (request,) = decisions.waiting(tx, tono)
        assert [each.name for each in requests.candidates(tx, request, HERE)] == [
            "Anna Wijaja",
            "Anna Wijaya",
        ]
        assert requests.candidates(tx, request, ELSEWHERE) == []
        assert decisions.admit(tx, tono, first, ANNA, NOON) is Outcome.TAKEN  # a chat is hers
        assert decisions.admit(tx, tono, first, 7, NOON) is Outcome.DONE
        assert decisions.admit(tx, tono, first, 7, NOON) is Outcome.DECIDED
        assert decisions.refuse(tx, tono, first, "unknown", NOON) is Outcome.DECIDED
        assert tx.connection.scalar(select(ChatRow.person_id).where(ChatRow.id == ASKS)) == 7

    crowd.write_now(play)


def test_somebody_new_is_of_the_coordinators_own_office(crowd: Database) -> None:
    def play(tx: Transaction) -> None:
        first = asks(tx, ASKS, "Citra", "KANTOR A")
        assert decisions.admit_new(tx, actor(tx, TONO), first, NOON) is Outcome.DONE
        citra = people.visitor(tx, ASKS, None, NOON).person
        assert citra is not None
        assert (citra.name, citra.office, citra.consented_at) == ("Citra", "Kantor A", None)
        other = asks(tx, ASKS_ANNA, "Dedi", "Kantor A")
        staff.limit(tx, TONO, Scope(offices=("Kantor A",), groups=("1",)))
        assert decisions.admit_new(tx, actor(tx, TONO), other, NOON) is not Outcome.DONE

    crowd.write_now(play)


def test_two_claimants(crowd: Database) -> None:
    def play(tx: Transaction) -> None:
        sari = actor(tx, SARI)
        claim = asks(tx, ASKS_ANNA, "Anna Wijaya", "Kantor A", ANNA)
        assert decisions.admit(tx, actor(tx, WATI), claim, ANNA, NOON, move=True) is Outcome.GONE
        assert decisions.admit(tx, sari, claim, ANNA, NOON) is Outcome.TAKEN
        assert decisions.admit(tx, sari, claim, ANNA, NOON, move=True) is Outcome.DONE
        chats = {
            row.id: row.person_id for row in tx.connection.execute(select(ChatRow.id, ChatRow.person_id))
        }
        assert (chats[1000 + ANNA], chats[ASKS_ANNA]) == (None, ANNA)
        anna = people.person(tx, ANNA)
        assert anna is not None
        assert anna.consented_at is None  # whoever it is now has not agreed yet
        told = [(row.person_id, row.chat_id) for row in outbox_rows(tx) if row.reason.startswith("request:")]
        assert told == [(None, 1000 + ANNA), (ANNA, None), (ANNA, None)]

    crowd.write_now(play)


def test_nobody_comes_in_as_one_of_the_staff_but_by_an_owner(crowd: Database) -> None:
    def play(tx: Transaction) -> None:
        claim = asks(tx, ASKS, "Rina", "Kantor A", OWNER)
        assert decisions.admit(tx, actor(tx, SARI), claim, OWNER, NOON, move=True) is Outcome.REFUSED
        for whom in (OWNER, TONO):
            assert deeds.reissue(tx, actor(tx, SARI), whom, NOON) is None
        assert decisions.admit(tx, actor(tx, OWNER), claim, OWNER, NOON, move=True) is Outcome.DONE

    crowd.write_now(play)


def test_a_flood_of_requests_is_told_once_and_then_counted(crowd: Database) -> None:
    def play(tx: Transaction) -> None:
        for n in range(20):
            chat_id = 8000 + n
            tx.connection.execute(
                insert(ChatRow).values(id=chat_id, language="id", reach="open", created_at=NOON)
            )
            last = asks(tx, chat_id, f"Orang {n}", "Kantor A")
        counts = [row.message["say"]["params"]["count"] for row in outbox_rows(tx) if row.person_id == TONO]
        assert counts == [1, 20]
        decisions.refuse(tx, actor(tx, SARI), last, "office", NOON)
        counts = [row.message["say"]["params"]["count"] for row in outbox_rows(tx) if row.person_id == TONO]
        assert counts == [1, 19]

    crowd.write_now(play)


def test_another_offices_people_are_neither_found_nor_counted_nor_changed(crowd: Database) -> None:
    def play(tx: Transaction) -> None:
        tono = actor(tx, TONO)
        (programme,) = tx.catalogue.programmes.values()
        for query, names in (("", ["Anna Wijaya"]), ("budi", []), ("1002", []), ("1001", ["Anna Wijaya"])):
            found, number = listing.search(tx, "p", tono.scope, query)
            assert ([each.name for each in found], number) == (names, len(names))
        for denied in (
            deeds.see(tx, tono, BUDI, NOON),
            deeds.reissue(tx, tono, BUDI, NOON),
            deeds.mark_test(tx, tono, BUDI, NOON, test=True),
            deeds.excuse(tx, tono, BUDI, "module", "*", NOON),
            deeds.extend(tx, tono, BUDI, "module", "*", NOON + timedelta(days=1), NOON),
            deeds.take_back(tx, tono, BUDI, "module", "*", NOON),
            deeds.move(tx, tono, BUDI, "groups", "X", NOON),
            deeds.move(tx, tono, ANNA, "offices", "Kantor B", NOON),  # out of their own scope
        ):
            assert not denied
        assert [each.value for each in recap_deeds.counts(tx, tono, programme, MODULE, "offices", NOON)] == [
            "Kantor A"
        ]
        assert [each.name for each in recaps.lacking(tx, programme, MODULE, tono.scope, NOON)] == [
            "Anna Wijaya"
        ]
        assert recap_deeds.reminder(tx, tono, programme, MODULE, NOON).people == 1
        assert recap_deeds.remind(tx, tono, programme, MODULE, NOON) == 1
        assert recap_deeds.remind(tx, tono, programme, MODULE, NOON) == 0
        assert recap_deeds.remind(tx, actor(tx, SARI), programme, MODULE, NOON) == 1
        assert [row.person_id for row in outbox_rows(tx)] == [ANNA, BUDI]
        add_person(tx, "Citra", office="Kantor A", linked=False)
        add_person(tx, "Dedi", office="Kantor B", linked=False)
        add_person(tx, "Edo", office="Kantor A", linked=False, is_test=True)
        assert unreached.counts(tx, tono, programme, NOON) == {"Kantor A": {"never": 1}}
        assert [each.name for each in recaps.unreached_people(tx, programme, tono.scope, NOON)] == ["Citra"]
        noted = {(each.actor, each.action, each.subject) for each in audited(tx)}
        assert not any(subject == str(BUDI) for _, _, subject in noted)

    crowd.write_now(play)


def test_test_accounts_and_those_who_left_are_in_no_figure(crowd: Database) -> None:
    def play(tx: Transaction) -> None:
        sari = actor(tx, SARI)
        (programme,) = tx.catalogue.programmes.values()
        assert deeds.mark_test(tx, sari, ANNA, NOON, test=True)
        assert recaps.overall(tx, programme, ALL_MODULES, sari.scope).people == 1
        assert recap_deeds.reminder(tx, sari, programme, ALL_MODULES, NOON).people == 1
        people.change(tx, BUDI, NOON, withdrawn_at=NOON)
        assert recaps.overall(tx, programme, ALL_MODULES, sari.scope).people == 0

    crowd.write_now(play)


def test_moving_and_a_new_link(crowd: Database) -> None:
    def play(tx: Transaction) -> None:
        tono = actor(tx, TONO)
        assert deeds.move(tx, tono, ANNA, "groups", "B", NOON)
        assert deeds.move(tx, tono, ANNA, "classes", "3", NOON)
        anna = people.person(tx, ANNA)
        assert anna is not None
        assert (anna.group, anna.class_, anna.office) == ("B", "3", "Kantor A")
        link = deeds.reissue(tx, tono, ANNA, NOON)
        assert link is not None
        assert link.startswith("https://t.me/rekan_bot?start=c")
        assert tx.connection.scalar(select(PersonRow.claim_serial).where(PersonRow.id == ANNA)) == 2
        assert tx.connection.scalar(select(ChatRow.person_id).where(ChatRow.id == 1000 + ANNA)) is None

    crowd.write_now(play)


BUTTONS = [
    Tap("k-peserta", str(BUDI), "show"),
    Tap("k-peserta", str(BUDI), "linked"),
    Tap("k-peserta", str(BUDI), "test"),
    Tap("k-peserta", f"{BUDI}.module.*", "freed"),
    Tap("k-peserta", f"{BUDI}.module.*", "u20261120"),
    Tap("k-peserta", f"{BUDI}.groups", "moved"),
    Tap("k-permintaan", "1", "show"),
    Tap("k-permintaan", f"1.{BUDI}", "move"),
    Tap("k-permintaan", "1", "unknown"),
    Tap("k-daftar", "1", "import"),
]


@pytest.mark.parametrize("tap", BUTTONS, ids=lambda tap: f"{tap.action}-{tap.choice}")
@pytest.mark.parametrize("who", [TONO, ANNA], ids=["of another office", "a participant"])
@pytest.mark.parametrize("engine", ["sqlite"])
def test_a_button_of_somebody_else_does_nothing(crowd: Database, who: int, tap: Tap) -> None:
    def everything(tx: Transaction) -> list[Any]:
        tables = (PersonRow, ChatRow, RequestRow)
        return [tx.connection.execute(select(table.__table__)).all() for table in tables]

    def play(tx: Transaction) -> None:
        asks(tx, ASKS, "Budi Santoso", "Kantor B", BUDI)
        before = everything(tx)
        event = Tapped(Sender(1000 + who), 5, "query", tap)
        desk.handle.one(tx, 1, event, NOON)
        assert everything(tx) == before
        said = [str(row.message) for row in outbox_rows(tx) if row.person_id == who]
        assert not any("Budi" in each or "1002" in each for each in said)

    crowd.write_now(play)


def test_who_may_what_is_asked_each_time(crowd: Database) -> None:
    def play(tx: Transaction) -> None:
        (programme,) = tx.catalogue.programmes.values()
        anna = people.person(tx, ANNA)
        assert anna is not None
        nobody = Actor(anna)
        assert not any(nobody.may(right) for right in Right)
        assert recap_deeds.remind(tx, nobody, programme, MODULE, NOON) == 0
        assert recap_deeds.workbook(tx, nobody, programme, MODULE, NOON) is None
        assert unreached.workbook(tx, nobody, programme, NOON) is None
        assert deeds.see(tx, nobody, BUDI, NOON) is None

    crowd.write_now(play)


def test_the_daily_recap_is_told_once_to_who_wants_it(crowd: Database) -> None:
    at = NOON + timedelta(hours=4)

    def play(tx: Transaction) -> None:
        recaps.switch(tx, WATI, NOON, on=False)
        assert recap_deeds.daily(tx, "p", at, at) == 3
        assert recap_deeds.daily(tx, "p", at, at) == 0
        assert recap_deeds.daily(tx, "p", at, at + timedelta(hours=5)) == 0
        told = {row.person_id: str(row.message) for row in outbox_rows(tx)}
        assert set(told) == {OWNER, SARI, TONO}
        # By office for who coordinates several; who has one of them is told of no other.
        assert ["line_office" in told[each] for each in (OWNER, TONO)] == [True, False]
        assert ["Kantor B" in told[each] for each in (OWNER, TONO)] == [True, False]
        recaps.switch(tx, WATI, NOON, on=True)
        assert recap_deeds.daily(tx, "p", at, at) == 1

    crowd.write_now(play)


@pytest.mark.parametrize(
    ("area", "asked", "key"),
    [
        (desk_rosters, {}, "roster.crowded"),
        (desk_attendance, {"session": SESSION.id}, "presence.crowded"),
    ],
)
def test_a_file_that_finds_no_room_is_asked_for_again(
    crowd: Database, area: Any, asked: dict[str, Any], key: str
) -> None:
    def play(tx: Transaction) -> None:
        shift = shift_in(tx, 1000 + SARI, NOON)
        assert shift is not None
        ask(tx, shift, area.ACTION, {"asked": "file", **asked})
        area.found(tx, 1000 + SARI, Crowded(), NOON)
        (said,) = (load(row.message) for row in outbox_rows(tx))
        assert isinstance(said, Say)
        assert said.key == key
        assert asked_by(tx, shift, area.ACTION)  # it can simply be sent

    crowd.write_now(play)
