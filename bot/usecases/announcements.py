"""Announcements: written, looked at, approved by a second coordinator, sent, corrected, taken back.

The deeds, for the chat and for the page alike; each checks who does it, and on whom. What is to be done later
(at its time, after the first handful, at the end) is done by `advance`, which looks at the world and may be
called at any time.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.content.markup import plain, width
from bot.domain import announcements as domain
from bot.domain.announcements import BEFORE, UNDER_WAY, Part, Plan, State, Whom
from bot.domain.audit import Action
from bot.domain.forecast import Wave, forecast
from bot.domain.messages import Announcement as Reference
from bot.domain.messages import Button, Lane, Progress, Revise, Say, Tap, Value
from bot.domain.posts import ALBUM_MOST, Post, joined
from bot.domain.programme import Programme
from bot.domain.staff import Actor, Right, Scope
from bot.storage import announcements as stored
from bot.storage import audit, groups, outbox, people, staff, waves
from bot.storage.announcements import Announcement, Meant
from bot.storage.copies import Times
from bot.storage.database import Transaction
from bot.storage.outbox import Recipient
from bot.storage.spans import Span
from bot.storage.waves import Ringing
from bot.usecases import announcement_words as in_words
from bot.usecases import copies, forecasts, planning, posts, slices
from bot.usecases import whom as whom_of
from bot.usecases.forecasts import MARGIN
from bot.usecases.refusal import RefusedError, UnknownError
from bot.usecases.slices import Step, Taken

OWE, RELEASE = "announce", "release"
"""What the steps are called in which an announcement's waves are made (`usecases.slices`)."""

EVERY = timedelta(seconds=4)
"""How often what is under way is looked at, and its progress told at most."""

_RARELY = timedelta(minutes=10)
_WORTH = timedelta(days=1)  # so much after it is late it is worth nothing


# --- who may ----------------------------------------------------------------------------------------------


def of(tx: Transaction, actor: Actor, announcement_id: int, *, to_change: bool = True) -> Announcement:
    """The announcement, for somebody who may see it and deal with it; raises RefusedError.

    Not `to_change`: to look at it only, in a transaction that cannot write.
    """
    found = stored.announcement(tx, announcement_id, to_change=to_change)
    if (
        found is None
        or found.programme_id != actor.person.programme
        or not (actor.may(Right.ANNOUNCE) or actor.may(Right.APPROVE))
        or not (found.author_id == actor.person.id or _covers(tx, actor, found))
    ):
        raise UnknownError("announce.unknown")
    return found


def seen(tx: Transaction, actor: Actor, *, limit: int = 10) -> list[Announcement]:
    """The newest announcements that somebody may see."""
    if not actor.may(Right.ANNOUNCE):
        return []
    newest = stored.announcements(tx, actor.person.programme, limit=3 * limit)
    mine = [each for each in newest if each.author_id == actor.person.id or _covers(tx, actor, each)]
    return mine[:limit]


def _covers(tx: Transaction, actor: Actor, announcement: Announcement) -> bool:
    """Whether all whom the announcement means are those whom they reach."""
    if actor.scope.whole:
        return True
    programme = tx.catalogue.programme(announcement.programme_id)
    if programme is None or announcement.whom.chats:
        return False
    scope = _authors_scope(tx, announcement)
    return stored.beyond(tx, programme, announcement.whom, scope, actor.scope) == 0


def _authors_scope(tx: Transaction, announcement: Announcement) -> Scope:
    return Scope() if announcement.author_id is None else staff.scope(tx, announcement.author_id)


def _drafted(tx: Transaction, actor: Actor, announcement_id: int) -> Announcement:
    """An announcement that nobody has yet, for its author or who sees everybody; raises RefusedError.

    It reaches whom its author reaches: somebody else who is limited could else widen it beyond themselves.
    """
    found = of(tx, actor, announcement_id)
    if found.author_id != actor.person.id and not actor.scope.whole:
        raise UnknownError("announce.unknown")
    return found


def _must(actor: Actor, right: Right) -> None:
    if not actor.may(right):
        raise RefusedError("announce.not_allowed")


def approvers(tx: Transaction, announcement: Announcement, version: int) -> list[Actor]:
    """Who may agree to that wording: neither its author nor who wrote it, and all it reaches are theirs."""
    found = stored.newest(tx, announcement.id)
    writers = {announcement.author_id, found.written_by if found is not None else None}
    return [
        each
        for each in staff.staff(tx, announcement.programme_id)
        if each.may(Right.APPROVE) and each.person.id not in writers and _covers(tx, each, announcement)
    ]


# --- drafts -----------------------------------------------------------------------------------------------


def draft(
    tx: Transaction, actor: Actor, post: Post, now: datetime, *, chat_id: int | None, album: str | None = None
) -> int:
    """Note what somebody wants to announce; the announcement's number. Raises RefusedError."""
    _must(actor, Right.ANNOUNCE)
    values = {
        "programme_id": actor.person.programme,
        "author_id": actor.person.id,
        "author": actor.person.name,
        "chat_id": chat_id,
        "album": album,
    }
    return stored.add(tx, values, post, actor.person.id, now)


def join_album(tx: Transaction, actor: Actor, album: str, post: Post, now: datetime) -> bool:
    """Another file of an album whose first made a draft; whether there is one."""
    found = stored.of_album(tx, actor.person.id, album)
    if found is None or len(found.post.pieces) >= ALBUM_MOST:
        return found is not None
    stored.write(tx, found.id, found.version, joined(found.post, post), actor.person.id, now, state="used")
    return True


def choose(
    tx: Transaction,
    actor: Actor,
    announcement_id: int,
    *,
    whom: Whom | None = None,
    urgent: bool | None = None,
) -> Announcement:
    """Say for whom it is, and whether it goes through sending windows; what was agreed to is open again."""
    _must(actor, Right.ANNOUNCE)
    found = _drafted(tx, actor, announcement_id)
    if found.state is not State.DRAFT:
        raise RefusedError("announce.not_any_more")
    if whom is not None and whom.chats:
        _must(actor, Right.REACH_GROUPS)
    values = {
        **({} if whom is None else {"whom": whom}),
        **({} if urgent is None else {"urgent": urgent}),
        "approved_by": None,
        "approved_at": None,
    }
    stored.change(tx, found.id, **values)
    return of(tx, actor, announcement_id)


def saved_audiences(tx: Transaction, actor: Actor) -> list[tuple[int, str, Whom]]:
    """The saved audiences that somebody may choose: number, name, whom.

    Who is limited has their own: the names of others' would tell of people whom they must not see.
    """
    made_by = None if actor.scope.whole else actor.person.id
    return stored.audiences(tx, actor.person.programme, made_by=made_by)


def save_audience(
    tx: Transaction, actor: Actor, announcement_id: int, name: str, now: datetime
) -> Announcement:
    """Keep for whom that announcement is under a name, in the place of one's own of that name."""
    _must(actor, Right.ANNOUNCE)
    found = _drafted(tx, actor, announcement_id)
    programme_id, person_id = actor.person.programme, actor.person.id
    mine = {each[1] for each in stored.audiences(tx, programme_id, made_by=person_id)}
    if name not in mine and name in {each[1] for each in stored.audiences(tx, programme_id)}:
        raise RefusedError("announce.name_taken")
    stored.save_audience(tx, programme_id, name, found.whom, person_id, now)
    return found


def rewrite(tx: Transaction, actor: Actor, announcement_id: int, post: Post, now: datetime) -> int:
    """Another wording: of what nobody has yet it holds at once, else it is a proposal; its number.

    What was approved has to be approved anew.
    """
    _must(actor, Right.ANNOUNCE)
    found = of(tx, actor, announcement_id)
    newest = stored.newest(tx, found.id)
    version = (newest.version if newest is not None else found.version) + 1
    if found.state in BEFORE:
        found = _drafted(tx, actor, announcement_id)
        stored.write(tx, found.id, version, post, actor.person.id, now, state="used")
        stored.change(tx, found.id, version=version, state=State.DRAFT, approved_by=None, approved_at=None)
        return version
    if found.recalled_at is not None or found.state is State.CANCELLED:
        raise RefusedError("announce.not_any_more")
    if not found.post.editable or post.pieces[0].kind not in ("text", found.post.pieces[0].kind):
        raise RefusedError("announce.words_only")
    pieces = list(found.post.pieces)
    place = next((n for n, piece in enumerate(pieces) if piece.words), 0)
    pieces[place] = replace(pieces[place], words=post.words)
    stored.write(tx, found.id, version, Post(tuple(pieces)), actor.person.id, now, state="draft")
    return version


def discard(tx: Transaction, actor: Actor, announcement_id: int) -> None:
    """Forget a draft."""
    found = of(tx, actor, announcement_id)
    if found.state is not State.DRAFT or found.author_id != actor.person.id:
        raise RefusedError("announce.not_any_more")
    stored.remove(tx, found.id)


# --- looking ahead ----------------------------------------------------------------------------------------


def plan(
    tx: Transaction,
    announcement: Announcement,
    now: datetime,
    *,
    at: datetime | None = None,
    post: Post | None = None,
) -> Plan:
    """What sending it `at` a time (else now) would mean, as things stand."""
    programme = _programme(tx, announcement)
    scope = _authors_scope(tx, announcement)
    meant = stored.meant(tx, programme, announcement.whom, scope)
    said = post or announcement.post
    parts = _parts(tx, programme, announcement, meant, max(now, at or now), now)
    found = [
        *domain.problems(
            said,
            plain(said.words),
            announcement.whom,
            longest=_longest(tx, programme, said, scope),
        ),
    ]
    return Plan(
        parts,
        meant.never,
        meant.blocked,
        len(announcement.whom.chats),
        tuple(found),
        _needs_approval(programme, meant.people),
    )


def _needs_approval(programme: Programme, people: int) -> bool:
    return programme.approval is not None and people > programme.approval


def _longest(tx: Transaction, programme: Programme, post: Post, scope: Scope) -> int:
    """How long the words are for the person with the longest name and office, in UTF-16 units, at most."""
    name, office = stored.longest(tx, programme, scope)
    values = {"nama": name, "name": name, "satker": office, "portal": programme.portal.name}
    values["program"] = max(programme.title.id, programme.title.en, key=len)
    shown = plain(post.words)
    for variable in domain.variables(shown):
        if variable in values:
            shown = shown.replace(f"{{{variable}}}", values[variable])
        elif variable == domain.TIME:
            # "Senin, 30 November 2026 pukul 09.00 WITA (08.00 WIB / …)" is longer than what asks for it.
            shown += " " * 50 * shown.count(f"{{{variable}")
    return width(shown)


def _parts(
    tx: Transaction,
    programme: Programme,
    announcement: Announcement,
    meant: Meant,
    start: datetime,
    now: datetime,
) -> tuple[Part, ...]:
    """From when and until when each zone is written to, beside all that is under way."""
    starts = {
        zone: start if announcement.urgent else programme.windows.next_open(start, zone)
        for zone in meant.reached
    }
    weight = len(announcement.post.pieces)
    mine = [
        Wave(zone.value, meant.reached[zone] * weight, at, at + MARGIN, announcement.lane)
        for zone, at in starts.items()
        if at is not None
    ]
    found = forecast([*forecasts.under_way(waves.loads(tx), now), *mine], forecasts.pace(tx, now))
    lasts = {each.wave.key: each.last for each in found[len(found) - len(mine) :]}
    return tuple(
        Part(zone, number, starts[zone], lasts.get(zone.value)) for zone, number in meant.reached.items()
    )


def _programme(tx: Transaction, announcement: Announcement) -> Programme:
    programme = tx.catalogue.programme(announcement.programme_id)
    if programme is None:
        raise UnknownError("announce.unknown")
    return programme


# --- sending ----------------------------------------------------------------------------------------------


def send(
    tx: Transaction,
    actor: Actor,
    announcement_id: int,
    version: int,
    now: datetime,
    *,
    at: datetime | None = None,
) -> Announcement:
    """Send it now or `at` a time; where the programme demands it, a second coordinator is asked first.

    `version` is the wording that was looked at. Raises RefusedError.
    """
    _must(actor, Right.ANNOUNCE)
    found = _drafted(tx, actor, announcement_id)
    if found.state is not State.DRAFT:
        raise RefusedError("announce.not_any_more")
    if found.version != version:
        raise RefusedError("announce.changed")
    if found.whom.chats:
        _must(actor, Right.REACH_GROUPS)
    if at is not None and at <= now:
        raise RefusedError("announce.past")
    planned = plan(tx, found, now, at=at)
    if planned.problems:
        raise RefusedError("announce.problems")
    if not planned.people and not planned.chats:
        raise RefusedError("announce.nobody")
    if any(part.starts is None for part in planned.parts):
        raise RefusedError("announce.no_open_hour")
    stored.change(tx, found.id, send_at=at)
    found = of(tx, actor, announcement_id)
    if planned.approval and found.approved_by is None:
        return _ask_approval(tx, actor, found, version, now)
    _note(tx, actor, Action.ANNOUNCED, found, now, people=planned.people)
    return _schedule_or_begin(tx, found, now, planned)


def _schedule_or_begin(tx: Transaction, found: Announcement, now: datetime, planned: Plan) -> Announcement:
    if found.send_at is not None and found.send_at > now:
        stored.change(tx, found.id, state=State.SCHEDULED)
    else:
        _begin(tx, found, now, planned)
    again = stored.announcement(tx, found.id)
    return found if again is None else again


def unschedule(tx: Transaction, actor: Actor, announcement_id: int, now: datetime) -> Announcement:
    """Take back what nobody has yet: it is a draft again."""
    _must(actor, Right.ANNOUNCE)
    found = _drafted(tx, actor, announcement_id)
    if found.state not in (State.WAITING, State.SCHEDULED):
        raise RefusedError("announce.not_any_more")
    stored.change(tx, found.id, state=State.DRAFT, approved_by=None, approved_at=None, send_at=None)
    _note(tx, actor, Action.ANNOUNCEMENT_CANCELLED, found, now)
    return of(tx, actor, announcement_id)


def _begin(tx: Transaction, found: Announcement, now: datetime, planned: Plan) -> None:
    """Owe it to everybody who is meant: to a first handful at once, to the others once those are through."""
    programme = _programme(tx, found)
    author = None if found.author_id is None else staff.actor_by_id(tx, found.author_id)
    if author is None or not author.may(Right.ANNOUNCE):
        stored.change(tx, found.id, state=State.CANCELLED, ended_at=now)
        return
    parts = sorted(
        (part for part in planned.parts if part.starts is not None), key=lambda part: part.starts or now
    )
    first = domain.first_handful(planned.people)
    trial = first > 0
    known = {each.place for each in groups.of_programme(tx, programme.id)}
    chats = [place for place in found.whom.chats if place in known]
    if not author.may(Right.REACH_GROUPS):
        chats = []
    stored.change(
        tx,
        found.id,
        state=State.TRIAL if trial else State.RUNNING,
        people=sum(part.people for part in parts) + len(chats),
        never=planned.never,
        blocked=planned.blocked,
        works=[found.name],
        started_at=now,
        ended_at=None,
    )
    made = []
    number = 0
    free = now
    for part in parts:
        times = _times(part.starts or now, part.last)
        wave_id = waves.note(tx, programme, found.name, times, now, zone=part.zone)
        free = max(free, times.due_at)
        step = Step(OWE, {"free": free.isoformat()})
        number += slices.begin(tx, wave_id, step, owe, now, most=slices.SLICE - number)[0]
        free += part.people * posts.apart(tx, found.post)
        made.append(wave_id)
    if chats:
        opens = now if found.urgent else programme.windows.next_open(now, programme.zone)
        times = _times(opens or now, None)
        wave_id = waves.note(tx, programme, found.name, times, now)
        before = stored.last_row(tx)
        owed = stored.owe_chats(tx, chats, found, wave_id, times, now, state="held" if trial else "owed")
        stored.spread(tx, wave_id, posts.apart(tx, found.post), since=max(free, times.due_at), after=before)
        waves.more(tx, wave_id, owed)
        made.append(wave_id)
    if trial:
        stored.release(tx, made, first)
    _tell_anew(tx, found, now)


def owe(tx: Transaction, wave: Ringing, step: Step, now: datetime) -> Taken:
    """Owe the announcement to the next of those who are meant: held, until the first handful is through."""
    found = stored.announcement(tx, int(wave.entry_id.partition(":")[2]))
    author = None if found is None or found.author_id is None else staff.actor_by_id(tx, found.author_id)
    programme = tx.catalogue.programme(wave.programme_id)
    if found is None or author is None or programme is None or not author.may(Right.ANNOUNCE):
        return Taken(0)
    if found.recalled_at is not None or now > wave.not_after:
        return Taken(0)
    waves.wait_for_joiners(tx, programme.id)
    upto = people.further(tx, programme.id, step.after, slices.SLICE)
    whom = stored.people(programme, found.whom, author.scope, zone=wave.zone)
    times = Times(wave.due_at, wave.everybody_by, wave.not_after)
    before = stored.last_row(tx)
    state_then = "held" if found.state is State.TRIAL else "owed"
    span = Span(step.after, upto)
    number = stored.owe(tx, whom, found, wave.id, times, now, state=state_then, span=span)
    free = datetime.fromisoformat(step.details["free"])
    if number and (apart := posts.apart(tx, found.post)):
        free = stored.spread(tx, wave.id, apart, since=free, after=before)
    return Taken(number, upto, details={"free": free.isoformat()})


def _times(starts: datetime, last: datetime | None) -> Times:
    by = (last or starts) + MARGIN
    return Times(starts, by, by + _WORTH)


# --- four eyes --------------------------------------------------------------------------------------------


def _ask_approval(
    tx: Transaction, actor: Actor, found: Announcement, version: int, now: datetime
) -> Announcement:
    """Ask whoever may agree; each sees what participants would see."""
    others = approvers(tx, found, version)
    if not others:
        raise RefusedError("announce.nobody_to_approve")
    if version == found.version:
        stored.change(tx, found.id, state=State.WAITING)
    else:
        stored.set_version(tx, found.id, version, "waiting")
    proposed = stored.post(tx, found.id, version)
    deed = Action.ANNOUNCED if version == found.version else Action.ANNOUNCEMENT_CORRECTED
    planned = plan(tx, found, now, at=found.send_at, post=None if proposed is None else proposed[1])
    _note(tx, actor, deed, found, now, people=planned.people, version=version, waits=True)
    item = f"{found.id}.{version}"
    rows = (
        (
            Button(Say("announce.button_approve"), Tap(in_words.ACTION, item, "approve")),
            Button(Say("announce.button_refuse"), Tap(in_words.ACTION, item, "refuse")),
        ),
    )
    said: dict[str, Value] = {
        "number": found.id,
        "author": actor.person.name,
        "whom": whom_of.in_words(actor, _programme(tx, found), found.whom, theirs=True),
        "plan": in_words.plan(found, planned),
    }
    kind = "ask_approval" if version == found.version else "ask_approval_of_correction"
    for other in others:
        recipient = Recipient(person_id=other.person.id)
        reason = f"{found.name}/approval/{version}@{now:%Y%m%dT%H%M%S}"
        shown = Reference(found.id, version)
        outbox.owe(tx, recipient, shown, reason=f"{reason}/shown", lane=Lane.REPLY, now=now)
        asked = Say(f"announce.{kind}", said, rows)
        outbox.owe(tx, recipient, asked, reason=reason, lane=Lane.REPLY, now=now)
    return of(tx, actor, found.id)


def approve(tx: Transaction, actor: Actor, announcement_id: int, version: int, now: datetime) -> Announcement:
    """Agree to that wording: it is sent, now or at its time. Raises RefusedError."""
    found = _to_decide(tx, actor, announcement_id, version)
    stored.change(tx, found.id, approved_by=actor.person.id, approved_at=now)
    planned = plan(tx, found, now)
    _note(tx, actor, Action.ANNOUNCEMENT_APPROVED, found, now, people=planned.people, version=version)
    _tell_author(tx, found, Say("announce.approved", {"number": found.id, "by": actor.person.name}), now)
    if version == found.version:
        return _schedule_or_begin(tx, found, now, planned)
    return _correct(tx, found, version, now)


def refuse(tx: Transaction, actor: Actor, announcement_id: int, version: int, now: datetime) -> Announcement:
    """Do not agree: it is a draft again, or the correction is dropped."""
    found = _to_decide(tx, actor, announcement_id, version)
    if version == found.version:
        stored.change(tx, found.id, state=State.DRAFT)
    else:
        stored.set_version(tx, found.id, version, "refused")
    _note(tx, actor, Action.ANNOUNCEMENT_REFUSED, found, now, version=version)
    _tell_author(tx, found, Say("announce.refused", {"number": found.id, "by": actor.person.name}), now)
    return of(tx, actor, announcement_id)


def _to_decide(tx: Transaction, actor: Actor, announcement_id: int, version: int) -> Announcement:
    _must(actor, Right.APPROVE)
    found = of(tx, actor, announcement_id)
    newest = stored.newest(tx, found.id)
    if newest is None or newest.version != version:
        raise RefusedError("announce.changed")
    waits = found.state is State.WAITING if version == found.version else newest.state == "waiting"
    if not waits:
        raise RefusedError("announce.decided")
    if all(each.person.id != actor.person.id for each in approvers(tx, found, version)):
        raise RefusedError("announce.not_by_you")
    return found


# --- under way --------------------------------------------------------------------------------------------


def pause(tx: Transaction, actor: Actor, announcement_id: int, now: datetime) -> Announcement:
    """Hold what is not sent yet; doing it twice does nothing the second time."""
    _must(actor, Right.ANNOUNCE)
    found = of(tx, actor, announcement_id)
    if found.state not in (State.TRIAL, State.RUNNING):
        raise RefusedError("announce.not_running")
    _hold(tx, found, now)
    stored.change(tx, found.id, state=State.PAUSED)
    _note(tx, actor, Action.ANNOUNCEMENT_PAUSED, found, now)
    return of(tx, actor, announcement_id)


def resume(tx: Transaction, actor: Actor, announcement_id: int, now: datetime) -> Announcement:
    """Send what is held; what failed before is forgiven."""
    _must(actor, Right.ANNOUNCE)
    found = of(tx, actor, announcement_id)
    if found.state not in (State.PAUSED, State.STOPPED):
        raise RefusedError("announce.not_held")
    for row in _waves(tx, found):
        wave = waves.ringing(tx, row.id)
        if wave is not None and wave.state == "stopped":
            planning.go_on(tx, wave, now)
            waves.resume(tx, wave.id, now)
    stored.change(tx, found.id, state=State.RUNNING)
    _note(tx, actor, Action.ANNOUNCEMENT_RESUMED, found, now)
    return of(tx, actor, announcement_id)


def cancel(tx: Transaction, actor: Actor, announcement_id: int, now: datetime) -> int:
    """Give up what is not sent yet; how many messages that is."""
    _must(actor, Right.ANNOUNCE)
    found = of(tx, actor, announcement_id)
    if found.state in (State.WAITING, State.SCHEDULED):
        stored.change(tx, found.id, state=State.CANCELLED, ended_at=now)
        _note(tx, actor, Action.ANNOUNCEMENT_CANCELLED, found, now)
        return 0
    if found.state not in UNDER_WAY:
        raise RefusedError("announce.not_any_more")
    number = _give_up(tx, found, now)
    stored.change(tx, found.id, state=State.CANCELLED)
    _note(tx, actor, Action.ANNOUNCEMENT_CANCELLED, found, now, people=number)
    return number


def _hold(tx: Transaction, found: Announcement, now: datetime) -> None:
    for row in _waves(tx, found):
        if waves.stop(tx, row.id, now) or row.state == "stopped":
            waves.hold(tx, row.id)


def _give_up(tx: Transaction, found: Announcement, now: datetime) -> int:
    _hold(tx, found, now)
    number = 0
    for row in _waves(tx, found):
        if waves.cancel(tx, row.id):
            number += waves.settle_held(tx, row.id, "withdrawn", now, error="its wave was cancelled")
    return number


def _waves(tx: Transaction, found: Announcement) -> Sequence[stored.WaveOf]:
    return stored.waves(tx, found.programme_id, found.works)


# --- correcting and recalling -----------------------------------------------------------------------------


def correct(tx: Transaction, actor: Actor, announcement_id: int, version: int, now: datetime) -> Announcement:
    """Make every copy say that wording; where the programme demands it, after a second coordinator agreed."""
    _must(actor, Right.ANNOUNCE)
    found = of(tx, actor, announcement_id)
    newest = stored.newest(tx, found.id)
    if newest is None or newest.version != version or newest.state != "draft":
        raise RefusedError("announce.changed")
    planned = plan(tx, found, now, post=newest.post)
    if planned.problems:
        raise RefusedError("announce.problems")
    if _needs_approval(_programme(tx, found), max(found.people, planned.people)):
        return _ask_approval(tx, actor, found, version, now)
    _note(tx, actor, Action.ANNOUNCEMENT_CORRECTED, found, now, people=found.people, version=version)
    return _correct(tx, found, version, now)


def _correct(tx: Transaction, found: Announcement, version: int, now: datetime) -> Announcement:
    stored.set_version(tx, found.id, version, "used")
    stored.change(tx, found.id, version=version)
    reason = f"{found.name}/v{version}"
    programme = _programme(tx, found)
    number = copies.revise(tx, programme, stored.copies(tx, found), reason=reason, lane=found.lane, now=now)
    if number:
        _work(tx, found, f"revise:{reason}", now)
    again = stored.announcement(tx, found.id)
    return found if again is None else again


def recall(tx: Transaction, actor: Actor, announcement_id: int, now: datetime) -> int:
    """Take it back from everybody; how many copies. Twice does no harm."""
    _must(actor, Right.ANNOUNCE)
    found = of(tx, actor, announcement_id)
    if found.state in BEFORE:
        raise RefusedError("announce.not_sent_yet")
    if found.state in UNDER_WAY and found.recalled_at is None:
        _give_up(tx, found, now)
    number = copies.recall(
        tx,
        _programme(tx, found),
        stored.copies(tx, found),
        note=Say("announce.recalled_note"),
        reason=found.name,
        lane=found.lane,
        now=now,
    )
    stored.change(tx, found.id, recalled_at=found.recalled_at or now)
    _note(tx, actor, Action.ANNOUNCEMENT_RECALLED, found, now, people=number)
    if number:
        _work(tx, found, f"recall:{found.name}", now, alone=True)
    elif found.state in UNDER_WAY and found.recalled_at is None:
        stored.change(tx, found.id, state=State.CANCELLED)
    return number


def _work(tx: Transaction, found: Announcement, name: str, now: datetime, *, alone: bool = False) -> None:
    """Another wave of the announcement is under way, and its progress told."""
    going = found.state in UNDER_WAY and not alone
    works = [*(work for work in found.works if going and work != name), name]
    state_now = found.state if going else State.RUNNING
    stored.change(tx, found.id, works=works, state=state_now, ended_at=None)
    if not going:
        _tell_anew(tx, found, now)


# --- what happens by itself -------------------------------------------------------------------------------


def any_active(tx: Transaction) -> bool:
    """Whether there is anything to look after."""
    return bool(stored.active(tx))


def advance(tx: Transaction, now: datetime) -> tuple[datetime | None, bool]:
    """Do what is to be done by now; when to look again, and whether something is owed."""
    looks: list[datetime] = []
    owed = False
    for found in stored.active(tx):
        if found.state is State.SCHEDULED:
            if found.send_at is not None and found.send_at > now:
                looks.append(found.send_at)
                continue
            _begin(tx, found, now, plan(tx, found, now))
            owed = True
        else:
            owed |= _look_after(tx, found, now)
        looks.append(_next_look(tx, found.id, now))
    return min(looks, default=None), owed


def _next_look(tx: Transaction, announcement_id: int, now: datetime) -> datetime:
    """When something may have changed: soon, unless all of it waits for its hour, or for somebody."""
    found = stored.announcement(tx, announcement_id)
    if found is None or found.state in (State.PAUSED, State.STOPPED):
        return now + _RARELY  # whoever deals with it says so; but not from the command line
    due_at = stored.next_due(tx, [row.id for row in _waves(tx, found)])
    return now + EVERY if due_at is None else max(now + EVERY, due_at)


def _look_after(tx: Transaction, found: Announcement, now: datetime) -> bool:
    """Let the others have it once the first handful is through; stop, or end it; tell how far it has got."""
    rows = _waves(tx, found)
    ids = [row.id for row in rows]
    tally = stored.tally(tx, ids)
    going = sum(tally.get(each, 0) for each in ("owed", "sending"))
    held = tally.get("held", 0)
    tried = sum(tally.get(each, 0) for each in ("sent", "failed", "gone", "expired"))
    made = all(row.state != "planning" for row in rows)
    state_now = found.state
    owed = False
    if found.state is State.TRIAL and not going and held:
        if tally.get("failed", 0):
            _hold(tx, found, now)
            state_now = State.STOPPED
        elif (lacking := domain.first_handful(found.people) - tried) > 0 and not (made and tried):
            going, owed = stored.release(tx, ids, lacking), True  # they were still to be found at the start
        else:
            room = slices.SLICE
            for each in ids:
                room -= slices.begin(tx, each, Step(RELEASE), release, now, most=room)[0]
            state_now, going, owed = State.RUNNING, held, True
    elif found.state in (State.TRIAL, State.RUNNING) and any(row.state == "stopped" for row in rows):
        _hold(tx, found, now)  # it stopped by itself: all of it waits
        state_now = State.STOPPED
    elif found.state in (State.PAUSED, State.STOPPED) and all(row.state != "stopped" for row in rows):
        state_now = State.RUNNING  # it was resumed, or given up, from elsewhere
    if state_now is not found.state:
        stored.change(tx, found.id, state=state_now)
        if state_now is State.STOPPED:
            why = stored.reasons(tx, ids, 1)
            said: dict[str, Value] = {"number": found.id, "why": why[0][0] if why else ""}
            _tell_author(tx, found, Say("announce.stopped", said), now)
            owed = True
    ends = state_now is State.CANCELLED and not tally.get("sending", 0)
    if ends or (state_now in UNDER_WAY and made and not going and not tally.get("held", 0)):
        for row in rows:  # paused when all was sent: nothing of it waits for anybody any more
            if row.state == "stopped":
                waves.resume(tx, row.id, now)
        stored.change(tx, found.id, state=State.CANCELLED if ends else State.DONE, ended_at=now)
        # The last edit before the report: what is above says "over" by the time the report comes.
        _tell(tx, found, now)
        _tell_author(tx, found, in_words.report(tx, found, rows, now), now)
        return True
    return _tell(tx, found, now) or owed


def release(tx: Transaction, wave: Ringing, step: Step, _: datetime) -> Taken:
    """Owe the next of what was held until the first handful was through."""
    return Taken(*waves.release(tx, wave.id, slices.SLICE, step.after), new=False)


def is_told(tx: Transaction, found: Announcement, person_id: int | None) -> bool:
    """Whether somebody is told how far it has got: its author, for as long as announcing is theirs."""
    author = None if person_id is None or person_id != found.author_id else staff.actor_by_id(tx, person_id)
    return author is not None and author.may(Right.ANNOUNCE)


def _tell_anew(tx: Transaction, found: Announcement, now: datetime) -> None:
    """Begin a new progress message, the one that is then edited."""
    if found.author_id is None or not is_told(tx, found, found.author_id):
        return
    number = found.progress + 1
    stored.change(tx, found.id, progress=number, told="")
    outbox.owe(
        tx,
        Recipient(person_id=found.author_id),
        Progress(found.id),
        reason=f"{found.name}/progress/{number}",
        lane=Lane.REPLY,
        now=now,
    )


def _tell(tx: Transaction, found: Announcement, now: datetime) -> bool:
    """Have the progress message edited where it would say something else; whether it is."""
    current = stored.announcement(tx, found.id)
    if current is None or current.author_id is None or not current.progress:
        return False
    if not is_told(tx, current, current.author_id):
        return False
    now_told = _in_short(tx, current)
    reason = f"{current.name}/progress/{current.progress}"
    if now_told == current.told or (row := stored.row_of(tx, current.author_id, reason)) is None:
        return False
    if row.state != "sent":
        return False
    times = Times(now, now + outbox.REPLY_BY, now + outbox.NOT_AFTER)
    edit = stored.row_of(tx, current.author_id, f"{reason}/edit")
    if edit is None:
        outbox.owe(
            tx,
            Recipient(person_id=current.author_id),
            Revise(),
            reason=f"{reason}/edit",
            lane=Lane.REPLY,
            now=now,
        )
        made = stored.row_of(tx, current.author_id, f"{reason}/edit")
        if made is not None:
            stored.name_copy(tx, made.id, row.id)
    elif not stored.again(tx, edit.id, times):
        return False
    stored.change(tx, current.id, told=now_told)
    return True


def told(tx: Transaction, announcement_id: int) -> None:
    """The progress message has just been edited by who tapped one of its buttons: it need not be again."""
    current = stored.announcement(tx, announcement_id)
    if current is not None:
        stored.change(tx, current.id, told=_in_short(tx, current))


def _in_short(tx: Transaction, found: Announcement) -> str:
    """What a progress message says, so far as it can change."""
    done, total = in_words.counted(stored.tally(tx, [row.id for row in _waves(tx, found)]))
    return f"{found.state.value} {done}/{total}"


def _tell_author(tx: Transaction, found: Announcement, say: Say, now: datetime) -> None:
    if found.author_id is not None and is_told(tx, found, found.author_id):
        outbox.owe(
            tx,
            Recipient(person_id=found.author_id),
            say,
            reason=f"{found.name}/{say.key}@{now:%Y%m%dT%H%M%S.%f}",
            lane=Lane.REPLY,
            now=now,
        )


def told_in_words(tx: Transaction, announcement_id: int, person_id: int | None) -> Say | None:
    """How far it has got, for its author, who is told of it; None where they are not any more."""
    found = stored.announcement(tx, announcement_id)
    return None if found is None or not is_told(tx, found, person_id) else in_words.progress(tx, found.id)


def _note(
    tx: Transaction,
    actor: Actor,
    action: Action,
    found: Announcement,
    now: datetime,
    *,
    people: int | None = None,
    version: int | None = None,
    waits: bool = False,
) -> None:
    audit.note(
        tx,
        actor,
        action,
        now,
        kind="announcement",
        subject=found.id,
        people=people,
        version=version or found.version,
        whom=domain.dump(found.whom),
        waits=waits,
    )
