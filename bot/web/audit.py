"""The audit: who did what, when, on whom. A look at it is an action too."""

from collections.abc import Iterable
from typing import Any, Final

from bot.domain.audit import Action
from bot.domain.messages import Say, Value
from bot.domain.staff import Right
from bot.storage import audit
from bot.storage.audit import Noted
from bot.storage.database import Transaction
from bot.web.page import Answer, Note, Visit, Way
from bot.web.tables import Asked, Column, Filter, Table

KINDS: Final = frozenset(
    {
        "announcement",
        "attendance",
        "deliveries",
        "entry",
        "invitation",
        "live_quiz",
        "material",
        "person",
        "programme",
        "question",
        "request",
        "session",
        "target",
        "unreached",
    }
)
"""What actions are on, as far as there are words for it (`page.kind_…`); else it is a list, by its name."""


def _kind(row: Noted) -> Value:
    return Say(f"page.kind_{row.kind}") if row.kind in KINDS else row.kind


def _details(row: Noted) -> str:
    return "; ".join(f"{key}: {_plain(value)}" for key, value in row.details.items() if value)


def _plain(value: Any) -> str:
    match value:
        case list():
            return ", ".join(map(_plain, value))
        case dict():
            return ", ".join(f"{key} {_plain(inner)}" for key, inner in value.items())
    return str(value)


def _rows(tx: Transaction, visit: Visit, asked: Asked, limit: int | None, offset: int) -> Iterable[Noted]:
    return audit.listed(
        tx,
        visit.programme.id,
        actor=asked.filters["actor"],
        action=asked.filters["action"],
        down=asked.down,
        limit=limit,
        offset=offset,
    )


def _count(tx: Transaction, visit: Visit, asked: Asked) -> int:
    filters = asked.filters
    return audit.count(tx, visit.programme.id, actor=filters["actor"], action=filters["action"])


_AUDIT: Final[Table[Noted]] = Table(
    name="audit",
    columns=(
        Column("at", "page.column_moment", lambda row: row.at, sorts=True, moment=True),
        Column("actor", "page.column_actor", lambda row: row.actor, head=True),
        Column("action", "page.column_action", lambda row: Say(f"page.action_{row.action}")),
        Column("kind", "page.column_kind", _kind),
        Column("subject", "page.column_subject", lambda row: row.person or row.subject),
        Column("people", "page.column_people", lambda row: row.people, number=True),
        Column("details", "page.column_details", _details),
    ),
    filters=(
        Filter("actor", "page.filter_actor"),
        Filter(
            "action",
            "page.filter_action",
            tuple((each.value, Say(f"page.action_{each.value}")) for each in Action),
        ),
    ),
    sort="at",
    down=True,
    count=_count,
    rows=_rows,
)


def _show(tx: Transaction, visit: Visit) -> Answer:
    return _AUDIT.answer(tx, visit, "audit.html", notes=(Note(Action.AUDIT_SEEN),))


WAYS: Final = (Way("/audit", Right.SEE_AUDIT, _show, menu="page.menu_audit"),)
