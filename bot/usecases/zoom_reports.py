"""Zoom's participant reports: read, matched with the participants, imported, and what is doubtful settled."""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.documents.zoom_matching import MOST_PROPOSED, Known, Match, is_a_name, match
from bot.documents.zoom_report import Attendee, ZoomReport, ZoomReportError, read_zoom_report
from bot.domain.attendance import Evidence, Kind
from bot.domain.audit import Action
from bot.domain.language import Localised
from bot.domain.programme import Programme, Session
from bot.domain.staff import Actor, Right
from bot.storage import attendance, audit
from bot.storage.attendance import Entry, ZoomName
from bot.storage.database import Transaction
from bot.usecases import attendance as deeds


@dataclass(frozen=True, slots=True)
class Read:
    """What is in a file that was sent: a report, or why it is none."""

    report: ZoomReport | None = None
    refused: Localised | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """A report beside a session and its participants.

    `other_meeting`, `other_day`: it seems to be of another session. `digest` tells reports apart.
    """

    session: str
    matches: tuple[Match, ...]
    warnings: tuple[Localised, ...]
    digest: str
    other_meeting: str = ""
    other_day: bool = False

    @property
    def sure(self) -> int:
        """How many names are surely somebody's."""
        return sum(bool(each.sure) for each in self.matches)

    @property
    def doubtful(self) -> int:
        """How many may be somebody's."""
        return sum(bool(each.perhaps) and not each.sure for each in self.matches)

    @property
    def unknown(self) -> int:
        """How many are nobody's who takes part, as far as one can tell."""
        return len(self.matches) - self.sure - self.doubtful

    @property
    def people(self) -> int:
        """How many participants are surely in it."""
        return len({person for each in self.matches for person in each.sure})


def read(path: Path, now: datetime) -> Read:
    """Read a file that was sent; not in a transaction."""
    try:
        return Read(read_zoom_report(path, now=now))
    except ZoomReportError as error:
        return Read(refused=error.why.text)


def compare(tx: Transaction, programme: Programme, session: Session, report: ZoomReport) -> Compared:
    """Put a report beside the participants: a second or two, and it only reads."""
    known = [Known(*each) for each in attendance.known(tx, programme.id)]
    before = attendance.settled(tx, programme.id)
    ids = {each.id for each in known}
    often = Counter(_plain(each.name) for each in report.attendees)
    remembered = {
        name: {tuple(person for person in people if person in ids) for people in who}
        for name, who in before.items()
    }
    # Sure is what was always settled alike, is somebody's name rather than a telephone's, and is there once.
    sure = {
        name
        for name, who in remembered.items()
        if len(who) == 1 and often[name] == 1 and is_a_name(name) and all(who)
    }
    settled = tuple(
        Match(each, next(iter(remembered[_plain(each.name)])))
        for each in report.attendees
        if _plain(each.name) in sure
    )
    new = [each for each in report.attendees if _plain(each.name) not in sure]
    matched = [
        _proposing(found, remembered.get(_plain(found.attendee.name), set())) for found in match(new, known)
    ]
    days = [each.joined.date() for each in report.attendees if each.joined is not None]
    day = session.starts.astimezone(programme.zone.tzinfo).date()
    digits = "".join(filter(str.isdecimal, session.meeting.meeting_id))
    lines = "\n".join(f"{each.name}\t{each.minutes}\t{each.joined}\t{each.left}" for each in report.attendees)
    return Compared(
        session=session.id,
        matches=(*settled, *matched),
        warnings=tuple(each.text for each in report.warnings),
        digest=hashlib.sha256(lines.encode()).hexdigest()[:16],
        other_meeting=report.meeting_id if report.meeting_id and report.meeting_id != digits else "",
        # The zone of the Zoom account is not in the report: a day more or less may be no other day.
        other_day=bool(days) and min(abs((each - day).days) for each in days) > 1,
    )


def dump(compared: Compared) -> str:
    """What `take` needs, to be kept until it is confirmed."""
    return json.dumps(
        {
            "session": compared.session,
            "digest": compared.digest,
            "matches": [
                [
                    each.attendee.name,
                    each.attendee.original,
                    each.attendee.minutes,
                    _iso(each.attendee.joined),
                    _iso(each.attendee.left),
                    each.sure,
                    each.perhaps,
                ]
                for each in compared.matches
            ],
        },
        ensure_ascii=False,
    )


def load(kept: str) -> Compared:
    """What was dumped."""
    data = json.loads(kept)
    return Compared(
        data["session"],
        tuple(
            Match(
                Attendee(name, original, minutes, 1, _from_iso(joined), _from_iso(left)),
                tuple(sure),
                tuple(perhaps),
            )
            for name, original, minutes, joined, left, sure, perhaps in data["matches"]
        ),
        (),
        data["digest"],
    )


def take(
    tx: Transaction, actor: Actor, programme: Programme, compared: Compared, now: datetime
) -> int | None:
    """Keep the sure matches as evidence, the others to be settled; how many people have it.

    None where the actor may not, or where attendance is not taken at the session. Imported again, nothing
    doubles; of several reports of one session, what overlaps counts once.
    """
    session = programme.session(compared.session)
    if session is None or session.check_in is None or not actor.may(Right.RUN_SESSIONS):
        return None
    entries: list[Entry] = []
    names = []
    taken: set[str] = set()
    for each in compared.matches:
        who = each.attendee
        since, until = (_instant(programme, moment) for moment in (who.joined, who.left))
        if not each.sure:
            names.append(
                {
                    "report": compared.digest,
                    "name": who.name,
                    "original": who.original,
                    "plain": _plain(who.name),
                    "minutes": who.minutes,
                    "since": since,
                    "until": until,
                    "perhaps": list(each.perhaps),
                    "people": [],
                    "state": "open",
                    "imported_at": now,
                }
            )
            continue
        key = _key(compared.digest, who.name, taken)
        entries += [
            _entry(actor, session, person, who.name, who.minutes, since, until, key, now)
            for person in each.sure
        ]
    attendance.drop_open_names(tx, programme.id, session.id, compared.digest)
    attendance.keep_names(tx, programme.id, session.id, names)
    attendance.add(tx, programme.id, entries)
    people = {each.person for each in entries}
    deeds.weigh(tx, programme, session, people, now)
    audit.note(
        tx,
        actor,
        Action.ATTENDANCE_IMPORTED,
        now,
        kind="session",
        subject=session.id,
        people=len(people),
        report=compared.digest,
        names=len(compared.matches),
        open=len(names),
    )
    return len(people)


def settle(
    tx: Transaction, actor: Actor, programme: Programme, name: ZoomName, people: Sequence[int], now: datetime
) -> bool:
    """Say that a name was these people (none: nobody who takes part); whether the actor may.

    A name of another report that is the same is theirs from now on.
    """
    session = programme.session(name.session)
    known = {person for person, _, _ in attendance.known(tx, programme.id, ids=list(people))}
    if (
        session is None
        or session.check_in is None
        or not actor.may(Right.RUN_SESSIONS)
        or name.state != "open"
        or not set(people) <= known
    ):
        return False
    if not attendance.settle(tx, name.id, people, "settled" if people else "nobody", by=actor.person.id):
        return False
    key = f"{name.report}:{name.id}"
    entries = [
        _entry(actor, session, person, name.name, name.minutes, name.since, name.until, key, now)
        for person in people
    ]
    attendance.add(tx, programme.id, entries)
    deeds.weigh(tx, programme, session, people, now)
    audit.note(
        tx,
        actor,
        Action.ZOOM_NAME_SETTLED,
        now,
        kind="session",
        subject=session.id,
        people=len(people),
        zoom_name=name.id,  # not what it says: the audit is kept, names may have to go
        to=list(people),
    )
    return True


def meant(tx: Transaction, programme: Programme, typed: str) -> Match:
    """Whom a coordinator means by what they typed: names, several with "&" or "dan" between them."""
    known = [Known(*each) for each in attendance.known(tx, programme.id)]
    typed = typed.replace("\n", " & ").replace(",", " & ")
    (found,) = match([Attendee(typed[:200], "", 0, 1, None, None)], known)
    return found


def _entry(
    actor: Actor,
    session: Session,
    person: int,
    name: str,
    minutes: int,
    since: datetime | None,
    until: datetime | None,
    key: str,
    now: datetime,
) -> Entry:
    piece = Evidence(Kind.ZOOM, now, minutes=minutes, since=since, until=until)
    return Entry(
        person,
        session.id,
        piece,
        key=key,
        note=name,
        made_by=actor.person.id,
        made_by_name=actor.person.name,
    )


def _key(digest: str, name: str, taken: set[str]) -> str:
    """What tells a name of a report apart, from others that are spelt the same, too."""
    key = f"{digest}:{_plain(name)}"
    while key in taken:
        key += "'"
    taken.add(key)
    return key


def _proposing(found: Match, remembered: Collection[tuple[int, ...]]) -> Match:
    """The match, with whom the name was settled to be before as the likeliest where it is not sure."""
    before = [person for people in sorted(remembered) for person in people]
    if found.sure or not before:
        return found
    perhaps = tuple(dict.fromkeys((*before, *found.perhaps)))[:MOST_PROPOSED]
    return Match(found.attendee, (), perhaps)


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())


def _instant(programme: Programme, moment: datetime | None) -> datetime | None:
    """A moment of a report, which has no zone, as the clock of the programme's zone had it."""
    return None if moment is None else moment.replace(tzinfo=programme.zone.tzinfo)


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _from_iso(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
