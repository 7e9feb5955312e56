"""Deliveries on the page: filtered, exported, and sent again once, where they still mean something."""

from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select

from bot.domain.messages import Lane, Message, Say, SessionCard
from bot.storage import outbox
from bot.storage.database import Transaction
from bot.storage.tables import AuditRow, ModuleDoneRow, OutboxRow
from tests.examples import MODULE, SESSION
from tests.web.pages import BEGIN, World, form_token


def owe(tx: Transaction, person_id: int, reason: str, message: Message, **more: Any) -> None:
    whom = outbox.Recipient(person_id=person_id)
    more.setdefault("lane", Lane.REMINDER)
    outbox.owe(tx, whom, message, reason=reason, now=BEGIN, **more)


def failures(tx: Transaction, here: World) -> None:
    """One that can be sent again, for each of two offices; and what cannot, for a reason each."""
    anna, wati, other = (here.people[name] for name in ("anna", "wati", "other"))
    said = Say("help.nik")
    owe(tx, anna, "again", said)
    owe(tx, wati, "again", said)
    owe(tx, other, "elsewhere", said)
    owe(tx, anna, "session", SessionCard("p", SESSION.id), lane=Lane.SESSION)
    owe(tx, anna, "done", said, about=MODULE)
    owe(tx, anna, "answer", said, lane=Lane.REPLY)
    tx.connection.execute(insert(ModuleDoneRow).values(person_id=anna, module_id=MODULE.id, done_at=BEGIN))
    tx.connection.execute(OutboxRow.__table__.update().values(state="failed", error="x", settled_at=BEGIN))
    owe(tx, anna, "fine", said)


def owed(here: World) -> list[str]:
    def query(tx: Transaction) -> list[str]:
        which = (OutboxRow.state == "owed", OutboxRow.reason.not_like("sign%"))
        return sorted(tx.connection.scalars(select(OutboxRow.reason).where(*which)))

    found: list[str] = here.read(query)
    return [reason for reason in found if reason in {"again", "session", "done", "answer", "elsewhere"}]


async def test_what_failed_is_sent_again_once_within_its_meaning_and_scope(here: World) -> None:
    here.write(failures, here)
    await here.clock.advance_to(BEGIN + timedelta(days=1, hours=7))  # the session is over
    async with here.browser("part") as browser:
        page = (await browser.get("/deliveries?state=failed")).text
        assert page.count('<th scope="row">') == 4
        assert "Wati" not in page
        assert "Ya, kirim ulang 1 pesan" in (await browser.get("/deliveries/resend?state=failed")).text
        assert "Ya, kirim" not in (await browser.get("/deliveries/resend?q=nobody")).text
        form = {"form_token": await form_token(browser)}
        for _ in range(2):
            answer = await browser.post("/deliveries/resend?state=failed", data=form)
            assert answer.headers["location"] == "/deliveries?said=resent"
        assert owed(here) == ["again"]

    def noted(tx: Transaction) -> list[Any]:
        columns = select(AuditRow.action, AuditRow.people).where(AuditRow.action == "resent")
        return [tuple(row) for row in tx.connection.execute(columns)]

    assert here.read(noted) == [("resent", 1)]


async def test_a_session_that_is_to_come_is_sent_again(here: World) -> None:
    here.write(failures, here)
    async with here.browser("owner") as browser:
        form = {"form_token": await form_token(browser)}
        await browser.post("/deliveries/resend?q=anna", data=form)
        assert owed(here) == ["again", "session"]
        assert (await browser.get("/deliveries?state=x")).status_code == 400
        assert (await browser.post("/deliveries/resend?state=x", data=form)).status_code == 400
        csv = (await browser.get("/deliveries?state=failed&as=csv")).text.splitlines()
        assert len(csv) == 1 + 3
