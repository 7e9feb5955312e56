"""The coordinators' desk: what they type, tap and send goes to the area of their work that it is for."""

from collections.abc import Mapping
from datetime import timedelta
from typing import cast

from bot.domain.events import Edited, Event, Shared, Tapped, Wrote
from bot.domain.messages import Button, Edit, Reply, Say, Tap, Value
from bot.domain.people import Role
from bot.domain.staff import Right
from bot.storage import dialogues
from bot.storage.database import Transaction
from bot.usecases import (
    desk_announcements,
    desk_attendance,
    desk_feedback,
    desk_live_quiz,
    desk_materials,
    desk_people,
    desk_questions,
    desk_recaps,
    desk_requests,
    desk_rosters,
    desk_sessions,
    desk_speaking,
    desk_timetable,
    sign_ins,
    speakers,
    staff,
    unreached,
)
from bot.usecases.shift import DIALOGUE, MENU, Area, Shift, ask_no_more, scope_in_words

AREAS: Mapping[str, Area] = {
    area.ACTION: area
    # A module is not known to be one by itself.
    for area in (
        cast("Area", desk_announcements),
        cast("Area", desk_timetable),
        cast("Area", desk_sessions),
        cast("Area", desk_questions),
        cast("Area", desk_live_quiz),
        cast("Area", desk_materials),
        cast("Area", desk_attendance),
        cast("Area", desk_feedback),
        cast("Area", desk_recaps),
        cast("Area", desk_people),
        cast("Area", desk_requests),
        cast("Area", unreached),
        cast("Area", desk_rosters),
        cast("Area", speakers),
        cast("Area", staff),
        cast("Area", sign_ins),
    )
}
"""Each area by its buttons' action, in the order of the menu."""


_FORGOTTEN = timedelta(hours=1)  # a dialogue of a participant: who sends something later means something else


def answer(tx: Transaction, shift: Shift, event: Event) -> Reply | None:
    """What a coordinator's event leads to at their desk; None where it is none of the desk's business."""
    match event:
        case Tapped(_, _, _, tap) if tap.action == MENU and tap.choice == desk_speaking.SCREEN:
            return desk_speaking.open_screen(tx, shift, tap.item)
        case Tapped(_, message_id, _, tap) if tap.action == MENU:
            ask_no_more(tx, shift)
            return Reply((Edit(message_id, menu(tx, shift)),))
        case Tapped(_, message_id, _, tap) if (area := AREAS.get(tap.action)) is not None:
            if not shift.actor.may(area.RIGHT):
                return Reply((Say("desk.not_allowed"),))
            if tap.choice == "":
                ask_no_more(tx, shift)
                return area.open(tx, shift)
            return area.tap(tx, shift, message_id, tap)
        case Wrote() | Shared():
            dialogue = dialogues.current(tx, shift.chat_id)
            if dialogue is None or (
                dialogue.kind != DIALOGUE and shift.now - dialogue.updated_at > _FORGOTTEN
            ):
                return _offer(tx, shift, event)
            if dialogue.kind != DIALOGUE:
                return None
            if dialogue.state.get("area") == desk_people.ACTION and not desk_people.is_meant(
                shift, dialogue.state, dialogue.updated_at, event
            ):
                ask_no_more(tx, shift)
                return _offer(tx, shift, event)
            area = AREAS.get(dialogue.state.get("area", ""))
            if area is None or not shift.actor.may(area.RIGHT):
                ask_no_more(tx, shift)
                return None
            return area.write(tx, shift, dialogue.state, event)
        case Edited():
            return desk_announcements.edited(tx, shift, event)
    return None


def _offer(tx: Transaction, shift: Shift, event: Wrote | Shared) -> Reply | None:
    """What comes unasked is an announcement of who announces; else a live question, or a material."""
    return (
        desk_announcements.offer(tx, shift, event)
        or desk_live_quiz.offer(tx, shift, event)
        or desk_materials.offer(tx, shift, event)
    )


def menu(tx: Transaction, shift: Shift, *, speaking: bool = False) -> Say:
    """The desk: what can be done, by whom; a speaker's screen, where one speaks and it is `speaking`."""
    speaking = shift.actor.person.role is Role.SPEAKER or (speaking and bool(shift.actor.sessions))
    buttons = [
        Button(Say(f"desk.button_{action.removeprefix('k-')}"), Tap(action))
        for action, area in AREAS.items()
        if shift.actor.may(area.RIGHT) and (area.RIGHT in _SPEAKERS or not speaking)
    ]
    rows = tuple(tuple(buttons[n : n + 2]) for n in range(0, len(buttons), 2))
    if speaking:
        return desk_speaking.screen(tx, shift, rows)
    said: dict[str, Value] = {"programme": shift.programme.title, "scope": scope_in_words(shift.actor.scope)}
    return Say("desk.menu", said, rows)


_SPEAKERS = frozenset({Right.SPEAK, Right.SEE_TIMETABLE})
"""What stands on a speaker's screen of that which they may."""
