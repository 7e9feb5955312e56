"""Deliveries: what was sent to whom and what became of it; and sending again what did not arrive."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from bot.domain.messages import Say, Value
from bot.domain.staff import Right
from bot.storage import deliveries as stored
from bot.storage.database import Transaction
from bot.storage.deliveries import Delivery, Wanted
from bot.usecases import deliveries
from bot.usecases.purposes import purpose
from bot.web.page import Answer, Go, Show, Visit, Way
from bot.web.tables import Asked, Column, Filter, Table, name_column


def _wanted(visit: Visit) -> Wanted:
    return Wanted(visit.choice("state", stored.STATES), visit.text("wave"), visit.text("q"))


@dataclass(frozen=True, slots=True)
class _Row:
    """A message to somebody, and what it is about."""

    sent: Delivery
    about: Value

    @property
    def name(self) -> str:
        return self.sent.name


def _rows(tx: Transaction, visit: Visit, _: Asked, limit: int | None, offset: int) -> Iterator[_Row]:
    wanted, programme = _wanted(visit), visit.programme
    for each in stored.listed(tx, programme.id, visit.scope, wanted, limit=limit, offset=offset):
        yield _Row(each, purpose(programme, each.wave or each.reason))


_DELIVERIES: Final[Table[_Row]] = Table(
    name="sent",
    columns=(
        name_column(lambda row: f"/people/{row.sent.person_id}"),
        Column("office", "page.column_office", lambda row: row.sent.office),
        Column("wave", "page.column_entry", lambda row: row.about),
        Column("state", "page.column_state", lambda row: Say(f"page.delivery_{row.sent.state}")),
        Column("due", "page.column_due", lambda row: row.sent.due_at, moment=True),
        Column("settled", "page.column_settled", lambda row: row.sent.settled_at, moment=True),
        Column("attempts", "page.column_attempts", lambda row: row.sent.attempts, number=True),
        Column("error", "page.column_error", lambda row: row.sent.error),
    ),
    filters=(
        Filter(
            "state",
            "page.filter_state",
            tuple((each, Say(f"page.delivery_{each}")) for each in stored.STATES),
        ),
        Filter("wave", "page.filter_wave"),
        Filter("q", "page.column_name"),
    ),
    count=lambda tx, visit, _: stored.number(tx, visit.programme.id, visit.scope, _wanted(visit)),
    rows=_rows,
)


def _query(visit: Visit) -> str:
    kept = {key: visit.query[key] for key in ("state", "wave", "q") if visit.query.get(key)}
    return f"?{urlencode(kept)}" if kept else ""


def _list(tx: Transaction, visit: Visit) -> Answer:
    values = {"query": _query(visit), "may_resend": visit.actor.may(Right.RESEND), "most": stored.COUNTED}
    return _DELIVERIES.answer(tx, visit, "deliveries.html", values)


def _ask(tx: Transaction, visit: Visit) -> Show:
    """How many there are, before they are sent."""
    found = deliveries.resendable(tx, visit.actor, visit.programme, _wanted(visit), visit.now)
    count = sum(len(ids) for ids in found.values())
    return Show("deliveries_resend.html", {"count": count, "query": _query(visit)})


def _resend(tx: Transaction, visit: Visit) -> Go:
    deliveries.resend(tx, visit.actor, visit.programme, _wanted(visit), visit.now)
    return Go("/deliveries", said="resent")


WAYS: Final = (
    Way("/deliveries", Right.SEE_DELIVERIES, _list, menu="page.menu_deliveries"),
    Way("/deliveries/resend", Right.RESEND, _ask, _resend),
)
