"""Requests to be let in, decided: as somebody on the roster, as somebody new, or not; and whose a link is.

A request is seen by whom it concerns: coordinators of everybody, and those in whose scope the stated office
(or the person whose link it was) is.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.audit import Action
from bot.domain.enrolment import privacy_notice
from bot.domain.messages import Button, Lane, Say, Tap, Value
from bot.domain.names import any_alike
from bot.domain.people import Person, Role
from bot.domain.programme import Programme
from bot.domain.staff import Actor, Right
from bot.storage import audience, audit, dialogues, outbox, people, requests, rosters, staff
from bot.storage.database import Transaction
from bot.storage.requests import Request

ACTION = "k-permintaan"

REASONS = ("unknown", "office", "double")
"""Why somebody is refused: not on the roster, ask your own office, has a link already."""

TOLD_EVERY = timedelta(minutes=30)
"""So often a coordinator is told of new requests at most, the first at once."""

_ENROLMENT = "enrolment"  # the dialogue in which a stranger is asked for name and office


class Outcome(StrEnum):
    """What became of a decision."""

    DONE = "done"
    DECIDED = "decided"  # before, by this coordinator or another
    GONE = "gone"  # no such request, or none of theirs
    TAKEN = "taken"  # a chat is that person's already: whose it is has to be settled
    REFUSED = "refused"  # they may not decide that


# --- who sees them ----------------------------------------------------------------------------------------


def waiting(tx: Transaction, actor: Actor) -> list[Request]:
    """The requests that wait for somebody like `actor`, the oldest first."""
    sees = _Sight(tx, actor)
    return [each for each in requests.waiting(tx, actor.person.programme) if sees.request(each)]


def find(tx: Transaction, actor: Actor, request_id: int) -> Request | None:
    """The request, decided or not, if it is one that `actor` sees."""
    found = requests.one(tx, request_id)
    if found is None or found.programme != actor.person.programme or not _Sight(tx, actor).request(found):
        return None
    return found


class _Sight:
    """What one coordinator sees of requests; the offices of their scope are asked for once."""

    def __init__(self, tx: Transaction, actor: Actor) -> None:
        self._tx = tx
        self._actor = actor
        self._offices: list[str] | None = None

    def request(self, request: Request) -> bool:
        scope = self._actor.scope
        if scope.whole:
            return True
        if request.person_id is not None:
            person = people.person(self._tx, request.person_id)
            return person is not None and self._actor.reaches(person)
        if self._offices is None:
            self._offices = staff.values(self._tx, request.programme, "offices", scope)
        return any_alike(request.office, self._offices)


def tell(tx: Transaction, programme: Programme, request_id: int, now: datetime) -> None:
    """Tell whom it concerns that somebody waits: once at once, and then counted, every half an hour."""
    request = requests.one(tx, request_id)
    if request is None:
        return
    slot = int(now.timestamp()) // int(TOLD_EVERY.total_seconds())
    first, again = f"{programme.id}/requests@{slot}", f"{_again(programme.id)}{slot}"
    later = datetime.fromtimestamp((slot + 1) * TOLD_EVERY.total_seconds(), tz=now.tzinfo)
    for actor in staff.staff(tx, programme.id, roles=(Role.OWNER.value, Role.COORDINATOR.value)):
        if not actor.may(Right.ADMIT) or not _Sight(tx, actor).request(request):
            continue
        notice = _notice(len(waiting(tx, actor)))
        to = outbox.Recipient(person_id=actor.person.id)
        if outbox.owe(tx, to, notice, reason=first, lane=Lane.REMINDER, now=now):
            continue
        if not outbox.owe(tx, to, notice, reason=again, lane=Lane.REMINDER, now=now, due_at=later):
            whom = audience.one(actor.person.id)
            rows = outbox.owed_messages(tx, whom, again).values()
            outbox.reword(tx, {row_id: notice for row_id, _ in rows})


def _again(programme_id: str) -> str:
    return f"{programme_id}/requests+@"


def _notice(count: int) -> Say:
    return Say("requests.notice", {"count": count}, ((Button(Say("requests.button_look"), Tap(ACTION)),),))


def _recount(tx: Transaction, programme_id: str, now: datetime) -> None:
    """One is decided: what is still to be told of those that wait counts one less, or is not told."""
    for actor in staff.staff(tx, programme_id, roles=(Role.OWNER.value, Role.COORDINATOR.value)):
        owed = outbox.owed_messages(tx, audience.one(actor.person.id), _again(programme_id))
        if owed and (count := len(waiting(tx, actor))):
            outbox.reword(tx, {row_id: _notice(count) for row_id, _ in owed.values()})
        elif owed:
            outbox.settle(tx, [row_id for row_id, _ in owed.values()], "withdrawn", now)


# --- decisions --------------------------------------------------------------------------------------------


def admit(
    tx: Transaction, actor: Actor, request_id: int, person_id: int, now: datetime, *, move: bool = False
) -> Outcome:
    """Make the asking chat that person's; `move`: even from another chat, which is told and parted.

    Somebody who works here is let in by an owner only: whoever comes in as them has their rights.
    """
    request, person = find(tx, actor, request_id), people.person(tx, person_id)
    if request is None or person is None or not actor.may(Right.ADMIT) or not actor.reaches(person):
        return Outcome.GONE
    if request.state != "open":
        return Outcome.DECIDED
    if person.role is not Role.PARTICIPANT and not actor.may(Right.APPOINT):
        return Outcome.REFUSED
    programme = tx.catalogue.programme(request.programme)
    if programme is None:
        return Outcome.GONE
    if person.chat_id is not None and not move:
        return Outcome.TAKEN
    if person.chat_id is not None:
        _part(tx, request, person, person.chat_id, now)
    _let_in(tx, actor, programme, request, person.id, now, moved=person.chat_id is not None)
    return Outcome.DONE


def admit_new(tx: Transaction, actor: Actor, request_id: int, now: datetime) -> Outcome:
    """Let them in as somebody who is on no roster."""
    request = find(tx, actor, request_id)
    if request is None or not actor.may(Right.ADMIT):
        return Outcome.GONE
    if request.state != "open":
        return Outcome.DECIDED
    programme = tx.catalogue.programme(request.programme)
    office = office_of(tx, actor, request)
    if programme is None or office is None:
        return Outcome.REFUSED
    chat = people.visitor(tx, request.chat_id, None, now)
    person_id = people.enrol(
        tx,
        programme=request.programme,
        name=request.name,
        office=office,
        language=chat.language,
        origin="approval",
        now=now,
    )
    _let_in(tx, actor, programme, request, person_id, now, new=True)
    return Outcome.DONE


def office_of(tx: Transaction, actor: Actor, request: Request) -> str | None:
    """The office that somebody new would be of: as the roster writes it, where it is one of those.

    None where they would not be within the coordinator's scope.
    """
    known = staff.values(tx, request.programme, "offices", actor.scope)
    stated = request.office.strip().lower()
    same = [each for each in known if each.lower() == stated] or [
        each for each in known if any_alike(request.office, (each,))
    ]
    if not actor.scope.whole and not (same and actor.scope.offices and len(_kinds(actor)) == 1):
        return None
    return same[0] if same else request.office


def _kinds(actor: Actor) -> set[str]:
    return {kind for kind, _ in actor.scope.pairs()}


def refuse(tx: Transaction, actor: Actor, request_id: int, why: str, now: datetime) -> Outcome:
    """Do not let them in; they are told kindly why (one of `REASONS`), and may ask again."""
    request = find(tx, actor, request_id)
    if request is None or why not in REASONS or not actor.may(Right.ADMIT):
        return Outcome.GONE
    if request.state != "open":
        return Outcome.DECIDED
    requests.decide(tx, request.id, "refused", actor.person.id, now)
    _recount(tx, request.programme, now)
    _tell(tx, outbox.Recipient(chat_id=request.chat_id), request, Say(f"requests.refused_{why}"), now)
    audit.note(
        tx,
        actor,
        Action.ADMISSION_REFUSED,
        now,
        kind="request",
        subject=request.id,
        name=request.name,
        why=why,
    )
    return Outcome.DONE


# --- inside -----------------------------------------------------------------------------------------------


def let_in(tx: Transaction, chat_id: int, person_id: int, now: datetime) -> None:
    """The chat becomes the person's: spoken to as before, and nobody needs to decide any more."""
    chat = people.visitor(tx, chat_id, None, now)
    people.link_chat(tx, chat_id, person_id, now)
    people.drop_requests(tx, chat_id, now)
    person = people.person(tx, person_id)
    if person is not None and person.joined_at is None and person.language is not chat.language:
        people.change(tx, person_id, now, language=chat.language)
    dialogues.leave(tx, chat_id, _ENROLMENT)


def _let_in(
    tx: Transaction,
    actor: Actor,
    programme: Programme,
    request: Request,
    person_id: int,
    now: datetime,
    *,
    new: bool = False,
    moved: bool = False,
) -> None:
    requests.decide(tx, request.id, "approved", actor.person.id, now)
    _recount(tx, request.programme, now)
    chat = people.visitor(tx, request.chat_id, None, now)
    if chat.person is not None:  # has got in otherwise meanwhile
        return
    let_in(tx, request.chat_id, person_id, now)
    person = people.person(tx, person_id)
    to = outbox.Recipient(person_id=person_id)
    hello: dict[str, Value] = {
        "programme": programme.title,
        "office": (person.office if person else "") or "—",
    }
    _tell(tx, to, request, Say("enrolment.greeting", hello), now)
    _tell(tx, to, request, privacy_notice(programme), now, second=True)
    audit.note(
        tx,
        actor,
        Action.ADMITTED,
        now,
        kind="person",
        subject=person_id,
        request=request.id,
        new=new,
        moved=moved,
    )


def _part(tx: Transaction, request: Request, person: Person, chat_id: int, now: datetime) -> None:
    """Part somebody from the chat that claimed to be theirs; what the link's new owner agrees to is asked."""
    rosters.renew_links(tx, [person.id], now=now)
    people.change(tx, person.id, now, consented_at=None, withdrawn_at=None)
    dialogues.forget(tx, chat_id)
    _tell(tx, outbox.Recipient(chat_id=chat_id), request, Say("requests.parted"), now)


def _tell(
    tx: Transaction, to: outbox.Recipient, request: Request, say: Say, now: datetime, *, second: bool = False
) -> None:
    reason = f"request:{request.id}{'b' if second else 'a'}"
    outbox.owe(tx, to, say, reason=reason, lane=Lane.REPLY, now=now)
