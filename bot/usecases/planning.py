"""The timetable rings: who is meant at this moment, what they are owed, and what was missed.

Everything is keyed, so ringing twice does nothing the second time: a wave is unique on its entry, zone and
moment, a message on its person and reason. A large wave is made in slices, each a transaction of its own,
between which others get their turn at the database; what is in the making is noted, and so finished by
whoever rings next.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Select

from bot.domain.forecast import Pace
from bot.domain.messages import Button, Lane, Message, Say, Scheduled, Tap
from bot.domain.people import Person
from bot.domain.programme import (
    AroundSession,
    Audience,
    Entry,
    Instant,
    Item,
    PersonalDay,
    Programme,
    Session,
    Target,
)
from bot.domain.timetable import (
    Fold,
    Miss,
    Ring,
    Send,
    Timing,
    decide,
    first_logins,
    is_moment,
    lane,
    personal_moment,
    timing,
)
from bot.domain.zones import Zone
from bot.storage import audience, corrections, excuses, outbox, people, waves
from bot.storage.copies import Times
from bot.storage.database import Transaction
from bot.storage.outbox import Mailing, Recipient
from bot.storage.spans import Span
from bot.storage.waves import Ringing
from bot.usecases import forecasts, slices
from bot.usecases.slices import Step

MOST_LINES = 10
"""Lines of a digest at most; what is left over is counted."""

LET_GO = "let_go"
"""The step in which what a wave holds is owed again, of a wave that is not the timetable's."""

GATHERING = timedelta(minutes=1)
"""How long a digest waits for more: after an outage, all that was due meanwhile rings at once."""

_THIS_SECOND = timedelta(seconds=1)
_THIS_MOMENT = timedelta(seconds=30)  # longer than an update waits for its turn at the database


@dataclass(frozen=True, slots=True)
class Rung:
    """What came of a ringing: for how many people something is owed, or that it was missed."""

    people: int = 0
    missed: bool = False  # for all others
    before: bool = False  # it had rung before, and nothing was done
    look_at: datetime | None = None  # it need not begin yet: look again then
    rest: Callable[[Transaction, datetime], "Rung"] | None = None  # the use case that goes on with it


def ring(
    tx: Transaction,
    programme_id: str,
    entry_id: str,
    zone: Zone,
    due_at: datetime,
    now: datetime,
    pace: Pace | None = None,
) -> Rung:
    """A timetable entry's moment `due_at` has come in `zone`, or may come early: plan its wave.

    What then happens, `bot.domain.timetable.decide` says. A personal day that is nobody's leaves no trace.
    Where it may come early, its wave is planned as soon as it has to begin for its last person to have it
    in time at this `pace`; without one, at its moment. Where there is a `rest`, that is to follow at once; a
    wave whose rest did not follow goes on here, with the times that it began with.
    """
    programme = tx.catalogue.programme(programme_id)
    entry = None if programme is None else programme.entry(entry_id)
    if programme is None or entry is None or not is_moment(programme, entry, zone, due_at):
        return Rung()  # somebody has moved it meanwhile, or skipped it
    when = timing(programme, entry, zone, due_at)
    if when is None:
        return Rung()
    wave = waves.noted(tx, programme_id, entry_id, zone, when.due_at)
    if wave is not None and wave.state == "moved":  # and moved back
        wave = None
    if wave is not None and wave.state != "planning":
        return Rung(before=True)
    if wave is None and now < when.at:
        found = Ring(entry, zone, when)
        rivals = list(tx.catalogue.programmes.values())
        begins = when.at if pace is None else forecasts.begins(tx, programme, found, rivals, pace, now)
        if begins > now + _THIS_SECOND:
            return Rung(look_at=begins)
    waves.wait_for_joiners(tx, programme_id)
    excuses.end(tx, now)
    corrections.be_current(tx)
    began, again = now, False
    if wave is not None:
        again = wave.resumed_at is not None and wave.resumed_at >= wave.planned_at
        began = wave.resumed_at if again and wave.resumed_at is not None else wave.planned_at
    opens = began if entry.essential else programme.windows.next_open(began, zone)
    decision = decide(entry, when, began, opens)
    logins = None
    if isinstance(entry.when, PersonalDay):
        day = due_at.astimezone(zone.tzinfo).date()
        logins = first_logins(programme.course, programme.windows, entry.when.day, day)
        if wave is None and not people.anybody_began(tx, programme_id, zone, logins):
            return Rung()  # most are nobody's: no need to write
    missed = isinstance(decision, Miss)
    after = 0
    if wave is None:
        wave_id = waves.begin(tx, programme_id, entry_id, zone, when, now, missed=missed)
        if wave_id is None:
            return Rung(before=True)
    else:
        wave_id, after = wave.id, wave.planned_to or 0
    whom = audience.people(programme, entry.audience, zone=zone, first_logins=logins)
    reason = reason_of(programme, entry, zone, due_at)
    if isinstance(decision, Send):
        due = max(decision.due_at, began) if again else decision.due_at
        due = min(due, began) if began < when.at else due
        decision = replace(decision, due_at=due)
    if not isinstance(decision, Miss):
        making = _making(tx, wave_id, programme, entry, whom, reason, decision, when.not_after, began, again)
        return making.go_on(tx, now, after)
    if logins is not None:
        waves.forget(tx, wave_id)
        return Rung()
    return Rung(waves.got_to(tx, wave_id, None, 0), missed)


@dataclass(frozen=True, slots=True)
class _Making:
    """A wave in the making: person by person in the order of their ids, so that nobody is passed over.

    Who joins meanwhile is either still to come, or catches up by themselves.
    """

    wave_id: int
    programme_id: str
    owe: Callable[[Transaction, Span], int]  # to a span of people; how many are new
    let_go: Callable[[Transaction, Span, datetime], int] | None  # of one that was stopped: what it holds
    not_after: datetime
    personal: bool  # its day may turn out to be nobody's

    def go_on(self, tx: Transaction, now: datetime, after: int, before: int = 0) -> Rung:
        """Owe it to the next of those whose id is above `after`; of what goes on, `before` were owed it."""
        waves.wait_for_joiners(tx, self.programme_id)
        if waves.taken_back(tx, self.wave_id):
            return Rung()
        if now > self.not_after:
            if self.let_go is not None:
                waves.settle_held(tx, self.wave_id, "expired", now, error="its wave was stopped")
            return Rung(waves.got_to(tx, self.wave_id, None, 0), missed=True)
        new = freed = 0
        upto: int | None = None
        for _ in range(slices.RANGES):
            upto = people.further(tx, self.programme_id, after, slices.SLICE)
            span = Span(after, upto)
            if self.let_go is not None:
                freed += self.let_go(tx, span, now)
            new += self.owe(tx, span)
            if upto is None or new + freed >= slices.SLICE:
                break
            after = upto
        total = waves.got_to(tx, self.wave_id, upto, new)
        if self.let_go is not None:
            total = before + freed + new
        if upto is not None:
            return Rung(total, rest=partial(self.go_on, after=upto, before=total))
        if not total and self.personal and self.let_go is None:
            waves.forget(tx, self.wave_id)
        return Rung(total)


def _making(
    tx: Transaction,
    wave_id: int,
    programme: Programme,
    entry: Entry,
    whom: Select[int],
    reason: str,
    decision: Send | Fold,
    not_after: datetime,
    now: datetime,
    again: bool,
) -> _Making:
    """How the wave is made; `again`: it was stopped, and goes on."""

    def let_go(tx: Transaction, people: Span, now: datetime) -> int:
        waves.settle_unreachable(tx, wave_id, now, people)
        why = "done, or not meant any more"
        waves.settle_held(tx, wave_id, "withdrawn", now, error=why, but=whom, people=people)
        if isinstance(decision, Fold):
            # As "gone": who has not had it, and is told in the digest.
            waves.settle_held(tx, wave_id, "gone", now, error="its wave was stopped", people=people)
            return 0
        times = {
            "due_at": decision.due_at,
            "everybody_by": decision.everybody_by,
            "not_after": decision.not_after,
        }
        freed = waves.let_go(tx, wave_id, people=people, **times)
        return freed + outbox.revive(tx, people.of(whom), reason, **times)

    def fold(tx: Transaction, people: Span) -> int:
        lacking = people.of(outbox.lacking(whom, reason))
        return _fold_for(tx, lacking, programme, {reason: entry}, decision.due_at + GATHERING, now)

    if isinstance(decision, Send):
        mailing = _mailing(tx, whom, programme, entry, decision, reason, wave_id, now)
    return _Making(
        wave_id,
        programme.id,
        mailing.owe if isinstance(decision, Send) else fold,
        let_go if again else None,
        not_after,
        personal=isinstance(entry.when, PersonalDay),
    )


def catch_up(tx: Transaction, person_id: int, now: datetime) -> int:
    """Owe somebody what rang without them and still matters; how many messages that makes.

    For who joins late, comes back after blocking the bot, changes zone, or tells when their course began.
    What is still on time, or is sent even late, is owed as it is; all that folds makes one digest; what is
    skipped when late is left out. Of an entry that recurs, the last ringing counts. They are there just
    now, so sending windows do not matter.
    """
    person = people.person(tx, person_id)
    programme = None if person is None else tx.catalogue.programme(person.programme)
    if person is None or programme is None:
        return 0
    waves.wait_for_wave(tx, programme.id)
    excuses.end(tx, now)
    corrections.be_current(tx)
    rung = _rung(tx, programme, person, now)
    states = outbox.states(tx, person_id, list(rung))
    number = 0
    folded: dict[str, Entry] = {}
    for reason, (entry, when, wave_id) in rung.items():
        if states.get(reason, "gone") != "gone":
            continue
        whom = audience.people(programme, entry.audience, person_id=person_id)
        if tx.connection.execute(whom).first() is None:
            continue
        match decide(entry, when, now, now):
            case Send() as send:
                number += _send_to_one(tx, person_id, whom, programme, entry, send, reason, wave_id, now)
            case Fold():
                folded[reason] = entry
    if folded:
        whom = audience.people(programme, _ANYBODY, person_id=person_id)
        number += _fold_for(tx, whom, programme, folded, now, now)
    return number


def go_on(tx: Transaction, wave: Ringing, now: datetime) -> Rung:
    """A wave that was stopped goes on, as its entry's late policy says.

    Who joined meanwhile is in it, and who was gone and is back; who is gone now catches up on their return.
    What has been done meanwhile is withdrawn, and what is worth nothing any more expires.
    """
    if ":" in wave.entry_id:  # no timetable's: an announcement, a correction
        return _let_go(tx, wave, now)
    programme = tx.catalogue.programme(wave.programme_id)
    entry = None if programme is None else programme.entry(wave.entry_id)
    when = None if programme is None or entry is None else timing(programme, entry, wave.zone, wave.due_at)
    if programme is None or entry is None or when is None:
        waves.settle_held(tx, wave.id, "expired", now, error="its entry is no more")
        return Rung(missed=True)
    waves.wait_for_joiners(tx, programme.id)
    excuses.end(tx, now)
    corrections.be_current(tx)
    logins = None
    if isinstance(entry.when, PersonalDay):
        day = wave.due_at.astimezone(wave.zone.tzinfo).date()
        logins = first_logins(programme.course, programme.windows, entry.when.day, day)
    whom = audience.people(programme, entry.audience, zone=wave.zone, first_logins=logins)
    reason = reason_of(programme, entry, wave.zone, wave.due_at)
    opens = now if entry.essential else programme.windows.next_open(now, wave.zone)
    decision = decide(entry, when, now, opens)
    if isinstance(decision, Miss):
        waves.settle_held(tx, wave.id, "expired", now, error="its wave was stopped")
        return Rung(missed=True)
    if isinstance(decision, Send):
        decision = replace(decision, due_at=max(decision.due_at, now))
    making = _making(tx, wave.id, programme, entry, whom, reason, decision, when.not_after, now, again=True)
    return making.go_on(tx, now, 0)


def _let_go(tx: Transaction, wave: Ringing, now: datetime) -> Rung:
    """What the wave holds is owed again, with as much time for it as there was at first."""
    if wave.not_after < now:
        waves.settle_held(tx, wave.id, "expired", now, error="its wave was stopped")
        return Rung(missed=True)
    number, done = slices.begin(tx, wave.id, Step(LET_GO, {"at": now.isoformat()}), let_go, now, first=True)
    return Rung(number, rest=None if done else partial(_let_go_on, wave_id=wave.id, before=number))


def _let_go_on(tx: Transaction, now: datetime, *, wave_id: int, before: int) -> Rung:
    """Let go the next of what the wave holds; what else is left of it is for the process that delivers."""
    wave = waves.ringing(tx, wave_id)
    if wave is None or wave.state != "planning" or LET_GO not in slices.kinds(wave):
        return Rung(before)
    number = before + slices.go_on(tx, wave, {LET_GO: let_go}, now)
    return Rung(number, rest=partial(_let_go_on, wave_id=wave_id, before=number))


def let_go(tx: Transaction, wave: Ringing, step: Step, _: datetime) -> slices.Taken:
    """Owe again the next of what a wave holds that goes on, and is not the timetable's."""
    due_at = max(datetime.fromisoformat(step.details["at"]), wave.due_at)
    everybody_by = due_at + (wave.everybody_by - wave.due_at)
    times = Times(due_at, everybody_by, max(wave.not_after, everybody_by))
    return slices.Taken(*waves.release(tx, wave.id, slices.SLICE, step.after, times), new=False)


# --- sending ------------------------------------------------------------------------------------------


def _mailing(
    tx: Transaction,
    whom: Select[int],
    programme: Programme,
    entry: Entry,
    send: Send,
    reason: str,
    wave_id: int,
    now: datetime,
) -> Mailing:
    return outbox.mailing(
        tx,
        whom,
        Scheduled(programme.id, entry.id),
        reason=reason,
        lane=lane(entry),
        now=now,
        due_at=send.due_at,
        everybody_by=send.everybody_by,
        not_after=send.not_after,
        wave_id=wave_id,
        about=_reminds_of(entry),
    )


def _send_to_one(
    tx: Transaction,
    person_id: int,
    alone: Select[int],
    programme: Programme,
    entry: Entry,
    send: Send,
    reason: str,
    wave_id: int | None,
    now: datetime,
) -> bool:
    times = {
        "due_at": max(send.due_at, now),
        "everybody_by": send.everybody_by,
        "not_after": send.not_after,
    }
    return outbox.revive(tx, alone, reason, **times) > 0 or outbox.owe(
        tx,
        Recipient(person_id=person_id),
        Scheduled(programme.id, entry.id),
        reason=reason,
        lane=lane(entry),
        now=now,
        wave_id=wave_id,
        about=_reminds_of(entry),
        **times,
    )


def _rung(
    tx: Transaction, programme: Programme, person: Person, now: datetime
) -> dict[str, tuple[Entry, Timing, int | None]]:
    """By reason, what has rung for the person's zone, or on their own days, and is not over; oldest first."""
    latest: dict[str, tuple[Entry, Timing, int | None]] = {}
    for wave in waves.current(tx, programme.id, person.zone, now):
        entry = programme.entry(wave.entry_id)
        if entry is None or isinstance(entry.when, PersonalDay) or entry.id in latest:
            continue
        when = timing(programme, entry, person.zone, wave.due_at)
        if when is not None:
            latest[entry.id] = (entry, when, wave.id)
    if person.first_login is not None:
        for entry in programme.timetable:
            if isinstance(entry.when, PersonalDay) and not entry.skipped:
                due_at = personal_moment(programme, entry.when, person.zone, person.first_login)
                when = timing(programme, entry, person.zone, due_at)
                # One that comes in this moment may have been planned without them just before.
                if when is not None and when.earliest <= now + _THIS_MOMENT and now <= when.not_after:
                    latest[entry.id] = (entry, when, None)
    oldest_first = sorted(latest.values(), key=lambda each: each[1].due_at)
    return {
        reason_of(programme, entry, person.zone, when.due_at): (entry, when, wave_id)
        for entry, when, wave_id in oldest_first
    }


def reason_of(programme: Programme, entry: Entry, zone: Zone, due_at: datetime) -> str:
    """Why a message is owed: at most one a person.

    A local moment is named by its local time: who changes zone does not get the same day's message again.
    """
    if isinstance(entry.when, Instant | AroundSession):
        return f"{programme.id}/{entry.id}@{due_at:%Y%m%dT%H%M}Z"
    return f"{programme.id}/{entry.id}@{due_at.astimezone(zone.tzinfo):%Y%m%dT%H%M}"


def _reminds_of(entry: Entry) -> Target | None:
    """What makes the message pointless once it is done: an entry for those who have not done it."""
    return entry.about if entry.audience.not_done else None


# --- digests ------------------------------------------------------------------------------------------


def _fold_for(
    tx: Transaction,
    whom: Select[int],
    programme: Programme,
    entries: Mapping[str, Entry],
    due_at: datetime,
    now: datetime,
) -> int:
    """Tell `whom` of these entries (by reason) in a digest, or in the one they are owed already."""
    lines = {
        reason: line
        for reason, entry in entries.items()
        if (line := _line(programme, entry, now)) is not None
    }
    names = audience.names(tx, whom) if lines else {}
    if not names:
        return 0
    prefix = f"{programme.id}/digest@"
    owed = outbox.owed_messages(tx, whom, prefix)
    for reason in lines:
        entry = entries[reason]
        outbox.fold(tx, list(names), reason, Scheduled(programme.id, entry.id), lane=lane(entry), now=now)
    new: dict[int, Message] = {}
    longer: dict[int, Message] = {}
    for person_id, name in names.items():
        match owed.get(person_id):
            case (row_id, Say(params=params)):
                told = params.get("lines")
                before = told if isinstance(told, tuple) else ()
                longer[row_id] = _digest(name, (*before, *lines.values()))
            case _:
                new[person_id] = _digest(name, tuple(lines.values()))
    if new:
        # Each of the reasons is folded once a person, so that no two digests share one.
        reason = prefix + next(iter(lines)).partition("/")[2]
        outbox.owe_each(tx, new, reason=reason, lane=Lane.REMINDER, now=now, due_at=due_at)
    if longer:
        outbox.reword(tx, longer)
    return len(names)


def _digest(name: str, lines: Sequence[Say]) -> Say:
    """The digest of these lines; what an earlier one left out stays counted."""
    more = 0
    shown: list[Say] = []
    for line in lines:
        match line:
            case Say("digest.more", {"count": int(count)}):
                more += count
            case _ if line not in shown:
                shown.append(line)
    more += max(0, len(shown) - MOST_LINES)
    told = shown[:MOST_LINES]
    kinds = {line.key.removeprefix("digest.").removesuffix("_list") for line in told}
    if more:
        told.append(Say("digest.more", {"count": more}))
    buttons = [
        Button(Say(label), Tap("menu", "", feature)) for kind, label, feature in _MENU if kind in kinds
    ]
    rows = tuple(tuple(buttons[n : n + 2]) for n in range(0, len(buttons), 2))
    return Say("digest.message", {"name": name, "lines": tuple(told)}, rows)


_MENU = (
    (Item.SESSION, "menu.schedule", "jadwal"),
    (Item.MODULE, "menu.modules", "modul"),
    (Item.QUIZ, "menu.quizzes", "kuis"),
    (Item.JOURNAL, "menu.journal", "jurnal"),
)


def _line(programme: Programme, entry: Entry, now: datetime) -> Say | None:
    """What a digest says of an entry; None where there is nothing (left) to say."""
    about = entry.about
    if about is None:
        return None
    if about.id == "*":
        return Say(f"digest.{about.kind}_list")
    thing, title = programme.thing(about), programme.title_of(about)
    if title is None or (isinstance(thing, Session) and thing.ends <= now):
        return None
    return Say(f"digest.{about.kind}", {"title": title})


_ANYBODY = Audience()
