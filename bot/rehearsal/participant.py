"""One simulated participant: reads what the bot sends, and does by hand what real people do."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from functools import partial
from string import ascii_letters, digits
from types import MappingProxyType
from typing import TypeAlias

from bot.domain.messages import Tap
from bot.domain.programme import Programme
from bot.domain.zones import Zone, zone_of
from bot.rehearsal import prose
from bot.rehearsal.habits import Chance, Quirk, awake
from bot.simulator import Person, SeenMessage, SeenPoll
from bot.usecases.links import ClaimLink

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

_RIGHT = 0.7  # the share of quiz questions that are answered rightly
_CODE = ascii_letters + digits + "-_"

Offer: TypeAlias = Mapping[tuple[str, str], Tap]
"""The buttons under a message: by action and choice, the first of each."""


class Participant:
    """Somebody of the roster with their phone.

    `after` lets them act in so many simulated seconds; `answers` holds the right options by a poll's options,
    since they have read the module; `others_code` is a link that somebody careless passed on; `code` is what
    a session's screen shows.
    """

    def __init__(
        self,
        phone: Person,
        link: ClaimLink,
        programme: Programme,
        *,
        quirk: Quirk | None,
        chance: Chance,
        answers: Mapping[tuple[str, ...], tuple[int, ...]],
        now: Callable[[], datetime],
        after: Callable[["Participant", float, Callable[[], Awaitable[object]]], None],
        second_phone: Callable[[], Person],
        others_code: str,
        code: Callable[[str], Awaitable[str | None]] | None = None,
    ) -> None:
        self.phone = phone
        self.quirk = quirk
        province = link.person.province
        self.zone: Zone = (zone_of(province) if province else None) or programme.zone
        self._code = link.code
        self._programme = programme
        self._chance = chance
        self._answers = answers
        self._now = now
        self._act_after = after
        self._second_phone = second_phone
        self._others_code = others_code
        self._code_on_screen = code
        self._diligence = 0.55 + 0.45 * chance.dice("diligence").random()
        self._seen: Counter[tuple[str, str]] = Counter()
        self._settings_changed = False
        self._told_first_login = False
        self._modules: set[str] = set()  # done, or about to be
        self._quizzes: set[str] = set()  # begun, or about to be
        self._unwritten: dict[str, list[str]] = {}  # what is still to be written, by prompt
        self._writing: str | None = None
        self._to_write: list[tuple[SeenMessage, Tap]] = []

    # --- coming --------------------------------------------------------------------------------------------

    def begin(self, *, first: bool) -> None:
        """Have got the link; what follows happens in its own time. `first` comes at once."""
        match self.quirk:
            case Quirk.NEVER_COMES:
                return
            case Quirk.COMES_LATE:
                self._at(self._moment(0.18, 0.42, "comes"), self._open)
            case Quirk.INVENTS_A_CODE:
                self._soon(MINUTE, DAY, self._try_an_invented_code, "comes")
            case _ if first:
                self._soon(MINUTE, 3 * MINUTE, self._open, "comes")
            case _:
                self._soon(5 * MINUTE, 3.5 * DAY, self._open, "comes")

    async def _try_an_invented_code(self) -> None:
        dice = self._chance.dice("invents")
        await self.phone.send("/start c" + "".join(dice.choice(_CODE) for _ in range(32)))
        self._soon(10 * MINUTE, HOUR, self._open, "finds the right one")

    async def _open(self) -> None:
        await self.phone.send(f"/start {self._code}")
        match self.quirk:
            case Quirk.OPENS_TWICE:
                self._soon(HOUR, 2 * DAY, lambda: self.phone.send(f"/start {self._code}"), "again")
            case Quirk.SOMEBODY_ELSES:
                self._soon(HOUR, 2 * DAY, lambda: self.phone.send(f"/start {self._others_code}"), "theirs")
            case Quirk.SECOND_PHONE:
                self._soon(HOUR, 2 * DAY, lambda: self._second_phone().send(f"/start {self._code}"), "other")

    def _settle_in(self) -> None:
        """What people do now and then, once they are in."""
        dice = self._chance.dice("habits")
        for n in range(dice.randrange(2, 6)):
            moment = self._moment(0.0, 1.0, "asks", n)
            if moment > self._now():
                self._at(moment, partial(self.phone.send, dice.choice(prose.QUESTIONS)))
        if dice.random() < 0.4:
            self._at(self._moment(0.1, 0.9, "small talk"), self._chat)
        match self.quirk:
            case Quirk.BLOCKS:
                self._at(self._moment(0.2, 0.3, "blocks"), self._block)
            case Quirk.DELETES_ACCOUNT:
                self._at(self._moment(0.3, 0.5, "deletes"), self.phone.deactivate)
            case Quirk.LEAVES:
                self._at(self._moment(0.3, 0.4, "leaves"), lambda: self.phone.send("/berhenti"))
            case Quirk.TYPES_A_NIK:
                nik = f"NIK saya {prose.MADE_UP_NIK}"
                self._at(self._moment(0.1, 0.5, "nik"), lambda: self.phone.send(nik))

    async def _chat(self) -> None:
        if self._writing is None:
            await self.phone.send(prose.small_talk(self._chance.dice("small talk")))

    async def _block(self) -> None:
        await self.phone.block()
        self._soon(2 * DAY, 5 * DAY, self.phone.unblock, "unblocks")

    # --- what the bot sends --------------------------------------------------------------------------------

    def notice(self, seen: SeenMessage) -> None:
        """Something has come, or changed: react to what it offers, later."""
        if seen.poll is not None:
            self._answer(seen, seen.poll)
            return
        taps = [Tap.decode(button.data) for row in seen.keyboard for button in row if button.data]
        offer: dict[tuple[str, str], Tap] = {}
        for tap in taps:
            offer.setdefault((tap.action, tap.choice), tap)
        for what, react in _REACTIONS.items():
            if what in offer:
                react(self, seen, offer, taps)
                return

    def _consider(self, seen: SeenMessage, offer: Offer, _: list[Tap]) -> None:
        """The privacy notice."""
        if self.quirk is Quirk.NEVER_AGREES:
            return
        if self.quirk is Quirk.DECLINES_FIRST and ("daftar", "decline") in offer:
            self._soon(MINUTE, 5 * MINUTE, self._tapping(seen, offer["daftar", "decline"]), "declines")
            return
        patience = 10 * HOUR if self.quirk is Quirk.DECLINES_FIRST else 4 * MINUTE
        self._soon(20 * SECOND, patience, self._tapping(seen, offer["daftar", "agree"]), "agrees")

    def _confirm(self, seen: SeenMessage, offer: Offer, taps: list[Tap]) -> None:
        """Language and zone: mostly right, sometimes changed first."""
        dice = self._chance.dice("settings")
        choice = offer["daftar", "ready"]
        if not self._settings_changed:
            self._settings_changed = True
            changes = dice.random()
            if changes < 0.05:
                choice = offer["daftar", "language"]
            elif changes < 0.08:
                choice = dice.choice([tap for tap in taps if tap.choice == "zone"])
                self.zone = Zone(choice.item)
        self._soon(10 * SECOND, 2 * MINUTE, self._tapping(seen, choice), "confirms", choice.choice)
        if choice.choice == "ready" and not self._seen["daftar", "ready"]:
            self._seen["daftar", "ready"] += 1
            self._settle_in()

    def _leave(self, seen: SeenMessage, offer: Offer, _: list[Tap]) -> None:
        self._soon(20 * SECOND, 3 * MINUTE, self._tapping(seen, offer["daftar", "leave"]), "leaves")

    # --- modules -------------------------------------------------------------------------------------------

    def _study(self, seen: SeenMessage, offer: Offer, _: list[Tap]) -> None:
        """A module: done in some hours, or put off once, or forgotten until the next reminder."""
        module = offer["modul", "later"].item
        if module in self._modules:
            return
        times = self._count("modul", module)
        mood = self._chance.dice("module", module, times).random()
        if mood < 0.12 and times == 0:
            self._soon(MINUTE, 30 * MINUTE, self._tapping(seen, offer["modul", "later"]), "later", module)
        elif mood < 0.12 + 0.8 * self._diligence:
            self._modules.add(module)
            self._soon(HOUR, 30 * HOUR, self._tapping(seen, offer["modul", "done"]), "done", module, times)

    def _go_on(self, seen: SeenMessage, offer: Offer, _: list[Tap]) -> None:
        """A module was ticked off: the next one, or when the course began."""
        login, following = offer.get(("masuk", "ask")), offer.get(("modul", "show"))
        if login and not self._told_first_login and self._chance.says_yes(0.8, "login", self._count("masuk")):
            self._soon(10 * SECOND, 5 * MINUTE, self._tapping(seen, login), "login")
        elif following and self._chance.says_yes(0.12, "next", following.item):
            self._soon(MINUTE, 20 * MINUTE, self._tapping(seen, following), "next", following.item)

    def _tick_one(self, seen: SeenMessage, _: Offer, taps: list[Tap]) -> None:
        """The list of modules: one has been done meanwhile, perhaps."""
        times = self._count("modul", "list")
        mine = [tap for tap in taps if tap.choice == "done" and tap.item not in self._modules]
        if mine and self._chance.says_yes(0.7 * self._diligence, "list", times):
            self._modules.add(mine[0].item)
            self._soon(5 * MINUTE, 6 * HOUR, self._tapping(seen, mine[0]), "ticks", mine[0].item)

    def _tell_first_login(self, seen: SeenMessage, offer: Offer, taps: list[Tap]) -> None:
        if self._told_first_login:
            return
        dice = self._chance.dice("first login", self._count("masuk", "set"))
        if dice.random() < 0.05 and ("masuk", "not_yet") in offer:
            choice = offer["masuk", "not_yet"]
        else:
            self._told_first_login = True
            choice = dice.choices([tap for tap in taps if tap.choice == "set"][:4], (60, 25, 10, 5))[0]
        self._soon(5 * SECOND, MINUTE, self._tapping(seen, choice), "first login")

    # --- quizzes -------------------------------------------------------------------------------------------

    def _wish_to_quiz(self, seen: SeenMessage, offer: Offer, taps: list[Tap]) -> None:
        """A quiz is offered, alone, in a list, or once more after a score."""
        if ("quiz", "list") in offer:
            again = offer["quiz", "start"]
            if self._count("again", again.item) == 0 and self._chance.says_yes(0.15, "again", again.item):
                self._soon(MINUTE, HOUR, self._tapping(seen, again), "again", again.item)
            return
        new = [tap for tap in taps if tap.choice == "start" and tap.item not in self._quizzes]
        if not new:
            return
        quiz = new[0].item
        if self._chance.says_yes(self._diligence, "quiz", quiz, self._count("quiz", quiz)):
            self._quizzes.add(quiz)
            self._soon(5 * MINUTE, 10 * HOUR, self._tapping(seen, new[0]), "quiz", quiz)

    def _answer(self, seen: SeenMessage, poll: SeenPoll) -> None:
        """A question: thought about for a moment, and sometimes for a day."""
        options = tuple(option.text for option in poll.options)
        times = self._count("poll", "|".join(options))
        dice = self._chance.dice("vote", options, times)
        right = self._answers.get(options, (0,))
        chosen = right
        if dice.random() >= _RIGHT:
            wrong = [n for n in range(len(options)) if n not in right]
            kept = right[1:] if poll.multiple else ()
            chosen = tuple(sorted({*kept, dice.choice(wrong)})) if wrong else right[:1]
        pause = dice.random()
        if pause < 0.03:
            least, most = 18 * HOUR, 30 * HOUR
        elif pause < 0.1:
            least, most = 3 * MINUTE, HOUR
        else:
            least, most = 6 * SECOND, 80 * SECOND
        self._soon(least, most, lambda: self.phone.vote(seen, chosen), "votes", options, times)

    # --- the journal ---------------------------------------------------------------------------------------

    def _wish_to_write(self, seen: SeenMessage, _: Offer, taps: list[Tap]) -> None:
        """A prompt, alone or in a list: taken up some hours later, one at a time."""
        new = [tap for tap in taps if tap.choice == "open" and tap.item not in self._unwritten]
        if not new:
            return
        prompt = new[0].item
        if self._chance.says_yes(self._diligence, "journal", prompt, self._count("jurnal", prompt)):
            dice = self._chance.dice("entry", prompt)
            hasty = dice.random() < 0.12
            entry = [prose.too_short(dice)] if hasty else prose.journal_entry(dice, dice.choice((1, 1, 2, 3)))
            self._unwritten[prompt] = entry
            self._soon(HOUR, 28 * HOUR, lambda: self._sit_down(seen, new[0]), "writes", prompt)

    async def _sit_down(self, seen: SeenMessage, tap: Tap) -> None:
        if self._writing is not None:
            self._to_write.append((seen, tap))
            return
        self._writing = tap.item
        await self.phone.tap(seen, data=tap.encode())

    def _write(self, seen: SeenMessage, offer: Offer, _: list[Tap]) -> None:
        """The prompt is open, or a part has been kept: the next part, or the end."""
        prompt = offer["jurnal", "submit"].item
        parts = self._unwritten.get(prompt)
        if parts is None:  # opened by somebody else's hand
            return
        times = self._count("part", prompt)
        if parts:
            part = parts.pop(0)
            self._soon(30 * SECOND, 9 * MINUTE, lambda: self._write_part(prompt, part, times), "part", times)
        else:
            submit = offer["jurnal", "submit"]
            self._soon(15 * SECOND, 3 * MINUTE, lambda: self._submit(seen, submit), "submits", prompt, times)

    async def _write_part(self, prompt: str, text: str, number: int) -> None:
        dice = self._chance.dice("part", prompt, number)
        if dice.random() < 0.1:
            data = prose.picture(dice)
            await self.phone.send_photo(data, caption=f"{text} {prose.caption(dice)}", name="catatan.png")
            return
        sent = await self.phone.send(text)
        if dice.random() < 0.08:
            better = f"{text} {prose.afterthought(dice)}"
            self._soon(5 * SECOND, 12 * SECOND, lambda: self.phone.edit(sent, better), "edits", prompt)

    async def _submit(self, seen: SeenMessage, submit: Tap) -> None:
        await self.phone.tap(seen, data=submit.encode())
        self._go_on_writing()

    def _go_on_writing(self) -> None:
        """What was begun is done: what was wished for meanwhile comes next."""
        self._writing = None
        if self._to_write:
            wished = self._to_write.pop(0)
            self._soon(5 * MINUTE, HOUR, lambda: self._sit_down(*wished), "next entry", wished[1].item)

    def _asked_first(self, seen: SeenMessage, offer: Offer, _: list[Tap]) -> None:
        """Few words: somewhat more, or sent all the same."""
        sure, more = offer["jurnal", "sure"], offer["jurnal", "open"]
        prompt = sure.item
        dice = self._chance.dice("few words", prompt)
        if prompt in self._unwritten and dice.random() < 0.6:
            self._unwritten[prompt] += prose.journal_entry(dice, 1)
            self._soon(20 * SECOND, 5 * MINUTE, lambda: self._sit_down(seen, more), "adds", prompt)
        else:
            self._soon(10 * SECOND, 2 * MINUTE, self._tapping(seen, sure), "sure", prompt)

    def _look_back(self, seen: SeenMessage, offer: Offer, _: list[Tap]) -> None:
        """It is submitted: a few think of something and open it again."""
        reopen = offer["jurnal", "reopen"]
        prompt = reopen.item
        first = self._count("submitted", prompt) == 0
        if first and prompt in self._unwritten and self._chance.says_yes(0.08, "reopens", prompt):
            self._unwritten[prompt].append(prose.afterthought(self._chance.dice("reopens", prompt)))
            self._soon(10 * MINUTE, 20 * HOUR, lambda: self._sit_down(seen, reopen), "reopens", prompt)

    # --- the rest ------------------------------------------------------------------------------------------

    def _rate(self, seen: SeenMessage, offer: Offer, _: list[Tap]) -> None:
        """How was it? Most answer, and some of them in words."""
        session = offer["nilai", "5"].item
        if self._count("nilai", session) == 0 and self._chance.says_yes(0.7, "rates", session):
            rating = self._chance.dice("rating", session).choices("12345", (1, 2, 8, 40, 49))[0]
            self._soon(
                20 * SECOND, 40 * MINUTE, self._tapping(seen, offer["nilai", rating]), "rates", session
            )

    def _say_more(self, seen: SeenMessage, offer: Offer, _: list[Tap]) -> None:
        write = offer["nilai", "write"]
        if self._count("nilai more", write.item) == 0 and self._chance.says_yes(0.15, "words", write.item):
            self._soon(5 * SECOND, MINUTE, lambda: self._say_it(seen, write), "words", write.item)

    async def _say_it(self, seen: SeenMessage, write: Tap) -> None:
        if self._writing is not None:  # a journal entry: that goes first
            return
        self._writing = "feedback"
        await self.phone.tap(seen, data=write.encode())
        said = self._chance.dice("sentence", write.item).choice(prose.FEEDBACK)
        self._soon(5 * SECOND, MINUTE, lambda: self._said(said), "says", write.item)

    async def _said(self, sentence: str) -> None:
        await self.phone.send(sentence)
        self._go_on_writing()

    def _save_the_date(self, seen: SeenMessage, offer: Offer, _: list[Tap]) -> None:
        session = offer["sesi", "ics"].item
        if ("hadir", "in") in offer and self._count("hadir", session) == 0:
            self._attend(seen, offer["hadir", "in"])
        if self._count("sesi", session) == 0 and self._chance.says_yes(0.3, "calendar", session):
            self._soon(
                15 * SECOND, 10 * MINUTE, self._tapping(seen, offer["sesi", "ics"]), "calendar", session
            )

    def _attend(self, seen: SeenMessage, tap: Tap) -> None:
        """A session: most come, check in, and type the code that it shows; some ask something."""
        session = self._programme.session(tap.item)
        if session is None or not self._chance.says_yes(0.92, "attends", tap.item):
            return
        dice = self._chance.dice("attends", tap.item, "when")
        arrives = session.starts + MINUTE * dice.uniform(-35, 20)
        self._at(max(arrives, self._now()), self._tapping(seen, tap))
        self._at(max(arrives, self._now()) + MINUTE * dice.uniform(1, 15), lambda: self._type_code(tap.item))
        if dice.random() < 0.15:
            self._at(session.starts + MINUTE * dice.uniform(30, 240), lambda: self.phone.send("/tanya"))

    async def _type_code(self, session: str) -> None:
        code = None if self._code_on_screen is None else await self._code_on_screen(session)
        if code is not None and self._writing is None:
            await self.phone.send(code)

    def _wish_to_ask(self, seen: SeenMessage, offer: Offer, _: list[Tap]) -> None:
        """The questions of a session: one's own is asked, or another's supported."""
        if self._writing is not None or self._count("tanya"):
            return
        support = offer.get(("tanya", "support"))
        if support is not None and self._chance.says_yes(0.6, "supports", support.item):
            self._soon(5 * SECOND, MINUTE, self._tapping(seen, support), "supports")
        else:
            self._soon(5 * SECOND, MINUTE, self._tapping(seen, offer["tanya", "ask"]), "asks")

    def _put_question(self, seen: SeenMessage, offer: Offer, _: list[Tap]) -> None:
        if self._count("tanya", "put") == 0:
            question = self._chance.dice("question").choice(prose.ASKED)
            self._soon(20 * SECOND, 2 * MINUTE, lambda: self.phone.send(question), "question")

    def _look_around(self, seen: SeenMessage, offer: Offer, _: list[Tap]) -> None:
        """The menu (ignored, mostly), or a digest of what was missed (gone through)."""
        if ("menu", "bantuan") in offer:
            if self._chance.says_yes(0.2, "menu", self._count("menu")):
                self._soon(10 * SECOND, HOUR, self._tapping(seen, offer["menu", "status"]), "menu")
            return
        for n, tap in enumerate(tap for (action, _), tap in offer.items() if action == "menu"):
            self._soon((1 + 40 * n) * MINUTE, (30 + 40 * n) * MINUTE, self._tapping(seen, tap), "digest", n)

    def _open_the_list(self, seen: SeenMessage, _: Offer, taps: list[Tap]) -> None:
        tap = next(tap for tap in taps if tap.choice == "list")
        times = self._count(tap.action, "asked")
        if self._chance.says_yes(0.5, "list", tap.action, times):
            self._soon(MINUTE, 5 * HOUR, self._tapping(seen, tap), "list", tap.action, times)

    # --- time ----------------------------------------------------------------------------------------------

    def _tapping(self, seen: SeenMessage, tap: Tap) -> Callable[[], Awaitable[object]]:
        return lambda: self.phone.tap(seen, data=tap.encode())

    def _soon(
        self, least: timedelta, most: timedelta, act: Callable[[], Awaitable[object]], *about: object
    ) -> None:
        self._at(self._now() + timedelta(seconds=self._chance.seconds(least, most, *about)), act)

    def _at(self, moment: datetime, act: Callable[[], Awaitable[object]]) -> None:
        moment = awake(moment, self.zone, self._chance.dice("morning", moment.date()))
        self._act_after(self, (moment - self._now()).total_seconds(), act)

    def _moment(self, least: float, most: float, *about: object) -> datetime:
        """A moment of the programme, by the share of its days that have passed."""
        first = datetime.combine(self._programme.first_day, time(8), self.zone.tzinfo).astimezone(UTC)
        days = (self._programme.last_day - self._programme.first_day).days
        dice = self._chance.dice(*about)
        return first + DAY * days * dice.uniform(least, most) + HOUR * dice.uniform(0, 10)

    def _count(self, kind: str, item: str = "") -> int:
        """How often this was met before."""
        self._seen[kind, item] += 1
        return self._seen[kind, item] - 1


Reaction: TypeAlias = Callable[[Participant, SeenMessage, Offer, list[Tap]], None]

# The first that fits: a screen is known by the button that no other has.
_REACTIONS: Mapping[tuple[str, str], Reaction] = MappingProxyType(
    {
        ("daftar", "agree"): Participant._consider,
        ("daftar", "ready"): Participant._confirm,
        ("daftar", "leave"): Participant._leave,
        ("masuk", "set"): Participant._tell_first_login,
        ("modul", "later"): Participant._study,
        ("modul", "undo"): Participant._go_on,
        ("modul", "done"): Participant._tick_one,
        ("jurnal", "sure"): Participant._asked_first,
        ("jurnal", "submit"): Participant._write,
        ("jurnal", "reopen"): Participant._look_back,
        ("jurnal", "open"): Participant._wish_to_write,
        ("quiz", "start"): Participant._wish_to_quiz,
        ("nilai", "5"): Participant._rate,
        ("nilai", "write"): Participant._say_more,
        ("tanya", "cancel"): Participant._put_question,
        ("tanya", "ask"): Participant._wish_to_ask,
        ("sesi", "ics"): Participant._save_the_date,
        ("menu", "bantuan"): Participant._look_around,
        ("menu", "modul"): Participant._look_around,
        ("menu", "kuis"): Participant._look_around,
        ("menu", "jurnal"): Participant._look_around,
        ("modul", "list"): Participant._open_the_list,
        ("quiz", "list"): Participant._open_the_list,
        ("jurnal", "list"): Participant._open_the_list,
    }
)
