"""The timetable: what is coming, for how many and until when; and correcting it, shown beforehand each time.

The deeds are `bot.usecases.corrections`, the ones of the chat.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Final

from bot.content.markup import plain
from bot.content.wording import language_of
from bot.domain.announcements import Whom, moment
from bot.domain.corrections import Kind, SessionChange, shifted
from bot.domain.language import Localised
from bot.domain.markup import MarkupError
from bot.domain.messages import Say
from bot.domain.programme import Audience, Entry, Instant, Local, PersonalDay, Recurring
from bot.domain.staff import Right
from bot.storage import corrections as stored
from bot.storage.database import Transaction
from bot.usecases import corrections, timetable
from bot.usecases import timetable_words as words
from bot.usecases import whom as whom_of
from bot.usecases.corrections import (
    AddEntry,
    ChangeSession,
    MoveEntry,
    Proposal,
    Restore,
    SkipEntry,
)
from bot.usecases.purposes import purpose
from bot.usecases.timetable import Coming
from bot.web import markup
from bot.web.audiences import chosen, conditions
from bot.web.page import Answer, Go, PageError, Show, Visit, Way, answering_refusals, bad_input, not_found
from bot.web.tables import Asked, Column, Table

_AHEAD = 40  # entries that are listed
_LONGEST = 4_000  # characters of an entry's text
_FIELDS = ("url", "meeting_id", "passcode", "stream")


# --- what is coming -------------------------------------------------------------------------------------


def _note(row: Coming) -> "Say | None":
    if row.hopeless:
        return Say("page.will_be_missed")
    return Say("page.late_people", {"count": row.late}) if row.late else None


def _list(tx: Transaction, visit: Visit) -> Answer:
    programme, now = visit.programme, visit.now
    ahead, _ = timetable.coming(tx, programme, visit.scope, now, since=now, most=_AHEAD)

    def rows(_tx: Transaction, _visit: Visit, _: Asked, limit: int | None, offset: int) -> Iterable[Coming]:
        return ahead[offset : None if limit is None else offset + limit]

    table: Table[Coming] = Table(
        name="timetable",
        columns=(
            Column("at", "page.column_moment", lambda row: row.at, moment=True),
            Column(
                "entry",
                "page.column_entry",
                lambda row: row.entry.id,
                head=True,
                link=lambda row: f"/timetable/entries/{row.entry.id}",
            ),
            Column("people", "page.column_people", words.people_in_words, number=True),
            Column("last", "page.column_last", lambda row: row.last_at, moment=True),
            Column("note", "page.column_error", _note),
        ),
        count=lambda _tx, _visit, _asked: len(ahead),
        rows=rows,
    )
    values = {
        "sessions": [session for session in programme.sessions if session.ends > now],
        "running": [
            (purpose(programme, each.entry_id), each)
            for each in (timetable.running(tx, programme, now) if visit.scope.whole else ())
        ],
        "skipped": [entry for entry in programme.timetable if entry.skipped],
        "standing": corrections.standing(tx, programme.id),
        "may_change": visit.actor.may(Right.CHANGE_TIMETABLE),
    }
    return table.answer(tx, visit, "timetable.html", values)


# --- one entry, one session -----------------------------------------------------------------------------


def _the_entry(visit: Visit) -> Entry:
    entry = visit.programme.entry(visit.ids["id"])
    if entry is None:
        raise not_found()
    return entry


def _entry(tx: Transaction, visit: Visit) -> Show:
    entry = _the_entry(visit)
    coming = words.next_moment(visit.programme, entry, visit.now)
    recurring = isinstance(entry.when, Recurring)
    return Show(
        "timetable_entry.html",
        {
            "entry": entry,
            "when": words.when_in_words(visit.programme, entry, visit.now),
            "text": None if entry.text is None else plain(entry.text[language_of(visit.reader)]),
            "may_change": visit.actor.may(Right.CHANGE_TIMETABLE),
            "day": coming.astimezone(visit.programme.zone.tzinfo).date() if recurring and coming else None,
            "skippable": not entry.skipped and coming is not None,
            "movable": not isinstance(entry.when, Recurring | PersonalDay),
            "own_time": isinstance(entry.when, Local),
            "restorable": stored.change_of(tx, visit.programme.id, Kind.ENTRY, entry.id) is not None,
            "zone": visit.programme.zone,
        },
    )


def _session(tx: Transaction, visit: Visit) -> Show:
    session = visit.session()
    return Show(
        "timetable_session.html",
        {
            "session": session,
            "starts": _typed_moment(visit, session.starts),
            "may_change": visit.actor.may(Right.CHANGE_TIMETABLE),
            "restorable": stored.change_of(tx, visit.programme.id, Kind.SESSION, session.id) is not None,
            "zone": visit.programme.zone,
        },
    )


def _typed_moment(visit: Visit, at: datetime) -> str:
    """As a browser's field for a moment has it."""
    return f"{at.astimezone(visit.programme.zone.tzinfo):%Y-%m-%dT%H:%M}"


# --- correcting -----------------------------------------------------------------------------------------


def _change_entry(tx: Transaction, visit: Visit) -> Answer:
    entry = _the_entry(visit)
    here = f"/timetable/entries/{entry.id}"
    wanted: Proposal
    match visit.field("deed", at_most=20):
        case "skip":
            wanted = SkipEntry(entry.id)
        case "day":
            try:
                wanted = SkipEntry(entry.id, date.fromisoformat(visit.field("day", at_most=10)))
            except ValueError:
                raise bad_input() from None
        case "move":
            wanted = MoveEntry(entry.id, _moment(visit, here))
        case "restore":
            wanted = Restore(Kind.ENTRY, entry.id)
        case _:
            raise bad_input()
    return _corrected(tx, visit, wanted, here, f"{here}/change")


def _change_session(tx: Transaction, visit: Visit) -> Answer:
    session = visit.session()
    here = f"/timetable/sessions/{session.id}"
    if visit.form.get("deed") == "restore":
        return _corrected(tx, visit, Restore(Kind.SESSION, session.id), here, f"{here}/change")
    typed = {name: visit.field(name, at_most=500) for name in _FIELDS}
    if any("\n" in value for value in typed.values()):
        raise bad_input()
    change = SessionChange(
        url=typed["url"], meeting_id=typed["meeting_id"], passcode=typed["passcode"], stream=typed["stream"]
    )
    if visit.field("at", at_most=20) != _typed_moment(visit, session.starts):
        by = shifted(session, _instant(visit, here))
        change = replace(change, room_opens=by.room_opens, starts=by.starts, ends=by.ends)
    return _corrected(tx, visit, ChangeSession(session.id, change), here, f"{here}/change")


def _new(tx: Transaction, visit: Visit) -> Show:
    found = conditions(tx, visit, Audience(), "o")
    return Show("timetable_new.html", {"zone": visit.programme.zone, "conditions_of": found})


def _add(tx: Transaction, visit: Visit) -> Answer:
    here = "/timetable/new"
    first, second = (visit.field(name, at_most=_LONGEST) for name in ("words_id", "words_en"))
    try:
        text = Localised(markup.read(first), markup.read(second or first))
    except MarkupError:
        raise PageError(400, "page.words_markup", here) from None
    audience, known = chosen(tx, visit, Audience(), "o")
    if {name for name in visit.form if name.startswith("o-")} - known:
        raise bad_input()
    wanted = AddEntry(text, _moment(visit, here), audience, essential=bool(visit.form.get("essential")))
    return _corrected(tx, visit, wanted, here, here)


def _instant(visit: Visit, back: str) -> datetime:
    at = moment(visit.field("at", at_most=20), visit.programme.zone)
    if at is None:
        raise PageError(400, "page.moment_unclear", back)
    return at


def _moment(visit: Visit, back: str) -> Instant | Local:
    """The moment that was typed: one for all, or each person's own time."""
    at = _instant(visit, back)
    if not visit.form.get("own"):
        return Instant(at)
    local = at.astimezone(visit.programme.zone.tzinfo)
    return Local(local.date(), local.time())


def _corrected(tx: Transaction, visit: Visit, wanted: Proposal, here: str, path: str) -> Answer:
    """What it would do, and the same form to be sent once more; or, when it was, the deed."""
    with answering_refusals(here):
        if visit.form.get("sure"):
            corrections.correct(tx, visit.actor, visit.programme.id, wanted, visit.now)
            return Go("/timetable", said="corrected")
        effect = corrections.preview(tx, visit.programme.id, wanted, visit.now)
    values = {
        "what": words.in_words(effect, wanted),
        "effects": words.effects(effect),
        "whom": whom_of.in_words(visit.actor, visit.programme, Whom(wanted.audience))
        if isinstance(wanted, AddEntry)
        else (),
        "fields": _again(visit.form),
        "path": path,
        "here": here,
    }
    return Show("timetable_ask.html", values)


def _again(form: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in form.items() if name not in {"form_token", "sure"}}


WAYS: Final = (
    Way("/timetable", Right.SEE_TIMETABLE, _list, menu="page.menu_timetable"),
    Way("/timetable/new", Right.CHANGE_TIMETABLE, _new, _add),
    Way("/timetable/entries/{id}", Right.SEE_TIMETABLE, _entry),
    Way("/timetable/entries/{id}/change", Right.CHANGE_TIMETABLE, do=_change_entry),
    Way("/timetable/sessions/{id}", Right.SEE_TIMETABLE, _session),
    Way("/timetable/sessions/{id}/change", Right.CHANGE_TIMETABLE, do=_change_session),
)
