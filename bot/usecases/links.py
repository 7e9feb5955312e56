"""Personal claim links: made from what the database knows, never kept in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.claims import claim_code
from bot.domain.programme import Programme
from bot.storage import rosters
from bot.storage.database import Transaction
from bot.storage.rosters import Claimable
from bot.storage.secrets import CLAIMS, secret
from bot.usecases.rosters import links_expire


@dataclass(frozen=True, slots=True)
class ClaimLink:
    """Somebody and the `start` payload that makes a chat theirs."""

    person: Claimable
    code: str


@dataclass(frozen=True, slots=True)
class Selection:
    """For whom links are made; empty conditions always hold."""

    offices: Sequence[str] = ()
    nips: Sequence[str] = ()
    unclaimed_only: bool = False


def claim_links(tx: Transaction, programme: Programme, selection: Selection) -> tuple[ClaimLink, ...]:
    """The current links of everybody selected. They are good until the programme's last day, moved or not."""
    rosters.extend_links(tx, programme.id, links_expire(programme))
    key = secret(tx, CLAIMS)
    return tuple(
        ClaimLink(person, claim_code(key, person.id, person.serial))
        for person in rosters.claimable_people(
            tx,
            programme.id,
            offices=selection.offices,
            nips=selection.nips,
            unclaimed_only=selection.unclaimed_only,
        )
    )


def reissue(tx: Transaction, people: Sequence[int], now: datetime) -> None:
    """Void the present links of these people, so that `claim_links` makes new ones.

    A link that was used is void as well, chat included: its phone is lost, or was never the person's.
    """
    rosters.renew_links(tx, people, now=now)
