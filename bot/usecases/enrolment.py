"""Letting people in: claim links, requests without one, consent, language and zone, and the way out."""

from datetime import datetime

from bot.domain import enrolment
from bot.domain.claims import read_claim_code
from bot.domain.enrolment import Refused, Welcome, WelcomeBack
from bot.domain.language import Language
from bot.domain.messages import Button, Edit, Message, Reply, Say, Tap
from bot.domain.people import Person
from bot.domain.programme import Enrolment, Programme
from bot.domain.zones import Zone
from bot.storage import boards, dialogues, outbox, people, sign_ins
from bot.storage.database import Transaction
from bot.storage.people import Visitor
from bot.storage.secrets import CLAIMS, secret
from bot.usecases import attendance, planning, requests, schedule, staff
from bot.usecases.menu import OLD_BUTTON

DIALOGUE = "enrolment"


def start(
    tx: Transaction, who: Visitor, payload: str, now: datetime, *, sent: datetime | None = None
) -> Reply:
    """`/start`, with or without a claim link; `sent`: when they did it, where that is known."""
    if not payload:
        return _start_plainly(tx, who, now)
    if (invited := staff.accept(tx, who, payload, now)) is not None:
        return invited
    if (checked_in := attendance.code_by_link(tx, who, payload, now, sent=sent)) is not None:
        return checked_in
    code = read_claim_code(secret(tx, CLAIMS), payload)
    link = people.claim_link(tx, *code) if code else None
    chats_person = who.person.id if who.person else None
    match enrolment.claim(link, who.chat_id, chats_person, now):
        case Welcome(person_id):
            requests.let_in(tx, who.chat_id, person_id, now)
            return _greet(tx, people.visitor(tx, who.chat_id, None, now))
        case WelcomeBack():
            return _start_plainly(tx, who, now)
        case Refused(key, appeal):
            if appeal and people.open_request(tx, who.chat_id):
                return Reply((Say("enrolment.waiting"),))
            return Reply(
                (Say(key, {}, _appeal(tx, payload if key == "claim.used" else "", now) if appeal else ()),)
            )


def tap(tx: Transaction, who: Visitor, message_id: int, tapped: Tap, now: datetime) -> Reply:
    """A button of the enrolment."""
    match tapped.choice, who.person:
        case "ask", None:
            return _ask_in(tx, who, tapped.item, now)
        case "programme", None:
            return _ask_name(tx, who, tapped.item, now)
        case _, None:
            return Reply((Say("enrolment.start_first"),))
        case "ask" | "programme", _:
            return _start_plainly(tx, who, now)
        case "agree", person:
            return _agree(tx, who, person, message_id, now)
        case "decline", _ if who.active:
            return ask_to_leave(who)  # by an old button, of a notice that was agreed to elsewhere
        case "decline", _:
            again = Button(Say("enrolment.button_agree"), Tap("daftar", "", "agree"))
            return Reply((Edit(message_id, Say("enrolment.declined", {}, ((again,),))),))
        case "zone", person:
            if tapped.item in Zone.__members__:
                people.change(tx, person.id, now, zone=Zone(tapped.item))
                return Reply((Edit(message_id, enrolment.confirm_settings(Zone(tapped.item), None)),))
        case "language", person:
            other = Language.EN if person.language is Language.ID else Language.ID
            people.change(tx, person.id, now, language=other)
            return Reply((Edit(message_id, enrolment.confirm_settings(person.zone, person.province)),))
        case "ready", person if who.active:
            confirmed = Edit(message_id, Say("enrolment.confirmed", {"zone": person.zone.value}))
            if person.joined_at is not None:
                return Reply((confirmed, schedule.whats_next(tx, person, now)))
            people.change(tx, person.id, now, joined_at=now)
            planning.catch_up(tx, person.id, now)
            return Reply((confirmed, schedule.whats_next(tx, person, now)))
        case "ready", _:
            return _greet(tx, who)
        case "leave", person:
            people.change(tx, person.id, now, withdrawn_at=now)
            sign_ins.close_all(tx, person.id)
            outbox.withdraw(tx, person.id, now=now)
            boards.take_down(tx, person.id, now)
            return Reply((Edit(message_id, Say("enrolment.left")),))
        case "stay", _:
            return Reply((Edit(message_id, Say("enrolment.stayed")),))
    return Reply((OLD_BUTTON,))


def _agree(tx: Transaction, who: Visitor, person: Person, message_id: int, now: datetime) -> Reply:
    """They agree: the first time to be asked for their settings, later to be told what they have missed."""
    programme = tx.catalogue.programme(person.programme)
    if programme is None:
        return Reply((Say("enrolment.programme_gone"),))
    since = who.active and who.active.consented_at
    if since is None:
        people.change(tx, person.id, now, consented_at=now, withdrawn_at=None)
    agreed = Edit(message_id, enrolment.agreed(programme, since or now))
    if person.joined_at is None:
        return Reply((agreed, enrolment.confirm_settings(person.zone, person.province)))
    planning.catch_up(tx, person.id, now)
    return Reply((agreed, schedule.whats_next(tx, person, now)))


def write(tx: Transaction, who: Visitor, text: str, now: datetime) -> Reply | None:
    """What a stranger types: the name and the office that were asked for; None where nothing was asked."""
    dialogue = dialogues.current(tx, who.chat_id)
    if dialogue is None or dialogue.kind != DIALOGUE:
        return None
    state = dialogue.state
    programme = tx.catalogue.programme(state["programme"])
    if programme is None:
        dialogues.leave(tx, who.chat_id, DIALOGUE)
        return _start_plainly(tx, who, now)
    line = enrolment.tidy(text)
    if line is None:
        return Reply((Say("enrolment.name_again" if state["asked"] == "name" else "enrolment.office_again"),))
    if state["asked"] == "name":
        dialogues.enter(tx, who.chat_id, DIALOGUE, {**state, "asked": "office", "name": line}, now)
        return Reply((Say("enrolment.ask_office", {"name": line}),))
    dialogues.leave(tx, who.chat_id, DIALOGUE)
    if programme.enrolment is Enrolment.OPEN:
        person_id = people.enrol(
            tx,
            programme=programme.id,
            name=state["name"],
            office=line,
            language=who.language,
            origin="open",
            now=now,
        )
        people.link_chat(tx, who.chat_id, person_id, now)
        return _greet(tx, people.visitor(tx, who.chat_id, None, now))
    request_id = people.request(
        tx,
        {
            "programme_id": programme.id,
            "chat_id": who.chat_id,
            "kind": "second_claimant" if state.get("person") else "no_link",
            "name": state["name"],
            "office": line,
            "person_id": state.get("person"),
        },
        now,
    )
    requests.tell(tx, programme, request_id, now)
    return Reply((Say("enrolment.requested", {"name": state["name"], "office": line}),))


def invite_in(tx: Transaction, who: Visitor, now: datetime) -> Reply:
    """What is said to somebody who is not (yet, or any more) a participant, whatever they tried."""
    return _start_plainly(tx, who, now)


def ask_to_leave(who: Visitor) -> Reply:
    """`/berhenti`: what stopping means, and whether it is meant."""
    if who.active is None:
        return Reply((Say("enrolment.not_in"),))
    rows = (
        (Button(Say("enrolment.button_leave"), Tap("daftar", "", "leave")),),
        (Button(Say("enrolment.button_stay"), Tap("daftar", "", "stay")),),
    )
    return Reply((Say("enrolment.leave", {}, rows),))


def _start_plainly(tx: Transaction, who: Visitor, now: datetime) -> Reply:
    if who.active is not None:
        if who.active.joined_at is None:
            return Reply((enrolment.confirm_settings(who.active.zone, who.active.province),))
        return Reply((schedule.whats_next(tx, who.active, now),))
    if who.person is not None:
        return _greet(tx, who)
    if people.open_request(tx, who.chat_id):
        return Reply((Say("enrolment.waiting"),))
    dialogue = dialogues.current(tx, who.chat_id)
    if dialogue is not None and dialogue.kind == DIALOGUE:
        return Reply((Say(f"enrolment.ask_{dialogue.state['asked']}_again"),))
    joinable = _joinable(tx, now)
    if not joinable:
        return Reply((Say("enrolment.link_needed"),))
    if all(programme.enrolment is Enrolment.OPEN for programme in joinable):
        register = Button(Say("enrolment.button_register"), Tap("daftar", "", "ask"))
        return Reply((Say("enrolment.stranger_open", {}, ((register,),)),))
    return Reply((Say("enrolment.stranger", {}, _appeal(tx, "", now)),))


def _greet(tx: Transaction, who: Visitor) -> Reply:
    person = who.person
    programme = tx.catalogue.programme(person.programme) if person else None
    if person is None or programme is None:
        return Reply((Say("enrolment.programme_gone"),))
    hello = Say("enrolment.greeting", {"programme": programme.title, "office": person.office or "—"})
    return Reply((hello, enrolment.privacy_notice(programme)))


def _ask_in(tx: Transaction, who: Visitor, code: str, now: datetime) -> Reply:
    """Ask a coordinator: for a link that was used elsewhere, or without any link."""
    if people.open_request(tx, who.chat_id):
        return Reply((Say("enrolment.waiting"),))
    claimed = read_claim_code(secret(tx, CLAIMS), code) if code else None
    if claimed and (person := people.person(tx, claimed[0])) and tx.catalogue.programme(person.programme):
        state = {"programme": person.programme, "asked": "name", "person": person.id}
        dialogues.enter(tx, who.chat_id, DIALOGUE, state, now)
        return Reply((Say("enrolment.ask_name"),))
    joinable = _joinable(tx, now)
    if not joinable:
        return Reply((Say("enrolment.link_needed"),))
    if len(joinable) == 1:
        return _ask_name(tx, who, joinable[0].id, now)
    rows = tuple((Button(p.title, Tap("daftar", p.id, "programme")),) for p in joinable)
    return Reply((Say("enrolment.which_programme", {}, rows),))


def _ask_name(tx: Transaction, who: Visitor, programme_id: str, now: datetime) -> Reply:
    if programme_id not in {p.id for p in _joinable(tx, now)}:
        return Reply((Say("enrolment.link_needed"),))
    dialogues.enter(tx, who.chat_id, DIALOGUE, {"programme": programme_id, "asked": "name"}, now)
    messages: tuple[Message, ...] = (Say("enrolment.ask_name"),)
    return Reply(messages)


def _joinable(tx: Transaction, now: datetime) -> tuple[Programme, ...]:
    return enrolment.open_programmes(tx.catalogue.programmes.values(), now)


def _appeal(tx: Transaction, code: str, now: datetime) -> tuple[tuple[Button, ...], ...]:
    """A button to ask a coordinator, for that link or a programme; none where nothing would come of it."""
    if not code and not _joinable(tx, now):
        return ()
    return ((Button(Say("enrolment.button_ask_coordinator"), Tap("daftar", code, "ask")),),)
