"""The report views: whole rows on both engines, and a page that describes them as they are."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, text

from bot.storage import reports
from bot.storage.database import Database, Transaction
from bot.storage.tables import (
    AnnouncedPollRow,
    AnnouncementRow,
    AttendanceRow,
    AuditRow,
    ChatRow,
    CorrectionRow,
    ExcuseRow,
    FeedbackRow,
    JournalEntryRow,
    JournalPartRow,
    JournalRevisionRow,
    LivePollRow,
    LiveQuizRow,
    LiveVoteRow,
    MaterialRow,
    MaterialVersionRow,
    ModuleDoneRow,
    OutboxRow,
    PersonRow,
    QuestionRow,
    QuestionSupportRow,
    QuizAnswerRow,
    QuizAttemptRow,
    RequestRow,
    WaveRow,
)

PAGE = (Path(__file__).parents[2] / "docs/reports.md").read_text(encoding="utf-8")
README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
NINE = datetime(2026, 11, 9, 9, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NINE + timedelta(minutes=minutes)


def person(number: int, name: str, **columns: Any) -> dict[str, Any]:
    return {
        "id": number,
        "programme_id": "orientasi",
        "name": name,
        "office": "Satker A",
        "zone": "WITA",
        "created_at": NINE,
        "updated_at": NINE,
        **columns,
    }


def outbox(number: int, person_id: int | None, **columns: Any) -> dict[str, Any]:
    return {
        "id": number,
        "person_id": person_id,
        "wave_id": 1,
        "reason": f"wave:1:{number}",
        "message": {"say": {"key": "secret"}},
        "lane": 1,
        "due_at": NINE,
        "everybody_by": at(15),
        "not_after": at(60),
        "created_at": NINE,
        **columns,
    }


ANSWERS = [
    (1, 1, "q1", True),
    (1, 1, "q2", False),
    (1, 2, "q1", True),
    (2, 1, "q1", False),
    (5, 1, "q1", True),
]


def fill(tx: Transaction) -> None:
    """Anna is diligent, Budi has begun, Citra never came, Dewi withdrew; Tes is a test, Eko coordinates."""
    rows: dict[Any, list[dict[str, Any]]] = {
        PersonRow: [
            person(
                1,
                "Anna",
                nip="199203152025211007",
                province="Bali",
                wave="I",
                class_="1",
                group="2",
                claimed_at=at(1),
                consented_at=at(2),
                joined_at=at(3),
                first_login=date(2026, 11, 11),
            ),
            person(2, "Budi", claimed_at=at(1), office="Satker B"),
            person(3, "Citra"),
            person(4, "Dewi", consented_at=at(1), withdrawn_at=at(9)),
            person(5, "Tes", is_test=True, consented_at=at(1)),
            person(6, "Pak Eko", role="coordinator", consented_at=at(1)),
        ],
        ChatRow: [
            {"id": 101, "person_id": 1, "created_at": NINE},
            {"id": 102, "person_id": 2, "reach": "blocked", "created_at": NINE},
        ],
        ModuleDoneRow: [
            {"person_id": 1, "module_id": "loyal", "done_at": at(10)},
            {"person_id": 1, "module_id": "harmonis", "done_at": at(20)},
            {"person_id": 4, "module_id": "loyal", "done_at": at(5)},
            {"person_id": 5, "module_id": "loyal", "done_at": at(6)},
        ],
        QuizAttemptRow: [
            {
                "person_id": who,
                "quiz_id": "kuis",
                "attempt": attempt,
                "asked": ["q1", "q2", "q3"],
                "started_at": at(30),
                "finished_at": finished,
                "questions": 3,
            }
            for who, attempt, finished in [(1, 1, at(33)), (1, 2, None), (2, 1, None), (5, 1, None)]
        ],
        QuizAnswerRow: [
            {
                "person_id": who,
                "quiz_id": "kuis",
                "attempt": attempt,
                "question_id": question,
                "options": [0],
                "correct": correct,
                "answered_at": at(31),
            }
            for who, attempt, question, correct in ANSWERS
        ],
        JournalEntryRow: [
            {"id": 1, "person_id": 1, "prompt_id": "nilai", "state": "submitted", "started_at": at(40)}
            | {"submitted_at": at(50)},
            {"id": 2, "person_id": 2, "prompt_id": "nilai", "state": "draft", "started_at": at(41)}
            | {"submitted_at": None},
            {"id": 3, "person_id": 5, "prompt_id": "nilai", "state": "draft", "started_at": at(41)}
            | {"submitted_at": None},
        ],
        JournalPartRow: [
            {"id": n, "entry_id": 1, "chat_id": 101, "message_id": n, "kind": kind, "text": words}
            | {"written_at": at(42)}
            for n, kind, words in [(1, "text", "Rahasia"), (2, "photo", "Foto")]
        ],
        JournalRevisionRow: [{"part_id": 1, "text": "Rahasi", "replaced_at": at(43)}],
        WaveRow: [
            {"id": 1, "programme_id": "orientasi", "entry_id": "tautan", "zone": "WITA", "due_at": NINE}
            | {"everybody_by": at(15), "not_after": at(60), "planned_at": at(-1), "people": 5}
            | {"state": "planned"},
            {"id": 2, "programme_id": "orientasi", "entry_id": "sore", "zone": "WIT", "due_at": at(300)}
            | {"everybody_by": at(315), "not_after": at(360), "planned_at": at(400), "people": 0}
            | {"state": "missed"},
            {"id": 3, "programme_id": "orientasi", "entry_id": "announcement:1", "zone": "WITA"}
            | {"due_at": NINE, "everybody_by": at(15), "not_after": at(60), "planned_at": NINE, "people": 1}
            | {"state": "planned"},
        ],
        AnnouncementRow: [
            {"id": 1, "programme_id": "orientasi", "author": "Sari", "state": "running", "whom": {}}
            | {"works": [], "version": 1, "urgent": False, "created_at": NINE, "started_at": at(1)}
            | {"people": 1, "never": 0, "blocked": 0, "progress": 1, "told": ""},
        ],
        AnnouncedPollRow: [  # Anna chose two, Budi took his vote back, Tes is a test person
            {"poll_id": str(n), "announcement_id": 1, "person_id": n, "choice": choice, "voted_at": at(4)}
            for n, choice in ((1, "0,10"), (2, ""), (5, "1"))
        ],
        CorrectionRow: [
            {"programme_id": "orientasi", "kind": "session", "item": "pembukaan", "made_by_name": "Rina"}
            | {"change": {"session": {"passcode": "secret"}}, "stated": {}, "made_at": at(5)},
        ],
        AuditRow: [
            {"at": at(3), "programme_id": "orientasi", "actor_id": 1, "actor": "Sari", "action": "exported"}
            | {"kind": "people", "subject": "/people", "people": 5, "details": {"filters": "secret"}},
        ],
        OutboxRow: [
            outbox(1, 1, state="sent", attempts=1, message_id=7, settled_at=at(16.5)),
            outbox(
                2,
                2,
                state="gone",
                attempts=1,
                settled_at=at(2),
                error=BLOCKED,
            ),
            outbox(3, 3, state="owed"),
            outbox(4, 5, state="failed", settled_at=at(2)),  # the test person's
            outbox(
                5, None, chat_id=900, wave_id=None, lane=0, reason="reply:1", state="sent", settled_at=at(1)
            ),
            outbox(6, 1, wave_id=3, state="sent", settled_at=at(1)),
        ],
    }
    asked = {
        "programme_id": "orientasi",
        "chat_id": 900,
        "kind": "no_link",
        "name": "Fajar",
        "office": "Satker C",
    }
    rows[RequestRow] = [{**asked, "id": 1, "state": "refused", "created_at": NINE, "decided_at": at(3)}]
    excused = {"kind": "module", "item": "loyal", "until": at(60), "made_by": 6, "made_at": NINE}
    rows[ExcuseRow] = [{**excused, "person_id": each} for each in (2, 5)]
    there = {"session_id": "pembukaan", "programme_id": "orientasi", "grade": "present", "arrived_at": NINE}
    rows[AttendanceRow] = [
        {**there, "person_id": each, "decided": True, "contested": False, "updated_at": NINE, "minutes": 95}
        for each in (2, 5)
    ]
    asked = {"programme_id": "orientasi", "session_id": "pembukaan", "text": "Rahasia"}
    rows[QuestionRow] = [
        {**asked, "id": 1, "person_id": 1, "anonymous": True, "state": "answered", "asked_at": at(1)}
        | {"settled_at": at(3), "answer": "secret", "answered_at": at(3)},
        {**asked, "id": 2, "person_id": 5, "asked_at": at(2)},  # the test person's
        {**asked, "id": 3, "person_id": 2, "asked_at": at(2)},
    ]
    rows[QuestionSupportRow] = [{"question_id": 1, "person_id": 2, "supported_at": at(2)}]
    live = {"programme_id": "orientasi", "session_id": "pembukaan", "author": "Bagus"}
    live |= {"question": {"text": "secret"}, "seconds": 60, "votes": "first", "created_at": NINE}
    rows[LiveQuizRow] = [
        {**live, "id": 1, "scored": True, "state": "revealed", "launched_at": at(5), "revealed_at": at(8)},
        {**live, "id": 2, "scored": False, "state": "running", "launched_at": at(9)},
        {**live, "id": 3, "scored": False, "state": "draft"},
    ]
    copies = [("a", 1, 1), ("b", 1, 1), ("c", 1, 2), ("d", 1, 3), ("e", 1, 5), ("f", 2, 1)]
    rows[LivePollRow] = [
        {"poll_id": poll, "live_quiz_id": number, "person_id": who, "message_id": 1, "sent_at": at(5)}
        for poll, number, who in copies
    ]
    votes = [(1, 1, "0", True, 0), (1, 2, "", None, 1), (1, 5, "0", True, 0), (2, 1, "1", None, 0)]
    rows[LiveVoteRow] = [
        {"live_quiz_id": number, "person_id": who, "choice": choice, "correct": correct, "late": late}
        | {"millis": 4_000, "votes": 1, "voted_at": at(6)}
        for number, who, choice, correct, late in votes
    ]
    handed = {"programme_id": "orientasi", "session_id": "pembukaan", "author": "Bagus", "made_at": NINE}
    rows[MaterialRow] = [
        {**handed, "id": 1, "state": "out", "release": "now", "version": 2, "released_at": at(4)},
        {**handed, "id": 11, "state": "waiting", "release": "end", "version": 1},
        {**handed, "id": 3, "state": "draft", "release": "now", "version": 1},
    ]
    rows[MaterialVersionRow] = [
        {"material_id": number, "version": version, "name": name, "post": {"text": "secret"}}
        | {"written_at": at(version)}
        for number, version, name in [(1, 1, "lama.pdf"), (1, 2, "baru.pdf"), (11, 1, "x"), (3, 1, "y")]
    ]
    given = {"programme_id": "orientasi", "session_id": "pembukaan", "given_at": at(9)}
    rows[FeedbackRow] = [
        {**given, "person_id": who, "rating": rating, "sentence": said}
        for who, rating, said in [(1, 5, "Rahasia"), (2, 4, ""), (5, 1, "Rahasia")]
    ]
    put(tx, rows)


def put(tx: Transaction, rows: dict[Any, list[dict[str, Any]]]) -> None:
    for table, values in rows.items():
        for row in values:
            tx.connection.execute(table.__table__.insert(), {_column(table, k): v for k, v in row.items()})


def _column(table: Any, attribute: str) -> str:
    return str(getattr(table, attribute).property.columns[0].key)


def rows_of(tx: Transaction, view: str, order: str) -> list[tuple[Any, ...]]:
    columns = ", ".join(column["name"] for column in inspect(tx.connection).get_columns(view))
    found = tx.connection.execute(text(f"SELECT {columns} FROM {view} ORDER BY {order}"))
    return [tuple(_same(value) for value in row) for row in found]


def _same(value: Any) -> Any:
    """What either engine gives, alike: SQLite's instants are text, and its decimals are floats."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}", value):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return date.fromisoformat(value)
    return float(value) if isinstance(value, Decimal) else value


ANNA = ("orientasi", 1, "Anna", "Satker A", "Bali", "I", "1", "2")
BUDI = ("orientasi", 2, "Budi", "Satker B", None, None, None, None)
CITRA = ("orientasi", 3, "Citra", "Satker A", None, None, None, None)
DEWI = ("orientasi", 4, "Dewi", "Satker A", None, None, None, None)
EKO = ("orientasi", 6, "Pak Eko", "Satker A", None, None, None, None)
PLAIN = ("WITA", "id", "roster")
MEMBER = ("participant", *PLAIN)
ANNA_CAME = ("active", "open", at(1), at(3), at(2), None, date(2026, 11, 11))
DEWI_WENT = ("withdrawn", "never_started", None, None, at(1), at(9), None)
EKO_CAME = ("active", "never_started", None, None, at(1), None, None)
NOTHING = (0, None, 0, 0, 0)
LIVE = ("orientasi", "pembukaan")
WHEN = (NINE, at(15), at(60))
BLOCKED = "Forbidden: bot was blocked by the user"


def fill_the_log(tx: Transaction) -> None:
    """Who got which version of the material, and who was asked how a session was."""
    wave = {"programme_id": "orientasi", "zone": "WIT", "due_at": NINE, "everybody_by": at(15)}
    wave |= {"not_after": at(60), "planned_at": at(4), "people": 2, "state": "planned"}
    waves = [{**wave, "id": 10 + version, "entry_id": f"material:1/v{version}"} for version in (1, 2)]
    sent = {"state": "sent", "settled_at": at(5)}
    log = [
        outbox(11, 1, wave_id=11, **sent),
        outbox(12, 1, wave_id=12, **sent),  # the newer version too
        outbox(13, 5, wave_id=11, **sent),  # the test person's
        outbox(14, 3, wave_id=11, state="gone", settled_at=at(5)),
        outbox(15, 2, wave_id=None, lane=0, reason="update:9:0", about="material:1", **sent),
        outbox(16, 1, wave_id=None, reason="orientasi/feedback:pembukaan", **sent),
        outbox(17, 5, wave_id=None, reason="orientasi/feedback:pembukaan", **sent),
        outbox(18, 1, wave_id=None, reason="orientasi/feedback:klinik", **sent),
        outbox(19, 6, wave_id=None, reason="orientasi/feedback-summary:klinik", **sent),
    ]
    put(tx, {WaveRow: waves, OutboxRow: log})


EXPECTED: dict[str, tuple[str, list[tuple[Any, ...]]]] = {
    "report_people": (
        "person_id",
        [
            (*ANNA, "1992••••••••••1007", *MEMBER, *ANNA_CAME, 2, at(20), 1, 1, 0),
            (*BUDI, None, *MEMBER, "joining", "blocked", at(1), None, None, None, None, 0, None, 0, 0, 1),
            (*CITRA, None, *MEMBER, "invited", "never_started", *[None] * 5, *NOTHING),
            (*DEWI, None, *MEMBER, *DEWI_WENT, 1, at(5), 0, 0, 0),
            (*EKO, None, "coordinator", *PLAIN, *EKO_CAME, *NOTHING),
        ],
    ),
    "report_progress": (
        "done_at",
        [(*DEWI, "loyal", at(5)), (*ANNA, "loyal", at(10)), (*ANNA, "harmonis", at(20))],
    ),
    "report_modules": (
        "module",
        [
            ("orientasi", "harmonis", 1, 3, 33.3, at(20), at(20)),
            ("orientasi", "loyal", 1, 3, 33.3, at(5), at(10)),
        ],
    ),
    "report_quiz_results": (
        "person_id, attempt",
        [
            (*ANNA, "kuis", 1, "finished", 3, 2, 1, 33.3, at(30), at(33)),
            (*ANNA, "kuis", 2, "running", 3, 1, 1, None, at(30), None),
            (*BUDI, "kuis", 1, "running", 3, 1, 0, None, at(30), None),
        ],
    ),
    "report_quiz_questions": (
        "question",
        [("orientasi", "kuis", "q1", 2, 3, 2, 66.7, 50.0), ("orientasi", "kuis", "q2", 1, 1, 0, 0.0, 0.0)],
    ),
    "report_journal_status": (
        "person_id",
        [
            (*ANNA, "nilai", "submitted", at(40), at(50), 2, 1, 11, 1),
            (*BUDI, "nilai", "draft", at(41), None, 0, 0, 0, 0),
        ],
    ),
    "report_deliveries": (
        "delivery_id",
        [
            (1, *ANNA, "tautan", "wave:1:1", "session", "sent", *WHEN, at(16.5), 90, 1, None),
            (2, *BUDI, "tautan", "wave:1:2", "session", "gone", *WHEN, at(2), None, 1, BLOCKED),
            (3, *CITRA, "tautan", "wave:1:3", "session", "owed", *WHEN, None, None, 0, None),
            (5, *[None] * 8, None, "reply:1", "reply", "sent", *WHEN, at(1), 0, 0, None),
            (6, *ANNA, "announcement:1", "wave:1:6", "session", "sent", *WHEN, at(1), 0, 0, None),
        ],
    ),
    "report_waves": (
        "wave_id",
        [
            (1, "orientasi", "tautan", "WITA", "planned", NINE, at(15), 3, 1, 0, 1, 1, 1, 0, 0, 0, at(16.5)),
            (2, "orientasi", "sore", "WIT", "missed", at(300), at(315), 0, 0, 0, 0, 0, 0, 0, 0, 0, None),
            (
                3,
                "orientasi",
                "announcement:1",
                "WITA",
                "planned",
                NINE,
                at(15),
                *(1, 0, 0, 1, 0, 0, 0, 0, 0),
                at(1),
            ),
        ],
    ),
    "report_announcements": (
        "announcement_id",
        [
            (
                *(1, "orientasi", "Sari", "running", 1, False, NINE, None, None, at(1), None, None),
                *(1, 0, 0, 1, 0, 0, 0),
            )
        ],
    ),
    "report_announcement_recipients": (
        "person_id",
        [(1, *ANNA, "sent", NINE, at(1), 0, None)],
    ),
    "report_announcement_polls": (
        "option_number",
        [("orientasi", 1, 1, 1, 100.0, 1, 2), ("orientasi", 1, 11, 1, 100.0, 1, 2)],
    ),
    "report_reach": (
        "office, status",
        [
            ("orientasi", "Satker A", "I", "1", "active", "open", 1),
            ("orientasi", "Satker A", None, None, "invited", "never_started", 1),
            ("orientasi", "Satker A", None, None, "withdrawn", "never_started", 1),
            ("orientasi", "Satker B", None, None, "joining", "blocked", 1),
        ],
    ),
    "report_requests": (
        "request_id",
        [("orientasi", 1, "no_link", "Satker C", "refused", NINE, at(3))],
    ),
    "report_excuses": ("person_id", [(*BUDI, "module", "loyal", at(60), NINE)]),
    "report_attendance": (
        "person_id",
        [(*BUDI, "pembukaan", "present", NINE, None, 95, True, False)],
    ),
    "report_questions": (
        "question_id",
        [
            (*LIVE, 1, "answered", True, 1, at(1), at(3), at(3)),
            (*LIVE, 3, "open", False, 0, at(2), None, None),
        ],
    ),
    "report_live_quizzes": (
        "question_id",
        [
            (*LIVE, 1, "Bagus", "all", True, "revealed", 60, "first", at(5), at(8), 3, 1, 1, 100.0, 1),
            (*LIVE, 2, "Bagus", "all", False, "running", 60, "first", at(9), None, 1, 1, 0, 0.0, 0),
        ],
    ),
    "report_live_answers": (
        "person_id",
        [
            (*ANNA, "pembukaan", 1, "right", 4_000, 1, at(6)),
            (*BUDI, "pembukaan", 1, "late", 4_000, 1, at(6)),
        ],
    ),
    "report_materials": (
        "material_id",
        [
            (*LIVE, 1, "baru.pdf", "Bagus", "out", "now", 2, at(4), at(2), None, 0),
            (*LIVE, 11, "x", "Bagus", "waiting", "end", 1, None, at(1), None, 0),
        ],
    ),
    "report_feedback": ("session", [(*LIVE, 0, 2, None, None, None, None, None, None, 1)]),
    "report_corrections": ("item", [("orientasi", "session", "pembukaan", "Rina", at(5), None)]),
    "report_audit": ("at", [("orientasi", at(3), "Sari", 1, "exported", "people", "/people", 5)]),
}


def test_every_view_whole(database: Database) -> None:
    assert set(EXPECTED) == set(reports.VIEWS)
    database.write_now(fill)
    found = {view: database.read_now(rows_of, view, order) for view, (order, _) in EXPECTED.items()}
    assert found == {view: rows for view, (_, rows) in EXPECTED.items()}


def test_who_got_a_material_and_how_a_session_was_found(database: Database) -> None:
    database.write_now(fill)
    database.write_now(fill_the_log)
    materials = database.read_now(rows_of, "report_materials", "material_id")
    assert [(row[2], row[-1]) for row in materials] == [(1, 2), (11, 0)]  # Anna once, Budi by /materi
    few = (None, None, None, None, None)
    assert database.read_now(rows_of, "report_feedback", "session") == [
        ("orientasi", "klinik", 1, 0, None, *few, 0),
        (*LIVE, 1, 2, None, *few, 1),
    ]
    given = {"programme_id": "orientasi", "session_id": "pembukaan", "given_at": at(9), "rating": 5}
    third = {**given, "person_id": 3, "sentence": ""}
    database.write_now(put, {FeedbackRow: [third]})
    assert database.read_now(rows_of, "report_feedback", "session")[1] == (*LIVE, 1, 3, 4.67, *few, 1)
    more = [{**given, "person_id": who, "sentence": ""} for who in (4, 6)]
    database.write_now(put, {FeedbackRow: more})
    assert database.read_now(rows_of, "report_feedback", "session")[1] == (*LIVE, 1, 5, 4.8, 0, 0, 0, 1, 4, 1)


def test_no_view_shows_a_nip_or_what_was_written(database: Database) -> None:
    database.write_now(fill)
    shown = repr([database.read_now(rows_of, view, order) for view, (order, _) in EXPECTED.items()])
    assert [secret for secret in ("199203152025211007", "Rahasia", "secret") if secret in shown] == []


def test_the_page_names_every_view_and_column(database: Database) -> None:
    def columns(tx: Transaction) -> dict[str, list[str]]:
        inspected = inspect(tx.connection)
        return {view: [column["name"] for column in inspected.get_columns(view)] for view in reports.VIEWS}

    described = {
        view: re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
        for view, section in re.findall(r"^## (report_\w+)\n(.*?)(?=^## )", PAGE, re.MULTILINE | re.DOTALL)
    }
    assert described == database.read_now(columns)


def blocks(language: str, beginning: str) -> list[str]:
    """The page's fenced blocks in that language that begin so."""
    return re.findall(rf"^```(?:{language})\n({beginning}.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def fill_more(tx: Transaction) -> None:
    """Fajar has done no module and not submitted a long draft, so that each query finds somebody."""
    draft = {"id": 4, "person_id": 7, "prompt_id": "nilai", "state": "draft", "started_at": at(44)}
    part = {
        "entry_id": 4,
        "chat_id": 107,
        "message_id": 1,
        "kind": "text",
        "text": "x" * 300,
        "written_at": at(44),
    }
    rows = {
        PersonRow: [person(7, "Fajar", class_="1", consented_at=at(1))],
        JournalEntryRow: [draft],
        JournalPartRow: [part],
        RequestRow: [
            {"id": 2, "programme_id": "orientasi", "chat_id": 901, "kind": "no_link", "name": "Gita"}
            | {"office": "Satker C", "state": "open", "created_at": NINE},
        ],
    }
    put(tx, rows)


def test_the_pages_queries_find_what_they_say(database: Database) -> None:
    database.write_now(fill)
    database.write_now(fill_more)
    queries = blocks(f"sql|{database.kind.name}", "SELECT")

    def empty(tx: Transaction) -> list[str]:
        return [query for query in queries if not tx.connection.execute(text(query)).all()]

    assert len(queries) == 29
    assert database.read_now(empty) == []


def test_the_queries_of_the_readme_run(database: Database) -> None:
    database.write_now(fill)
    queries = re.findall(r"^```sql\n(SELECT.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert len(queries) == 2
    for query in queries:
        assert database.read_now(lambda tx, query=query: tx.connection.execute(text(query)).all())


def test_days_are_counted_as_days(database: Database) -> None:
    database.write_now(fill)
    (query,) = blocks("sql", "SELECT SUBSTR")

    def run(tx: Transaction) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in tx.connection.execute(text(query))]

    assert database.read_now(run) == [("2026-11-09", 3)]


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_reader_of_reports_sees_nothing_else(database: Database) -> None:
    (grant,) = blocks("postgresql", "CREATE ROLE")

    def make(tx: Transaction) -> None:
        tx.connection.exec_driver_sql(grant)

    def unmake(tx: Transaction) -> None:
        tx.connection.exec_driver_sql("DROP OWNED BY panitia; DROP ROLE panitia")

    def everything(tx: Transaction) -> list[str]:
        names = [*reports.VIEWS, "people", "journal_parts"]
        query = text("SELECT has_table_privilege('panitia', :name, 'SELECT')")
        return [name for name in names if tx.connection.scalar(query, {"name": name})]

    database.write_now(make)
    try:
        # Who looked at whom is for whom the audit is for.
        assert database.read_now(everything) == [view for view in reports.VIEWS if view != "report_audit"]
    finally:
        database.write_now(unmake)
