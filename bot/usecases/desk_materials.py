"""Materials from the chat: a speaker sends something, says for which session and when, by buttons.

The deeds are `materials`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain import materials as domain
from bot.domain.events import Shared, Wrote
from bot.domain.forms import short_moment
from bot.domain.materials import COPIED, Release, State
from bot.domain.messages import Button, Edit, Reply, Say, Tap, Value
from bot.domain.messages import Material as Reference
from bot.domain.posts import Piece, Post
from bot.domain.programme import Session
from bot.domain.staff import Right
from bot.storage import materials as stored
from bot.storage.database import Transaction
from bot.storage.materials import Material
from bot.usecases import materials
from bot.usecases.menu import OLD_BUTTON
from bot.usecases.posts import post_of
from bot.usecases.refusal import RefusedError, reply_or_refusal
from bot.usecases.shift import Shift, ask, ask_no_more, menu_button

ACTION = materials.ACTION
RIGHT = Right.SPEAK

_LISTED = 20  # sessions, or materials of one, with a button each


def open(tx: Transaction, shift: Shift) -> Reply:  # noqa: A001 - every area of a coordinator's desk is opened so
    """The sessions, and what there is of each."""
    return Reply((_overview(tx, shift),))


def offer(tx: Transaction, shift: Shift, event: Wrote | Shared) -> Reply | None:
    """A speaker sent something while nothing was open: it is a material. None where it could not be."""
    if not shift.actor.may(RIGHT) or not materials.sessions(shift.actor, shift.programme):
        return None
    return reply_or_refusal(lambda: _drafted(tx, shift, event))


def tap(tx: Transaction, shift: Shift, message_id: int, tapped: Tap) -> Reply:
    """A button of this area: of a session, or of a material by its number."""
    head, _, rest = tapped.item.partition(".")
    if tapped.choice == "overview":
        ask_no_more(tx, shift)
        return Reply((Edit(message_id, _overview(tx, shift)),))
    at = _At(tx, shift, message_id, head, rest)
    act = _OF_SESSION.get(tapped.choice)
    if act is None and head.isdecimal() and len(head) <= 12:
        act = _OF_MATERIAL.get(tapped.choice)
    return Reply((OLD_BUTTON,)) if act is None else reply_or_refusal(lambda: act(at))


def write(tx: Transaction, shift: Shift, asked: Mapping[str, Any], event: Wrote | Shared) -> Reply:
    """What was typed or sent when a material, or a newer version of one, was asked for."""
    of_id, session_id = asked.get("of"), asked.get("session")

    def drafted() -> Reply:
        return _drafted(tx, shift, event, of_id=of_id, session_id=session_id)

    return reply_or_refusal(drafted)


# --- the way of a tap -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _At:
    """A tap: by whom, under which message, on what, with what else its button names."""

    tx: Transaction
    shift: Shift
    message_id: int
    head: str
    rest: str

    @property
    def found(self) -> Material:
        return materials.of(self.tx, self.shift.actor, int(self.head))

    @property
    def session(self) -> Session:
        return materials.session_of(self.tx, self.shift.actor, self.head)

    def here(self, say: Say, toast: Say | None = None) -> Reply:
        return Reply((Edit(self.message_id, say),), toast)


def _show_session(at: _At) -> Reply:
    ask_no_more(at.tx, at.shift)
    return at.here(_of_session(at.tx, at.shift, at.session))


def _new(at: _At) -> Reply:
    session = at.session
    ask(at.tx, at.shift, ACTION, {"session": session.id})
    rows = ((_button("button_back", session.id, "session"),),)
    return Reply((Say("materials.ask_content", {"title": session.title}, rows),))


def _none(at: _At) -> Reply:
    session = materials.needs_none(at.tx, at.shift.actor, at.head, at.shift.now)
    return at.here(Say("materials.none_needed", {"title": session.title}, ((_to_overview(),),)))


def _place(at: _At) -> Reply:
    """`rest` is the place of the session among the programme's: ids may be too long for a button."""
    sessions = at.shift.programme.sessions
    number = int(at.rest) if at.rest.isdecimal() else len(sessions)
    if number >= len(sessions):
        return Reply((OLD_BUTTON,))
    found = materials.place(at.tx, at.shift.actor, int(at.head), sessions[number].id)
    return _preview(at.tx, at.shift, found)


def _choose_session(at: _At) -> Reply:
    return at.here(_placing(at.shift, at.found))


def _instead(at: _At) -> Reply:
    of_id = int(at.rest) if at.rest.isdecimal() and len(at.rest) <= 12 else None
    found = materials.make_newer(at.tx, at.shift.actor, int(at.head), of_id)
    return _preview(at.tx, at.shift, found)


def _release(at: _At) -> Reply:
    if at.rest not in set(Release):
        return Reply((OLD_BUTTON,))
    found, number = materials.release(at.tx, at.shift.actor, int(at.head), Release(at.rest), at.shift.now)
    said: dict[str, Value] = {"material": found.name, "title": _title(at.shift, found), "count": number}
    key = f"will_be_out_{found.release}" if found.state is State.WAITING else "is_out"
    return at.here(Say(f"materials.{key}", said, _after(found)))


def _replace(at: _At) -> Reply:
    found, number = materials.replace(at.tx, at.shift.actor, int(at.head), at.shift.now)
    said: dict[str, Value] = {"material": found.name, "version": found.version, "count": number}
    key = "replaced" if found.state is State.OUT else "replaced_before"
    return at.here(Say(f"materials.{key}", said, _after(found)))


def _drop(at: _At) -> Reply:
    materials.discard(at.tx, at.shift.actor, int(at.head))
    return at.here(Say("materials.dropped", {}, ((_to_overview(),),)))


def _show(at: _At) -> Reply:
    ask_no_more(at.tx, at.shift)
    return at.here(_one(at.tx, at.shift, at.found))


def _look(at: _At) -> Reply:
    found = at.found
    if found.state is State.WITHDRAWN:
        raise RefusedError("materials.not_any_more")
    return Reply((Reference(found.id, found.version),))


def _ask_newer(at: _At) -> Reply:
    found = at.found
    if found.state not in (State.WAITING, State.OUT):
        raise RefusedError("materials.not_any_more")
    ask(at.tx, at.shift, ACTION, {"of": found.id})
    rows = ((_button("button_back", str(found.id), "show"),),)
    return Reply((Say("materials.ask_newer", {"material": found.name}, rows),))


def _ask_withdrawal(at: _At) -> Reply:
    found = at.found
    item = str(found.id)
    rows = ((_button("button_withdraw_really", item, "withdrawn"), _button("button_not", item, "show")),)
    return at.here(Say("materials.ask_withdrawal", {"material": found.name}, rows))


def _withdrawn(at: _At) -> Reply:
    number = materials.withdraw(at.tx, at.shift.actor, int(at.head), at.shift.now)
    found = at.found
    said: dict[str, Value] = {"material": found.name, "count": number}
    return at.here(Say("materials.withdrawn", said, ((_to_overview(),),)))


_OF_SESSION: Mapping[str, Callable[[_At], Reply]] = {
    "session": _show_session,
    "new": _new,
    "none": _none,
}

_OF_MATERIAL: Mapping[str, Callable[[_At], Reply]] = {
    "place": _place,
    "sessions": _choose_session,
    "instead": _instead,
    "out": _release,
    "replace": _replace,
    "drop": _drop,
    "show": _show,
    "look": _look,
    "newer": _ask_newer,
    "withdraw": _ask_withdrawal,
    "withdrawn": _withdrawn,
}


# --- what is sent -----------------------------------------------------------------------------------------


def _drafted(
    tx: Transaction,
    shift: Shift,
    event: Wrote | Shared,
    *,
    of_id: int | None = None,
    session_id: str | None = None,
) -> Reply:
    """What came is a draft: for a session, for a newer version, or it is asked for which session."""
    post = _post_of(event)
    if post is None:
        return Reply((Say("materials.kind_cannot", {}, ((_to_overview(),),)),))
    album = event.album if isinstance(event, Shared) else None
    if album is not None and materials.join_album(tx, shift.actor, album, post, shift.now):
        return Reply()
    name = event.name if isinstance(event, Shared) else ""
    found = materials.draft(tx, shift.actor, post, name, shift.now, chat_id=shift.chat_id, album=album)
    ask_no_more(tx, shift)
    if of_id is not None:
        found = materials.make_newer(tx, shift.actor, found.id, of_id)
    elif session_id is not None:
        found = materials.place(tx, shift.actor, found.id, session_id)
    elif album is None and len(own := materials.sessions(shift.actor, shift.programme)) == 1:
        found = materials.place(tx, shift.actor, found.id, own[0].id)
    if found.session_id is None:
        return Reply((_placing(shift, found),))
    if album is not None:  # its other files are still on their way: it is looked at when they are there
        rows = ((_button("button_look_first", f"{found.id}.{found.replaces or ''}", "instead"),),)
        return Reply((Say("materials.album_comes", {}, rows),))
    return _preview(tx, shift, found)


def _post_of(event: Wrote | Shared) -> Post | None:
    """What was sent as a post; None for what cannot be handed out: a poll, a story, a throw of dice."""
    if isinstance(event, Shared) and event.kind in COPIED:
        return Post((Piece(event.kind, file_id=event.file_id, message_id=event.message_id),))
    post = post_of(event)
    return post if post is not None and post.pieces[0].kind in domain.KINDS else None


# --- screens ----------------------------------------------------------------------------------------------


def _button(key: str, item: str, choice: str, **params: Value) -> Button:
    return Button(Say(f"materials.{key}", params), Tap(ACTION, item, choice))


def _to_overview() -> Button:
    return _button("button_overview", "", "overview")


def _after(found: Material) -> tuple[tuple[Button, ...], ...]:
    return ((_button("button_manage", str(found.id), "show"),), (_to_overview(),))


def _title(shift: Shift, found: Material) -> Value:
    session = shift.programme.session(found.session_id or "")
    return "" if session is None else session.title


def _overview(tx: Transaction, shift: Shift) -> Say:
    """Each of their sessions: when it is, and how much there is of it."""
    own = materials.sessions(shift.actor, shift.programme)
    lines = session_lines(tx, shift, own)
    rows = [
        (Button(Say("materials.button_one_session", {"title": each.title}), Tap(ACTION, each.id, "session")),)
        for each in own[:_LISTED]
    ]
    said: dict[str, Value] = {"lines": lines or Say("materials.no_session")}
    return Say("materials.overview", said, (*rows, (menu_button(),)))


def session_lines(tx: Transaction, shift: Shift, own: list[Session]) -> tuple[Say, ...]:
    """A line for each of these sessions: when it is, and what there is of it."""
    return tuple(
        Say(
            "materials.line_session",
            {
                "title": session.title,
                "at": short_moment(session.starts),
                "how": materials.standing(tx, shift.programme, session),
            },
        )
        for session in own
    )


def _of_session(tx: Transaction, shift: Shift, session: Session) -> Say:
    there = stored.of_session(tx, shift.programme.id, session.id)
    lines = tuple(
        Say(
            "materials.line",
            {"number": number, "material": each.name, "state": materials.state_in_words(each)},
        )
        for number, each in enumerate(there, start=1)
    )
    rows = [
        (
            Button(
                Say("materials.button_one", {"number": number, "material": each.name}),
                Tap(ACTION, str(each.id), "show"),
            ),
        )
        for number, each in enumerate(there[:_LISTED], start=1)
    ]
    rows.append((_button("button_new", session.id, "new"),))
    if not there and session.id not in stored.without(tx, shift.programme.id):
        rows.append((_button("button_none", session.id, "none"),))
    rows.append((_to_overview(),))
    said: dict[str, Value] = {
        "title": session.title,
        "at": short_moment(session.starts),
        "lines": lines or Say("materials.nothing_here"),
    }
    return Say("materials.session", said, tuple(rows))


def _placing(shift: Shift, found: Material) -> Say:
    """The question for which session it is."""
    own = {each.id for each in materials.sessions(shift.actor, shift.programme)}
    rows = [
        (
            Button(
                Say("materials.button_one_session", {"title": each.title}),
                Tap(ACTION, f"{found.id}.{number}", "place"),
            ),
        )
        for number, each in enumerate(shift.programme.sessions)
        if each.id in own
    ]
    rows.append((_button("button_drop", str(found.id), "drop"),))
    return Say("materials.ask_session", {"material": found.name}, tuple(rows))


def _preview(tx: Transaction, shift: Shift, found: Material) -> Reply:
    """What participants will see, and when they can be given it."""
    session = materials.session_of(tx, shift.actor, found.session_id or "")
    planned = materials.plan(tx, found, shift.now)
    item = str(found.id)
    said: dict[str, Value] = {"title": session.title, "count": planned.people}
    if planned.starts is None:
        said["when"] = Say("materials.no_open_hour")
    elif planned.starts > shift.now:
        said["when"] = Say("materials.from_then", {"at": short_moment(planned.starts)})
    else:
        said["when"] = Say("materials.at_once")
    drop = _button("button_drop", item, "drop")
    if found.replaces is not None:
        before = materials.of(tx, shift.actor, found.replaces)
        key = "preview_newer" if before.state is State.OUT else "preview_newer_before"
        rows: list[tuple[Button, ...]] = [
            (_button("button_replace", item, "replace"),),
            (_button("button_separate", f"{item}.", "instead"), drop),
        ]
        say = Say(f"materials.{key}", {**said, "material": before.name}, tuple(rows))
        return Reply((Reference(found.id, found.version), say))
    rows = [
        (_button(f"button_out_{each}", f"{item}.{each}", "out"),)
        for each in domain.choices(session, shift.now)
    ]
    rows += [
        (
            Button(
                Say("materials.button_instead", {"material": each.name}),
                Tap(ACTION, f"{item}.{each.id}", "instead"),
            ),
        )
        for each in materials.replaceable(tx, found)[:_LISTED]
    ]
    others = len(materials.sessions(shift.actor, shift.programme)) > 1
    rows.append((_button("button_other_session", item, "sessions"), drop) if others else (drop,))
    say = Say("materials.preview", said, tuple(rows))
    return Reply((Reference(found.id, found.version), say))


def _one(tx: Transaction, shift: Shift, found: Material) -> Say:
    """One material: how it stands, and what can be done with it."""
    session = shift.programme.session(found.session_id or "")
    item = str(found.id)
    rows: list[tuple[Button, ...]] = []
    waits = found.state is State.WAITING
    if waits and session is not None:
        rows += [
            (_button(f"button_out_{each}", f"{item}.{each}", "out"),)
            for each in domain.choices(session, shift.now)
            if each is not found.release
        ]
    if found.state in (State.WAITING, State.OUT):
        rows.append((_button("button_look", item, "look"), _button("button_newer", item, "newer")))
        rows.append((_button("button_cancel" if waits else "button_withdraw", item, "withdraw"),))
    if found.session_id is not None:
        rows.append((_button("button_back", found.session_id, "session"),))
    said: dict[str, Value] = {
        "material": found.name,
        "title": _title(shift, found),
        "author": found.author,
        "state": materials.state_in_words(found),
        "sent": materials.sent_in_words(tx, found) or "",
    }
    return Say("materials.one", said, tuple(rows))
