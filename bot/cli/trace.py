"""`rekan trace`: one message from its cause to its outcome."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.errors import CannotDoError
from bot.cli.options import ConfigFile, Json
from bot.cli.setup import database_exists, open_database, read_config
from bot.cli.terminal import print_json

if TYPE_CHECKING:
    from bot.domain.zones import Zone
    from bot.usecases.trace import Story, Trace, TracedWave

_IDS = "a number (a message, as the log has it), or telegram:ID, poll:ID, update:ID, wave:ID or person:ID"


def trace(
    identifier: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="4711, the log's message=4711; or telegram:ID, poll:ID, update:ID, wave:ID, person:ID.",
        ),
    ],
    config_file: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Tell what became of a message: why it was owed, when, how often it was tried, how it ended.

    It changes nothing and may be used while Rekan runs. Names, personal numbers and what was said are not
    shown.
    """
    from bot.cli.logs import redacted
    from bot.clock import SystemClock
    from bot.domain.programme import Catalogue
    from bot.usecases import trace as traces

    sought = traces.read(identifier)
    if sought is None:
        what = f"'{redacted(identifier)[:40]}' is no id" if identifier.strip() else "No id was given"
        raise CannotDoError(f"{what}: write {_IDS}")
    config = read_config(config_file)
    if not database_exists(config):
        raise CannotDoError(f"There is no database at {config.database.shown} yet, so nothing to trace.")
    with open_database(config, Catalogue({}, {}), upgrade=False) as database:
        found = database.read_now(traces.trace, sought, SystemClock().now())
    if found is None:
        raise CannotDoError(
            f"Nothing is known of {redacted(str(sought))}: there was none, or it was forgotten since"
            " (messages after 90 days, updates after 3)"
        )
    if as_json:
        print_json(_document(found))
    else:
        for line in _lines(found):
            typer.echo(redacted(line))


# --- for people ---------------------------------------------------------------------------------------


def _lines(found: "Trace") -> list[str]:
    lines: list[str] = []
    if found.update_handled_at is not None:
        lines.append(f"Update {found.sought.id} was handled at {_at(found.update_handled_at, None)}.")
        if not found.stories:
            lines.append("Nothing was owed because of it.")
    alone = len(found.stories) == 1
    if found.wave is not None and not alone:
        lines += _wave_lines(found.wave)
    if alone:
        lines += _story_lines(found.stories[0])
        if found.wave is not None:
            lines += ["", *_wave_lines(found.wave)]
    elif found.stories:
        which = {"wave": "Not sent (yet):", "person": f"The newest messages to {found.sought}:"}
        lines.append(which.get(found.sought.kind, "Messages:"))
        lines += [_short(story) for story in found.stories]
        lines.append("There are more." if found.more else "`rekan trace NUMBER` tells all of one.")
    elif found.sought.kind == "person":
        lines.append(f"Nothing is or was owed to {found.sought} (in the last 90 days).")
    return lines


def _story_lines(story: "Story") -> list[str]:
    row = story.message
    zone = row.zone
    whom = f"person {row.person_id}" if row.person_id is not None else "somebody not on a roster, or a group"
    lines = [f"Message {row.id} to {whom}. {_filled(story.outcome, story, zone)}"]
    lines += [f"  {remark}" for remark in story.remarks]
    facts = {
        "What": story.what,
        "Cause": _filled(story.cause, story, zone),
        "Owed since": _at(row.owed_at, zone),
        "Not before": _at(row.due_at, zone),
        "Everybody by": _at(row.everybody_by, zone),
        "Not after": _at(row.not_after, zone),
        "Lane": row.lane.name.lower(),
        "Reminds of": row.about,
        "Attempts": str(row.attempts),
        "Ended": row.settled_at and f"{_at(row.settled_at, zone)}, {row.state}",
        "Telegram's id": row.message_id and str(row.message_id),
    }
    if story.poll is not None:
        answered = story.poll.answered_at
        how = f"answered at {_at(answered, zone)}" if answered else "not answered"
        facts["Poll"] = f"{story.poll.poll_id}, {how}"
    facts["Same cause"] = _numbers(story.related)
    facts["Also owed"] = _numbers(story.beside)
    return [*lines, *(f"  {name + ':':15}{fact}" for name, fact in facts.items() if fact)]


def _wave_lines(wave: "TracedWave") -> list[str]:
    zone = wave.zone
    what = f"the entry '{wave.entry_id}' of {wave.programme_id}'s timetable in {wave.zone}"
    if wave.state == "missed":
        return [f"Wave {wave.id} is {what}, due at {_at(wave.due_at, zone)}: it was missed, and not sent."]
    states = ", ".join(f"{number} {state}" for state, number in sorted(wave.messages.items()))
    lines = [
        f"Wave {wave.id} is {what}, due at {_at(wave.due_at, zone)}, planned for {wave.people} people.",
        f"  {'Messages:':15}{states or 'none is recorded any more'}",
        f"  {'Everybody by:':15}{_at(wave.everybody_by, zone)}; {wave.late} were sent later",
    ]
    if wave.last_sent_at is not None:
        lines.append(f"  {'Last sent:':15}{_at(wave.last_sent_at, zone)}")
    return lines


def _short(story: "Story") -> str:
    zone = story.message.zone
    why = f" {story.remarks[0]}" if story.remarks else ""
    return f"  {story.message.id}: {story.what}. {_filled(story.outcome, story, zone)}{why}"


def _filled(sentence: str, story: "Story", zone: "Zone | None") -> str:
    for name, moment in story.moments.items():
        sentence = sentence.replace(f"{{{name}}}", _at(moment, zone))
    return sentence


def _at(moment: datetime, zone: "Zone | None") -> str:
    local = moment.astimezone(UTC if zone is None else zone.tzinfo)
    return f"{local:%Y-%m-%d %H:%M:%S} {zone or 'UTC'}"


def _numbers(ids: tuple[int, ...]) -> str:
    return ", ".join(f"message {each}" for each in ids)


# --- for programs -------------------------------------------------------------------------------------


def _document(found: "Trace") -> dict[str, Any]:
    return {
        "sought": {"kind": found.sought.kind.value, "id": found.sought.id},
        "update_handled_at": _iso(found.update_handled_at),
        "wave": None if found.wave is None else _plain(asdict(found.wave)),
        "messages": [_message(story) for story in found.stories],
        "more": found.more,
    }


def _message(story: "Story") -> dict[str, Any]:
    from bot.cli.logs import redacted
    from bot.usecases.trace import masked

    row = asdict(story.message)
    del row["message"], row["error"]  # what it says; and why it failed is among the remarks, masked
    return {
        **_plain(row),
        "reason": masked(story.message.reason),
        "lane": story.message.lane.name.lower(),
        "what": story.what,
        "cause": _in_utc(story.cause, story),
        "outcome": _in_utc(story.outcome, story),
        "remarks": [redacted(remark) for remark in story.remarks],
        "poll": None if story.poll is None else _plain(asdict(story.poll)),
        "related": list(story.related),
        "beside": list(story.beside),
    }


def _in_utc(sentence: str, story: "Story") -> str:
    return _filled(sentence, story, None)


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _iso(value) if isinstance(value, datetime) else value for name, value in values.items()}


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
