"""The reflective journal: an entry for a prompt, written in one or several messages, then submitted."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from bot.domain.forms import short_moment
from bot.domain.messages import Button, Say, Tap, Value
from bot.domain.programme import JournalTask, Prompt

IDLE = timedelta(hours=12)
"""How long an opened entry takes what is typed; after it, a text is not meant for it any more."""

_WORD = re.compile(r"\w[\w'’-]*")


class State(StrEnum):
    """Where an entry stands."""

    NONE = "none"
    DRAFT = "draft"
    SUBMITTED = "submitted"


@dataclass(frozen=True, slots=True)
class Entry:
    """What somebody has written for a prompt so far."""

    prompt: str
    state: State = State.NONE
    texts: tuple[str, ...] = ()
    files: int = 0
    submitted_at: datetime | None = None
    revision_asked: bool = False  # by a coordinator, since it was submitted last

    @property
    def words(self) -> int:
        """The number of words in all its parts."""
        return sum(count_words(text) for text in self.texts)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to submit."""
        return not self.files and not self.words


def count_words(text: str) -> int:
    """Words as a person counts them: "kupu-kupu" is one, "Rp 5.000" two or three, an emoji none."""
    return len(_WORD.findall(text))


# --- decisions ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Submit:
    """The entry is submitted (again); `late` where its deadline is over."""

    late: bool


@dataclass(frozen=True, slots=True)
class AskFirst:
    """There is less than the prompt hopes for: ask whether to send it all the same."""

    words: int


@dataclass(frozen=True, slots=True)
class NothingYet:
    """There is nothing to submit."""


@dataclass(frozen=True, slots=True)
class AlreadyDone:
    """It was submitted before."""


Decision: TypeAlias = Submit | AskFirst | NothingYet | AlreadyDone


def submit(
    prompt: Prompt, entry: Entry, deadline: datetime, now: datetime, *, sure: bool = False
) -> Decision:
    """What follows from "submit". An entry after the deadline is taken, and called late: better than lost."""
    if entry.state is State.SUBMITTED:
        return AlreadyDone()
    if entry.empty:
        return NothingYet()
    if entry.words < prompt.minimum_words and not sure:
        return AskFirst(entry.words)
    return Submit(late=now > deadline)


def may_change(entry: Entry, deadline: datetime, now: datetime) -> bool:
    """Whether the entry may be written on: a draft always, a submitted one until its deadline.

    Whoever is asked to revise it may, however late.
    """
    return entry.state is not State.SUBMITTED or now <= deadline or entry.revision_asked


# --- screens ------------------------------------------------------------------------------------------


def opened(task: JournalTask, entry: Entry, deadline: datetime, *, reopened: bool = False) -> Say:
    """The prompt, ready to be written on."""
    prompt = task.prompt
    parts: list[Say] = [Say("journal.reopened")] if reopened else []
    if prompt.minimum_words:
        parts.append(Say("journal.wish", {"words": prompt.minimum_words}))
    if not entry.empty:
        parts.append(Say("journal.so_far", {"words": entry.words, "files": _and_files(entry)}))
    return Say(
        "journal.opened",
        {
            "title": prompt.title,
            "text": prompt.text,
            "deadline": short_moment(deadline),
            "notes": tuple(parts),
        },
        ((_submit(prompt), _close(prompt)),),
    )


def saved(prompt: Prompt, entry: Entry) -> Say:
    """A part has been kept."""
    key = "journal.saved_enough" if entry.words >= prompt.minimum_words else "journal.saved"
    params: dict[str, Value] = {
        "title": prompt.title,
        "words": entry.words,
        "wish": prompt.minimum_words,
        "files": _and_files(entry),
    }
    return Say(key, params, ((_submit(prompt), _close(prompt)),))


def asked_first(prompt: Prompt, words: int) -> Say:
    """Fewer words than hoped for: kindly, with both ways on."""
    return Say(
        "journal.few_words",
        {"words": words, "wish": prompt.minimum_words},
        (
            (Button(Say("journal.button_sure"), Tap("jurnal", prompt.id, "sure")),),
            (Button(Say("journal.button_more"), Tap("jurnal", prompt.id, "open")),),
        ),
    )


def receipt(prompt: Prompt, entry: Entry, deadline: datetime, now: datetime, *, late: bool) -> Say:
    """It has been submitted."""
    buttons = [(Button(Say("journal.button_list"), Tap("jurnal", "", "list")),)]
    if now <= deadline:
        buttons.insert(0, (Button(Say("journal.button_reopen"), Tap("jurnal", prompt.id, "reopen")),))
    key = "journal.submitted_late" if late else "journal.submitted"
    params: dict[str, Value] = {
        "title": prompt.title,
        "words": entry.words,
        "files": _and_files(entry),
        "at": short_moment(now),
        "deadline": short_moment(deadline),
    }
    return Say(key, params, tuple(buttons))


def _and_files(entry: Entry) -> Value:
    return Say("journal.and_files", {"files": entry.files}) if entry.files else ""


def _submit(prompt: Prompt) -> Button:
    return Button(Say("journal.button_submit"), Tap("jurnal", prompt.id, "submit"))


def _close(prompt: Prompt) -> Button:
    return Button(Say("journal.button_close"), Tap("jurnal", prompt.id, "close"))
