"""Announcements in words: what sending one would mean, how far it has got, what came of it."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.domain.announcements import Plan, State
from bot.domain.bars import BAR, bar
from bot.domain.forms import short_moment
from bot.domain.messages import Button, Say, Tap, Value
from bot.storage import announcements as stored
from bot.storage.announcements import Announcement
from bot.storage.database import Transaction
from bot.usecases import polls

ACTION = "k-umum"
"""The action of the buttons under what is told of an announcement."""

_REASONS = 3  # why messages failed: so many reasons are told
_STATES_OPEN = ("owed", "sending", "held")


def plan(found: Announcement, planned: Plan) -> tuple[Say, ...]:
    """What sending it would mean, a line each."""
    lines = [Say("announce.plan_people", {"count": planned.people})]
    if planned.chats:
        lines.append(Say("announce.plan_groups", {"count": planned.chats}))
    if planned.never or planned.blocked:
        unreached: dict[str, Value] = {"never": planned.never, "blocked": planned.blocked}
        lines.append(Say("announce.plan_unreached", unreached))
    for part in planned.parts:
        said: dict[str, Value] = {"zone": part.zone.value, "count": part.people}
        if part.starts is None or part.last is None:
            lines.append(Say("announce.plan_zone_closed", said))
        else:
            at: dict[str, Value] = {"starts": short_moment(part.starts), "last": short_moment(part.last)}
            lines.append(Say("announce.plan_zone", {**said, **at}))
    if planned.starts is not None and planned.last is not None:
        seconds = max(1, round((planned.last - planned.starts).total_seconds()))
        lines.append(Say("announce.plan_takes", {"length": _length(seconds)}))
    if planned.first_handful:
        lines.append(Say("announce.plan_first", {"count": planned.first_handful}))
    elif planned.people:
        lines.append(Say("announce.plan_at_once"))
    if planned.approval:
        lines.append(Say("announce.plan_approval"))
    return tuple(lines)


def _length(seconds: int) -> Say:
    if seconds < 90:
        return Say("announce.seconds", {"count": seconds})
    if seconds < 5400:
        return Say("announce.minutes", {"count": round(seconds / 60)})
    return Say("announce.hours", {"count": round(seconds / 3600)})


def progress(tx: Transaction, announcement_id: int) -> Say | None:
    """How far it has got, with the buttons that fit; None where it is no more."""
    found = stored.announcement(tx, announcement_id)
    if found is None:
        return None
    rows = stored.waves(tx, found.programme_id, found.works)
    ids = [row.id for row in rows]
    tally = stored.tally(tx, ids)
    done, total = counted(tally)
    filled = BAR * done // total if total else BAR  # full means that nothing is left
    # Not before anything is done: the forecast of what has just begun may not have been made yet.
    going = done and found.state in (State.TRIAL, State.RUNNING)
    expected = stored.last_expected(tx, ids) if going else None
    said: dict[str, Value] = {
        "number": found.id,
        "work": Say(f"announce.work_{_work_of(found)}"),
        "state": Say(f"announce.state_{found.state}"),
        "bar": bar(filled),
        "share": 100 * done // total if total else 100,
        "done": done,
        "total": total,
        "sent": tally.get("sent", 0),
        "blocked": tally.get("gone", 0),
        "failed": tally.get("failed", 0),
        "last": Say("announce.last_expected", {"at": short_moment(expected)}) if expected else "",
    }
    return Say("announce.progress", said, _control(found))


def _work_of(found: Announcement) -> str:
    """What is (or was) done last: announcement, revise, recall."""
    return found.works[-1].partition(":")[0] if found.works else "announcement"


def _control(found: Announcement) -> tuple[tuple[Button, ...], ...]:
    item = str(found.id)
    stop = Button(Say("announce.button_cancel"), Tap(ACTION, item, "stop"))
    match found.state:
        case State.TRIAL | State.RUNNING:
            return ((Button(Say("announce.button_pause"), Tap(ACTION, item, "pause")), stop),)
        case State.PAUSED | State.STOPPED:
            return ((Button(Say("announce.button_resume"), Tap(ACTION, item, "resume")), stop),)
    return ()


def to_results(found: Announcement) -> tuple[Button, ...]:
    """The way to what a poll was answered; none where it is no poll."""
    if found.post.pieces[0].poll is None:
        return ()
    return (Button(Say("poll.button_results"), Tap(ACTION, str(found.id), "results")),)


def report(tx: Transaction, found: Announcement, rows: Sequence[stored.WaveOf], now: datetime) -> Say:
    """What came of these waves of it, and what can be done now."""
    wave_ids = [row.id for row in rows]
    tally = stored.tally(tx, wave_ids)
    work = _work_of(found)
    reasons: Iterable[tuple[str, int]] = stored.reasons(tx, wave_ids, _REASONS)
    item = str(found.id)
    blocked = found.blocked if work == "announcement" else 0
    lines = [
        Say(f"announce.report_{work}", {"count": tally.get("sent", 0)}),
        Say(
            "announce.report_blocked",
            {"count": tally.get("gone", 0) + blocked},
        ),
    ]
    if work == "announcement":
        lines.append(Say("announce.report_never", {"count": found.never}))
    if tally.get("withdrawn", 0):
        lines.append(Say("announce.report_withdrawn", {"count": tally["withdrawn"]}))
    if tally.get("expired", 0):
        lines.append(Say("announce.report_expired", {"count": tally["expired"]}))
    lines.append(Say("announce.report_failed", {"count": tally.get("failed", 0)}))
    lines += [Say("announce.report_why", {"why": why, "count": number}) for why, number in reasons]
    if work == "announcement":
        lines += polls.in_words(tx, found)
    buttons = [Button(Say("announce.button_list"), Tap(ACTION, item, "list"))]
    buttons += to_results(found)
    more = []
    if found.recalled_at is None and tally.get("sent", 0):
        if found.post.editable:
            more.append(Button(Say("announce.button_correct"), Tap(ACTION, item, "correct")))
        more.append(Button(Say("announce.button_recall"), Tap(ACTION, item, "recall")))
    said: dict[str, Value] = {
        "number": found.id,
        "work": Say(f"announce.work_{work}"),
        "lines": tuple(lines),
        "length": _length(
            max(1, round((now - min((row.planned_at for row in rows), default=now)).total_seconds()))
        ),
    }
    screen = (tuple(buttons), *((tuple(more),) if more else ()))
    return Say("announce.report", said, screen)


def counted(tally: dict[str, int]) -> tuple[int, int]:
    """How many messages are through, whatever came of them, and how many there are."""
    total = sum(tally.values())
    return total - sum(tally.get(each, 0) for each in _STATES_OPEN), total
