"""Links by which somebody signs in to the pages, and the browsers that are signed in."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, or_, select, update

from bot.storage.database import Transaction
from bot.storage.tables import BrowserRow, SignInRow


@dataclass(frozen=True, slots=True)
class SignIn:
    """A link that was handed out."""

    id: int
    person_id: int
    expires_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser that is signed in, unless it has been for too long."""

    id: int
    person_id: int
    signed_in_at: datetime
    seen_at: datetime
    expires_at: datetime


def hand_out(tx: Transaction, person_id: int, token_hash: str, now: datetime, expires_at: datetime) -> None:
    """Note a link in the place of the person's others: only the newest can be used.

    Anybody's that were over a day ago are forgotten.
    """
    over = SignInRow.expires_at < now - timedelta(days=1)
    tx.connection.execute(delete(SignInRow).where(or_(SignInRow.person_id == person_id, over)))
    tx.connection.execute(
        insert(SignInRow).values(
            person_id=person_id, token_hash=token_hash, made_at=now, expires_at=expires_at
        )
    )


def link(tx: Transaction, token_hash: str, *, to_use: bool = False) -> SignIn | None:
    """The link of that token, or None; `to_use`: nobody else uses it before this transaction ends."""
    statement = select(SignInRow.id, SignInRow.person_id, SignInRow.expires_at, SignInRow.used_at).where(
        SignInRow.token_hash == token_hash
    )
    row = tx.connection.execute(statement.with_for_update() if to_use else statement).first()
    return None if row is None else SignIn(*row)


def use(tx: Transaction, sign_in_id: int, now: datetime) -> None:
    """The link has been used."""
    tx.connection.execute(update(SignInRow).where(SignInRow.id == sign_in_id).values(used_at=now))


def open_browser(
    tx: Transaction, person_id: int, token_hash: str, now: datetime, expires_at: datetime
) -> None:
    """Note that a browser is signed in; those that were until now or before are forgotten."""
    tx.connection.execute(delete(BrowserRow).where(BrowserRow.expires_at < now))
    tx.connection.execute(
        insert(BrowserRow).values(
            person_id=person_id, token_hash=token_hash, signed_in_at=now, seen_at=now, expires_at=expires_at
        )
    )


def browser(tx: Transaction, token_hash: str) -> Browser | None:
    """The browser of that token, or None."""
    row = tx.connection.execute(
        select(
            BrowserRow.id,
            BrowserRow.person_id,
            BrowserRow.signed_in_at,
            BrowserRow.seen_at,
            BrowserRow.expires_at,
        ).where(BrowserRow.token_hash == token_hash)
    ).first()
    return None if row is None else Browser(*row)


def browsers(tx: Transaction, person_id: int) -> int:
    """In how many browsers somebody is signed in."""
    return tx.connection.execute(
        select(func.count()).select_from(BrowserRow).where(BrowserRow.person_id == person_id)
    ).scalar_one()


def see(tx: Transaction, browser_id: int, now: datetime) -> None:
    """The browser has asked for something."""
    tx.connection.execute(update(BrowserRow).where(BrowserRow.id == browser_id).values(seen_at=now))


def close_browser(tx: Transaction, browser_id: int) -> None:
    """The browser is signed out."""
    tx.connection.execute(delete(BrowserRow).where(BrowserRow.id == browser_id))


def close_all(tx: Transaction, person_id: int) -> int:
    """Every browser of somebody is signed out, and no link of theirs opens anything; how many browsers."""
    tx.connection.execute(delete(SignInRow).where(SignInRow.person_id == person_id))
    return tx.connection.execute(delete(BrowserRow).where(BrowserRow.person_id == person_id)).rowcount
