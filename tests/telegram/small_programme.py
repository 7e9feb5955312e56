"""A programme with one of each, and its texts."""

from datetime import UTC, date, datetime, time, timedelta

from bot.content.wording import Wording
from bot.domain.language import Localised
from bot.domain.messages import (
    Reader,
)
from bot.domain.programme import (
    Audience,
    Catalogue,
    Course,
    Enrolment,
    Entry,
    Late,
    Local,
    Meeting,
    Portal,
    Programme,
    Question,
    Quiz,
    Session,
)
from bot.domain.zones import Zone
from bot.telegram.render import Renderer


def both(text: str) -> Localised:
    return Localised(text, f"{text} (en)")


SESSION = Session(
    "hari-1",
    Localised("Hari <b>pertama</b>", "Day one"),
    datetime(2026, 11, 9, 1, 15, tzinfo=UTC),
    datetime(2026, 11, 9, 2, 0, tzinfo=UTC),
    datetime(2026, 11, 9, 8, 0, tzinfo=UTC),
    Meeting("https://zoom.example.invalid/j/1", "810 0000 0001", "CONTOH"),
    stream="https://stream.example.invalid/1",
)
QUIZ = Quiz(
    "nilai",
    both("Nilai"),
    both("Intro"),
    (
        Question("q1", both("Mana & <apa>?"), (both("Ini"), both("Itu")), (1,), both("Karena itu.")),
        Question("q2", both("x" * 299), (both("A"), both("B"), both("C")), (0, 2), both("Ya")),
    ),
)
ENTRY = Entry(
    "pagi",
    Local(date(2026, 11, 11), time(8)),
    Localised("Selamat pagi, {nama} dari {satker}", "Good morning, {nama}"),
    None,
    Audience(),
    timedelta(minutes=15),
    timedelta(hours=6),
    Late.SKIP,
    essential=False,
)
PROGRAMME = Programme(
    "pppk",
    both("Orientasi"),
    Zone.WIB,
    date(2026, 11, 6),
    date(2026, 12, 10),
    Portal("MOOC", "https://portal.example.invalid"),
    Enrolment.OPEN,
    Course(15),
    (),
    (QUIZ,),
    (),
    (SESSION,),
    (ENTRY,),
)
TEXTS = {
    "hi": both("Halo <b>{nama}</b>"),
    "long": both("{lines}"),
    "line": both("baris {n}"),
    "broken": both("<b>tebal"),
    "yes": both("Ya & <b>tidak</b>"),
    "card.plain": both("{lead}"),
    "workbook.about": both("about"),
    "invite.caption": both("<b>{title}</b>"),
    "invite.description": both("{url} {meeting_id} {passcode}\n{stream}"),
    "invite.stream": both("Siaran: {url}"),
}
CATALOGUE = Catalogue({"pppk": PROGRAMME}, TEXTS)
RENDERER = Renderer(lambda: CATALOGUE, Wording(CATALOGUE))
ANNA = Reader("id", "WITA", "Anna & <co>", "Dinas", "pppk")
NO_PREVIEW = {"is_disabled": True}
