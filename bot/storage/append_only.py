"""Triggers that keep the audit and the evidence of attendance from being changed, even by hand.

Like report views they are made anew after each migration, since SQLite changes a table by making it anew.
What is older than two years, its retention, may be deleted.
"""

from sqlalchemy import Connection, inspect

_EVIDENCE = (
    "at, received_at, kind, key, leg, counts, minutes, since, until, step, lag, note, made_by_name, "
    "session_id"
)
"""What of a piece never changes; `made_by` is forgotten with the person, as are their own pieces."""

_SQLITE = (
    f"""CREATE TRIGGER evidence_unchanged BEFORE UPDATE OF {_EVIDENCE} ON attendance_evidence
    BEGIN SELECT RAISE(ABORT, 'evidence of attendance is append-only'); END""",
    """CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END""",
    """CREATE TRIGGER audit_kept BEFORE DELETE ON audit WHEN OLD.at > datetime('now', '-2 years')
    BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END""",
)
_POSTGRESQL = (
    """CREATE OR REPLACE FUNCTION evidence_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION 'evidence of attendance is append-only'; END $$""",
    f"""CREATE TRIGGER evidence_unchanged BEFORE UPDATE OF {_EVIDENCE} ON attendance_evidence
    FOR EACH ROW EXECUTE FUNCTION evidence_append_only()""",
    """CREATE OR REPLACE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'DELETE' THEN IF OLD.at <= now() - interval '2 years' THEN RETURN OLD; END IF; END IF;
    RAISE EXCEPTION 'the audit is append-only'; END $$""",
    """CREATE TRIGGER audit_unchanged BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_append_only()""",
    """CREATE TRIGGER audit_kept BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()""",
)
_TRIGGERS = (
    ("audit", "audit_unchanged"),
    ("audit", "audit_kept"),
    ("attendance_evidence", "evidence_unchanged"),
)


def definitions(dialect: str) -> tuple[str, ...]:
    """The statements that make the triggers on an engine."""
    return _SQLITE if dialect == "sqlite" else _POSTGRESQL


def create(connection: Connection) -> None:
    """Make the triggers."""
    for statement in definitions(connection.dialect.name):
        connection.exec_driver_sql(statement)


def drop(connection: Connection) -> None:
    """Take the triggers away."""
    there = set(inspect(connection).get_table_names())
    for table, trigger in _TRIGGERS:
        if table in there:
            on = "" if connection.dialect.name == "sqlite" else f" ON {table}"
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {trigger}{on}")
