"""The `report_*` views: what coordinators may open in the tool they know, while the bot runs.

They are stable: columns are added, never renamed or taken away without a word in the changelog
(docs/reports.md says what each means). Test people are in none of them; a NIP is masked; what people wrote
and were told is not shown. Instants are UTC.
"""

from typing import Any, TypeAlias

from sqlalchemy import (
    Case,
    ColumnElement,
    Connection,
    Dialect,
    Integer,
    Label,
    Numeric,
    ScalarSelect,
    Select,
    SQLColumnExpression,
    String,
    and_,
    case,
    cast,
    distinct,
    false,
    func,
    inspect,
    literal,
    null,
    or_,
    select,
    text,
    union_all,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from bot.domain.feedback import ENOUGH, FEWEST, RATINGS
from bot.domain.messages import Lane
from bot.storage.tables import (
    WAS_SHOWN,
    AnnouncedPollRow,
    AnnouncementRow,
    AttendanceRow,
    AuditRow,
    ChatRow,
    CorrectionRow,
    ExcuseRow,
    FeedbackRow,
    Id,
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

Column: TypeAlias = "InstrumentedAttribute[Any] | Label[Any]"
Query: TypeAlias = "Select[*tuple[Any, ...]]"

_MOST_OPTIONS = 12  # of a poll in Telegram


class _Seconds(GenericFunction[int]):
    """Whole seconds from the first instant to the second."""

    name = "seconds_between"
    type = Integer()
    inherit_cache = True


@compiles(_Seconds, "sqlite")
def _seconds_sqlite(element: _Seconds, compiler: SQLCompiler, **options: Any) -> str:
    since, until = (compiler.process(clause, **options) for clause in element.clauses)
    return f"CAST(ROUND((julianday({until}) - julianday({since})) * 86400) AS INTEGER)"


@compiles(_Seconds, "postgresql")
def _seconds_postgresql(element: _Seconds, compiler: SQLCompiler, **options: Any) -> str:
    since, until = (compiler.process(clause, **options) for clause in element.clauses)
    return f"CAST(ROUND(EXTRACT(EPOCH FROM {until} - {since})) AS INTEGER)"


def _percent(part: SQLColumnExpression[Any], whole: SQLColumnExpression[Any]) -> ColumnElement[Any]:
    """`part` of `whole` with one decimal; NULL where `whole` is 0."""
    return func.round(cast(part * 100.0 / func.nullif(whole, 0), Numeric), 1)


def _count_if(condition: SQLColumnExpression[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _number_of(*conditions: SQLColumnExpression[bool], counting: Any = None) -> ScalarSelect[int]:
    """How many rows (or distinct values of `counting`) fulfil `conditions`, which refer to the outer row."""
    number = func.count() if counting is None else func.count(distinct(counting))
    return select(number).where(*conditions).scalar_subquery()


def _masked(nip: Any) -> Case[str | None]:
    """The NIP as DOMAIN has it shown: `1992••••••••••1007`."""
    return case((nip.is_not(None), func.substr(nip, 1, 4) + "••••••••••" + func.substr(nip, 15, 4)))


_REAL = PersonRow.is_test == false()
_PARTICIPANT = and_(_REAL, PersonRow.role == "participant")

_STATUS = case(
    (PersonRow.withdrawn_at.is_not(None), "withdrawn"),
    (PersonRow.consented_at.is_not(None), "active"),
    (or_(PersonRow.claimed_at.is_not(None), ChatRow.id.is_not(None)), "joining"),
    else_="invited",
)
_REACH = func.coalesce(ChatRow.reach, "never_started")

# Who it is about: the same columns in every view of single people.
_PERSON: tuple[Column, ...] = (
    PersonRow.programme_id.label("programme"),
    PersonRow.id.label("person_id"),
    PersonRow.name,
    PersonRow.office,
    PersonRow.province,
    PersonRow.wave,
    PersonRow.class_.label("class_name"),
    PersonRow.group.label("group_name"),
)


def _people() -> Query:
    entries = JournalEntryRow.person_id == PersonRow.id
    finished = and_(QuizAttemptRow.person_id == PersonRow.id, QuizAttemptRow.finished_at.is_not(None))
    last_module = select(func.max(ModuleDoneRow.done_at)).where(ModuleDoneRow.person_id == PersonRow.id)
    return (
        select(
            *_PERSON,
            _masked(PersonRow.nip).label("nip_masked"),
            PersonRow.role,
            PersonRow.zone,
            PersonRow.language,
            PersonRow.origin,
            _STATUS.label("status"),
            _REACH.label("reach"),
            PersonRow.claimed_at,
            PersonRow.joined_at,
            PersonRow.consented_at,
            PersonRow.withdrawn_at,
            PersonRow.first_login,
            _number_of(ModuleDoneRow.person_id == PersonRow.id).label("modules_done"),
            last_module.scalar_subquery().label("last_module_done_at"),
            _number_of(finished, counting=QuizAttemptRow.quiz_id).label("quizzes_finished"),
            _number_of(entries, JournalEntryRow.state == "submitted").label("journals_submitted"),
            _number_of(entries, JournalEntryRow.state == "draft").label("journals_begun"),
        )
        .outerjoin_from(PersonRow, ChatRow, ChatRow.person_id == PersonRow.id)
        .where(_REAL)
    )


def _progress() -> Query:
    return (
        select(*_PERSON, ModuleDoneRow.module_id.label("module"), ModuleDoneRow.done_at)
        .join_from(PersonRow, ModuleDoneRow)
        .where(_PARTICIPANT)
    )


def _modules() -> Query:
    other = PersonRow.__table__.alias("everybody")
    everybody = (
        select(func.count())
        .where(
            other.c.programme_id == PersonRow.programme_id,
            other.c.is_test == false(),
            other.c.role == "participant",
            other.c.withdrawn_at.is_(None),
        )
        .scalar_subquery()
        .label("participants")
    )
    done = _count_if(PersonRow.withdrawn_at.is_(None))
    counted = (
        select(
            PersonRow.programme_id.label("programme"),
            ModuleDoneRow.module_id.label("module"),
            done.label("done"),
            everybody,
            func.min(ModuleDoneRow.done_at).label("first_done_at"),
            func.max(ModuleDoneRow.done_at).label("last_done_at"),
        )
        .join_from(PersonRow, ModuleDoneRow)
        .where(_PARTICIPANT)
        .group_by(PersonRow.programme_id, ModuleDoneRow.module_id)
        .subquery("counted")
    )
    return select(
        counted.c.programme,
        counted.c.module,
        counted.c.done,
        counted.c.participants,
        _percent(counted.c.done, counted.c.participants).label("done_percent"),
        counted.c.first_done_at,
        counted.c.last_done_at,
    )


def _quiz_results() -> Query:
    of_attempt = and_(
        QuizAnswerRow.person_id == QuizAttemptRow.person_id,
        QuizAnswerRow.quiz_id == QuizAttemptRow.quiz_id,
        QuizAnswerRow.attempt == QuizAttemptRow.attempt,
    )
    right = _number_of(of_attempt, QuizAnswerRow.correct)
    finished = QuizAttemptRow.finished_at.is_not(None)
    return (
        select(
            *_PERSON,
            QuizAttemptRow.quiz_id.label("quiz"),
            QuizAttemptRow.attempt,
            case((finished, "finished"), else_="running").label("state"),
            QuizAttemptRow.questions,
            _number_of(of_attempt).label("answered"),
            right.label("right_answers"),
            case((finished, _percent(right, QuizAttemptRow.questions))).label("score_percent"),
            QuizAttemptRow.started_at,
            QuizAttemptRow.finished_at,
        )
        .join_from(PersonRow, QuizAttemptRow)
        .where(_PARTICIPANT)
    )


def _quiz_questions() -> Query:
    first = QuizAnswerRow.attempt == 1
    right = _count_if(QuizAnswerRow.correct)
    return (
        select(
            PersonRow.programme_id.label("programme"),
            QuizAnswerRow.quiz_id.label("quiz"),
            QuizAnswerRow.question_id.label("question"),
            func.count(distinct(PersonRow.id)).label("people"),
            func.count().label("answers"),
            right.label("right_answers"),
            _percent(right, func.count()).label("right_percent"),
            _percent(_count_if(and_(first, QuizAnswerRow.correct)), _count_if(first)).label(
                "first_attempt_right_percent"
            ),
        )
        .join_from(PersonRow, QuizAnswerRow)
        .where(_PARTICIPANT)
        .group_by(PersonRow.programme_id, QuizAnswerRow.quiz_id, QuizAnswerRow.question_id)
    )


def _journal_status() -> Query:
    part = JournalPartRow.entry_id == JournalEntryRow.id
    revisions = (
        select(func.count())
        .select_from(JournalRevisionRow)
        .join(JournalPartRow, JournalPartRow.id == JournalRevisionRow.part_id)
        .where(part)
        .correlate(JournalEntryRow)
        .scalar_subquery()
    )
    characters = select(func.coalesce(func.sum(func.length(JournalPartRow.text)), 0)).where(part)
    return (
        select(
            *_PERSON,
            JournalEntryRow.prompt_id.label("prompt"),
            JournalEntryRow.state,
            JournalEntryRow.started_at,
            JournalEntryRow.submitted_at,
            _number_of(part).label("parts"),
            _number_of(part, JournalPartRow.kind != "text").label("attachments"),
            characters.scalar_subquery().label("characters"),
            revisions.label("edits"),
        )
        .join_from(PersonRow, JournalEntryRow)
        .where(_PARTICIPANT)
    )


# Sent after the moment by which everybody was to have it.
_LATE = and_(OutboxRow.state == "sent", OutboxRow.settled_at > OutboxRow.everybody_by)


def _deliveries() -> Query:
    late = case((_LATE, _Seconds(OutboxRow.everybody_by, OutboxRow.settled_at)), else_=0)
    return (
        select(
            OutboxRow.id.label("delivery_id"),
            *_PERSON,
            WaveRow.entry_id.label("entry"),
            OutboxRow.reason,
            case({lane.value: lane.name.lower() for lane in Lane}, value=OutboxRow.lane).label("lane"),
            OutboxRow.state,
            OutboxRow.due_at,
            OutboxRow.everybody_by,
            OutboxRow.not_after,
            OutboxRow.settled_at,
            case((OutboxRow.state == "sent", late)).label("late_seconds"),
            OutboxRow.attempts,
            OutboxRow.error,
        )
        .outerjoin_from(OutboxRow, PersonRow, PersonRow.id == OutboxRow.person_id)
        .outerjoin(WaveRow, WaveRow.id == OutboxRow.wave_id)
        .where(or_(PersonRow.id.is_(None), _REAL))
    )


def _waves() -> Query:
    real = and_(OutboxRow.id.is_not(None), or_(PersonRow.id.is_(None), _REAL))

    def in_state(*states: str) -> ColumnElement[int]:
        return _count_if(and_(OutboxRow.state.in_(states), real))

    return (
        select(
            WaveRow.id.label("wave_id"),
            WaveRow.programme_id.label("programme"),
            WaveRow.entry_id.label("entry"),
            WaveRow.zone,
            WaveRow.state,
            WaveRow.due_at,
            WaveRow.everybody_by,
            _count_if(real).label("people"),
            in_state("owed", "sending").label("owed"),
            in_state("held").label("held"),
            in_state("sent").label("sent"),
            _count_if(and_(_LATE, real)).label("late"),
            in_state("gone").label("gone"),
            in_state("expired").label("expired"),
            in_state("failed").label("failed"),
            in_state("withdrawn").label("withdrawn"),
            func.max(case((and_(OutboxRow.state == "sent", real), OutboxRow.settled_at))).label(
                "last_sent_at"
            ),
        )
        .outerjoin_from(WaveRow, OutboxRow, OutboxRow.wave_id == WaveRow.id)
        .outerjoin(PersonRow, PersonRow.id == OutboxRow.person_id)
        .group_by(
            WaveRow.id,
            WaveRow.programme_id,
            WaveRow.entry_id,
            WaveRow.zone,
            WaveRow.state,
            WaveRow.due_at,
            WaveRow.everybody_by,
        )
    )


def _announcements() -> Query:
    real = and_(OutboxRow.id.is_not(None), or_(PersonRow.id.is_(None), _REAL))

    def in_state(*states: str) -> ColumnElement[int]:
        return _count_if(and_(OutboxRow.state.in_(states), real))

    columns = (
        AnnouncementRow.id.label("announcement_id"),
        AnnouncementRow.programme_id.label("programme"),
        AnnouncementRow.author,
        AnnouncementRow.state,
        AnnouncementRow.version,
        AnnouncementRow.urgent,
        AnnouncementRow.created_at,
        AnnouncementRow.send_at,
        AnnouncementRow.approved_at,
        AnnouncementRow.started_at,
        AnnouncementRow.ended_at,
        AnnouncementRow.recalled_at,
    )
    its_wave = and_(
        WaveRow.programme_id == AnnouncementRow.programme_id,
        WaveRow.entry_id == literal("announcement:") + cast(AnnouncementRow.id, String),
    )
    return (
        select(
            *columns,
            _count_if(real).label("people"),
            in_state("owed", "sending").label("owed"),
            in_state("held").label("held"),
            in_state("sent").label("sent"),
            in_state("gone").label("gone"),
            in_state("failed").label("failed"),
            in_state("withdrawn", "expired").label("not_sent"),
        )
        .outerjoin_from(AnnouncementRow, WaveRow, its_wave)
        .outerjoin(OutboxRow, OutboxRow.wave_id == WaveRow.id)
        .outerjoin(PersonRow, PersonRow.id == OutboxRow.person_id)
        .where(AnnouncementRow.state != "draft")
        .group_by(*(column.element if isinstance(column, Label) else column for column in columns))
    )


def _reach() -> Query:
    columns = (
        PersonRow.programme_id.label("programme"),
        PersonRow.office,
        PersonRow.wave,
        PersonRow.class_.label("class_name"),
        _STATUS.label("status"),
        _REACH.label("reach"),
    )
    return (
        select(*columns, func.count().label("people"))
        .outerjoin_from(PersonRow, ChatRow, ChatRow.person_id == PersonRow.id)
        .where(_PARTICIPANT)
        .group_by(*(column.element if isinstance(column, Label) else column for column in columns))
    )


def _requests() -> Query:
    return select(
        RequestRow.programme_id.label("programme"),
        RequestRow.id.label("request_id"),
        RequestRow.kind,
        RequestRow.office,
        RequestRow.state,
        RequestRow.created_at,
        RequestRow.decided_at,
    )


def _excuses() -> Query:
    return (
        select(*_PERSON, ExcuseRow.kind, ExcuseRow.item, ExcuseRow.until, ExcuseRow.made_at)
        .join_from(PersonRow, ExcuseRow, ExcuseRow.person_id == PersonRow.id)
        .where(_PARTICIPANT)
    )


def _attendance() -> Query:
    return (
        select(
            *_PERSON,
            AttendanceRow.session_id.label("session"),
            AttendanceRow.grade,
            AttendanceRow.arrived_at,
            AttendanceRow.left_at,
            AttendanceRow.minutes.label("zoom_minutes"),
            AttendanceRow.decided,
            AttendanceRow.contested,
        )
        .join_from(PersonRow, AttendanceRow, AttendanceRow.person_id == PersonRow.id)
        .where(_PARTICIPANT)
    )


def _corrections() -> Query:
    return select(
        CorrectionRow.programme_id.label("programme"),
        CorrectionRow.kind,
        CorrectionRow.item,
        CorrectionRow.made_by_name.label("made_by"),
        CorrectionRow.made_at,
        CorrectionRow.undone_at,
    )


def _questions() -> Query:
    supports = select(func.count()).where(QuestionSupportRow.question_id == QuestionRow.id)
    return (
        select(
            QuestionRow.programme_id.label("programme"),
            QuestionRow.session_id.label("session"),
            QuestionRow.id.label("question_id"),
            QuestionRow.state,
            QuestionRow.anonymous,
            supports.scalar_subquery().label("supports"),
            QuestionRow.asked_at,
            QuestionRow.settled_at,
            QuestionRow.answered_at,
        )
        .join(PersonRow, PersonRow.id == QuestionRow.person_id)
        .where(_REAL)
    )


def _live_quizzes() -> Query:
    """People, not copies: who was sent one twice is one."""
    columns = (
        LiveQuizRow.programme_id.label("programme"),
        LiveQuizRow.session_id.label("session"),
        LiveQuizRow.id.label("question_id"),
        LiveQuizRow.author,
        LiveQuizRow.whom,
        LiveQuizRow.scored,
        LiveQuizRow.state,
        LiveQuizRow.seconds,
        LiveQuizRow.votes,
        LiveQuizRow.launched_at,
        LiveQuizRow.revealed_at,
    )
    counts = LiveVoteRow.choice != ""
    right = LiveVoteRow.correct.is_(True)

    def people(*conditions: SQLColumnExpression[bool]) -> ColumnElement[int]:
        return func.count(distinct(case((and_(_REAL, *conditions), LivePollRow.person_id))))

    answered = people(counts)
    return (
        select(
            *columns,
            people().label("delivered"),
            answered.label("answered"),
            people(right).label("right_answers"),
            _percent(people(right), answered).label("right_percent"),
            people(LiveVoteRow.choice == "", LiveVoteRow.late > 0).label("too_late"),
        )
        .outerjoin_from(LiveQuizRow, LivePollRow, LivePollRow.live_quiz_id == LiveQuizRow.id)
        .outerjoin(PersonRow, PersonRow.id == LivePollRow.person_id)
        .outerjoin(LiveVoteRow, _vote_of(LivePollRow))
        .where(LiveQuizRow.state != "draft")
        .group_by(*(column.element if isinstance(column, Label) else column for column in columns))
    )


def _live_answers() -> Query:
    return (
        select(
            *_PERSON,
            LiveQuizRow.session_id.label("session"),
            LiveQuizRow.id.label("question_id"),
            case(
                (LiveVoteRow.correct.is_(True), "right"),
                (LiveVoteRow.correct.is_(False), "wrong"),
                (LiveVoteRow.choice != "", "counted"),
                (LiveVoteRow.late > 0, "late"),
                else_="taken_back",
            ).label("outcome"),
            LiveVoteRow.millis,
            LiveVoteRow.votes,
            LiveVoteRow.voted_at,
        )
        .join_from(LiveVoteRow, LiveQuizRow, LiveQuizRow.id == LiveVoteRow.live_quiz_id)
        .join(PersonRow, PersonRow.id == LiveVoteRow.person_id)
        .where(_PARTICIPANT, LiveQuizRow.state != "running")
    )


def _vote_of(poll: type[LivePollRow]) -> ColumnElement[bool]:
    return and_(LiveVoteRow.live_quiz_id == poll.live_quiz_id, LiveVoteRow.person_id == poll.person_id)


def _materials() -> Query:
    """Who has any version of it, by its waves or because they asked for it; by the log of what was sent."""
    number = cast(MaterialRow.id, String)
    handed_out = (
        select(MaterialRow.id.label("material_id"), OutboxRow.person_id)
        .join_from(MaterialRow, WaveRow, WaveRow.entry_id.like("material:" + number + "/v%"))
        .join(OutboxRow, OutboxRow.wave_id == WaveRow.id)
        .where(OutboxRow.state == "sent")
    )
    asked_for = (
        select(MaterialRow.id, OutboxRow.person_id)
        .join_from(MaterialRow, OutboxRow, OutboxRow.about == "material:" + number)
        .where(OutboxRow.state == "sent", WAS_SHOWN)
    )
    got = union_all(handed_out, asked_for).subquery()
    columns = (
        MaterialRow.programme_id.label("programme"),
        MaterialRow.session_id.label("session"),
        MaterialRow.id.label("material_id"),
        MaterialVersionRow.name,
        MaterialRow.author,
        MaterialRow.state,
        MaterialRow.release,
        MaterialRow.version,
        MaterialRow.released_at,
        MaterialVersionRow.written_at.label("version_written_at"),
        MaterialRow.withdrawn_at,
    )
    holds = and_(
        MaterialVersionRow.material_id == MaterialRow.id, MaterialVersionRow.version == MaterialRow.version
    )
    return (
        select(*columns, func.count(distinct(case((_PARTICIPANT, PersonRow.id)))).label("people"))
        .join_from(MaterialRow, MaterialVersionRow, holds)
        .outerjoin(got, got.c.material_id == MaterialRow.id)
        .outerjoin(PersonRow, PersonRow.id == got.c.person_id)
        .where(MaterialRow.state != "draft")
        .group_by(*(column.element if isinstance(column, Label) else column for column in columns))
    )


def _feedback() -> Query:
    """How sessions were found whose participants were asked, or answered; ratings one by one of enough."""
    begins = PersonRow.programme_id + "/feedback:"
    asked = (
        select(
            PersonRow.programme_id.label("programme"),
            func.substr(OutboxRow.reason, func.length(begins) + 1).label("session"),
            literal(1).label("asked"),
            cast(null(), Integer).label("rating"),
            literal(0).label("sentence"),
        )
        .join_from(PersonRow, OutboxRow, OutboxRow.person_id == PersonRow.id)
        .where(
            _REAL,
            OutboxRow.state == "sent",
            func.substr(OutboxRow.reason, 1, func.length(begins)) == begins,
        )
    )
    answered = (
        select(
            FeedbackRow.programme_id,
            FeedbackRow.session_id,
            literal(0),
            FeedbackRow.rating,
            case((FeedbackRow.sentence != "", 1), else_=0),
        )
        .join(PersonRow, PersonRow.id == FeedbackRow.person_id)
        .where(_REAL)
    )
    each = union_all(asked, answered).subquery()
    answers = func.count(each.c.rating)
    return select(
        each.c.programme,
        each.c.session,
        func.sum(each.c.asked).label("asked"),
        answers.label("answered"),
        case(
            (answers >= FEWEST, func.round(cast(func.sum(each.c.rating) * 1.0 / answers, Numeric), 2))
        ).label("mean"),
        *(
            case((answers >= ENOUGH, _count_if(each.c.rating == rating))).label(f"rated_{rating}")
            for rating in RATINGS
        ),
        func.sum(each.c.sentence).label("sentences"),
    ).group_by(each.c.programme, each.c.session)


def _announcement_recipients() -> Query:
    number = cast(func.substr(WaveRow.entry_id, len("announcement:") + 1), Id)
    return (
        select(
            number.label("announcement_id"),
            *_PERSON,
            OutboxRow.state,
            OutboxRow.due_at,
            OutboxRow.settled_at,
            OutboxRow.attempts,
            OutboxRow.error,
        )
        .join_from(WaveRow, OutboxRow, OutboxRow.wave_id == WaveRow.id)
        .join(PersonRow, PersonRow.id == OutboxRow.person_id)
        .where(WaveRow.entry_id.like("announcement:%"), _REAL)
    )


def _announcement_polls() -> Query:
    """What nobody chose has no row: how many options there are is in no column."""
    polled = AnnouncedPollRow
    numbers = union_all(*(select(literal(n).label("number")) for n in range(_MOST_OPTIONS))).subquery()
    delivered = (
        select(polled.announcement_id, func.count().label("delivered"))
        .add_columns(_count_if(polled.choice != "").label("answered"))
        .join_from(polled, PersonRow, PersonRow.id == polled.person_id)
        .where(_REAL)
        .group_by(polled.announcement_id)
        .subquery()
    )
    comma = literal(",")
    chosen = (comma + polled.choice + comma).like(literal("%,") + cast(numbers.c.number, String) + ",%")
    votes = func.count()
    return (
        select(
            AnnouncementRow.programme_id.label("programme"),
            AnnouncementRow.id.label("announcement_id"),
            (numbers.c.number + 1).label("option_number"),
            votes.label("votes"),
            _percent(votes, delivered.c.answered).label("percent"),
            delivered.c.answered,
            delivered.c.delivered,
        )
        .join_from(polled, AnnouncementRow, AnnouncementRow.id == polled.announcement_id)
        .join(PersonRow, PersonRow.id == polled.person_id)
        .join(delivered, delivered.c.announcement_id == polled.announcement_id)
        .join(numbers, chosen)
        .where(_REAL)
        .group_by(
            AnnouncementRow.programme_id,
            AnnouncementRow.id,
            numbers.c.number,
            delivered.c.answered,
            delivered.c.delivered,
        )
    )


def _audit() -> Query:
    return select(
        AuditRow.programme_id.label("programme"),
        AuditRow.at,
        AuditRow.actor,
        AuditRow.actor_id,
        AuditRow.action,
        AuditRow.kind,
        AuditRow.subject,
        AuditRow.people,
    )


VIEWS = {
    "report_people": _people(),
    "report_progress": _progress(),
    "report_modules": _modules(),
    "report_quiz_results": _quiz_results(),
    "report_quiz_questions": _quiz_questions(),
    "report_journal_status": _journal_status(),
    "report_deliveries": _deliveries(),
    "report_waves": _waves(),
    "report_announcements": _announcements(),
    "report_announcement_recipients": _announcement_recipients(),
    "report_reach": _reach(),
    "report_requests": _requests(),
    "report_excuses": _excuses(),
    "report_attendance": _attendance(),
    "report_corrections": _corrections(),
    "report_questions": _questions(),
    "report_live_quizzes": _live_quizzes(),
    "report_live_answers": _live_answers(),
    "report_announcement_polls": _announcement_polls(),
    "report_materials": _materials(),
    "report_feedback": _feedback(),
    "report_audit": _audit(),
}
"""Each view's query, by its name."""


def definitions(dialect: Dialect) -> list[str]:
    """The statements that make the views on an engine."""
    return [
        f"CREATE VIEW {name} AS {query.compile(dialect=dialect, compile_kwargs={'literal_binds': True})}"
        for name, query in VIEWS.items()
    ]


def create(connection: Connection) -> None:
    """Make the views."""
    for statement in definitions(connection.dialect):
        connection.exec_driver_sql(statement)


def drop(connection: Connection) -> None:
    """Take away every view whose name begins with `report_`."""
    for name in inspect(connection).get_view_names():
        if name.startswith("report_"):
            connection.exec_driver_sql(f"DROP VIEW {name}")


def grants(connection: Connection) -> list[tuple[str, str]]:
    """Who else may read which view (PostgreSQL), to be given back once the views are made anew."""
    if connection.dialect.name != "postgresql":
        return []
    query = text(
        "SELECT table_name, grantee FROM information_schema.role_table_grants WHERE table_schema = "
        "current_schema() AND table_name LIKE 'report\\_%' AND privilege_type = 'SELECT' "
        "AND grantee <> current_user"
    )
    return [(view, role) for view, role in connection.execute(query)]


def grant(connection: Connection, given: list[tuple[str, str]]) -> None:
    """Let the roles of `grants` read the views again, those that there still are."""
    quote = connection.dialect.identifier_preparer.quote
    for view, role in given:
        if view in VIEWS:
            connection.exec_driver_sql(
                f"GRANT SELECT ON {view} TO {role if role == 'PUBLIC' else quote(role)}"
            )
