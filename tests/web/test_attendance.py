"""Attendance on the page: what is seen of whom, decided by whom, and noted."""

from datetime import timedelta

import httpx
from sqlalchemy import select

from bot.domain.attendance import Evidence, Kind, Leg
from bot.storage import attendance
from bot.storage.attendance import Entry
from bot.storage.database import Transaction
from bot.storage.tables import AuditRow, OutboxRow
from tests.examples import SESSION
from tests.web.pages import World, form_token, zoom_name

_STEP = timedelta(seconds=30)


def _codes(tx: Transaction, here: World) -> None:
    """Anna has checked in; many of Wamena have sent one old code; Wati says that she was there."""
    rule = here.database.catalogue.programmes["p"].sessions[0].check_in
    assert rule is not None
    at, anna, wati = SESSION.starts, here.people["anna"], here.people["wati"]
    right = Evidence(Kind.CODE, at, Leg.IN, lag=timedelta(seconds=9))
    old = Evidence(Kind.CODE, at, Leg.IN, counts=False, lag=timedelta(seconds=95))
    said = Evidence(Kind.CONTEST, at + timedelta(hours=7), counts=False)
    entries = [
        Entry(anna, "hari-1", right, key="in:7", step=7),
        Entry(wati, "hari-1", old, key="in:7", step=7),
        Entry(wati, "hari-1", said, key="contest"),
    ]
    attendance.add(tx, "p", entries)
    attendance.weigh(tx, "p", "hari-1", rule, [anna, wati], at)


async def test_a_decision_is_seen_noted_and_told(here: World) -> None:
    here.write(_codes, here)
    path = f"/attendance/hari-1/people/{here.people['wati']}"
    async with here.browser("coordinator") as browser:
        assert "1 orang mengirim kode yang sudah berganti" in (await browser.get("/attendance/hari-1")).text
        before = (await browser.get(path)).text
        assert "kode lama, 95 detik setelah tampil" in before
        form = {"form_token": await form_token(browser), "present": "yes", "why": "Terlihat di kamera"}
        assert (await browser.post(f"{path}/decide", data=form)).status_code == 303
        after = (await browser.get(path)).text
        assert "memutuskan hadir (Terlihat di kamera)" in after
        assert (await browser.get("/attendance/hari-1?contested=1")).text.count("Wati Wamena") == 0
        sheet = await browser.get("/attendance/hari-1/sheets")
        assert sheet.content.startswith(b"%PDF-")

    def noted(tx: Transaction) -> tuple[list[tuple[str, str]], list[str]]:
        rows = tx.connection.execute(select(AuditRow.action, AuditRow.subject).order_by(AuditRow.id))
        told = select(OutboxRow.reason).where(OutboxRow.person_id == here.people["wati"])
        return [(action, subject) for action, subject in rows], list(tx.connection.scalars(told))

    audit, told = here.read(noted)
    wati = str(here.people["wati"])
    assert [each for each in audit if each[0] != "signed_in"] == [
        ("person_seen", wati),
        ("attendance_decided", wati),
        ("person_seen", wati),
        ("exported", "hari-1"),
    ]
    assert [reason.partition("@")[0] for reason in told] == ["p/decided:hari-1"]


async def test_who_has_not_done_a_session_was_not_there(here: World) -> None:
    here.write(_codes, here)

    def there(tx: Transaction) -> list[int]:
        return list(tx.connection.scalars(attendance.present("p", "hari-1")))

    assert here.read(there) == [here.people["anna"]]


async def test_a_doubtful_name_is_settled_on_the_page(here: World) -> None:
    wati, anna = here.people["wati"], here.people["anna"]
    first = here.write(zoom_name, "p", "Wati W.", [wati])
    second = here.write(zoom_name, "p", "Galaxy A15", [])
    third = here.write(zoom_name, "p", "Ruang Rapat", [])
    path = "/attendance/hari-1/names"
    async with here.browser("coordinator") as browser:
        assert f'{path}"' in (await browser.get("/attendance/hari-1")).text
        seen = (await browser.get(path)).text
        assert f'value="{wati}">Wati Wamena · SMPN 1 Wamena' in seen
        token = {"form_token": await form_token(browser)}

        async def settles(number: int, **form: str) -> httpx.Response:
            return await browser.post(f"{path}/{number}/settle", data={**token, **form})

        assert (await browser.post(f"{path}/{first}/settle", data={"who": str(wati)})).status_code == 403
        assert (await settles(first, who=str(wati))).status_code == 303
        assert (await settles(first, who=str(anna))).status_code == 303  # settled before: nothing changes
        assert (await settles(third, who=str(here.people["other"]))).status_code == 403  # of elsewhere
        assert (await settles(second, who="x")).status_code == 400
        unknown = await settles(second, who="typed", typed="Zulkifli Tidak Ada")
        assert unknown.status_code == 409
        assert "Tidak ada peserta dengan nama itu" in unknown.text
        assert (await settles(second, who="typed", typed="Anna Maros, Wati Wamena")).status_code == 303
        assert (await settles(third, who="nobody")).status_code == 303
        assert "sudah dicocokkan" in (await browser.get(path)).text
        assert path not in (await browser.get("/attendance/hari-1")).text

    def known(tx: Transaction) -> tuple[dict[int, int | None], list[str]]:
        minutes = {who: attendance.of_person(tx, who)["hari-1"].minutes for who in (anna, wati)}
        noted = tx.connection.scalars(select(AuditRow.action).order_by(AuditRow.id))
        return minutes, [each for each in noted if each == "zoom_name_settled"]

    minutes, noted = here.read(known)
    assert minutes == {anna: 130, wati: 130}
    assert len(noted) == 3
