"""NIP and NI PPPK as DOMAIN.md has them; a NIK in a chat message."""

import contextlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.identity import Employment, IdentityError, Nip, looks_like_nik, parse_nip

TODAY = date(2026, 11, 9)
PPPK = "199203152025211007"
NIK = "3171234567890001"  # invented


def key_of(text: str) -> str:
    with pytest.raises(IdentityError) as caught:
        parse_nip(text, TODAY)
    return caught.value.key


@pytest.mark.parametrize(
    "written",
    [
        PPPK,
        "19920315 202521 1 007",
        "19920315.202521.1.007",
        "19920315-202521-1-007",
        "'199203152025211007",
        "\u00a019920315\u2009202521\u200b1 007\ufeff",
        "NIP. 199203152025211007",
        "NI PPPK: 19920315 202521 1 007",
        "NIPPPK 199203152025211007",
    ],
)
def test_a_nip_is_read_as_people_write_it(written):
    assert parse_nip(written, TODAY) == Nip(PPPK)


def test_a_nip_is_shown_whole_only_on_purpose():
    nip = parse_nip(PPPK, TODAY)
    assert nip.digits == PPPK
    assert nip.masked == "1992••••••••••1007"
    assert (f"{nip!r}", f"{nip}") == ("Nip(1992••••••••••1007)", "1992••••••••••1007")
    assert PPPK not in str({"person": [nip]})


@pytest.mark.parametrize(
    ("middle", "employment", "warnings"),
    [
        ("01", Employment.PNS, ()),
        ("12", Employment.PNS, ()),
        ("00", Employment.UNKNOWN, ("nip.unknown_code",)),
        ("13", Employment.UNKNOWN, ("nip.unknown_code",)),
        ("20", Employment.UNKNOWN, ("nip.unknown_code",)),
        ("21", Employment.PPPK, ()),
        ("99", Employment.PPPK, ()),
    ],
)
def test_the_code_after_the_year_says_what_the_appointment_is(middle, employment, warnings):
    nip = parse_nip(f"199203152025{middle}1007", TODAY)
    assert (nip.employment, nip.warnings) == (employment, warnings)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "nip.empty"),
        (" - ", "nip.empty"),
        ("NIP.", "nip.empty"),
        ("1.99203E+17", "nip.scientific"),
        ("1,99203E+17", "nip.scientific"),
        ("'2e17", "nip.scientific"),
        ("19920315202521100A", "nip.letters"),
        ("١٩٩٢٠٣١٥٢٠٢٥٢١١٠٠٧", "nip.letters"),
        (NIK, "nip.nik"),
        ("19920315202521100", "nip.length"),
        ("1992031520252110071", "nip.length"),
        ("199202302025211007", "nip.birth"),
        ("000000002025211007", "nip.birth"),
        ("202611092026211007", "nip.birth"),
        ("199203152018211007", "nip.year"),
        ("199203152028211007", "nip.year"),
        ("199203152025210007", "nip.sex"),
        ("199203152025213007", "nip.sex"),
        ("199203152025211000", "nip.serial"),
    ],
)
def test_what_is_no_nip_is_refused_with_the_reason(text, key):
    assert key_of(text) == key


def test_next_year_is_still_a_year_of_appointment():
    assert parse_nip("199203152027211007", TODAY).employment is Employment.PPPK


def test_the_error_never_holds_the_number():
    with pytest.raises(IdentityError) as caught:
        parse_nip("199203152018211007", TODAY)
    assert caught.value.params == {"year": 2018, "first": 2019, "last": 2027}
    assert "19920315" not in repr(caught.value)


@given(
    born=st.dates(date(1940, 1, 1), date(2008, 1, 1)),
    year=st.integers(2019, 2027),
    code=st.integers(21, 99),
    sex=st.sampled_from("12"),
    serial=st.integers(1, 999),
)
def test_every_number_built_by_the_rule_is_accepted(born, year, code, sex, serial):
    digits = f"{born:%Y%m%d}{year}{code:02}{sex}{serial:03}"
    written = f"{born:%Y%m%d} {year}{code:02} {sex} {serial:03}"
    nip = parse_nip(digits, TODAY)
    assert nip.digits == digits
    assert parse_nip(written, TODAY) == nip
    assert nip.employment is Employment.PPPK
    assert not looks_like_nik(digits)
    assert not looks_like_nik(written)


@given(st.one_of(st.text(), st.from_regex(r"[0-9]{16,19}", fullmatch=True)))
def test_any_text_is_a_nip_or_an_identity_error(text):
    with contextlib.suppress(IdentityError):
        assert len(parse_nip(text, TODAY).digits) == 18


@pytest.mark.parametrize(
    "message",
    [
        NIK,
        "NIK: 3171234567890001",
        "NIK3171234567890001",
        "nik saya 3171 2345 6789 0001 ya",
        "3171-2345-6789-0001",
        "317123.456789.0001",
        "31 71 23 456789 0001",
        "1. 3171234567890001\n2. belum ada",
        "(3171234567890001).",
        "NIP 199203152025211007 NIK 3171234567890001",
        "199203152025211007 3171234567890001",
        "Hari ini saya belajar banyak. " * 20 + NIK,
    ],
)
def test_a_nik_is_seen_in_a_message(message):
    assert looks_like_nik(message)


@pytest.mark.parametrize(
    "message",
    [
        "",
        "Selamat pagi",
        "199203152025211007",
        "19920315 202521 1 007",
        "31712345678900012345",
        "317123456789001",
        "081234567890",
        "+62 812-3456-7890",
        "ID rapat 812 3456 7890, kode 123456",
        "2026-11-09 08.15-14.45",
        "9/11/2026 08.15 - 10/11/2026 14.45",
        "https://zoom.example.invalid/j/3171234567890001?pwd=1",
        "1234\n5678\n9012\n3456",
        "Rp1.234.567.890.123.456.789",
    ],
)
def test_other_numbers_are_no_nik(message):
    assert not looks_like_nik(message)


@given(st.text())
def test_any_message_is_looked_at_without_an_error(message):
    assert looks_like_nik(message) in {True, False}


def test_years_in_a_row_are_no_number() -> None:
    assert not looks_like_nik("Pengalaman saya: 2023 2024 2025 2026, semuanya di kantor desa.")
    assert looks_like_nik("3171 2345 1990 0001")
