"""The desk's area of people: found by what is typed, looked at one at a time, and helped along."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from bot.domain.events import Shared, Wrote
from bot.domain.forms import short_day, short_moment
from bot.domain.identity import Nip
from bot.domain.messages import Button, Edit, Reply, Say, Tap, Value
from bot.domain.people import Person
from bot.domain.programme import Item, Programme
from bot.domain.staff import Right
from bot.storage import listing
from bot.storage.database import Transaction
from bot.storage.excuses import ALL, Excuse
from bot.storage.listing import Listed, Sent
from bot.usecases import people as deeds
from bot.usecases import receipt
from bot.usecases.menu import OLD_BUTTON
from bot.usecases.people import MOVES, Seen
from bot.usecases.shift import Shift, ask, ask_no_more, asked_by, menu_button

ACTION = "k-peserta"
RIGHT = Right.SEE_PEOPLE

PAGE = 8
MORE_DAYS = (1, 2, 3, 5, 7, 14)
"""By how many days a deadline is extended, from today on."""

_MOST_TYPED = 100
_OPEN = timedelta(minutes=30)
_MOST_ITEMS = 30


def open(tx: Transaction, shift: Shift) -> Reply:  # noqa: A001 - every area of a coordinator's desk is opened so
    """What to type, and everybody, page by page."""
    return Reply((_list(tx, shift, "", 0),))


def is_meant(shift: Shift, asked: Mapping[str, Any], since: datetime, event: Wrote | Shared) -> bool:
    """Whether what came is a search: the list stays open, and must not swallow an announcement."""
    if asked.get("asked") != "search":
        return True
    short = isinstance(event, Wrote) and "\n" not in event.text and len(event.text) <= _MOST_TYPED
    return short and shift.now - since <= _OPEN


def write(tx: Transaction, shift: Shift, asked: Mapping[str, Any], event: Wrote | Shared) -> Reply:
    """What was typed: whom to look for, or where to move somebody."""
    if not isinstance(event, Wrote):
        return Reply((Say("participants.text_please"),))
    text = " ".join(event.text.split())[:_MOST_TYPED]
    if asked.get("asked") == "move":
        return _typed_place(tx, shift, asked, text)
    return Reply((_list(tx, shift, text, 0),))


def tap(tx: Transaction, shift: Shift, message_id: int, tapped: Tap) -> Reply:
    """A button of this area; its item is a person, "person.kind", "person.kind.item" or a page."""
    match tapped.choice:
        case "page":
            page = int(tapped.item) if tapped.item.isdecimal() else 0
            return Reply((Edit(message_id, _list(tx, shift, _query(tx, shift), page)),))
        case "everybody":
            return Reply((Edit(message_id, _list(tx, shift, "", 0)),))
    whose, *rest = tapped.item.split(".", 2)
    person_id = int(whose) if whose.isdecimal() else 0
    if tapped.choice == "show":
        # What is typed next is looked for, whatever had been asked for.
        ask(tx, shift, ACTION, {"asked": "search", "query": _query(tx, shift)})
        return Reply((Edit(message_id, _one(tx, shift, person_id)),))
    person = deeds.reached(tx, shift.actor, person_id, Right.CHANGE_PEOPLE)
    if person is None:
        return (
            Reply((OLD_BUTTON,))
            if shift.actor.may(Right.CHANGE_PEOPLE)
            else Reply((Say("desk.not_allowed"),))
        )
    match tapped.choice, rest:
        case "link", _:
            return Reply((Edit(message_id, _ask_link(person)),))
        case "linked", _:
            return _linked(tx, shift, message_id, person)
        case "test" | "untest" as what, _:
            deeds.mark_test(tx, shift.actor, person.id, shift.now, test=what == "test")
            return _done(tx, shift, message_id, person, f"participants.toast_{what}")
        case "move", []:
            return Reply((Edit(message_id, _which_place(person)),))
        case "move", [kind] if kind in MOVES:
            return _ask_place(tx, shift, message_id, person, kind)
        case "moved", [kind]:
            return _moved(tx, shift, message_id, person, kind)
        case "free" | "more" as what, _:
            return Reply((Edit(message_id, _which(shift.programme, person, what, rest, shift.now)),))
        case "freed", [kind, item]:
            if not deeds.excuse(tx, shift.actor, person.id, kind, item, shift.now):
                return Reply((OLD_BUTTON,))
            return _done(tx, shift, message_id, person, "participants.toast_excused")
        case "unfree", [kind, item]:
            deeds.take_back(tx, shift.actor, person.id, kind, item, shift.now)
            return _done(tx, shift, message_id, person, "participants.toast_taken_back")
        case str(choice), [kind, item] if choice[:1] in ("d", "u") and (day := _day(choice[1:])) is not None:
            until = deeds.end_of(day, person)
            if choice[0] == "d":
                return Reply((Edit(message_id, _confirm_more(shift.programme, person, kind, item, until)),))
            if not deeds.extend(tx, shift.actor, person.id, kind, item, until, shift.now):
                return Reply((OLD_BUTTON,))
            return _done(tx, shift, message_id, person, "participants.toast_extended")
    return Reply((OLD_BUTTON,))


# --- lists ------------------------------------------------------------------------------------------------


def _list(tx: Transaction, shift: Shift, query: str, page: int) -> Say:
    ask(tx, shift, ACTION, {"asked": "search", "query": query})
    found, number = listing.search(
        tx, shift.programme.id, shift.actor.scope, query, offset=page * PAGE, limit=PAGE
    )
    rows: list[tuple[Button, ...]] = [
        (Button(_label(each), Tap(ACTION, str(each.id), "show")),) for each in found
    ]
    turning = []
    if page:
        turning.append(Button(Say("participants.button_back"), Tap(ACTION, str(page - 1), "page")))
    if (page + 1) * PAGE < number:
        turning.append(Button(Say("participants.button_next"), Tap(ACTION, str(page + 1), "page")))
    if turning:
        rows.append(tuple(turning))
    if query:
        rows.append((Button(Say("participants.button_everybody"), Tap(ACTION, "", "everybody")),))
    rows.append((menu_button(),))
    said: dict[str, Value] = {
        "count": number,
        "query": query,
        "page": page + 1,
        "pages": -(-number // PAGE) or 1,
    }
    key = "participants.list" if not query else "participants.found" if number else "participants.nobody"
    return Say(key, said, tuple(rows))


def _label(each: Listed) -> str:
    mark = "🧪 " if each.is_test else "⚪️ " if each.reach is None else "" if each.reach == "open" else "🚫 "
    return f"{mark}{each.name}, {each.office}"[:60]


def _query(tx: Transaction, shift: Shift) -> str:
    return str(asked_by(tx, shift, ACTION).get("query", ""))


# --- one person -------------------------------------------------------------------------------------------


def _one(tx: Transaction, shift: Shift, person_id: int) -> Say:
    seen = deeds.see(tx, shift.actor, person_id, shift.now)
    if seen is None:
        return Say("participants.gone", {}, (_to_list(tx, shift),))
    person = seen.person
    shown = receipt.receipt(tx, person, shift.programme, shift.now).messages[0]
    said: dict[str, Value] = {
        "person": person.name,
        "office": person.office or "—",
        "province": person.province or "—",
        "wave": person.wave or "—",
        "class": person.class_ or "—",
        "group": person.group or "—",
        "zone": person.zone.value,
        "nip": Nip(seen.record.nip).masked if seen.record.nip else "—",
        "reach": _reach(seen),
        "test": Say("participants.is_test") if seen.record.is_test else "",
        "receipt": Say("participants.receipt", shown.params) if isinstance(shown, Say) else "",
        "sent": tuple(_sent(each) for each in seen.sent) or Say("participants.nothing_sent"),
    }
    rows: list[tuple[Button, ...]] = []
    if shift.actor.may(Right.CHANGE_PEOPLE):
        me = str(person.id)
        test = "untest" if seen.record.is_test else "test"
        rows += [
            (_button("free", me), _button("more", me)),
            (_button("move", me), _button("link", me)),
            (_button(test, me),),
            *((_taking_back(shift.programme, person, each),) for each in seen.excuses[:5]),
        ]
    return Say("participants.one", said, (*rows, _to_list(tx, shift)))


def _button(choice: str, item: str) -> Button:
    return Button(Say(f"participants.button_{choice}"), Tap(ACTION, item, choice))


def _taking_back(programme: Programme, person: Person, excuse: Excuse) -> Button:
    what = deeds.title(programme, excuse.kind, excuse.item) or excuse.item
    return Button(
        Say("participants.button_unfree", {"what": what}),
        Tap(ACTION, f"{person.id}.{excuse.kind}.{excuse.item}", "unfree"),
    )


def _reach(seen: Seen) -> Say:
    record = seen.record
    if record.reach is None:
        return Say("participants.reach_never")
    if seen.person.withdrawn_at is not None:
        return Say("participants.reach_left", {"at": short_moment(seen.person.withdrawn_at)})
    if record.reach != "open":
        at = short_moment(record.reach_changed_at) if record.reach_changed_at else "—"
        return Say(f"participants.reach_{record.reach}", {"at": at})
    if seen.person.consented_at is None:
        return Say("participants.reach_not_agreed")
    return Say("participants.reach_open", {"at": short_moment(seen.person.consented_at)})


def _sent(sent: Sent) -> Say:
    state = (
        sent.state
        if sent.state in ("sent", "owed", "sending", "gone", "failed", "expired", "withdrawn")
        else "other"
    )
    return Say(
        "participants.line_sent",
        {
            "at": short_moment(sent.at),
            "what": sent.entry or Say("participants.a_message"),
            "state": Say(f"participants.state_{state}"),
        },
    )


def _to_list(tx: Transaction, shift: Shift) -> tuple[Button, ...]:
    return (Button(Say("participants.button_list"), Tap(ACTION, "0", "page")), menu_button())


def _to_person(person: Person) -> tuple[Button, ...]:
    return (Button(Say("participants.button_back"), Tap(ACTION, str(person.id), "show")),)


def _done(tx: Transaction, shift: Shift, message_id: int, person: Person, toast: str) -> Reply:
    return Reply((Edit(message_id, _one(tx, shift, person.id)),), Say(toast))


def _ask_link(person: Person) -> Say:
    do = Button(Say("participants.button_link_really"), Tap(ACTION, str(person.id), "linked"))
    key = "participants.ask_link" if person.chat_id is None else "participants.ask_link_parted"
    return Say(key, {"person": person.name}, ((do,), _to_person(person)))


def _linked(tx: Transaction, shift: Shift, message_id: int, person: Person) -> Reply:
    link = deeds.reissue(tx, shift.actor, person.id, shift.now)
    if link is None:
        return Reply((OLD_BUTTON,))
    said: dict[str, Value] = {"person": person.name, "link": link}
    return Reply((Edit(message_id, Say("participants.linked", said, (_to_person(person),))),))


# --- moving -----------------------------------------------------------------------------------------------


def _which_place(person: Person) -> Say:
    rows = [
        (
            Button(
                Say(f"participants.button_{kind}", {"now": deeds.place(person, kind) or "—"}),
                Tap(ACTION, f"{person.id}.{kind}", "move"),
            ),
        )
        for kind in MOVES
    ]
    return Say("participants.which_place", {"person": person.name}, (*rows, _to_person(person)))


def _ask_place(tx: Transaction, shift: Shift, message_id: int, person: Person, kind: str) -> Reply:
    ask(tx, shift, ACTION, {"asked": "move", "person": person.id, "kind": kind})
    known = deeds.values(tx, shift.actor, kind)
    said: dict[str, Value] = {
        "person": person.name,
        "kind": Say(f"participants.kind_{kind}"),
        "now": deeds.place(person, kind) or "—",
        "some": ", ".join(known[:8]) or "—",
    }
    return Reply((Edit(message_id, Say("participants.ask_place", said, (_to_person(person),))),))


def _typed_place(tx: Transaction, shift: Shift, asked: Mapping[str, Any], text: str) -> Reply:
    kind, person_id = str(asked.get("kind")), int(asked.get("person", 0))
    person = deeds.reached(tx, shift.actor, person_id, Right.CHANGE_PEOPLE)
    if person is None or kind not in MOVES:
        return Reply((OLD_BUTTON,))
    known = {value.lower(): value for value in deeds.values(tx, shift.actor, kind)}
    value = known.get(text.lower(), text)
    if deeds.may_move(tx, shift.actor, person_id, kind, value) is None:
        return Reply((Say("participants.out_of_scope", {"value": value}, (_to_person(person),)),))
    ask(tx, shift, ACTION, {**asked, "value": value})
    said: dict[str, Value] = {
        "person": person.name,
        "kind": Say(f"participants.kind_{kind}"),
        "before": deeds.place(person, kind) or "—",
        "after": value,
        "new": "" if value.lower() in known else Say("participants.new_place"),
    }
    do = Button(Say("participants.button_move_really"), Tap(ACTION, f"{person_id}.{kind}", "moved"))
    return Reply((Say("participants.confirm_place", said, ((do,), _to_person(person))),))


def _moved(tx: Transaction, shift: Shift, message_id: int, person: Person, kind: str) -> Reply:
    before = asked_by(tx, shift, ACTION)
    meant = ("move", person.id, kind)
    value = before.get("value")
    if (before.get("asked"), before.get("person"), before.get("kind")) != meant or value is None:
        return Reply((OLD_BUTTON,))
    ask_no_more(tx, shift)
    if not deeds.move(tx, shift.actor, person.id, kind, value, shift.now):
        return Reply((OLD_BUTTON,))
    return _done(tx, shift, message_id, person, "participants.toast_moved")


# --- excusing, and more time ------------------------------------------------------------------------------


def _which(programme: Programme, person: Person, what: str, chosen: list[str], now: datetime) -> Say:
    """What somebody is excused from (`free`), or given more time for (`more`): its kind, itself, then how."""
    said: dict[str, Value] = {"person": person.name}
    back = _to_person(person)
    match chosen:
        case [kind, item] if (named := deeds.title(programme, kind, item)) is not None:
            said["what"] = named
            if what == "free":
                do = Button(
                    Say("participants.button_free_really"), Tap(ACTION, f"{person.id}.{kind}.{item}", "freed")
                )
                return Say("participants.confirm_free", said, ((do,), back))
            today = now.astimezone(person.zone.tzinfo).date()
            days = [today + timedelta(days=each) for each in MORE_DAYS]
            buttons = [
                Button(short_day(day), Tap(ACTION, f"{person.id}.{kind}.{item}", f"d{day:%Y%m%d}"))
                for day in days
            ]
            rows = [tuple(buttons[n : n + 2]) for n in range(0, len(buttons), 2)]
            return Say("participants.ask_until", said, (*rows, back))
        case [kind] if kind in {each.value for each in Item}:
            items = [ALL, *_items(programme, Item(kind))]
            rows = [
                (
                    Button(
                        deeds.title(programme, kind, item) or item,
                        Tap(ACTION, f"{person.id}.{kind}.{item}", what),
                    ),
                )
                for item in items[:_MOST_ITEMS]
                if len(f"{ACTION}:{person.id}.{kind}.{item}:d20261231".encode()) <= 64
            ]
            return Say(f"participants.ask_{what}_item", said, (*rows, back))
    kinds = [Item.MODULE, Item.QUIZ, Item.JOURNAL, *([Item.SESSION] if what == "free" else [])]
    rows = [
        (Button(Say(f"participants.kind_{kind}"), Tap(ACTION, f"{person.id}.{kind}", what)),)
        for kind in kinds
        if _items(programme, kind)
    ]
    if what == "free":
        rows.append((Button(Say("excuse.everything"), Tap(ACTION, f"{person.id}.{ALL}.{ALL}", what)),))
    return Say(f"participants.ask_{what}", said, (*rows, back))


def _items(programme: Programme, kind: Item) -> list[str]:
    match kind:
        case Item.MODULE:
            return [module.id for module in programme.modules]
        case Item.QUIZ:
            return [quiz.id for quiz in programme.quizzes]
        case Item.JOURNAL:
            return [task.prompt.id for task in programme.journal]
        case Item.SESSION:
            return [session.id for session in programme.sessions]


def _confirm_more(programme: Programme, person: Person, kind: str, item: str, until: datetime) -> Say:
    said: dict[str, Value] = {
        "person": person.name,
        "what": deeds.title(programme, kind, item) or item,
        "until": short_moment(until),
    }
    day = until.astimezone(person.zone.tzinfo).date()
    do = Button(
        Say("participants.button_more_really"), Tap(ACTION, f"{person.id}.{kind}.{item}", f"u{day:%Y%m%d}")
    )
    return Say("participants.confirm_more", said, ((do,), _to_person(person)))


def _day(text: str) -> date | None:
    if len(text) != 8 or not text.isdecimal():
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None
