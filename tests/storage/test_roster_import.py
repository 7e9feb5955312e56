from dataclasses import replace
from datetime import UTC, date, datetime

from sqlalchemy import select, update

from bot.documents.rosters import RosterRow
from bot.domain.claims import read_claim_code
from bot.domain.identity import parse_nip
from bot.domain.language import Localised
from bot.domain.programme import Course, Enrolment, Portal, Programme
from bot.domain.zones import Zone, find_province
from bot.storage.database import Database, Transaction
from bot.storage.secrets import CLAIMS, find_secret, secret
from bot.storage.tables import ChatRow, PersonRow
from bot.usecases.links import Selection, claim_links, reissue
from bot.usecases.rosters import ImportResult, import_roster

NOW = datetime(2026, 11, 1, 3, tzinfo=UTC)
LATER = datetime(2026, 11, 2, 3, tzinfo=UTC)
EVERYBODY = Selection()
PROGRAMME = Programme(
    id="pppk-2026",
    title=Localised("Orientasi", "Orientation"),
    zone=Zone.WIB,
    first_day=date(2026, 11, 6),
    last_day=date(2026, 12, 10),
    portal=Portal("MOOC", "https://mooc.example.invalid"),
    enrolment=Enrolment.CLOSED,
    course=Course(15),
    agendas=(),
    quizzes=(),
    journal=(),
    sessions=(),
    timetable=(),
)


def row(number: int, name: str, province: str | None = None, **changes: object) -> RosterRow:
    nip = parse_nip(f"19920315202521{1}{number:03}", date(2026, 11, 1))
    where = find_province(province) if province else None
    return replace(RosterRow(number, name, nip, "Kantor A", where, "1", "A", "2"), **changes)  # type: ignore[arg-type]


ANNA, BUDI, CITRA = row(1, "Anna", "Bali"), row(2, "Budi", "Papua"), row(3, "Citra")


def enter(database: Database, *rows: RosterRow, now: datetime = NOW, dry_run: bool = False) -> ImportResult:
    return database.write_now(import_roster, PROGRAMME, rows, now, dry_run=dry_run)


def person(tx: Transaction, name: str) -> dict[str, object]:
    return dict(
        tx.connection.execute(select(PersonRow.__table__).where(PersonRow.name == name)).one()._mapping
    )


def test_new_people_get_the_zone_of_their_province_and_an_expiry(database: Database) -> None:
    assert enter(database, ANNA, BUDI, CITRA) == ImportResult(3, 0, 0, 0)
    anna, budi, citra = (database.read_now(person, name) for name in ("Anna", "Budi", "Citra"))
    assert [anna["zone"], budi["zone"], citra["zone"]] == ["WITA", "WIT", "WIB"]
    assert anna["nip"] == "199203152025211001"
    assert anna["province"] == "Bali"
    assert (anna["wave"], anna["class"], anna["group_name"]) == ("1", "A", "2")
    assert (anna["created_at"], anna["consented_at"], anna["claim_serial"]) == (NOW, None, 1)
    assert anna["claim_expires_at"] == datetime(2026, 12, 10, 17, tzinfo=UTC)  # midnight in Jakarta


def test_the_same_roster_again_changes_nothing(database: Database) -> None:
    enter(database, ANNA, BUDI)
    before = database.read_now(person, "Anna")
    assert enter(database, ANNA, BUDI, now=LATER) == ImportResult(0, 0, 2, 0)
    assert database.read_now(person, "Anna") == before


def test_a_dry_run_counts_and_writes_nothing(database: Database) -> None:
    enter(database, ANNA)
    moved = replace(ANNA, office="Kantor B")
    assert enter(database, moved, BUDI, dry_run=True) == ImportResult(1, 1, 0, 0)
    assert enter(database, ANNA, now=LATER) == ImportResult(0, 0, 1, 0)


def test_a_newer_roster_corrects_and_leaves_what_people_did(database: Database) -> None:
    enter(database, ANNA)

    def consent(tx: Transaction) -> None:
        tx.connection.execute(update(PersonRow).values(consented_at=NOW, language="en", claimed_at=NOW))

    database.write_now(consent)
    corrected = row(1, "Anna S.", "Maluku", office="Kantor B", wave="2")
    assert enter(database, corrected, now=LATER) == ImportResult(0, 1, 0, 0)
    anna = database.read_now(person, "Anna S.")
    assert (anna["office"], anna["province"], anna["wave"], anna["zone"]) == (
        "Kantor B",
        "Maluku",
        "2",
        "WIT",
    )
    assert (anna["consented_at"], anna["language"], anna["claimed_at"]) == (NOW, "en", NOW)
    assert (anna["created_at"], anna["updated_at"]) == (NOW, LATER)


def test_a_zone_that_somebody_chose_stays(database: Database) -> None:
    enter(database, ANNA)
    database.write_now(lambda tx: tx.connection.execute(update(PersonRow).values(zone="WIB")) and None)
    assert enter(database, row(1, "Anna", "Maluku")) == ImportResult(0, 1, 0, 0)
    assert database.read_now(person, "Anna")["zone"] == "WIB"


def test_an_empty_cell_says_nothing(database: Database) -> None:
    enter(database, ANNA)
    assert enter(database, replace(ANNA, province=None, wave=None, class_=None, group=None)) == ImportResult(
        0, 0, 1, 0
    )


def test_whoever_is_missing_stays_and_is_counted(database: Database) -> None:
    enter(database, ANNA, BUDI)
    assert enter(database, BUDI) == ImportResult(0, 0, 1, 1)
    assert database.read_now(person, "Anna")["office"] == "Kantor A"


def codes(database: Database, selection: Selection = EVERYBODY) -> dict[str, str]:
    return {link.person.name: link.code for link in database.write_now(claim_links, PROGRAMME, selection)}


def test_links_are_made_from_the_secret_and_stay_the_same(database: Database) -> None:
    enter(database, ANNA, BUDI)
    links = codes(database)
    assert list(links) == ["Anna", "Budi"]
    assert codes(database) == links
    key = database.read_now(find_secret, CLAIMS)
    assert key is not None
    assert [read_claim_code(key, code) for code in links.values()] == [(1, 1), (2, 1)]
    assert database.write_now(secret, "another") != key


def test_links_of_some(database: Database) -> None:
    enter(database, ANNA, replace(BUDI, office="Kantor B"), CITRA)

    def link_anna(tx: Transaction) -> None:
        tx.connection.execute(
            ChatRow.__table__.insert().values(id=7, person_id=1, language="id", reach="open", created_at=NOW)
        )

    database.write_now(link_anna)
    assert list(codes(database, Selection(offices=["Kantor B"]))) == ["Budi"]
    assert list(codes(database, Selection(nips=["199203152025211003"]))) == ["Citra"]
    assert list(codes(database, Selection(unclaimed_only=True))) == ["Citra", "Budi"]
    assert list(codes(database, Selection(unclaimed_only=True, offices=["Kantor A"]))) == ["Citra"]


def test_a_link_issued_anew_is_another_and_parts_the_chat(database: Database) -> None:
    enter(database, ANNA, BUDI)
    old = codes(database)

    def link_anna(tx: Transaction) -> None:
        tx.connection.execute(
            ChatRow.__table__.insert().values(id=7, person_id=1, language="id", reach="open", created_at=NOW)
        )

    database.write_now(link_anna)
    database.write_now(reissue, [1], LATER)
    new = codes(database, Selection(unclaimed_only=True))
    assert new["Budi"] == old["Budi"]
    assert new["Anna"] != old["Anna"]
    key = database.read_now(find_secret, CLAIMS)
    assert key is not None
    assert read_claim_code(key, new["Anna"]) == (1, 2)


def test_a_programme_that_lasts_longer_extends_its_links(database: Database) -> None:
    enter(database, ANNA)
    longer = replace(PROGRAMME, last_day=date(2026, 12, 20))
    database.write_now(claim_links, longer, Selection())
    assert database.read_now(person, "Anna")["claim_expires_at"] == datetime(2026, 12, 20, 17, tzinfo=UTC)
