"""The journal: the list of prompts, writing in messages, submitting, reopening, and edited messages."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain import journal
from bot.domain.forms import short_moment
from bot.domain.journal import AlreadyDone, AskFirst, Entry, NothingYet, State, Submit
from bot.domain.messages import Button, Reply, Say, Tap, Value
from bot.domain.people import Person
from bot.domain.programme import Item, JournalTask, Programme, Target
from bot.storage import dialogues, outbox
from bot.storage import journal as stored
from bot.storage.database import Transaction
from bot.usecases.deadlines import deadline, deadlines
from bot.usecases.menu import OLD_BUTTON

DIALOGUE = "journal"


@dataclass(frozen=True, slots=True)
class Piece:
    """One message for the journal, as it came."""

    message_id: int
    kind: str
    text: str
    file_id: str | None = None


def overview(tx: Transaction, person: Person, programme: Programme, now: datetime) -> Reply:
    """`/jurnal`: each prompt with how its entry stands, and buttons to write or to change it."""
    written = stored.entries(tx, person.id)
    lines: list[Say] = []
    rows: list[tuple[Button, ...]] = []
    untils = deadlines(tx, programme, person)
    for task in programme.journal:
        entry = written.get(task.prompt.id, Entry(task.prompt.id))
        until = untils[task.prompt.id]
        params: dict[str, Value] = {
            "title": task.prompt.title,
            "words": entry.words,
            "deadline": short_moment(until),
        }
        lines.append(Say(f"journal.line_{entry.state}", params))
        if journal.may_change(entry, until, now):
            key = "journal.button_change" if entry.state is State.SUBMITTED else "journal.button_open"
            label = Say(key, {"title": task.prompt.title})
            rows.append((Button(label, Tap("jurnal", task.prompt.id, "open")),))
    if not lines:
        return Reply((Say("journal.none"),))
    return Reply(
        (
            Say(
                "journal.overview",
                {"lines": tuple(lines), "choose": Say("journal.choose") if rows else ""},
                tuple(rows),
            ),
        )
    )


def tap(
    tx: Transaction, person: Person, chat_id: int, programme: Programme, tapped: Tap, now: datetime
) -> Reply:
    """A button of the journal."""
    if tapped.choice == "list":
        return overview(tx, person, programme, now)
    task = programme.task(tapped.item)
    if task is None:
        return Reply((OLD_BUTTON,))
    entry = stored.entries(tx, person.id).get(task.prompt.id, Entry(task.prompt.id))
    until = deadline(tx, programme, task, person)
    match tapped.choice:
        case "open" | "reopen":
            if not journal.may_change(entry, until, now):
                return Reply((_too_late_to_reopen(until),))
            if entry.state is State.SUBMITTED:
                if tapped.choice == "open":
                    return Reply((_already(task, entry, until, now),))
                stored.set_state(tx, person.id, task.prompt.id, State.DRAFT, None)
            dialogues.enter(tx, chat_id, DIALOGUE, {"prompt": task.prompt.id}, now)
            return Reply((journal.opened(task, entry, until, reopened=entry.state is State.SUBMITTED),))
        case "submit" | "sure":
            sure = tapped.choice == "sure"
            return _submit(tx, person, chat_id, programme, task, entry, until, now, sure=sure)
        case "close":
            _leave(tx, chat_id, task.prompt.id)
            if entry.state is State.SUBMITTED:
                return Reply((_already(task, entry, until, now),))
            key = "journal.closed_empty" if entry.empty else "journal.closed"
            return Reply((Say(key, {"title": task.prompt.title}, (_list_button(),)),))
    return Reply((OLD_BUTTON,))


def write(
    tx: Transaction, person: Person, chat_id: int, programme: Programme, piece: Piece, now: datetime
) -> Reply | None:
    """A message for the entry that is open; None where none is, or it has been left alone too long."""
    dialogue = dialogues.current(tx, chat_id)
    if dialogue is None or dialogue.kind != DIALOGUE or now - dialogue.updated_at > journal.IDLE:
        return None
    task = programme.task(dialogue.state["prompt"])
    if task is None:
        dialogues.leave(tx, chat_id, DIALOGUE)
        return None
    stored.write(
        tx,
        person.id,
        task.prompt.id,
        chat_id=chat_id,
        message_id=piece.message_id,
        kind=piece.kind,
        text=piece.text,
        file_id=piece.file_id,
        now=now,
    )
    dialogues.enter(tx, chat_id, DIALOGUE, dialogue.state, now)
    return Reply((journal.saved(task.prompt, stored.entries(tx, person.id)[task.prompt.id]),))


def edit(
    tx: Transaction,
    person: Person,
    chat_id: int,
    programme: Programme,
    message_id: int,
    text: str,
    now: datetime,
) -> Reply:
    """A message was edited: a journal part gets its new wording and keeps the old one as a revision."""
    part = stored.part(tx, person.id, chat_id, message_id)
    task = programme.task(part.prompt) if part else None
    if part is None or task is None or part.text == text:
        return Reply()
    entry = stored.entries(tx, person.id)[part.prompt]
    until = deadline(tx, programme, task, person)
    if not journal.may_change(entry, until, now):
        params: dict[str, Value] = {"title": task.prompt.title, "deadline": short_moment(until)}
        return Reply((Say("journal.too_late_to_edit", params),))
    stored.revise(tx, part, text, now)
    after = stored.entries(tx, person.id)[part.prompt]
    return Reply((Say("journal.revised", {"title": task.prompt.title, "words": after.words}),))


def _submit(
    tx: Transaction,
    person: Person,
    chat_id: int,
    programme: Programme,
    task: JournalTask,
    entry: Entry,
    until: datetime,
    now: datetime,
    *,
    sure: bool,
) -> Reply:
    match journal.submit(task.prompt, entry, until, now, sure=sure):
        case NothingYet():
            dialogues.enter(tx, chat_id, DIALOGUE, {"prompt": task.prompt.id}, now)
            return Reply((Say("journal.nothing_yet", {"title": task.prompt.title}),))
        case AskFirst(words):
            return Reply((journal.asked_first(task.prompt, words),))
        case AlreadyDone():
            return Reply((_already(task, entry, until, now),))
        case Submit(late):
            stored.set_state(tx, person.id, task.prompt.id, State.SUBMITTED, now)
            _leave(tx, chat_id, task.prompt.id)
            outbox.withdraw(tx, person.id, about=Target(Item.JOURNAL, task.prompt.id), now=now)
            written = stored.entries(tx, person.id)
            if all(_is_submitted(written.get(each.prompt.id)) for each in programme.journal):
                outbox.withdraw(tx, person.id, about=Target(Item.JOURNAL, "*"), now=now)
            return Reply((journal.receipt(task.prompt, entry, until, now, late=late),))


def _leave(tx: Transaction, chat_id: int, prompt_id: str) -> None:
    """Take no more texts for that entry; another one that is open by now stays open (an old button)."""
    dialogue = dialogues.current(tx, chat_id)
    if dialogue is not None and dialogue.state.get("prompt") == prompt_id:
        dialogues.leave(tx, chat_id, DIALOGUE)


def _is_submitted(entry: Entry | None) -> bool:
    return entry is not None and entry.state is State.SUBMITTED


def _already(task: JournalTask, entry: Entry, until: datetime, now: datetime) -> Say:
    rows = [_list_button()]
    if journal.may_change(entry, until, now):
        rows.insert(0, (Button(Say("journal.button_reopen"), Tap("jurnal", task.prompt.id, "reopen")),))
    params: dict[str, Value] = {
        "title": task.prompt.title,
        "at": short_moment(entry.submitted_at or now),
        "words": entry.words,
    }
    return Say("journal.already", params, tuple(rows))


def _too_late_to_reopen(until: datetime) -> Say:
    return Say("journal.too_late_to_reopen", {"deadline": short_moment(until)}, (_list_button(),))


def _list_button() -> tuple[Button, ...]:
    return (Button(Say("journal.button_list"), Tap("jurnal", "", "list")),)
