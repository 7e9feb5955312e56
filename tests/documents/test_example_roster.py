"""The roster that Rekan ships, and the crowd that is invented by the same rule."""

from datetime import date
from pathlib import Path

from bot.documents.rosters import read_roster
from bot.domain.identity import Employment, parse_nip
from bot.domain.zones import Zone
from bot.rehearsal.people import invent_people

EXAMPLE = Path(__file__).parents[2] / "content" / "examples" / "peserta.csv"
TODAY = date(2026, 11, 2)


def test_the_shipped_roster_imports_cleanly():
    roster = read_roster(EXAMPLE, today=TODAY)
    assert (len(roster.rows), roster.rejected) == (60, ())
    assert [warning.key for warning in roster.warnings] == ["rows.left_out"]  # its total
    assert len({row.office for row in roster.rows}) == 6
    assert len({row.province for row in roster.rows}) >= 12
    assert {row.province.zone for row in roster.rows if row.province} == set(Zone)
    assert {(row.wave, row.class_) for row in roster.rows} == {("I", "1"), ("II", "2")}
    assert {row.group for row in roster.rows} == set("ABCD")


def test_the_shipped_roster_is_the_invented_crowd():
    rows = read_roster(EXAMPLE, today=TODAY).rows
    invented = invent_people(60, seed=2026)
    assert [(row.nip, row.office, row.province, row.group) for row in rows] == [
        (person.nip, person.office, person.province, person.group) for person in invented
    ]
    assert [row.name.casefold() for row in rows] == [person.name.casefold() for person in invented]


def test_invented_people_are_valid_different_and_the_same_for_a_seed():
    people = invent_people(3_400, seed=7)
    assert people == invent_people(3_400, seed=7)
    assert people[:60] != invent_people(60, seed=8)
    assert len({person.nip for person in people}) == 3_400
    assert all(parse_nip(person.nip.digits, TODAY).employment is Employment.PPPK for person in people)
    assert len({person.province for person in people}) == 38
    assert None not in {person.province for person in people}
    assert {person.wave for person in people} == {"I", "II"}
    assert len({person.class_ for person in people}) == 85
    assert len({person.name for person in people[:60]}) == 60
