"""Announcements in the database: who gets one, when, who may do what, and what becomes of it."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from bot.domain.announcements import Place, State, Whom, first_handful
from bot.domain.events import AddressedInGroup, Membership, Migrated, Sender, TopicChanged
from bot.domain.messages import Lane
from bot.domain.outcomes import Sent
from bot.domain.people import Reach
from bot.domain.posts import Piece, Post
from bot.domain.programme import Audience
from bot.domain.staff import Actor, Scope
from bot.domain.windows import SendingWindows
from bot.domain.zones import Zone
from bot.storage import announcements as stored
from bot.storage import groups, staff
from bot.storage.database import Database, Transaction
from bot.storage.tables import OutboxRow, PersonRow, WaveRow
from bot.usecases import announcements, delivery
from bot.usecases import desk as front_desk
from bot.usecases.refusal import RefusedError
from tests.examples import NOON, add_person, audited, catalogue, outbox_rows

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
POST = Post((Piece("text", "Halo {nama}", message_id=5),))


class Desk:
    """A programme with people, and coordinators who announce."""

    def __init__(self, url: str, **options: Any) -> None:
        found = catalogue()
        if options:
            found = replace(found, programmes={"p": replace(found.programmes["p"], **options)})
        self.database = Database.open(url, found)
        self.now = NOON

        def fill(tx: Transaction) -> tuple[int, int, int]:
            names = ("Sari", "Tono", "Umar")
            return tuple(add_person(tx, name, role="coordinator") for name in names)  # type: ignore[return-value]  # three

        self.sari, self.tono, self.umar = self.database.write_now(fill)
        self.database.write_now(staff.limit, self.umar, Scope(offices=("Puskesmas",)))

    def people(self, number: int, **columns: Any) -> None:
        self.database.write_now(lambda tx: [add_person(tx, f"Person {n}", **columns) for n in range(number)])

    def actor(self, tx: Transaction, person_id: int) -> Actor:
        found = staff.actor_by_id(tx, person_id)
        assert found is not None
        return found

    def do(self, deed: Any, *args: Any, by: int | None = None, **options: Any) -> Any:
        """A deed of Sari's (or by another) on announcement 1, now."""

        def act(tx: Transaction) -> Any:
            return deed(tx, self.actor(tx, by or self.sari), *args, **options)

        return self.database.write_now(act)

    def draft(self, whom: Whom | None = None, post: Post = POST, by: int | None = None) -> int:
        number: int = self.do(announcements.draft, post, self.now, chat_id=1001, by=by)
        people = Whom(Audience(roles=("participant",)))
        self.do(announcements.choose, number, whom=whom or people, by=by)
        return number

    def advance(self) -> Any:
        return self.database.write_now(announcements.advance, self.now)

    def state(self, number: int = 1) -> State:
        found = self.database.read_now(stored.announcement, number)
        assert found is not None
        return found.state

    def states(self, reason: str = "announcement:1") -> Counter[str]:
        rows = self.database.read_now(outbox_rows)
        return Counter(row.state for row in rows if row.reason == reason)

    def told(self) -> list[str]:
        """The keys of what Sari has been told."""
        rows = self.database.read_now(outbox_rows)
        mine = [row.message for row in rows if row.person_id == self.sari and "say" in row.message]
        return [message["say"]["key"].removeprefix("announce.") for message in mine]

    def settle(self, state: str, number: int) -> None:
        """So many of what is owed of the announcement end so."""

        def settle(tx: Transaction) -> None:
            ids = (
                select(OutboxRow.id)
                .where(OutboxRow.state == "owed", OutboxRow.reason.startswith("announcement:1"))
                .where(OutboxRow.lane != int(Lane.REPLY))
                .order_by(OutboxRow.id)
                .limit(number)
            )
            values = {"settled_at": self.now, "chat_id": OutboxRow.person_id + 1000, "message_id": 7}
            why = "no" if state == "failed" else None
            tx.connection.execute(
                update(OutboxRow).where(OutboxRow.id.in_(ids)).values(state=state, error=why, **values)
            )

        self.database.write_now(settle)


@pytest.fixture
def engine() -> str:
    return "sqlite"


@pytest.fixture
def desk(url: str) -> Any:
    opened: list[Desk] = []

    def make(**options: Any) -> Desk:
        opened.append(Desk(url, **options))
        return opened[-1]

    yield make
    for each in opened:
        each.database.close_now()


def test_a_first_handful_gets_it_then_the_others_then_it_is_reported(desk: Any) -> None:
    one = desk()
    one.people(40)
    one.people(2, reach=Reach.BLOCKED)
    one.people(3, linked=False, consented=False)
    number = one.draft()
    one.do(announcements.send, number, 1, one.now)
    assert (one.state(), one.states()) == (State.TRIAL, {"owed": 4, "held": 36})
    one.advance()
    assert one.state() is State.TRIAL
    one.settle("sent", 3)
    one.settle("gone", 1)
    one.advance()
    assert (one.state(), one.states()) == (State.RUNNING, {"sent": 3, "gone": 1, "owed": 36})
    one.settle("sent", 36)
    assert one.advance()[1]
    assert one.state() is State.DONE
    assert one.told() == ["report"]
    found = one.database.read_now(stored.announcement, number)
    assert (found.people, found.never, found.blocked) == (40, 3, 2)
    assert one.advance() == (None, False)


def test_an_error_among_the_first_stops_it_and_it_goes_on_when_told(desk: Any) -> None:
    one = desk()
    one.people(40)
    one.draft()
    one.do(announcements.send, 1, 1, one.now)
    one.settle("failed", 1)
    one.settle("sent", 3)
    one.advance()
    assert (one.state(), one.states()["held"], one.told()) == (State.STOPPED, 36, ["stopped"])
    one.do(announcements.resume, 1, one.now)
    assert (one.state(), one.states()["owed"]) == (State.RUNNING, 36)


def test_paused_resumed_and_cancelled(desk: Any) -> None:
    one = desk()
    one.people(20)
    one.draft()
    one.do(announcements.send, 1, 1, one.now)
    one.settle("sent", 2)
    one.advance()
    assert (one.state(), one.states()) == (State.RUNNING, {"sent": 2, "owed": 18})
    one.settle("sent", 3)
    one.do(announcements.pause, 1, one.now)
    assert (one.state(), one.states()) == (State.PAUSED, {"sent": 5, "held": 15})
    one.advance()
    assert one.state() is State.PAUSED
    with pytest.raises(RefusedError):
        one.do(announcements.pause, 1, one.now)
    one.do(announcements.resume, 1, one.now)
    assert one.states() == {"sent": 5, "owed": 15}
    one.settle("sent", 5)
    assert one.do(announcements.cancel, 1, one.now) == 10
    assert one.states() == {"sent": 10, "withdrawn": 10}
    one.advance()
    assert (one.state(), one.told()) == (State.CANCELLED, ["report"])
    done = [noted.action for noted in one.database.read_now(audited)]
    assert done == [
        "announcement_cancelled",
        "announcement_resumed",
        "announcement_paused",
        "announced",
    ]


def test_who_is_limited_reaches_only_their_own(desk: Any) -> None:
    one = desk()
    one.people(3, office="Puskesmas")
    one.people(5, office="Sekolah")
    number = one.draft(by=one.umar)
    one.do(announcements.send, number, 1, one.now, by=one.umar)
    rows = [row for row in one.database.read_now(outbox_rows) if row.reason == "announcement:1"]
    offices = one.database.read_now(
        lambda tx: set(
            tx.connection.scalars(
                select(PersonRow.office).where(PersonRow.id.in_([row.person_id for row in rows]))
            )
        )
    )
    assert (len(rows), offices) == (3, {"Puskesmas"})
    # What reaches others is neither seen nor dealt with.
    other = one.draft()
    one.do(announcements.send, other, 1, one.now)
    for deed in (announcements.pause, announcements.resume, announcements.cancel, announcements.recall):
        with pytest.raises(RefusedError, match="unknown"):
            one.do(deed, other, one.now, by=one.umar)
    assert [each.id for each in one.do(announcements.seen, by=one.umar)] == [number]
    with pytest.raises(RefusedError, match="not_allowed"):
        one.do(announcements.choose, one.draft(by=one.umar), whom=Whom(chats=(-1,)), by=one.umar)


def test_four_eyes(desk: Any) -> None:
    one = desk(approval=2)
    one.people(3, office="Sekolah")
    number = one.draft()
    one.do(announcements.send, number, 1, one.now)
    assert (one.state(), one.states()) == (State.WAITING, {})
    rows = [row for row in one.database.read_now(outbox_rows) if row.reason.startswith("announcement:1/app")]
    # Umar sees a part only, and so cannot agree to what reaches others.
    assert {row.person_id for row in rows} == {one.tono}
    assert rows[0].message == {"announcement": 1, "version": 1}
    for other in (one.sari, one.umar):
        with pytest.raises(RefusedError):
            one.do(announcements.approve, number, 1, one.now, by=other)
    # Changed meanwhile, it has to be approved anew.
    one.do(announcements.rewrite, number, Post((Piece("text", "Lain"),)), one.now)
    with pytest.raises(RefusedError, match="changed"):
        one.do(announcements.approve, number, 1, one.now, by=one.tono)
    one.do(announcements.send, number, 2, one.now)
    one.do(announcements.approve, number, 2, one.now, by=one.tono)
    assert (one.state(), one.states()) == (State.RUNNING, {"owed": 3})
    with pytest.raises(RefusedError, match="decided"):
        one.do(announcements.approve, number, 2, one.now, by=one.tono)
    # A correction, too.
    one.settle("sent", 3)
    one.advance()
    version = one.do(announcements.rewrite, number, Post((Piece("text", "Benar"),)), one.now)
    one.do(announcements.correct, number, version, one.now)
    assert one.states("revise:announcement:1/v3/1") == {}
    found = one.do(announcements.approve, number, version, one.now, by=one.tono)
    assert (found.version, found.state) == (3, State.RUNNING)


def test_few_need_nobody_else_and_alone_nobody_can_agree(desk: Any) -> None:
    one = desk(approval=2)
    one.people(2)
    one.do(announcements.send, one.draft(), 1, one.now)
    assert one.state() is State.RUNNING
    one.people(2)
    one.database.write_now(staff.dismiss, one.tono, NOON)
    with pytest.raises(RefusedError, match="nobody_to_approve"):
        one.do(announcements.send, one.draft(), 1, one.now)


def test_it_begins_at_its_time_and_not_for_who_is_dismissed(desk: Any) -> None:
    one = desk()
    one.people(3)
    for by in (one.sari, one.tono):
        number = one.draft(by=by)
        one.do(announcements.send, number, 1, one.now, at=NOON + HOUR, by=by)
    assert one.advance() == (NOON + HOUR, False)
    one.database.write_now(staff.dismiss, one.tono, NOON)
    one.now = NOON + HOUR
    one.advance()
    assert (one.state(1), one.state(2)) == (State.RUNNING, State.CANCELLED)
    assert one.states() == {"owed": 4}  # Tono takes part now


def test_each_zone_waits_for_its_open_hours_unless_it_is_urgent(desk: Any) -> None:
    one = desk(windows=SendingWindows())
    one.people(2, zone=Zone.WIB)
    one.people(2, zone=Zone.WIT)
    one.now = NOON - 5 * HOUR  # 07.00 WIB, 09.00 WIT
    number = one.draft()
    found = one.database.read_now(stored.announcement, number)
    parts = one.database.read_now(announcements.plan, found, one.now).parts
    assert [(part.zone, part.people) for part in parts] == [(Zone.WIB, 2), (Zone.WIT, 2)]
    assert [part.starts for part in parts] == [NOON - 4 * HOUR - 15 * MINUTE, one.now]
    one.do(announcements.choose, number, urgent=True)
    found = one.database.read_now(stored.announcement, number)
    parts = one.database.read_now(announcements.plan, found, one.now).parts
    assert {part.starts for part in parts} == {one.now}


def test_corrected_every_copy_says_the_new_words_and_the_rest_too(desk: Any) -> None:
    one = desk()
    one.people(4)
    one.do(announcements.send, one.draft(), 1, one.now)
    one.settle("sent", 2)
    version = one.do(announcements.rewrite, 1, Post((Piece("text", "Benar", message_id=9),)), one.now)
    assert one.database.read_now(stored.post, 1, None)[1] == POST  # until it is confirmed
    one.do(announcements.correct, 1, version, one.now)
    rows = [row for row in one.database.read_now(outbox_rows) if row.copy_of and row.person_id != one.sari]
    assert len(rows) == 2
    letters = one.database.write_now(
        delivery.begin, [row.id for row in one.database.read_now(outbox_rows) if row.state == "owed"], one.now
    )
    said = {repr(letter.message) for letter in letters if letter.person_id != one.sari}
    assert all("Benar" in each for each in said)
    with pytest.raises(RefusedError, match="changed"):
        one.do(announcements.correct, 1, version, one.now)


def test_recalled_what_is_there_goes_and_what_is_not_never_comes(desk: Any) -> None:
    one = desk()
    one.people(4)
    one.do(announcements.send, one.draft(), 1, one.now)
    one.settle("sent", 2)
    assert one.do(announcements.recall, 1, one.now) == 2
    assert one.do(announcements.recall, 1, one.now) == 0
    assert one.states() == {"sent": 2, "withdrawn": 2}
    assert one.state() is State.RUNNING
    ids = [row.id for row in one.database.read_now(outbox_rows) if row.reason.startswith("recall:")]
    for letter in one.database.write_now(delivery.begin, ids, one.now):
        one.database.write_now(delivery.record, letter.owed.id, Sent(7), one.now)
    one.advance()
    assert (one.state(), one.told()) == (State.DONE, ["report"])
    waves = one.database.read_now(lambda tx: tx.connection.execute(select(WaveRow.__table__)).all())
    assert [(wave.entry_id, wave.state) for wave in waves] == [
        ("announcement:1", "cancelled"),
        ("recall:announcement:1", "planned"),
    ]


def test_what_keeps_it_from_being_sent(desk: Any) -> None:
    one = desk()
    number = one.draft(post=Post((Piece("text", "Halo {siapa}"),)))
    with pytest.raises(RefusedError, match="problems"):
        one.do(announcements.send, number, 1, one.now)
    with pytest.raises(RefusedError, match="nobody"):
        one.do(announcements.send, one.draft(), 1, one.now)
    one.people(1)
    with pytest.raises(RefusedError, match="past"):
        one.do(announcements.send, one.draft(), 1, one.now, at=one.now)
    with pytest.raises(RefusedError, match="changed"):
        one.do(announcements.send, one.draft(), 2, one.now)


@pytest.mark.parametrize("engine", ["postgresql"])
def test_it_is_the_same_on_postgresql(desk: Any) -> None:
    one = desk()
    one.people(40)
    one.do(announcements.send, one.draft(), 1, one.now)
    one.settle("sent", 4)
    one.advance()
    one.settle("sent", 36)
    one.advance()
    assert one.state() is State.DONE
    assert one.do(announcements.recall, 1, one.now) == 40


# --- groups -----------------------------------------------------------------------------------------------

GROUP, SUPERGROUP = -500, -1_000_000_000_500


def added(by: int, *, there: bool = True, chat: int = GROUP) -> Membership:
    return Membership(Sender(chat), 1000 + by, "Angkatan 3", "group", there)


def test_a_group_is_asked_for_used_followed_and_left(desk: Any) -> None:
    one = desk()
    handle, ids = front_desk.handle, iter(range(1, 99))
    one.people(1)

    def happens(event: Any) -> None:
        one.database.write_now(handle, next(ids), event, one.now)

    happens(added(one.umar))  # sees a part only
    happens(added(one.sari + 3))  # takes part
    happens(added(77))  # is nobody
    assert one.database.read_now(groups.group, GROUP) is None
    happens(added(one.sari))
    assert one.told() == ["ask_group"]
    assert one.database.read_now(groups.of_programme, "p") == []  # until it is said what it is for
    one.database.write_now(groups.use, GROUP)
    post = Post((Piece("text", "Halo semua"),))
    one.do(announcements.send, one.draft(Whom(chats=(Place(GROUP),), people=False), post), 1, one.now)
    rows = [row for row in one.database.read_now(outbox_rows) if row.reason == "announcement:1"]
    assert [(row.person_id, row.chat_id) for row in rows] == [(None, GROUP)]
    happens(Migrated(Sender(GROUP), SUPERGROUP))
    (found,) = one.database.read_now(groups.of_programme, "p")
    assert (found.id, found.kind) == (SUPERGROUP, "supergroup")
    assert one.database.read_now(stored.announcement, 1).whom.chats == (Place(SUPERGROUP),)
    happens(added(one.sari, there=False, chat=SUPERGROUP))
    assert one.database.read_now(groups.of_programme, "p") == []


def test_a_topic_is_known_by_what_is_said_of_it_and_announced_to(desk: Any) -> None:
    one = desk()
    handle, ids = front_desk.handle, iter(range(1, 99))
    group = Sender(SUPERGROUP)

    def happens(event: Any) -> None:
        one.database.write_now(handle, next(ids), event, one.now)

    def titles() -> list[str]:
        return [each.title for each in one.database.read_now(groups.of_programme, "p")]

    happens(TopicChanged(group, 7, "Nobody's"))  # of a group that is not known
    happens(added(one.sari, chat=SUPERGROUP))
    one.database.write_now(groups.use, SUPERGROUP)
    happens(TopicChanged(group, 7, "Kelompok 1"))
    happens(TopicChanged(group, 8, "Kelompok 2"))
    happens(TopicChanged(group, 8, "Kelompok B"))
    happens(AddressedInGroup(group, 99, 9))  # made before the bot came
    assert titles() == [
        "Angkatan 3",
        *(f"Angkatan 3 › {name}" for name in ("#9", "Kelompok 1", "Kelompok B")),
    ]
    happens(TopicChanged(group, 8, "", open=False))
    happens(TopicChanged(group, 9, "Umum"))
    assert titles() == ["Angkatan 3", "Angkatan 3 › Kelompok 1", "Angkatan 3 › Umum"]
    places = (Place(SUPERGROUP), Place(SUPERGROUP, 7), Place(SUPERGROUP, 9))
    post = Post((Piece("text", "Halo semua"),))
    one.do(announcements.send, one.draft(Whom(chats=(*places, Place(-1, 7)), people=False), post), 1, one.now)
    rows = [
        row for row in one.database.read_now(outbox_rows) if row.chat_id and "announcement" in row.message
    ]
    assert [(row.chat_id, row.message.get("topic")) for row in rows] == [
        (SUPERGROUP, None),
        (SUPERGROUP, 7),
        (SUPERGROUP, 9),
    ]


@pytest.mark.parametrize(("people", "first"), [(0, 0), (10, 0), (11, 1), (29, 2), (40, 4), (3_400, 10)])
def test_the_first_handful_is_a_tenth_and_ten_at_most(people: int, first: int) -> None:
    assert first_handful(people) == first
