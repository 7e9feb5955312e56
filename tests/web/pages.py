"""A world for the pages: two programmes, two offices, somebody of each role, and what could leak."""

import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from sqlalchemy import insert, select

from bot.clock import SimulatedClock
from bot.content.loading import load
from bot.delivery.fetching import NotFetchedError
from bot.domain.announcements import Whom
from bot.domain.journal import State
from bot.domain.materials import Release
from bot.domain.people import Role
from bot.domain.posts import Piece, Post
from bot.domain.programme import AroundSession, Audience, Catalogue, CheckIn, Instant, Recurring
from bot.domain.staff import EVERYTHING, Scope
from bot.storage import attendance, journal, staff
from bot.storage.database import Database, Transaction
from bot.storage.tables import JournalEntryRow, JournalPartRow
from bot.usecases import announcements, materials, sign_ins
from bot.web.pages import Pages
from bot.web.server import serving
from tests.examples import SESSION, add_person, entry, programme

ROOT = Path(__file__).parents[2]
URL = "http://pages.example.invalid"
BEGIN = datetime(2026, 11, 8, 2, 0, tzinfo=UTC)  # the day before the first session
SULSEL = "Sulawesi Selatan"
MAROS, WAMENA = "Puskesmas Maros", "SMPN 1 Wamena"


@cache
def _no_tls() -> ssl.SSLContext:
    """Loading certificates takes longer than a test, and nothing here speaks TLS."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@cache
def catalogue() -> Catalogue:
    """Two programmes, with the shipped texts."""
    texts = load(ROOT / "content", ROOT / "schedules").texts
    when = Recurring(tuple(range(7)), time(9), date(2026, 11, 6), date(2026, 11, 20))
    timetable = (
        entry("kabar", Instant(BEGIN + timedelta(days=1))),
        entry("pengingat", when),
        entry("ruang", AroundSession("hari-1", timedelta(minutes=-60))),
    )
    taken = (replace(SESSION, check_in=CheckIn(minutes=120), feedback=True),)
    mine, other = (replace(programme(*timetable), sessions=taken) for _ in range(2))
    object.__setattr__(other, "id", "other")  # frozen, and all else is to be alike
    return Catalogue({"p": mine, "other": other}, texts)


@dataclass
class Sent:
    """Telegram's files, as far as the pages need them."""

    files: dict[str, bytes] = field(default_factory=dict)

    async def fetch(self, file_id: str) -> bytes:
        if file_id not in self.files:
            raise NotFetchedError("wrong file_id")
        return self.files[file_id]


@dataclass
class World:
    """What a test of the pages needs."""

    database: Database
    clock: SimulatedClock
    address: str
    people: dict[str, int] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    """What Telegram has of what people sent, by file id."""

    def write(self, use_case: Any, *args: Any, **kwargs: Any) -> Any:
        return self.database.write_now(use_case, *args, **kwargs)

    def read(self, query: Any, *args: Any, **kwargs: Any) -> Any:
        return self.database.read_now(query, *args, **kwargs)

    def link(self, name: str) -> str:
        """The path of a sign-in link for somebody."""
        link = self.write(sign_ins.hand_out, self.people[name], self.clock.now())
        return urlsplit(str(link)).path

    @asynccontextmanager
    async def browser(self, name: str = "", **headers: str) -> AsyncIterator[httpx.AsyncClient]:
        """A browser, signed in as somebody unless no name is given."""
        async with httpx.AsyncClient(
            base_url=self.address,
            headers=headers,
            trust_env=False,
            verify=_no_tls(),
            timeout=60,  # seconds: a busy machine fails no test
        ) as client:
            if name:
                answer = await client.post(self.link(name))
                assert answer.status_code == 303, answer.text
            yield client


def add_staff(tx: Transaction, name: str, role: Role, scope: Scope = EVERYTHING, **columns: Any) -> int:
    person_id = add_person(tx, name, role=role.value, **columns)
    staff.limit(tx, person_id, scope)
    return person_id


def populate(tx: Transaction) -> dict[str, int]:
    """Who is there: staff of each kind, and people whom not everybody may see."""
    part = Scope(offices=(MAROS,))
    speaker = add_staff(tx, "Said Narasumber", Role.SPEAKER, office="")
    staff.bind(tx, speaker, ["hari-1"])
    return {
        "owner": add_staff(tx, "Olga Pemilik", Role.OWNER, office=""),
        "coordinator": add_staff(tx, "Karin Panitia", Role.COORDINATOR, office=""),
        "part": add_staff(tx, "Paula Sebagian", Role.COORDINATOR, part, office=MAROS),
        "speaker": speaker,
        "stranger": add_staff(tx, "Xaver Lain", Role.OWNER, office="", programme_id="other"),
        "participant": add_person(tx, "Budi Peserta", office=MAROS, nip="199203152025211007"),
        "anna": add_person(tx, "Anna Maros", office=MAROS, province=SULSEL, nip="199305162025212008"),
        "wati": add_person(tx, "Wati Wamena", office=WAMENA, province="Papua", nip="199407172025212009"),
        "other": add_person(tx, "Oskar Lain", office=MAROS, programme_id="other", nip="199508182025211010"),
    }


def fill(tx: Transaction, people: dict[str, int]) -> dict[str, int]:
    """Something of everything besides people: what one coordinator may see, and another must not."""
    return {
        "notice": announce(tx, people["owner"], "Rapat di Wamena", Audience(offices=(WAMENA,))),
        "foreign": announce(tx, people["stranger"], "Rapat lain", Audience()),
        "handout": hand_out(tx, people["owner"]),
        "foreign_handout": hand_out(tx, people["stranger"]),
        "zoom_name": zoom_name(tx, "p", "Wati W.", [people["wati"]]),
        "foreign_zoom_name": zoom_name(tx, "other", "Oskar L.", [people["other"]]),
        **{f"{name}_wrote": write_journal(tx, people[name]) for name in ("anna", "wati", "other")},
        **{f"{name}_photo": add_photo(tx, people[name]) for name in ("anna", "wati", "other")},
    }


def hand_out(tx: Transaction, author_id: int) -> int:
    """A material of somebody's that waits for the end of the session; its number."""
    actor = staff.actor_by_id(tx, author_id)
    assert actor is not None
    words = Post((Piece("text", "Bahan tayang", message_id=1),))
    found = materials.draft(tx, actor, words, "", BEGIN, chat_id=1000 + author_id)
    materials.place(tx, actor, found.id, SESSION.id)
    return materials.release(tx, actor, found.id, Release.END, BEGIN)[0].id


def zoom_name(tx: Transaction, programme_id: str, name: str, perhaps: list[int]) -> int:
    """A name of a Zoom report that waits to be settled; its number."""
    kept = {"report": "r", "name": name, "original": "", "plain": name.casefold(), "minutes": 130}
    whom = {
        "perhaps": perhaps,
        "people": [],
        "state": "open",
        "imported_at": BEGIN,
        "since": None,
        "until": None,
    }
    attendance.keep_names(tx, programme_id, SESSION.id, [{**kept, **whom}])
    return max(each.id for each in attendance.open_names(tx, programme_id, SESSION.id))


def add_photo(tx: Transaction, person_id: int) -> int:
    """A photo in somebody's entry; the number of that part."""
    found = select(JournalEntryRow.id).where(JournalEntryRow.person_id == person_id)
    part = {
        "entry_id": tx.connection.execute(found).scalar_one(),
        "chat_id": 1000 + person_id,
        "message_id": 2,
        "kind": "photo",
        "text": "",
        "file_id": f"photo of {person_id}",
        "written_at": BEGIN,
    }
    inserted = insert(JournalPartRow).values(part).returning(JournalPartRow.id)
    return int(tx.connection.execute(inserted).scalar_one())


def write_journal(tx: Transaction, person_id: int, words: str = "Saya belajar banyak.") -> int:
    """An entry of somebody's journal, submitted; its number."""
    journal.write(
        tx,
        person_id,
        "catatan",
        chat_id=1000 + person_id,
        message_id=1,
        kind="text",
        text=words,
        file_id=None,
        now=BEGIN,
    )
    journal.set_state(tx, person_id, "catatan", State.SUBMITTED, BEGIN + timedelta(minutes=person_id))
    found = select(JournalEntryRow.id).where(JournalEntryRow.person_id == person_id)
    return tx.connection.execute(found).scalar_one()


def announce(tx: Transaction, author: int, words: str, whom: Audience) -> int:
    """Something that is announced, and under way; its number."""
    actor = staff.actor_by_id(tx, author)
    assert actor is not None
    post = Post((Piece("text", words),))
    number = announcements.draft(tx, actor, post, BEGIN, chat_id=None)
    announcements.choose(tx, actor, number, whom=Whom(whom))
    announcements.send(tx, actor, number, 1, BEGIN)
    return number


@asynccontextmanager
async def world(database: Database, url: str = URL) -> AsyncIterator[World]:
    """The pages on a database, served."""
    clock = SimulatedClock(BEGIN)
    sent = Sent()
    pages = Pages(database, clock, url, lambda: None, sent)
    async with serving(pages, "127.0.0.1:0") as address:
        await pages.open(address)
        here = World(database, clock, address, files=sent.files)
        here.people = database.write_now(populate)
        yield here


async def form_token(browser: httpx.AsyncClient) -> str:
    """What forms of the browser's own pages carry; nothing where it is not signed in."""
    found = re.search(r'name="form_token" value="(\w+)"', (await browser.get("/")).text)
    return "" if found is None else found.group(1)
