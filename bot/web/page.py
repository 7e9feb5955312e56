"""What a page is: a function of (transaction, visit) that says what to show, or what was done.

A page never asks who is signed in, and never writes HTML: `bot.web.site` looks that up and a template does.
Each feature's module has its `WAYS`; `bot.web.site.AREAS` lists the modules.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeAlias
from urllib.parse import urlencode

from bot.content.wording import Wording
from bot.domain.audit import Action
from bot.domain.messages import Reader, Say, Value
from bot.domain.people import Person
from bot.domain.programme import Programme, Session
from bot.domain.staff import Actor, Right, Scope
from bot.storage.database import Transaction
from bot.usecases.refusal import RefusedError, UnknownError

_LARGEST_ID = 2**63 - 1


class PageError(Exception):
    """A request that is answered by a sentence: the status, the text, and the page to go back to, if any."""

    def __init__(self, status: int, key: str, back: str = "", **params: Value) -> None:
        super().__init__(f"{status} {key}")
        self.status, self.say, self.back = status, Say(key, params), back


def not_found() -> PageError:
    """What does not exist, or is not theirs: the two look alike to who asks."""
    return PageError(404, "page.error_404")


def bad_input() -> PageError:
    """A path, a parameter or a field that makes no sense."""
    return PageError(400, "page.error_400")


def refused() -> PageError:
    """Something that is not in the person's rights."""
    return PageError(403, "page.error_403")


@contextmanager
def answering_refusals(back: str) -> Iterator[None]:
    """What of a deed is refused is answered by why, with the way `back`, and nothing of it is done."""
    try:
        yield
    except UnknownError:
        raise not_found() from None
    except RefusedError as refusal:
        raise PageError(409, refusal.say.key, back, **refusal.say.params) from None


def reader(person: Person) -> Reader:
    """For whom what somebody sees is worded."""
    return Reader(person.language, person.zone, person.name, person.office, person.programme)


@dataclass(frozen=True, slots=True)
class Visit:
    """A request of somebody who is signed in: who, on which programme, when, and what they ask for."""

    actor: Actor
    programme: Programme
    now: datetime
    browser_id: int
    wording: Wording
    path: str
    """As it was asked for, without the prefix under which the pages may be."""
    ids: Mapping[str, str] = field(default_factory=dict)
    """What the path names."""
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    """The fields of a form that was sent."""

    @property
    def reader(self) -> Reader:
        """For whom the page is worded."""
        return reader(self.actor.person)

    @property
    def scope(self) -> Scope:
        """The part that they see, count and reach."""
        return self.actor.scope

    @property
    def scope_words(self) -> str:
        """The part, in words."""
        return ", ".join(value for _, value in self.scope.pairs())

    @property
    def address(self) -> str:
        """The path with its query, as a link back to it has it."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path

    def words(self, value: Value, *, of: Person | None = None) -> str:
        """A value in the reader's words; `of`: a text that speaks of another person."""
        named = self.reader if of is None else replace(self.reader, name=of.name, office=of.office)
        return self.wording.plain(value, named)

    def id(self, name: str = "id") -> int:
        """A number that the path names; raises PageError (404) where it is none."""
        given = self.ids[name]
        if not (given.isascii() and given.isdecimal()) or int(given) > _LARGEST_ID:
            raise not_found()
        return int(given)

    def session(self) -> Session:
        """The session that the path names; raises PageError (404) where there is none."""
        found = self.programme.session(self.ids["id"])
        if found is None:
            raise not_found()
        return found

    def number(self, name: str, default: int, *, at_most: int = 1_000_000) -> int:
        """A parameter from 1 on; raises PageError (400)."""
        given = self.query.get(name, "")
        if given == "":
            return default
        if not (given.isascii() and given.isdecimal()) or not 1 <= int(given) <= at_most:
            raise bad_input()
        return int(given)

    def choice(self, name: str, among: Sequence[str], default: str = "") -> str:
        """A parameter that is one of `among`; raises PageError (400)."""
        given = self.query.get(name, "")
        if given == "":
            return default
        if given not in among:
            raise bad_input()
        return given

    def text(self, name: str, *, at_most: int = 120) -> str:
        """A parameter in words, trimmed; raises PageError (400) where it is longer."""
        given = self.query.get(name, "").strip()
        if len(given) > at_most or "\0" in given:
            raise bad_input()
        return given

    def field(self, name: str, *, at_most: int = 4_096) -> str:
        """A field of the form, trimmed; raises PageError (400) where it is missing or longer."""
        given = self.form.get(name)
        if given is None or len(given) > at_most or "\0" in given:
            raise bad_input()
        return given.strip()


@dataclass(frozen=True, slots=True)
class Note:
    """What is written into the audit before the answer goes out (`bot.storage.audit.note`)."""

    action: Action
    kind: str = ""
    subject: object = ""
    people: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Show:
    """A page: its template, what the template is given, and what of it counts as an action."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    status: int = 200


@dataclass(frozen=True, slots=True)
class Download:
    """A file."""

    name: str
    media_type: str
    content: bytes
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that somebody sent to the bot, to be had from Telegram once the transaction is over.

    `picture`: it is shown in the browser; everything else is kept as a file, whatever its sender says it is.
    """

    file_id: str
    name: str
    picture: bool
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Go:
    """On to another page, which says `page.said_…` above (`said`); `signed_out`: the browser is, by now."""

    path: str
    said: str = ""
    signed_out: bool = False


Answer: TypeAlias = Show | Download | Fetched | Go


@dataclass(frozen=True, slots=True)
class Way:
    """A path, who may go it, and where it leads.

    `show` is asked for it (GET) in a transaction that only reads; `do` is sent a form (POST) in one that
    writes, and returns a `Go` unless the form is to be shown again. Ids in the path are for them to check
    against the actor's programme and scope.
    """

    path: str
    right: Right
    show: Callable[[Transaction, Visit], Answer] | None = None
    do: Callable[[Transaction, Visit], Answer] | None = None
    menu: str = ""
    """The text's key by which it stands in the menu, if it does."""
    writes: bool = False
    """Whether being shown is a deed itself, so that `show` is asked in a transaction that writes, too."""
    largest: int = 64 * 1024
    """Bytes of a form that are read at most."""
