"""Announcing from the chat: from a message to its report, by buttons. The deeds are `announcements`."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from bot.content.markup import escape, plain
from bot.domain import announcements as domain
from bot.domain.announcements import KINDS, State, Whom
from bot.domain.audit import Action
from bot.domain.enrolment import tidy
from bot.domain.events import Edited, Shared, Wrote
from bot.domain.forms import clock_time
from bot.domain.messages import Announcement as Reference
from bot.domain.messages import Button, Cell, Edit, File, Message, Reply, Say, Table, Tap, Value
from bot.domain.posts import Post
from bot.domain.programme import Audience
from bot.domain.staff import Right
from bot.storage import announcements as stored
from bot.storage import audit, files, groups
from bot.storage.announcements import Announcement
from bot.storage.database import Transaction
from bot.usecases import announcement_words as in_words
from bot.usecases import announcements, polls
from bot.usecases import whom as whom_of
from bot.usecases.menu import OLD_BUTTON
from bot.usecases.posts import post_of
from bot.usecases.refusal import RefusedError, UnknownError, reply_or_refusal
from bot.usecases.shift import Shift, ask, ask_no_more, menu_button

ACTION = in_words.ACTION
RIGHT = Right.ANNOUNCE

_PAGE = 8  # values on one screen
_GROUPS = 20
_OWN = timedelta(hours=48)  # how long somebody can edit their message in Telegram


def open(tx: Transaction, shift: Shift) -> Reply:  # noqa: A001 - every area of a coordinator's desk is opened so
    """The newest announcements, and the way to another."""
    return Reply((_overview(tx, shift),))


def offer(tx: Transaction, shift: Shift, event: Wrote | Shared) -> Reply | None:
    """Something came while nothing was open: is it to be announced? None where they may not."""
    post = post_of(event)
    if not shift.actor.may(RIGHT):
        return None
    if post is None:
        return Reply((Say("announce.kind_cannot", {}, (_to_overview(),)),))
    album = event.album if isinstance(event, Shared) else None
    if album is not None and announcements.join_album(tx, shift.actor, album, post, shift.now):
        return Reply()
    number = announcements.draft(tx, shift.actor, post, shift.now, chat_id=shift.chat_id, album=album)
    rows = (
        (
            _button("button_make", str(number), "make"),
            _button("button_drop", str(number), "drop"),
        ),
    )
    return Reply((Say("announce.offer", {}, rows),))


def edited(tx: Transaction, shift: Shift, event: Edited) -> Reply | None:
    """A coordinator changed a message of theirs: if it is an announcement, that changes too."""
    if not shift.actor.may(RIGHT):
        return None
    person = shift.actor.person
    found = stored.made_of(tx, person.programme, person.id, event.message_id, shift.now - _OWN)
    if found is None:
        return None
    words = event.html if event.html is not None else escape(event.text)
    pieces = tuple(
        replace(piece, words=words) if piece.message_id == event.message_id else piece
        for piece in found.post.pieces
    )
    return reply_or_refusal(lambda: _rewritten(tx, shift, found, Post(pieces)))


def tap(tx: Transaction, shift: Shift, message_id: int, tapped: Tap) -> Reply:
    """A button of this area."""
    head, *rest = tapped.item.split(".")
    if tapped.choice in {"overview", "new"}:
        ask_no_more(tx, shift)
        if tapped.choice == "new":
            return _ask(tx, shift, "content", {}, "ask_content")
        return Reply((Edit(message_id, _overview(tx, shift)),))
    if tapped.choice in {"group", "nogroup"}:
        return _of_group(tx, shift, message_id, head, use=tapped.choice == "group")
    if not head.isdecimal() or len(head) > 12:
        return Reply((OLD_BUTTON,))
    at = _At(tx, shift, message_id, int(head), tuple(rest))
    act = _TAPS.get(tapped.choice)
    return Reply((OLD_BUTTON,)) if act is None else reply_or_refusal(lambda: act(at))


def write(tx: Transaction, shift: Shift, asked: Mapping[str, Any], event: Wrote | Shared) -> Reply:
    """What was typed or sent when it was asked for."""
    number = int(asked.get("id", 0))
    match asked.get("asked"):
        case "content":
            return _content(tx, shift, event)
        case "words":
            return reply_or_refusal(lambda: _new_words(tx, shift, number, event))
        case "time":
            return reply_or_refusal(lambda: _at_time(tx, shift, number, int(asked["version"]), event))
        case "name":
            return reply_or_refusal(lambda: _save(tx, shift, number, event))
    return Reply((OLD_BUTTON,))


def _of_group(tx: Transaction, shift: Shift, message_id: int, chat_id: str, *, use: bool) -> Reply:
    """Whether a group to which the bot was added is announced to."""
    found = groups.group(tx, int(chat_id)) if re.fullmatch(r"-\d{1,15}", chat_id) else None
    if found is None or found.programme_id != shift.programme.id or not shift.actor.may(Right.REACH_GROUPS):
        return Reply((OLD_BUTTON,))
    if use:
        groups.use(tx, found.id)
    key = "announce.group_used" if use else "announce.group_not_used"
    return Reply((Edit(message_id, Say(key, {"title": found.title})),))


# --- the way of a tap -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _At:
    """A tap: by whom, under which message, on which announcement, with what else its button names."""

    tx: Transaction
    shift: Shift
    message_id: int
    number: int
    rest: tuple[str, ...]

    @property
    def found(self) -> Announcement:
        return announcements.of(self.tx, self.shift.actor, self.number)

    @property
    def version(self) -> int:
        if not self.rest or not self.rest[0].isdecimal():
            raise RefusedError("announce.changed")
        return int(self.rest[0])

    def here(self, say: Say, toast: Say | None = None) -> Reply:
        return Reply((Edit(self.message_id, say),), toast)


def _make(at: _At) -> Reply:
    found = at.found
    return at.here(_whom(at.tx, at.shift, found))


def _drop(at: _At) -> Reply:
    announcements.discard(at.tx, at.shift.actor, at.number)
    return at.here(Say("announce.dropped"))


def _clear(at: _At) -> Reply:
    found = announcements.choose(at.tx, at.shift.actor, at.number, whom=Whom())
    return at.here(_whom(at.tx, at.shift, found))


def _urgent(at: _At) -> Reply:
    found = announcements.choose(at.tx, at.shift.actor, at.number, urgent=not at.found.urgent)
    return at.here(_whom(at.tx, at.shift, found))


def _kind(at: _At) -> Reply:
    mode, kind, page = _of_kind(at)
    return at.here(_values(at.tx, at.shift, at.found, mode, kind, page))


def _pick(at: _At) -> Reply:
    mode, kind, page = _of_kind(at)
    found = at.found
    values = whom_of.choices(at.tx, at.shift.actor, at.shift.programme, kind)
    mark = at.rest[3] if len(at.rest) > 3 else ""
    chosen = next((value for value, _ in values if whom_of.mark(value) == mark), None)
    if chosen is None:
        return Reply((OLD_BUTTON,))
    whom = found.whom
    if mode == "b":
        but = domain.toggled(whom.but or Audience(), kind, chosen)
        whom = replace(whom, but=None if but == Audience() else but)
    else:
        whom = replace(whom, of=domain.toggled(whom.of, kind, chosen))
    found = announcements.choose(at.tx, at.shift.actor, at.number, whom=whom)
    return at.here(_values(at.tx, at.shift, found, mode, kind, page))


def _but(at: _At) -> Reply:
    return at.here(_kinds(at.found, "b"))


def _groups(at: _At) -> Reply:
    return at.here(_group_choice(at.tx, at.shift, at.found))


def _chat(at: _At) -> Reply:
    found = at.found
    mark = at.rest[0] if at.rest else ""
    places = (each.place for each in groups.of_programme(at.tx, at.shift.programme.id))
    chosen = next((place for place in places if whom_of.mark(place.name) == mark), None)
    if chosen is None:
        return Reply((OLD_BUTTON,))
    kept = tuple(place for place in found.whom.chats if place != chosen)
    more = kept if chosen in found.whom.chats else (*kept, chosen)
    whom = replace(found.whom, chats=more, people=found.whom.people or not more)
    return at.here(_group_choice(at.tx, at.shift, _chosen(at, whom)))


def _people(at: _At) -> Reply:
    found = at.found
    whom = replace(found.whom, people=not found.whom.people)
    return at.here(_group_choice(at.tx, at.shift, _chosen(at, whom)))


def _chosen(at: _At, whom: Whom) -> Announcement:
    return announcements.choose(at.tx, at.shift.actor, at.number, whom=whom)


def _saved(at: _At) -> Reply:
    item = str(at.number)
    rows = [
        (Button(name, Tap(ACTION, f"{item}.{audience_id}", "use")),)
        for audience_id, name, _ in announcements.saved_audiences(at.tx, at.shift.actor)[:_PAGE]
    ]
    rows.append((_button("button_save", item, "save"),))
    rows.append((_button("button_back", item, "whom"),))
    return at.here(Say("announce.saved", {}, tuple(rows)))


def _use(at: _At) -> Reply:
    wanted = at.version
    saved = announcements.saved_audiences(at.tx, at.shift.actor)
    whom = next((whom for audience_id, _, whom in saved if audience_id == wanted), None)
    if whom is None:
        return Reply((OLD_BUTTON,))
    found = announcements.choose(at.tx, at.shift.actor, at.number, whom=whom)
    return at.here(_whom(at.tx, at.shift, found))


def _ask_name(at: _At) -> Reply:
    return _ask(at.tx, at.shift, "name", {"id": at.found.id}, "ask_audience_name")


def _look(at: _At) -> Reply:
    return _preview(at.tx, at.shift, at.found)


def _send(at: _At) -> Reply:
    found = announcements.send(at.tx, at.shift.actor, at.number, at.version, at.shift.now)
    return at.here(_sent(found))


def _later(at: _At) -> Reply:
    found = at.found
    asked = {"id": found.id, "version": at.version}
    return _ask(at.tx, at.shift, "time", asked, "ask_time")


def _rewrite(at: _At) -> Reply:
    found = at.found
    return _ask(at.tx, at.shift, "words", {"id": found.id}, "ask_words")


def _show(at: _At) -> Reply:
    return at.here(_one(at.tx, at.found))


def _unschedule(at: _At) -> Reply:
    found = announcements.unschedule(at.tx, at.shift.actor, at.number, at.shift.now)
    return at.here(_whom(at.tx, at.shift, found), Say("announce.unscheduled_toast"))


def _approve(at: _At) -> Reply:
    found = announcements.approve(at.tx, at.shift.actor, at.number, at.version, at.shift.now)
    said: dict[str, Value] = {"number": found.id}
    return at.here(Say("announce.you_approved", said))


def _refuse(at: _At) -> Reply:
    found = announcements.refuse(at.tx, at.shift.actor, at.number, at.version, at.shift.now)
    return at.here(Say("announce.you_refused", {"number": found.id}))


def _pause(at: _At) -> Reply:
    announcements.pause(at.tx, at.shift.actor, at.number, at.shift.now)
    return _progress(at, Say("announce.paused_toast"))


def _resume(at: _At) -> Reply:
    announcements.resume(at.tx, at.shift.actor, at.number, at.shift.now)
    return _progress(at, Say("announce.resumed_toast"))


def _progress(at: _At, toast: Say) -> Reply:
    said = in_words.progress(at.tx, at.number)
    announcements.told(at.tx, at.number)
    return Reply((), toast) if said is None else at.here(said, toast)


def _stop(at: _At) -> Reply:
    found = at.found
    item = str(found.id)
    rows = ((_button("button_cancel_really", item, "stopped"), _button("button_not", item, "progress")),)
    return at.here(Say("announce.ask_cancel", {"number": found.id}, rows))


def _stopped(at: _At) -> Reply:
    announcements.cancel(at.tx, at.shift.actor, at.number, at.shift.now)
    return _progress(at, Say("announce.cancelled_toast"))


def _back_to_progress(at: _At) -> Reply:
    said = in_words.progress(at.tx, at.found.id)
    return Reply((OLD_BUTTON,)) if said is None else at.here(said)


def _list(at: _At) -> Reply:
    return _listing(at.tx, at.shift, at.found)


def _fix(at: _At) -> Reply:
    found = announcements.correct(at.tx, at.shift.actor, at.number, at.version, at.shift.now)
    waits = found.version != at.version
    key = "correction_waits" if waits else "correcting"
    return at.here(Say(f"announce.{key}", {"number": found.id}))


def _ask_recall(at: _At) -> Reply:
    found = at.found
    item = str(found.id)
    rows = ((_button("button_recall_really", item, "recalled"), _button("button_not", item, "show")),)
    said: dict[str, Value] = {"number": found.id, "count": found.people}
    return Reply((Say("announce.ask_recall", said, rows),))


def _recalled(at: _At) -> Reply:
    number = announcements.recall(at.tx, at.shift.actor, at.number, at.shift.now)
    return at.here(Say("announce.recalling", {"number": at.number, "count": number}))


def _results(at: _At) -> Reply:
    return Reply((_poll(at.tx, at.shift, at.found),))


def _results_again(at: _At) -> Reply:
    return at.here(_poll(at.tx, at.shift, at.found))


def _poll(tx: Transaction, shift: Shift, found: Announcement) -> Say:
    """How an announced poll has been answered so far."""
    poll = found.post.pieces[0].poll
    if poll is None:
        raise UnknownError("announce.unknown")
    said: dict[str, Value] = {
        "number": found.id,
        "question": poll.text,
        "lines": polls.in_words(tx, found),
        "at": clock_time(shift.now),
    }
    item = str(found.id)
    again = Button(Say("poll.button_again"), Tap(ACTION, item, "results-again"))
    return Say("poll.results", said, ((again,), (_button("button_list", item, "list"),)))


_TAPS: Mapping[str, Callable[[_At], Reply]] = {
    "make": _make,
    "drop": _drop,
    "whom": _make,
    "clear": _clear,
    "urgent": _urgent,
    "kind": _kind,
    "pick": _pick,
    "but": _but,
    "saved": _saved,
    "groups": _groups,
    "chat": _chat,
    "people": _people,
    "use": _use,
    "save": _ask_name,
    "look": _look,
    "send": _send,
    "later": _later,
    "edit": _rewrite,
    "show": _show,
    "back": _unschedule,
    "approve": _approve,
    "refuse": _refuse,
    "pause": _pause,
    "resume": _resume,
    "stop": _stop,
    "stopped": _stopped,
    "progress": _back_to_progress,
    "list": _list,
    "results": _results,
    "results-again": _results_again,
    "correct": _rewrite,
    "fix": _fix,
    "recall": _ask_recall,
    "recalled": _recalled,
}


# --- what is written --------------------------------------------------------------------------------------


def _ask(tx: Transaction, shift: Shift, asked: str, more: Mapping[str, Any], key: str) -> Reply:
    ask(tx, shift, ACTION, {"asked": asked, **more})
    return Reply((Say(f"announce.{key}", {}, (_to_overview(),)),))


def _content(tx: Transaction, shift: Shift, event: Wrote | Shared) -> Reply:
    post = post_of(event)
    if post is None:
        return Reply((Say("announce.kind_cannot", {}, (_to_overview(),)),))
    ask_no_more(tx, shift)
    album = event.album if isinstance(event, Shared) else None
    number = announcements.draft(tx, shift.actor, post, shift.now, chat_id=shift.chat_id, album=album)
    return Reply((_whom(tx, shift, announcements.of(tx, shift.actor, number)),))


def _new_words(tx: Transaction, shift: Shift, number: int, event: Wrote | Shared) -> Reply:
    post = post_of(event)
    if post is None:
        return Reply((Say("announce.kind_cannot", {}, (_to_overview(),)),))
    ask_no_more(tx, shift)
    return _rewritten(tx, shift, announcements.of(tx, shift.actor, number), post)


def _rewritten(tx: Transaction, shift: Shift, found: Announcement, post: Post) -> Reply:
    """Another wording: of a draft its preview; of what was sent the question whether to change the copies."""
    version = announcements.rewrite(tx, shift.actor, found.id, post, shift.now)
    if found.state in domain.BEFORE:
        return _preview(tx, shift, announcements.of(tx, shift.actor, found.id))
    proposed = stored.newest(tx, found.id)
    planned = announcements.plan(tx, found, shift.now, post=None if proposed is None else proposed.post)
    if planned.problems:
        return Reply((Say("announce.wrong", {"lines": _wrong(planned.problems)}, (_to_overview(),)),))
    rows = (
        (
            _button("button_fix", f"{found.id}.{version}", "fix"),
            _button("button_not", str(found.id), "show"),
        ),
    )
    said: dict[str, Value] = {"number": found.id, "count": found.people}
    return Reply((Reference(found.id, version), Say("announce.ask_fix", said, rows)))


def _at_time(tx: Transaction, shift: Shift, number: int, version: int, event: Wrote | Shared) -> Reply:
    at = domain.moment(event.text, shift.actor.person.zone) if isinstance(event, Wrote) else None
    if at is None:
        return Reply((Say("announce.time_again", {}, (_to_overview(),)),))
    found = announcements.send(tx, shift.actor, number, version, shift.now, at=at)
    ask_no_more(tx, shift)
    return Reply((_sent(found),))


def _save(tx: Transaction, shift: Shift, number: int, event: Wrote | Shared) -> Reply:
    name = tidy(event.text) if isinstance(event, Wrote) else None
    if name is None:
        return Reply((Say("announce.ask_audience_name", {}, (_to_overview(),)),))
    found = announcements.save_audience(tx, shift.actor, number, name, shift.now)
    ask_no_more(tx, shift)
    return Reply((_whom(tx, shift, found),))


# --- screens ----------------------------------------------------------------------------------------------


def _button(key: str, item: str, choice: str, **params: Value) -> Button:
    return Button(Say(f"announce.{key}", params), Tap(ACTION, item, choice))


def _to_overview() -> tuple[Button, ...]:
    return (_button("button_overview", "", "overview"),)


def _overview(tx: Transaction, shift: Shift) -> Say:
    found = announcements.seen(tx, shift.actor)
    lines = tuple(
        Say("announce.line", {"number": each.id, "state": _state(each), "words": _short(each)})
        for each in found
    )
    rows = [
        (
            Button(
                Say("announce.button_one", {"number": each.id, "words": _short(each, 24)}),
                Tap(ACTION, str(each.id), "show" if each.state is not State.DRAFT else "whom"),
            ),
        )
        for each in found
    ]
    rows += [(_button("button_new", "", "new"),), (menu_button(),)]
    said: dict[str, Value] = {"lines": lines or Say("announce.none")}
    return Say("announce.overview", said, tuple(rows))


def _state(found: Announcement) -> Say:
    if found.recalled_at is not None:
        return Say("announce.state_recalled")
    return Say(f"announce.state_{found.state}")


def _short(found: Announcement, most: int = 40) -> str:
    shown = " ".join(plain(found.post.words).split())
    if not shown:
        piece = found.post.pieces[0]
        shown = piece.poll.text if piece.poll is not None else piece.kind
    return shown if len(shown) <= most else shown[: most - 1].rstrip() + "…"


def _whom(tx: Transaction, shift: Shift, found: Announcement) -> Say:
    """For whom it is, and how many that are."""
    item = str(found.id)
    planned = announcements.plan(tx, found, shift.now)
    said: dict[str, Value] = {
        "number": found.id,
        "whom": whom_of.in_words(shift.actor, shift.programme, found.whom),
        "count": planned.people,
        "never": planned.never + planned.blocked,
        "urgent": Say("announce.is_urgent") if found.urgent else "",
    }
    rows = [
        *_kind_rows(found, "o"),
        (
            _button("button_but", item, "but"),
            _button("button_saved", item, "saved"),
        ),
        *(
            ((_button("button_groups", item, "groups", count=len(found.whom.chats)),),)
            if shift.actor.may(Right.REACH_GROUPS) and groups.of_programme(tx, shift.programme.id)
            else ()
        ),
        (
            _button("button_everybody", item, "clear"),
            _button("button_not_urgent" if found.urgent else "button_urgent", item, "urgent"),
        ),
        (
            _button("button_drop", item, "drop"),
            _button("button_look", item, "look"),
        ),
    ]
    return Say("announce.whom", said, tuple(rows))


def _kind_rows(found: Announcement, mode: str) -> list[tuple[Button, ...]]:
    audience = found.whom.of if mode == "o" else found.whom.but or Audience()
    buttons = [
        Button(
            Say(f"announce.kind_{kind}", {"mark": "✓ " if getattr(audience, kind) else ""}),
            Tap(ACTION, f"{found.id}.{mode}.{kind}.0", "kind"),
        )
        for kind in KINDS
    ]
    return [tuple(buttons[n : n + 2]) for n in range(0, len(buttons), 2)]


def _kinds(found: Announcement, mode: str) -> Say:
    rows = [*_kind_rows(found, mode), (_button("button_back", str(found.id), "whom"),)]
    return Say("announce.all_but", {}, tuple(rows))


def _group_choice(tx: Transaction, shift: Shift, found: Announcement) -> Say:
    """The groups and channels it can go to as well, or alone."""
    item = str(found.id)
    rows: list[tuple[Button, ...]] = [
        (
            Button(
                Say(
                    "announce.value",
                    {"mark": "☑️" if each.place in found.whom.chats else "▫️", "value": each.title},
                ),
                Tap(ACTION, f"{item}.{whom_of.mark(each.place.name)}", "chat"),
            ),
        )
        for each in groups.of_programme(tx, shift.programme.id)[:_GROUPS]
    ]
    if found.whom.chats:
        alone = "button_groups_only" if found.whom.people else "button_people_too"
        rows.append((_button(alone, item, "people"),))
    rows.append((_button("button_back", item, "whom"),))
    return Say("announce.groups", {"count": len(found.whom.chats)}, tuple(rows))


def _of_kind(at: _At) -> tuple[str, str, int]:
    mode, kind, page = (*at.rest, "", "", "")[:3]
    if mode not in {"o", "b"} or kind not in KINDS or not page.isdecimal():
        raise UnknownError("announce.unknown")
    return mode, kind, int(page)


def _values(tx: Transaction, shift: Shift, found: Announcement, mode: str, kind: str, page: int) -> Say:
    audience = found.whom.of if mode == "o" else found.whom.but or Audience()
    chosen = set(getattr(audience, kind))
    values = whom_of.choices(tx, shift.actor, shift.programme, kind)
    pages = max(1, -(-len(values) // _PAGE))
    page = min(page, pages - 1)
    item = f"{found.id}.{mode}.{kind}"
    rows: list[tuple[Button, ...]] = [
        (
            Button(
                Say("announce.value", {"mark": "☑️" if value in chosen else "▫️", "value": shown}),
                Tap(ACTION, f"{item}.{page}.{whom_of.mark(value)}", "pick"),
            ),
        )
        for value, shown in values[page * _PAGE : (page + 1) * _PAGE]
    ]
    turns = []
    if page:
        turns.append(_button("button_before", f"{item}.{page - 1}", "kind"))
    if page + 1 < pages:
        turns.append(_button("button_after", f"{item}.{page + 1}", "kind"))
    if turns:
        rows.append(tuple(turns))
    rows.append((_button("button_back", str(found.id), "whom" if mode == "o" else "but"),))
    planned = announcements.plan(tx, found, shift.now)
    said: dict[str, Value] = {
        "kind": Say(f"announce.kind_{kind}", {"mark": ""}),
        "count": planned.people,
    }
    key = "choose" if values else "nothing_to_choose"
    return Say(f"announce.{key}", said, tuple(rows))


def _preview(tx: Transaction, shift: Shift, found: Announcement) -> Reply:
    """Exactly what participants will see, and what sending it means."""
    planned = announcements.plan(tx, found, shift.now)
    item = f"{found.id}.{found.version}"
    if planned.problems:
        rows: tuple[tuple[Button, ...], ...] = (
            (_button("button_edit", str(found.id), "edit"),),
            (_button("button_drop", str(found.id), "drop"),),
        )
        return Reply((Say("announce.wrong", {"lines": _wrong(planned.problems)}, rows),))
    rows = (
        (
            _button("button_ask" if planned.approval else "button_send", item, "send"),
            _button("button_later", item, "later"),
        ),
        (
            _button("button_whom", str(found.id), "whom"),
            _button("button_edit", str(found.id), "edit"),
        ),
        (_button("button_drop", str(found.id), "drop"),),
    )
    said: dict[str, Value] = {
        "number": found.id,
        "whom": whom_of.in_words(shift.actor, shift.programme, found.whom),
        "plan": in_words.plan(found, planned),
    }
    return Reply((Reference(found.id, found.version), Say("announce.preview", said, rows)))


def _wrong(problems: Sequence[domain.Problem]) -> tuple[Say, ...]:
    return tuple(Say(f"announce.wrong_{each.wrong}", {"what": each.what}) for each in problems)


def _sent(found: Announcement) -> Say:
    item = str(found.id)
    said: dict[str, Value] = {"number": found.id, "count": found.people}
    match found.state:
        case State.WAITING:
            rows = ((_button("button_take_back", item, "back"),),)
            return Say("announce.waits", said, rows)
        case State.SCHEDULED:
            rows = ((_button("button_take_back", item, "back"),),)
            return Say("announce.scheduled", {**said, "at": found.send_at or found.created_at}, rows)
    return Say("announce.begun", said)


def _one(tx: Transaction, found: Announcement) -> Say:
    """One announcement: how it stands, and what can be done with it."""
    if found.state in (State.WAITING, State.SCHEDULED):
        return _sent(found)
    ids = [row.id for row in stored.waves(tx, found.programme_id, [found.name])]
    tally = stored.tally(tx, ids)
    item = str(found.id)
    rows: list[tuple[Button, ...]] = []
    if found.state in domain.UNDER_WAY:
        rows.append((_button("button_progress", item, "progress"),))
    if ids:
        rows.append((_button("button_list", item, "list"), *in_words.to_results(found)))
    if tally.get("sent", 0) and found.recalled_at is None:
        change = (_button("button_correct", item, "correct"),) if found.post.editable else ()
        rows.append((*change, _button("button_recall", item, "recall")))
    rows.append(_to_overview())
    said: dict[str, Value] = {
        "number": found.id,
        "author": found.author,
        "state": _state(found),
        "words": _short(found, 200),
        "sent": tally.get("sent", 0),
        "people": found.people,
    }
    return Say("announce.one", said, tuple(rows))


# --- the list as a file -----------------------------------------------------------------------------------

_UNREACHED: Mapping[bool, str] = {True: "blocked", False: "never"}


def _listing(tx: Transaction, shift: Shift, found: Announcement) -> Reply:
    """To whom it went and what came of it, as a table: names and offices of those in scope, no numbers."""
    scope = shift.actor.scope
    ids = [row.id for row in stored.waves(tx, found.programme_id, [found.name])]
    rows: list[tuple[Cell, ...]] = [
        (
            row.name or row.title or "",
            row.office or "",
            Say(f"announce.outcome_{row.state}"),
            row.settled_at,
            row.error if row.state == "failed" else None,
        )
        for row in stored.recipients(tx, ids, scope)
    ]
    rows += [
        (row.name, row.office, Say(f"announce.outcome_{_UNREACHED[bool(row.started)]}"), None, None)
        for row in stored.unreached(tx, shift.programme, found.whom, scope)
    ]
    titles = ("column_name", "column_office", "column_outcome", "column_at", "column_why")
    said: dict[str, Value] = {"number": found.id, "count": len(rows)}
    table = Table(
        Say("announce.list_title", {"number": found.id}),
        tuple(Say(f"announce.{title}") for title in titles),
        tuple(rows),
        (
            Say("announce.list_note", {"number": found.id, "at": shift.now}),
            *polls.in_words(tx, found, drawn=False),
        ),
    )
    file_id = files.keep(tx, table, shift.now)
    audit.note(
        tx,
        shift.actor,
        Action.EXPORTED,
        shift.now,
        kind="announcement",
        subject=found.id,
        people=len(rows),
        what="recipients",
    )
    sent: Message = File(file_id, f"pengumuman-{found.id}.xlsx", Say("announce.list_caption", said))
    return Reply((sent,))
