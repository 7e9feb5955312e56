"""Attendance: the sessions, who was there, what speaks for it of one person, and a coordinator's decision."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from bot.documents.sheets import write_sheets
from bot.domain.attendance import Grade, bursts, windows
from bot.domain.audit import Action
from bot.domain.forms import clock_time, short_moment
from bot.domain.identity import Nip
from bot.domain.messages import Say, Value
from bot.domain.people import groups_in_line
from bot.domain.programme import Session
from bot.domain.staff import Right
from bot.storage import attendance
from bot.storage.attendance import Listed, Wanted, ZoomName
from bot.storage.database import Transaction
from bot.usecases import attendance as deeds
from bot.usecases import zoom_reports
from bot.usecases.desk_attendance import burst_line, evidence_line
from bot.web.page import Answer, Download, Go, Note, Show, Visit, Way, bad_input, not_found, refused
from bot.web.tables import Asked, Column, Filter, Table, name_column

_NOTICED: Final = 20
_NAMES: Final = 50
"""Names to settle on a page: the next ones come up as these are settled."""


def _session(visit: Visit) -> Session:
    session = visit.session()
    if not windows(session):
        raise not_found()
    return session


def _sessions(tx: Transaction, visit: Visit) -> Show:
    taken = [session for session in visit.programme.sessions if windows(session)]
    found = [(each, attendance.counts(tx, visit.programme.id, each.id, visit.scope)) for each in taken]
    return Show("attendance.html", {"sessions": found})


def _wanted(asked: Asked) -> Wanted:
    return Wanted(
        name=asked.filters["q"],
        office=asked.filters["office"],
        grade=asked.filters["grade"],
        contested=asked.filters["contested"] == "1",
        order=asked.sort,
        down=asked.down,
    )


def _rows(tx: Transaction, visit: Visit, asked: Asked, limit: int | None, offset: int) -> Iterable[Listed]:
    return attendance.people(
        tx, visit.programme.id, visit.ids["id"], visit.scope, _wanted(asked), limit=limit, offset=offset
    )


def _count(tx: Transaction, visit: Visit, asked: Asked) -> int:
    return attendance.count(tx, visit.programme.id, visit.ids["id"], visit.scope, _wanted(asked))


def _grade(row: Listed) -> Say:
    return Say("presence.contesting" if row.contested else f"presence.grade_{row.grade}")


def _table(session_id: str) -> Table[Listed]:
    """The table of a session: its links are the session's."""
    return Table(
        name="attendance",
        columns=(
            name_column(lambda row: f"/attendance/{session_id}/people/{row.id}", sorts=True),
            Column("office", "page.column_office", lambda row: row.office, sorts=True),
            Column(
                "groups", "page.column_groups", lambda row: groups_in_line(row.wave, row.class_, row.group)
            ),
            Column("grade", "presence.column_grade", _grade, sorts=True),
            Column("arrived", "presence.column_arrived", lambda row: row.arrived_at, sorts=True, moment=True),
            Column("left", "presence.column_left", lambda row: row.left_at, moment=True),
            Column("minutes", "presence.column_minutes", lambda row: row.minutes, sorts=True, number=True),
        ),
        filters=(
            Filter("q", "page.filter_name"),
            Filter("office", "page.filter_office"),
            Filter(
                "grade",
                "presence.column_grade",
                tuple((each.value, Say(f"presence.grade_{each}")) for each in Grade),
            ),
            Filter("contested", "presence.filter_contested", (("1", Say("presence.contesting")),)),
        ),
        sort="name",
        count=_count,
        rows=_rows,
    )


def _of_session(tx: Transaction, visit: Visit) -> Answer:
    session = _session(visit)
    arrivals = attendance.arrivals(tx, visit.programme.id, session.id, visit.scope)
    values: dict[str, Any] = {
        "session": session,
        "numbers": attendance.counts(tx, visit.programme.id, session.id, visit.scope),
        "late": attendance.late_codes(tx, visit.programme.id, session.id, visit.scope),
        "bursts": [burst_line(each) for each in bursts(arrivals)[:_NOTICED]],
        "speaks": visit.actor.speaks_at(session.id),
        "exports": visit.actor.may(Right.EXPORT),
        "names": attendance.number_open(tx, visit.programme.id, session.id)
        if visit.actor.may(Right.RUN_SESSIONS)
        else 0,
    }
    return _table(session.id).answer(tx, visit, "attendance_session.html", values)


def _sheets(tx: Transaction, visit: Visit) -> Download:
    """Everybody of the scope as sheets to print, an office after the other."""
    session = _session(visit)
    if not visit.actor.may(Right.EXPORT):
        raise refused()
    found = list(attendance.people(tx, visit.programme.id, session.id, visit.scope, Wanted(order="office")))

    def moment(value: "Value | None") -> str:
        return "" if value is None else visit.words(value)

    rows = [
        (
            each.office,
            each.name,
            "" if each.nip is None else Nip(each.nip).masked,
            groups_in_line(each.wave, each.class_, each.group),
            visit.words(Say(f"presence.grade_{each.grade}")),
            moment(None if each.arrived_at is None else clock_time(each.arrived_at)),
            moment(None if each.left_at is None else clock_time(each.left_at)),
            moment(each.minutes),
        )
        for each in found
    ]
    said: dict[str, Value] = {
        "title": session.title,
        "programme": visit.programme.title,
        "at": short_moment(visit.now),
        "starts": session.starts,
        "count": len(found),
    }
    columns = (
        *("presence.column_office", "page.column_name", "page.column_nip"),
        *(f"presence.column_{each}" for each in ("groups", "grade", "arrived", "left", "minutes")),
    )
    pdf = write_sheets(
        title=visit.words(Say("presence.sheet_title", said)),
        titles=[visit.words(Say(each)) for each in columns],
        rows=rows,
        notes=[visit.words(Say("presence.sheet_note", said))],
        now=visit.now,
    )
    note = Note(
        Action.EXPORTED,
        kind="attendance",
        subject=session.id,
        people=len(found),
        details={"format": "pdf"},
    )
    day = session.starts.astimezone(visit.programme.zone.tzinfo).date()
    return Download(f"rekan-presensi-{session.id}-{day}.pdf", "application/pdf", pdf, (note,))


def _person(tx: Transaction, visit: Visit) -> Show:
    session = _session(visit)
    one = attendance.person(tx, visit.programme.id, session.id, visit.scope, visit.id("person"))
    if one is None:
        raise not_found()
    kept = attendance.ledger(tx, session.id, one.id)
    values = {
        "session": session,
        "person": one,
        "grade": _grade(one),
        "lines": [evidence_line(each) for each in kept],
        "decides": visit.actor.may(Right.CHANGE_PEOPLE),
    }
    return Show("attendance_person.html", values, (Note(Action.PERSON_SEEN, kind="person", subject=one.id),))


def _decide(tx: Transaction, visit: Visit) -> Go:
    session = _session(visit)
    person_id = visit.id("person")
    if attendance.person(tx, visit.programme.id, session.id, visit.scope, person_id) is None:
        raise not_found()
    which = visit.field("present", at_most=3)
    if which not in ("yes", "no"):
        raise bad_input()
    done = deeds.decide(
        tx,
        visit.actor,
        visit.programme,
        session,
        person_id,
        visit.now,
        present=which == "yes",
        why=visit.field("why", at_most=300),
    )
    if not done:
        raise refused()
    return Go(f"/attendance/{session.id}/people/{person_id}", "decided")


# --- names of Zoom reports ----------------------------------------------------------------------------------


def _names(tx: Transaction, visit: Visit, wrong: Say | None = None, found: ZoomName | None = None) -> Show:
    """The names that wait to be settled; `found`: of one of them, whom what was typed may mean."""
    session = _session(visit)
    names = attendance.open_names(tx, visit.programme.id, session.id)
    shown = [each if found is None or each.id != found.id else found for each in names[:_NAMES]]
    ids = sorted({person for each in shown for person in each.perhaps})
    known = {each[0]: each for each in attendance.known(tx, visit.programme.id, visit.scope, ids)}
    values = {
        "session": session,
        "number": len(names),
        "lines": [(each, [known[one] for one in each.perhaps if one in known]) for each in shown],
        "wrong": wrong,
        "wrong_id": None if found is None else found.id,
    }
    return Show("attendance_names.html", values, status=200 if wrong is None else 409)


def _settle(tx: Transaction, visit: Visit) -> Go | Show:
    session = _session(visit)
    one = attendance.name(tx, visit.programme.id, visit.id("name"))
    if one is None or one.session != session.id:
        raise not_found()
    back = f"/attendance/{session.id}/names"
    if one.state != "open":
        return Go(back, "settled_already")
    who = visit.field("who", at_most=20)
    if who == "nobody":
        people: list[int] = []
    elif who == "typed":
        meant = zoom_reports.meant(tx, visit.programme, visit.field("typed", at_most=200))
        if not meant.sure:
            key = "presence.which_person" if meant.perhaps else "presence.nobody_of_that_name"
            return _names(tx, visit, Say(key, {"shown": one.name}), replace(one, perhaps=meant.perhaps))
        people = list(meant.sure)
    elif who.isascii() and who.isdecimal():
        people = [int(who)]
    else:
        raise bad_input()
    if not zoom_reports.settle(tx, visit.actor, visit.programme, one, people, visit.now):
        raise refused()
    return Go(back, "settled")


WAYS: Final = (
    Way("/attendance", Right.SEE_PROGRESS, _sessions, menu="page.menu_attendance"),
    Way("/attendance/{id}", Right.SEE_PROGRESS, _of_session),
    Way("/attendance/{id}/sheets", Right.EXPORT, _sheets),
    Way("/attendance/{id}/names", Right.RUN_SESSIONS, _names),
    Way("/attendance/{id}/names/{name}/settle", Right.RUN_SESSIONS, do=_settle),
    Way("/attendance/{id}/people/{person}", Right.SEE_PROGRESS, _person),
    Way("/attendance/{id}/people/{person}/decide", Right.CHANGE_PEOPLE, do=_decide),
)
