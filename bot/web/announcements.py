"""Announcements: the list, one with its progress, writing one, and all that can be done with it.

The deeds are `bot.usecases.announcements`, the ones of the chat.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from markupsafe import Markup

from bot.content.markup import plain, width
from bot.domain import announcements as domain
from bot.domain.announcements import BEFORE, UNDER_WAY, State, Whom
from bot.domain.enrolment import tidy
from bot.domain.markup import MarkupError
from bot.domain.messages import Reader, Say
from bot.domain.posts import Piece, Post
from bot.domain.programme import Audience
from bot.domain.staff import Right
from bot.domain.zones import Zone
from bot.storage import announcements as stored
from bot.storage import groups, staff
from bot.storage.announcements import Announcement
from bot.storage.database import Transaction
from bot.usecases import announcement_words as in_words
from bot.usecases import announcements, polls
from bot.usecases import whom as whom_of
from bot.usecases.refusal import RefusedError
from bot.web import markup
from bot.web.audiences import Choice, chosen, conditions
from bot.web.page import Answer, Go, PageError, Show, Visit, Way, answering_refusals, bad_input
from bot.web.tables import Asked, Column, Filter, Table

_NEWEST = 200  # announcements that the list goes back
_SHORT = 80  # characters of one in the list
_NAME = 80  # characters of a saved audience's name
_LONGEST = 8_000  # characters that can be typed; what is too long for Telegram is said in the preview
_OUTCOMES = ("sent", "owed", "sending", "held", "failed", "gone", "expired", "withdrawn", "folded")
_FIGURES = _OUTCOMES[:7]


# --- the list -------------------------------------------------------------------------------------------


def _listed(tx: Transaction, visit: Visit) -> list[Announcement]:
    return announcements.seen(tx, visit.actor, limit=_NEWEST)


def _short(found: Announcement) -> str:
    shown = " ".join(plain(found.post.words).split())
    if not shown:
        piece = found.post.pieces[0]
        shown = piece.poll.text if piece.poll is not None else piece.kind
    return shown if len(shown) <= _SHORT else shown[: _SHORT - 1].rstrip() + "…"


def _state(found: Announcement) -> Say:
    return Say(
        "announce.state_recalled" if found.recalled_at is not None else f"announce.state_{found.state}"
    )


def _rows(tx: Transaction, visit: Visit, _: Asked, limit: int | None, offset: int) -> Iterable[Announcement]:
    return _listed(tx, visit)[offset : None if limit is None else offset + limit]


_LIST: Final[Table[Announcement]] = Table(
    name="announcements",
    columns=(
        Column("id", "page.column_message", lambda row: row.id, number=True),
        Column("words", "page.column_words", _short, head=True, link=lambda row: f"/announcements/{row.id}"),
        Column("state", "page.column_state", _state),
        Column("author", "page.column_actor", lambda row: row.author),
        Column("people", "page.column_people", lambda row: row.people, number=True),
        Column("at", "page.column_sent", lambda row: row.started_at or row.send_at, moment=True),
    ),
    count=lambda tx, visit, _: len(_listed(tx, visit)),
    rows=_rows,
)


def _list(tx: Transaction, visit: Visit) -> Answer:
    return _LIST.answer(tx, visit, "announcements.html")


# --- one ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bubble:
    """A message of an announcement as Telegram shows it: what it is (of a file), and its words."""

    kind: str
    words: Markup
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """How many messages are in a state."""

    state: str
    number: int


def _found(tx: Transaction, visit: Visit) -> Announcement:
    """The announcement of the path, for somebody who may see it; raises PageError."""
    with answering_refusals("/announcements"):
        return announcements.of(tx, visit.actor, visit.id(), to_change=False)


def _one(tx: Transaction, visit: Visit) -> Answer:
    found = _found(tx, visit)
    ids = _waves(tx, found, [found.name])
    newest = stored.newest(tx, found.id)
    proposed = None if newest is None or newest.version == found.version else newest
    if proposed is not None and proposed.state not in {"draft", "waiting"}:
        proposed = None
    version = found.version if proposed is None else proposed.version
    ahead = found.state in BEFORE
    planned = None
    if ahead or proposed is not None:
        post = None if proposed is None else proposed.post
        planned = announcements.plan(tx, found, visit.now, at=found.send_at, post=post)
    waits = found.state is State.WAITING or (proposed is not None and proposed.state == "waiting")
    sent = stored.tally(tx, ids).get("sent", 0) > 0
    values = {
        **_live(tx, visit, found),
        "state": _state(found),
        "whom": _for_whom(tx, visit, found),
        "bubbles": list(_bubbles(tx, visit, found.post)),
        "proposed": [] if proposed is None else list(_bubbles(tx, visit, proposed.post)),
        "version": version,
        "looked_at": _looked_at(found),
        "ahead": ahead,
        "planned": planned,
        "plan": () if planned is None else in_words.plan(found, planned),
        "problems": tuple(_problems(planned)),
        "waits": waits,
        "may_decide": waits
        and any(
            each.person.id == visit.actor.person.id for each in announcements.approvers(tx, found, version)
        ),
        "may_change": visit.actor.may(Right.ANNOUNCE) and found.recalled_at is None,
        "is_mine": found.author_id == visit.actor.person.id,
        "correctable": not ahead and sent and found.post.editable and found.state is not State.CANCELLED,
        "recallable": not ahead and sent,
        "zone": visit.actor.person.zone,
    }
    if not ids:
        return Show("announcement.html", {**values, "table": None})
    return _recipients(found, ids).answer(tx, visit, "announcement.html", values)


def _fragment(tx: Transaction, visit: Visit) -> Show:
    return Show("announcement_live.html", _live(tx, visit, _found(tx, visit)))


def _live(tx: Transaction, visit: Visit, found: Announcement) -> dict[str, Any]:
    """What changes by the second."""
    ids = _waves(tx, found, found.works)
    tally = stored.tally(tx, ids)
    done, total = in_words.counted(tally)
    under_way = found.state in UNDER_WAY
    return {
        "found": found,
        "work": found.works[-1].partition(":")[0] if found.works else "announcement",
        "state_now": Say(f"announce.state_{found.state}"),
        "figures": [Figure(each, tally[each]) for each in _FIGURES if tally.get(each)],
        "done": done,
        "total": total,
        "last": stored.last_expected(tx, ids) if under_way else None,
        "reasons": stored.reasons(tx, ids, 5),
        "results": polls.in_words(tx, found),
        "pausable": found.state in (State.TRIAL, State.RUNNING),
        "resumable": found.state in (State.PAUSED, State.STOPPED),
        "under_way": under_way,
        # With another one, other things can be done on the page around this: it is asked for anew.
        "stage": f"{found.state}{'-sent' if tally.get('sent') else ''}",
        "may_steer": visit.actor.may(Right.ANNOUNCE),
    }


def _waves(tx: Transaction, found: Announcement, names: Iterable[str]) -> list[int]:
    return [row.id for row in stored.waves(tx, found.programme_id, names)]


def _for_whom(tx: Transaction, visit: Visit, found: Announcement) -> tuple[Say, ...]:
    """Its audience in words, bounded by its author's scope."""
    author = None if found.author_id is None else staff.actor_by_id(tx, found.author_id)
    if author is None or author.person.id == visit.actor.person.id:
        return whom_of.in_words(visit.actor, visit.programme, found.whom)
    return whom_of.in_words(author, visit.programme, found.whom, theirs=True)


def _bubbles(tx: Transaction, visit: Visit, post: Post) -> Iterator[Bubble]:
    """The post as the reader would get it."""
    reader = visit.reader
    if not reader.office:
        reader = replace(reader, office=stored.some_office(tx, visit.programme.id))
    for piece in post.pieces:
        if piece.poll is not None:
            yield Bubble("poll", Markup("{}").format(piece.poll.text), piece.poll.options)
        elif piece.place is not None:
            at = Markup("{:.5f}, {:.5f}").format(*piece.place)
            named = Markup("{}, {} ").format(*piece.venue) if piece.venue is not None else ""
            yield Bubble("location", named + at)
        else:
            yield Bubble(piece.kind, _worded(visit, piece.words, reader))


def _worded(visit: Visit, words: str, reader: Reader) -> Markup:
    return markup.shown(visit.wording.filled(domain.template(words), reader))


def _problems(planned: domain.Plan | None) -> list[Say]:
    problems = () if planned is None else planned.problems
    return [Say(f"announce.wrong_{each.wrong}", {"what": each.what}) for each in problems]


def _recipients(found: Announcement, ids: list[int]) -> Table[Any]:
    def rows(tx: Transaction, visit: Visit, asked: Asked, limit: int | None, offset: int) -> Iterable[Any]:
        state = asked.filters["outcome"]
        return stored.recipients(tx, ids, visit.scope, state=state, limit=limit, offset=offset)

    return Table(
        name="recipients",
        columns=(
            Column("name", "page.column_name", lambda row: row.name or row.title or "", head=True),
            Column("office", "page.column_office", lambda row: row.office or ""),
            Column("outcome", "page.column_state", lambda row: Say(f"page.delivery_{row.state}")),
            Column("settled", "page.column_settled", lambda row: row.settled_at, moment=True),
            Column("error", "page.column_error", lambda row: row.error),
        ),
        filters=(
            Filter(
                "outcome",
                "page.filter_state",
                tuple((each, Say(f"page.delivery_{each}")) for each in _OUTCOMES),
            ),
        ),
        count=lambda tx, visit, asked: stored.recipients_number(
            tx, ids, visit.scope, state=asked.filters["outcome"]
        ),
        rows=rows,
    )


# --- writing one ----------------------------------------------------------------------------------------


def _groups(tx: Transaction, visit: Visit, whom: Whom) -> list[Choice]:
    if not visit.actor.may(Right.REACH_GROUPS):
        return []
    return [
        Choice(f"chat-{whom_of.mark(each.place.name)}", each.title, each.place in whom.chats)
        for each in groups.of_programme(tx, visit.programme.id)
    ]


def _editor(
    tx: Transaction,
    visit: Visit,
    *,
    found: Announcement | None,
    words: str,
    whom: Whom,
    urgent: bool,
    wrong: Say | None = None,
) -> Show:
    sent = found is not None and found.state not in BEFORE
    return Show(
        "announcement_edit.html",
        {
            "found": found,
            "sent": sent,
            "has_words": found is None or found.post.editable,
            "captioned": found is not None and found.post.captioned,
            "words": words,
            "urgent": urgent,
            "conditions_of": [] if sent else conditions(tx, visit, whom.of, "o"),
            "but": [] if sent else conditions(tx, visit, whom.but or Audience(), "b"),
            "but_open": whom.but is not None,
            "groups": [] if sent else _groups(tx, visit, whom),
            "groups_only": not whom.people,
            "saved": [] if sent else announcements.saved_audiences(tx, visit.actor),
            "wrong": wrong,
        },
        status=200 if wrong is None else 400,
    )


def _new(tx: Transaction, visit: Visit) -> Show:
    return _editor(tx, visit, found=None, words="", whom=Whom(), urgent=False)


def _edit(tx: Transaction, visit: Visit) -> Show:
    found = _found(tx, visit)
    if found.recalled_at is not None or found.state is State.CANCELLED:
        raise PageError(409, "announce.not_any_more", f"/announcements/{found.id}")
    newest = stored.newest(tx, found.id)
    post = found.post if newest is None or newest.state != "draft" else newest.post
    words = markup.typed(post.words)
    return _editor(tx, visit, found=found, words=words, whom=found.whom, urgent=found.urgent)


def _chosen_whom(tx: Transaction, visit: Visit, before: Whom) -> Whom:
    """The audience that the form asks for, in the place of one; fields that name nothing are refused.

    A saved one, where it names one, whatever is ticked beside it.
    """
    if wanted := visit.form.get("saved"):
        saved = {str(number): whom for number, _, whom in announcements.saved_audiences(tx, visit.actor)}
        if wanted not in saved:
            raise bad_input()
        return saved[wanted]
    fields = {name for name in visit.form if name.startswith(("o-", "b-", "chat-"))}
    of, known = chosen(tx, visit, before.of, "o")
    but, more = chosen(tx, visit, before.but or Audience(), "b")
    known |= more
    chats = []
    if visit.actor.may(Right.REACH_GROUPS):
        for each in groups.of_programme(tx, visit.programme.id):
            name = f"chat-{whom_of.mark(each.place.name)}"
            if name in fields:
                chats.append(each.place)
                known.add(name)
    if fields - known:
        raise bad_input()
    return Whom(
        of,
        None if but == Audience() else but,
        tuple(chats),
        people=not (chats and visit.form.get("groups_only")),
    )


def _typed_words(visit: Visit) -> tuple[str, Say | None]:
    """What was typed, as Telegram's HTML; or what is wrong with it."""
    typed = visit.field("words", at_most=_LONGEST)
    if not typed:
        return "", Say("page.words_missing")
    try:
        words = markup.read(typed)
    except MarkupError:
        return "", Say("page.words_markup")
    if width(plain(words)) > domain.TEXT_LIMIT:
        return "", Say("announce.wrong_too_long", {"what": str(domain.TEXT_LIMIT)})
    return words, None


def _create(tx: Transaction, visit: Visit) -> Answer:
    whom, urgent = _chosen_whom(tx, visit, Whom()), bool(visit.form.get("urgent"))
    words, wrong = _typed_words(visit)
    if wrong is not None:
        typed = visit.field("words", at_most=_LONGEST)
        return _editor(tx, visit, found=None, words=typed, whom=whom, urgent=urgent, wrong=wrong)
    with answering_refusals("/announcements"):
        number = announcements.draft(tx, visit.actor, Post((Piece("text", words),)), visit.now, chat_id=None)
        announcements.choose(tx, visit.actor, number, whom=whom, urgent=urgent)
        _save(tx, visit, number)
    return Go(f"/announcements/{number}")


def _rewrite(tx: Transaction, visit: Visit) -> Answer:
    found = _found(tx, visit)
    words, wrong = found.post.words, None
    if found.post.editable and not (found.post.captioned and not visit.form.get("words", "").strip()):
        words, wrong = _typed_words(visit)
    before = found.state in BEFORE
    whom, urgent = found.whom, found.urgent
    if before:
        whom, urgent = _chosen_whom(tx, visit, whom), bool(visit.form.get("urgent"))
    if wrong is not None:
        typed = visit.field("words", at_most=_LONGEST)
        return _editor(tx, visit, found=found, words=typed, whom=whom, urgent=urgent, wrong=wrong)
    with answering_refusals(f"/announcements/{found.id}"):
        if words != found.post.words or not before:
            announcements.rewrite(tx, visit.actor, found.id, _with_words(found.post, words), visit.now)
        if before:
            announcements.choose(tx, visit.actor, found.id, whom=whom, urgent=urgent)
            _save(tx, visit, found.id)
    return Go(f"/announcements/{found.id}")


def _save(tx: Transaction, visit: Visit, number: int) -> None:
    """Keep the audience under a name, where the form has one."""
    name = tidy(visit.form.get("save_as", "")[:_NAME])
    if name is not None:
        announcements.save_audience(tx, visit.actor, number, name, visit.now)


def _with_words(post: Post, words: str) -> Post:
    pieces = list(post.pieces)
    place = next((n for n, piece in enumerate(pieces) if piece.words), 0)
    pieces[place] = replace(pieces[place], words=words)
    return Post(tuple(pieces))


# --- deeds ----------------------------------------------------------------------------------------------


def _looked_at(found: Announcement) -> str:
    """What stands for whom somebody saw it to be for."""
    return whom_of.mark(repr((domain.dump(found.whom), found.urgent)))


def _version(visit: Visit) -> int:
    given = visit.field("version", at_most=9)
    if not (given.isascii() and given.isdecimal()):
        raise bad_input()
    return int(given)


def _deed(do: Callable[[Transaction, Visit, int], object], said: str) -> Callable[[Transaction, Visit], Go]:
    def deed(tx: Transaction, visit: Visit) -> Go:
        number = visit.id()
        with answering_refusals(f"/announcements/{number}"):
            do(tx, visit, number)
        return Go(f"/announcements/{number}", said=said)

    return deed


def _send(tx: Transaction, visit: Visit, number: int, at: datetime | None = None) -> None:
    found = announcements.of(tx, visit.actor, number)
    if visit.field("looked_at") != _looked_at(found):
        raise RefusedError("announce.changed")
    announcements.send(tx, visit.actor, number, _version(visit), visit.now, at=at)


def _send_later(tx: Transaction, visit: Visit, number: int) -> None:
    at = domain.moment(visit.field("at", at_most=40), Zone(visit.actor.person.zone))
    if at is None:
        raise PageError(400, "page.moment_unclear", f"/announcements/{number}")
    _send(tx, visit, number, at)


def _discard(tx: Transaction, visit: Visit) -> Go:
    with answering_refusals(f"/announcements/{visit.id()}"):
        announcements.discard(tx, visit.actor, visit.id())
    return Go("/announcements", said="discarded")


def _ask(deed: str) -> Callable[[Transaction, Visit], Show]:
    """The question before what cannot be undone."""

    def ask(tx: Transaction, visit: Visit) -> Show:
        found = _found(tx, visit)
        ids = _waves(tx, found, [found.name])
        tally = stored.tally(tx, ids)
        waiting = sum(tally.get(each, 0) for each in ("owed", "sending", "held"))
        count = tally.get("sent", 0) if deed == "recall" else waiting
        values = {"found": found, "deed": deed, "count": count, "words": _short(found)}
        return Show("announcement_ask.html", values)

    return ask


def _use(use_case: Callable[..., object]) -> Callable[[Transaction, Visit, int], object]:
    return lambda tx, visit, number: use_case(tx, visit.actor, number, visit.now)


def _use_version(use_case: Callable[..., object]) -> Callable[[Transaction, Visit, int], object]:
    return lambda tx, visit, number: use_case(tx, visit.actor, number, _version(visit), visit.now)


_LARGE = 256 * 1024  # many offices, and a long text

WAYS: Final = (
    Way("/announcements", Right.ANNOUNCE, _list, menu="page.menu_announcements"),
    Way("/announcements/new", Right.ANNOUNCE, _new, _create, largest=_LARGE),
    Way("/announcements/{id}", Right.ANNOUNCE, _one),
    Way("/announcements/{id}/live", Right.ANNOUNCE, _fragment),
    Way("/announcements/{id}/edit", Right.ANNOUNCE, _edit, _rewrite, largest=_LARGE),
    Way("/announcements/{id}/send", Right.ANNOUNCE, do=_deed(_send, "announced")),
    Way("/announcements/{id}/later", Right.ANNOUNCE, do=_deed(_send_later, "announced")),
    Way("/announcements/{id}/draft", Right.ANNOUNCE, do=_deed(_use(announcements.unschedule), "unscheduled")),
    Way("/announcements/{id}/discard", Right.ANNOUNCE, do=_discard),
    Way(
        "/announcements/{id}/approve",
        Right.APPROVE,
        do=_deed(_use_version(announcements.approve), "approved"),
    ),
    Way(
        "/announcements/{id}/refuse",
        Right.APPROVE,
        do=_deed(_use_version(announcements.refuse), "refused"),
    ),
    Way("/announcements/{id}/pause", Right.ANNOUNCE, do=_deed(_use(announcements.pause), "paused")),
    Way("/announcements/{id}/resume", Right.ANNOUNCE, do=_deed(_use(announcements.resume), "resumed")),
    Way(
        "/announcements/{id}/cancel",
        Right.ANNOUNCE,
        _ask("cancel"),
        _deed(_use(announcements.cancel), "cancelled"),
    ),
    Way(
        "/announcements/{id}/correct",
        Right.ANNOUNCE,
        do=_deed(_use_version(announcements.correct), "correcting"),
    ),
    Way(
        "/announcements/{id}/recall",
        Right.ANNOUNCE,
        _ask("recall"),
        _deed(_use(announcements.recall), "recalling"),
    ),
)
