"""Coordinators read journals, comment, and ask for another version; each look and each word is on record."""

from datetime import datetime

from bot.domain.audit import Action
from bot.domain.identity import looks_like_nik
from bot.domain.messages import Button, Lane, Say, Tap
from bot.domain.programme import Programme
from bot.domain.staff import Actor, Right
from bot.storage import audit, journal_reading, outbox, people
from bot.storage.database import Transaction
from bot.storage.journal_reading import Reading
from bot.usecases.refusal import RefusedError

COMMENT_LIMIT = 2_000
"""Characters of a comment: with the words around it, a message of Telegram's takes it."""


def read(tx: Transaction, actor: Actor, programme: Programme, entry_id: int, now: datetime) -> Reading | None:
    """The entry, which counts as read from now on; None where there is none that the actor may read."""
    if not actor.may(Right.READ_JOURNALS):
        return None
    found = journal_reading.reading(tx, programme.id, actor.scope, entry_id)
    if found is None:
        return None
    journal_reading.note_read(tx, entry_id, now)
    audit.note(
        tx,
        actor,
        Action.JOURNAL_READ,
        now,
        kind="person",
        subject=found.entry.person_id,
        prompt=found.entry.prompt,
        entry=entry_id,
    )
    return found


def comment(
    tx: Transaction,
    actor: Actor,
    programme: Programme,
    entry_id: int,
    text: str,
    now: datetime,
    *,
    ask_revision: bool = False,
) -> bool:
    """Write to the entry's author about it; False where there is no entry that the actor may read.

    They are told at the next hour at which people may be written to. Raises RefusedError.
    """
    words = text.strip()
    if not words:
        raise RefusedError("journal.comment_empty")
    if len(words) > COMMENT_LIMIT:
        raise RefusedError("journal.comment_too_long")
    if looks_like_nik(words):
        raise RefusedError("journal.comment_nik")
    found = (
        journal_reading.reading(tx, programme.id, actor.scope, entry_id)
        if actor.may(Right.READ_JOURNALS)
        else None
    )
    author = None if found is None else people.person(tx, found.entry.person_id)
    task = None if found is None else programme.task(found.entry.prompt)
    if found is None or author is None or task is None:
        return False
    if found.comments and (found.comments[-1].author, found.comments[-1].text) == (actor.person.name, words):
        return True  # the same form, sent twice
    comment_id = journal_reading.add_comment(
        tx,
        entry_id,
        author_id=actor.person.id,
        author=actor.person.name,
        text=words,
        asks_revision=ask_revision,
        now=now,
    )
    audit.note(
        tx,
        actor,
        Action.REVISION_ASKED if ask_revision else Action.JOURNAL_COMMENTED,
        now,
        kind="person",
        subject=author.id,
        prompt=found.entry.prompt,
        entry=entry_id,
    )
    label = "journal.button_revise" if ask_revision else "journal.button_list"
    tap = Tap("jurnal", task.prompt.id, "reopen") if ask_revision else Tap("jurnal", "", "list")
    key = "journal.revision_asked" if ask_revision else "journal.commented"
    due_at = programme.windows.next_open(now, author.zone) or now
    outbox.owe(
        tx,
        outbox.Recipient(person_id=author.id),
        Say(
            key,
            {"title": task.prompt.title, "coordinator": actor.person.name, "comment": words},
            ((Button(Say(label), tap),),),
        ),
        reason=f"{programme.id}/journal-comment@{comment_id}",
        lane=Lane.REMINDER,
        now=now,
        due_at=due_at,
        not_after=due_at + outbox.NOT_AFTER * 7,
    )
    return True
