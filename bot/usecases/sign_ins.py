"""Signing in to the pages: a link that the bot hands out, and browsers that stay signed in for a while.

The pages decide nothing by themselves: who a browser belongs to, and what they may, is looked up with every
request, so that it ends with the role.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any
from urllib.parse import quote

from bot.domain.audit import Action
from bot.domain.events import Shared, Wrote
from bot.domain.forms import clock_time
from bot.domain.messages import Button, Edit, Lane, Reply, Say, Tap
from bot.domain.sign_ins import Kind, Lasting, digest, made_by, token
from bot.domain.staff import Actor, Right
from bot.storage import audit, outbox, sign_ins, staff, state
from bot.storage.database import Transaction
from bot.storage.secrets import PAGES, find_secret, secret
from bot.usecases.menu import OLD_BUTTON
from bot.usecases.shift import Shift, menu_button

ACTION = "k-halaman"
RIGHT = Right.SEE_TIMETABLE
"""Whoever works here has something to see there."""

_SEEN_EVERY = timedelta(minutes=5)  # of real time; a write for every request would be one too many


class Refusal(Enum):
    """Why a link does not let in."""

    UNKNOWN = "unknown"  # or replaced by a newer one
    USED = "used"
    EXPIRED = "expired"
    NO_ROLE = "no_role"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who asks, from which browser."""

    actor: Actor
    browser_id: int
    stale: bool
    """Whether it is to be noted that they were seen (`see`)."""


def address(tx: Transaction) -> str | None:
    """Where people reach the pages; None where nobody has said so."""
    return state.recall(tx, state.PAGES_URL) or None


def remember_address(tx: Transaction, url: str | None) -> None:
    """Note where people reach the pages, as this process serves them."""
    state.remember(tx, state.PAGES_URL, "" if url is None else url.rstrip("/"))


def lasting(tx: Transaction) -> Lasting:
    """How long links and sign-ins last on this installation's clock."""
    factor = state.recall(tx, state.TIME_LAPSE)
    return Lasting() if factor is None else Lasting().times(int(factor))


# --- links ------------------------------------------------------------------------------------------------


def hand_out(tx: Transaction, person_id: int, now: datetime, to: str = "/") -> str | None:
    """A link by which that person signs in, once and soon; None where the pages have no address.

    `to` is the page that it leads to, a path like `/layar/hari-1`.
    """
    url = address(tx)
    if url is None:
        return None
    made = token(secret(tx, PAGES), Kind.LINK, secrets.token_bytes(32))
    sign_ins.hand_out(tx, person_id, digest(made), now, now + lasting(tx).link)
    return f"{url}/sign-in/{made}" + ("" if to == "/" else f"?to={quote(to)}")


def look(tx: Transaction, given: str, now: datetime) -> Actor | Refusal:
    """Whom the link would sign in; it is not used by that."""
    key = find_secret(tx, PAGES)
    if key is None or not made_by(key, Kind.LINK, given):
        return Refusal.UNKNOWN
    return _opens(tx, sign_ins.link(tx, digest(given)), now)


def sign_in(tx: Transaction, given: str, now: datetime) -> str | Refusal:
    """Use the link: the token of a browser that was not signed in before, or why not.

    Its owner is told in the chat: whoever else used it, they can end it at once.
    """
    key = secret(tx, PAGES)
    if not made_by(key, Kind.LINK, given):
        return Refusal.UNKNOWN
    found = sign_ins.link(tx, digest(given), to_use=True)
    actor = _opens(tx, found, now)
    if found is None or isinstance(actor, Refusal):
        return Refusal.UNKNOWN if isinstance(actor, Actor) else actor
    sign_ins.use(tx, found.id, now)
    browser = token(key, Kind.BROWSER, secrets.token_bytes(32))
    sign_ins.open_browser(tx, actor.person.id, digest(browser), now, now + lasting(tx).longest)
    audit.note(tx, actor, Action.SIGNED_IN, now, kind="person", subject=actor.person.id)
    outbox.owe(
        tx,
        outbox.Recipient(person_id=actor.person.id),
        Say("pages.signed_in", {"at": clock_time(now)}, (_sign_out_row(),)),
        reason=f"sign-in:{found.id}:{int(now.timestamp())}",
        lane=Lane.REPLY,
        now=now,
    )
    return browser


def _opens(tx: Transaction, found: sign_ins.SignIn | None, now: datetime) -> Actor | Refusal:
    if found is None:
        return Refusal.UNKNOWN
    if found.used_at is not None:
        return Refusal.USED
    if now > found.expires_at:
        return Refusal.EXPIRED
    actor = staff.actor_by_id(tx, found.person_id)
    return Refusal.NO_ROLE if actor is None or not actor.may(RIGHT) else actor


# --- browsers ---------------------------------------------------------------------------------------------


def signed_in(tx: Transaction, browser: str, now: datetime) -> SignedIn | None:
    """Whose browser it is, if it is signed in and they still have a role; only reads.

    `browser` is a token that was made here; whether it was is for the caller.
    """
    found = sign_ins.browser(tx, digest(browser))
    lasts = lasting(tx)
    if found is None or now >= found.expires_at or now - found.seen_at >= lasts.unused:
        return None
    actor = staff.actor_by_id(tx, found.person_id)
    if actor is None or not actor.may(RIGHT):
        return None
    stale = now - found.seen_at >= _SEEN_EVERY * (lasts.unused / Lasting().unused)
    return SignedIn(actor, found.id, stale)


def see(tx: Transaction, browser_id: int, now: datetime) -> None:
    """The browser has asked for something."""
    sign_ins.see(tx, browser_id, now)


def sign_out(tx: Transaction, browser_id: int) -> None:
    """This browser is signed out."""
    sign_ins.close_browser(tx, browser_id)


def sign_out_everywhere(tx: Transaction, person_id: int) -> int:
    """Every browser of that person is signed out; how many there were."""
    return sign_ins.close_all(tx, person_id)


# --- in the chat ------------------------------------------------------------------------------------------


def open(tx: Transaction, shift: Shift) -> Reply:  # noqa: A001 - every area of a coordinator's desk is opened so
    """A link to sign in with."""
    link = hand_out(tx, shift.actor.person.id, shift.now)
    if link is None:
        return Reply((Say("pages.no_address", {}, ((menu_button(),),)),))
    lasts = int(lasting(tx).link / timedelta(minutes=1))
    rows = (
        (Button(Say("pages.button_again"), Tap(ACTION)),),
        *((_sign_out_row(),) if sign_ins.browsers(tx, shift.actor.person.id) else ()),
        (menu_button(),),
    )
    return Reply((Say("pages.link", {"link": link, "minutes": lasts}, rows),))


def tap(tx: Transaction, shift: Shift, message_id: int, tapped: Tap) -> Reply:
    """A button of this area."""
    if tapped.choice != "out":
        return Reply((OLD_BUTTON,))
    number = sign_out_everywhere(tx, shift.actor.person.id)
    said = Say("pages.signed_out", {"count": number}, ((menu_button(),),))
    return Reply((Edit(message_id, said),))


def write(tx: Transaction, shift: Shift, asked: Mapping[str, Any], event: Wrote | Shared) -> Reply:
    """Nothing is ever asked for here."""
    return Reply((OLD_BUTTON,))


def _sign_out_row() -> tuple[Button, ...]:
    return (Button(Say("pages.button_out"), Tap(ACTION, "", "out")),)
