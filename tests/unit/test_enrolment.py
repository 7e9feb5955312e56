"""Who gets in by which link."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.enrolment import Claim, Link, Refused, Welcome, WelcomeBack, claim, tidy

NOW = datetime(2026, 11, 6, 7, tzinfo=UTC)
VALID = Link(person=7, serial=1, current_serial=1, expires_at=NOW + timedelta(days=1), claimed_by_chat=None)


def link(**changes: object) -> Link:
    return Link(**{**{name: getattr(VALID, name) for name in Link.__slots__}, **changes})


@pytest.mark.parametrize(
    ("code", "chats_person", "outcome"),
    [
        (VALID, None, Welcome(7)),
        (VALID, 7, WelcomeBack()),
        (link(claimed_by_chat=1), None, Welcome(7)),
        (VALID, 8, Refused("claim.somebody_elses", appeal=False)),
        (None, None, Refused("claim.invented", appeal=True)),
        (None, 8, Refused("claim.invented", appeal=False)),
        (link(claimed_by_chat=2), None, Refused("claim.used", appeal=True)),
        (link(claimed_by_chat=2, expires_at=NOW - timedelta(1)), None, Refused("claim.used", appeal=True)),
        (link(current_serial=2), None, Refused("claim.replaced", appeal=True)),
        (link(expires_at=NOW - timedelta(seconds=1)), None, Refused("claim.expired", appeal=True)),
        (link(expires_at=None), None, Welcome(7)),
        (link(claimed_by_chat=1, expires_at=NOW - timedelta(1)), 7, WelcomeBack()),
    ],
)
def test_a_claim_link(code: Link | None, chats_person: int | None, outcome: Claim) -> None:
    assert claim(code, 1, chats_person, NOW) == outcome


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Siti Aminah", "Siti Aminah"),
        ("  Siti \n Aminah, S.Pd. ", "Siti Aminah, S.Pd."),
        ("", None),
        ("12345", None),
        ("a" * 121, None),
        ("lihat http://x.example.invalid", None),
    ],
)
def test_a_typed_name(typed: str, name: str | None) -> None:
    assert tidy(typed) == name
