"""A session has changed: what was said of it is revised, and who knows something else is told.

`bot.usecases.corrections` says when; who is told follows from what the newest message to each said.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select

from bot.domain.corrections import TIMES, differences, history
from bot.domain.forms import clock_times
from bot.domain.messages import Lane, Message, Say, SessionCard, Value
from bot.domain.programme import Audience, Item, Programme, Session, Target
from bot.domain.zones import Zone
from bot.storage import audience, corrections, outbox, stuck, waves
from bot.storage import copies as stored_copies
from bot.storage import people as everybody
from bot.storage.copies import Times, Which
from bot.storage.database import Transaction
from bot.storage.messages import dump, load
from bot.storage.spans import EVERYTHING, Span
from bot.storage.waves import Ringing
from bot.usecases import copies, slices
from bot.usecases.slices import Step, Taken

TELL = "tell"
"""The step in which those are told of a change who know something else (`usecases.slices`)."""

EVERYBODY_BY = timedelta(minutes=10)
"""By when all who were told of a session are to be told that it has changed."""

_URGENT = timedelta(hours=12)  # a session that is, or was, so near waits for no sending window


def foreseen(
    tx: Transaction,
    programme: Programme,
    changed: tuple[Session, Session],
    cards: Sequence[str],
    now: datetime,
) -> tuple[int, int]:
    """How many people `send` would tell, and how many messages it would revise."""
    if _is_over(changed, now):
        return 0, 0
    session = changed[1]
    told = corrections.count(tx, _to_be_told(tx, programme, session))
    return told, stored_copies.count(tx, _copies(tx, programme, session, cards))


def send(
    tx: Transaction,
    programme: Programme,
    changed: tuple[Session, Session],
    cards: Sequence[str],
    version: int,
    now: datetime,
) -> tuple[int, int]:
    """Tell who knows something else, and change what their messages say; how many people, and messages."""
    before, session = changed
    if _is_over(changed, now):
        return 0, 0
    over = max(before.ends, session.ends)
    for wave_id, state in corrections.notices(tx, programme.id, _notices(session.id)):
        if state in {"planning", "planned", "stopped"}:
            corrections.take_back(tx, wave_id, version, now)
    corrections.hold_still(tx, said_in(tx, programme, session))
    revised = copies.revise(
        tx,
        programme,
        _copies(tx, programme, session, cards),
        reason=f"session:{session.id}/{version}",
        lane=Lane.SESSION,
        now=now,
        not_after=over,
    )
    notice = SessionCard(programme.id, session.id, _lead(before, session))
    details = {"session": session.id, "message": dump(notice)}
    # What is being sent just now says what was true before, and will look as if it had been sent after that.
    going = corrections.going(said_in(tx, programme, session))
    told = 0
    all_told = True
    for zone in Zone:
        times = _times(programme, changed, zone, now)
        wave_id = waves.note(tx, programme, f"{_notices(session.id)}{version}", times, now, zone=zone)
        wave = waves.ringing(tx, wave_id)
        if wave is None:
            continue
        at_once = corrections.among(audience.people(programme, Audience(), zone=zone), going)
        number = _notice(tx, wave, at_once, notice, now)
        waves.more(tx, wave_id, number)
        most = slices.SLICE - told - number
        more, done = slices.begin(tx, wave_id, Step(TELL, details), tell, now, most=most)
        told += number + more
        all_told &= done
    if not all_told:
        told = corrections.count(tx, _to_be_told(tx, programme, session))
    return told, revised


def tell(tx: Transaction, wave: Ringing, step: Step, now: datetime) -> Taken:
    """Tell the next of those who know something else of a session."""
    programme = tx.catalogue.programme(wave.programme_id)
    session = None if programme is None else programme.session(step.details["session"])
    if programme is None or session is None or now > wave.not_after:
        return Taken(0)
    waves.wait_for_joiners(tx, programme.id)
    corrections.be_current(tx)
    upto = everybody.further(tx, programme.id, step.after, slices.SLICE)
    span = Span(step.after, upto)
    whom = _to_be_told(tx, programme, session, wave.zone, on_its_way=False, people=span)
    return Taken(_notice(tx, wave, whom, load(step.details["message"]), now), upto)


def said_in(tx: Transaction, programme: Programme, session: Session) -> list[int]:
    """The waves whose messages tell when and where the session is."""
    about = Target(Item.SESSION, session.id)
    entries = [entry.id for entry in programme.timetable if entry.about == about]
    rung = [wave.id for wave in corrections.rung(tx, programme.id, entries, all_of_them=True)]
    return [*rung, *(wave_id for wave_id, _ in corrections.notices(tx, programme.id, _notices(session.id)))]


def _notices(session_id: str) -> str:
    """What the names of a session's notices begin with; a timetable entry's have no colon."""
    return f"change:{session_id}:"


def _to_be_told(
    tx: Transaction,
    programme: Programme,
    session: Session,
    zone: Zone | None = None,
    *,
    on_its_way: bool = True,
    people: Span = EVERYTHING,
) -> Select[int]:
    """Those (in `zone`) whom the newest message about the session told something else than holds now."""
    wave_ids = said_in(tx, programme, session)
    alike = _alike(tx, programme, session)
    told = corrections.told_otherwise(wave_ids, alike, on_its_way=on_its_way, people=people)
    waiting = stuck.outside(programme.id, session.id)  # outside, with a card that they asked for
    return people.of(corrections.among(audience.people(programme, Audience(), zone=zone), told, waiting))


def _copies(tx: Transaction, programme: Programme, session: Session, cards: Sequence[str]) -> Which:
    """The messages that say something of the session which is different by now."""
    rung = [wave.id for wave in corrections.rung(tx, programme.id, cards, all_of_them=True)]
    notices = [wave_id for wave_id, _ in corrections.notices(tx, programme.id, _notices(session.id))]
    return corrections.copies((*rung, *notices), programme.id, session.id)


def _alike(
    tx: Transaction, programme: Programme, session: Session
) -> list[tuple[datetime | None, datetime | None]]:
    """From when until when (None: ever) the session was just what it is (in `programme`)."""
    files = tx.catalogue.as_written().programmes[programme.id].session(session.id)
    if files is None:
        return []
    alike: list[tuple[datetime | None, datetime | None]] = []
    since: datetime | None = None
    for made_at, undone_at, was in history(files, corrections.of_session(tx, programme.id, session.id)):
        if not differences(files, session):
            alike.append((since, made_at))
        if not differences(was, session):
            alike.append((made_at, undone_at))
        if undone_at is None:
            return alike
        since = undone_at
    if not differences(files, session):
        alike.append((since, None))
    return alike


def _is_over(changed: tuple[Session, Session], now: datetime) -> bool:
    """Whether nobody needs to know: it was over before and is now, or has just been ended."""
    before, session = changed
    ended = session.ends <= now and differences(before, session) == ("ends",)
    return ended or max(before.ends, session.ends) <= now


def _notice(tx: Transaction, wave: Ringing, whom: Select[int], notice: Message, now: datetime) -> int:
    """Owe the notice to `whom`; how many are new."""
    mailing = outbox.mailing(
        tx,
        whom,
        notice,
        reason=f"{wave.programme_id}/{wave.entry_id}",
        lane=Lane.SESSION,
        now=now,
        due_at=wave.due_at,
        everybody_by=wave.everybody_by,
        not_after=wave.not_after,
        wave_id=wave.id,
    )
    return mailing.owe(tx)


def _times(programme: Programme, changed: tuple[Session, Session], zone: Zone, now: datetime) -> Times:
    """When people in `zone` are told: at once where the session is near, else when it suits them."""
    near = min(each.starts for each in changed if each.ends > now) - _URGENT
    opens = programme.windows.next_open(now, zone)
    due_at = now if opens is None or now >= near or opens >= near else opens
    by = due_at + EVERYBODY_BY
    return Times(due_at, by, max(by, *(each.ends for each in changed)))


def _lead(before: Session, session: Session) -> Say:
    """What stands above the card of a session that has changed."""
    changed = differences(before, session)
    if session.cancelled:
        return Say("sessions.notice_cancelled", {"title": session.title})
    if before.cancelled:
        return Say("sessions.notice_reinstated", {"title": session.title})
    if changed == ("ends",):
        return Say("sessions.notice_ends", {"title": session.title, "ends": clock_times(session.ends)})
    moved = "starts" in changed
    entrance = any(name not in TIMES for name in changed)
    said: dict[str, Value] = {"title": session.title, "was": before.starts}
    if moved and entrance:
        return Say("corrections.notice_both", said)
    if moved:
        return Say("corrections.notice_moved", said)
    return Say(
        "corrections.notice_entrance" if entrance else "corrections.notice_times", {"title": session.title}
    )
