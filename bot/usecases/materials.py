"""Materials: sent by a speaker, looked at, handed out now or with their session, replaced, taken back.

The deeds, for the chat and for the page alike; each checks who does it, and at which session. What waits
for a session is handed out by `session_reached`; speakers whose session nears without any are told by
`remind`. At the end, what participants ask for.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select

from bot.content.markup import plain, width
from bot.domain import materials as domain
from bot.domain.audit import Action
from bot.domain.forms import short_moment
from bot.domain.materials import Release, State
from bot.domain.messages import Button, Lane, Reply, Say, Tap, Value
from bot.domain.messages import Material as Reference
from bot.domain.people import Person, Role
from bot.domain.posts import ALBUM_MOST, Post, joined
from bot.domain.programme import Audience, Programme, Session
from bot.domain.sessions import State as Step
from bot.domain.staff import Actor, Right
from bot.domain.zones import Zone
from bot.storage import announcements, audience, audit, outbox, people, staff, waves
from bot.storage import materials as stored
from bot.storage.copies import Times
from bot.storage.database import Transaction
from bot.storage.materials import Material
from bot.storage.outbox import Recipient
from bot.storage.spans import Span
from bot.storage.waves import Ringing
from bot.usecases import copies, posts, slices
from bot.usecases.menu import OLD_BUTTON
from bot.usecases.refusal import RefusedError, UnknownError
from bot.usecases.slices import Taken

ACTION = "k-materi"
"""The action of the buttons by which speakers and coordinators deal with materials."""

TAKE = "materi"
"""The action of the buttons by which participants get them."""

AT_ONCE = 8
"""So many materials of a session are sent to who asks for all of them."""

_BY = timedelta(minutes=30)
_WORTH = timedelta(days=2)
_WHOM = Audience(roles=(Role.PARTICIPANT.value,))

HAND_OUT = "hand_out"
"""The step in which people are handed a material (`usecases.slices`)."""
_SHOWN = 30  # materials of one session that are listed


@dataclass(frozen=True, slots=True)
class Plan:
    """What handing it out now would mean: to how many, and from when on (None: no hour is open)."""

    people: int
    starts: datetime | None


# --- who may ----------------------------------------------------------------------------------------------


def sessions(actor: Actor, programme: Programme) -> list[Session]:
    """The sessions at which somebody may hand something out."""
    if not actor.may(Right.SPEAK) or programme.id != actor.person.programme:
        return []
    return [each for each in programme.sessions if actor.speaks_at(each.id)]


def session_of(tx: Transaction, actor: Actor, session_id: str) -> Session:
    """That session, if it is theirs; raises RefusedError."""
    programme = _programme(tx, actor.person.programme)
    found = next((each for each in sessions(actor, programme) if each.id == session_id), None)
    if found is None:
        raise RefusedError("materials.not_yours")
    return found


def of(tx: Transaction, actor: Actor, material_id: int, *, to_change: bool = True) -> Material:
    """The material, for somebody who may deal with it: of a session of theirs, or their own draft.

    Not `to_change`: to look at it only, in a transaction that cannot write. Raises RefusedError.
    """
    found = stored.material(tx, material_id, to_change=to_change)
    if found is None or found.programme_id != actor.person.programme or not actor.may(Right.SPEAK):
        raise UnknownError("materials.unknown")
    mine = found.author_id == actor.person.id
    if found.session_id is None or found.state is State.DRAFT:
        if not mine:
            raise UnknownError("materials.unknown")
        if found.session_id is None:
            return found
    if not actor.speaks_at(found.session_id):
        raise UnknownError("materials.unknown")
    return found


# --- drafts -----------------------------------------------------------------------------------------------


def draft(
    tx: Transaction,
    actor: Actor,
    post: Post,
    name: str,
    now: datetime,
    *,
    chat_id: int,
    album: str | None = None,
) -> Material:
    """Note what somebody wants to hand out; raises RefusedError."""
    if not sessions(actor, _programme(tx, actor.person.programme)):
        raise RefusedError("materials.no_session")
    shown = plain(post.words)
    if width(shown) > domain.longest(post):
        raise RefusedError("materials.too_long", most=domain.longest(post))
    values = {
        "programme_id": actor.person.programme,
        "author_id": actor.person.id,
        "author": actor.person.name,
        "chat_id": chat_id,
        "album": album,
    }
    number = stored.add(tx, values, post, domain.label(post, name, shown), actor.person.id, now)
    return of(tx, actor, number)


def join_album(tx: Transaction, actor: Actor, album: str, post: Post, now: datetime) -> bool:
    """Another file of an album whose first made a draft; whether there is one."""
    found = stored.of_album(tx, actor.person.id, album)
    if found is None or len(found.post.pieces) >= ALBUM_MOST:
        return found is not None
    stored.write(tx, found.id, 1, joined(found.post, post), found.name, found.chat_id, actor.person.id, now)
    return True


def place(tx: Transaction, actor: Actor, material_id: int, session_id: str) -> Material:
    """Say at which session a draft is handed out; raises RefusedError."""
    found = _drafted(tx, actor, material_id)
    session_of(tx, actor, session_id)
    stored.change(tx, found.id, session_id=session_id, replaces=None)
    return of(tx, actor, found.id)


def make_newer(tx: Transaction, actor: Actor, material_id: int, of_id: int | None) -> Material:
    """Say that a draft is to be the newer version of a material (None: of none); raises RefusedError."""
    found = _drafted(tx, actor, material_id)
    if of_id is not None:
        before = of(tx, actor, of_id)
        if before.state not in (State.WAITING, State.OUT):
            raise RefusedError("materials.not_any_more")
        stored.change(tx, found.id, session_id=before.session_id, replaces=before.id)
    else:
        stored.change(tx, found.id, replaces=None)
    return of(tx, actor, found.id)


def replaceable(tx: Transaction, found: Material) -> list[Material]:
    """The materials of a draft's session of which it could be the newer version."""
    if found.session_id is None:
        return []
    there = stored.of_session(tx, found.programme_id, found.session_id)
    return [each for each in there if each.state in (State.WAITING, State.OUT)]


def discard(tx: Transaction, actor: Actor, material_id: int) -> None:
    """Forget a draft; raises RefusedError."""
    stored.remove(tx, _drafted(tx, actor, material_id).id)


def _drafted(tx: Transaction, actor: Actor, material_id: int) -> Material:
    found = of(tx, actor, material_id)
    if found.state is not State.DRAFT:
        raise RefusedError("materials.not_any_more")
    return found


# --- handing out ------------------------------------------------------------------------------------------


def plan(tx: Transaction, found: Material, now: datetime) -> Plan:
    """What handing it out now would mean."""
    programme = _programme(tx, found.programme_id)
    session = programme.session(found.session_id or "")
    if session is None:
        raise RefusedError("materials.session_gone")
    starts = {zone: _starts(programme, session, zone, now) for zone in Zone}
    before = None if found.replaces is None else stored.material(tx, found.replaces)
    narrowed = before is not None and _only_those(tx, before, before.version)
    # As if it were the newer version already: who has the one that holds now is meant.
    meant = found if before is None else dataclasses.replace(before, version=before.version + 1)
    number = sum(
        audience.count(tx, _whom(programme, meant, zone, narrowed=narrowed))
        for zone, at in starts.items()
        if at is not None
    )
    return Plan(number, min((at for at in starts.values() if at is not None), default=None))


def release(
    tx: Transaction, actor: Actor, material_id: int, when: Release, now: datetime
) -> tuple[Material, int]:
    """Hand it out now, or when its session starts or ends; the material, and to how many it goes now.

    What waits can be handed out at another moment. Raises RefusedError.
    """
    found = of(tx, actor, material_id)
    if found.state not in (State.DRAFT, State.WAITING) or found.replaces is not None:
        raise RefusedError("materials.not_any_more")
    session = session_of(tx, actor, found.session_id or "")
    stored.unsay_none(tx, found.programme_id, session.id)
    if when is not Release.NOW and not domain.is_due(session, when, now):
        stored.change(tx, found.id, state=State.WAITING.value, release=when.value)
        _note(tx, actor, Action.MATERIAL_PLANNED, found, now, release=when.value)
        return of(tx, actor, found.id), 0
    number = _hand_out(tx, found, session, now)
    stored.change(tx, found.id, release=when.value)
    _note(tx, actor, Action.MATERIAL_RELEASED, found, now, people=number)
    return of(tx, actor, found.id), number


def replace(tx: Transaction, actor: Actor, material_id: int, now: datetime) -> tuple[Material, int]:
    """Put a draft in the place of the material that it is the newer version of.

    Where that is out, those who have it (or were about to get it) get the newer version, and copies of the
    old one say that they are old; to how many it goes. Everybody else finds the newer one at `/materi`.
    Raises RefusedError.
    """
    new = _drafted(tx, actor, material_id)
    if new.replaces is None:
        raise RefusedError("materials.not_any_more")
    found = of(tx, actor, new.replaces)
    session = session_of(tx, actor, found.session_id or "")
    if found.state not in (State.WAITING, State.OUT):
        raise RefusedError("materials.not_any_more")
    was, version = found.version, found.version + (found.state is State.OUT)
    stored.write(tx, found.id, version, new.post, new.name, new.chat_id, actor.person.id, now)
    stored.change(tx, found.id, version=version)
    stored.remove(tx, new.id)
    number = 0
    current = of(tx, actor, found.id)
    if found.state is State.OUT:
        waves.wait_for_joiners(tx, found.programme_id)  # a slice of the old one that is being made is seen
        narrowed = _only_those(tx, found, was)
        stored.withdraw_owed(tx, found, was, now, stored.REPLACED)
        if found.post.pieces[0].kind not in domain.COPIED:
            copies.revise(
                tx,
                _programme(tx, found.programme_id),
                stored.copies(tx, found, [was]),
                reason=current.wave(),
                lane=Lane.REMINDER,
                now=now,
            )
        number = _hand_out(tx, current, session, now, narrowed=narrowed)
    _note(tx, actor, Action.MATERIAL_REPLACED, current, now, people=number, version=version)
    return of(tx, actor, found.id), number


def withdraw(tx: Transaction, actor: Actor, material_id: int, now: datetime) -> int:
    """Take a material back, from everybody who has it; how many copies. Twice does no harm."""
    found = of(tx, actor, material_id)
    if found.state is State.DRAFT:
        raise RefusedError("materials.not_any_more")
    number = 0
    if found.released_at is not None:
        number = copies.recall(
            tx,
            _programme(tx, found.programme_id),
            stored.copies(tx, found, range(1, found.version + 1)),
            note=Say("materials.withdrawn_note"),
            reason=f"material:{found.id}",
            lane=Lane.REMINDER,
            now=now,
        )
    if found.state is not State.WITHDRAWN:
        stored.change(tx, found.id, state=State.WITHDRAWN.value, withdrawn_at=now)
        _note(tx, actor, Action.MATERIAL_WITHDRAWN, found, now, people=number)
    return number


def needs_none(tx: Transaction, actor: Actor, session_id: str, now: datetime) -> Session:
    """Say that a session has no material: nobody is reminded any more. Raises RefusedError."""
    session = session_of(tx, actor, session_id)
    stored.say_none(tx, actor.person.programme, session_id, actor.person.id, now)
    audit.note(tx, actor, Action.MATERIAL_NOT_NEEDED, now, kind="session", subject=session_id)
    return session


def _only_those(tx: Transaction, found: Material, version: int) -> bool:
    """Whether a newer version goes to those who have this one, which has been planned for everybody."""
    return found.state is State.OUT and not stored.is_in_the_making(tx, found, version)


def _whom(programme: Programme, found: Material, zone: Zone | None, *, narrowed: bool) -> Select[int]:
    """Whom a version is handed out to: everybody, or (`narrowed`) those who have had an earlier one."""
    people = audience.people(programme, _WHOM, zone=zone)
    return people.where(stored.has_had(found)) if narrowed else people


def _hand_out(
    tx: Transaction, found: Material, session: Session, now: datetime, *, narrowed: bool = False
) -> int:
    """Owe the version that holds, from their next open hour on, in slices; how many at once."""
    programme = _programme(tx, found.programme_id)
    waves.wait_for_joiners(tx, programme.id)
    number = 0
    free = now
    for zone in Zone:
        starts = _starts(programme, session, zone, now)
        if starts is None:
            continue
        wave_id = waves.note(tx, programme, found.wave(), _times(starts), now, zone=zone)
        free = max(free, starts)
        step = slices.Step(
            HAND_OUT,
            {
                "material": found.id,
                "version": found.version,
                "free": free.isoformat(),
                "narrowed": narrowed,
            },
        )
        number += slices.begin(tx, wave_id, step, owe, now, most=slices.SLICE - number)[0]
        if apart := posts.apart(tx, found.post):
            free += apart * audience.count(tx, _whom(programme, found, zone, narrowed=narrowed))
    stored.change(tx, found.id, state=State.OUT.value, released_at=found.released_at or now)
    return number


def owe(tx: Transaction, wave: Ringing, step: slices.Step, now: datetime) -> Taken:
    """Owe a material to the next of those who are meant, where that version still holds."""
    found = stored.material(tx, step.details["material"])
    programme = tx.catalogue.programme(wave.programme_id)
    if found is None or programme is None or now > wave.not_after:
        return Taken(0)
    if found.state is State.WITHDRAWN or found.version != step.details["version"]:
        return Taken(0)
    waves.wait_for_joiners(tx, programme.id)
    span = Span(step.after, people.further(tx, programme.id, step.after, slices.SLICE))
    before = announcements.last_row(tx)
    mailing = outbox.mailing(
        tx,
        span.of(_whom(programme, found, wave.zone, narrowed=step.details.get("narrowed", False))),
        Reference(found.id, found.version),
        reason=found.wave(),
        lane=Lane.REMINDER,
        now=now,
        wave_id=wave.id,
        **_times(wave.due_at)._asdict(),
    )
    number = mailing.owe(tx)
    free = datetime.fromisoformat(step.details["free"])
    if number and (apart := posts.apart(tx, found.post)):
        free = announcements.spread(tx, wave.id, apart, since=free, after=before)
    return Taken(number, span.upto, details={**step.details, "free": free.isoformat()})


def _times(starts: datetime) -> Times:
    return Times(starts, starts + _BY, starts + _WORTH)


def _starts(programme: Programme, session: Session, zone: Zone, now: datetime) -> datetime | None:
    return now if domain.goes_through(session, now) else programme.windows.next_open(now, zone)


def _programme(tx: Transaction, programme_id: str) -> Programme:
    programme = tx.catalogue.programme(programme_id)
    if programme is None:
        raise UnknownError("materials.unknown")
    return programme


def _note(
    tx: Transaction,
    actor: Actor,
    action: Action,
    found: Material,
    now: datetime,
    *,
    people: int | None = None,
    **details: Any,
) -> None:
    audit.note(
        tx,
        actor,
        action,
        now,
        kind="material",
        subject=found.id,
        people=people,
        session=found.session_id,
        name=found.name,
        **details,
    )


# --- what happens by itself -------------------------------------------------------------------------------


def session_reached(
    tx: Transaction, programme: Programme, session: Session, step: Step, now: datetime
) -> None:
    """What waited for the session to start, or end, is handed out. Twice does nothing."""
    if step not in (Step.STARTED, Step.MATERIALS_OUT):
        return
    for each in stored.of_session(tx, programme.id, session.id):
        if each.state is not State.WAITING or not domain.is_due(session, each.release, now):
            continue
        found = stored.material(tx, each.id, to_change=True)  # it may just have been taken back
        if found is not None and found.state is State.WAITING:
            _hand_out(tx, found, session, now)


def session_counts(tx: Transaction, programme: Programme, session: Session) -> Sequence[Say]:
    """How much there is of a session, for coordinators."""
    return (standing(tx, programme, session),)


def standing(tx: Transaction, programme: Programme, session: Session) -> Say:
    """How much there is of a session, in a few words."""
    states = [each.state for each in stored.of_session(tx, programme.id, session.id)]
    out, waiting = states.count(State.OUT), states.count(State.WAITING)
    if out or waiting:
        return Say("materials.has", {"out": out, "waiting": waiting})
    without = session.id in stored.without(tx, programme.id)
    return Say("materials.has_none_needed" if without else "materials.has_none")


def remind(tx: Transaction, programme_id: str, session_id: str, now: datetime) -> int:
    """A session nears: where its speakers have sent nothing, they and the coordinators are told; how many.

    Each of the reminders once, and only the latest of them that is due.
    """
    programme = tx.catalogue.programme(programme_id)
    session = None if programme is None else programme.session(session_id)
    nearing = None if session is None else domain.reminded(session, now)
    if programme is None or session is None or nearing is None:
        return 0
    speakers = [each for each in staff.staff(tx, programme_id) if session_id in each.sessions]
    if not speakers or not _lacks(tx, programme, session):
        return 0
    reason = f"material-lacks:{session_id}@{session.starts:%Y%m%dT%H%M}Z-{nearing.ahead.total_seconds():.0f}"
    names = ", ".join(each.person.name for each in speakers)
    said: dict[str, Value] = {"title": session.title, "starts": session.starts, "speakers": names}
    rows = ((Button(Say("materials.button_none"), Tap(ACTION, session_id, "none")),),)
    told = 0
    for each in speakers:
        told += _tell(tx, programme, each, Say("materials.remind", said, rows), reason, session, now)
    seers = [each for each in staff.staff(tx, programme_id) if each.may(Right.RUN_SESSIONS)]
    for each in seers:
        if each not in speakers:
            told += _tell(tx, programme, each, Say("materials.remind_seers", said), reason, session, now)
    return told


def _tell(
    tx: Transaction,
    programme: Programme,
    actor: Actor,
    say: Say,
    reason: str,
    session: Session,
    now: datetime,
) -> int:
    opens = programme.windows.next_open(now, actor.person.zone)
    # Two hours before a morning's session is before the windows open: it is told all the same.
    due_at = now if opens is None or opens > session.starts - min(domain.AHEAD) else opens
    return outbox.owe(
        tx,
        Recipient(person_id=actor.person.id),
        say,
        reason=reason,
        lane=Lane.REMINDER,
        now=now,
        due_at=due_at,
        not_after=max(session.starts, due_at),
    )


def _lacks(tx: Transaction, programme: Programme, session: Session) -> bool:
    there = stored.of_session(tx, programme.id, session.id)
    return session.id not in stored.without(tx, programme.id) and not any(
        each.state in (State.WAITING, State.OUT) for each in there
    )


# --- in words -------------------------------------------------------------------------------------------


def state_in_words(found: Material) -> Say:
    """How a material stands."""
    match found.state:
        case State.WAITING:
            return Say(f"materials.state_waiting_{found.release}")
        case State.OUT if found.released_at is not None:
            key = "state_out" if found.version == 1 else "state_out_newer"
            at = short_moment(found.released_at)
            return Say(f"materials.{key}", {"at": at, "version": found.version})
    return Say("materials.state_withdrawn")


def sent_in_words(tx: Transaction, found: Material) -> Say | None:
    """How many have the version that holds, of how many; None where nobody has been owed it."""
    if found.state is not State.OUT:
        return None
    ids = [row.id for row in announcements.waves(tx, found.programme_id, [found.wave()])]
    tally = announcements.tally(tx, ids)
    return Say("materials.sent", {"sent": tally.get("sent", 0), "total": sum(tally.values())})


# --- what participants ask for ----------------------------------------------------------------------------


def overview(tx: Transaction, person: Person, programme: Programme) -> Reply:
    """`/materi`: the sessions of which something is out; of a single one, what there is."""
    out = stored.of_programme(tx, person.programme, State.OUT)
    numbers = {
        session.id: number
        for session in programme.sessions
        if (number := sum(each.session_id == session.id for each in out))
    }
    if not numbers:
        return Reply((Say("materials.nothing_out"),))
    if len(numbers) == 1:
        return _of_session(tx, programme, next(iter(numbers)))
    rows = tuple(
        (
            Button(
                Say("materials.button_session", {"title": session.title, "count": numbers[session.id]}),
                Tap(TAKE, session.id, "show"),
            ),
        )
        for session in programme.sessions
        if session.id in numbers
    )
    return Reply((Say("materials.sessions", {}, rows),))


def tap(tx: Transaction, person: Person, programme: Programme, tapped: Tap) -> Reply:
    """A participant's button: a session's materials, one of them, or all."""
    match tapped.choice:
        case "list":
            return overview(tx, person, programme)
        case "show" if programme.session(tapped.item) is not None:
            return _of_session(tx, programme, tapped.item)
        case "all" if programme.session(tapped.item) is not None:
            out = _out(tx, programme, tapped.item)
            return Reply(tuple(Reference(each.id, each.version) for each in out[:AT_ONCE]))
        case "get" if tapped.item.isdecimal() and len(tapped.item) <= 12:
            found = stored.material(tx, int(tapped.item))
            if found is not None and found.programme_id == programme.id:
                if found.state is State.OUT:
                    return Reply((Reference(found.id, found.version),))
                return Reply((Say("materials.not_out_any_more"),))
    return Reply((OLD_BUTTON,))


def _of_session(tx: Transaction, programme: Programme, session_id: str) -> Reply:
    session = programme.session(session_id)
    out = _out(tx, programme, session_id)
    if session is None or not out:
        return Reply((Say("materials.nothing_out_yet"),))
    if len(out) == 1:
        return Reply((Reference(out[0].id, out[0].version),))
    rows = [
        (
            Button(
                Say("materials.button_one", {"number": number, "material": each.name}),
                Tap(TAKE, str(each.id), "get"),
            ),
        )
        for number, each in enumerate(out, start=1)
    ]
    if len(out) <= AT_ONCE:
        rows.append((Button(Say("materials.button_all"), Tap(TAKE, session_id, "all")),))
    lines = tuple(
        Say(
            "materials.line_out",
            {"number": number, "material": each.name, "at": short_moment(each.released_at)},
        )
        for number, each in enumerate(out, start=1)
        if each.released_at is not None
    )
    said: dict[str, Value] = {"title": session.title, "lines": lines}
    return Reply((Say("materials.of_session", said, tuple(rows)),))


def _out(tx: Transaction, programme: Programme, session_id: str) -> list[Material]:
    there = stored.of_session(tx, programme.id, session_id)
    return [each for each in there if each.state is State.OUT][:_SHOWN]
