import re

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.claims import claim_code, read_claim_code

SECRET = bytes(range(32))
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
people = st.integers(1, 2**63 - 1)
serials = st.integers(1, 2**32 - 1)


@given(people, serials)
def test_a_code_names_its_person_and_fits_a_deep_link(person_id: int, serial: int) -> None:
    code = claim_code(SECRET, person_id, serial)
    assert re.fullmatch(r"c[A-Za-z0-9_-]{1,63}", code)
    assert read_claim_code(SECRET, code) == (person_id, serial)


@given(people, serials, st.binary(min_size=16, max_size=64))
def test_another_installations_secret_reads_nothing(person_id: int, serial: int, other: bytes) -> None:
    if other != SECRET:
        assert read_claim_code(other, claim_code(SECRET, person_id, serial)) is None


@given(people, serials, st.data())
def test_any_other_character_anywhere_voids_it(person_id: int, serial: int, data: st.DataObject) -> None:
    code = claim_code(SECRET, person_id, serial)
    place = data.draw(st.integers(0, len(code) - 1))
    other = data.draw(st.characters().filter(lambda c: c != code[place]) | st.sampled_from(ALPHABET))
    if other != code[place]:
        assert read_claim_code(SECRET, code[:place] + other + code[place + 1 :]) is None


@given(people, serials, st.data())
def test_a_part_or_more_than_all_of_it_is_no_code(person_id: int, serial: int, data: st.DataObject) -> None:
    code = claim_code(SECRET, person_id, serial)
    assert read_claim_code(SECRET, code[: data.draw(st.integers(0, len(code) - 1))]) is None
    assert read_claim_code(SECRET, code + data.draw(st.text(min_size=1))) is None


@given(st.text() | st.from_regex(r"c[A-Za-z0-9_-]{32}", fullmatch=True))
def test_what_was_not_made_with_the_secret_is_no_code(payload: str) -> None:
    assert read_claim_code(SECRET, payload) is None


def test_codes_are_stable() -> None:
    # Links are printed on paper: a new version must go on reading them.
    assert claim_code(SECRET, 1, 1) == "cAAAAAAAAAAEAAAAB402kH1OaBFyRdrnG"
    assert claim_code(SECRET, 3400, 2) != claim_code(SECRET, 3400, 1)
