"""The stage: the real application and simulator in one process, on a clock that plays move by hand."""

import asyncio
import contextlib
import dataclasses
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import and_, or_, select
from sqlalchemy import text as sql

from bot import app
from bot.clock import SimulatedClock
from bot.config import load_config
from bot.documents.rosters import RosterRow
from bot.domain.attendance import open_windows
from bot.domain.identity import Nip
from bot.domain.people import Role
from bot.domain.programme import Catalogue, Enrolment, Programme
from bot.domain.staff import Scope
from bot.domain.zones import find_province
from bot.simulator import Delivery, DropBefore, Group, Person, Retry429, SeenMessage, ServerError, Simulator
from bot.simulator.chats import ChatKind
from bot.simulator.faults import Rule
from bot.storage.database import Database, Transaction
from bot.storage.tables import OutboxRow, UpdateRow
from bot.usecases import attendance, staff
from bot.usecases.links import Selection, claim_links
from bot.usecases.rosters import import_roster
from tests.scenarios import play as script
from tests.scenarios import transcript
from tests.scenarios.play import Direction, Does, Play, PlayError, Says

HEARD = timedelta(seconds=3)
"""How long people wait for an answer before they do the next thing."""

PATIENCE = 120
"""Seconds of simulated time in which everything that is due must have been sent."""

HANG = 120.0
"""Real seconds after which a play that stands still is given up, on however busy a machine."""

_PHOTO = bytes.fromhex("89504e470d0a1a0a0000000d494844520000006400000064080000000000000000")
"""As much of a picture as says that it is one: 100 pixels square."""

FACTS = {
    "requests": (
        "SELECT r.kind, r.name, r.office, coalesce('for ' || p.name, 'for nobody known'), r.state"
        " FROM enrolment_requests r LEFT JOIN people p ON p.id = r.person_id ORDER BY r.id"
    ),
    "answers": (
        "SELECT p.name, a.quiz_id, 'attempt ' || a.attempt, a.question_id,"
        " CASE a.correct WHEN 1 THEN 'right' ELSE 'wrong' END"
        " FROM quiz_answers a JOIN people p ON p.id = a.person_id ORDER BY a.answered_at, a.question_id"
    ),
    "journal": (
        "SELECT p.name, e.prompt_id, e.state, t.kind, t.text FROM journal_parts t"
        " JOIN journal_entries e ON e.id = t.entry_id JOIN people p ON p.id = e.person_id ORDER BY t.id"
    ),
    "revisions": "SELECT r.text FROM journal_revisions r ORDER BY r.id",
    "modules": (
        "SELECT p.name, m.module_id FROM modules_done m JOIN people p ON p.id = m.person_id ORDER BY 1, 2"
    ),
    "missed": (
        "SELECT entry_id, zone, strftime('%d %H.%M UTC', due_at) FROM waves WHERE state = 'missed'"
        " ORDER BY due_at, zone"
    ),
    "audit": (
        "SELECT actor, action, kind, people, details FROM audit WHERE actor_id IS NOT NULL ORDER BY id"
    ),
    "attendance": (
        "SELECT p.name, a.session_id, a.grade, a.minutes"
        " FROM attendance a JOIN people p ON p.id = a.person_id ORDER BY p.name"
    ),
    "evidence": (
        "SELECT p.name, e.kind, e.leg, CASE e.counts WHEN 1 THEN 'counts' ELSE 'does not count' END,"
        " e.minutes, e.note, e.made_by_name"
        " FROM attendance_evidence e JOIN people p ON p.id = e.person_id ORDER BY e.id"
    ),
    "corrections": (
        "SELECT made_by_name, kind, item, change, CASE WHEN undone_at IS NULL THEN 'stands' ELSE 'undone' END"
        " FROM corrections ORDER BY id"
    ),
    "live votes": (
        "SELECT p.name, 'question ' || v.live_quiz_id, 'chose ' || CASE v.choice WHEN '' THEN 'nothing' ELSE"
        " v.choice END, CASE v.correct WHEN 1 THEN 'right' WHEN 0 THEN 'wrong' ELSE '-' END,"
        " v.votes || ' votes, ' || v.late || ' late'"
        " FROM live_quiz_votes v JOIN people p ON p.id = v.person_id ORDER BY v.live_quiz_id, p.name"
    ),
    "owed": (
        "SELECT p.name, o.reason, o.state FROM outbox o JOIN people p ON p.id = o.person_id"
        " WHERE o.state NOT IN ('sent', 'folded') ORDER BY o.id"
    ),
}
"""What `-- the database shows: … --` asks."""


def _without_quiz(programme: Programme) -> Programme:
    entries = tuple(e for e in programme.timetable if e.about is None or e.about.kind != "quiz")
    return dataclasses.replace(programme, quizzes=(), timetable=entries)


def _without_second_question(programme: Programme) -> Programme:
    (quiz,) = programme.quizzes
    first, _, third = quiz.questions
    return dataclasses.replace(programme, quizzes=(dataclasses.replace(quiz, questions=(first, third)),))


def _other_room(programme: Programme) -> Programme:
    opening, *others = programme.sessions
    meeting = dataclasses.replace(
        opening.meeting, url="https://zoom.example.invalid/j/99", meeting_id="990 0000 0099"
    )
    return dataclasses.replace(programme, sessions=(dataclasses.replace(opening, meeting=meeting), *others))


CORRECTIONS: dict[str, Callable[[Programme], Programme]] = {
    "the quiz is taken out": _without_quiz,
    "the second question is taken out": _without_second_question,
    "the opening has another Zoom room": _other_room,
}
"""What organisers change in their files; the bot is restarted with it."""


class Stage:
    """One performance of a play."""

    def __init__(self, play: Play, catalogue: Catalogue, database: Path) -> None:
        self.play = play
        self.database_path = database
        self.log: list[dict[str, Any]] = []
        self.clock = SimulatedClock(play.begins - timedelta(minutes=5))
        self.simulator = Simulator(self.clock)
        self._catalogue = _chosen(catalogue, play)
        self._zone = play.zone
        self._script: list[str] = []
        self._heard: list[Delivery] = []
        self._recording = False
        self._told: datetime = play.begins
        self._groups: dict[str, Group] = {}
        self._links: dict[str, str] = {}
        self._people: dict[str, Person] = {}
        self._crash: Callable[[Transaction, int], bool] | None = None
        self._cuts: list[Rule] = []
        self._down = True

    @property
    def programme(self) -> Programme:
        (programme,) = self._catalogue.programmes.values()
        return programme

    async def perform(self) -> str:
        """Play it, and return the whole transcript anew."""
        async with self._theatre():
            await self._admit()
            for line in self.play.lines:
                await self._perform(line)
            if not self._down:
                await self.simulator.idle(HANG)
        return f"{self.play.heading}\n{script.RULE}\n" + "\n".join(self._script).rstrip() + "\n"

    async def _perform(self, line: str) -> None:
        match script.understood(line):
            case Direction(direction):
                self._script += ["", line]
                await self._direct(direction)
            case Says() | Does() as action:
                self._script += ["", line]
                person = self._person(action.who)
                if isinstance(action, Says):
                    await self._say(person, action)
                else:
                    await self._do(person, action)
                if self._crash is not None:
                    await self._crash_once(self._crash)
                if not self._down:
                    await self._wait(HEARD)
            case _:
                self._script += ["", line] if not self._script or self._script[-1][:1] != "#" else [line]
        self._write_down()

    # --- what people do -------------------------------------------------------------------------------

    async def _say(self, person: Person, says: Says) -> None:
        group = self._groups[says.where] if says.where else None
        if says.text.startswith("[") and says.text.endswith("]"):
            button = says.text[1:-1]
            await person.tap(
                _newest(person, lambda message: button in message.buttons, f"[{button}]"), button
            )
        else:
            await person.send(says.text, chat=group)

    async def _do(self, person: Person, does: Does) -> None:
        match does.verb, does.what:
            case "opens", "the invitation":
                await person.send(f"/start {self._invitation()}")
            case "opens", whose:
                await person.send(f"/start {self._code(does.who, whose)}")
            case "votes", which:
                poll = _poll(person, which)
                await person.vote(poll, [int(number) - 1 for number in does.words.split(",")])
                self._script.append(self._verdict(person, poll))
            case "retracts", which:
                poll = _poll(person, which)
                await person.retract(poll, force=True)
                self._script.append(self._verdict(person, poll))
            case "edits", which:
                beginning = which.strip('"')
                own = _newest(
                    person,
                    lambda m: not m.from_bot and m.text.startswith(beginning),
                    f"message of their own ({which})",
                    own=True,
                )
                await person.edit(own, does.words)
            case "sends", "a photo":
                await person.send_photo(_PHOTO, caption=does.words)
            case "sends", "an album":
                group = self.simulator.world.identifier()
                await person.send_photo(_PHOTO, caption=does.words, media_group_id=group)
                await person.send_photo(_PHOTO, name="b.jpg", media_group_id=group)
            case "sends", "a document":
                await person.send_document(b"%PDF-1.7 contoh", "jurnal.pdf", caption=does.words)
            case "types" | "scans", what:
                code = self._screen_code(what)
                await person.send(code if does.verb == "types" else f"/start h-{code}")
            case "sends", "a Zoom report":
                await person.send_document(does.words.encode(), "participants_81000000082.csv")
            case "sends", "a roster":
                await person.send_document(does.words.encode(), "peserta.csv")
            case "sends", "a poll":
                question, *options = (each.strip() for each in does.words.split("|"))
                right = [n for n, option in enumerate(options) if option.endswith("*")]
                await person.send_poll(question, [each.rstrip("*") for each in options], correct=right)
            case "sends", "a voice message":
                await person.send_voice(b"OggS")
            case "sends", "a location":
                await person.send_location(-5.13, 119.41)
            case "blocks", _:
                await person.block()
            case "unblocks", _:
                await person.unblock()
            case "deletes", "the account":
                await person.deactivate()
            case "adds", what:
                whom, _, where = what.partition(" to ")
                name = where.removeprefix("the channel ")
                if name not in self._groups:
                    kind: ChatKind = "group" if name == where else "channel"
                    self._groups[name] = self.simulator.create_chat(name, person, kind=kind)
                group = self._groups[name]
                await (group.add_bot(person) if whom == "the bot" else group.add(self._person(whom)))
            case _:
                raise PlayError(f"nobody can do this: {does}")

    def _verdict(self, person: Person, message: SeenMessage) -> str:
        (again,) = (m for m in person.chat if m.message_id == message.message_id)
        assert again.poll is not None
        return transcript.verdict(again.poll)

    def _code(self, who: str, whose: str) -> str:
        if whose == "an invented link":
            return "p1-1-AAAAAAAAAAAAAAAAAAAAAA"
        name = who.partition(" (")[0] if whose in {"her link", "his link"} else whose.removesuffix("'s link")
        return self._links[name]

    def _screen_code(self, what: str) -> str:
        """The code on the presenter page of the open session: now, some time ago, or an invented one."""
        now = self.clock.now()
        # The page may be another process's: it shows its code whatever has become of the bot.
        page = Database.open(f"sqlite:///{self.database_path}", self._catalogue) if self._down else None
        database = page or self._database
        database.write_now(attendance.make_key)

        def shown(ago: timedelta) -> str:
            session = next(each for each in self.programme.sessions if open_windows(each, now))
            found = database.read_now(attendance.shown, self.programme, session, now - ago)
            assert found is not None
            return found.code

        try:
            if what == "an invented code":
                known = {shown(timedelta(seconds=30 * n)) for n in range(-2, 130)}
                return next(code for code in map("{:06}".format, range(1_000_000)) if code not in known)
            length = script.later(what.removeprefix("the code of ").replace(" ago", " later"))
            return shown(length or timedelta())
        finally:
            if page is not None:
                page.close_now()

    def _invitation(self) -> str:
        """The code of the newest invitation that a coordinator was given to pass on."""
        texts = (message.text for person in self._people.values() for message in person.inbox)
        codes = [found[1] for text in texts if (found := re.search(r"\?start=(i[\w-]{32})", text))]
        if not codes:
            raise PlayError("nobody was given an invitation")
        return codes[-1]

    def _person(self, name: str) -> Person:
        if name not in self._people:
            language = "en" if name in self.play.english else "id"
            self._people[name] = self.simulator.person(
                1001 + len(self._people), first_name=name, language_code=language
            )
        return self._people[name]

    # --- stage directions -----------------------------------------------------------------------------

    async def _direct(self, direction: str) -> None:
        if script.is_moment(direction):
            at, self._zone = script.moment(direction)
            if at < self.clock.now():
                raise PlayError(f"{direction}: it is {script.shown(self.clock.now(), self._zone)} already")
            await self._wait_until(at)
            self._told = at
            return
        if (length := script.later(direction)) is not None:
            await self._wait(length)
            return
        match direction.split(": ", 1):
            case ["restart"]:
                await self._fall()
                await self._rise()
            case ["the bot goes down"]:
                await self._fall()
            case ["the bot comes back"]:
                await self._rise()
            case ["the bot will crash before it answers"]:
                self._crash = _is_handled
                self._cut_off(None)
            case ["the bot will crash before it confirms"]:
                self._crash = _is_answered
                self._cut_off("getUpdates")
            case ["the organisers correct their files", what]:
                await self._fall()
                corrected = CORRECTIONS[what](self.programme)
                self._catalogue = dataclasses.replace(self._catalogue, programmes={corrected.id: corrected})
                await self._rise()
            case [other] if found := re.fullmatch(r"(.+) becomes a supergroup", other):
                self._groups[found[1]] = await self._groups[found[1]].upgrade()
                await self._wait(HEARD)
            case ["the database shows", what]:
                await self.clock.settle()
                self._write_down()
                self._script += self._facts(what)
            case [other] if found := re.fullmatch(r"Telegram answers 429 for (\d+) s", other):
                self.simulator.faults.add("sendMessage", kind=Retry429(int(found[1])))
            case [other] if found := re.fullmatch(r"Telegram is away for (\d+) calls", other):
                self.simulator.faults.add("sendMessage", times=int(found[1]), kind=ServerError(502))
            case _:
                raise PlayError(f"nobody can stage this: {direction}")

    def _facts(self, what: str) -> list[str]:
        rows = self._database.read_now(lambda tx: tx.connection.execute(sql(FACTS[what])).fetchall())
        return [f"({' | '.join(str(value) for value in row)})" for row in rows] or ["(nothing)"]

    # --- time -----------------------------------------------------------------------------------------

    async def _wait(self, length: timedelta) -> None:
        await self._wait_until(self.clock.now() + length)

    async def _wait_until(self, moment: datetime) -> None:
        """Let time pass, and then as much more as it takes to send what is due."""
        async with asyncio.timeout(HANG):
            await self.clock.advance_to(moment)
            for _ in range(PATIENCE):
                if self._down or not await self._database.read(_is_something_due, self.clock.now()):
                    break
                await self.clock.advance_to(self.clock.now() + timedelta(seconds=1))
            else:
                raise PlayError("what is due is not sent")

    # --- the bot comes and goes -----------------------------------------------------------------------

    async def _rise(self) -> None:
        """Build the application anew on the same database, and let it catch up."""
        config = load_config(
            None,
            {
                "REKAN_TELEGRAM__TOKEN": self.simulator.token,
                "REKAN_TELEGRAM__BASE_URL": self.simulator.base_url,
                "REKAN_DATABASE__URL": f"sqlite:///{self.database_path}",
                "REKAN_WEB__LISTEN": "127.0.0.1:0",
                "REKAN_WEB__URL": "https://rekan.example.invalid",
            },
        )
        self._database = Database.open(f"sqlite:///{self.database_path}", self._catalogue)
        up = asyncio.Event()

        async def live() -> None:
            async with app.running(config, self._database, self.clock):
                up.set()
                await asyncio.Event().wait()

        self._process = asyncio.create_task(live(), name="the bot")
        updates = self.simulator.world.bots[self.simulator.token].updates
        async with asyncio.timeout(HANG):
            waiting = asyncio.create_task(up.wait())
            await asyncio.wait({waiting, self._process}, return_when=asyncio.FIRST_COMPLETED)
            if self._process.done():
                waiting.cancel()
                await self._process
            # An update that nobody waits for would not hold time.
            while updates._waiter is None:  # noqa: ASYNC110 - no event says so
                await asyncio.sleep(0.001)
        self._down = False
        await self._wait(timedelta(0))

    async def _fall(self) -> None:
        """End the process as `kill -9` would: nothing is finished, said or confirmed any more."""
        if self._down:
            return
        self._cut_off(None)
        self._cut_off("getUpdates")
        self._process.cancel()
        await asyncio.wait({self._process})
        faults = self.simulator.faults
        faults.rules = [rule for rule in faults.rules if all(rule is not cut for cut in self._cuts)]
        self._cuts.clear()
        if not self._process.cancelled() and (error := self._process.exception()) is not None:
            raise error
        self._database.close_now()
        updates = self.simulator.world.bots[self.simulator.token].updates
        updates._seen_at = float("-inf")  # the simulator would give it a second of real time to come back
        updates.let_go()
        self._down = True

    def _cut_off(self, method: str | None) -> None:
        """From now on no call of `method` (None: any but getUpdates) reaches Telegram."""
        self._cuts.append(self.simulator.faults.add(method, times=None, kind=DropBefore()))

    async def _crash_once(self, reached: Callable[[Transaction, int], bool]) -> None:
        """End the process as soon as it has come so far with the newest update, and start another."""
        self._crash = None
        (update,) = self.simulator.world.bots[self.simulator.token].updates.waiting()
        async with asyncio.timeout(HANG):
            while not await self._database.read(reached, update.update_id):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.001)
        await self._fall()
        await self._rise()

    @contextlib.asynccontextmanager
    async def _theatre(self) -> AsyncIterator[None]:
        def listen(delivery: Delivery) -> None:
            if self._recording:
                self._heard.append(delivery)

        with self._logs():
            async with self.simulator:
                self.simulator.subscribe(listen)
                await self._rise()
                try:
                    yield
                finally:
                    await self._fall()

    @contextlib.contextmanager
    def _logs(self) -> Iterator[None]:
        """Keep everything that is logged, by whomever."""
        stage = self

        class Keeper(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                level = record.levelname.lower()
                stage.log.append({"log_level": level, "event": self.format(record), "logger": record.name})

        keeper, root = Keeper(), logging.getLogger()
        root.addHandler(keeper)
        try:
            with structlog.testing.capture_logs() as log:
                yield
        finally:
            root.removeHandler(keeper)
            self.log += log

    async def _admit(self) -> None:
        """Enter the roster, and let those join who have when the play begins."""
        rows = [
            RosterRow(
                number,
                each.name,
                Nip(f"199203152025211{number:03}"),
                each.office,
                find_province(each.province),
            )
            for number, each in enumerate(self.play.roster, start=1)
        ]
        now = self.clock.now()
        await self._database.transact(import_roster, self.programme, rows, now)
        links = await self._database.transact(claim_links, self.programme, Selection())
        self._links = {link.person.name: link.code for link in links}
        for each in self.play.roster:
            self._person(each.name)
        for name in self.play.owners:
            await self._appoint(name, Role.OWNER, Scope())
        for each in self.play.coordinators:
            scope = Scope.of((each.kind, value) for value in each.values)
            await self._appoint(each.name, Role.COORDINATOR, scope)
        for speaks in self.play.speakers:
            await self._appoint(speaks.name, Role.SPEAKER, Scope(), speaks.sessions)
        for name in self.play.joined:
            person = self._person(name)
            await person.send(f"/start {self._links[name]}")
            await self._wait(HEARD)
            for data in ("daftar::agree", "daftar::ready"):
                await person.tap(person.inbox[-1], data=data)
                await self._wait(HEARD)
        await self._wait_until(self.play.begins)
        self._recording = True

    async def _appoint(self, name: str, role: Role, scope: Scope, sessions: tuple[str, ...] = ()) -> None:
        now = self.clock.now()
        link = await self._database.transact(
            staff.invite, self.programme, role, name, now, by=None, scope=scope, sessions=sessions
        )
        await self._person(name).send(f"/start {link.partition('=')[2]}")
        await self._wait(HEARD)

    # --- writing down ---------------------------------------------------------------------------------

    def _write_down(self) -> None:
        """What was heard since the last time: by minute, by person, and as it came."""
        order = {person.id: place for place, person in enumerate(self._people.values())}
        heard = sorted(
            self._heard,
            # Calls of different chats, and the words over a button, are on their way at the same time.
            key=lambda d: (_minute(d.at), order.get(d.chat_id, -1), d.kind != "callback_answer"),
        )
        self._heard.clear()
        for each in heard:
            block = transcript.heard(each, self._name(each))
            if not block:
                continue
            if _minute(each.at) != _minute(self._told):
                self._script.append(f"({script.shown(each.at, self._zone)})")
            self._told = each.at
            self._script += block.splitlines()
        self._told = self.clock.now()

    def _name(self, delivery: Delivery) -> str:
        for name, group in self._groups.items():
            if group.id == delivery.chat_id:
                return name
        return next(name for name, person in self._people.items() if person.id == delivery.chat_id)


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _is_something_due(tx: Transaction, now: datetime) -> bool:
    due = or_(OutboxRow.state == "sending", and_(OutboxRow.state == "owed", OutboxRow.due_at <= now))
    return tx.connection.execute(select(OutboxRow.id).where(due)).first() is not None


def _is_handled(tx: Transaction, update_id: int) -> bool:
    return (
        tx.connection.execute(select(UpdateRow).where(UpdateRow.update_id == update_id)).first() is not None
    )


def _is_answered(tx: Transaction, update_id: int) -> bool:
    owed = select(OutboxRow.id).where(
        OutboxRow.reason.startswith(f"update:{update_id}:"), OutboxRow.state.in_(("owed", "sending"))
    )
    return _is_handled(tx, update_id) and tx.connection.execute(owed).first() is None


def _chosen(catalogue: Catalogue, play: Play) -> Catalogue:
    (programme,) = catalogue.programmes.values()
    if play.enrolment is not None:
        programme = dataclasses.replace(programme, enrolment=Enrolment(play.enrolment))
    if play.approval:
        programme = dataclasses.replace(programme, approval=0)
    if play.recap is not None:
        programme = dataclasses.replace(programme, recap_at=time.fromisoformat(play.recap.replace(".", ":")))
    return dataclasses.replace(catalogue, programmes={programme.id: programme})


def _newest(
    person: Person, condition: Callable[[SeenMessage], bool], what: str, *, own: bool = False
) -> SeenMessage:
    messages = person.chat if own else person.inbox
    found = next((message for message in reversed(messages) if condition(message)), None)
    if found is None:
        raise PlayError(f"{person.user.first_name} sees no {what}")
    return found


def _poll(person: Person, which: str) -> SeenMessage:
    """The newest quiz in the chat, or the n-th: `(question 1)` counts from the top."""
    polls = [message for message in person.inbox if message.poll is not None]
    if not polls:
        raise PlayError(f"{person.user.first_name} sees no quiz")
    found = re.fullmatch(r"in poll (\d+)", which)
    return polls[int(found[1]) - 1] if found else polls[-1]
