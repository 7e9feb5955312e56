"""Journals: the list, and an entry to be read, commented, and given back to be written anew."""

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlencode

from bot.domain.audit import Action
from bot.domain.messages import Say, Value
from bot.domain.programme import Item, Programme, Target
from bot.domain.staff import Right
from bot.storage import journal_reading as stored
from bot.storage.database import Transaction
from bot.storage.journal_reading import Filter as Which
from bot.storage.journal_reading import Listed
from bot.usecases import journal_reading
from bot.usecases.journal_reading import COMMENT_LIMIT
from bot.usecases.refusal import RefusedError
from bot.web.page import Answer, Fetched, Go, Note, Show, Visit, Way, bad_input, not_found
from bot.web.tables import Asked, Column, Filter, Table, name_column

_MARKS = ("unread", "revision")
_ALL = 1_000_000  # entries of one file


def _title(programme: Programme, prompt: str) -> Value:
    return programme.title_of(Target(Item.JOURNAL, prompt)) or prompt


def _state(row: Listed) -> Say:
    if row.revision_asked_at is not None:
        return Say("page.journal_revision")
    return Say("page.journal_unread" if row.read_at is None else "page.journal_read")


def _which(visit: Visit) -> Which:
    """What the visit's parameters narrow the entries to; raises PageError."""
    mark = visit.choice("mark", _MARKS)
    return Which(
        prompt=visit.choice("prompt", [task.prompt.id for task in visit.programme.journal]),
        office=visit.text("office"),
        class_=visit.text("class"),
        group=visit.text("group"),
        unread=mark == "unread",
        revision_asked=mark == "revision",
    )


def _query(visit: Visit) -> str:
    """The same filter again, for links to other entries."""
    kept = {
        key: visit.query[key]
        for key in ("prompt", "office", "class", "group", "mark")
        if visit.query.get(key)
    }
    return f"?{urlencode(kept)}" if kept else ""


def _rows(tx: Transaction, visit: Visit, _: Asked, limit: int | None, offset: int) -> Iterable[Listed]:
    which = _which(visit)
    return stored.listed(
        tx, visit.programme.id, visit.scope, which, limit=_ALL if limit is None else limit, offset=offset
    )


def _count(tx: Transaction, visit: Visit, _: Asked) -> int:
    return stored.number(tx, visit.programme.id, visit.scope, _which(visit))


def _list(tx: Transaction, visit: Visit) -> Answer:
    query = _query(visit)
    programme = visit.programme
    table: Table[Listed] = Table(
        name="journals",
        columns=(
            name_column(lambda row: f"/journals/{row.id}{query}"),
            Column("office", "page.column_office", lambda row: row.office),
            Column("prompt", "page.column_prompt", lambda row: _title(programme, row.prompt)),
            Column("submitted", "page.column_submitted", lambda row: row.submitted_at, moment=True),
            Column("state", "page.column_state", _state),
            Column("comments", "page.column_comments", lambda row: row.comments, number=True),
        ),
        filters=(
            Filter(
                "mark",
                "page.filter_state",
                (("unread", Say("page.journal_unread")), ("revision", Say("page.journal_revision"))),
            ),
            Filter(
                "prompt",
                "page.filter_prompt",
                tuple((task.prompt.id, task.prompt.title) for task in programme.journal),
            ),
            Filter("office", "page.filter_office"),
            Filter("class", "page.filter_class"),
            Filter("group", "page.filter_subgroup"),
        ),
        count=_count,
        rows=_rows,
    )
    return table.answer(tx, visit, "journals.html")


def _read(tx: Transaction, visit: Visit) -> Show:
    return _entry(tx, visit, "")


def _entry(tx: Transaction, visit: Visit, typed: str, wrong: Say | None = None) -> Show:
    found = journal_reading.read(tx, visit.actor, visit.programme, visit.id(), visit.now)
    if found is None:
        raise not_found()
    which = _which(visit)
    before, after = stored.neighbours(tx, visit.programme.id, visit.scope, which, found.entry)
    query = _query(visit)
    return Show(
        "journal.html",
        {
            "reading": found,
            "title": _title(visit.programme, found.entry.prompt),
            "state": _state(found.entry),
            "query": query,
            "previous": None if before is None else f"/journals/{before}{query}",
            "following": None if after is None else f"/journals/{after}{query}",
            "typed": typed,
            "wrong": wrong,
            "most": COMMENT_LIMIT,
            "sees_people": visit.actor.may(Right.SEE_PEOPLE),
        },
        status=200 if wrong is None else 400,
    )


def _file(tx: Transaction, visit: Visit) -> Fetched:
    """A photo or a document of an entry; each look is noted."""
    found = stored.file(tx, visit.programme.id, visit.scope, visit.id(), visit.id("part"))
    if found is None:
        raise not_found()
    person_id, kind, file_id = found
    picture = kind == "photo"
    name = f"rekan-journal-{visit.id()}-{visit.id('part')}{'.jpg' if picture else ''}"
    details = {"entry": visit.id(), "file": visit.id("part")}
    return Fetched(file_id, name, picture, (Note(Action.JOURNAL_READ, "person", person_id, details=details),))


def _comment(tx: Transaction, visit: Visit) -> Answer:
    typed = visit.field("comment", at_most=4 * COMMENT_LIMIT)
    if visit.form.get("ask", "comment") not in {"comment", "revision"}:
        raise bad_input()
    ask = visit.form.get("ask") == "revision"
    try:
        done = journal_reading.comment(
            tx, visit.actor, visit.programme, visit.id(), typed, visit.now, ask_revision=ask
        )
    except RefusedError as refused:
        return _entry(tx, visit, typed, refused.say)
    if not done:
        raise not_found()
    return Go(f"/journals/{visit.id()}", said="revision_asked" if ask else "commented")


WAYS: Final = (
    Way("/journals", Right.READ_JOURNALS, _list, menu="page.menu_journals"),
    Way("/journals/{id}/files/{part}", Right.READ_JOURNALS, _file),
    Way("/journals/{id}", Right.READ_JOURNALS, _read, _comment, writes=True),
)
