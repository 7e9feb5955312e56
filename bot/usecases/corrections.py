"""Correcting the timetable while it runs: entries skipped, moved, added; sessions at another time or address.

Each deed is one transaction. What a correction means for what was planned, sent and said follows from the
difference between the programme before and after it, so that undoing one, or doing it twice, needs no rules
of its own. docs/decisions/0011-corrections.md says why.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias

from bot.content.templates import READER, TemplateError, fill, placeholders
from bot.domain.audit import Action
from bot.domain.cards import NoSuchItemError, card, variables
from bot.domain.corrections import (
    Added,
    Change,
    Correction,
    EntryChange,
    Kind,
    Problem,
    SessionChange,
    Trouble,
    corrected,
    differences,
    in_words,
    merged,
    shifted,
    stated,
    told_of,
    without_idle,
)
from bot.domain.language import Localised
from bot.domain.markup import MarkupError, parse_html, utf16_length
from bot.domain.programme import (
    AroundSession,
    Audience,
    Entry,
    Instant,
    Item,
    Late,
    Local,
    PersonalDay,
    Programme,
    Recurring,
    Session,
    Target,
)
from bot.domain.staff import Actor
from bot.domain.timetable import is_moment, moments, zones
from bot.domain.zones import Zone
from bot.storage import audit, corrections, outbox, waves
from bot.storage.corrections import Rung, Standing
from bot.storage.database import Transaction
from bot.usecases import planning, session_notices
from bot.usecases.refusal import RefusedError

_FAR = timedelta(days=400)
_MOST_WORDS = 3000  # with what a card adds, within Telegram's 4,096


# --- what is asked for --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SkipEntry:
    """An entry does not ring: never, or (a recurring one) not on that day."""

    entry: str
    day: date | None = None


@dataclass(frozen=True, slots=True)
class MoveEntry:
    """An entry rings at another moment."""

    entry: str
    to: Instant | Local


@dataclass(frozen=True, slots=True)
class AddEntry:
    """An entry more; `text` may name what an entry's text may name (`rekan check` says what)."""

    text: Localised
    when: Instant | Local
    audience: Audience = field(default_factory=Audience)
    about: Target | None = None
    essential: bool = False
    not_after: timedelta = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class MoveSession:
    """A session starts at another time; its room and its end move alike."""

    session: str
    starts: datetime


@dataclass(frozen=True, slots=True)
class ChangeSession:
    """Something of a session is different, on top of what was changed of it before."""

    session: str
    change: SessionChange


@dataclass(frozen=True, slots=True)
class EndSession:
    """A session that is under way is over, as of `ends`, which is not after now: nobody needs to be told."""

    session: str
    ends: datetime


@dataclass(frozen=True, slots=True)
class Restore:
    """The files hold again for an entry or a session; an added entry that was skipped rings again."""

    kind: Kind
    item: str


Proposal: TypeAlias = SkipEntry | MoveEntry | AddEntry | MoveSession | ChangeSession | EndSession | Restore


# --- what it means ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Effect:
    """What a correction does, or would do.

    `told`: how many people know something else and are told. `revised`: how many messages that are in chats
    are changed. `unsent`: how many that are planned are taken back, to be planned anew where they still ring.
    `moves`: entries that ring at another time, with the next moment before and after (None: never).
    `left`: entries about the session that stay at their own time, and now come after its start.
    """

    after: Programme
    item: str
    kind: Kind
    told: int = 0
    revised: int = 0
    unsent: int = 0
    moves: tuple[tuple[str, datetime | None, datetime | None], ...] = ()
    left: tuple[str, ...] = ()


def preview(tx: Transaction, programme_id: str, wanted: Proposal, now: datetime) -> Effect:
    """What the correction would do at this moment; changes nothing. Raises RefusedError."""
    before = _programme(tx, programme_id)
    correction = _correction(tx, before, wanted, now)
    after = _after(tx, programme_id, correction, wanted)
    return _measured(tx, before, after, correction.kind, correction.item, now)


def correct(
    tx: Transaction, actor: Actor | None, programme_id: str, wanted: Proposal, now: datetime
) -> Effect:
    """Correct the timetable, and see to what was planned, sent and said. Raises RefusedError.

    The same again does nothing (and is refused as "corrections.same"). `actor` None is the command line;
    whether somebody may is for the caller to check.
    """
    corrections.begin(tx)
    waves.wait_for_joiners(tx, programme_id)
    before = _programme(tx, programme_id)
    correction = _correction(tx, before, wanted, now)
    after = _after(tx, programme_id, correction, wanted)
    made_at = _after_all_that_was_said(tx, after, correction, now)
    if isinstance(wanted, Restore) and not isinstance(correction.change, Added):
        corrections.end(tx, programme_id, correction.kind, correction.item, made_at)
    else:
        corrections.add(tx, programme_id, correction, actor, made_at)
    new = corrections.renewed(tx)
    effect = _carried_out(new, before, after, correction.kind, correction.item, now)
    audit.note(
        tx,
        actor,
        _action(wanted, correction),
        now,
        programme_id=programme_id,
        kind=correction.kind.value,
        subject=correction.item,
        people=effect.told,
        revised=effect.revised,
        unsent=effect.unsent,
        **_for_the_audit(before, after, correction, wanted),
    )
    return effect


def standing(tx: Transaction, programme_id: str) -> list[tuple[Standing, tuple[Problem, ...]]]:
    """What stands of a programme, and what is wrong with each by what the files say now."""
    programme = tx.catalogue.as_written().programme(programme_id)
    found = corrections.standing(tx, programme_id)
    if programme is None:
        return [(each, (Problem(each.correction, Trouble.GONE),)) for each in found]
    problems = corrected(programme, [each.correction for each in found])[1]
    return [
        (each, tuple(problem for problem in problems if problem.correction is each.correction))
        for each in found
    ]


def programmes(tx: Transaction) -> list[str]:
    """The programmes of which something is corrected, whether the files still have them or not."""
    return corrections.programmes(tx)


# --- what is asked for, as a correction ---------------------------------------------------------------


def _programme(tx: Transaction, programme_id: str) -> Programme:
    programme = tx.catalogue.programme(programme_id)
    if programme is None:
        raise RefusedError("corrections.gone")
    return programme


def _correction(tx: Transaction, now_is: Programme, wanted: Proposal, now: datetime) -> Correction:
    """The correction that `wanted` asks for, on top of what stands; raises RefusedError."""
    files = tx.catalogue.as_written().programmes[now_is.id]
    match wanted:
        case AddEntry():
            entry = _added(tx, now_is, wanted, now)
            return _stated(files, entry.id, Added(entry))
        case SkipEntry(entry_id, day):
            entry = _entry(now_is, entry_id)
            if entry.skipped:
                raise RefusedError("corrections.same")
            if day is None:
                return _entry_correction(tx, files, entry, skipped=True)
            if not isinstance(entry.when, Recurring):
                raise RefusedError("corrections.unfit")
            if day in entry.when.but:
                raise RefusedError("corrections.same")
            return _entry_correction(tx, files, entry, day=day)
        case MoveEntry(entry_id, to):
            entry = _entry(now_is, entry_id)
            if isinstance(entry.when, Recurring | PersonalDay):
                raise RefusedError("corrections.unfit")
            if entry.when == to and not entry.skipped:
                raise RefusedError("corrections.same")
            if _last(to) <= now:
                raise RefusedError("corrections.past")
            return _entry_correction(tx, files, entry, when=to)
        case MoveSession(session_id, starts):
            session = _session(now_is, session_id)
            return _session_correction(tx, files, session, shifted(session, starts), now)
        case ChangeSession(session_id, change):
            return _session_correction(tx, files, _session(now_is, session_id), change, now)
        case EndSession(session_id, ends):
            session = _session(now_is, session_id)
            if session.cancelled or not (session.starts < now < session.ends):
                raise RefusedError("sessions.not_running")
            return _session_correction(tx, files, session, SessionChange(ends=ends), now, over=True)
        case Restore(kind, item):
            return _restoring(tx, files, kind, item)


def _added(tx: Transaction, programme: Programme, wanted: AddEntry, now: datetime) -> Entry:
    _check_words(programme, wanted.text, wanted.about)
    if _last(wanted.when) <= now:
        raise RefusedError("corrections.past")
    taken = corrections.known_items(tx, programme.id, Kind.ENTRY)
    number = next(
        n for n in range(1, 10_000) if (name := f"tambahan-{n}") not in taken and not programme.entry(name)
    )
    return Entry(
        id=f"tambahan-{number}",
        when=wanted.when,
        text=wanted.text,
        about=wanted.about,
        audience=wanted.audience,
        everybody_by=outbox.EVERYBODY_BY,
        not_after=wanted.not_after,
        late=Late.SEND,
        essential=wanted.essential,
    )


def _stated(files: Programme, item: str, change: Change) -> Correction:
    said = stated(files, item, change)
    if said is None:
        raise RefusedError("corrections.gone")
    return Correction(item, change, said)


def _entry(programme: Programme, entry_id: str) -> Entry:
    entry = programme.entry(entry_id)
    if entry is None:
        raise RefusedError("corrections.gone")
    return entry


def _session(programme: Programme, session_id: str) -> Session:
    session = programme.session(session_id)
    if session is None:
        raise RefusedError("corrections.gone")
    return session


def _entry_correction(
    tx: Transaction,
    files: Programme,
    entry: Entry,
    *,
    skipped: bool = False,
    day: date | None = None,
    when: Instant | Local | None = None,
) -> Correction:
    """`entry` (as it is by now) skipped, or at another time, in which case it rings again."""
    before = corrections.change_of(tx, files.id, Kind.ENTRY, entry.id)
    if isinstance(before, Added):
        return _stated(
            files, entry.id, Added(replace(before.entry, skipped=skipped, when=when or before.entry.when))
        )
    change = before if isinstance(before, EntryChange) else EntryChange()
    days = change.days if day is None else tuple(sorted({*change.days, day}))
    return _stated(files, entry.id, EntryChange(skipped=skipped, days=days, when=when or change.when))


def _session_correction(
    tx: Transaction,
    files: Programme,
    session: Session,
    change: SessionChange,
    now: datetime,
    *,
    over: bool = False,
) -> Correction:
    """What is different of a session; `over`: it is meant to be over by now."""
    written = _session(files, session.id)
    before = corrections.change_of(tx, files.id, Kind.SESSION, session.id)
    all_of_it = merged(before if isinstance(before, SessionChange) else None, change)
    correction = _stated(files, session.id, all_of_it)
    after, problems = corrected(files, [correction])
    if any(problem.trouble is Trouble.BACKWARDS for problem in problems):
        raise RefusedError("corrections.backwards")
    changed = after.session(session.id)
    if changed is None or not differences(session, changed):
        raise RefusedError("corrections.same")
    if changed.ends <= now and not over:
        raise RefusedError("corrections.past")
    for name in ("url", "stream"):
        address = getattr(change, name)
        if address and not address.startswith(("https://", "http://")):
            raise RefusedError("corrections.no_address", address=address[:100])
    return _stated(files, session.id, without_idle(written, all_of_it))


def _restoring(tx: Transaction, files: Programme, kind: Kind, item: str) -> Correction:
    before = corrections.change_of(tx, files.id, kind, item)
    match before:
        case None:
            raise RefusedError("corrections.same")
        case Added(entry):
            if not entry.skipped:
                raise RefusedError("corrections.same")
            return Correction(item, Added(replace(entry, skipped=False)))
        case _:
            return Correction(item, SessionChange() if kind is Kind.SESSION else EntryChange())


def _after(tx: Transaction, programme_id: str, correction: Correction, wanted: Proposal) -> Programme:
    """The programme as it will be."""
    files = tx.catalogue.as_written().programmes[programme_id]
    others = [
        each.correction
        for each in corrections.standing(tx, programme_id)
        if (each.correction.kind, each.correction.item) != (correction.kind, correction.item)
    ]
    restored = isinstance(wanted, Restore) and not isinstance(correction.change, Added)
    after, problems = corrected(files, [*others, *([] if restored else [correction])])
    wrong = [each for each in problems if each.correction is correction and each.without_effect]
    if wrong:
        raise RefusedError(f"corrections.{wrong[0].trouble}")
    return after


def _last(when: Instant | Local) -> datetime:
    """The last zone's moment."""
    if isinstance(when, Instant):
        return when.at
    return datetime.combine(when.day, when.at, Zone.WIB.tzinfo)


def _check_words(programme: Programme, text: Localised, about: Target | None) -> None:
    """Refuse what Telegram would refuse, or what nothing is filled into; raises RefusedError."""
    try:
        allowed = (*READER, *variables(programme, about))
    except NoSuchItemError as error:
        raise RefusedError("corrections.loose") from error
    for words in (text.id, text.en):
        if not words.strip():
            raise RefusedError("corrections.empty")
        try:
            unknown = [name for name in placeholders(words) if name not in allowed]
            if unknown:
                names = ", ".join(f"{{{name}}}" for name in allowed)
                raise RefusedError("corrections.no_variable", variable=f"{{{unknown[0]}}}", allowed=names)
            seen, _ = parse_html(fill(words, lambda _: "x"))
        except (TemplateError, MarkupError) as error:
            raise RefusedError("corrections.markup", refusal=str(error)) from error
        if utf16_length(seen) > _MOST_WORDS:
            raise RefusedError("corrections.too_long", most=_MOST_WORDS)


# --- what it does -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Difference:
    """What is different between two programmes, as far as the outbox has to know."""

    gone: tuple[Rung, ...]  # waves that no longer ring when they did
    personal: tuple[str, ...]  # skipped entries of personal days: owed outside waves, too
    session: tuple[Session, Session] | None  # before and after, where people would be told differently
    cards: tuple[str, ...]  # entries whose messages would say something else


def _difference(tx: Transaction, before: Programme, after: Programme, kind: Kind, item: str) -> _Difference:
    silenced = {
        entry.id
        for entry in after.timetable
        if (old := before.entry(entry.id)) is not None and old.skipped != entry.skipped
    }
    concerned = [
        entry
        for entry in (*before.timetable, *(e for e in after.timetable if before.entry(e.id) is None))
        if (kind is Kind.ENTRY and entry.id == item)
        or (kind is Kind.SESSION and isinstance(entry.when, AroundSession) and entry.when.session == item)
        or entry.id in silenced  # its session is cancelled
    ]
    gone = []
    for wave in corrections.rung(tx, before.id, [entry.id for entry in concerned]):
        entry = after.entry(wave.entry_id)
        if entry is None or not is_moment(after, entry, Zone(wave.zone), wave.due_at):
            gone.append(wave)
    personal = [
        entry.id
        for entry in after.timetable
        if kind is Kind.ENTRY and entry.id == item and entry.skipped and isinstance(entry.when, PersonalDay)
    ]
    session = None
    if kind is Kind.SESSION:
        was, becomes = before.session(item), after.session(item)
        if was is not None and becomes is not None and differences(was, becomes):
            session = (was, becomes)
    cards = [entry.id for entry in after.timetable if _says_otherwise(before, after, entry)]
    return _Difference(tuple(gone), tuple(personal), session, tuple(cards))


def _says_otherwise(before: Programme, after: Programme, entry: Entry) -> bool:
    old = before.entry(entry.id)
    try:
        return old is not None and card(before, old) != card(after, entry)
    except NoSuchItemError:
        return False


def _measured(
    tx: Transaction, before: Programme, after: Programme, kind: Kind, item: str, now: datetime
) -> Effect:
    """What the correction would do."""
    found = _difference(tx, before, after, kind, item)
    effect = _effect(before, after, kind, item, now)
    unsent = corrections.unsent(tx, [wave.id for wave in found.gone]) if found.gone else 0
    unsent += sum(corrections.unsent_for(tx, f"{before.id}/{entry_id}@") for entry_id in found.personal)
    told = revised = 0
    if found.session is not None:
        told, revised = session_notices.foreseen(tx, after, found.session, found.cards, now)
    return replace(effect, told=told, revised=revised, unsent=unsent)


def _carried_out(
    tx: Transaction, before: Programme, after: Programme, kind: Kind, item: str, now: datetime
) -> Effect:
    """Do it; `tx` has the new catalogue."""
    found = _difference(tx, before, after, kind, item)
    effect = _effect(before, after, kind, item, now)
    mark = tx.catalogue.version
    unsent = 0
    for wave in found.gone:
        unsent += corrections.take_back(tx, wave.id, mark, now)
        _carry_over(tx, before, after, wave, now)
    for entry_id in found.personal:
        unsent += corrections.take_back_for(tx, f"{before.id}/{entry_id}@", mark, now)
    told = revised = 0
    if found.session is not None:
        told, revised = session_notices.send(tx, after, found.session, found.cards, mark, now)
    return replace(effect, told=told, revised=revised, unsent=unsent)


def _carry_over(tx: Transaction, before: Programme, after: Programme, wave: Rung, now: datetime) -> None:
    """Who has had an entry that is moved has had it, and gets it no second time.

    But where its session is put off, it rings for everybody again: "in ten minutes" is true once more.
    """
    old, new = before.entry(wave.entry_id), after.entry(wave.entry_id)
    zone = Zone(wave.zone)
    if old is None or new is None or isinstance(new.when, Recurring | PersonalDay) or new.skipped:
        return
    moment = next(moments(after, new, zone, now - _FAR, now + _FAR), None)
    if moment is None:
        return
    if old.when == new.when and moment > now:
        corrections.let_expire(tx, wave.id, now)
        return
    corrections.carry_over(tx, wave.id, planning.reason_of(after, new, zone, moment))


def _effect(before: Programme, after: Programme, kind: Kind, item: str, now: datetime) -> Effect:
    moves = []
    for entry in after.timetable:
        old = before.entry(entry.id)
        was = None if old is None else _next(before, old, now)
        becomes = _next(after, entry, now)
        if was != becomes:
            moves.append((entry.id, was, becomes))
    left = []
    session = after.session(item) if kind is Kind.SESSION else None
    if session is not None:
        about = Target(Item.SESSION, session.id)
        for entry in after.timetable:
            if entry.about != about or isinstance(entry.when, AroundSession) or entry.skipped:
                continue
            coming = _next(after, entry, now)
            if coming is not None and coming > session.starts:
                left.append(entry.id)
    return Effect(after, item, kind, moves=tuple(moves), left=tuple(left))


def _next(programme: Programme, entry: Entry, now: datetime) -> datetime | None:
    """The first moment of the entry, in any zone, that is not over."""
    found = (
        next(moments(programme, entry, zone, now - entry.not_after, now + _FAR), None)
        for zone in zones(entry)
    )
    return min((moment for moment in found if moment is not None), default=None)


def _after_all_that_was_said(
    tx: Transaction, programme: Programme, correction: Correction, now: datetime
) -> datetime:
    """The moment of a correction: `now`, or just after the last message that says what was true before.

    An event waits for its turn at the database, and messages are sent meanwhile.
    """
    session = programme.session(correction.item) if correction.kind is Kind.SESSION else None
    if session is None:
        return now
    said_at = corrections.last_said(tx, session_notices.said_in(tx, programme, session))
    return now if said_at is None or said_at < now else said_at + timedelta(microseconds=1)


# --- the audit ----------------------------------------------------------------------------------------


def _action(wanted: Proposal, correction: Correction) -> Action:
    match wanted:
        case AddEntry():
            return Action.ENTRY_ADDED
        case SkipEntry():
            return Action.ENTRY_SKIPPED
        case MoveEntry():
            return Action.ENTRY_MOVED
        case Restore() if correction.kind is Kind.ENTRY:
            return Action.ENTRY_RESTORED
    return Action.SESSION_CHANGED


def _for_the_audit(
    before: Programme, after: Programme, correction: Correction, wanted: Proposal
) -> dict[str, Any]:
    """What was, and what is, in words."""
    item = correction.item
    if correction.kind is Kind.SESSION:
        was, now = before.session(item), after.session(item)
        if was is None or now is None:
            return {}
        told, tells = told_of(was), told_of(now)
        changed = differences(was, now)
        return {"was": {name: told[name] for name in changed}, "is": {name: tells[name] for name in changed}}
    old, new = before.entry(item), after.entry(item)
    words: dict[str, Any] = {"is": None if new is None else in_words(new.when)}
    if old is not None and (new is None or old.when != new.when):
        words["was"] = in_words(old.when)
    if isinstance(wanted, SkipEntry) and wanted.day is not None:
        words["day"] = wanted.day.isoformat()
    return words
