"""Small facts about the installation that outlive a process."""

from datetime import date, datetime, timedelta

from sqlalchemy import select

from bot.domain.forecast import FREE
from bot.storage.database import Transaction
from bot.storage.tables import StateRow
from bot.storage.upsert import upsert

PAID = "paid_messages"  # the day (UTC) and how many messages were paid for on it: "2026-11-09 1200"
LACKING = "stars_lacking"  # the day (UTC) on which the bot turned out to have too few Stars to pay
HELD = "held_back"  # when Telegram held everything back, for how many seconds from then on, of which bot
PACE = "pace"  # messages a second, as whoever sends is configured
STARS = "stars_a_day"  # ... and how many Stars a day pay for them
BOT_NAME = "bot_username"  # as Telegram told it last, without the @
PAGES_URL = "pages_url"  # where people reach the pages; empty or missing: nowhere
TIME_LAPSE = "time_lapse"  # how much faster than people the clock runs (demo): sign-ins last longer by it


def recall(tx: Transaction, name: str, *, to_change: bool = False) -> str | None:
    """The fact of that name, or None where it was never noted.

    `to_change`: nobody else changes it until this transaction ends.
    """
    fact = select(StateRow.value).where(StateRow.name == name)
    return tx.connection.scalar(fact.with_for_update() if to_change else fact)


def remember(tx: Transaction, name: str, value: str) -> None:
    """Note a fact, in the place of what was noted before."""
    tx.connection.execute(upsert(tx.connection, StateRow, {"name": name, "value": value}, key=("name",)))


def pace(tx: Transaction) -> float:
    """Messages a second at which whoever sends is configured to send; the free limit until they have said."""
    noted = recall(tx, PACE)
    return FREE if noted is None else float(noted)


def stars(tx: Transaction) -> int:
    """For how many Stars a day whoever sends is configured to go beyond the free pace; 0: for none."""
    return int(recall(tx, STARS) or 0)


def remember_pace(tx: Transaction, per_second: float, stars: int) -> None:
    """Note how whoever sends is configured."""
    remember(tx, PACE, f"{per_second:g}")
    remember(tx, STARS, str(stars))


def paid_on(tx: Transaction, day: date, *, to_change: bool = False) -> int:
    """How many messages of that day (UTC) have been paid for, of the last day on which any were."""
    noted, _, number = (recall(tx, PAID, to_change=to_change) or "").partition(" ")
    return int(number) if noted == day.isoformat() else 0


def note_paid(tx: Transaction, day: date, number: int) -> None:
    """So many messages of that day (UTC) have been paid for."""
    remember(tx, PAID, f"{day.isoformat()} {number}")


def note_hold(tx: Transaction, seconds: float, now: datetime) -> None:
    """Telegram holds everything back for so many seconds."""
    remember(tx, HELD, f"{now.isoformat()} {seconds:.3f} {recall(tx, BOT_NAME) or ''}")


def held_for(tx: Transaction, now: datetime) -> float:
    """For how many seconds it still does, as far as noted; never for more than it once asked for.

    How much time has passed on a clock that was put back meanwhile is not known: it is noted anew from `now`,
    so that only one such wait is too long.
    """
    since, _, rest = (recall(tx, HELD) or "").partition(" ")
    seconds, _, bot = rest.partition(" ")
    if not seconds or bot != (recall(tx, BOT_NAME) or ""):  # another bot is not held for this one's haste
        return 0.0
    noted, asked = datetime.fromisoformat(since), float(seconds)
    if now < noted:
        note_hold(tx, asked, now)
        return asked
    return max(0.0, asked - (now - noted) / timedelta(seconds=1))


def lacking_on(tx: Transaction, day: date) -> bool:
    """Whether nothing more is paid for on that day (UTC), because the bot has too few Stars."""
    return recall(tx, LACKING) == day.isoformat()
