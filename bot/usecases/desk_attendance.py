"""The desk's area of attendance: counts, Zoom reports, names to settle, who says they were there, lists."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.domain.attendance import Burst, Kind, bursts, windows
from bot.domain.audit import Action
from bot.domain.events import Shared, Wrote
from bot.domain.forms import clock_time, short_moment
from bot.domain.messages import (
    Button,
    Crowded,
    Edit,
    Fetch,
    File,
    Reply,
    Say,
    Table,
    Tap,
    Value,
)
from bot.domain.people import groups_in_line
from bot.domain.programme import Programme, Session
from bot.domain.staff import Actor, Right
from bot.storage import attendance, audit, files
from bot.storage.attendance import Count, Kept, Wanted
from bot.storage.database import Transaction
from bot.usecases import attendance as deeds
from bot.usecases import sign_ins, zoom_reports
from bot.usecases.menu import OLD_BUTTON
from bot.usecases.shift import Shift, ask, ask_no_more, asked_by, menu_button, shift_in, tell
from bot.usecases.zoom_reports import Compared, Read

ACTION = "k-hadir"
RIGHT = Right.SEE_PROGRESS

KEPT = timedelta(hours=1)
"""How long a report that was read can be imported."""

_ENDINGS = (".csv", ".txt", ".tsv", ".xlsx", ".xls")
_SHOWN = 5


# --- a file that was sent ---------------------------------------------------------------------------------


def read(path: Path, now: datetime) -> Read:
    """Read a file that was sent; of whatever it is, something comes."""
    return zoom_reports.read(path, now)


def compare(tx: Transaction, chat_id: int, there: object, now: datetime) -> object:
    """Put what was read beside the session that it was asked for; only reads, and takes a second."""
    if not isinstance(there, Read) or there.report is None:
        return there
    shift = shift_in(tx, chat_id, now)
    if shift is None:
        return None
    session = shift.programme.session(str(asked_by(tx, shift, ACTION).get("session")))
    if session is None:
        return None
    return zoom_reports.compare(tx, shift.programme, session, there.report)


def found(tx: Transaction, chat_id: int, there: object, now: datetime) -> None:
    """Show whose chat it is what the report would bring.

    Who may not import it any more by now, or was asked for something else meanwhile, is shown nothing.
    """
    shift = shift_in(tx, chat_id, now)
    if shift is None or not shift.actor.may(Right.RUN_SESSIONS):
        return
    session = shift.programme.session(str(asked_by(tx, shift, ACTION).get("session")))
    if session is not None:
        tell(tx, shift, "zoom", [_preview(tx, shift, session, there)])


def _preview(tx: Transaction, shift: Shift, session: Session, there: object) -> Say:
    if isinstance(there, Read) and there.refused is not None:
        return Say("presence.refused", {"why": there.refused}, (_back(session),))
    if isinstance(there, Crowded):
        return Say("presence.crowded", {}, (_back(session),))
    if not isinstance(there, Compared):
        return Say("presence.not_fetched", {}, (_back(session),))
    file_id = files.keep(tx, zoom_reports.dump(there), shift.now, kept=KEPT)
    _ask(tx, shift, session, asked="zoom", file=file_id)
    warnings = [Say("presence.warning", {"why": each}) for each in there.warnings]
    if there.other_meeting:
        warnings.append(Say("presence.other_meeting", {"meeting": there.other_meeting}))
    if there.other_day:
        warnings.append(Say("presence.other_day"))
    said: dict[str, Value] = {
        "title": session.title,
        "names": len(there.matches),
        "sure": there.sure,
        "people": there.people,
        "doubtful": there.doubtful,
        "unknown": there.unknown,
        "warnings": tuple(warnings) or "",
    }
    rows = (
        (Button(Say("presence.button_import"), Tap(ACTION, str(file_id), "import")),),
        (Button(Say("presence.button_leave"), Tap(ACTION, session.id, "show")),),
    )
    return Say("presence.preview", said, rows)


# --- in the chat ------------------------------------------------------------------------------------------


def open(tx: Transaction, shift: Shift) -> Reply:  # noqa: A001 - every area of a coordinator's desk is opened so
    """The sessions whose attendance is taken."""
    return Reply((_overview(tx, shift),))


def write(tx: Transaction, shift: Shift, asked: Mapping[str, Any], event: Wrote | Shared) -> Reply:
    """The report that was asked for, or whose a name is."""
    session = shift.programme.session(str(asked.get("session")))
    if session is None:
        return open(tx, shift)
    if asked.get("asked") == "name":
        return _named(tx, shift, session, str(asked.get("name")), event)
    if not isinstance(event, Shared) or event.kind != "document" or event.file_id is None:
        return Reply((Say("presence.file_please", {}, (_back(session),)),))
    if not event.name.lower().endswith(_ENDINGS):
        return Reply((Say("presence.which_file", {"file": event.name[:80] or "—"}, (_back(session),)),))
    wanted = Fetch(shift.chat_id, event.message_id, event.file_id, event.name, ACTION)
    return Reply((Say("presence.reading"),), fetch=wanted)


def tap(tx: Transaction, shift: Shift, message_id: int, tapped: Tap) -> Reply:
    """A button of this area; its item is a session, or a person or a name with "~" and the session."""
    if tapped.choice == "list":
        return Reply((Edit(message_id, _overview(tx, shift)),))
    if tapped.choice == "import":
        return _import(tx, shift, message_id, tapped.item)
    number, _, session_id = tapped.item.rpartition("~")
    session = shift.programme.session(session_id)
    if session is None or not windows(session):
        return Reply((OLD_BUTTON,))
    match tapped.choice:
        case "show":
            ask_no_more(tx, shift)
            return Reply((Edit(message_id, _session(tx, shift, session)),))
        case "screen" if shift.actor.speaks_at(session.id):
            return Reply((_screen(tx, shift, session),))
        case "zoom" if shift.actor.may(Right.RUN_SESSIONS):
            _ask(tx, shift, session, asked="zoom")
            return Reply((Say("presence.ask", {"title": session.title}, (_back(session),)),))
        case "names" if shift.actor.may(Right.RUN_SESSIONS):
            return Reply((Edit(message_id, _next_name(tx, shift, session, number)),))
        case "nobody" if shift.actor.may(Right.RUN_SESSIONS):
            return _settle(tx, shift, message_id, session, number, "")
        case choice if choice.startswith("is") and shift.actor.may(Right.RUN_SESSIONS):
            return _settle(tx, shift, message_id, session, number, choice.removeprefix("is"))
        case "contests" if shift.actor.may(Right.CHANGE_PEOPLE):
            return Reply((Edit(message_id, _next_contest(tx, shift, session, number)),))
        case "yes" | "no" as which if number.isdecimal() and len(number) < 12:
            if not deeds.waits(tx, shift.actor, session, int(number)):
                following = _next_contest(tx, shift, session, "")
                return Reply((Edit(message_id, following),), Say("presence.toast_decided_already"))
            done = deeds.decide(
                tx,
                shift.actor,
                shift.programme,
                session,
                int(number),
                shift.now,
                present=which == "yes",
            )
            if not done:
                return Reply((OLD_BUTTON,))
            following = _next_contest(tx, shift, session, "")
            return Reply((Edit(message_id, following),), Say("presence.toast_decided"))
        case "xlsx" | "pdf" as form if shift.actor.may(Right.EXPORT):
            return Reply((_list(tx, shift, session, form),))
    return Reply((Say("desk.not_allowed"),))


def _overview(tx: Transaction, shift: Shift) -> Say:
    taken = [session for session in shift.programme.sessions if windows(session)]
    rows: list[tuple[Button, ...]] = [
        (Button(session.title, Tap(ACTION, session.id, "show")),) for session in taken
    ]
    lines = tuple(
        Say(
            "presence.line",
            {
                "title": session.title,
                "starts": short_moment(session.starts),
                **_numbers(attendance.counts(tx, shift.programme.id, session.id, shift.actor.scope)),
            },
        )
        for session in taken
    )
    said: dict[str, Value] = {"lines": lines or Say("presence.none_taken")}
    return Say("presence.overview", said, (*rows, (menu_button(),)))


def _session(tx: Transaction, shift: Shift, session: Session) -> Say:
    """One session: how many were there, and what is to be done."""
    programme, actor = shift.programme, shift.actor
    numbers = attendance.counts(tx, programme.id, session.id, actor.scope)
    arrivals = attendance.arrivals(tx, programme.id, session.id, actor.scope)
    late = late_codes(tx, programme, session, actor)
    noticed: list[Say] = [Say("presence.late_codes", {"count": late})] if late else []
    noticed += [burst_line(each) for each in bursts(arrivals)[:_SHOWN]]
    names = attendance.open_names(tx, programme.id, session.id) if actor.may(Right.RUN_SESSIONS) else []
    said: dict[str, Value] = {
        "title": session.title,
        "at": short_moment(shift.now),
        **_numbers(numbers),
        "none": numbers.none,
        "contested": numbers.contested,
        "noticed": tuple(noticed) or "",
    }
    rows: list[tuple[Button, ...]] = []
    if actor.speaks_at(session.id):
        rows.append((Button(Say("presence.button_screen"), Tap(ACTION, session.id, "screen")),))
    if actor.may(Right.RUN_SESSIONS):
        rows.append((Button(Say("presence.button_zoom"), Tap(ACTION, session.id, "zoom")),))
    if names:
        label = Say("presence.button_names", {"count": len(names)})
        rows.append((Button(label, Tap(ACTION, session.id, "names")),))
    if numbers.contested and actor.may(Right.CHANGE_PEOPLE):
        label = Say("presence.button_contests", {"count": numbers.contested})
        rows.append((Button(label, Tap(ACTION, session.id, "contests")),))
    if actor.may(Right.EXPORT):
        rows.append(
            tuple(
                Button(Say(f"presence.button_{form}"), Tap(ACTION, session.id, form))
                for form in ("xlsx", "pdf")
            )
        )
    rows.append((Button(Say("presence.button_back"), Tap(ACTION, "", "list")), menu_button()))
    return Say("presence.session", said, tuple(rows))


def late_codes(tx: Transaction, programme: Programme, session: Session, actor: Actor) -> int:
    """How many codes of a session came when they did not stand any more."""
    return attendance.late_codes(tx, programme.id, session.id, actor.scope)


def burst_line(burst: Burst) -> Say:
    """A code that seems to have been passed on, in a line."""
    said: dict[str, Value] = {
        "people": burst.people,
        "office": burst.office or "—",
        "at": clock_time(burst.first),
        "seconds": int(burst.lag.total_seconds()),
    }
    return Say("presence.burst", said)


def _screen(tx: Transaction, shift: Shift, session: Session) -> Say:
    link = sign_ins.hand_out(tx, shift.actor.person.id, shift.now, f"/layar/{session.id}")
    if link is None:
        return Say("pages.no_address", {}, (_back(session),))
    minutes = int(sign_ins.lasting(tx).link / timedelta(minutes=1))
    said: dict[str, Value] = {"title": session.title, "link": link, "minutes": minutes}
    return Say("presence.screen", said, (_back(session),))


def _import(tx: Transaction, shift: Shift, message_id: int, item: str) -> Reply:
    asked = asked_by(tx, shift, ACTION)
    file_id = asked.get("file")
    if file_id is None or str(file_id) != item:
        return Reply((OLD_BUTTON,))
    ask_no_more(tx, shift)
    kept = files.take(tx, file_id, shift.now)
    session = shift.programme.session(str(asked.get("session")))
    if session is None:
        return Reply((OLD_BUTTON,))
    if kept is None:
        return Reply((Edit(message_id, Say("presence.too_late", {}, (_back(session),))),))
    number = zoom_reports.take(tx, shift.actor, shift.programme, zoom_reports.load(kept), shift.now)
    if number is None:
        return Reply((Say("desk.not_allowed"),))
    waiting = len(attendance.open_names(tx, shift.programme.id, session.id))
    rows = [_back(session)]
    if waiting:
        label = Say("presence.button_names", {"count": waiting})
        rows.insert(0, (Button(label, Tap(ACTION, session.id, "names")),))
    said: dict[str, Value] = {"title": session.title, "people": number, "waiting": waiting}
    return Reply((Edit(message_id, Say("presence.imported", said, tuple(rows))),))


# --- names to settle --------------------------------------------------------------------------------------


def _next_name(tx: Transaction, shift: Shift, session: Session, after: str) -> Say:
    """The name that is next to be settled; `after`: the one that is left for later."""
    names = attendance.open_names(tx, shift.programme.id, session.id)
    if not names:
        ask_no_more(tx, shift)
        return Say("presence.all_settled", {"title": session.title}, (_back(session),))
    place = next((n + 1 for n, each in enumerate(names) if str(each.id) == after), 0) % len(names)
    one = names[place]
    known = {person: (name, office) for person, name, office in _known(tx, shift.programme, one.perhaps)}
    rows: list[tuple[Button, ...]] = [
        (
            Button(
                Say("presence.button_person", {"person": known[person][0], "where": known[person][1] or "—"}),
                Tap(ACTION, f"{one.id}~{session.id}", f"is{person}"),
            ),
        )
        for person in one.perhaps
        if person in known
    ]
    rows.append((Button(Say("presence.button_nobody"), Tap(ACTION, f"{one.id}~{session.id}", "nobody")),))
    if len(names) > 1:
        rows.append((Button(Say("presence.button_later"), Tap(ACTION, f"{one.id}~{session.id}", "names")),))
    rows.append(_back(session))
    _ask(tx, shift, session, asked="name", name=one.id)
    said: dict[str, Value] = {
        "shown": one.name,
        "original": Say("presence.original", {"original": one.original}) if one.original else "",
        "minutes": one.minutes,
        "left": len(names),
    }
    return Say("presence.whose", said, tuple(rows))


def _settle(
    tx: Transaction, shift: Shift, message_id: int, session: Session, number: str, person: str
) -> Reply:
    one = attendance.name(tx, shift.programme.id, int(number)) if number.isdecimal() else None
    if one is None or one.session != session.id or not (person.isdecimal() or person == ""):
        return Reply((OLD_BUTTON,))
    chosen = [int(person)] if person else []
    done = zoom_reports.settle(tx, shift.actor, shift.programme, one, chosen, shift.now)
    toast = Say("presence.toast_settled" if done else "presence.toast_settled_already")
    return Reply((Edit(message_id, _next_name(tx, shift, session, "")),), toast)


def _named(tx: Transaction, shift: Shift, session: Session, number: str, event: Wrote | Shared) -> Reply:
    """Who it is was typed: one person, or several who sat together."""
    one = attendance.name(tx, shift.programme.id, int(number)) if number.isdecimal() else None
    if one is None or one.state != "open" or not shift.actor.may(Right.RUN_SESSIONS):
        return Reply((_next_name(tx, shift, session, ""),))
    if not isinstance(event, Wrote):
        return Reply((Say("presence.type_name", {}, (_back(session),)),))
    meant = zoom_reports.meant(tx, shift.programme, event.text)
    if meant.sure and zoom_reports.settle(tx, shift.actor, shift.programme, one, list(meant.sure), shift.now):
        who = ", ".join(name for _, name, _ in _known(tx, shift.programme, meant.sure))
        done = Say("presence.settled", {"shown": one.name, "people": who})
        return Reply((done, _next_name(tx, shift, session, "")))
    known = _known(tx, shift.programme, meant.perhaps)
    rows: list[tuple[Button, ...]] = [
        (
            Button(
                Say("presence.button_person", {"person": name, "where": office or "—"}),
                Tap(ACTION, f"{one.id}~{session.id}", f"is{person}"),
            ),
        )
        for person, name, office in known
    ]
    key = "presence.which_person" if rows else "presence.nobody_of_that_name"
    return Reply((Say(key, {"shown": one.name}, (*rows, _back(session))),))


# --- "I was there" ----------------------------------------------------------------------------------------


def _next_contest(tx: Transaction, shift: Shift, session: Session, after: str) -> Say:
    """Who says that they were there, with what there is of them."""
    programme, scope = shift.programme, shift.actor.scope
    waiting = list(attendance.people(tx, programme.id, session.id, scope, Wanted(contested=True), limit=200))
    if not waiting:
        return Say("presence.all_decided", {"title": session.title}, (_back(session),))
    place = next((n + 1 for n, each in enumerate(waiting) if str(each.id) == after), 0) % len(waiting)
    one = waiting[place]
    item = f"{one.id}~{session.id}"
    rows: list[tuple[Button, ...]] = [
        (
            Button(Say("presence.button_yes"), Tap(ACTION, item, "yes")),
            Button(Say("presence.button_no"), Tap(ACTION, item, "no")),
        )
    ]
    if len(waiting) > 1:
        rows.append((Button(Say("presence.button_later"), Tap(ACTION, item, "contests")),))
    rows.append(_back(session))
    audit.note(tx, shift.actor, Action.PERSON_SEEN, shift.now, kind="person", subject=one.id)
    said: dict[str, Value] = {
        "person": one.name,
        "where": one.office or "—",
        "title": session.title,
        "lines": tuple(evidence_line(each) for each in attendance.ledger(tx, session.id, one.id)),
        "left": len(waiting),
    }
    return Say("presence.contest", said, tuple(rows))


def evidence_line(kept: Kept) -> Say:
    """A piece of evidence in a line."""
    piece = kept.evidence
    at = short_moment(piece.at)
    held: Value = (
        "" if piece.received is None else Say("presence.evidence_held", {"at": short_moment(piece.received)})
    )
    match piece.kind:
        case Kind.TAP:
            return Say(f"presence.evidence_tap_{piece.leg}", {"at": at})
        case Kind.CODE if kept.step is None:
            return Say("presence.evidence_wrong", {"at": at, "held": held})
        case Kind.CODE:
            seconds = 0 if piece.lag is None else int(piece.lag.total_seconds())
            key = f"presence.evidence_code_{piece.leg}" if piece.counts else "presence.evidence_late"
            return Say(key, {"at": at, "seconds": seconds, "held": held})
        case Kind.ZOOM:
            return Say("presence.evidence_zoom", {"minutes": piece.minutes or 0, "shown": kept.note})
        case Kind.DECISION:
            key = "presence.evidence_yes" if piece.counts else "presence.evidence_no"
            why = Say("presence.evidence_why", {"why": kept.note}) if kept.note else ""
            return Say(key, {"at": at, "by": kept.made_by_name, "why": why})
        case Kind.CONTEST:
            return Say("presence.evidence_contest", {"at": at})


# --- lists and sheets -------------------------------------------------------------------------------------


def _list(tx: Transaction, shift: Shift, session: Session, form: str) -> File:
    """Everybody of the scope, by office: as a workbook, or as sheets to print. Noted as an export."""
    programme, scope = shift.programme, shift.actor.scope
    found = list(
        attendance.people(tx, programme.id, session.id, scope, Wanted(order="office"), limit=files.MOST_ROWS)
    )
    audit.note(
        tx,
        shift.actor,
        Action.EXPORTED,
        shift.now,
        kind="attendance",
        subject=session.id,
        people=len(found),
        form=form,
    )
    rows = tuple(
        (
            each.office,
            each.name,
            groups_in_line(each.wave, each.class_, each.group),
            Say(f"presence.grade_{each.grade}"),
            each.arrived_at,
            each.left_at,
            each.minutes,
        )
        for each in found
    )
    said: dict[str, Value] = {
        "title": session.title,
        "programme": programme.title,
        "at": short_moment(shift.now),
        "starts": session.starts,
        "count": len(found),
    }
    notes = (Say("presence.sheet_note", said), Say("recap.leaves"))
    columns = ("office", "name", "groups", "grade", "arrived", "left", "minutes")
    titles = tuple(Say(f"presence.column_{each}") for each in columns)
    title = Say("presence.sheet_title" if form == "pdf" else "presence.sheet", said)
    table = Table(title, titles, rows, notes)
    name = f"presensi.{form}"
    return File(files.keep(tx, table, shift.now), name, Say("recap.file_caption", {"about": notes[0]}))


# --- inside -----------------------------------------------------------------------------------------------


def _numbers(count: Count) -> dict[str, Value]:
    return {"present": count.present, "partial": count.partial, "people": count.people}


def _known(tx: Transaction, programme: Programme, ids: "tuple[int, ...]") -> list[tuple[int, str, str]]:
    """Who these are, in their order."""
    found = {each[0]: each for each in attendance.known(tx, programme.id, ids=list(ids))}
    return [found[person] for person in ids if person in found]


def _back(session: Session) -> tuple[Button, ...]:
    return (Button(Say("presence.button_session"), Tap(ACTION, session.id, "show")),)


def _ask(tx: Transaction, shift: Shift, session: Session, **state: Any) -> None:
    ask(tx, shift, ACTION, {"session": session.id, **state})
