"""The page of figures: right, complete in the docs, used by the dashboard, and without anybody's number."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import insert

from bot.clock import SystemClock
from bot.delivery.pacer import Limits, Pacer
from bot.delivery.sender import Sender
from bot.domain.events import Sender as Somebody
from bot.domain.events import Wrote
from bot.domain.messages import Reader, Say
from bot.domain.outcomes import HoldBack
from bot.domain.zones import Zone
from bot.intake import Intake
from bot.storage import outbox
from bot.storage.database import Database, Transaction
from bot.storage.outbox import Recipient
from bot.storage.tables import WaveRow
from bot.usecases.desk import Handled
from bot.watch import Watch
from bot.web.server import serving
from tests.examples import add_person
from tests.scripted import Wire
from tests.web.conftest import get

ROOT = Path(__file__).parent.parent.parent
DASHBOARD = ROOT / "docs" / "grafana" / "rekan.json"
ALERTS = ROOT / "docs" / "prometheus" / "rekan.rules.yaml"
DOCS = ROOT / "docs" / "observing.md"

Figures = dict[tuple[str, ...], float]


@dataclass
class Running:
    """The parts of a bot whose figures are looked at."""

    database: Database
    sender: Sender
    intake: Intake
    wire: Wire
    address: str = ""

    async def figures(self) -> Figures:
        """By the sample's name and its labels' values."""
        status, page = await get(self.address, "/metrics")
        assert status == 200
        return {
            (sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(page)
            for sample in family.samples
        }


def _answer(tx: Transaction, update_id: int, event: object, now: object, _begin: object) -> Handled:
    """A desk that replies to everybody."""
    assert isinstance(event, Wrote)
    clock = SystemClock()
    recipient = Recipient(chat_id=event.sender.chat_id)
    outbox.owe(
        tx, recipient, Say("hello"), reason=f"update:{update_id}:0", lane=outbox.Lane.REPLY, now=clock.now()
    )
    return Handled(None, Reader("id", Zone.WIB))


@pytest.fixture
async def running(database: Database) -> AsyncIterator[Running]:
    clock = SystemClock()
    wire = Wire(clock)  # type: ignore[arg-type]  # it only asks what time it is
    pacer = Pacer(clock, Limits())
    sender = Sender(database, wire, pacer, clock)
    intake = Intake(database, _answer, wire, sender.nudge, clock)
    watch = Watch(database, clock, sender=sender, pacer=pacer, intake=intake, build_info={"mode": "polling"})
    running = Running(database, sender, intake, wire)
    async with serving(watch.application(), "127.0.0.1:0") as running.address:
        yield running


async def test_a_reply_is_in_the_figures_from_its_arrival_to_its_end(running: Running) -> None:
    before = await running.figures()
    assert before["rekan_updates_total", "taken"] == 0
    assert before["rekan_reply_seconds_count",] == 0
    await running.intake.take(7, Wrote(Somebody(88_123_456, None), 1, "rahasia"))
    running.wire.script[88_123_456].append(HoldBack(0.01))
    running.wire.script[88_123_456].append(HoldBack(0.01))
    await _sent(running)
    figures = await running.figures()
    assert figures["rekan_updates_total", "taken"] == 1
    assert figures["rekan_update_seconds_count",] == 1
    assert figures["rekan_calls_total", "sent"] == 1
    assert figures["rekan_calls_total", "hold_back"] == 2
    assert figures["rekan_calls_total", "failed"] == 0
    assert figures["rekan_reply_seconds_count",] == 1
    assert 0 < figures["rekan_reply_seconds_sum",] < 5
    assert figures["rekan_reply_seconds_bucket", "+Inf"] == 1
    assert figures["rekan_pace_used",] >= 1
    assert figures["rekan_database_batch_size_sum",] == figures["rekan_database_transactions_total",]
    assert figures["rekan_database_batch_size_count",] == figures["rekan_database_commits_total",]


async def _sent(running: Running) -> None:
    sending = asyncio.create_task(running.sender.run())
    async with asyncio.timeout(10):
        while not running.sender.counts["Sent"]:  # noqa: ASYNC110 - what is looked at knows no events
            await asyncio.sleep(0.005)
    running.sender.stop()
    await sending


async def test_what_waits_is_in_the_figures(running: Running) -> None:
    now = SystemClock().now()

    def owe(tx: Transaction) -> None:
        for n in range(3):
            whom = Recipient(person_id=add_person(tx, f"Person {n}"))
            outbox.owe(
                tx,
                whom,
                Say("hello"),
                reason="x",
                lane=outbox.Lane.SESSION,
                now=now,
                due_at=now - 2 * outbox.EVERYBODY_BY,
            )

    running.database.write_now(owe)
    figures = await running.figures()
    assert figures["rekan_outbox_messages", "session", "due"] == 3
    assert figures["rekan_outbox_messages", "reply", "due"] == 0
    assert 1800 <= figures["rekan_outbox_oldest_seconds", "session"] < 1830
    assert figures["rekan_outbox_overdue_messages", "session"] == 3
    assert 900 <= figures["rekan_outbox_overdue_seconds", "session"] < 930
    assert figures["rekan_database_up",] == 1


async def test_without_a_database_the_other_figures_are_there(running: Running) -> None:
    running.database.close_now()
    figures = await running.figures()
    assert figures["rekan_database_up",] == 0
    assert figures["rekan_updates_total", "taken"] == 0
    assert ("rekan_outbox_messages", "reply", "due") not in figures


async def test_the_checks_are_in_the_figures_once_they_were_asked(running: Running) -> None:
    assert ("rekan_check_ok", "database") not in await running.figures()
    await get(running.address, "/readyz")
    assert (await running.figures())["rekan_check_ok", "database"] == 1


async def test_nobody_is_in_the_figures_and_their_number_is_bounded(running: Running) -> None:
    _, before = await get(running.address, "/metrics")
    for n in range(20):
        await running.intake.take(n, Wrote(Somebody(88_000_000 + n, None), 1, "rahasia"))
    await _sent(running)
    _, page = await get(running.address, "/metrics")
    assert "880000" not in page
    assert "rahasia" not in page
    assert len(page.splitlines()) == len(before.splitlines()) < 250


async def test_prometheus_own_format_is_spoken_too(running: Running) -> None:
    status, page = await get(
        running.address, "/metrics", Accept="application/openmetrics-text; version=1.0.0"
    )
    assert status == 200
    assert page.endswith("# EOF\n")


async def test_strangers_see_no_figures(database: Database) -> None:
    watch = Watch(database, SystemClock())
    async with serving(watch.application(public=True), "127.0.0.1:0") as address:
        assert (await get(address, "/metrics"))[0] == 404
        assert (await get(address, "/readyz"))[0] == 200


# --- the docs and the dashboard -----------------------------------------------------------------------


async def names(running: Running) -> set[str]:
    """Every family of ours, as one asks for it: a counter with its ending."""
    _, page = await get(running.address, "/metrics")
    return {
        family.name + ("_total" if family.type == "counter" else "")
        for family in text_string_to_metric_families(page)
        if family.name.startswith("rekan_")
    }


async def test_the_docs_have_every_figure_and_no_other(running: Running) -> None:
    await get(running.address, "/readyz")
    documented = re.findall(r"^\| `(rekan_\w+)", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(documented) == sorted(await names(running))


async def test_the_dashboard_asks_for_what_there_is(running: Running) -> None:
    await get(running.address, "/readyz")
    _, page = await get(running.address, "/metrics")
    there = {sample.name for family in text_string_to_metric_families(page) for sample in family.samples}
    asked = set(
        re.findall(r"\b(?:rekan|process)_\w+", json.dumps(_queries(json.loads(DASHBOARD.read_text()))))
    )
    assert asked
    assert asked <= there
    # ... and shows all that there is: a figure that nobody looks at is not worth its place.
    shown = {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked}
    assert await names(running) <= shown


def _queries(part: object) -> list[str]:
    if isinstance(part, dict):
        own = [part["expr"]] if "expr" in part else []
        return own + [query for value in part.values() for query in _queries(value)]
    if isinstance(part, list):
        return [query for value in part for query in _queries(value)]
    return []


async def test_the_alerts_ask_for_what_there_is(running: Running) -> None:
    await get(running.address, "/readyz")
    _, page = await get(running.address, "/metrics")
    there: dict[str, dict[str, set[str]]] = {"up": {}}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            values = there.setdefault(sample.name, {})
            for label, value in sample.labels.items():
                values.setdefault(label, set()).add(value)
    (group,) = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    named = [rule["alert"] for rule in group["rules"]]
    assert len(named) == len(set(named)) > 10
    for rule in group["rules"]:
        assert set(rule) - {"for"} == {"alert", "expr", "labels", "annotations"}
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert set(rule["annotations"]) == {"summary", "description"}
        asked = re.findall(r"(\w+)\{([^}]*)\}", rule["expr"])
        assert asked, rule
        for name, selector in asked:
            labels = dict(re.findall(r'(\w+)=~?"([^"]*)"', selector))
            assert labels.pop("job") == "rekan"  # as in docs/observing.md
            for label, wanted in labels.items():
                assert set(wanted.split("|")) <= there[name][label], (rule["alert"], name, label)
            assert name in there, (rule["alert"], name)
        mentioned = re.findall(r"\brekan_\w+", f"{rule['expr']} {rule['annotations']['description']}")
        families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in there}
        assert {re.sub(r"_bucket$", "", name) for name in mentioned} <= families


async def test_a_wave_that_will_be_late_is_in_the_figures_while_it_is_under_way(running: Running) -> None:
    now = SystemClock().now()

    def plan(tx: Transaction) -> None:
        times = {"due_at": now, "not_after": now + timedelta(hours=1), "planned_at": now, "people": 9}
        for zone, last in (("WIB", 600), ("WITA", 60), ("WIT", -60)):
            tx.connection.execute(
                insert(WaveRow).values(
                    programme_id="p",
                    entry_id="modul",
                    zone=zone,
                    everybody_by=now - timedelta(minutes=5),
                    last_expected_at=now + timedelta(seconds=last),
                    state="planned",
                    **times,
                )
            )

    running.database.write_now(plan)
    figures = await running.figures()
    assert figures["rekan_waves_forecast_late_seconds",] == 900
    assert figures["rekan_waves", "planned"] == 3
