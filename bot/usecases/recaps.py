"""Recaps: who has not finished what, counted and handed out; and a reminder to exactly those."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.audit import Action
from bot.domain.forms import short_moment
from bot.domain.messages import Bar, Button, Chart, File, Lane, Picture, Say, Table, Tap, Value
from bot.domain.people import Role
from bot.domain.programme import Item, Programme, Target
from bot.domain.staff import Actor, Right, Scope
from bot.domain.zones import Zone
from bot.storage import audience, audit, excuses, files, outbox, people, recaps, staff, waves
from bot.storage.copies import Times
from bot.storage.database import Transaction
from bot.storage.recaps import Count, Named
from bot.storage.spans import Span
from bot.storage.waves import Ringing
from bot.usecases import slices
from bot.usecases.people import title
from bot.usecases.slices import Step, Taken

ACTION = "k-rekap"

REMIND = "remind"
"""What the waves of coordinators' reminders are called, and the steps in which they are made."""

KINDS = {Item.MODULE: "modul", Item.QUIZ: "kuis", Item.JOURNAL: "jurnal"}
"""What can be finished, and the feature that a reminder's button opens."""

_MOST_BARS = 20
_MOST_OFFICES = 10  # in a daily recap
_LATEST = timedelta(hours=4)  # after its time the day's recap is no longer told
_REMINDED_BY = timedelta(hours=1)
_REMINDED_AFTER = timedelta(hours=10)


def targets(programme: Programme, kind: Item) -> list[Target]:
    """All of a kind together, then each; nothing of a kind that the programme does not have."""
    match kind:
        case Item.MODULE:
            ids = [module.id for module in programme.modules]
        case Item.QUIZ:
            ids = [quiz.id for quiz in programme.quizzes]
        case Item.JOURNAL:
            ids = [task.prompt.id for task in programme.journal]
        case Item.SESSION:
            ids = []
    return [Target(kind, "*"), *(Target(kind, item) for item in ids)] if ids else []


def target_of(programme: Programme, kind: str, item: str) -> Target | None:
    """The target that a button or a page names; None where the programme has no such thing."""
    if kind not in {each.value for each in KINDS}:
        return None
    target = Target(Item(kind), item)
    return target if target in targets(programme, target.kind) else None


def counts(
    tx: Transaction, actor: Actor, programme: Programme, target: Target, kind: str, now: datetime
) -> list[Count]:
    """The counts of each office (or other kind of group) within the actor's scope; the look is noted."""
    excuses.end(tx, now)
    found = recaps.by(tx, programme, target, actor.scope, kind)
    audit.note(tx, actor, Action.RECAP_SEEN, now, kind="target", subject=_named(target), by=kind)
    return found


def chart(programme: Programme, target: Target, found: list[Count], now: datetime) -> Picture:
    """The counts as a picture: who has most that lack it first, the others together."""
    shown = found if len(found) <= _MOST_BARS else found[: _MOST_BARS - 1]
    rest = found[len(shown) :]
    bars = [Bar(each.value or "—", each.people - each.lacking, each.people) for each in shown]
    if rest:
        done, people = sum(each.people - each.lacking for each in rest), sum(each.people for each in rest)
        bars.append(Bar(f"+ {len(rest)}", done, people))
    said: dict[str, Value] = {"what": _what(programme, target), "at": short_moment(now)}
    drawn = Chart(
        Say("recap.chart_title", said),
        tuple(bars),
        (Say("recap.chart_done"), Say("recap.chart_lacking")),
        Say("recap.chart_source", said),
    )
    return Picture(drawn, Say("recap.chart_caption", said))


def workbook(
    tx: Transaction, actor: Actor, programme: Programme, target: Target, now: datetime
) -> File | None:
    """Who lacks it, by name, as XLSX; None where the actor may not take lists away. Noted as an export."""
    if not actor.may(Right.EXPORT):
        return None
    excuses.end(tx, now)
    found = recaps.lacking(tx, programme, target, actor.scope, now)
    said: dict[str, Value] = {
        "what": _what(programme, target),
        "programme": programme.title,
        "at": short_moment(now),
        "count": len(found),
    }
    audit.note(tx, actor, Action.EXPORTED, now, kind="target", subject=_named(target), people=len(found))
    return listed(tx, found, Say("recap.sheet"), (Say("recap.sheet_note", said),), "rekap.xlsx", now)


def listed(
    tx: Transaction, found: list[Named], sheet: Say, notes: tuple[Say, ...], name: str, now: datetime
) -> File:
    """People as a file to be sent, with the note that it leaves through Telegram."""
    columns = ("office", "wave", "class", "group", "name", "state")
    rows = tuple(
        (each.office, each.wave, each.class_, each.group, each.name, Say(f"unreached.{each.state}"))
        for each in found[: files.MOST_ROWS]
    )
    notes = (*notes, Say("recap.leaves"))
    table = Table(sheet, tuple(Say(f"recap.column_{each}") for each in columns), rows, notes)
    return File(files.keep(tx, table, now), name, Say("recap.file_caption", {"about": notes[0]}))


# --- reminding --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reminder:
    """Whom a reminder would reach: how many, how many had it today already, and from when on."""

    people: int
    before: int
    begins: datetime | None


def reminder(tx: Transaction, actor: Actor, programme: Programme, target: Target, now: datetime) -> Reminder:
    """What `remind` would do now."""
    excuses.end(tx, now)
    reason, number, fresh, begins = _reason(programme, target, now), 0, 0, []
    for zone in Zone:
        whom = recaps.remindable(programme, target, actor.scope, zone)
        opens = programme.windows.next_open(now, zone)
        theirs, new = audience.count(tx, whom), audience.count(tx, outbox.lacking(whom, reason))
        number, fresh = number + theirs, fresh + new
        if new and opens is not None:
            begins.append(opens)
    return Reminder(fresh, number - fresh, min(begins, default=None))


def remind(tx: Transaction, actor: Actor, programme: Programme, target: Target, now: datetime) -> int:
    """Remind exactly those within the actor's scope who lack it, once a day; how many that makes.

    None of them is reminded who does it before the message is sent.
    """
    if not actor.may(Right.ANNOUNCE):
        return 0
    excuses.end(tx, now)
    number, done = 0, True
    reason = _reason(programme, target, now)
    said = {"kind": target.kind.value, "id": target.id, "by": actor.person.id, "reason": reason}
    for zone in Zone:
        due_at = programme.windows.next_open(now, zone)
        if due_at is None:
            continue
        times = Times(due_at, due_at + _REMINDED_BY, due_at + _REMINDED_AFTER)
        wave_id = waves.note(tx, programme, f"{REMIND}:{_named(target)}", times, now, zone=zone)
        most = slices.SLICE - number
        made = slices.begin(tx, wave_id, Step(REMIND, said), owe_reminders, now, most=most)
        number, done = number + made[0], done and made[1]
    if not done:
        left = outbox.lacking(recaps.remindable(programme, target, actor.scope), reason)
        number += audience.count(tx, left)
    audit.note(tx, actor, Action.REMINDED, now, kind="target", subject=_named(target), people=number)
    return number


def owe_reminders(tx: Transaction, wave: Ringing, step: Step, now: datetime) -> Taken:
    """Remind the next of those who lack it."""
    said = step.details
    programme = tx.catalogue.programme(wave.programme_id)
    target = None if programme is None else target_of(programme, said["kind"], said["id"])
    actor = staff.actor_by_id(tx, said["by"])
    if programme is None or target is None or actor is None or not actor.may(Right.ANNOUNCE):
        return Taken(0)
    waves.wait_for_joiners(tx, programme.id)
    button = Button(Say(f"recap.button_{target.kind}"), Tap("menu", "", KINDS[target.kind]))
    mailing = outbox.mailing(
        tx,
        recaps.remindable(programme, target, actor.scope, wave.zone),
        Say(f"recap.remind_{target.kind}", {"what": _what(programme, target)}, ((button,),)),
        reason=said["reason"],
        lane=Lane.REMINDER,
        now=now,
        due_at=wave.due_at,
        everybody_by=wave.everybody_by,
        not_after=wave.not_after,
        wave_id=wave.id,
        about=target,
    )
    upto = people.further(tx, programme.id, step.after, slices.SLICE)
    return Taken(mailing.owe(tx, Span(step.after, upto)), upto)


# --- day by day -------------------------------------------------------------------------------------------


def daily(tx: Transaction, programme_id: str, at: datetime, now: datetime) -> int:
    """Tell each coordinator who wants it how their people stand on the day of `at`; how many are told.

    Asked twice, it tells once. Nobody is told on a day without open hours, nor when it is long past.
    """
    programme = tx.catalogue.programme(programme_id)
    if programme is None or not at <= now < at + _LATEST:
        return 0
    opens = programme.windows.next_open(now, programme.zone)
    if opens is None or opens >= at + _LATEST:
        return 0
    excuses.end(tx, now)
    day = at.astimezone(programme.zone.tzinfo).date()
    told = 0
    known: dict[Scope, Say] = {}
    for actor in staff.staff(tx, programme.id, roles=(Role.OWNER.value, Role.COORDINATOR.value)):
        if not actor.may(Right.SEE_PROGRESS) or not recaps.wants(tx, actor.person.id):
            continue
        if actor.scope not in known:
            known[actor.scope] = _day(tx, programme, actor.scope, now)
        told += outbox.owe(
            tx,
            outbox.Recipient(person_id=actor.person.id),
            known[actor.scope],
            reason=f"{programme.id}/recap@{day:%Y%m%d}",
            lane=Lane.REMINDER,
            now=now,
            due_at=opens,
            not_after=at + _LATEST,
        )
    return told


def lines(tx: Transaction, programme: Programme, scope: Scope) -> tuple[Say, ...]:
    """How many have finished all modules, all quizzes, the whole journal."""
    found = []
    for kind in KINDS:
        if targets(programme, kind):
            count = recaps.overall(tx, programme, Target(kind, "*"), scope)
            done: dict[str, Value] = {"done": count.people - count.lacking, "people": count.people}
            found.append(Say(f"recap.line_{kind}", done))
    return tuple(found)


def _offices(tx: Transaction, programme: Programme, scope: Scope) -> tuple[Say, ...]:
    """The offices in which most people have not finished, where there are several; of what comes first."""
    kind = next((kind for kind in KINDS if targets(programme, kind)), None)
    if kind is None:
        return ()
    found = recaps.by(tx, programme, Target(kind, "*"), scope, "offices")
    lacking = [each for each in found if each.lacking]
    if len(found) < 2 or not lacking:
        return ()
    shown: list[Say] = [Say(f"recap.offices_{kind}")]
    for each in lacking[:_MOST_OFFICES]:
        done: dict[str, Value] = {"done": each.people - each.lacking, "people": each.people}
        shown.append(Say("recap.line_office", {"office": each.value or "—", **done}))
    if len(lacking) > _MOST_OFFICES:
        shown.append(Say("recap.more_offices", {"count": len(lacking) - _MOST_OFFICES}))
    return tuple(shown)


def _day(tx: Transaction, programme: Programme, scope: Scope, now: datetime) -> Say:
    said: dict[str, Value] = {
        "programme": programme.title,
        "at": short_moment(now),
        "lines": (*lines(tx, programme, scope), *_offices(tx, programme, scope)),
    }
    rows = (
        (Button(Say("recap.button_look"), Tap(ACTION)),),
        (Button(Say("recap.button_off"), Tap(ACTION, "", "off")),),
    )
    return Say("recap.daily", said, rows)


# --- inside -----------------------------------------------------------------------------------------------


def _what(programme: Programme, target: Target) -> Value:
    return title(programme, target.kind.value, target.id) or target.id


def _named(target: Target) -> str:
    return f"{target.kind}:{target.id}"


def _reason(programme: Programme, target: Target, now: datetime) -> str:
    return f"{programme.id}/remind:{_named(target)}@{now.astimezone(programme.zone.tzinfo):%Y%m%d}"
