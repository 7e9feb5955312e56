"""The front desk: every event of every chat comes here, in one transaction, and is answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.domain.events import (
    AddressedInGroup,
    Commanded,
    Edited,
    Event,
    Membership,
    Migrated,
    ReachChanged,
    Shared,
    Started,
    Tapped,
    TopicChanged,
    Voted,
    Wrote,
)
from bot.domain.identity import looks_like_nik
from bot.domain.messages import Delete, Fetch, Lane, Reader, Reply, Say
from bot.domain.people import Person, Reach, Role
from bot.domain.programme import Programme
from bot.domain.zones import Zone
from bot.storage import outbox, people, updates
from bot.storage.database import Together, Transaction
from bot.storage.outbox import Letter
from bot.storage.people import Visitor
from bot.usecases import (
    attendance,
    coordination,
    enrolment,
    feedback,
    groups,
    journal,
    live_quiz,
    materials,
    modules,
    planning,
    questions,
    quiz,
    receipt,
    schedule,
    settings,
    votes,
)
from bot.usecases.menu import MENU, OLD_BUTTON
from bot.usecases.shift import shift_of

COMMANDS = {
    "jadwal": "jadwal",
    "schedule": "jadwal",
    "modul": "modul",
    "modules": "modul",
    "kuis": "kuis",
    "quiz": "kuis",
    "jurnal": "jurnal",
    "journal": "jurnal",
    "hadir": "hadir",
    "presensi": "hadir",
    "attendance": "hadir",
    "status": "status",
    "bahasa": "bahasa",
    "language": "bahasa",
    "zona": "zona",
    "zone": "zona",
    "bantuan": "bantuan",
    "help": "bantuan",
    "tanya": "tanya",
    "ask": "tanya",
    "materi": "materi",
    "materials": "materi",
    "panitia": "panitia",
    "coordinator": "panitia",
    "narasumber": "narasumber",
    "speaker": "narasumber",
    "berhenti": "berhenti",
    "stop": "berhenti",
}
"""Every command, Indonesian and English, and the feature it opens."""


@dataclass(frozen=True, slots=True)
class Handled:
    """What is left to do at once, after the commit: a few words over the tapped button, for its reader.

    `letters` are what was owed in that transaction, for who sends; None where it was not read. `fetch` is a
    file that is wanted.
    """

    toast: Say | None
    reader: Reader
    letters: tuple[Letter, ...] | None = None
    by_staff: bool = False  # somebody at work did it: something of theirs may be under way now
    fetch: Fetch | None = None


_NOBODY = Reader("id", Zone.WIB)
_NOTHING_LEFT = Handled(None, _NOBODY)


def _handle(tx: Transaction, update_id: int, event: Event, now: datetime, _begin: bool = False) -> Handled:
    """Answer an event; one that was answered before (Telegram hands over again) is left alone.

    Raises `TryAgain` where the event has overtaken what it follows from.
    """
    match event:
        case Migrated(sender, new_chat_id):
            if updates.note(tx, update_id, now):
                outbox.move(tx, sender.chat_id, new_chat_id)
            groups.moved(tx, sender.chat_id, new_chat_id)
            return _NOTHING_LEFT
        case Membership():
            groups.changed(tx, event, now)
            return _NOTHING_LEFT
        case TopicChanged():
            groups.topic_changed(tx, event)
            return _NOTHING_LEFT
        case AddressedInGroup(sender, _, topic):
            groups.spoken_to(tx, sender.chat_id, topic)
            if not updates.note(tx, update_id, now):
                return _NOTHING_LEFT
            # Once an hour at most: a busy group must not turn the bot into a nuisance.
            outbox.owe(
                tx,
                outbox.Recipient(chat_id=sender.chat_id),
                Say("help.in_group"),
                reason=f"group:{now:%Y%m%d%H}",
                lane=Lane.REPLY,
                now=now,
            )
            return _NOTHING_LEFT
    # The chat's turn first, then the update, as for a crowd: two processes that get the same ones then never
    # wait for each other in a circle.
    who = people.visitor(tx, event.sender.chat_id, event.sender.language_code, now)
    if not updates.note(tx, update_id, now):
        return _NOTHING_LEFT
    reach = event.reach if isinstance(event, ReachChanged) else Reach.OPEN
    if who.reach is not reach:
        people.set_reach(tx, who.chat_id, reach, now)
        if reach is Reach.OPEN and who.active is not None:
            planning.catch_up(tx, who.active.id, now)
    reply = _answer(tx, who, event, now)
    after = people.visitor(tx, who.chat_id, None, now)
    recipient = (
        outbox.Recipient(person_id=after.person.id)
        if after.person is not None
        else outbox.Recipient(chat_id=after.chat_id)
    )
    said = [
        outbox.Answer(recipient, message, outbox.reply_reason(update_id, n))
        for n, message in enumerate(reply.messages)
    ]
    outbox.owe_replies(tx, said, now)
    by_staff = after.person is not None and after.person.role is not Role.PARTICIPANT
    return Handled(reply.toast, after.reader, by_staff=by_staff, fetch=reply.fetch)


def _handle_many(tx: Transaction, calls: Sequence[tuple[Any, ...]]) -> list[Handled | None]:
    """Answer the crowd's votes among many events; None for the others, of which only the turns are taken."""
    latest = max(now for _, _, now, *_ in calls)
    begin = any(True in rest for _, _, _, *rest in calls)
    answered = votes.together(tx, [(update_id, event) for update_id, event, *_ in calls], latest, begin=begin)
    return [None if letters is None else Handled(None, _NOBODY, letters) for letters in answered]


handle = Together(_handle, _handle_many)
"""Answer an event (of an update's id, now); one that was answered before is left alone.

The last argument says whether who sends is there, and takes what is begun: `Handled.letters`. Raises
`TryAgain` where the event has overtaken what it follows from.
"""


def _answer(tx: Transaction, who: Visitor, event: Event, now: datetime) -> Reply:
    match event:
        case ReachChanged():
            return Reply()
        case Wrote(_, message_id, text) | Edited(_, message_id, text) if looks_like_nik(text):
            return Reply((Delete(message_id), Say("help.nik")))
        case Shared(_, message_id, _, _, caption) if looks_like_nik(caption):
            return Reply((Delete(message_id), Say("help.nik")))
        case Started(_, payload, sent):
            return enrolment.start(tx, who, payload, now, sent=sent)
        case Commanded(_, command, _):
            return _command(tx, who, COMMANDS.get(command, ""), now)
        case Tapped(_, message_id, _, tap) if tap.action == "menu":
            return _command(tx, who, tap.choice, now)
        case Tapped(_, message_id, _, tap) if tap.action == "daftar":
            return enrolment.tap(tx, who, message_id, tap, now)
        case Tapped(_, message_id, _, tap) if tap.action == "bahasa":
            return settings.tap_language(tx, who, message_id, tap, now)
    person = who.active
    if person is None:
        return _outsider(tx, who, event, now)
    programme = tx.catalogue.programme(person.programme)
    if programme is None:
        return Reply((Say("enrolment.programme_gone"),))
    if (shift := shift_of(tx, person, programme, who.chat_id, now)) is not None:
        reply = coordination.answer(tx, shift, event)
        if reply is not None:
            return reply
    return _participant(tx, who, person, programme, event, now)


def _command(tx: Transaction, who: Visitor, feature: str, now: datetime) -> Reply:
    match feature:
        case "bahasa":
            return settings.ask_language(who)
        case "berhenti":
            return enrolment.ask_to_leave(who)
        case "bantuan" if who.active is None:
            return Reply((Say("help.outside"), *enrolment.invite_in(tx, who, now).messages))
        case _ if who.active is None:
            return enrolment.invite_in(tx, who, now)
    person = who.active
    programme = tx.catalogue.programme(person.programme)
    if programme is None:
        return Reply((Say("enrolment.programme_gone"),))
    match feature:
        case "jadwal":
            return schedule.overview(tx, person, programme, now)
        case "modul":
            return modules.overview(tx, person, programme)
        case "kuis":
            return quiz.overview(tx, person, programme)
        case "jurnal":
            return journal.overview(tx, person, programme, now)
        case "hadir":
            return attendance.overview(tx, person, programme, now)
        case "tanya":
            return questions.overview(tx, person, programme, now)
        case "materi":
            return materials.overview(tx, person, programme)
        case "status":
            return receipt.receipt(tx, person, programme, now)
        case "zona":
            return settings.ask_zone(who, now)
        case "panitia" if (shift := shift_of(tx, person, programme, who.chat_id, now)) is not None:
            return Reply((coordination.menu(tx, shift),))
        case "narasumber" if (shift := shift_of(tx, person, programme, who.chat_id, now)) is not None:
            return Reply((coordination.menu(tx, shift, speaking=True),))
        case "bantuan":
            return Reply((Say("help.overview", {"contact": programme.contact or ""}, MENU),))
    return Reply((Say("help.unknown_command", {}, MENU),))


def _outsider(tx: Transaction, who: Visitor, event: Event, now: datetime) -> Reply:
    """Somebody who has not been let in, or has not agreed: only the way in is open."""
    match event:
        case Wrote(_, _, text):
            return enrolment.write(tx, who, text, now) or enrolment.invite_in(tx, who, now)
        case Tapped() | Shared():
            return enrolment.invite_in(tx, who, now)
    return Reply()


def _participant(
    tx: Transaction, who: Visitor, person: Person, programme: Programme, event: Event, now: datetime
) -> Reply:
    chat_id = who.chat_id
    match event:
        case Voted():
            return quiz.vote(tx, who, programme, event, now)
        case Wrote(_, _, text) if (
            code := attendance.write(tx, person, programme, text, now, sent=event.sent)
        ) is not None:
            return code  # the code on the screen, whatever else was asked for
        case Wrote(_, _, text) if (
            asked := questions.write(tx, person, chat_id, programme, text, now)
        ) is not None:
            return asked
        case Wrote() if (thanks := feedback.write(tx, person, chat_id, programme, event, now)) is not None:
            return thanks
        case Wrote(_, message_id, text):
            piece = journal.Piece(message_id, "text", text)
            said = journal.write(tx, person, chat_id, programme, piece, now)
            return said or Reply((Say("help.not_understood", {}, MENU),))
        case Shared(_, message_id, kind, file_id, caption):
            if kind not in JOURNAL_KINDS:
                return Reply((Say("help.not_for_journal", {}, MENU),))
            piece = journal.Piece(message_id, kind, caption, file_id)
            said = journal.write(tx, person, chat_id, programme, piece, now)
            return said or Reply((Say("help.file_for_what", {}, MENU),))
        case Edited(_, message_id, text):
            return journal.edit(tx, person, chat_id, programme, message_id, text, now)
        case Tapped(_, message_id, _, tap):
            match tap.action:
                case "modul":
                    return modules.tap(tx, person, programme, message_id, tap, now)
                case "masuk":
                    return modules.tap_first_login(tx, person, message_id, tap, now)
                case "quiz":
                    return quiz.tap(tx, person, programme, tap, now)
                case questions.ACTION:
                    return questions.tap(tx, person, chat_id, programme, message_id, tap, now)
                case live_quiz.ACTION:
                    return live_quiz.tap(tx, person, programme, tap)
                case "jurnal":
                    return journal.tap(tx, person, chat_id, programme, tap, now)
                case attendance.ACTION:
                    return attendance.tap(tx, person, programme, tap, now)
                case materials.TAKE:
                    return materials.tap(tx, person, programme, tap)
                case "sesi" if tap.choice == "list":
                    return schedule.overview(tx, person, programme, now)
                case "sesi":
                    return schedule.tap(tx, person, programme, tap, now)
                case feedback.TAP:
                    return feedback.tap(tx, person, chat_id, programme, message_id, tap, now)
                case "zona":
                    return settings.tap_zone(tx, who, message_id, tap, now)
            return Reply((OLD_BUTTON,))
    return Reply()


JOURNAL_KINDS = frozenset({"photo", "document"})
"""What a journal entry takes besides text."""
