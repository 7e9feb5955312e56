"""Checking in and out: the button, the code that changes, "I was there", and what a coordinator decides."""

import hashlib
import hmac
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.attendance import (
    CONTESTED_WITHIN,
    KNOWN_LATE,
    MOST_WRONG,
    Evidence,
    Grade,
    Kind,
    Leg,
    Standing,
    Window,
    begins_to_count,
    is_over,
    newest_known,
    next_window,
    open_windows,
    read_code,
    when_sent,
    windows,
)
from bot.domain.audit import Action
from bot.domain.forms import clock_time, short_moment
from bot.domain.messages import Button, Lane, Reply, Say, Tap, Value
from bot.domain.people import Person, Role
from bot.domain.programme import Programme, Session
from bot.domain.sessions import State as Step
from bot.domain.staff import Actor, Right
from bot.domain.totp import STEP, TOLERATED, begins, step_at, step_of, totp
from bot.storage import attendance, audit, outbox, people, staff, state
from bot.storage.attendance import Entry
from bot.storage.database import Transaction
from bot.storage.people import Visitor
from bot.storage.secrets import ATTENDANCE, find_secret, secret
from bot.usecases.menu import MENU, OLD_BUTTON

ACTION = "hadir"

_LINK = "h-"
_ASKED_WITHIN = timedelta(hours=3)
"""How long before and after a session six digits are taken for its code."""


# --- the code ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """The code that stands, until when, and the link that sends it (None: the bot's name is not known)."""

    code: str
    until: datetime
    link: str | None


def step_length(tx: Transaction) -> timedelta:
    """How long a code stands on this installation's clock: half a minute for the people in front of it."""
    return STEP * _lapse(tx)


def make_key(tx: Transaction) -> None:
    """See to it that there is a key to make codes with; it writes the first time."""
    secret(tx, ATTENDANCE)


def shown(tx: Transaction, programme: Programme, session: Session, now: datetime) -> Shown | None:
    """What the presenter page shows now; None while the key is not made yet (`make_key`). Only reads."""
    key = find_secret(tx, ATTENDANCE)
    if key is None:
        return None
    step = step_length(tx)
    code = totp(_key(key, programme, session), now, step=step)
    bot = state.recall(tx, state.BOT_NAME)
    link = None if bot is None else f"https://t.me/{bot}?start={_LINK}{code}"
    return Shown(code, begins(step_at(now, step) + 1, step), link)


def _lapse(tx: Transaction) -> int:
    return int(state.recall(tx, state.TIME_LAPSE) or 1)


def _key(key: bytes, programme: Programme, session: Session) -> bytes:
    """Each session's own: a code of one is worth nothing at another."""
    return hmac.new(key, f"{programme.id}\0{session.id}".encode(), hashlib.sha256).digest()


# --- participants -----------------------------------------------------------------------------------------


def overview(tx: Transaction, person: Person, programme: Programme, now: datetime) -> Reply:
    """`/hadir`: what can be done now, and how they stand at each session."""
    taken = [session for session in programme.sessions if windows(session)]
    if not taken:
        return Reply((Say("attendance.not_taken", {}, MENU),))
    rows: list[tuple[Button, ...]] = [
        (Button(Say(f"attendance.button_{window.leg}"), Tap(ACTION, session.id, window.leg.value)),)
        for session in taken
        for window in open_windows(session, now)
    ]
    mine = attendance.of_person(tx, person.id)
    rows += contest_buttons(programme, mine, now)
    return Reply((Say("attendance.overview", {"lines": lines(programme, mine, now)}, tuple(rows)),))


def lines(programme: Programme, mine: "dict[str, Standing]", now: datetime) -> tuple[Say, ...]:
    """How somebody stands at each session that has begun to be taken."""
    found: list[Say] = []
    for session in programme.sessions:
        opened = [window for window in windows(session) if window.opens <= now]
        if not windows(session):
            continue
        if opened:
            found.append(_line(session, mine.get(session.id)))
        else:
            opens = short_moment(windows(session)[0].opens)
            found.append(Say("attendance.line_ahead", {"title": session.title, "opens": opens}))
    return tuple(found)


def _line(session: Session, mine: Standing | None) -> Say:
    """How somebody stands at a session that has begun to be taken."""
    said: dict[str, Value] = {"title": session.title}
    if mine is not None and mine.grade is Grade.PRESENT:
        return Say("attendance.line_present", said)
    if mine is not None and mine.contested:
        return Say("attendance.line_contested", said)
    if mine is not None and mine.grade is Grade.PARTIAL:
        return Say("attendance.line_partial", said)
    return Say("attendance.line_none", said)


def contest_buttons(
    programme: Programme, mine: "dict[str, Standing]", now: datetime
) -> list[tuple[Button, ...]]:
    """For each session of which somebody may still say it: "I was there"."""
    return [
        (
            Button(
                Say("attendance.button_contest", {"title": session.title}), Tap(ACTION, session.id, "contest")
            ),
        )
        for session in programme.sessions
        if _may_contest(session, mine.get(session.id), now)
    ]


def tap(tx: Transaction, person: Person, programme: Programme, tapped: Tap, now: datetime) -> Reply:
    """A button: checking in or out, or "I was there"."""
    session = programme.session(tapped.item)
    if session is None or not windows(session):
        return Reply((OLD_BUTTON,))
    if tapped.choice == "contest":
        return _contest(tx, person, programme, session, now)
    window = _window(tx, person, session, now)
    if window is None:
        return Reply((_closed(tx, person, session, now),))
    piece = Evidence(Kind.TAP, now, window.leg)
    # Once a day: put off to another one, they check in anew.
    key = f"{window.leg}@{window.opens:%Y%m%d}"
    attendance.add(tx, programme.id, [Entry(person.id, session.id, piece, key=key)])
    return _recorded(tx, person, programme, session, window.leg, now)


def write(
    tx: Transaction,
    person: Person,
    programme: Programme,
    text: str,
    now: datetime,
    *,
    sent: datetime | None = None,
) -> Reply | None:
    """Six digits, typed at the time of a session (`sent`, where that is known); None where it is none."""
    code = read_code(text)
    return None if code is None else _take(tx, person, programme, code, now, sent)


def code_by_link(
    tx: Transaction, who: Visitor, payload: str, now: datetime, *, sent: datetime | None = None
) -> Reply | None:
    """The link of the QR code on the presenter page; None where the payload is none of these."""
    code = read_code(payload.removeprefix(_LINK)) if payload.startswith(_LINK) else None
    if code is None:
        return None
    programme = None if who.active is None else tx.catalogue.programme(who.active.programme)
    if who.active is None or programme is None:
        return Reply((Say("attendance.join_first"),))
    return _take(tx, who.active, programme, code, now, sent) or Reply(
        (Say("attendance.nothing_open", {}, MENU),)
    )


def _take(
    tx: Transaction,
    person: Person,
    programme: Programme,
    code: str,
    now: datetime,
    sent: datetime | None,
) -> Reply | None:
    """A code of whichever session is open; None where none is near.

    It counts by when they sent it: an outage of ours makes nobody late.
    """
    at = when_sent(sent, now)
    if not any(open_windows(session, at) for session in programme.sessions):
        at = now  # it was too early or too late then: what they can do now is said
    near = [session for session in programme.sessions if _is_near(session, at)]
    if not near:
        return None
    there = [(session, window) for session in near if (window := _window(tx, person, session, at))]
    if not there:
        return Reply((_closed(tx, person, near[-1], at),))
    if any(attendance.wrong_codes(tx, session.id, person.id) >= MOST_WRONG for session, _ in there):
        return Reply((Say("attendance.too_many"),))
    key, step, lapse = secret(tx, ATTENDANCE), step_length(tx), _lapse(tx)
    newest, received = newest_known(at, now), None if at == now else now
    for session, window in there:
        own = _key(key, programme, session)
        number = step_of(own, code, at, step=step, newest=newest)
        if number is None:  # a late one, or none: many more to look at
            number = step_of(own, code, at, step=step, back=KNOWN_LATE)
        if number is None:
            continue
        in_time = number >= step_at(at, step) - TOLERATED
        lag = max(at - begins(number, step), timedelta()) / lapse
        piece = Evidence(Kind.CODE, at, window.leg, counts=in_time, lag=lag, received=received)
        entry = Entry(person.id, session.id, piece, key=f"{window.leg}:{number}", step=number)
        attendance.add(tx, programme.id, [entry])
        if in_time:
            return _recorded(tx, person, programme, session, window.leg, now, coded=True, at=at)
        _weigh(tx, programme, session, person.id, now)
        return Reply((Say("attendance.late_code", {"title": session.title}),))
    session, window = there[0]
    piece = Evidence(Kind.CODE, at, window.leg, counts=False, received=received)
    attendance.add(tx, programme.id, [Entry(person.id, session.id, piece, key=f"wrong:{now.isoformat()}")])
    return Reply((Say("attendance.wrong_code", {"title": session.title}),))


def _recorded(
    tx: Transaction,
    person: Person,
    programme: Programme,
    session: Session,
    leg: Leg,
    now: datetime,
    *,
    coded: bool = False,
    at: datetime | None = None,
) -> Reply:
    """What is said to somebody who has tapped or sent the code (`at`; None: just now)."""
    rule = session.check_in
    if rule is None:
        return Reply((OLD_BUTTON,))
    found = _weigh(tx, programme, session, person.id, now)
    said: dict[str, Value] = {"title": session.title, "at": clock_time(at or now)}
    if rule.code and not coded and not _coded(tx, person, session, leg):
        return Reply((Say("attendance.type_code", said),))
    out = next((each for each in windows(session) if each.leg is Leg.OUT), None)
    if leg is Leg.IN and out is not None:
        said["out"] = clock_time(out.opens)
        return Reply((Say("attendance.checked_in_first", said),))
    if leg is Leg.OUT and found.grade is not Grade.PRESENT:
        return Reply((Say("attendance.checked_out_only", said),))
    return Reply((Say(f"attendance.checked_{leg}", said),))


def _coded(tx: Transaction, person: Person, session: Session, leg: Leg) -> bool:
    """Whether they have sent the code already."""
    since = begins_to_count(session)
    return any(
        each.kind is Kind.CODE and each.counts and each.leg is leg and (since is None or each.at >= since)
        for each in attendance.evidence(tx, session.id, [person.id]).get(person.id, ())
    )


def _window(tx: Transaction, person: Person, session: Session, now: datetime) -> Window | None:
    """The window that somebody's tap or code is for: where both are open, out for who is in."""
    there = open_windows(session, now)
    if len(there) < 2:
        return there[0] if there else None
    mine = attendance.of_person(tx, person.id).get(session.id)
    leg = Leg.IN if mine is None or mine.arrived is None else Leg.OUT
    return next(each for each in there if each.leg is leg)


def _closed(tx: Transaction, person: Person, session: Session, now: datetime) -> Say:
    """Why nothing can be recorded now, and what then."""
    coming = next_window(session, now)
    said: dict[str, Value] = {"title": session.title}
    if coming is not None:
        return Say(f"attendance.not_yet_{coming.leg}", {**said, "opens": short_moment(coming.opens)})
    mine = attendance.of_person(tx, person.id).get(session.id)
    rows: tuple[tuple[Button, ...], ...] = ()
    if _may_contest(session, mine, now):
        label = Say("attendance.button_contest", {"title": session.title})
        rows = ((Button(label, Tap(ACTION, session.id, "contest")),),)
    return Say("attendance.over", {**said, "standing": _line(session, mine)}, rows)


def _is_near(session: Session, now: datetime) -> bool:
    found = windows(session)
    return bool(found) and found[0].opens - _ASKED_WITHIN <= now < found[-1].closes + _ASKED_WITHIN


def _may_contest(session: Session, mine: Standing | None, now: datetime) -> bool:
    if not is_over(session, now) or now > session.ends + CONTESTED_WITHIN:
        return False
    return mine is None or not (mine.grade is Grade.PRESENT or mine.contested or mine.decided)


def _may_answer(
    tx: Transaction, session: Session, person_id: int, mine: Standing | None, now: datetime
) -> bool:
    """Whether somebody may still say "I was there" to a decision: who has not said so before it."""
    if mine is None or not mine.decided or now > session.ends + CONTESTED_WITHIN:
        return False
    theirs = attendance.evidence(tx, session.id, [person_id]).get(person_id, ())
    return not any(each.kind is Kind.CONTEST for each in theirs)


def _contest(tx: Transaction, person: Person, programme: Programme, session: Session, now: datetime) -> Reply:
    """Somebody says that they were there: for a coordinator to decide."""
    said: dict[str, Value] = {"title": session.title}
    mine = attendance.of_person(tx, person.id).get(session.id)
    if mine is not None and mine.grade is Grade.PRESENT:
        return Reply((Say("attendance.present_already", said),))
    if mine is not None and mine.contested:
        return Reply((Say("attendance.contested_already", said),))
    if not _may_contest(session, mine, now) and not _may_answer(tx, session, person.id, mine, now):
        return Reply((Say("attendance.contest_closed", said),))
    others = bool(attendance.contesting(tx, programme.id, session.id))
    piece = Evidence(Kind.CONTEST, now, counts=False)
    attendance.add(tx, programme.id, [Entry(person.id, session.id, piece, key="contest")])
    _weigh(tx, programme, session, person.id, now)
    for actor in staff.staff(tx, programme.id, roles=(Role.OWNER.value, Role.COORDINATOR.value)):
        if not others and actor.may(Right.CHANGE_PEOPLE) and actor.reaches(person):
            # The first says that there are some; how many there are the desk shows.
            outbox.owe(
                tx,
                outbox.Recipient(person_id=actor.person.id),
                Say("attendance.somebody_contests", said, (desk_button(session),)),
                reason=f"{programme.id}/contest:{session.id}@{now:%Y%m%dT%H%M}",
                lane=Lane.REMINDER,
                now=now,
            )
    return Reply((Say("attendance.contested", said),))


def desk_button(session: Session) -> tuple[Button, ...]:
    """The way to a session's attendance at the coordinators' desk."""
    return (Button(Say("attendance.button_desk"), Tap("k-hadir", session.id, "show")),)


def _weigh(
    tx: Transaction, programme: Programme, session: Session, person_id: int, now: datetime
) -> Standing:
    return _weigh_all(tx, programme, session, [person_id], now).get(person_id, Standing(Grade.NONE))


def _weigh_all(
    tx: Transaction, programme: Programme, session: Session, person_ids: Iterable[int], now: datetime
) -> dict[int, Standing]:
    """Work out anew how these people stand; nobody does where no attendance is taken."""
    if session.check_in is None:
        return {}
    since = begins_to_count(session)
    return attendance.weigh(tx, programme.id, session.id, session.check_in, person_ids, now, since=since)


# --- coordinators -----------------------------------------------------------------------------------------


def waits(tx: Transaction, actor: Actor, session: Session, person_id: int) -> bool:
    """Whether somebody whom the actor reaches has said "I was there", and nobody has decided since.

    Until the transaction ends, nobody else decides.
    """
    other = people.person(tx, person_id)
    mine = attendance.of_person(tx, person_id, to_change=True).get(session.id)
    return other is not None and actor.reaches(other) and mine is not None and mine.contested


def session_reached(
    tx: Transaction, programme: Programme, session: Session, step: Step, now: datetime
) -> None:
    """When the room opens (again), those who checked in on a day from which it was put off count no more."""
    if step is Step.ROOM_OPEN and session.check_in is not None:
        weigh(tx, programme, session, attendance.graded(tx, programme.id, session.id), now)


def session_counts(tx: Transaction, programme: Programme, session: Session) -> tuple[Say, ...]:
    """How many are there, and say they were; nothing before anybody is."""
    if not windows(session):
        return ()
    found = attendance.counts(tx, programme.id, session.id)
    if not (found.present or found.partial or found.contested):
        return ()
    said: dict[str, Value] = {
        "present": found.present,
        "people": found.people,
        "partial": found.partial,
        "contested": Say("attendance.counted_contested", {"count": found.contested})
        if found.contested
        else "",
    }
    return (Say("attendance.counted", said),)


def decide(
    tx: Transaction,
    actor: Actor,
    programme: Programme,
    session: Session,
    person_id: int,
    now: datetime,
    *,
    present: bool,
    why: str = "",
) -> bool:
    """Say that somebody was there, or was not, whatever the evidence; whether the actor may.

    Who has said "I was there" is told, and whose grade it changes. Said again, nothing changes.
    """
    other = people.person(tx, person_id)
    rule = session.check_in
    if other is None or rule is None or not actor.may(Right.CHANGE_PEOPLE) or not actor.reaches(other):
        return False
    before = attendance.of_person(tx, person_id).get(session.id)
    wanted = Grade.PRESENT if present else Grade.NONE
    if before is not None and before.decided and before.grade is wanted and not before.contested:
        return True
    piece = Evidence(Kind.DECISION, now, counts=present)
    entry = Entry(
        person_id,
        session.id,
        piece,
        key=now.isoformat(),
        note=why,
        made_by=actor.person.id,
        made_by_name=actor.person.name,
    )
    attendance.add(tx, programme.id, [entry])
    found = _weigh(tx, programme, session, person_id, now)
    audit.note(
        tx,
        actor,
        Action.ATTENDANCE_DECIDED,
        now,
        kind="person",
        subject=person_id,
        session=session.id,
        present=present,
        before=Grade.NONE.value if before is None else before.grade.value,
        why=why,
    )
    if before is not None and before.contested:
        _tell(tx, programme, session, person_id, now, present=present)
    elif found.grade is not (Grade.NONE if before is None else before.grade):
        _tell_change(tx, programme, session, person_id, now, found)
    return True


def weigh(
    tx: Transaction, programme: Programme, session: Session, person_ids: Collection[int], now: datetime
) -> None:
    """Work out anew how these people stand; who said "I was there" and is present by now is told."""
    waited = attendance.contesting(tx, programme.id, session.id) & set(person_ids)
    found = _weigh_all(tx, programme, session, person_ids, now)
    for person_id in sorted(waited & found.keys()):
        if found[person_id].grade is Grade.PRESENT:
            _tell(tx, programme, session, person_id, now, present=True)


def _tell(
    tx: Transaction, programme: Programme, session: Session, person_id: int, now: datetime, *, present: bool
) -> None:
    """Tell somebody what became of their "I was there"."""
    key = f"attendance.decided_{'present' if present else 'absent'}"
    _owe(tx, programme, session, person_id, now, Say(key, {"title": session.title}))


def _tell_change(
    tx: Transaction, programme: Programme, session: Session, person_id: int, now: datetime, found: Standing
) -> None:
    """Tell somebody who has not asked that a coordinator's decision changes how they stand."""
    said: dict[str, Value] = {"title": session.title}
    if found.grade is Grade.PRESENT:
        say = Say("attendance.changed_present", said)
    elif _may_answer(tx, session, person_id, found, now):
        label = Say("attendance.button_contest", said)
        rows = ((Button(label, Tap(ACTION, session.id, "contest")),),)
        say = Say("attendance.changed_absent", {**said, "how": Say("attendance.say_so")}, rows)
    else:
        say = Say("attendance.changed_absent", {**said, "how": Say("attendance.ask_them")})
    _owe(tx, programme, session, person_id, now, say)


def _owe(
    tx: Transaction, programme: Programme, session: Session, person_id: int, now: datetime, say: Say
) -> None:
    """Tell somebody of a decision, unless they have not agreed to be written to, or no more."""
    other = people.person(tx, person_id)
    if other is None or other.consented_at is None or other.withdrawn_at is not None:
        return
    outbox.owe(
        tx,
        outbox.Recipient(person_id=person_id),
        say,
        reason=f"{programme.id}/decided:{session.id}@{now:%Y%m%dT%H%M%S%f}",
        lane=Lane.REMINDER,
        now=now,
    )
